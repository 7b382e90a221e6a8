//! A bridge of this machine as the network of pods.
//!
//! In: sandboxes' network namespaces. Out: one IPv4 address each, reachable from the node, from the other pods and, by
//! masquerading, able to reach beyond. Invariants: an address belongs to one sandbox, also across restarts; everything
//! that is made carries the network's name and is removed by `close`. Elsewhere: Services (`proxy`).
//! Source: the Kubernetes network model. Links and rules are made with the programs `ip`, `nft` and `nsenter`.

mod addresses;
mod rules;

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use ipnet::Ipv4Net;

use crate::native::program::Program;
use crate::oci::{digest, hex};
use crate::{PodAddresses, PodNetwork, PortMapping, RuntimeError, SandboxId};
use addresses::Addresses;

/// What a bridge network looks like.
///
/// Nodes in one process either have a bridge each (the kernel routes between them), or share one: then `bridge` and
/// `subnet` are equal and `range` differs.
#[derive(Clone, Debug)]
pub struct BridgeConfig {
    /// Name of the bridge, at most 15 characters; made if it is not there.
    pub bridge: String,
    /// What is reached directly over the bridge. Its first address is the gateway, and the bridge's own.
    pub subnet: Ipv4Net,
    /// Where addresses of pods are taken from; within `subnet`. Usually the node's `podCIDR`.
    pub range: Ipv4Net,
    /// Destinations that see the pod's own address; others see the node's. Usually the cluster's pod and Service CIDRs.
    pub cluster: Vec<Ipv4Net>,
    /// Largest packet, in bytes. Default 1500.
    pub mtu: u32,
    /// Traffic to outside of `cluster` gets the node's address. Default true.
    pub masquerade: bool,
    /// Where it keeps which sandbox has which address; one directory per network.
    pub directory: PathBuf,
}

impl BridgeConfig {
    /// One bridge for one node: `range` is the node's `podCIDR`. The bridge's name is derived from the directory.
    pub fn new(range: Ipv4Net, directory: impl Into<PathBuf>) -> Self {
        let directory = directory.into();
        let bridge = format!("pt-{}", short_hash(&directory.to_string_lossy(), 10));
        Self { bridge, subnet: range, range, cluster: vec![range], mtu: 1500, masquerade: true, directory }
    }
}

/// The first digits of a hash, for names.
pub(crate) fn short_hash(text: &str, digits: usize) -> String {
    digest(text.as_bytes())["sha256:".len()..][..digits].to_owned()
}

/// Pods of one node on a bridge. See [`BridgeConfig`].
#[derive(Debug)]
pub struct BridgeNetwork {
    config: BridgeConfig,
    gateway: Ipv4Addr,
    /// Name of its own nftables table.
    table: String,
    /// Locked while rules are applied, so that they agree with it.
    addresses: tokio::sync::Mutex<Addresses>,
}

impl BridgeNetwork {
    /// Opens the network: the bridge and the rules are made, addresses given earlier are kept. IP forwarding of the
    /// machine is switched on, and stays on: others may rely on it.
    ///
    /// # Errors
    /// [`RuntimeError::Invalid`] if the configuration makes no sense, else if a program is missing or the kernel refuses.
    pub async fn open(config: BridgeConfig) -> Result<Self, RuntimeError> {
        let invalid = |why: &str| Err(RuntimeError::Invalid(format!("pod network {}: {why}", config.range)));
        if config.bridge.is_empty() || config.bridge.len() > 15 || config.bridge.contains(['/', ' ', '"']) {
            return invalid("the bridge's name must have 1 to 15 characters");
        }
        if !config.subnet.contains(&config.range) {
            return invalid("it is not within the subnet");
        }
        let Some(gateway) = config.subnet.hosts().next().filter(|_| config.range.prefix_len() <= 30) else {
            return invalid("there is no room for addresses");
        };
        let addresses = Addresses::open(&config.directory, config.range, gateway)?;
        let table = format!("pintle_{}", short_hash(&config.directory.to_string_lossy(), 10));
        let network = Self { config, gateway, table, addresses: tokio::sync::Mutex::new(addresses) };
        if let Err(error) = network.set_up().await {
            let _ = network.close().await;
            return Err(error);
        }
        Ok(network)
    }

    /// The node's address on the bridge: where pods reach the node.
    pub fn gateway(&self) -> IpAddr {
        IpAddr::V4(self.gateway)
    }

    async fn set_up(&self) -> Result<(), RuntimeError> {
        self.make_bridge().await?;
        self.apply_rules(&*self.addresses.lock().await).await
    }

    async fn make_bridge(&self) -> Result<(), RuntimeError> {
        let BridgeConfig { bridge, subnet, mtu, .. } = &self.config;
        let doing = format!("making the bridge {bridge}");
        if !Path::new("/sys/class/net").join(bridge).exists() {
            let made = Program::new("ip").args(["link", "add", bridge, "type", "bridge"]).run(&doing).await;
            // Another node in this process may have been faster.
            if !Path::new("/sys/class/net").join(bridge).exists() {
                made?;
            }
        }
        let prefix = subnet.prefix_len();
        let gateway = self.gateway;
        // A fixed hardware address: otherwise it changes with the ports, and pods would have to learn it again.
        let mac = mac(gateway);
        let batch =
            format!("link set {bridge} address {mac} mtu {mtu} up\naddr replace {gateway}/{prefix} dev {bridge}\n");
        Program::new("ip").args(["-batch", "-"]).input(batch).run(&doing).await?;
        write_sysctl("net/ipv4/ip_forward", "1")?;
        // Lets programs on the node reach host ports by way of 127.0.0.1; a rule keeps pods away from it.
        write_sysctl(&format!("net/ipv4/conf/{bridge}/route_localnet"), "1")
    }

