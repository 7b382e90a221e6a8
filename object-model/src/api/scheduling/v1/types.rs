//! Types of API group `scheduling`, version `v1`.

use crate::Resource;

/// A priority class.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "scheduling.k8s.io",
    version = "v1",
    plural = "priorityclasses",
    scope = "Cluster",
    short = "pc",
    rules
)]
pub struct PriorityClass {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Value.
    #[field(tag = 2)]
    pub value: i32,
    /// Global default.
    #[field(tag = 3)]
    pub global_default: bool,
    /// Description.
    #[field(tag = 4)]
    pub description: String,
    /// Preemption policy.
    #[field(tag = 5)]
    pub preemption_policy: Option<String>,
}
