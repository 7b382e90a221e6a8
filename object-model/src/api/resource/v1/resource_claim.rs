//! `ResourceClaim` and the types that only it uses.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

use super::{DeviceToleration, OpaqueDeviceConfiguration, ResourceClaimSpec};

/// ResourceClaim as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "resource.k8s.io",
    version = "v1",
    plural = "resourceclaims",
    subresources = "status"
)]
pub struct ResourceClaim {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: ResourceClaimSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<ResourceClaimStatus>>,
}

/// AllocatedDeviceStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AllocatedDeviceStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub pool: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub device: String,
    /// See the API reference.
    #[field(tag = 4, list = "map", keys = "type")]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
    /// See the API reference.
    #[field(tag = 5)]
    pub data: crate::RawExtension,
    /// See the API reference.
    #[field(tag = 6)]
    pub network_data: Option<Box<NetworkDeviceData>>,
    /// See the API reference.
    #[field(tag = 7, name = "shareID")]
    pub share_id: String,
}

/// AllocationResult as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AllocationResult {
    /// See the API reference.
    #[field(tag = 1)]
    pub devices: Option<Box<DeviceAllocationResult>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub node_selector: Option<Box<crate::api::core::v1::NodeSelector>>,
    /// See the API reference.
    #[field(tag = 5, value, always)]
    pub allocation_timestamp: Option<crate::Time>,
}

/// DeviceAllocationConfiguration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceAllocationConfiguration {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub source: String,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub requests: Vec<String>,
    /// See the API reference.
    #[field(tag = 1, within = 3)]
    pub opaque: Option<Box<OpaqueDeviceConfiguration>>,
}

/// DeviceAllocationResult as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceAllocationResult {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub results: Vec<DeviceRequestAllocationResult>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub config: Vec<DeviceAllocationConfiguration>,
}

/// DeviceRequestAllocationResult as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceRequestAllocationResult {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub request: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub driver: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub pool: String,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub device: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub admin_access: bool,
    /// See the API reference.
    #[field(tag = 6, list = "atomic")]
    pub tolerations: Vec<DeviceToleration>,
    /// See the API reference.
    #[field(tag = 7, list = "atomic")]
    pub binding_conditions: Vec<String>,
    /// See the API reference.
    #[field(tag = 8, list = "atomic")]
    pub binding_failure_conditions: Vec<String>,
    /// See the API reference.
    #[field(tag = 9, name = "shareID")]
    pub share_id: String,
    /// See the API reference.
    #[field(tag = 10)]
    pub consumed_capacity: BTreeMap<String, crate::Quantity>,
}

/// NetworkDeviceData as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NetworkDeviceData {
    /// See the API reference.
    #[field(tag = 1)]
    pub interface_name: String,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub ips: Vec<String>,
    /// See the API reference.
    #[field(tag = 3)]
    pub hardware_address: String,
}

/// ResourceClaimConsumerReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceClaimConsumerReference {
    /// See the API reference.
    #[field(tag = 1)]
    pub api_group: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub resource: String,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 5, always, required)]
    pub uid: String,
}

/// ResourceClaimStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceClaimStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub allocation: Option<Box<AllocationResult>>,
    /// See the API reference.
    #[field(
        tag = 2,
        list = "map",
        keys = "uid",
        patch = "merge",
        merge_key = "uid"
    )]
    pub reserved_for: Vec<ResourceClaimConsumerReference>,
    /// See the API reference.
    #[field(tag = 4, list = "map", keys = "driver,device,pool,shareID")]
    pub devices: Vec<AllocatedDeviceStatus>,
}
