//! CronJobs: a Job at every scheduled time.
//!
//! In: CronJobs and their Jobs. Out: Jobs made (named after their time, so that none is made twice), old ones deleted,
//! status. Invariant: after a gap only the most recent missed time is caught up with, and only within
//! `startingDeadlineSeconds`. Source: Kubernetes concepts, "CronJob".

mod schedule;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::api::batch::v1::{CronJob, Job};
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::{ObjectRef, Time};
use pintle_watch::reference;

use super::job::finished;
use crate::error::{Doing, gone_is_fine};
use crate::owner::{BY_OWNER, by_owner, controller_ref};
use crate::{Action, Context, Controller, ControllerError, Reconciler};
use schedule::Schedule;

const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/// More missed times than this are worth a warning.
const MISSED_MAX: usize = 100;

/// The `cronjob` controller.
pub(crate) fn controller() -> Controller {
    Controller::new("cronjob")
        .component("cronjob-controller")
        .index::<Job>(BY_OWNER, by_owner::<Job>)
        .for_::<CronJob>()
        .owns::<Job>()
        .build(CronJobs)
}

struct CronJobs;

#[async_trait]
impl Reconciler for CronJobs {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(read) = ctx.cached::<CronJob>().get(&key.namespace, &key.name) else { return Ok(Action::done()) };
        let mut cron = (*read).clone();
        let jobs = ctx.cached::<Job>().indexed(BY_OWNER, &cron.metadata.uid);
        note_ended(ctx, &mut cron, &jobs);
        clean_up(ctx, &cron, &jobs).await?;
        let next = if cron.metadata.deletion_timestamp.is_some() || cron.spec.suspend == Some(true) {
            None
        } else {
            start_due(ctx, &mut cron, &jobs).await?
        };
        if cron.status != read.status {
            let written = ctx.api::<CronJob>(&key.namespace).replace_status(&cron).await;
            gone_is_fine(written).doing(|| format!("writing the status of {key}"))?;
        }
        Ok(next.map_or_else(Action::done, Action::requeue_after))
    }
}

/// Takes Jobs that ended or are gone off the list of active ones.
fn note_ended(ctx: &Context, cron: &mut CronJob, jobs: &[Arc<Job>]) {
    for job in jobs {
        let Some((how, _)) = finished(job) else { continue };
        if how == "Complete" && job.status.completion_time > cron.status.last_successful_time {
            cron.status.last_successful_time = job.status.completion_time;
        }
        if cron.status.active.iter().any(|active| active.uid == job.metadata.uid) {
            let message = format!("Saw completed job: {}, condition: {how}", job.metadata.name);
            ctx.events().normal(cron, "SawCompletedJob", message);
        }
    }
    // A Job that was just made may not show yet: it is off the list only if it is known to have ended, or is not there
    // while a younger one is.
    let now = ctx.now();
    let fresh = cron.status.last_schedule_time.is_some_and(|at| now.since(at) < Duration::from_secs(30));
    cron.status.active.retain(|active| match jobs.iter().find(|job| job.metadata.uid == active.uid) {
        Some(job) => finished(job).is_none(),
        None => fresh,
    });
}

/// Deletes the oldest Jobs that ended, beyond the limits.
async fn clean_up(ctx: &Context, cron: &CronJob, jobs: &[Arc<Job>]) -> Result<(), ControllerError> {
    let limits = [
        ("Complete", cron.spec.successful_jobs_history_limit.unwrap_or(3)),
        ("Failed", cron.spec.failed_jobs_history_limit.unwrap_or(1)),
    ];
    for (how, limit) in limits {
        let mut ended: Vec<_> = jobs.iter().filter(|job| finished(job).is_some_and(|(end, _)| end == how)).collect();
        ended.sort_by_key(|job| (job.status.start_time, job.metadata.name.clone()));
        let excess = ended.len().saturating_sub(usize::try_from(limit).unwrap_or_default());
        for job in ended.into_iter().take(excess) {
            delete(ctx, cron, job).await?;
        }
    }
    Ok(())
}

async fn delete(ctx: &Context, cron: &CronJob, job: &Job) -> Result<(), ControllerError> {
    let name = &job.metadata.name;
    let options = DeleteOptions { propagation_policy: Some("Background".into()), ..DeleteOptions::default() };
    let deleted = ctx.api::<Job>(&job.metadata.namespace).delete(name, options).await;
    gone_is_fine(deleted).doing(|| format!("deleting job {name}"))?;
    ctx.events().normal(cron, "SuccessfulDelete", format!("Deleted job {name}"));
    Ok(())
}

