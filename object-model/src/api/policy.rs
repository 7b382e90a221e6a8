//! API group `policy`.

pub mod v1;
