//! Types that several kinds of `core/v1` use.

use crate::Reflect;

use super::PodSpec;

/// A local object reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct LocalObjectReference {
    /// Name.
    #[field(tag = 1)]
    pub name: String,
}

/// A node selector.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct NodeSelector {
    /// Node selector terms.
    #[field(tag = 1, always, required, list = "atomic")]
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

/// A node selector requirement.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeSelectorRequirement {
    /// Key.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// Operator.
    #[field(tag = 2, always, required)]
    pub operator: String,
    /// Values.
    #[field(tag = 3, list = "atomic")]
    pub values: Vec<String>,
}

/// A node selector term.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct NodeSelectorTerm {
    /// Match expressions.
    #[field(tag = 1, list = "atomic")]
    pub match_expressions: Vec<NodeSelectorRequirement>,
    /// Match fields.
    #[field(tag = 2, list = "atomic")]
    pub match_fields: Vec<NodeSelectorRequirement>,
}

/// An object reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ObjectReference {
    /// Kind of the object.
    #[field(tag = 1)]
    pub kind: String,
    /// Namespace.
    #[field(tag = 2)]
    pub namespace: String,
    /// Name.
    #[field(tag = 3)]
    pub name: String,
    /// Uid.
    #[field(tag = 4)]
    pub uid: String,
    /// API version of the object.
    #[field(tag = 5)]
    pub api_version: String,
    /// Resource version.
    #[field(tag = 6)]
    pub resource_version: String,
    /// Field path.
    #[field(tag = 7)]
    pub field_path: String,
}

/// A pod template spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodTemplateSpec {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Spec.
    #[field(tag = 2, always)]
    pub spec: PodSpec,
}

/// A topology selector label requirement.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TopologySelectorLabelRequirement {
    /// Key.
    #[field(tag = 1, always, required)]
    pub key: String,
    /// Values.
    #[field(tag = 2, always, required, list = "atomic")]
    pub values: Vec<String>,
}

/// A topology selector term.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct TopologySelectorTerm {
    /// Match label expressions.
    #[field(tag = 1, list = "atomic")]
    pub match_label_expressions: Vec<TopologySelectorLabelRequirement>,
}

/// A typed local object reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct TypedLocalObjectReference {
    /// Api group.
    #[field(tag = 1, value, always)]
    pub api_group: Option<String>,
    /// Kind of the object.
    #[field(tag = 2, always, required)]
    pub kind: String,
    /// Name.
    #[field(tag = 3, always, required)]
    pub name: String,
}

/// A typed object reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TypedObjectReference {
    /// Api group.
    #[field(tag = 1, value, always)]
    pub api_group: Option<String>,
    /// Kind of the object.
    #[field(tag = 2, always, required)]
    pub kind: String,
    /// Name.
    #[field(tag = 3, always, required)]
    pub name: String,
    /// Namespace.
    #[field(tag = 4)]
    pub namespace: Option<String>,
}
