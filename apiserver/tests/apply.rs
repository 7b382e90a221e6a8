//! Managed fields and server-side apply, through the whole stack in process.
//!
//! Aim: what clients see of ownership, for every way to write. Method: a server on a memory store with a clock that
//! stands still unless told, so that times in managed fields are exact.

use std::sync::Arc;
use std::time::Duration;

use pintle_apiserver::{AlwaysAllow, ApiServer, ApiServerConfig};
use pintle_client::{Body, Content, DynamicApi, Identity, Params, Patch, Verb};
use pintle_object_model::clock::{ManualClock, Random};
use pintle_object_model::{GroupVersionResource, Object, Status};
use pintle_store::{MemoryConfig, MemoryStore};
use serde_json::{Value, json};

const START: i64 = 1_700_000_000;

struct World {
    server: ApiServer,
    clock: Arc<ManualClock>,
}

impl World {
    async fn new() -> Self {
        let clock = ManualClock::at(START);
        let store = Arc::new(MemoryStore::<Object>::new(MemoryConfig::default(), clock.clone()));
        let config = ApiServerConfig {
            clock: clock.clone(),
            random: Random::seeded(1),
            authorizer: Some(Arc::new(AlwaysAllow)),
            ..ApiServerConfig::default()
        };
        Self { server: ApiServer::start(store, config).await.unwrap(), clock }
    }

    fn api(&self, group: &str, resource: &str) -> Api {
        let client = self.server.client().with_identity(Identity::new("tester", ["system:masters"]));
        let api = client
            .with_user_agent("tester/v1.0 (linux)")
            .dynamic(GroupVersionResource::new(group, "v1", resource), "default");
        Api { api }
    }

    fn second(&self) {
        self.clock.advance(Duration::from_secs(1));
    }
}

struct Api {
    api: DynamicApi,
}

fn by(manager: &str) -> Params {
    Params { field_manager: manager.into(), ..Params::default() }
}

fn forced(manager: &str) -> Params {
    Params { force: Some(true), ..by(manager) }
}

impl Api {
    async fn send(&self, verb: Verb, at: (&str, &str), params: Params, body: Body) -> Result<(i32, Value), Status> {
        let response = self.api.send(verb, at.0, at.1, params, body).await?;
        match response.content {
            Content::Object { code, object } => Ok((i32::from(code), object.to_value())),
            other => panic!("{other:?}"),
        }
    }

    async fn write(&self, verb: Verb, at: (&str, &str), params: Params, object: &Value) -> Result<Value, Status> {
        let body = Body::Encoded { media_type: "application/json".into(), bytes: object.to_string().into() };
        self.send(verb, at, params, body).await.map(|(_, object)| object)
    }

    async fn patch(&self, at: (&str, &str), params: Params, patch: Patch) -> Result<Value, Status> {
        self.send(Verb::Patch, at, params, Body::Patch(patch)).await.map(|(_, object)| object)
    }

    async fn apply(&self, at: (&str, &str), params: Params, config: &Value) -> Result<(i32, Value), Status> {
        self.send(Verb::Patch, at, params, Body::Patch(Patch::apply(config))).await
    }

    async fn apply_text(&self, name: &str, params: Params, text: &'static str) -> Result<(i32, Value), Status> {
        let patch = Patch { kind: pintle_client::PatchKind::Apply, text: text.into() };
        self.send(Verb::Patch, (name, ""), params, Body::Patch(patch)).await
    }
}

/// Who owns what, since when: `manager operation version[/subresource] +seconds fields`.
fn owners(object: &Value) -> Vec<String> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let show = |entry: &Value| {
        let time = entry["time"].as_str().map(|time| {
            let time: pintle_object_model::Time = time.parse().unwrap();
            time.unix() - START
        });
        let subresource = match text(entry, "subresource").as_str() {
            "" => String::new(),
            name => format!("/{name}"),
        };
        let time = time.map_or("-".into(), |time| format!("+{time}"));
        let (manager, operation, version) =
            (text(entry, "manager"), text(entry, "operation"), text(entry, "apiVersion"));
        format!("{manager} {operation} {version}{subresource} {time} {}", entry["fieldsV1"])
    };
    entries.iter().map(show).collect()
}

fn config_map(data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data})
}

fn deployment() -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {
        "selector": {"matchLabels": {"app": "a"}},
        "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}})
}

