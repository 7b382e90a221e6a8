//! The demonstration and the separate programs, on this machine's real network, containers and etcd. Needs root and what
//! `cargo xtask setup` installs.

mod process;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use pintle_client::client_from_file;
use pintle_examples::get;
use pintle_object_model::Scheme;
use pintle_object_model::api::apps::v1::Deployment;
use pintle_object_model::api::core::v1::{Namespace, ServiceAccount};
use process::{Program, free_port, output, tool};

const PATIENCE: Duration = Duration::from_secs(60);

/// What this test's clusters could leave on the machine: their pod network and their data directory name it.
fn leftovers(pod_network: &str, folder: &Path) -> Vec<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let folder = folder.display().to_string();
    let mut found: Vec<String> = mounts.lines().filter(|line| line.contains(&folder)).map(str::to_owned).collect();
    for command in [&["ip", "-4", "-brief", "address"][..], &["ip", "route"][..], &["nft", "list", "ruleset"][..]] {
        found.extend(output(command).lines().filter(|line| line.contains(pod_network)).map(str::to_owned));
    }
    found
}

#[tokio::test]
async fn the_demonstration_answers_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)).to_string();
    let data = folder.path().display().to_string();
    let mut demo = Program::start(
        env!("CARGO_BIN_EXE_cluster"),
        &[
            "demo",
            "--exit-when-ready",
            "--data-dir",
            &data,
            "--listen",
            &address(free_port()),
            "--ingress",
            &address(free_port()),
            "--pod-cidr",
            "10.243.0.0/16",
            "--service-cidr",
            "10.97.0.0/16",
            "--runtime",
            "native",
            "--exit-after",
            "120",
        ],
        &folder.path().join("demo.log"),
    );
    let status = tokio::time::timeout(PATIENCE * 2, demo.ended()).await.expect("it must end by itself");
    let log = demo.log();
    assert!(status.success(), "{log}");
    for line in
        ["pods are ready", "path /hello", "everything answers", "everything that was made on this machine is removed"]
    {
        assert!(log.contains(line), "{line:?} is missing:\n{log}");
    }
    assert_eq!(leftovers("10.243.", folder.path()), [""; 0], "{log}");
}

/// The programs of a cluster, each a process of its own.
struct World {
    folder: tempfile::TempDir,
    etcd: String,
    api: SocketAddr,
    ingress: SocketAddr,
    node_api: SocketAddr,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let address = || SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        Self { folder, etcd: format!("http://{}", address()), api: address(), ingress: address(), node_api: address() }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn start(&self, name: &str) -> Program {
        let kubeconfig = self.path("kubeconfig");
        let (api, ingress, node_api) = (self.api.to_string(), self.ingress.to_string(), self.node_api.to_string());
        let (store, api_data, node_data) = (format!("etcd:{}", self.etcd), self.path("api"), self.path("node"));
        let with_server = ["--kubeconfig", &kubeconfig, "--exit-after", "300"];
        let (program, own): (&str, Vec<&str>) = match name {
            "apiserver" => (
                env!("CARGO_BIN_EXE_apiserver"),
                vec!["--store", &store, "--listen", &api, "--data-dir", &api_data, "--service-cidr", "10.98.0.0/16"],
            ),
            "controllers" => (env!("CARGO_BIN_EXE_controllers"), vec!["--pod-cidr", "10.242.0.0/16"]),
            "scheduler" => (env!("CARGO_BIN_EXE_scheduler"), vec![]),
            "ingress" => (env!("CARGO_BIN_EXE_ingress"), vec!["--listen", &ingress]),
            "proxy" => (
                env!("CARGO_BIN_EXE_proxy"),
                vec!["--service-cidr", "10.98.0.0/16", "--pod-cidr", "10.242.0.0/16", "--instance", "test"],
            ),
            "node" => (
                env!("CARGO_BIN_EXE_node"),
                vec![
                    "--data-dir",
                    &node_data,
                    "--pod-cidr",
                    "10.242.0.0/24",
                    "--service-cidr",
                    "10.98.0.0/16",
                    "--listen",
                    &node_api,
                    "--with-sample",
                    "--keep-pods",
                ],
            ),
            other => panic!("there is no program {other}"),
        };
        let arguments: Vec<&str> = own.into_iter().chain(with_server).collect();
        Program::start(program, &arguments, &self.folder.path().join(format!("{name}.log")))
    }

    /// Starts etcd and waits until it listens.
    async fn start_etcd(&self) -> Program {
        let (data, peer) = (self.path("etcd"), format!("http://127.0.0.1:{}", free_port()));
        let arguments = [
            "--data-dir",
            &data,
            "--listen-client-urls",
            &self.etcd,
            "--advertise-client-urls",
            &self.etcd,
            "--listen-peer-urls",
            &peer,
            "--initial-advertise-peer-urls",
            &peer,
            "--initial-cluster",
            &format!("default={peer}"),
            "--unsafe-no-fsync",
            "--log-level",
            "error",
        ];
        let etcd = Program::start(&tool("etcd"), &arguments, &self.folder.path().join("etcd.log"));
        let place = self.etcd.trim_start_matches("http://");
        let listens = async {
            while tokio::net::TcpStream::connect(place).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, listens).await.unwrap_or_else(|_| panic!("{}", etcd.log()));
        etcd
    }

