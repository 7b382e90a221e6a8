//! API group `events`, version `v1`.

mod types;

pub use types::{Event, EventSeries};
