//! Jobs.

use super::job_policies::{validate_failure_policy, validate_success_policy};
use super::{Selected, immutable, immutable_selector, validate_counts, validate_match, validate_selector};
use crate::api::batch::v1::{Job, JobSpec};
use crate::api::core::v1::PodTemplateSpec;
use crate::rules::pod;
use crate::rules::pod::internal::GoValue;
use crate::selector::Selector;
use crate::validation::{FieldErrors, Path};
use crate::{Rules, json_value, names};

const INDEXED: &str = "Indexed";
/// Most pods at a time of an indexed Job.
const PARALLELISM_MAX: i32 = 100_000;
/// From here on an indexed Job with limits per index must bound its failures.
const MANY_COMPLETIONS: i32 = 100_000;
/// Most pods at a time, and most failures, of a Job with many completions.
const OF_MANY_MAX: i32 = 10_000;
const MANAGED_BY_BYTES_MAX: usize = 63;
const CONTROLLER_UID: &str = "batch.kubernetes.io/controller-uid";

/// The defaults that a Job has in a CronJob's template, too.
pub(super) fn default_parts(spec: &mut JobSpec) {
    let rules = spec.pod_failure_policy.iter_mut().flat_map(|policy| &mut policy.rules);
    for pattern in rules.flat_map(|rule| &mut rule.on_pod_conditions) {
        if pattern.status.is_empty() {
            pattern.status = "True".into();
        }
    }
    pod::default_spec(&mut spec.template.spec);
}

fn is_indexed(spec: &JobSpec) -> bool {
    spec.completion_mode.as_deref() == Some(INDEXED)
}

/// The spec of a Job, or that in a CronJob's template: all but the selector.
pub(super) fn validate_job_spec(errors: &mut FieldErrors, spec: &JobSpec, path: &Path) {
    for (name, value) in [
        ("parallelism", spec.parallelism.map(i64::from)),
        ("completions", spec.completions.map(i64::from)),
        ("activeDeadlineSeconds", spec.active_deadline_seconds),
        ("backoffLimit", spec.backoff_limit.map(i64::from)),
        ("ttlSecondsAfterFinished", spec.ttl_seconds_after_finished.map(i64::from)),
        ("backoffLimitPerIndex", spec.backoff_limit_per_index.map(i64::from)),
        ("maxFailedIndexes", spec.max_failed_indexes.map(i64::from)),
    ] {
        errors.not_negative(&path.child(name), value.unwrap_or_default());
    }
    if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        errors.required(&path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
    }
    if let Some(manager) = spec.managed_by.as_deref() {
        validate_manager(errors, manager, &path.child("managedBy"));
    }
    if let Some(mode) = spec.completion_mode.as_deref() {
        errors.one_of(&path.child("completionMode"), mode, &["NonIndexed", INDEXED]);
    }
    validate_indexes(errors, spec, path);
    if let Some(policy) = spec.pod_failure_policy.as_deref() {
        validate_failure_policy(errors, spec, policy, &path.child("podFailurePolicy"));
    }
    if let Some(policy) = spec.success_policy.as_deref() {
        let at = path.child("successPolicy");
        if is_indexed(spec) {
            validate_success_policy(errors, spec, policy, &at);
        } else {
            errors.invalid(&at, &GoValue::of(policy), "requires indexed completion mode");
        }
    }
    if let Some(policy) = spec.pod_replacement_policy.as_deref() {
        let allowed: &[&str] =
            if spec.pod_failure_policy.is_some() { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
        errors.one_of(&path.child("podReplacementPolicy"), policy, allowed);
    }
    let template = path.child("template");
    pod::validate_template(errors, &spec.template, &template);
    let restart = spec.template.spec.restart_policy.as_str();
    let at = template.child("spec").child("restartPolicy");
    if !matches!(restart, "OnFailure" | "Never") {
        errors.required(&at, "valid values: \"OnFailure\", \"Never\"");
    } else if spec.pod_failure_policy.is_some() && restart != "Never" {
        errors.invalid(&at, restart, "only \"Never\" is supported when podFailurePolicy is specified");
    }
}

/// What depends on whether the pods of a Job are numbered.
fn validate_indexes(errors: &mut FieldErrors, spec: &JobSpec, path: &Path) {
    let of_indexes =
        [("backoffLimitPerIndex", spec.backoff_limit_per_index), ("maxFailedIndexes", spec.max_failed_indexes)];
    if !is_indexed(spec) {
        for (name, value) in of_indexes {
            if let Some(value) = value {
                errors.invalid(&path.child(name), value, "requires indexed completion mode");
            }
        }
        return;
    }
    let Some(completions) = spec.completions else {
        errors.required(&path.child("completions"), "when completion mode is Indexed");
        return;
    };
    let parallelism = path.child("parallelism");
    if let Some(value) = spec.parallelism.filter(|value| *value > PARALLELISM_MAX) {
        let problem = format!("must be less than or equal to {PARALLELISM_MAX} when completion mode is Indexed");
        errors.invalid(&parallelism, value, problem);
    }
    let failures = path.child("maxFailedIndexes");
    if let Some(value) = spec.max_failed_indexes.filter(|value| *value > completions) {
        errors.invalid(&failures, value, "must be less than or equal to completions");
    }
    if let Some(value) = spec.max_failed_indexes.filter(|value| *value > MANY_COMPLETIONS) {
        errors.invalid(&failures, value, format!("must be less than or equal to {MANY_COMPLETIONS}"));
    }
    if completions <= MANY_COMPLETIONS || spec.backoff_limit_per_index.is_none() {
        return;
    }
    let condition = format!("when completions are above {MANY_COMPLETIONS} and used with backoff limit per index");
    match spec.max_failed_indexes {
        None => errors.required(&failures, format!("must be specified when completions is above {MANY_COMPLETIONS}")),
        Some(value) if value > OF_MANY_MAX => {
            errors.invalid(&failures, value, format!("must be less than or equal to {OF_MANY_MAX} {condition}"));
        }
        Some(_) => {}
    }
    if let Some(value) = spec.parallelism.filter(|value| *value > OF_MANY_MAX) {
        errors.invalid(&parallelism, value, format!("must be less than or equal to {OF_MANY_MAX} {condition}"));
    }
}

/// A name with a domain: `acme.io/foo`.
fn validate_manager(errors: &mut FieldErrors, manager: &str, path: &Path) {
    const FORM: &str = "must be a domain-prefixed path (such as \"acme.io/foo\")";
    if !errors.present(path, manager) {
        return;
    }
    match manager.split_once('/') {
        Some((domain, rest)) if !domain.is_empty() && !rest.is_empty() => {
            errors.invalid_each(path, domain, names::dns_subdomain(domain));
            let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&byte);
            if !rest.bytes().all(fine) {
                let problem = "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";
                errors.invalid(path, rest, problem);
            }
        }
        _ => errors.invalid(path, manager, FORM),
    }
    if manager.len() > MANAGED_BY_BYTES_MAX {
        errors.too_long(path, MANAGED_BY_BYTES_MAX);
    }
}