#[tokio::test]
async fn every_write_records_its_program_and_only_what_it_changes() {
    let world = World::new().await;
    let maps = world.api("", "configmaps");
    let created = maps.write(Verb::Create, ("", ""), Params::default(), &config_map(json!({"k": "1"}))).await.unwrap();
    assert_eq!(owners(&created), [r#"tester Update v1 +0 {"f:data":{".":{},"f:k":{}}}"#]);
    world.second();
    let patched = maps.patch(("a", ""), by("p"), Patch::merge(&json!({"data": {"l": "1"}}))).await.unwrap();
    assert_eq!(
        owners(&patched),
        [r#"tester Update v1 +0 {"f:data":{".":{},"f:k":{}}}"#, r#"p Update v1 +1 {"f:data":{"f:l":{}}}"#]
    );
    // The same again: no new version, no new time.
    world.second();
    let again = maps.patch(("a", ""), by("p"), Patch::merge(&json!({"data": {"l": "1"}}))).await.unwrap();
    assert_eq!(again, patched);
    // A replacement takes what it changes, and from everybody what it leaves out.
    let replaced = maps.write(Verb::Update, ("a", ""), by("q"), &config_map(json!({"l": "2"}))).await.unwrap();
    assert_eq!(owners(&replaced), [r#"tester Update v1 +0 {"f:data":{}}"#, r#"q Update v1 +2 {"f:data":{"f:l":{}}}"#]);
}

#[tokio::test]
async fn forgotten_managers_come_back_with_the_first_apply() {
    let world = World::new().await;
    let maps = world.api("", "configmaps");
    maps.write(Verb::Create, ("", ""), Params::default(), &config_map(json!({"k": "1"}))).await.unwrap();
    let forget = Patch::merge(&json!({"metadata": {"managedFields": [{}]}}));
    let forgotten = maps.patch(("a", ""), by("p"), forget).await.unwrap();
    assert_eq!(owners(&forgotten), [""; 0]);
    let untracked = maps.patch(("a", ""), by("p"), Patch::merge(&json!({"data": {"l": "1"}}))).await.unwrap();
    assert_eq!(owners(&untracked), [""; 0]);
    let (code, applied) = maps.apply(("a", ""), by("m"), &config_map(json!({"m": "1"}))).await.unwrap();
    assert_eq!(code, 200);
    assert_eq!(
        owners(&applied),
        [
            r#"m Apply v1 +0 {"f:data":{"f:m":{}}}"#,
            r#"before-first-apply Update v1 +0 {"f:data":{".":{},"f:k":{},"f:l":{}}}"#
        ]
    );
}

#[tokio::test]
async fn an_apply_makes_the_object_and_repeats_do_nothing() {
    let world = World::new().await;
    let maps = world.api("", "configmaps");
    let config = config_map(json!({"k": "1"}));
    let (code, created) = maps.apply(("a", ""), by("m"), &config).await.unwrap();
    assert_eq!(code, 201);
    assert_eq!(owners(&created), [r#"m Apply v1 +0 {"f:data":{"f:k":{}}}"#]);
    world.second();
    assert_eq!(maps.apply(("a", ""), by("m"), &config).await.unwrap(), (200, created));
    let error = maps.apply(("a", ""), by("n"), &config_map(json!({"k": "2"}))).await.unwrap_err();
    assert_eq!(error.message, "Apply failed with 1 conflict: conflict with \"m\": .data.k");
    let (_, taken) = maps.apply(("a", ""), forced("n"), &config_map(json!({"k": "2"}))).await.unwrap();
    assert_eq!(owners(&taken), [r#"n Apply v1 +1 {"f:data":{"f:k":{}}}"#]);
}

#[tokio::test]
async fn malformed_applies_are_refused_in_known_words() {
    let world = World::new().await;
    let maps = world.api("", "configmaps");
    let config = config_map(json!({"k": "1"}));
    let refused = |result: Result<(i32, Value), Status>| {
        let status = result.unwrap_err();
        (status.code, status.message)
    };
    assert_eq!(
        refused(maps.apply(("a", ""), Params::default(), &config).await),
        (
            422,
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
                .into()
        )
    );
    let force = maps.send(Verb::Patch, ("a", ""), forced("m"), Body::Patch(Patch::merge(&json!({})))).await;
    assert_eq!(
        refused(force),
        (
            422,
            "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch"
                .into()
        )
    );
    assert_eq!(
        refused(maps.apply(("a", ""), by("m"), &json!({"apiVersion": "v1", "kind": "Secret"})).await),
        (400, "invalid object type: /v1, Kind=Secret".into())
    );
    assert_eq!(
        refused(maps.apply(("b", ""), by("m"), &config).await),
        (400, "the name of the object (a) does not match the name on the URL (b)".into())
    );
    let with_uid = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "u"}});
    assert_eq!(
        refused(maps.apply(("a", ""), by("m"), &with_uid).await),
        (
            409,
            "Operation cannot be fulfilled on configmaps \"a\": uid mismatch: the provided object specified uid u, \
             and no existing object was found"
                .into()
        )
    );
    assert_eq!(
        refused(maps.apply(("a", "status"), by("m"), &config).await).0,
        404,
        "config maps have no status, and nothing is created through subresources"
    );
}

#[tokio::test]
async fn yaml_that_names_a_key_twice_is_refused_only_when_strict() {
    let world = World::new().await;
    let maps = world.api("", "configmaps");
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: '1'\n  k: '2'\n";
    let strict = Params { field_validation: "Strict".into(), ..by("m") };
    let status = maps.apply_text("a", strict, text).await.unwrap_err();
    assert_eq!(
        (status.code, status.message.as_str()),
        (
            400,
            "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 7: key \"k\" \
             already set in map"
        )
    );
    let (_, object) = maps.apply_text("a", by("m"), text).await.unwrap();
    assert_eq!(object["data"], json!({"k": "2"}));
}

#[tokio::test]
async fn the_status_has_owners_of_its_own() {
    let world = World::new().await;
    let deployments = world.api("apps", "deployments");
    deployments.apply(("d", ""), by("m"), &deployment()).await.unwrap();
    let patch = Patch::merge(&json!({"spec": {"replicas": 9}, "status": {"observedGeneration": 1}}));
    let patched = deployments.patch(("d", "status"), by("c"), patch).await.unwrap();
    assert_eq!(patched["spec"]["replicas"], 1);
    assert_eq!(owners(&patched)[1], r#"c Update apps/v1/status +0 {"f:status":{"f:observedGeneration":{}}}"#);
    let config = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "status": {"observedGeneration": 2}});
    let error = deployments.apply(("d", "status"), by("x"), &config).await.unwrap_err();
    assert_eq!(
        error.message,
        "Apply failed with 1 conflict: conflict with \"c\" with subresource \"status\" using apps/v1: \
         .status.observedGeneration"
    );
}

#[tokio::test]
async fn scaling_takes_and_gives_the_replicas() {
    let world = World::new().await;
    let deployments = world.api("apps", "deployments");
    let mut wanted = deployment();
    wanted["spec"]["replicas"] = json!(1);
    deployments.apply(("d", ""), by("m"), &wanted).await.unwrap();
    world.second();
    let scale =
        json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}, "spec": {"replicas": 3}});
    let error = deployments.apply(("d", "scale"), by("h"), &scale).await.unwrap_err();
    assert_eq!(error.message, "Apply failed with 1 conflict: conflict with \"m\": .spec.replicas");
    let answered = deployments.write(Verb::Update, ("d", "scale"), by("h"), &scale).await.unwrap();
    assert_eq!((&answered["kind"], &answered["spec"]["replicas"]), (&json!("Scale"), &json!(3)));
    let (_, now) = deployments.send(Verb::Get, ("d", ""), Params::default(), Body::Empty).await.unwrap();
    let all = owners(&now);
    assert!(!all[0].contains("replicas"), "{all:?}");
    assert_eq!(all[1], r#"h Update apps/v1/scale +1 {"f:spec":{"f:replicas":{}}}"#);
    // The applier that still wants its number hears of it; the one that gives it up does not.
    let error = deployments.apply(("d", ""), by("m"), &wanted).await.unwrap_err();
    assert_eq!(
        error.message,
        "Apply failed with 1 conflict: conflict with \"h\" with subresource \"scale\" using apps/v1: .spec.replicas"
    );
    let (_, kept) = deployments.apply(("d", ""), by("m"), &deployment()).await.unwrap();
    assert_eq!(kept["spec"]["replicas"], 3);
}

#[tokio::test]
async fn what_admission_and_the_server_add_belongs_to_nobody() {
    let world = World::new().await;
    let pods = world.api("", "services");
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
        "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}});
    let (_, created) = pods.apply(("s", ""), by("m"), &service).await.unwrap();
    assert!(created["spec"]["clusterIP"].is_string());
    assert_eq!(
        owners(&created),
        [
            r#"m Apply v1 +0 {"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}},"f:selector":{}}}"#
        ]
    );
    // Data written as text is owned as data.
    let secrets = world.api("", "secrets");
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "stringData": {"k": "v"}});
    let created = secrets.write(Verb::Create, ("", ""), Params::default(), &secret).await.unwrap();
    assert_eq!(owners(&created), [r#"tester Update v1 +0 {"f:data":{".":{},"f:k":{}},"f:type":{}}"#]);
}
