//! Containers as entries in a table.

mod exec;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use ipnet::Ipv4Net;
use pintle_client::DuplexStream;
use pintle_object_model::MicroTime;
use pintle_object_model::clock::Clock;
use tokio::sync::{Notify, broadcast};

use super::behavior::Behavior;
use crate::{
    ContainerConfig, ContainerId, ContainerInfo, ContainerRuntime, ContainerState, ContainerStats, ExecRequest,
    ExecSession, ProbeOutcome, ProbeRequest, Prober, Resources, RuntimeError, RuntimeEvent, RuntimeInfo, SandboxConfig,
    SandboxId, SandboxInfo,
};

/// Events that a slow reader may fall behind.
const EVENTS_MAX: usize = 4096;

/// How a simulated runtime behaves.
#[derive(Clone, Debug)]
pub struct SimulatedConfig {
    /// Addresses of pods.
    pub pod_cidr: Ipv4Net,
    /// How long a container takes to start. Default 0.
    pub start_delay: Duration,
    /// Put in front of ids, so that those of several runtimes differ.
    pub id_prefix: String,
}

impl Default for SimulatedConfig {
    fn default() -> Self {
        Self {
            pod_cidr: Ipv4Net::new_assert(Ipv4Addr::new(10, 244, 0, 0), 16),
            start_delay: Duration::ZERO,
            id_prefix: String::new(),
        }
    }
}

/// A runtime without processes. It also answers its containers' probes ([`Prober`]). Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct SimulatedRuntime {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    config: SimulatedConfig,
    state: Mutex<State>,
    events: broadcast::Sender<RuntimeEvent>,
    /// Wakes those who wait for a container to end.
    ended: Notify,
}

#[derive(Default)]
struct State {
    made: u64,
    next_address: u32,
    sandboxes: BTreeMap<SandboxId, SandboxInfo>,
    containers: BTreeMap<ContainerId, Simulated>,
}

struct Simulated {
    info: ContainerInfo,
    behavior: Behavior,
    probes_fail: bool,
}

impl std::fmt::Debug for SimulatedRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimulatedRuntime").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

impl SimulatedRuntime {
    /// A runtime without any containers.
    pub fn new(clock: Arc<dyn Clock>, config: SimulatedConfig) -> Self {
        let events = broadcast::Sender::new(EVENTS_MAX);
        Self { inner: Arc::new(Inner { clock, config, state: Mutex::default(), events, ended: Notify::new() }) }
    }

    /// Ends a running container with this exit code, as if its program had done so.
    ///
    /// # Errors
    /// If it is not there or does not run.
    pub fn kill(&self, id: &ContainerId, exit_code: i32) -> Result<(), RuntimeError> {
        if self.inner.end(id, exit_code) { Ok(()) } else { Err(missing("running container", &id.0)) }
    }

    /// The newest container of this name in a pod.
    pub fn find(&self, namespace: &str, pod: &str, container: &str) -> Option<ContainerInfo> {
        let state = self.inner.state();
        let of_pod = |sandbox: &SandboxId| {
            let identity = state.sandboxes.get(sandbox).map(|sandbox| &sandbox.identity);
            identity.is_some_and(|identity| identity.namespace == namespace && identity.pod == pod)
        };
        let mine = state.containers.values().filter(|c| c.info.name == container && of_pod(&c.info.sandbox));
        mine.max_by_key(|container| container.info.attempt).map(|container| container.info.clone())
    }

    /// Lets all probes of a container fail, or succeed again.
    ///
    /// # Errors
    /// If it is not there.
    pub fn fail_probes(&self, id: &ContainerId, fail: bool) -> Result<(), RuntimeError> {
        let mut state = self.inner.state();
        let container = state.containers.get_mut(id).ok_or_else(|| missing("container", &id.0))?;
        container.probes_fail = fail;
        Ok(())
    }

    /// Lets a sandbox die, as if its pause process had been killed.
    ///
    /// # Errors
    /// If it is not there.
    pub fn kill_sandbox(&self, id: &SandboxId) -> Result<(), RuntimeError> {
        if self.inner.take_down(id) { Ok(()) } else { Err(missing("sandbox", &id.0)) }
    }

