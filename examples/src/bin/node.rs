//! One node alone, on any Kubernetes API server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Parser;
use pintle_examples::{NodePlan, Nodes, RuntimeFlag, ServerFlags, node_tls, pack, until_stopped};
use pintle_object_model::clock::{Random, SystemClock};
use pintle_runtime::{NodeAgent, SimulatedConfig, SimulatedImages, SimulatedRuntime, SimulatedVolumes};
use tokio::net::TcpListener;

/// Runs the pods that are bound to one node.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    server: ServerFlags,
    /// Name of the node.
    #[arg(long, default_value = "node-1")]
    node_name: String,
    /// What runs the pods: `native`, `process` or `simulated`.
    #[arg(long, default_value = "native")]
    runtime: RuntimeFlag,
    /// Where the node keeps its files.
    #[arg(long, default_value = ".pintle/node")]
    data_dir: PathBuf,
    /// Addresses of this node's pods.
    #[arg(long, default_value = "10.244.0.0/24")]
    pod_cidr: ipnet::Ipv4Net,
    /// Addresses of all pods and of Services, which see pods' own addresses.
    #[arg(long, default_value = "10.96.0.0/16")]
    service_cidr: ipnet::Ipv4Net,
    /// Address of the cluster's DNS.
    #[arg(long)]
    cluster_dns: Option<Ipv4Addr>,
    /// Where the node's API listens (HTTPS); port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:10250")]
    listen: SocketAddr,
    /// Packs the sample application's images into the node's store.
    #[arg(long)]
    with_sample: bool,
    /// Leaves pods running when this program ends, to be found by the next one.
    #[arg(long)]
    keep_pods: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    pintle_examples::start_logs();
    let arguments = Arguments::parse();
    let clock = SystemClock::shared();
    let random = Random::from_os();
    let client = arguments.server.client("pintle-node")?;
    let authority = arguments.server.authority()?.context("the kubeconfig must hold the cluster's authority")?;
    let listener =
        TcpListener::bind(arguments.listen).await.with_context(|| format!("listening on {}", arguments.listen))?;
    let bound = listener.local_addr()?;
    let tls = node_tls(&authority, &arguments.node_name, bound.ip(), clock.utc().to_time())?;
    let plan = NodePlan {
        count: 1,
        directory: arguments.data_dir.clone(),
        pod_cidr: arguments.pod_cidr,
        service_cidr: arguments.service_cidr,
        dns: arguments.cluster_dns,
        clock: Arc::clone(&clock),
        random: random.clone(),
    };
    let nodes = match arguments.runtime {
        RuntimeFlag::Native => Some(Nodes::native(plan).await?),
        RuntimeFlag::Process => Some(Nodes::process(plan).await?),
        RuntimeFlag::Simulated => None,
    };
    match &nodes {
        Some(nodes) if arguments.with_sample => drop(pack(&nodes.images, &arguments.data_dir).await?),
        None if arguments.with_sample => bail!("simulated pods need no images"),
        _ => {}
    }
    let (name, address) = (arguments.node_name.clone(), bound.ip());
    let addresses: Vec<IpAddr> = vec![address];
    until_stopped(arguments.server.limit(), |shutdown| async move {
        let agent = NodeAgent::builder(client, Arc::clone(&clock), random, &name);
        let agent = match &nodes {
            Some(nodes) => nodes.complete(agent, &name),
            None => {
                let config = SimulatedConfig { pod_cidr: arguments.pod_cidr, ..SimulatedConfig::default() };
                let runtime = Arc::new(SimulatedRuntime::new(clock, config));
                agent
                    .prober(Arc::clone(&runtime) as _)
                    .runtime(runtime)
                    .images(Arc::new(SimulatedImages::new()))
                    .volume_driver(Arc::new(SimulatedVolumes))
            }
        };
        match agent.addresses(addresses).port(bound.port()).build(shutdown) {
            Ok(agent) => {
                println!("node {name} runs, its API listens on https://{bound}");
                let server = agent.server().serve_tls(listener, tls);
                tokio::join!(agent.run(), server);
            }
            Err(error) => tracing::error!(%error, "the node agent cannot be put together"),
        }
        if let Some(nodes) = nodes.filter(|_| !arguments.keep_pods) {
            nodes.close().await;
        }
    })
    .await
}
