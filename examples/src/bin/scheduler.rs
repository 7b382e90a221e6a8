//! The scheduler alone, on any Kubernetes API server.

use anyhow::Result;
use clap::Parser;
use pintle_examples::{ElectionFlags, ServerFlags, until_stopped};
use pintle_object_model::clock::{Random, SystemClock};
use pintle_scheduler::Scheduler;

/// Finds a node for every pod of a cluster.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    server: ServerFlags,
    #[command(flatten)]
    election: ElectionFlags,
}

#[tokio::main]
async fn main() -> Result<()> {
    pintle_examples::start_logs();
    let arguments = Arguments::parse();
    let client = arguments.server.client("pintle-scheduler")?;
    let random = Random::from_os();
    let mut scheduler = Scheduler::builder(client, SystemClock::shared(), random.clone());
    if let Some(election) = arguments.election.config("pintle-scheduler", &random) {
        scheduler = scheduler.leader_election(election);
    }
    let scheduler = scheduler.build()?;
    println!("scheduling");
    until_stopped(arguments.server.limit(), |shutdown| scheduler.run(shutdown)).await
}
