//! Types of API group `storage`, version `v1beta1`.

use std::collections::BTreeMap;

use crate::Resource;

/// A volume attributes class.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "storage.k8s.io",
    version = "v1beta1",
    plural = "volumeattributesclasses",
    scope = "Cluster",
    short = "vac"
)]
pub struct VolumeAttributesClass {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Driver name.
    #[field(tag = 2, always, required)]
    pub driver_name: String,
    /// Parameters.
    #[field(tag = 3)]
    pub parameters: BTreeMap<String, String>,
}