/// The selector of a Job, which its maker leaves to the server unless he says otherwise.
fn validate_job_selector(errors: &mut FieldErrors, job: &Job, path: &Path) {
    let at = path.child("selector");
    let given = job.spec.selector.as_deref();
    match given {
        None => errors.required(&at, ""),
        Some(selector) => validate_selector(errors, selector, &at),
    }
    validate_match(errors, &Selected::of(given), &job.spec.template, &path.child("template"));
    let Some(selector) = given.filter(|_| job.spec.manual_selector != Some(true)) else { return };
    let labels = [(CONTROLLER_UID, &job.metadata.uid), ("controller-uid", &job.metadata.uid)];
    let own = labels.into_iter().map(|(key, value)| (key.to_owned(), value.clone())).collect();
    if Selector::from_object(selector).is_ok_and(|selector| !selector.matches(&own)) {
        errors.invalid(&at, &json_value(selector), "`selector` not auto-generated");
    }
}

impl Rules for Job {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        if spec.completions.is_none() && spec.parallelism.is_none() {
            spec.completions = Some(1);
        }
        spec.parallelism.get_or_insert(1);
        // Limits per index make one for the whole Job pointless.
        let limit = if spec.backoff_limit_per_index.is_some() { i32::MAX } else { 6 };
        spec.backoff_limit.get_or_insert(limit);
        spec.completion_mode.get_or_insert_with(|| "NonIndexed".into());
        spec.suspend.get_or_insert(false);
        let replace = if spec.pod_failure_policy.is_some() { "Failed" } else { "TerminatingOrFailed" };
        spec.pod_replacement_policy.get_or_insert_with(|| replace.into());
        default_parts(spec);
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        validate_job_spec(&mut errors, &self.spec, &path);
        validate_job_selector(&mut errors, self, &path);
        // Each pod of an indexed Job has a host name of its own.
        if let Some(last) = self.spec.completions.filter(|count| is_indexed(&self.spec) && *count > 0) {
            let host = format!("{}-{}", self.metadata.name, last - 1);
            if !names::dns_label(&host).is_empty() {
                let problem = format!("will not able to create pod with invalid DNS hostname: {host}");
                errors.invalid(&Path::new("metadata").child("name"), &self.metadata.name, problem);
            }
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        validate_job_spec(&mut errors, &self.spec, &path);
        validate_job_selector(&mut errors, self, &path);
        validate_change(&mut errors, self, old, &path);
        errors
    }

