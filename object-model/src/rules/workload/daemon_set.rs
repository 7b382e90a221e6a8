//! DaemonSets.

use super::{
    Selected, immutable_selector, is_zero_share, validate_at_most_all, validate_counts, validate_lasting,
    validate_match, validate_selector, validate_share,
};
use crate::api::apps::v1::{DaemonSet, DaemonSetUpdateStrategy, RollingUpdateDaemonSet};
use crate::rules::pod;
use crate::rules::pod::internal::GoValue;
use crate::validation::{FieldErrors, Path};
use crate::{IntOrString, Rules, json_value};

fn validate_strategy(errors: &mut FieldErrors, strategy: &DaemonSetUpdateStrategy, path: &Path) {
    let at = path.child("rollingUpdate");
    match (strategy.type_.as_str(), strategy.rolling_update.as_deref()) {
        ("OnDelete", _) => {}
        ("RollingUpdate", None) => errors.required(&at, ""),
        ("RollingUpdate", Some(rolling)) => {
            let unavailable = rolling.max_unavailable.clone().unwrap_or_default();
            let surge = rolling.max_surge.clone().unwrap_or_default();
            for (name, share) in [("maxUnavailable", &unavailable), ("maxSurge", &surge)] {
                validate_share(errors, share, &at.child(name));
                validate_at_most_all(errors, share, &at.child(name));
            }
            match (is_zero_share(&unavailable), is_zero_share(&surge)) {
                (false, false) => {
                    errors.invalid(&at.child("maxSurge"), &surge, "may not be set when maxUnavailable is non-zero");
                }
                (true, true) => errors.required(&at.child("maxUnavailable"), "cannot be 0 when maxSurge is 0"),
                _ => {}
            }
        }
        _ => errors.not_supported(path, &GoValue::of(strategy), &["RollingUpdate", "OnDelete"]),
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
        let path = Path::new("spec");
        let spec = &self.spec;
        let selector = path.child("selector");
        let selected = Selected::of(spec.selector.as_deref());
        if let Some(given) = spec.selector.as_deref() {
            validate_selector(&mut errors, given, &selector);
            if matches!(selected, Selected::Everything) {
                errors.invalid(&selector, &json_value(given), "empty selector is invalid for daemonset");
            }
        }
        validate_match(&mut errors, &selected, &spec.template, &path.child("template"));
        validate_lasting(&mut errors, &spec.template, "DaemonSet", &path.child("template"));
        // There is a pod on every node.
        super::validate_shared_disks(&mut errors, &spec.template, &path.child("template"));
        let counts = [
            ("minReadySeconds", spec.min_ready_seconds.into()),
            ("revisionHistoryLimit", spec.revision_history_limit.unwrap_or_default().into()),
        ];
        validate_counts(&mut errors, &counts, &path);
        validate_strategy(&mut errors, &spec.update_strategy, &path.child("updateStrategy"));
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
            ("currentNumberScheduled", status.current_number_scheduled.into()),
            ("numberMisscheduled", status.number_misscheduled.into()),
            ("desiredNumberScheduled", status.desired_number_scheduled.into()),
            ("numberReady", status.number_ready.into()),
            ("observedGeneration", status.observed_generation),
            ("updatedNumberScheduled", status.updated_number_scheduled.into()),
            ("numberAvailable", status.number_available.into()),
            ("numberUnavailable", status.number_unavailable.into()),
            ("collisionCount", status.collision_count.unwrap_or_default().into()),
        ];
        validate_counts(&mut errors, &counts, &path);
        if old.status.collision_count > status.collision_count {
            let value = status.collision_count.unwrap_or_default();
            errors.invalid(&path.child("collisionCount"), value, "cannot be decremented");
        }
        errors
    }

    fn warnings(&self) -> Vec<String> {
        pod::template_warnings(&self.spec.template, &Path::new("spec").child("template"))
    }
}
