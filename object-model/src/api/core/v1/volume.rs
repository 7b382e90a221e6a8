//! Volumes and where they come from.

use std::collections::BTreeMap;

use crate::Reflect;

use super::{
    LocalObjectReference, ObjectFieldSelector, ResourceFieldSelector, TypedLocalObjectReference, TypedObjectReference,
};

/// An aws elastic block store volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AWSElasticBlockStoreVolumeSource {
    /// Volume ID.
    #[field(tag = 1, name = "volumeID", always, required)]
    pub volume_id: String,
    /// Fs type.
    #[field(tag = 2)]
    pub fs_type: String,
    /// Partition.
    #[field(tag = 3)]
    pub partition: i32,
    /// Read only.
    #[field(tag = 4)]
    pub read_only: bool,
}

/// An azure disk volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AzureDiskVolumeSource {
    /// Disk name.
    #[field(tag = 1, always, required)]
    pub disk_name: String,
    /// Disk URI.
    #[field(tag = 2, name = "diskURI", always, required)]
    pub disk_uri: String,
    /// Caching mode.
    #[field(tag = 3)]
    pub caching_mode: Option<String>,
    /// Fs type.
    #[field(tag = 4)]
    pub fs_type: Option<String>,
    /// Read only.
    #[field(tag = 5)]
    pub read_only: Option<bool>,
    /// Kind of the object.
    #[field(tag = 6)]
    pub kind: Option<String>,
}

/// An azure file volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AzureFileVolumeSource {
    /// Secret name.
    #[field(tag = 1, always, required)]
    pub secret_name: String,
    /// Share name.
    #[field(tag = 2, always, required)]
    pub share_name: String,
    /// Read only.
    #[field(tag = 3)]
    pub read_only: bool,
}

/// A csi volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CSIVolumeSource {
    /// Driver.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// Read only.
    #[field(tag = 2)]
    pub read_only: Option<bool>,
    /// Fs type.
    #[field(tag = 3)]
    pub fs_type: Option<String>,
    /// Volume attributes.
    #[field(tag = 4)]
    pub volume_attributes: BTreeMap<String, String>,
    /// Node publish secret reference.
    #[field(tag = 5)]
    pub node_publish_secret_ref: Option<Box<LocalObjectReference>>,
}

/// A ceph fs volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CephFSVolumeSource {
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
    pub secret_ref: Option<Box<LocalObjectReference>>,
    /// Read only.
    #[field(tag = 6)]
    pub read_only: bool,
}

/// A cinder volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CinderVolumeSource {
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
    pub secret_ref: Option<Box<LocalObjectReference>>,
}

/// A cluster trust bundle projection.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ClusterTrustBundleProjection {
    /// Name.
    #[field(tag = 1)]
    pub name: Option<String>,
    /// Signer name.
    #[field(tag = 2)]
    pub signer_name: Option<String>,
    /// Label selector.
    #[field(tag = 3)]
    pub label_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Path.
    #[field(tag = 4, always, required)]
    pub path: String,
    /// Optional.
    #[field(tag = 5)]
    pub optional: Option<bool>,
}

/// A config map projection.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ConfigMapProjection {
    /// Name.
    #[field(tag = 1, within = 1)]
    pub name: String,
    /// Items.
    #[field(tag = 2, list = "atomic")]
    pub items: Vec<KeyToPath>,
    /// Optional.
    #[field(tag = 4)]
    pub optional: Option<bool>,
}

/// A config map volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ConfigMapVolumeSource {
    /// Name.
    #[field(tag = 1, within = 1)]
    pub name: String,
    /// Items.
    #[field(tag = 2, list = "atomic")]
    pub items: Vec<KeyToPath>,
    /// Default mode.
    #[field(tag = 3)]
    pub default_mode: Option<i32>,
    /// Optional.
    #[field(tag = 4)]
    pub optional: Option<bool>,
}

/// A downward api projection.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DownwardAPIProjection {
    /// Items.
    #[field(tag = 1, list = "atomic")]
    pub items: Vec<DownwardAPIVolumeFile>,
}

