//! Webhook configurations, and the rules by which they and admission policies choose requests.

use super::check;
use crate::api::admissionregistration::v1::{
    MatchCondition, MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations, ServiceReference,
    ValidatingWebhookConfiguration, WebhookClientConfig,
};
use crate::validation::{FieldErrors, Path};
use crate::{Rules, names};

const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const CONDITIONS_MAX: usize = 64;

pub(super) fn text(field: &mut Option<String>, value: &str) {
    field.get_or_insert_with(|| value.into());
}

/// What webhooks and policies say of the requests they are for.
pub(super) struct Rule<'a> {
    pub(super) operations: &'a [String],
    pub(super) groups: &'a [String],
    pub(super) versions: &'a [String],
    pub(super) resources: &'a [String],
    pub(super) scope: Option<&'a str>,
}

/// A list that has something in it, and nothing besides a star.
fn validate_list(errors: &mut FieldErrors, list: &[String], path: &Path, what: &str) {
    if list.is_empty() {
        errors.required(path, "");
    }
    if list.len() > 1 && list.iter().any(|entry| entry == "*") {
        errors.invalid(path, list, format!("if '*' is present, must not specify other {what}"));
    }
}

pub(super) fn validate_rule(errors: &mut FieldErrors, rule: &Rule<'_>, at: &Path) {
    validate_list(errors, rule.operations, &at.child("operations"), "operations");
    for (index, operation) in rule.operations.iter().enumerate() {
        errors.one_of(&at.child("operations").index(index), operation, &OPERATIONS);
    }
    validate_list(errors, rule.groups, &at.child("apiGroups"), "API groups");
    validate_list(errors, rule.versions, &at.child("apiVersions"), "API versions");
    for (index, version) in rule.versions.iter().enumerate() {
        errors.present(&at.child("apiVersions").index(index), version);
    }
    validate_resources(errors, rule.resources, &at.child("resources"));
    check::optional_one_of(errors, &at.child("scope"), rule.scope, &["*", "Cluster", "Namespaced"]);
}

fn validate_resources(errors: &mut FieldErrors, resources: &[String], path: &Path) {
    if resources.is_empty() {
        errors.required(path, "");
    }
    for (index, resource) in resources.iter().enumerate() {
        let at = path.index(index);
        if !errors.present(&at, resource) {
            continue;
        }
        let Some((whole, part)) = resource.split_once('/') else { continue };
        for wide in [format!("{whole}/*"), format!("*/{part}")] {
            if resources[..index].contains(&wide) {
                errors.invalid(&at, resource, format!("if '{wide}' is present, must not specify {resource}"));
            }
        }
    }
    let has = |wanted: &str| resources.iter().any(|resource| resource == wanted);
    if resources.len() > 1 && has("*/*") {
        errors.invalid(path, resources, "if '*/*' is present, must not specify other resources");
    }
    if has("*") && resources.iter().any(|resource| !resource.contains('/') && resource != "*") {
        let why = "if '*' is present, must not specify other resources without subresources";
        errors.invalid(path, resources, why);
    }
}

pub(super) fn validate_failure_policy(errors: &mut FieldErrors, policy: Option<&str>, at: &Path) {
    check::optional_one_of(errors, &at.child("failurePolicy"), policy, &["Fail", "Ignore"]);
}

pub(super) fn validate_match_policy(errors: &mut FieldErrors, policy: Option<&str>, at: &Path) {
    check::optional_one_of(errors, &at.child("matchPolicy"), policy, &["Equivalent", "Exact"]);
}

/// Conditions besides the rules; their expressions are compiled elsewhere.
pub(super) fn validate_conditions(errors: &mut FieldErrors, conditions: &[MatchCondition], path: &Path) {
    if conditions.len() > CONDITIONS_MAX {
        errors.too_many(path, conditions.len(), CONDITIONS_MAX);
    }
    for (index, condition) in conditions.iter().enumerate() {
        let at = path.index(index);
        errors.present(&at.child("expression"), condition.expression.trim());
        if errors.present(&at.child("name"), &condition.name) {
            errors.invalid_each(&at.child("name"), &condition.name, names::qualified_name(&condition.name));
            if conditions[..index].iter().any(|other| other.name == condition.name) {
                errors.duplicate(&at.child("name"), &condition.name);
            }
        }
    }
}