    /// Writes a line into a container's log.
    ///
    /// # Errors
    /// If it is not there or the log cannot be written.
    pub fn log(&self, id: &ContainerId, line: &str) -> Result<(), RuntimeError> {
        let path = {
            let state = self.inner.state();
            state.containers.get(id).ok_or_else(|| missing("container", &id.0))?.info.log_path.clone()
        };
        self.inner.log(&path, line)
    }
}

fn missing(what: &'static str, id: &str) -> RuntimeError {
    RuntimeError::NotFound { what, id: id.to_owned() }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: RuntimeEvent) {
        // Nobody listening is fine.
        let _ = self.events.send(event);
    }

    fn log(&self, path: &std::path::Path, line: &str) -> Result<(), RuntimeError> {
        if path.as_os_str().is_empty() {
            return Ok(());
        }
        let stamp = self.clock.utc().to_string().replace('Z', "000Z");
        let write = || -> std::io::Result<()> {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
            writeln!(file, "{stamp} stdout F {line}")
        };
        write().map_err(RuntimeError::io(format!("writing to {}", path.display())))
    }

    /// Ends a container. Answers whether it ran.
    fn end(&self, id: &ContainerId, exit_code: i32) -> bool {
        let mut state = self.state();
        let Some(container) = state.containers.get_mut(id) else { return false };
        let ContainerState::Running { started } = container.info.state else { return false };
        container.info.state = ended(Some(started), self.clock.utc(), exit_code);
        let sandbox = container.info.sandbox.clone();
        drop(state);
        self.ended.notify_waiters();
        self.tell(RuntimeEvent::ContainerExited { sandbox, id: id.clone(), exit_code });
        true
    }

    fn take_down(&self, id: &SandboxId) -> bool {
        let mut state = self.state();
        let Some(sandbox) = state.sandboxes.get_mut(id) else { return false };
        let was_ready = std::mem::replace(&mut sandbox.ready, false);
        let own = state.containers.values().filter(|container| container.info.sandbox == *id);
        let own: Vec<ContainerId> = own.map(|container| container.info.id.clone()).collect();
        drop(state);
        for container in own {
            self.end(&container, 137);
        }
        if was_ready {
            self.tell(RuntimeEvent::SandboxStopped { id: id.clone() });
        }
        true
    }

    async fn until_ended(&self, id: &ContainerId) {
        loop {
            let waiting = self.ended.notified();
            let runs = |state: &State| {
                state.containers.get(id).is_some_and(|c| matches!(c.info.state, ContainerState::Running { .. }))
            };
            if !runs(&self.state()) {
                return;
            }
            waiting.await;
        }
    }
}

fn ended(started: Option<MicroTime>, finished: MicroTime, exit_code: i32) -> ContainerState {
    let reason = if exit_code == 0 { "Completed" } else { "Error" }.to_owned();
    ContainerState::Exited { started, finished, exit_code, reason, message: String::new() }
}

impl State {
    fn name(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}{:012x}", self.made)
    }

    /// The next free address; the first of the range is the node's own.
    fn address(&mut self, range: Ipv4Net) -> Result<IpAddr, RuntimeError> {
        let size = 1u32.checked_shl(u32::from(32 - range.prefix_len())).unwrap_or(u32::MAX);
        for _ in 0..size {
            self.next_address = if self.next_address + 2 < size.saturating_sub(1) { self.next_address + 1 } else { 1 };
            let address = IpAddr::V4(Ipv4Addr::from(u32::from(range.network()).wrapping_add(self.next_address + 1)));
            if !self.sandboxes.values().any(|sandbox| sandbox.ready && sandbox.addresses.contains(&address)) {
                return Ok(address);
            }
        }
        Err(RuntimeError::Invalid(format!("no address of {range} is free")))
    }
}

