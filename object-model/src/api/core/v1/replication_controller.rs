//! `ReplicationController` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

use super::PodTemplateSpec;

/// ReplicationController as of the API group it belongs to.
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
    #[field(tag = 2)]
    pub spec: Option<Box<ReplicationControllerSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<ReplicationControllerStatus>>,
}

/// ReplicationControllerCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ReplicationControllerCondition {
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

/// ReplicationControllerSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ReplicationControllerSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub replicas: i32,
    /// See the API reference.
    #[field(tag = 2, atomic)]
    pub selector: BTreeMap<String, String>,
    /// See the API reference.
    #[field(tag = 3)]
    pub template: Option<Box<PodTemplateSpec>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub min_ready_seconds: i32,
}

/// ReplicationControllerStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ReplicationControllerStatus {
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
    pub conditions: Vec<ReplicationControllerCondition>,
}
