//! `Pod` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

use super::{PodSpec, ResourceRequirements};

/// A pod.
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
    #[field(tag = 2, always)]
    pub spec: PodSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: PodStatus,
}

/// A container extended resource request.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerExtendedResourceRequest {
    /// Container name.
    #[field(tag = 1, always, required)]
    pub container_name: String,
    /// Resource name.
    #[field(tag = 2, always, required)]
    pub resource_name: String,
    /// Request name.
    #[field(tag = 3, always, required)]
    pub request_name: String,
}

/// A container state.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerState {
    /// Waiting.
    #[field(tag = 1)]
    pub waiting: Option<Box<ContainerStateWaiting>>,
    /// Running.
    #[field(tag = 2)]
    pub running: Option<Box<ContainerStateRunning>>,
    /// Terminated.
    #[field(tag = 3)]
    pub terminated: Option<Box<ContainerStateTerminated>>,
}

/// A container state running.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerStateRunning {
    /// Started at.
    #[field(tag = 1, value, always)]
    pub started_at: Option<crate::Time>,
}

/// A container state terminated.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerStateTerminated {
    /// Exit code.
    #[field(tag = 1, always, required)]
    pub exit_code: i32,
    /// Signal.
    #[field(tag = 2)]
    pub signal: i32,
    /// Reason.
    #[field(tag = 3)]
    pub reason: String,
    /// Message.
    #[field(tag = 4)]
    pub message: String,
    /// Started at.
    #[field(tag = 5, value, always)]
    pub started_at: Option<crate::Time>,
    /// Finished at.
    #[field(tag = 6, value, always)]
    pub finished_at: Option<crate::Time>,
    /// Container ID.
    #[field(tag = 7, name = "containerID")]
    pub container_id: String,
}

/// A container state waiting.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerStateWaiting {
    /// Reason.
    #[field(tag = 1)]
    pub reason: String,
    /// Message.
    #[field(tag = 2)]
    pub message: String,
}

/// A container status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerStatus {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// State.
    #[field(tag = 2, always)]
    pub state: ContainerState,
    /// Last state.
    #[field(tag = 3, always)]
    pub last_state: ContainerState,
    /// Ready.
    #[field(tag = 4, always, required)]
    pub ready: bool,
    /// Restart count.
    #[field(tag = 5, always, required)]
    pub restart_count: i32,
    /// Image.
    #[field(tag = 6, always, required)]
    pub image: String,
    /// Image ID.
    #[field(tag = 7, name = "imageID", always, required)]
    pub image_id: String,
    /// Container ID.
    #[field(tag = 8, name = "containerID")]
    pub container_id: String,
    /// Started.
    #[field(tag = 9)]
    pub started: Option<bool>,
    /// Allocated resources.
    #[field(tag = 10)]
    pub allocated_resources: BTreeMap<String, crate::Quantity>,
    /// Resources.
    #[field(tag = 11)]
    pub resources: Option<Box<ResourceRequirements>>,
    /// Volume mounts.
    #[field(tag = 12, list = "map", keys = "mountPath", patch = "merge", merge_key = "mountPath")]
    pub volume_mounts: Vec<VolumeMountStatus>,
    /// User.
    #[field(tag = 13)]
    pub user: Option<Box<ContainerUser>>,
    /// Allocated resources status.
    #[field(tag = 14, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub allocated_resources_status: Vec<ResourceStatus>,
    /// Stop signal.
    #[field(tag = 15)]
    pub stop_signal: Option<String>,
}

/// A container user.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerUser {
    /// Linux.
    #[field(tag = 1)]
    pub linux: Option<Box<LinuxContainerUser>>,
}

/// A host ip.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HostIP {
    /// Ip.
    #[field(tag = 1, always, required)]
    pub ip: String,
}

/// An image volume status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ImageVolumeStatus {
    /// Image reference.
    #[field(tag = 1, always, required)]
    pub image_ref: String,
}

/// A linux container user.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LinuxContainerUser {
    /// Uid.
    #[field(tag = 1, always, required)]
    pub uid: i64,
    /// Gid.
    #[field(tag = 2, always, required)]
    pub gid: i64,
    /// Supplemental groups.
    #[field(tag = 3, list = "atomic")]
    pub supplemental_groups: Vec<i64>,
}

/// A node allocatable resource claim status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeAllocatableResourceClaimStatus {
    /// Resource claim name.
    #[field(tag = 1, always, required)]
    pub resource_claim_name: String,
    /// Containers.
    #[field(tag = 2, list = "set")]
    pub containers: Vec<String>,
    /// Resources.
    #[field(tag = 3, always, required)]
    pub resources: BTreeMap<String, crate::Quantity>,
}

