//! `ResourceSlice` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// ResourceSlice as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "resource.k8s.io",
    version = "v1beta1",
    plural = "resourceslices",
    scope = "Cluster"
)]
pub struct ResourceSlice {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: ResourceSliceSpec,
}

/// BasicDevice as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct BasicDevice {
    /// See the API reference.
    #[field(tag = 1)]
    pub attributes: BTreeMap<String, DeviceAttribute>,
    /// See the API reference.
    #[field(tag = 2)]
    pub capacity: BTreeMap<String, DeviceCapacity>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub consumes_counters: Vec<DeviceCounterConsumption>,
    /// See the API reference.
    #[field(tag = 4)]
    pub node_name: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub node_selector: Option<Box<crate::api::core::v1::NodeSelector>>,
    /// See the API reference.
    #[field(tag = 6)]
    pub all_nodes: bool,
    /// See the API reference.
    #[field(tag = 7, list = "atomic")]
    pub taints: Vec<DeviceTaint>,
    /// See the API reference.
    #[field(tag = 8)]
    pub binds_to_node: bool,
    /// See the API reference.
    #[field(tag = 9, list = "atomic")]
    pub binding_conditions: Vec<String>,
    /// See the API reference.
    #[field(tag = 10, list = "atomic")]
    pub binding_failure_conditions: Vec<String>,
    /// See the API reference.
    #[field(tag = 11)]
    pub allow_multiple_allocations: bool,
    /// See the API reference.
    #[field(tag = 12)]
    pub node_allocatable_resource_mappings: BTreeMap<String, NodeAllocatableResourceMapping>,
}

/// CapacityRequestPolicy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CapacityRequestPolicy {
    /// See the API reference.
    #[field(tag = 1)]
    pub default: crate::Quantity,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub valid_values: Vec<crate::Quantity>,
    /// See the API reference.
    #[field(tag = 4)]
    pub valid_range: Option<Box<CapacityRequestPolicyRange>>,
}

/// CapacityRequestPolicyRange as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CapacityRequestPolicyRange {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub min: crate::Quantity,
    /// See the API reference.
    #[field(tag = 2)]
    pub max: crate::Quantity,
    /// See the API reference.
    #[field(tag = 3)]
    pub step: crate::Quantity,
}

/// Counter as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Counter {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub value: crate::Quantity,
}

/// CounterSet as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CounterSet {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub counters: BTreeMap<String, Counter>,
}

/// Device as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Device {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub basic: Option<Box<BasicDevice>>,
}

/// DeviceAttribute as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceAttribute {
    /// See the API reference.
    #[field(tag = 2)]
    pub int: i64,
    /// See the API reference.
    #[field(tag = 3)]
    pub bool: bool,
    /// See the API reference.
    #[field(tag = 4)]
    pub string: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub version: String,
    /// See the API reference.
    #[field(tag = 6, list = "atomic")]
    pub ints: Vec<i64>,
    /// See the API reference.
    #[field(tag = 7, list = "atomic")]
    pub bools: Vec<bool>,
    /// See the API reference.
    #[field(tag = 8, list = "atomic")]
    pub strings: Vec<String>,
    /// See the API reference.
    #[field(tag = 9, list = "atomic")]
    pub versions: Vec<String>,
}

/// DeviceCapacity as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceCapacity {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub value: crate::Quantity,
    /// See the API reference.
    #[field(tag = 2)]
    pub request_policy: Option<Box<CapacityRequestPolicy>>,
}

/// DeviceCounterConsumption as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceCounterConsumption {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub counter_set: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub counters: BTreeMap<String, Counter>,
}

/// DeviceTaint as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceTaint {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub value: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub effect: String,
    /// See the API reference.
    #[field(tag = 4, value, always)]
    pub time_added: Option<crate::Time>,
}

/// NodeAllocatableResourceMapping as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeAllocatableResourceMapping {
    /// See the API reference.
    #[field(tag = 1)]
    pub capacity_key: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub allocation_multiplier: crate::Quantity,
}

/// ResourcePool as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourcePool {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub generation: i64,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub resource_slice_count: i64,
}

/// ResourceSliceSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceSliceSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub pool: ResourcePool,
    /// See the API reference.
    #[field(tag = 3)]
    pub node_name: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub node_selector: Option<Box<crate::api::core::v1::NodeSelector>>,
    /// See the API reference.
    #[field(tag = 5)]
    pub all_nodes: bool,
    /// See the API reference.
    #[field(tag = 6, list = "atomic")]
    pub devices: Vec<Device>,
    /// See the API reference.
    #[field(tag = 7)]
    pub per_device_node_selection: bool,
    /// See the API reference.
    #[field(tag = 8, list = "atomic")]
    pub shared_counters: Vec<CounterSet>,
}
