//! Further programs in a running container.
//!
//! In: a command. Out: its streams and its exit code. Invariant: a program whose session is dropped is killed.
//! The OCI runtime (`exec`) is our child and carries the streams; with a terminal it gets one of its own.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::fs::inotify;
use rustix::process::{PidfdFlags, Signal};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use super::Shared;
use super::process::{Process, ProcessRecord};
use super::record::StateRecord;
use super::shim::message_of;
use super::stream::{Input, Stream, watched};
use crate::{ExecIo, ExecRequest, ExecSession, RuntimeError, TerminalSize};

impl Shared {
    pub(super) async fn exec(&self, id: &str, request: ExecRequest) -> Result<ExecSession, RuntimeError> {
        let container = self.container(id)?;
        if !matches!(container.record().state, StateRecord::Running { .. }) {
            return Err(RuntimeError::Invalid(format!("container {id} is not running")));
        }
        let Some(program) = request.command.first().cloned() else {
            return Err(RuntimeError::Invalid("a command is needed".into()));
        };
        let doing = || RuntimeError::io(format!("running {program:?} in container {id}"));
        let scratch = Scratch::make(&container.directory, &self.new_id(), &request).map_err(doing())?;
        let text = |name: &str| scratch.0.join(name).to_string_lossy().into_owned();
        let mut command = self
            .runtime()
            .args(["--log", &text("log"), "exec", "--process", &text("process.json"), "--pid-file", &text("pid"), id])
            .into_command();
        let terminal = streams(&mut command, &request).map_err(doing())?;
        let watch = watch_directory(&scratch.0).map_err(doing())?;
        let mut child = command.spawn().map_err(doing())?;
        // Our copy of the terminal's other side goes, so that its end can be seen.
        drop(command);
        let io = exec_io(&mut child, &request, terminal).map_err(doing())?;
        match started(&mut child, &scratch, &watch).await.map_err(doing())? {
            Some(process) => {
                let mut running = Running { child, process, _scratch: scratch, ended: false };
                Ok(ExecSession {
                    io,
                    exit: Box::pin(
                        async move { running.wait().await.map_err(RuntimeError::io("waiting for a program")) },
                    ),
                })
            }
            None => {
                let log = std::fs::read_to_string(scratch.0.join("log")).unwrap_or_default();
                Err(RuntimeError::Start { program, why: message_of(&log) })
            }
        }
    }
}

/// A directory of this exec's own.
struct Scratch(PathBuf);

impl Scratch {
    fn make(container: &Path, id: &str, request: &ExecRequest) -> std::io::Result<Self> {
        let spec: serde_json::Value = serde_json::from_slice(&std::fs::read(container.join("config.json"))?)?;
        let mut process = spec["process"].clone();
        process["args"] = request.command.clone().into();
        process["terminal"] = request.tty.into();
        let scratch = Self(container.join(format!("exec-{id}")));
        std::fs::create_dir(&scratch.0)?;
        std::fs::write(scratch.0.join("process.json"), process.to_string())?;
        Ok(scratch)
    }

    /// The program's process, once the runtime has started it.
    fn process(&self) -> Option<ProcessRecord> {
        let pid = std::fs::read_to_string(self.0.join("pid")).ok()?.trim().parse().ok()?;
        ProcessRecord::of(pid).ok()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A program that runs; dropped earlier than it ends, it is killed.
struct Running {
    child: Child,
    process: Option<Process>,
    _scratch: Scratch,
    ended: bool,
}

impl Running {
    async fn wait(&mut self) -> std::io::Result<i32> {
        let status = self.child.wait().await?;
        self.ended = true;
        use std::os::unix::process::ExitStatusExt as _;
        Ok(status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(255))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let (false, Some(process)) = (self.ended, &self.process) {
            let _ = process.signal(Signal::KILL);
        }
    }
}

/// Connects the streams that were asked for; answers with our side of a terminal.
fn streams(command: &mut Command, request: &ExecRequest) -> std::io::Result<Option<OwnedFd>> {
    if request.tty {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = rustix::pty::openpt(flags)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        let slave = rustix::pty::ioctl_tiocgptpeer(&master, flags)?;
        rustix::io::ioctl_fionbio(&master, true)?;
        command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave);
        return Ok(Some(master));
    }
    let stdio = |wanted: bool| if wanted { Stdio::piped() } else { Stdio::null() };
    command.stdin(stdio(request.stdin)).stdout(stdio(request.stdout)).stderr(stdio(request.stderr));
    Ok(None)
}

fn exec_io(child: &mut Child, request: &ExecRequest, terminal: Option<OwnedFd>) -> std::io::Result<ExecIo> {
    let mut io = ExecIo::default();
    let Some(master) = terminal else {
        io.stdin = child.stdin.take().map(|stream| Box::new(stream) as _);
        io.stdout = child.stdout.take().map(|stream| Box::new(stream) as _);
        io.stderr = child.stderr.take().map(|stream| Box::new(stream) as _);
        return Ok(io);
    };
    let stream = Stream::terminal(master)?;
    if request.stdin {
        io.stdin = Some(Box::new(Input(stream.clone())));
    }
    io.stdout = Some(Box::new(stream.clone()));
    let pid = child.id().and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed()));
    let pid = pid.ok_or_else(|| std::io::Error::other("the program has ended already"))?;
    let carrier = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
    let (sender, sizes) = mpsc::channel(4);
    tokio::spawn(resize(stream, carrier, sizes));
    io.resize = Some(sender);
    Ok(io)
}

/// Sets the size of the terminal, and tells the OCI runtime, which copies it to the one inside.
async fn resize(stream: Stream, carrier: OwnedFd, mut sizes: mpsc::Receiver<TerminalSize>) {
    while let Some(size) = sizes.recv().await {
        let size = Winsize { ws_row: size.height, ws_col: size.width, ws_xpixel: 0, ws_ypixel: 0 };
        let set = rustix::termios::tcsetwinsize(&*stream.fd, size)
            .and_then(|()| rustix::process::pidfd_send_signal(&carrier, Signal::WINCH));
        if set.is_err() {
            return;
        }
    }
}

/// Tells of files that appear in a directory.
fn watch_directory(directory: &Path) -> std::io::Result<AsyncFd<OwnedFd>> {
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
    let flags = inotify::WatchFlags::MOVED_TO | inotify::WatchFlags::CLOSE_WRITE;
    inotify::add_watch(&watch, directory, flags)?;
    watched(watch, Interest::READABLE)
}

/// Waits until the program runs. `None` if it could not be started. The process itself may be gone again already.
async fn started(
    child: &mut Child,
    scratch: &Scratch,
    watch: &AsyncFd<OwnedFd>,
) -> std::io::Result<Option<Option<Process>>> {
    loop {
        if let Some(process) = scratch.process() {
            return Ok(Some(process.open()));
        }
        tokio::select! {
            biased;
            changed = watch.readable() => {
                let mut guard = changed?;
                let mut events = [0; 4096];
                let _ = guard.try_io(|fd| Ok(rustix::io::read(fd.get_ref(), &mut events)?));
            }
            ended = child.wait() => {
                ended?;
                // The runtime writes the process id before it answers for the program's end.
                return Ok(scratch.0.join("pid").exists().then_some(None));
            }
        }
    }
}
