//! Types of API group `node`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// RuntimeClass as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "node.k8s.io",
    version = "v1",
    plural = "runtimeclasses",
    scope = "Cluster",
    rules
)]
pub struct RuntimeClass {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub handler: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub overhead: Option<Box<Overhead>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub scheduling: Option<Box<Scheduling>>,
}

/// Overhead as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Overhead {
    /// See the API reference.
    #[field(tag = 1)]
    pub pod_fixed: BTreeMap<String, crate::Quantity>,
}

/// Scheduling as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Scheduling {
    /// See the API reference.
    #[field(tag = 1, atomic)]
    pub node_selector: BTreeMap<String, String>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub tolerations: Vec<crate::api::core::v1::Toleration>,
}
