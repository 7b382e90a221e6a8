//! Types of API group `certificates`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// A certificate signing request.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "certificates.k8s.io",
    version = "v1",
    plural = "certificatesigningrequests",
    scope = "Cluster",
    short = "csr",
    subresources = "approval,status",
    rules
)]
pub struct CertificateSigningRequest {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: CertificateSigningRequestSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: CertificateSigningRequestStatus,
}

/// A certificate signing request condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CertificateSigningRequestCondition {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Reason.
    #[field(tag = 2)]
    pub reason: String,
    /// Message.
    #[field(tag = 3)]
    pub message: String,
    /// Last update time.
    #[field(tag = 4, value, always)]
    pub last_update_time: Option<crate::Time>,
    /// Last transition time.
    #[field(tag = 5, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// Status.
    #[field(tag = 6, always, required)]
    pub status: String,
}

/// A certificate signing request spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CertificateSigningRequestSpec {
    /// Request.
    #[field(tag = 1, always, required)]
    pub request: crate::ByteString,
    /// Username.
    #[field(tag = 2)]
    pub username: String,
    /// Uid.
    #[field(tag = 3)]
    pub uid: String,
    /// Groups.
    #[field(tag = 4, list = "atomic")]
    pub groups: Vec<String>,
    /// Usages.
    #[field(tag = 5, list = "atomic")]
    pub usages: Vec<String>,
    /// Extra.
    #[field(tag = 6)]
    pub extra: BTreeMap<String, Vec<String>>,
    /// Signer name.
    #[field(tag = 7, always, required)]
    pub signer_name: String,
    /// Expiration, in seconds.
    #[field(tag = 8)]
    pub expiration_seconds: Option<i32>,
}

/// A certificate signing request status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CertificateSigningRequestStatus {
    /// Conditions.
    #[field(tag = 1, list = "map", keys = "type")]
    pub conditions: Vec<CertificateSigningRequestCondition>,
    /// Certificate.
    #[field(tag = 2)]
    pub certificate: crate::ByteString,
}
