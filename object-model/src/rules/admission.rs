//! Admission policies and their bindings: defaults, and all but what their expressions mean.

use super::check;
use super::webhook::{self, Rule, text};
use crate::api::admissionregistration::v1::{
    AuditAnnotation, MatchResources, MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Mutation,
    NamedRuleWithOperations, ParamKind, ParamRef, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
    Validation, Variable,
};
use crate::validation::{FieldErrors, Path};
use crate::{Rules, names};

const ANNOTATIONS_MAX: usize = 20;

fn default_match(constraints: &mut MatchResources) {
    text(&mut constraints.match_policy, "Equivalent");
    constraints.namespace_selector.get_or_insert_default();
    constraints.object_selector.get_or_insert_default();
    for rule in constraints.resource_rules.iter_mut().chain(&mut constraints.exclude_resource_rules) {
        text(&mut rule.scope, "*");
    }
}

fn validate_named_rule(errors: &mut FieldErrors, rule: &NamedRuleWithOperations, at: &Path) {
    for (index, name) in rule.resource_names.iter().enumerate() {
        let at = at.child("resourceNames").index(index);
        errors.invalid_each(&at, name, names::path_segment(name));
        if rule.resource_names[..index].contains(name) {
            errors.duplicate(&at, name);
        }
    }
    let view = Rule {
        operations: &rule.operations,
        groups: &rule.api_groups,
        versions: &rule.api_versions,
        resources: &rule.resources,
        scope: rule.scope.as_deref(),
    };
    webhook::validate_rule(errors, &view, at);
}

fn validate_match(errors: &mut FieldErrors, constraints: &MatchResources, at: &Path) {
    webhook::validate_match_policy(errors, constraints.match_policy.as_deref(), at);
    for (name, selector) in
        [("namespaceSelector", &constraints.namespace_selector), ("objectSelector", &constraints.object_selector)]
    {
        if let Some(selector) = selector {
            check::selector(errors, selector, &at.child(name));
        }
    }
    for (name, rules) in
        [("resourceRules", &constraints.resource_rules), ("excludeResourceRules", &constraints.exclude_resource_rules)]
    {
        for (index, rule) in rules.iter().enumerate() {
            validate_named_rule(errors, rule, &at.child(name).index(index));
        }
    }
}

/// What a policy is for; a policy without rules would be for nothing.
fn validate_constraints(errors: &mut FieldErrors, constraints: Option<&MatchResources>, path: &Path) {
    let at = path.child("matchConstraints");
    let Some(constraints) = constraints else { return errors.required(&at, "") };
    validate_match(errors, constraints, &at);
    if constraints.resource_rules.is_empty() {
        errors.required(&at.child("resourceRules"), "");
    }
}

fn validate_param_kind(errors: &mut FieldErrors, kind: Option<&ParamKind>, path: &Path) {
    let Some(kind) = kind else { return };
    let at = path.child("paramKind");
    let whole = kind.api_version.as_str();
    if errors.present(&at.child("apiVersion"), whole) {
        let at = at.child("apiVersion");
        match whole.split('/').collect::<Vec<_>>()[..] {
            [version] => join(errors, &at, version, names::dns_1035_label(version)),
            [group, version] => {
                join(errors, &at, group, names::dns_subdomain(group));
                if version.is_empty() {
                    errors.invalid(&at, version, "version must be specified");
                } else {
                    join(errors, &at, version, names::dns_1035_label(version));
                }
            }
            _ => errors.invalid(&at, whole, format!("unexpected GroupVersion string: {whole}")),
        }
    }
    if errors.present(&at.child("kind"), &kind.kind) {
        let problems = names::dns_1035_label(&kind.kind.to_lowercase());
        if !problems.is_empty() {
            let why = format!("may have mixed case, but should otherwise match: {}", problems.join(","));
            errors.invalid(&at.child("kind"), &kind.kind, why);
        }
    }
}

/// All problems of a value as one.
fn join(errors: &mut FieldErrors, at: &Path, value: &str, problems: Vec<String>) {
    if !problems.is_empty() {
        errors.invalid(at, value, problems.join(","));
    }
}

fn validate_variables(errors: &mut FieldErrors, variables: &[Variable], path: &Path) {
    for (index, variable) in variables.iter().enumerate() {
        let at = path.child("variables").index(index);
        let name = &variable.name;
        if errors.present(&at.child("name"), name) && !names::c_identifier(name).is_empty() {
            errors.invalid(&at.child("name"), name, "must be a valid CEL identifier");
        }
        expression(errors, &variable.expression, &at.child("expression"), "expression");
    }
}

