//! The life of one pod, as a state machine.
//!
//! In: the pod, what the runtime holds of it, results of actions and probes, and the time. Out: actions to be carried out
//! and when to ask again. Invariants: it asks only for what is not on its way already; whatever it knows beyond the API and
//! the runtime may be lost (the agent may restart at any instruction), and the pod still converges. Elsewhere: carrying
//! out actions (`worker`), the reported status (`status`).
//!
//! Source: Kubernetes concepts, "Pod Lifecycle", "Init Containers", "Sidecar Containers".

mod slot;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use pintle_object_model::api::core::v1::{Container, Pod};
use pintle_object_model::{MicroTime, Time};

use super::container::IMAGE_LABEL;
use super::part::{Part, Role, parts};
use crate::{ContainerId, ContainerInfo, ContainerState, SandboxId, SandboxInfo};

pub(crate) use slot::{Busy, Failure, FailureKind, Slot};

/// What the runtime holds of a pod, and the pod.
#[derive(Clone, Debug)]
pub(crate) struct View<'a> {
    pub(crate) pod: &'a Pod,
    /// The API no longer has the pod.
    pub(crate) removed: bool,
    /// Newest last.
    pub(crate) sandboxes: &'a [SandboxInfo],
    /// By name and attempt.
    pub(crate) containers: &'a [ContainerInfo],
}

impl View<'_> {
    /// The newest container of a name.
    pub(crate) fn latest(&self, name: &str) -> Option<&ContainerInfo> {
        self.containers.iter().filter(|c| c.name == name).max_by_key(|c| c.attempt)
    }

    /// The newest sandbox that works.
    pub(crate) fn sandbox(&self) -> Option<&SandboxInfo> {
        self.sandboxes.iter().rev().find(|sandbox| sandbox.ready)
    }

    fn latest_in(&self, name: &str, sandbox: &SandboxId) -> Option<&ContainerInfo> {
        self.latest(name).filter(|container| container.sandbox == *sandbox)
    }
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Make volumes and a sandbox.
    SetUp { attempt: u32 },
    /// Pull the image, make the container, start it, run its hook.
    Start { name: String, attempt: u32, sandbox: SandboxId },
    /// Give up starting a container.
    AbortStart { name: String },
    /// Run the hook, then end the container.
    Stop { id: ContainerId, name: String, grace: Duration, message: String, pre_stop: bool },
    /// Take sandboxes down; their containers end, too.
    StopSandboxes(Vec<SandboxId>),
    /// Take volumes down.
    TearDown,
    /// Remove everything that the node holds of the pod.
    Remove,
}

/// Which of a container's probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ProbeKind {
    Startup,
    Liveness,
    Readiness,
}

/// Events that only the machine knows of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    CrashBackOff { name: String },
    PullBackOff { name: String },
    DeadlineExceeded,
}

/// What a step leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) actions: Vec<Action>,
    pub(crate) notices: Vec<Notice>,
    /// Probes that should run now, each for one container.
    pub(crate) probes: Vec<(ContainerId, String, ProbeKind)>,
    /// Ask again at this time, even if nothing happens.
    pub(crate) wake: Option<Duration>,
}

impl Plan {
    fn wake_at(&mut self, at: Duration) {
        self.wake = Some(self.wake.map_or(at, |earlier| earlier.min(at)));
    }
}

/// Why a pod ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Its containers have ended and are not to be started again.
    Completed,
    /// Its active deadline has passed.
    Deadline,
    /// It is being deleted.
    Deleted,
}

