//! Types of API group `certificates`, version `v1alpha1`.

use crate::{Reflect, Resource};

/// A cluster trust bundle.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "certificates.k8s.io", version = "v1alpha1", plural = "clustertrustbundles", scope = "Cluster")]
pub struct ClusterTrustBundle {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: ClusterTrustBundleSpec,
}

/// A cluster trust bundle spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ClusterTrustBundleSpec {
    /// Signer name.
    #[field(tag = 1)]
    pub signer_name: String,
    /// Trust bundle.
    #[field(tag = 2, always, required)]
    pub trust_bundle: String,
}
