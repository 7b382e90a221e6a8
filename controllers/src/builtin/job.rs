//! Jobs: pods that run to completion.
//!
//! In: Jobs and their pods. Out: pods made and deleted, counts, conditions. Invariant: every pod that ended is counted
//! exactly once, even if it is deleted meanwhile or this controller stops between any two writes: a finalizer holds the
//! pod until its UID is noted in the Job's status, and the count is raised only after the finalizer is gone.
//! Not served: `podFailurePolicy`, `successPolicy` and `backoffLimitPerIndex` (a Job that asks for them gets a warning
//! event and is run without). Source: Kubernetes concepts, "Jobs"; KEP-2307 (tracking with finalizers).

mod indexes;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::api::batch::v1::{Job, JobStatus};
use pintle_object_model::api::core::v1::{EnvVar, Pod};
use pintle_object_model::api::meta::v1::{DeleteOptions, Preconditions};
use pintle_object_model::selector::Selector;
use pintle_object_model::{ObjectRef, Resource, Status, Time};

use super::replicas::is_terminating_namespace;
use crate::batch::{side_by_side, slow_start};
use crate::controller::owner_key;
use crate::error::{Doing, gone_is_fine};
use crate::owner::{BY_OWNER, by_owner, claim, controller_ref};
use crate::{
    Action, Context, Controller, ControllerError, EXPECTATION_TIMEOUT, Expectations, Reconciler, condition, pods,
};

const TRACKING: &str = "batch.kubernetes.io/job-tracking";
const INDEX: &str = "batch.kubernetes.io/job-completion-index";
const CONTROLLER_UID: &str = "batch.kubernetes.io/controller-uid";
const JOB_NAME: &str = "batch.kubernetes.io/job-name";
/// UIDs that are noted at a time, and pods that are made at a time.
const BURST: usize = 500;
/// Between failed pods: the first wait, and the longest.
const BACKOFF: Duration = Duration::from_secs(10);
const BACKOFF_MAX: Duration = Duration::from_secs(600);

/// The `job` controller.
pub(crate) fn controller() -> Controller {
    let expectations = Arc::new(Expectations::default());
    let seen = Arc::clone(&expectations);
    Controller::new("job")
        .component("job-controller")
        .index::<Pod>(BY_OWNER, by_owner::<Pod>)
        .for_::<Job>()
        .on::<Pod>(move |delta, _, enqueue| {
            if let Some(key) = owner_key(&delta.object().metadata, Job::INFO) {
                super::replicas::observe(&seen, &key, delta);
                enqueue.add(key);
            }
        })
        .build(Jobs { expectations })
}

/// Has the Job come to its end?
pub(crate) fn finished(job: &Job) -> Option<(&str, Option<Time>)> {
    let ended = job
        .status
        .conditions
        .iter()
        .find(|one| matches!(one.type_.as_str(), "Complete" | "Failed") && one.status == "True");
    ended.map(|ended| (ended.type_.as_str(), ended.last_transition_time))
}

struct Jobs {
    expectations: Arc<Expectations>,
}

/// A Job as it is worked on.
struct Work<'a> {
    ctx: &'a Context,
    expectations: &'a Expectations,
    key: &'a ObjectRef,
    job: Arc<Job>,
    pods: Vec<Arc<Pod>>,
    status: JobStatus,
    now: Time,
}

#[async_trait]
impl Reconciler for Jobs {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(job) = ctx.cached::<Job>().get(&key.namespace, &key.name) else {
            self.expectations.forget(key);
            // Pods that outlive their Job need nobody to count them.
            return Ok(Action::done());
        };
        let other = job.spec.managed_by.as_deref().is_some_and(|by| by != "kubernetes.io/job-controller");
        if other {
            return Ok(Action::done());
        }
        if !self.expectations.are_met(key, ctx.clock().now()) {
            return Ok(Action::requeue_after(EXPECTATION_TIMEOUT));
        }
        let pods = match job.spec.selector.as_deref() {
            Some(selector) => claim(ctx, &*job, &Selector::from_field(Some(selector))).await?,
            None => ctx.cached::<Pod>().indexed(BY_OWNER, &job.metadata.uid),
        };
        let status = job.status.clone();
        let mut work = Work { ctx, expectations: &self.expectations, key, job, pods, status, now: ctx.now() };
        work.reconcile().await
    }
}

