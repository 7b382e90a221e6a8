//! Writes through subresources, deletions and patches, as callers in process meet them.
//!
//! Aim: a subresource changes its part and nothing else; an eviction notes what it spends; who watches sees a pod marked
//! before it goes; a refusal may come with warnings. Method: a client in the process of a server on a memory store.

use std::sync::Arc;

use pintle_apiserver::{ApiServer, ApiServerConfig};
use pintle_client::{Client, Identity, Patch, Request, Target, Verb};
use pintle_object_model::api::core::v1::{ConfigMap, Endpoints, Namespace, Pod};
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::api::policy::v1::{Eviction, PodDisruptionBudget};
use pintle_object_model::clock::{ManualClock, Random};
use pintle_object_model::{Object, Resource, Status};
use pintle_store::{MemoryConfig, MemoryStore};
use serde_json::{Value, json};

struct World {
    client: Client,
    _server: ApiServer,
}

async fn world() -> World {
    let clock = ManualClock::at(1_700_000_000);
    let store = Arc::new(MemoryStore::<Object>::new(MemoryConfig::default(), clock.clone()));
    let config = ApiServerConfig {
        clock,
        random: Random::seeded(1),
        disabled_admission: vec!["ServiceAccount".into()],
        ..ApiServerConfig::default()
    };
    let server = ApiServer::start(store, config).await.unwrap();
    World { client: server.client().with_identity(Identity::master("root")), _server: server }
}

fn decoded<K: Resource>(tree: Value) -> K {
    let mut object = K::default();
    pintle_object_model::json::decode(tree.to_string().as_bytes(), &mut object, &Default::default()).unwrap();
    object
}

impl World {
    async fn pod(&self, node: &str) {
        let pod: Pod = decoded(json!({
            "metadata": {"name": "p", "labels": {"app": "a"}},
            "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i"}]}
        }));
        self.client.namespaced::<Pod>("default").create(&pod).await.unwrap();
    }

    async fn patch_pod(&self, subresource: &str, patch: Value) -> Result<Value, Status> {
        let target = Target::resource(Pod::INFO.gvr(), "default", "p", subresource);
        let mut request = Request::new(Verb::Patch, target);
        request.body = pintle_client::Body::Patch(Patch::strategic(&patch));
        Ok(self.client.send(request).await?.into_object()?.to_value())
    }
}

#[tokio::test]
async fn ephemeral_containers_change_nothing_else() {
    let world = world().await;
    world.pod("").await;
    let wish = json!({"metadata": {"labels": {"x": "y"}}, "spec": {
        "containers": [{"name": "c", "image": "other"}], "ephemeralContainers": [{"name": "dbg", "image": "busybox"}]}});
    let after = world.patch_pod("ephemeralcontainers", wish).await.unwrap();
    assert_eq!(after["spec"]["ephemeralContainers"][0]["name"], "dbg");
    assert_eq!(after["spec"]["containers"][0]["image"], "i");
    assert_eq!(after["metadata"]["labels"], json!({"app": "a"}));
    assert_eq!(after["metadata"]["generation"], 2);
    let gone = json!({"spec": {"ephemeralContainers": [{"name": "dbg", "$patch": "delete"}]}});
    assert_eq!(world.patch_pod("ephemeralcontainers", gone).await.unwrap_err().code, 422);
}

#[tokio::test]
async fn an_eviction_spends_what_the_budget_allows_and_no_more() {
    let world = world().await;
    world.pod("n1").await;
    let running =
        Patch::merge(&json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}));
    let pods = world.client.namespaced::<Pod>("default");
    pods.patch_status("p", running, Default::default()).await.unwrap();
    let budgets = world.client.namespaced::<PodDisruptionBudget>("default");
    let budget = decoded(json!({"metadata": {"name": "b"}, "spec": {"selector": {"matchLabels": {"app": "a"}}}}));
    budgets.create(&budget).await.unwrap();
    let allow = |count: i32| Patch::merge(&json!({"status": {"observedGeneration": 1, "disruptionsAllowed": count}}));
    budgets.patch_status("b", allow(0), Default::default()).await.unwrap();

    let eviction: Eviction = decoded(json!({"metadata": {"name": "p"}}));
    let evict = || pods.create_subresource("p", "eviction", &eviction);
    assert_eq!(evict().await.unwrap_err().code, 429);
    budgets.patch_status("b", allow(1), Default::default()).await.unwrap();
    evict().await.unwrap();
    let pod = pods.get("p").await.unwrap();
    assert!(pod.metadata.deletion_timestamp.is_some());
    assert!(pod.status.conditions.iter().any(|condition| condition.type_ == "DisruptionTarget"));
    let budget = budgets.get("b").await.unwrap();
    assert_eq!(budget.status.disruptions_allowed, 0);
    assert!(budget.status.disrupted_pods.contains_key("p"));
}

#[tokio::test]
async fn a_namespace_goes_with_its_last_finalizer_and_not_before() {
    let world = world().await;
    let namespaces = world.client.all::<Namespace>();
    namespaces.create(&decoded(json!({"metadata": {"name": "n"}}))).await.unwrap();
    namespaces.delete("n", DeleteOptions::default()).await.unwrap();
    let mut namespace = (*namespaces.get("n").await.unwrap()).clone();
    assert_eq!(namespace.status.phase, "Terminating");
    namespace.spec.finalizers = vec!["nodomain".into()];
    let target = || Target::resource(Namespace::INFO.gvr(), "", "n", "finalize");
    let finalize = |namespace: &Namespace| {
        let mut request = Request::new(Verb::Update, target());
        request.body = pintle_client::Body::Object(Object::new(namespace.clone()));
        world.client.send(request)
    };
    assert_eq!(finalize(&namespace).await.unwrap_err().code, 422);
    namespace.spec.finalizers.clear();
    finalize(&namespace).await.unwrap();
    assert!(namespaces.get_opt("n").await.unwrap().is_none());
}

#[tokio::test]
async fn a_put_makes_what_may_be_made_so_unless_it_names_another_object() {
    let world = world().await;
    let endpoints = world.client.namespaced::<Endpoints>("default");
    let mut wanted: Endpoints = decoded(json!({"metadata": {"name": "e", "resourceVersion": "12345"}}));
    endpoints.replace(&wanted).await.unwrap();
    wanted = decoded(json!({"metadata": {"name": "f", "uid": "00000000-0000-0000-0000-000000000001"}}));
    // Refused, and warned of an old kind: in process the refusal counts.
    assert_eq!(endpoints.replace(&wanted).await.unwrap_err().code, 409);
    let maps = world.client.namespaced::<ConfigMap>("default");
    assert_eq!(maps.replace(&decoded(json!({"metadata": {"name": "m"}}))).await.unwrap_err().code, 404);
}
