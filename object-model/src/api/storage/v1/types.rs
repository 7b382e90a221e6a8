//! Types of API group `storage`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// A csi driver.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "storage.k8s.io", version = "v1", plural = "csidrivers", scope = "Cluster", rules)]
pub struct CSIDriver {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: CSIDriverSpec,
}

/// A csi node.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "storage.k8s.io", version = "v1", plural = "csinodes", scope = "Cluster", rules)]
pub struct CSINode {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: CSINodeSpec,
}

/// A csi storage capacity.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "storage.k8s.io", version = "v1", plural = "csistoragecapacities", rules)]
pub struct CSIStorageCapacity {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Node topology.
    #[field(tag = 2)]
    pub node_topology: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Storage class name.
    #[field(tag = 3, always, required)]
    pub storage_class_name: String,
    /// Capacity.
    #[field(tag = 4)]
    pub capacity: Option<crate::Quantity>,
    /// Maximum volume size.
    #[field(tag = 5)]
    pub maximum_volume_size: Option<crate::Quantity>,
}

/// A storage class.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "storage.k8s.io", version = "v1", plural = "storageclasses", scope = "Cluster", short = "sc", rules)]
pub struct StorageClass {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Provisioner.
    #[field(tag = 2, always, required)]
    pub provisioner: String,
    /// Parameters.
    #[field(tag = 3)]
    pub parameters: BTreeMap<String, String>,
    /// Reclaim policy.
    #[field(tag = 4)]
    pub reclaim_policy: Option<String>,
    /// Mount options.
    #[field(tag = 5, list = "atomic")]
    pub mount_options: Vec<String>,
    /// Allow volume expansion.
    #[field(tag = 6)]
    pub allow_volume_expansion: Option<bool>,
    /// Volume binding mode.
    #[field(tag = 7)]
    pub volume_binding_mode: Option<String>,
    /// Allowed topologies.
    #[field(tag = 8, list = "atomic")]
    pub allowed_topologies: Vec<crate::api::core::v1::TopologySelectorTerm>,
}

/// A volume attachment.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "storage.k8s.io",
    version = "v1",
    plural = "volumeattachments",
    scope = "Cluster",
    subresources = "status",
    rules
)]
pub struct VolumeAttachment {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: VolumeAttachmentSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: VolumeAttachmentStatus,
}

/// A volume attributes class.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "storage.k8s.io",
    version = "v1",
    plural = "volumeattributesclasses",
    scope = "Cluster",
    short = "vac",
    rules
)]
pub struct VolumeAttributesClass {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Driver name.
    #[field(tag = 2, always, required)]
    pub driver_name: String,
    /// Parameters.
    #[field(tag = 3)]
    pub parameters: BTreeMap<String, String>,
}

/// A csi driver spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CSIDriverSpec {
    /// Attach required.
    #[field(tag = 1)]
    pub attach_required: Option<bool>,
    /// Pod info on mount.
    #[field(tag = 2)]
    pub pod_info_on_mount: Option<bool>,
    /// Volume lifecycle modes.
    #[field(tag = 3, list = "set")]
    pub volume_lifecycle_modes: Vec<String>,
    /// Storage capacity.
    #[field(tag = 4)]
    pub storage_capacity: Option<bool>,
    /// Fs group policy.
    #[field(tag = 5)]
    pub fs_group_policy: Option<String>,
    /// Token requests.
    #[field(tag = 6, list = "atomic")]
    pub token_requests: Vec<TokenRequest>,
    /// Requires republish.
    #[field(tag = 7)]
    pub requires_republish: Option<bool>,
    /// Se linux mount.
    #[field(tag = 8)]
    pub se_linux_mount: Option<bool>,
    /// Node allocatable update period, in seconds.
    #[field(tag = 9)]
    pub node_allocatable_update_period_seconds: Option<i64>,
    /// Service account token in secrets.
    #[field(tag = 10)]
    pub service_account_token_in_secrets: Option<bool>,
    /// Prevent pod scheduling if missing.
    #[field(tag = 11)]
    pub prevent_pod_scheduling_if_missing: bool,
}

/// A csi node driver.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CSINodeDriver {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Node ID.
    #[field(tag = 2, name = "nodeID", always, required)]
    pub node_id: String,
    /// Topology keys.
    #[field(tag = 3, always, list = "atomic")]
    pub topology_keys: Vec<String>,
    /// Allocatable.
    #[field(tag = 4)]
    pub allocatable: Option<Box<VolumeNodeResources>>,
}

/// A csi node spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CSINodeSpec {
    /// Drivers.
    #[field(tag = 1, always, required, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub drivers: Vec<CSINodeDriver>,
}

/// A token request.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TokenRequest {
    /// Audience.
    #[field(tag = 1, always, required)]
    pub audience: String,
    /// Expiration, in seconds.
    #[field(tag = 2)]
    pub expiration_seconds: Option<i64>,
}

/// A volume attachment source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeAttachmentSource {
    /// Persistent volume name.
    #[field(tag = 1)]
    pub persistent_volume_name: Option<String>,
    /// Inline volume spec.
    #[field(tag = 2)]
    pub inline_volume_spec: Option<Box<crate::api::core::v1::PersistentVolumeSpec>>,
}

/// A volume attachment spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeAttachmentSpec {
    /// Attacher.
    #[field(tag = 1, always, required)]
    pub attacher: String,
    /// Source.
    #[field(tag = 2, always, required)]
    pub source: VolumeAttachmentSource,
    /// Node name.
    #[field(tag = 3, always, required)]
    pub node_name: String,
}

/// A volume attachment status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeAttachmentStatus {
    /// Attached.
    #[field(tag = 1, always, required)]
    pub attached: bool,
    /// Attachment metadata.
    #[field(tag = 2)]
    pub attachment_metadata: BTreeMap<String, String>,
    /// Attach error.
    #[field(tag = 3)]
    pub attach_error: Option<Box<VolumeError>>,
    /// Detach error.
    #[field(tag = 4)]
    pub detach_error: Option<Box<VolumeError>>,
}

/// A volume error.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeError {
    /// Time.
    #[field(tag = 1, value, always)]
    pub time: Option<crate::Time>,
    /// Message.
    #[field(tag = 2)]
    pub message: String,
    /// Error code.
    #[field(tag = 3)]
    pub error_code: Option<i32>,
}

/// A volume node resources.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeNodeResources {
    /// Count.
    #[field(tag = 1)]
    pub count: Option<i32>,
}
