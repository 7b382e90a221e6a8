//! `ResourceQuota` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// A resource quota.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "resourcequotas", short = "quota", subresources = "status", rules)]
pub struct ResourceQuota {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: ResourceQuotaSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: ResourceQuotaStatus,
}

/// A resource quota spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceQuotaSpec {
    /// Hard.
    #[field(tag = 1)]
    pub hard: BTreeMap<String, crate::Quantity>,
    /// Scopes.
    #[field(tag = 2, list = "atomic")]
    pub scopes: Vec<String>,
    /// Scope selector.
    #[field(tag = 3)]
    pub scope_selector: Option<Box<ScopeSelector>>,
}

/// A resource quota status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceQuotaStatus {
    /// Hard.
    #[field(tag = 1)]
    pub hard: BTreeMap<String, crate::Quantity>,
    /// Used.
    #[field(tag = 2)]
    pub used: BTreeMap<String, crate::Quantity>,
}

/// A scope selector.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ScopeSelector {
    /// Match expressions.
    #[field(tag = 1, list = "atomic")]
    pub match_expressions: Vec<ScopedResourceSelectorRequirement>,
}

/// A scoped resource selector requirement.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ScopedResourceSelectorRequirement {
    /// Scope name.
    #[field(tag = 1, always, required)]
    pub scope_name: String,
    /// Operator.
    #[field(tag = 2, always, required)]
    pub operator: String,
    /// Values.
    #[field(tag = 3, list = "atomic")]
    pub values: Vec<String>,
}
