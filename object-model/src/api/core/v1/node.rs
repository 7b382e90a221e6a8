//! `Node` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// Node as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    version = "v1",
    plural = "nodes",
    scope = "Cluster",
    short = "no",
    subresources = "proxy,status",
    rules
)]
pub struct Node {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<NodeSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<NodeStatus>>,
}

/// AttachedVolume as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AttachedVolume {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub device_path: String,
}

/// ConfigMapNodeConfigSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ConfigMapNodeConfigSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub namespace: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub uid: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub resource_version: String,
    /// See the API reference.
    #[field(tag = 5, always, required)]
    pub kubelet_config_key: String,
}

/// ContainerImage as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerImage {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub names: Vec<String>,
    /// See the API reference.
    #[field(tag = 2)]
    pub size_bytes: i64,
}

/// DaemonEndpoint as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DaemonEndpoint {
    /// See the API reference.
    #[field(tag = 1, name = "Port", always, required)]
    pub port: i32,
}

/// NodeAddress as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeAddress {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub address: String,
}

/// NodeCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeCondition {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// See the API reference.
    #[field(tag = 3, value, always)]
    pub last_heartbeat_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 4, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 5)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub message: String,
}

/// NodeConfigSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeConfigSource {
    /// See the API reference.
    #[field(tag = 2)]
    pub config_map: Option<Box<ConfigMapNodeConfigSource>>,
}

/// NodeConfigStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeConfigStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub assigned: Option<Box<NodeConfigSource>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub active: Option<Box<NodeConfigSource>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub last_known_good: Option<Box<NodeConfigSource>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub error: String,
}

/// NodeDaemonEndpoints as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeDaemonEndpoints {
    /// See the API reference.
    #[field(tag = 1)]
    pub kubelet_endpoint: Option<Box<DaemonEndpoint>>,
}

/// NodeFeatures as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeFeatures {
    /// See the API reference.
    #[field(tag = 1)]
    pub supplemental_groups_policy: bool,
}

/// NodeRuntimeHandler as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeRuntimeHandler {
    /// See the API reference.
    #[field(tag = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub features: Option<Box<NodeRuntimeHandlerFeatures>>,
}

/// NodeRuntimeHandlerFeatures as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeRuntimeHandlerFeatures {
    /// See the API reference.
    #[field(tag = 1)]
    pub recursive_read_only_mounts: bool,
    /// See the API reference.
    #[field(tag = 2)]
    pub user_namespaces: bool,
}

/// NodeSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeSpec {
    /// See the API reference.
    #[field(tag = 1, name = "podCIDR")]
    pub pod_cidr: String,
    /// See the API reference.
    #[field(tag = 2, name = "externalID")]
    pub external_id: String,
    /// See the API reference.
    #[field(tag = 3, name = "providerID")]
    pub provider_id: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub unschedulable: bool,
    /// See the API reference.
    #[field(tag = 5, list = "atomic")]
    pub taints: Vec<Taint>,
    /// See the API reference.
    #[field(tag = 6)]
    pub config_source: Option<Box<NodeConfigSource>>,
    /// See the API reference.
    #[field(tag = 7, name = "podCIDRs", list = "set", patch = "merge")]
    pub pod_cidrs: Vec<String>,
}

/// NodeStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub capacity: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 2)]
    pub allocatable: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 3)]
    pub phase: String,
    /// See the API reference.
    #[field(
        tag = 4,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<NodeCondition>,
    /// See the API reference.
    #[field(
        tag = 5,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub addresses: Vec<NodeAddress>,
    /// See the API reference.
    #[field(tag = 6)]
    pub daemon_endpoints: Option<Box<NodeDaemonEndpoints>>,
    /// See the API reference.
    #[field(tag = 7)]
    pub node_info: Option<Box<NodeSystemInfo>>,
    /// See the API reference.
    #[field(tag = 8, list = "atomic")]
    pub images: Vec<ContainerImage>,
    /// See the API reference.
    #[field(tag = 9, list = "atomic")]
    pub volumes_in_use: Vec<String>,
    /// See the API reference.
    #[field(tag = 10, list = "atomic")]
    pub volumes_attached: Vec<AttachedVolume>,
    /// See the API reference.
    #[field(tag = 11)]
    pub config: Option<Box<NodeConfigStatus>>,
    /// See the API reference.
    #[field(tag = 12, list = "atomic")]
    pub runtime_handlers: Vec<NodeRuntimeHandler>,
    /// See the API reference.
    #[field(tag = 13)]
    pub features: Option<Box<NodeFeatures>>,
    /// See the API reference.
    #[field(tag = 14, list = "atomic")]
    pub declared_features: Vec<String>,
}

/// NodeSwapStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeSwapStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub capacity: i64,
}

/// NodeSystemInfo as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeSystemInfo {
    /// See the API reference.
    #[field(tag = 1, name = "machineID", always, required)]
    pub machine_id: String,
    /// See the API reference.
    #[field(tag = 2, name = "systemUUID", always, required)]
    pub system_uuid: String,
    /// See the API reference.
    #[field(tag = 3, name = "bootID", always, required)]
    pub boot_id: String,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub kernel_version: String,
    /// See the API reference.
    #[field(tag = 5, always, required)]
    pub os_image: String,
    /// See the API reference.
    #[field(tag = 6, always, required)]
    pub container_runtime_version: String,
    /// See the API reference.
    #[field(tag = 7, always, required)]
    pub kubelet_version: String,
    /// See the API reference.
    #[field(tag = 8, always, required)]
    pub kube_proxy_version: String,
    /// See the API reference.
    #[field(tag = 9, always, required)]
    pub operating_system: String,
    /// See the API reference.
    #[field(tag = 10, always, required)]
    pub architecture: String,
    /// See the API reference.
    #[field(tag = 11)]
    pub swap: Option<Box<NodeSwapStatus>>,
}

/// Taint as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Taint {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub value: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub effect: String,
    /// See the API reference.
    #[field(tag = 4, value, always)]
    pub time_added: Option<crate::Time>,
}
