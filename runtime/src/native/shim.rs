//! The shim of a container: `conmon`.
//!
//! In: a bundle. Out: a container that was made but not started, whose streams the shim holds: it writes the log in the
//! CRI's format, keeps the terminal, serves attached clients, and leaves the exit code in a file. It goes on without us.
//! Source: conmon(8); the CRI's log format (SIG Node, "kubelet-cri-logging").

use std::io::{Error, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::mpsc;

use super::container::{AbortOnDrop, Container};
use super::record::{ContainerRecord, StateRecord};
use super::stream::{Input, Stream};
use super::{Program, Shared};
use crate::{ExecIo, ExecRequest, ExecSession, RuntimeError, TerminalSize};

/// Longest that making a container may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest answer of the shim, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// Output that waits for a slow client, per stream, in bytes.
const ATTACH_BYTES_MAX: usize = 64 * 1024;

/// Process ids of what was made.
pub(super) struct Made {
    pub(super) init: i32,
    pub(super) shim: i32,
}

impl Shared {
    /// Makes the container of a bundle, not yet started.
    ///
    /// # Errors
    /// A message of the OCI runtime, if it refuses.
    pub(super) async fn make_with_shim(&self, directory: &Path, record: &ContainerRecord) -> std::io::Result<Made> {
        std::fs::create_dir_all(directory.join("exit"))?;
        if let Some(parent) = record.log_path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        // The shim answers on a descriptor that it inherits. The shell turns its standard output, a pipe of ours, into
        // one: handing on other descriptors would need `unsafe` here.
        let script = "exec 3>&1 >/dev/null; exec \"$@\"";
        let mut command = Program::new("sh")
            .args(["-c", script, "sh", "conmon"])
            .args(self.shim_options(directory, record))
            .into_command();
        command.env_clear().env("PATH", super::program::search_path()).env("TZ", "UTC").env("_OCI_SYNCPIPE", "3");
        let said = directory.join("shim.log");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(std::fs::File::create(&said)?);
        let mut child = command.spawn()?;
        let pipe = child.stdout.take().ok_or_else(|| Error::other("the shim has no output"))?;
        let mut answer = String::new();
        // One line, not to the end: the shim keeps the pipe as long as it lives.
        let mut pipe = BufReader::new(pipe.take(ANSWER_BYTES_MAX));
        let work = async { tokio::try_join!(pipe.read_line(&mut answer), child.wait()) };
        tokio::time::timeout(PATIENCE, work).await.map_err(|_| Error::other("the shim does not answer"))??;
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
        let init = answer["data"].as_i64().or_else(|| answer["pid"].as_i64()).and_then(|pid| i32::try_from(pid).ok());
        match init.filter(|pid| *pid > 0) {
            Some(init) => {
                let shim = std::fs::read_to_string(directory.join("shim.pid"))?;
                Ok(Made { init, shim: shim.trim().parse().map_err(Error::other)? })
            }
            None => {
                let said = std::fs::read_to_string(said).unwrap_or_default();
                Err(Error::other(message_of(answer["message"].as_str().unwrap_or(said.trim()))))
            }
        }
    }

    fn shim_options(&self, directory: &Path, record: &ContainerRecord) -> Vec<String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let id = &record.id;
        let pairs = [
            ("--api-version", "1".to_owned()),
            ("--cid", id.clone()),
            ("--cuuid", id.clone()),
            ("--name", id.clone()),
            ("--runtime", text(&self.program)),
            ("--bundle", text(directory)),
            ("--container-pidfile", text(&directory.join("init.pid"))),
            ("--conmon-pidfile", text(&directory.join("shim.pid"))),
            ("--exit-dir", text(&directory.join("exit"))),
            ("--log-path", format!("k8s-file:{}", text(&record.log_path))),
        ];
        let mut options: Vec<String> = pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
        options.extend(["--full-attach", "--no-sync-log"].map(str::to_owned));
        options.extend(self.runtime_options().into_iter().map(|option| format!("--runtime-arg={option}")));
        for (wanted, option) in [
            (record.tty, "--terminal"),
            (record.stdin, "--stdin"),
            (record.stdin && !record.stdin_once, "--leave-stdin-open"),
        ] {
            if wanted {
                options.push(option.to_owned());
            }
        }
        options
    }

    pub(super) fn attach(&self, id: &str, request: &ExecRequest) -> Result<ExecSession, RuntimeError> {
        let container = self.container(id)?;
        let record = container.record();
        if !matches!(record.state, StateRecord::Running { .. }) {
            return Err(RuntimeError::Invalid(format!("container {id} is not running")));
        }
        if request.stdin && !record.stdin {
            return Err(RuntimeError::Invalid(format!("container {id} has no standard input")));
        }
        let doing = || RuntimeError::io(format!("attaching to container {id}"));
        let socket = connect(&container.directory).map_err(doing())?;
        let stream = Stream::socket(socket).map_err(doing())?;
        let mut io = ExecIo::default();
        let mut pump = Pump { stream: stream.clone(), outputs: [None, None] };
        if request.stdout {
            let (read, write) = tokio::io::simplex(ATTACH_BYTES_MAX);
            pump.outputs[0] = Some(write);
            io.stdout = Some(Box::new(read));
        }
        if request.stderr && !record.tty {
            let (read, write) = tokio::io::simplex(ATTACH_BYTES_MAX);
            pump.outputs[1] = Some(write);
            io.stderr = Some(Box::new(read));
        }
        let pump = AbortOnDrop(tokio::spawn(pump.run()).abort_handle());
        if request.stdin {
            io.stdin = Some(Box::new(Input(stream)));
        }
        if record.tty {
            io.resize = Some(resizer(Arc::clone(&container)));
        }
        let mut states = container.subscribe();
        let exit = Box::pin(async move {
            let _pump = pump;
            let record = states.wait_for(|record| record.state.has_exited()).await;
            let record = record.map_err(|_| RuntimeError::Invalid("the runtime was closed".into()))?;
            match record.state {
                StateRecord::Exited { exit_code, .. } => Ok(exit_code),
                StateRecord::Created | StateRecord::Running { .. } => {
                    Err(RuntimeError::Invalid("still running".into()))
                }
            }
        });
        Ok(ExecSession { io, exit })
    }
}

