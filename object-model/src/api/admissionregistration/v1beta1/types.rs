//! Types of API group `admissionregistration`, version `v1beta1`.

use crate::{Reflect, Resource};

/// A mutating admission policy.
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
    #[field(tag = 2, always)]
    pub spec: MutatingAdmissionPolicySpec,
}

/// A mutating admission policy binding.
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
    #[field(tag = 2, always)]
    pub spec: MutatingAdmissionPolicyBindingSpec,
}

/// An apply configuration.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ApplyConfiguration {
    /// Expression.
    #[field(tag = 1)]
    pub expression: String,
}

/// A json patch.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct JSONPatch {
    /// Expression.
    #[field(tag = 1)]
    pub expression: String,
}

/// A match condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MatchCondition {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Expression.
    #[field(tag = 2, always, required)]
    pub expression: String,
}

/// A match resources.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct MatchResources {
    /// Namespace selector.
    #[field(tag = 1)]
    pub namespace_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Object selector.
    #[field(tag = 2)]
    pub object_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Resource rules.
    #[field(tag = 3, list = "atomic")]
    pub resource_rules: Vec<NamedRuleWithOperations>,
    /// Exclude resource rules.
    #[field(tag = 4, list = "atomic")]
    pub exclude_resource_rules: Vec<NamedRuleWithOperations>,
    /// Match policy.
    #[field(tag = 7)]
    pub match_policy: Option<String>,
}

/// A mutating admission policy binding spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MutatingAdmissionPolicyBindingSpec {
    /// Policy name.
    #[field(tag = 1)]
    pub policy_name: String,
    /// Param reference.
    #[field(tag = 2)]
    pub param_ref: Option<Box<ParamRef>>,
    /// Match resources.
    #[field(tag = 3)]
    pub match_resources: Option<Box<MatchResources>>,
}

/// A mutating admission policy spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MutatingAdmissionPolicySpec {
    /// Param kind.
    #[field(tag = 1)]
    pub param_kind: Option<Box<ParamKind>>,
    /// Match constraints.
    #[field(tag = 2)]
    pub match_constraints: Option<Box<MatchResources>>,
    /// Variables.
    #[field(tag = 3, list = "atomic")]
    pub variables: Vec<Variable>,
    /// Mutations.
    #[field(tag = 4, list = "atomic")]
    pub mutations: Vec<Mutation>,
    /// Failure policy.
    #[field(tag = 5)]
    pub failure_policy: Option<String>,
    /// Match conditions.
    #[field(tag = 6, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub match_conditions: Vec<MatchCondition>,
    /// Reinvocation policy.
    #[field(tag = 7)]
    pub reinvocation_policy: String,
}

/// A mutation.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Mutation {
    /// Patch type.
    #[field(tag = 2, always, required)]
    pub patch_type: String,
    /// Apply configuration.
    #[field(tag = 3)]
    pub apply_configuration: Option<Box<ApplyConfiguration>>,
    /// Json patch.
    #[field(tag = 4)]
    pub json_patch: Option<Box<JSONPatch>>,
}

/// A named rule with operations.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct NamedRuleWithOperations {
    /// Api groups.
    #[field(list = "atomic")]
    pub api_groups: Vec<String>,
    /// Api versions.
    #[field(list = "atomic")]
    pub api_versions: Vec<String>,
    /// Resources.
    #[field(list = "atomic")]
    pub resources: Vec<String>,
    /// Scope.
    pub scope: Option<String>,
    /// Resource names.
    #[field(tag = 1, list = "atomic")]
    pub resource_names: Vec<String>,
    /// Operations.
    #[field(tag = 1, within = 2, list = "atomic")]
    pub operations: Vec<String>,
}

/// A param kind.
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

/// A param ref.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ParamRef {
    /// Name.
    #[field(tag = 1)]
    pub name: String,
    /// Namespace.
    #[field(tag = 2)]
    pub namespace: String,
    /// Selector.
    #[field(tag = 3)]
    pub selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Parameter not found action.
    #[field(tag = 4)]
    pub parameter_not_found_action: Option<String>,
}

/// A variable.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct Variable {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Expression.
    #[field(tag = 2, always, required)]
    pub expression: String,
}
