//! A cluster that runs.
//!
//! Invariant: everything that was started is stopped by [`Cluster::stop`], in the reverse order, and by dropping it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use pintle_apiserver::{ApiServer, HttpNodeConnector, HttpServer, HttpService, SetupError, TlsNodeDial, TlsServer};
use pintle_client::{ApiService, Caller, Client, Identity};
use pintle_object_model::{Object, Time};
use pintle_store::{MemoryConfig, MemoryStore, Store};
use pintle_watch::{Shutdown, ShutdownTrigger};
use tokio::task::JoinSet;

use crate::builder::{Builder, ClusterError, StoreChoice};
use crate::credentials::{Credentials, write_private};
use crate::nodes::{Dial, LocalNodes};

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    api: ApiServer,
    address: Option<SocketAddr>,
    shutdown: ShutdownTrigger,
    tasks: JoinSet<()>,
}

impl Cluster {
    /// Collects what a cluster is made of.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) async fn start(mut builder: Builder) -> Result<Self, ClusterError> {
        let clock = Arc::clone(&builder.api.clock);
        let store: Arc<dyn Store<Object>> = match &builder.store {
            StoreChoice::Memory => Arc::new(MemoryStore::new(MemoryConfig::default(), Arc::clone(&clock))),
            StoreChoice::Given(store) => Arc::clone(store),
        };
        let local = LocalNodes::default();
        let mut credentials = None;
        let mut servers = vec![];
        if !builder.listen.is_empty() {
            let keys = keys(&builder, clock.utc().to_time()).await?;
            let tls = TlsServer::new(keys.server(), &keys.authority().certificate())?;
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
            credentials = Some(keys);
        }
        let remote = match &credentials {
            Some(keys) => Some(TlsNodeDial::new(&keys.node_client()?).map_err(SetupError::from)?),
            None => None,
        };
        builder.api.nodes = Some(Arc::new(HttpNodeConnector::new(Dial { local: local.clone(), remote })));
        let api = ApiServer::start(store, builder.api).await?;
        let (shutdown, signal) = Shutdown::channel();
        let mut tasks = JoinSet::new();
        let address = servers.first().map(|(_, bound)| *bound);
        if let (Some(path), Some(keys), Some(bound)) = (&builder.kubeconfig, &credentials, address) {
            let text = keys.kubeconfig(&format!("https://{bound}"), "kubernetes-admin", "system:masters")?;
            write_private(path, &text).await?;
        }
        for (server, _) in servers {
            tasks.spawn(server.serve(api.service(), Arc::clone(&clock), signal.clone()));
        }
        Ok(Self { api, address, shutdown, tasks })
    }

    /// A client in process, with the administrator's rights.
    pub fn client(&self) -> Client {
        self.api.client().with_identity(Identity::master("kubernetes-admin"))
    }

    /// The API server.
    pub fn api(&self) -> &ApiServer {
        &self.api
    }

    /// Where the API server listens, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The API as a tower service over HTTP messages, without a socket, asked by the administrator: what
    /// `kube::Client::new` takes.
    pub fn http_service(&self) -> HttpService<impl ApiService> {
        let admin = Caller::trusted(Identity::master("kubernetes-admin"));
        HttpService::new(self.api.service(), Arc::clone(self.api.clock()), admin)
    }

    /// Stops everything and waits for it.
    pub async fn stop(mut self) {
        self.shutdown.fire();
        // Watches end first, so that connections can drain.
        self.api.stop();
        while self.tasks.join_next().await.is_some() {}
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
