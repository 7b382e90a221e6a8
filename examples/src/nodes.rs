//! Nodes of this machine for a cluster in this process.
//!
//! In: how many, of which kind, where their files lie. Out: nodes added to a `Builder`, with everything that they make on the
//! machine taken down when the cluster stops.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use ipnet::Ipv4Net;
use pintle::{Builder, node_range};
use pintle_object_model::Quantity;
use pintle_object_model::clock::{Clock, Random};
use pintle_runtime::oci::{OciImageStore, OciStoreConfig};
use pintle_runtime::{
    BridgeConfig, BridgeNetwork, DnsSettings, ImageStore, NativeConfig, NativeRuntime, NodeAgentBuilder, ProcessConfig,
    ProcessRuntime, default_volume_drivers, machine_capacity, machine_info,
};

/// What all nodes have in common.
#[derive(Clone, Debug)]
pub struct NodePlan {
    /// How many.
    pub count: usize,
    /// Their files lie below this folder.
    pub directory: PathBuf,
    /// Addresses of pods, one piece per node.
    pub pod_cidr: Ipv4Net,
    /// Addresses of Services, which pods reach through the node.
    pub service_cidr: Ipv4Net,
    /// Where the cluster's DNS listens, if there is one.
    pub dns: Option<Ipv4Addr>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Random,
}

/// Nodes that have been prepared.
pub struct Nodes {
    /// Their images.
    pub images: OciImageStore,
    /// Where pods reach this machine: the first node's address, if pods have a network of their own.
    pub gateway: Option<Ipv4Addr>,
    native: Vec<(String, Arc<NativeRuntime>, IpAddr)>,
    process: Option<Arc<ProcessRuntime>>,
    plan: NodePlan,
}

impl std::fmt::Debug for Nodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nodes").field("plan", &self.plan).finish_non_exhaustive()
    }
}

fn images(plan: &NodePlan) -> Result<OciImageStore> {
    let folder = plan.directory.join("images");
    Ok(OciImageStore::open(OciStoreConfig::new(folder))?)
}

fn name(index: usize) -> String {
    format!("node-{}", index + 1)
}

/// Resolves names as this machine does.
fn host_dns() -> DnsSettings {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let words = |keyword: &str| {
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix(keyword));
        lines.flat_map(str::split_whitespace).map(str::to_owned).collect()
    };
    DnsSettings { servers: words("nameserver "), searches: words("search "), options: words("options ") }
}

