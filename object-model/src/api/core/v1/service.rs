//! `Service` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// Service as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    version = "v1",
    plural = "services",
    short = "svc",
    categories = "all",
    subresources = "proxy,status",
    rules
)]
pub struct Service {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<ServiceSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<ServiceStatus>>,
}

/// ClientIPConfig as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ClientIPConfig {
    /// See the API reference.
    #[field(tag = 1)]
    pub timeout_seconds: i32,
}

/// LoadBalancerIngress as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LoadBalancerIngress {
    /// See the API reference.
    #[field(tag = 1)]
    pub ip: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub hostname: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub ip_mode: String,
    /// See the API reference.
    #[field(tag = 4, list = "atomic")]
    pub ports: Vec<PortStatus>,
}

/// LoadBalancerStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LoadBalancerStatus {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub ingress: Vec<LoadBalancerIngress>,
}

/// PortStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PortStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub port: i32,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub protocol: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub error: String,
}

/// ServicePort as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServicePort {
    /// See the API reference.
    #[field(tag = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub protocol: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub port: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub target_port: crate::IntOrString,
    /// See the API reference.
    #[field(tag = 5)]
    pub node_port: i32,
    /// See the API reference.
    #[field(tag = 6)]
    pub app_protocol: String,
}

/// ServiceSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceSpec {
    /// See the API reference.
    #[field(
        tag = 1,
        list = "map",
        keys = "port,protocol",
        patch = "merge",
        merge_key = "port"
    )]
    pub ports: Vec<ServicePort>,
    /// See the API reference.
    #[field(tag = 2, atomic)]
    pub selector: BTreeMap<String, String>,
    /// See the API reference.
    #[field(tag = 3, name = "clusterIP")]
    pub cluster_ip: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 5, name = "externalIPs", list = "atomic")]
    pub external_ips: Vec<String>,
    /// See the API reference.
    #[field(tag = 7)]
    pub session_affinity: String,
    /// See the API reference.
    #[field(tag = 8, name = "loadBalancerIP")]
    pub load_balancer_ip: String,
    /// See the API reference.
    #[field(tag = 9, list = "atomic")]
    pub load_balancer_source_ranges: Vec<String>,
    /// See the API reference.
    #[field(tag = 10)]
    pub external_name: String,
    /// See the API reference.
    #[field(tag = 11)]
    pub external_traffic_policy: String,
    /// See the API reference.
    #[field(tag = 12)]
    pub health_check_node_port: i32,
    /// See the API reference.
    #[field(tag = 13)]
    pub publish_not_ready_addresses: bool,
    /// See the API reference.
    #[field(tag = 14)]
    pub session_affinity_config: Option<Box<SessionAffinityConfig>>,
    /// See the API reference.
    #[field(tag = 17)]
    pub ip_family_policy: String,
    /// See the API reference.
    #[field(tag = 18, name = "clusterIPs", list = "atomic")]
    pub cluster_ips: Vec<String>,
    /// See the API reference.
    #[field(tag = 19, list = "atomic")]
    pub ip_families: Vec<String>,
    /// See the API reference.
    #[field(tag = 20)]
    pub allocate_load_balancer_node_ports: bool,
    /// See the API reference.
    #[field(tag = 21)]
    pub load_balancer_class: String,
    /// See the API reference.
    #[field(tag = 22)]
    pub internal_traffic_policy: String,
    /// See the API reference.
    #[field(tag = 23)]
    pub traffic_distribution: String,
}

/// ServiceStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub load_balancer: Option<Box<LoadBalancerStatus>>,
    /// See the API reference.
    #[field(
        tag = 2,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
}

/// SessionAffinityConfig as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SessionAffinityConfig {
    /// See the API reference.
    #[field(tag = 1, name = "clientIP")]
    pub client_ip: Option<Box<ClientIPConfig>>,
}
