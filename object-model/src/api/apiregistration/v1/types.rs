//! Types of API group `apiregistration`, version `v1`.

use crate::{Reflect, Resource};

/// An api service.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "apiregistration.k8s.io",
    version = "v1",
    plural = "apiservices",
    scope = "Cluster",
    categories = "api-extensions",
    subresources = "status",
    rules
)]
pub struct APIService {
    /// Standard object metadata.
    #[field(always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(always)]
    pub spec: APIServiceSpec,
    /// What was last seen; written by the system.
    #[field(always)]
    pub status: APIServiceStatus,
}

/// An api service condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIServiceCondition {
    /// Last transition time.
    #[field(value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// Message.
    pub message: String,
    /// Reason.
    pub reason: String,
    /// Status.
    #[field(always, required)]
    pub status: String,
    /// Type.
    #[field(always, required)]
    pub type_: String,
}

/// An api service spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIServiceSpec {
    /// Ca bundle.
    #[field(list = "atomic")]
    pub ca_bundle: crate::ByteString,
    /// Group.
    pub group: String,
    /// Group priority minimum.
    #[field(always, required)]
    pub group_priority_minimum: i32,
    /// Insecure skip TLS verify.
    #[field(name = "insecureSkipTLSVerify")]
    pub insecure_skip_tls_verify: bool,
    /// Service.
    pub service: Option<Box<ServiceReference>>,
    /// Version.
    pub version: String,
    /// Version priority.
    #[field(always, required)]
    pub version_priority: i32,
}

/// An api service status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIServiceStatus {
    /// Conditions.
    #[field(list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<APIServiceCondition>,
}

/// A service reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceReference {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Port.
    pub port: Option<i32>,
}
