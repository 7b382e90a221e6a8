//! `DaemonSet` and the types that only it uses.

use crate::{Reflect, Resource};

/// A daemon set.
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
    #[field(tag = 2, always)]
    pub spec: DaemonSetSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: DaemonSetStatus,
}

/// A daemon set condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DaemonSetCondition {
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

/// A daemon set spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DaemonSetSpec {
    /// Selector.
    #[field(tag = 1, required)]
    pub selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Template.
    #[field(tag = 2, always, required)]
    pub template: crate::api::core::v1::PodTemplateSpec,
    /// Update strategy.
    #[field(tag = 3, always)]
    pub update_strategy: DaemonSetUpdateStrategy,
    /// Min ready, in seconds.
    #[field(tag = 4)]
    pub min_ready_seconds: i32,
    /// Revision history limit.
    #[field(tag = 6)]
    pub revision_history_limit: Option<i32>,
}

/// A daemon set status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DaemonSetStatus {
    /// Current number scheduled.
    #[field(tag = 1, always, required)]
    pub current_number_scheduled: i32,
    /// Number misscheduled.
    #[field(tag = 2, always, required)]
    pub number_misscheduled: i32,
    /// Desired number scheduled.
    #[field(tag = 3, always, required)]
    pub desired_number_scheduled: i32,
    /// Number ready.
    #[field(tag = 4, always, required)]
    pub number_ready: i32,
    /// Observed generation.
    #[field(tag = 5)]
    pub observed_generation: i64,
    /// Updated number scheduled.
    #[field(tag = 6)]
    pub updated_number_scheduled: i32,
    /// Number available.
    #[field(tag = 7)]
    pub number_available: i32,
    /// Number unavailable.
    #[field(tag = 8)]
    pub number_unavailable: i32,
    /// Collision count.
    #[field(tag = 9)]
    pub collision_count: Option<i32>,
    /// Conditions.
    #[field(tag = 10, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<DaemonSetCondition>,
}

/// A daemon set update strategy.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DaemonSetUpdateStrategy {
    /// Type.
    #[field(tag = 1)]
    pub type_: String,
    /// Rolling update.
    #[field(tag = 2)]
    pub rolling_update: Option<Box<RollingUpdateDaemonSet>>,
}

/// A rolling update daemon set.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct RollingUpdateDaemonSet {
    /// Max unavailable.
    #[field(tag = 1)]
    pub max_unavailable: Option<crate::IntOrString>,
    /// Max surge.
    #[field(tag = 2)]
    pub max_surge: Option<crate::IntOrString>,
}