fn validate_versions(errors: &mut FieldErrors, versions: &[String], path: &Path) {
    if versions.is_empty() {
        errors.required(path, "must specify one of v1, v1beta1");
        return;
    }
    for (index, version) in versions.iter().enumerate() {
        if versions[..index].contains(version) {
            errors.invalid(&path.index(index), version, "duplicate version");
        }
        errors.invalid_each(&path.index(index), version, names::dns_1035_label(version));
    }
    if !versions.iter().any(|version| matches!(version.as_str(), "v1" | "v1beta1")) {
        errors.invalid(path, versions, "must include at least one of v1, v1beta1");
    }
}

/// Where a webhook is to be called.
fn validate_client(errors: &mut FieldErrors, config: &WebhookClientConfig, path: &Path) {
    match (&config.url, &config.service) {
        (Some(url), None) => validate_url(errors, url, &path.child("url")),
        (None, Some(service)) => validate_service(errors, service, &path.child("service")),
        _ => errors.required(path, "exactly one of url or service is required"),
    }
}

fn validate_url(errors: &mut FieldErrors, url: &str, path: &Path) {
    let form = "; desired format: https://host[/path]";
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) = rest.split_once(':').filter(|(scheme, _)| !scheme.contains('/')).unwrap_or(("", rest));
    let authority = rest.strip_prefix("//").map_or("", |rest| rest.split('/').next().unwrap_or_default());
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if !scheme.eq_ignore_ascii_case("https") {
        errors.invalid(path, scheme, format!("'https' is the only allowed URL scheme{form}"));
    }
    if host.is_empty() {
        errors.invalid(path, host, format!("host must be specified{form}"));
    }
    for (part, what) in [
        (user, "user information is not permitted in the URL"),
        (fragment, "fragments are not permitted in the URL"),
        (query, "query parameters are not permitted in the URL"),
    ] {
        if !part.is_empty() {
            errors.invalid(path, part, what);
        }
    }
}

fn validate_service(errors: &mut FieldErrors, service: &ServiceReference, path: &Path) {
    for (field, value) in [("name", &service.name), ("namespace", &service.namespace)] {
        if value.is_empty() {
            errors.required(&path.child(field), format!("service {field} is required"));
        }
    }
    let port = service.port.unwrap_or(443);
    let problems = names::port_number(port).into_iter().map(|problem| format!("port is not valid: {problem}"));
    errors.invalid_each(&path.child("port"), port, problems.collect());
    let (whole, at) = (service.path.as_deref().unwrap_or("/"), path.child("path"));
    match whole {
        "" | "/" => {}
        "//" => errors.invalid(&at, whole, "segment[0] may not be empty"),
        _ => {
            if !whole.starts_with('/') {
                errors.invalid(&at, whole, "must start with a '/'");
            }
            let inner = whole.get(1..).unwrap_or_default();
            for (index, segment) in inner.strip_suffix('/').unwrap_or(inner).split('/').enumerate() {
                if segment.is_empty() {
                    errors.invalid(&at, whole, format!("segment[{index}] may not be empty"));
                    continue;
                }
                let problems = names::dns_subdomain(segment).into_iter();
                errors.invalid_each(
                    &at,
                    whole,
                    problems.map(|problem| format!("segment[{index}]: {problem}")).collect(),
                );
            }
        }
    }
}

fn validate_side_effects(errors: &mut FieldErrors, effects: Option<&str>, at: &Path) {
    match effects {
        None => errors.required(at, "must specify one of None, NoneOnDryRun"),
        Some(effects) => errors.one_of(at, effects, &["None", "NoneOnDryRun"]),
    }
}

fn view(rule: &RuleWithOperations) -> Rule<'_> {
    Rule {
        operations: &rule.operations,
        groups: &rule.api_groups,
        versions: &rule.api_versions,
        resources: &rule.resources,
        scope: rule.scope.as_deref(),
    }
}

