//! A cluster that runs.
//!
//! Invariant: everything that was started is stopped by [`Cluster::stop`], in the reverse order: components, then what
//! the host added, then the API server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use pintle_apiserver::{
    ApiServer, HttpNodeConnector, HttpServer, HttpService, SetupError, TlsMaterial, TlsNodeDial, TlsServer,
};
use pintle_client::{ApiService, Caller, Client, Identity};
use pintle_controllers::Manager;
use pintle_ingress::IngressController;
use pintle_object_model::api::apps::v1::Deployment;
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::{Object, Status, Time};
use pintle_proxy::Proxy;
use pintle_runtime::{
    NodeAgent, NodeAgentBuilder, SimulatedConfig, SimulatedImages, SimulatedNodes, SimulatedNodesConfig,
    SimulatedRuntime, SimulatedVolumes,
};
use pintle_scheduler::Scheduler;
use pintle_store::{MemoryConfig, MemoryStore, Store};
use pintle_watch::{Informer, InformerConfig, Shutdown, ShutdownTrigger};
use tokio::task::JoinSet;

use crate::builder::{Builder, Cleanup, ClusterError, StoreChoice, Toggle};
use crate::credentials::{Credentials, write_private};
use crate::nodes::{Dial, LocalNodes};

/// A running cluster.
pub struct Cluster {
    api: ApiServer,
    random: Random,
    address: Option<SocketAddr>,
    ingress_address: Option<SocketAddr>,
    /// Certificate of the cluster's authority, if it has one.
    authority: Option<String>,
    /// Ends the components; the server that they talk to ends after them.
    components: Group,
    servers: Group,
    cleanups: Vec<Cleanup>,
}

/// Tasks that end together.
struct Group {
    trigger: ShutdownTrigger,
    signal: Shutdown,
    tasks: JoinSet<()>,
}

impl Group {
    fn new() -> Self {
        let (trigger, signal) = Shutdown::channel();
        Self { trigger, signal, tasks: JoinSet::new() }
    }

    async fn stop(&mut self) {
        self.trigger.fire();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Collects what a cluster is made of.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) async fn start(mut builder: Builder) -> Result<Self, ClusterError> {
        let clock = Arc::clone(&builder.api.clock);
        let random = builder.api.random.clone();
        let store: Arc<dyn Store<Object>> = match &builder.store {
            StoreChoice::Memory => Arc::new(MemoryStore::new(MemoryConfig::default(), Arc::clone(&clock))),
            StoreChoice::Given(store) => Arc::clone(store),
        };
        let listening = Listening::bind(&mut builder).await?;
        let local = LocalNodes::default();
        let remote = match &listening {
            Some(listening) => Some(TlsNodeDial::new(&listening.keys.node_client()?).map_err(SetupError::from)?),
            None => None,
        };
        builder.api.nodes = Some(Arc::new(HttpNodeConnector::new(Dial { local: local.clone(), remote })));
        let api = ApiServer::start(store, std::mem::take(&mut builder.api)).await?;
        let mut servers = Group::new();
        let mut address = None;
        let authority = listening.as_ref().map(|listening| listening.keys.authority().certificate());
        if let Some(listening) = listening {
            address = listening.address();
            listening.serve(&api, &mut servers, &builder).await?;
        }
        let mut cluster = Self {
            api,
            random,
            address,
            ingress_address: None,
            authority,
            components: Group::new(),
            servers,
            cleanups: std::mem::take(&mut builder.cleanups),
        };
        cluster.start_components(builder, &local).await?;
        Ok(cluster)
    }

    async fn start_components(&mut self, mut builder: Builder, local: &LocalNodes) -> Result<(), ClusterError> {
        if builder.simulated_nodes > AGENTS_MAX {
            self.start_crowd(builder.simulated_nodes, builder.pod_cidr);
        } else {
            for index in 0..builder.simulated_nodes {
                let name = format!("node-{}", index + 1);
                self.start_node(&name, simulated(index, &builder, self.api.clock()), local)?;
            }
        }
        for (name, configure) in std::mem::take(&mut builder.nodes) {
            self.start_node(&name, configure, local)?;
        }
        self.start_controllers(&mut builder);
        if builder.scheduler == Toggle::On {
            let client = self.component("system:kube-scheduler");
            let scheduler = Scheduler::builder(client, Arc::clone(self.api.clock()), self.random.clone());
            let configure = std::mem::take(&mut builder.configure_scheduler);
            let scheduler =
                configure.into_iter().fold(scheduler, |scheduler, configure| configure(scheduler)).build()?;
            self.components.tasks.spawn(scheduler.run(self.components.signal.clone()));
        }
        if let Some(configure) = builder.proxy.take() {
            let client = self.component("system:kube-proxy");
            let proxy = configure(Proxy::builder(client, Arc::clone(self.api.clock()), self.random.clone())).build()?;
            let signal = self.components.signal.clone();
            self.components.tasks.spawn(async move {
                if let Err(error) = proxy.run(signal).await {
                    tracing::error!(%error, "the proxy cannot work here: Services are not carried out");
                }
            });
        }
        if let Some(options) = builder.ingress.take() {
            let ingress = IngressController::bind(
                self.component("system:pintle:ingress"),
                Arc::clone(self.api.clock()),
                self.random.clone(),
                options,
            )
            .await?;
            self.ingress_address = ingress.address().ok();
            self.components.tasks.spawn(ingress.run(self.components.signal.clone()));
        }
        Ok(())
    }

