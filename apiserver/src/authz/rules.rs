//! What one rule covers: actions, and other rules.
//!
//! In: `PolicyRule`s. Out: whether a rule allows an action, and which rights of a list another list lacks. Source:
//! Kubernetes reference, "Using RBAC Authorization", referring to resources and privilege escalation prevention.

use std::collections::BTreeMap;

use pintle_object_model::api::rbac::v1::PolicyRule;

use super::{Action, ResourceAction};

fn has(list: &[String], value: &str) -> bool {
    list.iter().any(|entry| entry == "*" || entry == value)
}

/// Does a rule cover the action?
pub(crate) fn rule_allows(rule: &PolicyRule, action: &Action) -> bool {
    match action {
        Action::Resource(ResourceAction { verb, group, resource, subresource, name, .. }) => {
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

/// Most single rights that are compared of one list; a longer one is refused as a whole.
const RIGHTS_MAX: usize = 100_000;

/// A rule that grants one thing.
fn single(group: &str, resource: &str, name: Option<&String>, verb: &str) -> PolicyRule {
    PolicyRule {
        api_groups: vec![group.to_owned()],
        resources: vec![resource.to_owned()],
        resource_names: name.cloned().into_iter().collect(),
        verbs: vec![verb.to_owned()],
        ..PolicyRule::default()
    }
}

/// Takes rules apart into rights of one verb on one thing. `None` if there are too many.
fn rights(rules: &[PolicyRule]) -> Option<Vec<PolicyRule>> {
    let mut all = vec![];
    for rule in rules {
        let names: Vec<Option<&String>> =
            if rule.resource_names.is_empty() { vec![None] } else { rule.resource_names.iter().map(Some).collect() };
        let product = [rule.api_groups.len(), rule.resources.len(), rule.verbs.len(), names.len()]
            .into_iter()
            .try_fold(1_usize, usize::checked_mul)?;
        if product.checked_add(all.len())? > RIGHTS_MAX {
            return None;
        }
        for group in &rule.api_groups {
            for resource in &rule.resources {
                for verb in &rule.verbs {
                    all.extend(names.iter().map(|name| single(group, resource, *name, verb)));
                }
            }
        }
        for url in &rule.non_resource_urls {
            all.extend(rule.verbs.iter().map(|verb| PolicyRule {
                non_resource_urls: vec![url.clone()],
                verbs: vec![verb.clone()],
                ..PolicyRule::default()
            }));
        }
    }
    (all.len() <= RIGHTS_MAX).then_some(all)
}

/// Does a rule cover a single right?
fn covers(owned: &PolicyRule, right: &PolicyRule) -> bool {
    if !right.verbs.iter().all(|verb| has(&owned.verbs, verb)) {
        return false;
    }
    if let Some(url) = right.non_resource_urls.first() {
        return owned.non_resource_urls.iter().any(|pattern| pattern == url || covers_path(pattern, url));
    }
    let resource = |name: &String| {
        has(&owned.resources, name)
            || name.split_once('/').is_some_and(|(_, sub)| owned.resources.contains(&format!("*/{sub}")))
    };
    right.api_groups.iter().all(|group| has(&owned.api_groups, group))
        && right.resources.iter().all(resource)
        && (owned.resource_names.is_empty()
            || !right.resource_names.is_empty()
                && right.resource_names.iter().all(|name| owned.resource_names.contains(name)))
}

/// Group, resource and name of what a right is about.
type Thing = (Vec<String>, Vec<String>, Vec<String>);

/// The rights of `wanted` that `owned` does not have, verbs on the same thing together.
pub(super) fn missing(owned: &[PolicyRule], wanted: &[PolicyRule]) -> Vec<PolicyRule> {
    let Some(rights) = rights(wanted) else { return wanted.to_vec() };
    let mut lacking = rights.into_iter().filter(|right| !owned.iter().any(|rule| covers(rule, right)));
    let mut together: BTreeMap<Thing, PolicyRule> = BTreeMap::new();
    let mut rest = vec![];
    for mut right in lacking.by_ref() {
        if !right.non_resource_urls.is_empty() {
            rest.push(right);
            continue;
        }
        let key = (right.api_groups.clone(), right.resources.clone(), right.resource_names.clone());
        match together.get_mut(&key) {
            Some(rule) if rule.verbs.contains(&right.verbs[0]) => {}
            Some(rule) => rule.verbs.append(&mut right.verbs),
            None => drop(together.insert(key, right)),
        }
    }
    rest.extend(together.into_values());
    rest
}

/// A list as Go prints it: `["a" "b"]`.
pub(crate) fn go_list(list: &[String]) -> String {
    format!("[{}]", list.iter().map(|entry| format!("{entry:?}")).collect::<Vec<_>>().join(" "))
}

/// A rule in one line: `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}`.
pub(super) fn shown(rule: &PolicyRule) -> String {
    let parts = [
        ("APIGroups", &rule.api_groups),
        ("Resources", &rule.resources),
        ("NonResourceURLs", &rule.non_resource_urls),
        ("ResourceNames", &rule.resource_names),
        ("Verbs", &rule.verbs),
    ];
    let set = parts.iter().filter(|(_, list)| !list.is_empty());
    format!("{{{}}}", set.map(|(name, list)| format!("{name}:{}", go_list(list))).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(resource: &str, name: &str) -> Action {
        ResourceAction::new("get", "", resource).on("ns", name).into()
    }

    fn rule(verbs: &[&str], groups: &[&str], resources: &[&str]) -> PolicyRule {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        PolicyRule { verbs: list(verbs), api_groups: list(groups), resources: list(resources), ..PolicyRule::default() }
    }

    #[test]
    fn subresources_need_a_rule_of_their_own() {
        let mut one = rule(&["get"], &[""], &["pods"]);
        assert!(rule_allows(&one, &action("pods", "a")));
        assert!(!rule_allows(&one, &action("pods/log", "a")));
        one.resource_names = vec!["b".into()];
        assert!(!rule_allows(&one, &action("pods", "a")));
        assert!(rule_allows(&rule(&["get"], &[""], &["pods/log"]), &action("pods/log", "a")));
        assert!(rule_allows(&rule(&["get"], &[""], &["*/scale"]), &action("deployments/scale", "a")));
    }

    #[test]
    fn paths_match_exactly_or_by_prefix() {
        assert!(covers_path("/healthz", "/healthz"));
        assert!(!covers_path("/healthz", "/healthz/etcd"));
        assert!(covers_path("/healthz/*", "/healthz/etcd"));
        assert!(covers_path("*", "/metrics"));
    }

    #[test]
    fn what_is_missing_is_told_by_thing() {
        let owned = [rule(&["get"], &[""], &["pods"]), rule(&["*"], &["apps"], &["*/scale"])];
        let wanted =
            [rule(&["get", "delete"], &[""], &["pods", "secrets"]), rule(&["get"], &["apps"], &["deployments/scale"])];
        let shown: Vec<String> = missing(&owned, &wanted).iter().map(shown).collect();
        assert_eq!(
            shown,
            [
                r#"{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}"#,
                r#"{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}"#,
            ]
        );
        let mut named = rule(&["get"], &[""], &["secrets"]);
        named.resource_names = vec!["a".into()];
        // A right on one object does not cover the right on all; the reverse does.
        assert_eq!(missing(&[named.clone()], &[rule(&["get"], &[""], &["secrets"])]).len(), 1);
        assert_eq!(missing(&[rule(&["get"], &[""], &["secrets"])], &[named]), []);
    }
}
