//! API group `apiserverinternal`.

pub mod v1alpha1;
