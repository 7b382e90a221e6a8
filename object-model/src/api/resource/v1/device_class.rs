//! `DeviceClass` and the types that only it uses.

use crate::{Reflect, Resource};

use super::{DeviceSelector, OpaqueDeviceConfiguration};

/// A device class.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "resource.k8s.io", version = "v1", plural = "deviceclasses", scope = "Cluster", rules)]
pub struct DeviceClass {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: DeviceClassSpec,
}

/// A device class configuration.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceClassConfiguration {
    /// Opaque.
    #[field(tag = 1, within = 1)]
    pub opaque: Option<Box<OpaqueDeviceConfiguration>>,
}

/// A device class spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeviceClassSpec {
    /// Selectors.
    #[field(tag = 1, list = "atomic")]
    pub selectors: Vec<DeviceSelector>,
    /// Config.
    #[field(tag = 2, list = "atomic")]
    pub config: Vec<DeviceClassConfiguration>,
    /// Extended resource name.
    #[field(tag = 4)]
    pub extended_resource_name: String,
}
