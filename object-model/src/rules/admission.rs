//! Webhooks and admission policies: defaults, and the shape of what they match.

use crate::api::admissionregistration::v1::{
    MatchResources, MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration,
    RuleWithOperations, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration,
    WebhookClientConfig,
};
use crate::api::meta::v1::LabelSelector;
use crate::validation::{FieldErrors, Path};
use crate::{Rules, names};

const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];

fn all(selector: &mut Option<Box<LabelSelector>>) {
    if selector.is_none() {
        *selector = Some(Box::default());
    }
}

fn text(field: &mut Option<String>, value: &str) {
    field.get_or_insert_with(|| value.into());
}

fn default_match(constraints: &mut MatchResources) {
    text(&mut constraints.match_policy, "Equivalent");
    all(&mut constraints.namespace_selector);
    all(&mut constraints.object_selector);
    for rule in constraints.resource_rules.iter_mut().chain(&mut constraints.exclude_resource_rules) {
        text(&mut rule.scope, "*");
    }
}

fn default_client(config: &mut WebhookClientConfig) {
    if let Some(service) = &mut config.service {
        service.port.get_or_insert(443);
    }
}

fn default_rules(rules: &mut [RuleWithOperations]) {
    for rule in rules {
        text(&mut rule.scope, "*");
    }
}

/// The parts of a rule that webhooks and policies share.
struct Rule<'a> {
    operations: &'a [String],
    groups: &'a [String],
    versions: &'a [String],
    resources: &'a [String],
    scope: Option<&'a str>,
}

fn validate_rule(errors: &mut FieldErrors, rule: &Rule<'_>, at: &Path) {
    let alone = "if '*' is present, must not specify other ";
    let star = |list: &[String]| list.len() > 1 && list.iter().any(|entry| entry == "*");
    let shown = |list: &[String]| serde_json::to_value(list).unwrap_or_default();
    if rule.operations.is_empty() {
        errors.required(&at.child("operations"), "");
    }
    if star(rule.operations) {
        errors.invalid(&at.child("operations"), &shown(rule.operations), format!("{alone}operations"));
    }
    for (index, operation) in rule.operations.iter().enumerate() {
        if !OPERATIONS.contains(&operation.as_str()) {
            errors.not_supported(&at.child("operations").index(index), operation, &OPERATIONS);
        }
    }
    if rule.groups.is_empty() {
        errors.required(&at.child("apiGroups"), "");
    }
    if star(rule.groups) {
        errors.invalid(&at.child("apiGroups"), &shown(rule.groups), format!("{alone}API groups"));
    }
    if rule.versions.is_empty() {
        errors.required(&at.child("apiVersions"), "");
    }
    if star(rule.versions) {
        errors.invalid(&at.child("apiVersions"), &shown(rule.versions), format!("{alone}API versions"));
    }
    for (index, version) in rule.versions.iter().enumerate() {
        if version.is_empty() {
            errors.required(&at.child("apiVersions").index(index), "");
        }
    }
    if rule.resources.is_empty() {
        errors.required(&at.child("resources"), "");
    }
    for (index, resource) in rule.resources.iter().enumerate() {
        if resource.is_empty() {
            errors.required(&at.child("resources").index(index), "");
        }
    }
    if let Some(scope) = rule.scope
        && !["*", "Cluster", "Namespaced"].contains(&scope)
    {
        errors.not_supported(&at.child("scope"), scope, &["*", "Cluster", "Namespaced"]);
    }
}

fn validate_failure_policy(errors: &mut FieldErrors, policy: Option<&str>, at: &Path) {
    if let Some(policy) = policy
        && !["Fail", "Ignore"].contains(&policy)
    {
        errors.not_supported(&at.child("failurePolicy"), policy, &["Fail", "Ignore"]);
    }
}

fn validate_constraints(errors: &mut FieldErrors, constraints: Option<&MatchResources>, path: &Path) {
    let at = path.child("matchConstraints");
    let Some(constraints) = constraints else { return errors.required(&at, "") };
    if constraints.resource_rules.is_empty() {
        errors.required(&at.child("resourceRules"), "");
    }
    for (name, rules) in
        [("resourceRules", &constraints.resource_rules), ("excludeResourceRules", &constraints.exclude_resource_rules)]
    {
        for (index, rule) in rules.iter().enumerate() {
            let view = Rule {
                operations: &rule.operations,
                groups: &rule.api_groups,
                versions: &rule.api_versions,
                resources: &rule.resources,
                scope: rule.scope.as_deref(),
            };
            validate_rule(errors, &view, &at.child(name).index(index));
        }
    }
    if let Some(policy) = constraints.match_policy.as_deref()
        && !["Equivalent", "Exact"].contains(&policy)
    {
        errors.not_supported(&at.child("matchPolicy"), policy, &["Equivalent", "Exact"]);
    }
}

