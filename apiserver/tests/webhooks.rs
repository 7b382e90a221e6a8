//! Webhooks that kubeconfigs name: tokens, authorization, audit.
//!
//! Aim: what a webhook says counts, as long as Kubernetes says it does; a webhook that is down costs no security. Method: a
//! webhook over real TLS in the test's own process, which writes down what it is asked; a server on a memory store.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use pintle_apiserver::{
    ApiServer, ApiServerConfig, AuditBatches, AuditLog, AuditPolicy, AuditWebhook, Authenticator, Authority,
    AuthorizationMode, WebhookAuthenticator, WebhookAuthorizer, WebhookCalls, WebhookFailure,
};
use pintle_client::{Caller, Client, Content, Identity, JsonEndpoint, Kubeconfig, Params};
use pintle_object_model::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use pintle_object_model::api::authentication::v1::{TokenRequest, TokenReview};
use pintle_object_model::api::authorization::v1::{
    NonResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use pintle_object_model::api::core::v1::{ConfigMap, Container, Namespace, Pod, ServiceAccount};
use pintle_object_model::clock::{ManualClock, Random, SystemClock};
use pintle_object_model::json::{self, DecodeOptions};
use pintle_object_model::{Object, Resource, Status};
use pintle_store::{MemoryConfig, MemoryStore};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::{Value, json};

/// What a webhook was asked, and with which `Authorization`.
type Asked = Arc<Mutex<Vec<(Value, String)>>>;

/// A program that answers over HTTPS those who show a certificate of its authority.
struct Webhook {
    asked: Asked,
    kubeconfig: Value,
}

impl Webhook {
    async fn start(answer: impl Fn(&Value) -> (u16, Value) + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let now = SystemClock::shared().utc().to_time();
        let authority = Authority::generate("webhook-ca", now).unwrap();
        let kubeconfig = kubeconfig(&authority, &format!("https://{address}/ask?x=1"));
        let asked = Asked::default();
        tokio::spawn(serve(listener, tls(&authority), Arc::new(answer), Arc::clone(&asked)));
        Self { asked, kubeconfig }
    }

    fn endpoint(&self) -> JsonEndpoint {
        endpoint(&self.kubeconfig)
    }

    fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().iter().map(|(body, _)| body.clone()).collect()
    }
}

fn kubeconfig(authority: &Authority, url: &str) -> Value {
    use base64::Engine as _;
    let now = SystemClock::shared().utc().to_time();
    let client = authority.client("apiserver", "", now).unwrap();
    let data = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    json!({
        "clusters": [{"name": "w", "cluster": {
            "server": url, "certificate-authority-data": data(&authority.certificate()),
        }}],
        "users": [{"name": "u", "user": {
            "client-certificate-data": data(&client.certificate), "client-key-data": data(&client.key), "token": "let-me",
        }}],
        "contexts": [{"name": "c", "context": {"cluster": "w", "user": "u"}}],
        "current-context": "c",
    })
}

fn endpoint(kubeconfig: &Value) -> JsonEndpoint {
    let config: Kubeconfig = serde_json::from_value(kubeconfig.clone()).unwrap();
    config.endpoint(std::path::Path::new("."), SystemClock::shared()).unwrap()
}

/// Where nobody listens any more.
async fn nowhere() -> JsonEndpoint {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let authority = Authority::generate("webhook-ca", SystemClock::shared().utc().to_time()).unwrap();
    endpoint(&kubeconfig(&authority, &format!("https://{address}/")))
}

fn tls(authority: &Authority) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let now = SystemClock::shared().utc().to_time();
    let own = authority.server("webhook", &[], &[IpAddr::from([127, 0, 0, 1])], now).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate().as_bytes()).unwrap()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let chain = CertificateDer::pem_slice_iter(own.certificate.as_bytes()).collect::<Result<Vec<_>, _>>().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap())
        .unwrap();
    Arc::new(config)
}

type Answer = Arc<dyn Fn(&Value) -> (u16, Value) + Send + Sync>;

