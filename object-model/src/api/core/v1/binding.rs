//! `Binding` and the types that only it uses.

use crate::Resource;

use super::ObjectReference;

/// Binding as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "bindings", rules)]
pub struct Binding {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub target: ObjectReference,
}
