//! `ResourceClaimTemplate` and the types that only it uses.

use crate::{Reflect, Resource};

use super::ResourceClaimSpec;

/// A resource claim template.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "resource.k8s.io", version = "v1", plural = "resourceclaimtemplates", rules)]
pub struct ResourceClaimTemplate {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: ResourceClaimTemplateSpec,
}

/// A resource claim template spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceClaimTemplateSpec {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Spec.
    #[field(tag = 2, always, required)]
    pub spec: ResourceClaimSpec,
}
