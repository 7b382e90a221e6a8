//! A cluster that runs.
//!
//! Invariant: everything that was started is stopped by [`Cluster::stop`], in the reverse order, and by dropping it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use pintle_apiserver::{ApiServer, HttpServer, HttpService, TlsServer};
use pintle_client::{ApiService, Caller, Client, Identity};
use pintle_object_model::Object;
use pintle_store::{MemoryConfig, MemoryStore, Store};
use pintle_watch::{Shutdown, ShutdownTrigger};
use tokio::task::JoinSet;

use crate::builder::{Builder, ClusterError, StoreChoice};
use crate::credentials::Credentials;

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
        let store: Arc<dyn Store<Object>> = match builder.store {
            StoreChoice::Memory => Arc::new(MemoryStore::new(MemoryConfig::default(), Arc::clone(&clock))),
            StoreChoice::Given(store) => store,
        };
        let mut listening = None;
        if let Some(address) = builder.listen {
            let now = clock.utc().to_time();
            let service_ip = Ipv4Addr::from(u32::from(builder.api.service_cidr.network()) + 1);
            let credentials =
                Credentials::generate(&[address.ip(), IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V4(service_ip)], now)?;
            let tls = TlsServer::new(credentials.server(), &credentials.authority().certificate())?;
            let server =
                HttpServer::bind(address, tls).await.map_err(|source| ClusterError::Listen { address, source })?;
            let bound = server.address().map_err(|source| ClusterError::Listen { address, source })?;
            if let IpAddr::V4(ip) = bound.ip() {
                builder.api.listen = Some((ip, bound.port()));
            }
            listening = Some((server, bound, credentials));
        }
        let api = ApiServer::start(store, builder.api).await?;
        let (shutdown, signal) = Shutdown::channel();
        let mut tasks = JoinSet::new();
        let mut bound_address = None;
        if let Some((server, bound, credentials)) = listening {
            if let Some(path) = &builder.kubeconfig {
                let text = credentials.kubeconfig(&format!("https://{bound}"));
                write_private(path, &text)
                    .await
                    .map_err(|source| ClusterError::Write { path: path.clone(), source })?;
            }
            tasks.spawn(server.serve(api.service(), clock, signal));
            bound_address = Some(bound);
        }
        Ok(Self { api, address: bound_address, shutdown, tasks })
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

/// Writes a file that only its owner can read: it holds keys.
async fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use tokio::io::AsyncWriteExt as _;
    if let Some(directory) = path.parent() {
        tokio::fs::create_dir_all(directory).await?;
    }
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(path).await?;
    file.write_all(text.as_bytes()).await?;
    file.flush().await
}
