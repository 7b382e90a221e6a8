//! `ConfigMap` and the types that only it uses.

use std::collections::BTreeMap;

use crate::Resource;

/// A config map.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "configmaps", short = "cm", rules)]
pub struct ConfigMap {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Data.
    #[field(tag = 2)]
    pub data: BTreeMap<String, String>,
    /// Binary data.
    #[field(tag = 3)]
    pub binary_data: BTreeMap<String, crate::ByteString>,
    /// Immutable.
    #[field(tag = 4)]
    pub immutable: Option<bool>,
}
