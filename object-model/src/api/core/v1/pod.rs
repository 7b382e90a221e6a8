//! `Pod` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

use super::{PodSpec, ResourceRequirements};

/// Pod as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    version = "v1",
    plural = "pods",
    short = "po",
    categories = "all",
    subresources = "attach,binding,ephemeralcontainers,eviction,exec,log,portforward,proxy,resize,status",
    rules
)]
pub struct Pod {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<PodSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<PodStatus>>,
}

/// ContainerExtendedResourceRequest as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerExtendedResourceRequest {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub container_name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub resource_name: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub request_name: String,
}

/// ContainerState as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerState {
    /// See the API reference.
    #[field(tag = 1)]
    pub waiting: Option<Box<ContainerStateWaiting>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub running: Option<Box<ContainerStateRunning>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub terminated: Option<Box<ContainerStateTerminated>>,
}

/// ContainerStateRunning as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerStateRunning {
    /// See the API reference.
    #[field(tag = 1, value, always)]
    pub started_at: Option<crate::Time>,
}

/// ContainerStateTerminated as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerStateTerminated {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub exit_code: i32,
    /// See the API reference.
    #[field(tag = 2)]
    pub signal: i32,
    /// See the API reference.
    #[field(tag = 3)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub message: String,
    /// See the API reference.
    #[field(tag = 5, value, always)]
    pub started_at: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 6, value, always)]
    pub finished_at: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 7, name = "containerID")]
    pub container_id: String,
}

/// ContainerStateWaiting as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerStateWaiting {
    /// See the API reference.
    #[field(tag = 1)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub message: String,
}

/// ContainerStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub state: Option<Box<ContainerState>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub last_state: Option<Box<ContainerState>>,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub ready: bool,
    /// See the API reference.
    #[field(tag = 5, always, required)]
    pub restart_count: i32,
    /// See the API reference.
    #[field(tag = 6, always, required)]
    pub image: String,
    /// See the API reference.
    #[field(tag = 7, name = "imageID", always, required)]
    pub image_id: String,
    /// See the API reference.
    #[field(tag = 8, name = "containerID")]
    pub container_id: String,
    /// See the API reference.
    #[field(tag = 9)]
    pub started: bool,
    /// See the API reference.
    #[field(tag = 10)]
    pub allocated_resources: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 11)]
    pub resources: Option<Box<ResourceRequirements>>,
    /// See the API reference.
    #[field(
        tag = 12,
        list = "map",
        keys = "mountPath",
        patch = "merge",
        merge_key = "mountPath"
    )]
    pub volume_mounts: Vec<VolumeMountStatus>,
    /// See the API reference.
    #[field(tag = 13)]
    pub user: Option<Box<ContainerUser>>,
    /// See the API reference.
    #[field(
        tag = 14,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub allocated_resources_status: Vec<ResourceStatus>,
    /// See the API reference.
    #[field(tag = 15)]
    pub stop_signal: String,
}

/// ContainerUser as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerUser {
    /// See the API reference.
    #[field(tag = 1)]
    pub linux: Option<Box<LinuxContainerUser>>,
}

/// HostIP as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HostIP {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub ip: String,
}

/// ImageVolumeStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ImageVolumeStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub image_ref: String,
}

/// LinuxContainerUser as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LinuxContainerUser {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub uid: i64,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub gid: i64,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub supplemental_groups: Vec<i64>,
}

/// NodeAllocatableResourceClaimStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeAllocatableResourceClaimStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub resource_claim_name: String,
    /// See the API reference.
    #[field(tag = 2, list = "set")]
    pub containers: Vec<String>,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub resources: BTreeMap<String, crate::Quantity>,
}

/// PodCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodCondition {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// See the API reference.
    #[field(tag = 3, value, always)]
    pub last_probe_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 4, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 5)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub message: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub observed_generation: i64,
}

/// PodExtendedResourceClaimStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodExtendedResourceClaimStatus {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "atomic")]
    pub request_mappings: Vec<ContainerExtendedResourceRequest>,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub resource_claim_name: String,
}

/// PodIP as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodIP {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub ip: String,
}

/// PodResourceClaimStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodResourceClaimStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub resource_claim_name: String,
}

/// PodStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub phase: String,
    /// See the API reference.
    #[field(
        tag = 2,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<PodCondition>,
    /// See the API reference.
    #[field(tag = 3)]
    pub message: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 5, name = "hostIP")]
    pub host_ip: String,
    /// See the API reference.
    #[field(tag = 6, name = "podIP")]
    pub pod_ip: String,
    /// See the API reference.
    #[field(tag = 7, value, always)]
    pub start_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 8, list = "atomic")]
    pub container_statuses: Vec<ContainerStatus>,
    /// See the API reference.
    #[field(tag = 9)]
    pub qos_class: String,
    /// See the API reference.
    #[field(tag = 10, list = "atomic")]
    pub init_container_statuses: Vec<ContainerStatus>,
    /// See the API reference.
    #[field(tag = 11)]
    pub nominated_node_name: String,
    /// See the API reference.
    #[field(
        tag = 12,
        name = "podIPs",
        list = "map",
        keys = "ip",
        patch = "merge",
        merge_key = "ip"
    )]
    pub pod_ips: Vec<PodIP>,
    /// See the API reference.
    #[field(tag = 13, list = "atomic")]
    pub ephemeral_container_statuses: Vec<ContainerStatus>,
    /// See the API reference.
    #[field(tag = 14)]
    pub resize: String,
    /// See the API reference.
    #[field(
        tag = 15,
        list = "map",
        keys = "name",
        patch = "merge,retainKeys",
        merge_key = "name"
    )]
    pub resource_claim_statuses: Vec<PodResourceClaimStatus>,
    /// See the API reference.
    #[field(
        tag = 16,
        name = "hostIPs",
        list = "atomic",
        patch = "merge",
        merge_key = "ip"
    )]
    pub host_ips: Vec<HostIP>,
    /// See the API reference.
    #[field(tag = 17)]
    pub observed_generation: i64,
    /// See the API reference.
    #[field(tag = 18)]
    pub extended_resource_claim_status: Option<Box<PodExtendedResourceClaimStatus>>,
    /// See the API reference.
    #[field(tag = 19)]
    pub allocated_resources: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 20)]
    pub resources: Option<Box<ResourceRequirements>>,
    /// See the API reference.
    #[field(tag = 21, list = "atomic")]
    pub node_allocatable_resource_claim_statuses: Vec<NodeAllocatableResourceClaimStatus>,
}

/// ResourceHealth as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceHealth {
    /// See the API reference.
    #[field(tag = 1, name = "resourceID", always, required)]
    pub resource_id: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub health: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub message: String,
}

/// ResourceStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, list = "map", keys = "resourceID")]
    pub resources: Vec<ResourceHealth>,
}

/// VolumeMountStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeMountStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub mount_path: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub read_only: bool,
    /// See the API reference.
    #[field(tag = 4)]
    pub recursive_read_only: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub volume_status: Option<Box<VolumeStatus>>,
}

/// VolumeStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub image: Option<Box<ImageVolumeStatus>>,
}
