//! Containers: from a configuration to a running program, and to its exit code.
//!
//! In: what the agent wants. Out: states and events. Invariant: the state on disk is changed before the event is sent;
//! a container ends exactly once, however its end is noticed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::process::{Process, ProcessRecord};
use super::record::{self, ContainerRecord, StateRecord};
use super::sandbox::clear_directory;
use super::{Shared, capability, cgroup, mount, signal, spec, user};
use crate::{ContainerConfig, ContainerId, ContainerStats, Resources, RuntimeError, RuntimeEvent, SandboxId};

/// Longest that the kernel may take to end a killed process.
const KILL_PATIENCE: Duration = Duration::from_secs(30);
/// Longest that the shim may take to write down the exit code after the program's end.
const SHIM_PATIENCE: Duration = Duration::from_secs(10);
/// Most files that are counted for the size of a root file system.
const COUNTED_FILES_MAX: usize = 100_000;

/// Ends a task when dropped.
pub(super) struct AbortOnDrop(pub(super) AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(super) struct Container {
    pub(super) id: String,
    /// Its record, its bundle and its writable layer.
    pub(super) directory: PathBuf,
    record: watch::Sender<ContainerRecord>,
    /// Makes, starts or removes it: one at a time.
    busy: tokio::sync::Mutex<()>,
    /// Waits for its end.
    watcher: Mutex<Option<AbortOnDrop>>,
}

impl Container {
    fn new(directory: PathBuf, record: ContainerRecord) -> Arc<Self> {
        Arc::new(Self {
            id: record.id.clone(),
            directory,
            record: watch::Sender::new(record),
            busy: tokio::sync::Mutex::new(()),
            watcher: Mutex::new(None),
        })
    }

    pub(super) fn record(&self) -> ContainerRecord {
        self.record.borrow().clone()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<ContainerRecord> {
        self.record.subscribe()
    }

    /// Changes the record, on disk first.
    fn update(&self, change: impl FnOnce(&mut ContainerRecord)) -> Result<(), RuntimeError> {
        let mut result = Ok(());
        self.record.send_modify(|record| {
            change(record);
            result = record::save(&self.directory, record);
        });
        result.map_err(RuntimeError::io(format!("recording container {}", self.id)))
    }

    fn init(&self) -> Option<Process> {
        self.record.borrow().init.as_ref().and_then(ProcessRecord::open)
    }

    /// Waits until it has ended; at once if it never ran.
    async fn ended(&self) {
        let mut states = self.subscribe();
        let over = |record: &ContainerRecord| !matches!(record.state, StateRecord::Running { .. });
        // An error would mean that the sender is gone, which `self` holds.
        let _ = states.wait_for(over).await;
    }
}

impl Shared {
    pub(super) async fn create_container(
        self: &Arc<Self>,
        sandbox_id: &str,
        config: ContainerConfig,
    ) -> Result<ContainerId, RuntimeError> {
        let sandbox = self.sandbox(sandbox_id)?;
        let Some(pause) = sandbox.pause() else {
            return Err(RuntimeError::Invalid(format!("sandbox {sandbox_id} is not ready")));
        };
        let twin = self.containers_of(sandbox_id).into_iter().find(|container| {
            let record = container.record();
            (&record.name, record.attempt) == (&config.name, config.attempt)
        });
        if let Some(twin) = twin {
            return match twin.record().state {
                StateRecord::Created => Ok(ContainerId(twin.id.clone())),
                StateRecord::Running { .. } | StateRecord::Exited { .. } => {
                    Err(RuntimeError::Invalid(format!("container {} attempt {} exists", config.name, config.attempt)))
                }
            };
        }
        if signal::parse(&config.stop_signal).is_none() {
            return Err(RuntimeError::Invalid(format!("unknown stop signal {:?}", config.stop_signal)));
        }
        let id = self.new_id();
        let layers = self.images.acquire(&config.image.id, &id)?;
        let container =
            Container::new(self.directory.join("containers").join(&id), self.new_record(&id, sandbox_id, &config));
        let around = (sandbox.record(), pause, &*sandbox.directory);
        match self.prepare(&container, &config, &layers, around) {
            Ok(()) => {
                self.containers().insert(id.clone(), container);
                Ok(ContainerId(id))
            }
            Err(error) => {
                self.images.release(&config.image.id, &id);
                if let Err(left) = clear_directory(&container.directory) {
                    tracing::warn!(container = %id, error = %left, "a failed container could not be cleared away");
                }
                Err(error)
            }
        }
    }

    fn new_record(&self, id: &str, sandbox: &str, config: &ContainerConfig) -> ContainerRecord {
        let stop_signal =
            if config.stop_signal.is_empty() { &config.image.config.stop_signal } else { &config.stop_signal };
        ContainerRecord {
            id: id.to_owned(),
            sandbox: sandbox.to_owned(),
            name: config.name.clone(),
            attempt: config.attempt,
            image: config.image.references.first().cloned().unwrap_or_else(|| config.image.id.clone()),
            image_id: config.image.id.clone(),
            created: self.now(),
            labels: config.labels.clone(),
            log_path: config.log_path.clone(),
            stop_signal: stop_signal.clone(),
            stdin: config.stdin,
            stdin_once: config.stdin_once,
            tty: config.tty,
            state: StateRecord::Created,
            init: None,
            shim: None,
            cgroups: Vec::new(),
        }
    }

    /// Mounts the root file system and writes the bundle.
    fn prepare(
        &self,
        container: &Container,
        config: &ContainerConfig,
        layers: &[PathBuf],
        (sandbox, pause, files): (record::SandboxRecord, i32, &Path),
    ) -> Result<(), RuntimeError> {
        let directory = &container.directory;
        let doing = || RuntimeError::io(format!("preparing container {}", config.name));
        std::fs::create_dir_all(directory).map_err(doing())?;
        container.update(|_| {})?;
        let rootfs = directory.join("rootfs");
        mount::overlay(layers, &directory.join("upper"), &directory.join("work"), &rootfs).map_err(doing())?;
        let around = spec::Surroundings {
            sandbox: &sandbox,
            pause,
            files,
            cgroup: self.cgroup_path(&container.id),
            limits: self.cgroups.limits(&config.resources),
            oom_score_min: self.oom_score_min,
            user: user::resolve(&rootfs, &config.image.config.user, &config.security)?,
            capabilities: capability::effective(&config.security)?,
        };
        let spec = spec::container(config, &around)?;
        std::fs::write(directory.join("config.json"), spec.to_string()).map_err(doing())
    }

    pub(super) async fn start_container(self: &Arc<Self>, id: &str) -> Result<(), RuntimeError> {
        let container = self.container(id)?;
        let _one = container.busy.lock().await;
        let record = container.record();
        match record.state {
            StateRecord::Created => {}
            StateRecord::Running { .. } => return Ok(()),
            StateRecord::Exited { .. } => {
                return Err(RuntimeError::Invalid(format!("container {id} has ended already")));
            }
        }
        match self.launch(&container, &record).await {
            Ok((init, shim)) => {
                container.update(|record| record.state = StateRecord::Running { started: self.now() })?;
                self.emit(RuntimeEvent::ContainerStarted {
                    sandbox: SandboxId(record.sandbox),
                    id: ContainerId(id.to_owned()),
                });
                self.watch_container(&container, init, shim);
                Ok(())
            }
            Err(error) => {
                let why = error.to_string();
                self.runtime_delete(id).await?;
                self.conclude(&container, |_| StateRecord::Exited {
                    started: None,
                    finished: self.now(),
                    exit_code: 128,
                    reason: "ContainerCannotRun".into(),
                    message: why.clone(),
                })?;
                Err(RuntimeError::Start { program: self.program_of(&container), why })
            }
        }
    }

    fn program_of(&self, container: &Container) -> String {
        let bytes = std::fs::read(container.directory.join("config.json")).unwrap_or_default();
        let spec: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        spec["process"]["args"][0].as_str().unwrap_or_default().to_owned()
    }

    /// Makes the container with its shim, records what runs, and lets the program go.
    async fn launch(
        &self,
        container: &Container,
        record: &ContainerRecord,
    ) -> std::io::Result<(Option<Process>, Option<Process>)> {
        let made = self.make_with_shim(&container.directory, record).await?;
        let (init, shim) = (ProcessRecord::of(made.init)?, ProcessRecord::of(made.shim)?);
        let handles = (init.open(), shim.open());
        let cgroups = self.cgroups.of_process(made.init);
        self.remember_cgroups(&cgroups)?;
        container
            .update(|record| {
                record.init = Some(init);
                record.shim = Some(shim);
                record.cgroups = cgroups;
            })
            .map_err(std::io::Error::other)?;
        let started = self.runtime().args(["start", &record.id]).run("starting a container").await;
        match started {
            Ok(_) => Ok(handles),
            Err(RuntimeError::Io { source, .. }) => Err(source),
            Err(other) => Err(std::io::Error::other(other)),
        }
    }

    /// Waits for the end of the container's first process and of its shim, which writes down the exit code before it ends.
    fn watch_container(self: &Arc<Self>, container: &Arc<Container>, init: Option<Process>, shim: Option<Process>) {
        let (shared, weak) = (Arc::downgrade(self), Arc::downgrade(container));
        let task = tokio::spawn(async move {
            if let Some(init) = init {
                if let Err(error) = init.ended().await {
                    tracing::error!(%error, "watching a container");
                    return;
                }
            }
            shim_ended(shim).await;
            if let (Some(shared), Some(container)) = (shared.upgrade(), weak.upgrade()) {
                shared.finish(&container).await;
            }
        });
        let mut watcher = container.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        *watcher = Some(AbortOnDrop(task.abort_handle()));
    }

    /// Takes in the end of a container's program.
    async fn finish(&self, container: &Container) {
        let concluded = self.conclude(container, |record| self.outcome(container, record));
        if let Err(error) = concluded {
            tracing::error!(container = %container.id, %error, "recording the end of a container");
        }
        // Ends what else runs in it (with shared process namespaces), and frees its control groups.
        let _one = container.busy.lock().await;
        if let Err(error) = self.clear_running(container).await {
            tracing::warn!(container = %container.id, %error, "clearing away an ended container");
        }
    }

    /// Removes what only a running container needs; its record and its writable layer stay.
    async fn clear_running(&self, container: &Container) -> Result<(), RuntimeError> {
        self.runtime_delete(&container.id).await?;
        mount::unmount_below(&container.directory).map_err(RuntimeError::io(format!("unmounting {}", container.id)))
    }

    fn outcome(&self, container: &Container, record: &ContainerRecord) -> StateRecord {
        let started = match record.state {
            StateRecord::Running { started } => Some(started),
            StateRecord::Created | StateRecord::Exited { .. } => None,
        };
        let file = container.directory.join("exit").join(&container.id);
        let code = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse::<i32>().ok());
        let Some(exit_code) = code else {
            let message = "the exit code is not known: the shim ended, or the machine restarted".to_owned();
            return StateRecord::Exited {
                started,
                finished: self.now(),
                exit_code: 255,
                reason: "Error".into(),
                message,
            };
        };
        let written = std::fs::metadata(&file).and_then(|metadata| metadata.modified()).ok();
        let finished = written.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let finished = finished.and_then(|time| i64::try_from(time.as_micros()).ok()).unwrap_or_else(|| self.now());
        let reason = match exit_code {
            0 => "Completed",
            _ if cgroup::oom_kills(&record.cgroups) > 0 => "OOMKilled",
            _ => "Error",
        };
        StateRecord::Exited { started, finished, exit_code, reason: reason.into(), message: String::new() }
    }

    /// Moves a container to its last state, once, and tells.
    fn conclude(
        &self,
        container: &Container,
        outcome: impl FnOnce(&ContainerRecord) -> StateRecord,
    ) -> Result<(), RuntimeError> {
        if container.record().state.has_exited() {
            return Ok(());
        }
        let mut exited = None;
        let result = container.update(|record| {
            if !record.state.has_exited() {
                record.state = outcome(record);
                if let StateRecord::Exited { exit_code, .. } = record.state {
                    exited = Some((SandboxId(record.sandbox.clone()), exit_code));
                }
            }
        });
        if let Some((sandbox, exit_code)) = exited {
            self.emit(RuntimeEvent::ContainerExited { sandbox, id: ContainerId(container.id.clone()), exit_code });
        }
        result
    }

    pub(super) async fn stop_container(&self, id: &str, grace: Duration) -> Result<(), RuntimeError> {
        let Ok(container) = self.container(id) else { return Ok(()) };
        if !grace.is_zero() {
            let record = container.record();
            if let (Some(init), false) = (container.init(), record.state.has_exited()) {
                let signal = signal::parse(&record.stop_signal).unwrap_or(Signal::TERM);
                init.signal(signal).map_err(RuntimeError::io(format!("signalling container {id}")))?;
            }
            if tokio::time::timeout(grace, container.ended()).await.is_ok() {
                return Ok(());
            }
        }
        self.kill_container(&container).await
    }

    /// Kills a container and waits for its end.
    pub(super) async fn kill_container(&self, container: &Container) -> Result<(), RuntimeError> {
        let failed = || RuntimeError::io(format!("killing container {}", container.id));
        if let Some(init) = container.init() {
            init.signal(Signal::KILL).map_err(failed())?;
        }
        let ended = tokio::time::timeout(KILL_PATIENCE, container.ended()).await;
        ended.map_err(|_| RuntimeError::Timeout(format!("killing container {}", container.id)))
    }

    pub(super) async fn remove_container(&self, id: &str) -> Result<(), RuntimeError> {
        let Ok(container) = self.container(id) else { return Ok(()) };
        let _one = container.busy.lock().await;
        self.kill_container(&container).await?;
        self.clear_running(&container).await?;
        clear_directory(&container.directory)?;
        self.images.release(&container.record().image_id, id);
        self.containers().remove(id);
        Ok(())
    }

    pub(super) async fn update_resources(&self, id: &str, resources: &Resources) -> Result<(), RuntimeError> {
        let container = self.container(id)?;
        if !self.cgroups.usable {
            return Err(RuntimeError::Unsupported {
                backend: "native",
                what: "limit resources on this machine".into(),
            });
        }
        if !matches!(container.record().state, StateRecord::Running { .. }) {
            return Err(RuntimeError::Invalid(format!("container {id} is not running")));
        }
        let limits = self.cgroups.limits(resources).to_string();
        let doing = format!("changing the limits of container {id}");
        self.runtime().args(["update", "--resources", "-", id]).input(limits).run(&doing).await.map(drop)
    }

    pub(super) async fn stats(&self, id: &str) -> Result<ContainerStats, RuntimeError> {
        let container = self.container(id)?;
        let record = container.record();
        if !matches!(record.state, StateRecord::Running { .. }) {
            return Err(RuntimeError::Invalid(format!("container {id} is not running")));
        }
        let mut stats = cgroup::usage(&record.cgroups).ok_or_else(|| RuntimeError::Unsupported {
            backend: "native",
            what: "measure containers without control groups".into(),
        })?;
        let upper = container.directory.join("upper");
        let size = tokio::task::spawn_blocking(move || size_of(&upper)).await;
        stats.file_system_bytes = size.unwrap_or_default();
        Ok(stats)
    }

    pub(super) async fn adopt_container(
        self: &Arc<Self>,
        directory: &Path,
        record: Option<ContainerRecord>,
    ) -> Result<(), RuntimeError> {
        let shim = record.as_ref().and_then(|record| record.shim.as_ref()?.open());
        let known = record.filter(|record| self.sandbox(&record.sandbox).is_ok());
        let Some(record) = known else {
            let id = directory.file_name().unwrap_or_default().to_string_lossy();
            self.runtime_delete(&id).await?;
            shim_ended(shim).await;
            return clear_directory(directory);
        };
        let container = Container::new(directory.to_path_buf(), record.clone());
        if let Err(error) = self.images.acquire(&record.image_id, &record.id) {
            tracing::warn!(container = %record.id, %error, "the image of a container is gone");
        }
        self.containers().insert(record.id.clone(), Arc::clone(&container));
        let open = |process: &Option<ProcessRecord>| process.as_ref().and_then(ProcessRecord::open);
        match &record.state {
            StateRecord::Created
                if record.init.is_none() && !self.directory.join("runtime").join(&record.id).exists() => {}
            // Interrupted while it was started: whether the program ran is not known, so it must not run (again).
            StateRecord::Created => {
                self.clear_running(&container).await?;
                self.finish(&container).await;
            }
            StateRecord::Running { .. } => match open(&record.init) {
                Some(init) => self.watch_container(&container, Some(init), shim),
                None => {
                    shim_ended(shim).await;
                    self.finish(&container).await;
                }
            },
            StateRecord::Exited { .. } => self.clear_running(&container).await?,
        }
        Ok(())
    }
}

/// Waits for the shim's end, which comes soon after the container's.
async fn shim_ended(shim: Option<Process>) {
    if let Some(shim) = shim {
        let _ = tokio::time::timeout(SHIM_PATIENCE, shim.ended()).await;
    }
}

/// Bytes of the files below a directory.
fn size_of(directory: &Path) -> u64 {
    let mut open = vec![directory.to_path_buf()];
    let mut total = 0;
    let mut count = 0;
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            count += 1;
            if count > COUNTED_FILES_MAX {
                return total;
            }
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                Ok(metadata) => total += metadata.len(),
                Err(_) => {}
            }
        }
    }
    total
}
