//! `Binding` and the types that only it uses.

use crate::Resource;

use super::ObjectReference;

/// A binding.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "bindings", rules)]
pub struct Binding {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Target.
    #[field(tag = 2, always, required)]
    pub target: ObjectReference,
}
