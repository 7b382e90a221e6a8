//! Types of API group `authorization`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// LocalSubjectAccessReview as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "authorization.k8s.io",
    version = "v1",
    plural = "localsubjectaccessreviews"
)]
pub struct LocalSubjectAccessReview {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: SubjectAccessReviewSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<SubjectAccessReviewStatus>>,
}

/// SelfSubjectAccessReview as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "authorization.k8s.io",
    version = "v1",
    plural = "selfsubjectaccessreviews",
    scope = "Cluster"
)]
pub struct SelfSubjectAccessReview {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: SelfSubjectAccessReviewSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<SubjectAccessReviewStatus>>,
}

/// SelfSubjectRulesReview as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "authorization.k8s.io",
    version = "v1",
    plural = "selfsubjectrulesreviews",
    scope = "Cluster"
)]
pub struct SelfSubjectRulesReview {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: SelfSubjectRulesReviewSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<SubjectRulesReviewStatus>>,
}

/// SubjectAccessReview as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "authorization.k8s.io",
    version = "v1",
    plural = "subjectaccessreviews",
    scope = "Cluster"
)]
pub struct SubjectAccessReview {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: SubjectAccessReviewSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<SubjectAccessReviewStatus>>,
}

/// FieldSelectorAttributes as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FieldSelectorAttributes {
    /// See the API reference.
    #[field(tag = 1)]
    pub raw_selector: String,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub requirements: Vec<crate::api::meta::v1::FieldSelectorRequirement>,
}

/// LabelSelectorAttributes as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LabelSelectorAttributes {
    /// See the API reference.
    #[field(tag = 1)]
    pub raw_selector: String,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub requirements: Vec<crate::api::meta::v1::LabelSelectorRequirement>,
}

/// NonResourceAttributes as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NonResourceAttributes {
    /// See the API reference.
    #[field(tag = 1)]
    pub path: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub verb: String,
}

/// NonResourceRule as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NonResourceRule {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "atomic")]
    pub verbs: Vec<String>,
    /// See the API reference.
    #[field(tag = 2, name = "nonResourceURLs", list = "atomic")]
    pub non_resource_urls: Vec<String>,
}

/// ResourceAttributes as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceAttributes {
    /// See the API reference.
    #[field(tag = 1)]
    pub namespace: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub verb: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub group: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub version: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub resource: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub subresource: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 8)]
    pub field_selector: Option<Box<FieldSelectorAttributes>>,
    /// See the API reference.
    #[field(tag = 9)]
    pub label_selector: Option<Box<LabelSelectorAttributes>>,
}

/// ResourceRule as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceRule {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "atomic")]
    pub verbs: Vec<String>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub api_groups: Vec<String>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub resources: Vec<String>,
    /// See the API reference.
    #[field(tag = 4, list = "atomic")]
    pub resource_names: Vec<String>,
}

/// SelfSubjectAccessReviewSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SelfSubjectAccessReviewSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub resource_attributes: Option<Box<ResourceAttributes>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub non_resource_attributes: Option<Box<NonResourceAttributes>>,
}

/// SelfSubjectRulesReviewSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SelfSubjectRulesReviewSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub namespace: String,
}

/// SubjectAccessReviewSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SubjectAccessReviewSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub resource_attributes: Option<Box<ResourceAttributes>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub non_resource_attributes: Option<Box<NonResourceAttributes>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub user: String,
    /// See the API reference.
    #[field(tag = 4, list = "atomic")]
    pub groups: Vec<String>,
    /// See the API reference.
    #[field(tag = 5)]
    pub extra: BTreeMap<String, Vec<String>>,
    /// See the API reference.
    #[field(tag = 6)]
    pub uid: String,
}

/// SubjectAccessReviewStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SubjectAccessReviewStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub allowed: bool,
    /// See the API reference.
    #[field(tag = 2)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub evaluation_error: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub denied: bool,
}

/// SubjectRulesReviewStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SubjectRulesReviewStatus {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "atomic")]
    pub resource_rules: Vec<ResourceRule>,
    /// See the API reference.
    #[field(tag = 2, always, required, list = "atomic")]
    pub non_resource_rules: Vec<NonResourceRule>,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub incomplete: bool,
    /// See the API reference.
    #[field(tag = 4)]
    pub evaluation_error: String,
}