#[async_trait]
impl ContainerRuntime for SimulatedRuntime {
    async fn info(&self) -> Result<RuntimeInfo, RuntimeError> {
        Ok(RuntimeInfo {
            name: "pintle-simulated".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            network_ready: true,
            message: String::new(),
        })
    }

    async fn run_sandbox(&self, config: SandboxConfig) -> Result<SandboxInfo, RuntimeError> {
        let inner = &self.inner;
        let mut state = inner.state();
        let addresses = if config.host_network { vec![] } else { vec![state.address(inner.config.pod_cidr)?] };
        let info = SandboxInfo {
            id: SandboxId(state.name(&inner.config.id_prefix)),
            identity: config.identity,
            ready: true,
            addresses,
            created: inner.clock.utc(),
            labels: config.labels,
        };
        state.sandboxes.insert(info.id.clone(), info.clone());
        Ok(info)
    }

    async fn stop_sandbox(&self, id: &SandboxId) -> Result<(), RuntimeError> {
        self.inner.take_down(id);
        Ok(())
    }

    async fn remove_sandbox(&self, id: &SandboxId) -> Result<(), RuntimeError> {
        self.inner.take_down(id);
        let mut state = self.inner.state();
        state.sandboxes.remove(id);
        state.containers.retain(|_, container| container.info.sandbox != *id);
        Ok(())
    }

    async fn sandboxes(&self) -> Result<Vec<SandboxInfo>, RuntimeError> {
        Ok(self.inner.state().sandboxes.values().cloned().collect())
    }

    async fn create_container(
        &self,
        sandbox: &SandboxId,
        config: ContainerConfig,
    ) -> Result<ContainerId, RuntimeError> {
        let inner = &self.inner;
        let mut state = inner.state();
        if !state.sandboxes.get(sandbox).is_some_and(|sandbox| sandbox.ready) {
            return Err(missing("sandbox", &sandbox.0));
        }
        let id = ContainerId(state.name(&inner.config.id_prefix));
        let behavior = Behavior::of(&config.labels, &config.name);
        let info = ContainerInfo {
            id: id.clone(),
            sandbox: sandbox.clone(),
            name: config.name,
            attempt: config.attempt,
            image: config.image.references.first().cloned().unwrap_or_default(),
            image_id: config.image.digests.first().cloned().unwrap_or(config.image.id),
            state: ContainerState::Created,
            created: inner.clock.utc(),
            labels: config.labels,
            log_path: config.log_path,
        };
        let probes_fail = behavior.probes_fail;
        state.containers.insert(id.clone(), Simulated { info, behavior, probes_fail });
        Ok(id)
    }

