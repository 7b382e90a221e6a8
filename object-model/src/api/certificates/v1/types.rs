//! Types of API group `certificates`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// CertificateSigningRequest as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "certificates.k8s.io",
    version = "v1",
    plural = "certificatesigningrequests",
    scope = "Cluster",
    short = "csr",
    subresources = "approval,status"
)]
pub struct CertificateSigningRequest {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: CertificateSigningRequestSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<CertificateSigningRequestStatus>>,
}

/// CertificateSigningRequestCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CertificateSigningRequestCondition {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub message: String,
    /// See the API reference.
    #[field(tag = 4, value, always)]
    pub last_update_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 5, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 6, always, required)]
    pub status: String,
}

/// CertificateSigningRequestSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CertificateSigningRequestSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub request: crate::ByteString,
    /// See the API reference.
    #[field(tag = 2)]
    pub username: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub uid: String,
    /// See the API reference.
    #[field(tag = 4, list = "atomic")]
    pub groups: Vec<String>,
    /// See the API reference.
    #[field(tag = 5, list = "atomic")]
    pub usages: Vec<String>,
    /// See the API reference.
    #[field(tag = 6)]
    pub extra: BTreeMap<String, Vec<String>>,
    /// See the API reference.
    #[field(tag = 7, always, required)]
    pub signer_name: String,
    /// See the API reference.
    #[field(tag = 8)]
    pub expiration_seconds: i32,
}

/// CertificateSigningRequestStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CertificateSigningRequestStatus {
    /// See the API reference.
    #[field(tag = 1, list = "map", keys = "type")]
    pub conditions: Vec<CertificateSigningRequestCondition>,
    /// See the API reference.
    #[field(tag = 2)]
    pub certificate: crate::ByteString,
}
