//! Many controllers over one set of informers.

use std::sync::Arc;

use pintle_client::Client;
use pintle_object_model::ObjectRef;
use pintle_object_model::clock::{Clock, Random};
use pintle_watch::{ElectionConfig, LeaderElector, Shutdown};
use tokio::task::JoinSet;

use crate::{Context, Controller};

/// What happened in a controller.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControllerEvent {
    /// A reconciliation went well.
    Reconciled {
        /// The controller.
        controller: &'static str,
        /// The object.
        key: ObjectRef,
    },
    /// A reconciliation failed and is tried again.
    Failed {
        /// The controller.
        controller: &'static str,
        /// The object.
        key: ObjectRef,
        /// Why.
        error: String,
    },
}

/// Told of everything that happens in controllers. Must not block.
pub trait Observer: Send + Sync + 'static {
    /// Takes note.
    fn observe(&self, event: &ControllerEvent);
}

impl<F: Fn(&ControllerEvent) + Send + Sync + 'static> Observer for F {
    fn observe(&self, event: &ControllerEvent) {
        self(event);
    }
}

/// Runs controllers.
pub struct Manager {
    client: Client,
    clock: Arc<dyn Clock>,
    random: Random,
    controllers: Vec<Controller>,
    election: Option<ElectionConfig>,
    observer: Arc<dyn Observer>,
}

impl std::fmt::Debug for Manager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manager").field("controllers", &self.controllers).finish_non_exhaustive()
    }
}

impl Manager {
    /// A manager without controllers.
    pub fn new(client: Client, clock: Arc<dyn Clock>, random: Random) -> Self {
        let observer: Arc<dyn Observer> = Arc::new(|_: &ControllerEvent| {});
        Self { client, clock, random, controllers: vec![], election: None, observer }
    }

    /// Adds a controller.
    #[must_use]
    pub fn controller(mut self, controller: Controller) -> Self {
        self.controllers.push(controller);
        self
    }

    /// Adds controllers.
    #[must_use]
    pub fn controllers(mut self, controllers: impl IntoIterator<Item = Controller>) -> Self {
        self.controllers.extend(controllers);
        self
    }

    /// Works only while leading.
    #[must_use]
    pub fn leader_election(mut self, election: ElectionConfig) -> Self {
        self.election = Some(election);
        self
    }

    /// Tells somebody of everything that happens.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Works until `shutdown`, or until leadership is lost.
    pub async fn run(self, shutdown: Shutdown) {
        match self.election.clone() {
            None => self.work(shutdown).await,
            Some(election) => {
                let elector =
                    LeaderElector::new(self.client.clone(), Arc::clone(&self.clock), self.random.clone(), election);
                elector.lead(&shutdown, |signal| self.work(signal)).await;
            }
        }
    }

    async fn work(self, shutdown: Shutdown) {
        let context = Context::new(self.client, self.clock, self.random, "pintle-controllers", shutdown);
        let mut tasks = JoinSet::new();
        for controller in self.controllers {
            tasks.spawn(controller.run(context.clone(), Arc::clone(&self.observer)));
        }
        while tasks.join_next().await.is_some() {}
    }
}
