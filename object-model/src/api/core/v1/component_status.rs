//! `ComponentStatus` and the types that only it uses.

use crate::{Reflect, Resource};

/// ComponentStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    version = "v1",
    plural = "componentstatuses",
    scope = "Cluster",
    short = "cs"
)]
pub struct ComponentStatus {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(
        tag = 2,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<ComponentCondition>,
}

/// ComponentCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ComponentCondition {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub message: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub error: String,
}
