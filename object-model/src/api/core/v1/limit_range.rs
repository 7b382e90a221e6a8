//! `LimitRange` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// LimitRange as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "limitranges", short = "limits", rules)]
pub struct LimitRange {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<LimitRangeSpec>>,
}

/// LimitRangeItem as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LimitRangeItem {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub max: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 3)]
    pub min: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 4)]
    pub default: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 5)]
    pub default_request: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 6)]
    pub max_limit_request_ratio: BTreeMap<String, crate::Quantity>,
}

/// LimitRangeSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LimitRangeSpec {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "atomic")]
    pub limits: Vec<LimitRangeItem>,
}
