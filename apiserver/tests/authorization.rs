//! Who may do what, through the whole stack in process.
//!
//! Aim: nodes reach only what their pods need, nobody grants what they do not have, quotas are never overspent, tokens
//! end with what they are bound to. Method: a server on a memory store, asked as different users.

use std::sync::Arc;

use pintle_apiserver::{ApiServer, ApiServerConfig};
use pintle_client::{Client, Content, Identity, Params};
use pintle_object_model::api::authentication::v1::{BoundObjectReference, TokenReview};
use pintle_object_model::api::core::v1::{
    ConfigMap, Container, Namespace, Node, Pod, ResourceQuota, Secret, SecretVolumeSource, ServiceAccount, Volume,
};
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};
use pintle_object_model::clock::{ManualClock, Random};
use pintle_object_model::{Object, Quantity, Resource, Status};
use pintle_store::{MemoryConfig, MemoryStore};

struct World {
    server: ApiServer,
}

impl World {
    async fn new() -> Self {
        let clock = ManualClock::at(1_700_000_000);
        let store = Arc::new(MemoryStore::<Object>::new(MemoryConfig::default(), clock.clone()));
        let config = ApiServerConfig { clock, random: Random::seeded(1), ..ApiServerConfig::default() };
        Self { server: ApiServer::start(store, config).await.unwrap() }
    }

    fn as_(&self, user: &str, groups: &[&str]) -> Client {
        self.server.client().with_identity(Identity::new(user, groups.iter().copied()))
    }

    fn admin(&self) -> Client {
        self.as_("admin", &["system:masters"])
    }

    async fn make<K: Resource>(&self, namespace: &str, name: &str, mut object: K) -> Arc<K> {
        object.metadata_mut().name = name.into();
        self.admin().namespaced::<K>(namespace).create(&object).await.unwrap()
    }

    /// Waits until the caches, from which authorizers and plugins read, have seen every write so far.
    async fn settle(&self) {
        self.admin().namespaced::<Pod>("").list(Params::default()).await.unwrap();
    }

    async fn account(&self, namespace: &str) {
        self.make(namespace, "default", ServiceAccount::default()).await;
    }
}

fn pod(name: &str, node: &str, secret: &str) -> Pod {
    let mut pod = Pod::default();
    pod.metadata.name = name.into();
    pod.spec.node_name = node.into();
    pod.spec.containers.push(Container { name: "c".into(), image: "app:1".into(), ..Container::default() });
    if !secret.is_empty() {
        let source = SecretVolumeSource { secret_name: secret.into(), ..SecretVolumeSource::default() };
        pod.spec.volumes.push(Volume { name: "v".into(), secret: Some(Box::new(source)), ..Volume::default() });
    }
    pod
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let status = answer.unwrap_err();
    assert_eq!(status.code, 403, "{status:?}");
    status.message
}

#[tokio::test]
async fn a_node_reads_the_secrets_of_its_own_pods_only() {
    let world = World::new().await;
    world.account("default").await;
    for name in ["mine", "other"] {
        world.make("default", name, Secret::default()).await;
    }
    world.make("default", "p1", pod("p1", "n1", "mine")).await;
    world.make("default", "p2", pod("p2", "n2", "other")).await;
    world.settle().await;
    let node = world.as_("system:node:n1", &["system:nodes"]);
    let secrets = node.namespaced::<Secret>("default");
    assert_eq!(secrets.get("mine").await.unwrap().metadata.name, "mine");
    let message = refused(secrets.get("other").await);
    assert!(message.ends_with("no relationship found between node 'n1' and this object"), "{message}");
    // What is not there is refused in the same words, so that nobody learns whether it exists.
    assert_eq!(message.replace("other", "none"), refused(secrets.get("none").await));
    let own = Params { field_selector: "spec.nodeName=n1".into(), ..Params::default() };
    assert_eq!(node.namespaced::<Pod>("").list(own).await.unwrap().items.len(), 1);
    refused(node.namespaced::<Pod>("").list(Params::default()).await);
    let gone = node.namespaced::<Pod>("default").delete("p2", DeleteOptions::default()).await;
    assert!(refused(gone).contains("can only delete pods with spec.nodeName set to itself"));
}

#[tokio::test]
async fn a_node_changes_itself_and_nothing_that_draws_pods() {
    let world = World::new().await;
    let nodes = world.as_("system:node:n1", &["system:nodes"]).namespaced::<Node>("");
    let mut node = Node::default();
    node.metadata.name = "n2".into();
    assert!(refused(nodes.create(&node).await).contains("is not allowed to modify node \"n2\""));
    node.metadata.name = "n1".into();
    node.metadata.labels.insert("node-role.kubernetes.io/x".into(), String::new());
    assert!(refused(nodes.create(&node).await).contains("set the following labels: node-role.kubernetes.io/x"));
    node.metadata.labels.clear();
    let mut made = nodes.create(&node).await.unwrap().as_ref().clone();
    made.spec.taints.clear();
    assert!(refused(nodes.replace(&made).await).contains("is not allowed to modify taints"));
}

fn rule(verb: &str, group: &str, resource: &str) -> PolicyRule {
    PolicyRule {
        verbs: vec![verb.into()],
        api_groups: vec![group.into()],
        resources: vec![resource.into()],
        ..PolicyRule::default()
    }
}

fn binding(name: &str, role: &str, user: &str) -> RoleBinding {
    let mut binding = RoleBinding::default();
    binding.metadata.name = name.into();
    binding.role_ref =
        RoleRef { api_group: "rbac.authorization.k8s.io".into(), kind: "Role".into(), name: role.into() };
    binding.subjects.push(Subject { kind: "User".into(), name: user.into(), ..Subject::default() });
    binding
}

