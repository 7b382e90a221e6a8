//! A cluster of one API server in memory and node agents with simulated runtimes, under tokio's (paused) time.

use std::sync::Arc;
use std::time::Duration;

use pintle_apiserver::{ApiServer, ApiServerConfig};
use pintle_client::{Client, Identity};
use pintle_object_model::MicroTime;
use pintle_object_model::api::core::v1::{Container, Event, Namespace, Pod, ServiceAccount};
use pintle_object_model::clock::{Clock, Random};
use pintle_runtime::{
    NodeAgent, NodeAgentBuilder, SimulatedConfig, SimulatedImages, SimulatedRuntime, SimulatedVolumes,
};
use pintle_store::{MemoryConfig, MemoryStore};
use pintle_watch::{Shutdown, ShutdownTrigger};

/// Tokio's time, which tests may pause.
#[derive(Debug)]
pub(crate) struct TokioClock(tokio::time::Instant);

impl TokioClock {
    pub(crate) fn shared() -> Arc<dyn Clock> {
        Arc::new(Self(tokio::time::Instant::now()))
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
    fn utc(&self) -> MicroTime {
        MicroTime::from_unix_micros(1_800_000_000_000_000 + i64::try_from(self.now().as_micros()).unwrap())
    }
}

pub(crate) struct World {
    /// Dropping it stops the server.
    _api: ApiServer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) client: Client,
    pub(crate) runtime: SimulatedRuntime,
    pub(crate) images: Arc<SimulatedImages>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let clock = TokioClock::shared();
        let store = Arc::new(MemoryStore::new(MemoryConfig::default(), Arc::clone(&clock)));
        let config =
            ApiServerConfig { clock: Arc::clone(&clock), random: Random::seeded(1), ..ApiServerConfig::default() };
        let api = ApiServer::start(store, config).await.unwrap();
        let client = api.client().with_identity(Identity::master("tester"));
        for name in ["kube-node-lease", "shop"] {
            let mut namespace = Namespace::default();
            namespace.metadata.name = name.into();
            match client.all::<Namespace>().create(&namespace).await {
                Err(status) if !status.is_already_exists() => panic!("{status}"),
                _ => {}
            }
        }
        let mut account = ServiceAccount::default();
        account.metadata.name = "default".into();
        client.namespaced::<ServiceAccount>("shop").create(&account).await.unwrap();
        let runtime = SimulatedRuntime::new(Arc::clone(&clock), SimulatedConfig::default());
        Self { _api: api, clock, client, runtime, images: Arc::new(SimulatedImages::new()) }
    }

    /// An agent for node `n1` with everything simulated.
    pub(crate) fn builder(&self) -> NodeAgentBuilder {
        let client = self.client.clone().with_user_agent("kubelet");
        NodeAgent::builder(client, Arc::clone(&self.clock), Random::seeded(2), "n1")
            .runtime(Arc::new(self.runtime.clone()))
            .prober(Arc::new(self.runtime.clone()))
            .images(Arc::clone(&self.images) as _)
    }

    pub(crate) fn start(&self) -> Running {
        self.run(self.builder().volume_driver(Arc::new(SimulatedVolumes)))
    }

    pub(crate) fn run(&self, builder: NodeAgentBuilder) -> Running {
        let (trigger, shutdown) = Shutdown::channel();
        let agent = builder.build(shutdown).unwrap();
        let task = tokio::spawn(agent.clone().run());
        Running { agent, trigger, task }
    }

    pub(crate) async fn create(&self, pod: &Pod) -> Arc<Pod> {
        self.client.namespaced::<Pod>("shop").create(pod).await.unwrap()
    }

    pub(crate) async fn get(&self, name: &str) -> Option<Arc<Pod>> {
        self.client.namespaced::<Pod>("shop").get_opt(name).await.unwrap()
    }

    /// Waits, at most ten minutes of tokio's time, until the pod is as wanted.
    pub(crate) async fn until(&self, name: &str, what: &str, wanted: impl Fn(&Pod) -> bool) -> Arc<Pod> {
        for _ in 0..6000 {
            if let Some(pod) = self.get(name).await
                && wanted(&pod)
            {
                return pod;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let pod = self.get(name).await;
        panic!("pod {name} was never {what}: {:#?}", pod.map(|pod| pod.status.clone()));
    }

    pub(crate) async fn until_running(&self, name: &str) -> Arc<Pod> {
        self.until(name, "ready", |pod| condition(pod, "Ready") == "True").await
    }

    pub(crate) async fn until_gone(&self, name: &str) {
        for _ in 0..6000 {
            if self.get(name).await.is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("pod {name} never went: {:#?}", self.get(name).await.map(|pod| pod.status.clone()));
    }

    /// Reasons and messages of a pod's events, ordered by name.
    pub(crate) async fn events(&self, name: &str) -> Vec<(String, String)> {
        let events = self.client.namespaced::<Event>("shop").list(Default::default()).await.unwrap();
        let of_pod = events.items.iter().filter(|event| event.involved_object.name == name);
        of_pod.map(|event| (event.reason.clone(), event.message.clone())).collect()
    }
}

pub(crate) struct Running {
    pub(crate) agent: NodeAgent,
    trigger: ShutdownTrigger,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.trigger.fire();
        self.task.await.unwrap();
    }
}

pub(crate) fn condition(pod: &Pod, type_: &str) -> String {
    let found = pod.status.conditions.iter().find(|condition| condition.type_ == type_);
    found.map(|condition| condition.status.clone()).unwrap_or_default()
}

/// A pod on node `n1` with one container `main`.
pub(crate) fn pod(name: &str) -> Pod {
    let mut pod = Pod::default();
    pod.metadata.name = name.into();
    pod.metadata.namespace = "shop".into();
    pod.spec.node_name = "n1".into();
    pod.spec.containers.push(container("main"));
    pod
}

pub(crate) fn container(name: &str) -> Container {
    Container { name: name.into(), image: "app:1".into(), ..Container::default() }
}

pub(crate) fn annotate(pod: &mut Pod, key: &str, value: &str) {
    pod.metadata.annotations.insert(format!("simulation.pintle.dev/{key}"), value.into());
}
