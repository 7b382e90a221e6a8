//! The node agent: makes the pods that are bound to its node real, and tells the API how they are.
//!
//! In: pods by `spec.nodeName`, Services, the runtime's events. Out: calls of [`ContainerRuntime`], [`ImageStore`] and
//! [`VolumeDriver`]; status of node and pods, a Lease, events. Invariants: the runtime and the API hold all that matters,
//! so an agent that is started anew goes on where the last one stopped, and stopping an agent ends no pod. Elsewhere:
//! serving logs and exec ([`NodeServer`](crate::NodeServer)), scheduling, Services.
//!
//! Source: Kubernetes concepts, "Nodes", "Pod Lifecycle"; the kubelet reference.

mod actions;
mod builder;
mod container;
mod dns;
mod environment;
pub(crate) mod fields;
mod images;
mod machine;
mod node;
mod part;
mod paths;
mod pod;
mod probing;
mod status;
mod worker;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use pintle_client::Client;
use pintle_object_model::api::core::v1::{Pod, Service};
use pintle_object_model::clock::{Clock, Random};
use pintle_watch::{Delta, EventRecorder, Informer, InformerConfig, Shutdown};
use tokio::sync::{Notify, watch};
use tracing::{debug, info, warn};

pub(crate) use builder::AgentConfig;
pub use builder::NodeAgentBuilder;
pub(crate) use container::SIMULATION_PREFIX;
pub use machine::{machine_capacity, machine_info};
pub(crate) use node::{NodeFacts, lease_of, node_of};

/// The life of pods without an agent around it, for simulations.
pub(crate) mod life {
    pub(crate) use super::container::labels;
    pub(crate) use super::part::{Part, parts};
    pub(crate) use super::pod::{Action, End, Failure, FailureKind, PodMachine, ProbeKind, View};
    pub(crate) use super::status::{StatusContext, compute};
}

use crate::probe::Prober;
use crate::{ContainerRuntime, ImageStore, RuntimeEvent, SandboxId, VolumeDriver};
use paths::Paths;
use worker::{PodInput, Worker};

/// How container ids begin in a pod's status.
pub(crate) const CONTAINER_ID_SCHEME: &str = "pintle://";

/// What all parts of an agent share.
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Random,
    pub(crate) config: AgentConfig,
    pub(crate) paths: Paths,
    pub(crate) runtime: Arc<dyn ContainerRuntime>,
    pub(crate) images: Arc<dyn ImageStore>,
    pub(crate) volumes: Vec<Arc<dyn VolumeDriver>>,
    pub(crate) prober: Arc<dyn Prober>,
    pub(crate) services: Informer<Service>,
    pub(crate) pods: Informer<Pod>,
    pub(crate) events: EventRecorder,
    /// The pod's UID behind each sandbox, so that the runtime's events find their worker.
    sandboxes: Mutex<HashMap<SandboxId, String>>,
    workers: Mutex<BTreeMap<String, Handle>>,
}

#[derive(Clone)]
struct Handle {
    input: watch::Sender<PodInput>,
    nudge: Arc<Notify>,
}

impl Shared {
    pub(crate) fn note_sandbox(&self, id: &SandboxId, uid: &str) {
        self.sandboxes().insert(id.clone(), uid.to_owned());
    }

    pub(crate) fn forget_sandbox(&self, id: &SandboxId) {
        self.sandboxes().remove(id);
    }

    fn sandboxes(&self) -> MutexGuard<'_, HashMap<SandboxId, String>> {
        self.sandboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn workers(&self) -> MutexGuard<'_, BTreeMap<String, Handle>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the worker of the pod that a sandbox belongs to; all if it is not known.
    fn nudge(&self, sandbox: Option<&SandboxId>) {
        let uid = sandbox.and_then(|id| self.sandboxes().get(id).cloned());
        let workers = self.workers();
        match uid.as_deref().map(|uid| workers.get(uid)) {
            Some(Some(worker)) => worker.nudge.notify_one(),
            // A sandbox whose pod has no worker (any more) concerns nobody.
            Some(None) => {}
            None => workers.values().for_each(|worker| worker.nudge.notify_one()),
        }
    }
}

/// A node agent: made by [`NodeAgent::builder`], driven by [`run`](NodeAgent::run).
#[derive(Clone)]
pub struct NodeAgent {
    shared: Arc<Shared>,
    shutdown: Shutdown,
}

impl std::fmt::Debug for NodeAgent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeAgent").field("node", &self.shared.config.node_name).finish_non_exhaustive()
    }
}

impl NodeAgent {
    /// Collects what an agent is made of. The client's identity is usually `system:node:<name>` in `system:nodes`.
    pub fn builder(client: Client, clock: Arc<dyn Clock>, random: Random, node_name: &str) -> NodeAgentBuilder {
        NodeAgentBuilder::new(client, clock, random, node_name)
    }

