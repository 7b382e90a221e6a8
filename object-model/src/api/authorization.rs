//! API group `authorization`.

pub mod v1;
