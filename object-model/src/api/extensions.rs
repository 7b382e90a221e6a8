//! API group `extensions`: dropped by Kubernetes, still used by old manifests.

pub mod v1beta1;
