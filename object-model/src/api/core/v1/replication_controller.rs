//! `ReplicationController` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

use super::PodTemplateSpec;

/// A replication controller.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    version = "v1",
    plural = "replicationcontrollers",
    short = "rc",
    categories = "all",
    subresources = "scale,status",
    rules
)]
pub struct ReplicationController {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: ReplicationControllerSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: ReplicationControllerStatus,
}

/// A replication controller condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ReplicationControllerCondition {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Status.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// Last transition time.
    #[field(tag = 3, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// Reason.
    #[field(tag = 4)]
    pub reason: String,
    /// Message.
    #[field(tag = 5)]
    pub message: String,
}

/// A replication controller spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ReplicationControllerSpec {
    /// Replicas.
    #[field(tag = 1)]
    pub replicas: Option<i32>,
    /// Selector.
    #[field(tag = 2, atomic)]
    pub selector: BTreeMap<String, String>,
    /// Template.
    #[field(tag = 3)]
    pub template: Option<Box<PodTemplateSpec>>,
    /// Min ready, in seconds.
    #[field(tag = 4)]
    pub min_ready_seconds: i32,
}

/// A replication controller status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ReplicationControllerStatus {
    /// Replicas.
    #[field(tag = 1, always, required)]
    pub replicas: i32,
    /// Fully labeled replicas.
    #[field(tag = 2)]
    pub fully_labeled_replicas: i32,
    /// Observed generation.
    #[field(tag = 3)]
    pub observed_generation: i64,
    /// Ready replicas.
    #[field(tag = 4)]
    pub ready_replicas: i32,
    /// Available replicas.
    #[field(tag = 5)]
    pub available_replicas: i32,
    /// Conditions.
    #[field(tag = 6, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<ReplicationControllerCondition>,
}
