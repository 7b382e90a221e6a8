//! Does a write fall under a policy?

use std::collections::BTreeMap;

use pintle_object_model::api::admissionregistration::v1::{MatchResources, NamedRuleWithOperations};
use pintle_object_model::api::meta::v1::LabelSelector;
use pintle_object_model::selector::Selector;
use pintle_object_model::{AnyResource, Object, Scheme};

use crate::admission::Attributes;

/// What policies and webhooks match on.
pub(crate) struct Subject<'a> {
    pub(crate) attributes: &'a Attributes<'a>,
    pub(crate) object: Option<&'a dyn AnyResource>,
    pub(crate) namespace: Option<&'a Object>,
    pub(crate) scheme: &'a Scheme,
}

impl Subject<'_> {
    pub(super) fn matches(&self, wanted: Option<&MatchResources>) -> bool {
        let Some(wanted) = wanted else { return true };
        let any = |rules: &[NamedRuleWithOperations]| {
            rules.iter().any(|rule| {
                let named =
                    rule.resource_names.is_empty() || rule.resource_names.iter().any(|n| n == self.attributes.name);
                named
                    && self.rule(&Rule {
                        operations: &rule.operations,
                        groups: &rule.api_groups,
                        versions: &rule.api_versions,
                        resources: &rule.resources,
                        scope: rule.scope.as_deref(),
                    })
            })
        };
        // A binding without rules says nothing about resources.
        (wanted.resource_rules.is_empty() || any(&wanted.resource_rules))
            && !any(&wanted.exclude_resource_rules)
            && self.namespace_matches(wanted.namespace_selector.as_deref())
            && self.object_matches(wanted.object_selector.as_deref())
    }

    /// Policies do not apply to what decides about admission, or nobody could repair it.
    pub(crate) fn is_exempt(&self) -> bool {
        self.attributes.kind.group == "admissionregistration.k8s.io"
    }

    pub(crate) fn namespace_matches(&self, selector: Option<&LabelSelector>) -> bool {
        let Some(selector) = selector.and_then(|selector| Selector::from_object(selector).ok()) else { return true };
        if selector.is_empty() {
            return true;
        }
        let kind = &self.attributes.kind;
        if kind.group.is_empty() && kind.kind == "Namespace" {
            let new = self.object.map(|object| &object.metadata().labels);
            let old = self.attributes.old.map(|object| &object.metadata().labels);
            return new.or(old).is_some_and(|labels| selector.matches(labels));
        }
        // What is in no namespace is not told apart by one.
        self.attributes.namespace.is_empty()
            || self.namespace.is_some_and(|namespace| selector.matches(&namespace.metadata().labels))
    }

    pub(crate) fn object_matches(&self, selector: Option<&LabelSelector>) -> bool {
        let Some(selector) = selector.and_then(|selector| Selector::from_object(selector).ok()) else { return true };
        if selector.is_empty() {
            return true;
        }
        let of = |labels: &BTreeMap<String, String>| selector.matches(labels);
        self.object.is_some_and(|object| of(&object.metadata().labels))
            || self.attributes.old.is_some_and(|object| of(&object.metadata().labels))
    }

    /// Does one rule match the resource that was asked for, or another version of it?
    pub(crate) fn rule(&self, rule: &Rule<'_>) -> bool {
        let attributes = self.attributes;
        let has = |list: &[String], name: &str| list.iter().any(|one| one == "*" || one == name);
        let scope = match rule.scope {
            Some("Namespaced") => !attributes.namespace.is_empty(),
            Some("Cluster") => attributes.namespace.is_empty(),
            _ => true,
        };
        if !scope || !has(rule.operations, attributes.operation.as_str()) {
            return false;
        }
        let asked = attributes.resource;
        let at = |group: &str, version: &str, resource: &str| {
            has(rule.groups, group)
                && has(rule.versions, version)
                && rule.resources.iter().any(|name| resource_matches(name, resource, attributes.subresource))
        };
        at(&asked.group, &asked.version, &asked.resource)
            || self.scheme.resource(asked).is_some_and(|entry| {
                self.scheme.versions_of(entry.hub()).any(|other| {
                    let info = other.info();
                    at(info.group, info.version, info.plural)
                })
            })
    }
}

/// What a rule says about resources.
pub(crate) struct Rule<'a> {
    pub(crate) operations: &'a [String],
    pub(crate) groups: &'a [String],
    pub(crate) versions: &'a [String],
    pub(crate) resources: &'a [String],
    pub(crate) scope: Option<&'a str>,
}

/// `pods`, `pods/exec`, `pods/*`, `*/scale`, `*`, `*/*`.
fn resource_matches(pattern: &str, resource: &str, subresource: &str) -> bool {
    let (wanted, wanted_sub) = pattern.split_once('/').unwrap_or((pattern, ""));
    (wanted == "*" || wanted == resource) && (wanted_sub == subresource || wanted_sub == "*")
}

#[cfg(test)]
mod tests {
    use super::resource_matches;

    #[test]
    fn patterns_of_resources_match_as_documented() {
        for (pattern, resource, subresource, matches) in [
            ("pods", "pods", "", true),
            ("pods", "pods", "exec", false),
            ("pods/exec", "pods", "exec", true),
            ("pods/*", "pods", "exec", true),
            ("*", "pods", "", true),
            ("*", "pods", "exec", false),
            ("*/*", "pods", "exec", true),
            ("*/scale", "deployments", "scale", true),
            ("*/scale", "deployments", "status", false),
        ] {
            assert_eq!(resource_matches(pattern, resource, subresource), matches, "{pattern} {resource}/{subresource}");
        }
    }
}
