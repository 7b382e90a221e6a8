//! Any number of nodes in one driver: one informer, one queue, no agent per node.
//!
//! In: the pods of all nodes. Out: Nodes, Leases, statuses of pods, as that many agents would write them. The life of each pod
//! is the node agent's own state machine; what it asks for happens in a table. Invariants: what is known about a pod can be
//! rebuilt from its status, so that only pods with something coming up are remembered; a restarted driver goes on.
//! Elsewhere: logs, exec and the like, which such pods do not have; use [`SimulatedRuntime`](crate::SimulatedRuntime) with a
//! [`NodeAgent`](crate::NodeAgent) for those.

mod pod;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use ipnet::Ipv4Net;
use pintle_client::Client;
use pintle_object_model::Quantity;
use pintle_object_model::api::core::v1::{Node, Pod, Taint};
use pintle_object_model::api::meta::v1::{DeleteOptions, Preconditions};
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::{ObjectRef, Status};
use pintle_watch::{Informer, InformerConfig, RetryPolicy, Shutdown, WorkQueue};
use tracing::{debug, info};

use crate::agent::{AgentConfig, NodeFacts, lease_of, node_of};
use pod::{SimulatedPod, Turn};

/// Requests at once while registering and renewing.
const CONCURRENT: usize = 32;
/// Slices of a lease period: nodes renew spread over it, as real ones do.
const SLICES: usize = 100;

/// How simulated nodes are.
#[derive(Clone, Debug)]
pub struct SimulatedNodesConfig {
    /// How many.
    pub count: usize,
    /// Names are this and a number from 0. Default `node-`.
    pub prefix: String,
    /// What each has. Default 32 CPUs, 256 GiB, 110 pods.
    pub capacity: BTreeMap<String, Quantity>,
    /// Labels that all have, beside the usual ones.
    pub labels: BTreeMap<String, String>,
    /// Zones, over which nodes are spread as `topology.kubernetes.io/zone`. Default none.
    pub zones: Vec<String>,
    /// Taints that all have.
    pub taints: Vec<Taint>,
    /// Addresses of pods, of all nodes together. Default `10.128.0.0/9`.
    pub pod_cidr: Ipv4Net,
    /// How long a pod takes to start. Default 0.
    pub start_delay: Duration,
    /// Between renewals of each Lease. Default 10 s.
    pub lease_period: Duration,
    /// Pods worked on at once. Default 16.
    pub workers: usize,
}

impl SimulatedNodesConfig {
    /// This many nodes, with the defaults.
    pub fn new(count: usize) -> Self {
        Self {
            count,
            prefix: "node-".into(),
            capacity: BTreeMap::from([
                ("cpu".into(), Quantity::from_i64(32)),
                ("memory".into(), Quantity::from_bytes(256 << 30)),
                ("ephemeral-storage".into(), Quantity::from_bytes(1 << 40)),
                ("pods".into(), Quantity::from_i64(110)),
            ]),
            labels: BTreeMap::new(),
            zones: vec![],
            taints: vec![],
            pod_cidr: Ipv4Net::new_assert(Ipv4Addr::new(10, 128, 0, 0), 9),
            start_delay: Duration::ZERO,
            lease_period: Duration::from_secs(10),
            workers: 16,
        }
    }
}

/// Plays nodes. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct SimulatedNodes {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    clock: Arc<dyn Clock>,
    random: Random,
    config: SimulatedNodesConfig,
    state: Mutex<State>,
    queue: WorkQueue<ObjectRef>,
}

#[derive(Default)]
struct State {
    /// Pods with something coming up, with their UIDs.
    pods: HashMap<ObjectRef, (String, SimulatedPod)>,
    addresses: Addresses,
    /// Nodes that are silent.
    dead: HashSet<usize>,
}

/// Addresses that pods have, each once.
#[derive(Default)]
struct Addresses {
    of_pod: HashMap<String, u32>,
    taken: HashSet<u32>,
    next: u32,
}

impl Addresses {
    /// The pod's address; a free one if it has none.
    fn of(&mut self, uid: &str, range: Ipv4Net) -> IpAddr {
        if let Some(found) = self.of_pod.get(uid) {
            return IpAddr::V4(Ipv4Addr::from(*found));
        }
        let hosts = (1u32 << (32 - range.prefix_len().clamp(1, 30))) - 2;
        // With more pods than addresses, addresses are shared: nobody connects to them.
        for _ in 0..hosts.min(self.taken.len() as u32 + 1) {
            self.next = self.next % hosts + 1;
            if !self.taken.contains(&(u32::from(range.network()) + self.next)) {
                break;
            }
        }
        let address = u32::from(range.network()) + self.next;
        self.take(uid, address);
        IpAddr::V4(Ipv4Addr::from(address))
    }

