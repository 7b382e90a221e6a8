//! `Node` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "nodes", scope = "Cluster", short = "no", subresources = "proxy,status", rules)]
pub struct Node {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: NodeSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: NodeStatus,
}

/// An attached volume.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AttachedVolume {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Device path.
    #[field(tag = 2, always, required)]
    pub device_path: String,
}

/// A config map node config source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ConfigMapNodeConfigSource {
    /// Namespace.
    #[field(tag = 1, always, required)]
    pub namespace: String,
    /// Name.
    #[field(tag = 2, always, required)]
    pub name: String,
    /// Uid.
    #[field(tag = 3)]
    pub uid: String,
    /// Resource version.
    #[field(tag = 4)]
    pub resource_version: String,
    /// Kubelet config key.
    #[field(tag = 5, always, required)]
    pub kubelet_config_key: String,
}

/// A container image.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerImage {
    /// Names.
    #[field(tag = 1, list = "atomic")]
    pub names: Vec<String>,
    /// Size bytes.
    #[field(tag = 2)]
    pub size_bytes: i64,
}

/// A daemon endpoint.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DaemonEndpoint {
    /// Port.
    #[field(tag = 1, name = "Port", always, required)]
    pub port: i32,
}

/// A node address.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeAddress {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Address.
    #[field(tag = 2, always, required)]
    pub address: String,
}

/// A node condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeCondition {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Status.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// Last heartbeat time.
    #[field(tag = 3, value, always)]
    pub last_heartbeat_time: Option<crate::Time>,
    /// Last transition time.
    #[field(tag = 4, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// Reason.
    #[field(tag = 5)]
    pub reason: String,
    /// Message.
    #[field(tag = 6)]
    pub message: String,
}

/// A node config source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeConfigSource {
    /// Config map.
    #[field(tag = 2)]
    pub config_map: Option<Box<ConfigMapNodeConfigSource>>,
}

/// A node config status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeConfigStatus {
    /// Assigned.
    #[field(tag = 1)]
    pub assigned: Option<Box<NodeConfigSource>>,
    /// Active.
    #[field(tag = 2)]
    pub active: Option<Box<NodeConfigSource>>,
    /// Last known good.
    #[field(tag = 3)]
    pub last_known_good: Option<Box<NodeConfigSource>>,
    /// Error.
    #[field(tag = 4)]
    pub error: String,
}

/// A node daemon endpoints.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeDaemonEndpoints {
    /// Kubelet endpoint.
    #[field(tag = 1, always)]
    pub kubelet_endpoint: DaemonEndpoint,
}

/// A node features.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeFeatures {
    /// Supplemental groups policy.
    #[field(tag = 1)]
    pub supplemental_groups_policy: Option<bool>,
}

/// A node runtime handler.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeRuntimeHandler {
    /// Name.
    #[field(tag = 1)]
    pub name: String,
    /// Features.
    #[field(tag = 2)]
    pub features: Option<Box<NodeRuntimeHandlerFeatures>>,
}

/// A node runtime handler features.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeRuntimeHandlerFeatures {
    /// Recursive read only mounts.
    #[field(tag = 1)]
    pub recursive_read_only_mounts: Option<bool>,
    /// User namespaces.
    #[field(tag = 2)]
    pub user_namespaces: Option<bool>,
}

/// A node spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeSpec {
    /// Pod CIDR.
    #[field(tag = 1, name = "podCIDR")]
    pub pod_cidr: String,
    /// External ID.
    #[field(tag = 2, name = "externalID")]
    pub external_id: String,
    /// Provider ID.
    #[field(tag = 3, name = "providerID")]
    pub provider_id: String,
    /// Unschedulable.
    #[field(tag = 4)]
    pub unschedulable: bool,
    /// Taints.
    #[field(tag = 5, list = "atomic")]
    pub taints: Vec<Taint>,
    /// Config source.
    #[field(tag = 6)]
    pub config_source: Option<Box<NodeConfigSource>>,
    /// Pod CID Rs.
    #[field(tag = 7, name = "podCIDRs", list = "set", patch = "merge")]
    pub pod_cidrs: Vec<String>,
}

/// A node status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeStatus {
    /// Capacity.
    #[field(tag = 1)]
    pub capacity: BTreeMap<String, crate::Quantity>,
    /// Allocatable.
    #[field(tag = 2)]
    pub allocatable: BTreeMap<String, crate::Quantity>,
    /// Phase.
    #[field(tag = 3)]
    pub phase: String,
    /// Conditions.
    #[field(tag = 4, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<NodeCondition>,
    /// Addresses.
    #[field(tag = 5, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub addresses: Vec<NodeAddress>,
    /// Daemon endpoints.
    #[field(tag = 6, always)]
    pub daemon_endpoints: NodeDaemonEndpoints,
    /// Node info.
    #[field(tag = 7, always)]
    pub node_info: NodeSystemInfo,
    /// Images.
    #[field(tag = 8, list = "atomic")]
    pub images: Vec<ContainerImage>,
    /// Volumes in use.
    #[field(tag = 9, list = "atomic")]
    pub volumes_in_use: Vec<String>,
    /// Volumes attached.
    #[field(tag = 10, list = "atomic")]
    pub volumes_attached: Vec<AttachedVolume>,
    /// Config.
    #[field(tag = 11)]
    pub config: Option<Box<NodeConfigStatus>>,
    /// Runtime handlers.
    #[field(tag = 12, list = "atomic")]
    pub runtime_handlers: Vec<NodeRuntimeHandler>,
    /// Features.
    #[field(tag = 13)]
    pub features: Option<Box<NodeFeatures>>,
    /// Declared features.
    #[field(tag = 14, list = "atomic")]
    pub declared_features: Vec<String>,
}

/// A node swap status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeSwapStatus {
    /// Capacity.
    #[field(tag = 1)]
    pub capacity: Option<i64>,
}

/// A node system info.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeSystemInfo {
    /// Machine ID.
    #[field(tag = 1, name = "machineID", always, required)]
    pub machine_id: String,
    /// System UUID.
    #[field(tag = 2, name = "systemUUID", always, required)]
    pub system_uuid: String,
    /// Boot ID.
    #[field(tag = 3, name = "bootID", always, required)]
    pub boot_id: String,
    /// Kernel version.
    #[field(tag = 4, always, required)]
    pub kernel_version: String,
    /// Os image.
    #[field(tag = 5, always, required)]
    pub os_image: String,
    /// Container runtime version.
    #[field(tag = 6, always, required)]
    pub container_runtime_version: String,
    /// Kubelet version.
    #[field(tag = 7, always, required)]
    pub kubelet_version: String,
    /// Kube proxy version.
    #[field(tag = 8, always, required)]
    pub kube_proxy_version: String,
    /// Operating system.
    #[field(tag = 9, always, required)]
    pub operating_system: String,
    /// Architecture.
    #[field(tag = 10, always, required)]
    pub architecture: String,
    /// Swap.
    #[field(tag = 11)]
    pub swap: Option<Box<NodeSwapStatus>>,
}

/// A taint.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Taint {
    /// Key.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// Value.
    #[field(tag = 2)]
    pub value: String,
    /// Effect.
    #[field(tag = 3, always, required)]
    pub effect: String,
    /// Time added.
    #[field(tag = 4)]
    pub time_added: Option<crate::Time>,
}