impl Container {
    /// Tells the shim to open the log file anew.
    pub(super) fn reopen_log(&self) -> Result<(), RuntimeError> {
        self.control("2 0 0\n").map_err(RuntimeError::io(format!("reopening the log of container {}", self.id)))
    }

    fn control(&self, command: &str) -> std::io::Result<()> {
        // Not blocking: without the shim nobody reads, and opening would wait for ever.
        let flags = OFlags::NONBLOCK.bits() as i32;
        let mut pipe = std::fs::OpenOptions::new().write(true).custom_flags(flags).open(self.directory.join("ctl"))?;
        pipe.write_all(command.as_bytes())
    }
}

/// Passes sizes of the terminal on to the shim.
fn resizer(container: Arc<Container>) -> mpsc::Sender<TerminalSize> {
    let (sender, mut sizes) = mpsc::channel::<TerminalSize>(4);
    tokio::spawn(async move {
        while let Some(size) = sizes.recv().await {
            if let Err(error) = container.control(&format!("1 {} {}\n", size.height, size.width)) {
                tracing::debug!(container = %container.id, %error, "resizing a terminal");
            }
        }
    });
    sender
}

/// Takes the shim's packets apart: a byte that names the stream, then output.
struct Pump {
    stream: Stream,
    outputs: [Option<tokio::io::WriteHalf<tokio::io::SimplexStream>>; 2],
}

impl Pump {
    async fn run(mut self) {
        let mut packet = vec![0; 32 * 1024];
        while let Ok(length @ 1..) = self.stream.read(&mut packet).await {
            let output = match packet[0] {
                2 => &mut self.outputs[0],
                3 => &mut self.outputs[1],
                _ => continue,
            };
            if let Some(writer) = output
                && writer.write_all(&packet[1..length]).await.is_err()
            {
                *output = None;
            }
        }
        for output in self.outputs.iter_mut().flatten() {
            let _ = output.shutdown().await;
        }
    }
}

fn connect(directory: &Path) -> std::io::Result<std::os::fd::OwnedFd> {
    use std::os::fd::AsRawFd as _;
    // By way of /proc: the path of a socket has room for 108 bytes only.
    let place = rustix::fs::open(directory, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let address = SocketAddrUnix::new(format!("/proc/self/fd/{}/attach", place.as_raw_fd()))?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    rustix::net::connect(&socket, &address)?;
    Ok(socket)
}

/// The last error in the OCI runtime's log, which comes as JSON or as `key="value"` pairs; of a log without errors, the
/// last line.
pub(super) fn message_of(log: &str) -> String {
    let lines = || log.lines().rev().filter(|line| !line.trim().is_empty());
    let is_error = |line: &&str| line.contains("level=error") || line.contains("\"level\":\"error\"");
    let Some(line) = lines().find(is_error).or_else(|| lines().next()) else { return "no message".to_owned() };
    let fields: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
    if let Some(message) = fields["msg"].as_str() {
        return message.to_owned();
    }
    let Some((_, quoted)) = line.split_once("msg=\"") else { return line.trim().to_owned() };
    let mut message = String::new();
    let mut letters = quoted.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => message.extend(letters.next()),
            other => message.push(other),
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_in_logs() {
        let text = r#"time="2026-01-02T03:04:05Z" level=error msg="exec: \"/nope\": no such file""#;
        assert_eq!(message_of(text), "exec: \"/nope\": no such file");
        assert_eq!(message_of(r#"{"level":"error","msg":"gone"}"#), "gone");
        assert_eq!(message_of(" plain \n"), "plain");
        assert_eq!(message_of(""), "no message");
        assert_eq!(message_of("level=error msg=\"this\"\nlevel=warning msg=\"not this\"\n"), "this");
    }
}
