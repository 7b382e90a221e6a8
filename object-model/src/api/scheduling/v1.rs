//! API group `scheduling`, version `v1`.

mod types;

pub use types::PriorityClass;
