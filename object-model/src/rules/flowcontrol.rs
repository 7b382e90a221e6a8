//! Flow control: who is served at which level, and how much of it there is.

use super::go;
use crate::api::flowcontrol::v1::{
    FlowDistinguisherMethod, FlowSchema, FlowSchemaSpec, GroupSubject, LimitResponse,
    LimitedPriorityLevelConfiguration, NonResourcePolicyRule, PolicyRulesWithSubjects, PriorityLevelConfiguration,
    PriorityLevelConfigurationReference, QueuingConfiguration, ResourcePolicyRule, Subject,
};
use crate::validation::{FieldErrors, Path, Plain};
use crate::{Rules, names};

const PRECEDENCE_MAX: i32 = 10_000;
const QUEUES_MAX: i32 = 10_000_000;
/// Most bits of chance that dealing a hand of queues may take.
const ENTROPY_BITS_MAX: i32 = 60;
const VERBS: [&str; 9] = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

impl Rules for FlowSchema {
    fn set_defaults(&mut self) {
        if self.spec.matching_precedence == 0 {
            self.spec.matching_precedence = 1000;
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        if mandatory(&self.metadata.name).is_some_and(|fixed| fixed != *spec) {
            let why = format!("spec of '{}' must equal the fixed value", self.metadata.name);
            errors.invalid(&path, Plain(&go::show(spec, None)), why);
        }
        let (precedence, at) = (spec.matching_precedence, path.child("matchingPrecedence"));
        if precedence <= 0 {
            errors.invalid(&at, precedence, "must be a positive value");
        }
        if precedence > PRECEDENCE_MAX {
            errors.invalid(&at, precedence, format!("must not be greater than {PRECEDENCE_MAX}"));
        }
        if precedence == 1 && self.metadata.name != "exempt" {
            errors.invalid(&at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
        }
        if let Some(method) = &spec.distinguisher_method
            && !["ByNamespace", "ByUser"].contains(&method.type_.as_str())
        {
            let shown = go::show(method.as_ref(), None);
            errors.not_supported(&path.child("distinguisherMethod"), Plain(&shown), &["ByNamespace", "ByUser"]);
        }
        let (level, at) = (&spec.priority_level_configuration.name, path.child("priorityLevelConfiguration"));
        if level.is_empty() {
            errors.required(&at.child("name"), "must reference a priority level");
        } else {
            errors.invalid_each(&at.child("name"), level, names::dns_subdomain(level));
        }
        for (index, rule) in spec.rules.iter().enumerate() {
            validate_rule(&mut errors, rule, &path.child("rules").index(index));
        }
        errors
    }
}

/// Two schemas are the same in every cluster: the first and the last that a request can match.
fn mandatory(name: &str) -> Option<FlowSchemaSpec> {
    let (precedence, by, groups): (_, _, &[&str]) = match name {
        "exempt" => (1, None, &["system:masters"]),
        "catch-all" => (PRECEDENCE_MAX, Some("ByUser"), &["system:unauthenticated", "system:authenticated"]),
        _ => return None,
    };
    let all = || vec!["*".to_owned()];
    let subject = |group: &&str| Subject {
        kind: "Group".into(),
        group: Some(Box::new(GroupSubject { name: (*group).into() })),
        ..Subject::default()
    };
    Some(FlowSchemaSpec {
        priority_level_configuration: PriorityLevelConfigurationReference { name: name.into() },
        matching_precedence: precedence,
        distinguisher_method: by.map(|by| Box::new(FlowDistinguisherMethod { type_: by.into() })),
        rules: vec![PolicyRulesWithSubjects {
            subjects: groups.iter().map(subject).collect(),
            resource_rules: vec![ResourcePolicyRule {
                verbs: all(),
                api_groups: all(),
                resources: all(),
                cluster_scope: true,
                namespaces: all(),
            }],
            non_resource_rules: vec![NonResourcePolicyRule { verbs: all(), non_resource_urls: all() }],
        }],
    })
}

fn validate_rule(errors: &mut FieldErrors, rule: &PolicyRulesWithSubjects, path: &Path) {
    if rule.subjects.is_empty() {
        errors.required(&path.child("subjects"), "subjects must contain at least one value");
    }
    for (index, subject) in rule.subjects.iter().enumerate() {
        validate_subject(errors, subject, &path.child("subjects").index(index));
    }
    if rule.resource_rules.is_empty() && rule.non_resource_rules.is_empty() {
        errors.required(path, "at least one of resourceRules and nonResourceRules has to be non-empty");
    }
    for (index, rule) in rule.resource_rules.iter().enumerate() {
        let at = path.child("resourceRules").index(index);
        validate_verbs(errors, &rule.verbs, &at.child("verbs"));
        let groups = ("api groups", "resource rules must supply at least one api group");
        validate_list(errors, &rule.api_groups, &at.child("apiGroups"), groups);
        let resources = ("resources", "resource rules must supply at least one resource");
        validate_list(errors, &rule.resources, &at.child("resources"), resources);
        let at = at.child("namespaces");
        if !rule.namespaces.is_empty() || !rule.cluster_scope {
            let why = "resource rules that are not cluster scoped must supply at least one namespace";
            validate_list(errors, &rule.namespaces, &at, ("namespaces", why));
        }
        for (index, namespace) in rule.namespaces.iter().enumerate().filter(|(_, namespace)| *namespace != "*") {
            errors.invalid_each(&at.index(index), namespace, names::dns_label(namespace));
        }
    }
    for (index, rule) in rule.non_resource_rules.iter().enumerate() {
        let at = path.child("nonResourceRules").index(index);
        validate_verbs(errors, &rule.verbs, &at.child("verbs"));
        let at = at.child("nonResourceURLs");
        let urls = ("non-resource URLs", "nonResourceURLs must contain at least one value");
        validate_list(errors, &rule.non_resource_urls, &at, urls);
        for (index, url) in rule.non_resource_urls.iter().enumerate().filter(|(_, url)| *url != "*") {
            if let Some(why) = url_problem(url) {
                errors.invalid(&at.index(index), url, why);
            }
        }
    }
}

fn url_problem(url: &str) -> Option<&'static str> {
    let stars = url.matches('*').count();
    if !url.starts_with('/') {
        Some("must start with slash")
    } else if url.contains(' ') {
        Some("must not contain white-space")
    } else if url.contains("//") {
        Some("must not contain double slash")
    } else if stars > 1 || stars == 1 && !url.ends_with('*') {
        Some("wildcard can only do suffix matching")
    } else {
        None
    }
}

/// A list that has something in it, and nothing besides a star.
fn validate_list(errors: &mut FieldErrors, list: &[String], path: &Path, (what, missing): (&str, &str)) {
    if list.is_empty() {
        errors.required(path, missing);
    } else if list.len() > 1 && list.iter().any(|entry| entry == "*") {
        errors.invalid(path, list, format!("if '*' is present, must not specify other {what}"));
    }
}

fn validate_verbs(errors: &mut FieldErrors, verbs: &[String], path: &Path) {
    validate_list(errors, verbs, path, ("verbs", "verbs must contain at least one value"));
    let star = verbs.iter().any(|verb| verb == "*");
    if !star && verbs.iter().any(|verb| !VERBS.contains(&verb.as_str())) {
        errors.not_supported(path, verbs, &VERBS);
    }
}

fn validate_subject(errors: &mut FieldErrors, subject: &Subject, path: &Path) {
    if !["Group", "ServiceAccount", "User"].contains(&subject.kind.as_str()) {
        return errors.not_supported(&path.child("kind"), &subject.kind, &["Group", "ServiceAccount", "User"]);
    }
    let parts = [
        ("User", "user", subject.user.as_ref().map(|user| (&user.name, None))),
        ("Group", "group", subject.group.as_ref().map(|group| (&group.name, None))),
        (
            "ServiceAccount",
            "serviceAccount",
            subject.service_account.as_ref().map(|account| (&account.name, Some(&account.namespace))),
        ),
    ];
    for (kind, field, value) in parts {
        let at = path.child(field);
        match (subject.kind == kind, value) {
            (false, None) => {}
            (false, Some(_)) => {
                errors.forbidden(&at, format!("{field} is forbidden when subject kind is not '{kind}'"))
            }
            (true, None) => errors.required(&at, format!("{field} is required when subject kind is '{kind}'")),
            (true, Some((name, namespace))) => {
                if errors.present(&at.child("name"), name) && namespace.is_some() && name != "*" {
                    errors.invalid_each(&at.child("name"), name, names::dns_subdomain(name));
                }
                match namespace {
                    Some(namespace) if namespace.is_empty() => {
                        errors.required(&at.child("namespace"), "must specify namespace for service account");
                    }
                    Some(namespace) => {
                        errors.invalid_each(&at.child("namespace"), namespace, names::dns_label(namespace));
                    }
                    None => {}
                }
            }
        }
    }
}

impl Rules for PriorityLevelConfiguration {
    fn set_defaults(&mut self) {
        if let Some(limited) = &mut self.spec.limited {
            limited.nominal_concurrency_shares.get_or_insert(30);
            limited.lendable_percent.get_or_insert(0);
            if let Some(response) = &mut limited.limit_response
                && let Some(queuing) = &mut response.queuing
            {
                for (field, value) in
                    [(&mut queuing.queues, 64), (&mut queuing.hand_size, 8), (&mut queuing.queue_length_limit, 50)]
                {
                    if *field == 0 {
                        *field = value;
                    }
                }
            }
        }
        if let Some(exempt) = &mut self.spec.exempt {
            exempt.nominal_concurrency_shares.get_or_insert(0);
            exempt.lendable_percent.get_or_insert(0);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        self.validate_mandatory(&mut errors, &path);
        let exempt = self.metadata.name == "exempt";
        let at = path.child("type");
        match spec.type_.as_str() {
            "Exempt" | "Limited" if exempt != (spec.type_ == "Exempt") => {
                let why = "must be 'Exempt' if and only if `name` is 'exempt'";
                errors.invalid(&at, &spec.type_, why);
            }
            "Exempt" | "Limited" => {}
            other => {
                errors.not_supported(&at, other, &["Exempt", "Limited"]);
                return errors;
            }
        }
        let limited = path.child("limited");
        match (spec.type_.as_str(), &spec.limited, &spec.exempt) {
            ("Exempt", Some(_), _) => errors.forbidden(&limited, "must be nil if the type is not Limited"),
            ("Limited", None, _) => errors.required(&limited, "must not be empty when type is Limited"),
            ("Limited", Some(level), exempt) => {
                if exempt.is_some() {
                    errors.forbidden(&path.child("exempt"), "must be nil if the type is Limited");
                }
                validate_limited(&mut errors, level, &limited);
            }
            _ => {}
        }
        if let Some(exempt) = spec.exempt.as_ref().filter(|_| spec.type_ == "Exempt") {
            let at = path.child("exempt");
            validate_shares(&mut errors, exempt.nominal_concurrency_shares, exempt.lendable_percent, &at);
        }
        errors
    }
}

impl PriorityLevelConfiguration {
    /// Two levels are the same in every cluster.
    fn validate_mandatory(&self, errors: &mut FieldErrors, path: &Path) {
        let spec = &self.spec;
        let rejects = |level: &LimitedPriorityLevelConfiguration| {
            level.nominal_concurrency_shares == Some(5)
                && level.lendable_percent == Some(0)
                && level.borrowing_limit_percent.is_none()
                && level.limit_response.as_ref().is_some_and(|of| of.type_ == "Reject" && of.queuing.is_none())
        };
        let (fits, why) = match self.metadata.name.as_str() {
            "exempt" => (
                spec.type_ == "Exempt" && spec.limited.is_none(),
                "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value",
            ),
            "catch-all" => (
                spec.type_ == "Limited" && spec.exempt.is_none() && spec.limited.as_deref().is_some_and(rejects),
                "spec of 'catch-all' must equal the fixed value",
            ),
            _ => return,
        };
        if !fits {
            errors.invalid(path, Plain(&go::show(spec, None)), why);
        }
    }
}

fn validate_shares(errors: &mut FieldErrors, shares: Option<i32>, lendable: Option<i32>, path: &Path) {
    if let Some(shares) = shares.filter(|shares| *shares < 0) {
        errors.invalid(&path.child("nominalConcurrencyShares"), shares, "must be a non-negative integer");
    }
    if let Some(percent) = lendable.filter(|percent| !(0..=100).contains(percent)) {
        errors.invalid(&path.child("lendablePercent"), percent, names::between(0, 100));
    }
}

fn validate_limited(errors: &mut FieldErrors, level: &LimitedPriorityLevelConfiguration, path: &Path) {
    validate_shares(errors, level.nominal_concurrency_shares, level.lendable_percent, path);
    let response = level.limit_response.as_deref().cloned().unwrap_or_default();
    validate_response(errors, &response, &path.child("limitResponse"));
    if let Some(percent) = level.borrowing_limit_percent.filter(|percent| *percent < 0) {
        let why = "if specified, must be a non-negative integer";
        errors.invalid(&path.child("borrowingLimitPercent"), percent, why);
    }
}

fn validate_response(errors: &mut FieldErrors, response: &LimitResponse, path: &Path) {
    let at = path.child("queuing");
    match (response.type_.as_str(), &response.queuing) {
        ("Reject", Some(_)) => errors.forbidden(&at, "must be nil if limited.limitResponse.type is not Limited"),
        ("Reject", None) => {}
        ("Queue", None) => errors.required(&at, "must not be empty if limited.limitResponse.type is Limited"),
        ("Queue", Some(queuing)) => validate_queuing(errors, queuing, &at),
        (other, _) => errors.not_supported(&path.child("type"), other, &["Queue", "Reject"]),
    }
}

fn validate_queuing(errors: &mut FieldErrors, queuing: &QueuingConfiguration, path: &Path) {
    let (queues, hand) = (queuing.queues, queuing.hand_size);
    for (name, value) in [("queueLengthLimit", queuing.queue_length_limit), ("queues", queues), ("handSize", hand)] {
        if value <= 0 {
            errors.invalid(&path.child(name), value, "must be positive");
        }
    }
    if queues > QUEUES_MAX {
        errors.invalid(&path.child("queues"), queues, format!("must not be greater than {QUEUES_MAX}"));
    }
    let at = path.child("handSize");
    let bits = (f64::from(queues).log2() * f64::from(hand)).ceil();
    if hand > queues && hand > 0 {
        errors.invalid(&at, hand, format!("should not be greater than queues ({queues})"));
    } else if hand > 0 && bits > f64::from(ENTROPY_BITS_MAX) {
        let what = format!("required entropy bits of deckSize {queues} and handSize {hand}");
        errors.invalid(&at, hand, format!("{what} should not be greater than {ENTROPY_BITS_MAX}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(spec: &str) -> String {
        let text = format!(r#"{{"metadata":{{"name":"x"}},"spec":{spec}}}"#);
        let mut level: PriorityLevelConfiguration = serde_json::from_str(&text).expect("the test's JSON");
        level.set_defaults();
        level.validate().summary()
    }

    #[test]
    fn levels() {
        for (spec, expected) in [
            (r#"{"type":"Limited","limited":{"limitResponse":{"type":"Reject"}}}"#, "[]"),
            (
                r#"{"type":"Limited","limited":{"limitResponse":{"type":"Queue"}}}"#,
                "spec.limited.limitResponse.queuing: Required value: must not be empty if limited.limitResponse.type is \
                 Limited",
            ),
            (
                r#"{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{"queues":1,"handSize":5}}}}"#,
                "spec.limited.limitResponse.queuing.handSize: Invalid value: 5: should not be greater than queues (1)",
            ),
        ] {
            assert_eq!(level(spec), expected);
        }
    }

    #[test]
    fn the_first_and_the_last_schema_are_fixed() {
        for name in ["exempt", "catch-all"] {
            let mut schema = FlowSchema { spec: mandatory(name).expect("it is fixed"), ..FlowSchema::default() };
            schema.metadata.name = name.into();
            assert!(schema.validate().is_empty());
            schema.spec.matching_precedence = 5;
            assert!(schema.validate().summary().ends_with("must equal the fixed value"), "{name}");
        }
    }

    #[test]
    fn urls_have_a_star_at_their_end_only() {
        for (url, expected) in [
            ("/healthz", None),
            ("/a/*", None),
            ("a", Some("must start with slash")),
            ("/*/a", Some("wildcard can only do suffix matching")),
        ] {
            assert_eq!(url_problem(url), expected, "{url}");
        }
    }
}
