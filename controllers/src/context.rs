//! What a reconciler works with.

use std::sync::Arc;

use pintle_client::{Api, Client};
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::{Resource, Time};
use pintle_watch::{Informer, Informers, Shutdown};

use crate::{EventRecorder, Observer};

/// What a reconciler works with. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    pub(crate) client: Client,
    pub(crate) informers: Informers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Random,
    pub(crate) events: EventRecorder,
    pub(crate) observer: Observer,
    pub(crate) shutdown: Shutdown,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Context {
    /// A context for controllers that are run without a [`Manager`](crate::Manager).
    /// Must be called within a tokio runtime: it starts the task that writes events.
    pub fn new(client: Client, clock: Arc<dyn Clock>, random: Random, shutdown: Shutdown) -> Self {
        let informers = Informers::new(client.clone(), random.clone(), shutdown.clone());
        let events = EventRecorder::start(client.clone(), Arc::clone(&clock), shutdown.clone());
        Self { client, informers, clock, random, events, observer: Observer::default(), shutdown }
    }

    /// The same, telling an observer.
    #[must_use]
    pub fn with_observer(mut self, observer: Observer) -> Self {
        self.observer = observer;
        self
    }

    /// The API.
    pub fn client(&self) -> &Client {
        &self.client
    }
    /// The objects of a kind in one namespace (or cluster-scoped, or all, if it is empty).
    pub fn api<K: Resource>(&self, namespace: &str) -> Api<K> {
        self.client.namespaced(namespace)
    }
    /// The shared informers.
    pub fn informers(&self) -> &Informers {
        &self.informers
    }
    /// The local copy of a kind.
    pub fn cached<K: Resource>(&self) -> Informer<K> {
        self.informers.of()
    }
    /// Where time comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
    /// Calendar time in whole seconds.
    pub fn now(&self) -> Time {
        self.clock.utc().to_time()
    }
    /// Where chance comes from.
    pub fn random(&self) -> &Random {
        &self.random
    }
    /// Writes `Event` objects.
    pub fn events(&self) -> &EventRecorder {
        &self.events
    }
    /// Fires when the controllers are to stop.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }
}
