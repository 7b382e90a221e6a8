//! One simulated pod: the agent's state machine over a table of its containers.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use pintle_object_model::MicroTime;
use pintle_object_model::api::core::v1::{ContainerStatus, Pod, PodStatus};

use crate::agent::CONTAINER_ID_SCHEME;
use crate::agent::life::{
    Action, End, Failure, FailureKind, Part, PodMachine, ProbeKind, StatusContext, View, compute, labels, parts,
};
use crate::simulated::behavior::Behavior;
use crate::{ContainerId, ContainerInfo, ContainerState, Identity, SandboxId, SandboxInfo};

/// Rounds of the machine in one turn; a pod that wants more goes on in the next.
const ROUNDS_MAX: usize = 64;

/// What a turn leads to.
pub(super) enum Turn {
    /// The status is news.
    Write { status: Box<PodStatus>, wake: Option<Duration> },
    /// All is said; look again then.
    Rest { wake: Option<Duration> },
    /// All is over.
    Delete,
}

pub(super) struct SimulatedPod {
    machine: PodMachine,
    sandboxes: Vec<SandboxInfo>,
    containers: Vec<ContainerInfo>,
    /// When containers end, and how.
    exits: BTreeMap<ContainerId, (Duration, i32)>,
    probed: HashSet<(ContainerId, ProbeKind)>,
    /// Nothing happens before.
    start_at: Duration,
}

impl SimulatedPod {
    /// A pod as its status tells.
    pub(super) fn of(pod: &Pod, now: Duration, start_delay: Duration, utc: MicroTime) -> Self {
        let mut simulated = Self {
            machine: PodMachine::new(pod, utc.to_time()),
            sandboxes: vec![],
            containers: vec![],
            exits: BTreeMap::new(),
            probed: HashSet::new(),
            start_at: now + start_delay,
        };
        let status = &pod.status;
        let over = matches!(status.phase.as_str(), "Succeeded" | "Failed");
        if let Ok(address) = status.pod_ip.parse() {
            simulated.sandboxes.push(sandbox(pod, 0, address, !over, utc));
            simulated.start_at = Duration::ZERO;
        }
        let all = status.init_container_statuses.iter().chain(&status.container_statuses);
        let found = all.chain(&status.ephemeral_container_statuses).filter_map(|status| restored(pod, status));
        simulated.containers.extend(found);
        let parts = parts(pod);
        for found in &simulated.containers {
            let ContainerState::Running { started } = found.state else { continue };
            let part = parts.iter().find(|part| part.name() == found.name);
            let behavior = Behavior::of(&labels(pod, part), &found.name);
            if let Some(after) = behavior.exit_after {
                let left = after.saturating_sub(utc.since(started));
                simulated.exits.insert(found.id.clone(), (now + left, behavior.exit_code));
            }
        }
        simulated
    }

    /// Plays until nothing is left to do now.
    pub(super) fn turn(&mut self, pod: &Pod, address: IpAddr, host: IpAddr, now: Duration, utc: MicroTime) -> Turn {
        if now < self.start_at && pod.metadata.deletion_timestamp.is_none() {
            return Turn::Rest { wake: Some(self.start_at) };
        }
        let mut wake = None;
        for _ in 0..ROUNDS_MAX {
            self.end_due(now, utc);
            let view = View { pod, removed: false, sandboxes: &self.sandboxes, containers: &self.containers };
            let plan = self.machine.step(&view, now, utc);
            wake = plan.wake;
            let mut busy = !plan.actions.is_empty();
            for action in plan.actions {
                self.carry_out(pod, action, address, now, utc);
            }
            for (id, name, kind) in plan.probes {
                busy |= self.probe(pod, id, &name, kind);
            }
            if !busy {
                break;
            }
        }
        let next = self.exits.values().map(|(at, _)| *at).min();
        let wake = wake.into_iter().chain(next).min();
        let view = View { pod, removed: false, sandboxes: &self.sandboxes, containers: &self.containers };
        let context = StatusContext { host_ips: &[host], messages: &BTreeMap::new(), now: utc.to_time() };
        let status = compute(&self.machine, &view, &context);
        if status != pod.status {
            return Turn::Write { status: Box::new(status), wake };
        }
        if self.machine.is_ended() && self.machine.end() == Some(End::Deleted) {
            Turn::Delete
        } else {
            Turn::Rest { wake }
        }
    }

    /// Ends what is due.
    fn end_due(&mut self, now: Duration, utc: MicroTime) {
        let due: Vec<ContainerId> =
            self.exits.iter().filter(|(_, (at, _))| *at <= now).map(|(id, _)| id.clone()).collect();
        for id in due {
            if let Some((_, code)) = self.exits.remove(&id) {
                self.end(&id, code, utc);
            }
        }
    }

    fn end(&mut self, id: &ContainerId, exit_code: i32, utc: MicroTime) {
        let Some(found) = self.containers.iter_mut().find(|container| container.id == *id) else { return };
        let ContainerState::Running { started } = found.state else { return };
        let reason = if exit_code == 0 { "Completed" } else { "Error" };
        found.state = ContainerState::Exited {
            started: Some(started),
            finished: utc,
            exit_code,
            reason: reason.into(),
            message: String::new(),
        };
        let name = found.name.clone();
        self.machine.stopped(&name);
    }

