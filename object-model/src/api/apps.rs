//! API group `apps`.

pub mod v1;
