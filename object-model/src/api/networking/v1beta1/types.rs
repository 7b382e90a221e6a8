//! Types of API group `networking`, version `v1beta1`.

use crate::{Reflect, Resource};

/// An ip address.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "networking.k8s.io", version = "v1beta1", plural = "ipaddresses", scope = "Cluster", short = "ip")]
pub struct IPAddress {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: IPAddressSpec,
}

/// A service cidr.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "networking.k8s.io",
    version = "v1beta1",
    plural = "servicecidrs",
    scope = "Cluster",
    subresources = "status"
)]
pub struct ServiceCIDR {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: ServiceCIDRSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: ServiceCIDRStatus,
}

/// An ip address spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IPAddressSpec {
    /// Parent reference.
    #[field(tag = 1, always, required)]
    pub parent_ref: ParentReference,
}

/// A parent reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ParentReference {
    /// Group.
    #[field(tag = 1)]
    pub group: String,
    /// Resource.
    #[field(tag = 2, always, required)]
    pub resource: String,
    /// Namespace.
    #[field(tag = 3)]
    pub namespace: String,
    /// Name.
    #[field(tag = 4, always, required)]
    pub name: String,
}

/// A service cidr spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceCIDRSpec {
    /// Cidrs.
    #[field(tag = 1, list = "atomic")]
    pub cidrs: Vec<String>,
}

/// A service cidr status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceCIDRStatus {
    /// Conditions.
    #[field(tag = 1, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
}
