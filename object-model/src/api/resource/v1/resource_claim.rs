//! `ResourceClaim` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

use super::{DeviceToleration, OpaqueDeviceConfiguration, ResourceClaimSpec};

/// A resource claim.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "resource.k8s.io", version = "v1", plural = "resourceclaims", subresources = "status", rules)]
pub struct ResourceClaim {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: ResourceClaimSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: ResourceClaimStatus,
}

/// An allocated device status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AllocatedDeviceStatus {
    /// Driver.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// Pool.
    #[field(tag = 2, always, required)]
    pub pool: String,
    /// Device.
    #[field(tag = 3, always, required)]
    pub device: String,
    /// Conditions.
    #[field(tag = 4, list = "map", keys = "type")]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
    /// Data.
    #[field(tag = 5)]
    pub data: crate::RawExtension,
    /// Network data.
    #[field(tag = 6)]
    pub network_data: Option<Box<NetworkDeviceData>>,
    /// Share ID.
    #[field(tag = 7, name = "shareID")]
    pub share_id: String,
}

/// An allocation result.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AllocationResult {
    /// Devices.
    #[field(tag = 1)]
    pub devices: Option<Box<DeviceAllocationResult>>,
    /// Node selector.
    #[field(tag = 3)]
    pub node_selector: Option<Box<crate::api::core::v1::NodeSelector>>,
    /// Allocation timestamp.
    #[field(tag = 5, value, always)]
    pub allocation_timestamp: Option<crate::Time>,
}

/// A device allocation configuration.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceAllocationConfiguration {
    /// Source.
    #[field(tag = 1, always, required)]
    pub source: String,
    /// Requests.
    #[field(tag = 2, list = "atomic")]
    pub requests: Vec<String>,
    /// Opaque.
    #[field(tag = 1, within = 3)]
    pub opaque: Option<Box<OpaqueDeviceConfiguration>>,
}

/// A device allocation result.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceAllocationResult {
    /// Results.
    #[field(tag = 1, list = "atomic")]
    pub results: Vec<DeviceRequestAllocationResult>,
    /// Config.
    #[field(tag = 2, list = "atomic")]
    pub config: Vec<DeviceAllocationConfiguration>,
}

/// A device request allocation result.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceRequestAllocationResult {
    /// Request.
    #[field(tag = 1, always, required)]
    pub request: String,
    /// Driver.
    #[field(tag = 2, always, required)]
    pub driver: String,
    /// Pool.
    #[field(tag = 3, always, required)]
    pub pool: String,
    /// Device.
    #[field(tag = 4, always, required)]
    pub device: String,
    /// Admin access.
    #[field(tag = 5)]
    pub admin_access: bool,
    /// Tolerations.
    #[field(tag = 6, list = "atomic")]
    pub tolerations: Vec<DeviceToleration>,
    /// Binding conditions.
    #[field(tag = 7, list = "atomic")]
    pub binding_conditions: Vec<String>,
    /// Binding failure conditions.
    #[field(tag = 8, list = "atomic")]
    pub binding_failure_conditions: Vec<String>,
    /// Share ID.
    #[field(tag = 9, name = "shareID")]
    pub share_id: String,
    /// Consumed capacity.
    #[field(tag = 10)]
    pub consumed_capacity: BTreeMap<String, crate::Quantity>,
}

/// A network device data.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NetworkDeviceData {
    /// Interface name.
    #[field(tag = 1)]
    pub interface_name: String,
    /// Ips.
    #[field(tag = 2, list = "atomic")]
    pub ips: Vec<String>,
    /// Hardware address.
    #[field(tag = 3)]
    pub hardware_address: String,
}

/// A resource claim consumer reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceClaimConsumerReference {
    /// Api group.
    #[field(tag = 1)]
    pub api_group: String,
    /// Resource.
    #[field(tag = 3, always, required)]
    pub resource: String,
    /// Name.
    #[field(tag = 4, always, required)]
    pub name: String,
    /// Uid.
    #[field(tag = 5, always, required)]
    pub uid: String,
}

/// A resource claim status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceClaimStatus {
    /// Allocation.
    #[field(tag = 1)]
    pub allocation: Option<Box<AllocationResult>>,
    /// Reserved for.
    #[field(tag = 2, list = "map", keys = "uid", patch = "merge", merge_key = "uid")]
    pub reserved_for: Vec<ResourceClaimConsumerReference>,
    /// Devices.
    #[field(tag = 4, list = "map", keys = "driver,device,pool,shareID")]
    pub devices: Vec<AllocatedDeviceStatus>,
}
