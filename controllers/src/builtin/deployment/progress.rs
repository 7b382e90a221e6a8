//! The status of a Deployment: counts, and whether it gets on.

use std::time::Duration;

use pintle_object_model::Time;
use pintle_object_model::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet};

use super::{Work, wanted, wanted_of};
use crate::error::{Doing, gone_is_fine};
use crate::{ControllerError, condition};

const PROGRESSING: &str = "Progressing";
const COMPLETE: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";

/// Sets a condition with its update time, unless status and reason say the same already.
fn set(conditions: &mut Vec<DeploymentCondition>, type_: &str, status: &str, reason: &str, message: &str, now: Time) {
    let current = condition::find(conditions, type_);
    if current.is_some_and(|current| current.status == status && current.reason == reason) {
        return;
    }
    condition::set(conditions, type_, status, reason, message, now);
    touch(conditions, type_, now);
}

fn touch(conditions: &mut [DeploymentCondition], type_: &str, now: Time) {
    for condition in conditions.iter_mut().filter(|condition| condition.type_ == type_) {
        condition.last_update_time = Some(now);
    }
}

impl Work<'_> {
    /// How long a rollout may go without progress; `None` if for ever.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let seconds = self.deployment.spec.progress_deadline_seconds.filter(|seconds| *seconds != i32::MAX)?;
        Some(Duration::from_secs(u64::from(seconds.max(0).unsigned_abs())))
    }

    pub(super) fn set_progressing(&mut self, status: &str, reason: &str, message: &str) {
        if self.deadline().is_some() {
            let now = self.ctx.now();
            set(&mut self.deployment.status.conditions, PROGRESSING, status, reason, message, now);
        }
    }

    /// Notes that the Deployment was paused or resumed: the deadline does not run meanwhile.
    pub(super) async fn note_pause(&mut self) -> Result<(), ControllerError> {
        let reason = condition::find(&self.deployment.status.conditions, PROGRESSING).map(|one| one.reason.as_str());
        if self.deadline().is_none() || reason == Some(TIMED_OUT) {
            return Ok(());
        }
        match (self.deployment.spec.paused, reason == Some("DeploymentPaused")) {
            (true, false) => self.set_progressing("Unknown", "DeploymentPaused", "Deployment is paused"),
            (false, true) => self.set_progressing("Unknown", "DeploymentResumed", "Deployment is resumed"),
            _ => return Ok(()),
        }
        let mut changed = (*self.read).clone();
        changed.status.conditions.clone_from(&self.deployment.status.conditions);
        let api = self.ctx.api::<Deployment>(&changed.metadata.namespace);
        let written = api.replace_status(&changed).await.doing(|| format!("pausing {}", changed.metadata.name))?;
        self.deployment = (*written).clone();
        self.read = written;
        Ok(())
    }

    fn counts(&self) -> DeploymentStatus {
        let sum = |of: fn(&ReplicaSet) -> i32| -> i32 { self.all().map(of).sum() };
        let available = sum(|set| set.status.available_replicas);
        let mut status = self.deployment.status.clone();
        status.observed_generation = self.deployment.metadata.generation;
        status.replicas = sum(|set| set.status.replicas);
        status.updated_replicas = self.new.as_ref().map_or(0, |set| set.status.replicas);
        status.ready_replicas = sum(|set| set.status.ready_replicas);
        status.available_replicas = available;
        status.unavailable_replicas = (sum(wanted_of) - available).max(0);
        status.terminating_replicas = Some(sum(|set| set.status.terminating_replicas.unwrap_or_default()));
        let now = self.ctx.now();
        let (value, reason, message) = if available >= wanted(&self.deployment) - self.max_unavailable() {
            ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        };
        set(&mut status.conditions, "Available", value, reason, message, now);
        status
    }

    pub(super) fn is_complete(&self) -> bool {
        is_complete(&self.deployment, &self.counts())
    }

    /// Writes the counts.
    pub(super) async fn write_status(&mut self) -> Result<(), ControllerError> {
        let status = self.counts();
        self.write(status).await.map(drop)
    }

    /// Answers whether there was anything new.
    async fn write(&mut self, status: DeploymentStatus) -> Result<bool, ControllerError> {
        if self.read.status == status {
            return Ok(false);
        }
        let mut changed = (*self.read).clone();
        changed.status = status;
        let api = self.ctx.api::<Deployment>(&changed.metadata.namespace);
        let written = api.replace_status(&changed).await;
        gone_is_fine(written).doing(|| format!("writing the status of {}", changed.metadata.name))?;
        Ok(true)
    }

    /// Judges how the rollout gets on and writes the status. Answers when the deadline is to be looked at.
    pub(super) async fn finish(&mut self) -> Result<Option<Duration>, ControllerError> {
        let mut status = self.counts();
        let now = self.ctx.now();
        match self.deadline() {
            None => condition::remove(&mut status.conditions, PROGRESSING),
            Some(deadline) => self.judge(&mut status, deadline, now),
        }
        let failed = self.all().find_map(|set| condition::find(&set.status.conditions, "ReplicaFailure"));
        match failed {
            Some(failed) => {
                let (reason, message) = (failed.reason.clone(), failed.message.clone());
                set(&mut status.conditions, "ReplicaFailure", &failed.status.clone(), &reason, &message, now);
            }
            None => condition::remove(&mut status.conditions, "ReplicaFailure"),
        }
        let left = self.deadline().and_then(|deadline| time_left(&self.deployment, &status, deadline, now));
        self.write(status).await?;
        Ok(left)
    }

    fn judge(&self, status: &mut DeploymentStatus, deadline: Duration, now: Time) {
        let current = condition::find(&status.conditions, PROGRESSING).cloned();
        let was_complete = status.replicas == status.updated_replicas
            && current.as_ref().is_some_and(|current| current.reason == COMPLETE);
        if was_complete {
            return;
        }
        let subject = match &self.new {
            Some(set) => format!("ReplicaSet \"{}\"", set.metadata.name),
            None => format!("Deployment \"{}\"", self.deployment.metadata.name),
        };
        let conditions = &mut status.conditions;
        if is_complete(&self.deployment, &DeploymentStatus { conditions: vec![], ..status_counts(&self.counts()) }) {
            set(conditions, PROGRESSING, "True", COMPLETE, &format!("{subject} has successfully progressed."), now);
        } else if has_progressed(&self.read.status, &status_counts(&self.counts())) {
            condition::set(
                conditions,
                PROGRESSING,
                "True",
                "ReplicaSetUpdated",
                &format!("{subject} is progressing."),
                now,
            );
            touch(conditions, PROGRESSING, now);
        } else if timed_out(current.as_ref(), deadline, now) {
            set(conditions, PROGRESSING, "False", TIMED_OUT, &format!("{subject} has timed out progressing."), now);
        }
    }
}

