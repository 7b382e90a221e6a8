//! Native Linux containers: pods on this machine, from kernel features and an OCI runtime program.
//!
//! In: the node agent's wishes. Out: namespaces, overlay mounts, control groups and processes. Each container has a shim,
//! `conmon`, which owns its log, its terminal and its exit code: containers go on while this process is away, and a new
//! one finds them by the records it keeps on disk. Each sandbox has a pause process, whose namespaces the containers join.
//! Invariants: a record exists before what it describes; the end of a process is told by the kernel (pidfd), never polled;
//! everything made carries a name derived from the data directory, so that several clusters share a machine.
//! Elsewhere: images (`oci`), addresses (`bridge`), volumes, restarts and probes (the agent).
//! Source: OCI runtime specification, CRI.

mod capability;
mod cgroup;
mod container;
mod exec;
mod files;
mod forward;
mod mount;
mod pause;
mod process;
pub(crate) mod program;
mod record;
mod sandbox;
mod shim;
mod signal;
mod spec;
mod stream;
mod user;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use pintle_client::DuplexStream;
use pintle_object_model::clock::{Clock, Random};
use tokio::sync::broadcast;

use crate::bridge::short_hash;
use crate::oci::OciImageStore;
use crate::{
    ContainerConfig, ContainerId, ContainerInfo, ContainerRuntime, ContainerStats, ExecRequest, ExecSession,
    PodNetwork, Resources, RuntimeError, RuntimeEvent, RuntimeInfo, SandboxConfig, SandboxId, SandboxInfo,
};
use cgroup::Cgroups;
use container::Container;
use program::Program;
use sandbox::Sandbox;

/// Events that a slow reader may be behind before it loses some.
const EVENTS_MAX: usize = 1024;

/// Where the runtime keeps its things and what it runs.
#[derive(Clone, Debug)]
pub struct NativeConfig {
    /// Records, bundles and writable layers. Made if it is not there; one runtime at a time uses it. Not on an overlay.
    pub directory: PathBuf,
    /// The OCI runtime program. Default: `runc`, else `crun`, wherever it is installed.
    pub runtime: Option<PathBuf>,
    /// A static program that waits forever, for the pause process. Default: one that is built in (x86-64).
    pub pause_command: Option<PathBuf>,
}

impl NativeConfig {
    /// Defaults with this directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), runtime: None, pause_command: None }
    }
}

/// What works less well on this machine than it should.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NativeWarning {
    /// Control groups are not mounted or cannot be written: no limits, no figures.
    NoCgroups,
    /// One controller is missing: its limits are not kept.
    NoController {
        /// Which one, such as `memory`.
        controller: String,
    },
    /// This process lacks `CAP_SYS_RESOURCE`: containers cannot be shielded from the kernel's out-of-memory killer.
    OomScoreLimited {
        /// The least `oom_score_adj` that is given instead of lesser ones.
        least: i32,
    },
}

impl std::fmt::Display for NativeWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoCgroups => f.write_str("control groups cannot be written: containers run without limits"),
            Self::OomScoreLimited { least } => {
                write!(f, "oom_score_adj cannot be less than {least} (no CAP_SYS_RESOURCE)")
            }
            Self::NoController { controller } => write!(f, "no {controller} controller: its limits are not kept"),
        }
    }
}

/// Runs pods on this machine. Needs root. See the crate's documentation for what must be installed.
///
/// Dropping it leaves everything running, to be found by the next one with the same directory; [`Self::close`] takes
/// everything down.
#[derive(Debug)]
pub struct NativeRuntime {
    shared: Arc<Shared>,
}

