//! Drives one pod: observes, asks the machine, carries out, reports.
//!
//! In: the pod as the API has it, the runtime's events, results. Out: calls of the runtime, the pod's status. Invariants: one
//! worker per pod UID; stopping a worker leaves the pod running for the next agent. Elsewhere: decisions (`pod`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pintle_object_model::Status;
use pintle_object_model::api::core::v1::{Pod, PodStatus};
use pintle_object_model::api::meta::v1::{DeleteOptions, Preconditions};
use pintle_watch::{Backoff, Shutdown};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tracing::{debug, warn};

use super::Shared;
use super::actions::{Doer, Volumes};
use super::pod::{Action, End, Failure, FailureKind, Notice, Plan, PodMachine, ProbeKind, View};
use super::probing::{Probed, Probing};
use super::status::{StatusContext, compute};
use crate::probe::describe;
use crate::{ContainerInfo, ContainerState, RuntimeError, SandboxInfo};

/// The pod as the API has it.
#[derive(Clone, Debug)]
pub(crate) struct PodInput {
    pub(crate) pod: Arc<Pod>,
    pub(crate) removed: bool,
}

/// A worker looks again after this time, whatever happens.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// Waits between failed writes.
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// What a task of the worker brings back.
enum Done {
    SetUp(Result<(), Failure>),
    Started { name: String, attempt: u32, result: Result<(), Failure> },
    Stopped { name: String, result: Result<(), RuntimeError> },
    SandboxesStopped(Result<(), Failure>),
    TornDown(bool),
    Removed,
    Written(Result<Arc<Pod>, Status>),
    Deleted(Result<(), Status>),
    Refreshed,
}

pub(crate) struct Worker {
    shared: Arc<Shared>,
    pod: Arc<Pod>,
    removed: bool,
    machine: PodMachine,
    tasks: JoinSet<Done>,
    starting: BTreeMap<String, AbortHandle>,
    probes: BTreeMap<(crate::ContainerId, ProbeKind), Probing>,
    probed: (mpsc::Sender<Probed>, mpsc::Receiver<Probed>),
    messages: BTreeMap<String, String>,
    volumes: Volumes,
    writing: bool,
    deleting: bool,
    write_retry: Backoff,
    write_after: Option<Duration>,
    refresh_at: Duration,
    refreshing: bool,
    gone: bool,
}

