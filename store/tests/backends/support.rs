//! Real etcds for one test: processes on free loopback ports with temporary folders, ended when dropped.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};

/// A running etcd.
pub(crate) struct TestEtcd {
    pub(crate) child: Child,
    pub(crate) folder: Option<tempfile::TempDir>,
    pub(crate) settings: Settings,
}

/// How it is started.
#[derive(Clone)]
pub(crate) struct Settings {
    name: String,
    port: u16,
    peer_port: u16,
    scheme: &'static str,
    /// `NAME=URL` of all members.
    pub(crate) cluster: String,
    more: Vec<OsString>,
}

/// One that has been started but may not serve yet.
pub(crate) struct Starting {
    etcd: TestEtcd,
    log: ChildStderr,
}

/// Where etcd is: `PINTLE_ETCD`, what `cargo xtask setup` installs, or the search path.
pub(crate) fn find() -> Option<PathBuf> {
    let named = std::env::var_os("PINTLE_ETCD").map(PathBuf::from);
    let installed = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.pintle/tools/etcd");
    let on_path = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("etcd"))
        .collect::<Vec<_>>();
    named.into_iter().chain([installed]).chain(on_path).find(|path| path.is_file())
}

impl TestEtcd {
    /// Starts one with more arguments and waits until it serves.
    pub(crate) fn start(more: &[&str]) -> Self {
        Self::start_with("http", more.iter().map(OsString::from).collect())
    }

    pub(crate) fn start_with(scheme: &'static str, more: Vec<OsString>) -> Self {
        let mut folder = tempfile::tempdir().expect("a temporary folder");
        // Ports that are free now may be taken by the time that etcd binds them.
        for _ in 0..5 {
            let mut settings = Settings::new("default", scheme, more.clone());
            settings.cluster = settings.member();
            match Self::spawn(folder, settings) {
                Ok(etcd) => return etcd,
                Err(back) => folder = back,
            }
        }
        panic!("etcd does not start");
    }

    pub(crate) fn spawn(folder: tempfile::TempDir, settings: Settings) -> Result<Self, tempfile::TempDir> {
        Starting::launch(folder, settings).wait()
    }

    /// Ends it with SIGKILL, if it runs; the data stays.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Its URL for clients.
    pub(crate) fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.settings.scheme, self.settings.port)
    }
}

impl Settings {
    pub(crate) fn new(name: &str, scheme: &'static str, more: Vec<OsString>) -> Self {
        Self { name: name.into(), port: free_port(), peer_port: free_port(), scheme, cluster: String::new(), more }
    }

    /// The URL that other members use.
    fn peer(&self) -> String {
        format!("http://127.0.0.1:{}", self.peer_port)
    }

    pub(crate) fn member(&self) -> String {
        format!("{}={}", self.name, self.peer())
    }
}

impl Starting {
    pub(crate) fn launch(folder: tempfile::TempDir, settings: Settings) -> Self {
        let etcd = find().expect("no etcd found in PINTLE_ETCD, .pintle/tools/etcd or PATH: run `cargo xtask setup`");
        let own = format!("{}://127.0.0.1:{}", settings.scheme, settings.port);
        let peer = settings.peer();
        let mut child = Command::new(etcd)
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .args(["--name", &settings.name, "--initial-cluster", &settings.cluster])
            .args(["--listen-client-urls", &own, "--advertise-client-urls", &own])
            .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
            .args(["--unsafe-no-fsync", "--heartbeat-interval", "20", "--election-timeout", "200"])
            .args(&settings.more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starting etcd");
        let log = child.stderr.take().expect("a pipe");
        Self { etcd: TestEtcd { child, folder: Some(folder), settings }, log }
    }

    /// Waits until it serves; gives the folder back if it ends instead.
    pub(crate) fn wait(mut self) -> Result<TestEtcd, tempfile::TempDir> {
        let mut lines = BufReader::new(self.log).lines();
        let serves = lines.by_ref().map_while(Result::ok).any(|line| line.contains("ready to serve client requests"));
        // Its log has to be read, or it would block.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        if serves {
            return Ok(self.etcd);
        }
        self.etcd.kill();
        Err(self.etcd.folder.take().expect("it has a folder"))
    }
}

impl Drop for TestEtcd {
    fn drop(&mut self) {
        self.kill();
        // After the process, which still wrote to it.
        drop(self.folder.take());
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
