//! Types of API group `resource`, version `v1alpha3`.

use crate::{Reflect, Resource};

/// DeviceTaintRule as of the API group it belongs to.
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
    #[field(tag = 3)]
    pub status: Option<Box<DeviceTaintRuleStatus>>,
}

/// ResourcePoolStatusRequest as of the API group it belongs to.
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
    #[field(tag = 3)]
    pub status: Option<Box<ResourcePoolStatusRequestStatus>>,
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

/// DeviceTaintRuleSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceTaintRuleSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub device_selector: Option<Box<DeviceTaintSelector>>,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub taint: DeviceTaint,
}

/// DeviceTaintRuleStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceTaintRuleStatus {
    /// See the API reference.
    #[field(
        tag = 1,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
}

/// DeviceTaintSelector as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceTaintSelector {
    /// See the API reference.
    #[field(tag = 2)]
    pub driver: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub pool: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub device: String,
}

/// PoolStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PoolStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub pool_name: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub node_name: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub total_devices: i32,
    /// See the API reference.
    #[field(tag = 5)]
    pub allocated_devices: i32,
    /// See the API reference.
    #[field(tag = 6)]
    pub available_devices: i32,
    /// See the API reference.
    #[field(tag = 7)]
    pub unavailable_devices: i32,
    /// See the API reference.
    #[field(tag = 8)]
    pub resource_slice_count: i32,
    /// See the API reference.
    #[field(tag = 9, always, required)]
    pub generation: i64,
    /// See the API reference.
    #[field(tag = 10)]
    pub validation_error: String,
}

/// ResourcePoolStatusRequestSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourcePoolStatusRequestSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub pool_name: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub limit: i32,
}

/// ResourcePoolStatusRequestStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourcePoolStatusRequestStatus {
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub pools: Vec<PoolStatus>,
    /// See the API reference.
    #[field(
        tag = 3,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
    /// See the API reference.
    #[field(tag = 6, always, required)]
    pub pool_count: i32,
}
