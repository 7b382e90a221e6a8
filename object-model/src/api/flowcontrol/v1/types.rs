//! Types of API group `flowcontrol`, version `v1`.

use crate::{Reflect, Resource};

/// FlowSchema as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "flowcontrol.apiserver.k8s.io",
    version = "v1",
    plural = "flowschemas",
    scope = "Cluster",
    subresources = "status"
)]
pub struct FlowSchema {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<FlowSchemaSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<FlowSchemaStatus>>,
}

/// PriorityLevelConfiguration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "flowcontrol.apiserver.k8s.io",
    version = "v1",
    plural = "prioritylevelconfigurations",
    scope = "Cluster",
    subresources = "status"
)]
pub struct PriorityLevelConfiguration {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<PriorityLevelConfigurationSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<PriorityLevelConfigurationStatus>>,
}

/// ExemptPriorityLevelConfiguration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ExemptPriorityLevelConfiguration {
    /// See the API reference.
    #[field(tag = 1)]
    pub nominal_concurrency_shares: i32,
    /// See the API reference.
    #[field(tag = 2)]
    pub lendable_percent: i32,
}

/// FlowDistinguisherMethod as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FlowDistinguisherMethod {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
}

/// FlowSchemaCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FlowSchemaCondition {
    /// See the API reference.
    #[field(tag = 1)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub status: String,
    /// See the API reference.
    #[field(tag = 3, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 4)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub message: String,
}

/// FlowSchemaSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FlowSchemaSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub priority_level_configuration: PriorityLevelConfigurationReference,
    /// See the API reference.
    #[field(tag = 2)]
    pub matching_precedence: i32,
    /// See the API reference.
    #[field(tag = 3)]
    pub distinguisher_method: Option<Box<FlowDistinguisherMethod>>,
    /// See the API reference.
    #[field(tag = 4, list = "atomic")]
    pub rules: Vec<PolicyRulesWithSubjects>,
}

/// FlowSchemaStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FlowSchemaStatus {
    /// See the API reference.
    #[field(
        tag = 1,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<FlowSchemaCondition>,
}

/// GroupSubject as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GroupSubject {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
}

/// LimitResponse as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LimitResponse {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub queuing: Option<Box<QueuingConfiguration>>,
}

/// LimitedPriorityLevelConfiguration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LimitedPriorityLevelConfiguration {
    /// See the API reference.
    #[field(tag = 1)]
    pub nominal_concurrency_shares: i32,
    /// See the API reference.
    #[field(tag = 2)]
    pub limit_response: Option<Box<LimitResponse>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub lendable_percent: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub borrowing_limit_percent: i32,
}

/// NonResourcePolicyRule as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NonResourcePolicyRule {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "set")]
    pub verbs: Vec<String>,
    /// See the API reference.
    #[field(tag = 6, name = "nonResourceURLs", always, required, list = "set")]
    pub non_resource_urls: Vec<String>,
}

/// PolicyRulesWithSubjects as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PolicyRulesWithSubjects {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "atomic")]
    pub subjects: Vec<Subject>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub resource_rules: Vec<ResourcePolicyRule>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub non_resource_rules: Vec<NonResourcePolicyRule>,
}

/// PriorityLevelConfigurationCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PriorityLevelConfigurationCondition {
    /// See the API reference.
    #[field(tag = 1)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub status: String,
    /// See the API reference.
    #[field(tag = 3, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 4)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub message: String,
}

/// PriorityLevelConfigurationReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PriorityLevelConfigurationReference {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
}

/// PriorityLevelConfigurationSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PriorityLevelConfigurationSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub limited: Option<Box<LimitedPriorityLevelConfiguration>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub exempt: Option<Box<ExemptPriorityLevelConfiguration>>,
}

/// PriorityLevelConfigurationStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PriorityLevelConfigurationStatus {
    /// See the API reference.
    #[field(
        tag = 1,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<PriorityLevelConfigurationCondition>,
}

/// QueuingConfiguration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct QueuingConfiguration {
    /// See the API reference.
    #[field(tag = 1)]
    pub queues: i32,
    /// See the API reference.
    #[field(tag = 2)]
    pub hand_size: i32,
    /// See the API reference.
    #[field(tag = 3)]
    pub queue_length_limit: i32,
}

/// ResourcePolicyRule as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourcePolicyRule {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "set")]
    pub verbs: Vec<String>,
    /// See the API reference.
    #[field(tag = 2, always, required, list = "set")]
    pub api_groups: Vec<String>,
    /// See the API reference.
    #[field(tag = 3, always, required, list = "set")]
    pub resources: Vec<String>,
    /// See the API reference.
    #[field(tag = 4)]
    pub cluster_scope: bool,
    /// See the API reference.
    #[field(tag = 5, list = "set")]
    pub namespaces: Vec<String>,
}

/// ServiceAccountSubject as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceAccountSubject {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub namespace: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub name: String,
}

/// Subject as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Subject {
    /// Kind of the object.
    #[field(tag = 1, always, required)]
    pub kind: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub user: Option<Box<UserSubject>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub group: Option<Box<GroupSubject>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub service_account: Option<Box<ServiceAccountSubject>>,
}

/// UserSubject as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct UserSubject {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
}