/// What the runtime holds of a pod.
struct Seen {
    sandboxes: Vec<SandboxInfo>,
    containers: Vec<ContainerInfo>,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, pod: Arc<Pod>) -> Self {
        let now = shared.clock.utc().to_time();
        let write_retry = Backoff::new(RETRY_MIN, RETRY_MAX, shared.random.clone());
        Self {
            machine: PodMachine::new(&pod, now),
            refresh_at: shared.clock.now() + shared.config.volume_period,
            shared,
            pod,
            removed: false,
            tasks: JoinSet::new(),
            starting: BTreeMap::new(),
            probes: BTreeMap::new(),
            probed: mpsc::channel(64),
            messages: BTreeMap::new(),
            volumes: Volumes::default(),
            writing: false,
            deleting: false,
            write_retry,
            write_after: None,
            refreshing: false,
            gone: false,
        }
    }

    /// Runs until the pod is gone or the agent stops.
    pub(crate) async fn run(mut self, mut input: watch::Receiver<PodInput>, nudge: Arc<Notify>, shutdown: Shutdown) {
        while !self.gone {
            self.take_input(&input.borrow_and_update().clone());
            let wake = match self.look().await {
                Ok(wake) => wake,
                Err(error) => {
                    warn!(error = describe(&error), pod = self.pod.metadata.name, "the runtime does not answer");
                    Some(self.shared.clock.now() + Duration::from_secs(1))
                }
            };
            if self.gone {
                return;
            }
            let now = self.shared.clock.now();
            let wait = wake.map_or(LOOK_AGAIN, |at| at.saturating_sub(now).min(LOOK_AGAIN));
            tokio::select! {
                biased;
                () = shutdown.wait() => return,
                changed = input.changed() => if changed.is_err() { return },
                Some(done) = self.tasks.join_next() => self.take(done),
                Some(probed) = self.probed.1.recv() => self.take_probe(&probed),
                () = nudge.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
            // What has become ready meanwhile is taken in one go.
            while let Some(done) = self.tasks.try_join_next() {
                self.take(done);
            }
            while let Ok(probed) = self.probed.1.try_recv() {
                self.take_probe(&probed);
            }
        }
    }

    fn take_input(&mut self, input: &PodInput) {
        self.removed |= input.removed;
        self.take_pod(&input.pod);
    }

    /// Keeps the newest of what the informer and our own writes say.
    fn take_pod(&mut self, pod: &Arc<Pod>) {
        let version = |pod: &Pod| pod.metadata.resource_version.parse::<u64>().unwrap_or_default();
        if pod.metadata.uid == self.pod.metadata.uid && version(pod) >= version(&self.pod) {
            self.pod = Arc::clone(pod);
        }
    }

    fn doer(&self) -> Doer {
        Doer { shared: Arc::clone(&self.shared), pod: Arc::clone(&self.pod), volumes: Arc::clone(&self.volumes) }
    }

    async fn seen(&self) -> Result<Seen, RuntimeError> {
        let uid = &self.pod.metadata.uid;
        let mut sandboxes = self.shared.runtime.sandboxes().await?;
        sandboxes.retain(|sandbox| sandbox.identity.uid == *uid);
        sandboxes.sort_by_key(|sandbox| sandbox.identity.attempt);
        let mut containers = self.shared.runtime.containers().await?;
        containers.retain(|container| sandboxes.iter().any(|sandbox| sandbox.id == container.sandbox));
        containers.sort_by(|a, b| (&a.name, a.attempt).cmp(&(&b.name, b.attempt)));
        Ok(Seen { sandboxes, containers })
    }

    /// One round. Answers when to look again.
    async fn look(&mut self) -> Result<Option<Duration>, RuntimeError> {
        let seen = self.seen().await?;
        self.read_last_words(&seen).await;
        let (pod, now) = (Arc::clone(&self.pod), self.shared.clock.now());
        let view = View { pod: &pod, removed: self.removed, sandboxes: &seen.sandboxes, containers: &seen.containers };
        let plan = self.machine.step(&view, now, self.shared.clock.utc());
        let mut wake = plan.wake;
        self.carry_out(plan, &seen);
        let status = compute(
            &self.machine,
            &view,
            &StatusContext {
                host_ips: &self.shared.config.addresses,
                messages: &self.messages,
                now: self.shared.clock.utc().to_time(),
            },
        );
        self.report(status, now);
        self.refresh(now);
        self.sweep(&seen);
        // A time that has come has done its work by now.
        self.write_after = self.write_after.filter(|at| *at > now);
        for at in [self.write_after, Some(self.refresh_at)].into_iter().flatten() {
            wake = Some(wake.map_or(at, |earlier| earlier.min(at)));
        }
        Ok(wake)
    }

    fn carry_out(&mut self, plan: Plan, seen: &Seen) {
        for notice in plan.notices {
            self.announce(&notice);
        }
        for action in plan.actions {
            self.spawn(action, seen);
        }
        self.probes.retain(|(id, kind), _| plan.probes.iter().any(|(wanted, _, k)| wanted == id && k == kind));
        for (id, name, kind) in plan.probes {
            if self.probes.contains_key(&(id.clone(), kind)) {
                continue;
            }
            let Some(part) = self.machine.part(&name).cloned() else { continue };
            let Some(sandbox) = seen.sandboxes.iter().rev().find(|sandbox| sandbox.ready) else { continue };
            let host = super::actions::pod_host(sandbox, &self.shared);
            let probing = Probing::start(self.doer(), part, id.clone(), kind, host, self.probed.0.clone());
            self.probes.insert((id, kind), probing);
        }
    }

    fn announce(&self, notice: &Notice) {
        let doer = self.doer();
        let metadata = &self.pod.metadata;
        match notice {
            Notice::DeadlineExceeded => {
                let text = "Pod was active on the node longer than the specified deadline";
                self.shared.events.normal(&*self.pod, "DeadlineExceeded", text);
            }
            Notice::CrashBackOff { name } => {
                let Some(part) = self.machine.part(name) else { return };
                let (pod, namespace, uid) = (&metadata.name, &metadata.namespace, &metadata.uid);
                let text = format!("Back-off restarting failed container {name} in pod {pod}_{namespace}({uid})");
                doer.warn(part, "BackOff", text);
            }
            Notice::PullBackOff { name } => {
                let Some(part) = self.machine.part(name) else { return };
                doer.note(part, "BackOff", format!("Back-off pulling image {:?}", part.container.image));
                doer.warn(part, "Failed", "Error: ImagePullBackOff");
            }
        }
    }

    fn spawn(&mut self, action: Action, seen: &Seen) {
        let doer = self.doer();
        match action {
            Action::SetUp { attempt } => {
                self.tasks.spawn(async move { Done::SetUp(doer.set_up(attempt).await) });
            }
            Action::Start { name, attempt, sandbox } => {
                let sandbox = seen.sandboxes.iter().find(|found| found.id == sandbox).cloned();
                let (Some(part), Some(sandbox)) = (self.machine.part(&name).cloned(), sandbox) else {
                    self.machine.started(&name, attempt, Ok(()), self.shared.clock.now());
                    return;
                };
                // A container that was made and never ran is in the way of the next attempt.
                let stale = seen.containers.iter().filter(|c| c.name == name && c.state == ContainerState::Created);
                let stale: Vec<_> = stale.map(|container| container.id.clone()).collect();
                let key = name.clone();
                let handle = self.tasks.spawn(async move {
                    for id in &stale {
                        let _ = doer.shared.runtime.remove_container(id).await;
                    }
                    let result = doer.start(&part, attempt, &sandbox).await;
                    Done::Started { name, attempt, result }
                });
                self.starting.insert(key, handle);
            }
            Action::AbortStart { name } => {
                if let Some(handle) = self.starting.remove(&name) {
                    handle.abort();
                }
            }
            Action::Stop { id, name, grace, message, pre_stop } => {
                let Some(part) = self.machine.part(&name).cloned() else { return };
                self.tasks.spawn(async move {
                    let result = doer.stop(&part, &id, grace, &message, pre_stop).await;
                    Done::Stopped { name, result }
                });
            }
            Action::StopSandboxes(ids) => {
                self.tasks.spawn(async move {
                    for id in &ids {
                        if let Err(error) = doer.shared.runtime.stop_sandbox(id).await {
                            let message = describe(&error);
                            let failure =
                                Failure { kind: FailureKind::Create, reason: "FailedKillPod".into(), message };
                            return Done::SandboxesStopped(Err(failure));
                        }
                    }
                    Done::SandboxesStopped(Ok(()))
                });
            }
            Action::TearDown => {
                self.tasks.spawn(async move { Done::TornDown(doer.tear_down().await) });
            }
            Action::Remove => {
                let ids: Vec<_> = seen.sandboxes.iter().map(|sandbox| sandbox.id.clone()).collect();
                self.tasks.spawn(async move {
                    doer.remove(&ids).await;
                    Done::Removed
                });
            }
        }
    }

    fn take(&mut self, done: Result<Done, tokio::task::JoinError>) {
        let now = self.shared.clock.now();
        let done = match done {
            Ok(done) => done,
            Err(error) => {
                if error.is_panic() {
                    tracing::error!(%error, pod = self.pod.metadata.name, "a task of a pod panicked");
                }
                return;
            }
        };
        match done {
            Done::SetUp(result) => self.machine.set_up(result, now),
            Done::Started { name, attempt, result } => {
                self.starting.remove(&name);
                self.machine.started(&name, attempt, result, now);
            }
            Done::Stopped { name, result } => {
                if let Err(error) = result {
                    debug!(%error, container = name, "a container could not be stopped");
                }
                self.machine.stopped(&name);
            }
            Done::SandboxesStopped(result) => self.machine.sandboxes_stopped(result, now),
            Done::TornDown(success) => self.machine.torn_down(success),
            Done::Removed => self.gone = true,
            Done::Written(result) => self.take_written(result, now),
            Done::Deleted(result) => {
                self.deleting = false;
                match result {
                    // The informer tells when it is gone; finalizers may keep it.
                    Ok(()) => self.write_after = Some(now + RETRY_MAX),
                    Err(status) if status.is_not_found() || status.is_conflict() => self.removed = true,
                    Err(status) => {
                        debug!(%status, pod = self.pod.metadata.name, "a pod could not be deleted");
                        self.write_after = Some(now + self.write_retry.next_delay());
                    }
                }
            }
            Done::Refreshed => self.refreshing = false,
        }
    }

    fn take_written(&mut self, result: Result<Arc<Pod>, Status>, now: Duration) {
        self.writing = false;
        match result {
            Ok(pod) if pod.metadata.uid == self.pod.metadata.uid => {
                self.write_retry.reset();
                self.write_after = None;
                self.take_pod(&pod);
            }
            // Another pod of this name: ours is gone.
            Ok(_) => self.removed = true,
            Err(status) if status.is_not_found() => self.removed = true,
            Err(status) => {
                debug!(%status, pod = self.pod.metadata.name, "a status could not be written");
                self.write_after = Some(now + self.write_retry.next_delay());
            }
        }
    }

    fn take_probe(&mut self, probed: &Probed) {
        self.machine.probed(&probed.name, &probed.id, probed.kind, probed.success);
    }

    /// Writes the status if it is news; deletes the pod when all is over.
    fn report(&mut self, status: PodStatus, now: Duration) {
        if self.writing || self.deleting || self.removed || self.write_after.is_some_and(|at| at > now) {
            return;
        }
        let api = self.shared.client.namespaced::<Pod>(&self.pod.metadata.namespace);
        if status != self.pod.status {
            let mut pod = (*self.pod).clone();
            pod.status = status;
            self.writing = true;
            self.tasks.spawn(async move {
                let written = match api.replace_status(&pod).await {
                    // Somebody else was faster: the next round starts from what is there now.
                    Err(status) if status.is_conflict() => api.get(&pod.metadata.name).await,
                    other => other,
                };
                Done::Written(written)
            });
        } else if self.machine.is_ended()
            && self.machine.end() == Some(End::Deleted)
            && self.pod.metadata.deletion_timestamp.is_some()
        {
            let name = self.pod.metadata.name.clone();
            let preconditions = Preconditions { uid: Some(self.pod.metadata.uid.clone()), resource_version: None };
            let options = DeleteOptions {
                grace_period_seconds: Some(0),
                preconditions: Some(Box::new(preconditions)),
                ..DeleteOptions::default()
            };
            self.deleting = true;
            self.tasks.spawn(async move { Done::Deleted(api.delete(&name, options).await.map(drop)) });
        }
    }

    /// Brings volumes up to date from time to time.
    fn refresh(&mut self, now: Duration) {
        if now < self.refresh_at {
            return;
        }
        self.refresh_at = now + self.shared.config.volume_period;
        if self.machine.end().is_none() && !self.refreshing && !self.pod.spec.volumes.is_empty() {
            self.refreshing = true;
            let doer = self.doer();
            self.tasks.spawn(async move {
                doer.refresh_volumes().await;
                Done::Refreshed
            });
        }
    }

    /// Removes what nobody asks for any more: all but the last two attempts of a container, all but the newest sandbox.
    fn sweep(&mut self, seen: &Seen) {
        let newest = seen.sandboxes.last().filter(|sandbox| sandbox.ready).map(|sandbox| sandbox.id.clone());
        for container in &seen.containers {
            let newer = seen.containers.iter().filter(|c| c.name == container.name && c.attempt > container.attempt);
            if newer.count() >= 2 && !matches!(container.state, ContainerState::Running { .. }) {
                let (runtime, id) = (Arc::clone(&self.shared.runtime), container.id.clone());
                self.messages.remove(&id.0);
                let log = container.log_path.clone();
                tokio::spawn(async move {
                    let _ = runtime.remove_container(&id).await;
                    let _ = tokio::fs::remove_file(log).await;
                });
            }
        }
        let Some(newest) = newest else { return };
        for sandbox in seen.sandboxes.iter().filter(|sandbox| !sandbox.ready && sandbox.id != newest) {
            // An old sandbox goes once its containers have been replaced, so that their endings stay known.
            let needed = seen.containers.iter().any(|container| {
                container.sandbox == sandbox.id
                    && !seen.containers.iter().any(|c| c.name == container.name && c.attempt > container.attempt)
            });
            if !needed {
                let (runtime, id) = (Arc::clone(&self.shared.runtime), sandbox.id.clone());
                tokio::spawn(async move {
                    let _ = runtime.remove_sandbox(&id).await;
                });
            }
        }
    }

    /// Reads what ended containers left as their last words.
    async fn read_last_words(&mut self, seen: &Seen) {
        for found in &seen.containers {
            let ContainerState::Exited { exit_code, .. } = found.state else { continue };
            if self.messages.contains_key(&found.id.0) {
                continue;
            }
            let path = self.shared.paths.last_words(&self.pod, &found.name, found.attempt);
            let mut words = match path {
                Some(path) => crate::logs::read_start(&path).await,
                None => String::new(),
            };
            let policy = self.machine.part(&found.name).map(|part| part.container.termination_message_policy.clone());
            if words.is_empty() && exit_code != 0 && policy.as_deref() == Some("FallbackToLogsOnError") {
                words = crate::logs::last_lines(&found.log_path).await;
            }
            self.messages.insert(found.id.0.clone(), words);
        }
    }
}
