//! `ResourceQuota` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// ResourceQuota as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    version = "v1",
    plural = "resourcequotas",
    short = "quota",
    subresources = "status",
    rules
)]
pub struct ResourceQuota {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<ResourceQuotaSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<ResourceQuotaStatus>>,
}

/// ResourceQuotaSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceQuotaSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub hard: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub scopes: Vec<String>,
    /// See the API reference.
    #[field(tag = 3)]
    pub scope_selector: Option<Box<ScopeSelector>>,
}

/// ResourceQuotaStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceQuotaStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub hard: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 2)]
    pub used: BTreeMap<String, crate::Quantity>,
}

/// ScopeSelector as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ScopeSelector {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub match_expressions: Vec<ScopedResourceSelectorRequirement>,
}

/// ScopedResourceSelectorRequirement as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ScopedResourceSelectorRequirement {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub scope_name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub operator: String,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub values: Vec<String>,
}
