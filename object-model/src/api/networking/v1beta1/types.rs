//! Types of API group `networking`, version `v1beta1`.

use crate::{Reflect, Resource};

/// IPAddress as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "networking.k8s.io",
    version = "v1beta1",
    plural = "ipaddresses",
    scope = "Cluster",
    short = "ip"
)]
pub struct IPAddress {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: IPAddressSpec,
}

/// ServiceCIDR as of the API group it belongs to.
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
    #[field(tag = 2)]
    pub spec: Option<Box<ServiceCIDRSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<ServiceCIDRStatus>>,
}

/// IPAddressSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IPAddressSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub parent_ref: ParentReference,
}

/// ParentReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ParentReference {
    /// See the API reference.
    #[field(tag = 1)]
    pub group: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub resource: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub namespace: String,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub name: String,
}

/// ServiceCIDRSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceCIDRSpec {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub cidrs: Vec<String>,
}

/// ServiceCIDRStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceCIDRStatus {
    /// See the API reference.
    #[field(
        tag = 1,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
}
