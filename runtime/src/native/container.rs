//! Containers: from a configuration to a running program, and to its exit code.
//!
//! In: what the agent wants. Out: states and events. Invariant: the state on disk is changed before the event is sent;
//! a container ends exactly once, however its end is noticed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::life::shim_ended;
use super::process::{Process, ProcessRecord};
use super::record::{self, ContainerRecord, StateRecord};
use super::sandbox::clear_directory;
use super::{Shared, capability, mount, signal, spec, user};
use crate::{ContainerConfig, ContainerId, RuntimeError};

/// Longest that the kernel may take to end a killed process.
const KILL_PATIENCE: Duration = Duration::from_secs(30);

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
    pub(super) busy: tokio::sync::Mutex<()>,
    /// Waits for its end.
    pub(super) watcher: Mutex<Option<AbortOnDrop>>,
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
    pub(super) fn update(&self, change: impl FnOnce(&mut ContainerRecord)) -> Result<(), RuntimeError> {
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
