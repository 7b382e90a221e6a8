//! Types of API group `meta`, version `v1`.

use std::collections::BTreeMap;

use crate::Reflect;

/// APIGroup as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIGroup {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required, list = "atomic")]
    pub versions: Vec<GroupVersionForDiscovery>,
    /// See the API reference.
    #[field(tag = 3)]
    pub preferred_version: Option<Box<GroupVersionForDiscovery>>,
    /// See the API reference.
    #[field(tag = 4, name = "serverAddressByClientCIDRs", list = "atomic")]
    pub server_address_by_client_cidrs: Vec<ServerAddressByClientCIDR>,
}

/// APIGroupList as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIGroupList {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "atomic")]
    pub groups: Vec<APIGroup>,
}

/// APIResource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIResource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub namespaced: bool,
    /// Kind of the object.
    #[field(tag = 3, always, required)]
    pub kind: String,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub verbs: Vec<String>,
    /// See the API reference.
    #[field(tag = 5, list = "atomic")]
    pub short_names: Vec<String>,
    /// See the API reference.
    #[field(tag = 6, always, required)]
    pub singular_name: String,
    /// See the API reference.
    #[field(tag = 7, list = "atomic")]
    pub categories: Vec<String>,
    /// See the API reference.
    #[field(tag = 8)]
    pub group: String,
    /// See the API reference.
    #[field(tag = 9)]
    pub version: String,
    /// See the API reference.
    #[field(tag = 10)]
    pub storage_version_hash: String,
}

/// APIResourceList as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIResourceList {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub group_version: String,
    /// See the API reference.
    #[field(tag = 2, always, required, list = "atomic")]
    pub resources: Vec<APIResource>,
}

/// APIVersions as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIVersions {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "atomic")]
    pub versions: Vec<String>,
    /// See the API reference.
    #[field(
        tag = 2,
        name = "serverAddressByClientCIDRs",
        always,
        required,
        list = "atomic"
    )]
    pub server_address_by_client_cidrs: Vec<ServerAddressByClientCIDR>,
}

/// Condition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Condition {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub observed_generation: i64,
    /// See the API reference.
    #[field(tag = 4, value, always, required)]
    pub last_transition_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 5, always, required)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 6, always, required)]
    pub message: String,
}

/// DeleteOptions as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeleteOptions {
    /// See the API reference.
    #[field(tag = 1)]
    pub grace_period_seconds: i64,
    /// See the API reference.
    #[field(tag = 2)]
    pub preconditions: Option<Box<Preconditions>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub orphan_dependents: bool,
    /// See the API reference.
    #[field(tag = 4)]
    pub propagation_policy: String,
    /// See the API reference.
    #[field(tag = 5, list = "atomic")]
    pub dry_run: Vec<String>,
    /// See the API reference.
    #[field(tag = 6)]
    pub ignore_store_read_error_with_cluster_breaking_potential: bool,
}

/// FieldSelectorRequirement as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FieldSelectorRequirement {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub operator: String,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub values: Vec<String>,
}

/// GroupResource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GroupResource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub group: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub resource: String,
}

/// GroupVersionForDiscovery as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GroupVersionForDiscovery {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub group_version: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub version: String,
}

/// LabelSelector as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct LabelSelector {
    /// See the API reference.
    #[field(tag = 1)]
    pub match_labels: BTreeMap<String, String>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

/// LabelSelectorRequirement as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LabelSelectorRequirement {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub operator: String,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub values: Vec<String>,
}

/// ListMeta as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ListMeta {
    /// See the API reference.
    #[field(tag = 1)]
    pub self_link: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub resource_version: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub continue_: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub remaining_item_count: i64,
    /// See the API reference.
    #[field(tag = 5)]
    pub shard_info: Option<Box<ShardInfo>>,
}

