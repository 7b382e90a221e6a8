//! A small network of namespaces: a host with a bridge, pods behind it, and somebody outside.
//!
//! In: nothing; needs root, `ip` and a kernel with veth and bridges. Out: a [`World`]. Invariant: dropping it removes
//! every namespace that it made, and with them every link, route and rule.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

static NEXT: AtomicU32 = AtomicU32::new(0);

pub(crate) const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// A network namespace with a name of its own.
#[derive(Clone, Debug)]
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    /// Runs blocking code inside, on a thread of its own.
    pub(crate) fn thread<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> std::thread::JoinHandle<R> {
        let name = self.name.clone();
        std::thread::spawn(move || {
            enter(&name);
            work()
        })
    }

    /// Runs blocking code inside and waits for it without holding up the runtime.
    pub(crate) async fn inside<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> R {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let thread = self.thread(move || drop(sender.send(work())));
        let result = receiver.await;
        thread.join().expect("the work does not panic");
        result.expect("the work has sent its result")
    }

    /// Runs a future inside, on a runtime of its own, to its end.
    pub(crate) fn block_on<R: Send + 'static, F: Future<Output = R>>(
        &self,
        make: impl FnOnce() -> F + Send + 'static,
    ) -> R {
        let result = self.thread(move || runtime().block_on(make())).join();
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Runs a program inside and hands out what it printed.
    pub(crate) fn output(&self, command: &str) -> String {
        let words: Vec<&str> = command.split_whitespace().collect();
        let output = Command::new("ip").args(["netns", "exec", &self.name]).args(&words).output().expect("ip runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

fn enter(name: &str) {
    let file = std::fs::File::open(format!("/run/netns/{name}")).expect("the namespace is there");
    move_into_link_name_space(std::os::fd::AsFd::as_fd(&file), Some(LinkNameSpaceType::Network))
        .expect("root may enter a namespace");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn ip(arguments: &str) {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let output = Command::new("ip").args(&words).output().expect("ip (package iproute2) runs");
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The network.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) host: Namespace,
    pub(crate) pods: Vec<Namespace>,
    pub(crate) outside: Namespace,
}

impl Drop for World {
    fn drop(&mut self) {
        for namespace in self.pods.iter().chain([&self.outside, &self.host]) {
            let _ = Command::new("ip").args(["netns", "del", &namespace.name]).status();
        }
    }
}

/// The address of a pod.
pub(crate) fn pod_ip(index: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 244, 0, 11 + u8::try_from(index).expect("few pods"))
}

impl World {
    /// `None`, with a message, if this is not root.
    pub(crate) fn new(pods: usize) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED: network namespaces need root");
            return None;
        }
        let id = format!("ptl{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let made = |name: &str| Namespace { name: format!("{id}-{name}") };
        let world = Self {
            host: made("host"),
            pods: (0..pods).map(|index| made(&format!("pod{index}"))).collect(),
            outside: made("out"),
        };
        for namespace in world.pods.iter().chain([&world.outside, &world.host]) {
            ip(&format!("netns add {}", namespace.name));
            ip(&format!("-n {} link set lo up", namespace.name));
        }
        let host = &world.host.name;
        ip(&format!("-n {host} link add br0 type bridge"));
        ip(&format!("-n {host} addr add 10.244.0.1/24 dev br0"));
        ip(&format!("-n {host} link set br0 up"));
        for (index, pod) in world.pods.iter().enumerate() {
            world.link(pod, index, &pod_ip(index).to_string(), Some("br0"), "10.244.0.1");
        }
        world.link(&world.outside, pods, "192.0.2.2", None, "192.0.2.1");
        ip(&format!("-n {host} addr add 192.0.2.1/24 dev v{pods}"));
        world.host.thread(|| std::fs::write("/proc/sys/net/ipv4/ip_forward", "1")).join().unwrap().expect("root may");
        Some(world)
    }

    fn link(&self, to: &Namespace, index: usize, address: &str, bridge: Option<&str>, gateway: &str) {
        let (host, other) = (&self.host.name, &to.name);
        ip(&format!("-n {host} link add v{index} type veth peer name eth0 netns {other}"));
        if let Some(bridge) = bridge {
            ip(&format!("-n {host} link set v{index} master {bridge}"));
            // A pod that reaches itself through a Service must get its packet back from the port it came from.
            ip(&format!("-n {host} link set v{index} type bridge_slave hairpin on"));
        }
        ip(&format!("-n {host} link set v{index} up"));
        ip(&format!("-n {other} addr add {address}/24 dev eth0"));
        ip(&format!("-n {other} link set eth0 up"));
        ip(&format!("-n {other} route add default via {gateway}"));
    }
}

/// A server that tells its name and the address of its client, then repeats what it was sent.
#[derive(Debug)]
pub(crate) struct Server {
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

impl Server {
    /// TCP and UDP at every address of a namespace.
    pub(crate) fn start(at: &Namespace, port: u16, name: &str) -> Self {
        let (stop, name) = (CancellationToken::new(), name.to_owned());
        let (until, (ready, is_ready)) = (stop.clone(), std::sync::mpsc::channel());
        let thread = at.thread(move || {
            runtime().block_on(async {
                let tcp = tokio::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await.expect("a port");
                let udp = tokio::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).await.expect("a port");
                ready.send(()).expect("somebody waits");
                tokio::select! {
                    () = until.cancelled() => {}
                    () = serve_tcp(tcp, name.clone()) => {}
                    () = serve_udp(udp, name) => {}
                }
            });
        });
        is_ready.recv().expect("the server has started");
        Self { stop, thread: Some(thread) }
    }
}

async fn serve_tcp(listener: tokio::net::TcpListener, name: String) {
    while let Ok((mut stream, peer)) = listener.accept().await {
        let hello = format!("{name} {}\n", peer.ip());
        tokio::spawn(async move {
            stream.write_all(hello.as_bytes()).await?;
            let mut everything = vec![];
            let mut buffer = [0; 4096];
            loop {
                let bytes = stream.read(&mut buffer).await?;
                if bytes == 0 {
                    break;
                }
                everything.extend_from_slice(&buffer[..bytes]);
                if buffer[bytes - 1] == b'\n' {
                    stream.write_all(&std::mem::take(&mut everything)).await?;
                }
            }
            stream.write_all(&everything).await?;
            stream.shutdown().await
        });
    }
}

async fn serve_udp(socket: tokio::net::UdpSocket, name: String) {
    let mut buffer = [0; 2048];
    while let Ok((bytes, peer)) = socket.recv_from(&mut buffer).await {
        let answer = [format!("{name} {}\n", peer.ip()).as_bytes(), &buffer[..bytes]].concat();
        let _ = socket.send_to(&answer, peer).await;
    }
}

const PATIENCE: Duration = Duration::from_secs(5);

/// Connects, sends, ends its own direction, and reads the rest.
pub(crate) fn tcp(to: SocketAddrV4, send: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::V4(to), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(send)?;
    stream.shutdown(Shutdown::Write)?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

/// The name of the server and the address that it has seen.
pub(crate) fn who(to: SocketAddrV4) -> io::Result<(String, String)> {
    split(&tcp(to, b"")?)
}

pub(crate) fn udp(to: SocketAddrV4) -> io::Result<(String, String)> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(to)?;
    socket.send(b"x")?;
    let mut buffer = [0; 2048];
    let bytes = socket.recv(&mut buffer)?;
    split(&String::from_utf8_lossy(&buffer[..bytes]))
}

fn split(text: &str) -> io::Result<(String, String)> {
    let line = text.lines().next().unwrap_or_default();
    let parts = line.split_once(' ');
    let (name, peer) = parts.ok_or_else(|| io::Error::other(format!("unexpected answer {text:?}")))?;
    Ok((name.to_owned(), peer.to_owned()))
}
