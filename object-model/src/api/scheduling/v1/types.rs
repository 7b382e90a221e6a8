//! Types of API group `scheduling`, version `v1`.

use crate::Resource;

/// PriorityClass as of the API group it belongs to.
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
    /// See the API reference.
    #[field(tag = 2)]
    pub value: i32,
    /// See the API reference.
    #[field(tag = 3)]
    pub global_default: bool,
    /// See the API reference.
    #[field(tag = 4)]
    pub description: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub preemption_policy: String,
}
