//! What is reported of a pod: a pure function of the pod, its machine and the runtime's view.
//!
//! In: [`PodMachine`], [`View`]. Out: `PodStatus` in the words of kubelet. Invariants: what others wrote into the status
//! (conditions of their own) stays; a time of transition changes only with its condition.
//!
//! Source: Kubernetes concepts, "Pod Lifecycle" (phase, conditions, container states).

use std::collections::BTreeMap;
use std::net::IpAddr;

use pintle_object_model::Time;
use pintle_object_model::api::core::v1::{
    ContainerState as ApiState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
    ContainerStatus, HostIP, Pod, PodCondition, PodIP, PodStatus, VolumeMountStatus,
};

use super::CONTAINER_ID_SCHEME;
use super::part::{Part, Role};
use super::pod::{Busy, End, PodMachine, View, init_failed};
use crate::{ContainerInfo, ContainerState};

/// What the status needs beyond the machine.
#[derive(Debug)]
pub(crate) struct StatusContext<'a> {
    pub(crate) host_ips: &'a [IpAddr],
    /// What ended containers left as their last words, by container id.
    pub(crate) messages: &'a BTreeMap<String, String>,
    pub(crate) now: Time,
}

/// The status to report.
pub(crate) fn compute(machine: &PodMachine, view: &View<'_>, context: &StatusContext<'_>) -> PodStatus {
    let pod = view.pod;
    let mut status = pod.status.clone();
    status.start_time = machine.start_time();
    status.observed_generation = pod.metadata.generation;
    if status.qos_class.is_empty() {
        status.qos_class = qos_class(pod).into();
    }
    let of_role = |wanted: &[Role]| -> Vec<ContainerStatus> {
        let parts = machine.parts().iter().filter(|part| wanted.contains(&part.role));
        parts.map(|part| container_status(machine, view, part, context)).collect()
    };
    status.init_container_statuses = of_role(&[Role::Init, Role::Sidecar]);
    status.container_statuses = of_role(&[Role::Main]);
    status.container_statuses.sort_by(|a, b| a.name.cmp(&b.name));
    status.ephemeral_container_statuses = of_role(&[Role::Ephemeral]);
    if machine.is_ended() {
        finish_states(&mut status, context.now);
    }
    set_phase(&mut status, machine, view);
    set_addresses(&mut status, view, context);
    let initialized = is_initialized(machine, view, &status);
    set_conditions(&mut status, pod, view, &initialized, context.now);
    status
}

fn container_status(
    machine: &PodMachine,
    view: &View<'_>,
    part: &Part,
    context: &StatusContext<'_>,
) -> ContainerStatus {
    let slot = machine.slot(part.name());
    let latest = view.latest(part.name());
    if let (None, Some(reported)) = (latest, final_status(view.pod, part.name())) {
        return reported.clone();
    }
    let mut status = ContainerStatus {
        name: part.name().to_owned(),
        image: part.container.image.clone(),
        volume_mounts: mounts(part),
        ..ContainerStatus::default()
    };
    let requirements = &part.container.resources;
    if !requirements.requests.is_empty() || !requirements.limits.is_empty() {
        status.allocated_resources.clone_from(&requirements.requests);
        status.resources = Some(Box::new(requirements.clone()));
    }
    let previous_attempts = view.containers.iter().filter(|c| c.name == part.name());
    let previous = previous_attempts.filter(|c| Some(c.attempt) < latest.map(|l| l.attempt)).max_by_key(|c| c.attempt);
    status.last_state.terminated = previous
        .and_then(|found| terminated(found, context))
        .or_else(|| slot.and_then(|slot| slot.last.clone()).filter(|_| previous.is_none()))
        .map(Box::new);
    if let Some(found) = latest {
        status.image_id.clone_from(&found.image_id);
        status.container_id = format!("{CONTAINER_ID_SCHEME}{}", found.id);
        status.restart_count = i32::try_from(found.attempt).unwrap_or(i32::MAX);
        describe(&mut status, machine, part, found, context);
    } else {
        let remembered = slot.map_or(0, |slot| slot.next_attempt.saturating_sub(1));
        status.restart_count = i32::try_from(remembered).unwrap_or(i32::MAX);
        status.started = Some(false);
        status.state = waiting(machine, part);
    }
    // A container that succeeded its work counts as ready, so that init containers do not hold the pod back.
    if part.role == Role::Init {
        status.ready = status.state.terminated.as_ref().is_some_and(|ended| ended.exit_code == 0);
        status.started = Some(status.state.running.is_some());
    }
    status
}

