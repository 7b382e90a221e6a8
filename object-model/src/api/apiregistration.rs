//! API group `apiregistration`.

pub mod v1;
