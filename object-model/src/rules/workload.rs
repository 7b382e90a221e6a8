//! Deployments, ReplicaSets and the other workloads: replicas, selectors, strategies, pod templates.

use super::pod;
use crate::api::apps::v1::{
    DaemonSet, Deployment, ReplicaSet, RollingUpdateDaemonSet, RollingUpdateDeployment,
    RollingUpdateStatefulSetStrategy, StatefulSet,
};
use crate::api::batch::v1::Job;
use crate::api::core::v1::{PodTemplate, PodTemplateSpec, ReplicationController};
use crate::api::meta::v1::{LabelSelector, ObjectMeta};
use crate::selector::Selector;
use crate::validation::{FieldErrors, Path, validate_labels};
use crate::{IntOrString, Rules};

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

fn not_negative(errors: &mut FieldErrors, path: &Path, value: i64) {
    if value < 0 {
        errors.invalid(path, value, "must be greater than or equal to 0");
    }
}

/// Selector and template of a workload, and that they fit together.
fn validate_selected(
    errors: &mut FieldErrors,
    selector: Option<&LabelSelector>,
    template: &PodTemplateSpec,
    restart: &[&str],
) {
    let spec = Path::new("spec");
    let path = spec.child("selector");
    match selector {
        None => errors.required(&path, ""),
        Some(selector) => {
            validate_selector(errors, selector, &path);
            if selector.match_labels.is_empty() && selector.match_expressions.is_empty() {
                errors.invalid(&path, &crate::json_value(selector), "empty selector is invalid for deployment");
            } else if let Ok(parsed) = Selector::from_object(selector)
                && !parsed.matches(&template.metadata.labels)
            {
                let labels = serde_json::to_value(&template.metadata.labels).unwrap_or_default();
                let labels = if template.metadata.labels.is_empty() { serde_json::Value::Null } else { labels };
                errors.invalid(
                    &spec.child("template").child("metadata").child("labels"),
                    &labels,
                    "`selector` does not match template `labels`",
                );
            }
        }
    }
    validate_template(errors, template, &spec.child("template"), restart);
}

