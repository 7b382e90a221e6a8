//! The read side through the HTTP face: negotiation, options, health, metrics, draining, audit, flow control.
//!
//! Requests go in as `http` messages, so what is tested is what a client sees.

use std::io::Write;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use pintle_apiserver::{AlwaysAllow, ApiServer, ApiServerConfig, AuditLog, AuditPolicy, HttpService};
use pintle_client::{Caller, Identity};
use pintle_object_model::clock::{Random, SystemClock};
use pintle_store::{MemoryConfig, MemoryStore};
use serde_json::Value;
use tower::ServiceExt;

struct Seen {
    code: u16,
    headers: http::HeaderMap,
    body: Bytes,
}

impl Seen {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn start(config: ApiServerConfig) -> ApiServer {
    let clock = SystemClock::shared();
    let store = Arc::new(MemoryStore::new(MemoryConfig::default(), Arc::clone(&clock)));
    ApiServer::start(store, ApiServerConfig { clock, random: Random::seeded(1), ..config }).await.unwrap()
}

async fn ask(server: &ApiServer, method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> Seen {
    let caller = Caller::trusted(Identity::master("admin"));
    let service = HttpService::new(server.service(), Arc::clone(server.clock()), caller);
    let mut request = http::Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap();
    let (parts, body) = service.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Seen { code: parts.status.as_u16(), headers: parts.headers, body }
}

async fn get(server: &ApiServer, uri: &str) -> Seen {
    ask(server, "GET", uri, &[], "").await
}

async fn make(server: &ApiServer, name: &str) {
    let body = format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}}}}"#);
    let made = ask(server, "POST", "/api/v1/namespaces/default/configmaps", &[], &body).await;
    assert_eq!(made.code, 201, "{}", made.text());
}

#[tokio::test]
async fn documents_carry_tags_and_know_their_methods() {
    let server = start(ApiServerConfig::default()).await;
    let aggregated = [("accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")];
    let first = ask(&server, "GET", "/apis", &aggregated, "").await;
    let tag = first.header("etag").to_owned();
    assert!(tag.len() > 10, "{tag}");
    let again = ask(&server, "GET", "/apis", &[aggregated[0], ("if-none-match", &tag)], "").await;
    assert_eq!((again.code, again.body.len()), (304, 0));
    assert_eq!(ask(&server, "POST", "/apis", &[], "").await.json()["kind"], "APIGroupList");
    assert_eq!(ask(&server, "POST", "/api/v1", &[], "{}").await.code, 405);
    assert_eq!(get(&server, "/openapi/v3/apis/nope/v1").await.body.len(), 0);
    let index = get(&server, "/openapi/v3").await.json();
    let url = index["paths"]["apis/apps/v1"]["serverRelativeURL"].as_str().unwrap().to_owned();
    assert!(get(&server, &url).await.json()["paths"]["/apis/apps/v1/"].is_object());
    let protobuf = ask(&server, "GET", "/api", &[("accept", "application/vnd.kubernetes.protobuf")], "").await;
    assert_eq!(&protobuf.body[..4], b"k8s\0");
    let keys = ask(&server, "GET", "/openid/v1/jwks", &[("accept", "*/*")], "").await;
    assert_eq!(keys.json()["keys"].as_array().map(Vec::len), Some(1));
    assert_eq!(ask(&server, "GET", "/openid/v1/jwks", &[("accept", "application/json")], "").await.code, 406);
}

