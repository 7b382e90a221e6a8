//! `Secret` and the types that only it uses.

use std::collections::BTreeMap;

use crate::Resource;

/// A secret.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "secrets", rules)]
pub struct Secret {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Data.
    #[field(tag = 2)]
    pub data: BTreeMap<String, crate::ByteString>,
    /// Type.
    #[field(tag = 3)]
    pub type_: String,
    /// String data.
    #[field(tag = 4)]
    pub string_data: BTreeMap<String, String>,
    /// Immutable.
    #[field(tag = 5)]
    pub immutable: Option<bool>,
}
