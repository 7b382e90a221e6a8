//! `Endpoints` and the types that only it uses.

use crate::{Reflect, Resource};

use super::ObjectReference;

/// Endpoints as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "endpoints", short = "ep", rules)]
pub struct Endpoints {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub subsets: Vec<EndpointSubset>,
}

/// EndpointAddress as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct EndpointAddress {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub ip: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub target_ref: Option<Box<ObjectReference>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub hostname: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub node_name: String,
}

/// EndpointPort as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct EndpointPort {
    /// See the API reference.
    #[field(tag = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub port: i32,
    /// See the API reference.
    #[field(tag = 3)]
    pub protocol: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub app_protocol: String,
}

/// EndpointSubset as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EndpointSubset {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub addresses: Vec<EndpointAddress>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub not_ready_addresses: Vec<EndpointAddress>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub ports: Vec<EndpointPort>,
}
