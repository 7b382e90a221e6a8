//! `Namespace` and the types that only it uses.

use crate::{Reflect, Resource};

/// Namespace as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    version = "v1",
    plural = "namespaces",
    scope = "Cluster",
    short = "ns",
    subresources = "finalize,status",
    rules
)]
pub struct Namespace {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<NamespaceSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<NamespaceStatus>>,
}

/// NamespaceCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NamespaceCondition {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// See the API reference.
    #[field(tag = 4, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 5)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub message: String,
}

/// NamespaceSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NamespaceSpec {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub finalizers: Vec<String>,
}

/// NamespaceStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NamespaceStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub phase: String,
    /// See the API reference.
    #[field(
        tag = 2,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<NamespaceCondition>,
}