/// Starts the Job that is due, if any. Answers how long until the next time.
async fn start_due(ctx: &Context, cron: &mut CronJob, jobs: &[Arc<Job>]) -> Result<Option<Duration>, ControllerError> {
    let now = ctx.now();
    let schedule = match Schedule::parse(&cron.spec.schedule, cron.spec.time_zone.as_deref()) {
        Ok(schedule) => schedule,
        Err(why) => {
            let message = format!("unparseable schedule {:?}: {why}", cron.spec.schedule);
            ctx.events().warning(cron, "UnparseableSchedule", message);
            return Ok(None);
        }
    };
    let created = cron.metadata.creation_timestamp.unwrap_or(now);
    let mut since = cron.status.last_schedule_time.unwrap_or(created);
    let deadline = cron.spec.starting_deadline_seconds;
    if let Some(seconds) = deadline {
        since = since.max(Time::from_unix(now.unix().saturating_sub(seconds)));
    }
    let next = schedule.next(now).map(|next| next.since(now).max(Duration::from_millis(100)));
    let Some(due) = schedule.latest(since, now) else { return Ok(next) };
    if missed(&schedule, since, now) > MISSED_MAX {
        let message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
        ctx.events().warning(cron, "TooManyMissedTimes", message);
    }
    let name = format!("{}-{}", cron.metadata.name, due.unix() / 60);
    if jobs.iter().any(|job| job.metadata.name == name) || cron.status.active.iter().any(|one| one.name == name) {
        cron.status.last_schedule_time = Some(due);
        return Ok(next);
    }
    if !cron.status.active.is_empty() {
        match cron.spec.concurrency_policy.as_str() {
            "Forbid" => {
                let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
                ctx.events().normal(cron, "JobAlreadyActive", message);
                return Ok(next);
            }
            "Replace" => {
                let active = std::mem::take(&mut cron.status.active);
                for job in jobs.iter().filter(|job| active.iter().any(|one| one.uid == job.metadata.uid)) {
                    delete(ctx, cron, job).await?;
                }
            }
            _ => {}
        }
    }
    start(ctx, cron, &schedule, &name, due).await?;
    Ok(next)
}

async fn start(
    ctx: &Context,
    cron: &mut CronJob,
    schedule: &Schedule,
    name: &str,
    due: Time,
) -> Result<(), ControllerError> {
    let mut job = Job::default();
    let template = &cron.spec.job_template;
    job.metadata.name = name.to_owned();
    job.metadata.namespace.clone_from(&cron.metadata.namespace);
    job.metadata.labels.clone_from(&template.metadata.labels);
    job.metadata.annotations.clone_from(&template.metadata.annotations);
    job.metadata.annotations.insert(SCHEDULED.into(), schedule.show(due));
    job.metadata.owner_references.push(controller_ref(cron));
    job.spec.clone_from(&template.spec);
    let api = ctx.api::<Job>(&job.metadata.namespace);
    let made = match api.create(&job).await {
        Err(status) if super::replicas::is_terminating_namespace(&status) => return Ok(()),
        Err(status) if status.is_already_exists() => {
            let found = api.get(name).await.doing(|| format!("reading job {name}"))?;
            if !found.metadata.owner_references.iter().any(|owner| owner.uid == cron.metadata.uid) {
                return Err(status).doing(|| format!("making job {name}"));
            }
            found
        }
        Err(status) => {
            ctx.events().warning(cron, "FailedCreate", format!("Error creating job: {status}"));
            return Err(status).doing(|| format!("making job {name}"));
        }
        Ok(made) => {
            ctx.events().normal(cron, "SuccessfulCreate", format!("Created job {name}"));
            made
        }
    };
    cron.status.active.push(reference(&*made));
    cron.status.last_schedule_time = Some(due);
    Ok(())
}

/// How many times have passed, counted up to one more than is worth a warning.
fn missed(schedule: &Schedule, since: Time, now: Time) -> usize {
    let times = std::iter::successors(schedule.next(since), |time| schedule.next(*time));
    times.take_while(|time| *time <= now).take(MISSED_MAX + 1).count()
}