/// The state of a pod's life beyond what API and runtime know.
#[derive(Debug, Default)]
pub(crate) struct PodMachine {
    slots: BTreeMap<String, Slot>,
    parts: Vec<Part>,
    generation: (i64, usize),
    sandbox: Slot,
    end: Option<End>,
    /// When an ending that is under way must be over.
    ending_until: Option<Duration>,
    stopping_sandbox: bool,
    torn_down: TearDown,
    removing: bool,
    /// When the pod came to this node.
    start_time: Option<Time>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum TearDown {
    #[default]
    Not,
    Going,
    Done,
}

impl PodMachine {
    /// The machine of a pod that was perhaps here before: the reported status says what an earlier agent knew.
    pub(crate) fn new(pod: &Pod, now: Time) -> Self {
        let mut machine = Self { start_time: Some(pod.status.start_time.unwrap_or(now)), ..Self::default() };
        let status = &pod.status;
        let reported = status.init_container_statuses.iter().chain(&status.container_statuses);
        for reported in reported.chain(&status.ephemeral_container_statuses) {
            machine.slots.insert(reported.name.clone(), Slot::from_status(reported));
        }
        machine
    }

    pub(crate) fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.get(name)
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(crate) fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name() == name)
    }

    pub(crate) fn end(&self) -> Option<End> {
        self.end
    }

    pub(crate) fn start_time(&self) -> Option<Time> {
        self.start_time
    }

    /// Everything has ended and the node's resources are free.
    pub(crate) fn is_ended(&self) -> bool {
        self.end.is_some() && self.torn_down == TearDown::Done
    }

    fn slot_mut(&mut self, name: &str) -> &mut Slot {
        self.slots.entry(name.to_owned()).or_default()
    }

    /// Decides what to do now. `now` is the monotonic time, `utc` the calendar's.
    pub(crate) fn step(&mut self, view: &View<'_>, now: Duration, utc: MicroTime) -> Plan {
        let mut plan = Plan::default();
        let shape = (view.pod.metadata.generation, view.pod.spec.ephemeral_containers.len());
        if self.parts.is_empty() || shape != self.generation {
            self.parts = parts(view.pod);
            self.generation = shape;
        }
        self.note_running(view);
        self.decide_end(view, utc, &mut plan);
        match self.end {
            Some(end) => self.wind_down(end, view, now, &mut plan),
            None => self.keep_up(view, now, utc, &mut plan),
        }
        plan
    }

    /// Forgets what was known about containers that have been replaced or have ended.
    fn note_running(&mut self, view: &View<'_>) {
        for (name, slot) in &mut self.slots {
            let running = view.latest(name).filter(|c| matches!(c.state, ContainerState::Running { .. }));
            slot.follow(running.map(|container| &container.id));
        }
    }

    fn decide_end(&mut self, view: &View<'_>, utc: MicroTime, plan: &mut Plan) {
        if view.removed || view.pod.metadata.deletion_timestamp.is_some() {
            self.end = Some(End::Deleted);
            return;
        }
        if self.end.is_some() {
            return;
        }
        if matches!(view.pod.status.phase.as_str(), "Succeeded" | "Failed") {
            let deadline = view.pod.status.reason == "DeadlineExceeded";
            self.end = Some(if deadline { End::Deadline } else { End::Completed });
        } else if self.deadline_passed(view, utc) {
            plan.notices.push(Notice::DeadlineExceeded);
            self.end = Some(End::Deadline);
        } else if self.has_completed(view) {
            self.end = Some(End::Completed);
        }
    }

    fn deadline_passed(&self, view: &View<'_>, utc: MicroTime) -> bool {
        let limit = view.pod.spec.active_deadline_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        match (limit, self.start_time) {
            (Some(limit), Some(start)) => utc.since(start.into()) >= Duration::from_secs(limit),
            _ => false,
        }
    }

    /// Will no container be started again?
    fn has_completed(&self, view: &View<'_>) -> bool {
        let done = |part: &Part| match view.latest(part.name()).map(|found| &found.state) {
            Some(ContainerState::Exited { exit_code, .. }) => !restarts(view.pod, part, *exit_code),
            _ => false,
        };
        let mains = || self.parts.iter().filter(|part| part.role == Role::Main);
        if self.parts.iter().any(|part| part.role == Role::Init && init_failed(view, part)) {
            return mains().all(|part| view.latest(part.name()).is_none());
        }
        mains().next().is_some() && mains().all(done)
    }

    /// Brings the pod closer to running.
    fn keep_up(&mut self, view: &View<'_>, now: Duration, utc: MicroTime, plan: &mut Plan) {
        if let (Some(seconds), Some(start)) = (view.pod.spec.active_deadline_seconds, self.start_time) {
            let end = MicroTime::from(start).after(Duration::from_secs(seconds.max(0).unsigned_abs()));
            plan.wake_at(now + end.since(utc));
        }
        let Some(sandbox) = view.sandbox().map(|sandbox| sandbox.id.clone()) else {
            self.want_sandbox(view, now, plan);
            return;
        };
        self.sandbox.failure = None;
        let names: Vec<(usize, Role)> = self.parts.iter().map(|part| part.role).enumerate().collect();
        for (index, _) in names.iter().filter(|(_, role)| *role == Role::Ephemeral) {
            let part = self.parts[*index].clone();
            if view.latest(part.name()).is_none() {
                self.want_start(&part, view, &sandbox, now, utc, plan);
            }
        }
        // Once a main container has been there, the init containers are history, even if their remains are gone.
        let past_init =
            self.parts.iter().any(|part| part.role == Role::Main && view.latest_in(part.name(), &sandbox).is_some());
        for (index, _) in names.iter().filter(|(_, role)| matches!(role, Role::Init | Role::Sidecar)) {
            let part = self.parts[*index].clone();
            let ready = match part.role {
                Role::Sidecar => self.keep_running(&part, view, &sandbox, now, utc, plan),
                _ if past_init => true,
                _ => self.run_init(&part, view, &sandbox, now, utc, plan),
            };
            if !ready && !past_init {
                self.watch_probes(view, plan);
                return;
            }
        }
        for (index, _) in names.iter().filter(|(_, role)| *role == Role::Main) {
            let part = self.parts[*index].clone();
            self.keep_running(&part, view, &sandbox, now, utc, plan);
        }
        self.watch_probes(view, plan);
    }

    fn want_sandbox(&mut self, view: &View<'_>, now: Duration, plan: &mut Plan) {
        if self.sandbox.busy.is_some() {
            return;
        }
        match self.sandbox.retry_at {
            Some(at) if at > now => plan.wake_at(at),
            _ => {
                let attempt = view.sandboxes.iter().map(|found| found.identity.attempt + 1).max().unwrap_or(0);
                self.sandbox.busy = Some(Busy::Starting);
                plan.actions.push(Action::SetUp { attempt });
            }
        }
    }

    /// Answers whether the init container has done its work.
    fn run_init(
        &mut self,
        part: &Part,
        view: &View<'_>,
        sandbox: &SandboxId,
        now: Duration,
        utc: MicroTime,
        plan: &mut Plan,
    ) -> bool {
        match view.latest_in(part.name(), sandbox).map(|found| &found.state) {
            Some(ContainerState::Exited { exit_code: 0, .. }) => return true,
            Some(ContainerState::Running { .. }) => {}
            Some(ContainerState::Created | ContainerState::Exited { .. }) | None => {
                self.want_start(part, view, sandbox, now, utc, plan);
            }
        }
        false
    }

    /// Starts a container that should run, ends one that a probe has condemned. Answers whether it runs and has started.
    fn keep_running(
        &mut self,
        part: &Part,
        view: &View<'_>,
        sandbox: &SandboxId,
        now: Duration,
        utc: MicroTime,
        plan: &mut Plan,
    ) -> bool {
        let latest = view.latest(part.name());
        match latest.map(|found| (&found.state, &found.id)) {
            Some((ContainerState::Running { .. }, id)) if latest.is_some_and(|found| found.sandbox == *sandbox) => {
                let id = id.clone();
                let changed = latest
                    .and_then(|found| found.labels.get(IMAGE_LABEL))
                    .is_some_and(|image| *image != part.container.image);
                let slot = self.slot_mut(part.name());
                if let Some((grace, message)) = condemned(view.pod, part, slot.condemned.take(), changed)
                    && slot.busy.is_none()
                {
                    slot.busy = Some(Busy::Stopping { until: now + grace });
                    plan.actions.push(Action::Stop {
                        id,
                        name: part.name().to_owned(),
                        grace,
                        message,
                        pre_stop: true,
                    });
                }
                self.has_started(part)
            }
            Some((ContainerState::Exited { exit_code, .. }, _)) if !restarts(view.pod, part, *exit_code) => false,
            _ => {
                self.want_start(part, view, sandbox, now, utc, plan);
                false
            }
        }
    }

    fn want_start(
        &mut self,
        part: &Part,
        view: &View<'_>,
        sandbox: &SandboxId,
        now: Duration,
        utc: MicroTime,
        plan: &mut Plan,
    ) {
        let latest = view.latest(part.name());
        let slot = self.slot_mut(part.name());
        if slot.busy.is_some() {
            return;
        }
        if let Some(flip) = slot.turn_into_back_off(now) {
            if flip {
                plan.notices.push(Notice::PullBackOff { name: part.name().to_owned() });
            }
            slot.next_look(now).into_iter().for_each(|at| plan.wake_at(at));
            return;
        }
        if let Some(ContainerState::Exited { finished, .. }) = latest.map(|found| &found.state) {
            let waited = utc.since(*finished);
            if let Some(left) = slot.crash_wait(now, waited) {
                if slot.enter_crash_back_off(view.pod, part.name()) {
                    plan.notices.push(Notice::CrashBackOff { name: part.name().to_owned() });
                }
                plan.wake_at(now + left);
                return;
            }
            slot.count_crash(now);
        }
        let attempt = latest.map_or(slot.next_attempt, |found| slot.next_attempt.max(found.attempt + 1));
        slot.busy = Some(Busy::Starting);
        plan.actions.push(Action::Start { name: part.name().to_owned(), attempt, sandbox: sandbox.clone() });
    }

    /// Has the container passed its startup probe (or has none), and its start is complete?
    pub(crate) fn has_started(&self, part: &Part) -> bool {
        let slot = self.slots.get(part.name());
        let starting = slot.is_some_and(|slot| slot.busy == Some(Busy::Starting));
        !starting && (part.container.startup_probe.is_none() || slot.is_some_and(|slot| slot.started))
    }

    fn watch_probes(&self, view: &View<'_>, plan: &mut Plan) {
        for part in self.parts.iter().filter(|part| matches!(part.role, Role::Main | Role::Sidecar)) {
            let Some(found) = view.latest(part.name()) else { continue };
            let busy = self.slots.get(part.name()).is_some_and(|slot| slot.busy.is_some());
            if busy || !matches!(found.state, ContainerState::Running { .. }) {
                continue;
            }
            for kind in wanted_probes(&part.container, self.has_started(part)) {
                plan.probes.push((found.id.clone(), part.name().to_owned(), kind));
            }
        }
    }

    /// Ends what runs, in order, then frees the node's resources.
    fn wind_down(&mut self, end: End, view: &View<'_>, now: Duration, plan: &mut Plan) {
        if self.removing {
            return;
        }
        for (name, slot) in &mut self.slots {
            if slot.busy == Some(Busy::Starting) {
                slot.busy = None;
                plan.actions.push(Action::AbortStart { name: name.clone() });
            }
        }
        if self.torn_down == TearDown::Done {
            self.remove_if_gone(view, plan);
            return;
        }
        let grace = ending_grace(end, view);
        let until = self.ending_until.map_or(now + grace, |earlier| earlier.min(now + grace));
        self.ending_until = Some(until);
        if self.stop_some(view, now, until, plan) {
            return;
        }
        let standing: Vec<SandboxId> = view.sandboxes.iter().filter(|s| s.ready).map(|s| s.id.clone()).collect();
        if !standing.is_empty() {
            match self.sandbox.retry_at {
                Some(at) if at > now => plan.wake_at(at),
                _ if !self.stopping_sandbox => {
                    self.stopping_sandbox = true;
                    plan.actions.push(Action::StopSandboxes(standing));
                }
                _ => {}
            }
        } else if self.torn_down == TearDown::Not && self.sandbox.busy.is_none() {
            self.torn_down = TearDown::Going;
            plan.actions.push(Action::TearDown);
        }
    }

    fn remove_if_gone(&mut self, view: &View<'_>, plan: &mut Plan) {
        if view.removed {
            self.removing = true;
            plan.actions.push(Action::Remove);
        }
    }

    /// Ends main, init and ephemeral containers at once, then sidecars from the last to the first. Answers whether
    /// anything still runs.
    fn stop_some(&mut self, view: &View<'_>, now: Duration, until: Duration, plan: &mut Plan) -> bool {
        let running = |name: &str| {
            view.containers
                .iter()
                .filter(|found| found.name == name && matches!(found.state, ContainerState::Running { .. }))
                .max_by_key(|found| found.attempt)
        };
        let live = |part: &&Part| running(part.name()).is_some();
        let mut targets: Vec<Part> =
            self.parts.iter().filter(|part| part.role != Role::Sidecar).filter(live).cloned().collect();
        if targets.is_empty() {
            targets = self.parts.iter().rev().filter(live).take(1).cloned().collect();
        }
        for part in &targets {
            let Some(found) = running(part.name()) else { continue };
            let pod_name = part.name().to_owned();
            let slot = self.slot_mut(&pod_name);
            if matches!(slot.busy, Some(Busy::Stopping { until: set }) if set <= until) {
                continue;
            }
            let again = matches!(slot.busy, Some(Busy::Stopping { .. }));
            slot.busy = Some(Busy::Stopping { until });
            plan.actions.push(Action::Stop {
                id: found.id.clone(),
                message: format!("Stopping container {pod_name}"),
                name: pod_name,
                grace: until.saturating_sub(now),
                pre_stop: !again,
            });
        }
        !targets.is_empty()
    }
}

