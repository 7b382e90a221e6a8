//! `Service` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// A service.
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
    #[field(tag = 2, always)]
    pub spec: ServiceSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: ServiceStatus,
}

/// A client ip config.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ClientIPConfig {
    /// Timeout, in seconds.
    #[field(tag = 1)]
    pub timeout_seconds: Option<i32>,
}

/// A load balancer ingress.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LoadBalancerIngress {
    /// Ip.
    #[field(tag = 1)]
    pub ip: String,
    /// Hostname.
    #[field(tag = 2)]
    pub hostname: String,
    /// Ip mode.
    #[field(tag = 3)]
    pub ip_mode: Option<String>,
    /// Ports.
    #[field(tag = 4, list = "atomic")]
    pub ports: Vec<PortStatus>,
}

/// A load balancer status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LoadBalancerStatus {
    /// Ingress.
    #[field(tag = 1, list = "atomic")]
    pub ingress: Vec<LoadBalancerIngress>,
}

/// A port status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PortStatus {
    /// Port.
    #[field(tag = 1, always, required)]
    pub port: i32,
    /// Protocol.
    #[field(tag = 2, always, required)]
    pub protocol: String,
    /// Error.
    #[field(tag = 3)]
    pub error: Option<String>,
}

/// A service port.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServicePort {
    /// Name.
    #[field(tag = 1)]
    pub name: String,
    /// Protocol.
    #[field(tag = 2, default = "\"TCP\"")]
    pub protocol: String,
    /// Port.
    #[field(tag = 3, always, required)]
    pub port: i32,
    /// Target port.
    #[field(tag = 4, always)]
    pub target_port: crate::IntOrString,
    /// Node port.
    #[field(tag = 5)]
    pub node_port: i32,
    /// App protocol.
    #[field(tag = 6)]
    pub app_protocol: Option<String>,
}

/// A service spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceSpec {
    /// Ports.
    #[field(tag = 1, list = "map", keys = "port,protocol", patch = "merge", merge_key = "port")]
    pub ports: Vec<ServicePort>,
    /// Selector.
    #[field(tag = 2, atomic)]
    pub selector: BTreeMap<String, String>,
    /// Cluster IP.
    #[field(tag = 3, name = "clusterIP")]
    pub cluster_ip: String,
    /// Type.
    #[field(tag = 4)]
    pub type_: String,
    /// External I Ps.
    #[field(tag = 5, name = "externalIPs", list = "atomic")]
    pub external_ips: Vec<String>,
    /// Session affinity.
    #[field(tag = 7)]
    pub session_affinity: String,
    /// Load balancer IP.
    #[field(tag = 8, name = "loadBalancerIP")]
    pub load_balancer_ip: String,
    /// Load balancer source ranges.
    #[field(tag = 9, list = "atomic")]
    pub load_balancer_source_ranges: Vec<String>,
    /// External name.
    #[field(tag = 10)]
    pub external_name: String,
    /// External traffic policy.
    #[field(tag = 11)]
    pub external_traffic_policy: String,
    /// Health check node port.
    #[field(tag = 12)]
    pub health_check_node_port: i32,
    /// Publish not ready addresses.
    #[field(tag = 13)]
    pub publish_not_ready_addresses: bool,
    /// Session affinity config.
    #[field(tag = 14)]
    pub session_affinity_config: Option<Box<SessionAffinityConfig>>,
    /// Ip family policy.
    #[field(tag = 17)]
    pub ip_family_policy: Option<String>,
    /// Cluster I Ps.
    #[field(tag = 18, name = "clusterIPs", list = "atomic")]
    pub cluster_ips: Vec<String>,
    /// Ip families.
    #[field(tag = 19, list = "atomic")]
    pub ip_families: Vec<String>,
    /// Allocate load balancer node ports.
    #[field(tag = 20)]
    pub allocate_load_balancer_node_ports: Option<bool>,
    /// Load balancer class.
    #[field(tag = 21)]
    pub load_balancer_class: Option<String>,
    /// Internal traffic policy.
    #[field(tag = 22)]
    pub internal_traffic_policy: Option<String>,
    /// Traffic distribution.
    #[field(tag = 23)]
    pub traffic_distribution: Option<String>,
}

/// A service status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceStatus {
    /// Load balancer.
    #[field(tag = 1, always)]
    pub load_balancer: LoadBalancerStatus,
    /// Conditions.
    #[field(tag = 2, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
}

/// A session affinity config.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SessionAffinityConfig {
    /// Client IP.
    #[field(tag = 1, name = "clientIP")]
    pub client_ip: Option<Box<ClientIPConfig>>,
}