    fn take(&mut self, uid: &str, address: u32) {
        self.taken.insert(address);
        self.of_pod.insert(uid.to_owned(), address);
    }

    fn free(&mut self, uid: &str) {
        if let Some(address) = self.of_pod.remove(uid) {
            self.taken.remove(&address);
        }
    }
}

impl std::fmt::Debug for SimulatedNodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimulatedNodes").field("count", &self.inner.config.count).finish_non_exhaustive()
    }
}

impl SimulatedNodes {
    /// Nodes that are not there yet: [`register`](Self::register) and [`run`](Self::run) them.
    pub fn new(client: Client, clock: Arc<dyn Clock>, random: Random, config: SimulatedNodesConfig) -> Self {
        let retry = RetryPolicy { max: Duration::from_secs(30), ..RetryPolicy::default() };
        let queue = WorkQueue::new(Arc::clone(&clock), random.clone(), retry);
        let inner = Inner { client, clock, random, config, state: Mutex::default(), queue };
        Self { inner: Arc::new(inner) }
    }

    /// The name of a node.
    pub fn name(&self, index: usize) -> String {
        format!("{}{index}", self.inner.config.prefix)
    }

    /// Lets a node fall silent, or speak again: it renews no Lease and works on no pod meanwhile.
    pub fn set_dead(&self, index: usize, dead: bool) {
        let mut state = self.inner.state();
        if dead {
            state.dead.insert(index)
        } else {
            state.dead.remove(&index)
        };
    }

    /// Makes the Node objects; those that are there already stay.
    ///
    /// # Errors
    /// What the server refuses with.
    pub async fn register(&self) -> Result<(), Status> {
        let inner = &self.inner;
        let api = inner.client.all::<Node>();
        let mut results = futures::stream::iter(0..inner.config.count)
            .map(|index| {
                let (node, api) = (inner.node(index), api.clone());
                async move {
                    match api.create(&node).await {
                        Err(status) if !status.is_already_exists() => Err(status),
                        _ => Ok(()),
                    }
                }
            })
            .buffer_unordered(CONCURRENT);
        while let Some(result) = results.next().await {
            result?;
        }
        Ok(())
    }

    /// Registers the nodes (again and again until it works) and plays them until `shutdown`. `pods` is an informer of all
    /// pods; one is started if it is not given.
    pub async fn run(self, pods: Option<Informer<Pod>>, shutdown: Shutdown) {
        let inner = Arc::clone(&self.inner);
        while let Err(status) = self.register().await {
            debug!(%status, "simulated nodes could not be registered");
            if shutdown.unless(tokio::time::sleep(Duration::from_secs(1))).await.is_none() {
                return;
            }
        }
        let pods = pods.unwrap_or_else(|| {
            Informer::start(&inner.client, "", InformerConfig::new(inner.random.clone()), shutdown.clone())
        });
        let handler = Arc::clone(&inner);
        pods.add_handler(move |delta| {
            let pod = delta.object();
            if handler.index(&pod.spec.node_name).is_none() {
                return;
            }
            if let pintle_watch::Delta::Deleted { last, .. } = delta {
                handler.state().addresses.free(&last.metadata.uid);
            }
            handler.queue.add(ObjectRef { namespace: pod.metadata.namespace.clone(), name: pod.metadata.name.clone() });
        });
        info!(count = inner.config.count, "simulated nodes run");
        let work = futures::future::join_all((0..inner.config.workers.max(1)).map(|_| Arc::clone(&inner).work(&pods)));
        let live = async {
            tokio::select! {
                biased;
                _ = work => {}
                () = inner.renew_leases() => {}
            }
        };
        shutdown.unless(live).await;
        inner.queue.shut_down();
    }
}

impl Inner {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of one of our nodes.
    fn index(&self, name: &str) -> Option<usize> {
        let number = name.strip_prefix(&self.config.prefix)?;
        let index: usize = number.parse().ok()?;
        (index < self.config.count && (number == "0" || !number.starts_with('0'))).then_some(index)
    }

