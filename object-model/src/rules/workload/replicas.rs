//! ReplicationControllers, and the status that they share with ReplicaSets.

use super::{labels_from_template, shown_labels, validate_counts, validate_lasting, validate_parts};
use crate::Rules;
use crate::api::core::v1::ReplicationController;
use crate::rules::pod;
use crate::validation::{FieldErrors, Path};

/// `parts` are the replicas with all labels, the ready ones, the available ones.
pub(super) fn validate_status(
    replicas: i32,
    [labeled, ready, available]: [i32; 3],
    terminating: Option<i32>,
    generation: i64,
) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let path = Path::new("status");
    let parts = [("fullyLabeledReplicas", labeled), ("readyReplicas", ready), ("availableReplicas", available)];
    validate_counts(&mut errors, &[("replicas", replicas.into())], &path);
    validate_counts(&mut errors, &parts.map(|(name, count)| (name, i64::from(count))), &path);
    let others = [("observedGeneration", generation), ("terminatingReplicas", terminating.unwrap_or_default().into())];
    validate_counts(&mut errors, &others, &path);
    validate_parts(&mut errors, &parts, replicas, "cannot be greater than status.replicas", &path);
    let available = [("availableReplicas", available)];
    validate_parts(&mut errors, &available, ready, "cannot be greater than readyReplicas", &path);
    errors
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
        let path = Path::new("spec");
        errors.not_negative(&path.child("minReadySeconds"), i64::from(self.spec.min_ready_seconds));
        if self.spec.selector.is_empty() {
            errors.required(&path.child("selector"), "");
        }
        errors.not_negative(&path.child("replicas"), i64::from(self.spec.replicas.unwrap_or(1)));
        let at = path.child("template");
        let Some(template) = self.spec.template.as_deref() else {
            errors.required(&at, "");
            return errors;
        };
        let labels = &template.metadata.labels;
        if self.spec.selector.iter().any(|(key, value)| labels.get(key) != Some(value)) {
            let at = at.child("metadata").child("labels");
            errors.invalid(&at, &shown_labels(template), "`selector` does not match template `labels`");
        }
        validate_lasting(&mut errors, template, "ReplicationController", &at);
        if self.spec.replicas.is_some_and(|replicas| replicas > 1) {
            super::validate_shared_disks(&mut errors, template, &at);
        }
        errors
    }

    fn validate_status_update(&self, _old: &Self) -> FieldErrors {
        let status = &self.status;
        validate_status(
            status.replicas,
            [status.fully_labeled_replicas, status.ready_replicas, status.available_replicas],
            None,
            status.observed_generation,
        )
    }

    fn warnings(&self) -> Vec<String> {
        let path = Path::new("spec").child("template");
        self.spec.template.iter().flat_map(|template| super::warnings_of(&self.metadata, template, &path)).collect()
    }
}