macro_rules! webhooks {
    ($kind:ty, $defaults:expr, $more:expr) => {
        impl Rules for $kind {
            fn set_defaults(&mut self) {
                for webhook in &mut self.webhooks {
                    if let Some(service) = &mut webhook.client_config.service {
                        service.port.get_or_insert(443);
                    }
                    for rule in &mut webhook.rules {
                        text(&mut rule.scope, "*");
                    }
                    text(&mut webhook.failure_policy, "Fail");
                    text(&mut webhook.match_policy, "Equivalent");
                    webhook.namespace_selector.get_or_insert_default();
                    webhook.object_selector.get_or_insert_default();
                    webhook.timeout_seconds.get_or_insert(10);
                    $defaults(webhook);
                }
            }

            fn validate(&self) -> FieldErrors {
                let mut errors = FieldErrors::default();
                for (index, webhook) in self.webhooks.iter().enumerate() {
                    let at = Path::new("webhooks").index(index);
                    let (name, path) = (&webhook.name, at.child("name"));
                    if errors.present(&path, name) {
                        errors.invalid_each(&path, name, names::fully_qualified(name));
                    }
                    let versions = &webhook.admission_review_versions;
                    validate_versions(&mut errors, versions, &at.child("admissionReviewVersions"));
                    for (number, rule) in webhook.rules.iter().enumerate() {
                        validate_rule(&mut errors, &view(rule), &at.child("rules").index(number));
                    }
                    validate_failure_policy(&mut errors, webhook.failure_policy.as_deref(), &at);
                    validate_match_policy(&mut errors, webhook.match_policy.as_deref(), &at);
                    validate_side_effects(&mut errors, webhook.side_effects.as_deref(), &at.child("sideEffects"));
                    if let Some(seconds) = webhook.timeout_seconds.filter(|seconds| !(1..=30).contains(seconds)) {
                        let why = "the timeout value must be between 1 and 30 seconds";
                        errors.invalid(&at.child("timeoutSeconds"), seconds, why);
                    }
                    for (name, selector) in [
                        ("namespaceSelector", &webhook.namespace_selector),
                        ("objectSelector", &webhook.object_selector),
                    ] {
                        if let Some(selector) = selector {
                            check::selector(&mut errors, selector, &at.child(name));
                        }
                    }
                    validate_client(&mut errors, &webhook.client_config, &at.child("clientConfig"));
                    validate_conditions(&mut errors, &webhook.match_conditions, &at.child("matchConditions"));
                    $more(&mut errors, webhook, &at);
                    if self.webhooks[..index].iter().any(|other| other.name == *name) && !name.is_empty() {
                        errors.duplicate(&path, name);
                    }
                }
                errors
            }
        }
    };
}
webhooks!(ValidatingWebhookConfiguration, |_| {}, |_: &mut FieldErrors, _, _: &Path| {});
webhooks!(
    MutatingWebhookConfiguration,
    |webhook: &mut MutatingWebhook| text(&mut webhook.reinvocation_policy, "Never"),
    |errors: &mut FieldErrors, webhook: &MutatingWebhook, at: &Path| {
        let policy = webhook.reinvocation_policy.as_deref();
        check::optional_one_of(errors, &at.child("reinvocationPolicy"), policy, &["IfNeeded", "Never"]);
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    fn found(look: impl Fn(&mut FieldErrors)) -> String {
        let mut errors = FieldErrors::default();
        look(&mut errors);
        errors.summary()
    }

    #[test]
    fn urls() {
        for (url, expected) in [
            ("https://a/b", "[]"),
            ("https://a:1?x=y", "u: Invalid value: \"x=y\": query parameters are not permitted in the URL"),
            (
                "http://a",
                "u: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
            ),
        ] {
            assert_eq!(found(|errors| validate_url(errors, url, &Path::new("u"))), expected);
        }
    }

    #[test]
    fn stars_stand_alone() {
        let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>();
        for (resources, expected) in [
            (
                list(&["*", "pods"]),
                "r: Invalid value: [\"*\",\"pods\"]: if '*' is present, must not specify other resources without subresources",
            ),
            (
                list(&["pods/*", "pods/log"]),
                "r[1]: Invalid value: \"pods/log\": if 'pods/*' is present, must not specify pods/log",
            ),
            (list(&["*", "pods/log"]), "[]"),
        ] {
            assert_eq!(found(|errors| validate_resources(errors, &resources, &Path::new("r"))), expected);
        }
    }
}
