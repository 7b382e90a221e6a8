//! `StatefulSet` and the types that only it uses.

use crate::{Reflect, Resource};

/// A stateful set.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "apps",
    version = "v1",
    plural = "statefulsets",
    short = "sts",
    categories = "all",
    subresources = "scale,status",
    rules
)]
pub struct StatefulSet {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: StatefulSetSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: StatefulSetStatus,
}

/// A rolling update stateful set strategy.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct RollingUpdateStatefulSetStrategy {
    /// Partition.
    #[field(tag = 1)]
    pub partition: Option<i32>,
    /// Max unavailable.
    #[field(tag = 2)]
    pub max_unavailable: Option<crate::IntOrString>,
}

/// A stateful set condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatefulSetCondition {
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

/// A stateful set ordinals.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatefulSetOrdinals {
    /// Start.
    #[field(tag = 1)]
    pub start: i32,
}

/// A stateful set persistent volume claim retention policy.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatefulSetPersistentVolumeClaimRetentionPolicy {
    /// When deleted.
    #[field(tag = 1)]
    pub when_deleted: String,
    /// When scaled.
    #[field(tag = 2)]
    pub when_scaled: String,
}

/// A stateful set spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatefulSetSpec {
    /// Replicas.
    #[field(tag = 1)]
    pub replicas: Option<i32>,
    /// Selector.
    #[field(tag = 2, required)]
    pub selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Template.
    #[field(tag = 3, always, required)]
    pub template: crate::api::core::v1::PodTemplateSpec,
    /// Volume claim templates.
    #[field(tag = 4, list = "atomic")]
    pub volume_claim_templates: Vec<crate::api::core::v1::PersistentVolumeClaim>,
    /// Service name.
    #[field(tag = 5, always)]
    pub service_name: String,
    /// Pod management policy.
    #[field(tag = 6)]
    pub pod_management_policy: String,
    /// Update strategy.
    #[field(tag = 7, always)]
    pub update_strategy: StatefulSetUpdateStrategy,
    /// Revision history limit.
    #[field(tag = 8)]
    pub revision_history_limit: Option<i32>,
    /// Min ready, in seconds.
    #[field(tag = 9)]
    pub min_ready_seconds: i32,
    /// Persistent volume claim retention policy.
    #[field(tag = 10)]
    pub persistent_volume_claim_retention_policy: Option<Box<StatefulSetPersistentVolumeClaimRetentionPolicy>>,
    /// Ordinals.
    #[field(tag = 11)]
    pub ordinals: Option<Box<StatefulSetOrdinals>>,
}

/// A stateful set status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatefulSetStatus {
    /// Observed generation.
    #[field(tag = 1)]
    pub observed_generation: i64,
    /// Replicas.
    #[field(tag = 2, always, required)]
    pub replicas: i32,
    /// Ready replicas.
    #[field(tag = 3)]
    pub ready_replicas: i32,
    /// Current replicas.
    #[field(tag = 4)]
    pub current_replicas: i32,
    /// Updated replicas.
    #[field(tag = 5)]
    pub updated_replicas: i32,
    /// Current revision.
    #[field(tag = 6)]
    pub current_revision: String,
    /// Update revision.
    #[field(tag = 7)]
    pub update_revision: String,
    /// Collision count.
    #[field(tag = 9)]
    pub collision_count: Option<i32>,
    /// Conditions.
    #[field(tag = 10, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<StatefulSetCondition>,
    /// Available replicas.
    #[field(tag = 11, always)]
    pub available_replicas: i32,
}

/// A stateful set update strategy.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatefulSetUpdateStrategy {
    /// Type.
    #[field(tag = 1)]
    pub type_: String,
    /// Rolling update.
    #[field(tag = 2)]
    pub rolling_update: Option<Box<RollingUpdateStatefulSetStrategy>>,
}