fn expression(errors: &mut FieldErrors, text: &str, at: &Path, what: &str) {
    if text.trim().is_empty() {
        errors.required(at, format!("{what} is not specified"));
    }
}

fn validate_validation(errors: &mut FieldErrors, validation: &Validation, at: &Path) {
    expression(errors, &validation.expression, &at.child("expression"), "expression");
    let blank = |text: &str| !text.is_empty() && text.trim().is_empty();
    if blank(&validation.message_expression) {
        let at = at.child("messageExpression");
        errors.invalid(&at, &validation.message_expression, "must be non-empty if specified");
    }
    let lines = |text: &str| text.trim().contains(['\n', '\r']);
    if blank(&validation.message) {
        errors.invalid(&at.child("message"), &validation.message, "message must be non-empty if specified");
    } else if lines(&validation.message) {
        errors.invalid(&at.child("message"), &validation.message, "must not contain line breaks");
    } else if lines(&validation.expression) && validation.message.is_empty() {
        errors.required(&at.child("message"), "message must be specified if expression contains line breaks");
    }
    let reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
    check::optional_one_of(errors, &at.child("reason"), validation.reason.as_deref(), &reasons);
}

fn validate_annotations(errors: &mut FieldErrors, policy: &str, annotations: &[AuditAnnotation], path: &Path) {
    let path = path.child("auditAnnotations");
    if annotations.len() > ANNOTATIONS_MAX {
        let shown = serde_json::to_string(annotations).unwrap_or_default();
        let why = format!("must not have more than {ANNOTATIONS_MAX} auditAnnotations");
        errors.invalid(&path, crate::validation::Plain(&shown), why);
    }
    for (index, annotation) in annotations.iter().enumerate() {
        let at = path.index(index);
        let key = &annotation.key;
        let full = if policy.is_empty() { key.clone() } else { format!("{policy}/{key}") };
        errors.invalid_each(&at.child("key"), key, names::qualified_name(&full));
        expression(errors, &annotation.value_expression, &at.child("valueExpression"), "valueExpression");
        if annotations[..index].iter().any(|other| other.key == *key) {
            errors.duplicate(&at.child("key"), key);
        }
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
        let spec = &self.spec;
        webhook::validate_failure_policy(&mut errors, spec.failure_policy.as_deref(), &path);
        validate_param_kind(&mut errors, spec.param_kind.as_deref(), &path);
        validate_constraints(&mut errors, spec.match_constraints.as_deref(), &path);
        webhook::validate_conditions(&mut errors, &spec.match_conditions, &path.child("matchConditions"));
        validate_variables(&mut errors, &spec.variables, &path);
        if spec.validations.is_empty() && spec.audit_annotations.is_empty() {
            let why = "validations or auditAnnotations must contain at least one item";
            errors.required(&path.child("validations"), why);
            errors.required(&path.child("auditAnnotations"), why);
        }
        for (index, validation) in spec.validations.iter().enumerate() {
            validate_validation(&mut errors, validation, &path.child("validations").index(index));
        }
        validate_annotations(&mut errors, &self.metadata.name, &spec.audit_annotations, &path);
        errors
    }

    fn validate_status_update(&self, _old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        for (index, condition) in self.status.conditions.iter().enumerate() {
            let at = Path::new("status").child("conditions").index(index);
            errors.present(&at.child("type"), &condition.type_);
            errors.required_one_of(&at.child("status"), &condition.status, &["False", "True", "Unknown"]);
            errors.present(&at.child("reason"), &condition.reason);
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
        let spec = &self.spec;
        webhook::validate_failure_policy(&mut errors, spec.failure_policy.as_deref(), &path);
        validate_param_kind(&mut errors, spec.param_kind.as_deref(), &path);
        validate_constraints(&mut errors, spec.match_constraints.as_deref(), &path);
        webhook::validate_conditions(&mut errors, &spec.match_conditions, &path.child("matchConditions"));
        validate_variables(&mut errors, &spec.variables, &path);
        if spec.mutations.is_empty() {
            errors.required(&path.child("mutations"), "mutations must contain at least one item");
        }
        for (index, mutation) in spec.mutations.iter().enumerate() {
            validate_mutation(&mut errors, mutation, &path.child("mutations").index(index));
        }
        errors.required_one_of(&path.child("reinvocationPolicy"), &spec.reinvocation_policy, &["IfNeeded", "Never"]);
        errors
    }
}

fn validate_mutation(errors: &mut FieldErrors, mutation: &Mutation, path: &Path) {
    let kind = mutation.patch_type.as_str();
    errors.required_one_of(&path.child("patchType"), kind, &["ApplyConfiguration", "JSONPatch"]);
    let parts = [
        (
            "ApplyConfiguration",
            "applyConfiguration",
            mutation.apply_configuration.as_ref().map(|part| &part.expression),
        ),
        ("JSONPatch", "jsonPatch", mutation.json_patch.as_ref().map(|part| &part.expression)),
    ];
    let known = parts.iter().any(|(name, ..)| *name == kind);
    for (name, field, part) in parts.iter().filter(|_| known) {
        let at = path.child(field);
        match (*name == kind, part) {
            (true, None) => errors.required(&at, format!("must be specified when patchType is {kind}")),
            (true, Some(text)) => expression(errors, text, &at.child("expression"), "expression"),
            (false, Some(_)) => errors.invalid(
                &at,
                crate::validation::Omitted,
                format!("must not be specified when patchType is {kind}"),
            ),
            (false, None) => {}
        }
    }
}

fn validate_binding(
    errors: &mut FieldErrors,
    policy: &str,
    parameters: Option<&ParamRef>,
    resources: Option<&MatchResources>,
) {
    let path = Path::new("spec");
    check::required_name(errors, &path.child("policyName"), policy, names::dns_subdomain);
    if let Some(parameters) = parameters {
        validate_parameters(errors, parameters, &path.child("paramRef"));
    }
    if let Some(resources) = resources {
        validate_match(errors, resources, &path.child("matchResources"));
    }
}

fn validate_parameters(errors: &mut FieldErrors, parameters: &ParamRef, at: &Path) {
    match (parameters.name.is_empty(), &parameters.selector) {
        (true, None) => errors.required(at, "one of name or selector must be specified"),
        (false, Some(_)) => {
            errors.forbidden(&at.child("name"), "name and selector are mutually exclusive");
            errors.forbidden(&at.child("selector"), "name and selector are mutually exclusive");
        }
        _ => {}
    }
    errors.invalid_each(&at.child("name"), &parameters.name, names::path_segment(&parameters.name));
    if let Some(selector) = &parameters.selector {
        check::selector(errors, selector, &at.child("selector"));
    }
    let action = parameters.parameter_not_found_action.as_deref().unwrap_or_default();
    errors.required_one_of(&at.child("parameterNotFoundAction"), action, &["Allow", "Deny"]);
}

impl Rules for ValidatingAdmissionPolicyBinding {
    fn set_defaults(&mut self) {
        if let Some(resources) = &mut self.spec.match_resources {
            default_match(resources);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let spec = &self.spec;
        validate_binding(&mut errors, &spec.policy_name, spec.param_ref.as_deref(), spec.match_resources.as_deref());
        let (at, actions) = (Path::new("spec").child("validationActions"), spec.validation_actions.as_slice());
        if actions.is_empty() {
            errors.required(&at, "at least one validation action is required");
        }
        for (index, action) in actions.iter().enumerate() {
            if actions[..index].contains(action) {
                errors.duplicate(&at.index(index), action);
            }
            errors.one_of(&at.index(index), action, &["Audit", "Deny", "Warn"]);
        }
        let has = |name: &str| actions.iter().any(|action| action == name);
        if has("Deny") && has("Warn") {
            errors.invalid(
                &at,
                actions,
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
        let spec = &self.spec;
        validate_binding(&mut errors, &spec.policy_name, spec.param_ref.as_deref(), spec.match_resources.as_deref());
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutations_have_the_part_that_their_type_names() {
        for (mutation, expected) in [
            (
                r#"{"patchType":"JSONPatch"}"#,
                "m.jsonPatch: Required value: must be specified when patchType is JSONPatch",
            ),
            (
                r#"{"patchType":"X","jsonPatch":{"expression":""}}"#,
                "m.patchType: Unsupported value: \"X\": supported values: \"ApplyConfiguration\", \"JSONPatch\"",
            ),
            (r#"{"patchType":"JSONPatch","jsonPatch":{"expression":"[]"}}"#, "[]"),
        ] {
            let mut errors = FieldErrors::default();
            let mutation: Mutation = serde_json::from_str(mutation).expect("the test's JSON");
            validate_mutation(&mut errors, &mutation, &Path::new("m"));
            assert_eq!(errors.summary(), expected);
        }
    }

    #[test]
    fn kinds_of_parameters() {
        for (version, kind, expected) in
            [("v1", "ConfigMap", 0), ("a.b/v1", "K", 0), ("a/b/c", "K", 1), ("A/v1", "", 2)]
        {
            let mut errors = FieldErrors::default();
            let of = ParamKind { api_version: version.into(), kind: kind.into() };
            validate_param_kind(&mut errors, Some(&of), &Path::new("spec"));
            assert_eq!(errors.len(), expected, "{version} {kind}: {}", errors.summary());
        }
    }
}
