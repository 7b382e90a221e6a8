//! The scheduler on an in-process API server: what clients see of it.
//!
//! Method: a real API server on the memory store, nodes and pods made through its API, time paused and driven by tokio, so
//! that backoff and flushes cost nothing.

use crate::common::{World, affinity_to_label, container, message, node, pod};
use pintle_object_model::api::core::v1::{Pod, Taint};

#[tokio::test(start_paused = true)]
async fn pods_are_bound_and_told_about() {
    let world = World::start().await;
    world.create(&node("a", "4")).await;
    world.create(&pod("p", "1")).await;
    let bound = world.pod("p", |pod| !pod.spec.node_name.is_empty()).await;
    assert_eq!(bound.spec.node_name, "a");
    let scheduled = bound.status.conditions.iter().find(|condition| condition.type_ == "PodScheduled").unwrap();
    assert_eq!(scheduled.status, "True");
    assert_eq!(world.event("p", "Scheduled").await, "Successfully assigned default/p to a");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_unschedulable_pod_says_why_and_is_bound_when_a_node_comes() {
    let world = World::start().await;
    world.create(&node("small", "1")).await;
    let mut tainted = node("tainted", "8");
    tainted.spec.taints = vec![Taint { key: "k".into(), effect: "NoSchedule".into(), ..Taint::default() }];
    world.create(&tainted).await;
    world.create(&pod("p", "2")).await;
    let waiting = world.pod("p", |pod| message(pod).is_some()).await;
    let expected = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s).";
    assert_eq!(message(&waiting).unwrap().split(" preemption").next().unwrap(), expected);
    assert!(world.event("p", "FailedScheduling").await.starts_with(expected));
    world.create(&node("large", "4")).await;
    let bound = world.pod("p", |pod| !pod.spec.node_name.is_empty()).await;
    assert_eq!(bound.spec.node_name, "large");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn node_affinity_is_kept_to() {
    let world = World::start().await;
    for (name, zone) in [("a", "z1"), ("b", "z2")] {
        let mut node = node(name, "4");
        node.metadata.labels.insert("zone".into(), zone.into());
        world.create(&node).await;
    }
    for number in 0..4 {
        let mut pod = pod(&format!("p{number}"), "100m");
        pod.spec.affinity = Some(affinity_to_label("zone", "z2"));
        world.create(&pod).await;
    }
    for number in 0..4 {
        let bound = world.pod(&format!("p{number}"), |pod| !pod.spec.node_name.is_empty()).await;
        assert_eq!(bound.spec.node_name, "b");
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn gated_pods_wait_for_their_gates() {
    let world = World::start().await;
    world.create(&node("a", "4")).await;
    let mut gated = pod("gated", "1");
    gated.spec.scheduling_gates =
        vec![pintle_object_model::api::core::v1::PodSchedulingGate { name: "example.com/wait".into() }];
    world.create(&gated).await;
    world.create(&pod("free", "1")).await;
    world.pod("free", |pod| !pod.spec.node_name.is_empty()).await;
    assert_eq!(world.get("gated").await.spec.node_name, "");
    world
        .client()
        .namespaced::<Pod>("default")
        .edit("gated", |pod| {
            pod.spec.scheduling_gates.clear();
            true
        })
        .await
        .unwrap();
    world.pod("gated", |pod| !pod.spec.node_name.is_empty()).await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_overcommitted_by_a_burst() {
    let world = World::start().await;
    for name in ["a", "b", "c"] {
        world.create(&node(name, "2")).await;
    }
    for number in 0..8 {
        world.create(&pod(&format!("p{number}"), "1")).await;
    }
    world.until(|pods| pods.iter().filter(|pod| !pod.spec.node_name.is_empty()).count() == 6).await;
    let waiting = world.pods().await.into_iter().find(|pod| pod.spec.node_name.is_empty()).unwrap();
    let waiting = world.pod(&waiting.metadata.name, |pod| message(pod).is_some()).await;
    assert!(message(&waiting).unwrap().starts_with("0/3 nodes are available: 3 Insufficient cpu."));
    for name in ["a", "b", "c"] {
        let on = world.pods().await.into_iter().filter(|pod| pod.spec.node_name == name).count();
        assert_eq!(on, 2, "node {name}");
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_from_what_the_api_has() {
    let mut world = World::start().await;
    world.create(&node("a", "2")).await;
    world.create(&pod("p1", "1")).await;
    world.pod("p1", |pod| !pod.spec.node_name.is_empty()).await;
    world.kill();
    world.create(&pod("p2", "1")).await;
    world.create(&pod("p3", "1")).await;
    world.restart();
    world.until(|pods| pods.iter().filter(|pod| !pod.spec.node_name.is_empty()).count() == 2).await;
    world.until(|pods| pods.iter().any(|pod| message(pod).is_some())).await;
    let bound = world.pods().await.into_iter().filter(|pod| pod.spec.node_name == "a").count();
    assert_eq!(bound, 2, "p1 was counted, although this scheduler did not bind it");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn pods_of_other_schedulers_are_left_alone() {
    let world = World::start().await;
    world.create(&node("a", "4")).await;
    let mut other = pod("other", "1");
    other.spec.scheduler_name = "somebody-else".into();
    world.create(&other).await;
    let mut mine = pod("mine", "1");
    mine.spec.containers = vec![container("1")];
    world.create(&mine).await;
    world.pod("mine", |pod| !pod.spec.node_name.is_empty()).await;
    let other = world.get("other").await;
    assert_eq!((other.spec.node_name.as_str(), message(&other)), ("", None));
    world.stop().await;
}
