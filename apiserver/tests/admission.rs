//! Admission plugins, through the whole stack in process.
//!
//! Aim: what each built-in plugin gives and refuses, and that a host can leave it out. Method: a server on a memory store.

use std::sync::Arc;

use pintle_apiserver::{AlwaysAllow, ApiServer, ApiServerConfig};
use pintle_client::{Body, Content, Identity, Params, Response, Verb};
use pintle_object_model::clock::{ManualClock, Random};
use pintle_object_model::{GroupVersionResource, Object, Status};
use pintle_store::{MemoryConfig, MemoryStore};
use serde_json::{Value, json};

struct World {
    server: ApiServer,
}

impl World {
    async fn without(plugins: &[&str]) -> Self {
        Self::with(&[], plugins).await
    }

    async fn with(enabled: &[&str], disabled: &[&str]) -> Self {
        let names = |plugins: &[&str]| plugins.iter().map(|name| (*name).to_owned()).collect();
        let clock = ManualClock::at(1_700_000_000);
        let store = Arc::new(MemoryStore::<Object>::new(MemoryConfig::default(), clock.clone()));
        let config = ApiServerConfig {
            clock,
            random: Random::seeded(1),
            authorizer: Some(Arc::new(AlwaysAllow)),
            enabled_admission: names(enabled),
            disabled_admission: names(disabled),
            ..ApiServerConfig::default()
        };
        Self { server: ApiServer::start(store, config).await.unwrap() }
    }

    async fn new() -> Self {
        Self::without(&["ServiceAccount"]).await
    }

    async fn send(&self, group: &str, resource: &str, object: &Value) -> Result<Response, Status> {
        let client = self.server.client().with_identity(Identity::new("tester", ["system:masters"]));
        let namespace = match resource {
            "namespaces" | "storageclasses" | "runtimeclasses" | "ingressclasses" | "nodes" => "",
            _ => object["metadata"]["namespace"].as_str().unwrap_or("default"),
        };
        let api = client.dynamic(GroupVersionResource::new(group, "v1", resource), namespace);
        let body = Body::Encoded { media_type: "application/json".into(), bytes: object.to_string().into() };
        let made = api.send(Verb::Create, "", "", Params::default(), body).await;
        // A list waits until the caches, from which plugins read, have seen the write.
        api.send(Verb::List, "", "", Params::default(), Body::Empty).await?;
        made
    }

    async fn create(&self, group: &str, resource: &str, object: Value) -> Result<Value, Status> {
        match self.send(group, resource, &object).await?.content {
            Content::Object { object, .. } => Ok(object.to_value()),
            other => panic!("{other:?}"),
        }
    }

    async fn pod(&self, namespace: &str, name: &str, spec: Value) -> Result<Value, Status> {
        self.create("", "pods", pod(namespace, name, spec)).await
    }

    async fn namespace(&self, name: &str, labels: Value) {
        self.create("", "namespaces", json!({"metadata": {"name": name, "labels": labels}})).await.unwrap();
    }
}

fn pod(namespace: &str, name: &str, mut spec: Value) -> Value {
    if spec.get("containers").is_none() {
        spec["containers"] = json!([{"name": "c", "image": "app:1"}]);
    }
    json!({"metadata": {"name": name, "namespace": namespace}, "spec": spec})
}

fn with_resources(resources: Value) -> Value {
    json!({"containers": [{"name": "c", "image": "app:1", "resources": resources}]})
}

