//! `ControllerRevision` and the types that only it uses.

use crate::Resource;

/// A controller revision.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "apps", version = "v1", plural = "controllerrevisions", rules)]
pub struct ControllerRevision {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Data.
    #[field(tag = 2)]
    pub data: crate::RawExtension,
    /// Revision.
    #[field(tag = 3, always, required)]
    pub revision: i64,
}
