//! Deployments and ReplicaSets.

use super::{
    Selected, immutable_selector, is_zero_share, require_selector, validate_at_most_all, validate_counts,
    validate_lasting, validate_match, validate_parts, validate_share,
};
use crate::api::apps::v1::{Deployment, DeploymentStrategy, ReplicaSet, RollingUpdateDeployment};
use crate::api::core::v1::PodTemplateSpec;
use crate::api::meta::v1::LabelSelector;
use crate::rules::pod;
use crate::rules::pod::internal::GoValue;
use crate::validation::{FieldErrors, Path};
use crate::{Rules, json_value};

/// Selector and template; a ReplicaSet's errors are told in the words of Deployments, too.
fn validate_selected(
    errors: &mut FieldErrors,
    selector: Option<&LabelSelector>,
    template: &PodTemplateSpec,
    replicas: Option<i32>,
    path: &Path,
) {
    let at = path.child("selector");
    require_selector(errors, selector, "deployment", &at);
    let selected = Selected::of(selector);
    match selector {
        Some(selector) if matches!(selected, Selected::Broken) => {
            errors.invalid(&at, &json_value(selector), "invalid label selector");
        }
        _ => {
            validate_match(errors, &selected, template, &path.child("template"));
            validate_lasting(errors, template, "ReplicaSet", &path.child("template"));
            if replicas.is_some_and(|replicas| replicas > 1) {
                super::validate_shared_disks(errors, template, &path.child("template"));
            }
        }
    }
}

fn validate_strategy(errors: &mut FieldErrors, strategy: &DeploymentStrategy, path: &Path) {
    let at = path.child("rollingUpdate");
    match (strategy.type_.as_str(), strategy.rolling_update.as_deref()) {
        ("Recreate", Some(_)) => errors.forbidden(&at, "may not be specified when strategy `type` is 'Recreate'"),
        ("Recreate", None) => {}
        ("RollingUpdate", None) => errors.required(&at, "this should be defaulted and never be nil"),
        ("RollingUpdate", Some(rolling)) => {
            let unavailable = rolling.max_unavailable.clone().unwrap_or_default();
            let surge = rolling.max_surge.clone().unwrap_or_default();
            validate_share(errors, &unavailable, &at.child("maxUnavailable"));
            validate_share(errors, &surge, &at.child("maxSurge"));
            if is_zero_share(&unavailable) && is_zero_share(&surge) {
                errors.invalid(&at.child("maxUnavailable"), &unavailable, "may not be 0 when `maxSurge` is 0");
            }
            validate_at_most_all(errors, &unavailable, &at.child("maxUnavailable"));
        }
        _ => errors.not_supported(path, &GoValue::of(strategy), &["Recreate", "RollingUpdate"]),
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
        errors.not_negative(&path.child("replicas"), i64::from(spec.replicas.unwrap_or(1)));
        validate_selected(&mut errors, spec.selector.as_deref(), &spec.template, spec.replicas, &path);
        validate_strategy(&mut errors, &spec.strategy, &path.child("strategy"));
        errors.not_negative(&path.child("minReadySeconds"), i64::from(spec.min_ready_seconds));
        let limit = spec.revision_history_limit.unwrap_or(10);
        errors.not_negative(&path.child("revisionHistoryLimit"), i64::from(limit));
        if let Some(seconds) = spec.progress_deadline_seconds {
            let at = path.child("progressDeadlineSeconds");
            errors.not_negative(&at, i64::from(seconds));
            if seconds <= spec.min_ready_seconds {
                errors.invalid(&at, seconds, "must be greater than minReadySeconds");
            }
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        let at = Path::new("spec").child("selector");
        immutable_selector(&mut errors, &self.spec.selector, &old.spec.selector, &at);
        errors
    }

    fn validate_status_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("status");
        let status = &self.status;
        let counts = [
            ("observedGeneration", status.observed_generation),
            ("replicas", status.replicas.into()),
            ("updatedReplicas", status.updated_replicas.into()),
            ("readyReplicas", status.ready_replicas.into()),
            ("availableReplicas", status.available_replicas.into()),
            ("unavailableReplicas", status.unavailable_replicas.into()),
            ("terminatingReplicas", status.terminating_replicas.unwrap_or_default().into()),
            ("collisionCount", status.collision_count.unwrap_or_default().into()),
        ];
        validate_counts(&mut errors, &counts, &path);
        let parts = [
            ("updatedReplicas", status.updated_replicas),
            ("readyReplicas", status.ready_replicas),
            ("availableReplicas", status.available_replicas),
        ];
        validate_parts(&mut errors, &parts, status.replicas, "cannot be greater than status.replicas", &path);
        let available = [("availableReplicas", status.available_replicas)];
        validate_parts(&mut errors, &available, status.ready_replicas, "cannot be greater than readyReplicas", &path);
        let collisions = old.status.collision_count;
        if collisions > status.collision_count {
            let value = status.collision_count.unwrap_or_default();
            errors.invalid(&path.child("collisionCount"), value, "cannot be decremented");
        }
        errors
    }

    fn warnings(&self) -> Vec<String> {
        super::warnings_of(&self.metadata, &self.spec.template, &Path::new("spec").child("template"))
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
        errors.not_negative(&path.child("replicas"), i64::from(self.spec.replicas.unwrap_or(1)));
        errors.not_negative(&path.child("minReadySeconds"), i64::from(self.spec.min_ready_seconds));
        let spec = &self.spec;
        validate_selected(&mut errors, spec.selector.as_deref(), &spec.template, spec.replicas, &path);
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        let at = Path::new("spec").child("selector");
        immutable_selector(&mut errors, &self.spec.selector, &old.spec.selector, &at);
        errors
    }

    fn validate_status_update(&self, _old: &Self) -> FieldErrors {
        let status = &self.status;
        super::replicas::validate_status(
            status.replicas,
            [status.fully_labeled_replicas, status.ready_replicas, status.available_replicas],
            status.terminating_replicas,
            status.observed_generation,
        )
    }

    fn warnings(&self) -> Vec<String> {
        super::warnings_of(&self.metadata, &self.spec.template, &Path::new("spec").child("template"))
    }
}
