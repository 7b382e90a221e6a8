//! API group `core`, version `v1`.

mod binding;
mod component_status;
mod config_map;
mod endpoints;
mod event;
mod limit_range;
mod namespace;
mod node;
mod persistent_volume;
mod persistent_volume_claim;
mod pod;
mod pod_spec;
mod pod_template;
mod replication_controller;
mod resource_quota;
mod secret;
mod service;
mod service_account;
mod shared;
mod volume;

pub use binding::Binding;
pub use component_status::{ComponentCondition, ComponentStatus};
pub use config_map::ConfigMap;
pub use endpoints::{EndpointAddress, EndpointPort, EndpointSubset, Endpoints};
pub use event::{Event, EventSeries, EventSource};
pub use limit_range::{LimitRange, LimitRangeItem, LimitRangeSpec};
pub use namespace::{Namespace, NamespaceCondition, NamespaceSpec, NamespaceStatus};
pub use node::{
    AttachedVolume, ConfigMapNodeConfigSource, ContainerImage, DaemonEndpoint, Node, NodeAddress, NodeCondition,
    NodeConfigSource, NodeConfigStatus, NodeDaemonEndpoints, NodeFeatures, NodeRuntimeHandler,
    NodeRuntimeHandlerFeatures, NodeSpec, NodeStatus, NodeSwapStatus, NodeSystemInfo, Taint,
};
pub use persistent_volume::{
    AzureFilePersistentVolumeSource, CSIPersistentVolumeSource, CephFSPersistentVolumeSource,
    CinderPersistentVolumeSource, FlexPersistentVolumeSource, GlusterfsPersistentVolumeSource,
    ISCSIPersistentVolumeSource, LocalVolumeSource, PersistentVolume, PersistentVolumeSpec, PersistentVolumeStatus,
    RBDPersistentVolumeSource, ScaleIOPersistentVolumeSource, SecretReference, StorageOSPersistentVolumeSource,
    VolumeNodeAffinity,
};
pub use persistent_volume_claim::{
    ModifyVolumeStatus, PersistentVolumeClaim, PersistentVolumeClaimCondition, PersistentVolumeClaimStatus,
};
pub use pod::{
    ContainerExtendedResourceRequest, ContainerState, ContainerStateRunning, ContainerStateTerminated,
    ContainerStateWaiting, ContainerStatus, ContainerUser, HostIP, ImageVolumeStatus, LinuxContainerUser,
    NodeAllocatableResourceClaimStatus, Pod, PodCondition, PodExtendedResourceClaimStatus, PodIP,
    PodResourceClaimStatus, PodStatus, ResourceHealth, ResourceStatus, VolumeMountStatus, VolumeStatus,
};
pub use pod_spec::{
    Affinity, AppArmorProfile, Capabilities, ConfigMapEnvSource, ConfigMapKeySelector, Container, ContainerPort,
    ContainerResizePolicy, ContainerRestartRule, ContainerRestartRuleOnExitCodes, EnvFromSource, EnvVar, EnvVarSource,
    EphemeralContainer, ExecAction, FileKeySelector, GRPCAction, HTTPGetAction, HTTPHeader, HostAlias, Lifecycle,
    LifecycleHandler, NodeAffinity, ObjectFieldSelector, PodAffinity, PodAffinityTerm, PodAntiAffinity, PodDNSConfig,
    PodDNSConfigOption, PodOS, PodReadinessGate, PodResourceClaim, PodSchedulingGate, PodSchedulingGroup,
    PodSecurityContext, PodSpec, PreferredSchedulingTerm, Probe, ResourceClaim, ResourceFieldSelector,
    ResourceRequirements, SELinuxOptions, SeccompProfile, SecretEnvSource, SecretKeySelector, SecurityContext,
    SleepAction, Sysctl, TCPSocketAction, Toleration, TopologySpreadConstraint, WeightedPodAffinityTerm,
    WindowsSecurityContextOptions,
};
pub use pod_template::PodTemplate;
pub use replication_controller::{
    ReplicationController, ReplicationControllerCondition, ReplicationControllerSpec, ReplicationControllerStatus,
};
pub use resource_quota::{
    ResourceQuota, ResourceQuotaSpec, ResourceQuotaStatus, ScopeSelector, ScopedResourceSelectorRequirement,
};
pub use secret::Secret;
pub use service::{
    ClientIPConfig, LoadBalancerIngress, LoadBalancerStatus, PortStatus, Service, ServicePort, ServiceSpec,
    ServiceStatus, SessionAffinityConfig,
};
pub use service_account::ServiceAccount;
pub use shared::{
    LocalObjectReference, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, ObjectReference, PodTemplateSpec,
    TopologySelectorLabelRequirement, TopologySelectorTerm, TypedLocalObjectReference, TypedObjectReference,
};
pub use volume::{
    AWSElasticBlockStoreVolumeSource, AzureDiskVolumeSource, AzureFileVolumeSource, CSIVolumeSource,
    CephFSVolumeSource, CinderVolumeSource, ClusterTrustBundleProjection, ConfigMapProjection, ConfigMapVolumeSource,
    DownwardAPIProjection, DownwardAPIVolumeFile, DownwardAPIVolumeSource, EmptyDirVolumeSource, EphemeralVolumeSource,
    FCVolumeSource, FlexVolumeSource, FlockerVolumeSource, GCEPersistentDiskVolumeSource, GitRepoVolumeSource,
    GlusterfsVolumeSource, HostPathVolumeSource, ISCSIVolumeSource, ImageVolumeSource, KeyToPath, NFSVolumeSource,
    PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate, PersistentVolumeClaimVolumeSource,
    PhotonPersistentDiskVolumeSource, PodCertificateProjection, PortworxVolumeSource, ProjectedVolumeSource,
    QuobyteVolumeSource, RBDVolumeSource, ScaleIOVolumeSource, SecretProjection, SecretVolumeSource,
    ServiceAccountTokenProjection, StorageOSVolumeSource, Volume, VolumeDevice, VolumeMount, VolumeProjection,
    VolumeResourceRequirements, VsphereVirtualDiskVolumeSource,
};
