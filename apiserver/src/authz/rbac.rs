//! Role-based access control over the cached roles and bindings.
//!
//! In: the caches of Roles, ClusterRoles and their bindings. Out: decisions by an index from subject to rules,
//! rebuilt when one of the caches has changed. Invariant: a decision never mixes two states of the index.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use pintle_client::Identity;
use pintle_object_model::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject};

use super::{Action, Authorizer};
use pintle_object_model::selector::Selector;

use crate::storage::Storage;

/// See the module documentation.
#[derive(Debug)]
pub struct Rbac {
    roles: Arc<Storage>,
    cluster_roles: Arc<Storage>,
    bindings: Arc<Storage>,
    cluster_bindings: Arc<Storage>,
    index: Mutex<([u64; 4], Arc<Index>)>,
}

/// Grants by subject.
#[derive(Debug, Default)]
struct Index {
    users: HashMap<String, Vec<Grant>>,
    groups: HashMap<String, Vec<Grant>>,
}

#[derive(Clone, Debug)]
struct Grant {
    /// Where it holds; `None` for everywhere.
    namespace: Option<String>,
    rules: Rules,
}

#[derive(Clone, Debug)]
enum Rules {
    Role(Arc<Role>),
    ClusterRole(Arc<ClusterRole>),
}

impl Rules {
    fn all(&self) -> &[PolicyRule] {
        match self {
            Self::Role(role) => &role.rules,
            Self::ClusterRole(role) => &role.rules,
        }
    }
}

impl Rbac {
    pub(crate) fn new(
        roles: Arc<Storage>,
        cluster_roles: Arc<Storage>,
        bindings: Arc<Storage>,
        cluster_bindings: Arc<Storage>,
    ) -> Self {
        Self { roles, cluster_roles, bindings, cluster_bindings, index: Mutex::default() }
    }

    fn index(&self) -> Arc<Index> {
        let state = [&self.roles, &self.cluster_roles, &self.bindings, &self.cluster_bindings]
            .map(|storage| storage.cache.changes());
        let mut cached = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if cached.0 != state || state == [0; 4] {
            *cached = (state, Arc::new(self.build()));
        }
        Arc::clone(&cached.1)
    }

    fn build(&self) -> Index {
        let mut index = Index::default();
        let cluster_roles = self.cluster_roles.cache.snapshot();
        let roles = self.roles.cache.snapshot();
        let cluster_role = |name: &str| {
            let role = cluster_roles.get("", name).and_then(|object| object.downcast_arc::<ClusterRole>())?;
            Some(Rules::ClusterRole(match &role.aggregation_rule {
                // Until a controller has written the sum into the role, it is drawn here.
                Some(_) if role.rules.is_empty() => Arc::new(aggregated(&role, &cluster_roles, AGGREGATION_DEPTH)),
                _ => role,
            }))
        };
        for (_, object) in self.cluster_bindings.cache.snapshot().iter("", None) {
            let Some(binding) = object.downcast::<ClusterRoleBinding>() else { continue };
            if let Some(rules) = cluster_role(&binding.role_ref.name) {
                index.add(&binding.subjects, "", &Grant { namespace: None, rules });
            }
        }
        for (_, object) in self.bindings.cache.snapshot().iter("", None) {
            let Some(binding) = object.downcast::<RoleBinding>() else { continue };
            let namespace = &binding.metadata.namespace;
            let rules = if binding.role_ref.kind == "ClusterRole" {
                cluster_role(&binding.role_ref.name)
            } else {
                roles.get(namespace, &binding.role_ref.name).and_then(|object| object.downcast_arc()).map(Rules::Role)
            };
            if let Some(rules) = rules {
                index.add(&binding.subjects, namespace, &Grant { namespace: Some(namespace.clone()), rules });
            }
        }
        index
    }
}

/// How many roles deep aggregation goes: `admin` holds `edit`, which holds `view`.
const AGGREGATION_DEPTH: usize = 8;

/// A role with the rules of all that its selectors match.
fn aggregated(role: &ClusterRole, all: &pintle_watch::Snapshot, depth: usize) -> ClusterRole {
    let mut sum = role.clone();
    let Some(rule) = role.aggregation_rule.as_ref().filter(|_| depth > 0) else { return sum };
    let selectors: Vec<Selector> =
        rule.cluster_role_selectors.iter().filter_map(|selector| Selector::from_object(selector).ok()).collect();
    for (_, object) in all.iter("", None) {
        let Some(other) = object.downcast::<ClusterRole>() else { continue };
        let labels = &other.metadata.labels;
        if other.metadata.name == role.metadata.name || !selectors.iter().any(|selector| selector.matches(labels)) {
            continue;
        }
        if other.aggregation_rule.is_some() && other.rules.is_empty() {
            sum.rules.extend(aggregated(other, all, depth - 1).rules);
        } else {
            sum.rules.extend(other.rules.iter().cloned());
        }
    }
    sum
}

