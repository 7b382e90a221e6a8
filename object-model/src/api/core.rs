//! API group `core`.

pub mod v1;
