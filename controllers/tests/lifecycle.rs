//! Ends of things: garbage collection, namespaces, nodes. Against a real API server.

mod world;

use std::time::Duration;

use pintle_client::Patch;
use pintle_controllers::ControllerOptions;
use pintle_object_model::api::apps::v1::{Deployment, ReplicaSet};
use pintle_object_model::api::coordination::v1::Lease;
use pintle_object_model::api::core::v1::{ConfigMap, Namespace, Node, NodeCondition, Pod};
use pintle_object_model::api::meta::v1::{DeleteOptions, OwnerReference};
use pintle_object_model::{Resource, Time};
use world::{World, deployment, until, until_all};

fn propagation(policy: &str) -> DeleteOptions {
    DeleteOptions { propagation_policy: Some(policy.into()), ..DeleteOptions::default() }
}

async fn with_pods(world: &mut World) {
    world.start("deployment,replicaset,garbagecollector");
    world.kubelet();
    world.api::<Deployment>().create(&deployment("web", 3)).await.unwrap();
    let deployments = world.informer::<Deployment>();
    until(&deployments, "web", |one| one.status.available_replicas == 3).await;
}

#[tokio::test(start_paused = true)]
async fn everything_goes_with_a_deployment() {
    for policy in ["Background", "Foreground"] {
        let mut world = World::new().await;
        with_pods(&mut world).await;
        let (deployments, sets) = (world.informer::<Deployment>(), world.informer::<ReplicaSet>());
        let pods = world.informer::<Pod>();
        until_all(&sets, |all| all.len() == 1).await;
        world.api::<Deployment>().delete("web", propagation(policy)).await.unwrap();
        if policy == "Foreground" {
            until_all(&deployments, |all| all.is_empty()).await;
            assert!(world.api::<Pod>().list(Default::default()).await.unwrap().items.is_empty(), "dependents go first");
        }
        until_all(&pods, |all| all.is_empty()).await;
        until_all(&sets, |all| all.is_empty()).await;
        until_all(&deployments, |all| all.is_empty()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn orphans_stay_and_forget_their_owner() {
    let mut world = World::new().await;
    with_pods(&mut world).await;
    let sets = world.informer::<ReplicaSet>();
    let deployments = world.informer::<Deployment>();
    world.api::<Deployment>().delete("web", propagation("Orphan")).await.unwrap();
    until_all(&deployments, |all| all.is_empty()).await;
    let left = until_all(&sets, |all| all.len() == 1 && all[0].metadata.owner_references.is_empty()).await;
    assert_eq!(left[0].status.replicas, 3);
}

#[tokio::test(start_paused = true)]
async fn an_object_with_one_living_owner_stays() {
    let mut world = World::new().await;
    world.start("garbagecollector");
    let api = world.api::<ConfigMap>();
    let map = |name: &str| {
        let mut map = ConfigMap::default();
        map.metadata.name = name.into();
        map
    };
    let (one, two) = (api.create(&map("one")).await.unwrap(), api.create(&map("two")).await.unwrap());
    let owner = |of: &ConfigMap| OwnerReference {
        api_version: "v1".into(),
        kind: ConfigMap::INFO.kind.into(),
        name: of.metadata.name.clone(),
        uid: of.metadata.uid.clone(),
        ..OwnerReference::default()
    };
    let mut child = map("child");
    child.metadata.owner_references = vec![owner(&one), owner(&two)];
    api.create(&child).await.unwrap();
    let mut stranger = map("stranger");
    stranger.metadata.owner_references = vec![OwnerReference { uid: "no-such-uid".into(), ..owner(&one) }];
    api.create(&stranger).await.unwrap();
    let maps = world.informer::<ConfigMap>();
    until_all(&maps, |all| !all.iter().any(|map| map.metadata.name == "stranger")).await;
    api.delete("one", DeleteOptions::default()).await.unwrap();
    let child = until(&maps, "child", |child| child.metadata.owner_references.len() == 1).await;
    assert_eq!(child.metadata.owner_references[0].name, "two");
    api.delete("two", DeleteOptions::default()).await.unwrap();
    until_all(&maps, |all| all.iter().all(|map| map.metadata.name != "child")).await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_goes_with_everything_in_it_once_finalizers_are_gone() {
    let mut world = World::new().await;
    world.start("namespace,deployment,replicaset,garbagecollector");
    world.kubelet();
    let namespaces = world.informer::<Namespace>();
    let mut namespace = Namespace::default();
    namespace.metadata.name = "team".into();
    world.client.all::<Namespace>().create(&namespace).await.unwrap();
    let mut web = deployment("web", 3);
    web.metadata.namespace = "team".into();
    world.client.namespaced::<Deployment>("team").create(&web).await.unwrap();
    let mut map = ConfigMap::default();
    map.metadata.name = "held".into();
    map.metadata.finalizers = vec!["example.com/hold".into()];
    let maps = world.client.namespaced::<ConfigMap>("team");
    maps.create(&map).await.unwrap();
    let deployments = world.informer::<Deployment>();
    until(&deployments, "web", |one| one.status.available_replicas == 3).await;

    world.client.all::<Namespace>().delete("team", DeleteOptions::default()).await.unwrap();
    let held = until(&namespaces, "team", |one| {
        one.status.conditions.iter().any(|c| c.type_ == "NamespaceFinalizersRemaining" && c.status == "True")
    })
    .await;
    let message = |type_: &str| held.status.conditions.iter().find(|c| c.type_ == type_).unwrap().message.clone();
    assert_eq!(
        message("NamespaceContentRemaining"),
        "Some resources are remaining: configmaps. has 1 resource instances"
    );
    assert_eq!(
        message("NamespaceFinalizersRemaining"),
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    );
    let release = Patch::merge(&serde_json::json!({"metadata": {"finalizers": null}}));
    maps.patch("held", release, Default::default()).await.unwrap();
    until_all(&namespaces, |all| !all.iter().any(|one| one.metadata.name == "team")).await;
    assert!(deployments.list_in("team").is_empty());
}

fn node(name: &str, now: Time) -> Node {
    let mut node = Node::default();
    node.metadata.name = name.into();
    node.status.conditions = vec![NodeCondition {
        type_: "Ready".into(),
        status: "True".into(),
        last_heartbeat_time: Some(now),
        last_transition_time: Some(now),
        ..NodeCondition::default()
    }];
    node
}

#[tokio::test(start_paused = true)]
async fn pods_leave_a_node_that_dies_and_come_back_elsewhere_when_it_lives() {
    let mut world = World::new().await;
    world.start("nodelifecycle,taint-eviction,replicaset");
    let (nodes, pods) = (world.informer::<Node>(), world.informer::<Pod>());
    let api = world.client.all::<Node>();
    let made = api.create(&node("node-1", world.clock.utc().to_time())).await.unwrap();
    let mut ready = node("node-1", world.clock.utc().to_time());
    ready.metadata.resource_version = made.metadata.resource_version.clone();
    api.replace_status(&ready).await.unwrap();
    world.kubelet();
    let mut set = ReplicaSet::default();
    set.metadata.name = "web".into();
    set.spec.replicas = Some(1);
    set.spec.selector = world::selector("web");
    set.spec.template = world::template("web", "one");
    world.api::<ReplicaSet>().create(&set).await.unwrap();
    let first = until_all(&pods, |all| all.len() == 1 && all[0].status.phase == "Running").await[0].clone();

    let leases = world.client.namespaced::<Lease>("kube-node-lease");
    let mut lease = Lease::default();
    lease.metadata.name = "node-1".into();
    lease.spec.renew_time = Some(world.clock.utc());
    leases.create(&lease).await.unwrap();
    // Ten renewals keep it alive for longer than the grace time.
    for _ in 0..10 {
        tokio::time::advance(Duration::from_secs(10)).await;
        let renewed = world.clock.utc();
        leases
            .edit("node-1", |lease| {
                lease.spec.renew_time = Some(renewed);
                true
            })
            .await
            .unwrap();
        let leases = world.informer::<Lease>();
        until(&leases, "node-1", |lease| lease.spec.renew_time == Some(renewed)).await;
    }
    let is_ready = |node: &Node| node.status.conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True");
    assert!(is_ready(&nodes.get("", "node-1").unwrap()));

    let dead = until(&nodes, "node-1", |node| !is_ready(node) && !node.spec.taints.is_empty()).await;
    let taints: Vec<_> = dead.spec.taints.iter().map(|t| (t.key.as_str(), t.effect.as_str())).collect();
    let unreachable = "node.kubernetes.io/unreachable";
    assert!(
        taints.contains(&(unreachable, "NoExecute")) && taints.contains(&(unreachable, "NoSchedule")),
        "{taints:?}"
    );
    // The default toleration of 300 s, then the replica set makes another pod.
    let started = world.clock.now();
    until_all(&pods, |all| all.iter().any(|pod| pod.metadata.uid != first.metadata.uid)).await;
    let waited = (world.clock.now() - started).as_secs();
    assert!((299..=302).contains(&waited), "evicted after {waited} s");

    let renewed = world.clock.utc();
    leases
        .edit("node-1", |lease| {
            lease.spec.renew_time = Some(renewed);
            true
        })
        .await
        .unwrap();
    let mut alive = (*api.get("node-1").await.unwrap()).clone();
    alive.status.conditions = ready.status.conditions.clone();
    alive.status.conditions[0].last_heartbeat_time = Some(world.clock.utc().to_time());
    api.replace_status(&alive).await.unwrap();
    until(&nodes, "node-1", |node| is_ready(node) && node.spec.taints.is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn nodes_get_ranges_and_pods_of_gone_nodes_go() {
    let mut world = World::new().await;
    let options =
        ControllerOptions { pod_cidr: Some("10.244.0.0/16".parse().unwrap()), ..ControllerOptions::default() };
    world.start_with("node-ipam,pod-garbage-collector", options);
    let api = world.client.all::<Node>();
    let now = world.clock.utc().to_time();
    for name in ["a", "b", "c"] {
        api.create(&node(name, now)).await.unwrap();
    }
    let nodes = world.informer::<Node>();
    let all = until_all(&nodes, |all| all.len() == 3 && all.iter().all(|node| !node.spec.pod_cidr.is_empty())).await;
    let ranges: std::collections::BTreeSet<_> = all.iter().map(|node| node.spec.pod_cidr.as_str()).collect();
    assert_eq!(ranges, ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"].into());

    let mut pod = Pod::default();
    pod.metadata.name = "stray".into();
    pod.spec = world::template("x", "one").spec;
    pod.spec.node_name = "nowhere".into();
    world.api::<Pod>().create(&pod).await.unwrap();
    let pods = world.informer::<Pod>();
    until_all(&pods, |all| all.len() == 1).await;
    until_all(&pods, |all| all.is_empty()).await;
}
