//! Types of API group `certificates`, version `v1beta1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// ClusterTrustBundle as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "certificates.k8s.io",
    version = "v1beta1",
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

/// PodCertificateRequest as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "certificates.k8s.io",
    version = "v1beta1",
    plural = "podcertificaterequests",
    subresources = "status"
)]
pub struct PodCertificateRequest {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: PodCertificateRequestSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<PodCertificateRequestStatus>>,
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

/// PodCertificateRequestSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodCertificateRequestSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub signer_name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub pod_name: String,
    /// See the API reference.
    #[field(tag = 3, name = "podUID", always, required)]
    pub pod_uid: String,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub service_account_name: String,
    /// See the API reference.
    #[field(tag = 5, name = "serviceAccountUID", always, required)]
    pub service_account_uid: String,
    /// See the API reference.
    #[field(tag = 6, always, required)]
    pub node_name: String,
    /// See the API reference.
    #[field(tag = 7, name = "nodeUID", always, required)]
    pub node_uid: String,
    /// See the API reference.
    #[field(tag = 8)]
    pub max_expiration_seconds: i32,
    /// See the API reference.
    #[field(tag = 9)]
    pub pkix_public_key: crate::ByteString,
    /// See the API reference.
    #[field(tag = 10)]
    pub proof_of_possession: crate::ByteString,
    /// See the API reference.
    #[field(tag = 11)]
    pub unverified_user_annotations: BTreeMap<String, String>,
    /// See the API reference.
    #[field(tag = 12, name = "stubPKCS10Request", always, required)]
    pub stub_pkcs10_request: crate::ByteString,
}

/// PodCertificateRequestStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodCertificateRequestStatus {
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
    pub certificate_chain: String,
    /// See the API reference.
    #[field(tag = 4, value, always)]
    pub not_before: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 5, value, always)]
    pub begin_refresh_at: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 6, value, always)]
    pub not_after: Option<crate::Time>,
}
