//! `PersistentVolume` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

use super::{
    AWSElasticBlockStoreVolumeSource, AzureDiskVolumeSource, FCVolumeSource, FlockerVolumeSource,
    GCEPersistentDiskVolumeSource, HostPathVolumeSource, NFSVolumeSource, NodeSelector, ObjectReference,
    PhotonPersistentDiskVolumeSource, PortworxVolumeSource, QuobyteVolumeSource, VsphereVirtualDiskVolumeSource,
};

/// A persistent volume.
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
    #[field(tag = 2, always)]
    pub spec: PersistentVolumeSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: PersistentVolumeStatus,
}

/// An azure file persistent volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AzureFilePersistentVolumeSource {
    /// Secret name.
    #[field(tag = 1, always, required)]
    pub secret_name: String,
    /// Share name.
    #[field(tag = 2, always, required)]
    pub share_name: String,
    /// Read only.
    #[field(tag = 3)]
    pub read_only: bool,
    /// Secret namespace.
    #[field(tag = 4)]
    pub secret_namespace: Option<String>,
}

/// A csi persistent volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CSIPersistentVolumeSource {
    /// Driver.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// Volume handle.
    #[field(tag = 2, always, required)]
    pub volume_handle: String,
    /// Read only.
    #[field(tag = 3)]
    pub read_only: bool,
    /// Fs type.
    #[field(tag = 4)]
    pub fs_type: String,
    /// Volume attributes.
    #[field(tag = 5)]
    pub volume_attributes: BTreeMap<String, String>,
    /// Controller publish secret reference.
    #[field(tag = 6)]
    pub controller_publish_secret_ref: Option<Box<SecretReference>>,
    /// Node stage secret reference.
    #[field(tag = 7)]
    pub node_stage_secret_ref: Option<Box<SecretReference>>,
    /// Node publish secret reference.
    #[field(tag = 8)]
    pub node_publish_secret_ref: Option<Box<SecretReference>>,
    /// Controller expand secret reference.
    #[field(tag = 9)]
    pub controller_expand_secret_ref: Option<Box<SecretReference>>,
    /// Node expand secret reference.
    #[field(tag = 10)]
    pub node_expand_secret_ref: Option<Box<SecretReference>>,
}

/// A ceph fs persistent volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CephFSPersistentVolumeSource {
    /// Monitors.
    #[field(tag = 1, always, required, list = "atomic")]
    pub monitors: Vec<String>,
    /// Path.
    #[field(tag = 2)]
    pub path: String,
    /// User.
    #[field(tag = 3)]
    pub user: String,
    /// Secret file.
    #[field(tag = 4)]
    pub secret_file: String,
    /// Secret reference.
    #[field(tag = 5)]
    pub secret_ref: Option<Box<SecretReference>>,
    /// Read only.
    #[field(tag = 6)]
    pub read_only: bool,
}

/// A cinder persistent volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CinderPersistentVolumeSource {
    /// Volume ID.
    #[field(tag = 1, name = "volumeID", always, required)]
    pub volume_id: String,
    /// Fs type.
    #[field(tag = 2)]
    pub fs_type: String,
    /// Read only.
    #[field(tag = 3)]
    pub read_only: bool,
    /// Secret reference.
    #[field(tag = 4)]
    pub secret_ref: Option<Box<SecretReference>>,
}

/// A flex persistent volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FlexPersistentVolumeSource {
    /// Driver.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// Fs type.
    #[field(tag = 2)]
    pub fs_type: String,
    /// Secret reference.
    #[field(tag = 3)]
    pub secret_ref: Option<Box<SecretReference>>,
    /// Read only.
    #[field(tag = 4)]
    pub read_only: bool,
    /// Options.
    #[field(tag = 5)]
    pub options: BTreeMap<String, String>,
}

/// A glusterfs persistent volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GlusterfsPersistentVolumeSource {
    /// Endpoints.
    #[field(tag = 1, always, required)]
    pub endpoints: String,
    /// Path.
    #[field(tag = 2, always, required)]
    pub path: String,
    /// Read only.
    #[field(tag = 3)]
    pub read_only: bool,
    /// Endpoints namespace.
    #[field(tag = 4)]
    pub endpoints_namespace: Option<String>,
}

