//! Types that several kinds of `resource/v1beta2` use.

use std::collections::BTreeMap;

use crate::Reflect;

/// A cel device selector.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CELDeviceSelector {
    /// Expression.
    #[field(tag = 1, always, required)]
    pub expression: String,
}

/// A capacity requirements.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CapacityRequirements {
    /// Requests.
    #[field(tag = 1)]
    pub requests: BTreeMap<String, crate::Quantity>,
}

/// A device claim.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceClaim {
    /// Requests.
    #[field(tag = 1, list = "atomic")]
    pub requests: Vec<DeviceRequest>,
    /// Constraints.
    #[field(tag = 2, list = "atomic")]
    pub constraints: Vec<DeviceConstraint>,
    /// Config.
    #[field(tag = 3, list = "atomic")]
    pub config: Vec<DeviceClaimConfiguration>,
}

/// A device claim configuration.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceClaimConfiguration {
    /// Requests.
    #[field(tag = 1, list = "atomic")]
    pub requests: Vec<String>,
    /// Opaque.
    #[field(tag = 1, within = 2)]
    pub opaque: Option<Box<OpaqueDeviceConfiguration>>,
}

/// A device constraint.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceConstraint {
    /// Requests.
    #[field(tag = 1, list = "atomic")]
    pub requests: Vec<String>,
    /// Match attribute.
    #[field(tag = 2)]
    pub match_attribute: String,
    /// Distinct attribute.
    #[field(tag = 3)]
    pub distinct_attribute: String,
}

/// A device request.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceRequest {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Exactly.
    #[field(tag = 2)]
    pub exactly: Option<Box<ExactDeviceRequest>>,
    /// First available.
    #[field(tag = 3, list = "atomic")]
    pub first_available: Vec<DeviceSubRequest>,
}

/// A device selector.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceSelector {
    /// Cel.
    #[field(tag = 1)]
    pub cel: Option<Box<CELDeviceSelector>>,
}

/// A device sub request.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceSubRequest {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Device class name.
    #[field(tag = 2, always, required)]
    pub device_class_name: String,
    /// Selectors.
    #[field(tag = 3, list = "atomic")]
    pub selectors: Vec<DeviceSelector>,
    /// Allocation mode.
    #[field(tag = 4)]
    pub allocation_mode: String,
    /// Count.
    #[field(tag = 5)]
    pub count: i64,
    /// Tolerations.
    #[field(tag = 6, list = "atomic")]
    pub tolerations: Vec<DeviceToleration>,
    /// Capacity.
    #[field(tag = 7)]
    pub capacity: Option<Box<CapacityRequirements>>,
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

/// A device toleration.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceToleration {
    /// Key.
    #[field(tag = 1)]
    pub key: String,
    /// Operator.
    #[field(tag = 2)]
    pub operator: String,
    /// Value.
    #[field(tag = 3)]
    pub value: String,
    /// Effect.
    #[field(tag = 4)]
    pub effect: String,
    /// Toleration, in seconds.
    #[field(tag = 5)]
    pub toleration_seconds: i64,
}

/// An exact device request.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ExactDeviceRequest {
    /// Device class name.
    #[field(tag = 1, always, required)]
    pub device_class_name: String,
    /// Selectors.
    #[field(tag = 2, list = "atomic")]
    pub selectors: Vec<DeviceSelector>,
    /// Allocation mode.
    #[field(tag = 3)]
    pub allocation_mode: String,
    /// Count.
    #[field(tag = 4)]
    pub count: i64,
    /// Admin access.
    #[field(tag = 5)]
    pub admin_access: bool,
    /// Tolerations.
    #[field(tag = 6, list = "atomic")]
    pub tolerations: Vec<DeviceToleration>,
    /// Capacity.
    #[field(tag = 7)]
    pub capacity: Option<Box<CapacityRequirements>>,
}

/// An opaque device configuration.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct OpaqueDeviceConfiguration {
    /// Driver.
    #[field(tag = 1, always, required)]
    pub driver: String,
    /// Parameters.
    #[field(tag = 2, always, required)]
    pub parameters: crate::RawExtension,
}

/// A resource claim spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceClaimSpec {
    /// Devices.
    #[field(tag = 1)]
    pub devices: Option<Box<DeviceClaim>>,
}
