//! Addresses, ports, and pods of several nodes.

use pintle_runtime::{ContainerRuntime as _, PortMapping};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Node, PATIENCE, eventually, text};

const SERVE: &str = "exec httpd -f -p 80 -h /www";
const SERVE_LOCALLY: &str = "exec httpd -f -p 127.0.0.1:8081 -h /www";

async fn get(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) -> Option<String> {
    let mut answer = String::new();
    let work = async {
        stream.write_all(b"GET /greeting HTTP/1.0\r\n\r\n").await.ok()?;
        stream.read_to_string(&mut answer).await.ok()
    };
    tokio::time::timeout(PATIENCE, work).await.ok()??;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_reaches_ports_of_a_pod() {
    let node = Node::start().await;
    let mapping = PortMapping {
        protocol: "TCP".into(),
        container_port: 80,
        host_port: 18_000 + (std::process::id() % 9000) as u16,
        host_ip: None,
    };
    let host_port = mapping.host_port;
    let sandbox = node.sandbox(|config| config.ports = vec![mapping.clone()]).await;
    node.run(&sandbox, "public", SERVE).await;
    node.run(&sandbox, "private", SERVE_LOCALLY).await;
    let address = node.runtime.sandboxes().await.unwrap()[0].addresses[0];
    let connect = async |target: std::net::SocketAddr| get(tokio::net::TcpStream::connect(target).await.ok()?).await;
    let hello = "hello from the pod\n";
    assert_eq!(eventually("the pod answers", async || connect((address, 80).into()).await).await, hello);
    let forwarded = async |port| get(node.runtime.port_forward(&sandbox, port).await.ok()?).await;
    assert_eq!(eventually("localhost answers", async || forwarded(8081).await).await, hello);
    // The forwarded port listens on the pod's localhost only.
    assert_eq!(connect((address, 8081).into()).await, None);
    assert!(node.runtime.port_forward(&sandbox, 9).await.is_err());
    // A port of the node.
    let local = std::net::Ipv4Addr::LOCALHOST;
    assert_eq!(eventually("the host port answers", async || connect((local, host_port).into()).await).await, hello);
    let other =
        node.runtime.run_sandbox(pintle_runtime::SandboxConfig { ports: vec![mapping], ..Default::default() }).await;
    assert!(other.unwrap_err().to_string().contains(&format!("host port {host_port} is used")));
    assert_eq!(node.runtime.sandboxes().await.unwrap().len(), 1);
    node.runtime.remove_sandbox(&sandbox).await.unwrap();
    assert_eq!(connect((local, host_port).into()).await, None);
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_of_two_nodes_reach_each_other() {
    let (one, mut two) = (Node::start().await, Node::start().await);
    let server = one.sandbox(|_| {}).await;
    one.run(&server, "server", SERVE).await;
    let address = one.runtime.sandboxes().await.unwrap()[0].addresses[0];
    let client = two.sandbox(|_| {}).await;
    let script =
        format!("for i in $(seq 100); do wget -qO- http://{address}/greeting && exit 0; sleep 0.1; done; exit 1");
    let id = two.run(&client, "client", &script).await;
    assert_eq!(two.exited(&id).await.0, 0);
    // Each node takes down its own only.
    two.close().await;
    assert_eq!(one.runtime.sandboxes().await.unwrap().len(), 1);
    let answer = get(tokio::net::TcpStream::connect((address, 80)).await.unwrap()).await;
    assert_eq!(answer.as_deref(), Some("hello from the pod\n"));
    one.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nodes_network_is_used_when_asked() {
    let mut node = Node::start().await;
    let sandbox = node.sandbox(|config| config.host_network = true).await;
    assert!(node.runtime.sandboxes().await.unwrap()[0].addresses.is_empty());
    let id = node.run(&sandbox, "links", &format!("ip link | grep -q {}", node.bridge)).await;
    assert_eq!(node.exited(&id).await.0, 0);
    let own = node.sandbox(|config| {
        config.sysctls = [("net.ipv4.ip_local_port_range".to_owned(), "2000 3000".to_owned())].into();
    });
    let own = own.await;
    let id = node.run(&own, "sysctl", "cat /proc/sys/net/ipv4/ip_local_port_range").await;
    assert_eq!(node.exited(&id).await.0, 0);
    assert_eq!(node.log("sysctl"), [text("stdout", "2000\t3000")]);
    node.close().await;
}

/// A network namespace that plays the world beyond the node.
struct Outside {
    name: String,
    link: String,
}

impl Outside {
    fn new() -> Self {
        let id = std::process::id();
        let outside = Self { name: format!("ptout-{id}"), link: format!("ptout{id}") };
        let (name, link) = (&outside.name, &outside.link);
        run("ip", &format!("netns add {name}"));
        run("ip", &format!("link add {link} type veth peer name eth0 netns {name}"));
        run("ip", &format!("addr add 198.51.100.1/30 dev {link}"));
        run("ip", &format!("link set {link} up"));
        run("ip", &format!("-n {name} addr add 198.51.100.2/30 dev eth0"));
        run("ip", &format!("-n {name} link set eth0 up"));
        outside
    }

    /// Listens there; answers with the port, and later with the address that connects.
    fn listen(&self) -> (u16, std::thread::JoinHandle<std::net::IpAddr>) {
        let namespace = std::fs::File::open(format!("/run/netns/{}", self.name)).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let kind = rustix::thread::LinkNameSpaceType::Network;
            rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&namespace), Some(kind)).unwrap();
            let listener = std::net::TcpListener::bind(("198.51.100.2", 0)).unwrap();
            sender.send(listener.local_addr().unwrap().port()).unwrap();
            listener.accept().unwrap().1.ip()
        });
        (receiver.recv().unwrap(), thread)
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = std::process::Command::new("ip").args(["link", "del", &self.link]).status();
        let _ = std::process::Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

fn run(program: &str, args: &str) {
    let status = std::process::Command::new(program).args(args.split(' ')).status().unwrap();
    assert!(status.success(), "{program} {args}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_world_sees_the_nodes_address() {
    let mut node = Node::start().await;
    let outside = Outside::new();
    let (port, seen) = outside.listen();
    let sandbox = node.sandbox(|_| {}).await;
    let script =
        format!("for i in $(seq 100); do nc -w 5 198.51.100.2 {port} </dev/null && exit 0; sleep 0.1; done; exit 1");
    let id = node.run(&sandbox, "client", &script).await;
    assert_eq!(node.exited(&id).await.0, 0);
    let address = tokio::task::spawn_blocking(|| seen.join().unwrap()).await.unwrap();
    assert_eq!(address.to_string(), "198.51.100.1");
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_may_share_a_bridge() {
    use pintle_runtime::{BridgeConfig, BridgeNetwork, PodNetwork as _, SandboxId};
    let directory = tempfile::tempdir().unwrap();
    let bridge = format!("ptsh{}", std::process::id());
    let open = async |name: &str, range: &str| {
        let mut config = BridgeConfig::new(range.parse().unwrap(), directory.path().join(name));
        (config.bridge, config.subnet) = (bridge.clone(), "10.240.0.0/16".parse().unwrap());
        BridgeNetwork::open(config).await.unwrap()
    };
    let (one, two) = (open("one", "10.240.1.0/24").await, open("two", "10.240.2.0/24").await);
    assert_eq!(one.gateway(), two.gateway());
    let mut addresses = Vec::new();
    for (network, name) in [(&one, "a"), (&two, "b")] {
        let namespace = format!("{bridge}-{name}");
        run("ip", &format!("netns add {namespace}"));
        let path = std::path::Path::new("/run/netns").join(&namespace);
        let attach = async || network.attach(&SandboxId(name.into()), &path, &[]).await.unwrap().addresses;
        addresses.push(attach().await[0].to_string());
        // Repeating it is harmless.
        assert_eq!(attach().await[0].to_string(), addresses[addresses.len() - 1]);
    }
    assert_eq!(addresses, ["10.240.1.1", "10.240.2.1"]);
    run("ip", &format!("netns exec {bridge}-a /bin/busybox ping -c 1 -W 5 10.240.2.1"));
    let exists = || std::path::Path::new("/sys/class/net").join(&bridge).exists();
    one.close().await.unwrap();
    assert!(exists());
    run("ip", &format!("netns exec {bridge}-b /bin/busybox ping -c 1 -W 5 10.240.0.1"));
    two.detach(&SandboxId("b".into())).await.unwrap();
    two.close().await.unwrap();
    assert!(!exists());
    for name in ["a", "b"] {
        run("ip", &format!("netns del {bridge}-{name}"));
    }
}