    async fn start_container(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        let inner = &self.inner;
        if !inner.config.start_delay.is_zero() {
            tokio::time::sleep(inner.config.start_delay).await;
        }
        let now = inner.clock.utc();
        let (sandbox, behavior, path, name) = {
            let mut state = inner.state();
            let container = state.containers.get_mut(id).ok_or_else(|| missing("container", &id.0))?;
            if container.info.state != ContainerState::Created {
                return Ok(());
            }
            if let Some(why) = container.behavior.start_error.clone() {
                container.info.state = ContainerState::Exited {
                    started: None,
                    finished: now,
                    exit_code: 128,
                    reason: "ContainerCannotRun".into(),
                    message: why.clone(),
                };
                return Err(RuntimeError::Start { program: container.info.name.clone(), why });
            }
            container.info.state = ContainerState::Running { started: now };
            let info = &container.info;
            (info.sandbox.clone(), container.behavior.clone(), info.log_path.clone(), info.name.clone())
        };
        inner.log(&path, &format!("simulated container {name} started"))?;
        inner.tell(RuntimeEvent::ContainerStarted { sandbox, id: id.clone() });
        match behavior.exit_after {
            Some(after) if after.is_zero() => {
                inner.end(id, behavior.exit_code);
            }
            Some(after) => {
                let (inner, id) = (Arc::clone(inner), id.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    inner.end(&id, behavior.exit_code);
                });
            }
            None => {}
        }
        Ok(())
    }

    async fn stop_container(&self, id: &ContainerId, grace: Duration) -> Result<(), RuntimeError> {
        let after = self.inner.state().containers.get(id).map(|container| container.behavior.stop_after);
        let Some(after) = after else { return Ok(()) };
        let wait = after.min(grace);
        if !wait.is_zero() {
            tokio::select! {
                biased;
                () = self.inner.until_ended(id) => return Ok(()),
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.inner.end(id, if after > grace { 137 } else { 0 });
        Ok(())
    }

    async fn remove_container(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        self.inner.end(id, 137);
        self.inner.state().containers.remove(id);
        Ok(())
    }

    async fn containers(&self) -> Result<Vec<ContainerInfo>, RuntimeError> {
        Ok(self.inner.state().containers.values().map(|container| container.info.clone()).collect())
    }

    async fn update_resources(&self, id: &ContainerId, _resources: Resources) -> Result<(), RuntimeError> {
        let there = self.inner.state().containers.contains_key(id);
        if there { Ok(()) } else { Err(missing("container", &id.0)) }
    }

    async fn stats(&self, id: &ContainerId) -> Result<ContainerStats, RuntimeError> {
        let now = self.inner.clock.utc();
        let state = self.inner.state();
        let container = state.containers.get(id).ok_or_else(|| missing("container", &id.0))?;
        let ContainerState::Running { started } = container.info.state else {
            return Err(missing("running container", &id.0));
        };
        let share = container.behavior.cpu_millis as f64 / 1000.0;
        Ok(ContainerStats {
            cpu: now.since(started).mul_f64(share),
            memory_working_set_bytes: container.behavior.memory_bytes,
            file_system_bytes: 0,
        })
    }

    async fn exec(&self, id: &ContainerId, request: ExecRequest) -> Result<ExecSession, RuntimeError> {
        self.running(id)?;
        exec::run(&request)
    }

    async fn attach(&self, id: &ContainerId, request: ExecRequest) -> Result<ExecSession, RuntimeError> {
        self.running(id)?;
        let inner = Arc::clone(&self.inner);
        let id = id.clone();
        Ok(exec::attach(&request, async move { inner.until_ended(&id).await }))
    }

    async fn port_forward(&self, id: &SandboxId, port: u16) -> Result<Box<dyn DuplexStream>, RuntimeError> {
        let ready = self.inner.state().sandboxes.get(id).is_some_and(|sandbox| sandbox.ready);
        if !ready {
            return Err(missing("sandbox", &id.0));
        }
        if port == 0 {
            return Err(RuntimeError::Invalid("nobody listens on port 0".into()));
        }
        Ok(exec::echo())
    }

    async fn reopen_log(&self, _id: &ContainerId) -> Result<(), RuntimeError> {
        // Every line opens the file anew.
        Ok(())
    }

    fn events(&self) -> BoxStream<'static, RuntimeEvent> {
        let events = self.inner.events.subscribe();
        Box::pin(futures::stream::unfold(events, |mut events| async move {
            match events.recv().await {
                Ok(event) => Some((event, events)),
                Err(broadcast::error::RecvError::Lagged(_)) => Some((RuntimeEvent::Lost, events)),
                Err(broadcast::error::RecvError::Closed) => None,
            }
        }))
    }
}

impl SimulatedRuntime {
    fn running(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        let state = self.inner.state();
        let container = state.containers.get(id).ok_or_else(|| missing("container", &id.0))?;
        match container.info.state {
            ContainerState::Running { .. } => Ok(()),
            _ => Err(missing("running container", &id.0)),
        }
    }
}

#[async_trait]
impl Prober for SimulatedRuntime {
    async fn probe(&self, request: ProbeRequest) -> ProbeOutcome {
        let state = self.inner.state();
        match state.containers.get(&request.container) {
            None => ProbeOutcome::Error(format!("container {:?} is not there", request.container.0)),
            Some(container) if container.probes_fail => ProbeOutcome::Failure("the simulated probe fails".into()),
            Some(_) => ProbeOutcome::Success,
        }
    }
}
