//! What a cluster is made of.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use ipnet::Ipv4Net;
use pintle_apiserver::admission::AdmissionPlugin;
use pintle_apiserver::{
    ApiServerConfig, AuditLog, Authenticator, AuthorizationMode, Authorizer, ProcessProbe, SetupError,
};
use pintle_controllers::{ControllerSet, Manager};
use pintle_ingress::{IngressError, IngressOptions};
use pintle_object_model::clock::{Clock, Random, SystemClock};
use pintle_object_model::{Object, Scheme};
use pintle_proxy::{ProxyBuilder, ProxyError};
use pintle_runtime::{NodeAgentBuilder, RuntimeError};
use pintle_scheduler::SchedulerBuilder;
use pintle_store::Store;

use crate::{Cluster, TlsFiles};

/// Why a cluster could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The API server could not be put together.
    #[error("starting the API server")]
    ApiServer(#[from] SetupError),
    /// Certificates could not be made.
    #[error("making certificates")]
    Credentials(#[from] pintle_apiserver::PkiError),
    /// A node could not be put together.
    #[error("starting node {name}")]
    Node {
        /// Its name.
        name: String,
        /// The cause.
        source: RuntimeError,
    },
    /// The scheduler could not be put together.
    #[error("starting the scheduler")]
    Scheduler(#[from] pintle_scheduler::SetupError),
    /// The proxy could not be put together.
    #[error("starting the proxy")]
    Proxy(#[from] ProxyError),
    /// The ingress could not be started.
    #[error("starting the ingress")]
    Ingress(#[from] IngressError),
    /// The address cannot be listened on.
    #[error("listening on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
    /// A file cannot be read.
    #[error("reading {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("writing {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

/// Where objects are kept.
#[derive(Clone, Default)]
pub enum StoreChoice {
    /// In memory, gone with the cluster.
    #[default]
    Memory,
    /// In a store that the host brings.
    Given(Arc<dyn Store<Object>>),
}

/// Completes a controller manager.
pub(crate) type ConfigureManager = Box<dyn FnOnce(Manager) -> Manager + Send + Sync>;
/// Completes a scheduler.
pub(crate) type ConfigureScheduler = Box<dyn FnOnce(SchedulerBuilder) -> SchedulerBuilder + Send + Sync>;
/// Completes a proxy.
pub(crate) type ConfigureProxy = Box<dyn FnOnce(ProxyBuilder) -> ProxyBuilder + Send + Sync>;
/// Completes a node agent.
pub(crate) type Configure = Box<dyn FnOnce(NodeAgentBuilder) -> NodeAgentBuilder + Send + Sync>;
/// Runs at the end.
pub(crate) type Cleanup = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send + Sync>;

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toggle {
    /// It runs.
    On,
    /// It does not.
    Off,
}

/// Collects what a cluster is made of. The default is a complete control plane in memory without a socket.
pub struct Builder {
    pub(crate) store: StoreChoice,
    pub(crate) api: ApiServerConfig,
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) tls: TlsFiles,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) kubeconfig: Option<PathBuf>,
    pub(crate) simulated_nodes: usize,
    pub(crate) nodes: Vec<(String, Configure)>,
    pub(crate) pod_cidr: Ipv4Net,
    pub(crate) proxy: Option<ConfigureProxy>,
    pub(crate) ingress: Option<IngressOptions>,
    pub(crate) cleanups: Vec<Cleanup>,
    pub(crate) scheduler: Toggle,
    pub(crate) configure_scheduler: Vec<ConfigureScheduler>,
    pub(crate) controllers: ControllerSet,
    pub(crate) configure_manager: Vec<ConfigureManager>,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("listen", &self.listen)
            .field("nodes", &self.nodes.len())
            .finish_non_exhaustive()
    }
}

impl Default for Builder {
    fn default() -> Self {
        let clock = SystemClock::shared();
        let random = Random::from_os();
        Self {
            store: StoreChoice::Memory,
            api: ApiServerConfig { clock, random, ..ApiServerConfig::default() },
            listen: vec![],
            tls: TlsFiles::default(),
            data_dir: None,
            kubeconfig: None,
            simulated_nodes: 1,
            nodes: vec![],
            pod_cidr: Ipv4Net::new_assert(Ipv4Addr::new(10, 244, 0, 0), 16),
            proxy: None,
            ingress: None,
            cleanups: vec![],
            scheduler: Toggle::On,
            configure_scheduler: vec![],
            controllers: ControllerSet::all(),
            configure_manager: vec![],
        }
    }
}

impl Builder {
    /// Keeps objects here.
    #[must_use]
    pub fn store(mut self, store: StoreChoice) -> Self {
        self.store = store;
        self
    }
    /// Serves these kinds instead of the built-in ones.
    #[must_use]
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.api.scheme = scheme;
        self
    }
    /// Takes time from here.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.api.clock = clock;
        self
    }
    /// Takes chance from this seed, so that a run can be repeated.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.api.random = Random::seeded(seed);
        self
    }
    /// Listens on this address (HTTPS); port 0 takes a free one. May be called several times: the first address stands in
    /// the kubeconfig, the last one is where pods reach the server.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen.push(address);
        self
    }
    /// Shows and believes certificates of these files, too.
    #[must_use]
    pub fn tls_files(mut self, files: TlsFiles) -> Self {
        self.tls = files;
        self
    }
    /// Keeps keys (and whatever else outlives the process) in this folder. Without it, keys are made anew at every start.
    #[must_use]
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(path.into());
        self
    }
    /// Writes the administrator's kubeconfig here.
    #[must_use]
    pub fn kubeconfig(mut self, path: impl Into<PathBuf>) -> Self {
        self.kubeconfig = Some(path.into());
        self
    }
    /// How many simulated nodes there are. Default 1. More than 32 share one driver: cheap by the thousand, without logs and
    /// exec.
    #[must_use]
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.simulated_nodes = nodes;
        self
    }
    /// Adds a node of the host's making: `configure` is given the node agent's builder, and must set runtime and images.
    #[must_use]
    pub fn node(
        mut self,
        name: &str,
        configure: impl FnOnce(NodeAgentBuilder) -> NodeAgentBuilder + Send + Sync + 'static,
    ) -> Self {
        self.nodes.push((name.to_owned(), Box::new(configure)));
        self
    }
    /// Addresses of pods. Default 10.244.0.0/16.
    #[must_use]
    pub fn pod_cidr(mut self, range: Ipv4Net) -> Self {
        self.pod_cidr = range;
        self
    }
    /// Carries out Services: `configure` is given the proxy's builder, and chooses data plane and DNS.
    #[must_use]
    pub fn proxy(mut self, configure: impl FnOnce(ProxyBuilder) -> ProxyBuilder + Send + Sync + 'static) -> Self {
        self.proxy = Some(Box::new(configure));
        self
    }
    /// Serves Ingresses.
    #[must_use]
    pub fn ingress(mut self, options: IngressOptions) -> Self {
        self.ingress = Some(options);
        self
    }
    /// Runs this when the cluster stops, after its components and before its API server. The last one added runs first.
    #[must_use]
    pub fn on_stop<F: Future<Output = ()> + Send + 'static>(
        mut self,
        cleanup: impl FnOnce() -> F + Send + Sync + 'static,
    ) -> Self {
        self.cleanups.push(Box::new(move || Box::pin(cleanup())));
        self
    }
    /// Switches the scheduler.
    #[must_use]
    pub fn scheduler(mut self, toggle: Toggle) -> Self {
        self.scheduler = toggle;
        self
    }
    /// Completes the scheduler: adds profiles with the host's own plugins, sets times, observes. With a profile of any name,
    /// the one for `default-scheduler` is to be added too if it is wanted.
    #[must_use]
    pub fn scheduling(
        mut self,
        configure: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder + Send + Sync + 'static,
    ) -> Self {
        self.configure_scheduler.push(Box::new(configure));
        self
    }
    /// Runs these built-in controllers. Default: all.
    #[must_use]
    pub fn controllers(mut self, set: ControllerSet) -> Self {
        self.controllers = set;
        self
    }
    /// Completes the controller manager: adds controllers of the host's own, sets times, observes.
    #[must_use]
    pub fn manager(mut self, configure: impl FnOnce(Manager) -> Manager + Send + Sync + 'static) -> Self {
        self.configure_manager.push(Box::new(configure));
        self
    }
    /// Addresses of Services.
    #[must_use]
    pub fn service_cidr(mut self, range: Ipv4Net) -> Self {
        self.api.service_cidr = range;
        self
    }
    /// Asks this authenticator before the built-in ones.
    #[must_use]
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.api.authenticators.push(authenticator);
        self
    }
    /// Asks this authenticator about what no other knows.
    #[must_use]
    pub fn last_authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.api.last_authenticators.push(authenticator);
        self
    }
    /// Lets these decide what is allowed, one after the other. Default: `Node` and `RBAC`.
    #[must_use]
    pub fn authorization(mut self, modes: Vec<AuthorizationMode>) -> Self {
        self.api.authorization = modes;
        self
    }
    /// Tells of requests to the API.
    #[must_use]
    pub fn audit(mut self, log: AuditLog) -> Self {
        self.api.audit = Some(log);
        self
    }
    /// Tells of the process in the API server's metrics.
    #[must_use]
    pub fn process(mut self, probe: ProcessProbe) -> Self {
        self.api.process = Some(probe);
        self
    }
    /// Decides alone, instead of node authorization and RBAC.
    #[must_use]
    pub fn authorizer(mut self, authorizer: Arc<dyn Authorizer>) -> Self {
        self.api.authorizer = Some(authorizer);
        self
    }
    /// Adds an admission plugin behind the built-in ones.
    #[must_use]
    pub fn admission(mut self, plugin: Arc<dyn AdmissionPlugin>) -> Self {
        self.api.admission.push(plugin);
        self
    }
    /// Runs built-in admission plugins that are off by default, by name.
    #[must_use]
    pub fn enable_admission(mut self, names: Vec<String>) -> Self {
        self.api.enabled_admission = names;
        self
    }
    /// Leaves out built-in admission plugins, by name.
    #[must_use]
    pub fn disable_admission(mut self, names: Vec<String>) -> Self {
        self.api.disabled_admission = names;
        self
    }

    /// Starts the cluster; when this returns, its API answers.
    ///
    /// # Errors
    /// See [`ClusterError`].
    pub async fn start(self) -> Result<Cluster, ClusterError> {
        Cluster::start(self).await
    }
}
