//! API group `rbac`, version `v1`.

mod types;

pub use types::{AggregationRule, ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};
