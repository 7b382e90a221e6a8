//! Types of API group `policy`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// An eviction.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "policy", version = "v1")]
pub struct Eviction {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Delete options.
    #[field(tag = 2)]
    pub delete_options: Option<Box<crate::api::meta::v1::DeleteOptions>>,
}

/// A pod disruption budget.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "policy",
    version = "v1",
    plural = "poddisruptionbudgets",
    short = "pdb",
    subresources = "status",
    rules
)]
pub struct PodDisruptionBudget {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: PodDisruptionBudgetSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: PodDisruptionBudgetStatus,
}

/// A pod disruption budget spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodDisruptionBudgetSpec {
    /// Min available.
    #[field(tag = 1)]
    pub min_available: Option<crate::IntOrString>,
    /// Selector.
    #[field(tag = 2, patch = "replace")]
    pub selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Max unavailable.
    #[field(tag = 3)]
    pub max_unavailable: Option<crate::IntOrString>,
    /// Unhealthy pod eviction policy.
    #[field(tag = 4)]
    pub unhealthy_pod_eviction_policy: Option<String>,
}

/// A pod disruption budget status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodDisruptionBudgetStatus {
    /// Observed generation.
    #[field(tag = 1)]
    pub observed_generation: i64,
    /// Disrupted pods.
    #[field(tag = 2)]
    pub disrupted_pods: BTreeMap<String, crate::Time>,
    /// Disruptions allowed.
    #[field(tag = 3, always)]
    pub disruptions_allowed: i32,
    /// Current healthy.
    #[field(tag = 4, always)]
    pub current_healthy: i32,
    /// Desired healthy.
    #[field(tag = 5, always)]
    pub desired_healthy: i32,
    /// Expected pods.
    #[field(tag = 6, always)]
    pub expected_pods: i32,
    /// Conditions.
    #[field(tag = 7, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
}
