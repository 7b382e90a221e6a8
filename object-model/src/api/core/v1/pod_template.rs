//! `PodTemplate` and the types that only it uses.

use crate::Resource;

use super::PodTemplateSpec;

/// A pod template.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "podtemplates", rules)]
pub struct PodTemplate {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Template.
    #[field(tag = 2, always)]
    pub template: PodTemplateSpec,
}