    async fn apply_rules(&self, addresses: &Addresses) -> Result<(), RuntimeError> {
        let rules = rules::render(&self.config, &self.table, addresses);
        Program::new("nft").args(["-f", "-"]).input(rules).run("applying the pod network's rules").await?;
        Ok(())
    }

    /// Name of the node's end of a sandbox's link.
    fn link(&self, sandbox: &SandboxId) -> String {
        format!("pt{}", short_hash(&format!("{}\0{sandbox}", self.table), 12))
    }

    async fn connect(&self, sandbox: &SandboxId, namespace: &Path, address: Ipv4Addr) -> Result<(), RuntimeError> {
        let BridgeConfig { bridge, subnet, mtu, .. } = &self.config;
        let (link, path) = (self.link(sandbox), namespace.display());
        let doing = format!("connecting sandbox {sandbox} to {bridge}");
        // Left by an attempt that was interrupted.
        self.disconnect(sandbox).await?;
        let mac = mac(address);
        let outside = format!(
            "link add {link} mtu {mtu} type veth peer name eth0 address {mac} mtu {mtu} netns {path}\n\
             link set {link} master {bridge} up\n\
             link set {link} type bridge_slave hairpin on\n"
        );
        Program::new("ip").args(["-batch", "-"]).input(outside).run(&doing).await?;
        let prefix = subnet.prefix_len();
        let gateway = self.gateway;
        let inside = format!(
            "link set lo up\naddr add {address}/{prefix} dev eth0\nlink set eth0 up\nroute add default via {gateway}\n"
        );
        let net = format!("--net={path}");
        Program::new("nsenter").args([&net, "ip", "-batch", "-"]).input(inside).run(&doing).await?;
        Ok(())
    }

    async fn disconnect(&self, sandbox: &SandboxId) -> Result<(), RuntimeError> {
        let link = self.link(sandbox);
        if !Path::new("/sys/class/net").join(&link).exists() {
            return Ok(());
        }
        let removed = Program::new("ip").args(["link", "del", &link]).run(&format!("removing link {link}")).await;
        // It also goes with the namespace at the other end, perhaps just now.
        if Path::new("/sys/class/net").join(&link).exists() { removed.map(drop) } else { Ok(()) }
    }
}

/// The hardware address that belongs to an IP address: a neighbour's memory of who has it then never is wrong.
fn mac(address: Ipv4Addr) -> String {
    let digits = hex(&address.octets());
    format!("0a:58:{}:{}:{}:{}", &digits[..2], &digits[2..4], &digits[4..6], &digits[6..])
}

fn write_sysctl(name: &str, value: &str) -> Result<(), RuntimeError> {
    let path = Path::new("/proc/sys").join(name);
    if std::fs::read_to_string(&path).is_ok_and(|current| current.trim() == value) {
        return Ok(());
    }
    std::fs::write(&path, value).map_err(RuntimeError::io(format!("setting {}", path.display())))
}

#[async_trait]
impl PodNetwork for BridgeNetwork {
    async fn attach(
        &self,
        sandbox: &SandboxId,
        namespace: &Path,
        ports: &[PortMapping],
    ) -> Result<PodAddresses, RuntimeError> {
        // Only the table is locked, not the making of links: sandboxes are made at the same time.
        let address = self.addresses.lock().await.take(sandbox, ports)?;
        let connected = async {
            self.connect(sandbox, namespace, address).await?;
            if ports.is_empty() { Ok(()) } else { self.apply_rules(&*self.addresses.lock().await).await }
        };
        if let Err(error) = connected.await {
            let _ = self.detach(sandbox).await;
            return Err(error);
        }
        Ok(PodAddresses { addresses: vec![IpAddr::V4(address)] })
    }

    async fn detach(&self, sandbox: &SandboxId) -> Result<(), RuntimeError> {
        // First the link, then the address: nobody else gets it while it is in use.
        self.disconnect(sandbox).await?;
        let mut addresses = self.addresses.lock().await;
        let had_ports = addresses.free(sandbox)?;
        if had_ports { self.apply_rules(&addresses).await } else { Ok(()) }
    }

    async fn close(&self) -> Result<(), RuntimeError> {
        let mut addresses = self.addresses.lock().await;
        for sandbox in addresses.sandboxes() {
            self.disconnect(&sandbox).await?;
            addresses.free(&sandbox)?;
        }
        let table = &self.table;
        // `add` first: deleting what is not there would fail.
        let rules = format!("add table ip {table}\ndelete table ip {table}\n");
        Program::new("nft").args(["-f", "-"]).input(rules).run("removing the pod network's rules").await?;
        let bridge = &self.config.bridge;
        let ports = Path::new("/sys/class/net").join(bridge).join("brif");
        match std::fs::read_dir(&ports).map(Iterator::count) {
            // Other nodes share it: the last one takes it down.
            Ok(1..) | Err(_) => Ok(()),
            Ok(0) => {
                let removed = Program::new("ip").args(["link", "del", bridge]).run("removing the bridge").await;
                if ports.exists() { removed.map(drop) } else { Ok(()) }
            }
        }
    }
}
