//! Types of API group `authorization`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// A local subject access review.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "authorization.k8s.io", version = "v1", plural = "localsubjectaccessreviews")]
pub struct LocalSubjectAccessReview {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: SubjectAccessReviewSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: SubjectAccessReviewStatus,
}

/// A self subject access review.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "authorization.k8s.io", version = "v1", plural = "selfsubjectaccessreviews", scope = "Cluster")]
pub struct SelfSubjectAccessReview {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: SelfSubjectAccessReviewSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: SubjectAccessReviewStatus,
}

/// A self subject rules review.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "authorization.k8s.io", version = "v1", plural = "selfsubjectrulesreviews", scope = "Cluster")]
pub struct SelfSubjectRulesReview {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: SelfSubjectRulesReviewSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: SubjectRulesReviewStatus,
}

/// A subject access review.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "authorization.k8s.io", version = "v1", plural = "subjectaccessreviews", scope = "Cluster")]
pub struct SubjectAccessReview {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: SubjectAccessReviewSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: SubjectAccessReviewStatus,
}

/// A field selector attributes.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct FieldSelectorAttributes {
    /// Raw selector.
    #[field(tag = 1)]
    pub raw_selector: String,
    /// Requirements.
    #[field(tag = 2, list = "atomic")]
    pub requirements: Vec<crate::api::meta::v1::FieldSelectorRequirement>,
}

/// A label selector attributes.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LabelSelectorAttributes {
    /// Raw selector.
    #[field(tag = 1)]
    pub raw_selector: String,
    /// Requirements.
    #[field(tag = 2, list = "atomic")]
    pub requirements: Vec<crate::api::meta::v1::LabelSelectorRequirement>,
}

/// A non resource attributes.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NonResourceAttributes {
    /// Path.
    #[field(tag = 1)]
    pub path: String,
    /// Verb.
    #[field(tag = 2)]
    pub verb: String,
}

/// A non resource rule.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NonResourceRule {
    /// Verbs.
    #[field(tag = 1, always, required, list = "atomic")]
    pub verbs: Vec<String>,
    /// Non resource UR Ls.
    #[field(tag = 2, name = "nonResourceURLs", list = "atomic")]
    pub non_resource_urls: Vec<String>,
}

/// A resource attributes.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceAttributes {
    /// Namespace.
    #[field(tag = 1)]
    pub namespace: String,
    /// Verb.
    #[field(tag = 2)]
    pub verb: String,
    /// Group.
    #[field(tag = 3)]
    pub group: String,
    /// Version.
    #[field(tag = 4)]
    pub version: String,
    /// Resource.
    #[field(tag = 5)]
    pub resource: String,
    /// Subresource.
    #[field(tag = 6)]
    pub subresource: String,
    /// Name.
    #[field(tag = 7)]
    pub name: String,
    /// Field selector.
    #[field(tag = 8)]
    pub field_selector: Option<Box<FieldSelectorAttributes>>,
    /// Label selector.
    #[field(tag = 9)]
    pub label_selector: Option<Box<LabelSelectorAttributes>>,
}

/// A resource rule.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceRule {
    /// Verbs.
    #[field(tag = 1, always, required, list = "atomic")]
    pub verbs: Vec<String>,
    /// Api groups.
    #[field(tag = 2, list = "atomic")]
    pub api_groups: Vec<String>,
    /// Resources.
    #[field(tag = 3, list = "atomic")]
    pub resources: Vec<String>,
    /// Resource names.
    #[field(tag = 4, list = "atomic")]
    pub resource_names: Vec<String>,
}

/// A self subject access review spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SelfSubjectAccessReviewSpec {
    /// Resource attributes.
    #[field(tag = 1)]
    pub resource_attributes: Option<Box<ResourceAttributes>>,
    /// Non resource attributes.
    #[field(tag = 2)]
    pub non_resource_attributes: Option<Box<NonResourceAttributes>>,
}

/// A self subject rules review spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SelfSubjectRulesReviewSpec {
    /// Namespace.
    #[field(tag = 1)]
    pub namespace: String,
}

/// A subject access review spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SubjectAccessReviewSpec {
    /// Resource attributes.
    #[field(tag = 1)]
    pub resource_attributes: Option<Box<ResourceAttributes>>,
    /// Non resource attributes.
    #[field(tag = 2)]
    pub non_resource_attributes: Option<Box<NonResourceAttributes>>,
    /// User.
    #[field(tag = 3)]
    pub user: String,
    /// Groups.
    #[field(tag = 4, list = "atomic")]
    pub groups: Vec<String>,
    /// Extra.
    #[field(tag = 5)]
    pub extra: BTreeMap<String, Vec<String>>,
    /// Uid.
    #[field(tag = 6)]
    pub uid: String,
}

/// A subject access review status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SubjectAccessReviewStatus {
    /// Allowed.
    #[field(tag = 1, always, required)]
    pub allowed: bool,
    /// Reason.
    #[field(tag = 2)]
    pub reason: String,
    /// Evaluation error.
    #[field(tag = 3)]
    pub evaluation_error: String,
    /// Denied.
    #[field(tag = 4)]
    pub denied: bool,
}

/// A subject rules review status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SubjectRulesReviewStatus {
    /// Resource rules.
    #[field(tag = 1, always, required, list = "atomic")]
    pub resource_rules: Vec<ResourceRule>,
    /// Non resource rules.
    #[field(tag = 2, always, required, list = "atomic")]
    pub non_resource_rules: Vec<NonResourceRule>,
    /// Incomplete.
    #[field(tag = 3, always, required)]
    pub incomplete: bool,
    /// Evaluation error.
    #[field(tag = 4)]
    pub evaluation_error: String,
}
