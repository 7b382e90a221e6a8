//! Types of API group `apiregistration`, version `v1`.

use crate::{Reflect, Resource};

/// APIService as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "apiregistration.k8s.io",
    version = "v1",
    plural = "apiservices",
    scope = "Cluster",
    categories = "api-extensions",
    subresources = "status"
)]
pub struct APIService {
    /// Standard object metadata.
    #[field(always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    pub spec: Option<Box<APIServiceSpec>>,
    /// What was last seen; written by the system.
    pub status: Option<Box<APIServiceStatus>>,
}

/// APIServiceCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIServiceCondition {
    /// See the API reference.
    #[field(value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// See the API reference.
    pub message: String,
    /// See the API reference.
    pub reason: String,
    /// See the API reference.
    #[field(always, required)]
    pub status: String,
    /// See the API reference.
    #[field(always, required)]
    pub type_: String,
}

/// APIServiceSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIServiceSpec {
    /// See the API reference.
    #[field(list = "atomic")]
    pub ca_bundle: crate::ByteString,
    /// See the API reference.
    pub group: String,
    /// See the API reference.
    #[field(always, required)]
    pub group_priority_minimum: i32,
    /// See the API reference.
    #[field(name = "insecureSkipTLSVerify")]
    pub insecure_skip_tls_verify: bool,
    /// See the API reference.
    pub service: Option<Box<ServiceReference>>,
    /// See the API reference.
    pub version: String,
    /// See the API reference.
    #[field(always, required)]
    pub version_priority: i32,
}

/// APIServiceStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct APIServiceStatus {
    /// See the API reference.
    #[field(list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<APIServiceCondition>,
}

/// ServiceReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceReference {
    /// See the API reference.
    pub name: String,
    /// See the API reference.
    pub namespace: String,
    /// See the API reference.
    pub port: i32,
}
