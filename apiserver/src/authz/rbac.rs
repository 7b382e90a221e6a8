//! Role-based access control over the cached roles and bindings.
//!
//! In: the caches of Roles, ClusterRoles and their bindings. Out: decisions by an index from subject to rules,
//! rebuilt when one of the caches has changed. Invariant: a decision never mixes two states of the index.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use pintle_client::Identity;
use pintle_object_model::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
use pintle_object_model::selector::Selector;

use super::rules::rule_allows;
use super::{Action, Authorizer, Decision, RuleList};
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
    namespace: Option<Arc<str>>,
    rules: Rules,
    /// `ClusterRoleBinding "b" of ClusterRole "r" to Group "g"`.
    origin: Arc<str>,
}

#[derive(Clone, Debug)]
enum Rules {
    Role(Arc<Role>),
    ClusterRole(Arc<ClusterRole>),
    /// The binding names a role that is not there.
    Missing(Arc<str>),
}

impl Rules {
    fn all(&self) -> &[PolicyRule] {
        match self {
            Self::Role(role) => &role.rules,
            Self::ClusterRole(role) => &role.rules,
            Self::Missing(_) => &[],
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
        let resolve = |reference: &RoleRef, namespace: &str| {
            let found = if reference.kind == "ClusterRole" {
                cluster_role(&cluster_roles, &reference.name).map(Rules::ClusterRole)
            } else {
                roles.get(namespace, &reference.name).and_then(|object| object.downcast_arc()).map(Rules::Role)
            };
            found.unwrap_or_else(|| {
                let kind = reference.kind.to_lowercase();
                Rules::Missing(format!("{kind}.rbac.authorization.k8s.io {:?} not found", reference.name).into())
            })
        };
        for (_, object) in self.cluster_bindings.cache.snapshot().iter("", None) {
            let Some(binding) = object.downcast::<ClusterRoleBinding>() else { continue };
            let rules = resolve(&binding.role_ref, "");
            let origin = origin("ClusterRoleBinding", &binding.metadata.name, &binding.role_ref);
            index.add(&binding.subjects, "", None, &rules, &origin);
        }
        for (_, object) in self.bindings.cache.snapshot().iter("", None) {
            let Some(binding) = object.downcast::<RoleBinding>() else { continue };
            let namespace = &binding.metadata.namespace;
            let rules = resolve(&binding.role_ref, namespace);
            let origin = origin("RoleBinding", &format!("{}/{namespace}", binding.metadata.name), &binding.role_ref);
            index.add(&binding.subjects, namespace, Some(namespace.as_str().into()), &rules, &origin);
        }
        index
    }

    /// The rules of the role that a binding in this namespace names; `None` if there is no such role.
    pub(super) fn rules_of(&self, reference: &RoleRef, namespace: &str) -> Option<Vec<PolicyRule>> {
        if reference.kind == "ClusterRole" {
            let all = self.cluster_roles.cache.snapshot();
            return cluster_role(&all, &reference.name).map(|role| role.rules.clone());
        }
        let role = self.roles.cache.get(namespace, &reference.name)?;
        role.downcast::<Role>().map(|role| role.rules.clone())
    }

    /// The rules that an identity has in a namespace, and what went wrong when they were collected.
    pub(super) fn held(&self, identity: &Identity, namespace: &str) -> (Vec<PolicyRule>, Vec<String>) {
        let index = self.index();
        let mut rules = vec![];
        let mut problems = vec![];
        for grant in index.grants(identity).filter(|grant| grant.holds_in(namespace)) {
            match &grant.rules {
                Rules::Missing(why) => note(&mut problems, why),
                found => rules.extend(found.all().iter().cloned()),
            }
        }
        (rules, problems)
    }
}

/// `KIND "NAME" of ROLE_KIND "ROLE"`.
fn origin(kind: &str, name: &str, role: &RoleRef) -> String {
    format!("{kind} {name:?} of {} {:?}", role.kind, role.name)
}

fn note(problems: &mut Vec<String>, why: &str) {
    if !problems.iter().any(|known| known == why) {
        problems.push(why.to_owned());
    }
}

/// Several problems in one text, as Go joins errors.
pub(super) fn joined(problems: &[String]) -> String {
    match problems {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

fn cluster_role(all: &pintle_watch::Snapshot, name: &str) -> Option<Arc<ClusterRole>> {
    let role = all.get("", name).and_then(|object| object.downcast_arc::<ClusterRole>())?;
    Some(match &role.aggregation_rule {
        // Until a controller has written the sum into the role, it is drawn here.
        Some(_) if role.rules.is_empty() => Arc::new(aggregated(&role, all, AGGREGATION_DEPTH)),
        _ => role,
    })
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
    fn add(&mut self, subjects: &[Subject], namespace: &str, only: Option<Arc<str>>, rules: &Rules, origin: &str) {
        for subject in subjects {
            let name = subject.name.clone();
            let (map, key, shown) = match subject.kind.as_str() {
                "User" => (&mut self.users, name.clone(), name),
                "Group" => (&mut self.groups, name.clone(), name),
                "ServiceAccount" => {
                    let of = if subject.namespace.is_empty() { namespace } else { &subject.namespace };
                    (&mut self.users, format!("system:serviceaccount:{of}:{name}"), format!("{name}/{of}"))
                }
                _ => continue,
            };
            let origin = format!("{origin} to {} {shown:?}", subject.kind).into();
            map.entry(key).or_default().push(Grant { namespace: only.clone(), rules: rules.clone(), origin });
        }
    }

    fn grants<'a>(&'a self, identity: &'a Identity) -> impl Iterator<Item = &'a Grant> {
        let by_group = identity.groups.iter().filter_map(|group| self.groups.get(group));
        self.users.get(&identity.user).into_iter().chain(by_group).flatten()
    }
}

impl Grant {
    fn holds_in(&self, namespace: &str) -> bool {
        self.namespace.as_deref().is_none_or(|only| !namespace.is_empty() && only == namespace)
    }
}

impl Authorizer for Rbac {
    fn decide(&self, identity: &Identity, action: &Action) -> Decision {
        let namespace = match action {
            Action::Resource(action) => action.namespace.as_str(),
            Action::Path { .. } => "",
        };
        let index = self.index();
        let mut problems = vec![];
        for grant in index.grants(identity).filter(|grant| grant.holds_in(namespace)) {
            if let Rules::Missing(why) = &grant.rules {
                note(&mut problems, why);
            } else if grant.rules.all().iter().any(|rule| rule_allows(rule, action)) {
                return Decision::Allowed { why: format!("RBAC: allowed by {}", grant.origin) };
            }
        }
        let why = if problems.is_empty() { String::new() } else { format!("RBAC: {}", joined(&problems)) };
        Decision::NoOpinion { why }
    }

    fn rules(&self, identity: &Identity, namespace: &str) -> RuleList {
        let (rules, problems) = self.held(identity, namespace);
        let incomplete = if problems.is_empty() { String::new() } else { joined(&problems) };
        RuleList { rules, incomplete }
    }
}