async fn serve(listener: tokio::net::TcpListener, tls: Arc<ServerConfig>, answer: Answer, asked: Asked) {
    let acceptor = tokio_rustls::TlsAcceptor::from(tls);
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, answer, asked) = (acceptor.clone(), Arc::clone(&answer), Arc::clone(&asked));
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let (answer, asked) = (Arc::clone(&answer), Arc::clone(&asked));
                async move {
                    assert_eq!(request.uri().path_and_query().unwrap().as_str(), "/ask?x=1");
                    let header = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
                    let body = request.into_body().collect().await?.to_bytes();
                    let body: Value = serde_json::from_slice(&body).unwrap();
                    asked.lock().unwrap().push((body.clone(), header.unwrap_or_default()));
                    let (code, answer) = answer(&body);
                    let answer =
                        http::Response::builder().status(code).body(Full::new(Bytes::from(answer.to_string())));
                    Ok::<_, hyper::Error>(answer.unwrap())
                }
            });
            let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Gives up at once.
fn hasty() -> WebhookCalls {
    WebhookCalls { attempts: 1, timeout: Duration::from_secs(5), ..WebhookCalls::default() }
}

fn ann(review: &Value) -> (u16, Value) {
    let status = match review["spec"]["token"].as_str().unwrap() {
        "good" => json!({"authenticated": true, "user": {
            "username": "ann", "uid": "7", "groups": ["dev", "system:authenticated"], "extra": {"team": ["a", "b"]},
        }}),
        "for-vault" => json!({"authenticated": true, "user": {"username": "ann"}, "audiences": ["vault", "other"]}),
        _ => json!({"authenticated": false, "error": "who is this"}),
    };
    (200, json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}))
}

fn tokens(webhook: JsonEndpoint, clock: &Arc<ManualClock>) -> WebhookAuthenticator {
    WebhookAuthenticator::new(webhook, Arc::clone(clock) as _, Random::seeded(1)).calls(hasty())
}

async fn server(configure: impl FnOnce(&mut ApiServerConfig)) -> ApiServer {
    let clock = ManualClock::at(1_700_000_000);
    let store = Arc::new(MemoryStore::<Object>::new(MemoryConfig::default(), clock.clone()));
    let mut config = ApiServerConfig { clock, random: Random::seeded(1), ..ApiServerConfig::default() };
    configure(&mut config);
    ApiServer::start(store, config).await.unwrap()
}

fn as_(server: &ApiServer, user: &str) -> Client {
    server.client().with_identity(Identity::new(user, []))
}

fn code<T: std::fmt::Debug>(answer: Result<T, Status>) -> i32 {
    answer.map_or_else(|status| status.code, |_| 200)
}

#[tokio::test]
async fn a_token_is_whose_the_webhook_says_and_is_asked_about_once() {
    let webhook = Webhook::start(ann).await;
    let clock = ManualClock::at(0);
    let tokens = tokens(webhook.endpoint(), &clock);
    let good = Caller::Token("good".into());
    let found = tokens.authenticate(&good).await.unwrap().unwrap();
    assert_eq!((found.user.as_str(), found.uid.as_str()), ("ann", "7"));
    assert_eq!(found.groups, ["dev", "system:authenticated"]);
    assert_eq!(found.extra["team"], ["a", "b"]);
    let (question, authorization) = webhook.asked.lock().unwrap()[0].clone();
    assert_eq!(authorization, "Bearer let-me");
    assert_eq!(
        (&question["kind"], &question["apiVersion"]),
        (&json!("TokenReview"), &json!("authentication.k8s.io/v1"))
    );
    assert_eq!(question["spec"]["audiences"], json!(["https://kubernetes.default.svc.cluster.local"]));
    for _ in 0..3 {
        assert_eq!(tokens.authenticate(&good).await.unwrap(), Some(found.clone()));
        assert_eq!(tokens.authenticate(&Caller::Token("bad".into())).await.unwrap(), None);
    }
    assert_eq!(webhook.asked().len(), 2, "the good and the bad, once each");
    clock.advance(Duration::from_secs(120));
    tokens.authenticate(&good).await.unwrap();
    assert_eq!(webhook.asked().len(), 3, "after two minutes it is asked again");
    assert_eq!(tokens.authenticate(&Caller::Anonymous).await.unwrap(), None);
    assert_eq!(webhook.asked().len(), 3, "only tokens are its business");
}