    /// Starts many simulated nodes that share one driver.
    fn start_crowd(&mut self, count: usize, pod_cidr: ipnet::Ipv4Net) {
        let client = self.component("system:pintle:simulated-nodes");
        let config = SimulatedNodesConfig { pod_cidr, ..SimulatedNodesConfig::new(count) };
        let nodes = SimulatedNodes::new(client, Arc::clone(self.api.clock()), self.random.clone(), config);
        self.components.tasks.spawn(nodes.run(None, self.components.signal.clone()));
    }

    fn start_controllers(&mut self, builder: &mut Builder) {
        let configure = std::mem::take(&mut builder.configure_manager);
        if builder.controllers.names().is_empty() && configure.is_empty() {
            return;
        }
        let client = self.component("system:kube-controller-manager");
        let mut manager = Manager::new(client, Arc::clone(self.api.clock()), self.random.clone())
            .controllers(builder.controllers.clone())
            .pod_cidr(builder.pod_cidr);
        if let Some(certificate) = &self.authority {
            manager = manager.cluster_ca(certificate.clone());
        }
        let manager = configure.into_iter().fold(manager, |manager, configure| configure(manager));
        self.components.tasks.spawn(manager.run(self.components.signal.clone()));
    }

    fn start_node(
        &mut self,
        name: &str,
        configure: impl FnOnce(NodeAgentBuilder) -> NodeAgentBuilder,
        local: &LocalNodes,
    ) -> Result<(), ClusterError> {
        let client = self.component(&format!("system:node:{name}"));
        let agent = NodeAgent::builder(client, Arc::clone(self.api.clock()), self.random.clone(), name);
        let agent = configure(agent)
            .build(self.components.signal.clone())
            .map_err(|source| ClusterError::Node { name: name.to_owned(), source })?;
        let server = agent.server();
        local.register(
            name,
            Arc::new(move |pipe| {
                let server = server.clone();
                tokio::spawn(async move { server.serve_connection(pipe).await });
            }),
        );
        self.components.tasks.spawn(agent.run());
        Ok(())
    }

    /// A client for a component of the cluster: its own name, the rights of the cluster itself.
    fn component(&self, user: &str) -> Client {
        self.api.client().with_identity(Identity::master(user)).with_user_agent(user)
    }

    /// A client in process, with the administrator's rights.
    pub fn client(&self) -> Client {
        self.api.client().with_identity(Identity::master("kubernetes-admin"))
    }

    /// Applies the objects of a YAML text with the administrator's rights; see [`apply`](crate::apply).
    ///
    /// # Errors
    /// As [`apply`](crate::apply).
    pub async fn apply(&self, text: &str) -> Result<Vec<String>, Status> {
        crate::apply(&self.client(), "pintle", text).await
    }

    /// Waits until all replicas of a Deployment are of its present template and available. Never ends if that never
    /// happens: put a timeout around it.
    pub async fn wait_available(&self, namespace: &str, name: &str) -> Arc<Deployment> {
        let (_stop, signal) = Shutdown::channel();
        let config = InformerConfig::new(self.random.clone()).fields(&format!("metadata.name={name}"));
        let deployments = Informer::<Deployment>::start(&self.client(), namespace, config, signal);
        let available = |deployments: &Informer<Deployment>| {
            let found = deployments.get(namespace, name)?;
            let (spec, status) = (&found.spec, &found.status);
            let wanted = spec.replicas.unwrap_or(1);
            let all = [status.replicas, status.updated_replicas, status.available_replicas];
            let done = status.observed_generation >= found.metadata.generation && all == [wanted; 3];
            done.then_some(found)
        };
        deployments.wait_for(available).await
    }

    /// The API server.
    pub fn api(&self) -> &ApiServer {
        &self.api
    }

    /// Where the API server listens, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Where the ingress listens, if there is one.
    pub fn ingress_address(&self) -> Option<SocketAddr> {
        self.ingress_address
    }

