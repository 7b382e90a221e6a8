//! `Namespace` and the types that only it uses.

use crate::{Reflect, Resource};

/// A namespace.
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
    #[field(tag = 2, always)]
    pub spec: NamespaceSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: NamespaceStatus,
}

/// A namespace condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NamespaceCondition {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Status.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// Last transition time.
    #[field(tag = 4, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// Reason.
    #[field(tag = 5)]
    pub reason: String,
    /// Message.
    #[field(tag = 6)]
    pub message: String,
}

/// A namespace spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NamespaceSpec {
    /// Finalizers.
    #[field(tag = 1, list = "atomic")]
    pub finalizers: Vec<String>,
}

/// A namespace status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NamespaceStatus {
    /// Phase.
    #[field(tag = 1)]
    pub phase: String,
    /// Conditions.
    #[field(tag = 2, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<NamespaceCondition>,
}