    fn validate_status_update(&self, _old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let status = &self.status;
        let counts = [
            ("active", status.active.into()),
            ("succeeded", status.succeeded.into()),
            ("failed", status.failed.into()),
            ("ready", status.ready.unwrap_or_default().into()),
            ("terminating", status.terminating.unwrap_or_default().into()),
        ];
        validate_counts(&mut errors, &counts, &Path::new("status"));
        errors
    }

    fn warnings(&self) -> Vec<String> {
        super::warnings_of(&self.metadata, &self.spec.template, &Path::new("spec").child("template"))
    }
}

/// What may change in a Job: little, unless it has not begun.
fn validate_change(errors: &mut FieldErrors, new: &Job, old: &Job, path: &Path) {
    let (spec, before) = (&new.spec, &old.spec);
    let at = path.child("completions");
    let number = |value: Option<i32>| value.map(serde_json::Value::from).unwrap_or_default();
    let elastic = is_indexed(before) && spec.completions.is_some() && before.completions.is_some();
    if spec.completions != before.completions && elastic {
        if spec.completions != spec.parallelism || before.completions != before.parallelism {
            let problem = format!("can only be modified in tandem with {}", path.child("parallelism"));
            errors.invalid(&at, &number(spec.completions), problem);
        }
    } else {
        immutable(errors, &spec.completions, &before.completions, &at, || number(spec.completions));
    }
    immutable_selector(errors, &spec.selector, &before.selector, &path.child("selector"));
    let not_begun = before.suspend == Some(true) && old.status.start_time.is_none();
    let template = template_before(&spec.template, &before.template, not_begun);
    if template != before.template {
        errors.invalid(&path.child("template"), &GoValue::of(&spec.template), "field is immutable");
    }
    let texts = [
        ("completionMode", &spec.completion_mode, &before.completion_mode, false),
        ("managedBy", &spec.managed_by, &before.managed_by, not_begun),
    ];
    for (name, new, old, free) in texts {
        if !free {
            immutable(errors, new, old, &path.child(name), || {
                new.as_deref().map(serde_json::Value::from).unwrap_or_default()
            });
        }
    }
    let shown = |value: Option<GoValue>| value.unwrap_or(GoValue::Null);
    if spec.pod_failure_policy != before.pod_failure_policy {
        let value = shown(spec.pod_failure_policy.as_deref().map(|policy| GoValue::of(policy)));
        errors.invalid(&path.child("podFailurePolicy"), &value, "field is immutable");
    }
    if spec.success_policy != before.success_policy {
        let value = shown(spec.success_policy.as_deref().map(|policy| GoValue::of(policy)));
        errors.invalid(&path.child("successPolicy"), &value, "field is immutable");
    }
    let limit = spec.backoff_limit_per_index;
    let at = path.child("backoffLimitPerIndex");
    immutable(errors, &limit, &before.backoff_limit_per_index, &at, || number(limit));
}

/// The new template without the changes that are allowed: where the pods may run, as long as there are none.
fn template_before(new: &PodTemplateSpec, old: &PodTemplateSpec, not_begun: bool) -> PodTemplateSpec {
    let mut rest = new.clone();
    if !not_begun {
        return rest;
    }
    rest.metadata.labels.clone_from(&old.metadata.labels);
    rest.metadata.annotations.clone_from(&old.metadata.annotations);
    rest.spec.node_selector.clone_from(&old.spec.node_selector);
    rest.spec.tolerations.clone_from(&old.spec.tolerations);
    rest.spec.scheduling_gates.clone_from(&old.spec.scheduling_gates);
    let nodes = old.spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.clone());
    if rest.spec.affinity.is_some() || nodes.is_some() {
        rest.spec.affinity.get_or_insert_default().node_affinity = nodes;
    }
    if old.spec.affinity.is_none() && rest.spec.affinity.as_deref().is_some_and(|left| *left == Default::default()) {
        rest.spec.affinity = None;
    }
    // Since 1.36 the resources may change as well.
    let lists = [
        (&mut rest.spec.containers, &old.spec.containers),
        (&mut rest.spec.init_containers, &old.spec.init_containers),
    ];
    for (new, old) in lists {
        for (container, before) in new.iter_mut().zip(old) {
            container.resources.clone_from(&before.resources);
        }
    }
    rest
}
