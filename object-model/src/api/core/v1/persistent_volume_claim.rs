//! `PersistentVolumeClaim` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

use super::PersistentVolumeClaimSpec;

/// A persistent volume claim.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "persistentvolumeclaims", short = "pvc", subresources = "status", rules)]
pub struct PersistentVolumeClaim {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: PersistentVolumeClaimSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: PersistentVolumeClaimStatus,
}

/// A modify volume status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ModifyVolumeStatus {
    /// Target volume attributes class name.
    #[field(tag = 1)]
    pub target_volume_attributes_class_name: String,
    /// Status.
    #[field(tag = 2, always, required)]
    pub status: String,
}

/// A persistent volume claim condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PersistentVolumeClaimCondition {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Status.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// Last probe time.
    #[field(tag = 3, value, always)]
    pub last_probe_time: Option<crate::Time>,
    /// Last transition time.
    #[field(tag = 4, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// Reason.
    #[field(tag = 5)]
    pub reason: String,
    /// Message.
    #[field(tag = 6)]
    pub message: String,
}

/// A persistent volume claim status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PersistentVolumeClaimStatus {
    /// Phase.
    #[field(tag = 1)]
    pub phase: String,
    /// Access modes.
    #[field(tag = 2, list = "atomic")]
    pub access_modes: Vec<String>,
    /// Capacity.
    #[field(tag = 3)]
    pub capacity: BTreeMap<String, crate::Quantity>,
    /// Conditions.
    #[field(tag = 4, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<PersistentVolumeClaimCondition>,
    /// Allocated resources.
    #[field(tag = 5)]
    pub allocated_resources: BTreeMap<String, crate::Quantity>,
    /// Allocated resource statuses.
    #[field(tag = 7)]
    pub allocated_resource_statuses: BTreeMap<String, String>,
    /// Current volume attributes class name.
    #[field(tag = 8)]
    pub current_volume_attributes_class_name: Option<String>,
    /// Modify volume status.
    #[field(tag = 9)]
    pub modify_volume_status: Option<Box<ModifyVolumeStatus>>,
}
