//! An API server in process with a scheduler on it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pintle_apiserver::{ApiServer, ApiServerConfig};
use pintle_client::{Client, Identity, Params};
use pintle_object_model::api::core::v1::{
    Affinity, Container, Event, Node, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod,
    ServiceAccount,
};
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::{MicroTime, Resource};
use pintle_scheduler::{Scheduler, SchedulerBuilder, SchedulerEvent};
use pintle_store::{MemoryConfig, MemoryStore};
use pintle_watch::{Shutdown, ShutdownTrigger};
use tokio::task::JoinHandle;

/// Time as tokio tells it, so that pausing it pauses everything.
#[derive(Debug)]
pub(crate) struct TokioClock {
    start: tokio::time::Instant,
}

impl Clock for TokioClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }
    fn utc(&self) -> MicroTime {
        MicroTime::from_unix_micros(1_700_000_000_000_000).after(self.now())
    }
}

pub(crate) struct World {
    server: ApiServer,
    clock: Arc<dyn Clock>,
    configure: Arc<dyn Fn(SchedulerBuilder) -> SchedulerBuilder + Send + Sync>,
    running: Option<(JoinHandle<()>, ShutdownTrigger)>,
    pub(crate) events: Arc<Mutex<Vec<SchedulerEvent>>>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with(configure: impl Fn(SchedulerBuilder) -> SchedulerBuilder + Send + Sync + 'static) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(TokioClock { start: tokio::time::Instant::now() });
        // These nodes have no agent that would ever call them ready, nor a controller that would take the taint away.
        let config = ApiServerConfig {
            clock: Arc::clone(&clock),
            random: Random::seeded(1),
            disabled_admission: vec!["TaintNodesByCondition".into()],
            ..ApiServerConfig::default()
        };
        let store = Arc::new(MemoryStore::new(MemoryConfig::default(), Arc::clone(&clock)));
        let server = ApiServer::start(store, config).await.unwrap();
        let mut world = Self { server, clock, configure: Arc::new(configure), running: None, events: Arc::default() };
        let mut account = ServiceAccount::default();
        account.metadata.name = "default".into();
        account.metadata.namespace = "default".into();
        world.create(&account).await;
        world.restart();
        world
    }

    pub(crate) fn client(&self) -> Client {
        self.server.client().with_identity(Identity::master("test"))
    }

    pub(crate) fn restart(&mut self) {
        let events = Arc::clone(&self.events);
        let observer = Arc::new(move |event: &SchedulerEvent| events.lock().unwrap().push(event.clone()));
        let builder = Scheduler::builder(self.client(), Arc::clone(&self.clock), Random::seeded(7)).observer(observer);
        let scheduler = (self.configure)(builder).build().unwrap();
        let (trigger, shutdown) = Shutdown::channel();
        self.running = Some((tokio::spawn(scheduler.run(shutdown)), trigger));
    }

    /// Stops the scheduler at once, as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some((task, _)) = self.running.take() {
            task.abort();
        }
    }

    pub(crate) async fn stop(mut self) {
        if let Some((task, trigger)) = self.running.take() {
            trigger.fire();
            tokio::time::timeout(Duration::from_secs(60), task).await.expect("stops in time").unwrap();
        }
        self.server.stop();
    }

    pub(crate) async fn create<K: Resource>(&self, object: &K) -> Arc<K> {
        let namespace = &object.metadata().namespace;
        let made = self.client().namespaced::<K>(namespace).create(object).await;
        made.unwrap_or_else(|status| panic!("{}: {status}", object.metadata().name))
    }

    pub(crate) async fn get(&self, name: &str) -> Arc<Pod> {
        self.client().namespaced::<Pod>("default").get(name).await.unwrap()
    }

    pub(crate) async fn pods(&self) -> Vec<Arc<Pod>> {
        self.client().namespaced::<Pod>("default").list(Params::default()).await.unwrap().items
    }

    /// Waits (in virtual time) until the pod is as wanted.
    pub(crate) async fn pod(&self, name: &str, wanted: impl Fn(&Pod) -> bool) -> Arc<Pod> {
        for _ in 0..10_000 {
            let pod = self.client().namespaced::<Pod>("default").get_opt(name).await.unwrap();
            if let Some(pod) = pod.filter(|pod| wanted(pod)) {
                return pod;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{name} did not become as wanted: {:#?}", self.get(name).await.status);
    }

    pub(crate) async fn until(&self, wanted: impl Fn(&[Arc<Pod>]) -> bool) {
        for _ in 0..10_000 {
            if wanted(&self.pods().await) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the pods did not become as wanted");
    }

    /// Waits for an Event about a pod and answers its note.
    pub(crate) async fn event(&self, pod: &str, reason: &str) -> String {
        for _ in 0..1000 {
            let events = self.client().namespaced::<Event>("default").list(Params::default()).await.unwrap();
            let about = |event: &&Arc<Event>| event.reason == reason && event.involved_object.name == pod;
            if let Some(event) = events.items.iter().find(about) {
                return event.message.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no event {reason} about {pod}");
    }
}

/// The message of an unschedulable pod.
pub(crate) fn message(pod: &Pod) -> Option<String> {
    let condition = pod.status.conditions.iter().find(|condition| condition.type_ == "PodScheduled")?;
    (condition.status == "False" && condition.reason == "Unschedulable").then(|| condition.message.clone())
}

pub(crate) fn container(cpu: &str) -> Container {
    let mut container = Container { name: "c".into(), image: "image".into(), ..Container::default() };
    container.resources.requests.insert("cpu".into(), cpu.parse().unwrap());
    container
}

pub(crate) fn pod(name: &str, cpu: &str) -> Pod {
    let mut pod = Pod::default();
    pod.metadata.name = name.into();
    pod.metadata.namespace = "default".into();
    pod.spec.containers = vec![container(cpu)];
    pod
}

pub(crate) fn node(name: &str, cpu: &str) -> Node {
    let mut node = Node::default();
    node.metadata.name = name.into();
    for (resource, amount) in [("cpu", cpu), ("memory", "16Gi"), ("pods", "110")] {
        node.status.capacity.insert(resource.into(), amount.parse().unwrap());
        node.status.allocatable.insert(resource.into(), amount.parse().unwrap());
    }
    node
}

pub(crate) fn affinity_to_label(key: &str, value: &str) -> Box<Affinity> {
    let requirement =
        NodeSelectorRequirement { key: key.into(), operator: "In".into(), values: vec![value.to_owned()] };
    let term = NodeSelectorTerm { match_expressions: vec![requirement], ..NodeSelectorTerm::default() };
    Box::new(Affinity {
        node_affinity: Some(Box::new(NodeAffinity {
            required_during_scheduling_ignored_during_execution: Some(Box::new(NodeSelector {
                node_selector_terms: vec![term],
            })),
            ..NodeAffinity::default()
        })),
        ..Affinity::default()
    })
}
