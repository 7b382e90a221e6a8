//! API group `flowcontrol`.

pub mod v1;