    fn carry_out(&mut self, pod: &Pod, action: Action, address: IpAddr, now: Duration, utc: MicroTime) {
        match action {
            Action::SetUp { attempt } => {
                self.sandboxes.retain(|sandbox| sandbox.ready);
                self.sandboxes.push(sandbox(pod, attempt, address, true, utc));
                self.machine.set_up(Ok(()), now);
            }
            Action::Start { name, attempt, sandbox } => self.start(pod, &name, attempt, sandbox, now, utc),
            Action::AbortStart { .. } => {}
            Action::Stop { id, name, grace, .. } => {
                let after = self.behavior(pod, &name).stop_after;
                if after.is_zero() {
                    self.end(&id, 0, utc);
                } else {
                    let code = if after > grace { 137 } else { 0 };
                    self.exits.insert(id, (now + after.min(grace), code));
                }
            }
            Action::StopSandboxes(ids) => {
                let own: Vec<ContainerId> = self
                    .containers
                    .iter()
                    .filter(|container| ids.contains(&container.sandbox))
                    .map(|container| container.id.clone())
                    .collect();
                own.iter().for_each(|id| self.end(id, 137, utc));
                self.sandboxes.iter_mut().filter(|found| ids.contains(&found.id)).for_each(|found| found.ready = false);
                self.machine.sandboxes_stopped(Ok(()), now);
            }
            Action::TearDown => self.machine.torn_down(true),
            // Only pods that are gone are removed, and those are forgotten by the driver.
            Action::Remove => {}
        }
    }

    fn behavior(&self, pod: &Pod, name: &str) -> Behavior {
        Behavior::of(&labels(pod, self.machine.part(name)), name)
    }

    fn start(&mut self, pod: &Pod, name: &str, attempt: u32, sandbox: SandboxId, now: Duration, utc: MicroTime) {
        let behavior = self.behavior(pod, name);
        let image = self.machine.part(name).map(|part: &Part| part.container.image.clone()).unwrap_or_default();
        let mut info = container(pod, name, attempt, &image, sandbox);
        info.created = utc;
        let result = match &behavior.start_error {
            Some(why) => {
                info.state = ContainerState::Exited {
                    started: None,
                    finished: utc,
                    exit_code: 128,
                    reason: "ContainerCannotRun".into(),
                    message: why.clone(),
                };
                let message = format!("starting {name:?}: {why}");
                Err(Failure { kind: FailureKind::Run, reason: "RunContainerError".into(), message })
            }
            None => {
                info.state = ContainerState::Running { started: utc };
                if let Some(after) = behavior.exit_after {
                    self.exits.insert(info.id.clone(), (now + after, behavior.exit_code));
                }
                Ok(())
            }
        };
        // As in the agent, the attempt before the newest is kept.
        self.containers.retain(|found| found.name != name || found.attempt + 1 >= attempt);
        self.containers.push(info);
        self.machine.started(name, attempt, result, now);
    }

    /// Answers a probe once. Answers whether that changed anything.
    fn probe(&mut self, pod: &Pod, id: ContainerId, name: &str, kind: ProbeKind) -> bool {
        // A pod whose probes fail is never ready; that its liveness probe would end it is left out here.
        if self.behavior(pod, name).probes_fail || !self.probed.insert((id.clone(), kind)) {
            return false;
        }
        self.machine.probed(name, &id, kind, true);
        true
    }
}

fn sandbox(pod: &Pod, attempt: u32, address: IpAddr, ready: bool, utc: MicroTime) -> SandboxInfo {
    let metadata = &pod.metadata;
    SandboxInfo {
        id: SandboxId(metadata.uid.clone()),
        identity: Identity {
            namespace: metadata.namespace.clone(),
            pod: metadata.name.clone(),
            uid: metadata.uid.clone(),
            attempt,
            ..Identity::default()
        },
        ready,
        addresses: vec![address],
        created: utc,
        labels: BTreeMap::new(),
    }
}

fn container(pod: &Pod, name: &str, attempt: u32, image: &str, sandbox: SandboxId) -> ContainerInfo {
    ContainerInfo {
        id: ContainerId(format!("{}-{name}-{attempt}", pod.metadata.uid)),
        sandbox,
        name: name.to_owned(),
        attempt,
        image: image.to_owned(),
        image_id: format!("simulated://{image}"),
        state: ContainerState::Created,
        created: MicroTime::default(),
        labels: BTreeMap::new(),
        log_path: std::path::PathBuf::new(),
    }
}

/// A container as its reported status tells.
fn restored(pod: &Pod, status: &ContainerStatus) -> Option<ContainerInfo> {
    let id = status.container_id.strip_prefix(CONTAINER_ID_SCHEME)?;
    let attempt = u32::try_from(status.restart_count).unwrap_or_default();
    let mut info = container(pod, &status.name, attempt, &status.image, SandboxId(pod.metadata.uid.clone()));
    info.id = ContainerId(id.to_owned());
    let ended = status.state.terminated.as_deref().or_else(|| {
        // In a back-off the newest container's end stands in the last state.
        status.last_state.terminated.as_deref().filter(|_| status.state.waiting.is_some())
    });
    info.state = match (&status.state.running, ended) {
        (Some(running), _) => ContainerState::Running { started: running.started_at.unwrap_or_default().into() },
        (None, Some(ended)) => ContainerState::Exited {
            started: ended.started_at.map(MicroTime::from),
            finished: ended.finished_at.unwrap_or_default().into(),
            exit_code: ended.exit_code,
            reason: ended.reason.clone(),
            message: ended.message.clone(),
        },
        (None, None) => return None,
    };
    Some(info)
}