fn is_tracked(pod: &Pod) -> bool {
    pod.metadata.finalizers.iter().any(|name| name == TRACKING)
}

/// A pod that will never succeed: it failed, or it goes before it ended.
fn is_failed(pod: &Pod) -> bool {
    pod.status.phase == "Failed" || (pod.metadata.deletion_timestamp.is_some() && pod.status.phase != "Succeeded")
}

impl Work<'_> {
    async fn reconcile(&mut self) -> Result<Action, ControllerError> {
        if finished(&self.job).is_some() || self.job.metadata.deletion_timestamp.is_some() {
            self.let_go(|_| true).await?;
            return Ok(Action::done());
        }
        self.warn_of_gaps();
        self.count();
        let suspended = self.job.spec.suspend == Some(true);
        if self.status.start_time.is_none() && !suspended {
            self.status.start_time = Some(self.now);
        }
        let mut outcome = Ok(None);
        let verdict = self.verdict();
        if verdict.is_some() {
            self.delete(self.active()).await?;
        } else if self.job.metadata.deletion_timestamp.is_none() {
            self.note_suspension(suspended);
            outcome = if suspended { self.delete(self.active()).await.map(|()| None) } else { self.manage().await };
        }
        self.conclude(verdict);
        self.write_status().await?;
        let noted = self.status.uncounted_terminated_pods.clone().unwrap_or_default();
        self.let_go(|pod| noted.succeeded.contains(&pod.metadata.uid) || noted.failed.contains(&pod.metadata.uid))
            .await?;
        let next = outcome?;
        Ok(Action::done().or_sooner(next).or_sooner(self.deadline_in()))
    }

    fn warn_of_gaps(&self) {
        let spec = &self.job.spec;
        let asked = [
            ("podFailurePolicy", spec.pod_failure_policy.is_some()),
            ("successPolicy", spec.success_policy.is_some()),
            ("backoffLimitPerIndex", spec.backoff_limit_per_index.is_some()),
        ];
        for (field, _) in asked.iter().filter(|(_, asked)| *asked) {
            let message = format!("spec.{field} is not served by this controller: the job runs without it");
            self.ctx.events().warning(&*self.job, "NotImplemented", message);
        }
    }

    fn active(&self) -> Vec<Arc<Pod>> {
        self.pods.iter().filter(|pod| pods::is_active(pod)).cloned().collect()
    }

    fn is_indexed(&self) -> bool {
        self.job.spec.completion_mode.as_deref() == Some("Indexed")
    }

    /// Moves what was noted and let go into the counts, and notes what has ended since.
    fn count(&mut self) {
        let mut noted = self.status.uncounted_terminated_pods.take().unwrap_or_default();
        let held = |uid: &String| self.pods.iter().any(|pod| pod.metadata.uid == *uid && is_tracked(pod));
        let before = (noted.succeeded.len(), noted.failed.len());
        noted.succeeded.retain(held);
        noted.failed.retain(held);
        self.status.failed += i32::try_from(before.1 - noted.failed.len()).unwrap_or_default();
        if !self.is_indexed() {
            self.status.succeeded += i32::try_from(before.0 - noted.succeeded.len()).unwrap_or_default();
        }
        let mut done = indexes::parse(&self.status.completed_indexes);
        let counts_terminating = self.job.spec.pod_replacement_policy.as_deref() != Some("Failed");
        let ended = self.pods.iter().filter(|pod| is_tracked(pod)).take(BURST);
        for pod in ended {
            let uid = &pod.metadata.uid;
            if noted.succeeded.contains(uid) || noted.failed.contains(uid) {
                continue;
            }
            if pod.status.phase == "Succeeded" {
                noted.succeeded.push(uid.clone());
            } else if is_failed(pod) && (counts_terminating || pods::is_finished(pod) || pod.spec.node_name.is_empty())
            {
                noted.failed.push(uid.clone());
            }
        }
        if self.is_indexed() {
            let succeeded = self.pods.iter().filter(|pod| pod.status.phase == "Succeeded");
            done.extend(succeeded.filter_map(|pod| index_of(pod)));
            done.retain(|index| *index < self.job.spec.completions.unwrap_or_default());
            self.status.succeeded = i32::try_from(done.len()).unwrap_or(i32::MAX);
            self.status.completed_indexes = indexes::text(&done);
        }
        self.status.uncounted_terminated_pods = Some(noted);
        let active = self.active();
        self.status.active = i32::try_from(active.len()).unwrap_or(i32::MAX);
        self.status.ready =
            Some(i32::try_from(active.iter().filter(|pod| pods::is_ready(pod)).count()).unwrap_or(i32::MAX));
        let terminating =
            self.pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_some() && !pods::is_finished(pod));
        self.status.terminating = Some(i32::try_from(terminating.count()).unwrap_or(i32::MAX));
    }

    fn succeeded(&self) -> i32 {
        let noted = self.status.uncounted_terminated_pods.as_ref().map_or(0, |noted| noted.succeeded.len());
        self.status.succeeded + if self.is_indexed() { 0 } else { i32::try_from(noted).unwrap_or(i32::MAX) }
    }

    fn failed(&self) -> i32 {
        let noted = self.status.uncounted_terminated_pods.as_ref().map_or(0, |noted| noted.failed.len());
        self.status.failed + i32::try_from(noted).unwrap_or(i32::MAX)
    }

    /// Is the end decided? Condition, reason and message.
    fn verdict(&self) -> Option<(&'static str, String, String)> {
        for target in ["SuccessCriteriaMet", "FailureTarget"] {
            if let Some(decided) = condition::find(&self.status.conditions, target).filter(|one| one.status == "True") {
                return Some((target, decided.reason.clone(), decided.message.clone()));
            }
        }
        let verdict = |type_, reason: &str, message: &str| Some((type_, reason.to_owned(), message.to_owned()));
        let spec = &self.job.spec;
        let restarts: i32 = if spec.template.spec.restart_policy == "OnFailure" {
            let active = self.pods.iter().filter(|pod| pods::is_active(pod));
            active.flat_map(|pod| &pod.status.container_statuses).map(|status| status.restart_count).sum()
        } else {
            0
        };
        let limit = spec.backoff_limit.unwrap_or(6);
        if self.failed() > limit || (restarts > 0 && restarts >= limit) {
            return verdict("FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }
        if self.deadline_in().is_some_and(|left| left.is_zero()) && spec.suspend != Some(true) {
            return verdict("FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline");
        }
        let complete = match spec.completions {
            Some(completions) => self.succeeded() >= completions,
            None => self.succeeded() > 0 && self.status.active == 0,
        };
        let message = "Reached expected number of succeeded pods";
        if complete { verdict("SuccessCriteriaMet", "CompletionsReached", message) } else { None }
    }

    fn deadline_in(&self) -> Option<Duration> {
        let limit = u64::try_from(self.job.spec.active_deadline_seconds?).unwrap_or_default();
        let since = self.now.since(self.status.start_time?);
        Some(Duration::from_secs(limit).saturating_sub(since))
    }

    fn note_suspension(&mut self, suspended: bool) {
        let was = condition::find(&self.status.conditions, "Suspended").is_some_and(|one| one.status == "True");
        let conditions = &mut self.status.conditions;
        if suspended && !was {
            condition::set(conditions, "Suspended", "True", "JobSuspended", "Job suspended", self.now);
            self.status.start_time = None;
            self.ctx.events().normal(&*self.job, "Suspended", "Job suspended");
        } else if !suspended && was {
            condition::set(conditions, "Suspended", "False", "JobResumed", "Job resumed", self.now);
            self.status.start_time = Some(self.now);
            self.ctx.events().normal(&*self.job, "Resumed", "Job resumed");
        }
    }

    /// Makes and deletes pods. Answers when to look again because of a back-off.
    async fn manage(&mut self) -> Result<Option<Duration>, ControllerError> {
        let spec = &self.job.spec;
        let active = self.active();
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        let parallelism = spec.parallelism.unwrap_or(1).max(0);
        let wanted = match spec.completions {
            Some(completions) => parallelism.min((completions - self.succeeded()).max(0)),
            // Without a number of completions, the first success ends the creation of more.
            None if self.succeeded() > 0 => count(active.len()).min(parallelism),
            None => parallelism,
        };
        let present = count(active.len());
        if present > wanted {
            let mut surplus = active;
            surplus.sort_by(|one, other| pods::compare_victims(one, other, |_| 0, self.now));
            surplus.truncate(usize::try_from(present - wanted).unwrap_or_default());
            self.delete(surplus).await?;
            return Ok(None);
        }
        let mut missing = usize::try_from(wanted - present).unwrap_or_default().min(BURST);
        if spec.pod_replacement_policy.as_deref() == Some("Failed") {
            missing = missing
                .saturating_sub(usize::try_from(self.status.terminating.unwrap_or_default()).unwrap_or_default());
        }
        if missing == 0 {
            return Ok(None);
        }
        let wait = self.backoff();
        if !wait.is_zero() {
            return Ok(Some(wait));
        }
        self.create(missing).await.map(|()| None)
    }

    /// What is left of the wait after the last failure.
    fn backoff(&self) -> Duration {
        let failures = u32::try_from(self.failed()).unwrap_or_default();
        if failures == 0 {
            return Duration::ZERO;
        }
        let ended = |pod: &Arc<Pod>| {
            let states = pod.status.container_statuses.iter().filter_map(|one| one.state.terminated.as_ref());
            states
                .filter_map(|state| state.finished_at)
                .max()
                .or(pod.metadata.deletion_timestamp)
                .or(pod.metadata.creation_timestamp)
        };
        let last = self.pods.iter().filter(|pod| is_failed(pod)).filter_map(ended).max();
        let delay = BACKOFF.saturating_mul(2_u32.saturating_pow((failures - 1).min(16))).min(BACKOFF_MAX);
        last.map_or(Duration::ZERO, |last| delay.saturating_sub(self.now.since(last)))
    }

    async fn create(&mut self, count: usize) -> Result<(), ControllerError> {
        let mut free = vec![];
        if self.is_indexed() {
            let done = indexes::parse(&self.status.completed_indexes);
            let taken: BTreeSet<i32> = self.active().iter().filter_map(|pod| index_of(pod)).collect();
            let all = 0..self.job.spec.completions.unwrap_or_default();
            free = all.filter(|index| !done.contains(index) && !taken.contains(index)).take(count).collect();
        }
        let count = if self.is_indexed() { free.len() } else { count };
        self.expectations.expect_creations(self.key, count, self.ctx.clock().now());
        let pattern = self.pattern();
        let api = self.ctx.api::<Pod>(&self.key.namespace);
        let (job, ctx) = (&self.job, self.ctx);
        let (done, failure) = slow_start(count, |number| {
            let mut pod = pattern.clone();
            if let Some(index) = free.get(number) {
                number_pod(&mut pod, &job.metadata.name, *index);
            }
            let api = &api;
            async move {
                let made = api.create(&pod).await?;
                ctx.events().normal(&**job, "SuccessfulCreate", format!("Created pod: {}", made.metadata.name));
                Ok::<_, Status>(())
            }
        })
        .await;
        self.expectations.created(self.key, count - done);
        self.status.active += i32::try_from(done).unwrap_or(i32::MAX);
        match failure {
            Some(status) if !is_terminating_namespace(&status) => {
                self.ctx.events().warning(&*self.job, "FailedCreate", format!("Error creating: {status}"));
                Err(status).doing(|| format!("making pods of {}", self.key))
            }
            _ => Ok(()),
        }
    }

    fn pattern(&self) -> Pod {
        let job = &self.job;
        let owner = controller_ref(&**job);
        let mut pod = pods::from_template(&job.spec.template, &job.metadata.namespace, &job.metadata.name, owner);
        pod.metadata.finalizers.push(TRACKING.into());
        let labels = &mut pod.metadata.labels;
        for (key, value) in [(CONTROLLER_UID, &job.metadata.uid), (JOB_NAME, &job.metadata.name)] {
            labels.insert(key.into(), value.clone());
            labels.insert(key.trim_start_matches("batch.kubernetes.io/").into(), value.clone());
        }
        pod
    }

    async fn delete(&self, victims: Vec<Arc<Pod>>) -> Result<(), ControllerError> {
        if victims.is_empty() {
            return Ok(());
        }
        self.expectations.expect_deletions(
            self.key,
            victims.iter().map(|pod| pod.metadata.uid.clone()),
            self.ctx.clock().now(),
        );
        let deletions: Vec<_> = victims.iter().map(|pod| self.delete_one(pod)).collect();
        let failure = side_by_side(deletions).await.into_iter().find_map(Result::err);
        failure.map_or(Ok(()), Err).doing(|| format!("deleting pods of {}", self.key))
    }

    async fn delete_one(&self, pod: &Pod) -> Result<(), Status> {
        // What is taken away by us is no failure of the pod: it is not counted.
        let released = self.let_go_of(pod).await;
        if released.is_err() {
            self.expectations.deleted(self.key, &pod.metadata.uid);
        }
        released?;
        let preconditions = Preconditions { uid: Some(pod.metadata.uid.clone()), resource_version: None };
        let options = DeleteOptions { preconditions: Some(Box::new(preconditions)), ..DeleteOptions::default() };
        let result = self.ctx.api::<Pod>(&self.key.namespace).delete(&pod.metadata.name, options).await;
        if result.is_err() {
            self.expectations.deleted(self.key, &pod.metadata.uid);
        }
        gone_is_fine(result)?;
        self.ctx.events().normal(&*self.job, "SuccessfulDelete", format!("Deleted pod: {}", pod.metadata.name));
        Ok(())
    }

    /// Notes the verdict; once nothing runs and everything is counted, the end itself.
    fn conclude(&mut self, verdict: Option<(&'static str, String, String)>) {
        let Some((target, reason, message)) = verdict else { return };
        let conditions = &mut self.status.conditions;
        condition::set(conditions, target, "True", &reason, &message, self.now);
        let noted = self.status.uncounted_terminated_pods.as_ref();
        let counted = noted.is_none_or(|noted| noted.succeeded.is_empty() && noted.failed.is_empty());
        if !counted || self.pods.iter().any(|pod| !pods::is_finished(pod)) {
            return;
        }
        let end = if target == "SuccessCriteriaMet" { "Complete" } else { "Failed" };
        condition::set(conditions, end, "True", &reason, &message, self.now);
        if end == "Complete" {
            self.status.completion_time = Some(self.now);
            self.ctx.events().normal(&*self.job, "Completed", "Job completed");
        } else {
            self.ctx.events().warning(&*self.job, &reason, message);
        }
    }

    async fn write_status(&mut self) -> Result<(), ControllerError> {
        if self.status == self.job.status {
            return Ok(());
        }
        let updated = Job { status: self.status.clone(), ..(*self.job).clone() };
        let api = self.ctx.api::<Job>(&self.key.namespace);
        // A stale copy must not count a pod twice: the write insists on the version that was read.
        let written = api.replace_status(&updated).await.doing(|| format!("writing the status of {}", self.key))?;
        self.job = written;
        Ok(())
    }

    /// Removes the finalizer from pods that are noted (or need no noting).
    async fn let_go(&self, which: impl Fn(&Pod) -> bool) -> Result<(), ControllerError> {
        let pods: Vec<_> = self.pods.iter().filter(|pod| is_tracked(pod) && which(pod)).collect();
        let edits: Vec<_> = pods.iter().map(|pod| self.let_go_of(pod)).collect();
        let failure = side_by_side(edits).await.into_iter().find_map(Result::err);
        failure.map_or(Ok(()), Err).doing(|| format!("letting go of pods of {}", self.key))
    }

    async fn let_go_of(&self, pod: &Pod) -> Result<(), Status> {
        let api = self.ctx.api::<Pod>(&self.key.namespace);
        let edited = api.edit(&pod.metadata.name, |pod| {
            let held = is_tracked(pod);
            pod.metadata.finalizers.retain(|name| name != TRACKING);
            held
        });
        gone_is_fine(edited.await)
    }
}

fn index_of(pod: &Pod) -> Option<i32> {
    pod.metadata.annotations.get(INDEX)?.parse().ok()
}

/// Makes a pod the one of an index.
fn number_pod(pod: &mut Pod, job: &str, index: i32) {
    pod.metadata.annotations.insert(INDEX.into(), index.to_string());
    pod.metadata.labels.insert(INDEX.into(), index.to_string());
    pod.metadata.generate_name = format!("{job}-{index}-");
    pod.spec.hostname = format!("{job}-{index}");
    for container in pod.spec.containers.iter_mut().chain(&mut pod.spec.init_containers) {
        if !container.env.iter().any(|one| one.name == "JOB_COMPLETION_INDEX") {
            let value = index.to_string();
            container.env.push(EnvVar { name: "JOB_COMPLETION_INDEX".into(), value, ..EnvVar::default() });
        }
    }
}