/// A downward api volume file.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DownwardAPIVolumeFile {
    /// Path.
    #[field(tag = 1, always, required)]
    pub path: String,
    /// Field reference.
    #[field(tag = 2)]
    pub field_ref: Option<Box<ObjectFieldSelector>>,
    /// Resource field reference.
    #[field(tag = 3)]
    pub resource_field_ref: Option<Box<ResourceFieldSelector>>,
    /// Mode.
    #[field(tag = 4)]
    pub mode: Option<i32>,
}

/// A downward api volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DownwardAPIVolumeSource {
    /// Items.
    #[field(tag = 1, list = "atomic")]
    pub items: Vec<DownwardAPIVolumeFile>,
    /// Default mode.
    #[field(tag = 2)]
    pub default_mode: Option<i32>,
}

/// An empty dir volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EmptyDirVolumeSource {
    /// Medium.
    #[field(tag = 1)]
    pub medium: String,
    /// Size limit.
    #[field(tag = 2)]
    pub size_limit: Option<crate::Quantity>,
}

/// An ephemeral volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EphemeralVolumeSource {
    /// Volume claim template.
    #[field(tag = 1)]
    pub volume_claim_template: Option<Box<PersistentVolumeClaimTemplate>>,
}

/// A fc volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FCVolumeSource {
    /// Target WW Ns.
    #[field(tag = 1, name = "targetWWNs", list = "atomic")]
    pub target_ww_ns: Vec<String>,
    /// Lun.
    #[field(tag = 2)]
    pub lun: Option<i32>,
    /// Fs type.
    #[field(tag = 3)]
    pub fs_type: String,
    /// Read only.
    #[field(tag = 4)]
    pub read_only: bool,
    /// Wwids.
    #[field(tag = 5, list = "atomic")]
    pub wwids: Vec<String>,
}

/// A flex volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FlexVolumeSource {
    /// Driver.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// Fs type.
    #[field(tag = 2)]
    pub fs_type: String,
    /// Secret reference.
    #[field(tag = 3)]
    pub secret_ref: Option<Box<LocalObjectReference>>,
    /// Read only.
    #[field(tag = 4)]
    pub read_only: bool,
    /// Options.
    #[field(tag = 5)]
    pub options: BTreeMap<String, String>,
}

/// A flocker volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FlockerVolumeSource {
    /// Dataset name.
    #[field(tag = 1)]
    pub dataset_name: String,
    /// Dataset UUID.
    #[field(tag = 2, name = "datasetUUID")]
    pub dataset_uuid: String,
}

/// A gce persistent disk volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GCEPersistentDiskVolumeSource {
    /// Pd name.
    #[field(tag = 1, always, required)]
    pub pd_name: String,
    /// Fs type.
    #[field(tag = 2)]
    pub fs_type: String,
    /// Partition.
    #[field(tag = 3)]
    pub partition: i32,
    /// Read only.
    #[field(tag = 4)]
    pub read_only: bool,
}

/// A git repo volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GitRepoVolumeSource {
    /// Repository.
    #[field(tag = 1, always, required)]
    pub repository: String,
    /// Revision.
    #[field(tag = 2)]
    pub revision: String,
    /// Directory.
    #[field(tag = 3)]
    pub directory: String,
}

/// A glusterfs volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GlusterfsVolumeSource {
    /// Endpoints.
    #[field(tag = 1, always, required)]
    pub endpoints: String,
    /// Path.
    #[field(tag = 2, always, required)]
    pub path: String,
    /// Read only.
    #[field(tag = 3)]
    pub read_only: bool,
}

/// A host path volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HostPathVolumeSource {
    /// Path.
    #[field(tag = 1, always, required)]
    pub path: String,
    /// Type.
    #[field(tag = 2)]
    pub type_: Option<String>,
}

/// An iscsi volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ISCSIVolumeSource {
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
    pub secret_ref: Option<Box<LocalObjectReference>>,
    /// Chap auth session.
    #[field(tag = 11)]
    pub chap_auth_session: bool,
    /// Initiator name.
    #[field(tag = 12)]
    pub initiator_name: Option<String>,
}

/// An image volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ImageVolumeSource {
    /// Reference.
    #[field(tag = 1)]
    pub reference: String,
    /// Pull policy.
    #[field(tag = 2)]
    pub pull_policy: String,
}

