//! Extending the scheduler: own plugins, several profiles, waiting for permission; and preemption as clients see it.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{World, message, node, pod};
use pintle_object_model::api::core::v1::{Pod, PodAffinityTerm};
use pintle_object_model::api::meta::v1::LabelSelector;
use pintle_object_model::api::scheduling::v1::PriorityClass;
use pintle_scheduler::{
    Cycle, CycleState, Filter, NodeView, Permit, PermitVerdict, Plugin, Profile, SchedulerEvent, Score, Verdict,
    WaitingPods,
};

/// Only nodes whose name ends as an annotation of the pod says; prefers later names.
struct ByName;

impl Plugin for ByName {
    fn name(&self) -> &'static str {
        "ByName"
    }
}

impl Filter for ByName {
    fn filter(&self, cycle: Cycle<'_>, _state: &CycleState, node: NodeView<'_>) -> Verdict {
        match cycle.pod.pod().metadata.annotations.get("example.com/suffix") {
            Some(suffix) if !node.name().ends_with(suffix) => Verdict::rejects_for_good("node(s) had another suffix"),
            _ => Verdict::Fits,
        }
    }
}

impl Score for ByName {
    fn score(&self, _cycle: Cycle<'_>, _state: &CycleState, node: NodeView<'_>) -> i64 {
        node.name().bytes().next().map_or(0, |letter| i64::from(letter - b'a'))
    }
}

fn with_by_name(name: &str) -> Profile {
    Profile::default_plugins(name).filter(Arc::new(ByName)).score(Arc::new(ByName), 1000).build()
}

#[tokio::test(start_paused = true)]
async fn a_users_plugin_decides_with_the_others() {
    let world = World::with(|builder| builder.profile(with_by_name("default-scheduler"))).await;
    for name in ["a-x", "c-x", "d-y"] {
        world.create(&node(name, "4")).await;
    }
    let mut wants = pod("wants", "1");
    wants.metadata.annotations.insert("example.com/suffix".into(), "x".into());
    world.create(&wants).await;
    assert_eq!(world.pod("wants", |pod| !pod.spec.node_name.is_empty()).await.spec.node_name, "c-x");
    let mut cannot = pod("cannot", "1");
    cannot.metadata.annotations.insert("example.com/suffix".into(), "z".into());
    world.create(&cannot).await;
    let waiting = world.pod("cannot", |pod| message(pod).is_some()).await;
    assert_eq!(
        message(&waiting).unwrap(),
        "0/3 nodes are available: 3 node(s) had another suffix. preemption: 0/3 nodes are available: 3 Preemption is \
         not helpful for scheduling."
    );
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn two_profiles_decide_differently() {
    let world = World::with(|builder| {
        builder.profile(Profile::default_plugins("default-scheduler").build()).profile(with_by_name("by-name"))
    })
    .await;
    world.create(&node("a", "4")).await;
    world.create(&node("z", "1")).await;
    // By default the emptier (larger) node is better, by name the later one.
    world.create(&pod("plain", "500m")).await;
    assert_eq!(world.pod("plain", |pod| !pod.spec.node_name.is_empty()).await.spec.node_name, "a");
    let mut other = pod("other", "500m");
    other.spec.scheduler_name = "by-name".into();
    world.create(&other).await;
    assert_eq!(world.pod("other", |pod| !pod.spec.node_name.is_empty()).await.spec.node_name, "z");
    world.stop().await;
}

/// Holds back pods labelled `hold`.
struct Hold;

impl Plugin for Hold {
    fn name(&self) -> &'static str {
        "Hold"
    }
}

impl Permit for Hold {
    fn permit(&self, cycle: Cycle<'_>, _state: &CycleState, _node: NodeView<'_>) -> PermitVerdict {
        if cycle.pod.pod().metadata.labels.contains_key("hold") {
            PermitVerdict::Wait(Duration::from_secs(20))
        } else {
            PermitVerdict::Approve
        }
    }
}

