//! `ResourceSlice` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// A resource slice.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "resource.k8s.io", version = "v1", plural = "resourceslices", scope = "Cluster", rules)]
pub struct ResourceSlice {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: ResourceSliceSpec,
}

/// A capacity request policy.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CapacityRequestPolicy {
    /// Default.
    #[field(tag = 1)]
    pub default: crate::Quantity,
    /// Valid values.
    #[field(tag = 3, list = "atomic")]
    pub valid_values: Vec<crate::Quantity>,
    /// Valid range.
    #[field(tag = 4)]
    pub valid_range: Option<Box<CapacityRequestPolicyRange>>,
}

/// A capacity request policy range.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CapacityRequestPolicyRange {
    /// Min.
    #[field(tag = 1, always, required)]
    pub min: crate::Quantity,
    /// Max.
    #[field(tag = 2)]
    pub max: crate::Quantity,
    /// Step.
    #[field(tag = 3)]
    pub step: crate::Quantity,
}

/// A counter.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Counter {
    /// Value.
    #[field(tag = 1, always, required)]
    pub value: crate::Quantity,
}

/// A counter set.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CounterSet {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Counters.
    #[field(tag = 2, always, required)]
    pub counters: BTreeMap<String, Counter>,
}

/// A device.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Device {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Attributes.
    #[field(tag = 2)]
    pub attributes: BTreeMap<String, DeviceAttribute>,
    /// Capacity.
    #[field(tag = 3)]
    pub capacity: BTreeMap<String, DeviceCapacity>,
    /// Consumes counters.
    #[field(tag = 4, list = "atomic")]
    pub consumes_counters: Vec<DeviceCounterConsumption>,
    /// Node name.
    #[field(tag = 5)]
    pub node_name: Option<String>,
    /// Node selector.
    #[field(tag = 6)]
    pub node_selector: Option<Box<crate::api::core::v1::NodeSelector>>,
    /// All nodes.
    #[field(tag = 7)]
    pub all_nodes: Option<bool>,
    /// Taints.
    #[field(tag = 8, list = "atomic")]
    pub taints: Vec<DeviceTaint>,
    /// Binds to node.
    #[field(tag = 9)]
    pub binds_to_node: bool,
    /// Binding conditions.
    #[field(tag = 10, list = "atomic")]
    pub binding_conditions: Vec<String>,
    /// Binding failure conditions.
    #[field(tag = 11, list = "atomic")]
    pub binding_failure_conditions: Vec<String>,
    /// Allow multiple allocations.
    #[field(tag = 12)]
    pub allow_multiple_allocations: bool,
    /// Node allocatable resource mappings.
    #[field(tag = 13)]
    pub node_allocatable_resource_mappings: BTreeMap<String, NodeAllocatableResourceMapping>,
}

/// A device attribute.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceAttribute {
    /// Int.
    #[field(tag = 2)]
    pub int: Option<i64>,
    /// Bool.
    #[field(tag = 3)]
    pub bool: Option<bool>,
    /// String.
    #[field(tag = 4)]
    pub string: Option<String>,
    /// Version.
    #[field(tag = 5)]
    pub version: Option<String>,
    /// Ints.
    #[field(tag = 6, list = "atomic")]
    pub ints: Vec<i64>,
    /// Bools.
    #[field(tag = 7, list = "atomic")]
    pub bools: Vec<bool>,
    /// Strings.
    #[field(tag = 8, list = "atomic")]
    pub strings: Vec<String>,
    /// Versions.
    #[field(tag = 9, list = "atomic")]
    pub versions: Vec<String>,
}

/// A device capacity.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceCapacity {
    /// Value.
    #[field(tag = 1, always, required)]
    pub value: crate::Quantity,
    /// Request policy.
    #[field(tag = 2)]
    pub request_policy: Option<Box<CapacityRequestPolicy>>,
}

/// A device counter consumption.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceCounterConsumption {
    /// Counter set.
    #[field(tag = 1, always, required)]
    pub counter_set: String,
    /// Counters.
    #[field(tag = 2, always, required)]
    pub counters: BTreeMap<String, Counter>,
}

/// A device taint.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceTaint {
    /// Key.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// Value.
    #[field(tag = 2)]
    pub value: String,
    /// Effect.
    #[field(tag = 3, always, required)]
    pub effect: String,
    /// Time added.
    #[field(tag = 4, value, always)]
    pub time_added: Option<crate::Time>,
}

/// A node allocatable resource mapping.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeAllocatableResourceMapping {
    /// Capacity key.
    #[field(tag = 1)]
    pub capacity_key: String,
    /// Allocation multiplier.
    #[field(tag = 2)]
    pub allocation_multiplier: crate::Quantity,
}

/// A resource pool.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourcePool {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Generation.
    #[field(tag = 2, always, required)]
    pub generation: i64,
    /// Resource slice count.
    #[field(tag = 3, always, required)]
    pub resource_slice_count: i64,
}

/// A resource slice spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceSliceSpec {
    /// Driver.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// Pool.
    #[field(tag = 2, always, required)]
    pub pool: ResourcePool,
    /// Node name.
    #[field(tag = 3)]
    pub node_name: Option<String>,
    /// Node selector.
    #[field(tag = 4)]
    pub node_selector: Option<Box<crate::api::core::v1::NodeSelector>>,
    /// All nodes.
    #[field(tag = 5)]
    pub all_nodes: Option<bool>,
    /// Devices.
    #[field(tag = 6, list = "atomic")]
    pub devices: Vec<Device>,
    /// Per device node selection.
    #[field(tag = 7)]
    pub per_device_node_selection: Option<bool>,
    /// Shared counters.
    #[field(tag = 8, list = "atomic")]
    pub shared_counters: Vec<CounterSet>,
}
