//! What a reconciler works with.

use std::sync::Arc;

use pintle_client::Client;
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::{Resource, Time};
use pintle_watch::{Informer, Informers, Shutdown};

use crate::EventRecorder;

/// What a reconciler works with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Context {
    client: Client,
    informers: Informers,
    clock: Arc<dyn Clock>,
    random: Random,
    recorder: EventRecorder,
    shutdown: Shutdown,
}

impl Context {
    /// A context whose informers and events live until `shutdown`.
    pub fn new(client: Client, clock: Arc<dyn Clock>, random: Random, component: &str, shutdown: Shutdown) -> Self {
        let informers = Informers::new(client.clone(), random.clone(), shutdown.clone());
        let recorder = EventRecorder::start(client.clone(), Arc::clone(&clock), random.clone(), component, &shutdown);
        Self { client, informers, clock, random, recorder, shutdown }
    }

    /// The same, with another name for events.
    #[must_use]
    pub fn named(&self, component: &str) -> Self {
        Self { recorder: self.recorder.named(component), ..self.clone() }
    }

    /// Writes go through this.
    pub fn client(&self) -> &Client {
        &self.client
    }
    /// All informers that are shared.
    pub fn informers(&self) -> &Informers {
        &self.informers
    }
    /// Reads come from here: the shared informer of a kind.
    pub fn informer<K: Resource>(&self) -> Informer<K> {
        self.informers.of()
    }
    /// Time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
    /// Calendar time in whole seconds, as the API stamps it.
    pub fn now(&self) -> Time {
        self.clock.utc().to_time()
    }
    /// Chance.
    pub fn random(&self) -> &Random {
        &self.random
    }
    /// Tells people what happened to an object.
    pub fn events(&self) -> &EventRecorder {
        &self.recorder
    }
    /// Fires when everything should stop.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }
}
