//! When a Job has failed, and when it has succeeded, other than by counting.

use std::collections::BTreeSet;

use crate::api::batch::v1::{
    JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule, SuccessPolicy,
};
use crate::names;
use crate::validation::{FieldErrors, Omitted, Path};

const RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;
const PATTERNS_MAX: usize = 20;
const INDEXES_BYTES_MAX: usize = 64 * 1024;
const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];

pub(super) fn validate_failure_policy(
    errors: &mut FieldErrors,
    spec: &JobSpec,
    policy: &PodFailurePolicy,
    path: &Path,
) {
    let at = path.child("rules");
    if policy.rules.len() > RULES_MAX {
        errors.too_many(&at, policy.rules.len(), RULES_MAX);
    }
    let template = &spec.template.spec;
    let containers: BTreeSet<&str> =
        template.containers.iter().chain(&template.init_containers).map(|container| container.name.as_str()).collect();
    for (index, rule) in policy.rules.iter().enumerate() {
        validate_rule(errors, spec, rule, &containers, &at.index(index));
    }
}

/// The choice as it is told when nothing was chosen: Go's way to print a list of texts.
fn choice(values: &[&str]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    format!("valid values: [{}]", quoted.join(" "))
}

fn choose(errors: &mut FieldErrors, value: &str, allowed: &[&str], path: &Path) {
    if value.is_empty() {
        errors.required(path, choice(allowed));
    } else {
        errors.one_of(path, value, allowed);
    }
}

fn validate_rule(
    errors: &mut FieldErrors,
    spec: &JobSpec,
    rule: &PodFailurePolicyRule,
    containers: &BTreeSet<&str>,
    path: &Path,
) {
    let action = path.child("action");
    choose(errors, &rule.action, &ACTIONS, &action);
    if rule.action == "FailIndex" && spec.backoff_limit_per_index.is_none() {
        errors.invalid(&action, &rule.action, "requires the backoffLimitPerIndex to be set");
    }
    if let Some(codes) = rule.on_exit_codes.as_deref() {
        validate_exit_codes(errors, codes, containers, &path.child("onExitCodes"));
    }
    let at = path.child("onPodConditions");
    if rule.on_pod_conditions.len() > PATTERNS_MAX {
        errors.too_many(&at, rule.on_pod_conditions.len(), PATTERNS_MAX);
    }
    for (index, pattern) in rule.on_pod_conditions.iter().enumerate() {
        let at = at.index(index);
        if errors.present(&at.child("type"), &pattern.type_) {
            errors.invalid_each(&at.child("type"), &pattern.type_, names::qualified_name(&pattern.type_));
        }
        choose(errors, &pattern.status, &["False", "True", "Unknown"], &at.child("status"));
    }
    let problem = match (rule.on_exit_codes.is_some(), !rule.on_pod_conditions.is_empty()) {
        (true, true) => "specifying both OnExitCodes and OnPodConditions is not supported",
        (false, false) => "specifying one of OnExitCodes and OnPodConditions is required",
        _ => return,
    };
    errors.invalid(path, Omitted, problem);
}

fn validate_exit_codes(
    errors: &mut FieldErrors,
    codes: &PodFailurePolicyOnExitCodesRequirement,
    containers: &BTreeSet<&str>,
    path: &Path,
) {
    choose(errors, &codes.operator, &["In", "NotIn"], &path.child("operator"));
    if let Some(name) = codes.container_name.as_deref().filter(|name| !containers.contains(name)) {
        let problem = "must be one of the container or initContainer names in the pod template";
        errors.invalid(&path.child("containerName"), name, problem);
    }
    let at = path.child("values");
    let shown = serde_json::json!(codes.values);
    match codes.values.len() {
        0 => errors.invalid(&at, &shown, "at least one value is required"),
        1..=EXIT_CODES_MAX => {}
        many => errors.too_many(&at, many, EXIT_CODES_MAX),
    }
    let mut seen = BTreeSet::new();
    for (index, code) in codes.values.iter().enumerate() {
        if codes.operator == "In" && *code == 0 {
            errors.invalid(&at.index(index), *code, "must not be 0 for the In operator");
        }
        if !seen.insert(*code) {
            errors.duplicate(&at.index(index), *code);
        }
    }
    if !codes.values.is_sorted() {
        errors.invalid(&at, &shown, "must be ordered");
    }
}

pub(super) fn validate_success_policy(errors: &mut FieldErrors, spec: &JobSpec, policy: &SuccessPolicy, path: &Path) {
    let at = path.child("rules");
    if policy.rules.is_empty() {
        errors.required(&at, "at least one rules must be specified when the successPolicy is specified");
    }
    if policy.rules.len() > RULES_MAX {
        errors.too_many(&at, policy.rules.len(), RULES_MAX);
    }
    let completions = spec.completions.unwrap_or_default();
    for (index, rule) in policy.rules.iter().enumerate() {
        let at = at.index(index);
        if rule.succeeded_count.is_none() && rule.succeeded_indexes.is_none() {
            let problem =
                "at least one of succeededCount or succeededIndexes must be specified for a succeededPolicyRule";
            errors.required(&at, problem);
        }
        let mut chosen = None;
        if let Some(indexes) = &rule.succeeded_indexes {
            let at = at.child("succeededIndexes");
            if indexes.len() > INDEXES_BYTES_MAX {
                errors.too_long(&at, INDEXES_BYTES_MAX);
            }
            match count_indexes(indexes, completions) {
                Ok(count) => chosen = Some(count),
                Err(problem) => {
                    errors.invalid(&at, indexes, format!("error parsing succeededIndexes: {problem}"));
                }
            }
        }
        if let Some(count) = rule.succeeded_count {
            let at = at.child("succeededCount");
            errors.not_negative(&at, i64::from(count));
            if count > completions {
                let problem =
                    format!("must be less than or equal to {completions} (the number of specified completions)");
                errors.invalid(&at, count, problem);
            }
            if let Some(chosen) = chosen.filter(|chosen| count > *chosen) {
                let problem = format!(
                    "must be less than or equal to {chosen} (the number of indexes in the specified succeededIndexes field)"
                );
                errors.invalid(&at, count, problem);
            }
        }
    }
}

/// How many indexes `0,2-4` names. They rise, and stay below the number of completions.
fn count_indexes(text: &str, completions: i32) -> Result<i32, String> {
    let mut count = 0;
    let mut last: Option<i32> = None;
    for range in text.split(',').filter(|_| !text.is_empty()) {
        let ends: Vec<&str> = range.split('-').collect();
        if ends.len() > 2 {
            return Err(format!(
                "the fragment {range:?} violates the requirement that an index interval can have at most two parts separated by '-'"
            ));
        }
        let parse =
            |end: &str| end.parse::<i32>().map_err(|_| format!("cannot convert string to integer for index: {end:?}"));
        let first = parse(ends[0])?;
        if last.is_some_and(|last| last >= first) {
            let last = last.unwrap_or_default();
            return Err(format!("non-increasing order, previous: {last}, current: {first}"));
        }
        if first >= completions {
            return Err(format!("too large index: {:?}", ends[0]));
        }
        let end = if ends.len() == 2 { parse(ends[1])? } else { first };
        if ends.len() == 2 && first >= end {
            return Err(format!("non-increasing order, previous: {first}, current: {end}"));
        }
        if end >= completions {
            return Err(format!("too large index: {:?}", ends[ends.len() - 1]));
        }
        count += end - first + 1;
        last = Some(end);
    }
    Ok(count)
}
