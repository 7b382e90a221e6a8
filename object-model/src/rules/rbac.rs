//! Roles and bindings.

use crate::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};
use crate::validation::{FieldErrors, Path, Plain};
use crate::{Rules, names};

const GROUP: &str = "rbac.authorization.k8s.io";

fn validate_rules(rules: &[PolicyRule], namespaced: bool) -> FieldErrors {
    let mut errors = FieldErrors::default();
    for (index, rule) in rules.iter().enumerate() {
        let path = Path::new("rules").index(index);
        if rule.verbs.is_empty() {
            errors.required(&path.child("verbs"), "verbs must contain at least one value");
        }
        if !rule.non_resource_urls.is_empty() {
            let urls = serde_json::json!(rule.non_resource_urls);
            if namespaced {
                errors.invalid(
                    &path.child("nonResourceURLs"),
                    &urls,
                    "namespaced rules cannot apply to non-resource URLs",
                );
            }
            if !rule.api_groups.is_empty() || !rule.resources.is_empty() || !rule.resource_names.is_empty() {
                errors.invalid(
                    &path.child("nonResourceURLs"),
                    &urls,
                    "rules cannot apply to both regular resources and non-resource URLs",
                );
            }
            continue;
        }
        if rule.api_groups.is_empty() {
            errors.required(&path.child("apiGroups"), "resource rules must supply at least one api group");
        }
        if rule.resources.is_empty() {
            errors.required(&path.child("resources"), "resource rules must supply at least one resource");
        }
    }
    errors
}

impl Rules for Role {
    fn validate(&self) -> FieldErrors {
        validate_rules(&self.rules, true)
    }
}

impl Rules for ClusterRole {
    fn validate(&self) -> FieldErrors {
        let mut errors = validate_rules(&self.rules, false);
        let Some(aggregation) = &self.aggregation_rule else { return errors };
        let path = Path::new("aggregationRule").child("clusterRoleSelectors");
        if aggregation.cluster_role_selectors.is_empty() {
            errors.required(&path, "at least one clusterRoleSelector required if aggregationRule is non-nil");
        }
        for (index, selector) in aggregation.cluster_role_selectors.iter().enumerate() {
            let mut found = FieldErrors::default();
            super::check::selector(&mut found, selector, &path.index(index));
            if !found.is_empty() {
                errors.extend(found);
                // What is shown is the selector that could not be made.
                errors.invalid(&path.index(index), Plain("null"), "invalid label selector.");
            }
        }
        errors
    }
}

fn default_subjects(subjects: &mut [Subject]) {
    for subject in subjects {
        if subject.api_group.is_empty() && matches!(subject.kind.as_str(), "User" | "Group") {
            subject.api_group = GROUP.into();
        }
    }
}

fn default_reference(reference: &mut RoleRef) {
    if reference.api_group.is_empty() {
        reference.api_group = GROUP.into();
    }
}

fn validate_binding(reference: &RoleRef, subjects: &[Subject], kinds: &[&str], namespaced: bool) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let path = Path::new("roleRef");
    if reference.api_group != GROUP {
        errors.not_supported(&path.child("apiGroup"), &reference.api_group, &[GROUP]);
    }
    if !kinds.contains(&reference.kind.as_str()) {
        errors.not_supported(&path.child("kind"), &reference.kind, kinds);
    }
    if reference.name.is_empty() {
        errors.required(&path.child("name"), "");
    } else {
        for problem in names::path_segment(&reference.name) {
            errors.invalid(&path.child("name"), &reference.name, problem);
        }
    }
    for (index, subject) in subjects.iter().enumerate() {
        let at = Path::new("subjects").index(index);
        if subject.name.is_empty() {
            errors.required(&at.child("name"), "");
        }
        match subject.kind.as_str() {
            "ServiceAccount" => {
                for problem in names::dns_subdomain(&subject.name).into_iter().filter(|_| !subject.name.is_empty()) {
                    errors.invalid(&at.child("name"), &subject.name, problem);
                }
                if !subject.api_group.is_empty() {
                    errors.not_supported(&at.child("apiGroup"), &subject.api_group, &[""]);
                }
                if !namespaced && subject.namespace.is_empty() {
                    errors.required(&at.child("namespace"), "");
                }
            }
            "User" | "Group" if subject.api_group != GROUP => {
                errors.not_supported(&at.child("apiGroup"), &subject.api_group, &[GROUP]);
            }
            "User" | "Group" => {}
            other => errors.not_supported(&at.child("kind"), other, &["ServiceAccount", "User", "Group"]),
        }
    }
    errors
}

fn fixed_reference(errors: &mut FieldErrors, new: &RoleRef, old: &RoleRef) {
    if new != old {
        errors.invalid(&Path::new("roleRef"), Plain(&super::go::show(new, None)), "cannot change roleRef");
    }
}

macro_rules! binding {
    ($kind:ty, $roles:expr, $namespaced:expr) => {
        impl Rules for $kind {
            fn set_defaults(&mut self) {
                default_reference(&mut self.role_ref);
                default_subjects(&mut self.subjects);
            }
            fn validate(&self) -> FieldErrors {
                validate_binding(&self.role_ref, &self.subjects, $roles, $namespaced)
            }
            fn validate_update(&self, old: &Self) -> FieldErrors {
                let mut errors = self.validate();
                fixed_reference(&mut errors, &self.role_ref, &old.role_ref);
                errors
            }
        }
    };
}
binding!(RoleBinding, &["Role", "ClusterRole"], true);
binding!(ClusterRoleBinding, &["ClusterRole"], false);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregation_needs_good_selectors() {
        for (rule, expected) in [
            (
                r#"{"clusterRoleSelectors":[]}"#,
                "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if \
                 aggregationRule is non-nil",
            ),
            (r#"{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]}"#, "[]"),
        ] {
            let role: ClusterRole =
                serde_json::from_str(&format!(r#"{{"aggregationRule":{rule}}}"#)).expect("the test's JSON");
            assert_eq!(role.validate().summary(), expected);
        }
    }

    #[test]
    fn a_binding_keeps_its_role() {
        let mut old = RoleBinding::default();
        old.role_ref = RoleRef { api_group: GROUP.into(), kind: "Role".into(), name: "a".into() };
        let mut new = old.clone();
        new.role_ref.name = "b".into();
        assert_eq!(
            new.validate_update(&old).summary(),
            format!(
                "roleRef: Invalid value: {{\"APIGroup\":{GROUP:?},\"Kind\":\"Role\",\"Name\":\"b\"}}: cannot change roleRef"
            )
        );
    }
}
