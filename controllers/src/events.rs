//! Writes `Event` objects: what happened to which object, for people.
//!
//! In: calls of [`EventRecorder`]. Out: created and counted-up `v1` Events. Invariants: recording never waits and never
//! fails; what repeats is counted instead of written anew; a noisy object is limited (a burst of 25, then one per five
//! minutes); the queue and the memory of past events are bounded. Source: the `core/v1` Event API, Kubernetes' published
//! event rate limits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use pintle_client::{Client, Patch};
use pintle_object_model::api::core::v1::{Event, EventSource, ObjectReference};
use pintle_object_model::clock::Clock;
use pintle_object_model::{Resource, Status, Time};
use pintle_watch::Shutdown;
use tokio::sync::mpsc;

/// Events that may wait to be written; more are dropped.
const WAITING_MAX: usize = 1000;
/// Past events that are remembered.
const REMEMBERED_MAX: usize = 4096;
/// Tokens that an object starts with, and the time after which it gets another.
const BURST: f64 = 25.0;
const REFILL: Duration = Duration::from_secs(300);
/// So many different messages of one kind within this time become one.
const SIMILAR_MAX: usize = 10;
const SIMILAR_WITHIN: Duration = Duration::from_secs(600);

/// Records events. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EventRecorder {
    component: Arc<str>,
    sender: mpsc::Sender<Recorded>,
}

#[derive(Clone, Debug)]
struct Recorded {
    component: Arc<str>,
    regarding: ObjectReference,
    type_: &'static str,
    reason: String,
    message: String,
}

impl EventRecorder {
    /// Starts the task that writes; it ends with `shutdown`.
    pub fn start(client: Client, clock: Arc<dyn Clock>, shutdown: Shutdown) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        tokio::spawn(async move {
            shutdown.unless(write_all(client, clock, receiver)).await;
        });
        Self { component: Arc::from("pintle"), sender }
    }

    /// The same, naming another source.
    #[must_use]
    pub fn of_component(&self, component: &str) -> Self {
        Self { component: Arc::from(component), sender: self.sender.clone() }
    }

    /// Something ordinary happened to an object.
    pub fn normal<K: Resource>(&self, about: &K, reason: &str, message: impl Into<String>) {
        self.record(reference(about), "Normal", reason, message.into());
    }

    /// Something happened to an object that somebody may have to look after.
    pub fn warning<K: Resource>(&self, about: &K, reason: &str, message: impl Into<String>) {
        self.record(reference(about), "Warning", reason, message.into());
    }

    fn record(&self, regarding: ObjectReference, type_: &'static str, reason: &str, message: String) {
        let component = Arc::clone(&self.component);
        let recorded = Recorded { component, regarding, type_, reason: reason.to_owned(), message };
        if self.sender.try_send(recorded).is_err() {
            tracing::debug!("an event was dropped: too many wait to be written");
        }
    }
}

/// A reference to an object, as events hold it.
pub(crate) fn reference<K: Resource>(object: &K) -> ObjectReference {
    let metadata = object.metadata();
    ObjectReference {
        api_version: K::INFO.api_version(),
        kind: K::INFO.kind.into(),
        namespace: metadata.namespace.clone(),
        name: metadata.name.clone(),
        uid: metadata.uid.clone(),
        resource_version: metadata.resource_version.clone(),
        field_path: String::new(),
    }
}

async fn write_all(client: Client, clock: Arc<dyn Clock>, mut receiver: mpsc::Receiver<Recorded>) {
    let mut correlator = Correlator::default();
    while let Some(recorded) = receiver.recv().await {
        let micros = clock.utc().unix_micros();
        let Some((key, write)) = correlator.decide(recorded, clock.now(), clock.utc().to_time(), micros) else {
            continue;
        };
        if let Err(status) = send(&client, write).await {
            correlator.written.remove(&key);
            tracing::debug!(%status, "an event could not be written");
        }
    }
}

async fn send(client: &Client, write: Write) -> Result<(), Status> {
    match write {
        Write::Create(event) => client.namespaced::<Event>(&event.metadata.namespace).create(&event).await.map(drop),
        Write::Count(mut event) => {
            let patch = Patch::merge(&serde_json::json!({
                "count": event.count, "message": event.message,
                "lastTimestamp": event.last_timestamp.map(|time| time.to_string()),
            }));
            let api = client.namespaced::<Event>(&event.metadata.namespace);
            match api.patch(&event.metadata.name, patch, pintle_client::Params::default()).await {
                // It has expired: begin anew.
                Err(status) if status.is_not_found() => {
                    event.metadata.resource_version.clear();
                    api.create(&event).await.map(drop)
                }
                other => other.map(drop),
            }
        }
    }
}

