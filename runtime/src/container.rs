//! Sandboxes and containers: the shape of the Container Runtime Interface as a Rust trait.
//!
//! In: the node agent's wishes. Out: running processes, and events when they end. Invariants: every call that makes or
//! stops something may be repeated; what exists can be listed after a restart of the agent; identities given at creation
//! come back in the lists. Source: the CRI (`runtime.v1`), Kubernetes SIG Node.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use pintle_client::DuplexStream;
use pintle_object_model::MicroTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use crate::{Image, RuntimeError};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub String);
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
id!(
    /// Names a sandbox within one runtime.
    SandboxId
);
id!(
    /// Names a container within one runtime.
    ContainerId
);

/// Runs sandboxes and containers.
///
/// Called concurrently, from any task. A dropped future may leave the work half done; repeating the call, or removing the
/// object, must then work. `stop_*` and `remove_*` of what is not there succeed.
#[async_trait]
pub trait ContainerRuntime: Send + Sync + 'static {
    /// What this runtime is, for the node's status. Fails if it is not able to run anything now.
    ///
    /// # Errors
    /// What is missing on this machine.
    async fn info(&self) -> Result<RuntimeInfo, RuntimeError>;

    /// Makes a pod's sandbox and starts it: network namespace, address, pause process.
    ///
    /// # Errors
    /// If the sandbox cannot be made; nothing is left behind then.
    async fn run_sandbox(&self, config: SandboxConfig) -> Result<SandboxInfo, RuntimeError>;
    /// Ends all processes of a sandbox at once and takes down its network.
    ///
    /// # Errors
    /// If something could not be taken down.
    async fn stop_sandbox(&self, id: &SandboxId) -> Result<(), RuntimeError>;
    /// Removes a sandbox and its containers.
    ///
    /// # Errors
    /// If something could not be removed.
    async fn remove_sandbox(&self, id: &SandboxId) -> Result<(), RuntimeError>;
    /// All sandboxes that have not been removed.
    ///
    /// # Errors
    /// If they cannot be listed.
    async fn sandboxes(&self) -> Result<Vec<SandboxInfo>, RuntimeError>;

    /// Makes a container in a sandbox, without starting it.
    ///
    /// # Errors
    /// If the sandbox is not there, or the configuration cannot be carried out.
    async fn create_container(&self, sandbox: &SandboxId, config: ContainerConfig)
    -> Result<ContainerId, RuntimeError>;
    /// Starts a container that was made.
    ///
    /// # Errors
    /// [`RuntimeError::Start`] if its program cannot be run.
    async fn start_container(&self, id: &ContainerId) -> Result<(), RuntimeError>;
    /// Asks the container to end (its stop signal, else SIGTERM), waits up to `grace`, then kills it. Returns when it has ended.
    ///
    /// # Errors
    /// If it could not be ended.
    async fn stop_container(&self, id: &ContainerId, grace: Duration) -> Result<(), RuntimeError>;
    /// Removes a container; a running one is killed. Its log stays: it belongs to the agent.
    ///
    /// # Errors
    /// If something could not be removed.
    async fn remove_container(&self, id: &ContainerId) -> Result<(), RuntimeError>;
    /// All containers that have not been removed.
    ///
    /// # Errors
    /// If they cannot be listed.
    async fn containers(&self) -> Result<Vec<ContainerInfo>, RuntimeError>;
    /// Changes the limits of a running container.
    ///
    /// # Errors
    /// [`RuntimeError::Unsupported`] where the backend has no limits.
    async fn update_resources(&self, id: &ContainerId, resources: Resources) -> Result<(), RuntimeError>;
    /// What a container uses now.
    ///
    /// # Errors
    /// If it is not there or cannot be measured.
    async fn stats(&self, id: &ContainerId) -> Result<ContainerStats, RuntimeError>;

    /// Runs one more program in a running container.
    ///
    /// # Errors
    /// [`RuntimeError::Start`] if the program cannot be run.
    async fn exec(&self, id: &ContainerId, request: ExecRequest) -> Result<ExecSession, RuntimeError>;
    /// Connects to the streams of a running container's main program.
    ///
    /// # Errors
    /// [`RuntimeError::Unsupported`] where the backend cannot.
    async fn attach(&self, id: &ContainerId, request: ExecRequest) -> Result<ExecSession, RuntimeError>;
    /// Connects to a TCP port on the sandbox's localhost.
    ///
    /// # Errors
    /// If nobody listens there.
    async fn port_forward(&self, id: &SandboxId, port: u16) -> Result<Box<dyn DuplexStream>, RuntimeError>;
    /// Starts a new log file for a container whose old one has been moved away.
    ///
    /// # Errors
    /// If the new file cannot be opened.
    async fn reopen_log(&self, id: &ContainerId) -> Result<(), RuntimeError>;

    /// What happens from now on. The stream may lose events if it is not read fast enough; it then yields
    /// [`RuntimeEvent::Lost`], and the lists tell the truth.
    fn events(&self) -> BoxStream<'static, RuntimeEvent>;
}

