//! CronJobs: defaults and validation.

use crate::Rules;
use crate::api::batch::v1::CronJob;
use crate::validation::{FieldErrors, Path};

impl Rules for CronJob {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        if spec.concurrency_policy.is_empty() {
            spec.concurrency_policy = "Allow".into();
        }
        spec.suspend.get_or_insert(false);
        spec.successful_jobs_history_limit.get_or_insert(3);
        spec.failed_jobs_history_limit.get_or_insert(1);
        super::pod::default_spec(&mut spec.job_template.spec.template.spec);
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        if spec.schedule.is_empty() {
            errors.required(&path.child("schedule"), "");
        }
        let policies = ["Allow", "Forbid", "Replace"];
        if !policies.contains(&spec.concurrency_policy.as_str()) {
            errors.not_supported(&path.child("concurrencyPolicy"), &spec.concurrency_policy, &policies);
        }
        for (name, value) in [
            ("startingDeadlineSeconds", spec.starting_deadline_seconds),
            ("successfulJobsHistoryLimit", spec.successful_jobs_history_limit.map(i64::from)),
            ("failedJobsHistoryLimit", spec.failed_jobs_history_limit.map(i64::from)),
        ] {
            if let Some(value) = value.filter(|value| *value < 0) {
                errors.invalid(&path.child(name), value, "must be greater than or equal to 0");
            }
        }
        let template = &spec.job_template.spec.template.spec;
        let at = path.child("jobTemplate").child("spec").child("template").child("spec");
        super::pod::validate_spec(&mut errors, template, &at);
        if template.restart_policy == "Always" {
            errors.required(&at.child("restartPolicy"), "valid values: \"OnFailure\", \"Never\"");
        }
        // A Job's name is this one's and eleven more characters.
        if self.metadata.name.len() > 52 {
            errors.invalid(
                &Path::new("metadata").child("name"),
                &self.metadata.name,
                "must be no more than 52 characters",
            );
        }
        errors
    }
}
