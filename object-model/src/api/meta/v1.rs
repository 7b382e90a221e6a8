//! API group `meta`, version `v1`.

mod types;

pub use types::{
    APIGroup, APIGroupList, APIResource, APIResourceList, APIVersions, Condition, DeleteOptions,
    FieldSelectorRequirement, GroupResource, GroupVersionForDiscovery, Info, LabelSelector, LabelSelectorRequirement,
    ListMeta, ManagedFieldsEntry, ObjectMeta, OwnerReference, Preconditions, ServerAddressByClientCIDR, ShardInfo,
    Status, StatusCause, StatusDetails,
};