#[tokio::test]
async fn nobody_grants_what_they_do_not_have() {
    let world = World::new().await;
    const RBAC: &str = "rbac.authorization.k8s.io";
    let rules = vec![rule("create", RBAC, "roles"), rule("create", RBAC, "rolebindings"), rule("get", "", "pods")];
    world.make("default", "can", Role { rules, ..Role::default() }).await;
    world.make("default", "b", binding("b", "can", "ann")).await;
    world.settle().await;
    let ann = world.as_("ann", &[]);
    let roles = ann.namespaced::<Role>("default");
    let role = |name: &str, resource: &str| {
        let mut role = Role { rules: vec![rule("get", "", resource)], ..Role::default() };
        role.metadata.name = name.into();
        role
    };
    roles.create(&role("fine", "pods")).await.unwrap();
    assert_eq!(
        refused(roles.create(&role("more", "secrets")).await),
        "roles.rbac.authorization.k8s.io \"more\" is forbidden: user \"ann\" (groups=[\"system:authenticated\"]) is \
         attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}"
    );
    world.admin().namespaced::<Role>("default").create(&role("more", "secrets")).await.unwrap();
    world.settle().await;
    let bindings = ann.namespaced::<RoleBinding>("default");
    refused(bindings.create(&binding("b2", "more", "ann")).await);
    bindings.create(&binding("b3", "fine", "eve")).await.unwrap();
    assert_eq!(bindings.create(&binding("b4", "none", "ann")).await.unwrap_err().code, 404);
    // With `escalate` or `bind` on that role it is allowed.
    let rules = vec![rule("bind", RBAC, "roles")];
    world.make("default", "binder", Role { rules, ..Role::default() }).await;
    world.make("default", "b5", binding("b5", "binder", "ann")).await;
    world.settle().await;
    bindings.create(&binding("b6", "more", "ann")).await.unwrap();
}

#[tokio::test]
async fn an_update_that_would_make_an_object_needs_the_right_to_create() {
    let world = World::new().await;
    let rules = vec![rule("update", "rbac.authorization.k8s.io", "roles")];
    world.make("default", "can", Role { rules, ..Role::default() }).await;
    world.make("default", "b", binding("b", "can", "ann")).await;
    world.settle().await;
    let mut role = Role::default();
    role.metadata.name = "new".into();
    let roles = world.as_("ann", &[]).namespaced::<Role>("default");
    assert!(refused(roles.replace(&role).await).contains("cannot create resource \"roles\""));
}

#[tokio::test]
async fn writers_at_the_same_time_do_not_overspend_a_quota() {
    let world = World::new().await;
    let hard = [("count/configmaps".to_owned(), Quantity::from_i64(5))];
    let mut quota = ResourceQuota::default();
    quota.spec.hard = hard.clone().into();
    let mut quota = world.make("default", "q", quota).await.as_ref().clone();
    quota.status.hard = hard.into();
    quota.status.used = [("count/configmaps".to_owned(), Quantity::from_i64(0))].into();
    let quotas = world.admin().namespaced::<ResourceQuota>("default");
    quotas.replace_status(&quota).await.unwrap();
    world.settle().await;
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let maps = world.admin().namespaced::<ConfigMap>("default");
            tokio::spawn(async move {
                let mut map = ConfigMap::default();
                map.metadata.name = format!("m{number}");
                maps.create(&map).await.map(drop)
            })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => made += 1,
            Err(status) => assert!(status.message.contains("exceeded quota: q, requested: count/configmaps=1")),
        }
    }
    assert_eq!(made, 5);
    assert_eq!(quotas.get("q").await.unwrap().status.used["count/configmaps"], Quantity::from_i64(5));
}

#[tokio::test]
async fn a_token_ends_with_the_secret_it_is_bound_to() {
    let world = World::new().await;
    world.make("", "ns", Namespace::default()).await;
    world.account("ns").await;
    world.make("ns", "s", Secret::default()).await;
    let accounts = world.admin().namespaced::<ServiceAccount>("ns");
    let mut request = pintle_object_model::api::authentication::v1::TokenRequest::default();
    request.spec.audiences = vec!["a".into()];
    request.spec.bound_object_ref = Some(Box::new(BoundObjectReference {
        kind: "Secret".into(),
        api_version: "v1".into(),
        name: "s".into(),
        ..BoundObjectReference::default()
    }));
    let answer = accounts.as_dynamic().create_subresource("default", "token", Object::new(request)).await.unwrap();
    let Content::Object { object, .. } = answer.content else { panic!("a TokenRequest is an object") };
    let token = object.to_value()["status"]["token"].as_str().unwrap().to_owned();
    let review = |audience: &'static str| {
        let mut review = TokenReview::default();
        review.spec.token = token.clone();
        review.spec.audiences = vec![audience.into()];
        let reviews = world.admin().namespaced::<TokenReview>("");
        async move { reviews.create(&review).await.unwrap().status.clone() }
    };
    let found = review("a").await;
    assert!(found.authenticated, "{found:?}");
    assert_eq!(
        (found.user.username.as_str(), found.audiences.as_slice()),
        ("system:serviceaccount:ns:default", &["a".to_owned()][..])
    );
    assert!(review("b").await.error.contains("token audiences [\"a\"] is invalid for the target audiences [\"b\"]"));
    world.admin().namespaced::<Secret>("ns").delete("s", DeleteOptions::default()).await.unwrap();
    assert_eq!(review("a").await.error, "[invalid bearer token, service account token has been invalidated]");
}
