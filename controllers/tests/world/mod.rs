//! A world for controller tests: an API server on the memory store, controllers, and a kubelet that only pretends.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of the world")]

use std::sync::Arc;

use pintle_apiserver::{ApiServer, ApiServerConfig};
use pintle_client::{Api, Client, Identity};
use pintle_controllers::{ControllerOptions, ControllerSet, Manager};
use pintle_object_model::api::apps::v1::Deployment;
use pintle_object_model::api::core::v1::{Binding, Container, Pod, PodCondition, PodIP};
use pintle_object_model::api::meta::v1::{DeleteOptions, LabelSelector, Preconditions};
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::{MicroTime, Resource};
use pintle_store::{MemoryConfig, MemoryStore};
use pintle_watch::{Delta, Informer, InformerConfig, Shutdown, ShutdownTrigger};
use tokio::sync::mpsc;

/// A clock that follows tokio's (paused) time.
#[derive(Debug)]
struct TokioClock(tokio::time::Instant);

impl Clock for TokioClock {
    fn now(&self) -> std::time::Duration {
        self.0.elapsed()
    }
    fn utc(&self) -> MicroTime {
        MicroTime::from_unix_micros(1_800_000_000_000_000).after(self.now())
    }
}

pub struct World {
    pub server: ApiServer,
    pub client: Client,
    pub clock: Arc<dyn Clock>,
    pub random: Random,
    shutdown: ShutdownTrigger,
    controllers: Option<(ShutdownTrigger, tokio::task::JoinHandle<()>)>,
}

impl World {
    pub async fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(TokioClock(tokio::time::Instant::now()));
        let random = Random::seeded(1);
        let store = Arc::new(MemoryStore::new(MemoryConfig::default(), Arc::clone(&clock)));
        let config = ApiServerConfig {
            clock: Arc::clone(&clock),
            random: random.clone(),
            disabled_admission: vec!["ServiceAccount".into()],
            ..ApiServerConfig::default()
        };
        let server = ApiServer::start(store, config).await.unwrap();
        let client = server.client().with_identity(Identity::master("admin"));
        let (shutdown, _) = Shutdown::channel();
        Self { server, client, clock, random, shutdown, controllers: None }
    }

    /// Starts these controllers.
    pub fn start(&mut self, names: &str) {
        self.start_with(names, ControllerOptions::default());
    }

    pub fn start_with(&mut self, names: &str, options: ControllerOptions) {
        let (trigger, signal) = Shutdown::channel();
        let manager = Manager::new(self.client.clone(), Arc::clone(&self.clock), self.random.clone())
            .controllers(ControllerSet::parse(names).unwrap())
            .options(options);
        self.controllers = Some((trigger, tokio::spawn(manager.run(signal))));
    }

    /// Stops the controllers as a crash would: whatever they are doing is dropped.
    pub fn crash(&mut self) {
        let (_, task) = self.controllers.take().unwrap();
        task.abort();
    }

    /// Stops the controllers in good order.
    pub async fn stop(&mut self) {
        let (trigger, task) = self.controllers.take().unwrap();
        trigger.fire();
        task.await.unwrap();
    }

    pub fn api<K: Resource>(&self) -> Api<K> {
        self.client.namespaced("default")
    }

    pub fn informer<K: Resource>(&self) -> Informer<K> {
        Informer::start(&self.client, "", InformerConfig::new(self.random.clone()), self.shutdown.signal())
    }

    /// Starts a kubelet for pods of all nodes: it assigns those without a node, makes them ready unless their image is
    /// `broken`, and lets go of those that are deleted.
    pub fn kubelet(&self) {
        let (sender, mut receiver) = mpsc::unbounded_channel::<Arc<Pod>>();
        let informer = self.informer::<Pod>();
        informer.add_handler(move |delta| {
            if !matches!(delta, Delta::Deleted { .. }) {
                let _ = sender.send(Arc::clone(delta.object()));
            }
        });
        let client = self.client.clone();
        tokio::spawn(async move {
            let _keep = informer;
            let mut ips = 0_u32;
            while let Some(pod) = receiver.recv().await {
                ips += 1;
                act(&client, &pod, ips).await;
            }
        });
    }
}