#[tokio::test]
async fn audiences_are_those_that_token_and_question_have_in_common() {
    let webhook = Webhook::start(ann).await;
    let tokens = tokens(webhook.endpoint(), &ManualClock::at(0));
    let ask = async |token: &str, audiences: &[&str]| {
        let audiences: Vec<String> = audiences.iter().map(|&audience| audience.to_owned()).collect();
        tokens.review(token, &audiences).await.map(|found| found.map(|found| found.audiences))
    };
    assert_eq!(ask("for-vault", &["x", "vault"]).await, Ok(Some(vec!["vault".to_owned()])));
    assert_eq!(webhook.asked()[0]["spec"]["audiences"], json!(["x", "vault"]));
    assert_eq!(ask("for-vault", &["x"]).await, Ok(None));
    // This answer says nothing of audiences, so it is for the API server.
    assert_eq!(ask("good", &["vault"]).await, Ok(None));
    let own = "https://kubernetes.default.svc.cluster.local";
    assert_eq!(ask("good", &["vault", own]).await, Ok(Some(vec![own.to_owned()])));
    assert_eq!(ask("bad", &[own]).await, Err("who is this".into()));
    assert_eq!(tokens.authenticate(&Caller::Token("for-vault".into())).await, Ok(None), "not for this server");
}

#[tokio::test]
async fn a_server_takes_tokens_of_its_webhook_and_asks_about_no_others() {
    let webhook = Webhook::start(ann).await;
    let tokens: Arc<dyn Authenticator> = Arc::new(tokens(webhook.endpoint(), &ManualClock::at(0)));
    let server = server(|config| {
        config.last_authenticators = vec![tokens];
        config.authorization = vec![AuthorizationMode::AlwaysAllow];
    })
    .await;
    let client = server.client().with_caller(Caller::Token("good".into()));
    client.all::<Namespace>().list(Params::default()).await.unwrap();
    let unknown = server.client().with_caller(Caller::Token("unknown".into()));
    let refused = unknown.all::<Namespace>().list(Params::default()).await.unwrap_err();
    assert_eq!((refused.code, refused.message.as_str()), (401, "Unauthorized"));
    let mut review = TokenReview::default();
    review.spec.token = "good".into();
    let answer = client.all::<TokenReview>().create(&review).await.unwrap();
    assert_eq!((answer.status.authenticated, answer.status.user.username.as_str()), (true, "ann"));
    assert_eq!(webhook.asked().len(), 2);
    // The cluster's own tokens do not leave it.
    let accounts = client.namespaced::<ServiceAccount>("default");
    let mut account = ServiceAccount::default();
    account.metadata.name = "own".into();
    accounts.create(&account).await.unwrap();
    client.namespaced::<Pod>("").list(Params::default()).await.unwrap();
    let request = Object::new(TokenRequest::default());
    let answer = accounts.as_dynamic().create_subresource("own", "token", request).await.unwrap();
    let Content::Object { object, .. } = answer.content else { panic!("a TokenRequest is an object") };
    let own = object.to_value()["status"]["token"].as_str().unwrap().to_owned();
    let own = server.client().with_caller(Caller::Token(own.as_str().into()));
    own.all::<Namespace>().list(Params::default()).await.unwrap();
    assert_eq!(webhook.asked().len(), 2);
}

