//! API group `certificates`, version `v1alpha1`.

mod types;

pub use types::{ClusterTrustBundle, ClusterTrustBundleSpec};
