//! Types of API group `discovery`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// An endpoint slice.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "discovery.k8s.io", version = "v1", plural = "endpointslices", rules)]
pub struct EndpointSlice {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Endpoints.
    #[field(tag = 2, always, list = "atomic")]
    pub endpoints: Vec<Endpoint>,
    /// Ports.
    #[field(tag = 3, always, list = "atomic")]
    pub ports: Vec<EndpointPort>,
    /// Address type.
    #[field(tag = 4, always, required)]
    pub address_type: String,
}

/// An endpoint.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Endpoint {
    /// Addresses.
    #[field(tag = 1, always, required, list = "set")]
    pub addresses: Vec<String>,
    /// Conditions.
    #[field(tag = 2, always)]
    pub conditions: EndpointConditions,
    /// Hostname.
    #[field(tag = 3)]
    pub hostname: Option<String>,
    /// Target reference.
    #[field(tag = 4)]
    pub target_ref: Option<Box<crate::api::core::v1::ObjectReference>>,
    /// Deprecated topology.
    #[field(tag = 5)]
    pub deprecated_topology: BTreeMap<String, String>,
    /// Node name.
    #[field(tag = 6)]
    pub node_name: Option<String>,
    /// Zone.
    #[field(tag = 7)]
    pub zone: Option<String>,
    /// Hints.
    #[field(tag = 8)]
    pub hints: Option<Box<EndpointHints>>,
}

/// An endpoint conditions.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EndpointConditions {
    /// Ready.
    #[field(tag = 1)]
    pub ready: Option<bool>,
    /// Serving.
    #[field(tag = 2)]
    pub serving: Option<bool>,
    /// Terminating.
    #[field(tag = 3)]
    pub terminating: Option<bool>,
}

/// An endpoint hints.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EndpointHints {
    /// For zones.
    #[field(tag = 1, list = "atomic")]
    pub for_zones: Vec<ForZone>,
    /// For nodes.
    #[field(tag = 2, list = "atomic")]
    pub for_nodes: Vec<ForNode>,
}

/// An endpoint port.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct EndpointPort {
    /// Name.
    #[field(tag = 1)]
    pub name: Option<String>,
    /// Protocol.
    #[field(tag = 2)]
    pub protocol: Option<String>,
    /// Port.
    #[field(tag = 3)]
    pub port: Option<i32>,
    /// App protocol.
    #[field(tag = 4)]
    pub app_protocol: Option<String>,
}

/// A for node.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ForNode {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
}

/// A for zone.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ForZone {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
}