#[tokio::test]
async fn a_token_webhook_that_is_down_refuses_and_is_tried_again() {
    let clock = ManualClock::at(0);
    let down = tokens(nowhere().await, &clock);
    let caller = Caller::Token("good".into());
    let status = down.authenticate(&caller).await.unwrap_err();
    assert_eq!((status.code, status.message.as_str()), (401, "Unauthorized"), "nothing of why");
    // Fails twice, then answers.
    let failures = AtomicUsize::new(2);
    let webhook = Webhook::start(move |review| {
        let left = failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left.is_ok() { (500, json!("a fault")) } else { ann(review) }
    })
    .await;
    let calls = |attempts| WebhookCalls { attempts, backoff: Duration::from_millis(1), ..hasty() };
    let patient = tokens(webhook.endpoint(), &clock).calls(calls(2));
    assert_eq!(code(patient.authenticate(&caller).await), 401);
    assert_eq!(webhook.asked().len(), 2);
    assert!(patient.authenticate(&caller).await.unwrap().is_some(), "a failure is not remembered");
    // What asking again cannot mend is not asked again.
    let refusing = Webhook::start(|_| (400, json!({}))).await;
    let patient = tokens(refusing.endpoint(), &clock).calls(calls(5));
    assert_eq!(code(patient.authenticate(&caller).await), 401);
    assert_eq!(refusing.asked().len(), 1);
}

/// Ann may, bob must not, of others nothing is known.
fn decides(review: &Value) -> (u16, Value) {
    let status = match review["spec"]["user"].as_str().unwrap() {
        "ann" => json!({"allowed": true, "reason": "ann is fine"}),
        "bob" => json!({"allowed": false, "denied": true, "reason": "not bob"}),
        "both" => json!({"allowed": true, "denied": true}),
        _ => json!({"allowed": false, "evaluationError": "never heard of"}),
    };
    (200, json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "status": status}))
}

fn judge(webhook: JsonEndpoint, clock: &Arc<ManualClock>) -> WebhookAuthorizer {
    WebhookAuthorizer::new(webhook, Arc::clone(clock) as _, Random::seeded(1)).calls(hasty())
}

#[tokio::test]
async fn what_the_authorization_webhook_says_counts_for_as_long_as_it_may() {
    let webhook = Webhook::start(decides).await;
    let clock = ManualClock::at(0);
    let judge = Arc::new(judge(webhook.endpoint(), &clock));
    let server = server(|config| {
        config.authorization = vec![AuthorizationMode::Ask(judge), AuthorizationMode::AlwaysAllow];
    })
    .await;
    let list = async |user: &str| {
        let params = Params { field_selector: "spec.nodeName=n1,status.phase!=Failed".into(), ..Params::default() };
        as_(&server, user).namespaced::<Pod>("ns").list(params).await
    };
    list("ann").await.unwrap();
    let refused = list("bob").await.unwrap_err();
    assert_eq!(refused.code, 403);
    assert!(refused.message.ends_with(": not bob"), "a denial is final: {}", refused.message);
    assert_eq!(code(list("both").await), 403);
    list("eve").await.unwrap();
    let asked = webhook.asked();
    assert_eq!(asked.len(), 4);
    assert_eq!(
        asked[0]["spec"],
        json!({"user": "ann", "groups": ["system:authenticated"], "resourceAttributes": {
            "verb": "list", "version": "v1", "resource": "pods", "namespace": "ns",
            "fieldSelector": {"requirements": [
                {"key": "spec.nodeName", "operator": "In", "values": ["n1"]},
                {"key": "status.phase", "operator": "NotIn", "values": ["Failed"]},
            ]},
        }})
    );
    clock.advance(Duration::from_secs(29));
    for user in ["ann", "eve"] {
        list(user).await.unwrap();
    }
    assert_eq!(webhook.asked().len(), 4);
    clock.advance(Duration::from_secs(1));
    for user in ["ann", "eve"] {
        list(user).await.unwrap();
    }
    assert_eq!(webhook.asked().len(), 5, "what is not allowed is remembered for 30 s");
    clock.advance(Duration::from_secs(270));
    list("ann").await.unwrap();
    assert_eq!(webhook.asked().len(), 6, "what is allowed, for five minutes");
}

