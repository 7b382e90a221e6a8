//! Types of API group `apiserverinternal`, version `v1alpha1`.

use crate::{Reflect, Resource};

/// A storage version.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "internal.apiserver.k8s.io",
    version = "v1alpha1",
    plural = "storageversions",
    scope = "Cluster",
    subresources = "status"
)]
pub struct StorageVersion {
    /// Standard object metadata.
    #[field(tag = 1, always, required)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: StorageVersionSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: StorageVersionStatus,
}

/// A server storage version.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServerStorageVersion {
    /// Api server ID.
    #[field(tag = 1, name = "apiServerID", always, required)]
    pub api_server_id: String,
    /// Encoding version.
    #[field(tag = 2, always, required)]
    pub encoding_version: String,
    /// Decodable versions.
    #[field(tag = 3, always, required, list = "set")]
    pub decodable_versions: Vec<String>,
    /// Served versions.
    #[field(tag = 4, list = "set")]
    pub served_versions: Vec<String>,
}

/// A storage version condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StorageVersionCondition {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Status.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// Observed generation.
    #[field(tag = 3)]
    pub observed_generation: i64,
    /// Last transition time.
    #[field(tag = 4, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// Reason.
    #[field(tag = 5, always, required)]
    pub reason: String,
    /// Message.
    #[field(tag = 6, always, required)]
    pub message: String,
}

/// A storage version spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StorageVersionSpec {}

/// A storage version status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StorageVersionStatus {
    /// Storage versions.
    #[field(tag = 1, list = "map", keys = "apiServerID")]
    pub storage_versions: Vec<ServerStorageVersion>,
    /// Common encoding version.
    #[field(tag = 2)]
    pub common_encoding_version: String,
    /// Conditions.
    #[field(tag = 3, list = "map", keys = "type")]
    pub conditions: Vec<StorageVersionCondition>,
}
