//! `DaemonSet` and the types that only it uses.

use crate::{Reflect, Resource};

/// DaemonSet as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "apps",
    version = "v1",
    plural = "daemonsets",
    short = "ds",
    categories = "all",
    subresources = "status",
    rules
)]
pub struct DaemonSet {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<DaemonSetSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<DaemonSetStatus>>,
}

/// DaemonSetCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DaemonSetCondition {
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

/// DaemonSetSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DaemonSetSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub selector: crate::api::meta::v1::LabelSelector,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub template: crate::api::core::v1::PodTemplateSpec,
    /// See the API reference.
    #[field(tag = 3)]
    pub update_strategy: Option<Box<DaemonSetUpdateStrategy>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub min_ready_seconds: i32,
    /// See the API reference.
    #[field(tag = 6)]
    pub revision_history_limit: i32,
}

/// DaemonSetStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DaemonSetStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub current_number_scheduled: i32,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub number_misscheduled: i32,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub desired_number_scheduled: i32,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub number_ready: i32,
    /// See the API reference.
    #[field(tag = 5)]
    pub observed_generation: i64,
    /// See the API reference.
    #[field(tag = 6)]
    pub updated_number_scheduled: i32,
    /// See the API reference.
    #[field(tag = 7)]
    pub number_available: i32,
    /// See the API reference.
    #[field(tag = 8)]
    pub number_unavailable: i32,
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
    pub conditions: Vec<DaemonSetCondition>,
}

/// DaemonSetUpdateStrategy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DaemonSetUpdateStrategy {
    /// See the API reference.
    #[field(tag = 1)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub rolling_update: Option<Box<RollingUpdateDaemonSet>>,
}

/// RollingUpdateDaemonSet as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct RollingUpdateDaemonSet {
    /// See the API reference.
    #[field(tag = 1)]
    pub max_unavailable: crate::IntOrString,
    /// See the API reference.
    #[field(tag = 2)]
    pub max_surge: crate::IntOrString,
}