impl Index {
    fn add(&mut self, subjects: &[Subject], namespace: &str, grant: &Grant) {
        for subject in subjects {
            let (map, name) = match subject.kind.as_str() {
                "User" => (&mut self.users, subject.name.clone()),
                "Group" => (&mut self.groups, subject.name.clone()),
                "ServiceAccount" => {
                    let of = if subject.namespace.is_empty() { namespace } else { &subject.namespace };
                    (&mut self.users, format!("system:serviceaccount:{of}:{}", subject.name))
                }
                _ => continue,
            };
            map.entry(name).or_default().push(grant.clone());
        }
    }

    fn grants<'a>(&'a self, identity: &'a Identity) -> impl Iterator<Item = &'a Grant> {
        let by_group = identity.groups.iter().filter_map(|group| self.groups.get(group));
        self.users.get(&identity.user).into_iter().chain(by_group).flatten()
    }
}

impl Authorizer for Rbac {
    fn allows(&self, identity: &Identity, action: &Action) -> bool {
        if identity.groups.iter().any(|group| group == "system:masters") {
            return true;
        }
        let namespace = match action {
            Action::Resource { namespace, .. } => namespace.as_str(),
            Action::Path { .. } => "",
        };
        let index = self.index();
        index
            .grants(identity)
            .filter(|grant| grant.namespace.as_deref().is_none_or(|only| !namespace.is_empty() && only == namespace))
            .any(|grant| grant.rules.all().iter().any(|rule| rule_allows(rule, action)))
    }

    fn rules(&self, identity: &Identity, namespace: &str) -> Vec<PolicyRule> {
        if identity.groups.iter().any(|group| group == "system:masters") {
            let all = || vec!["*".to_owned()];
            return vec![
                PolicyRule { verbs: all(), api_groups: all(), resources: all(), ..PolicyRule::default() },
                PolicyRule { verbs: all(), non_resource_urls: all(), ..PolicyRule::default() },
            ];
        }
        let index = self.index();
        let here =
            index.grants(identity).filter(|grant| grant.namespace.as_deref().is_none_or(|only| only == namespace));
        here.flat_map(|grant| grant.rules.all().to_vec()).collect()
    }
}

fn has(list: &[String], value: &str) -> bool {
    list.iter().any(|entry| entry == "*" || entry == value)
}

/// Does a rule cover the action?
pub(crate) fn rule_allows(rule: &PolicyRule, action: &Action) -> bool {
    match action {
        Action::Resource { verb, group, resource, subresource, name, .. } => {
            has(&rule.verbs, verb)
                && has(&rule.api_groups, group)
                && covers_resource(&rule.resources, resource, subresource)
                && (rule.resource_names.is_empty() || rule.resource_names.iter().any(|only| only == name))
        }
        Action::Path { verb, path } => {
            has(&rule.verbs, verb) && rule.non_resource_urls.iter().any(|pattern| covers_path(pattern, path))
        }
    }
}

fn covers_resource(resources: &[String], resource: &str, subresource: &str) -> bool {
    resources.iter().any(|entry| {
        if entry == "*" {
            return true;
        }
        match (entry.split_once('/'), subresource.is_empty()) {
            (None, true) => entry == resource,
            (Some((of, sub)), false) => (of == "*" || of == resource) && sub == subresource,
            _ => false,
        }
    })
}

fn covers_path(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => pattern == path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(resource: &str, subresource: &str, name: &str) -> Action {
        Action::Resource {
            verb: "get".into(),
            group: String::new(),
            version: "v1".into(),
            resource: resource.into(),
            subresource: subresource.into(),
            namespace: "ns".into(),
            name: name.into(),
        }
    }

    #[test]
    fn subresources_need_a_rule_of_their_own() {
        let mut rule =
            PolicyRule { verbs: vec!["get".into()], api_groups: vec![String::new()], ..PolicyRule::default() };
        rule.resources = vec!["pods".into()];
        assert!(rule_allows(&rule, &action("pods", "", "a")));
        assert!(!rule_allows(&rule, &action("pods", "log", "a")));
        rule.resources = vec!["pods/log".into()];
        assert!(rule_allows(&rule, &action("pods", "log", "a")));
        rule.resources = vec!["*/scale".into()];
        assert!(rule_allows(&rule, &action("deployments", "scale", "a")));
        rule.resources = vec!["pods".into()];
        rule.resource_names = vec!["b".into()];
        assert!(!rule_allows(&rule, &action("pods", "", "a")));
    }

    #[test]
    fn paths_match_exactly_or_by_prefix() {
        assert!(covers_path("/healthz", "/healthz"));
        assert!(!covers_path("/healthz", "/healthz/etcd"));
        assert!(covers_path("/healthz/*", "/healthz/etcd"));
        assert!(covers_path("*", "/metrics"));
    }
}
