//! The controllers alone, on any Kubernetes API server.

use anyhow::Result;
use clap::Parser;
use pintle_controllers::{ControllerSet, Manager};
use pintle_examples::{ElectionFlags, ServerFlags, until_stopped};
use pintle_object_model::clock::{Random, SystemClock};

/// Makes a cluster fit what its objects say.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    server: ServerFlags,
    #[command(flatten)]
    election: ElectionFlags,
    /// Controllers to run: `all`, `none` or names; a leading `-` switches one off.
    #[arg(long, default_value = "all", allow_hyphen_values = true)]
    controllers: String,
    /// Addresses of pods, cut into one range per node.
    #[arg(long, default_value = "10.244.0.0/16")]
    pod_cidr: ipnet::Ipv4Net,
}

#[tokio::main]
async fn main() -> Result<()> {
    pintle_examples::start_logs();
    let arguments = Arguments::parse();
    let set = ControllerSet::parse(&arguments.controllers)?;
    let client = arguments.server.client("pintle-controllers")?;
    let random = Random::from_os();
    let mut manager =
        Manager::new(client, SystemClock::shared(), random.clone()).controllers(set).pod_cidr(arguments.pod_cidr);
    if let Some(ca) = arguments.server.authority()? {
        manager = manager.cluster_ca(ca);
    }
    if let Some(election) = arguments.election.config("pintle-controllers", &random) {
        manager = manager.leader_election(election);
    }
    println!("controlling");
    until_stopped(arguments.server.limit(), |shutdown| manager.run(shutdown)).await
}