#[tokio::test(start_paused = true)]
async fn permission_is_waited_for_and_the_place_is_kept_meanwhile() {
    let waiting = WaitingPods::new();
    let shared = waiting.clone();
    let world = World::with(move |builder| {
        let profile = Profile::default_plugins("default-scheduler").permit(Arc::new(Hold)).build();
        builder.profile(profile).waiting_pods(shared.clone())
    })
    .await;
    world.create(&node("a", "2")).await;
    let mut held = pod("held", "2");
    held.metadata.labels.insert("hold".into(), String::new());
    world.create(&held).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let list = waiting.list();
    assert_eq!(list.iter().map(|(_, key)| key.name.as_str()).collect::<Vec<_>>(), ["held"]);
    world.create(&pod("other", "1")).await;
    world.pod("other", |pod| message(pod).is_some()).await;
    assert_eq!(world.get("held").await.spec.node_name, "");
    waiting.allow(&list[0].0, "Hold");
    assert_eq!(world.pod("held", |pod| !pod.spec.node_name.is_empty()).await.spec.node_name, "a");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn permission_that_never_comes_gives_the_place_back() {
    let world = World::with(|builder| {
        builder.profile(Profile::default_plugins("default-scheduler").permit(Arc::new(Hold)).build())
    })
    .await;
    world.create(&node("a", "2")).await;
    let mut held = pod("held", "2");
    held.metadata.labels.insert("hold".into(), String::new());
    world.create(&held).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.create(&pod("other", "1")).await;
    assert_eq!(world.pod("other", |pod| !pod.spec.node_name.is_empty()).await.spec.node_name, "a");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn stopping_does_not_wait_for_permission() {
    let world = World::with(|builder| {
        builder.profile(Profile::default_plugins("default-scheduler").permit(Arc::new(Hold)).build())
    })
    .await;
    world.create(&node("a", "2")).await;
    let mut held = pod("held", "2");
    held.metadata.labels.insert("hold".into(), String::new());
    world.create(&held).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = tokio::time::Instant::now();
    let client = world.client();
    world.stop().await;
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
    let held = client.namespaced::<Pod>("default").get("held").await.unwrap();
    assert_eq!(held.spec.node_name, "");
}

async fn priority_classes(world: &World) {
    for (name, value) in [("low", 10), ("high", 1000)] {
        let mut class = PriorityClass::default();
        class.metadata.name = name.into();
        class.value = value;
        world.create(&class).await;
    }
}

fn at(mut pod: Pod, class: &str) -> Pod {
    pod.spec.priority_class_name = class.into();
    pod
}

#[tokio::test(start_paused = true)]
async fn a_more_important_pod_takes_the_place_of_a_lesser_one() {
    let world = World::start().await;
    priority_classes(&world).await;
    world.create(&node("a", "2")).await;
    world.create(&at(pod("low-1", "1"), "low")).await;
    world.create(&at(pod("low-2", "1"), "low")).await;
    world.until(|pods| pods.iter().filter(|pod| !pod.spec.node_name.is_empty()).count() == 2).await;
    world.create(&at(pod("high", "1"), "high")).await;
    let nominated = world.pod("high", |pod| !pod.status.nominated_node_name.is_empty()).await;
    assert_eq!(nominated.status.nominated_node_name, "a");
    let is_victim = |pod: &Pod| pod.metadata.deletion_timestamp.is_some();
    world.until(|pods| pods.iter().any(|pod| is_victim(pod))).await;
    let victim = world.pods().await.into_iter().find(|pod| is_victim(pod)).unwrap();
    let disrupted = victim.status.conditions.iter().find(|condition| condition.type_ == "DisruptionTarget").unwrap();
    assert_eq!((disrupted.status.as_str(), disrupted.reason.as_str()), ("True", "PreemptionByScheduler"));
    let high = world.get("high").await;
    let note = world.event(&victim.metadata.name, "Preempted").await;
    assert_eq!(note, format!("Preempted by pod {} on node a", high.metadata.uid));
    // What the node agent does once the containers have stopped.
    let now = pintle_object_model::api::meta::v1::DeleteOptions { grace_period_seconds: Some(0), ..Default::default() };
    world.client().namespaced::<Pod>("default").delete(&victim.metadata.name, now).await.unwrap();
    assert_eq!(world.pod("high", |pod| !pod.spec.node_name.is_empty()).await.spec.node_name, "a");
    let events = world.events.lock().unwrap().clone();
    let preempting = events.iter().filter(|event| matches!(event, SchedulerEvent::Preempting { .. })).count();
    assert_eq!(preempting, 1, "one victim is enough");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn anti_affinity_spreads_pods_and_the_rest_waits() {
    let world = World::start().await;
    for name in ["a", "b"] {
        let mut node = node(name, "4");
        node.metadata.labels.insert("kubernetes.io/hostname".into(), name.into());
        world.create(&node).await;
    }
    for number in 0..3 {
        let mut pod = pod(&format!("p{number}"), "100m");
        pod.metadata.labels.insert("app".into(), "web".into());
        let mut selector = LabelSelector::default();
        selector.match_labels.insert("app".into(), "web".into());
        let far = pod.spec.affinity.get_or_insert_default().pod_anti_affinity.get_or_insert_default();
        far.required_during_scheduling_ignored_during_execution = vec![PodAffinityTerm {
            label_selector: Some(Box::new(selector)),
            topology_key: "kubernetes.io/hostname".into(),
            ..PodAffinityTerm::default()
        }];
        world.create(&pod).await;
    }
    world.until(|pods| pods.iter().filter(|pod| !pod.spec.node_name.is_empty()).count() == 2).await;
    world.until(|pods| pods.iter().any(|pod| message(pod).is_some())).await;
    let pods = world.pods().await;
    let mut nodes: Vec<&str> = pods.iter().map(|pod| pod.spec.node_name.as_str()).collect();
    nodes.sort_unstable();
    assert_eq!(nodes, ["", "a", "b"]);
    let waiting = pods.iter().find_map(|pod| message(pod)).unwrap();
    assert_eq!(
        waiting,
        "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules. preemption: 0/2 nodes are available: \
         2 No preemption victims found for incoming pod."
    );
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn only_the_leader_schedules() {
    let world = World::with(|builder| {
        let election = pintle_watch::ElectionConfig::new("kube-system", "kube-scheduler", "one");
        builder.leader_election(election)
    })
    .await;
    world.create(&node("a", "4")).await;
    world.create(&pod("p", "1")).await;
    world.pod("p", |pod| !pod.spec.node_name.is_empty()).await;
    let leases = world.client().namespaced::<pintle_object_model::api::coordination::v1::Lease>("kube-system");
    let lease = leases.get("kube-scheduler").await.unwrap();
    assert_eq!(lease.spec.holder_identity.as_deref(), Some("one"));
    world.stop().await;
}
