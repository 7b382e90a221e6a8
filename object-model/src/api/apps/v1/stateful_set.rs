//! `StatefulSet` and the types that only it uses.

use crate::{Reflect, Resource};

/// StatefulSet as of the API group it belongs to.
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
    #[field(tag = 2)]
    pub spec: Option<Box<StatefulSetSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<StatefulSetStatus>>,
}

/// RollingUpdateStatefulSetStrategy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct RollingUpdateStatefulSetStrategy {
    /// See the API reference.
    #[field(tag = 1)]
    pub partition: i32,
    /// See the API reference.
    #[field(tag = 2)]
    pub max_unavailable: crate::IntOrString,
}

/// StatefulSetCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatefulSetCondition {
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

/// StatefulSetOrdinals as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatefulSetOrdinals {
    /// See the API reference.
    #[field(tag = 1)]
    pub start: i32,
}

/// StatefulSetPersistentVolumeClaimRetentionPolicy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatefulSetPersistentVolumeClaimRetentionPolicy {
    /// See the API reference.
    #[field(tag = 1)]
    pub when_deleted: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub when_scaled: String,
}

/// StatefulSetSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatefulSetSpec {
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
    #[field(tag = 4, list = "atomic")]
    pub volume_claim_templates: Vec<crate::api::core::v1::PersistentVolumeClaim>,
    /// See the API reference.
    #[field(tag = 5)]
    pub service_name: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub pod_management_policy: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub update_strategy: Option<Box<StatefulSetUpdateStrategy>>,
    /// See the API reference.
    #[field(tag = 8)]
    pub revision_history_limit: i32,
    /// See the API reference.
    #[field(tag = 9)]
    pub min_ready_seconds: i32,
    /// See the API reference.
    #[field(tag = 10)]
    pub persistent_volume_claim_retention_policy:
        Option<Box<StatefulSetPersistentVolumeClaimRetentionPolicy>>,
    /// See the API reference.
    #[field(tag = 11)]
    pub ordinals: Option<Box<StatefulSetOrdinals>>,
}

/// StatefulSetStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatefulSetStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub observed_generation: i64,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub replicas: i32,
    /// See the API reference.
    #[field(tag = 3)]
    pub ready_replicas: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub current_replicas: i32,
    /// See the API reference.
    #[field(tag = 5)]
    pub updated_replicas: i32,
    /// See the API reference.
    #[field(tag = 6)]
    pub current_revision: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub update_revision: String,
    /// See the API reference.
    #[field(tag = 9)]
    pub collision_count: i32,
    /// See the API reference.
    #[field(
        tag = 10,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<StatefulSetCondition>,
    /// See the API reference.
    #[field(tag = 11)]
    pub available_replicas: i32,
}

/// StatefulSetUpdateStrategy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatefulSetUpdateStrategy {
    /// See the API reference.
    #[field(tag = 1)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub rolling_update: Option<Box<RollingUpdateStatefulSetStrategy>>,
}
