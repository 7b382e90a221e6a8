//! API group `node`, version `v1`.

mod types;

pub use types::{Overhead, RuntimeClass, Scheduling};