/// What a runtime is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuntimeInfo {
    /// Name, such as `pintle-native`.
    pub name: String,
    /// Version.
    pub version: String,
    /// Pods get addresses of their own and reach each other.
    pub network_ready: bool,
    /// What is wrong, if anything.
    pub message: String,
}

/// Which pod a sandbox or container belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// UID of the pod.
    pub uid: String,
    /// Where the pod came from.
    pub source: IdentitySource,
    /// How many of the same name there were before.
    pub attempt: u32,
}

/// Where a pod came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdentitySource {
    /// The API server.
    #[default]
    Api,
    /// A manifest on the node.
    Static,
}

/// A sandbox that is wanted.
#[derive(Clone, Debug, Default)]
pub struct SandboxConfig {
    /// Whose it is.
    pub identity: Identity,
    /// Host name inside.
    pub hostname: String,
    /// Uses the node's network instead of one of its own.
    pub host_network: bool,
    /// Sees the node's processes.
    pub host_pid: bool,
    /// Shares the node's IPC.
    pub host_ipc: bool,
    /// Containers of the pod see each other's processes.
    pub share_processes: bool,
    /// Name resolution inside.
    pub dns: DnsSettings,
    /// Ports of the node that lead to the pod.
    pub ports: Vec<PortMapping>,
    /// Kernel parameters of the network namespace.
    pub sysctls: BTreeMap<String, String>,
    /// Kept with the sandbox and handed back in the lists.
    pub labels: BTreeMap<String, String>,
}

/// Contents of `/etc/resolv.conf`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsSettings {
    /// Addresses of name servers.
    pub servers: Vec<String>,
    /// Search domains.
    pub searches: Vec<String>,
    /// Options, such as `ndots:5`.
    pub options: Vec<String>,
}

/// A port of the node that leads to a port of the pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortMapping {
    /// `TCP` or `UDP`.
    pub protocol: String,
    /// Port of the pod.
    pub container_port: u16,
    /// Port of the node.
    pub host_port: u16,
    /// Address of the node; all if `None`.
    pub host_ip: Option<IpAddr>,
}

/// A sandbox that exists.
#[derive(Clone, Debug, Default)]
pub struct SandboxInfo {
    /// Its name in the runtime.
    pub id: SandboxId,
    /// Whose it is.
    pub identity: Identity,
    /// Its pause process runs.
    pub ready: bool,
    /// Its addresses, the primary one first; empty with the host's network.
    pub addresses: Vec<IpAddr>,
    /// When it was made.
    pub created: MicroTime,
    /// As given.
    pub labels: BTreeMap<String, String>,
}

/// A container that is wanted.
#[derive(Clone, Debug, Default)]
pub struct ContainerConfig {
    /// Name within the pod.
    pub name: String,
    /// How many of the same name there were before.
    pub attempt: u32,
    /// The image, present already.
    pub image: Image,
    /// Replaces the image's entry point; empty: the image's.
    pub command: Vec<String>,
    /// Replaces the image's arguments; empty: the image's (unless `command` is given).
    pub args: Vec<String>,
    /// Working directory; empty: the image's.
    pub working_dir: String,
    /// Environment, in addition to the image's, in order.
    pub env: Vec<(String, String)>,
    /// Directories and files of the node that appear inside.
    pub mounts: Vec<MountConfig>,
    /// Where the output goes, in the CRI's log format, one file per attempt.
    pub log_path: PathBuf,
    /// Standard input stays open.
    pub stdin: bool,
    /// Standard input closes after the first attach.
    pub stdin_once: bool,
    /// Has a terminal.
    pub tty: bool,
    /// Limits.
    pub resources: Resources,
    /// Rights.
    pub security: SecurityConfig,
    /// Signal that asks it to end, such as `SIGQUIT`; empty: the image's, else SIGTERM.
    pub stop_signal: String,
    /// Kept with the container and handed back in the lists.
    pub labels: BTreeMap<String, String>,
}

/// A directory or file of the node that appears in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MountConfig {
    /// On the node.
    pub host_path: PathBuf,
    /// In the container.
    pub container_path: PathBuf,
    /// Cannot be written.
    pub read_only: bool,
    /// Later mounts of the node appear inside (`HostToContainer`) or in both directions (`Bidirectional`).
    pub propagation: String,
}

