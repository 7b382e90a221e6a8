//! Types of API group `rbac`, version `v1`.

use crate::{Reflect, Resource};

/// ClusterRole as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "rbac.authorization.k8s.io",
    version = "v1",
    plural = "clusterroles",
    scope = "Cluster",
    rules
)]
pub struct ClusterRole {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub rules: Vec<PolicyRule>,
    /// See the API reference.
    #[field(tag = 3)]
    pub aggregation_rule: Option<Box<AggregationRule>>,
}

/// ClusterRoleBinding as of the API group it belongs to.
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
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub subjects: Vec<Subject>,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub role_ref: RoleRef,
}

/// Role as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "rbac.authorization.k8s.io",
    version = "v1",
    plural = "roles",
    rules
)]
pub struct Role {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub rules: Vec<PolicyRule>,
}

/// RoleBinding as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "rbac.authorization.k8s.io",
    version = "v1",
    plural = "rolebindings",
    rules
)]
pub struct RoleBinding {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub subjects: Vec<Subject>,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub role_ref: RoleRef,
}

/// AggregationRule as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AggregationRule {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub cluster_role_selectors: Vec<crate::api::meta::v1::LabelSelector>,
}

/// PolicyRule as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PolicyRule {
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
    /// See the API reference.
    #[field(tag = 5, name = "nonResourceURLs", list = "atomic")]
    pub non_resource_urls: Vec<String>,
}

/// RoleRef as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct RoleRef {
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

/// Subject as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct Subject {
    /// Kind of the object.
    #[field(tag = 1, always, required)]
    pub kind: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub api_group: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub namespace: String,
}
