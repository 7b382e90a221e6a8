//! `DeviceClass` and the types that only it uses.

use crate::{Reflect, Resource};

use super::{DeviceSelector, OpaqueDeviceConfiguration};

/// DeviceClass as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "resource.k8s.io",
    version = "v1",
    plural = "deviceclasses",
    scope = "Cluster"
)]
pub struct DeviceClass {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: DeviceClassSpec,
}

/// DeviceClassConfiguration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceClassConfiguration {
    /// See the API reference.
    #[field(tag = 1, within = 1)]
    pub opaque: Option<Box<OpaqueDeviceConfiguration>>,
}

/// DeviceClassSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceClassSpec {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub selectors: Vec<DeviceSelector>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub config: Vec<DeviceClassConfiguration>,
    /// See the API reference.
    #[field(tag = 4)]
    pub extended_resource_name: String,
}
