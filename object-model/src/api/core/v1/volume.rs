//! Volumes and where they come from.

use std::collections::BTreeMap;

use crate::Reflect;

use super::{
    LocalObjectReference, ObjectFieldSelector, ResourceFieldSelector, TypedLocalObjectReference,
    TypedObjectReference,
};

/// AWSElasticBlockStoreVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AWSElasticBlockStoreVolumeSource {
    /// See the API reference.
    #[field(tag = 1, name = "volumeID", always, required)]
    pub volume_id: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub partition: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub read_only: bool,
}

/// AzureDiskVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AzureDiskVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub disk_name: String,
    /// See the API reference.
    #[field(tag = 2, name = "diskURI", always, required)]
    pub disk_uri: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub caching_mode: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub read_only: bool,
    /// Kind of the object.
    #[field(tag = 6)]
    pub kind: String,
}

/// AzureFileVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AzureFileVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub secret_name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub share_name: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub read_only: bool,
}

/// CSIVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CSIVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub read_only: bool,
    /// See the API reference.
    #[field(tag = 3)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub volume_attributes: BTreeMap<String, String>,
    /// See the API reference.
    #[field(tag = 5)]
    pub node_publish_secret_ref: Option<Box<LocalObjectReference>>,
}

/// CephFSVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CephFSVolumeSource {
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
    pub secret_ref: Option<Box<LocalObjectReference>>,
    /// See the API reference.
    #[field(tag = 6)]
    pub read_only: bool,
}

/// CinderVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CinderVolumeSource {
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
    pub secret_ref: Option<Box<LocalObjectReference>>,
}

/// ClusterTrustBundleProjection as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ClusterTrustBundleProjection {
    /// See the API reference.
    #[field(tag = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub signer_name: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub label_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub path: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub optional: bool,
}

/// ConfigMapProjection as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ConfigMapProjection {
    /// See the API reference.
    #[field(tag = 1, within = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub items: Vec<KeyToPath>,
    /// See the API reference.
    #[field(tag = 4)]
    pub optional: bool,
}

/// ConfigMapVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ConfigMapVolumeSource {
    /// See the API reference.
    #[field(tag = 1, within = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub items: Vec<KeyToPath>,
    /// See the API reference.
    #[field(tag = 3)]
    pub default_mode: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub optional: bool,
}

/// DownwardAPIProjection as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DownwardAPIProjection {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub items: Vec<DownwardAPIVolumeFile>,
}

/// DownwardAPIVolumeFile as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DownwardAPIVolumeFile {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub path: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub field_ref: Option<Box<ObjectFieldSelector>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub resource_field_ref: Option<Box<ResourceFieldSelector>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub mode: i32,
}

/// DownwardAPIVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DownwardAPIVolumeSource {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub items: Vec<DownwardAPIVolumeFile>,
    /// See the API reference.
    #[field(tag = 2)]
    pub default_mode: i32,
}

/// EmptyDirVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EmptyDirVolumeSource {
    /// See the API reference.
    #[field(tag = 1)]
    pub medium: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub size_limit: crate::Quantity,
}

/// EphemeralVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EphemeralVolumeSource {
    /// See the API reference.
    #[field(tag = 1)]
    pub volume_claim_template: Option<Box<PersistentVolumeClaimTemplate>>,
}

/// FCVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FCVolumeSource {
    /// See the API reference.
    #[field(tag = 1, name = "targetWWNs", list = "atomic")]
    pub target_ww_ns: Vec<String>,
    /// See the API reference.
    #[field(tag = 2)]
    pub lun: i32,
    /// See the API reference.
    #[field(tag = 3)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub read_only: bool,
    /// See the API reference.
    #[field(tag = 5, list = "atomic")]
    pub wwids: Vec<String>,
}

/// FlexVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FlexVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub secret_ref: Option<Box<LocalObjectReference>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub read_only: bool,
    /// See the API reference.
    #[field(tag = 5)]
    pub options: BTreeMap<String, String>,
}

/// FlockerVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FlockerVolumeSource {
    /// See the API reference.
    #[field(tag = 1)]
    pub dataset_name: String,
    /// See the API reference.
    #[field(tag = 2, name = "datasetUUID")]
    pub dataset_uuid: String,
}

/// GCEPersistentDiskVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GCEPersistentDiskVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub pd_name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub partition: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub read_only: bool,
}

/// GitRepoVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GitRepoVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub repository: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub revision: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub directory: String,
}

/// GlusterfsVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GlusterfsVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub endpoints: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub path: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub read_only: bool,
}

/// HostPathVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HostPathVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub path: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub type_: String,
}

/// ISCSIVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ISCSIVolumeSource {
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
    pub secret_ref: Option<Box<LocalObjectReference>>,
    /// See the API reference.
    #[field(tag = 11)]
    pub chap_auth_session: bool,
    /// See the API reference.
    #[field(tag = 12)]
    pub initiator_name: String,
}

/// ImageVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ImageVolumeSource {
    /// See the API reference.
    #[field(tag = 1)]
    pub reference: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub pull_policy: String,
}

/// KeyToPath as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct KeyToPath {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub path: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub mode: i32,
}

/// NFSVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NFSVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub server: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub path: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub read_only: bool,
}

/// PersistentVolumeClaimSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PersistentVolumeClaimSpec {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub access_modes: Vec<String>,
    /// See the API reference.
    #[field(tag = 2)]
    pub resources: Option<Box<VolumeResourceRequirements>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub volume_name: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 5)]
    pub storage_class_name: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub volume_mode: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub data_source: Option<Box<TypedLocalObjectReference>>,
    /// See the API reference.
    #[field(tag = 8)]
    pub data_source_ref: Option<Box<TypedObjectReference>>,
    /// See the API reference.
    #[field(tag = 9)]
    pub volume_attributes_class_name: String,
}

/// PersistentVolumeClaimTemplate as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PersistentVolumeClaimTemplate {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub spec: PersistentVolumeClaimSpec,
}

/// PersistentVolumeClaimVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PersistentVolumeClaimVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub claim_name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub read_only: bool,
}

/// PhotonPersistentDiskVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PhotonPersistentDiskVolumeSource {
    /// See the API reference.
    #[field(tag = 1, name = "pdID", always, required)]
    pub pd_id: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub fs_type: String,
}

/// PodCertificateProjection as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodCertificateProjection {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub signer_name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub key_type: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub max_expiration_seconds: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub credential_bundle_path: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub key_path: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub certificate_chain_path: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub user_annotations: BTreeMap<String, String>,
}

/// PortworxVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PortworxVolumeSource {
    /// See the API reference.
    #[field(tag = 1, name = "volumeID", always, required)]
    pub volume_id: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub read_only: bool,
}

/// ProjectedVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ProjectedVolumeSource {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub sources: Vec<VolumeProjection>,
    /// See the API reference.
    #[field(tag = 2)]
    pub default_mode: i32,
}

/// QuobyteVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct QuobyteVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub registry: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub volume: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub read_only: bool,
    /// See the API reference.
    #[field(tag = 4)]
    pub user: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub group: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub tenant: String,
}

/// RBDVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct RBDVolumeSource {
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
    pub secret_ref: Option<Box<LocalObjectReference>>,
    /// See the API reference.
    #[field(tag = 8)]
    pub read_only: bool,
}

/// ScaleIOVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ScaleIOVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub gateway: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub system: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub secret_ref: LocalObjectReference,
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

/// SecretProjection as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SecretProjection {
    /// See the API reference.
    #[field(tag = 1, within = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub items: Vec<KeyToPath>,
    /// See the API reference.
    #[field(tag = 4)]
    pub optional: bool,
}

/// SecretVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SecretVolumeSource {
    /// See the API reference.
    #[field(tag = 1)]
    pub secret_name: String,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub items: Vec<KeyToPath>,
    /// See the API reference.
    #[field(tag = 3)]
    pub default_mode: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub optional: bool,
}

/// ServiceAccountTokenProjection as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceAccountTokenProjection {
    /// See the API reference.
    #[field(tag = 1)]
    pub audience: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub expiration_seconds: i64,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub path: String,
}

/// StorageOSVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StorageOSVolumeSource {
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
    pub secret_ref: Option<Box<LocalObjectReference>>,
}