async fn act(client: &Client, pod: &Pod, number: u32) {
    let api = client.namespaced::<Pod>(&pod.metadata.namespace);
    if pod.metadata.deletion_timestamp.is_some() {
        // Another pod may have the name by now.
        let preconditions =
            Some(Box::new(Preconditions { uid: Some(pod.metadata.uid.clone()), resource_version: None }));
        let options = DeleteOptions { grace_period_seconds: Some(0), preconditions, ..DeleteOptions::default() };
        let _ = api.delete(&pod.metadata.name, options).await;
    } else if pod.spec.node_name.is_empty() {
        let mut binding = Binding::default();
        binding.metadata.name.clone_from(&pod.metadata.name);
        binding.target.kind = "Node".into();
        // A DaemonSet's pod names its node; all others go to the first.
        let affinity = pod.spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
        let terms = affinity.and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_ref());
        let named = terms.and_then(|terms| terms.node_selector_terms[0].match_fields.first());
        binding.target.name = named.map_or_else(|| "node-1".into(), |one| one.values[0].clone());
        let _ = api.create_subresource(&pod.metadata.name, "binding", &binding).await;
    } else if let Some(phase) = ends_as(pod).filter(|_| !matches!(pod.status.phase.as_str(), "Succeeded" | "Failed")) {
        let mut ended = pod.clone();
        ended.status.phase = phase.into();
        let _ = api.replace_status(&ended).await;
    } else if ends_as(pod).is_none() && pod.status.phase != "Running" && pod.spec.containers[0].image != "broken" {
        let mut running = pod.clone();
        running.status.phase = "Running".into();
        running.status.pod_ip = format!("10.0.{}.{}", number / 250, number % 250 + 1);
        running.status.pod_ips = vec![PodIP { ip: running.status.pod_ip.clone() }];
        set_ready(&mut running, true);
        let _ = api.replace_status(&running).await;
    }
}

/// Pods of these images end at once.
fn ends_as(pod: &Pod) -> Option<&'static str> {
    match pod.spec.containers[0].image.as_str() {
        "succeeds" => Some("Succeeded"),
        "fails" => Some("Failed"),
        _ => None,
    }
}

pub fn set_ready(pod: &mut Pod, ready: bool) {
    let status = if ready { "True" } else { "False" };
    pod.status.conditions.retain(|condition| condition.type_ != "Ready");
    pod.status.conditions.push(PodCondition {
        type_: "Ready".into(),
        status: status.into(),
        last_transition_time: Some(pintle_object_model::Time::from_unix(1_800_000_000)),
        ..PodCondition::default()
    });
}

pub fn selector(app: &str) -> Option<Box<LabelSelector>> {
    let mut selector = LabelSelector::default();
    selector.match_labels.insert("app".into(), app.into());
    Some(Box::new(selector))
}

pub fn template(app: &str, image: &str) -> pintle_object_model::api::core::v1::PodTemplateSpec {
    let mut template = pintle_object_model::api::core::v1::PodTemplateSpec::default();
    template.metadata.labels.insert("app".into(), app.into());
    template.spec.containers = vec![Container { name: "main".into(), image: image.into(), ..Container::default() }];
    template
}

pub fn deployment(name: &str, replicas: i32) -> Deployment {
    let mut deployment = Deployment::default();
    deployment.metadata.name = name.into();
    deployment.metadata.namespace = "default".into();
    deployment.spec.replicas = Some(replicas);
    deployment.spec.selector = selector(name);
    deployment.spec.template = template(name, "one");
    deployment
}

/// Waits until the condition holds of an object.
pub async fn until<K: Resource>(informer: &Informer<K>, name: &str, holds: impl Fn(&K) -> bool) -> Arc<K> {
    let wait = informer.wait_for(|informer| {
        informer.list().into_iter().find(|object| object.metadata().name == name).filter(|object| holds(object))
    });
    match tokio::time::timeout(std::time::Duration::from_secs(3600), wait).await {
        Ok(found) => found,
        Err(_) => panic!(
            "{name} never became as wanted; there are {:#?}",
            informer
                .list()
                .iter()
                .map(|k| pintle_object_model::Object::new((**k).clone()).to_value())
                .collect::<Vec<_>>()
        ),
    }
}

/// Waits until the condition holds of all objects.
pub async fn until_all<K: Resource>(informer: &Informer<K>, holds: impl Fn(&[Arc<K>]) -> bool) -> Vec<Arc<K>> {
    let wait = informer.wait_for(|informer| Some(informer.list()).filter(|all| informer.is_synced() && holds(all)));
    match tokio::time::timeout(std::time::Duration::from_secs(3600), wait).await {
        Ok(found) => found,
        Err(_) => panic!(
            "never became as wanted; there are {:?}",
            informer.list().iter().map(|one| one.metadata().name.clone()).collect::<Vec<_>>()
        ),
    }
}