#[tokio::test]
async fn paths_and_access_reviews_are_asked_about_too() {
    let webhook = Webhook::start(decides).await;
    let judge = Arc::new(judge(webhook.endpoint(), &ManualClock::at(0)));
    let server = server(|config| config.authorization = vec![AuthorizationMode::Ask(judge)]).await;
    let mut review = SelfSubjectAccessReview::default();
    let path = NonResourceAttributes { path: "/metrics".into(), verb: "get".into() };
    review.spec = SelfSubjectAccessReviewSpec { non_resource_attributes: Some(Box::new(path)), ..Default::default() };
    let answer = as_(&server, "ann").all::<SelfSubjectAccessReview>().create(&review).await.unwrap();
    assert_eq!((answer.status.allowed, answer.status.reason.as_str()), (true, "ann is fine"));
    assert_eq!(webhook.asked()[1]["spec"]["nonResourceAttributes"], json!({"path": "/metrics", "verb": "get"}));
    let refused = as_(&server, "eve").all::<SelfSubjectAccessReview>().create(&review).await.unwrap_err();
    assert!(refused.message.ends_with(": never heard of"), "{}", refused.message);
    // Impersonation is a question of its own, and so is the request that follows.
    let bold = as_(&server, "ann").impersonating(Identity::new("bob", []));
    let refused = bold.all::<Namespace>().list(Params::default()).await.unwrap_err();
    assert!(refused.message.ends_with(": not bob"), "{}", refused.message);
    let verbs: Vec<Value> =
        webhook.asked().iter().map(|asked| asked["spec"]["resourceAttributes"]["verb"].clone()).collect();
    assert!(verbs.contains(&json!("impersonate")), "{verbs:?}");
}

#[tokio::test]
async fn a_webhook_that_is_down_has_no_opinion_or_refuses() {
    let clock = ManualClock::at(0);
    for (failure, expected) in [(WebhookFailure::NoOpinion, 200), (WebhookFailure::Deny, 403)] {
        let judge = Arc::new(judge(nowhere().await, &clock).on_failure(failure));
        let server = server(|config| {
            config.authorization = vec![AuthorizationMode::Ask(judge), AuthorizationMode::AlwaysAllow];
        })
        .await;
        let listed = as_(&server, "ann").all::<Namespace>().list(Params::default()).await;
        assert_eq!(code(listed), expected, "{failure:?}");
    }
    // Nor is an answer of another kind taken for a yes.
    let webhook = Webhook::start(|_| (200, json!({"status": {"allowed": true}}))).await;
    let judge = Arc::new(judge(webhook.endpoint(), &clock));
    let server = server(|config| config.authorization = vec![AuthorizationMode::Ask(judge)]).await;
    assert_eq!(code(as_(&server, "ann").all::<Namespace>().list(Params::default()).await), 403);
    let master = server.client().with_identity(Identity::master("admin"));
    master.all::<Namespace>().list(Params::default()).await.unwrap();
}

/// A policy that tells of each of ann's requests once.
const OF_ANN: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: Metadata, users: [ann]}
";

fn batches(events: usize) -> AuditBatches {
    AuditBatches { batch_events_max: events, calls: hasty(), ..AuditBatches::default() }
}

/// A log of ann's requests for a webhook, and a server that keeps it.
async fn audited(webhook: JsonEndpoint, batches: AuditBatches, lines: Lines) -> (AuditLog, ApiServer) {
    let webhook = AuditWebhook::new(webhook, SystemClock::shared(), Random::seeded(1)).batches(batches);
    let log = AuditLog::new(AuditPolicy::parse(OF_ANN.as_bytes()).unwrap()).writing(lines).posting(webhook);
    let server = server(|config| {
        config.audit = Some(log.clone());
        config.authorization = vec![AuthorizationMode::AlwaysAllow];
    })
    .await;
    (log, server)
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what}");
}

async fn requests(server: &ApiServer, number: usize) {
    for index in 0..number {
        let name = format!("ns-{index}");
        let _ = as_(server, "ann").all::<Namespace>().get(&name).await;
        let _ = as_(server, "bob").all::<Namespace>().get(&name).await;
    }
}

