//! Programs that a test starts and ends.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};

/// A running program; killed when it is dropped.
pub(crate) struct Program {
    child: Child,
    log: PathBuf,
    /// What earlier programs wrote into the same file.
    skipped: usize,
}

impl Program {
    pub(crate) fn start(program: &str, arguments: &[&str], log: &Path) -> Self {
        let skipped = std::fs::read(log).map_or(0, |earlier| earlier.len());
        let output = File::options().create(true).append(true).open(log).unwrap();
        let child = Command::new(program)
            .args(arguments)
            .env("PATH", format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default()))
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        Self { child, log: log.to_owned(), skipped }
    }

    /// What this program has written.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes[self.skipped.min(bytes.len())..]).into_owned()
    }

    /// Waits until the program has written these words.
    pub(crate) async fn says(&self, words: &str) {
        let said = async {
            while !self.log().contains(words) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), said).await;
        assert!(waited.is_ok(), "{words:?} was never said:\n{}", self.log());
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        self.child.wait().await.unwrap()
    }

    /// Kills it without notice.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end, and waits for it.
    pub(crate) async fn terminate(&mut self) {
        let id = self.child.id().expect("it runs").to_string();
        output(&["kill", "-TERM", &id]);
        tokio::time::timeout(Duration::from_secs(20), self.child.wait())
            .await
            .expect("it must end when asked")
            .unwrap();
    }
}

/// What a program prints.
pub(crate) fn output(command: &[&str]) -> String {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = std::process::Command::new(command[0]).args(&command[1..]).env("PATH", path).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error} (run `cargo xtask setup`)"));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A program that `cargo xtask setup` installs.
pub(crate) fn tool(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.pintle/tools").join(name);
    assert!(path.exists(), "{} is missing: run `cargo xtask setup`", path.display());
    path.display().to_string()
}

/// A TCP port of loopback that nobody listens on just now.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