    fn start(builder: NodeAgentBuilder, shutdown: Shutdown) -> Self {
        let parts = builder.into_parts();
        let (client, random) = (parts.client.clone(), parts.random.clone());
        let fields = format!("spec.nodeName={}", parts.config.node_name);
        let of_node = InformerConfig::new(random.clone()).fields(&fields);
        let pods = Informer::<Pod>::start(&client, "", of_node, shutdown.clone());
        let services = parts.services.unwrap_or_else(|| {
            Informer::<Service>::start(&client, "", InformerConfig::new(random.clone()), shutdown.clone())
        });
        let events = EventRecorder::start(client.clone(), Arc::clone(&parts.clock), shutdown.clone())
            .of_instance("kubelet", &parts.config.node_name);
        let shared = Shared {
            client,
            clock: parts.clock,
            random,
            paths: Paths { data: parts.config.data_dir.clone() },
            config: parts.config,
            runtime: parts.runtime,
            images: parts.images,
            volumes: parts.volumes,
            prober: parts.prober,
            services,
            pods,
            events,
            sandboxes: Mutex::default(),
            workers: Mutex::default(),
        };
        Self { shared: Arc::new(shared), shutdown }
    }

    /// The server of this node's API: logs, exec and the like.
    pub fn server(&self) -> crate::NodeServer {
        crate::NodeServer::new(Arc::clone(&self.shared), self.shutdown.clone())
    }

    /// Registers the node, keeps its Lease and status, and runs its pods until the shutdown given to
    /// [`NodeAgentBuilder::build`] fires. Pods keep running then.
    pub async fn run(self) {
        let shared = Arc::clone(&self.shared);
        let heart = node::Heart::new(Arc::clone(&shared));
        tokio::spawn(heart.beat(self.shutdown.clone()));
        let Some(()) = self.shutdown.unless(shared.pods.synced()).await else { return };
        let events = shared.runtime.events();
        self.adopt().await;
        let (handler, shutdown) = (Arc::clone(&shared), self.shutdown.clone());
        shared.pods.add_handler(move |delta| dispatch(&handler, delta, &shutdown));
        info!(node = shared.config.node_name, "the node agent runs");
        self.shutdown.unless(self.follow(events)).await;
    }

    /// Finds what an earlier agent left, and removes what belongs to no pod any more.
    async fn adopt(&self) {
        let sandboxes = match self.shared.runtime.sandboxes().await {
            Ok(sandboxes) => sandboxes,
            Err(error) => {
                warn!(%error, "the runtime's sandboxes cannot be listed");
                return;
            }
        };
        let pods = self.shared.pods.list();
        for sandbox in sandboxes {
            let uid = &sandbox.identity.uid;
            self.shared.note_sandbox(&sandbox.id, uid);
            if pods.iter().any(|pod| pod.metadata.uid == *uid) {
                continue;
            }
            info!(sandbox = %sandbox.id, pod = sandbox.identity.pod, "removing the remains of a pod that is gone");
            let shared = Arc::clone(&self.shared);
            tokio::spawn(async move { remove_orphan(&shared, &sandbox).await });
        }
    }

    async fn follow(&self, mut events: futures::stream::BoxStream<'static, RuntimeEvent>) {
        loop {
            match events.next().await {
                Some(
                    RuntimeEvent::ContainerStarted { sandbox, .. } | RuntimeEvent::ContainerExited { sandbox, .. },
                ) => {
                    self.shared.nudge(Some(&sandbox));
                }
                Some(RuntimeEvent::SandboxStopped { id }) => self.shared.nudge(Some(&id)),
                Some(RuntimeEvent::Lost) => self.shared.nudge(None),
                None => {
                    // The workers' own rounds find out what happened meanwhile.
                    debug!("the runtime's events ended; asking again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    events = self.shared.runtime.events();
                    self.shared.nudge(None);
                }
            }
        }
    }
}

async fn remove_orphan(shared: &Shared, sandbox: &crate::SandboxInfo) {
    let identity = &sandbox.identity;
    let stopped = shared.runtime.stop_sandbox(&sandbox.id).await;
    if let Err(error) = stopped.and(shared.runtime.remove_sandbox(&sandbox.id).await) {
        warn!(%error, sandbox = %sandbox.id, "the remains of a pod stay");
    }
    shared.forget_sandbox(&sandbox.id);
    if let Err(error) = shared.paths.remove(&identity.namespace, &identity.pod, &identity.uid).await {
        warn!(%error, pod = identity.pod, "files of a pod that is gone stay");
    }
}

/// Hands a change over to the pod's worker.
fn dispatch(shared: &Arc<Shared>, delta: &Delta<Pod>, shutdown: &Shutdown) {
    match delta {
        Delta::Added(pod) => hand_over(shared, pod, false, shutdown),
        Delta::Updated { old, new } => {
            // Deleted and made again while nobody looked.
            if old.metadata.uid != new.metadata.uid {
                hand_over(shared, old, true, shutdown);
            }
            hand_over(shared, new, false, shutdown);
        }
        Delta::Deleted { last, .. } => hand_over(shared, last, true, shutdown),
    }
}

fn hand_over(shared: &Arc<Shared>, pod: &Arc<Pod>, removed: bool, shutdown: &Shutdown) {
    let uid = pod.metadata.uid.clone();
    let input = PodInput { pod: Arc::clone(pod), removed };
    let mut workers = shared.workers();
    if let Some(worker) = workers.get(&uid) {
        worker.input.send_replace(input);
        return;
    }
    if removed {
        return;
    }
    let (sender, receiver) = watch::channel(input);
    let nudge = Arc::new(Notify::new());
    workers.insert(uid.clone(), Handle { input: sender, nudge: Arc::clone(&nudge) });
    let worker = Worker::new(Arc::clone(shared), Arc::clone(pod));
    let (shared, shutdown) = (Arc::clone(shared), shutdown.clone());
    tokio::spawn(async move {
        worker.run(receiver, nudge, shutdown).await;
        shared.workers().remove(&uid);
    });
}
