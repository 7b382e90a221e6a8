//! `Deployment` and the types that only it uses.

use crate::{Reflect, Resource};

/// A deployment.
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
    #[field(tag = 2, always)]
    pub spec: DeploymentSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: DeploymentStatus,
}

/// A deployment condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeploymentCondition {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Status.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// Reason.
    #[field(tag = 4)]
    pub reason: String,
    /// Message.
    #[field(tag = 5)]
    pub message: String,
    /// Last update time.
    #[field(tag = 6, value, always)]
    pub last_update_time: Option<crate::Time>,
    /// Last transition time.
    #[field(tag = 7, value, always)]
    pub last_transition_time: Option<crate::Time>,
}

/// A deployment spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeploymentSpec {
    /// Replicas.
    #[field(tag = 1)]
    pub replicas: Option<i32>,
    /// Selector.
    #[field(tag = 2, required)]
    pub selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Template.
    #[field(tag = 3, always, required)]
    pub template: crate::api::core::v1::PodTemplateSpec,
    /// Strategy.
    #[field(tag = 4, always, patch = "retainKeys")]
    pub strategy: DeploymentStrategy,
    /// Min ready, in seconds.
    #[field(tag = 5)]
    pub min_ready_seconds: i32,
    /// Revision history limit.
    #[field(tag = 6)]
    pub revision_history_limit: Option<i32>,
    /// Paused.
    #[field(tag = 7)]
    pub paused: bool,
    /// Progress deadline, in seconds.
    #[field(tag = 9)]
    pub progress_deadline_seconds: Option<i32>,
}

/// A deployment status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeploymentStatus {
    /// Observed generation.
    #[field(tag = 1)]
    pub observed_generation: i64,
    /// Replicas.
    #[field(tag = 2)]
    pub replicas: i32,
    /// Updated replicas.
    #[field(tag = 3)]
    pub updated_replicas: i32,
    /// Available replicas.
    #[field(tag = 4)]
    pub available_replicas: i32,
    /// Unavailable replicas.
    #[field(tag = 5)]
    pub unavailable_replicas: i32,
    /// Conditions.
    #[field(tag = 6, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<DeploymentCondition>,
    /// Ready replicas.
    #[field(tag = 7)]
    pub ready_replicas: i32,
    /// Collision count.
    #[field(tag = 8)]
    pub collision_count: Option<i32>,
    /// Terminating replicas.
    #[field(tag = 9)]
    pub terminating_replicas: Option<i32>,
}

/// A deployment strategy.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeploymentStrategy {
    /// Type.
    #[field(tag = 1)]
    pub type_: String,
    /// Rolling update.
    #[field(tag = 2)]
    pub rolling_update: Option<Box<RollingUpdateDeployment>>,
}

/// A rolling update deployment.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct RollingUpdateDeployment {
    /// Max unavailable.
    #[field(tag = 1)]
    pub max_unavailable: Option<crate::IntOrString>,
    /// Max surge.
    #[field(tag = 2)]
    pub max_surge: Option<crate::IntOrString>,
}
