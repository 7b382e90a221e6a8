//! `ReplicaSet` and the types that only it uses.

use crate::{Reflect, Resource};

/// ReplicaSet as of the API group it belongs to.
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
    #[field(tag = 2)]
    pub spec: Option<Box<ReplicaSetSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<ReplicaSetStatus>>,
}

/// ReplicaSetCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ReplicaSetCondition {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// See the API reference.
    #[field(tag = 3, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 4)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub message: String,
}

/// ReplicaSetSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ReplicaSetSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub replicas: i32,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub selector: crate::api::meta::v1::LabelSelector,
    /// See the API reference.
    #[field(tag = 3)]
    pub template: Option<Box<crate::api::core::v1::PodTemplateSpec>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub min_ready_seconds: i32,
}

/// ReplicaSetStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ReplicaSetStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub replicas: i32,
    /// See the API reference.
    #[field(tag = 2)]
    pub fully_labeled_replicas: i32,
    /// See the API reference.
    #[field(tag = 3)]
    pub observed_generation: i64,
    /// See the API reference.
    #[field(tag = 4)]
    pub ready_replicas: i32,
    /// See the API reference.
    #[field(tag = 5)]
    pub available_replicas: i32,
    /// See the API reference.
    #[field(
        tag = 6,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<ReplicaSetCondition>,
    /// See the API reference.
    #[field(tag = 7)]
    pub terminating_replicas: i32,
}
