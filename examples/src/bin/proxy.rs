//! The proxy and the cluster's DNS alone, on any Kubernetes API server.

use std::net::Ipv4Addr;

use anyhow::{Result, bail};
use clap::Parser;
use pintle_examples::{ProxyFlag, ServerFlags, ServiceNetwork, until_stopped};
use pintle_object_model::clock::{Random, SystemClock};
use pintle_proxy::Proxy;

/// Carries out the Services of a cluster on this machine.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    server: ServerFlags,
    /// How: `userspace` or `nftables`.
    #[arg(long, default_value = "userspace")]
    proxy: ProxyFlag,
    /// Addresses of Services.
    #[arg(long, default_value = "10.96.0.0/16")]
    service_cidr: ipnet::Ipv4Net,
    /// Addresses of pods.
    #[arg(long, default_value = "10.244.0.0/16")]
    pod_cidr: ipnet::Ipv4Net,
    /// Where pods reach this machine; the cluster's DNS listens there. None if not given.
    #[arg(long)]
    dns_listen: Option<Ipv4Addr>,
    /// Names of the nodes whose traffic this is; all endpoints count as local if none is given.
    #[arg(long, value_delimiter = ',')]
    nodes: Vec<String>,
    /// Tells the rules of this proxy from those of others on this machine.
    #[arg(long, default_value = "pintle")]
    instance: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    pintle_examples::start_logs();
    let arguments = Arguments::parse();
    if arguments.proxy == ProxyFlag::Off {
        bail!("--proxy off leaves nothing to do");
    }
    let client = arguments.server.client("pintle-proxy")?;
    let network = ServiceNetwork {
        plane: arguments.proxy,
        service_cidr: arguments.service_cidr,
        pod_cidr: arguments.pod_cidr,
        gateway: arguments.dns_listen,
        instance: arguments.instance,
    };
    let proxy = Proxy::builder(client, SystemClock::shared(), Random::from_os()).nodes(arguments.nodes);
    let proxy = network.configure(proxy).build()?;
    println!("carrying out Services");
    until_stopped(arguments.server.limit(), |shutdown| async move {
        if let Err(error) = proxy.run(shutdown).await {
            tracing::error!(%error, "the proxy cannot work here");
        }
    })
    .await
}