impl Nodes {
    /// Nodes of Linux containers: a bridge each, and an address per pod.
    ///
    /// # Errors
    /// If this process is not root, a program is missing, or the machine refuses.
    pub async fn native(plan: NodePlan) -> Result<Self> {
        // Mounts and links are named after the folder, and the programs that make them have other working directories.
        let directory = absolute(&plan.directory)?;
        let plan = NodePlan { directory, ..plan };
        let images = images(&plan)?;
        let mut nodes = Self { images, gateway: None, native: vec![], process: None, plan };
        for index in 0..nodes.plan.count {
            let name = name(index);
            match nodes.native_node(index, &name).await {
                Ok((runtime, address)) => nodes.native.push((name, runtime, address)),
                Err(error) => {
                    // What the nodes before it made must not stay behind.
                    close(nodes.runtimes()).await;
                    return Err(error.context(format!("setting up {name}")));
                }
            }
        }
        nodes.gateway = nodes.native.first().and_then(|(_, _, address)| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        });
        Ok(nodes)
    }

    async fn native_node(&self, index: usize, name: &str) -> Result<(Arc<NativeRuntime>, IpAddr)> {
        let plan = &self.plan;
        let folder = plan.directory.join(name);
        let mut config = BridgeConfig::new(node_range(plan.pod_cidr, index), folder.join("network"));
        config.cluster = vec![plan.pod_cidr, plan.service_cidr];
        let network = Arc::new(BridgeNetwork::open(config).await?);
        let address = network.gateway();
        let config = NativeConfig::new(folder.join("runtime"));
        let (clock, random) = (Arc::clone(&plan.clock), plan.random.clone());
        let opened = NativeRuntime::open(config, self.images.clone(), Arc::clone(&network) as _, clock, random).await;
        match opened {
            Ok(runtime) => {
                for warning in runtime.warnings() {
                    tracing::warn!(node = name, %warning, "this machine is limited");
                }
                Ok((Arc::new(runtime), address))
            }
            Err(error) => {
                let _ = pintle_runtime::PodNetwork::close(&*network).await;
                Err(error.into())
            }
        }
    }

    fn runtimes(&self) -> Vec<Arc<NativeRuntime>> {
        self.native.iter().map(|(_, runtime, _)| Arc::clone(runtime)).collect()
    }

    /// One node of plain processes, each pod at a loopback address of its own.
    ///
    /// # Errors
    /// If the folder cannot be used, or more than one node is asked for.
    pub async fn process(plan: NodePlan) -> Result<Self> {
        if plan.count > 1 {
            bail!("plain processes make one node: they have one set of loopback addresses (use --nodes 1)");
        }
        let directory = absolute(&plan.directory)?;
        let plan = NodePlan { directory, ..plan };
        let images = images(&plan)?;
        let config = ProcessConfig::new(plan.directory.join("processes"));
        let roots = Arc::new(images.clone());
        let runtime = ProcessRuntime::open(config, Some(roots), Arc::clone(&plan.clock)).await?;
        Ok(Self { images, gateway: None, native: vec![], process: Some(Arc::new(runtime)), plan })
    }

    /// Adds the nodes to a cluster.
    pub fn add_to(self, mut builder: Builder) -> Builder {
        let runtimes = self.runtimes();
        let Self { images, native, process, plan, .. } = self;
        builder = builder.nodes(0).on_stop(move || close(runtimes));
        for (name, runtime, address) in native {
            let (plan, images, node) = (plan.clone(), images.clone(), name.clone());
            builder = builder
                .node(&name, move |agent| common(agent, &plan, &node, &images).runtime(runtime).address(address));
        }
        if let Some(runtime) = process.filter(|_| plan.count == 1) {
            let node = name(0);
            builder = builder.node(&node.clone(), move |agent| common(agent, &plan, &node, &images).runtime(runtime));
        }
        builder
    }
}

/// What every node agent of this machine is told.
pub fn common(agent: NodeAgentBuilder, plan: &NodePlan, name: &str, images: &OciImageStore) -> NodeAgentBuilder {
    let mut agent = agent
        .images(Arc::new(images.clone()) as Arc<dyn ImageStore>)
        .volume_drivers(default_volume_drivers(Arc::clone(&plan.clock), plan.random.clone(), machine_capacity()))
        .data_dir(plan.directory.join(name).join("pods"))
        .system_info(machine_info())
        .host_dns(host_dns())
        .cluster_dns(plan.dns.map(IpAddr::V4).into_iter().collect())
        .capacity("ephemeral-storage", Quantity::from_bytes(16 << 30));
    for (resource, amount) in machine_capacity() {
        agent = agent.capacity(&resource, amount);
    }
    agent
}

async fn close(runtimes: Vec<Arc<NativeRuntime>>) {
    let closed = futures::future::join_all(runtimes.iter().map(|runtime| runtime.close())).await;
    for error in closed.into_iter().filter_map(Result::err) {
        tracing::error!(%error, "something is left on this machine");
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(path).with_context(|| format!("making {}", path.display()))?;
    path.canonicalize().with_context(|| format!("finding {}", path.display()))
}

/// The address at which pods reach an API server that listens on `listen`.
pub fn inside(listen: SocketAddr, gateway: Ipv4Addr) -> SocketAddr {
    SocketAddr::from((gateway, listen.port()))
}
