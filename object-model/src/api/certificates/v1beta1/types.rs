//! Types of API group `certificates`, version `v1beta1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// A cluster trust bundle.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "certificates.k8s.io", version = "v1beta1", plural = "clustertrustbundles", scope = "Cluster")]
pub struct ClusterTrustBundle {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: ClusterTrustBundleSpec,
}

/// A pod certificate request.
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
    #[field(tag = 3, always)]
    pub status: PodCertificateRequestStatus,
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

/// A pod certificate request spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodCertificateRequestSpec {
    /// Signer name.
    #[field(tag = 1, always, required)]
    pub signer_name: String,
    /// Pod name.
    #[field(tag = 2, always, required)]
    pub pod_name: String,
    /// Pod UID.
    #[field(tag = 3, name = "podUID", always, required)]
    pub pod_uid: String,
    /// Service account name.
    #[field(tag = 4, always, required)]
    pub service_account_name: String,
    /// Service account UID.
    #[field(tag = 5, name = "serviceAccountUID", always, required)]
    pub service_account_uid: String,
    /// Node name.
    #[field(tag = 6, always, required)]
    pub node_name: String,
    /// Node UID.
    #[field(tag = 7, name = "nodeUID", always, required)]
    pub node_uid: String,
    /// Max expiration, in seconds.
    #[field(tag = 8)]
    pub max_expiration_seconds: i32,
    /// Pkix public key.
    #[field(tag = 9)]
    pub pkix_public_key: crate::ByteString,
    /// Proof of possession.
    #[field(tag = 10)]
    pub proof_of_possession: crate::ByteString,
    /// Unverified user annotations.
    #[field(tag = 11)]
    pub unverified_user_annotations: BTreeMap<String, String>,
    /// Stub PKCS10 request.
    #[field(tag = 12, name = "stubPKCS10Request", always, required)]
    pub stub_pkcs10_request: crate::ByteString,
}

/// A pod certificate request status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodCertificateRequestStatus {
    /// Conditions.
    #[field(tag = 1, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
    /// Certificate chain.
    #[field(tag = 2)]
    pub certificate_chain: String,
    /// Not before.
    #[field(tag = 4, value, always)]
    pub not_before: Option<crate::Time>,
    /// Begin refresh at.
    #[field(tag = 5, value, always)]
    pub begin_refresh_at: Option<crate::Time>,
    /// Not after.
    #[field(tag = 6, value, always)]
    pub not_after: Option<crate::Time>,
}
