//! API group `coordination`, version `v1`.

mod types;

pub use types::{Lease, LeaseSpec};
