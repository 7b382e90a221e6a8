//! Scheduler plugins of one's own: a Filter and a Score in a profile, on simulated nodes.
//!
//! Run: `cargo run -p pintle-examples --bin own-scheduler-plugin`. Pods that name the profile's scheduler stay off the
//! reserved node and go to the favourite one; all others are scheduled as usual.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use pintle::Cluster;
use pintle_object_model::api::core::v1::{Container, Pod};
use pintle_object_model::clock::Random;
use pintle_scheduler::{Cycle, CycleState, Filter, MAX_NODE_SCORE, NodeView, Plugin, Profile, Score, Verdict};
use pintle_watch::{Informer, InformerConfig, Shutdown};

/// Name of the profile.
const SCHEDULER: &str = "picky";

/// Rules out one node and likes another best.
struct Picky {
    reserved: &'static str,
    favourite: &'static str,
}

impl Plugin for Picky {
    fn name(&self) -> &'static str {
        "Picky"
    }
}

impl Filter for Picky {
    fn filter(&self, _cycle: Cycle<'_>, _state: &CycleState, node: NodeView<'_>) -> Verdict {
        if node.name() == self.reserved {
            return Verdict::rejects_for_good("node(s) were reserved");
        }
        Verdict::Fits
    }
}

impl Score for Picky {
    fn score(&self, _cycle: Cycle<'_>, _state: &CycleState, node: NodeView<'_>) -> i64 {
        if node.name() == self.favourite { MAX_NODE_SCORE } else { 0 }
    }
}

/// Answers the nodes that the pods got.
pub(crate) async fn run() -> Result<Vec<String>> {
    let cluster = Cluster::builder()
        .nodes(3)
        // Pods get no account here, so none has to be there first.
        .disable_admission(vec!["ServiceAccount".into()])
        .scheduling(|scheduler| {
            let picky = Arc::new(Picky { reserved: "node-1", favourite: "node-3" });
            let own = Profile::default_plugins(SCHEDULER).filter(Arc::clone(&picky) as _).score(picky, 100);
            scheduler.profile(Profile::default_plugins("default-scheduler").build()).profile(own.build())
        })
        .start()
        .await?;
    let client = cluster.client();
    let (stop, signal) = Shutdown::channel();
    let pods = Informer::<Pod>::start(&client, "default", InformerConfig::new(Random::from_os()), signal);
    for index in 0..3 {
        let mut pod = Pod::default();
        pod.metadata.name = format!("pod-{index}");
        pod.spec.scheduler_name = SCHEDULER.into();
        pod.spec.containers.push(Container { name: "main".into(), image: "any".into(), ..Container::default() });
        client.namespaced::<Pod>("default").create(&pod).await?;
    }
    let placed = pods.wait_for(|pods: &Informer<Pod>| {
        let nodes: Vec<String> = pods.list().iter().map(|pod| pod.spec.node_name.clone()).collect();
        (nodes.len() == 3 && nodes.iter().all(|node| !node.is_empty())).then_some(nodes)
    });
    let nodes = tokio::time::timeout(Duration::from_secs(30), placed).await.context("the pods found no node")?;
    println!("the pods run on {nodes:?}");
    stop.fire();
    cluster.stop().await;
    Ok(nodes)
}

#[tokio::main]
async fn main() -> Result<()> {
    run().await.map(drop)
}
