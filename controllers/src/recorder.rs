//! Telling people what happened: Events.
//!
//! In: what happened to which object. Out: `v1` Events, written in the background. Invariants: the same event again only
//! raises the count of the first; what cannot be written, or comes faster than it can be written, is dropped. Source:
//! the Event API.

use std::collections::HashMap;
use std::sync::Arc;

use pintle_client::{Client, Status};
use pintle_object_model::Resource;
use pintle_object_model::api::core::v1::{Event, EventSource, ObjectReference};
use pintle_object_model::clock::{Clock, Random};
use pintle_watch::Shutdown;
use tokio::sync::mpsc;

/// Events that wait to be written; more are dropped.
const QUEUE_MAX: usize = 1000;
/// Events that are remembered, so that repeats raise a count.
const REMEMBERED_MAX: usize = 4096;

/// Writes Events. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EventRecorder {
    component: Arc<str>,
    queue: mpsc::Sender<Note>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Note {
    component: Arc<str>,
    type_: &'static str,
    reason: String,
    message: String,
    about: About,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct About {
    api_version: String,
    kind: &'static str,
    namespace: String,
    name: String,
    uid: String,
}

impl EventRecorder {
    /// A recorder that writes until `shutdown`.
    pub fn start(client: Client, clock: Arc<dyn Clock>, random: Random, component: &str, shutdown: &Shutdown) -> Self {
        let (queue, notes) = mpsc::channel(QUEUE_MAX);
        let writer = Writer { client, clock, random, written: HashMap::new() };
        let shutdown = shutdown.clone();
        tokio::spawn(async move { shutdown.unless(writer.write_all(notes)).await });
        Self { component: component.into(), queue }
    }

    /// The same, in the name of another component.
    #[must_use]
    pub fn named(&self, component: &str) -> Self {
        Self { component: component.into(), queue: self.queue.clone() }
    }

    /// Something went as it should.
    pub fn normal<K: Resource>(&self, about: &K, reason: &str, message: impl Into<String>) {
        self.record("Normal", about, reason, message.into());
    }

    /// Something a person should look at.
    pub fn warning<K: Resource>(&self, about: &K, reason: &str, message: impl Into<String>) {
        self.record("Warning", about, reason, message.into());
    }

    fn record<K: Resource>(&self, type_: &'static str, about: &K, reason: &str, message: String) {
        let metadata = about.metadata();
        let about = About {
            api_version: K::INFO.api_version(),
            kind: K::INFO.kind,
            namespace: metadata.namespace.clone(),
            name: metadata.name.clone(),
            uid: metadata.uid.clone(),
        };
        let note = Note { component: Arc::clone(&self.component), type_, reason: reason.to_owned(), message, about };
        if let Err(error) = self.queue.try_send(note) {
            tracing::debug!(%error, "an event is dropped");
        }
    }
}

struct Writer {
    client: Client,
    clock: Arc<dyn Clock>,
    random: Random,
    /// The Event that a note became, and how often it has been seen.
    written: HashMap<Note, (String, i32)>,
}

impl Writer {
    async fn write_all(mut self, mut notes: mpsc::Receiver<Note>) {
        while let Some(note) = notes.recv().await {
            if let Err(status) = self.write(&note).await {
                tracing::debug!(%status, reason = note.reason, "an event cannot be written");
            }
        }
    }

    async fn write(&mut self, note: &Note) -> Result<(), Status> {
        let namespace = if note.about.namespace.is_empty() { "default" } else { &note.about.namespace };
        let api = self.client.namespaced::<Event>(namespace);
        let now = self.clock.utc().to_time();
        if let Some((name, count)) = self.written.get_mut(note) {
            *count += 1;
            let patch = serde_json::json!({"count": *count, "lastTimestamp": now.to_string()});
            match api.patch(name, pintle_client::Patch::merge(&patch), Default::default()).await {
                Err(status) if status.is_not_found() => {}
                other => return other.map(drop),
            }
        }
        let mut event = Event::default();
        event.metadata.namespace = namespace.to_owned();
        event.metadata.name = format!("{}.{:x}", note.about.name, self.random.next_u64());
        event.involved_object = ObjectReference {
            api_version: note.about.api_version.clone(),
            kind: note.about.kind.to_owned(),
            namespace: note.about.namespace.clone(),
            name: note.about.name.clone(),
            uid: note.about.uid.clone(),
            ..ObjectReference::default()
        };
        event.type_ = note.type_.to_owned();
        event.reason.clone_from(&note.reason);
        event.message.clone_from(&note.message);
        event.source = EventSource { component: note.component.to_string(), ..EventSource::default() };
        event.reporting_component = note.component.to_string();
        event.count = 1;
        event.first_timestamp = Some(now);
        event.last_timestamp = Some(now);
        api.create(&event).await?;
        if self.written.len() >= REMEMBERED_MAX {
            self.written.clear();
        }
        self.written.insert(note.clone(), (event.metadata.name, 1));
        Ok(())
    }
}
