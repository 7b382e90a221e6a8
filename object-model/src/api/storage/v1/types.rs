//! Types of API group `storage`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// CSIDriver as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "storage.k8s.io",
    version = "v1",
    plural = "csidrivers",
    scope = "Cluster"
)]
pub struct CSIDriver {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: CSIDriverSpec,
}

/// CSINode as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "storage.k8s.io",
    version = "v1",
    plural = "csinodes",
    scope = "Cluster"
)]
pub struct CSINode {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: CSINodeSpec,
}

/// CSIStorageCapacity as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "storage.k8s.io",
    version = "v1",
    plural = "csistoragecapacities"
)]
pub struct CSIStorageCapacity {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2)]
    pub node_topology: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub storage_class_name: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub capacity: crate::Quantity,
    /// See the API reference.
    #[field(tag = 5)]
    pub maximum_volume_size: crate::Quantity,
}

/// StorageClass as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "storage.k8s.io",
    version = "v1",
    plural = "storageclasses",
    scope = "Cluster",
    short = "sc",
    rules
)]
pub struct StorageClass {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub provisioner: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub parameters: BTreeMap<String, String>,
    /// See the API reference.
    #[field(tag = 4)]
    pub reclaim_policy: String,
    /// See the API reference.
    #[field(tag = 5, list = "atomic")]
    pub mount_options: Vec<String>,
    /// See the API reference.
    #[field(tag = 6)]
    pub allow_volume_expansion: bool,
    /// See the API reference.
    #[field(tag = 7)]
    pub volume_binding_mode: String,
    /// See the API reference.
    #[field(tag = 8, list = "atomic")]
    pub allowed_topologies: Vec<crate::api::core::v1::TopologySelectorTerm>,
}

/// VolumeAttachment as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "storage.k8s.io",
    version = "v1",
    plural = "volumeattachments",
    scope = "Cluster",
    subresources = "status"
)]
pub struct VolumeAttachment {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: VolumeAttachmentSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<VolumeAttachmentStatus>>,
}

/// VolumeAttributesClass as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "storage.k8s.io",
    version = "v1",
    plural = "volumeattributesclasses",
    scope = "Cluster",
    short = "vac"
)]
pub struct VolumeAttributesClass {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub driver_name: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub parameters: BTreeMap<String, String>,
}

/// CSIDriverSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CSIDriverSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub attach_required: bool,
    /// See the API reference.
    #[field(tag = 2)]
    pub pod_info_on_mount: bool,
    /// See the API reference.
    #[field(tag = 3, list = "set")]
    pub volume_lifecycle_modes: Vec<String>,
    /// See the API reference.
    #[field(tag = 4)]
    pub storage_capacity: bool,
    /// See the API reference.
    #[field(tag = 5)]
    pub fs_group_policy: String,
    /// See the API reference.
    #[field(tag = 6, list = "atomic")]
    pub token_requests: Vec<TokenRequest>,
    /// See the API reference.
    #[field(tag = 7)]
    pub requires_republish: bool,
    /// See the API reference.
    #[field(tag = 8)]
    pub se_linux_mount: bool,
    /// See the API reference.
    #[field(tag = 9)]
    pub node_allocatable_update_period_seconds: i64,
    /// See the API reference.
    #[field(tag = 10)]
    pub service_account_token_in_secrets: bool,
    /// See the API reference.
    #[field(tag = 11)]
    pub prevent_pod_scheduling_if_missing: bool,
}

/// CSINodeDriver as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CSINodeDriver {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, name = "nodeID", always, required)]
    pub node_id: String,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub topology_keys: Vec<String>,
    /// See the API reference.
    #[field(tag = 4)]
    pub allocatable: Option<Box<VolumeNodeResources>>,
}

/// CSINodeSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CSINodeSpec {
    /// See the API reference.
    #[field(
        tag = 1,
        always,
        required,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub drivers: Vec<CSINodeDriver>,
}

/// TokenRequest as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TokenRequest {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub audience: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub expiration_seconds: i64,
}

/// VolumeAttachmentSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeAttachmentSource {
    /// See the API reference.
    #[field(tag = 1)]
    pub persistent_volume_name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub inline_volume_spec: Option<Box<crate::api::core::v1::PersistentVolumeSpec>>,
}

/// VolumeAttachmentSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeAttachmentSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub attacher: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub source: VolumeAttachmentSource,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub node_name: String,
}

/// VolumeAttachmentStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeAttachmentStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub attached: bool,
    /// See the API reference.
    #[field(tag = 2)]
    pub attachment_metadata: BTreeMap<String, String>,
    /// See the API reference.
    #[field(tag = 3)]
    pub attach_error: Option<Box<VolumeError>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub detach_error: Option<Box<VolumeError>>,
}

/// VolumeError as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeError {
    /// See the API reference.
    #[field(tag = 1, value, always)]
    pub time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 2)]
    pub message: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub error_code: i32,
}

/// VolumeNodeResources as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeNodeResources {
    /// See the API reference.
    #[field(tag = 1)]
    pub count: i32,
}
