//! Types of API group `node`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// A runtime class.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "node.k8s.io", version = "v1", plural = "runtimeclasses", scope = "Cluster", rules)]
pub struct RuntimeClass {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Handler.
    #[field(tag = 2, always, required)]
    pub handler: String,
    /// Overhead.
    #[field(tag = 3)]
    pub overhead: Option<Box<Overhead>>,
    /// Scheduling.
    #[field(tag = 4)]
    pub scheduling: Option<Box<Scheduling>>,
}

/// An overhead.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Overhead {
    /// Pod fixed.
    #[field(tag = 1)]
    pub pod_fixed: BTreeMap<String, crate::Quantity>,
}

/// A scheduling.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Scheduling {
    /// Node selector.
    #[field(tag = 1, atomic)]
    pub node_selector: BTreeMap<String, String>,
    /// Tolerations.
    #[field(tag = 2, list = "atomic")]
    pub tolerations: Vec<crate::api::core::v1::Toleration>,
}