#[tokio::test]
async fn audit_events_arrive_in_batches_and_in_the_file() {
    // The first batch finds the webhook out of order.
    let failures = AtomicUsize::new(1);
    let webhook = Webhook::start(move |_| {
        let left = failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        (if left.is_ok() { 503 } else { 200 }, json!({}))
    })
    .await;
    let lines = Lines::default();
    let calls = WebhookCalls { attempts: 2, backoff: Duration::from_millis(1), ..hasty() };
    let short = AuditBatches { wait: Duration::from_millis(200), calls, ..batches(2) };
    let (log, server) = audited(webhook.endpoint(), short, lines.clone()).await;
    requests(&server, 5).await;
    eventually("five events in three batches, of which one is posted twice", || webhook.asked().len() == 4).await;
    let asked = webhook.asked();
    assert!(asked.iter().all(|list| list["kind"] == "EventList" && list["apiVersion"] == "audit.k8s.io/v1"));
    assert!(asked.iter().all(|list| list["items"].as_array().unwrap().len() <= 2));
    let told: std::collections::BTreeSet<String> = asked
        .iter()
        .flat_map(|list| list["items"].as_array().unwrap())
        .map(|event| {
            assert_eq!((&event["kind"], &event["user"]["username"]), (&json!("Event"), &json!("ann")));
            event["objectRef"]["name"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(told.into_iter().collect::<Vec<_>>(), ["ns-0", "ns-1", "ns-2", "ns-3", "ns-4"]);
    eventually("the file has them, too", || lines.0.lock().unwrap().iter().filter(|byte| **byte == b'\n').count() == 5)
        .await;
    assert_eq!(log.lost(), 0);
}

#[tokio::test]
async fn audit_events_for_a_webhook_that_is_down_are_counted_as_lost() {
    let (log, server) = audited(nowhere().await, batches(2), Lines::default()).await;
    requests(&server, 4).await;
    eventually("all four are lost", || log.lost() == 4).await;
}

#[tokio::test]
async fn a_request_never_waits_for_an_audit_webhook_that_is_silent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = Authority::generate("webhook-ca", SystemClock::shared().utc().to_time()).unwrap();
    let silent = endpoint(&kubeconfig(&authority, &format!("https://{}/", listener.local_addr().unwrap())));
    let small = AuditBatches { buffer_events_max: 1, ..batches(1) };
    let (log, server) = audited(silent, small, Lines::default()).await;
    requests(&server, 20).await;
    // Four are under way, one waits for them, one is in the queue.
    assert!((14..20).contains(&log.lost()), "{}", log.lost());
}

#[tokio::test]
async fn the_audit_hears_of_decisions_and_of_what_policies_say() {
    let webhook = Webhook::start(decides).await;
    let judge = Arc::new(judge(webhook.endpoint(), &ManualClock::at(0)));
    let policy = OF_ANN.replace("[ann]", "[ann, bob]");
    let lines = Lines::default();
    let log = AuditLog::new(AuditPolicy::parse(policy.as_bytes()).unwrap()).writing(lines.clone());
    let server = server(|config| {
        config.audit = Some(log);
        config.authorization = vec![AuthorizationMode::Ask(judge)];
    })
    .await;
    let master = server.client().with_identity(Identity::master("admin"));
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "watchful"},
        "spec": {
            "matchConstraints": {"resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]},
            ]},
            "validations": [{"expression": "true"}, {"expression": "false", "message": "not nice"}],
            "auditAnnotations": [
                {"key": "who", "valueExpression": "'made by ' + request.userInfo.username"},
                {"key": "nothing", "valueExpression": "null"},
            ],
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "everywhere"}, "spec": {"policyName": "watchful", "validationActions": ["Audit"]},
    });
    master.all::<ValidatingAdmissionPolicy>().create(&typed(&policy)).await.unwrap();
    master.all::<ValidatingAdmissionPolicyBinding>().create(&typed(&binding)).await.unwrap();
    let mut namespace = Namespace::default();
    namespace.metadata.name = "strict".into();
    namespace.metadata.labels.insert("pod-security.kubernetes.io/audit".into(), "restricted".into());
    master.all::<Namespace>().create(&namespace).await.unwrap();
    let mut account = ServiceAccount::default();
    account.metadata.name = "default".into();
    master.namespaced::<ServiceAccount>("strict").create(&account).await.unwrap();
    master.namespaced::<Pod>("").list(Params::default()).await.unwrap();

    let mut map = ConfigMap::default();
    map.metadata.name = "m".into();
    as_(&server, "ann").namespaced::<ConfigMap>("strict").create(&map).await.unwrap();
    let mut pod = Pod::default();
    pod.metadata.name = "p".into();
    pod.spec.containers.push(Container { name: "c".into(), image: "app:1".into(), ..Container::default() });
    as_(&server, "ann").namespaced::<Pod>("strict").create(&pod).await.unwrap();
    assert_eq!(code(as_(&server, "bob").all::<Namespace>().list(Params::default()).await), 403);

    let count = || lines.0.lock().unwrap().iter().filter(|byte| **byte == b'\n').count();
    eventually("three events", || count() == 3).await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let told: Vec<Value> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["annotations"].clone()).collect();
    let failures: Value =
        serde_json::from_str(told[0]["validation.policy.admission.k8s.io/validation_failure"].as_str().unwrap())
            .unwrap();
    assert_eq!(
        failures,
        json!([{
            "message": "not nice", "policy": "watchful", "binding": "everywhere", "expressionIndex": 1,
            "validationActions": ["Audit"],
        }])
    );
    assert_eq!(told[0]["watchful/who"], "made by ann");
    assert!(told[0].get("watchful/nothing").is_none());
    assert_eq!(told[0]["authorization.k8s.io/decision"], "allow");
    assert_eq!(told[0]["authorization.k8s.io/reason"], "ann is fine");
    assert_eq!(told[1]["pod-security.kubernetes.io/enforce-policy"], "privileged:latest");
    let violations = told[1]["pod-security.kubernetes.io/audit-violations"].as_str().unwrap();
    assert!(violations.starts_with("would violate PodSecurity \"restricted:latest\": "), "{violations}");
    assert_eq!(told[2], json!({"authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": "not bob"}));
}

