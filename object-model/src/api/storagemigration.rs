//! API group `storagemigration`.

pub mod v1beta1;
