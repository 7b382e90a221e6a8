//! API group `apiextensions`.

pub mod v1;
