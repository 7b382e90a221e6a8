//! API group `storage`, version `v1beta1`.

mod types;

pub use types::VolumeAttributesClass;
