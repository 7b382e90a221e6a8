//! Types of API group `scheduling`, version `v1alpha2`.

use crate::{Reflect, Resource};

/// A pod group.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "scheduling.k8s.io", version = "v1alpha2", plural = "podgroups", subresources = "status")]
pub struct PodGroup {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: PodGroupSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: PodGroupStatus,
}

/// A workload.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "scheduling.k8s.io", version = "v1alpha2", plural = "workloads")]
pub struct Workload {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: WorkloadSpec,
}

/// A basic scheduling policy.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct BasicSchedulingPolicy {}

/// A gang scheduling policy.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GangSchedulingPolicy {
    /// Min count.
    #[field(tag = 1, always, required)]
    pub min_count: i32,
}

/// A pod group resource claim.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupResourceClaim {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Resource claim name.
    #[field(tag = 2)]
    pub resource_claim_name: String,
    /// Resource claim template name.
    #[field(tag = 3)]
    pub resource_claim_template_name: String,
}

/// A pod group resource claim status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupResourceClaimStatus {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Resource claim name.
    #[field(tag = 2)]
    pub resource_claim_name: String,
}

/// A pod group scheduling constraints.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupSchedulingConstraints {
    /// Topology.
    #[field(tag = 1, list = "atomic")]
    pub topology: Vec<TopologyConstraint>,
}

/// A pod group scheduling policy.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupSchedulingPolicy {
    /// Basic.
    #[field(tag = 1)]
    pub basic: Option<Box<BasicSchedulingPolicy>>,
    /// Gang.
    #[field(tag = 2)]
    pub gang: Option<Box<GangSchedulingPolicy>>,
}

/// A pod group spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupSpec {
    /// Pod group template reference.
    #[field(tag = 1)]
    pub pod_group_template_ref: Option<Box<PodGroupTemplateReference>>,
    /// Scheduling policy.
    #[field(tag = 2, always, required)]
    pub scheduling_policy: PodGroupSchedulingPolicy,
    /// Scheduling constraints.
    #[field(tag = 3)]
    pub scheduling_constraints: Option<Box<PodGroupSchedulingConstraints>>,
    /// Resource claims.
    #[field(tag = 4, list = "map", keys = "name", patch = "merge,retainKeys", merge_key = "name")]
    pub resource_claims: Vec<PodGroupResourceClaim>,
    /// Disruption mode.
    #[field(tag = 5)]
    pub disruption_mode: String,
    /// Priority class name.
    #[field(tag = 6)]
    pub priority_class_name: String,
    /// Priority.
    #[field(tag = 7)]
    pub priority: i32,
}

/// A pod group status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupStatus {
    /// Conditions.
    #[field(tag = 1, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
    /// Resource claim statuses.
    #[field(tag = 2, list = "map", keys = "name", patch = "merge,retainKeys", merge_key = "name")]
    pub resource_claim_statuses: Vec<PodGroupResourceClaimStatus>,
}

/// A pod group template.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupTemplate {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Scheduling policy.
    #[field(tag = 2, always, required)]
    pub scheduling_policy: PodGroupSchedulingPolicy,
    /// Scheduling constraints.
    #[field(tag = 3)]
    pub scheduling_constraints: Option<Box<PodGroupSchedulingConstraints>>,
    /// Resource claims.
    #[field(tag = 4, list = "map", keys = "name", patch = "merge,retainKeys", merge_key = "name")]
    pub resource_claims: Vec<PodGroupResourceClaim>,
    /// Disruption mode.
    #[field(tag = 5)]
    pub disruption_mode: String,
    /// Priority class name.
    #[field(tag = 6)]
    pub priority_class_name: String,
    /// Priority.
    #[field(tag = 7)]
    pub priority: i32,
}

/// A pod group template reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodGroupTemplateReference {
    /// Workload.
    #[field(tag = 1)]
    pub workload: Option<Box<WorkloadPodGroupTemplateReference>>,
}

/// A topology constraint.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TopologyConstraint {
    /// Key.
    #[field(tag = 1, always, required)]
    pub key: String,
}

/// A typed local object reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TypedLocalObjectReference {
    /// Api group.
    #[field(tag = 1)]
    pub api_group: Option<String>,
    /// Kind of the object.
    #[field(tag = 2, always, required)]
    pub kind: String,
    /// Name.
    #[field(tag = 3, always, required)]
    pub name: String,
}

/// A workload pod group template reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct WorkloadPodGroupTemplateReference {
    /// Workload name.
    #[field(tag = 1, always, required)]
    pub workload_name: String,
    /// Pod group template name.
    #[field(tag = 2, always, required)]
    pub pod_group_template_name: String,
}

/// A workload spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct WorkloadSpec {
    /// Controller reference.
    #[field(tag = 1)]
    pub controller_ref: Option<Box<TypedLocalObjectReference>>,
    /// Pod group templates.
    #[field(tag = 2, always, required, list = "map", keys = "name")]
    pub pod_group_templates: Vec<PodGroupTemplate>,
}
