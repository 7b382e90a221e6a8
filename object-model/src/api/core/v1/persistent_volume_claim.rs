//! `PersistentVolumeClaim` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

use super::PersistentVolumeClaimSpec;

/// PersistentVolumeClaim as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    version = "v1",
    plural = "persistentvolumeclaims",
    short = "pvc",
    subresources = "status",
    rules
)]
pub struct PersistentVolumeClaim {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<PersistentVolumeClaimSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<PersistentVolumeClaimStatus>>,
}

/// ModifyVolumeStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ModifyVolumeStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub target_volume_attributes_class_name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub status: String,
}

/// PersistentVolumeClaimCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PersistentVolumeClaimCondition {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// See the API reference.
    #[field(tag = 3, value, always)]
    pub last_probe_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 4, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 5)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub message: String,
}

/// PersistentVolumeClaimStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PersistentVolumeClaimStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub phase: String,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub access_modes: Vec<String>,
    /// See the API reference.
    #[field(tag = 3)]
    pub capacity: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(
        tag = 4,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<PersistentVolumeClaimCondition>,
    /// See the API reference.
    #[field(tag = 5)]
    pub allocated_resources: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 7)]
    pub allocated_resource_statuses: BTreeMap<String, String>,
    /// See the API reference.
    #[field(tag = 8)]
    pub current_volume_attributes_class_name: String,
    /// See the API reference.
    #[field(tag = 9)]
    pub modify_volume_status: Option<Box<ModifyVolumeStatus>>,
}
