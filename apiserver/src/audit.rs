//! Audit: who asked what, and what came of it, one JSON object each.
//!
//! In: requests whose caller is known, and their answers. Out: lines for writers that the host gives, batches for webhooks.
//! Invariants: a request never waits for them; the queues between them are bounded, and what they cannot hold is counted and
//! told in the log; what is told is what the policy says. Elsewhere: which requests are told of (`policy`), and how batches
//! are made and posted (`webhook`).
//!
//! Source: Kubernetes docs, "Auditing"; `audit.k8s.io/v1` Event.

mod policy;
mod webhook;

use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use pintle_client::{Body, Content, Identity, Notes, Request, Response, Target, Verb, WatchEvent};
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::{Format, Object, Status, yaml};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower::{Layer, Service};
use tracing::warn;

use crate::layers::identity_of;
use policy::{AuditLevel, Stage, Told};

pub use policy::{AuditPolicy, AuditPolicyError};
pub use webhook::{AuditBatches, AuditWebhook};

/// Most events that wait for a writer.
const QUEUE_EVENTS_MAX: usize = 10_000;

/// Where audit events go, and which: nowhere at first, then to each writer and webhook that is added.
#[derive(Clone, Debug)]
pub struct AuditLog {
    policy: Arc<AuditPolicy>,
    queues: Vec<mpsc::Sender<Bytes>>,
    lost: Lost,
}

/// Counts events that did not get where they should.
#[derive(Clone, Debug, Default)]
struct Lost(Arc<AtomicU64>);

impl Lost {
    /// Counts more of them, and answers how many there are now.
    fn add(&self, events: usize) -> u64 {
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        self.0.fetch_add(events, Ordering::Relaxed).saturating_add(events)
    }
}

impl AuditLog {
    /// Tells of what this policy says.
    pub fn new(policy: AuditPolicy) -> Self {
        Self { policy: Arc::new(policy), queues: vec![], lost: Lost::default() }
    }

    /// Writes to this writer from a thread of its own, which ends when all clones of the log are gone. To be called on a
    /// tokio runtime.
    #[must_use]
    pub fn writing(mut self, mut writer: impl Write + Send + 'static) -> Self {
        let (queue, mut events) = mpsc::channel::<Bytes>(QUEUE_EVENTS_MAX);
        tokio::task::spawn_blocking(move || {
            while let Some(line) = events.blocking_recv() {
                let written = writer.write_all(&line).and_then(|()| writer.write_all(b"\n"));
                // A line is worth most while it is fresh, so the writer is flushed as soon as nothing waits.
                let flushed = if events.is_empty() { written.and_then(|()| writer.flush()) } else { written };
                if let Err(error) = flushed {
                    warn!(%error, "an audit event could not be written");
                }
            }
        });
        self.queues.push(queue);
        self
    }

    /// Posts to this webhook, from a task that ends, with everything posted, when all clones of the log are gone. To be
    /// called on a tokio runtime.
    #[must_use]
    pub fn posting(mut self, webhook: AuditWebhook) -> Self {
        self.queues.push(webhook.start(self.lost.clone()));
        self
    }

    /// How many events found no place in a queue, or were not taken by a webhook however often it was tried. An event that
    /// misses two places counts twice.
    pub fn lost(&self) -> u64 {
        self.lost.0.load(Ordering::Relaxed)
    }

    fn tell(&self, event: &Value) {
        let text = Bytes::from(event.to_string());
        let missed = self.queues.iter().filter(|queue| queue.try_send(text.clone()).is_err()).count();
        if missed > 0 {
            let lost = self.lost.add(missed);
            warn!(lost, "the audit log cannot keep up");
        }
    }
}

/// The verb of a request, as policies and events name it.
fn verb(request: &Request) -> &'static str {
    match (&request.target, request.verb) {
        (Target::Path(_), Verb::Create) => "post",
        (Target::Path(_), Verb::Update) => "put",
        _ => request.verb.as_str(),
    }
}

/// Tells of requests. Behind authentication, so that it knows who asks; before everything that may refuse.
#[derive(Clone, Debug)]
pub(crate) struct AuditLayer {
    pub(crate) log: AuditLog,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Random,
}

impl<S> Layer<S> for AuditLayer {
    type Service = Audited<S>;
    fn layer(&self, inner: S) -> Audited<S> {
        Audited { inner, shared: self.clone() }
    }
}

/// The service of [`AuditLayer`].
#[derive(Clone, Debug)]
pub(crate) struct Audited<S> {
    inner: S,
    shared: AuditLayer,
}

/// What is known of one request.
struct Account {
    shared: AuditLayer,
    told: Told,
    /// What the layers and plugins behind say of the request.
    notes: Notes,
    /// The event without its stage.
    event: Value,
}

fn user(identity: &Identity) -> Value {
    let mut user = json!({"username": identity.user, "groups": identity.groups});
    if !identity.uid.is_empty() {
        user["uid"] = identity.uid.as_str().into();
    }
    if !identity.extra.is_empty() {
        user["extra"] = json!(identity.extra);
    }
    user
}

fn object_ref(target: &Target) -> Option<Value> {
    let Target::Resource { resource, namespace, name, subresource, .. } = target else { return None };
    let members = [
        ("resource", resource.resource.as_str()),
        ("namespace", namespace),
        ("name", name),
        ("apiGroup", &resource.group),
        ("apiVersion", &resource.version),
        ("subresource", subresource),
    ];
    Some(
        members
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key, Value::from(value)))
            .collect(),
    )
}