/// What was reported of a container of a pod that has ended: the runtime may have forgotten it since.
fn final_status<'a>(pod: &'a Pod, name: &str) -> Option<&'a ContainerStatus> {
    let status = &pod.status;
    if !matches!(status.phase.as_str(), "Succeeded" | "Failed") {
        return None;
    }
    let all = status.container_statuses.iter().chain(&status.init_container_statuses);
    all.chain(&status.ephemeral_container_statuses).find(|status| status.name == name)
}

/// The state of a container that the runtime has.
fn describe(
    status: &mut ContainerStatus,
    machine: &PodMachine,
    part: &Part,
    found: &ContainerInfo,
    context: &StatusContext<'_>,
) {
    let slot = machine.slot(part.name());
    let starting = slot.is_some_and(|slot| slot.busy == Some(Busy::Starting));
    let failure = slot.and_then(|slot| slot.failure.as_ref());
    status.started = Some(false);
    match &found.state {
        ContainerState::Running { started } if !starting => {
            let since = Some(started.to_time());
            status.state.running = Some(Box::new(ContainerStateRunning { started_at: since }));
            status.started = Some(machine.has_started(part));
            let passed = part.container.readiness_probe.is_none() || slot.is_some_and(|slot| slot.ready);
            status.ready = machine.has_started(part) && passed;
        }
        ContainerState::Running { .. } | ContainerState::Created => {
            status.state = waiting(machine, part);
        }
        ContainerState::Exited { .. } => {
            let ended = terminated(found, context);
            let back_off = slot.and_then(|slot| slot.crash_message.as_deref());
            let shown = match (failure, back_off) {
                (Some(failure), _) => Some((failure.reason.as_str(), failure.message.as_str())),
                (None, Some(message)) => Some(("CrashLoopBackOff", message)),
                (None, None) => None,
            };
            match shown.filter(|_| machine.end().is_none()) {
                Some(shown) => {
                    status.state = wait(shown);
                    status.last_state.terminated = ended.map(Box::new);
                }
                None => status.state.terminated = ended.map(Box::new),
            }
        }
    }
}

fn wait((reason, message): (&str, &str)) -> ApiState {
    let waiting = ContainerStateWaiting { reason: reason.to_owned(), message: message.to_owned() };
    ApiState { waiting: Some(Box::new(waiting)), ..ApiState::default() }
}

/// The state of a container that the runtime does not have.
fn waiting(machine: &PodMachine, part: &Part) -> ApiState {
    let failure = machine.slot(part.name()).and_then(|slot| slot.failure.as_ref());
    match failure {
        Some(failure) => wait((&failure.reason, &failure.message)),
        None => wait((waiting_reason(machine, part), "")),
    }
}

/// Why a container is not there yet, when nothing is wrong.
fn waiting_reason(machine: &PodMachine, part: &Part) -> &'static str {
    // As kubelet does, for all containers of a pod with init containers, the first included.
    let has_init = machine.parts().iter().any(|part| matches!(part.role, Role::Init | Role::Sidecar));
    if has_init && part.role != Role::Ephemeral { "PodInitializing" } else { "ContainerCreating" }
}

fn terminated(found: &ContainerInfo, context: &StatusContext<'_>) -> Option<ContainerStateTerminated> {
    let ContainerState::Exited { started, finished, exit_code, reason, message } = &found.state else { return None };
    let last_words = context.messages.get(&found.id.0).filter(|words| !words.is_empty());
    Some(ContainerStateTerminated {
        exit_code: *exit_code,
        signal: 0,
        reason: reason.clone(),
        message: last_words.unwrap_or(message).clone(),
        started_at: started.map(|at| at.to_time()),
        finished_at: Some(finished.to_time()),
        container_id: format!("{CONTAINER_ID_SCHEME}{}", found.id),
    })
}

fn mounts(part: &Part) -> Vec<VolumeMountStatus> {
    let of = |mount: &pintle_object_model::api::core::v1::VolumeMount| VolumeMountStatus {
        name: mount.name.clone(),
        mount_path: mount.mount_path.clone(),
        read_only: mount.read_only,
        recursive_read_only: mount.read_only.then(|| "Disabled".into()),
        ..VolumeMountStatus::default()
    };
    part.container.volume_mounts.iter().map(of).collect()
}

