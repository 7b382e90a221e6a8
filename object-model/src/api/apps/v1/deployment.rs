//! `Deployment` and the types that only it uses.

use crate::{Reflect, Resource};

/// Deployment as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "apps",
    version = "v1",
    plural = "deployments",
    short = "deploy",
    categories = "all",
    subresources = "scale,status",
    rules
)]
pub struct Deployment {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<DeploymentSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<DeploymentStatus>>,
}

/// DeploymentCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeploymentCondition {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub message: String,
    /// See the API reference.
    #[field(tag = 6, value, always)]
    pub last_update_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 7, value, always)]
    pub last_transition_time: Option<crate::Time>,
}

/// DeploymentSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeploymentSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub replicas: i32,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub selector: crate::api::meta::v1::LabelSelector,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub template: crate::api::core::v1::PodTemplateSpec,
    /// See the API reference.
    #[field(tag = 4, patch = "retainKeys")]
    pub strategy: Option<Box<DeploymentStrategy>>,
    /// See the API reference.
    #[field(tag = 5)]
    pub min_ready_seconds: i32,
    /// See the API reference.
    #[field(tag = 6)]
    pub revision_history_limit: i32,
    /// See the API reference.
    #[field(tag = 7)]
    pub paused: bool,
    /// See the API reference.
    #[field(tag = 9)]
    pub progress_deadline_seconds: i32,
}

/// DeploymentStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeploymentStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub observed_generation: i64,
    /// See the API reference.
    #[field(tag = 2)]
    pub replicas: i32,
    /// See the API reference.
    #[field(tag = 3)]
    pub updated_replicas: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub available_replicas: i32,
    /// See the API reference.
    #[field(tag = 5)]
    pub unavailable_replicas: i32,
    /// See the API reference.
    #[field(
        tag = 6,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<DeploymentCondition>,
    /// See the API reference.
    #[field(tag = 7)]
    pub ready_replicas: i32,
    /// See the API reference.
    #[field(tag = 8)]
    pub collision_count: i32,
    /// See the API reference.
    #[field(tag = 9)]
    pub terminating_replicas: i32,
}

/// DeploymentStrategy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeploymentStrategy {
    /// See the API reference.
    #[field(tag = 1)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub rolling_update: Option<Box<RollingUpdateDeployment>>,
}

/// RollingUpdateDeployment as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct RollingUpdateDeployment {
    /// See the API reference.
    #[field(tag = 1)]
    pub max_unavailable: crate::IntOrString,
    /// See the API reference.
    #[field(tag = 2)]
    pub max_surge: crate::IntOrString,
}
