//! Events about pods and the node.
//!
//! In: what happened, from anywhere in the agent. Out: Event objects, the same one counted up when the same thing happens
//! again. Invariant: bounded; when the API server does not keep up, events are lost, never the agent's work.
//! Source: the `v1` Event API; reasons are kubelet's.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use pintle_client::{Client, Patch};
use pintle_object_model::api::core::v1::{Event, EventSource, Node, ObjectReference, Pod};
use pintle_object_model::clock::Clock;
use pintle_object_model::{KindInfo, Resource, Time};
use pintle_watch::Shutdown;
use tokio::sync::mpsc;
use tracing::debug;

/// Events that wait to be written.
const QUEUE_EVENTS_MAX: usize = 1024;
/// Events that are remembered to be counted up.
const KNOWN_EVENTS_MAX: usize = 4096;

/// Something worth an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Happening {
    namespace: String,
    kind: &'static str,
    name: String,
    uid: String,
    field_path: String,
    warning: bool,
    reason: String,
    message: String,
}

/// Hands events over to be written. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct EventRecorder {
    queue: mpsc::Sender<Happening>,
}

impl EventRecorder {
    /// A recorder and the task that writes its events until `shutdown`.
    pub(crate) fn start(client: Client, clock: Arc<dyn Clock>, node: String, shutdown: Shutdown) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_EVENTS_MAX);
        let writer = Writer { client, clock, node, known: BTreeMap::new(), order: VecDeque::new() };
        tokio::spawn(writer.run(waiting, shutdown));
        Self { queue }
    }

    /// Something normal happened to a pod; `field_path` names the part, or is empty.
    pub(crate) fn normal(&self, pod: &Pod, field_path: String, reason: &str, message: impl Into<String>) {
        self.record(Pod::INFO, pod.metadata(), field_path, false, reason, message.into());
    }

    /// Something went wrong with a pod.
    pub(crate) fn warning(&self, pod: &Pod, field_path: String, reason: &str, message: impl Into<String>) {
        self.record(Pod::INFO, pod.metadata(), field_path, true, reason, message.into());
    }

    /// Something normal happened to the node.
    pub(crate) fn node(&self, node: &Node, reason: &str, message: impl Into<String>) {
        self.record(Node::INFO, node.metadata(), String::new(), false, reason, message.into());
    }

    fn record(
        &self,
        info: &'static KindInfo,
        metadata: &pintle_object_model::api::meta::v1::ObjectMeta,
        field_path: String,
        warning: bool,
        reason: &str,
        message: String,
    ) {
        let happening = Happening {
            namespace: metadata.namespace.clone(),
            kind: info.kind,
            name: metadata.name.clone(),
            uid: metadata.uid.clone(),
            field_path,
            warning,
            reason: reason.to_owned(),
            message,
        };
        if let Err(error) = self.queue.try_send(happening) {
            debug!(%error, "an event was lost");
        }
    }
}

struct Writer {
    client: Client,
    clock: Arc<dyn Clock>,
    node: String,
    /// Name and count of the Event that tells of a happening.
    known: BTreeMap<Happening, (String, i32)>,
    order: VecDeque<Happening>,
}

impl Writer {
    async fn run(mut self, mut waiting: mpsc::Receiver<Happening>, shutdown: Shutdown) {
        while let Some(Some(happening)) = shutdown.unless(waiting.recv()).await {
            if shutdown.unless(self.write(happening)).await.is_none() {
                return;
            }
        }
    }

    async fn write(&mut self, happening: Happening) {
        let now = self.clock.utc();
        let namespace = if happening.namespace.is_empty() { "default" } else { &happening.namespace }.to_owned();
        let api = self.client.namespaced::<Event>(&namespace);
        if let Some((name, count)) = self.known.get_mut(&happening) {
            *count += 1;
            let patch = serde_json::json!({"count": *count, "lastTimestamp": now.to_time().to_string()});
            match api.patch(name, Patch::merge(&patch), pintle_client::Params::default()).await {
                Ok(_) => return,
                // Events expire; then the story starts anew.
                Err(status) if status.is_not_found() => {}
                Err(status) => {
                    debug!(%status, "an event could not be counted up");
                    return;
                }
            }
        }
        let name = format!("{}.{:x}", happening.name, now.unix_micros().saturating_mul(1000));
        let event = self.event(&happening, &namespace, &name, now.to_time());
        let created = match api.create(&event).await {
            Err(status) if status.is_already_exists() => {
                // Two things within one microsecond (always, under simulated time): the next free number.
                let unique = format!("{name}{:x}", self.order.len());
                api.create(&self.event(&happening, &namespace, &unique, now.to_time())).await
            }
            other => other,
        };
        match created {
            Ok(event) => self.remember(happening, event.metadata.name.clone()),
            Err(status) => debug!(%status, reason = happening.reason, "an event could not be written"),
        }
    }

    fn remember(&mut self, happening: Happening, name: String) {
        if self.order.len() >= KNOWN_EVENTS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        if self.known.insert(happening.clone(), (name, 1)).is_none() {
            self.order.push_back(happening);
        }
    }

    fn event(&self, happening: &Happening, namespace: &str, name: &str, now: Time) -> Event {
        let mut event = Event::default();
        event.metadata.name = name.to_owned();
        event.metadata.namespace = namespace.to_owned();
        event.involved_object = ObjectReference {
            kind: happening.kind.into(),
            namespace: happening.namespace.clone(),
            name: happening.name.clone(),
            uid: happening.uid.clone(),
            api_version: "v1".into(),
            field_path: happening.field_path.clone(),
            ..ObjectReference::default()
        };
        event.reason.clone_from(&happening.reason);
        event.message.clone_from(&happening.message);
        event.source = EventSource { component: "kubelet".into(), host: self.node.clone() };
        event.reporting_component = "kubelet".into();
        event.reporting_instance.clone_from(&self.node);
        event.first_timestamp = Some(now);
        event.last_timestamp = Some(now);
        event.count = 1;
        event.type_ = if happening.warning { "Warning" } else { "Normal" }.into();
        event
    }
}
