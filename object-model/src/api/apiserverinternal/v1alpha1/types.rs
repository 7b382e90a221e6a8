//! Types of API group `apiserverinternal`, version `v1alpha1`.

use crate::{Reflect, Resource};

/// StorageVersion as of the API group it belongs to.
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
    #[field(tag = 2)]
    pub spec: Option<Box<StorageVersionSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<StorageVersionStatus>>,
}

/// ServerStorageVersion as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServerStorageVersion {
    /// See the API reference.
    #[field(tag = 1, name = "apiServerID", always, required)]
    pub api_server_id: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub encoding_version: String,
    /// See the API reference.
    #[field(tag = 3, always, required, list = "set")]
    pub decodable_versions: Vec<String>,
    /// See the API reference.
    #[field(tag = 4, list = "set")]
    pub served_versions: Vec<String>,
}

/// StorageVersionCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StorageVersionCondition {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub observed_generation: i64,
    /// See the API reference.
    #[field(tag = 4, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 5, always, required)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 6, always, required)]
    pub message: String,
}

/// StorageVersionSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StorageVersionSpec {}

/// StorageVersionStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StorageVersionStatus {
    /// See the API reference.
    #[field(tag = 1, list = "map", keys = "apiServerID")]
    pub storage_versions: Vec<ServerStorageVersion>,
    /// See the API reference.
    #[field(tag = 2)]
    pub common_encoding_version: String,
    /// See the API reference.
    #[field(tag = 3, list = "map", keys = "type")]
    pub conditions: Vec<StorageVersionCondition>,
}