/// An iscsi persistent volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ISCSIPersistentVolumeSource {
    /// Target portal.
    #[field(tag = 1, always, required)]
    pub target_portal: String,
    /// Iqn.
    #[field(tag = 2, always, required)]
    pub iqn: String,
    /// Lun.
    #[field(tag = 3, always, required)]
    pub lun: i32,
    /// Iscsi interface.
    #[field(tag = 4)]
    pub iscsi_interface: String,
    /// Fs type.
    #[field(tag = 5)]
    pub fs_type: String,
    /// Read only.
    #[field(tag = 6)]
    pub read_only: bool,
    /// Portals.
    #[field(tag = 7, list = "atomic")]
    pub portals: Vec<String>,
    /// Chap auth discovery.
    #[field(tag = 8)]
    pub chap_auth_discovery: bool,
    /// Secret reference.
    #[field(tag = 10)]
    pub secret_ref: Option<Box<SecretReference>>,
    /// Chap auth session.
    #[field(tag = 11)]
    pub chap_auth_session: bool,
    /// Initiator name.
    #[field(tag = 12)]
    pub initiator_name: Option<String>,
}

/// A local volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LocalVolumeSource {
    /// Path.
    #[field(tag = 1, always, required)]
    pub path: String,
    /// Fs type.
    #[field(tag = 2)]
    pub fs_type: Option<String>,
}

/// A persistent volume spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PersistentVolumeSpec {
    /// Capacity.
    #[field(tag = 1)]
    pub capacity: BTreeMap<String, crate::Quantity>,
    /// Gce persistent disk.
    #[field(tag = 1, within = 2)]
    pub gce_persistent_disk: Option<Box<GCEPersistentDiskVolumeSource>>,
    /// Aws elastic block store.
    #[field(tag = 2, within = 2)]
    pub aws_elastic_block_store: Option<Box<AWSElasticBlockStoreVolumeSource>>,
    /// Host path.
    #[field(tag = 3, within = 2)]
    pub host_path: Option<Box<HostPathVolumeSource>>,
    /// Glusterfs.
    #[field(tag = 4, within = 2)]
    pub glusterfs: Option<Box<GlusterfsPersistentVolumeSource>>,
    /// Nfs.
    #[field(tag = 5, within = 2)]
    pub nfs: Option<Box<NFSVolumeSource>>,
    /// Rbd.
    #[field(tag = 6, within = 2)]
    pub rbd: Option<Box<RBDPersistentVolumeSource>>,
    /// Iscsi.
    #[field(tag = 7, within = 2)]
    pub iscsi: Option<Box<ISCSIPersistentVolumeSource>>,
    /// Cinder.
    #[field(tag = 8, within = 2)]
    pub cinder: Option<Box<CinderPersistentVolumeSource>>,
    /// Cephfs.
    #[field(tag = 9, within = 2)]
    pub cephfs: Option<Box<CephFSPersistentVolumeSource>>,
    /// Fc.
    #[field(tag = 10, within = 2)]
    pub fc: Option<Box<FCVolumeSource>>,
    /// Flocker.
    #[field(tag = 11, within = 2)]
    pub flocker: Option<Box<FlockerVolumeSource>>,
    /// Flex volume.
    #[field(tag = 12, within = 2)]
    pub flex_volume: Option<Box<FlexPersistentVolumeSource>>,
    /// Azure file.
    #[field(tag = 13, within = 2)]
    pub azure_file: Option<Box<AzureFilePersistentVolumeSource>>,
    /// Vsphere volume.
    #[field(tag = 14, within = 2)]
    pub vsphere_volume: Option<Box<VsphereVirtualDiskVolumeSource>>,
    /// Quobyte.
    #[field(tag = 15, within = 2)]
    pub quobyte: Option<Box<QuobyteVolumeSource>>,
    /// Azure disk.
    #[field(tag = 16, within = 2)]
    pub azure_disk: Option<Box<AzureDiskVolumeSource>>,
    /// Photon persistent disk.
    #[field(tag = 17, within = 2)]
    pub photon_persistent_disk: Option<Box<PhotonPersistentDiskVolumeSource>>,
    /// Portworx volume.
    #[field(tag = 18, within = 2)]
    pub portworx_volume: Option<Box<PortworxVolumeSource>>,
    /// Scale IO.
    #[field(tag = 19, within = 2, name = "scaleIO")]
    pub scale_io: Option<Box<ScaleIOPersistentVolumeSource>>,
    /// Local.
    #[field(tag = 20, within = 2)]
    pub local: Option<Box<LocalVolumeSource>>,
    /// Storageos.
    #[field(tag = 21, within = 2)]
    pub storageos: Option<Box<StorageOSPersistentVolumeSource>>,
    /// Csi.
    #[field(tag = 22, within = 2)]
    pub csi: Option<Box<CSIPersistentVolumeSource>>,
    /// Access modes.
    #[field(tag = 3, list = "atomic")]
    pub access_modes: Vec<String>,
    /// Claim reference.
    #[field(tag = 4)]
    pub claim_ref: Option<Box<ObjectReference>>,
    /// Persistent volume reclaim policy.
    #[field(tag = 5)]
    pub persistent_volume_reclaim_policy: String,
    /// Storage class name.
    #[field(tag = 6)]
    pub storage_class_name: String,
    /// Mount options.
    #[field(tag = 7, list = "atomic")]
    pub mount_options: Vec<String>,
    /// Volume mode.
    #[field(tag = 8)]
    pub volume_mode: Option<String>,
    /// Node affinity.
    #[field(tag = 9)]
    pub node_affinity: Option<Box<VolumeNodeAffinity>>,
    /// Volume attributes class name.
    #[field(tag = 10)]
    pub volume_attributes_class_name: Option<String>,
}