/// What all operations need.
struct Shared {
    directory: PathBuf,
    program: PathBuf,
    version: String,
    pause_program: Vec<u8>,
    /// Part of all names on the machine.
    instance: String,
    images: OciImageStore,
    network: Arc<dyn PodNetwork>,
    clock: Arc<dyn Clock>,
    random: Random,
    cgroups: Cgroups,
    oom_score_min: i32,
    warnings: Vec<NativeWarning>,
    sandboxes: Mutex<BTreeMap<String, Arc<Sandbox>>>,
    containers: Mutex<BTreeMap<String, Arc<Container>>>,
    events: broadcast::Sender<RuntimeEvent>,
    /// Held while the runtime exists: the directory has one user.
    _lock: std::fs::File,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl NativeRuntime {
    /// Opens the runtime: finds what an earlier one left running, and clears away what it left half done.
    ///
    /// # Errors
    /// If a program is missing, this process is not root, another runtime uses the directory, or the machine refuses.
    pub async fn open(
        config: NativeConfig,
        images: OciImageStore,
        network: Arc<dyn PodNetwork>,
        clock: Arc<dyn Clock>,
        random: Random,
    ) -> Result<Self, RuntimeError> {
        let shared = Arc::new(Shared::open(config, images, network, clock, random).await?);
        shared.adopt().await?;
        Ok(Self { shared })
    }

    /// What works less well on this machine than it should.
    pub fn warnings(&self) -> &[NativeWarning] {
        &self.shared.warnings
    }

    /// Ends and removes all sandboxes and containers, the network, and the control groups. Images stay.
    ///
    /// # Errors
    /// The first thing that could not be removed; the rest was tried. Repeating it is harmless.
    pub async fn close(&self) -> Result<(), RuntimeError> {
        let shared = &self.shared;
        let mut result = Ok(());
        let ids: Vec<String> = shared.sandboxes().keys().cloned().collect();
        let removals = ids.iter().map(|id| shared.remove_sandbox(id));
        for removed in futures::future::join_all(removals).await {
            result = result.and(removed);
        }
        result = result.and(shared.network.close().await);
        result.and(shared.remove_cgroups())
    }

    /// Carries an operation through even if its caller goes away, so that nothing is left half done.
    async fn carry_through<T, F>(&self, operation: impl FnOnce(Arc<Shared>) -> F) -> Result<T, RuntimeError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, RuntimeError>> + Send + 'static,
    {
        match tokio::spawn(operation(Arc::clone(&self.shared))).await {
            Ok(result) => result,
            Err(error) => {
                let source = std::io::Error::other(error);
                Err(RuntimeError::Io { doing: "running an operation of the native runtime".into(), source })
            }
        }
    }
}

impl Shared {
    async fn open(
        config: NativeConfig,
        images: OciImageStore,
        network: Arc<dyn PodNetwork>,
        clock: Arc<dyn Clock>,
        random: Random,
    ) -> Result<Self, RuntimeError> {
        let doing = || format!("opening the native runtime in {}", config.directory.display());
        let failed = |text: String| RuntimeError::Io { doing: doing(), source: std::io::Error::other(text) };
        if !rustix::process::geteuid().is_root() {
            return Err(failed("native containers need root".into()));
        }
        for name in ["conmon", "ip", "nft", "nsenter"] {
            program::find(name).ok_or_else(|| RuntimeError::Io { doing: doing(), source: program::missing(name) })?;
        }
        let found = config.runtime.clone().or_else(|| program::find("runc")).or_else(|| program::find("crun"));
        let program = found.ok_or_else(|| RuntimeError::Io { doing: doing(), source: program::missing("runc") })?;
        let pause_program = match &config.pause_command {
            Some(path) => std::fs::read(path).map_err(RuntimeError::io(format!("reading {}", path.display())))?,
            None => pause::program().ok_or_else(|| failed("this architecture needs a `pause_command`".into()))?,
        };
        for part in ["sandboxes", "containers", "runtime"] {
            std::fs::create_dir_all(config.directory.join(part)).map_err(RuntimeError::io(doing()))?;
        }
        let directory = config.directory.canonicalize().map_err(RuntimeError::io(doing()))?;
        if directory.to_string_lossy().contains([':', ',', '\\', '"']) {
            return Err(failed("overlayfs does not take paths with `:`, `,`, `\\` or quotes".into()));
        }
        let lock = std::fs::File::create(directory.join("lock")).map_err(RuntimeError::io(doing()))?;
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| failed("another runtime uses this directory".into()))?;
        let version = Program::new(&program).args(["--version"]).run(&doing()).await?;
        let version = version.lines().next().unwrap_or_default().to_owned();
        let (cgroups, mut warnings) = Cgroups::detect();
        let oom_score_min = capability::oom_score_min();
        if oom_score_min > -1000 {
            warnings.push(NativeWarning::OomScoreLimited { least: oom_score_min });
        }
        for warning in &warnings {
            tracing::warn!(%warning, "native containers are restricted on this machine");
        }
        Ok(Self {
            instance: short_hash(&directory.to_string_lossy(), 8),
            directory,
            program,
            version,
            pause_program,
            images,
            network,
            clock,
            random,
            cgroups,
            oom_score_min,
            warnings,
            sandboxes: Mutex::default(),
            containers: Mutex::default(),
            events: broadcast::channel(EVENTS_MAX).0,
            _lock: lock,
        })
    }

