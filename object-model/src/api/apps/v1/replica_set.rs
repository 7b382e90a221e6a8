//! `ReplicaSet` and the types that only it uses.

use crate::{Reflect, Resource};

/// A replica set.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "apps",
    version = "v1",
    plural = "replicasets",
    short = "rs",
    categories = "all",
    subresources = "scale,status",
    rules
)]
pub struct ReplicaSet {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: ReplicaSetSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: ReplicaSetStatus,
}

/// A replica set condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ReplicaSetCondition {
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

/// A replica set spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ReplicaSetSpec {
    /// Replicas.
    #[field(tag = 1)]
    pub replicas: Option<i32>,
    /// Selector.
    #[field(tag = 2, required)]
    pub selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Template.
    #[field(tag = 3, always)]
    pub template: crate::api::core::v1::PodTemplateSpec,
    /// Min ready, in seconds.
    #[field(tag = 4)]
    pub min_ready_seconds: i32,
}

/// A replica set status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ReplicaSetStatus {
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
    pub conditions: Vec<ReplicaSetCondition>,
    /// Terminating replicas.
    #[field(tag = 7)]
    pub terminating_replicas: Option<i32>,
}
