//! Writes `Event` objects: what happened to which object, for people.
//!
//! In: calls of [`EventRecorder`], from scheduler, controllers and node agents alike. Out: created and continued `v1`
//! Events. Invariants: recording never waits and never fails (what does not fit into the queue is dropped, and the log
//! says so); what repeats continues an Event instead of making another; a noisy object is limited; the memory of what was
//! said is bounded. Elsewhere: which of these a happening becomes (`correlator`). Source: the `core/v1` and
//! `events.k8s.io/v1` Event APIs.

mod correlator;

use std::sync::Arc;

use pintle_client::{Client, Params, Patch};
use pintle_object_model::api::core::v1::{Event, ObjectReference};
use pintle_object_model::clock::Clock;
use pintle_object_model::{Resource, Status};
use tokio::sync::mpsc;

use crate::Shutdown;
use correlator::{Correlator, Write};

/// Happenings that may wait to be written; more are dropped.
const WAITING_MAX: usize = 4096;
/// Names that are tried when somebody else took the one that the time gives.
const NAMES_MAX: usize = 8;

/// Who reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Reporter {
    component: String,
    /// Host (`source.host`) or instance of the component; may be empty.
    instance: String,
}

/// One thing that happened.
#[derive(Clone, Debug)]
struct Happening {
    reporter: Arc<Reporter>,
    regarding: ObjectReference,
    type_: &'static str,
    reason: String,
    /// What was done about it; with one, the Event is of the newer form (`eventTime` and a series instead of a count).
    action: &'static str,
    note: String,
}

/// Records events. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EventRecorder {
    reporter: Arc<Reporter>,
    sender: mpsc::Sender<Happening>,
}

impl EventRecorder {
    /// A recorder and the work that must be run for it: it ends when all recorders are gone and everything is written.
    pub fn new(client: Client, clock: Arc<dyn Clock>) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let reporter = Arc::new(Reporter { component: "pintle".into(), instance: String::new() });
        (Self { reporter, sender }, write_all(client, clock, receiver))
    }

    /// Starts the task that writes; it ends with `shutdown`. Must be called within a tokio runtime.
    pub fn start(client: Client, clock: Arc<dyn Clock>, shutdown: Shutdown) -> Self {
        let (recorder, work) = Self::new(client, clock);
        tokio::spawn(async move { shutdown.unless(work).await });
        recorder
    }

    /// The same, naming another source.
    #[must_use]
    pub fn of_component(&self, component: &str) -> Self {
        self.of_instance(component, "")
    }

    /// The same, naming another source and its host or instance.
    #[must_use]
    pub fn of_instance(&self, component: &str, instance: &str) -> Self {
        let reporter = Arc::new(Reporter { component: component.to_owned(), instance: instance.to_owned() });
        Self { reporter, sender: self.sender.clone() }
    }

    /// Something ordinary happened to an object.
    pub fn normal<K: Resource>(&self, about: &K, reason: &str, message: impl Into<String>) {
        self.record(reference(about), false, reason, "", message.into());
    }

    /// Something happened to an object that somebody may have to look after.
    pub fn warning<K: Resource>(&self, about: &K, reason: &str, message: impl Into<String>) {
        self.record(reference(about), true, reason, "", message.into());
    }

    /// Something ordinary happened to a part of an object, named as `fieldPath` does: `spec.containers{web}`.
    pub fn normal_in<K: Resource>(&self, about: &K, field_path: String, reason: &str, message: impl Into<String>) {
        self.record(ObjectReference { field_path, ..reference(about) }, false, reason, "", message.into());
    }

    /// Something happened to a part of an object that somebody may have to look after.
    pub fn warning_in<K: Resource>(&self, about: &K, field_path: String, reason: &str, message: impl Into<String>) {
        self.record(ObjectReference { field_path, ..reference(about) }, true, reason, "", message.into());
    }

    /// Something was done (`action`) about an object: an Event of the newer form, that repeats as a series.
    pub fn acted<K: Resource>(
        &self,
        about: &K,
        warning: bool,
        reason: &str,
        action: &'static str,
        note: impl Into<String>,
    ) {
        self.record(reference(about), warning, reason, action, note.into());
    }

    fn record(&self, regarding: ObjectReference, warning: bool, reason: &str, action: &'static str, note: String) {
        let reporter = Arc::clone(&self.reporter);
        let type_ = if warning { "Warning" } else { "Normal" };
        let happening = Happening { reporter, regarding, type_, reason: reason.to_owned(), action, note };
        if self.sender.try_send(happening).is_err() {
            tracing::debug!(reason, "an event is dropped: too many wait to be written");
        }
    }
}

/// A reference to an object, as events hold it.
pub fn reference<K: Resource>(object: &K) -> ObjectReference {
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

async fn write_all(client: Client, clock: Arc<dyn Clock>, mut receiver: mpsc::Receiver<Happening>) {
    let mut correlator = Correlator::default();
    while let Some(happening) = receiver.recv().await {
        let Some((key, write)) = correlator.decide(happening, clock.now(), clock.utc()) else { continue };
        match send(&client, &mut correlator, write).await {
            Ok(Some(name)) => correlator.named(&key, &name),
            Ok(None) => {}
            Err(status) => {
                correlator.forget(&key);
                tracing::debug!(%status, "an event could not be written");
            }
        }
    }
}

/// Answers the name of the Event if one was made.
async fn send(client: &Client, correlator: &mut Correlator, write: Write) -> Result<Option<String>, Status> {
    let mut event = match write {
        Write::Create(event) => event,
        Write::Continue(event, patch) => {
            let api = client.namespaced::<Event>(&event.metadata.namespace);
            match api.patch(&event.metadata.name, Patch::merge(&patch), Params::default()).await {
                // It has expired: begin anew.
                Err(status) if status.is_not_found() => event,
                other => return other.map(|_| None),
            }
        }
    };
    let api = client.namespaced::<Event>(&event.metadata.namespace);
    for _ in 0..NAMES_MAX {
        match api.create(&event).await {
            // Another component spoke of the object at the same moment, as happens under simulated time.
            Err(status) if status.is_already_exists() => correlator.rename(&mut event),
            other => return other.map(|event| Some(event.metadata.name.clone())),
        }
    }
    Err(Status::internal(format!("no name is free for an event about {:?}", event.involved_object.name)))
}
