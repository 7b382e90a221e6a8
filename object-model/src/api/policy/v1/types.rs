//! Types of API group `policy`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// Eviction as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "policy", version = "v1")]
pub struct Eviction {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2)]
    pub delete_options: Option<Box<crate::api::meta::v1::DeleteOptions>>,
}

/// PodDisruptionBudget as of the API group it belongs to.
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
    #[field(tag = 2)]
    pub spec: Option<Box<PodDisruptionBudgetSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<PodDisruptionBudgetStatus>>,
}

/// PodDisruptionBudgetSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodDisruptionBudgetSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub min_available: crate::IntOrString,
    /// See the API reference.
    #[field(tag = 2, patch = "replace")]
    pub selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub max_unavailable: crate::IntOrString,
    /// See the API reference.
    #[field(tag = 4)]
    pub unhealthy_pod_eviction_policy: String,
}

/// PodDisruptionBudgetStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodDisruptionBudgetStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub observed_generation: i64,
    /// See the API reference.
    #[field(tag = 2)]
    pub disrupted_pods: BTreeMap<String, crate::Time>,
    /// See the API reference.
    #[field(tag = 3)]
    pub disruptions_allowed: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub current_healthy: i32,
    /// See the API reference.
    #[field(tag = 5)]
    pub desired_healthy: i32,
    /// See the API reference.
    #[field(tag = 6)]
    pub expected_pods: i32,
    /// See the API reference.
    #[field(
        tag = 7,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
}
