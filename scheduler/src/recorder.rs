//! Events about pods.
//!
//! In: what to say about which pod. Out: Events through the API. Invariants: saying something never waits (what does not
//! fit into the queue is dropped and counted in the log); the same thing said again within a while becomes a series rather
//! than a new Event; the memory of what was said is bounded.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use pintle_client::{Client, Params, Patch};
use pintle_object_model::api::core::v1::{Event, ObjectReference, Pod};
use pintle_object_model::clock::Clock;
use tokio::sync::mpsc;

const QUEUE_MAX: usize = 4096;
const REMEMBERED_MAX: usize = 4096;
/// A series goes on if it was heard of within this time.
const SERIES_GAP: Duration = Duration::from_secs(360);

/// One thing to say.
#[derive(Debug)]
struct Remark {
    pod: Arc<Pod>,
    event_type: &'static str,
    reason: &'static str,
    action: &'static str,
    note: String,
    component: Arc<str>,
}

/// Says things about pods. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    queue: mpsc::Sender<Remark>,
}

impl Recorder {
    /// The recorder and the work that must be run for it.
    pub(crate) fn new(client: Client, clock: Arc<dyn Clock>, instance: String) -> (Self, impl Future<Output = ()>) {
        let (queue, receiver) = mpsc::channel(QUEUE_MAX);
        let writer = Writer { client, clock, instance, said: BTreeMap::new(), order: VecDeque::new(), stamp: 0 };
        (Self { queue }, writer.run(receiver))
    }

    pub(crate) fn say(
        &self,
        pod: &Arc<Pod>,
        component: &str,
        (event_type, reason, action): (&'static str, &'static str, &'static str),
        note: String,
    ) {
        let pod = Arc::clone(pod);
        let remark = Remark { pod, event_type, reason, action, note, component: Arc::from(component) };
        if let Err(error) = self.queue.try_send(remark) {
            tracing::debug!(%error, "an event is dropped");
        }
    }
}

type Key = (String, &'static str, String);

struct Said {
    name: String,
    count: i32,
    at: Duration,
}

struct Writer {
    client: Client,
    clock: Arc<dyn Clock>,
    instance: String,
    said: BTreeMap<Key, Said>,
    /// Oldest first.
    order: VecDeque<Key>,
    /// The last number in an Event's name.
    stamp: i64,
}

/// API limit of `message`.
const NOTE_MAX: usize = 1024;

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Remark>) {
        while let Some(remark) = queue.recv().await {
            self.write(remark).await;
        }
    }

    async fn write(&mut self, remark: Remark) {
        let mut note = remark.note.clone();
        if note.len() > NOTE_MAX {
            let end = (0..=NOTE_MAX).rev().find(|at| note.is_char_boundary(*at)).unwrap_or_default();
            note.truncate(end);
        }
        let key = (remark.pod.metadata.uid.clone(), remark.reason, note.clone());
        let now = self.clock.now();
        if let Some(said) = self.said.get_mut(&key)
            && now < said.at + SERIES_GAP
        {
            said.count += 1;
            said.at = now;
            let (name, count) = (said.name.clone(), said.count);
            return self.again(&remark, &name, count).await;
        }
        // The time, as Kubernetes does it, but never the same twice.
        self.stamp = self.clock.utc().unix_micros().max(self.stamp + 1);
        let name = format!("{}.{:x}", remark.pod.metadata.name, self.stamp);
        self.remember(key, Said { name: name.clone(), count: 1, at: now });
        let event = self.event(&remark, name, note);
        let api = self.client.namespaced::<Event>(&event.metadata.namespace);
        if let Err(status) = api.create(&event).await {
            tracing::debug!(pod = %remark.pod.metadata.name, %status, "an event could not be written");
        }
    }

    fn event(&self, remark: &Remark, name: String, note: String) -> Event {
        let mut event = Event::default();
        event.metadata.name = name;
        event.metadata.namespace.clone_from(&remark.pod.metadata.namespace);
        event.event_time = Some(self.clock.utc());
        event.reporting_component = remark.component.to_string();
        event.reporting_instance = format!("{}-{}", remark.component, self.instance);
        event.action = remark.action.into();
        event.reason = remark.reason.into();
        event.type_ = remark.event_type.into();
        event.message = note;
        let metadata = &remark.pod.metadata;
        event.involved_object = ObjectReference {
            kind: "Pod".into(),
            api_version: "v1".into(),
            namespace: metadata.namespace.clone(),
            name: metadata.name.clone(),
            uid: metadata.uid.clone(),
            resource_version: metadata.resource_version.clone(),
            ..ObjectReference::default()
        };
        event
    }

    async fn again(&self, remark: &Remark, name: &str, count: i32) {
        let series = serde_json::json!({
            "series": {"count": count, "lastObservedTime": self.clock.utc().to_string()}
        });
        let api = self.client.namespaced::<Event>(&remark.pod.metadata.namespace);
        if let Err(status) = api.patch(name, Patch::merge(&series), Params::default()).await {
            tracing::debug!(event = name, %status, "an event's series could not be written");
        }
    }

    fn remember(&mut self, key: Key, said: Said) {
        if self.said.insert(key.clone(), said).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > REMEMBERED_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.said.remove(&oldest);
            }
        }
    }
}
