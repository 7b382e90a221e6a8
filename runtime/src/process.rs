//! Containers as plain processes: no root, no kernel features, no isolation.
//!
//! In: sandboxes and containers. Out: process groups of this machine, each with a log, an address of its own on loopback
//! and a directory as its root. Invariants: the end of a container's main program ends its whole group; nothing of an
//! earlier host program is left running after [`ProcessRuntime::open`]. Elsewhere: putting image roots together
//! ([`RootFs`]).
//!
//! **What is not isolated.** Programs see this machine's files, processes, network and users. `/` is this machine's root:
//! the image's files stand in the directory that `PINTLE_ROOT` names, with mounts as links in it; the entry point is looked
//! up there first. A pod's address (`POD_IP`, in `127.0.0.0/8`) is reachable from this machine only, and a program that
//! listens on all addresses takes its port from all pods. CPU and memory are not limited. Terminals cannot be had. Users
//! other than the host program's need the rights of root. Containers end with the host program.

mod container;
mod launch;
mod log;
mod usage;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use ipnet::Ipv4Net;
use pintle_client::DuplexStream;
use pintle_object_model::clock::Clock;
use rustix::process::{Pid, Signal};
use tokio::net::TcpStream;
use tokio::sync::broadcast;

use crate::{
    ContainerConfig, ContainerId, ContainerInfo, ContainerRuntime, ContainerState, ContainerStats, ExecRequest,
    ExecSession, Image, Resources, RuntimeError, RuntimeEvent, RuntimeInfo, SandboxConfig, SandboxId, SandboxInfo,
};
use container::Process;

/// Events that a slow reader may fall behind.
const EVENTS_MAX: usize = 4096;

/// Puts the root file system of an image into a directory.
#[async_trait]
pub trait RootFs: Send + Sync + 'static {
    /// Fills an empty directory with the image's files.
    ///
    /// # Errors
    /// If the image is not there or the machine fails; what was written may stay.
    async fn unpack(&self, image: &Image, into: &Path) -> Result<(), RuntimeError>;
}

/// How a process runtime is set up.
#[derive(Clone, Debug)]
pub struct ProcessConfig {
    /// Roots of containers, and notes about what runs.
    pub directory: PathBuf,
    /// Addresses of pods; within `127.0.0.0/8`. Default `127.1.0.0/16`.
    pub pod_cidr: Ipv4Net,
    /// Where programs are looked for behind the image's own directories, as in `PATH`.
    pub path: String,
}

impl ProcessConfig {
    /// Keeps roots and notes in this directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            pod_cidr: Ipv4Net::new_assert(Ipv4Addr::new(127, 1, 0, 0), 16),
            path: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into(),
        }
    }
}

/// Runs containers as processes. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct ProcessRuntime {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    config: ProcessConfig,
    roots: Option<Arc<dyn RootFs>>,
    state: Mutex<State>,
    events: broadcast::Sender<RuntimeEvent>,
}

#[derive(Default)]
struct State {
    made: u64,
    next_address: u32,
    sandboxes: BTreeMap<SandboxId, SandboxInfo>,
    /// What programs are told to be their host's name; the machine's own stays as it is.
    hostnames: BTreeMap<SandboxId, String>,
    containers: BTreeMap<ContainerId, Arc<Process>>,
}

impl std::fmt::Debug for ProcessRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProcessRuntime").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

fn missing(what: &'static str, id: &str) -> RuntimeError {
    RuntimeError::NotFound { what, id: id.to_owned() }
}

fn unsupported(what: impl Into<String>) -> RuntimeError {
    RuntimeError::Unsupported { backend: "process", what: what.into() }
}

