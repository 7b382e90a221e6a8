//! Types of API group `batch`, version `v1`.

use crate::{Reflect, Resource};

/// A cron job.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "batch",
    version = "v1",
    plural = "cronjobs",
    short = "cj",
    categories = "all",
    subresources = "status",
    rules
)]
pub struct CronJob {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: CronJobSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: CronJobStatus,
}

/// A job.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "batch", version = "v1", plural = "jobs", categories = "all", subresources = "status", rules)]
pub struct Job {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: JobSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: JobStatus,
}

/// A cron job spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CronJobSpec {
    /// Schedule.
    #[field(tag = 1, always, required)]
    pub schedule: String,
    /// Starting deadline, in seconds.
    #[field(tag = 2)]
    pub starting_deadline_seconds: Option<i64>,
    /// Concurrency policy.
    #[field(tag = 3)]
    pub concurrency_policy: String,
    /// Suspend.
    #[field(tag = 4)]
    pub suspend: Option<bool>,
    /// Job template.
    #[field(tag = 5, always, required)]
    pub job_template: JobTemplateSpec,
    /// Successful jobs history limit.
    #[field(tag = 6)]
    pub successful_jobs_history_limit: Option<i32>,
    /// Failed jobs history limit.
    #[field(tag = 7)]
    pub failed_jobs_history_limit: Option<i32>,
    /// Time zone.
    #[field(tag = 8)]
    pub time_zone: Option<String>,
}

/// A cron job status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CronJobStatus {
    /// Active.
    #[field(tag = 1, list = "atomic")]
    pub active: Vec<crate::api::core::v1::ObjectReference>,
    /// Last schedule time.
    #[field(tag = 4)]
    pub last_schedule_time: Option<crate::Time>,
    /// Last successful time.
    #[field(tag = 5)]
    pub last_successful_time: Option<crate::Time>,
}

/// A job condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct JobCondition {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Status.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// Last probe time.
    #[field(tag = 3, value, always)]
    pub last_probe_time: Option<crate::Time>,
    /// Last transition time.
    #[field(tag = 4, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// Reason.
    #[field(tag = 5)]
    pub reason: String,
    /// Message.
    #[field(tag = 6)]
    pub message: String,
}

/// A job spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct JobSpec {
    /// Parallelism.
    #[field(tag = 1)]
    pub parallelism: Option<i32>,
    /// Completions.
    #[field(tag = 2)]
    pub completions: Option<i32>,
    /// Active deadline, in seconds.
    #[field(tag = 3)]
    pub active_deadline_seconds: Option<i64>,
    /// Selector.
    #[field(tag = 4)]
    pub selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Manual selector.
    #[field(tag = 5)]
    pub manual_selector: Option<bool>,
    /// Template.
    #[field(tag = 6, always, required)]
    pub template: crate::api::core::v1::PodTemplateSpec,
    /// Backoff limit.
    #[field(tag = 7)]
    pub backoff_limit: Option<i32>,
    /// Ttl seconds after finished.
    #[field(tag = 8)]
    pub ttl_seconds_after_finished: Option<i32>,
    /// Completion mode.
    #[field(tag = 9)]
    pub completion_mode: Option<String>,
    /// Suspend.
    #[field(tag = 10)]
    pub suspend: Option<bool>,
    /// Pod failure policy.
    #[field(tag = 11)]
    pub pod_failure_policy: Option<Box<PodFailurePolicy>>,
    /// Backoff limit per index.
    #[field(tag = 12)]
    pub backoff_limit_per_index: Option<i32>,
    /// Max failed indexes.
    #[field(tag = 13)]
    pub max_failed_indexes: Option<i32>,
    /// Pod replacement policy.
    #[field(tag = 14)]
    pub pod_replacement_policy: Option<String>,
    /// Managed by.
    #[field(tag = 15)]
    pub managed_by: Option<String>,
    /// Success policy.
    #[field(tag = 16)]
    pub success_policy: Option<Box<SuccessPolicy>>,
}

/// A job status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct JobStatus {
    /// Conditions.
    #[field(tag = 1, list = "atomic", patch = "merge", merge_key = "type")]
    pub conditions: Vec<JobCondition>,
    /// Start time.
    #[field(tag = 2)]
    pub start_time: Option<crate::Time>,
    /// Completion time.
    #[field(tag = 3)]
    pub completion_time: Option<crate::Time>,
    /// Active.
    #[field(tag = 4)]
    pub active: i32,
    /// Succeeded.
    #[field(tag = 5)]
    pub succeeded: i32,
    /// Failed.
    #[field(tag = 6)]
    pub failed: i32,
    /// Completed indexes.
    #[field(tag = 7)]
    pub completed_indexes: String,
    /// Uncounted terminated pods.
    #[field(tag = 8)]
    pub uncounted_terminated_pods: Option<Box<UncountedTerminatedPods>>,
    /// Ready.
    #[field(tag = 9)]
    pub ready: Option<i32>,
    /// Failed indexes.
    #[field(tag = 10)]
    pub failed_indexes: Option<String>,
    /// Terminating.
    #[field(tag = 11)]
    pub terminating: Option<i32>,
}

/// A job template spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct JobTemplateSpec {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Spec.
    #[field(tag = 2, always)]
    pub spec: JobSpec,
}

/// A pod failure policy.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodFailurePolicy {
    /// Rules.
    #[field(tag = 1, always, required, list = "atomic")]
    pub rules: Vec<PodFailurePolicyRule>,
}

/// A pod failure policy on exit codes requirement.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodFailurePolicyOnExitCodesRequirement {
    /// Container name.
    #[field(tag = 1)]
    pub container_name: Option<String>,
    /// Operator.
    #[field(tag = 2, always, required)]
    pub operator: String,
    /// Values.
    #[field(tag = 3, always, required, list = "set")]
    pub values: Vec<i32>,
}

/// A pod failure policy on pod conditions pattern.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodFailurePolicyOnPodConditionsPattern {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Status.
    #[field(tag = 2)]
    pub status: String,
}

/// A pod failure policy rule.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodFailurePolicyRule {
    /// Action.
    #[field(tag = 1, always, required)]
    pub action: String,
    /// On exit codes.
    #[field(tag = 2)]
    pub on_exit_codes: Option<Box<PodFailurePolicyOnExitCodesRequirement>>,
    /// On pod conditions.
    #[field(tag = 3, list = "atomic")]
    pub on_pod_conditions: Vec<PodFailurePolicyOnPodConditionsPattern>,
}

/// A success policy.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SuccessPolicy {
    /// Rules.
    #[field(tag = 1, always, required, list = "atomic")]
    pub rules: Vec<SuccessPolicyRule>,
}

/// A success policy rule.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SuccessPolicyRule {
    /// Succeeded indexes.
    #[field(tag = 1)]
    pub succeeded_indexes: Option<String>,
    /// Succeeded count.
    #[field(tag = 2)]
    pub succeeded_count: Option<i32>,
}

/// An uncounted terminated pods.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct UncountedTerminatedPods {
    /// Succeeded.
    #[field(tag = 1, list = "set")]
    pub succeeded: Vec<String>,
    /// Failed.
    #[field(tag = 2, list = "set")]
    pub failed: Vec<String>,
}
