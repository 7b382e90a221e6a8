//! Types of API group `storagemigration`, version `v1beta1`.

use crate::{Reflect, Resource};

/// A storage version migration.
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
    #[field(tag = 2, always)]
    pub spec: StorageVersionMigrationSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: StorageVersionMigrationStatus,
}

/// A storage version migration spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StorageVersionMigrationSpec {
    /// Resource.
    #[field(tag = 1, always, required)]
    pub resource: crate::api::meta::v1::GroupResource,
}

/// A storage version migration status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct StorageVersionMigrationStatus {
    /// Conditions.
    #[field(tag = 1, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
    /// Resource version.
    #[field(tag = 2)]
    pub resource_version: String,
}
