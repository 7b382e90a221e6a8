//! Runs many controllers on one set of informers.
//!
//! In: a client and a [`ControllerSet`]. Out: running controllers until shutdown. Invariants: with leader election,
//! controllers run only while this candidate leads, each time on fresh informers; one controller that ends or panics does
//! not end the others.

use std::sync::Arc;
use std::time::Duration;

use ipnet::Ipv4Net;
use pintle_client::Client;
use pintle_object_model::clock::{Clock, Random};
use pintle_watch::{ElectionConfig, LeaderElector, Shutdown};
use tokio::task::JoinSet;

use crate::{Context, ControllerSet, Observer, Runnable};

/// Settings of the built-in controllers.
#[derive(Clone, Debug)]
pub struct ControllerOptions {
    /// Nodes get their pod addresses from here; without it, `node-ipam` does nothing.
    pub pod_cidr: Option<Ipv4Net>,
    /// Length of the prefix that each node gets. Default 24.
    pub node_cidr_prefix: u8,
    /// The authority that signed the API server's certificate (PEM), published to every namespace.
    pub cluster_ca: Option<String>,
    /// How long a node may be silent. Default 40 s.
    pub node_grace: Duration,
    /// Finished pods that are kept, cluster-wide. Default 12,500.
    pub finished_pods_max: usize,
}

impl Default for ControllerOptions {
    fn default() -> Self {
        Self {
            pod_cidr: None,
            node_cidr_prefix: 24,
            cluster_ca: None,
            node_grace: Duration::from_secs(40),
            finished_pods_max: 12_500,
        }
    }
}

type Make = Arc<dyn Fn(&ControllerOptions) -> Box<dyn Runnable> + Send + Sync>;

/// Runs controllers.
pub struct Manager {
    client: Client,
    clock: Arc<dyn Clock>,
    random: Random,
    set: ControllerSet,
    own: Vec<Make>,
    options: ControllerOptions,
    election: Option<ElectionConfig>,
    observer: Observer,
}

impl std::fmt::Debug for Manager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manager").field("set", &self.set).field("options", &self.options).finish_non_exhaustive()
    }
}

impl Manager {
    /// A manager without controllers.
    pub fn new(client: Client, clock: Arc<dyn Clock>, random: Random) -> Self {
        Self {
            client,
            clock,
            random,
            set: ControllerSet::none(),
            own: vec![],
            options: ControllerOptions::default(),
            election: None,
            observer: Observer::default(),
        }
    }

    /// Runs these built-in controllers.
    #[must_use]
    pub fn controllers(mut self, set: ControllerSet) -> Self {
        self.set = set;
        self
    }
    /// Runs a controller of one's own; `make` is called once per start (again after a lost leadership).
    #[must_use]
    pub fn register<R: Runnable>(mut self, make: impl Fn() -> R + Send + Sync + 'static) -> Self {
        self.own.push(Arc::new(move |_| Box::new(make())));
        self
    }
    /// Settings of the built-in controllers.
    #[must_use]
    pub fn options(mut self, options: ControllerOptions) -> Self {
        self.options = options;
        self
    }
    /// Nodes get their pod addresses from here.
    #[must_use]
    pub fn pod_cidr(mut self, range: Ipv4Net) -> Self {
        self.options.pod_cidr = Some(range);
        self
    }
    /// The authority (PEM) that is published to every namespace.
    #[must_use]
    pub fn cluster_ca(mut self, pem: impl Into<String>) -> Self {
        self.options.cluster_ca = Some(pem.into());
        self
    }
    /// Runs controllers only while leading.
    #[must_use]
    pub fn leader_election(mut self, election: ElectionConfig) -> Self {
        self.election = Some(election);
        self
    }
    /// Tells this observer.
    #[must_use]
    pub fn observer(mut self, observer: Observer) -> Self {
        self.observer = observer;
        self
    }

    /// Runs until shutdown.
    pub async fn run(self, shutdown: Shutdown) {
        let Some(election) = self.election.clone() else { return self.run_all(shutdown).await };
        let elector = LeaderElector::new(self.client.clone(), Arc::clone(&self.clock), self.random.clone(), election);
        while !shutdown.is_fired() {
            elector.lead(&shutdown, |signal| self.run_all(signal)).await;
        }
    }

    async fn run_all(&self, shutdown: Shutdown) {
        let ctx = Context::new(self.client.clone(), Arc::clone(&self.clock), self.random.clone(), shutdown)
            .with_observer(self.observer.clone());
        let mut running = JoinSet::new();
        let own = self.own.iter().map(|make| make(&self.options));
        for controller in self.set.make(&self.options).into_iter().chain(own) {
            running.spawn(controller.run(ctx.clone()));
        }
        while let Some(ended) = running.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a controller ended unexpectedly");
            }
        }
        ctx.shutdown.wait().await;
    }
}