    /// The API as a tower service over HTTP messages, without a socket, asked by the administrator: what
    /// `kube::Client::new` takes.
    pub fn http_service(&self) -> HttpService<impl ApiService> {
        let admin = Caller::trusted(Identity::master("kubernetes-admin"));
        HttpService::new(self.api.service(), Arc::clone(self.api.clock()), admin)
    }

    /// Stops everything and waits for it.
    pub async fn stop(mut self) {
        self.components.stop().await;
        while let Some(cleanup) = self.cleanups.pop() {
            cleanup().await;
        }
        // Watches end first, so that connections can drain; what is being answered still needs the caches.
        self.api.drain();
        self.servers.stop().await;
        self.api.stop();
    }
}

/// Most simulated nodes with an agent each. More share one driver, which costs a node next to nothing but has no logs and no
/// exec.
const AGENTS_MAX: usize = 32;

/// Sockets that are bound, not yet served.
struct Listening {
    keys: Credentials,
    tls: TlsServer,
    /// What `tls` began with.
    material: TlsMaterial,
    servers: Vec<(HttpServer, SocketAddr)>,
}

impl Listening {
    /// Binds what the builder asks for, and tells the API server its address and keys.
    async fn bind(builder: &mut Builder) -> Result<Option<Self>, ClusterError> {
        if builder.listen.is_empty() {
            return Ok(None);
        }
        let keys = keys(builder, builder.api.clock.utc().to_time()).await?;
        let material = builder.tls.read(&keys).await?;
        let tls = TlsServer::of(&material)?;
        let mut servers = vec![];
        for address in &builder.listen {
            let refused = |source| ClusterError::Listen { address: *address, source };
            let server = HttpServer::bind(*address, tls.clone()).await.map_err(refused)?;
            let bound = server.address().map_err(refused)?;
            if let IpAddr::V4(ip) = bound.ip() {
                builder.api.listen = Some((ip, bound.port()));
            }
            servers.push((server, bound));
        }
        builder.api.signing_keys = Some(keys.signing().clone());
        Ok(Some(Self { keys, tls, material, servers }))
    }

    fn address(&self) -> Option<SocketAddr> {
        self.servers.first().map(|(_, bound)| *bound)
    }

    async fn serve(self, api: &ApiServer, group: &mut Group, builder: &Builder) -> Result<(), ClusterError> {
        if let (Some(path), Some(bound)) = (&builder.kubeconfig, self.address()) {
            let text = self.keys.kubeconfig(&format!("https://{bound}"), "kubernetes-admin", "system:masters")?;
            write_private(path, &text).await?;
        }
        if builder.tls.any() {
            group.tasks.spawn(builder.tls.clone().follow(self.tls, self.material, self.keys, group.signal.clone()));
        }
        for (server, _) in self.servers {
            group.tasks.spawn(server.serve(api.service(), Arc::clone(api.clock()), group.signal.clone()));
        }
        Ok(())
    }
}

/// The keys of the cluster: kept in its folder if it has one.
async fn keys(builder: &Builder, now: Time) -> Result<Credentials, ClusterError> {
    let service_ip = Ipv4Addr::from(u32::from(builder.api.service_cidr.network()) + 1);
    let mut addresses: Vec<IpAddr> = builder.listen.iter().map(|address| address.ip()).collect();
    addresses.extend([IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V4(service_ip)]);
    match &builder.data_dir {
        Some(folder) => Credentials::load(&folder.join("pki"), &addresses, now).await,
        None => Ok(Credentials::generate(&addresses, now)?),
    }
}

/// A node whose pods run nowhere.
fn simulated(
    index: usize,
    builder: &Builder,
    clock: &Arc<dyn Clock>,
) -> impl FnOnce(NodeAgentBuilder) -> NodeAgentBuilder + use<> {
    let pod_cidr = node_range(builder.pod_cidr, index);
    let clock = Arc::clone(clock);
    move |agent| {
        let config = SimulatedConfig { pod_cidr, ..SimulatedConfig::default() };
        let runtime = Arc::new(SimulatedRuntime::new(clock, config));
        agent
            .prober(Arc::clone(&runtime) as _)
            .runtime(runtime)
            .images(Arc::new(SimulatedImages::new()))
            .volume_driver(Arc::new(SimulatedVolumes))
    }
}

/// The addresses of one node's pods: the range is cut into pieces of 256, the first for node 0. The whole range if it has
/// no such piece.
pub fn node_range(range: ipnet::Ipv4Net, index: usize) -> ipnet::Ipv4Net {
    let pieces = range.subnets(24.max(range.prefix_len())).ok().and_then(|mut pieces| pieces.nth(index));
    pieces.unwrap_or(range)
}
