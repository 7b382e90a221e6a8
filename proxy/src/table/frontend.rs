//! What data planes listen for.
//!
//! In: a table. Out: one [`Route`] per address or node port, ordered. Invariant: no two routes have the same frontend.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use super::{Backends, Protocol, ServiceEntry, ServicePort, Table};

/// Where clients connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Frontend {
    /// The cluster IP of a Service.
    Cluster(Ipv4Addr, u16, Protocol),
    /// An external IP or an address of a load balancer.
    External(Ipv4Addr, u16, Protocol),
    /// A port of every address of the host.
    NodePort(u16, Protocol),
}

impl Frontend {
    /// Its protocol.
    pub fn protocol(self) -> Protocol {
        match self {
            Self::Cluster(_, _, protocol) | Self::External(_, _, protocol) | Self::NodePort(_, protocol) => protocol,
        }
    }

    /// Its port.
    pub fn port(self) -> u16 {
        match self {
            Self::Cluster(_, port, _) | Self::External(_, port, _) | Self::NodePort(port, _) => port,
        }
    }

    /// Its address; `None` for every address of the host.
    pub fn address(self) -> Option<Ipv4Addr> {
        match self {
            Self::Cluster(address, _, _) | Self::External(address, _, _) => Some(address),
            Self::NodePort(..) => None,
        }
    }
}

impl fmt::Display for Frontend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address() {
            Some(address) => write!(f, "{}/{address}:{}", self.protocol(), self.port()),
            None => write!(f, "{}/node port {}", self.protocol(), self.port()),
        }
    }
}

/// Where a frontend leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The Service that it belongs to.
    pub service: Arc<ServiceEntry>,
    /// Which of its ports: an index into `service.ports`.
    pub port: usize,
    /// Is it an address of the load balancer, which `source_ranges` protects?
    pub load_balancer: bool,
}

impl Route {
    /// The Service's port.
    pub fn port(&self) -> &ServicePort {
        &self.service.ports[self.port]
    }
}

/// Routes by frontend.
pub type Routes = BTreeMap<Frontend, Route>;

pub(super) fn routes(table: &Table) -> Routes {
    let mut routes = Routes::new();
    let mut taken = std::collections::BTreeSet::new();
    for service in table.services().filter(|service| !service.foreign) {
        let Some(cluster_ip) = service.cluster_ip() else { continue };
        for (index, port) in service.ports.iter().enumerate() {
            let route = |load_balancer| Route { service: Arc::clone(service), port: index, load_balancer };
            let own = SocketAddrV4::new(cluster_ip, port.port);
            if is_direct(&port.cluster, own) {
                continue;
            }
            let mut claim = |frontend: Frontend, load_balancer: bool| {
                if taken.insert((frontend.address(), frontend.port(), frontend.protocol())) {
                    routes.insert(frontend, route(load_balancer));
                }
            };
            claim(Frontend::Cluster(cluster_ip, port.port, port.protocol), false);
            for address in &service.external_ips {
                claim(Frontend::External(*address, port.port, port.protocol), false);
            }
            for address in &service.load_balancer_ips {
                claim(Frontend::External(*address, port.port, port.protocol), true);
            }
            if let Some(node_port) = port.node_port {
                claim(Frontend::NodePort(node_port, port.protocol), false);
            }
        }
    }
    routes
}

/// A Service whose only endpoint is its own cluster IP is served by whoever listens there (cluster DNS does): nothing
/// is to be proxied, or it would lead in a circle.
fn is_direct(backends: &Backends, own: SocketAddrV4) -> bool {
    backends.addresses() == [own]
}
