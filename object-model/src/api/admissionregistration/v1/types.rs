//! Types of API group `admissionregistration`, version `v1`.

use crate::{Reflect, Resource};

/// MutatingAdmissionPolicy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "admissionregistration.k8s.io",
    version = "v1",
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
    version = "v1",
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

/// MutatingWebhookConfiguration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "admissionregistration.k8s.io",
    version = "v1",
    plural = "mutatingwebhookconfigurations",
    scope = "Cluster",
    categories = "api-extensions"
)]
pub struct MutatingWebhookConfiguration {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(
        tag = 2,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub webhooks: Vec<MutatingWebhook>,
}

/// ValidatingAdmissionPolicy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "admissionregistration.k8s.io",
    version = "v1",
    plural = "validatingadmissionpolicies",
    scope = "Cluster",
    categories = "api-extensions",
    subresources = "status"
)]
pub struct ValidatingAdmissionPolicy {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<ValidatingAdmissionPolicySpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<ValidatingAdmissionPolicyStatus>>,
}

/// ValidatingAdmissionPolicyBinding as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "admissionregistration.k8s.io",
    version = "v1",
    plural = "validatingadmissionpolicybindings",
    scope = "Cluster",
    categories = "api-extensions"
)]
pub struct ValidatingAdmissionPolicyBinding {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: ValidatingAdmissionPolicyBindingSpec,
}

/// ValidatingWebhookConfiguration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "admissionregistration.k8s.io",
    version = "v1",
    plural = "validatingwebhookconfigurations",
    scope = "Cluster",
    categories = "api-extensions"
)]
pub struct ValidatingWebhookConfiguration {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(
        tag = 2,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub webhooks: Vec<ValidatingWebhook>,
}

/// ApplyConfiguration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ApplyConfiguration {
    /// See the API reference.
    #[field(tag = 1)]
    pub expression: String,
}

/// AuditAnnotation as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AuditAnnotation {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub value_expression: String,
}

/// ExpressionWarning as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ExpressionWarning {
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub field_ref: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub warning: String,
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

/// MutatingWebhook as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MutatingWebhook {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub client_config: WebhookClientConfig,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub rules: Vec<RuleWithOperations>,
    /// See the API reference.
    #[field(tag = 4)]
    pub failure_policy: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub namespace_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 6, always, required)]
    pub side_effects: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub timeout_seconds: i32,
    /// See the API reference.
    #[field(tag = 8, always, required, list = "atomic")]
    pub admission_review_versions: Vec<String>,
    /// See the API reference.
    #[field(tag = 9)]
    pub match_policy: String,
    /// See the API reference.
    #[field(tag = 10)]
    pub reinvocation_policy: String,
    /// See the API reference.
    #[field(tag = 11)]
    pub object_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(
        tag = 12,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub match_conditions: Vec<MatchCondition>,
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

/// RuleWithOperations as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct RuleWithOperations {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub operations: Vec<String>,
    /// See the API reference.
    #[field(tag = 1, within = 2, list = "atomic")]
    pub api_groups: Vec<String>,
    /// See the API reference.
    #[field(tag = 2, within = 2, list = "atomic")]
    pub api_versions: Vec<String>,
    /// See the API reference.
    #[field(tag = 3, within = 2, list = "atomic")]
    pub resources: Vec<String>,
    /// See the API reference.
    #[field(tag = 4, within = 2)]
    pub scope: String,
}

/// ServiceReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceReference {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub namespace: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub path: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub port: i32,
}

/// TypeChecking as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TypeChecking {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub expression_warnings: Vec<ExpressionWarning>,
}

/// ValidatingAdmissionPolicyBindingSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ValidatingAdmissionPolicyBindingSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub policy_name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub param_ref: Option<Box<ParamRef>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub match_resources: Option<Box<MatchResources>>,
    /// See the API reference.
    #[field(tag = 4, always, required, list = "set")]
    pub validation_actions: Vec<String>,
}

/// ValidatingAdmissionPolicySpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ValidatingAdmissionPolicySpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub param_kind: Option<Box<ParamKind>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub match_constraints: Option<Box<MatchResources>>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub validations: Vec<Validation>,
    /// See the API reference.
    #[field(tag = 4)]
    pub failure_policy: String,
    /// See the API reference.
    #[field(tag = 5, list = "atomic")]
    pub audit_annotations: Vec<AuditAnnotation>,
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
    #[field(
        tag = 7,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub variables: Vec<Variable>,
}

/// ValidatingAdmissionPolicyStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ValidatingAdmissionPolicyStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub observed_generation: i64,
    /// See the API reference.
    #[field(tag = 2)]
    pub type_checking: Option<Box<TypeChecking>>,
    /// See the API reference.
    #[field(tag = 3, list = "map", keys = "type")]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
}

/// ValidatingWebhook as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ValidatingWebhook {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub client_config: WebhookClientConfig,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub rules: Vec<RuleWithOperations>,
    /// See the API reference.
    #[field(tag = 4)]
    pub failure_policy: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub namespace_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 6, always, required)]
    pub side_effects: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub timeout_seconds: i32,
    /// See the API reference.
    #[field(tag = 8, always, required, list = "atomic")]
    pub admission_review_versions: Vec<String>,
    /// See the API reference.
    #[field(tag = 9)]
    pub match_policy: String,
    /// See the API reference.
    #[field(tag = 10)]
    pub object_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(
        tag = 11,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub match_conditions: Vec<MatchCondition>,
}

/// Validation as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Validation {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub expression: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub message: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub message_expression: String,
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

/// WebhookClientConfig as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct WebhookClientConfig {
    /// See the API reference.
    #[field(tag = 1)]
    pub service: Option<Box<ServiceReference>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub ca_bundle: crate::ByteString,
    /// See the API reference.
    #[field(tag = 3)]
    pub url: String,
}