impl ProcessRuntime {
    /// Opens a runtime in its directory and ends what an earlier one left running. Without `roots` containers have empty
    /// roots, and their programs are this machine's.
    ///
    /// # Errors
    /// If the directory cannot be used, or the addresses are not loopback ones.
    pub async fn open(
        config: ProcessConfig,
        roots: Option<Arc<dyn RootFs>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RuntimeError> {
        let loopback = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
        if !loopback.contains(&config.pod_cidr) || config.pod_cidr.prefix_len() > 30 {
            let text = format!("{} is no range of loopback addresses for pods", config.pod_cidr);
            return Err(RuntimeError::Invalid(text));
        }
        let containers = config.directory.join("containers");
        launch::end_leftovers(&containers).await?;
        let doing = format!("making {}", containers.display());
        tokio::fs::create_dir_all(&containers).await.map_err(RuntimeError::io(doing))?;
        let events = broadcast::Sender::new(EVENTS_MAX);
        Ok(Self { inner: Arc::new(Inner { clock, config, roots, state: Mutex::default(), events }) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn container(&self, id: &ContainerId) -> Result<Arc<Process>, RuntimeError> {
        self.state().containers.get(id).cloned().ok_or_else(|| missing("container", &id.0))
    }

    fn address_of(&self, sandbox: &SandboxId) -> Option<IpAddr> {
        self.state().sandboxes.get(sandbox)?.addresses.first().copied()
    }

    fn of_sandbox(&self, id: &SandboxId) -> Vec<Arc<Process>> {
        let state = self.state();
        state.containers.values().filter(|process| process.sandbox == *id).cloned().collect()
    }

    async fn remove_files(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        let directory = self.directory(id);
        match tokio::fs::remove_dir_all(&directory).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(RuntimeError::Io { doing: format!("removing {}", directory.display()), source: error })
            }
            _ => Ok(()),
        }
    }

    fn directory(&self, id: &ContainerId) -> PathBuf {
        self.inner.config.directory.join("containers").join(&id.0)
    }
}

impl State {
    /// A free address of the range, in order.
    fn address(&mut self, range: Ipv4Net) -> Result<IpAddr, RuntimeError> {
        let hosts = (1u32 << (32 - range.prefix_len())) - 2;
        for _ in 0..hosts {
            self.next_address = self.next_address % hosts + 1;
            let address = IpAddr::V4(Ipv4Addr::from(u32::from(range.network()) + self.next_address));
            if !self.sandboxes.values().any(|sandbox| sandbox.ready && sandbox.addresses.contains(&address)) {
                return Ok(address);
            }
        }
        Err(RuntimeError::Invalid(format!("no address of {range} is free")))
    }
}

/// Sends a signal to a process group that may be gone.
fn signal_group(pid: Pid, signal: Signal) -> Result<(), RuntimeError> {
    match rustix::process::kill_process_group(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => {
            Err(RuntimeError::Io { doing: format!("sending a signal to process group {pid:?}"), source: error.into() })
        }
    }
}

#[async_trait]
impl ContainerRuntime for ProcessRuntime {
    async fn info(&self) -> Result<RuntimeInfo, RuntimeError> {
        Ok(RuntimeInfo {
            name: "pintle-process".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            network_ready: true,
            message: "containers are plain processes: files, processes, network and limits are not isolated".into(),
        })
    }

    async fn run_sandbox(&self, config: SandboxConfig) -> Result<SandboxInfo, RuntimeError> {
        let mut state = self.state();
        let addresses = if config.host_network { vec![] } else { vec![state.address(self.inner.config.pod_cidr)?] };
        state.made += 1;
        let info = SandboxInfo {
            id: SandboxId(format!("{:x}-{}", state.made, config.identity.uid)),
            identity: config.identity,
            ready: true,
            addresses,
            created: self.inner.clock.utc(),
            labels: config.labels,
        };
        state.hostnames.insert(info.id.clone(), config.hostname);
        state.sandboxes.insert(info.id.clone(), info.clone());
        Ok(info)
    }

    async fn stop_sandbox(&self, id: &SandboxId) -> Result<(), RuntimeError> {
        for process in self.of_sandbox(id) {
            process.stop(Duration::ZERO).await?;
        }
        let was_ready = match self.state().sandboxes.get_mut(id) {
            Some(sandbox) => std::mem::replace(&mut sandbox.ready, false),
            None => false,
        };
        if was_ready {
            let _ = self.inner.events.send(RuntimeEvent::SandboxStopped { id: id.clone() });
        }
        Ok(())
    }

    async fn remove_sandbox(&self, id: &SandboxId) -> Result<(), RuntimeError> {
        self.stop_sandbox(id).await?;
        for process in self.of_sandbox(id) {
            self.remove_container(&process.id).await?;
        }
        let mut state = self.state();
        state.sandboxes.remove(id);
        state.hostnames.remove(id);
        Ok(())
    }

    async fn sandboxes(&self) -> Result<Vec<SandboxInfo>, RuntimeError> {
        Ok(self.state().sandboxes.values().cloned().collect())
    }

    async fn create_container(
        &self,
        sandbox: &SandboxId,
        mut config: ContainerConfig,
    ) -> Result<ContainerId, RuntimeError> {
        let id = {
            let mut state = self.state();
            if !state.sandboxes.get(sandbox).is_some_and(|sandbox| sandbox.ready) {
                return Err(missing("sandbox", &sandbox.0));
            }
            if let Some(hostname) = state.hostnames.get(sandbox) {
                // First, so that the container's own variable of this name wins.
                config.env.insert(0, ("HOSTNAME".into(), hostname.clone()));
            }
            state.made += 1;
            ContainerId(format!("{:x}-{}-{}", state.made, config.name, sandbox.0))
        };
        if config.tty {
            return Err(unsupported("give a container a terminal"));
        }
        launch::check_user(&config)?;
        let root = self.directory(&id).join("root");
        launch::prepare_root(&root, &config, self.inner.roots.as_deref()).await?;
        let process = Process::new(id.clone(), sandbox.clone(), root, config, self.inner.clock.utc());
        self.state().containers.insert(id.clone(), Arc::new(process));
        Ok(id)
    }

    async fn start_container(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        let process = self.container(id)?;
        let address = self.address_of(&process.sandbox);
        let events = self.inner.events.clone();
        process.start(&self.inner.config.path, address, &self.inner.clock, events, &self.directory(id)).await
    }

    async fn stop_container(&self, id: &ContainerId, grace: Duration) -> Result<(), RuntimeError> {
        match self.container(id) {
            Ok(process) => process.stop(grace).await,
            Err(_) => Ok(()),
        }
    }

    async fn remove_container(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        self.stop_container(id, Duration::ZERO).await?;
        self.remove_files(id).await?;
        self.state().containers.remove(id);
        Ok(())
    }

    async fn containers(&self) -> Result<Vec<ContainerInfo>, RuntimeError> {
        Ok(self.state().containers.values().map(|process| process.info()).collect())
    }

    async fn update_resources(&self, _id: &ContainerId, _resources: Resources) -> Result<(), RuntimeError> {
        Err(unsupported("limit resources"))
    }

    async fn stats(&self, id: &ContainerId) -> Result<ContainerStats, RuntimeError> {
        let process = self.container(id)?;
        let pid = process.pid().ok_or_else(|| missing("running container", &id.0))?;
        usage::of_group(pid).await
    }

    async fn exec(&self, id: &ContainerId, request: ExecRequest) -> Result<ExecSession, RuntimeError> {
        let process = self.container(id)?;
        if !matches!(process.info().state, ContainerState::Running { .. }) {
            return Err(missing("running container", &id.0));
        }
        if request.tty {
            return Err(unsupported("give a program a terminal"));
        }
        let address = self.address_of(&process.sandbox);
        launch::exec(&process, &request, &self.inner.config.path, address)
    }

    async fn attach(&self, id: &ContainerId, request: ExecRequest) -> Result<ExecSession, RuntimeError> {
        self.container(id)?.attach(&request)
    }

    async fn port_forward(&self, id: &SandboxId, port: u16) -> Result<Box<dyn DuplexStream>, RuntimeError> {
        let own = self.address_of(id);
        let mut last = None;
        // Programs that do not care about their pod's address often listen on localhost.
        for address in own.into_iter().chain([IpAddr::V4(Ipv4Addr::LOCALHOST)]) {
            match TcpStream::connect((address, port)).await {
                Ok(stream) => return Ok(Box::new(stream)),
                Err(error) => last = Some(error),
            }
        }
        let source = last.unwrap_or_else(|| std::io::Error::other("no address"));
        Err(RuntimeError::Io { doing: format!("connecting to port {port}"), source })
    }

    async fn reopen_log(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        self.container(id)?.reopen_log().await
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