/// Nothing runs any more: a container that still says otherwise was lost.
fn finish_states(status: &mut PodStatus, now: Time) {
    let all = status.init_container_statuses.iter_mut().chain(&mut status.container_statuses);
    for container in all.chain(&mut status.ephemeral_container_statuses) {
        container.ready = container.ready && container.state.terminated.is_some();
        if container.state.terminated.is_some() || container.container_id.is_empty() {
            continue;
        }
        container.state = ApiState {
            terminated: Some(Box::new(ContainerStateTerminated {
                exit_code: 137,
                reason: "ContainerStatusUnknown".into(),
                message: "The container could not be located when the pod was terminated".into(),
                finished_at: Some(now),
                container_id: container.container_id.clone(),
                ..ContainerStateTerminated::default()
            })),
            ..ApiState::default()
        };
    }
}

fn set_phase(status: &mut PodStatus, machine: &PodMachine, view: &View<'_>) {
    // What has been reported as ended never comes back.
    if matches!(status.phase.as_str(), "Succeeded" | "Failed") {
        return;
    }
    if machine.end() == Some(End::Deadline) {
        status.reason = "DeadlineExceeded".into();
        status.message = "Pod was active on the node longer than the specified deadline".into();
        if machine.is_ended() {
            status.phase = "Failed".into();
        }
    }
    if status.phase != "Failed" {
        status.phase = phase(status, machine, view).into();
    }
}