fn status_counts(status: &DeploymentStatus) -> DeploymentStatus {
    DeploymentStatus { conditions: vec![], ..status.clone() }
}

fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let wanted = wanted(deployment);
    status.updated_replicas == wanted
        && status.replicas == wanted
        && status.available_replicas == wanted
        && status.observed_generation >= deployment.metadata.generation
}

fn has_progressed(before: &DeploymentStatus, now: &DeploymentStatus) -> bool {
    let old = |status: &DeploymentStatus| status.replicas - status.updated_replicas;
    now.updated_replicas > before.updated_replicas
        || old(now) < old(before)
        || now.ready_replicas > before.ready_replicas
        || now.available_replicas > before.available_replicas
}

fn timed_out(current: Option<&DeploymentCondition>, deadline: Duration, now: Time) -> bool {
    let Some(current) = current else { return false };
    match current.reason.as_str() {
        COMPLETE => false,
        TIMED_OUT => true,
        _ => current.last_update_time.is_some_and(|since| now.since(since) > deadline),
    }
}

/// How long until the deadline passes, if it runs.
fn time_left(deployment: &Deployment, status: &DeploymentStatus, deadline: Duration, now: Time) -> Option<Duration> {
    let current = condition::find(&status.conditions, PROGRESSING)?;
    if is_complete(deployment, status) || matches!(current.reason.as_str(), TIMED_OUT | COMPLETE) {
        return None;
    }
    // One second more than the deadline: times are whole seconds.
    let since = now.since(current.last_update_time?);
    Some((deadline + Duration::from_secs(1)).saturating_sub(since).max(Duration::from_millis(100)))
}
