//! A runtime in a directory of its own, with an image made from busybox, and everything taken down at the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use pintle_object_model::clock::{Random, SystemClock};
use pintle_runtime::oci::{ImageBuilder, OciImageStore, OciStoreConfig};
use pintle_runtime::{
    BridgeConfig, BridgeNetwork, ContainerConfig, ContainerId, ContainerInfo, ContainerRuntime as _, ContainerState,
    ExecRequest, Identity, Image, ImageStore as _, NativeConfig, NativeRuntime, RuntimeEvent, SandboxConfig, SandboxId,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Longest that anything here may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A runtime that can be taken away.
pub(crate) struct Slot(Option<NativeRuntime>);

impl std::ops::Deref for Slot {
    type Target = NativeRuntime;
    fn deref(&self) -> &NativeRuntime {
        self.0.as_ref().expect("there is a runtime")
    }
}

pub(crate) struct Node {
    pub(crate) runtime: Slot,
    pub(crate) image: Image,
    pub(crate) images: OciImageStore,
    pub(crate) bridge: String,
    pub(crate) directory: tempfile::TempDir,
    range: ipnet::Ipv4Net,
    events: BoxStream<'static, RuntimeEvent>,
}

/// What a test needs on this machine.
fn require() {
    let hint = "native containers need root and programs of this machine: `cargo xtask setup` installs them";
    assert!(rustix::process::geteuid().is_root(), "not root: {hint}");
    for (program, places) in
        [("runc", ["/usr/sbin", "/usr/bin"]), ("conmon", ["/usr/bin", "/usr/sbin"]), ("busybox", ["/bin", "/usr/bin"])]
    {
        assert!(places.iter().any(|place| Path::new(place).join(program).exists()), "no {program}: {hint}");
    }
}

fn busybox() -> ImageBuilder {
    let names = [
        "sh", "cat", "sleep", "httpd", "wget", "id", "hostname", "ip", "kill", "ps", "tty", "stty", "touch", "head",
        "dd", "nc", "seq", "ls", "grep", "true",
    ];
    let mut image = ImageBuilder::new("busybox-test:1")
        .file("/bin/busybox", "/bin/busybox", 0o755)
        .bytes("/www/greeting", "hello from the pod\n", 0o644)
        .bytes("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n", 0o644)
        .bytes("/etc/group", "root:x:0:\napp:x:1001:\nlogs:x:20:app\n", 0o644)
        .directory("/tmp", 0o1777)
        .directory("/proc", 0o755)
        .env("FROM_IMAGE", "yes")
        .entrypoint(["/bin/sh", "-c"])
        .cmd(["exit 42"]);
    for name in names {
        image = image.symlink(format!("/bin/{name}"), "busybox");
    }
    image
}

fn new_range() -> ipnet::Ipv4Net {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let process = std::process::id();
    let text = format!(
        "10.{}.{}.0/24",
        130 + process % 100,
        (process / 100 + COUNT.fetch_add(1, Ordering::Relaxed) * 16) % 256
    );
    text.parse().unwrap()
}

async fn open(directory: &Path, range: ipnet::Ipv4Net) -> (NativeRuntime, OciImageStore, String) {
    let images = OciImageStore::open(OciStoreConfig::new(directory.join("images"))).unwrap();
    let config = BridgeConfig {
        cluster: vec!["10.0.0.0/8".parse().unwrap()],
        ..BridgeConfig::new(range, directory.join("network"))
    };
    let bridge = config.bridge.clone();
    let network = Arc::new(BridgeNetwork::open(config).await.unwrap());
    let config = NativeConfig::new(directory.join("node"));
    let runtime =
        NativeRuntime::open(config, images.clone(), network, SystemClock::shared(), Random::from_os()).await.unwrap();
    (runtime, images, bridge)
}

impl Node {
    pub(crate) async fn start() -> Self {
        require();
        let directory = tempfile::Builder::new().prefix("pt").tempdir().unwrap();
        let range = new_range();
        let (runtime, images, bridge) = open(directory.path(), range).await;
        let layout = directory.path().join("layout");
        busybox().write(&layout).unwrap();
        let image = images.import(&layout).await.unwrap().remove(0);
        let events = runtime.events();
        Self { runtime: Slot(Some(runtime)), image, images, bridge, directory, range, events }
    }

    /// A new runtime in place of this one, as after a crash of the program; `between` happens while there is none.
    pub(crate) async fn restart(&mut self, between: impl AsyncFnOnce()) {
        self.events = futures::stream::empty().boxed();
        drop(self.runtime.0.take());
        between().await;
        let (runtime, images, _) = open(self.directory.path(), self.range).await;
        self.events = runtime.events();
        (self.runtime, self.images) = (Slot(Some(runtime)), images);
    }

    pub(crate) async fn sandbox(&self, change: impl FnOnce(&mut SandboxConfig)) -> SandboxId {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let pod = format!("web-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut config = SandboxConfig {
            identity: Identity { namespace: "default".into(), uid: format!("uid-{pod}"), pod, ..Identity::default() },
            hostname: "web-0".into(),
            ..SandboxConfig::default()
        };
        change(&mut config);
        self.runtime.run_sandbox(config).await.unwrap().id
    }

    pub(crate) fn config(&self, name: &str, script: &str) -> ContainerConfig {
        ContainerConfig {
            name: name.into(),
            image: self.image.clone(),
            args: vec![script.into()],
            log_path: self.directory.path().join(format!("logs/{name}.log")),
            ..ContainerConfig::default()
        }
    }

    /// Starts a container that runs a shell script.
    pub(crate) async fn run(&self, sandbox: &SandboxId, name: &str, script: &str) -> ContainerId {
        self.run_with(sandbox, self.config(name, script)).await
    }

    pub(crate) async fn run_with(&self, sandbox: &SandboxId, config: ContainerConfig) -> ContainerId {
        let id = self.runtime.create_container(sandbox, config).await.unwrap();
        self.runtime.start_container(&id).await.unwrap();
        id
    }

    /// The log as (stream, text), lines put together.
    pub(crate) fn log(&self, name: &str) -> Vec<(String, String)> {
        log_lines(&self.directory.path().join(format!("logs/{name}.log")))
    }

    pub(crate) async fn info(&self, id: &ContainerId) -> ContainerInfo {
        let all = self.runtime.containers().await.unwrap();
        all.into_iter().find(|container| container.id == *id).expect("the container is listed")
    }

    /// Waits for the event of a container's end; answers with exit code and reason.
    pub(crate) async fn exited(&mut self, id: &ContainerId) -> (i32, String) {
        let wait = async {
            loop {
                match self.events.next().await.expect("events go on") {
                    RuntimeEvent::ContainerExited { id: ended, exit_code, .. } if ended == *id => return exit_code,
                    _ => {}
                }
            }
        };
        let code = tokio::time::timeout(PATIENCE, wait).await.expect("the container ends");
        match self.info(id).await.state {
            ContainerState::Exited { exit_code, reason, .. } => {
                assert_eq!(exit_code, code);
                (code, reason)
            }
            other => panic!("an event said that it ended, but it is {other:?}"),
        }
    }

    pub(crate) async fn stopped(&mut self, sandbox: &SandboxId) {
        let wait = async {
            loop {
                match self.events.next().await.expect("events go on") {
                    RuntimeEvent::SandboxStopped { id } if id == *sandbox => return,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the sandbox stops");
    }

    /// Runs a script in a container and answers with its output, its errors and its exit code.
    pub(crate) async fn exec(&self, id: &ContainerId, script: &str, input: &str) -> (String, String, i32) {
        let request = ExecRequest {
            command: vec!["/bin/sh".into(), "-c".into(), script.into()],
            stdin: true,
            stdout: true,
            stderr: true,
            tty: false,
        };
        let session = self.runtime.exec(id, request).await.unwrap();
        let (mut stdin, mut stdout, mut stderr) =
            (session.io.stdin.unwrap(), session.io.stdout.unwrap(), session.io.stderr.unwrap());
        let (mut out, mut err) = (String::new(), String::new());
        let write = async {
            stdin.write_all(input.as_bytes()).await.unwrap();
            drop(stdin);
        };
        let work = async {
            let _ = tokio::join!(write, stdout.read_to_string(&mut out), stderr.read_to_string(&mut err));
            session.exit.await.unwrap()
        };
        let code = tokio::time::timeout(PATIENCE, work).await.expect("the program ends");
        (out, err, code)
    }

    /// What this node has on the machine: links, namespaces, mounts, rules, control groups, processes.
    pub(crate) fn traces(&self) -> Vec<String> {
        let run = |program: &str, args: &[&str]| {
            let output = std::process::Command::new(program).args(args).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let node = self.directory.path().join("node").canonicalize().unwrap();
        let instance = pintle_hash(&node)[..8].to_owned();
        let table = format!("pintle_{}", &pintle_hash(&self.directory.path().join("network"))[..10]);
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
        let mut traces = Vec::new();
        traces.extend(run("ip", &["-o", "link"]).lines().filter(|line| line.contains(&self.bridge)).map(str::to_owned));
        traces.extend(run("ip", &["netns", "list"]).lines().filter(|line| line.contains(&instance)).map(str::to_owned));
        traces.extend(
            mounts.lines().filter(|line| line.contains(self.directory.path().to_str().unwrap())).map(str::to_owned),
        );
        traces.extend(run("nft", &["list", "tables"]).lines().filter(|line| line.contains(&table)).map(str::to_owned));
        traces.extend(cgroups(Path::new("/sys/fs/cgroup"), &instance, 6));
        traces.extend(processes(self.directory.path()));
        traces
    }

    pub(crate) async fn close(self) {
        assert_ne!(self.traces(), Vec::<String>::new());
        self.runtime.close().await.unwrap();
        self.runtime.close().await.unwrap();
        assert_eq!(self.traces(), Vec::<String>::new());
    }
}

impl Drop for Node {
    /// A failed test cleans up as well as it can.
    fn drop(&mut self) {
        if let (true, Some(runtime)) = (std::thread::panicking(), &self.runtime.0) {
            let close = async { drop(runtime.close().await) };
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(close));
        }
    }
}

fn pintle_hash(path: &Path) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(path.to_str().unwrap().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn cgroups(directory: &Path, instance: &str, depth: u8) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten().filter(|_| depth > 0) {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if path.to_string_lossy().contains(&format!("pintle-{instance}")) {
                found.push(path.display().to_string());
            } else {
                found.extend(cgroups(&path, instance, depth - 1));
            }
        }
    }
    found
}

/// Processes (not zombies) whose command line names the directory.
fn processes(directory: &Path) -> Vec<String> {
    let commands = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let command = std::fs::read(entry.path().join("cmdline")).ok()?;
        Some((entry.file_name(), String::from_utf8_lossy(&command).into_owned()))
    });
    let ours = commands.filter(|(_, command)| command.contains(directory.to_str().unwrap()));
    ours.map(|(pid, command)| format!("process {pid:?} {command}")).collect()
}

pub(crate) fn log_lines(path: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        let mut fields = line.splitn(4, ' ');
        let (time, stream, tag, text) =
            (fields.next().unwrap(), fields.next().unwrap(), fields.next().unwrap(), fields.next().unwrap_or(""));
        assert!(time.parse::<pintle_object_model::MicroTime>().is_ok(), "{line}");
        assert!(["F", "P"].contains(&tag), "{line}");
        match lines.last_mut() {
            Some(last) if is_open => last.1.push_str(text),
            _ => lines.push((stream.into(), text.into())),
        }
        is_open = tag == "P";
    }
    lines
}

/// Asks again until the answer is there; bounded.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let work = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("{what} does not happen"))
}

pub(crate) fn text(stream: &str, text: &str) -> (String, String) {
    (stream.into(), text.into())
}

/// The path of a file that a test may use.
pub(crate) fn scratch(node: &Node, name: &str) -> PathBuf {
    node.directory.path().join(name)
}
