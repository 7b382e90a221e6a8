//! API group `apiserverinternal`, version `v1alpha1`.

mod types;

pub use types::{
    ServerStorageVersion, StorageVersion, StorageVersionCondition, StorageVersionSpec, StorageVersionStatus,
};
