//! Types of API group `admissionregistration`, version `v1`.

use crate::{Reflect, Resource};

/// A mutating admission policy.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "admissionregistration.k8s.io",
    version = "v1",
    plural = "mutatingadmissionpolicies",
    scope = "Cluster",
    categories = "api-extensions",
    rules
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
    version = "v1",
    plural = "mutatingadmissionpolicybindings",
    scope = "Cluster",
    categories = "api-extensions",
    rules
)]
pub struct MutatingAdmissionPolicyBinding {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: MutatingAdmissionPolicyBindingSpec,
}

/// A mutating webhook configuration.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "admissionregistration.k8s.io",
    version = "v1",
    plural = "mutatingwebhookconfigurations",
    scope = "Cluster",
    categories = "api-extensions",
    rules
)]
pub struct MutatingWebhookConfiguration {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Webhooks.
    #[field(tag = 2, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub webhooks: Vec<MutatingWebhook>,
}

/// A validating admission policy.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "admissionregistration.k8s.io",
    version = "v1",
    plural = "validatingadmissionpolicies",
    scope = "Cluster",
    categories = "api-extensions",
    subresources = "status",
    rules
)]
pub struct ValidatingAdmissionPolicy {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: ValidatingAdmissionPolicySpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: ValidatingAdmissionPolicyStatus,
}

/// A validating admission policy binding.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "admissionregistration.k8s.io",
    version = "v1",
    plural = "validatingadmissionpolicybindings",
    scope = "Cluster",
    categories = "api-extensions",
    rules
)]
pub struct ValidatingAdmissionPolicyBinding {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: ValidatingAdmissionPolicyBindingSpec,
}

/// A validating webhook configuration.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "admissionregistration.k8s.io",
    version = "v1",
    plural = "validatingwebhookconfigurations",
    scope = "Cluster",
    categories = "api-extensions",
    rules
)]
pub struct ValidatingWebhookConfiguration {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Webhooks.
    #[field(tag = 2, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub webhooks: Vec<ValidatingWebhook>,
}

/// An apply configuration.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ApplyConfiguration {
    /// Expression.
    #[field(tag = 1)]
    pub expression: String,
}

/// An audit annotation.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AuditAnnotation {
    /// Key.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// Value expression.
    #[field(tag = 2, always, required)]
    pub value_expression: String,
}

/// An expression warning.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ExpressionWarning {
    /// Field reference.
    #[field(tag = 2, always, required)]
    pub field_ref: String,
    /// Warning.
    #[field(tag = 3, always, required)]
    pub warning: String,
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

/// A mutating webhook.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MutatingWebhook {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Client config.
    #[field(tag = 2, always, required)]
    pub client_config: WebhookClientConfig,
    /// Rules.
    #[field(tag = 3, list = "atomic")]
    pub rules: Vec<RuleWithOperations>,
    /// Failure policy.
    #[field(tag = 4)]
    pub failure_policy: Option<String>,
    /// Namespace selector.
    #[field(tag = 5)]
    pub namespace_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Side effects.
    #[field(tag = 6, required)]
    pub side_effects: Option<String>,
    /// Timeout, in seconds.
    #[field(tag = 7)]
    pub timeout_seconds: Option<i32>,
    /// Admission review versions.
    #[field(tag = 8, always, required, list = "atomic")]
    pub admission_review_versions: Vec<String>,
    /// Match policy.
    #[field(tag = 9)]
    pub match_policy: Option<String>,
    /// Reinvocation policy.
    #[field(tag = 10)]
    pub reinvocation_policy: Option<String>,
    /// Object selector.
    #[field(tag = 11)]
    pub object_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Match conditions.
    #[field(tag = 12, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub match_conditions: Vec<MatchCondition>,
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

/// A rule with operations.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct RuleWithOperations {
    /// Operations.
    #[field(tag = 1, list = "atomic")]
    pub operations: Vec<String>,
    /// Api groups.
    #[field(tag = 1, within = 2, list = "atomic")]
    pub api_groups: Vec<String>,
    /// Api versions.
    #[field(tag = 2, within = 2, list = "atomic")]
    pub api_versions: Vec<String>,
    /// Resources.
    #[field(tag = 3, within = 2, list = "atomic")]
    pub resources: Vec<String>,
    /// Scope.
    #[field(tag = 4, within = 2)]
    pub scope: Option<String>,
}