pub(super) fn validate_selector(errors: &mut FieldErrors, selector: &LabelSelector, path: &Path) {
    validate_labels(&selector.match_labels, &path.child("matchLabels"), errors);
    for (index, expression) in selector.match_expressions.iter().enumerate() {
        let at = path.child("matchExpressions").index(index);
        match expression.operator.as_str() {
            "In" | "NotIn" if expression.values.is_empty() => {
                errors.required(&at.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
            }
            "Exists" | "DoesNotExist" if !expression.values.is_empty() => {
                errors.forbidden(
                    &at.child("values"),
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                );
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.invalid(&at.child("operator"), other, "not a valid selector operator"),
        }
        for problem in crate::names::qualified_name(&expression.key) {
            errors.invalid(&at.child("key"), &expression.key, problem);
        }
    }
}

fn validate_template(errors: &mut FieldErrors, template: &PodTemplateSpec, path: &Path, restart: &[&str]) {
    validate_labels(&template.metadata.labels, &path.child("metadata").child("labels"), errors);
    pod::validate_spec(errors, &template.spec, &path.child("spec"));
    let policy = template.spec.restart_policy.as_str();
    if !restart.contains(&policy) && !policy.is_empty() {
        errors.not_supported(&path.child("spec").child("restartPolicy"), policy, restart);
    }
}

/// A count or a percentage.
pub(super) fn validate_share(errors: &mut FieldErrors, value: &IntOrString, path: &Path) {
    match value {
        IntOrString::Int(number) => not_negative(errors, path, i64::from(*number)),
        IntOrString::String(text) => {
            let digits = text
                .strip_suffix('%')
                .filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
            if digits.is_none() {
                errors.invalid(
                    path,
                    text,
                    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
                );
            }
        }
    }
}

fn is_zero_share(value: &IntOrString) -> bool {
    match value {
        IntOrString::Int(number) => *number == 0,
        IntOrString::String(text) => text == "0%",
    }
}

impl Rules for Deployment {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        spec.replicas.get_or_insert(1);
        if spec.strategy.type_.is_empty() {
            spec.strategy.type_ = "RollingUpdate".into();
        }
        if spec.strategy.type_ == "RollingUpdate" {
            let rolling =
                spec.strategy.rolling_update.get_or_insert_with(|| Box::new(RollingUpdateDeployment::default()));
            rolling.max_unavailable.get_or_insert_with(|| "25%".into());
            rolling.max_surge.get_or_insert_with(|| "25%".into());
        }
        spec.revision_history_limit.get_or_insert(10);
        spec.progress_deadline_seconds.get_or_insert(600);
        pod::default_spec(&mut spec.template.spec);
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        not_negative(&mut errors, &path.child("replicas"), i64::from(spec.replicas.unwrap_or(1)));
        validate_selected(&mut errors, spec.selector.as_deref(), &spec.template, &["Always"]);
        let strategy = path.child("strategy");
        match (spec.strategy.type_.as_str(), spec.strategy.rolling_update.as_deref()) {
            ("Recreate", Some(_)) => errors
                .forbidden(&strategy.child("rollingUpdate"), "may not be specified when strategy `type` is 'Recreate'"),
            ("Recreate", None) => {}
            ("RollingUpdate", None) => {
                errors.required(&strategy.child("rollingUpdate"), "this should be defaulted and never be nil")
            }
            ("RollingUpdate", Some(rolling)) => {
                let at = strategy.child("rollingUpdate");
                let unavailable = rolling.max_unavailable.clone().unwrap_or_default();
                let surge = rolling.max_surge.clone().unwrap_or_default();
                validate_share(&mut errors, &unavailable, &at.child("maxUnavailable"));
                validate_share(&mut errors, &surge, &at.child("maxSurge"));
                if is_zero_share(&unavailable) && is_zero_share(&surge) {
                    errors.invalid(&at.child("maxUnavailable"), &unavailable, "may not be 0 when `maxSurge` is 0");
                }
                if let IntOrString::String(_) = unavailable
                    && unavailable.scaled(100, false).is_some_and(|percent| percent > 100)
                {
                    errors.invalid(&at.child("maxUnavailable"), &unavailable, "must not be greater than 100%");
                }
            }
            (other, _) => errors.not_supported(&strategy.child("type"), other, &["Recreate", "RollingUpdate"]),
        }
        not_negative(&mut errors, &path.child("minReadySeconds"), i64::from(spec.min_ready_seconds));
        not_negative(
            &mut errors,
            &path.child("revisionHistoryLimit"),
            i64::from(spec.revision_history_limit.unwrap_or(10)),
        );
        if let Some(seconds) = spec.progress_deadline_seconds {
            let at = path.child("progressDeadlineSeconds");
            not_negative(&mut errors, &at, i64::from(seconds));
            if seconds <= spec.min_ready_seconds {
                errors.invalid(&at, seconds, "must be greater than minReadySeconds");
            }
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        immutable_selector(&mut errors, self.spec.selector.as_deref(), old.spec.selector.as_deref());
        errors
    }
}

fn immutable_selector(errors: &mut FieldErrors, new: Option<&LabelSelector>, old: Option<&LabelSelector>) {
    if new != old {
        let value = new.map(|selector| crate::json_value(selector)).unwrap_or_default();
        errors.invalid(&Path::new("spec").child("selector"), &value, "field is immutable");
    }
}

impl Rules for ReplicaSet {
    fn set_defaults(&mut self) {
        self.spec.replicas.get_or_insert(1);
        pod::default_spec(&mut self.spec.template.spec);
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        not_negative(&mut errors, &path.child("replicas"), i64::from(self.spec.replicas.unwrap_or(1)));
        not_negative(&mut errors, &path.child("minReadySeconds"), i64::from(self.spec.min_ready_seconds));
        validate_selected(&mut errors, self.spec.selector.as_deref(), &self.spec.template, &["Always"]);
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        immutable_selector(&mut errors, self.spec.selector.as_deref(), old.spec.selector.as_deref());
        errors
    }
}

impl Rules for StatefulSet {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        spec.replicas.get_or_insert(1);
        spec.revision_history_limit.get_or_insert(10);
        if spec.pod_management_policy.is_empty() {
            spec.pod_management_policy = "OrderedReady".into();
        }
        if spec.update_strategy.type_.is_empty() {
            spec.update_strategy.type_ = "RollingUpdate".into();
        }
        if spec.update_strategy.type_ == "RollingUpdate" {
            let rolling = spec
                .update_strategy
                .rolling_update
                .get_or_insert_with(|| Box::new(RollingUpdateStatefulSetStrategy::default()));
            rolling.partition.get_or_insert(0);
        }
        let kept = spec.persistent_volume_claim_retention_policy.get_or_insert_default();
        for policy in [&mut kept.when_deleted, &mut kept.when_scaled] {
            if policy.is_empty() {
                *policy = "Retain".into();
            }
        }
        for claim in &mut spec.volume_claim_templates {
            claim.set_defaults();
        }
        pod::default_spec(&mut spec.template.spec);
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        not_negative(&mut errors, &Path::new("spec").child("replicas"), i64::from(self.spec.replicas.unwrap_or(1)));
        validate_selected(&mut errors, self.spec.selector.as_deref(), &self.spec.template, &["Always"]);
        errors
    }
}

impl Rules for DaemonSet {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        spec.revision_history_limit.get_or_insert(10);
        if spec.update_strategy.type_.is_empty() {
            spec.update_strategy.type_ = "RollingUpdate".into();
        }
        if spec.update_strategy.type_ == "RollingUpdate" {
            let rolling =
                spec.update_strategy.rolling_update.get_or_insert_with(|| Box::new(RollingUpdateDaemonSet::default()));
            rolling.max_unavailable.get_or_insert(IntOrString::Int(1));
            rolling.max_surge.get_or_insert(IntOrString::Int(0));
        }
        pod::default_spec(&mut spec.template.spec);
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        validate_selected(&mut errors, self.spec.selector.as_deref(), &self.spec.template, &["Always"]);
        errors
    }
}