/// What was sent, as far as it can be shown.
fn sent(body: &Body) -> Option<Value> {
    match body {
        Body::Object(object) => shown(object),
        Body::Encoded { media_type, bytes } => match media_type.as_str() {
            "" | "application/json" => serde_json::from_slice(bytes).ok(),
            "application/yaml" => yaml::document_to_json(bytes).ok().map(|(tree, _)| tree),
            _ => None,
        },
        Body::Patch(patch) => yaml::document_to_json(&patch.text).ok().map(|(tree, _)| tree),
        Body::Delete(options) => {
            let mut text = vec![];
            pintle_object_model::json::write_kind(&mut text, "v1", "DeleteOptions", &**options);
            serde_json::from_slice(&text).ok()
        }
        Body::Empty => None,
    }
}

fn shown(object: &Object) -> Option<Value> {
    serde_json::from_slice(&object.encode(Format::Json)).ok()
}

fn without_managed_fields(mut tree: Value) -> Value {
    let strip = |object: &mut Value| {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
    };
    strip(&mut tree);
    tree.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten().for_each(strip);
    tree
}

impl Account {
    fn open(shared: AuditLayer, identity: &Identity, request: &Request) -> Self {
        let told = shared.log.policy.of(identity, request);
        let id = shared.random.uuid();
        request.notes.add("audit-id", id.clone());
        let mut account = Self { shared, told, notes: request.notes.clone(), event: Value::Null };
        if account.told.level == AuditLevel::None {
            return account;
        }
        request.notes.keep_annotations();
        let mut event = json!({
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": account.told.level,
            "auditID": id,
            "requestURI": pintle_client::http::request_uri(request),
            "verb": verb(request),
            "user": user(identity),
            "userAgent": request.user_agent,
            "requestReceivedTimestamp": account.shared.clock.utc().to_string(),
        });
        if let Some(wanted) = &request.impersonate {
            event["impersonatedUser"] = user(wanted);
        }
        if let Some(object) = object_ref(&request.target) {
            event["objectRef"] = object;
        }
        account.event = event;
        account.tell(Stage::RequestReceived);
        if account.told.level >= AuditLevel::Request
            && let Some(body) = sent(&request.body)
        {
            account.event["requestObject"] = account.kept(body);
        }
        account
    }

    fn kept(&self, tree: Value) -> Value {
        if self.told.omit_managed_fields { without_managed_fields(tree) } else { tree }
    }

    fn tell(&self, stage: Stage) {
        if self.told.level == AuditLevel::None || self.told.omit_stages.contains(&stage) {
            return;
        }
        let mut event = self.event.clone();
        event["stage"] = json!(stage);
        event["stageTimestamp"] = self.shared.clock.utc().to_string().into();
        self.shared.log.tell(&event);
    }

    /// Takes note of the answer.
    fn answered(&mut self, answer: &Result<Response, Status>) {
        if self.told.level == AuditLevel::None {
            return;
        }
        let annotations = self.notes.annotations();
        if !annotations.is_empty() {
            self.event["annotations"] = json!(annotations);
        }
        let (code, content) = match answer {
            Ok(response) => (crate::metrics::code_of(answer), Some(&response.content)),
            Err(status) => {
                self.event["responseStatus"] = json!({
                    "metadata": {}, "status": "Failure", "message": status.message, "reason": status.reason,
                    "code": status.code,
                });
                (status.code, None)
            }
        };
        if let Some(content) = content {
            self.event["responseStatus"] = json!({"metadata": {}, "code": code});
            if self.told.level == AuditLevel::RequestResponse {
                let body = match content {
                    Content::Object { object, .. } => shown(object),
                    Content::List(list) => Some(json!({
                        "kind": format!("{}List", list.gvk.kind),
                        "apiVersion": list.gvk.api_version(),
                        "metadata": {"resourceVersion": list.metadata.resource_version},
                        "items": list.items.iter().filter_map(shown).collect::<Vec<_>>(),
                    })),
                    _ => None,
                };
                if let Some(body) = body {
                    self.event["responseObject"] = self.kept(body);
                }
            }
        }
    }
}

/// The events of a watch, and what is told when it ends.
struct Followed {
    events: pintle_client::WatchStream,
    account: Account,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.account.tell(Stage::ResponseComplete);
    }
}

impl Stream for Followed {
    type Item = WatchEvent;
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        self.events.as_mut().poll_next(context)
    }
}

impl<S> Service<Request> for Audited<S>
where
    S: Service<Request, Response = Response, Error = Status, Future: Send> + Clone + Send + 'static,
{
    type Response = Response;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Status>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let account = identity_of(&request).map(|identity| Account::open(self.shared.clone(), &identity, &request));
        let answer = match account {
            Ok(_) => self.inner.call(request),
            Err(status) => return Box::pin(std::future::ready(Err(status))),
        };
        Box::pin(async move {
            let mut account = account?;
            let mut answer = answer.await;
            account.answered(&answer);
            if let Ok(Response { content: Content::Watch { events, .. }, .. }) = &mut answer {
                account.tell(Stage::ResponseStarted);
                let inner = std::mem::replace(events, Box::pin(futures::stream::empty()));
                *events = Box::pin(Followed { events: inner, account });
            } else {
                account.tell(Stage::ResponseComplete);
            }
            answer
        })
    }
}