/// Results of actions and probes.
impl PodMachine {
    /// Making the sandbox is over.
    pub(crate) fn set_up(&mut self, result: Result<(), Failure>, now: Duration) {
        self.sandbox.busy = None;
        match result {
            Ok(()) => {
                self.sandbox = Slot::default();
            }
            Err(failure) => self.sandbox.fail(failure, now),
        }
    }

    /// Starting a container is over.
    pub(crate) fn started(&mut self, name: &str, attempt: u32, result: Result<(), Failure>, now: Duration) {
        let slot = self.slot_mut(name);
        slot.busy = None;
        match result {
            Ok(()) => slot.succeeded(attempt),
            Err(failure) => {
                if failure.kind == FailureKind::Run {
                    // The attempt was used up: a container of this number has been.
                    slot.next_attempt = slot.next_attempt.max(attempt + 1);
                }
                slot.fail(failure, now);
            }
        }
    }

    /// Ending a container is over, successfully or not.
    pub(crate) fn stopped(&mut self, name: &str) {
        let slot = self.slot_mut(name);
        if matches!(slot.busy, Some(Busy::Stopping { .. })) {
            slot.busy = None;
        }
    }

    /// Taking sandboxes down is over.
    pub(crate) fn sandboxes_stopped(&mut self, result: Result<(), Failure>, now: Duration) {
        self.stopping_sandbox = false;
        if let Err(failure) = result {
            self.sandbox.fail(failure, now);
        }
    }

