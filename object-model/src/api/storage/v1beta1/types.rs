//! Types of API group `storage`, version `v1beta1`.

use std::collections::BTreeMap;

use crate::Resource;

/// VolumeAttributesClass as of the API group it belongs to.
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
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub driver_name: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub parameters: BTreeMap<String, String>,
}