/// ManagedFieldsEntry as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ManagedFieldsEntry {
    /// See the API reference.
    #[field(tag = 1)]
    pub manager: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub operation: String,
    /// API version of the object.
    #[field(tag = 3)]
    pub api_version: String,
    /// See the API reference.
    #[field(tag = 4, value, always)]
    pub time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 6)]
    pub fields_type: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub fields_v1: crate::FieldsV1,
    /// See the API reference.
    #[field(tag = 8)]
    pub subresource: String,
}

/// ObjectMeta as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ObjectMeta {
    /// See the API reference.
    #[field(tag = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub generate_name: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub namespace: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub self_link: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub uid: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub resource_version: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub generation: i64,
    /// See the API reference.
    #[field(tag = 8, value, always)]
    pub creation_timestamp: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 9, value, always)]
    pub deletion_timestamp: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 10)]
    pub deletion_grace_period_seconds: i64,
    /// See the API reference.
    #[field(tag = 11)]
    pub labels: BTreeMap<String, String>,
    /// See the API reference.
    #[field(tag = 12)]
    pub annotations: BTreeMap<String, String>,
    /// See the API reference.
    #[field(
        tag = 13,
        list = "map",
        keys = "uid",
        patch = "merge",
        merge_key = "uid"
    )]
    pub owner_references: Vec<OwnerReference>,
    /// See the API reference.
    #[field(tag = 14, list = "set", patch = "merge")]
    pub finalizers: Vec<String>,
    /// See the API reference.
    #[field(tag = 17, list = "atomic")]
    pub managed_fields: Vec<ManagedFieldsEntry>,
}

/// OwnerReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct OwnerReference {
    /// Kind of the object.
    #[field(tag = 1, always, required)]
    pub kind: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub uid: String,
    /// API version of the object.
    #[field(tag = 5, always, required)]
    pub api_version: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub controller: bool,
    /// See the API reference.
    #[field(tag = 7)]
    pub block_owner_deletion: bool,
}

/// Preconditions as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Preconditions {
    /// See the API reference.
    #[field(tag = 1)]
    pub uid: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub resource_version: String,
}

/// ServerAddressByClientCIDR as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServerAddressByClientCIDR {
    /// See the API reference.
    #[field(tag = 1, name = "clientCIDR", always, required)]
    pub client_cidr: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub server_address: String,
}

/// ShardInfo as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ShardInfo {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub selector: String,
}

/// Status as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Status {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: ListMeta,
    /// See the API reference.
    #[field(tag = 2)]
    pub status: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub message: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub details: Option<Box<StatusDetails>>,
    /// See the API reference.
    #[field(tag = 6)]
    pub code: i32,
}

/// StatusCause as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatusCause {
    /// See the API reference.
    #[field(tag = 1)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub message: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub field: String,
}

/// StatusDetails as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatusDetails {
    /// See the API reference.
    #[field(tag = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub group: String,
    /// Kind of the object.
    #[field(tag = 3)]
    pub kind: String,
    /// See the API reference.
    #[field(tag = 4, list = "atomic")]
    pub causes: Vec<StatusCause>,
    /// See the API reference.
    #[field(tag = 5)]
    pub retry_after_seconds: i32,
    /// See the API reference.
    #[field(tag = 6)]
    pub uid: String,
}

/// Info as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Info {
    /// See the API reference.
    #[field(always, required)]
    pub build_date: String,
    /// See the API reference.
    #[field(always, required)]
    pub compiler: String,
    /// See the API reference.
    pub emulation_major: String,
    /// See the API reference.
    pub emulation_minor: String,
    /// See the API reference.
    #[field(always, required)]
    pub git_commit: String,
    /// See the API reference.
    #[field(always, required)]
    pub git_tree_state: String,
    /// See the API reference.
    #[field(always, required)]
    pub git_version: String,
    /// See the API reference.
    #[field(always, required)]
    pub go_version: String,
    /// See the API reference.
    #[field(always, required)]
    pub major: String,
    /// See the API reference.
    pub min_compatibility_major: String,
    /// See the API reference.
    pub min_compatibility_minor: String,
    /// See the API reference.
    #[field(always, required)]
    pub minor: String,
    /// See the API reference.
    #[field(always, required)]
    pub platform: String,
}
