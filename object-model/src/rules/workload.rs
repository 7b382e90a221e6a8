//! Defaults and validation of the kinds that make pods from a template, and what they have in common.

mod batch;
mod cron_job;
mod daemon_set;
mod deployment;
mod job_policies;
mod replicas;
mod schedule;
mod stateful_set;

#[cfg(test)]
mod tests;

use super::pod;
pub(super) use super::selectors::validate_selector;
use crate::api::core::v1::{PodTemplate, PodTemplateSpec};
use crate::api::meta::v1::{LabelSelector, ObjectMeta};
use crate::selector::Selector;
use crate::validation::{FieldErrors, Path, validate_labels};
use crate::{IntOrString, Rules, json_value};

/// Before `apps/v1`, a workload without a selector selected the labels of its template.
pub(super) fn selector_from_labels(selector: &mut Option<Box<LabelSelector>>, template: &PodTemplateSpec) {
    let labels = &template.metadata.labels;
    if selector.is_none() && !labels.is_empty() {
        *selector = Some(Box::new(LabelSelector { match_labels: labels.clone(), ..LabelSelector::default() }));
    }
}

/// Before `apps/v1`, a workload without labels took those of its template.
pub(super) fn labels_from_template(metadata: &mut ObjectMeta, template: &PodTemplateSpec) {
    if metadata.labels.is_empty() {
        metadata.labels.clone_from(&template.metadata.labels);
    }
}

/// A selector as the API understands it: `None` if it is none.
enum Selected {
    /// There is no selector, which selects nothing.
    Nothing,
    /// An empty selector, which selects all.
    Everything,
    Some(Selector),
    /// It cannot be understood.
    Broken,
}

impl Selected {
    fn of(selector: Option<&LabelSelector>) -> Self {
        match selector {
            None => Self::Nothing,
            Some(selector) if selector.match_labels.is_empty() && selector.match_expressions.is_empty() => {
                Self::Everything
            }
            Some(selector) => {
                let mut errors = FieldErrors::default();
                validate_labels(&selector.match_labels, &Path::default(), &mut errors);
                match Selector::from_object(selector) {
                    Ok(selector) if errors.is_empty() => Self::Some(selector),
                    _ => Self::Broken,
                }
            }
        }
    }
}

fn shown_labels(template: &PodTemplateSpec) -> serde_json::Value {
    match &template.metadata.labels {
        labels if labels.is_empty() => serde_json::Value::Null,
        labels => serde_json::json!(labels),
    }
}

/// The labels of the template are those that are selected.
fn validate_match(errors: &mut FieldErrors, selected: &Selected, template: &PodTemplateSpec, path: &Path) {
    let fits = match selected {
        Selected::Nothing => false,
        Selected::Everything | Selected::Broken => true,
        Selected::Some(selector) => selector.matches(&template.metadata.labels),
    };
    if !fits {
        let at = path.child("metadata").child("labels");
        errors.invalid(&at, &shown_labels(template), "`selector` does not match template `labels`");
    }
}

/// A template whose pods run until they are deleted.
fn validate_lasting(errors: &mut FieldErrors, template: &PodTemplateSpec, kind: &str, path: &Path) {
    pod::validate_template(errors, template, path);
    let spec = path.child("spec");
    errors.one_of(&spec.child("restartPolicy"), &template.spec.restart_policy, &["Always"]);
    if template.spec.active_deadline_seconds.is_some() {
        let problem = format!("activeDeadlineSeconds in {kind} is not Supported");
        errors.forbidden(&spec.child("activeDeadlineSeconds"), problem);
    }
}

/// A disk that several pods share can only be read.
fn validate_shared_disks(errors: &mut FieldErrors, template: &PodTemplateSpec, path: &Path) {
    for (index, volume) in template.spec.volumes.iter().enumerate() {
        if volume.gce_persistent_disk.as_ref().is_some_and(|disk| !disk.read_only) {
            let at = path.child("spec").child("volumes").index(index).child("gcePersistentDisk").child("readOnly");
            let problem = "must be true for replicated pods > 1; GCE PD can only be mounted on multiple machines if it is read-only";
            errors.invalid(&at, false, problem);
        }
    }
}

/// The selector of a kind that must have one that is not empty.
fn require_selector(errors: &mut FieldErrors, selector: Option<&LabelSelector>, owner: &str, path: &Path) {
    let Some(selector) = selector else {
        errors.required(path, "");
        return;
    };
    validate_selector(errors, selector, path);
    if selector.match_labels.is_empty() && selector.match_expressions.is_empty() {
        errors.invalid(path, &json_value(selector), format!("empty selector is invalid for {owner}"));
    }
}

/// A part that may not change.
fn immutable<T: PartialEq>(
    errors: &mut FieldErrors,
    new: &T,
    old: &T,
    path: &Path,
    shown: impl FnOnce() -> serde_json::Value,
) {
    if new != old {
        errors.invalid(path, &shown(), "field is immutable");
    }
}

fn immutable_selector(
    errors: &mut FieldErrors,
    new: &Option<Box<LabelSelector>>,
    old: &Option<Box<LabelSelector>>,
    path: &Path,
) {
    immutable(errors, new, old, path, || new.as_deref().map(|new| json_value(new)).unwrap_or_default());
}

/// A count or a percentage.
pub(super) fn validate_share(errors: &mut FieldErrors, value: &IntOrString, path: &Path) {
    match value {
        IntOrString::Int(number) => errors.not_negative(path, i64::from(*number)),
        IntOrString::String(text) if percent(text).is_none() => errors.invalid(
            path,
            text,
            "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        ),
        IntOrString::String(_) => {}
    }
}

fn percent(text: &str) -> Option<u64> {
    let digits = text.strip_suffix('%')?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than fit are more than 100, which is all that matters here.
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}

fn validate_at_most_all(errors: &mut FieldErrors, value: &IntOrString, path: &Path) {
    if let IntOrString::String(text) = value
        && percent(text).is_some_and(|percent| percent > 100)
    {
        errors.invalid(path, value, "must not be greater than 100%");
    }
}

/// Is this no pod at all? What is neither a number nor a percentage counts as nothing.
fn is_zero_share(value: &IntOrString) -> bool {
    match value {
        IntOrString::Int(number) => *number == 0,
        IntOrString::String(text) => percent(text).or_else(|| text.parse().ok()).unwrap_or(0) == 0,
    }
}

/// Counts of a status: none is negative.
fn validate_counts(errors: &mut FieldErrors, counts: &[(&str, i64)], path: &Path) {
    for (name, count) in counts {
        errors.not_negative(&path.child(name), *count);
    }
}

/// Counts of a status that are parts of another one.
fn validate_parts(errors: &mut FieldErrors, parts: &[(&str, i32)], whole: i32, problem: &str, path: &Path) {
    for (name, count) in parts.iter().filter(|(_, count)| *count > whole) {
        errors.invalid(&path.child(name), *count, problem);
    }
}

/// What is most likely not meant in a workload: its name, and what is in its template.
fn warnings_of(metadata: &ObjectMeta, template: &PodTemplateSpec, path: &Path) -> Vec<String> {
    let mut found = vec![];
    pod::warn_name(&mut found, &metadata.name, "Pod names and hostnames");
    found.extend(pod::template_warnings(template, path));
    found
}

impl Rules for PodTemplate {
    fn set_defaults(&mut self) {
        pod::default_spec(&mut self.template.spec);
    }
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        pod::validate_template(&mut errors, &self.template, &Path::new("template"));
        errors
    }
    fn warnings(&self) -> Vec<String> {
        pod::template_warnings(&self.template, &Path::new("template"))
    }
}
