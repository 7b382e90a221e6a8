//! What a node agent is made of.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pintle_client::Client;
use pintle_object_model::Quantity;
use pintle_object_model::api::core::v1::{NodeSystemInfo, Service, Taint};
use pintle_object_model::clock::{Clock, Random};
use pintle_watch::{Informer, Shutdown};

use super::NodeAgent;
use crate::probe::{NetworkProber, Prober};
use crate::{ContainerRuntime, DnsSettings, ImageStore, RuntimeError, VolumeDriver};

/// Settings of an agent.
#[derive(Clone, Debug)]
pub(crate) struct AgentConfig {
    pub(crate) node_name: String,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) capacity: BTreeMap<String, Quantity>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) taints: Vec<Taint>,
    pub(crate) cluster_dns: Vec<IpAddr>,
    pub(crate) cluster_domain: String,
    pub(crate) host_dns: DnsSettings,
    pub(crate) port: u16,
    pub(crate) provider_id: String,
    pub(crate) system: NodeSystemInfo,
    pub(crate) lease_period: Duration,
    pub(crate) status_period: Duration,
    pub(crate) volume_period: Duration,
}

impl AgentConfig {
    pub(crate) fn new(node_name: &str) -> Self {
        Self {
            node_name: node_name.to_owned(),
            data_dir: None,
            addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            capacity: BTreeMap::from([
                ("cpu".into(), Quantity::from_i64(4)),
                ("memory".into(), Quantity::from_bytes(8 << 30)),
                ("ephemeral-storage".into(), Quantity::from_bytes(64 << 30)),
            ]),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            taints: vec![],
            cluster_dns: vec![],
            cluster_domain: "cluster.local".into(),
            host_dns: DnsSettings::default(),
            port: 10250,
            provider_id: String::new(),
            system: NodeSystemInfo {
                operating_system: "linux".into(),
                architecture: architecture().into(),
                ..NodeSystemInfo::default()
            },
            lease_period: Duration::from_secs(10),
            status_period: Duration::from_secs(300),
            volume_period: Duration::from_secs(60),
        }
    }

    /// Memory of the node.
    pub(crate) fn memory_bytes(&self) -> i64 {
        self.capacity.get("memory").map_or(1 << 30, Quantity::value)
    }
}

/// Collects what a node agent is made of.
pub struct NodeAgentBuilder {
    client: Client,
    clock: Arc<dyn Clock>,
    random: Random,
    config: AgentConfig,
    runtime: Option<Arc<dyn ContainerRuntime>>,
    images: Option<Arc<dyn ImageStore>>,
    volumes: Vec<Arc<dyn VolumeDriver>>,
    prober: Option<Arc<dyn Prober>>,
    services: Option<Informer<Service>>,
    max_pods: u32,
}

pub(super) struct Parts {
    pub(super) client: Client,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Random,
    pub(super) config: AgentConfig,
    pub(super) runtime: Arc<dyn ContainerRuntime>,
    pub(super) images: Arc<dyn ImageStore>,
    pub(super) volumes: Vec<Arc<dyn VolumeDriver>>,
    pub(super) prober: Arc<dyn Prober>,
    pub(super) services: Option<Informer<Service>>,
}

impl std::fmt::Debug for NodeAgentBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeAgentBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}

impl NodeAgentBuilder {
    pub(super) fn new(client: Client, clock: Arc<dyn Clock>, random: Random, node_name: &str) -> Self {
        let config = AgentConfig::new(node_name);
        Self {
            client,
            clock,
            random,
            config,
            runtime: None,
            images: None,
            volumes: vec![],
            prober: None,
            services: None,
            max_pods: 110,
        }
    }

