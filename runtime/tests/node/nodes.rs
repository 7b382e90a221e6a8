//! Many simulated nodes in one driver.

use std::time::Duration;

use crate::support::{World, annotate, condition, pod};
use pintle_object_model::api::coordination::v1::Lease;
use pintle_object_model::api::core::v1::{Node, Pod};
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::clock::Random;
use pintle_runtime::{SimulatedNodes, SimulatedNodesConfig};
use pintle_watch::{Shutdown, ShutdownTrigger};

fn start(world: &World, config: SimulatedNodesConfig) -> (SimulatedNodes, ShutdownTrigger) {
    let nodes = SimulatedNodes::new(world.client.clone(), world.clock.clone(), Random::seeded(5), config);
    let (trigger, shutdown) = Shutdown::channel();
    tokio::spawn(nodes.clone().run(None, shutdown));
    (nodes, trigger)
}

fn on(node: &str, name: &str) -> Pod {
    let mut pod = pod(name);
    pod.spec.node_name = node.into();
    pod
}

#[tokio::test(start_paused = true)]
async fn a_thousand_nodes_run_pods() {
    let world = World::new().await;
    let config = SimulatedNodesConfig { zones: vec!["a".into(), "b".into()], ..SimulatedNodesConfig::new(1000) };
    let (_nodes, _trigger) = start(&world, config);
    for index in 0..200 {
        world.create(&on(&format!("node-{}", index * 5), &format!("web-{index}"))).await;
    }
    let mut addresses = std::collections::BTreeSet::new();
    for index in 0..200 {
        let web = world.until_running(&format!("web-{index}")).await;
        assert_eq!(web.status.phase, "Running");
        assert!(addresses.insert(web.status.pod_ip.clone()), "{} is given twice", web.status.pod_ip);
    }
    let nodes = world.client.all::<Node>().list(Default::default()).await.unwrap();
    assert_eq!(nodes.items.len(), 1000);
    assert_eq!(nodes.items[0].metadata.labels["topology.kubernetes.io/zone"], "a");
    tokio::time::sleep(Duration::from_secs(12)).await;
    let leases = world.client.namespaced::<Lease>("kube-node-lease").list(Default::default()).await.unwrap();
    assert_eq!(leases.items.len(), 1000);
    world.client.namespaced::<Pod>("shop").delete("web-7", DeleteOptions::default()).await.unwrap();
    world.until_gone("web-7").await;
}

#[tokio::test(start_paused = true)]
async fn jobs_end_and_crashes_back_off() {
    let world = World::new().await;
    let (_nodes, _trigger) = start(&world, SimulatedNodesConfig::new(2));
    let mut job = on("node-1", "job");
    job.spec.restart_policy = "OnFailure".into();
    annotate(&mut job, "exit-after", "30");
    let start_time = world.clock.now();
    world.create(&job).await;
    let mut crashing = on("node-0", "crash");
    annotate(&mut crashing, "exit-code", "9");
    world.create(&crashing).await;
    world.until("job", "Succeeded", |pod| pod.status.phase == "Succeeded").await;
    let took = world.clock.now() - start_time;
    assert!(took >= Duration::from_secs(30) && took < Duration::from_secs(33), "{took:?}");
    let looping = world.until("crash", "restarted three times", |pod| {
        pod.status.container_statuses.first().is_some_and(|status| status.restart_count >= 3)
    });
    let looping = looping.await;
    let state = &looping.status.container_statuses[0].state;
    assert_eq!(state.waiting.as_deref().map(|waiting| waiting.reason.as_str()), Some("CrashLoopBackOff"));
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_starts_anew_goes_on() {
    let world = World::new().await;
    let (_nodes, trigger) = start(&world, SimulatedNodesConfig::new(1));
    world.create(&on("node-0", "kept")).await;
    let mut job = on("node-0", "job");
    job.spec.restart_policy = "Never".into();
    annotate(&mut job, "exit-after", "20");
    world.create(&job).await;
    let before = world.until_running("kept").await;
    world.until_running("job").await;
    trigger.fire();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (_nodes, _trigger) = start(&world, SimulatedNodesConfig::new(1));
    world.until("job", "Succeeded", |pod| pod.status.phase == "Succeeded").await;
    let after = world.get("kept").await.unwrap();
    assert_eq!(before.status, after.status);
}

#[tokio::test(start_paused = true)]
async fn a_dead_node_is_silent() {
    let world = World::new().await;
    let (nodes, _trigger) = start(&world, SimulatedNodesConfig::new(2));
    tokio::time::sleep(Duration::from_secs(15)).await;
    nodes.set_dead(1, true);
    world.create(&on("node-1", "waiting")).await;
    let leases = world.client.namespaced::<Lease>("kube-node-lease");
    let before = leases.get("node-1").await.unwrap().spec.renew_time;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(leases.get("node-1").await.unwrap().spec.renew_time, before);
    assert_ne!(leases.get("node-0").await.unwrap().spec.renew_time, before);
    assert_eq!(condition(&world.get("waiting").await.unwrap(), "Ready"), "");
    nodes.set_dead(1, false);
    world.until_running("waiting").await;
}