/// A key to path.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct KeyToPath {
    /// Key.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// Path.
    #[field(tag = 2, always, required)]
    pub path: String,
    /// Mode.
    #[field(tag = 3)]
    pub mode: Option<i32>,
}

/// A nfs volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NFSVolumeSource {
    /// Server.
    #[field(tag = 1, always, required)]
    pub server: String,
    /// Path.
    #[field(tag = 2, always, required)]
    pub path: String,
    /// Read only.
    #[field(tag = 3)]
    pub read_only: bool,
}

/// A persistent volume claim spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PersistentVolumeClaimSpec {
    /// Access modes.
    #[field(tag = 1, list = "atomic")]
    pub access_modes: Vec<String>,
    /// Resources.
    #[field(tag = 2, always)]
    pub resources: VolumeResourceRequirements,
    /// Volume name.
    #[field(tag = 3)]
    pub volume_name: String,
    /// Selector.
    #[field(tag = 4)]
    pub selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Storage class name.
    #[field(tag = 5)]
    pub storage_class_name: Option<String>,
    /// Volume mode.
    #[field(tag = 6)]
    pub volume_mode: Option<String>,
    /// Data source.
    #[field(tag = 7)]
    pub data_source: Option<Box<TypedLocalObjectReference>>,
    /// Data source reference.
    #[field(tag = 8)]
    pub data_source_ref: Option<Box<TypedObjectReference>>,
    /// Volume attributes class name.
    #[field(tag = 9)]
    pub volume_attributes_class_name: Option<String>,
}

/// A persistent volume claim template.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PersistentVolumeClaimTemplate {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Spec.
    #[field(tag = 2, always, required)]
    pub spec: PersistentVolumeClaimSpec,
}

/// A persistent volume claim volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PersistentVolumeClaimVolumeSource {
    /// Claim name.
    #[field(tag = 1, always, required)]
    pub claim_name: String,
    /// Read only.
    #[field(tag = 2)]
    pub read_only: bool,
}

/// A photon persistent disk volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PhotonPersistentDiskVolumeSource {
    /// Pd ID.
    #[field(tag = 1, name = "pdID", always, required)]
    pub pd_id: String,
    /// Fs type.
    #[field(tag = 2)]
    pub fs_type: String,
}

/// A pod certificate projection.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodCertificateProjection {
    /// Signer name.
    #[field(tag = 1, always, required)]
    pub signer_name: String,
    /// Key type.
    #[field(tag = 2, always, required)]
    pub key_type: String,
    /// Max expiration, in seconds.
    #[field(tag = 3)]
    pub max_expiration_seconds: Option<i32>,
    /// Credential bundle path.
    #[field(tag = 4)]
    pub credential_bundle_path: String,
    /// Key path.
    #[field(tag = 5)]
    pub key_path: String,
    /// Certificate chain path.
    #[field(tag = 6)]
    pub certificate_chain_path: String,
    /// User annotations.
    #[field(tag = 7)]
    pub user_annotations: BTreeMap<String, String>,
}

/// A portworx volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PortworxVolumeSource {
    /// Volume ID.
    #[field(tag = 1, name = "volumeID", always, required)]
    pub volume_id: String,
    /// Fs type.
    #[field(tag = 2)]
    pub fs_type: String,
    /// Read only.
    #[field(tag = 3)]
    pub read_only: bool,
}

/// A projected volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ProjectedVolumeSource {
    /// Sources.
    #[field(tag = 1, list = "atomic")]
    pub sources: Vec<VolumeProjection>,
    /// Default mode.
    #[field(tag = 2)]
    pub default_mode: Option<i32>,
}

/// A quobyte volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct QuobyteVolumeSource {
    /// Registry.
    #[field(tag = 1, always, required)]
    pub registry: String,
    /// Volume.
    #[field(tag = 2, always, required)]
    pub volume: String,
    /// Read only.
    #[field(tag = 3)]
    pub read_only: bool,
    /// User.
    #[field(tag = 4)]
    pub user: String,
    /// Group.
    #[field(tag = 5)]
    pub group: String,
    /// Tenant.
    #[field(tag = 6)]
    pub tenant: String,
}

