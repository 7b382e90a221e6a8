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
mod life;
mod mount;
mod pause;
mod process;
pub(crate) mod program;
mod record;
mod sandbox;
mod shared;
mod shim;
mod signal;
mod spec;
mod stream;
mod usage;
mod user;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use pintle_client::DuplexStream;
use pintle_object_model::clock::{Clock, Random};
use tokio::sync::broadcast;

use crate::oci::OciImageStore;
use crate::{
    ContainerConfig, ContainerId, ContainerInfo, ContainerRuntime, ContainerStats, ExecRequest, ExecSession,
    PodNetwork, Resources, RuntimeError, RuntimeEvent, RuntimeInfo, SandboxConfig, SandboxId, SandboxInfo,
};
use program::Program;
use shared::Shared;

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

/// Runs pods on this machine. Needs root, and the programs `runc` (or `crun`), `conmon`, `ip`, `nft` and `nsenter`: the
/// Debian packages `runc`, `conmon`, `iproute2`, `nftables` and `util-linux`.
///
/// Dropping it leaves everything running, to be found by the next one with the same directory; [`Self::close`] takes
/// everything down. Not there: seccomp profiles, user namespaces, IPv6, pulling from registries.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use pintle_object_model::clock::{Random, SystemClock};
/// use pintle_runtime::oci::{OciImageStore, OciStoreConfig};
/// use pintle_runtime::{BridgeConfig, BridgeNetwork, ImageStore as _, NativeConfig, NativeRuntime};
///
/// let images = OciImageStore::open(OciStoreConfig::new("/var/lib/pintle/images"))?;
/// images.import("demo.tar".as_ref()).await?;
/// let network = BridgeNetwork::open(BridgeConfig::new("10.244.0.0/24".parse()?, "/var/lib/pintle/network")).await?;
/// let config = NativeConfig::new("/var/lib/pintle/node");
/// let runtime = NativeRuntime::open(config, images, std::sync::Arc::new(network), SystemClock::shared(), Random::from_os()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NativeRuntime {
    shared: Arc<Shared>,
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
        // Waits for what is under way, also for callers that have gone.
        shared.closed.store(true, Ordering::SeqCst);
        let _all = shared.activity.write().await;
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
        let shared = Arc::clone(&self.shared);
        let work = operation(Arc::clone(&self.shared));
        let work = async move {
            let _one = shared.activity.read().await;
            work.await
        };
        match tokio::spawn(work).await {
            Ok(result) => result,
            Err(error) => {
                let source = std::io::Error::other(error);
                Err(RuntimeError::Io { doing: "running an operation of the native runtime".into(), source })
            }
        }
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
