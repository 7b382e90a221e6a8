//! `DeviceTaintRule` and the types that only it uses.

use crate::{Reflect, Resource};

use super::DeviceTaint;

/// DeviceTaintRule as of the API group it belongs to.
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
    #[field(tag = 3)]
    pub status: Option<Box<DeviceTaintRuleStatus>>,
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