    fn sandboxes(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Sandbox>>> {
        self.sandboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn containers(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Container>>> {
        self.containers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sandbox(&self, id: &str) -> Result<Arc<Sandbox>, RuntimeError> {
        let found = self.sandboxes().get(id).cloned();
        found.ok_or_else(|| RuntimeError::NotFound { what: "sandbox", id: id.to_owned() })
    }

    fn container(&self, id: &str) -> Result<Arc<Container>, RuntimeError> {
        let found = self.containers().get(id).cloned();
        found.ok_or_else(|| RuntimeError::NotFound { what: "container", id: id.to_owned() })
    }

    fn containers_of(&self, sandbox: &str) -> Vec<Arc<Container>> {
        let containers = self.containers();
        containers.values().filter(|container| container.record().sandbox == sandbox).cloned().collect()
    }

    /// A name that nothing has had here.
    fn new_id(&self) -> String {
        format!("{:016x}{:016x}", self.random.next_u64(), self.random.next_u64())
    }

    fn now(&self) -> i64 {
        self.clock.utc().unix_micros()
    }

    fn emit(&self, event: RuntimeEvent) {
        // An error means that nobody listens.
        let _ = self.events.send(event);
    }

    /// The OCI runtime, with where it keeps its state.
    fn runtime(&self) -> Program {
        Program::new(&self.program).args(self.runtime_options())
    }

    fn runtime_options(&self) -> Vec<String> {
        let mut options = vec!["--root".to_owned(), self.directory.join("runtime").to_string_lossy().into_owned()];
        if !self.cgroups.usable {
            // Makes it tolerate that it cannot write control groups.
            options.extend(["--rootless".to_owned(), "true".to_owned()]);
        }
        options
    }

    /// Where a container's control group goes, relative to this process's own: limits on us then hold for containers too.
    fn cgroup_path(&self, id: &str) -> Option<String> {
        self.cgroups.usable.then(|| format!("pintle-{}/{id}", self.instance))
    }

    /// Removes a container of the OCI runtime with whatever still runs in it. What is not there counts as removed.
    async fn runtime_delete(&self, id: &str) -> Result<(), RuntimeError> {
        if !self.directory.join("runtime").join(id).exists() {
            return Ok(());
        }
        let deleted = self.runtime().args(["delete", "--force", id]).run(&format!("removing container {id}")).await;
        if self.directory.join("runtime").join(id).exists() { deleted.map(drop) } else { Ok(()) }
    }

    /// Finds what an earlier runtime left.
    async fn adopt(self: &Arc<Self>) -> Result<(), RuntimeError> {
        let load = |part: &str| self.directory.join(part);
        let reading = |error| RuntimeError::io("reading the runtime's records")(error);
        for (directory, record) in record::load(&load("sandboxes")).map_err(reading)? {
            self.adopt_sandbox(&directory, record).await?;
        }
        for (directory, record) in record::load(&load("containers")).map_err(reading)? {
            self.adopt_container(&directory, record).await?;
        }
        Ok(())
    }

    /// Remembers the groups that contain those of containers, for [`Self::remove_cgroups`] of this or a later run.
    fn remember_cgroups(&self, directories: &[PathBuf]) -> std::io::Result<()> {
        let name = format!("pintle-{}", self.instance);
        let ours = |directory: &PathBuf| {
            directory
                .parent()
                .filter(|parent| parent.file_name().is_some_and(|last| *last == *name))
                .map(Path::to_path_buf)
        };
        let file = self.directory.join("cgroups.json");
        let mut known = self.known_cgroups();
        let count = known.len();
        known.extend(directories.iter().filter_map(ours));
        if known.len() == count { Ok(()) } else { std::fs::write(file, serde_json::to_vec(&known)?) }
    }

    fn known_cgroups(&self) -> BTreeSet<PathBuf> {
        let bytes = std::fs::read(self.directory.join("cgroups.json")).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    fn remove_cgroups(&self) -> Result<(), RuntimeError> {
        for directory in self.known_cgroups() {
            if !cgroup::remove(&directory) {
                let source = std::io::Error::other("it still has processes");
                return Err(RuntimeError::Io {
                    doing: format!("removing control group {}", directory.display()),
                    source,
                });
            }
        }
        let _ = std::fs::remove_file(self.directory.join("cgroups.json"));
        Ok(())
    }
}

#[async_trait]
impl ContainerRuntime for NativeRuntime {
    async fn info(&self) -> Result<RuntimeInfo, RuntimeError> {
        let version =
            Program::new(&self.shared.program).args(["--version"]).run("asking the OCI runtime's version").await?;
        debug_assert!(version.starts_with(&self.shared.version));
        let warnings: Vec<String> = self.shared.warnings.iter().map(ToString::to_string).collect();
        Ok(RuntimeInfo {
            name: "pintle-native".into(),
            version: format!("{} ({})", env!("CARGO_PKG_VERSION"), self.shared.version),
            network_ready: true,
            message: warnings.join("; "),
        })
    }

    async fn run_sandbox(&self, config: SandboxConfig) -> Result<SandboxInfo, RuntimeError> {
        self.carry_through(|shared| async move { shared.run_sandbox(config).await }).await
    }

    async fn stop_sandbox(&self, id: &SandboxId) -> Result<(), RuntimeError> {
        let id = id.0.clone();
        self.carry_through(|shared| async move { shared.stop_sandbox(&id).await }).await
    }

    async fn remove_sandbox(&self, id: &SandboxId) -> Result<(), RuntimeError> {
        let id = id.0.clone();
        self.carry_through(|shared| async move { shared.remove_sandbox(&id).await }).await
    }

    async fn sandboxes(&self) -> Result<Vec<SandboxInfo>, RuntimeError> {
        Ok(self.shared.sandboxes().values().map(|sandbox| sandbox.record().info()).collect())
    }

    async fn create_container(
        &self,
        sandbox: &SandboxId,
        config: ContainerConfig,
    ) -> Result<ContainerId, RuntimeError> {
        let sandbox = sandbox.0.clone();
        self.carry_through(|shared| async move { shared.create_container(&sandbox, config).await }).await
    }

    async fn start_container(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        let id = id.0.clone();
        self.carry_through(|shared| async move { shared.start_container(&id).await }).await
    }

    async fn stop_container(&self, id: &ContainerId, grace: Duration) -> Result<(), RuntimeError> {
        // Not carried through: whoever gives up waiting wants no kill later on.
        self.shared.stop_container(&id.0, grace).await
    }

    async fn remove_container(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        let id = id.0.clone();
        self.carry_through(|shared| async move { shared.remove_container(&id).await }).await
    }

    async fn containers(&self) -> Result<Vec<ContainerInfo>, RuntimeError> {
        Ok(self.shared.containers().values().map(|container| container.record().info()).collect())
    }

    async fn update_resources(&self, id: &ContainerId, resources: Resources) -> Result<(), RuntimeError> {
        self.shared.update_resources(&id.0, &resources).await
    }

    async fn stats(&self, id: &ContainerId) -> Result<ContainerStats, RuntimeError> {
        self.shared.stats(&id.0).await
    }

    async fn exec(&self, id: &ContainerId, request: ExecRequest) -> Result<ExecSession, RuntimeError> {
        self.shared.exec(&id.0, request).await
    }

    async fn attach(&self, id: &ContainerId, request: ExecRequest) -> Result<ExecSession, RuntimeError> {
        self.shared.attach(&id.0, &request)
    }

    async fn port_forward(&self, id: &SandboxId, port: u16) -> Result<Box<dyn DuplexStream>, RuntimeError> {
        let sandbox = self.shared.sandbox(&id.0)?;
        let namespace = sandbox.record().namespace_path();
        Ok(Box::new(forward::connect(namespace, port).await?))
    }

    async fn reopen_log(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        self.shared.container(&id.0)?.reopen_log()
    }

    fn events(&self) -> BoxStream<'static, RuntimeEvent> {
        let receiver = self.shared.events.subscribe();
        let next = |mut receiver: broadcast::Receiver<RuntimeEvent>| async move {
            match receiver.recv().await {
                Ok(event) => Some((event, receiver)),
                Err(broadcast::error::RecvError::Lagged(_)) => Some((RuntimeEvent::Lost, receiver)),
                Err(broadcast::error::RecvError::Closed) => None,
            }
        };
        futures::stream::unfold(receiver, next).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_say_what_is_missing() {
        let warning = NativeWarning::NoController { controller: "memory".into() };
        assert_eq!(warning.to_string(), "no memory controller: its limits are not kept");
    }
}