    /// Taking volumes down is over.
    pub(crate) fn torn_down(&mut self, success: bool) {
        self.torn_down = if success { TearDown::Done } else { TearDown::Not };
    }

    /// A probe has changed its mind about a container.
    pub(crate) fn probed(&mut self, name: &str, id: &ContainerId, kind: ProbeKind, success: bool) {
        let slot = self.slot_mut(name);
        if slot.current.as_ref() != Some(id) {
            return;
        }
        match (kind, success) {
            (ProbeKind::Startup, true) => slot.started = true,
            (ProbeKind::Readiness, ready) => slot.ready = ready,
            (ProbeKind::Startup | ProbeKind::Liveness, false) => slot.condemned = Some(kind),
            (ProbeKind::Liveness, true) => slot.condemned = None,
        }
    }
}

/// The probes that a running container wants: until it has started only the one that finds that out.
fn wanted_probes(container: &Container, started: bool) -> Vec<ProbeKind> {
    let has = [
        (container.startup_probe.is_some() && !started, ProbeKind::Startup),
        (container.liveness_probe.is_some() && started, ProbeKind::Liveness),
        (container.readiness_probe.is_some() && started, ProbeKind::Readiness),
    ];
    has.into_iter().filter(|(wanted, _)| *wanted).map(|(_, kind)| kind).collect()
}