/// A rbd volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct RBDVolumeSource {
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
    pub secret_ref: Option<Box<LocalObjectReference>>,
    /// Read only.
    #[field(tag = 8)]
    pub read_only: bool,
}

/// A scale io volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ScaleIOVolumeSource {
    /// Gateway.
    #[field(tag = 1, always, required)]
    pub gateway: String,
    /// System.
    #[field(tag = 2, always, required)]
    pub system: String,
    /// Secret reference.
    #[field(tag = 3, always, required)]
    pub secret_ref: LocalObjectReference,
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

/// A secret projection.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SecretProjection {
    /// Name.
    #[field(tag = 1, within = 1)]
    pub name: String,
    /// Items.
    #[field(tag = 2, list = "atomic")]
    pub items: Vec<KeyToPath>,
    /// Optional.
    #[field(tag = 4)]
    pub optional: Option<bool>,
}

/// A secret volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SecretVolumeSource {
    /// Secret name.
    #[field(tag = 1)]
    pub secret_name: String,
    /// Items.
    #[field(tag = 2, list = "atomic")]
    pub items: Vec<KeyToPath>,
    /// Default mode.
    #[field(tag = 3)]
    pub default_mode: Option<i32>,
    /// Optional.
    #[field(tag = 4)]
    pub optional: Option<bool>,
}

/// A service account token projection.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceAccountTokenProjection {
    /// Audience.
    #[field(tag = 1)]
    pub audience: String,
    /// Expiration, in seconds.
    #[field(tag = 2)]
    pub expiration_seconds: Option<i64>,
    /// Path.
    #[field(tag = 3, always, required)]
    pub path: String,
}

/// A storage os volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StorageOSVolumeSource {
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
    pub secret_ref: Option<Box<LocalObjectReference>>,
}

/// A volume.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Volume {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Host path.
    #[field(tag = 1, within = 2)]
    pub host_path: Option<Box<HostPathVolumeSource>>,
    /// Empty dir.
    #[field(tag = 2, within = 2)]
    pub empty_dir: Option<Box<EmptyDirVolumeSource>>,
    /// Gce persistent disk.
    #[field(tag = 3, within = 2)]
    pub gce_persistent_disk: Option<Box<GCEPersistentDiskVolumeSource>>,
    /// Aws elastic block store.
    #[field(tag = 4, within = 2)]
    pub aws_elastic_block_store: Option<Box<AWSElasticBlockStoreVolumeSource>>,
    /// Git repo.
    #[field(tag = 5, within = 2)]
    pub git_repo: Option<Box<GitRepoVolumeSource>>,
    /// Secret.
    #[field(tag = 6, within = 2)]
    pub secret: Option<Box<SecretVolumeSource>>,
    /// Nfs.
    #[field(tag = 7, within = 2)]
    pub nfs: Option<Box<NFSVolumeSource>>,
    /// Iscsi.
    #[field(tag = 8, within = 2)]
    pub iscsi: Option<Box<ISCSIVolumeSource>>,
    /// Glusterfs.
    #[field(tag = 9, within = 2)]
    pub glusterfs: Option<Box<GlusterfsVolumeSource>>,
    /// Persistent volume claim.
    #[field(tag = 10, within = 2)]
    pub persistent_volume_claim: Option<Box<PersistentVolumeClaimVolumeSource>>,
    /// Rbd.
    #[field(tag = 11, within = 2)]
    pub rbd: Option<Box<RBDVolumeSource>>,
    /// Flex volume.
    #[field(tag = 12, within = 2)]
    pub flex_volume: Option<Box<FlexVolumeSource>>,
    /// Cinder.
    #[field(tag = 13, within = 2)]
    pub cinder: Option<Box<CinderVolumeSource>>,
    /// Cephfs.
    #[field(tag = 14, within = 2)]
    pub cephfs: Option<Box<CephFSVolumeSource>>,
    /// Flocker.
    #[field(tag = 15, within = 2)]
    pub flocker: Option<Box<FlockerVolumeSource>>,
    /// Downward API.
    #[field(tag = 16, within = 2, name = "downwardAPI")]
    pub downward_api: Option<Box<DownwardAPIVolumeSource>>,
    /// Fc.
    #[field(tag = 17, within = 2)]
    pub fc: Option<Box<FCVolumeSource>>,
    /// Azure file.
    #[field(tag = 18, within = 2)]
    pub azure_file: Option<Box<AzureFileVolumeSource>>,
    /// Config map.
    #[field(tag = 19, within = 2)]
    pub config_map: Option<Box<ConfigMapVolumeSource>>,
    /// Vsphere volume.
    #[field(tag = 20, within = 2)]
    pub vsphere_volume: Option<Box<VsphereVirtualDiskVolumeSource>>,
    /// Quobyte.
    #[field(tag = 21, within = 2)]
    pub quobyte: Option<Box<QuobyteVolumeSource>>,
    /// Azure disk.
    #[field(tag = 22, within = 2)]
    pub azure_disk: Option<Box<AzureDiskVolumeSource>>,
    /// Photon persistent disk.
    #[field(tag = 23, within = 2)]
    pub photon_persistent_disk: Option<Box<PhotonPersistentDiskVolumeSource>>,
    /// Portworx volume.
    #[field(tag = 24, within = 2)]
    pub portworx_volume: Option<Box<PortworxVolumeSource>>,
    /// Scale IO.
    #[field(tag = 25, within = 2, name = "scaleIO")]
    pub scale_io: Option<Box<ScaleIOVolumeSource>>,
    /// Projected.
    #[field(tag = 26, within = 2)]
    pub projected: Option<Box<ProjectedVolumeSource>>,
    /// Storageos.
    #[field(tag = 27, within = 2)]
    pub storageos: Option<Box<StorageOSVolumeSource>>,
    /// Csi.
    #[field(tag = 28, within = 2)]
    pub csi: Option<Box<CSIVolumeSource>>,
    /// Ephemeral.
    #[field(tag = 29, within = 2)]
    pub ephemeral: Option<Box<EphemeralVolumeSource>>,
    /// Image.
    #[field(tag = 30, within = 2)]
    pub image: Option<Box<ImageVolumeSource>>,
}

