//! Types that several kinds of `resource/v1beta2` use.

use std::collections::BTreeMap;

use crate::Reflect;

/// CELDeviceSelector as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CELDeviceSelector {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub expression: String,
}

/// CapacityRequirements as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CapacityRequirements {
    /// See the API reference.
    #[field(tag = 1)]
    pub requests: BTreeMap<String, crate::Quantity>,
}

/// DeviceClaim as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceClaim {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub requests: Vec<DeviceRequest>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub constraints: Vec<DeviceConstraint>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub config: Vec<DeviceClaimConfiguration>,
}

/// DeviceClaimConfiguration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceClaimConfiguration {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub requests: Vec<String>,
    /// See the API reference.
    #[field(tag = 1, within = 2)]
    pub opaque: Option<Box<OpaqueDeviceConfiguration>>,
}

/// DeviceConstraint as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceConstraint {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub requests: Vec<String>,
    /// See the API reference.
    #[field(tag = 2)]
    pub match_attribute: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub distinct_attribute: String,
}

/// DeviceRequest as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceRequest {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub exactly: Option<Box<ExactDeviceRequest>>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub first_available: Vec<DeviceSubRequest>,
}

/// DeviceSelector as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceSelector {
    /// See the API reference.
    #[field(tag = 1)]
    pub cel: Option<Box<CELDeviceSelector>>,
}

/// DeviceSubRequest as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceSubRequest {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub device_class_name: String,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub selectors: Vec<DeviceSelector>,
    /// See the API reference.
    #[field(tag = 4)]
    pub allocation_mode: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub count: i64,
    /// See the API reference.
    #[field(tag = 6, list = "atomic")]
    pub tolerations: Vec<DeviceToleration>,
    /// See the API reference.
    #[field(tag = 7)]
    pub capacity: Option<Box<CapacityRequirements>>,
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

/// DeviceToleration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceToleration {
    /// See the API reference.
    #[field(tag = 1)]
    pub key: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub operator: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub value: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub effect: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub toleration_seconds: i64,
}

/// ExactDeviceRequest as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ExactDeviceRequest {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub device_class_name: String,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub selectors: Vec<DeviceSelector>,
    /// See the API reference.
    #[field(tag = 3)]
    pub allocation_mode: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub count: i64,
    /// See the API reference.
    #[field(tag = 5)]
    pub admin_access: bool,
    /// See the API reference.
    #[field(tag = 6, list = "atomic")]
    pub tolerations: Vec<DeviceToleration>,
    /// See the API reference.
    #[field(tag = 7)]
    pub capacity: Option<Box<CapacityRequirements>>,
}

/// OpaqueDeviceConfiguration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct OpaqueDeviceConfiguration {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub parameters: crate::RawExtension,
}

/// ResourceClaimSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceClaimSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub devices: Option<Box<DeviceClaim>>,
}