impl Rules for ValidatingAdmissionPolicy {
    fn set_defaults(&mut self) {
        text(&mut self.spec.failure_policy, "Fail");
        if let Some(constraints) = &mut self.spec.match_constraints {
            default_match(constraints);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        validate_failure_policy(&mut errors, self.spec.failure_policy.as_deref(), &path);
        validate_constraints(&mut errors, self.spec.match_constraints.as_deref(), &path);
        if self.spec.validations.is_empty() && self.spec.audit_annotations.is_empty() {
            let why = "validations or auditAnnotations must contain at least one item";
            errors.required(&path.child("validations"), why);
            errors.required(&path.child("auditAnnotations"), why);
        }
        errors
    }
}

impl Rules for MutatingAdmissionPolicy {
    fn set_defaults(&mut self) {
        text(&mut self.spec.failure_policy, "Fail");
        if let Some(constraints) = &mut self.spec.match_constraints {
            default_match(constraints);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        validate_failure_policy(&mut errors, self.spec.failure_policy.as_deref(), &path);
        validate_constraints(&mut errors, self.spec.match_constraints.as_deref(), &path);
        if self.spec.mutations.is_empty() {
            errors.required(&path.child("mutations"), "mutations must contain at least one item");
        }
        errors
    }
}

impl Rules for ValidatingAdmissionPolicyBinding {
    fn set_defaults(&mut self) {
        if let Some(resources) = &mut self.spec.match_resources {
            default_match(resources);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        if self.spec.policy_name.is_empty() {
            errors.required(&path.child("policyName"), "");
        } else {
            for problem in names::dns_subdomain(&self.spec.policy_name) {
                errors.invalid(&path.child("policyName"), &self.spec.policy_name, problem);
            }
        }
        let at = path.child("validationActions");
        if self.spec.validation_actions.is_empty() {
            errors.required(&at, "at least one validation action is required");
        }
        for (index, action) in self.spec.validation_actions.iter().enumerate() {
            if !["Audit", "Deny", "Warn"].contains(&action.as_str()) {
                errors.not_supported(&at.index(index), action, &["Audit", "Deny", "Warn"]);
            } else if self.spec.validation_actions[..index].contains(action) {
                errors.duplicate(&at.index(index), action);
            }
        }
        let both = |name: &str| self.spec.validation_actions.iter().any(|action| action == name);
        if both("Deny") && both("Warn") {
            let value = serde_json::to_value(&self.spec.validation_actions).unwrap_or_default();
            errors.invalid(
                &at,
                &value,
                "must not contain both Deny and Warn (repeating the same validation failure information in the API \
                 response and headers serves no purpose)",
            );
        }
        errors
    }
}

impl Rules for MutatingAdmissionPolicyBinding {
    fn set_defaults(&mut self) {
        if let Some(resources) = &mut self.spec.match_resources {
            default_match(resources);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.spec.policy_name.is_empty() {
            errors.required(&Path::new("spec").child("policyName"), "");
        }
        errors
    }
}

macro_rules! webhooks {
    ($kind:ty, $defaults:expr) => {
        impl Rules for $kind {
            fn set_defaults(&mut self) {
                for webhook in &mut self.webhooks {
                    default_client(&mut webhook.client_config);
                    default_rules(&mut webhook.rules);
                    text(&mut webhook.failure_policy, "Fail");
                    text(&mut webhook.match_policy, "Equivalent");
                    all(&mut webhook.namespace_selector);
                    all(&mut webhook.object_selector);
                    webhook.timeout_seconds.get_or_insert(10);
                    $defaults(webhook);
                }
            }

            fn validate(&self) -> FieldErrors {
                let mut errors = FieldErrors::default();
                let mut seen = std::collections::BTreeSet::new();
                for (index, webhook) in self.webhooks.iter().enumerate() {
                    let at = Path::new("webhooks").index(index);
                    for problem in names::fully_qualified(&webhook.name) {
                        errors.invalid(&at.child("name"), &webhook.name, problem);
                    }
                    if !seen.insert(webhook.name.as_str()) {
                        errors.duplicate(&at.child("name"), &webhook.name);
                    }
                    if webhook.admission_review_versions.is_empty() {
                        errors.required(&at.child("admissionReviewVersions"), "must specify one of v1, v1beta1");
                    }
                    for (number, rule) in webhook.rules.iter().enumerate() {
                        let view = Rule {
                            operations: &rule.operations,
                            groups: &rule.api_groups,
                            versions: &rule.api_versions,
                            resources: &rule.resources,
                            scope: rule.scope.as_deref(),
                        };
                        validate_rule(&mut errors, &view, &at.child("rules").index(number));
                    }
                    validate_failure_policy(&mut errors, webhook.failure_policy.as_deref(), &at);
                    if let Some(policy) = webhook.match_policy.as_deref()
                        && !["Equivalent", "Exact"].contains(&policy)
                    {
                        errors.not_supported(&at.child("matchPolicy"), policy, &["Equivalent", "Exact"]);
                    }
                    match webhook.side_effects.as_deref() {
                        None => errors.required(&at.child("sideEffects"), "must specify one of None, NoneOnDryRun"),
                        Some("None" | "NoneOnDryRun") => {}
                        Some(other) => {
                            errors.not_supported(&at.child("sideEffects"), other, &["None", "NoneOnDryRun"]);
                        }
                    }
                    if let Some(seconds) = webhook.timeout_seconds
                        && !(1..=30).contains(&seconds)
                    {
                        errors.invalid(
                            &at.child("timeoutSeconds"),
                            seconds,
                            "the timeout value must be between 1 and 30 seconds",
                        );
                    }
                    let config = &webhook.client_config;
                    if config.url.is_some() == config.service.is_some() {
                        errors.required(&at.child("clientConfig"), "exactly one of url or service is required");
                    }
                }
                errors
            }
        }
    };
}
webhooks!(ValidatingWebhookConfiguration, |_| {});
webhooks!(MutatingWebhookConfiguration, |webhook: &mut crate::api::admissionregistration::v1::MutatingWebhook| {
    text(&mut webhook.reinvocation_policy, "Never");
});