    /// Waits until the sample application answers through the ingress.
    async fn answers(&self) {
        let asked = async {
            loop {
                let got = get(self.ingress, "www.k8s-demo.com", "/hello", Duration::from_secs(2)).await;
                if matches!(&got, Ok((200, _))) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("no answer:\n{}", self.logs()));
    }

    fn logs(&self) -> String {
        let names = ["apiserver", "controllers", "scheduler", "node", "proxy", "ingress"];
        let read =
            |name: &str| std::fs::read_to_string(self.folder.path().join(format!("{name}.log"))).unwrap_or_default();
        names.map(|name| format!("--- {name}\n{}", read(name))).join("\n")
    }
}

#[tokio::test]
async fn separate_programs_on_etcd_survive_the_loss_of_each() {
    let world = World::new();
    let etcd = world.start_etcd().await;
    let mut apiserver = world.start("apiserver");
    apiserver.says("serving").await;
    let kubeconfig = world.folder.path().join("kubeconfig");
    let mut running = vec![];
    for name in ["controllers", "scheduler", "node", "proxy", "ingress"] {
        running.push((name, world.start(name)));
    }
    let client = client_from_file(&kubeconfig, Scheme::builtin()).unwrap();
    let mut namespace = Namespace::default();
    namespace.metadata.name = "spring-test".into();
    client.all::<Namespace>().create(&namespace).await.unwrap();
    let account = async {
        // Its controller needs a moment; pods are refused before.
        while client.namespaced::<ServiceAccount>("spring-test").get("default").await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, account).await.unwrap_or_else(|_| panic!("{}", world.logs()));
    for manifest in ["deployment", "service", "ingress"] {
        let path = format!("{}/manifests/{manifest}.yaml", env!("CARGO_MANIFEST_DIR"));
        pintle::apply(&client, "test", &std::fs::read_to_string(path).unwrap()).await.unwrap();
    }
    world.answers().await;

    // Killed without notice, and started again. Requests to the application go on meanwhile, but for the ingress itself.
    for (name, program) in &mut running {
        program.kill().await;
        if *name != "ingress" {
            let (code, _) = get(world.ingress, "www.k8s-demo.com", "/hello", Duration::from_secs(5)).await.unwrap();
            assert_eq!(code, 200, "without {name}");
        }
        *program = world.start(name);
        world.answers().await;
    }
    apiserver.kill().await;
    let (code, _) = get(world.ingress, "www.k8s-demo.com", "/hello", Duration::from_secs(5)).await.unwrap();
    assert_eq!(code, 200, "without the API server");
    let apiserver = world.start("apiserver");
    apiserver.says("serving").await;

    // All of them work again: a change of the Deployment comes through.
    let deployments = client.namespaced::<Deployment>("spring-test");
    deployments.set_scale("k8s-demo", 4).await.unwrap();
    let scaled = async {
        while deployments.get("k8s-demo").await.is_ok_and(|found| found.status.available_replicas != 4) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, scaled).await.unwrap_or_else(|_| panic!("{}", world.logs()));

    // The pods outlive their node agent on purpose; a last one takes them down.
    for (_, program) in &mut running {
        program.terminate().await;
    }
    let taken_down = world.take_down().await;
    drop((apiserver, etcd));
    assert!(taken_down.success(), "{}", world.logs());
    assert_eq!(leftovers("10.242.", world.folder.path()), [""; 0]);
}

impl Drop for World {
    /// A test that fails must not leave containers and links on the machine either.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let (kubeconfig, node_data) = (self.path("kubeconfig"), self.path("node"));
        let mut node = std::process::Command::new(env!("CARGO_BIN_EXE_node"));
        node.args(["--kubeconfig", &kubeconfig, "--data-dir", &node_data, "--pod-cidr", "10.242.0.0/24"]);
        node.args(["--service-cidr", "10.98.0.0/16", "--listen", "127.0.0.1:0", "--exit-after", "1"]);
        let _ = node.status();
    }
}

impl World {
    /// Runs the node once more without `--keep-pods`, which removes everything that it finds.
    async fn take_down(&self) -> std::process::ExitStatus {
        let (kubeconfig, node_data) = (self.path("kubeconfig"), self.path("node"));
        let mut node = Program::start(
            env!("CARGO_BIN_EXE_node"),
            &[
                "--kubeconfig",
                &kubeconfig,
                "--data-dir",
                &node_data,
                "--pod-cidr",
                "10.242.0.0/24",
                "--service-cidr",
                "10.98.0.0/16",
                "--listen",
                &self.node_api.to_string(),
                "--exit-after",
                "1",
            ],
            &self.folder.path().join("take-down.log"),
        );
        tokio::time::timeout(PATIENCE, node.ended()).await.expect("the node must end")
    }
}