/// A persistent volume status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PersistentVolumeStatus {
    /// Phase.
    #[field(tag = 1)]
    pub phase: String,
    /// Message.
    #[field(tag = 2)]
    pub message: String,
    /// Reason.
    #[field(tag = 3)]
    pub reason: String,
    /// Last phase transition time.
    #[field(tag = 4)]
    pub last_phase_transition_time: Option<crate::Time>,
}

/// A rbd persistent volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct RBDPersistentVolumeSource {
    /// Monitors.
    #[field(tag = 1, always, required, list = "atomic")]
    pub monitors: Vec<String>,
    /// Image.
    #[field(tag = 2, always, required)]
    pub image: String,
    /// Fs type.
    #[field(tag = 3)]
    pub fs_type: String,
    /// Pool.
    #[field(tag = 4)]
    pub pool: String,
    /// User.
    #[field(tag = 5)]
    pub user: String,
    /// Keyring.
    #[field(tag = 6)]
    pub keyring: String,
    /// Secret reference.
    #[field(tag = 7)]
    pub secret_ref: Option<Box<SecretReference>>,
    /// Read only.
    #[field(tag = 8)]
    pub read_only: bool,
}

/// A scale io persistent volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ScaleIOPersistentVolumeSource {
    /// Gateway.
    #[field(tag = 1, always, required)]
    pub gateway: String,
    /// System.
    #[field(tag = 2, always, required)]
    pub system: String,
    /// Secret reference.
    #[field(tag = 3, always, required)]
    pub secret_ref: SecretReference,
    /// Ssl enabled.
    #[field(tag = 4)]
    pub ssl_enabled: bool,
    /// Protection domain.
    #[field(tag = 5)]
    pub protection_domain: String,
    /// Storage pool.
    #[field(tag = 6)]
    pub storage_pool: String,
    /// Storage mode.
    #[field(tag = 7)]
    pub storage_mode: String,
    /// Volume name.
    #[field(tag = 8)]
    pub volume_name: String,
    /// Fs type.
    #[field(tag = 9)]
    pub fs_type: String,
    /// Read only.
    #[field(tag = 10)]
    pub read_only: bool,
}

/// A secret reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct SecretReference {
    /// Name.
    #[field(tag = 1)]
    pub name: String,
    /// Namespace.
    #[field(tag = 2)]
    pub namespace: String,
}

/// A storage os persistent volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StorageOSPersistentVolumeSource {
    /// Volume name.
    #[field(tag = 1)]
    pub volume_name: String,
    /// Volume namespace.
    #[field(tag = 2)]
    pub volume_namespace: String,
    /// Fs type.
    #[field(tag = 3)]
    pub fs_type: String,
    /// Read only.
    #[field(tag = 4)]
    pub read_only: bool,
    /// Secret reference.
    #[field(tag = 5)]
    pub secret_ref: Option<Box<ObjectReference>>,
}

/// A volume node affinity.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeNodeAffinity {
    /// Required.
    #[field(tag = 1)]
    pub required: Option<Box<NodeSelector>>,
}
