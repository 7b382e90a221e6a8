//! Types of API group `batch`, version `v1`.

use crate::{Reflect, Resource};

/// CronJob as of the API group it belongs to.
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
    #[field(tag = 3)]
    pub status: Option<Box<CronJobStatus>>,
}

/// Job as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "batch",
    version = "v1",
    plural = "jobs",
    categories = "all",
    subresources = "status",
    rules
)]
pub struct Job {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<JobSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<JobStatus>>,
}

/// CronJobSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CronJobSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub schedule: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub starting_deadline_seconds: i64,
    /// See the API reference.
    #[field(tag = 3)]
    pub concurrency_policy: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub suspend: bool,
    /// See the API reference.
    #[field(tag = 5, always, required)]
    pub job_template: JobTemplateSpec,
    /// See the API reference.
    #[field(tag = 6)]
    pub successful_jobs_history_limit: i32,
    /// See the API reference.
    #[field(tag = 7)]
    pub failed_jobs_history_limit: i32,
    /// See the API reference.
    #[field(tag = 8)]
    pub time_zone: String,
}

/// CronJobStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CronJobStatus {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub active: Vec<crate::api::core::v1::ObjectReference>,
    /// See the API reference.
    #[field(tag = 4, value, always)]
    pub last_schedule_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 5, value, always)]
    pub last_successful_time: Option<crate::Time>,
}

/// JobCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct JobCondition {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// See the API reference.
    #[field(tag = 3, value, always)]
    pub last_probe_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 4, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 5)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub message: String,
}

/// JobSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct JobSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub parallelism: i32,
    /// See the API reference.
    #[field(tag = 2)]
    pub completions: i32,
    /// See the API reference.
    #[field(tag = 3)]
    pub active_deadline_seconds: i64,
    /// See the API reference.
    #[field(tag = 4)]
    pub selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 5)]
    pub manual_selector: bool,
    /// See the API reference.
    #[field(tag = 6, always, required)]
    pub template: crate::api::core::v1::PodTemplateSpec,
    /// See the API reference.
    #[field(tag = 7)]
    pub backoff_limit: i32,
    /// See the API reference.
    #[field(tag = 8)]
    pub ttl_seconds_after_finished: i32,
    /// See the API reference.
    #[field(tag = 9)]
    pub completion_mode: String,
    /// See the API reference.
    #[field(tag = 10)]
    pub suspend: bool,
    /// See the API reference.
    #[field(tag = 11)]
    pub pod_failure_policy: Option<Box<PodFailurePolicy>>,
    /// See the API reference.
    #[field(tag = 12)]
    pub backoff_limit_per_index: i32,
    /// See the API reference.
    #[field(tag = 13)]
    pub max_failed_indexes: i32,
    /// See the API reference.
    #[field(tag = 14)]
    pub pod_replacement_policy: String,
    /// See the API reference.
    #[field(tag = 15)]
    pub managed_by: String,
    /// See the API reference.
    #[field(tag = 16)]
    pub success_policy: Option<Box<SuccessPolicy>>,
}

/// JobStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct JobStatus {
    /// See the API reference.
    #[field(tag = 1, list = "atomic", patch = "merge", merge_key = "type")]
    pub conditions: Vec<JobCondition>,
    /// See the API reference.
    #[field(tag = 2, value, always)]
    pub start_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 3, value, always)]
    pub completion_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 4)]
    pub active: i32,
    /// See the API reference.
    #[field(tag = 5)]
    pub succeeded: i32,
    /// See the API reference.
    #[field(tag = 6)]
    pub failed: i32,
    /// See the API reference.
    #[field(tag = 7)]
    pub completed_indexes: String,
    /// See the API reference.
    #[field(tag = 8)]
    pub uncounted_terminated_pods: Option<Box<UncountedTerminatedPods>>,
    /// See the API reference.
    #[field(tag = 9)]
    pub ready: i32,
    /// See the API reference.
    #[field(tag = 10)]
    pub failed_indexes: String,
    /// See the API reference.
    #[field(tag = 11)]
    pub terminating: i32,
}

/// JobTemplateSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct JobTemplateSpec {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2)]
    pub spec: Option<Box<JobSpec>>,
}

/// PodFailurePolicy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodFailurePolicy {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "atomic")]
    pub rules: Vec<PodFailurePolicyRule>,
}

/// PodFailurePolicyOnExitCodesRequirement as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodFailurePolicyOnExitCodesRequirement {
    /// See the API reference.
    #[field(tag = 1)]
    pub container_name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub operator: String,
    /// See the API reference.
    #[field(tag = 3, always, required, list = "set")]
    pub values: Vec<i32>,
}

/// PodFailurePolicyOnPodConditionsPattern as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodFailurePolicyOnPodConditionsPattern {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub status: String,
}

/// PodFailurePolicyRule as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodFailurePolicyRule {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub action: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub on_exit_codes: Option<Box<PodFailurePolicyOnExitCodesRequirement>>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub on_pod_conditions: Vec<PodFailurePolicyOnPodConditionsPattern>,
}

/// SuccessPolicy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SuccessPolicy {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "atomic")]
    pub rules: Vec<SuccessPolicyRule>,
}

/// SuccessPolicyRule as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SuccessPolicyRule {
    /// See the API reference.
    #[field(tag = 1)]
    pub succeeded_indexes: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub succeeded_count: i32,
}

/// UncountedTerminatedPods as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct UncountedTerminatedPods {
    /// See the API reference.
    #[field(tag = 1, list = "set")]
    pub succeeded: Vec<String>,
    /// See the API reference.
    #[field(tag = 2, list = "set")]
    pub failed: Vec<String>,
}
