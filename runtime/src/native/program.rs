//! Runs the programs that this runtime is built on: `runc`, `conmon`, `ip`, `nft`, `nsenter`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::RuntimeError;

/// Longest that a helper program may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where programs are looked for in addition to `PATH`, which often lacks the administrator's directories.
const PLACES: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The value of `PATH` for helper programs.
pub(crate) fn search_path() -> OsString {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&inherited).chain(PLACES.iter().map(PathBuf::from));
    std::env::join_paths(places).unwrap_or_else(|_| PLACES.join(":").into())
}

/// Where a program is, if it is installed.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&search_path()).map(|place| place.join(name)).find(|path| path.is_file())
}

/// The error for a program that is not installed.
pub(crate) fn missing(name: &str) -> std::io::Error {
    let package = match name {
        "ip" => "iproute2",
        "nft" => "nftables",
        "nsenter" => "util-linux",
        other => other,
    };
    let text =
        format!("the program `{name}` is not installed (Debian package `{package}`; `cargo xtask setup` installs it)");
    std::io::Error::new(std::io::ErrorKind::NotFound, text)
}

/// A run of a program that ends by itself.
pub(crate) struct Program {
    name: String,
    command: Command,
    input: Option<Vec<u8>>,
}

impl Program {
    /// A program by name or path.
    pub(crate) fn new(name: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(name.as_ref());
        // A group of its own: Ctrl-C at the terminal must not interrupt it half-way.
        command.env("PATH", search_path()).env("LC_ALL", "C").process_group(0).kill_on_drop(true);
        let name = Path::new(name.as_ref()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { name, command, input: None }
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// What it reads from its standard input.
    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// The command, to be spawned with streams.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// Runs it to its end and answers with what it wrote.
    ///
    /// # Errors
    /// If it is not installed, fails, or takes longer than a minute.
    pub(crate) async fn run(mut self, doing: &str) -> Result<String, RuntimeError> {
        self.command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let work = async {
            let mut child = self.command.spawn().map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => missing(&self.name),
                _ => error,
            })?;
            if let (Some(input), Some(mut stdin)) = (self.input, child.stdin.take()) {
                // Inputs are far smaller than a pipe: writing before reading cannot block.
                stdin.write_all(&input).await?;
            }
            child.wait_with_output().await
        };
        let output = match tokio::time::timeout(PATIENCE, work).await {
            Ok(output) => output.map_err(RuntimeError::io(doing))?,
            Err(_) => return Err(RuntimeError::Timeout(format!("{doing}: {}", self.name))),
        };
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let text = format!("{}: {} ({})", self.name, said.trim(), output.status);
        Err(RuntimeError::Io { doing: doing.to_owned(), source: std::io::Error::other(text) })
    }
}
