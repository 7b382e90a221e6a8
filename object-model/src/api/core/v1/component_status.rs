//! `ComponentStatus` and the types that only it uses.

use crate::{Reflect, Resource};

/// A component status.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "componentstatuses", scope = "Cluster", short = "cs")]
pub struct ComponentStatus {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Conditions.
    #[field(tag = 2, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<ComponentCondition>,
}

/// A component condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ComponentCondition {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Status.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// Message.
    #[field(tag = 3)]
    pub message: String,
    /// Error.
    #[field(tag = 4)]
    pub error: String,
}
