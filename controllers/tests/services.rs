//! Endpoints, and what every namespace has, against a real API server.

mod world;

use pintle_client::Patch;
use pintle_controllers::ControllerOptions;
use pintle_object_model::api::apps::v1::ReplicaSet;
use pintle_object_model::api::core::v1::{
    ConfigMap, ContainerPort, Endpoints, Namespace, Pod, Service, ServiceAccount, ServicePort,
};
use pintle_object_model::api::discovery::v1::EndpointSlice;
use pintle_object_model::api::meta::v1::DeleteOptions;
use world::{World, until, until_all};

fn service(name: &str) -> Service {
    let mut service = Service::default();
    service.metadata.name = name.into();
    service.spec.selector.insert("app".into(), name.into());
    service.spec.ports =
        vec![ServicePort { name: "http".into(), port: 80, target_port: "web".into(), ..ServicePort::default() }];
    service
}

fn replica_set(name: &str, replicas: i32) -> ReplicaSet {
    let mut set = ReplicaSet::default();
    set.metadata.name = name.into();
    set.spec.replicas = Some(replicas);
    set.spec.selector = world::selector(name);
    set.spec.template = world::template(name, "one");
    set.spec.template.spec.containers[0].ports =
        vec![ContainerPort { name: "web".into(), container_port: 8080, ..ContainerPort::default() }];
    set
}

#[tokio::test(start_paused = true)]
async fn slices_hold_a_hundred_endpoints_each_and_follow_readiness() {
    let mut world = World::new().await;
    world.start("replicaset,endpointslice,endpoints");
    world.kubelet();
    let slices = world.informer::<EndpointSlice>();
    let endpoints = world.informer::<Endpoints>();
    world.api::<Service>().create(&service("web")).await.unwrap();
    until_all(&slices, |all| all.iter().any(|slice| slice.metadata.name.starts_with("web-"))).await;
    world.api::<ReplicaSet>().create(&replica_set("web", 150)).await.unwrap();
    let of = |all: &[std::sync::Arc<EndpointSlice>]| {
        all.iter().filter(|slice| slice.metadata.name.starts_with("web-")).cloned().collect::<Vec<_>>()
    };
    let ready = |all: &[std::sync::Arc<EndpointSlice>]| {
        all.iter().flat_map(|slice| &slice.endpoints).filter(|one| one.conditions.ready == Some(true)).count()
    };
    let all = until_all(&slices, |all| ready(&of(all)) == 150).await;
    let mut sizes: Vec<_> = of(&all).iter().map(|slice| slice.endpoints.len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100]);
    let slice = &of(&all)[0];
    assert_eq!(slice.ports[0].port, Some(8080), "the named port was resolved");
    assert_eq!(slice.metadata.labels["endpointslice.kubernetes.io/managed-by"], "endpointslice-controller.k8s.io");
    assert_eq!(slice.endpoints[0].node_name.as_deref(), Some("node-1"));
    until(&endpoints, "web", |one| one.subsets.iter().map(|subset| subset.addresses.len()).sum::<usize>() == 150).await;

    let pod = world.api::<Pod>().list(Default::default()).await.unwrap().items[0].clone();
    let mut broken = (*pod).clone();
    world::set_ready(&mut broken, false);
    world.api::<Pod>().replace_status(&broken).await.unwrap();
    until_all(&slices, |all| ready(&of(all)) == 149).await;
    let subsets = until(&endpoints, "web", |one| one.subsets.iter().any(|s| s.not_ready_addresses.len() == 1)).await;
    assert_eq!(subsets.subsets.len(), 1);

    world.api::<Service>().delete("web", DeleteOptions::default()).await.unwrap();
    until_all(&slices, |all| of(all).is_empty()).await;
    until_all(&endpoints, |all| !all.iter().any(|one| one.metadata.name == "web")).await;
}

#[tokio::test(start_paused = true)]
async fn every_namespace_has_an_account_and_the_root_certificate() {
    let mut world = World::new().await;
    let options = ControllerOptions { cluster_ca: Some("PEM".into()), ..ControllerOptions::default() };
    world.start_with("serviceaccount,root-ca-certificate-publisher", options);
    let (accounts, maps) = (world.informer::<ServiceAccount>(), world.informer::<ConfigMap>());
    let mut namespace = Namespace::default();
    namespace.metadata.name = "team".into();
    world.client.all::<Namespace>().create(&namespace).await.unwrap();
    let in_team = |metadata: &pintle_object_model::api::meta::v1::ObjectMeta| metadata.namespace == "team";
    until_all(&accounts, |all| all.iter().any(|one| in_team(&one.metadata) && one.metadata.name == "default")).await;
    let is_root = |map: &ConfigMap| in_team(&map.metadata) && map.data.get("ca.crt").map(String::as_str) == Some("PEM");
    until_all(&maps, |all| all.iter().any(|map| is_root(map))).await;

    let api = world.client.namespaced::<ConfigMap>("team");
    let spoil = Patch::merge(&serde_json::json!({"data": {"ca.crt": "forged"}}));
    api.patch("kube-root-ca.crt", spoil, Default::default()).await.unwrap();
    until_all(&maps, |all| all.iter().any(|map| is_root(map))).await;
    world.client.namespaced::<ServiceAccount>("team").delete("default", DeleteOptions::default()).await.unwrap();
    until_all(&accounts, |all| all.iter().any(|one| in_team(&one.metadata) && one.metadata.name == "default")).await;
}