impl Rules for ReplicationController {
    fn set_defaults(&mut self) {
        self.spec.replicas.get_or_insert(1);
        if let Some(template) = &mut self.spec.template {
            pod::default_spec(&mut template.spec);
            if self.spec.selector.is_empty() {
                self.spec.selector.clone_from(&template.metadata.labels);
            }
            labels_from_template(&mut self.metadata, template);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let spec = Path::new("spec");
        not_negative(&mut errors, &spec.child("replicas"), i64::from(self.spec.replicas.unwrap_or(1)));
        if self.spec.selector.is_empty() {
            errors.required(&spec.child("selector"), "");
        }
        match &self.spec.template {
            None => errors.required(&spec.child("template"), ""),
            Some(template) => validate_template(&mut errors, template, &spec.child("template"), &["Always"]),
        }
        errors
    }
}

impl Rules for PodTemplate {
    fn set_defaults(&mut self) {
        pod::default_spec(&mut self.template.spec);
    }
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        validate_template(&mut errors, &self.template, &Path::new("template"), &["Always", "OnFailure", "Never"]);
        errors
    }
}

impl Rules for Job {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        if spec.completions.is_none() && spec.parallelism.is_none() {
            spec.completions = Some(1);
        }
        spec.parallelism.get_or_insert(1);
        spec.backoff_limit.get_or_insert(6);
        spec.completion_mode.get_or_insert_with(|| "NonIndexed".into());
        spec.suspend.get_or_insert(false);
        spec.pod_replacement_policy.get_or_insert_with(|| "TerminatingOrFailed".into());
        pod::default_spec(&mut spec.template.spec);
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let spec = Path::new("spec");
        for (name, value) in [
            ("parallelism", self.spec.parallelism),
            ("completions", self.spec.completions),
            ("backoffLimit", self.spec.backoff_limit),
        ] {
            not_negative(&mut errors, &spec.child(name), i64::from(value.unwrap_or(0)));
        }
        pod::validate_spec(&mut errors, &self.spec.template.spec, &spec.child("template").child("spec"));
        let policy = self.spec.template.spec.restart_policy.as_str();
        if policy == "Always" {
            errors.required(
                &spec.child("template").child("spec").child("restartPolicy"),
                "valid values: \"OnFailure\", \"Never\"",
            );
        }
        errors
    }
}
