//! Types of API group `discovery`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// EndpointSlice as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "discovery.k8s.io",
    version = "v1",
    plural = "endpointslices",
    rules
)]
pub struct EndpointSlice {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub endpoints: Vec<Endpoint>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub ports: Vec<EndpointPort>,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub address_type: String,
}

/// Endpoint as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Endpoint {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "set")]
    pub addresses: Vec<String>,
    /// See the API reference.
    #[field(tag = 2)]
    pub conditions: Option<Box<EndpointConditions>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub hostname: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub target_ref: Option<Box<crate::api::core::v1::ObjectReference>>,
    /// See the API reference.
    #[field(tag = 5)]
    pub deprecated_topology: BTreeMap<String, String>,
    /// See the API reference.
    #[field(tag = 6)]
    pub node_name: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub zone: String,
    /// See the API reference.
    #[field(tag = 8)]
    pub hints: Option<Box<EndpointHints>>,
}

/// EndpointConditions as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EndpointConditions {
    /// See the API reference.
    #[field(tag = 1)]
    pub ready: bool,
    /// See the API reference.
    #[field(tag = 2)]
    pub serving: bool,
    /// See the API reference.
    #[field(tag = 3)]
    pub terminating: bool,
}

/// EndpointHints as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EndpointHints {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub for_zones: Vec<ForZone>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub for_nodes: Vec<ForNode>,
}

/// EndpointPort as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct EndpointPort {
    /// See the API reference.
    #[field(tag = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub protocol: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub port: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub app_protocol: String,
}

/// ForNode as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ForNode {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
}

/// ForZone as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ForZone {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
}
