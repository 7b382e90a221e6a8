//! Types of API group `scheduling`, version `v1alpha2`.

use crate::{Reflect, Resource};

/// PodGroup as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "scheduling.k8s.io",
    version = "v1alpha2",
    plural = "podgroups",
    subresources = "status"
)]
pub struct PodGroup {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: PodGroupSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<PodGroupStatus>>,
}

/// Workload as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "scheduling.k8s.io",
    version = "v1alpha2",
    plural = "workloads"
)]
pub struct Workload {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: WorkloadSpec,
}

/// BasicSchedulingPolicy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct BasicSchedulingPolicy {}

/// GangSchedulingPolicy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GangSchedulingPolicy {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub min_count: i32,
}

/// PodGroupResourceClaim as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupResourceClaim {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub resource_claim_name: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub resource_claim_template_name: String,
}

/// PodGroupResourceClaimStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupResourceClaimStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub resource_claim_name: String,
}

/// PodGroupSchedulingConstraints as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupSchedulingConstraints {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub topology: Vec<TopologyConstraint>,
}

/// PodGroupSchedulingPolicy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupSchedulingPolicy {
    /// See the API reference.
    #[field(tag = 1)]
    pub basic: Option<Box<BasicSchedulingPolicy>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub gang: Option<Box<GangSchedulingPolicy>>,
}

/// PodGroupSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub pod_group_template_ref: Option<Box<PodGroupTemplateReference>>,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub scheduling_policy: PodGroupSchedulingPolicy,
    /// See the API reference.
    #[field(tag = 3)]
    pub scheduling_constraints: Option<Box<PodGroupSchedulingConstraints>>,
    /// See the API reference.
    #[field(
        tag = 4,
        list = "map",
        keys = "name",
        patch = "merge,retainKeys",
        merge_key = "name"
    )]
    pub resource_claims: Vec<PodGroupResourceClaim>,
    /// See the API reference.
    #[field(tag = 5)]
    pub disruption_mode: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub priority_class_name: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub priority: i32,
}

/// PodGroupStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupStatus {
    /// See the API reference.
    #[field(
        tag = 1,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
    /// See the API reference.
    #[field(
        tag = 2,
        list = "map",
        keys = "name",
        patch = "merge,retainKeys",
        merge_key = "name"
    )]
    pub resource_claim_statuses: Vec<PodGroupResourceClaimStatus>,
}

/// PodGroupTemplate as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupTemplate {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub scheduling_policy: PodGroupSchedulingPolicy,
    /// See the API reference.
    #[field(tag = 3)]
    pub scheduling_constraints: Option<Box<PodGroupSchedulingConstraints>>,
    /// See the API reference.
    #[field(
        tag = 4,
        list = "map",
        keys = "name",
        patch = "merge,retainKeys",
        merge_key = "name"
    )]
    pub resource_claims: Vec<PodGroupResourceClaim>,
    /// See the API reference.
    #[field(tag = 5)]
    pub disruption_mode: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub priority_class_name: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub priority: i32,
}

/// PodGroupTemplateReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupTemplateReference {
    /// See the API reference.
    #[field(tag = 1)]
    pub workload: Option<Box<WorkloadPodGroupTemplateReference>>,
}

/// TopologyConstraint as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TopologyConstraint {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub key: String,
}

/// TypedLocalObjectReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TypedLocalObjectReference {
    /// See the API reference.
    #[field(tag = 1)]
    pub api_group: String,
    /// Kind of the object.
    #[field(tag = 2, always, required)]
    pub kind: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub name: String,
}

/// WorkloadPodGroupTemplateReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct WorkloadPodGroupTemplateReference {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub workload_name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub pod_group_template_name: String,
}

/// WorkloadSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct WorkloadSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub controller_ref: Option<Box<TypedLocalObjectReference>>,
    /// See the API reference.
    #[field(tag = 2, always, required, list = "map", keys = "name")]
    pub pod_group_templates: Vec<PodGroupTemplate>,
}
