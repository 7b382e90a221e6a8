//! CronJobs.

use super::batch::{default_parts, validate_job_spec};
use super::schedule;
use crate::api::batch::v1::CronJob;
use crate::validation::{FieldErrors, Path};
use crate::{Rules, json_value};

/// A Job's name is its CronJob's and eleven more characters, and must fit into a label.
const NAME_CHARACTERS_MAX: usize = 52;

impl CronJob {
    /// All but the name, which cannot be changed any more once it is there.
    fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        let at = path.child("schedule");
        let zone = spec.time_zone.as_deref();
        if errors.present(&at, &spec.schedule) {
            if let Err(problem) = schedule::check(&spec.schedule) {
                errors.invalid(&at, &spec.schedule, problem);
            }
            if spec.schedule.contains("TZ") {
                let problem = match zone {
                    Some(_) => "cannot use both timeZone field and TZ or CRON_TZ in schedule",
                    None => "cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
                };
                errors.invalid(&at, &spec.schedule, problem);
            }
        }
        if let Some(seconds) = spec.starting_deadline_seconds {
            errors.not_negative(&path.child("startingDeadlineSeconds"), seconds);
        }
        if let Some(zone) = zone {
            let at = path.child("timeZone");
            if zone.is_empty() {
                errors.invalid(&at, zone, "timeZone must be nil or non-empty string");
            } else if zone.eq_ignore_ascii_case("local") {
                let problem = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
                errors.invalid(&at, zone, problem);
            } else if !schedule::is_zone(zone) {
                errors.invalid(&at, zone, format!("unknown time zone {zone}"));
            }
        }
        let policy = path.child("concurrencyPolicy");
        errors.required_one_of(&policy, &spec.concurrency_policy, &["Allow", "Forbid", "Replace"]);
        let job = path.child("jobTemplate").child("spec");
        validate_job_spec(&mut errors, &spec.job_template.spec, &job);
        // The selector of a Job is made with the Job.
        if let Some(selector) = spec.job_template.spec.selector.as_deref() {
            errors.invalid(&job.child("selector"), &json_value(selector), "`selector` will be auto-generated");
        }
        if spec.job_template.spec.manual_selector == Some(true) {
            errors.not_supported(&job.child("manualSelector"), true, &["nil", "false"]);
        }
        for (name, limit) in [
            ("successfulJobsHistoryLimit", spec.successful_jobs_history_limit),
            ("failedJobsHistoryLimit", spec.failed_jobs_history_limit),
        ] {
            errors.not_negative(&path.child(name), i64::from(limit.unwrap_or_default()));
        }
        errors
    }
}

impl Rules for CronJob {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        if spec.concurrency_policy.is_empty() {
            spec.concurrency_policy = "Allow".into();
        }
        spec.suspend.get_or_insert(false);
        spec.successful_jobs_history_limit.get_or_insert(3);
        spec.failed_jobs_history_limit.get_or_insert(1);
        // The rest a Job gets when it is made.
        default_parts(&mut spec.job_template.spec);
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = self.check();
        if self.metadata.name.len() > NAME_CHARACTERS_MAX {
            let problem = format!("must be no more than {NAME_CHARACTERS_MAX} characters");
            errors.invalid(&Path::new("metadata").child("name"), &self.metadata.name, problem);
        }
        errors
    }

    fn validate_update(&self, _old: &Self) -> FieldErrors {
        self.check()
    }

    fn warnings(&self) -> Vec<String> {
        let path = Path::new("spec").child("jobTemplate").child("spec").child("template");
        super::warnings_of(&self.metadata, &self.spec.job_template.spec.template, &path)
    }
}
