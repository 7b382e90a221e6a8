//! Types of API group `rbac`, version `v1`.

use crate::{Reflect, Resource};

/// A cluster role.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "rbac.authorization.k8s.io", version = "v1", plural = "clusterroles", scope = "Cluster", rules)]
pub struct ClusterRole {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Rules.
    #[field(tag = 2, always, list = "atomic")]
    pub rules: Vec<PolicyRule>,
    /// Aggregation rule.
    #[field(tag = 3)]
    pub aggregation_rule: Option<Box<AggregationRule>>,
}

/// A cluster role binding.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "rbac.authorization.k8s.io",
    version = "v1",
    plural = "clusterrolebindings",
    scope = "Cluster",
    rules
)]
pub struct ClusterRoleBinding {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Subjects.
    #[field(tag = 2, list = "atomic")]
    pub subjects: Vec<Subject>,
    /// Role reference.
    #[field(tag = 3, always, required)]
    pub role_ref: RoleRef,
}

/// A role.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "rbac.authorization.k8s.io", version = "v1", plural = "roles", rules)]
pub struct Role {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Rules.
    #[field(tag = 2, always, list = "atomic")]
    pub rules: Vec<PolicyRule>,
}

/// A role binding.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "rbac.authorization.k8s.io", version = "v1", plural = "rolebindings", rules)]
pub struct RoleBinding {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Subjects.
    #[field(tag = 2, list = "atomic")]
    pub subjects: Vec<Subject>,
    /// Role reference.
    #[field(tag = 3, always, required)]
    pub role_ref: RoleRef,
}

/// An aggregation rule.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AggregationRule {
    /// Cluster role selectors.
    #[field(tag = 1, list = "atomic")]
    pub cluster_role_selectors: Vec<crate::api::meta::v1::LabelSelector>,
}

/// A policy rule.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PolicyRule {
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
    /// Non resource UR Ls.
    #[field(tag = 5, name = "nonResourceURLs", list = "atomic")]
    pub non_resource_urls: Vec<String>,
}

/// A role ref.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct RoleRef {
    /// Api group.
    #[field(tag = 1)]
    pub api_group: String,
    /// Kind of the object.
    #[field(tag = 2, always, required)]
    pub kind: String,
    /// Name.
    #[field(tag = 3, always, required)]
    pub name: String,
}

/// A subject.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct Subject {
    /// Kind of the object.
    #[field(tag = 1, always, required)]
    pub kind: String,
    /// Api group.
    #[field(tag = 2)]
    pub api_group: String,
    /// Name.
    #[field(tag = 3, always, required)]
    pub name: String,
    /// Namespace.
    #[field(tag = 4)]
    pub namespace: String,
}
