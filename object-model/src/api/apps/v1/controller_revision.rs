//! `ControllerRevision` and the types that only it uses.

use crate::Resource;

/// ControllerRevision as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "apps", version = "v1", plural = "controllerrevisions", rules)]
pub struct ControllerRevision {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2)]
    pub data: crate::RawExtension,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub revision: i64,
}