/// A volume device.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeDevice {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Device path.
    #[field(tag = 2, always, required)]
    pub device_path: String,
}

/// A volume mount.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeMount {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Read only.
    #[field(tag = 2)]
    pub read_only: bool,
    /// Mount path.
    #[field(tag = 3, always, required)]
    pub mount_path: String,
    /// Sub path.
    #[field(tag = 4)]
    pub sub_path: String,
    /// Mount propagation.
    #[field(tag = 5)]
    pub mount_propagation: Option<String>,
    /// Sub path expr.
    #[field(tag = 6)]
    pub sub_path_expr: String,
    /// Recursive read only.
    #[field(tag = 7)]
    pub recursive_read_only: Option<String>,
}

/// A volume projection.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeProjection {
    /// Secret.
    #[field(tag = 1)]
    pub secret: Option<Box<SecretProjection>>,
    /// Downward API.
    #[field(tag = 2, name = "downwardAPI")]
    pub downward_api: Option<Box<DownwardAPIProjection>>,
    /// Config map.
    #[field(tag = 3)]
    pub config_map: Option<Box<ConfigMapProjection>>,
    /// Service account token.
    #[field(tag = 4)]
    pub service_account_token: Option<Box<ServiceAccountTokenProjection>>,
    /// Cluster trust bundle.
    #[field(tag = 5)]
    pub cluster_trust_bundle: Option<Box<ClusterTrustBundleProjection>>,
    /// Pod certificate.
    #[field(tag = 6)]
    pub pod_certificate: Option<Box<PodCertificateProjection>>,
}

/// A volume resource requirements.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeResourceRequirements {
    /// Limits.
    #[field(tag = 1)]
    pub limits: BTreeMap<String, crate::Quantity>,
    /// Requests.
    #[field(tag = 2)]
    pub requests: BTreeMap<String, crate::Quantity>,
}

/// A vsphere virtual disk volume source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VsphereVirtualDiskVolumeSource {
    /// Volume path.
    #[field(tag = 1, always, required)]
    pub volume_path: String,
    /// Fs type.
    #[field(tag = 2)]
    pub fs_type: String,
    /// Storage policy name.
    #[field(tag = 3)]
    pub storage_policy_name: String,
    /// Storage policy ID.
    #[field(tag = 4, name = "storagePolicyID")]
    pub storage_policy_id: String,
}