#[derive(Debug, PartialEq)]
enum Write {
    Create(Box<Event>),
    Count(Box<Event>),
}

type Key = (Arc<str>, String, String, String);

type Kind = (Arc<str>, String, String);

/// Decides what becomes of a recorded event. No I/O.
#[derive(Default)]
struct Correlator {
    written: HashMap<Key, Event>,
    tokens: HashMap<(Arc<str>, String), (f64, Duration)>,
    /// Messages of one kind about one object, and since when they are collected.
    similar: HashMap<Kind, (Vec<String>, Duration)>,
}

impl Correlator {
    fn decide(&mut self, recorded: Recorded, now: Duration, time: Time, micros: i64) -> Option<(Key, Write)> {
        self.bound();
        let Recorded { component, regarding, type_, reason, mut message } = recorded;
        let object = format!("{}/{}/{}", regarding.kind, regarding.namespace, regarding.uid);
        if !self.take_token((Arc::clone(&component), object.clone()), now) {
            return None;
        }
        let kind = format!("{type_}/{reason}");
        let mut last = message.clone();
        let (messages, since) =
            self.similar.entry((Arc::clone(&component), object.clone(), kind.clone())).or_insert_with(|| (vec![], now));
        if now >= *since + SIMILAR_WITHIN {
            messages.clear();
            *since = now;
        }
        if !messages.contains(&message) && messages.len() < SIMILAR_MAX {
            messages.push(message.clone());
        }
        if !messages.contains(&message) {
            message = format!("(combined from similar events): {message}");
            last = String::new();
        }
        let key = (component, object, kind, last);
        if let Some(event) = self.written.get_mut(&key) {
            event.count += 1;
            event.last_timestamp = Some(time);
            event.message = message;
            let event = Box::new(event.clone());
            return Some((key, Write::Count(event)));
        }
        let mut event = Event::default();
        let namespace = if regarding.namespace.is_empty() { "default" } else { &regarding.namespace };
        event.metadata.namespace = namespace.to_owned();
        event.metadata.name =
            format!("{}.{:x}", regarding.name, micros.saturating_mul(1000) + self.written.len() as i64);
        event.source = EventSource { component: key.0.to_string(), host: String::new() };
        event.reporting_component = key.0.to_string();
        event.involved_object = regarding;
        event.type_ = type_.to_owned();
        event.reason = reason;
        event.message = message;
        event.count = 1;
        event.first_timestamp = Some(time);
        event.last_timestamp = Some(time);
        self.written.insert(key.clone(), event.clone());
        Some((key, Write::Create(Box::new(event))))
    }

    fn take_token(&mut self, key: (Arc<str>, String), now: Duration) -> bool {
        let (tokens, at) = self.tokens.entry(key).or_insert((BURST, now));
        let gained = now.saturating_sub(*at).as_secs_f64() / REFILL.as_secs_f64();
        *tokens = (*tokens + gained).min(BURST);
        *at = now;
        let enough = *tokens >= 1.0;
        if enough {
            *tokens -= 1.0;
        }
        enough
    }

    /// Forgets everything once too much is remembered: a few events are then written twice, which harms nobody.
    fn bound(&mut self) {
        if self.written.len() >= REMEMBERED_MAX {
            self.written.clear();
            self.similar.clear();
        }
        if self.tokens.len() >= REMEMBERED_MAX {
            self.tokens.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(message: &str) -> Recorded {
        let regarding = ObjectReference { name: "web".into(), namespace: "a".into(), ..ObjectReference::default() };
        Recorded { component: "c".into(), regarding, type_: "Normal", reason: "Made".into(), message: message.into() }
    }

    #[test]
    fn repeats_are_counted_similar_ones_combined_and_noise_is_limited() {
        let mut correlator = Correlator::default();
        let mut record = |message: &str, second: u64| {
            let at = Duration::from_secs(second);
            correlator.decide(event(message), at, Time::from_unix(second as i64), 7).map(|(_, write)| write)
        };
        assert!(matches!(record("one", 0), Some(Write::Create(event)) if event.count == 1 && event.message == "one"));
        assert!(matches!(record("one", 1), Some(Write::Count(event)) if event.count == 2));
        for index in 0..9 {
            assert!(matches!(record(&format!("m{index}"), 2), Some(Write::Create(_))));
        }
        let combined = "(combined from similar events): eleventh";
        assert!(matches!(record("eleventh", 3), Some(Write::Create(event)) if event.message == combined));
        assert!(matches!(record("twelfth", 3), Some(Write::Count(event)) if event.count == 2));
        for _ in 0..12 {
            assert!(record("one", 4).is_some());
        }
        assert_eq!(record("one", 4), None, "25 events are enough");
        assert!(record("one", 310).is_some(), "one more after five minutes");
    }
}
