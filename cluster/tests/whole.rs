//! A whole cluster in process: memory store, controllers, scheduler, simulated nodes. No sockets, no root.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pintle::{Cluster, StoreChoice};
use pintle_client::{Params, Patch};
use pintle_object_model::Object;
use pintle_object_model::api::apps::v1::{Deployment, ReplicaSet};
use pintle_object_model::api::core::v1::{Namespace, Pod};
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::clock::{Random, SystemClock};
use pintle_store::{MemoryConfig, MemoryStore, Store};
use pintle_watch::{Informer, InformerConfig, Shutdown};
use serde_json::json;

const HELLO: &str = include_str!("../../examples/manifests/hello.yaml");

/// Long enough for a busy machine; nothing waits this long when all is well.
async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("it takes too long")
}

async fn hello() -> Cluster {
    let cluster = in_time(Cluster::builder().nodes(2).seed(1).start()).await.unwrap();
    cluster.apply(HELLO).await.unwrap();
    in_time(cluster.wait_available("default", "hello")).await;
    cluster
}

#[tokio::test]
async fn a_deployment_becomes_available_on_simulated_nodes() {
    let cluster = hello().await;
    let pods = cluster.client().namespaced::<Pod>("default").list(Params::default()).await.unwrap();
    assert_eq!(pods.items.len(), 3);
    for pod in &pods.items {
        assert!(pod.spec.node_name.starts_with("node-"), "{}", pod.spec.node_name);
        assert_eq!(pod.status.phase, "Running");
        assert!(!pod.status.pod_ip.is_empty());
    }
    in_time(cluster.stop()).await;
}

#[tokio::test]
async fn a_cluster_goes_on_from_its_store() {
    let store: Arc<dyn Store<Object>> = Arc::new(MemoryStore::new(MemoryConfig::default(), SystemClock::shared()));
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let start = || Cluster::builder().store(StoreChoice::Given(Arc::clone(&store))).listen(listen).start();
    let cluster = in_time(start()).await.unwrap();
    cluster.apply(HELLO).await.unwrap();
    in_time(cluster.wait_available("default", "hello")).await;
    in_time(cluster.stop()).await;

    let cluster = in_time(start()).await.unwrap();
    cluster.client().namespaced::<Deployment>("default").set_scale("hello", 5).await.unwrap();
    let scaled = in_time(cluster.wait_available("default", "hello")).await;
    assert_eq!(scaled.status.replicas, 5);
    in_time(cluster.stop()).await;
}

#[tokio::test]
async fn a_new_template_is_rolled_out_and_back() {
    let cluster = hello().await;
    let client = cluster.client();
    let deployments = client.namespaced::<Deployment>("default");
    let image = |image: &str| {
        let container = json!({"name": "hello", "image": image});
        Patch::strategic(&json!({"spec": {"template": {"spec": {"containers": [container]}}}}))
    };
    for (image_name, revision) in [("hello:2", "2"), ("hello:1", "3")] {
        deployments.patch("hello", image(image_name), Params::default()).await.unwrap();
        let done = in_time(cluster.wait_available("default", "hello")).await;
        assert_eq!(done.metadata.annotations["deployment.kubernetes.io/revision"], revision);
        let sets = client.namespaced::<ReplicaSet>("default").list(Params::default()).await.unwrap();
        assert_eq!(sets.items.len(), 2, "going back takes the old ReplicaSet again");
        let full = sets.items.iter().find(|set| set.spec.replicas == Some(3)).unwrap();
        assert_eq!(full.spec.template.spec.containers[0].image, image_name);
    }
    in_time(cluster.stop()).await;
}

#[tokio::test]
async fn what_a_deployment_owns_goes_with_it() {
    let cluster = hello().await;
    let (_stop, signal) = Shutdown::channel();
    let config = InformerConfig::new(Random::seeded(1));
    let pods = Informer::<Pod>::start(&cluster.client(), "default", config, signal);
    pods.synced().await;
    assert_eq!(pods.len(), 3);
    cluster.client().namespaced::<Deployment>("default").delete("hello", DeleteOptions::default()).await.unwrap();
    in_time(pods.wait_for(|pods| pods.is_empty().then_some(()))).await;
    in_time(cluster.stop()).await;
}

#[tokio::test]
async fn a_namespace_goes_with_all_that_is_in_it() {
    let cluster = in_time(Cluster::builder().start()).await.unwrap();
    let client = cluster.client();
    let mut namespace = Namespace::default();
    namespace.metadata.name = "team".into();
    client.all::<Namespace>().create(&namespace).await.unwrap();
    cluster.apply(&HELLO.replace("name: hello\nspec", "name: hello\n  namespace: team\nspec")).await.unwrap();
    in_time(cluster.wait_available("team", "hello")).await;
    let (_stop, signal) = Shutdown::channel();
    let namespaces = Informer::<Namespace>::start(&client, "", InformerConfig::new(Random::seeded(1)), signal);
    namespaces.synced().await;
    client.all::<Namespace>().delete("team", DeleteOptions::default()).await.unwrap();
    in_time(namespaces.wait_for(|namespaces| namespaces.get("", "team").is_none().then_some(()))).await;
    assert_eq!(client.namespaced::<Pod>("team").list(Params::default()).await.unwrap().items.len(), 0);
    in_time(cluster.stop()).await;
}
