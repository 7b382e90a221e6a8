//! Types of API group `certificates`, version `v1alpha1`.

use crate::{Reflect, Resource};

/// ClusterTrustBundle as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "certificates.k8s.io",
    version = "v1alpha1",
    plural = "clustertrustbundles",
    scope = "Cluster"
)]
pub struct ClusterTrustBundle {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: ClusterTrustBundleSpec,
}

/// ClusterTrustBundleSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ClusterTrustBundleSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub signer_name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub trust_bundle: String,
}