/// Limits of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// Share of CPU when it is scarce, from the request; millicores.
    pub cpu_request_millis: i64,
    /// Most CPU; millicores, 0 for no limit.
    pub cpu_limit_millis: i64,
    /// Most memory; bytes, 0 for no limit.
    pub memory_limit_bytes: i64,
    /// How readily the kernel kills it when memory is short, -1000 to 1000.
    pub oom_score_adj: i32,
}

/// Rights of a container. The default is what an ordinary container has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityConfig {
    /// User; `None`: the image's.
    pub run_as_user: Option<i64>,
    /// Group; `None`: the image's.
    pub run_as_group: Option<i64>,
    /// Further groups.
    pub supplemental_groups: Vec<i64>,
    /// All rights of the node.
    pub privileged: bool,
    /// The root file system cannot be written.
    pub read_only_root: bool,
    /// Programs cannot gain rights (`no_new_privs`).
    pub no_new_privileges: bool,
    /// Capabilities beyond the default ones.
    pub add_capabilities: Vec<String>,
    /// Default capabilities to leave out; `ALL` for all.
    pub drop_capabilities: Vec<String>,
}

/// A container that exists.
#[derive(Clone, Debug)]
pub struct ContainerInfo {
    /// Its name in the runtime.
    pub id: ContainerId,
    /// Where it lives.
    pub sandbox: SandboxId,
    /// Name within the pod.
    pub name: String,
    /// How many of the same name there were before.
    pub attempt: u32,
    /// Image reference as given.
    pub image: String,
    /// Identity of the image's content.
    pub image_id: String,
    /// What it does.
    pub state: ContainerState,
    /// When it was made.
    pub created: MicroTime,
    /// As given.
    pub labels: BTreeMap<String, String>,
    /// As given.
    pub log_path: PathBuf,
}

/// What a container does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// It was made, not started.
    Created,
    /// Its main program runs.
    Running {
        /// Since when.
        started: MicroTime,
    },
    /// Its main program has ended.
    Exited {
        /// When it was started; `None` if starting failed.
        started: Option<MicroTime>,
        /// When it ended.
        finished: MicroTime,
        /// Exit code; 128 plus the signal if it was killed.
        exit_code: i32,
        /// `Completed`, `Error`, `OOMKilled`, `ContainerCannotRun`.
        reason: String,
        /// More words, if there are any.
        message: String,
    },
}

/// What a container uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerStats {
    /// CPU time used since it started.
    pub cpu: Duration,
    /// Memory that cannot be reclaimed, in bytes.
    pub memory_working_set_bytes: u64,
    /// Bytes written to its root file system.
    pub file_system_bytes: u64,
}

/// A program to run in a container, or streams to attach to.
#[derive(Clone, Debug, Default)]
pub struct ExecRequest {
    /// Program and arguments; empty for attach.
    pub command: Vec<String>,
    /// With a terminal; standard error then is part of standard output.
    pub tty: bool,
    /// Standard input is wanted.
    pub stdin: bool,
    /// Standard output is wanted.
    pub stdout: bool,
    /// Standard error is wanted.
    pub stderr: bool,
}

/// Size of a terminal in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// The streams of a program. Those not asked for are `None`.
#[derive(Default)]
pub struct ExecIo {
    /// Write here what the program reads; dropping it ends its input.
    pub stdin: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    /// What the program writes.
    pub stdout: Option<Box<dyn AsyncRead + Send + Unpin>>,
    /// What the program writes to standard error.
    pub stderr: Option<Box<dyn AsyncRead + Send + Unpin>>,
    /// Send here when the terminal changes its size; `None` without a terminal.
    pub resize: Option<mpsc::Sender<TerminalSize>>,
}

/// A program that runs. Dropping it kills the program of an exec, and only lets go of an attached one.
pub struct ExecSession {
    /// Its streams.
    pub io: ExecIo,
    /// Ends with the exit code (128 plus the signal if it was killed).
    pub exit: futures::future::BoxFuture<'static, Result<i32, RuntimeError>>,
}

impl std::fmt::Debug for ExecSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExecSession").finish_non_exhaustive()
    }
}

/// What happened in a runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeEvent {
    /// A container's program runs.
    ContainerStarted {
        /// Where it lives.
        sandbox: SandboxId,
        /// Which one.
        id: ContainerId,
    },
    /// A container's program has ended.
    ContainerExited {
        /// Where it lives.
        sandbox: SandboxId,
        /// Which one.
        id: ContainerId,
        /// Exit code.
        exit_code: i32,
    },
    /// A sandbox is gone or no longer works.
    SandboxStopped {
        /// Which one.
        id: SandboxId,
    },
    /// Events were lost: read the lists.
    Lost,
}