/// Why a running container has to be replaced, if it has to: how long it may take, and the words for it.
fn condemned(pod: &Pod, part: &Part, by: Option<ProbeKind>, changed: bool) -> Option<(Duration, String)> {
    let (probe, word) = match by {
        Some(ProbeKind::Startup) => (&part.container.startup_probe, "failed startup probe"),
        Some(ProbeKind::Liveness | ProbeKind::Readiness) => (&part.container.liveness_probe, "failed liveness probe"),
        None if changed => (&None, "definition changed"),
        None => return None,
    };
    let own = probe.as_ref().and_then(|probe| probe.termination_grace_period_seconds);
    let seconds = own.or(pod.spec.termination_grace_period_seconds).unwrap_or(30);
    Some((seconds_of(seconds), format!("Container {} {word}, will be restarted", part.name())))
}

fn seconds_of(seconds: i64) -> Duration {
    Duration::from_secs(seconds.max(0).unsigned_abs())
}

fn ending_grace(end: End, view: &View<'_>) -> Duration {
    let metadata = &view.pod.metadata;
    let own = view.pod.spec.termination_grace_period_seconds.unwrap_or(30);
    let seconds = match end {
        End::Deleted => metadata.deletion_grace_period_seconds.unwrap_or(own),
        End::Completed | End::Deadline => own,
    };
    // Even a forced deletion leaves a moment, as kubelet does.
    seconds_of(seconds.max(1))
}

