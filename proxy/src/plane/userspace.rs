//! A data plane of plain sockets: listeners, TCP splicing, UDP relaying.
//!
//! In: routes. Out: one listener per frontend that has endpoints. Invariants: a frontend without endpoints has no
//! listener, so that the kernel itself refuses its clients; connections outlive every change of endpoints but the end of
//! their own; the number of connections and flows is bounded. Elsewhere: choosing an endpoint (`balancer`).
//!
//! Cluster IPs need privileges: the service network is made local to the host with one route, and each Service port gets
//! a listener bound to its cluster IP. Pods reach them because their default route leads to the host. Without privileges
//! only node ports are served, and [`ProxyEvent::ClusterIpsUnavailable`] says so.
//!
//! Limits: endpoints see the host's address instead of the client's; UDP replies from node ports leave with the source
//! address that the host's routes choose.

mod affinity;
mod balancer;
mod tcp;
mod udp;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ipnet::Ipv4Net;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::local::LocalRoutes;
use super::{DataPlane, Surroundings, Update};
use crate::error::ProxyError;
use crate::event::ProxyEvent;
use crate::table::{Frontend, Protocol, Route, Routes};
use balancer::Balancer;

/// How the userspace data plane works.
#[derive(Clone, Debug)]
pub struct UserspaceConfig {
    /// The service network, made local to the host. `None` leaves out cluster IPs and external IPs altogether.
    pub service_cidr: Option<Ipv4Net>,
    /// The network of the pods, whose traffic counts as internal for `externalTrafficPolicy: Local`.
    pub pod_cidr: Option<Ipv4Net>,
    /// The address that node ports listen on. Default 0.0.0.0, all.
    pub node_port_address: Ipv4Addr,
    /// Open connections and UDP flows, all together. Default 16,384.
    pub connections_max: usize,
    /// How long an endpoint may take to accept before the next one is tried. Default 2 s.
    pub connect_timeout: Duration,
    /// How many endpoints are tried for one connection. Default 8.
    pub connect_attempts_max: usize,
    /// How long a UDP flow may be silent. Default 60 s.
    pub udp_idle: Duration,
    /// UDP flows of one frontend; the one that is silent longest makes room. Default 4,096.
    pub udp_flows_max: usize,
    /// Clients that session affinity remembers for one frontend; the oldest makes room. Default 65,536.
    pub affinity_clients_max: usize,
    /// How long open connections may go on after the proxy is told to stop. Default 2 s.
    pub drain: Duration,
}

impl Default for UserspaceConfig {
    fn default() -> Self {
        Self {
            service_cidr: Some(Ipv4Net::new_assert(Ipv4Addr::new(10, 96, 0, 0), 16)),
            pod_cidr: None,
            node_port_address: Ipv4Addr::UNSPECIFIED,
            connections_max: 16_384,
            connect_timeout: Duration::from_secs(2),
            connect_attempts_max: 8,
            udp_idle: Duration::from_secs(60),
            udp_flows_max: 4096,
            affinity_clients_max: 65_536,
            drain: Duration::from_secs(2),
        }
    }
}

/// What all listeners share.
struct Shared {
    config: UserspaceConfig,
    around: Surroundings,
    connections: Arc<Semaphore>,
    tasks: TaskTracker,
    /// Ends every connection.
    abort: CancellationToken,
}

struct Listener {
    balancer: Arc<Balancer>,
    /// Ends the listener, not its connections.
    closed: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

/// Carries Services with one listener per frontend, copying between connections. With privileges, cluster IPs are made
/// local to the host; without, only node ports are served, and [`ProxyEvent::ClusterIpsUnavailable`] says so.
///
/// Endpoints see the host's address instead of the client's. Connections outlive changes of endpoints.
pub struct UserspacePlane {
    shared: Arc<Shared>,
    listeners: BTreeMap<Frontend, Listener>,
    routes: Option<LocalRoutes>,
}

impl std::fmt::Debug for UserspacePlane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserspacePlane").field("listeners", &self.listeners.len()).finish_non_exhaustive()
    }
}

impl UserspacePlane {
    /// A plane that listens nowhere yet.
    pub fn new(config: UserspaceConfig, around: Surroundings) -> Self {
        let connections = Arc::new(Semaphore::new(config.connections_max.min(Semaphore::MAX_PERMITS)));
        let (tasks, abort) = (TaskTracker::new(), CancellationToken::new());
        let shared = Arc::new(Shared { config, around, connections, tasks, abort });
        Self { shared, listeners: BTreeMap::new(), routes: None }
    }

    /// Makes every listener's endpoints those of its route, and closes those that have none.
    async fn update_listeners(&mut self, routes: &Routes) {
        let gone: Vec<Frontend> = self
            .listeners
            .keys()
            .copied()
            .filter(|frontend| !routes.get(frontend).is_some_and(|route| is_served(*frontend, route)))
            .collect();
        for frontend in gone {
            if let Some(listener) = self.listeners.remove(&frontend) {
                listener.closed.cancel();
                // The socket is closed when the task has ended: only then may the address be bound again.
                let _ = listener.task.await;
            }
        }
        for (frontend, listener) in &self.listeners {
            if let Some(route) = routes.get(frontend) {
                listener.balancer.set_route(route.clone());
            }
        }
    }

