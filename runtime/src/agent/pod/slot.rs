//! What is remembered about one container between its attempts: failures, waits, probe results.
//!
//! Source: Pod Lifecycle, "How Pods handle problems with containers" (10 s doubling to 5 min, forgotten after 10 min).

use std::time::Duration;

use pintle_object_model::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod};

use super::ProbeKind;
use crate::ContainerId;

/// The first wait after a failure.
const BACK_OFF_MIN: Duration = Duration::from_secs(10);
/// The longest wait.
const BACK_OFF_MAX: Duration = Duration::from_secs(300);
/// A container that was started longer ago than this starts over with the first wait.
const BACK_OFF_RESET: Duration = Duration::from_secs(600);
/// How long the failure itself is shown before the wait is.
const FAILURE_SHOWN: Duration = Duration::from_secs(5);

/// What is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    Starting,
    Stopping { until: Duration },
}

/// How a failure is retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The image could not be had: longer and longer waits.
    Pull,
    /// The container could not be made: tried again after a while.
    Create,
    /// The container was made, but its program could not be run: like a crash.
    Run,
}

/// Why something did not work, as the status shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    /// Reason of the waiting state, such as `ErrImagePull`.
    pub(crate) reason: String,
    pub(crate) message: String,
}

/// One container's memory.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    pub(crate) busy: Option<Busy>,
    pub(crate) failure: Option<Failure>,
    pub(crate) retry_at: Option<Duration>,
    failed_at: Option<Duration>,
    pull_wait: Option<Duration>,
    crash: Option<Crash>,
    /// Waits between crashes now: the message of `CrashLoopBackOff`.
    pub(crate) crash_message: Option<String>,
    /// The number that the next container gets if the runtime has none left.
    pub(crate) next_attempt: u32,
    /// How the last container ended, if the runtime has forgotten it.
    pub(crate) last: Option<ContainerStateTerminated>,
    /// The container that runs, to which the probe results belong.
    pub(crate) current: Option<ContainerId>,
    pub(crate) started: bool,
    pub(crate) ready: bool,
    pub(crate) condemned: Option<ProbeKind>,
    /// Reported by an earlier agent: valid for this container only.
    reported: Option<(ContainerId, bool, bool)>,
}

#[derive(Clone, Copy, Debug)]
struct Crash {
    wait: Duration,
    updated: Duration,
}

impl Slot {
    pub(crate) fn from_status(status: &ContainerStatus) -> Self {
        let id = status.container_id.strip_prefix(super::super::CONTAINER_ID_SCHEME).unwrap_or_default();
        let known = !id.is_empty();
        let count = u32::try_from(status.restart_count).unwrap_or_default();
        Self {
            next_attempt: if known { count + 1 } else { 0 },
            last: status.state.terminated.as_deref().or(status.last_state.terminated.as_deref()).cloned(),
            reported: known.then(|| (ContainerId(id.into()), status.started == Some(true), status.ready)),
            ..Self::default()
        }
    }

    /// Probe results belong to one container: another one starts without any.
    pub(super) fn follow(&mut self, running: Option<&ContainerId>) {
        if self.current.as_ref() == running {
            return;
        }
        self.current = running.cloned();
        self.condemned = None;
        let reported = self.reported.take().filter(|(id, ..)| Some(id) == running);
        (self.started, self.ready) = reported.map_or((false, false), |(_, started, ready)| (started, ready));
    }

    pub(super) fn fail(&mut self, failure: Failure, now: Duration) {
        let wait = match failure.kind {
            FailureKind::Pull => {
                let next = self.pull_wait.map_or(BACK_OFF_MIN, |wait| (wait * 2).min(BACK_OFF_MAX));
                self.pull_wait = Some(next);
                next
            }
            FailureKind::Create | FailureKind::Run => BACK_OFF_MIN,
        };
        self.failure = Some(failure);
        self.failed_at = Some(now);
        self.retry_at = Some(now + wait);
    }

    pub(super) fn succeeded(&mut self, attempt: u32) {
        self.failure = None;
        self.retry_at = None;
        self.pull_wait = None;
        self.crash_message = None;
        self.next_attempt = attempt + 1;
    }

    /// `None` if nothing hinders the next attempt; else whether the failure has just become a wait.
    pub(super) fn turn_into_back_off(&mut self, now: Duration) -> Option<bool> {
        if self.retry_at.is_none_or(|at| at <= now) {
            return None;
        }
        let shown = self.failed_at.is_some_and(|at| now >= at + FAILURE_SHOWN);
        match &mut self.failure {
            Some(failure) if shown && failure.kind == FailureKind::Pull && failure.reason == "ErrImagePull" => {
                failure.reason = "ImagePullBackOff".into();
                Some(true)
            }
            _ => Some(false),
        }
    }

    pub(super) fn next_look(&self, now: Duration) -> Option<Duration> {
        let flip = self.failed_at.map(|at| at + FAILURE_SHOWN).filter(|at| *at > now);
        flip.into_iter().chain(self.retry_at).min()
    }

    /// How long a container that ended `ago` still has to wait.
    pub(super) fn crash_wait(&self, now: Duration, ago: Duration) -> Option<Duration> {
        let crash = self.crash.filter(|crash| now.saturating_sub(crash.updated) <= BACK_OFF_RESET)?;
        crash.wait.checked_sub(ago).filter(|left| !left.is_zero())
    }

    /// A container that has ended is about to be started again.
    pub(super) fn count_crash(&mut self, now: Duration) {
        let recent = self.crash.filter(|crash| now.saturating_sub(crash.updated) <= BACK_OFF_RESET);
        let wait = recent.map_or(BACK_OFF_MIN, |crash| (crash.wait * 2).min(BACK_OFF_MAX));
        self.crash = Some(Crash { wait, updated: now });
    }

    /// Answers whether the wait is news.
    pub(super) fn enter_crash_back_off(&mut self, pod: &Pod, name: &str) -> bool {
        let seconds = self.crash.map_or(BACK_OFF_MIN, |crash| crash.wait).as_secs();
        let wait = pintle_object_model::GoDuration::from_nanos(i64::try_from(seconds).unwrap_or(0) * 1_000_000_000);
        let metadata = &pod.metadata;
        let message = format!(
            "back-off {wait} restarting failed container={name} pod={}_{}({})",
            metadata.name, metadata.namespace, metadata.uid
        );
        let news = self.crash_message.as_ref() != Some(&message);
        self.crash_message = Some(message);
        news
    }
}
