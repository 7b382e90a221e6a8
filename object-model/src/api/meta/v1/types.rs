//! Types of API group `meta`, version `v1`.

use std::collections::BTreeMap;

use crate::Reflect;

/// An api group.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIGroup {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Versions.
    #[field(tag = 2, always, required, list = "atomic")]
    pub versions: Vec<GroupVersionForDiscovery>,
    /// Preferred version.
    #[field(tag = 3, always)]
    pub preferred_version: GroupVersionForDiscovery,
    /// Server address by client CID Rs.
    #[field(tag = 4, name = "serverAddressByClientCIDRs", list = "atomic")]
    pub server_address_by_client_cidrs: Vec<ServerAddressByClientCIDR>,
}

/// An api group list.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIGroupList {
    /// Groups.
    #[field(tag = 1, always, required, list = "atomic")]
    pub groups: Vec<APIGroup>,
}

/// An api resource.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIResource {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Namespaced.
    #[field(tag = 2, always, required)]
    pub namespaced: bool,
    /// Kind of the object.
    #[field(tag = 3, always, required)]
    pub kind: String,
    /// Verbs.
    #[field(tag = 4, always, required)]
    pub verbs: Vec<String>,
    /// Short names.
    #[field(tag = 5, list = "atomic")]
    pub short_names: Vec<String>,
    /// Singular name.
    #[field(tag = 6, always, required)]
    pub singular_name: String,
    /// Categories.
    #[field(tag = 7, list = "atomic")]
    pub categories: Vec<String>,
    /// Group.
    #[field(tag = 8)]
    pub group: String,
    /// Version.
    #[field(tag = 9)]
    pub version: String,
    /// Storage version hash.
    #[field(tag = 10)]
    pub storage_version_hash: String,
}

/// An api resource list.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIResourceList {
    /// Group version.
    #[field(tag = 1, always, required)]
    pub group_version: String,
    /// Resources.
    #[field(tag = 2, always, required, list = "atomic")]
    pub resources: Vec<APIResource>,
}

/// An api versions.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIVersions {
    /// Versions.
    #[field(tag = 1, always, required, list = "atomic")]
    pub versions: Vec<String>,
    /// Server address by client CID Rs.
    #[field(tag = 2, name = "serverAddressByClientCIDRs", always, required, list = "atomic")]
    pub server_address_by_client_cidrs: Vec<ServerAddressByClientCIDR>,
}

/// A condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Condition {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Status.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// Observed generation.
    #[field(tag = 3)]
    pub observed_generation: i64,
    /// Last transition time.
    #[field(tag = 4, value, always, required)]
    pub last_transition_time: Option<crate::Time>,
    /// Reason.
    #[field(tag = 5, always, required)]
    pub reason: String,
    /// Message.
    #[field(tag = 6, always, required)]
    pub message: String,
}

/// A delete options.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeleteOptions {
    /// Grace period, in seconds.
    #[field(tag = 1)]
    pub grace_period_seconds: Option<i64>,
    /// Preconditions.
    #[field(tag = 2)]
    pub preconditions: Option<Box<Preconditions>>,
    /// Orphan dependents.
    #[field(tag = 3)]
    pub orphan_dependents: Option<bool>,
    /// Propagation policy.
    #[field(tag = 4)]
    pub propagation_policy: Option<String>,
    /// Dry run.
    #[field(tag = 5, list = "atomic")]
    pub dry_run: Vec<String>,
    /// Ignore store read error with cluster breaking potential.
    #[field(tag = 6)]
    pub ignore_store_read_error_with_cluster_breaking_potential: Option<bool>,
}

/// A field selector requirement.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FieldSelectorRequirement {
    /// Key.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// Operator.
    #[field(tag = 2, always, required)]
    pub operator: String,
    /// Values.
    #[field(tag = 3, list = "atomic")]
    pub values: Vec<String>,
}

/// A group resource.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GroupResource {
    /// Group.
    #[field(tag = 1, always, required)]
    pub group: String,
    /// Resource.
    #[field(tag = 2, always, required)]
    pub resource: String,
}

/// A group version for discovery.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GroupVersionForDiscovery {
    /// Group version.
    #[field(tag = 1, always, required)]
    pub group_version: String,
    /// Version.
    #[field(tag = 2, always, required)]
    pub version: String,
}

/// A label selector.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct LabelSelector {
    /// Match labels.
    #[field(tag = 1)]
    pub match_labels: BTreeMap<String, String>,
    /// Match expressions.
    #[field(tag = 2, list = "atomic")]
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

/// A label selector requirement.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LabelSelectorRequirement {
    /// Key.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// Operator.
    #[field(tag = 2, always, required)]
    pub operator: String,
    /// Values.
    #[field(tag = 3, list = "atomic")]
    pub values: Vec<String>,
}

/// A list meta.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ListMeta {
    /// Self link.
    #[field(tag = 1)]
    pub self_link: String,
    /// Resource version.
    #[field(tag = 2)]
    pub resource_version: String,
    /// Continue.
    #[field(tag = 3)]
    pub continue_: String,
    /// Remaining item count.
    #[field(tag = 4)]
    pub remaining_item_count: Option<i64>,
    /// Shard info.
    #[field(tag = 5)]
    pub shard_info: Option<Box<ShardInfo>>,
}

