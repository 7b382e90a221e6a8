//! `Secret` and the types that only it uses.

use std::collections::BTreeMap;

use crate::Resource;

/// Secret as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "secrets", rules)]
pub struct Secret {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2)]
    pub data: BTreeMap<String, crate::ByteString>,
    /// See the API reference.
    #[field(tag = 3)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub string_data: BTreeMap<String, String>,
    /// See the API reference.
    #[field(tag = 5)]
    pub immutable: bool,
}