/// Expressions ask without being able to wait; they hear of the webhook all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_expression_of_a_policy_hears_what_the_webhook_says() {
    let webhook = Webhook::start(|review| match review["spec"]["resourceAttributes"]["verb"].as_str() {
        Some("bless") => decides(review),
        _ => decides(&json!({"spec": {"user": "ann"}})),
    })
    .await;
    let judge = Arc::new(judge(webhook.endpoint(), &ManualClock::at(0)));
    let server = server(|config| config.authorization = vec![AuthorizationMode::Ask(judge)]).await;
    let master = server.client().with_identity(Identity::master("admin"));
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "blessed"},
        "spec": {
            "matchConstraints": {"resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]},
            ]},
            "validations": [{"expression": "authorizer.group('').resource('configmaps').check('bless').allowed()"}],
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "blessed"}, "spec": {"policyName": "blessed", "validationActions": ["Deny"]},
    });
    master.all::<ValidatingAdmissionPolicy>().create(&typed(&policy)).await.unwrap();
    master.all::<ValidatingAdmissionPolicyBinding>().create(&typed(&binding)).await.unwrap();
    // Waits until the caches have seen this.
    master.namespaced::<Pod>("").list(Params::default()).await.unwrap();
    let make = async |user: &str| {
        let mut map = ConfigMap::default();
        map.metadata.name = user.into();
        as_(&server, user).namespaced::<ConfigMap>("default").create(&map).await
    };
    make("ann").await.unwrap();
    let refused = make("eve").await.unwrap_err();
    assert!(refused.message.contains("blessed"), "{}", refused.message);
}

fn typed<K: Resource>(tree: &Value) -> K {
    let mut object = K::default();
    json::decode_kind(tree.to_string().as_bytes(), &mut object, &DecodeOptions { strict: true }).unwrap();
    object
}
