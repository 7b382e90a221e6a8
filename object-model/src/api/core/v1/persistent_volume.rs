//! `PersistentVolume` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

use super::{
    AWSElasticBlockStoreVolumeSource, AzureDiskVolumeSource, FCVolumeSource, FlockerVolumeSource,
    GCEPersistentDiskVolumeSource, HostPathVolumeSource, NFSVolumeSource, NodeSelector,
    ObjectReference, PhotonPersistentDiskVolumeSource, PortworxVolumeSource, QuobyteVolumeSource,
    VsphereVirtualDiskVolumeSource,
};

/// PersistentVolume as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    version = "v1",
    plural = "persistentvolumes",
    scope = "Cluster",
    short = "pv",
    subresources = "status",
    rules
)]
pub struct PersistentVolume {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<PersistentVolumeSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<PersistentVolumeStatus>>,
}

/// AzureFilePersistentVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AzureFilePersistentVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub secret_name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub share_name: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub read_only: bool,
    /// See the API reference.
    #[field(tag = 4)]
    pub secret_namespace: String,
}

/// CSIPersistentVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CSIPersistentVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub volume_handle: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub read_only: bool,
    /// See the API reference.
    #[field(tag = 4)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub volume_attributes: BTreeMap<String, String>,
    /// See the API reference.
    #[field(tag = 6)]
    pub controller_publish_secret_ref: Option<Box<SecretReference>>,
    /// See the API reference.
    #[field(tag = 7)]
    pub node_stage_secret_ref: Option<Box<SecretReference>>,
    /// See the API reference.
    #[field(tag = 8)]
    pub node_publish_secret_ref: Option<Box<SecretReference>>,
    /// See the API reference.
    #[field(tag = 9)]
    pub controller_expand_secret_ref: Option<Box<SecretReference>>,
    /// See the API reference.
    #[field(tag = 10)]
    pub node_expand_secret_ref: Option<Box<SecretReference>>,
}

/// CephFSPersistentVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CephFSPersistentVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "atomic")]
    pub monitors: Vec<String>,
    /// See the API reference.
    #[field(tag = 2)]
    pub path: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub user: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub secret_file: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub secret_ref: Option<Box<SecretReference>>,
    /// See the API reference.
    #[field(tag = 6)]
    pub read_only: bool,
}

/// CinderPersistentVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CinderPersistentVolumeSource {
    /// See the API reference.
    #[field(tag = 1, name = "volumeID", always, required)]
    pub volume_id: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub read_only: bool,
    /// See the API reference.
    #[field(tag = 4)]
    pub secret_ref: Option<Box<SecretReference>>,
}

/// FlexPersistentVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FlexPersistentVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub secret_ref: Option<Box<SecretReference>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub read_only: bool,
    /// See the API reference.
    #[field(tag = 5)]
    pub options: BTreeMap<String, String>,
}

/// GlusterfsPersistentVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GlusterfsPersistentVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub endpoints: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub path: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub read_only: bool,
    /// See the API reference.
    #[field(tag = 4)]
    pub endpoints_namespace: String,
}

/// ISCSIPersistentVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ISCSIPersistentVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub target_portal: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub iqn: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub lun: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub iscsi_interface: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub read_only: bool,
    /// See the API reference.
    #[field(tag = 7, list = "atomic")]
    pub portals: Vec<String>,
    /// See the API reference.
    #[field(tag = 8)]
    pub chap_auth_discovery: bool,
    /// See the API reference.
    #[field(tag = 10)]
    pub secret_ref: Option<Box<SecretReference>>,
    /// See the API reference.
    #[field(tag = 11)]
    pub chap_auth_session: bool,
    /// See the API reference.
    #[field(tag = 12)]
    pub initiator_name: String,
}

/// LocalVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LocalVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub path: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub fs_type: String,
}

/// PersistentVolumeSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PersistentVolumeSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub capacity: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 1, within = 2)]
    pub gce_persistent_disk: Option<Box<GCEPersistentDiskVolumeSource>>,
    /// See the API reference.
    #[field(tag = 2, within = 2)]
    pub aws_elastic_block_store: Option<Box<AWSElasticBlockStoreVolumeSource>>,
    /// See the API reference.
    #[field(tag = 3, within = 2)]
    pub host_path: Option<Box<HostPathVolumeSource>>,
    /// See the API reference.
    #[field(tag = 4, within = 2)]
    pub glusterfs: Option<Box<GlusterfsPersistentVolumeSource>>,
    /// See the API reference.
    #[field(tag = 5, within = 2)]
    pub nfs: Option<Box<NFSVolumeSource>>,
    /// See the API reference.
    #[field(tag = 6, within = 2)]
    pub rbd: Option<Box<RBDPersistentVolumeSource>>,
    /// See the API reference.
    #[field(tag = 7, within = 2)]
    pub iscsi: Option<Box<ISCSIPersistentVolumeSource>>,
    /// See the API reference.
    #[field(tag = 8, within = 2)]
    pub cinder: Option<Box<CinderPersistentVolumeSource>>,
    /// See the API reference.
    #[field(tag = 9, within = 2)]
    pub cephfs: Option<Box<CephFSPersistentVolumeSource>>,
    /// See the API reference.
    #[field(tag = 10, within = 2)]
    pub fc: Option<Box<FCVolumeSource>>,
    /// See the API reference.
    #[field(tag = 11, within = 2)]
    pub flocker: Option<Box<FlockerVolumeSource>>,
    /// See the API reference.
    #[field(tag = 12, within = 2)]
    pub flex_volume: Option<Box<FlexPersistentVolumeSource>>,
    /// See the API reference.
    #[field(tag = 13, within = 2)]
    pub azure_file: Option<Box<AzureFilePersistentVolumeSource>>,
    /// See the API reference.
    #[field(tag = 14, within = 2)]
    pub vsphere_volume: Option<Box<VsphereVirtualDiskVolumeSource>>,
    /// See the API reference.
    #[field(tag = 15, within = 2)]
    pub quobyte: Option<Box<QuobyteVolumeSource>>,
    /// See the API reference.
    #[field(tag = 16, within = 2)]
    pub azure_disk: Option<Box<AzureDiskVolumeSource>>,
    /// See the API reference.
    #[field(tag = 17, within = 2)]
    pub photon_persistent_disk: Option<Box<PhotonPersistentDiskVolumeSource>>,
    /// See the API reference.
    #[field(tag = 18, within = 2)]
    pub portworx_volume: Option<Box<PortworxVolumeSource>>,
    /// See the API reference.
    #[field(tag = 19, within = 2, name = "scaleIO")]
    pub scale_io: Option<Box<ScaleIOPersistentVolumeSource>>,
    /// See the API reference.
    #[field(tag = 20, within = 2)]
    pub local: Option<Box<LocalVolumeSource>>,
    /// See the API reference.
    #[field(tag = 21, within = 2)]
    pub storageos: Option<Box<StorageOSPersistentVolumeSource>>,
    /// See the API reference.
    #[field(tag = 22, within = 2)]
    pub csi: Option<Box<CSIPersistentVolumeSource>>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub access_modes: Vec<String>,
    /// See the API reference.
    #[field(tag = 4)]
    pub claim_ref: Option<Box<ObjectReference>>,
    /// See the API reference.
    #[field(tag = 5)]
    pub persistent_volume_reclaim_policy: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub storage_class_name: String,
    /// See the API reference.
    #[field(tag = 7, list = "atomic")]
    pub mount_options: Vec<String>,
    /// See the API reference.
    #[field(tag = 8)]
    pub volume_mode: String,
    /// See the API reference.
    #[field(tag = 9)]
    pub node_affinity: Option<Box<VolumeNodeAffinity>>,
    /// See the API reference.
    #[field(tag = 10)]
    pub volume_attributes_class_name: String,
}

/// PersistentVolumeStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PersistentVolumeStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub phase: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub message: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 4, value, always)]
    pub last_phase_transition_time: Option<crate::Time>,
}

/// RBDPersistentVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct RBDPersistentVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "atomic")]
    pub monitors: Vec<String>,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub image: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub pool: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub user: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub keyring: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub secret_ref: Option<Box<SecretReference>>,
    /// See the API reference.
    #[field(tag = 8)]
    pub read_only: bool,
}

/// ScaleIOPersistentVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ScaleIOPersistentVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub gateway: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub system: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub secret_ref: SecretReference,
    /// See the API reference.
    #[field(tag = 4)]
    pub ssl_enabled: bool,
    /// See the API reference.
    #[field(tag = 5)]
    pub protection_domain: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub storage_pool: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub storage_mode: String,
    /// See the API reference.
    #[field(tag = 8)]
    pub volume_name: String,
    /// See the API reference.
    #[field(tag = 9)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 10)]
    pub read_only: bool,
}

/// SecretReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct SecretReference {
    /// See the API reference.
    #[field(tag = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub namespace: String,
}

/// StorageOSPersistentVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StorageOSPersistentVolumeSource {
    /// See the API reference.
    #[field(tag = 1)]
    pub volume_name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub volume_namespace: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub read_only: bool,
    /// See the API reference.
    #[field(tag = 5)]
    pub secret_ref: Option<Box<ObjectReference>>,
}

/// VolumeNodeAffinity as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeNodeAffinity {
    /// See the API reference.
    #[field(tag = 1)]
    pub required: Option<Box<NodeSelector>>,
}
