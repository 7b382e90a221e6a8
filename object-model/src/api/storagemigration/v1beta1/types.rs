//! Types of API group `storagemigration`, version `v1beta1`.

use crate::{Reflect, Resource};

/// StorageVersionMigration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "storagemigration.k8s.io",
    version = "v1beta1",
    plural = "storageversionmigrations",
    scope = "Cluster",
    subresources = "status"
)]
pub struct StorageVersionMigration {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<StorageVersionMigrationSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<StorageVersionMigrationStatus>>,
}

/// StorageVersionMigrationSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StorageVersionMigrationSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub resource: crate::api::meta::v1::GroupResource,
}

/// StorageVersionMigrationStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StorageVersionMigrationStatus {
    /// See the API reference.
    #[field(
        tag = 1,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
    /// See the API reference.
    #[field(tag = 2)]
    pub resource_version: String,
}
