//! `LimitRange` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// A limit range.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "limitranges", short = "limits", rules)]
pub struct LimitRange {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: LimitRangeSpec,
}

/// A limit range item.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LimitRangeItem {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Max.
    #[field(tag = 2)]
    pub max: BTreeMap<String, crate::Quantity>,
    /// Min.
    #[field(tag = 3)]
    pub min: BTreeMap<String, crate::Quantity>,
    /// Default.
    #[field(tag = 4)]
    pub default: BTreeMap<String, crate::Quantity>,
    /// Default request.
    #[field(tag = 5)]
    pub default_request: BTreeMap<String, crate::Quantity>,
    /// Max limit request ratio.
    #[field(tag = 6)]
    pub max_limit_request_ratio: BTreeMap<String, crate::Quantity>,
}

/// A limit range spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LimitRangeSpec {
    /// Limits.
    #[field(tag = 1, always, required, list = "atomic")]
    pub limits: Vec<LimitRangeItem>,
}