    /// Each node has an address of `172.16.0.0/12`, as far as there are enough.
    fn address(index: usize) -> IpAddr {
        let host = u32::try_from(index % ((1 << 20) - 2)).unwrap_or_default() + 1;
        IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::new(172, 16, 0, 0)) + host))
    }

    fn node(&self, index: usize) -> Node {
        let mut config = AgentConfig::new(&format!("{}{index}", self.config.prefix));
        config.addresses = vec![Self::address(index)];
        config.capacity.clone_from(&self.config.capacity);
        config.labels.clone_from(&self.config.labels);
        config.taints.clone_from(&self.config.taints);
        if !self.config.zones.is_empty() {
            let zone = &self.config.zones[index % self.config.zones.len()];
            config.labels.insert("topology.kubernetes.io/zone".into(), zone.clone());
        }
        let runtime_version = format!("pintle-simulated://{}", env!("CARGO_PKG_VERSION"));
        node_of(&config, &NodeFacts { runtime_version, ..NodeFacts::default() }, self.clock.utc().to_time())
    }

    async fn renew_leases(&self) {
        let pause = self.config.lease_period / u32::try_from(SLICES).unwrap_or(1);
        let mut made: HashSet<usize> = HashSet::new();
        loop {
            for slice in 0..SLICES {
                let mine: Vec<usize> = {
                    let state = self.state();
                    let all = (slice..self.config.count).step_by(SLICES);
                    all.filter(|index| !state.dead.contains(index)).collect()
                };
                let mut results = futures::stream::iter(mine)
                    .map(|index| {
                        let known = made.contains(&index);
                        async move { (index, self.renew(index, known).await) }
                    })
                    .buffer_unordered(CONCURRENT);
                let mut done = vec![];
                while let Some((index, result)) = results.next().await {
                    match result {
                        Ok(()) => done.push(index),
                        Err(status) => debug!(%status, index, "a simulated node's lease could not be renewed"),
                    }
                }
                drop(results);
                made.extend(done);
                tokio::time::sleep(pause).await;
            }
        }
    }

    async fn renew(&self, index: usize, known: bool) -> Result<(), Status> {
        let name = format!("{}{index}", self.config.prefix);
        let lease = lease_of(&name, "", self.clock.utc());
        let api = self.client.namespaced(&lease.metadata.namespace);
        if known {
            match api.replace(&lease).await {
                Err(status) if status.is_not_found() => {}
                other => return other.map(drop),
            }
        }
        match api.create(&lease).await {
            Err(status) if status.is_already_exists() => api.replace(&lease).await.map(drop),
            other => other.map(drop),
        }
    }

    async fn work(self: Arc<Self>, pods: &Informer<Pod>) {
        while let Some(key) = self.queue.take().await {
            match self.play(pods, &key).await {
                Ok(wake) => {
                    self.queue.forget(&key);
                    if let Some(wake) = wake {
                        self.queue.add_after(key.clone(), wake);
                    }
                }
                Err(status) => {
                    debug!(%status, pod = %key.name, "a simulated pod's status could not be written");
                    self.queue.add_rate_limited(key.clone());
                }
            }
            self.queue.done(&key);
        }
    }

    /// Moves one pod on. Answers after which time to look again.
    async fn play(&self, pods: &Informer<Pod>, key: &ObjectRef) -> Result<Option<Duration>, Status> {
        let Some(pod) = pods.get(&key.namespace, &key.name) else {
            self.state().pods.remove(key);
            return Ok(None);
        };
        let Some(index) = self.index(&pod.spec.node_name) else { return Ok(None) };
        let (now, utc) = (self.clock.now(), self.clock.utc());
        let uid = &pod.metadata.uid;
        let (known, address) = {
            let mut state = self.state();
            if state.dead.contains(&index) {
                return Ok(Some(Duration::from_secs(1)));
            }
            if let Ok(IpAddr::V4(old)) = pod.status.pod_ip.parse()
                && !state.addresses.of_pod.contains_key(uid)
            {
                state.addresses.take(uid, u32::from(old));
            }
            (state.pods.remove(key), state.addresses.of(uid, self.config.pod_cidr))
        };
        let mut simulated = match known {
            Some((of, simulated)) if of == *uid => simulated,
            _ => SimulatedPod::of(&pod, now, self.config.start_delay, utc),
        };
        let turn = simulated.turn(&pod, address, Self::address(index), now, utc);
        let wake = match &turn {
            Turn::Write { wake, .. } | Turn::Rest { wake } => wake.map(|at| at.saturating_sub(now)),
            Turn::Delete => None,
        };
        if wake.is_some() {
            self.state().pods.insert(key.clone(), (uid.clone(), simulated));
        }
        let api = self.client.namespaced::<Pod>(&key.namespace);
        match turn {
            Turn::Rest { .. } => {}
            Turn::Write { status, .. } => {
                let mut changed = (*pod).clone();
                changed.status = *status;
                match api.replace_status(&changed).await {
                    // The informer brings what is there now, or that it is gone.
                    Err(status) if status.is_conflict() || status.is_not_found() => {}
                    other => drop(other?),
                }
            }
            Turn::Delete => {
                let preconditions = Preconditions { uid: Some(uid.clone()), resource_version: None };
                let options = DeleteOptions {
                    grace_period_seconds: Some(0),
                    preconditions: Some(Box::new(preconditions)),
                    ..DeleteOptions::default()
                };
                match api.delete(&key.name, options).await {
                    Err(status) if status.is_conflict() || status.is_not_found() => {}
                    other => drop(other?),
                }
            }
        }
        Ok(wake)
    }
}