    /// Runs containers. Required.
    #[must_use]
    pub fn runtime(mut self, runtime: Arc<dyn ContainerRuntime>) -> Self {
        self.runtime = Some(runtime);
        self
    }
    /// Has images. Required.
    #[must_use]
    pub fn images(mut self, images: Arc<dyn ImageStore>) -> Self {
        self.images = Some(images);
        self
    }
    /// Adds a provider of volumes; of several for one type the first is asked.
    #[must_use]
    pub fn volume_driver(mut self, driver: Arc<dyn VolumeDriver>) -> Self {
        self.volumes.push(driver);
        self
    }
    /// Adds providers of volumes; [`crate::default_volume_drivers`] has all that come with this crate.
    #[must_use]
    pub fn volume_drivers(mut self, drivers: Vec<Arc<dyn VolumeDriver>>) -> Self {
        self.volumes.extend(drivers);
        self
    }
    /// Carries out probes instead of the network.
    #[must_use]
    pub fn prober(mut self, prober: Arc<dyn Prober>) -> Self {
        self.prober = Some(prober);
        self
    }
    /// Reads Services from this informer instead of one of its own.
    #[must_use]
    pub fn services(mut self, services: Informer<Service>) -> Self {
        self.services = Some(services);
        self
    }
    /// Keeps files of pods here: volumes, logs. Without it the agent keeps none, which only simulated pods can do without.
    #[must_use]
    pub fn data_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.config.data_dir = Some(directory.into());
        self
    }
    /// The node's address. Default 127.0.0.1.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.config.addresses = vec![address];
        self
    }
    /// The node's addresses, the primary one first.
    #[must_use]
    pub fn addresses(mut self, addresses: Vec<IpAddr>) -> Self {
        self.config.addresses = addresses;
        self
    }
    /// How much the node has of a resource such as `cpu` or `memory`. [`crate::machine_capacity`] knows this machine's.
    #[must_use]
    pub fn capacity(mut self, resource: &str, amount: Quantity) -> Self {
        self.config.capacity.insert(resource.to_owned(), amount);
        self
    }
    /// Most pods. Default 110.
    #[must_use]
    pub fn max_pods(mut self, pods: u32) -> Self {
        self.max_pods = pods;
        self
    }
    /// Labels of the node, beside the usual ones.
    #[must_use]
    pub fn labels(mut self, labels: BTreeMap<String, String>) -> Self {
        self.config.labels.extend(labels);
        self
    }
    /// Annotations of the node.
    #[must_use]
    pub fn annotations(mut self, annotations: BTreeMap<String, String>) -> Self {
        self.config.annotations.extend(annotations);
        self
    }
    /// Taints with which the node is registered.
    #[must_use]
    pub fn taints(mut self, taints: Vec<Taint>) -> Self {
        self.config.taints = taints;
        self
    }
    /// Addresses of the cluster's DNS; without any, pods use the node's.
    #[must_use]
    pub fn cluster_dns(mut self, servers: Vec<IpAddr>) -> Self {
        self.config.cluster_dns = servers;
        self
    }
    /// Domain of the cluster. Default `cluster.local`.
    #[must_use]
    pub fn cluster_domain(mut self, domain: &str) -> Self {
        domain.clone_into(&mut self.config.cluster_domain);
        self
    }
    /// The node's own name resolution, for pods with the policy `Default`.
    #[must_use]
    pub fn host_dns(mut self, settings: DnsSettings) -> Self {
        self.config.host_dns = settings;
        self
    }
    /// Port of the node's API, as the node's status tells it. Default 10250.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.config.port = port;
        self
    }
    /// `spec.providerID` of the node.
    #[must_use]
    pub fn provider_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.config.provider_id);
        self
    }
    /// What the node's status says of the machine; see [`crate::machine_info`].
    #[must_use]
    pub fn system_info(mut self, info: NodeSystemInfo) -> Self {
        self.config.system = info;
        self
    }
    /// Between renewals of the Lease. Default 10 s.
    #[must_use]
    pub fn lease_period(mut self, period: Duration) -> Self {
        self.config.lease_period = period;
        self
    }
    /// Between reports of an unchanged node status. Default 5 min.
    #[must_use]
    pub fn status_period(mut self, period: Duration) -> Self {
        self.config.status_period = period;
        self
    }
    /// Between looks at ConfigMaps, Secrets and tokens in volumes. Default 60 s.
    #[must_use]
    pub fn volume_period(mut self, period: Duration) -> Self {
        self.config.volume_period = period;
        self
    }

    /// Puts the agent together and starts to follow pods and Services; both, and [`NodeAgent::run`], end with `shutdown`.
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If runtime or images are missing.
    pub fn build(mut self, shutdown: Shutdown) -> Result<NodeAgent, RuntimeError> {
        if self.runtime.is_none() || self.images.is_none() {
            return Err(RuntimeError::Invalid("a node agent needs a runtime and an image store".into()));
        }
        self.config.capacity.insert("pods".into(), Quantity::from_i64(i64::from(self.max_pods)));
        Ok(NodeAgent::start(self, shutdown))
    }

    pub(super) fn into_parts(self) -> Parts {
        let runtime = self.runtime.expect("build has checked that there is a runtime");
        Parts {
            prober: self.prober.unwrap_or_else(|| Arc::new(NetworkProber::new(Arc::clone(&runtime)))),
            images: self.images.expect("build has checked that there is an image store"),
            client: self.client,
            clock: self.clock,
            random: self.random,
            config: self.config,
            runtime,
            volumes: self.volumes,
            services: self.services,
        }
    }
}

/// As Go names architectures.
pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
