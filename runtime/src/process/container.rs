//! One container: its process group, its log, its end.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use pintle_object_model::MicroTime;
use pintle_object_model::clock::Clock;
use rustix::process::{Pid, Signal};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin};
use tokio::sync::{Mutex as AsyncMutex, broadcast, watch};

use super::launch::{self, NOTE};
use super::log::{LogFile, pump};
use super::{missing, signal_group, unsupported};
use crate::{
    ContainerConfig, ContainerId, ContainerInfo, ContainerState, ExecIo, ExecRequest, ExecSession, RuntimeError,
    RuntimeEvent, SandboxId,
};

/// Pieces of output that a slow reader may fall behind.
const ATTACHED_MAX: usize = 256;
/// How long output may still come after the main program's end.
const LAST_OUTPUT: Duration = Duration::from_secs(2);

pub(super) struct Process {
    pub(super) id: ContainerId,
    pub(super) sandbox: SandboxId,
    pub(super) root: PathBuf,
    pub(super) config: ContainerConfig,
    created: MicroTime,
    state: watch::Sender<ContainerState>,
    pid: Mutex<Option<Pid>>,
    stdin: Arc<AsyncMutex<Option<ChildStdin>>>,
    attached: broadcast::Sender<(&'static str, Bytes)>,
    log: OnceLock<Arc<LogFile>>,
}

impl Process {
    pub(super) fn new(
        id: ContainerId,
        sandbox: SandboxId,
        root: PathBuf,
        config: ContainerConfig,
        created: MicroTime,
    ) -> Self {
        Self {
            id,
            sandbox,
            root,
            config,
            created,
            state: watch::Sender::new(ContainerState::Created),
            pid: Mutex::default(),
            stdin: Arc::default(),
            attached: broadcast::Sender::new(ATTACHED_MAX),
            log: OnceLock::new(),
        }
    }

    pub(super) fn info(&self) -> ContainerInfo {
        let image = &self.config.image;
        ContainerInfo {
            id: self.id.clone(),
            sandbox: self.sandbox.clone(),
            name: self.config.name.clone(),
            attempt: self.config.attempt,
            image: image.references.first().cloned().unwrap_or_default(),
            image_id: image.digests.first().unwrap_or(&image.id).clone(),
            state: self.state.borrow().clone(),
            created: self.created,
            labels: self.config.labels.clone(),
            log_path: self.config.log_path.clone(),
        }
    }

    fn pid_slot(&self) -> MutexGuard<'_, Option<Pid>> {
        self.pid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The main program's process, while it runs.
    pub(super) fn pid(&self) -> Option<Pid> {
        *self.pid_slot()
    }

    /// Starts the main program and a task that waits for its end.
    pub(super) async fn start(
        self: &Arc<Self>,
        path: &str,
        address: Option<IpAddr>,
        clock: &Arc<dyn Clock>,
        events: broadcast::Sender<RuntimeEvent>,
        directory: &Path,
    ) -> Result<(), RuntimeError> {
        if *self.state.borrow() != ContainerState::Created {
            return Ok(());
        }
        let log = Arc::new(LogFile::open(&self.config.log_path, Arc::clone(clock)).await?);
        let _ = self.log.set(Arc::clone(&log));
        let child = match self.launch(path, address) {
            Ok(child) => child,
            Err(error) => {
                self.state.send_replace(ContainerState::Exited {
                    started: None,
                    finished: clock.utc(),
                    exit_code: 128,
                    reason: "ContainerCannotRun".into(),
                    message: error.to_string(),
                });
                return Err(error);
            }
        };
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        *self.pid_slot() = pid;
        if let Some(pid) = pid.map(|pid| pid.as_raw_nonzero().get()) {
            let note = format!("{pid} {}", launch::start_ticks(pid).unwrap_or_default());
            // Without the note a crash of the host program leaves the process; that is no reason not to run it.
            if let Err(error) = tokio::fs::write(directory.join(NOTE), note).await {
                tracing::warn!(%error, container = %self.id, "no note about a process could be made");
            }
        }
        self.state.send_replace(ContainerState::Running { started: clock.utc() });
        let started = RuntimeEvent::ContainerStarted { sandbox: self.sandbox.clone(), id: self.id.clone() };
        let _ = events.send(started);
        tokio::spawn(Arc::clone(self).wait(child, log, Arc::clone(clock), events));
        Ok(())
    }

    fn launch(&self, path: &str, address: Option<IpAddr>) -> Result<Child, RuntimeError> {
        let line = launch::command_line(&self.config)?;
        let mut command = launch::command(self, &line, path, address)?;
        let stdin = if self.config.stdin { Stdio::piped() } else { Stdio::null() };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        launch::spawn(command, &line[0])
    }