#[tokio::test]
async fn lists_keep_to_the_version_that_is_named() {
    let server = start(ApiServerConfig::default()).await;
    for name in ["a", "b", "c"] {
        make(&server, name).await;
    }
    let maps = "/api/v1/namespaces/default/configmaps";
    let version = get(&server, maps).await.json()["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    make(&server, "d").await;
    // A list that names no version waits until the cache has all of it.
    get(&server, maps).await;
    let count = |list: &Value| list["items"].as_array().unwrap().len();
    // A page of a named version is of exactly that version; without a limit it is of that or a later one.
    let page = get(&server, &format!("{maps}?limit=2&resourceVersion={version}")).await.json();
    assert_eq!((count(&page), &page["metadata"]["remainingItemCount"]), (2, &Value::from(1)));
    assert_eq!(count(&get(&server, &format!("{maps}?resourceVersion={version}")).await.json()), 4);
    // Any version is answered in whole.
    assert_eq!(count(&get(&server, &format!("{maps}?limit=1&resourceVersion=0")).await.json()), 4);
    let both = get(&server, &format!("{maps}?resourceVersionMatch=Exact&sendInitialEvents=true")).await;
    assert_eq!((both.code, both.json()["details"]["causes"].as_array().unwrap().len()), (422, 2));
    let malformed = get(&server, &format!("{maps}/a?resourceVersion=x")).await;
    assert_eq!((malformed.code, malformed.json().get("reason")), (500, None));
    // Naming an object reads it, whatever else is asked for.
    assert_eq!(get(&server, &format!("{maps}/a?watch=true")).await.json()["kind"], "ConfigMap");
    let late = get(&server, &format!("{maps}?timeout=x")).await;
    assert_eq!(late.json()["message"], "invalid timeout specified in the request URL - time: invalid duration \"x\"");
}

#[tokio::test]
async fn health_can_be_asked_in_part_and_readiness_ends_when_the_server_drains() {
    let server = start(ApiServerConfig::default()).await;
    assert_eq!(get(&server, "/readyz/informer-sync").await.text(), "ok");
    assert_eq!(get(&server, "/livez/nope").await.code, 404);
    let text = get(&server, "/healthz?verbose&exclude=ping&exclude=nope").await;
    assert!(text.text().contains("[+]ping excluded: ok\n"), "{}", text.text());
    assert!(text.text().contains("warn: some health checks cannot be excluded: no matches for \"nope\"\n"));
    let caller = Caller::trusted(Identity::master("admin"));
    let service = HttpService::new(server.service(), Arc::clone(server.clock()), caller);
    let watch = http::Request::get("/api/v1/configmaps?watch=true").body(Full::new(Bytes::new())).unwrap();
    let events = service.oneshot(watch).await.unwrap().into_body().collect();
    let events = tokio::spawn(events);
    server.drain();
    // The watch ends; everything else is still answered.
    events.await.unwrap().unwrap();
    let unready = get(&server, "/readyz").await;
    assert_eq!(unready.code, 500);
    assert!(unready.text().contains("[-]shutdown failed: reason withheld\n"), "{}", unready.text());
    assert_eq!(get(&server, "/readyz?exclude=shutdown").await.code, 200);
    assert_eq!(get(&server, "/livez").await.text(), "ok");
    make(&server, "late").await;
}

#[tokio::test]
async fn metrics_count_requests_by_what_is_served() {
    let server = start(ApiServerConfig::default()).await;
    make(&server, "a").await;
    assert_eq!(get(&server, "/api/v1/madeups").await.code, 404);
    let text = get(&server, "/metrics").await;
    let lines: Vec<&str> = text.text().lines().collect();
    let made = lines.iter().find(|line| {
        line.starts_with("apiserver_request_total{")
            && line.contains("verb=\"POST\"")
            && line.contains("resource=\"configmaps\"")
    });
    assert!(made.is_some_and(|line| line.contains("code=\"201\"") && line.ends_with(" 1")), "{made:?}");
    assert!(lines.iter().any(|line| line.starts_with("apiserver_storage_objects{resource=\"configmaps\"} ")));
    assert!(lines.iter().any(|line| line.starts_with("apiserver_request_duration_seconds_bucket{")));
    assert!(!text.text().contains("madeups"), "labels are never what clients make up");
}

#[tokio::test]
async fn requests_name_their_flow_and_floods_are_turned_away() {
    let server = start(ApiServerConfig { authorizer: Some(Arc::new(AlwaysAllow)), ..ApiServerConfig::default() }).await;
    let level = r#"{"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"PriorityLevelConfiguration",
        "metadata":{"name":"tiny"},"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":0,
        "limitResponse":{"type":"Reject"}}}}"#;
    let base = "/apis/flowcontrol.apiserver.k8s.io/v1";
    let made = ask(&server, "POST", &format!("{base}/prioritylevelconfigurations"), &[], level).await;
    assert_eq!(made.code, 201, "{}", made.text());
    let uid = made.json()["metadata"]["uid"].as_str().unwrap().to_owned();
    let schema = r#"{"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"FlowSchema","metadata":{"name":"tiny"},
        "spec":{"priorityLevelConfiguration":{"name":"tiny"},"matchingPrecedence":2,"rules":[{
        "subjects":[{"kind":"User","user":{"name":"greedy"}}],
        "resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"],"namespaces":["*"],"clusterScope":true}]}]}}"#;
    assert_eq!(ask(&server, "POST", &format!("{base}/flowschemas"), &[], schema).await.code, 201);
    get(&server, &format!("{base}/flowschemas")).await;
    let greedy = |uri: &str| {
        let caller = Caller::trusted(Identity::new("greedy", []));
        let service = HttpService::new(server.service(), Arc::clone(server.clock()), caller);
        service.oneshot(http::Request::get(uri.to_owned()).body(Full::new(Bytes::new())).unwrap())
    };
    let answer = greedy("/api/v1/configmaps").await.unwrap();
    assert_eq!(answer.headers()["x-kubernetes-pf-prioritylevel-uid"].to_str().unwrap(), uid);
    // The one seat is taken by a read that waits for a version that has not come.
    let slow = tokio::spawn(greedy("/api/v1/configmaps?resourceVersion=99999999"));
    tokio::task::yield_now().await;
    let refused = greedy("/api/v1/configmaps").await.unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    // Others have levels of their own, and the seat is free again once nobody waits for the answer.
    assert_eq!(get(&server, "/api/v1/configmaps").await.code, 200);
    slow.abort();
    assert!(slow.await.is_err());
    assert_eq!(greedy("/api/v1/configmaps").await.unwrap().status(), 200);
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn audit_tells_what_the_policy_says() {
    let lines = Lines::default();
    let policy = br#"{"apiVersion":"audit.k8s.io/v1","kind":"Policy","omitStages":["RequestReceived"],"rules":[
        {"level":"RequestResponse","resources":[{"resources":["configmaps"]}],"omitManagedFields":true}]}"#;
    let log = AuditLog::new(AuditPolicy::parse(policy).unwrap()).writing(lines.clone());
    let server = start(ApiServerConfig { audit: Some(log), ..ApiServerConfig::default() }).await;
    make(&server, "a").await;
    assert_eq!(get(&server, "/api/v1/namespaces/default/secrets").await.code, 200);
    let missing = get(&server, "/api/v1/namespaces/default/configmaps/none?labelSelector=x").await;
    assert_eq!(missing.header("audit-id").len(), 36);
    drop(server);
    // The writer's thread ends once the last handle of the log is gone.
    let told: Vec<Value> = loop {
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let told: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if told.len() >= 2 {
            break told;
        }
        tokio::task::yield_now().await;
    };
    let by =
        |verb: &str| told.iter().find(|event| event["verb"] == verb && event["user"]["username"] == "admin").unwrap();
    let created = by("create");
    assert_eq!(created["stage"], "ResponseComplete");
    assert_eq!(created["objectRef"]["resource"], "configmaps");
    assert_eq!(created["requestObject"]["metadata"]["name"], "a");
    assert_eq!(created["responseStatus"]["code"], 201);
    assert!(created["responseObject"]["metadata"].get("managedFields").is_none());
    let read = by("get");
    assert_eq!(read["requestURI"], "/api/v1/namespaces/default/configmaps/none?labelSelector=x");
    assert_eq!(read["auditID"], missing.header("audit-id"));
    assert_eq!(read["responseStatus"]["reason"], "NotFound");
    assert!(told.iter().all(|event| event["objectRef"]["resource"] == "configmaps"));
}
