//! `DeviceTaintRule` and the types that only it uses.

use crate::{Reflect, Resource};

use super::DeviceTaint;

/// A device taint rule.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "resource.k8s.io",
    version = "v1beta2",
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