    async fn wait(
        self: Arc<Self>,
        mut child: Child,
        log: Arc<LogFile>,
        clock: Arc<dyn Clock>,
        events: broadcast::Sender<RuntimeEvent>,
    ) {
        *self.stdin.lock().await = child.stdin.take();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let output = async {
            let out = async {
                if let Some(stdout) = stdout {
                    pump(stdout, "stdout", &log, &self.attached).await;
                }
            };
            let err = async {
                if let Some(stderr) = stderr {
                    pump(stderr, "stderr", &log, &self.attached).await;
                }
            };
            futures::join!(out, err);
        };
        tokio::pin!(output);
        let mut drained = false;
        let ended = loop {
            tokio::select! {
                biased;
                ended = child.wait() => break ended,
                () = &mut output, if !drained => drained = true,
            }
        };
        // Nothing of a container outlives its main program.
        if let Some(pid) = self.pid_slot().take() {
            let _ = signal_group(pid, Signal::KILL);
        }
        if !drained {
            let _ = tokio::time::timeout(LAST_OUTPUT, output).await;
        }
        let exit_code = ended.map_or(255, launch::exit_code);
        let started = match &*self.state.borrow() {
            ContainerState::Running { started } => Some(*started),
            _ => None,
        };
        self.state.send_replace(ContainerState::Exited {
            started,
            finished: clock.utc(),
            exit_code,
            reason: if exit_code == 0 { "Completed" } else { "Error" }.into(),
            message: String::new(),
        });
        let exited = RuntimeEvent::ContainerExited { sandbox: self.sandbox.clone(), id: self.id.clone(), exit_code };
        let _ = events.send(exited);
    }

    async fn ended(&self) {
        let over = |state: &ContainerState| !matches!(state, ContainerState::Running { .. });
        // The sender lives as long as we do.
        let _ = self.state.subscribe().wait_for(over).await;
    }

    /// Asks, waits, kills.
    pub(super) async fn stop(&self, grace: Duration) -> Result<(), RuntimeError> {
        let Some(pid) = self.pid() else {
            self.ended().await;
            return Ok(());
        };
        if !grace.is_zero() {
            let own = &self.config.stop_signal;
            let name = if own.is_empty() { &self.config.image.config.stop_signal } else { own };
            signal_group(pid, launch::signal(name))?;
            if tokio::time::timeout(grace, self.ended()).await.is_ok() {
                return Ok(());
            }
        }
        signal_group(pid, Signal::KILL)?;
        self.ended().await;
        Ok(())
    }

    pub(super) async fn reopen_log(&self) -> Result<(), RuntimeError> {
        match self.log.get() {
            Some(log) => log.reopen().await,
            None => Ok(()),
        }
    }

    /// The streams of the main program, from now on.
    pub(super) fn attach(self: &Arc<Self>, request: &ExecRequest) -> Result<ExecSession, RuntimeError> {
        if self.pid().is_none() {
            return Err(missing("running container", &self.id.0));
        }
        if request.stdin && !self.config.stdin {
            return Err(unsupported("attach to the input of a container that has none (stdin: false)"));
        }
        let stream = |wanted: bool, name: &'static str| {
            let from = self.attached.subscribe();
            let state = self.state.subscribe();
            wanted.then(|| Box::new(output_of(from, name, state)) as Box<dyn tokio::io::AsyncRead + Send + Unpin>)
        };
        let io = ExecIo {
            stdin: request.stdin.then(|| Box::new(input_of(Arc::clone(&self.stdin), self.config.stdin_once)) as _),
            stdout: stream(request.stdout, "stdout"),
            stderr: stream(request.stderr, "stderr"),
            resize: None,
        };
        let this = Arc::clone(self);
        let exit = async move {
            this.ended().await;
            let code = match &*this.state.borrow() {
                ContainerState::Exited { exit_code, .. } => *exit_code,
                _ => 0,
            };
            Ok(code)
        };
        Ok(ExecSession { io, exit: Box::pin(exit) })
    }
}

/// One stream of the output as something to read, until the container has ended.
fn output_of(
    mut from: broadcast::Receiver<(&'static str, Bytes)>,
    stream: &'static str,
    mut state: watch::Receiver<ContainerState>,
) -> tokio::io::DuplexStream {
    let (mut write, read) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        loop {
            let next = tokio::select! {
                biased;
                next = from.recv() => next,
                _ = state.wait_for(|state| !matches!(state, ContainerState::Running { .. })) => return,
            };
            match next {
                Ok((of, bytes)) if of == stream => {
                    if write.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    });
    read
}

/// The program's input as something to write to. Closing it closes the program's if `once`.
fn input_of(stdin: Arc<AsyncMutex<Option<ChildStdin>>>, once: bool) -> impl AsyncWrite + Send + Unpin {
    let (near, mut far) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let mut guard = stdin.lock().await;
        if let Some(open) = &mut *guard {
            let _ = tokio::io::copy(&mut far, open).await;
            let _ = open.flush().await;
        }
        if once {
            *guard = None;
        }
    });
    near
}