/// A pod condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodCondition {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Status.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// Last probe time.
    #[field(tag = 3, value, always)]
    pub last_probe_time: Option<crate::Time>,
    /// Last transition time.
    #[field(tag = 4, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// Reason.
    #[field(tag = 5)]
    pub reason: String,
    /// Message.
    #[field(tag = 6)]
    pub message: String,
    /// Observed generation.
    #[field(tag = 7)]
    pub observed_generation: i64,
}

/// A pod extended resource claim status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodExtendedResourceClaimStatus {
    /// Request mappings.
    #[field(tag = 1, always, required, list = "atomic")]
    pub request_mappings: Vec<ContainerExtendedResourceRequest>,
    /// Resource claim name.
    #[field(tag = 2, always, required)]
    pub resource_claim_name: String,
}

/// A pod ip.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodIP {
    /// Ip.
    #[field(tag = 1, always, required)]
    pub ip: String,
}

/// A pod resource claim status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodResourceClaimStatus {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Resource claim name.
    #[field(tag = 2)]
    pub resource_claim_name: String,
}

/// A pod status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodStatus {
    /// Phase.
    #[field(tag = 1)]
    pub phase: String,
    /// Conditions.
    #[field(tag = 2, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<PodCondition>,
    /// Message.
    #[field(tag = 3)]
    pub message: String,
    /// Reason.
    #[field(tag = 4)]
    pub reason: String,
    /// Host IP.
    #[field(tag = 5, name = "hostIP")]
    pub host_ip: String,
    /// Pod IP.
    #[field(tag = 6, name = "podIP")]
    pub pod_ip: String,
    /// Start time.
    #[field(tag = 7)]
    pub start_time: Option<crate::Time>,
    /// Container statuses.
    #[field(tag = 8, list = "atomic")]
    pub container_statuses: Vec<ContainerStatus>,
    /// Qos class.
    #[field(tag = 9)]
    pub qos_class: String,
    /// Init container statuses.
    #[field(tag = 10, list = "atomic")]
    pub init_container_statuses: Vec<ContainerStatus>,
    /// Nominated node name.
    #[field(tag = 11)]
    pub nominated_node_name: String,
    /// Pod I Ps.
    #[field(tag = 12, name = "podIPs", list = "map", keys = "ip", patch = "merge", merge_key = "ip")]
    pub pod_ips: Vec<PodIP>,
    /// Ephemeral container statuses.
    #[field(tag = 13, list = "atomic")]
    pub ephemeral_container_statuses: Vec<ContainerStatus>,
    /// Resize.
    #[field(tag = 14)]
    pub resize: String,
    /// Resource claim statuses.
    #[field(tag = 15, list = "map", keys = "name", patch = "merge,retainKeys", merge_key = "name")]
    pub resource_claim_statuses: Vec<PodResourceClaimStatus>,
    /// Host I Ps.
    #[field(tag = 16, name = "hostIPs", list = "atomic", patch = "merge", merge_key = "ip")]
    pub host_ips: Vec<HostIP>,
    /// Observed generation.
    #[field(tag = 17)]
    pub observed_generation: i64,
    /// Extended resource claim status.
    #[field(tag = 18)]
    pub extended_resource_claim_status: Option<Box<PodExtendedResourceClaimStatus>>,
    /// Allocated resources.
    #[field(tag = 19)]
    pub allocated_resources: BTreeMap<String, crate::Quantity>,
    /// Resources.
    #[field(tag = 20)]
    pub resources: Option<Box<ResourceRequirements>>,
    /// Node allocatable resource claim statuses.
    #[field(tag = 21, list = "atomic")]
    pub node_allocatable_resource_claim_statuses: Vec<NodeAllocatableResourceClaimStatus>,
}

/// A resource health.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceHealth {
    /// Resource ID.
    #[field(tag = 1, name = "resourceID", always, required)]
    pub resource_id: String,
    /// Health.
    #[field(tag = 2)]
    pub health: String,
    /// Message.
    #[field(tag = 6)]
    pub message: String,
}

/// A resource status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceStatus {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Resources.
    #[field(tag = 2, list = "map", keys = "resourceID")]
    pub resources: Vec<ResourceHealth>,
}

/// A volume mount status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeMountStatus {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Mount path.
    #[field(tag = 2, always, required)]
    pub mount_path: String,
    /// Read only.
    #[field(tag = 3)]
    pub read_only: bool,
    /// Recursive read only.
    #[field(tag = 4)]
    pub recursive_read_only: Option<String>,
    /// Volume status.
    #[field(tag = 5)]
    pub volume_status: Option<Box<VolumeStatus>>,
}

/// A volume status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeStatus {
    /// Image.
    #[field(tag = 1)]
    pub image: Option<Box<ImageVolumeStatus>>,
}