    async fn open_listeners(&mut self, routes: &Routes) -> Result<(), ProxyError> {
        let mut failed = Ok(());
        for (frontend, route) in routes {
            if self.listeners.contains_key(frontend) || !is_served(*frontend, route) {
                continue;
            }
            let address = match frontend.address() {
                Some(_) if self.routes.is_none() => continue,
                Some(address) => address,
                None => self.shared.config.node_port_address,
            };
            match self.open(*frontend, route, SocketAddrV4::new(address, frontend.port())).await {
                Ok(listener) => drop(self.listeners.insert(*frontend, listener)),
                Err(error) => {
                    let text = with_source(&error);
                    self.shared.around.tell(&ProxyEvent::ListenFailed { frontend: *frontend, error: text });
                    failed = Err(error);
                }
            }
        }
        failed
    }

    async fn open(&mut self, frontend: Frontend, route: &Route, address: SocketAddrV4) -> Result<Listener, ProxyError> {
        let opened = self.try_open(frontend, route, address);
        let unknown = |error: &ProxyError| matches!(error, ProxyError::Listen { source, .. } if source.kind() == std::io::ErrorKind::AddrNotAvailable);
        match (opened, &mut self.routes) {
            (Err(error), Some(routes)) if unknown(&error) => {
                routes.add(Ipv4Net::from(*address.ip())).await?;
                self.try_open(frontend, route, address)
            }
            (opened, _) => opened,
        }
    }

    fn try_open(&self, frontend: Frontend, route: &Route, address: SocketAddrV4) -> Result<Listener, ProxyError> {
        let failed = |source| ProxyError::Listen { address: address.into(), source };
        let balancer = Arc::new(Balancer::new(frontend, route.clone(), &self.shared));
        let closed = CancellationToken::new();
        let (shared, until) = (Arc::clone(&self.shared), closed.clone());
        let task = match frontend.protocol() {
            Protocol::Tcp => {
                let socket = tcp::bind(address).map_err(failed)?;
                tokio::spawn(tcp::serve(socket, Arc::clone(&balancer), shared, until))
            }
            Protocol::Udp => {
                let socket = udp::bind(address).map_err(failed)?;
                tokio::spawn(udp::serve(socket, Arc::clone(&balancer), shared, until))
            }
        };
        Ok(Listener { balancer, closed, task })
    }

    /// Gives back single addresses that no frontend uses any more.
    async fn release_addresses(&mut self) -> Result<(), ProxyError> {
        let Some(routes) = &mut self.routes else { return Ok(()) };
        for address in routes.single() {
            if !self.listeners.keys().any(|frontend| frontend.address() == Some(address)) {
                routes.remove(Ipv4Net::from(address)).await?;
            }
        }
        Ok(())
    }
}

/// Has this frontend anywhere to lead to?
fn is_served(frontend: Frontend, route: &Route) -> bool {
    let port = route.port();
    match frontend {
        Frontend::Cluster(..) => !port.cluster.is_empty(),
        Frontend::External(..) | Frontend::NodePort(..) => !port.external.is_empty() || !port.cluster.is_empty(),
    }
}

pub(crate) fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[async_trait]
impl DataPlane for UserspacePlane {
    fn name(&self) -> &'static str {
        "userspace"
    }

    async fn start(&mut self) -> Result<(), ProxyError> {
        let Some(network) = self.shared.config.service_cidr else { return Ok(()) };
        let mut routes = LocalRoutes::open()?;
        match routes.add(network).await {
            Ok(()) => self.routes = Some(routes),
            Err(error @ ProxyError::Routes { denied: true, .. }) => {
                self.shared.around.tell(&ProxyEvent::ClusterIpsUnavailable { why: error.to_string() });
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn sync(&mut self, update: &Update<'_>) -> Result<(), ProxyError> {
        self.update_listeners(update.routes).await;
        let opened = self.open_listeners(update.routes).await;
        let released = self.release_addresses().await;
        opened.and(released)
    }

    async fn stop(&mut self) {
        for listener in std::mem::take(&mut self.listeners).into_values() {
            listener.closed.cancel();
            let _ = listener.task.await;
        }
        self.shared.tasks.close();
        let drained = tokio::time::timeout(self.shared.config.drain, self.shared.tasks.wait()).await;
        self.shared.abort.cancel();
        if drained.is_err() {
            self.shared.tasks.wait().await;
        }
        if let Some(mut routes) = self.routes.take()
            && let Err(error) = routes.clear().await
        {
            tracing::warn!(%error, "local routes stay behind");
        }
    }
}

impl Drop for UserspacePlane {
    fn drop(&mut self) {
        for listener in self.listeners.values() {
            listener.closed.cancel();
        }
        self.shared.abort.cancel();
    }
}
