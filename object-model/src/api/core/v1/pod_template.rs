//! `PodTemplate` and the types that only it uses.

use crate::Resource;

use super::PodTemplateSpec;

/// PodTemplate as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "podtemplates", rules)]
pub struct PodTemplate {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2)]
    pub template: Option<Box<PodTemplateSpec>>,
}
