//! Types of API group `flowcontrol`, version `v1`.

use crate::{Reflect, Resource};

/// A flow schema.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "flowcontrol.apiserver.k8s.io",
    version = "v1",
    plural = "flowschemas",
    scope = "Cluster",
    subresources = "status",
    rules
)]
pub struct FlowSchema {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: FlowSchemaSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: FlowSchemaStatus,
}

/// A priority level configuration.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "flowcontrol.apiserver.k8s.io",
    version = "v1",
    plural = "prioritylevelconfigurations",
    scope = "Cluster",
    subresources = "status",
    rules
)]
pub struct PriorityLevelConfiguration {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: PriorityLevelConfigurationSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: PriorityLevelConfigurationStatus,
}

/// An exempt priority level configuration.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ExemptPriorityLevelConfiguration {
    /// Nominal concurrency shares.
    #[field(tag = 1)]
    pub nominal_concurrency_shares: Option<i32>,
    /// Lendable percent.
    #[field(tag = 2)]
    pub lendable_percent: Option<i32>,
}

/// A flow distinguisher method.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FlowDistinguisherMethod {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
}

/// A flow schema condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FlowSchemaCondition {
    /// Type.
    #[field(tag = 1)]
    pub type_: String,
    /// Status.
    #[field(tag = 2)]
    pub status: String,
    /// Last transition time.
    #[field(tag = 3, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// Reason.
    #[field(tag = 4)]
    pub reason: String,
    /// Message.
    #[field(tag = 5)]
    pub message: String,
}

/// A flow schema spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FlowSchemaSpec {
    /// Priority level configuration.
    #[field(tag = 1, always, required)]
    pub priority_level_configuration: PriorityLevelConfigurationReference,
    /// Matching precedence.
    #[field(tag = 2)]
    pub matching_precedence: i32,
    /// Distinguisher method.
    #[field(tag = 3)]
    pub distinguisher_method: Option<Box<FlowDistinguisherMethod>>,
    /// Rules.
    #[field(tag = 4, list = "atomic")]
    pub rules: Vec<PolicyRulesWithSubjects>,
}

/// A flow schema status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FlowSchemaStatus {
    /// Conditions.
    #[field(tag = 1, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<FlowSchemaCondition>,
}

/// A group subject.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GroupSubject {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
}

/// A limit response.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LimitResponse {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Queuing.
    #[field(tag = 2)]
    pub queuing: Option<Box<QueuingConfiguration>>,
}

/// A limited priority level configuration.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LimitedPriorityLevelConfiguration {
    /// Nominal concurrency shares.
    #[field(tag = 1)]
    pub nominal_concurrency_shares: Option<i32>,
    /// Limit response.
    #[field(tag = 2)]
    pub limit_response: Option<Box<LimitResponse>>,
    /// Lendable percent.
    #[field(tag = 3)]
    pub lendable_percent: Option<i32>,
    /// Borrowing limit percent.
    #[field(tag = 4)]
    pub borrowing_limit_percent: Option<i32>,
}

/// A non resource policy rule.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NonResourcePolicyRule {
    /// Verbs.
    #[field(tag = 1, always, required, list = "set")]
    pub verbs: Vec<String>,
    /// Non resource UR Ls.
    #[field(tag = 6, name = "nonResourceURLs", always, required, list = "set")]
    pub non_resource_urls: Vec<String>,
}

/// A policy rules with subjects.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PolicyRulesWithSubjects {
    /// Subjects.
    #[field(tag = 1, always, required, list = "atomic")]
    pub subjects: Vec<Subject>,
    /// Resource rules.
    #[field(tag = 2, list = "atomic")]
    pub resource_rules: Vec<ResourcePolicyRule>,
    /// Non resource rules.
    #[field(tag = 3, list = "atomic")]
    pub non_resource_rules: Vec<NonResourcePolicyRule>,
}

/// A priority level configuration condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PriorityLevelConfigurationCondition {
    /// Type.
    #[field(tag = 1)]
    pub type_: String,
    /// Status.
    #[field(tag = 2)]
    pub status: String,
    /// Last transition time.
    #[field(tag = 3, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// Reason.
    #[field(tag = 4)]
    pub reason: String,
    /// Message.
    #[field(tag = 5)]
    pub message: String,
}

/// A priority level configuration reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PriorityLevelConfigurationReference {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
}

/// A priority level configuration spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PriorityLevelConfigurationSpec {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Limited.
    #[field(tag = 2)]
    pub limited: Option<Box<LimitedPriorityLevelConfiguration>>,
    /// Exempt.
    #[field(tag = 3)]
    pub exempt: Option<Box<ExemptPriorityLevelConfiguration>>,
}

/// A priority level configuration status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PriorityLevelConfigurationStatus {
    /// Conditions.
    #[field(tag = 1, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<PriorityLevelConfigurationCondition>,
}

/// A queuing configuration.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct QueuingConfiguration {
    /// Queues.
    #[field(tag = 1)]
    pub queues: i32,
    /// Hand size.
    #[field(tag = 2)]
    pub hand_size: i32,
    /// Queue length limit.
    #[field(tag = 3)]
    pub queue_length_limit: i32,
}

/// A resource policy rule.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourcePolicyRule {
    /// Verbs.
    #[field(tag = 1, always, required, list = "set")]
    pub verbs: Vec<String>,
    /// Api groups.
    #[field(tag = 2, always, required, list = "set")]
    pub api_groups: Vec<String>,
    /// Resources.
    #[field(tag = 3, always, required, list = "set")]
    pub resources: Vec<String>,
    /// Cluster scope.
    #[field(tag = 4)]
    pub cluster_scope: bool,
    /// Namespaces.
    #[field(tag = 5, list = "set")]
    pub namespaces: Vec<String>,
}

/// A service account subject.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceAccountSubject {
    /// Namespace.
    #[field(tag = 1, always, required)]
    pub namespace: String,
    /// Name.
    #[field(tag = 2, always, required)]
    pub name: String,
}

/// A subject.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Subject {
    /// Kind of the object.
    #[field(tag = 1, always, required)]
    pub kind: String,
    /// User.
    #[field(tag = 2)]
    pub user: Option<Box<UserSubject>>,
    /// Group.
    #[field(tag = 3)]
    pub group: Option<Box<GroupSubject>>,
    /// Service account.
    #[field(tag = 4)]
    pub service_account: Option<Box<ServiceAccountSubject>>,
}

/// An user subject.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct UserSubject {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
}
