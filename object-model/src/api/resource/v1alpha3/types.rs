//! Types of API group `resource`, version `v1alpha3`.

use crate::{Reflect, Resource};

/// A device taint rule.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "resource.k8s.io",
    version = "v1alpha3",
    plural = "devicetaintrules",
    scope = "Cluster",
    subresources = "status"
)]
pub struct DeviceTaintRule {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: DeviceTaintRuleSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: DeviceTaintRuleStatus,
}

/// A resource pool status request.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "resource.k8s.io",
    version = "v1alpha3",
    plural = "resourcepoolstatusrequests",
    scope = "Cluster",
    subresources = "status"
)]
pub struct ResourcePoolStatusRequest {
    /// Standard object metadata.
    #[field(tag = 1, always, required)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: ResourcePoolStatusRequestSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: ResourcePoolStatusRequestStatus,
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

/// A device taint rule spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceTaintRuleSpec {
    /// Device selector.
    #[field(tag = 1)]
    pub device_selector: Option<Box<DeviceTaintSelector>>,
    /// Taint.
    #[field(tag = 2, always, required)]
    pub taint: DeviceTaint,
}

/// A device taint rule status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceTaintRuleStatus {
    /// Conditions.
    #[field(tag = 1, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
}

/// A device taint selector.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceTaintSelector {
    /// Driver.
    #[field(tag = 2)]
    pub driver: String,
    /// Pool.
    #[field(tag = 3)]
    pub pool: String,
    /// Device.
    #[field(tag = 4)]
    pub device: String,
}

/// A pool status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PoolStatus {
    /// Driver.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// Pool name.
    #[field(tag = 2, always, required)]
    pub pool_name: String,
    /// Node name.
    #[field(tag = 3)]
    pub node_name: String,
    /// Total devices.
    #[field(tag = 4)]
    pub total_devices: i32,
    /// Allocated devices.
    #[field(tag = 5)]
    pub allocated_devices: i32,
    /// Available devices.
    #[field(tag = 6)]
    pub available_devices: i32,
    /// Unavailable devices.
    #[field(tag = 7)]
    pub unavailable_devices: i32,
    /// Resource slice count.
    #[field(tag = 8)]
    pub resource_slice_count: i32,
    /// Generation.
    #[field(tag = 9, always, required)]
    pub generation: i64,
    /// Validation error.
    #[field(tag = 10)]
    pub validation_error: String,
}

/// A resource pool status request spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourcePoolStatusRequestSpec {
    /// Driver.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// Pool name.
    #[field(tag = 2)]
    pub pool_name: String,
    /// Limit.
    #[field(tag = 3)]
    pub limit: i32,
}

/// A resource pool status request status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourcePoolStatusRequestStatus {
    /// Pools.
    #[field(tag = 2, list = "atomic")]
    pub pools: Vec<PoolStatus>,
    /// Conditions.
    #[field(tag = 3, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
    /// Pool count.
    #[field(tag = 6, always, required)]
    pub pool_count: i32,
}