#[tokio::test]
async fn limit_ranges_fill_in_and_refuse() {
    let world = World::new().await;
    let limits =
        json!([{"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "100m"}, "default": {"cpu": "500m"}}]);
    world.create("", "limitranges", json!({"metadata": {"name": "l"}, "spec": {"limits": limits}})).await.unwrap();

    let given = world.pod("default", "a", json!({})).await.unwrap();
    assert_eq!(
        given["spec"]["containers"][0]["resources"],
        json!({"limits": {"cpu": "500m"}, "requests": {"cpu": "500m"}})
    );
    assert_eq!(
        given["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
        "LimitRanger plugin set: cpu request for container c; cpu limit for container c"
    );
    let refused = world.pod("default", "b", with_resources(json!({"limits": {"cpu": "2"}}))).await.unwrap_err();
    assert_eq!(refused.code, 403);
    assert_eq!(refused.message, "pods \"b\" is forbidden: maximum cpu usage per Container is 1, but limit is 2");
}

#[tokio::test]
async fn limits_of_pods_are_those_of_all_their_containers() {
    let world = World::new().await;
    let limits = json!([{"type": "Pod", "max": {"cpu": "1"}}]);
    world.create("", "limitranges", json!({"metadata": {"name": "l"}, "spec": {"limits": limits}})).await.unwrap();
    let one = |name: &str| json!({"name": name, "image": "app:1", "resources": {"limits": {"cpu": "700m"}}});
    let both = json!({"containers": [one("a"), one("b")]});
    let refused = world.pod("default", "p", both).await.unwrap_err();
    assert_eq!(refused.message, "pods \"p\" is forbidden: maximum cpu usage per Pod is 1, but limit is 1400m");
}

#[tokio::test]
async fn pod_security_enforces_and_warns() {
    let world = World::new().await;
    let labels =
        json!({"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "restricted"});
    world.namespace("safe", labels).await;
    let privileged = json!({"containers": [{"name": "c", "image": "app:1", "securityContext": {"privileged": true}}]});
    let refused = world.pod("safe", "a", privileged.clone()).await.unwrap_err();
    assert_eq!(
        refused.message,
        "pods \"a\" is forbidden: violates PodSecurity \"baseline:latest\": privileged (container \"c\" must not set \
         securityContext.privileged=true)"
    );
    let plain = world.send("", "pods", &pod("safe", "b", json!({}))).await.unwrap();
    assert_eq!(
        plain.warnings,
        [
            "would violate PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"c\" must set \
          securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"c\" must set \
          securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"c\" must set \
          securityContext.runAsNonRoot=true), seccompProfile (pod or container \"c\" must set \
          securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
        ]
    );
    // Elsewhere the same pod is welcome, and so it is where the plugin is left out.
    world.pod("default", "a", privileged.clone()).await.unwrap();
    let open = World::without(&["ServiceAccount", "PodSecurity"]).await;
    open.namespace("safe", json!({"pod-security.kubernetes.io/enforce": "baseline"})).await;
    open.pod("safe", "a", privileged).await.unwrap();
}

#[tokio::test]
async fn claims_get_the_newest_default_class_and_a_finalizer() {
    let world = World::new().await;
    let claim = |name: &str| {
        let spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        json!({"metadata": {"name": name}, "spec": spec})
    };
    let before = world.create("", "persistentvolumeclaims", claim("a")).await.unwrap();
    assert_eq!(before["spec"].get("storageClassName"), None);
    assert_eq!(before["metadata"]["finalizers"], json!(["kubernetes.io/pvc-protection"]));
    let default = json!({"storageclass.kubernetes.io/is-default-class": "true"});
    let class = json!({"metadata": {"name": "fast", "annotations": default}, "provisioner": "example.com/p"});
    world.create("storage.k8s.io", "storageclasses", class).await.unwrap();
    let after = world.create("", "persistentvolumeclaims", claim("b")).await.unwrap();
    assert_eq!(after["spec"]["storageClassName"], "fast");
}

#[tokio::test]
async fn runtime_classes_give_overhead_and_placement() {
    let world = World::new().await;
    let class = json!({"metadata": {"name": "vm"}, "handler": "h", "overhead": {"podFixed": {"cpu": "10m"}},
        "scheduling": {"nodeSelector": {"vm": "yes"}}});
    world.create("node.k8s.io", "runtimeclasses", class).await.unwrap();
    let given = world.pod("default", "a", json!({"runtimeClassName": "vm"})).await.unwrap();
    assert_eq!(given["spec"]["overhead"], json!({"cpu": "10m"}));
    assert_eq!(given["spec"]["nodeSelector"], json!({"vm": "yes"}));
    let missing = world.pod("default", "b", json!({"runtimeClassName": "none"})).await.unwrap_err();
    assert_eq!(missing.message, "pods \"b\" is forbidden: pod rejected: RuntimeClass \"none\" not found");
}

#[tokio::test]
async fn new_nodes_are_not_ready() {
    let world = World::new().await;
    let node = world.create("", "nodes", json!({"metadata": {"name": "n"}})).await.unwrap();
    assert_eq!(node["spec"]["taints"], json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]));
}

#[tokio::test]
async fn a_plugin_that_is_not_there_cannot_be_switched_off() {
    let clock = ManualClock::at(0);
    let store = Arc::new(MemoryStore::<Object>::new(MemoryConfig::default(), clock.clone()));
    let config = ApiServerConfig { clock, disabled_admission: vec!["Nope".into()], ..ApiServerConfig::default() };
    let refused = ApiServer::start(store, config).await.unwrap_err().to_string();
    assert!(refused.starts_with("there is no admission plugin \"Nope\""), "{refused}");
}

#[tokio::test]
async fn plugins_are_switched_on_and_off_by_name() {
    let policy = |pod: &Value| pod["spec"]["containers"][0]["imagePullPolicy"].clone();
    let world = World::new().await;
    let made = world.pod("default", "a", json!({})).await.unwrap();
    assert_eq!((policy(&made), &made["spec"]["priority"]), (json!("IfNotPresent"), &json!(0)));
    let world = World::with(&["AlwaysPullImages"], &["ServiceAccount", "Priority"]).await;
    let made = world.pod("default", "a", json!({})).await.unwrap();
    assert_eq!((policy(&made), made["spec"].get("priority")), (json!("Always"), None));
    let world = World::with(&["AlwaysDeny"], &["ServiceAccount"]).await;
    let refused = world.pod("default", "a", json!({})).await.unwrap_err();
    assert_eq!(refused.message, "pods \"a\" is forbidden: admission control is denying all modifications");
}

#[tokio::test]
async fn labels_that_would_refuse_pods_are_told_to_who_sets_them() {
    let world = World::new().await;
    world.namespace("ns", json!({})).await;
    world.pod("ns", "a", json!({"hostPID": true})).await.unwrap();
    world.pod("ns", "b", json!({"hostPID": true})).await.unwrap();
    let namespaces = GroupVersionResource::new("", "v1", "namespaces");
    let client = world.server.client().with_identity(Identity::new("tester", ["system:masters"]));
    let object = json!({"metadata": {"name": "ns", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}});
    let body = Body::Encoded { media_type: "application/json".into(), bytes: object.to_string().into() };
    let api = client.dynamic(namespaces, "");
    let answer = api.send(Verb::Update, "ns", "", Params::default(), body).await.unwrap();
    assert_eq!(
        answer.warnings,
        [
            "existing pods in namespace \"ns\" violate the new PodSecurity enforce level \"baseline:latest\"",
            "a (and 1 other pod): host namespaces",
        ]
    );
    let object = json!({"metadata": {"name": "x", "labels": {"pod-security.kubernetes.io/enforce": "strict"}}});
    let refused = world.create("", "namespaces", object).await.unwrap_err();
    assert_eq!(refused.code, 422);
    assert!(refused.message.ends_with("must be one of privileged, baseline, restricted"), "{}", refused.message);
}