fn phase(status: &PodStatus, machine: &PodMachine, view: &View<'_>) -> &'static str {
    let failed_init = machine.parts().iter().any(|part| part.role == Role::Init && init_failed(view, part));
    if machine.is_ended() {
        let bad = |c: &ContainerStatus| c.state.terminated.as_ref().is_none_or(|ended| ended.exit_code != 0);
        return if failed_init || status.container_statuses.iter().any(bad) { "Failed" } else { "Succeeded" };
    }
    let initializing = machine
        .parts()
        .iter()
        .zip(init_states(status, machine))
        .any(|(part, done)| matches!(part.role, Role::Init | Role::Sidecar) && !done);
    let started = |c: &ContainerStatus| {
        c.state.running.is_some() || c.state.terminated.is_some() || c.last_state.terminated.is_some()
    };
    if (initializing && !status.container_statuses.iter().any(started))
        || !status.container_statuses.iter().all(started)
    {
        return "Pending";
    }
    if status.container_statuses.is_empty() { "Pending" } else { "Running" }
}

/// For each part, in order: has it done what later parts wait for? Main containers count as done.
fn init_states<'a>(status: &'a PodStatus, machine: &'a PodMachine) -> impl Iterator<Item = bool> + 'a {
    machine.parts().iter().map(move |part| {
        let found = status.init_container_statuses.iter().find(|s| s.name == part.name());
        match (part.role, found) {
            (Role::Init, Some(found)) => found.state.terminated.as_ref().is_some_and(|ended| ended.exit_code == 0),
            (Role::Sidecar, Some(found)) => found.started == Some(true) || found.last_state.terminated.is_some(),
            _ => true,
        }
    })
}

fn set_addresses(status: &mut PodStatus, view: &View<'_>, context: &StatusContext<'_>) {
    status.host_ips = context.host_ips.iter().map(|ip| HostIP { ip: ip.to_string() }).collect();
    status.host_ip = context.host_ips.first().map(ToString::to_string).unwrap_or_default();
    let Some(sandbox) = view.sandbox() else { return };
    let own = if view.pod.spec.host_network { context.host_ips } else { &sandbox.addresses };
    status.pod_ips = own.iter().map(|ip| PodIP { ip: ip.to_string() }).collect();
    status.pod_ip = own.first().map(ToString::to_string).unwrap_or_default();
}

/// The init containers that are not done.
fn is_initialized(machine: &PodMachine, view: &View<'_>, status: &PodStatus) -> Vec<String> {
    let past = machine.parts().iter().any(|p| p.role == Role::Main && view.latest(p.name()).is_some());
    if past {
        return vec![];
    }
    let open = machine.parts().iter().zip(init_states(status, machine)).filter(|(_, done)| !done);
    open.map(|(part, _)| part.name().to_owned()).collect()
}

fn set_conditions(status: &mut PodStatus, pod: &Pod, view: &View<'_>, uninitialized: &[String], now: Time) {
    let ended = matches!(status.phase.as_str(), "Succeeded" | "Failed");
    let not = |reason: &str, message: String| ("False", reason.to_owned(), message);
    let yes = || ("True", String::new(), String::new());
    let completed = if status.phase == "Succeeded" { "PodCompleted" } else { "PodFailed" };
    let sandboxed = if !ended && view.sandbox().is_some() { yes() } else { not("", String::new()) };
    let initialized = if uninitialized.is_empty() {
        ("True", if status.phase == "Succeeded" { "PodCompleted".into() } else { String::new() }, String::new())
    } else {
        let list = uninitialized.join(" ");
        not("ContainersNotInitialized", format!("containers with incomplete status: [{list}]"))
    };
    let sidecars = status.init_container_statuses.iter().filter(|s| {
        pod.spec.init_containers.iter().any(|c| c.name == s.name && c.restart_policy.as_deref() == Some("Always"))
    });
    let unready: Vec<&str> =
        sidecars.chain(&status.container_statuses).filter(|s| !s.ready).map(|s| s.name.as_str()).collect();
    let containers_ready = if ended {
        not(completed, String::new())
    } else if unready.is_empty() {
        yes()
    } else {
        not("ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" ")))
    };
    let ready = match gate_problem(pod, status) {
        Some(problem) if containers_ready.0 == "True" => not("ReadinessGatesNotReady", problem),
        _ => containers_ready.clone(),
    };
    let mut own = vec![
        ("PodReadyToStartContainers", sandboxed),
        ("Initialized", initialized),
        ("Ready", ready),
        ("ContainersReady", containers_ready),
        ("PodScheduled", yes()),
    ];
    let old = std::mem::take(&mut status.conditions);
    let mut conditions: Vec<PodCondition> = Vec::with_capacity(own.len() + old.len());
    for (type_, (value, reason, message)) in own.drain(..) {
        let before = old.iter().find(|condition| condition.type_ == type_);
        let since = before.filter(|condition| condition.status == value).and_then(|c| c.last_transition_time);
        conditions.push(PodCondition {
            type_: type_.into(),
            status: value.into(),
            last_transition_time: Some(since.unwrap_or(now)),
            reason,
            message,
            observed_generation: pod.metadata.generation,
            ..PodCondition::default()
        });
    }
    let foreign = old.into_iter().filter(|theirs| conditions.iter().all(|own| own.type_ != theirs.type_));
    let foreign: Vec<PodCondition> = foreign.collect();
    conditions.extend(foreign);
    status.conditions = conditions;
}

/// What the pod's readiness gates object to.
fn gate_problem(pod: &Pod, status: &PodStatus) -> Option<String> {
    let problems: Vec<String> = pod
        .spec
        .readiness_gates
        .iter()
        .filter_map(|gate| {
            let type_ = &gate.condition_type;
            match status.conditions.iter().find(|condition| condition.type_ == *type_) {
                None => Some(format!("corresponding condition of pod readiness gate \"{type_}\" does not exist.")),
                Some(found) if found.status != "True" => {
                    Some(format!("the status of pod readiness gate \"{type_}\" is not \"True\", but {}", found.status))
                }
                Some(_) => None,
            }
        })
        .collect();
    (!problems.is_empty()).then(|| problems.join(", "))
}

/// Source: Kubernetes concepts, "Pod Quality of Service Classes".
pub(crate) fn qos_class(pod: &Pod) -> &'static str {
    let containers = || pod.spec.containers.iter().chain(&pod.spec.init_containers);
    let amounts = |of: fn(&pintle_object_model::api::core::v1::ResourceRequirements) -> &BTreeMap<String, _>| {
        containers().any(|c| of(&c.resources).iter().any(|(name, _)| name == "cpu" || name == "memory"))
    };
    if !amounts(|r| &r.requests) && !amounts(|r| &r.limits) {
        return "BestEffort";
    }
    let guaranteed = containers().all(|container| {
        ["cpu", "memory"].iter().all(|name| {
            let limit = container.resources.limits.get(*name);
            limit.is_some() && container.resources.requests.get(*name).is_none_or(|request| Some(request) == limit)
        })
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}
