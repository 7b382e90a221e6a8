//! Types of API group `admissionregistration`, version `v1beta1`.

use crate::{Reflect, Resource};

/// MutatingAdmissionPolicy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "admissionregistration.k8s.io",
    version = "v1beta1",
    plural = "mutatingadmissionpolicies",
    scope = "Cluster",
    categories = "api-extensions"
)]
pub struct MutatingAdmissionPolicy {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<MutatingAdmissionPolicySpec>>,
}

/// MutatingAdmissionPolicyBinding as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "admissionregistration.k8s.io",
    version = "v1beta1",
    plural = "mutatingadmissionpolicybindings",
    scope = "Cluster",
    categories = "api-extensions"
)]
pub struct MutatingAdmissionPolicyBinding {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<MutatingAdmissionPolicyBindingSpec>>,
}

/// ApplyConfiguration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ApplyConfiguration {
    /// See the API reference.
    #[field(tag = 1)]
    pub expression: String,
}

/// JSONPatch as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct JSONPatch {
    /// See the API reference.
    #[field(tag = 1)]
    pub expression: String,
}

/// MatchCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MatchCondition {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub expression: String,
}

/// MatchResources as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct MatchResources {
    /// See the API reference.
    #[field(tag = 1)]
    pub namespace_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub object_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub resource_rules: Vec<NamedRuleWithOperations>,
    /// See the API reference.
    #[field(tag = 4, list = "atomic")]
    pub exclude_resource_rules: Vec<NamedRuleWithOperations>,
    /// See the API reference.
    #[field(tag = 7)]
    pub match_policy: String,
}

/// MutatingAdmissionPolicyBindingSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MutatingAdmissionPolicyBindingSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub policy_name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub param_ref: Option<Box<ParamRef>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub match_resources: Option<Box<MatchResources>>,
}

/// MutatingAdmissionPolicySpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MutatingAdmissionPolicySpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub param_kind: Option<Box<ParamKind>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub match_constraints: Option<Box<MatchResources>>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub variables: Vec<Variable>,
    /// See the API reference.
    #[field(tag = 4, list = "atomic")]
    pub mutations: Vec<Mutation>,
    /// See the API reference.
    #[field(tag = 5)]
    pub failure_policy: String,
    /// See the API reference.
    #[field(
        tag = 6,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub match_conditions: Vec<MatchCondition>,
    /// See the API reference.
    #[field(tag = 7)]
    pub reinvocation_policy: String,
}

/// Mutation as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Mutation {
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub patch_type: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub apply_configuration: Option<Box<ApplyConfiguration>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub json_patch: Option<Box<JSONPatch>>,
}

/// NamedRuleWithOperations as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct NamedRuleWithOperations {
    /// See the API reference.
    #[field(list = "atomic")]
    pub api_groups: Vec<String>,
    /// See the API reference.
    #[field(list = "atomic")]
    pub api_versions: Vec<String>,
    /// See the API reference.
    #[field(list = "atomic")]
    pub resources: Vec<String>,
    /// See the API reference.
    pub scope: String,
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub resource_names: Vec<String>,
    /// See the API reference.
    #[field(tag = 1, within = 2, list = "atomic")]
    pub operations: Vec<String>,
}

/// ParamKind as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ParamKind {
    /// API version of the object.
    #[field(tag = 1)]
    pub api_version: String,
    /// Kind of the object.
    #[field(tag = 2)]
    pub kind: String,
}

/// ParamRef as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ParamRef {
    /// See the API reference.
    #[field(tag = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub namespace: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub parameter_not_found_action: String,
}

/// Variable as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct Variable {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub expression: String,
}