/// A managed fields entry.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ManagedFieldsEntry {
    /// Manager.
    #[field(tag = 1)]
    pub manager: String,
    /// Operation.
    #[field(tag = 2)]
    pub operation: String,
    /// API version of the object.
    #[field(tag = 3)]
    pub api_version: String,
    /// Time.
    #[field(tag = 4)]
    pub time: Option<crate::Time>,
    /// Fields type.
    #[field(tag = 6)]
    pub fields_type: String,
    /// Fields V1.
    #[field(tag = 7)]
    pub fields_v1: Option<crate::FieldsV1>,
    /// Subresource.
    #[field(tag = 8)]
    pub subresource: String,
}

/// An object meta.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ObjectMeta {
    /// Name.
    #[field(tag = 1)]
    pub name: String,
    /// Generate name.
    #[field(tag = 2)]
    pub generate_name: String,
    /// Namespace.
    #[field(tag = 3)]
    pub namespace: String,
    /// Self link.
    #[field(tag = 4)]
    pub self_link: String,
    /// Uid.
    #[field(tag = 5)]
    pub uid: String,
    /// Resource version.
    #[field(tag = 6)]
    pub resource_version: String,
    /// Generation.
    #[field(tag = 7)]
    pub generation: i64,
    /// Creation timestamp.
    #[field(tag = 8, value)]
    pub creation_timestamp: Option<crate::Time>,
    /// Deletion timestamp.
    #[field(tag = 9)]
    pub deletion_timestamp: Option<crate::Time>,
    /// Deletion grace period, in seconds.
    #[field(tag = 10)]
    pub deletion_grace_period_seconds: Option<i64>,
    /// Labels.
    #[field(tag = 11)]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[field(tag = 12)]
    pub annotations: BTreeMap<String, String>,
    /// Owner references.
    #[field(tag = 13, list = "map", keys = "uid", patch = "merge", merge_key = "uid")]
    pub owner_references: Vec<OwnerReference>,
    /// Finalizers.
    #[field(tag = 14, list = "set", patch = "merge")]
    pub finalizers: Vec<String>,
    /// Managed fields.
    #[field(tag = 17, list = "atomic")]
    pub managed_fields: Vec<ManagedFieldsEntry>,
}

/// An owner reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct OwnerReference {
    /// Kind of the object.
    #[field(tag = 1, always, required)]
    pub kind: String,
    /// Name.
    #[field(tag = 3, always, required)]
    pub name: String,
    /// Uid.
    #[field(tag = 4, always, required)]
    pub uid: String,
    /// API version of the object.
    #[field(tag = 5, always, required)]
    pub api_version: String,
    /// Controller.
    #[field(tag = 6)]
    pub controller: Option<bool>,
    /// Block owner deletion.
    #[field(tag = 7)]
    pub block_owner_deletion: Option<bool>,
}

/// A preconditions.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Preconditions {
    /// Uid.
    #[field(tag = 1)]
    pub uid: Option<String>,
    /// Resource version.
    #[field(tag = 2)]
    pub resource_version: Option<String>,
}

/// A server address by client cidr.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServerAddressByClientCIDR {
    /// Client CIDR.
    #[field(tag = 1, name = "clientCIDR", always, required)]
    pub client_cidr: String,
    /// Server address.
    #[field(tag = 2, always, required)]
    pub server_address: String,
}

/// A shard info.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ShardInfo {
    /// Selector.
    #[field(tag = 1, always, required)]
    pub selector: String,
}

/// A status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Status {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: ListMeta,
    /// Status.
    #[field(tag = 2)]
    pub status: String,
    /// Message.
    #[field(tag = 3)]
    pub message: String,
    /// Reason.
    #[field(tag = 4)]
    pub reason: String,
    /// Details.
    #[field(tag = 5)]
    pub details: Option<Box<StatusDetails>>,
    /// Code.
    #[field(tag = 6)]
    pub code: i32,
}

/// A status cause.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatusCause {
    /// Reason.
    #[field(tag = 1)]
    pub reason: String,
    /// Message.
    #[field(tag = 2)]
    pub message: String,
    /// Field.
    #[field(tag = 3)]
    pub field: String,
}

/// A status details.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StatusDetails {
    /// Name.
    #[field(tag = 1)]
    pub name: String,
    /// Group.
    #[field(tag = 2)]
    pub group: String,
    /// Kind of the object.
    #[field(tag = 3)]
    pub kind: String,
    /// Causes.
    #[field(tag = 4, list = "atomic")]
    pub causes: Vec<StatusCause>,
    /// Retry after, in seconds.
    #[field(tag = 5)]
    pub retry_after_seconds: i32,
    /// Uid.
    #[field(tag = 6)]
    pub uid: String,
}

/// An info.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Info {
    /// Build date.
    #[field(always, required)]
    pub build_date: String,
    /// Compiler.
    #[field(always, required)]
    pub compiler: String,
    /// Emulation major.
    pub emulation_major: String,
    /// Emulation minor.
    pub emulation_minor: String,
    /// Git commit.
    #[field(always, required)]
    pub git_commit: String,
    /// Git tree state.
    #[field(always, required)]
    pub git_tree_state: String,
    /// Git version.
    #[field(always, required)]
    pub git_version: String,
    /// Go version.
    #[field(always, required)]
    pub go_version: String,
    /// Major.
    #[field(always, required)]
    pub major: String,
    /// Min compatibility major.
    pub min_compatibility_major: String,
    /// Min compatibility minor.
    pub min_compatibility_minor: String,
    /// Minor.
    #[field(always, required)]
    pub minor: String,
    /// Platform.
    #[field(always, required)]
    pub platform: String,
}
