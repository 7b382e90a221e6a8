//! `Endpoints` and the types that only it uses.

use crate::{Reflect, Resource};

use super::ObjectReference;

/// An endpoints.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "endpoints", short = "ep", rules)]
pub struct Endpoints {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Subsets.
    #[field(tag = 2, list = "atomic")]
    pub subsets: Vec<EndpointSubset>,
}

/// An endpoint address.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct EndpointAddress {
    /// Ip.
    #[field(tag = 1, always, required)]
    pub ip: String,
    /// Target reference.
    #[field(tag = 2)]
    pub target_ref: Option<Box<ObjectReference>>,
    /// Hostname.
    #[field(tag = 3)]
    pub hostname: String,
    /// Node name.
    #[field(tag = 4)]
    pub node_name: Option<String>,
}

/// An endpoint port.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct EndpointPort {
    /// Name.
    #[field(tag = 1)]
    pub name: String,
    /// Port.
    #[field(tag = 2, always, required)]
    pub port: i32,
    /// Protocol.
    #[field(tag = 3)]
    pub protocol: String,
    /// App protocol.
    #[field(tag = 4)]
    pub app_protocol: Option<String>,
}

/// An endpoint subset.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EndpointSubset {
    /// Addresses.
    #[field(tag = 1, list = "atomic")]
    pub addresses: Vec<EndpointAddress>,
    /// Not ready addresses.
    #[field(tag = 2, list = "atomic")]
    pub not_ready_addresses: Vec<EndpointAddress>,
    /// Ports.
    #[field(tag = 3, list = "atomic")]
    pub ports: Vec<EndpointPort>,
}