/// A service reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceReference {
    /// Namespace.
    #[field(tag = 1, always, required)]
    pub namespace: String,
    /// Name.
    #[field(tag = 2, always, required)]
    pub name: String,
    /// Path.
    #[field(tag = 3)]
    pub path: Option<String>,
    /// Port.
    #[field(tag = 4)]
    pub port: Option<i32>,
}

/// A type checking.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TypeChecking {
    /// Expression warnings.
    #[field(tag = 1, list = "atomic")]
    pub expression_warnings: Vec<ExpressionWarning>,
}

/// A validating admission policy binding spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ValidatingAdmissionPolicyBindingSpec {
    /// Policy name.
    #[field(tag = 1, always, required)]
    pub policy_name: String,
    /// Param reference.
    #[field(tag = 2)]
    pub param_ref: Option<Box<ParamRef>>,
    /// Match resources.
    #[field(tag = 3)]
    pub match_resources: Option<Box<MatchResources>>,
    /// Validation actions.
    #[field(tag = 4, always, required, list = "set")]
    pub validation_actions: Vec<String>,
}

/// A validating admission policy spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ValidatingAdmissionPolicySpec {
    /// Param kind.
    #[field(tag = 1)]
    pub param_kind: Option<Box<ParamKind>>,
    /// Match constraints.
    #[field(tag = 2)]
    pub match_constraints: Option<Box<MatchResources>>,
    /// Validations.
    #[field(tag = 3, list = "atomic")]
    pub validations: Vec<Validation>,
    /// Failure policy.
    #[field(tag = 4)]
    pub failure_policy: Option<String>,
    /// Audit annotations.
    #[field(tag = 5, list = "atomic")]
    pub audit_annotations: Vec<AuditAnnotation>,
    /// Match conditions.
    #[field(tag = 6, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub match_conditions: Vec<MatchCondition>,
    /// Variables.
    #[field(tag = 7, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub variables: Vec<Variable>,
}

/// A validating admission policy status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ValidatingAdmissionPolicyStatus {
    /// Observed generation.
    #[field(tag = 1)]
    pub observed_generation: i64,
    /// Type checking.
    #[field(tag = 2)]
    pub type_checking: Option<Box<TypeChecking>>,
    /// Conditions.
    #[field(tag = 3, list = "map", keys = "type")]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
}

/// A validating webhook.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ValidatingWebhook {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Client config.
    #[field(tag = 2, always, required)]
    pub client_config: WebhookClientConfig,
    /// Rules.
    #[field(tag = 3, list = "atomic")]
    pub rules: Vec<RuleWithOperations>,
    /// Failure policy.
    #[field(tag = 4)]
    pub failure_policy: Option<String>,
    /// Namespace selector.
    #[field(tag = 5)]
    pub namespace_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Side effects.
    #[field(tag = 6, required)]
    pub side_effects: Option<String>,
    /// Timeout, in seconds.
    #[field(tag = 7)]
    pub timeout_seconds: Option<i32>,
    /// Admission review versions.
    #[field(tag = 8, always, required, list = "atomic")]
    pub admission_review_versions: Vec<String>,
    /// Match policy.
    #[field(tag = 9)]
    pub match_policy: Option<String>,
    /// Object selector.
    #[field(tag = 10)]
    pub object_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Match conditions.
    #[field(tag = 11, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub match_conditions: Vec<MatchCondition>,
}

/// A validation.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Validation {
    /// Expression.
    #[field(tag = 1, always, required)]
    pub expression: String,
    /// Message.
    #[field(tag = 2)]
    pub message: String,
    /// Reason.
    #[field(tag = 3)]
    pub reason: Option<String>,
    /// Message expression.
    #[field(tag = 4)]
    pub message_expression: String,
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

/// A webhook client config.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct WebhookClientConfig {
    /// Service.
    #[field(tag = 1)]
    pub service: Option<Box<ServiceReference>>,
    /// Ca bundle.
    #[field(tag = 2)]
    pub ca_bundle: crate::ByteString,
    /// Url.
    #[field(tag = 3)]
    pub url: Option<String>,
}
