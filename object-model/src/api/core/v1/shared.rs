//! Types that several kinds of `core/v1` use.

use crate::Reflect;

use super::PodSpec;

/// LocalObjectReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct LocalObjectReference {
    /// See the API reference.
    #[field(tag = 1)]
    pub name: String,
}

/// NodeSelector as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct NodeSelector {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "atomic")]
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

/// NodeSelectorRequirement as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeSelectorRequirement {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub operator: String,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub values: Vec<String>,
}

/// NodeSelectorTerm as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct NodeSelectorTerm {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub match_expressions: Vec<NodeSelectorRequirement>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub match_fields: Vec<NodeSelectorRequirement>,
}

/// ObjectReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ObjectReference {
    /// Kind of the object.
    #[field(tag = 1)]
    pub kind: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub namespace: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub uid: String,
    /// API version of the object.
    #[field(tag = 5)]
    pub api_version: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub resource_version: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub field_path: String,
}

/// PodTemplateSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodTemplateSpec {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2)]
    pub spec: Option<Box<PodSpec>>,
}

/// TopologySelectorLabelRequirement as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TopologySelectorLabelRequirement {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// See the API reference.
    #[field(tag = 2, always, required, list = "atomic")]
    pub values: Vec<String>,
}

/// TopologySelectorTerm as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct TopologySelectorTerm {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub match_label_expressions: Vec<TopologySelectorLabelRequirement>,
}

/// TypedLocalObjectReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct TypedLocalObjectReference {
    /// See the API reference.
    #[field(tag = 1)]
    pub api_group: String,
    /// Kind of the object.
    #[field(tag = 2, always, required)]
    pub kind: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub name: String,
}

/// TypedObjectReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TypedObjectReference {
    /// See the API reference.
    #[field(tag = 1)]
    pub api_group: String,
    /// Kind of the object.
    #[field(tag = 2, always, required)]
    pub kind: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub namespace: String,
}
