//! API group `storagemigration`, version `v1beta1`.

mod types;

pub use types::{StorageVersionMigration, StorageVersionMigrationSpec, StorageVersionMigrationStatus};