/// Has an init container failed for good?
pub(crate) fn init_failed(view: &View<'_>, part: &Part) -> bool {
    matches!(
        view.latest(part.name()).map(|found| &found.state),
        Some(ContainerState::Exited { exit_code, .. }) if *exit_code != 0 && !restarts(view.pod, part, *exit_code)
    )
}

/// Is a container that ended with this code to be started again?
///
/// Source: Pod Lifecycle, "Container restart policy"; KEP-5307 (rules of single containers).
pub(crate) fn restarts(pod: &Pod, part: &Part, exit_code: i32) -> bool {
    match part.role {
        Role::Sidecar => return true,
        Role::Ephemeral => return false,
        Role::Init | Role::Main => {}
    }
    let matches_rule = |rule: &pintle_object_model::api::core::v1::ContainerRestartRule| {
        rule.exit_codes.as_deref().is_some_and(|codes| match codes.operator.as_str() {
            "In" => codes.values.contains(&exit_code),
            "NotIn" => !codes.values.contains(&exit_code),
            _ => false,
        })
    };
    let rules = &part.container.restart_policy_rules;
    if rules.iter().any(|rule| rule.action == "Restart" && matches_rule(rule)) {
        return true;
    }
    let own = part.container.restart_policy.as_deref().filter(|policy| !policy.is_empty());
    match (own.unwrap_or(&pod.spec.restart_policy), part.role) {
        ("Never", _) => false,
        // An init container that succeeded is done whatever the policy.
        (_, Role::Init) | ("OnFailure", _) => exit_code != 0,
        _ => true,
    }
}
