//! Kinds as clients meet them: defaults, versions, lists over HTTP, what is not there, and the roles of a new cluster.
//!
//! Aim: what kubectl and client libraries rely on. Method: a server on a memory store, asked over `http` messages.

use std::sync::Arc;

use http_body_util::BodyExt;
use pintle_apiserver::{ApiServer, ApiServerConfig, HttpService};
use pintle_client::{Caller, Identity};
use pintle_object_model::Object;
use pintle_object_model::clock::{ManualClock, Random};
use pintle_store::{MemoryConfig, MemoryStore};
use serde_json::{Value, json};
use tower::ServiceExt;

struct World {
    server: ApiServer,
}

struct Answer {
    code: u16,
    content_type: String,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}", self.text))
    }
}

impl World {
    async fn new() -> Self {
        let clock = ManualClock::at(1_700_000_000);
        let store = Arc::new(MemoryStore::<Object>::new(MemoryConfig::default(), clock.clone()));
        let config = ApiServerConfig { clock, random: Random::seeded(1), ..ApiServerConfig::default() };
        Self { server: ApiServer::start(store, config).await.unwrap() }
    }

    async fn ask(&self, who: Identity, method: &str, path: &str, body: &Value) -> Answer {
        let service = HttpService::new(self.server.service(), Arc::clone(self.server.clock()), Caller::trusted(who));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .body(http_body_util::Full::new(bytes::Bytes::from(body)))
            .unwrap();
        let response = service.oneshot(request).await.unwrap();
        let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
        let code = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { code, content_type, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    async fn master(&self, method: &str, path: &str, body: Value) -> Answer {
        self.ask(Identity::new("root", ["system:masters"]), method, path, &body).await
    }
}

#[tokio::test]
async fn items_of_a_list_do_not_repeat_its_kind() {
    let world = World::new().await;
    let made = world.master("POST", "/api/v1/namespaces/default/configmaps", json!({"metadata": {"name": "a"}})).await;
    assert_eq!(made.json()["kind"], "ConfigMap");
    let list = world.master("GET", "/api/v1/namespaces/default/configmaps", Value::Null).await.json();
    assert_eq!(list["kind"], "ConfigMapList");
    assert_eq!(list["items"][0].get("kind"), None);
    assert_eq!(list["items"][0]["metadata"]["name"], "a");
}

#[tokio::test]
async fn what_is_no_part_of_the_api_is_a_page_not_found() {
    let world = World::new().await;
    for path in ["/nothing", "/apis/nope.example.com", "/apis/nope.example.com/v1/things"] {
        let answer = world.master("GET", path, Value::Null).await;
        assert_eq!((answer.code, answer.text.as_str()), (404, "404 page not found\n"), "{path}");
        assert_eq!(answer.content_type, "text/plain; charset=utf-8", "{path}");
    }
    let known = world.master("GET", "/apis/apps/v9", Value::Null).await;
    assert_eq!((known.code, known.json()["reason"].clone()), (404, json!("NotFound")));
}

#[tokio::test]
async fn old_manifests_are_stored_as_what_they_are_today() {
    let world = World::new().await;
    let old = json!({"apiVersion": "extensions/v1beta1", "kind": "Ingress", "metadata": {"name": "i"}, "spec": {"rules": [
        {"host": "www.example.com", "http": {"paths": [{"path": "/hello", "backend": {"serviceName": "s", "servicePort": 8888}}]}}
    ]}});
    let made = world.master("POST", "/apis/extensions/v1beta1/namespaces/default/ingresses", old).await;
    assert_eq!(made.code, 201, "{}", made.text);
    let path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses/i";
    let today = world.master("GET", path, Value::Null).await.json();
    let backend = &today["spec"]["rules"][0]["http"]["paths"][0]["backend"];
    assert_eq!(*backend, json!({"service": {"name": "s", "port": {"number": 8888}}}));
}

#[tokio::test]
async fn events_and_autoscalers_are_served_at_both_their_versions() {
    let world = World::new().await;
    let event = json!({"metadata": {"name": "e"}, "eventTime": "2026-01-01T00:00:00.000000Z", "reason": "Because",
        "action": "Act", "note": "words", "type": "Normal", "reportingController": "c", "reportingInstance": "i",
        "regarding": {"kind": "Pod", "name": "p", "namespace": "default"}});
    let made = world.master("POST", "/apis/events.k8s.io/v1/namespaces/default/events", event).await;
    assert_eq!(made.code, 201, "{}", made.text);
    let core = world.master("GET", "/api/v1/namespaces/default/events/e", Value::Null).await.json();
    assert_eq!((core["message"].clone(), core["involvedObject"]["name"].clone()), (json!("words"), json!("p")));

    let scaler = json!({"metadata": {"name": "h"}, "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50,
        "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}}});
    let path = "namespaces/default/horizontalpodautoscalers";
    world.master("POST", &format!("/apis/autoscaling/v1/{path}"), scaler).await;
    let new = world.master("GET", &format!("/apis/autoscaling/v2/{path}/h"), Value::Null).await.json();
    assert_eq!(new["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"], 50);
    assert_eq!(new["spec"]["minReplicas"], 1);
}

#[tokio::test]
async fn cron_jobs_and_their_pods_are_filled_in() {
    let world = World::new().await;
    let template = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "app:1"}]}});
    let job = json!({"metadata": {"name": "j"}, "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}});
    let made = world.master("POST", "/apis/batch/v1/namespaces/default/cronjobs", job).await.json();
    let spec = &made["spec"];
    assert_eq!((spec["concurrencyPolicy"].clone(), spec["suspend"].clone()), (json!("Allow"), json!(false)));
    let pod = &spec["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(pod["schedulerName"], "default-scheduler");
    // Only pods say so; templates stay as they were written.
    assert_eq!(pod.get("enableServiceLinks"), None);
}

#[tokio::test]
async fn edit_holds_what_view_holds() {
    let world = World::new().await;
    let binding = json!({"metadata": {"name": "b"}, "subjects": [{"kind": "User", "name": "eve"}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}});
    let path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
    assert_eq!(world.master("POST", path, binding).await.code, 201);
    // A list waits until the caches, from which decisions are made, have seen the binding.
    world.master("GET", path, Value::Null).await;
    let eve = || Identity::new("eve", ["system:authenticated"]);
    // `get pods` comes from the part for view, `create pods` from the part for edit, roles are for admin alone.
    assert_eq!(world.ask(eve(), "GET", "/api/v1/namespaces/default/pods", &Value::Null).await.code, 200);
    let map = json!({"metadata": {"name": "m"}});
    assert_eq!(world.ask(eve(), "POST", "/api/v1/namespaces/default/configmaps", &map).await.code, 201);
    assert_eq!(world.ask(eve(), "GET", path, &Value::Null).await.code, 403);
}

#[tokio::test]
async fn a_wrong_precondition_keeps_the_object() {
    let world = World::new().await;
    let path = "/api/v1/namespaces/default/configmaps";
    world.master("POST", path, json!({"metadata": {"name": "a"}})).await;
    let options = json!({"preconditions": {"uid": "other"}});
    let refused = world.master("DELETE", &format!("{path}/a"), options).await;
    assert_eq!(refused.code, 409);
    let message = refused.json()["message"].as_str().unwrap_or_default().to_owned();
    assert!(
        message.starts_with(
            "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (other) does not"
        ),
        "{message}"
    );
    assert_eq!(world.master("GET", &format!("{path}/a"), Value::Null).await.code, 200);
}
