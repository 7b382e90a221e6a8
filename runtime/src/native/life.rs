//! The life of a container: from its start to its exit code.
//!
//! In: a bundle that is ready. Out: states and events. Invariant: a container ends exactly once, however its end is
//! noticed, and the state on disk is changed before the event is sent. Elsewhere: making and removing (`container`).

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::container::{AbortOnDrop, Container};
use super::process::{Process, ProcessRecord};
use super::record::{ContainerRecord, StateRecord};
use super::{Shared, cgroup, mount};
use crate::{ContainerId, RuntimeError, RuntimeEvent, SandboxId};

/// Longest that the shim may take to write down the exit code after the program's end.
const SHIM_PATIENCE: Duration = Duration::from_secs(10);

impl Shared {
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
    pub(super) fn watch_container(
        self: &Arc<Self>,
        container: &Arc<Container>,
        init: Option<Process>,
        shim: Option<Process>,
    ) {
        let (shared, weak) = (Arc::downgrade(self), Arc::downgrade(container));
        let task = tokio::spawn(async move {
            if let Some(init) = init
                && let Err(error) = init.ended().await
            {
                tracing::error!(%error, "watching a container");
                return;
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
    pub(super) async fn finish(&self, container: &Container) {
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
    pub(super) async fn clear_running(&self, container: &Container) -> Result<(), RuntimeError> {
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
}

/// Waits for the shim's end, which comes soon after the container's.
pub(super) async fn shim_ended(shim: Option<Process>) {
    if let Some(shim) = shim {
        let _ = tokio::time::timeout(SHIM_PATIENCE, shim.ended()).await;
    }
}