/// Volume as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Volume {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 1, within = 2)]
    pub host_path: Option<Box<HostPathVolumeSource>>,
    /// See the API reference.
    #[field(tag = 2, within = 2)]
    pub empty_dir: Option<Box<EmptyDirVolumeSource>>,
    /// See the API reference.
    #[field(tag = 3, within = 2)]
    pub gce_persistent_disk: Option<Box<GCEPersistentDiskVolumeSource>>,
    /// See the API reference.
    #[field(tag = 4, within = 2)]
    pub aws_elastic_block_store: Option<Box<AWSElasticBlockStoreVolumeSource>>,
    /// See the API reference.
    #[field(tag = 5, within = 2)]
    pub git_repo: Option<Box<GitRepoVolumeSource>>,
    /// See the API reference.
    #[field(tag = 6, within = 2)]
    pub secret: Option<Box<SecretVolumeSource>>,
    /// See the API reference.
    #[field(tag = 7, within = 2)]
    pub nfs: Option<Box<NFSVolumeSource>>,
    /// See the API reference.
    #[field(tag = 8, within = 2)]
    pub iscsi: Option<Box<ISCSIVolumeSource>>,
    /// See the API reference.
    #[field(tag = 9, within = 2)]
    pub glusterfs: Option<Box<GlusterfsVolumeSource>>,
    /// See the API reference.
    #[field(tag = 10, within = 2)]
    pub persistent_volume_claim: Option<Box<PersistentVolumeClaimVolumeSource>>,
    /// See the API reference.
    #[field(tag = 11, within = 2)]
    pub rbd: Option<Box<RBDVolumeSource>>,
    /// See the API reference.
    #[field(tag = 12, within = 2)]
    pub flex_volume: Option<Box<FlexVolumeSource>>,
    /// See the API reference.
    #[field(tag = 13, within = 2)]
    pub cinder: Option<Box<CinderVolumeSource>>,
    /// See the API reference.
    #[field(tag = 14, within = 2)]
    pub cephfs: Option<Box<CephFSVolumeSource>>,
    /// See the API reference.
    #[field(tag = 15, within = 2)]
    pub flocker: Option<Box<FlockerVolumeSource>>,
    /// See the API reference.
    #[field(tag = 16, within = 2, name = "downwardAPI")]
    pub downward_api: Option<Box<DownwardAPIVolumeSource>>,
    /// See the API reference.
    #[field(tag = 17, within = 2)]
    pub fc: Option<Box<FCVolumeSource>>,
    /// See the API reference.
    #[field(tag = 18, within = 2)]
    pub azure_file: Option<Box<AzureFileVolumeSource>>,
    /// See the API reference.
    #[field(tag = 19, within = 2)]
    pub config_map: Option<Box<ConfigMapVolumeSource>>,
    /// See the API reference.
    #[field(tag = 20, within = 2)]
    pub vsphere_volume: Option<Box<VsphereVirtualDiskVolumeSource>>,
    /// See the API reference.
    #[field(tag = 21, within = 2)]
    pub quobyte: Option<Box<QuobyteVolumeSource>>,
    /// See the API reference.
    #[field(tag = 22, within = 2)]
    pub azure_disk: Option<Box<AzureDiskVolumeSource>>,
    /// See the API reference.
    #[field(tag = 23, within = 2)]
    pub photon_persistent_disk: Option<Box<PhotonPersistentDiskVolumeSource>>,
    /// See the API reference.
    #[field(tag = 24, within = 2)]
    pub portworx_volume: Option<Box<PortworxVolumeSource>>,
    /// See the API reference.
    #[field(tag = 25, within = 2, name = "scaleIO")]
    pub scale_io: Option<Box<ScaleIOVolumeSource>>,
    /// See the API reference.
    #[field(tag = 26, within = 2)]
    pub projected: Option<Box<ProjectedVolumeSource>>,
    /// See the API reference.
    #[field(tag = 27, within = 2)]
    pub storageos: Option<Box<StorageOSVolumeSource>>,
    /// See the API reference.
    #[field(tag = 28, within = 2)]
    pub csi: Option<Box<CSIVolumeSource>>,
    /// See the API reference.
    #[field(tag = 29, within = 2)]
    pub ephemeral: Option<Box<EphemeralVolumeSource>>,
    /// See the API reference.
    #[field(tag = 30, within = 2)]
    pub image: Option<Box<ImageVolumeSource>>,
}

/// VolumeDevice as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeDevice {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub device_path: String,
}

/// VolumeMount as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeMount {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub read_only: bool,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub mount_path: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub sub_path: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub mount_propagation: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub sub_path_expr: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub recursive_read_only: String,
}

/// VolumeProjection as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeProjection {
    /// See the API reference.
    #[field(tag = 1)]
    pub secret: Option<Box<SecretProjection>>,
    /// See the API reference.
    #[field(tag = 2, name = "downwardAPI")]
    pub downward_api: Option<Box<DownwardAPIProjection>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub config_map: Option<Box<ConfigMapProjection>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub service_account_token: Option<Box<ServiceAccountTokenProjection>>,
    /// See the API reference.
    #[field(tag = 5)]
    pub cluster_trust_bundle: Option<Box<ClusterTrustBundleProjection>>,
    /// See the API reference.
    #[field(tag = 6)]
    pub pod_certificate: Option<Box<PodCertificateProjection>>,
}

/// VolumeResourceRequirements as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VolumeResourceRequirements {
    /// See the API reference.
    #[field(tag = 1)]
    pub limits: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 2)]
    pub requests: BTreeMap<String, crate::Quantity>,
}

/// VsphereVirtualDiskVolumeSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct VsphereVirtualDiskVolumeSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub volume_path: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub fs_type: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub storage_policy_name: String,
    /// See the API reference.
    #[field(tag = 4, name = "storagePolicyID")]
    pub storage_policy_id: String,
}
