//! Chooses the endpoint of a connection.
//!
//! In: the route of one frontend, who connects. Out: the endpoints to try, in order. Invariant: a client with session
//! affinity is led to its last endpoint as long as that is there.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::{Arc, Mutex, PoisonError};

use super::Shared;
use super::affinity::Affinity;
use crate::plane::Surroundings;
use crate::table::{Backends, Frontend, Route};

pub(super) struct Balancer {
    pub(super) frontend: Frontend,
    route: Mutex<Arc<Route>>,
    affinity: Mutex<Affinity>,
    around: Surroundings,
    pod_cidr: Option<ipnet::Ipv4Net>,
    attempts_max: usize,
}

impl Balancer {
    pub(super) fn new(frontend: Frontend, route: Route, shared: &Shared) -> Self {
        Self {
            frontend,
            route: Mutex::new(Arc::new(route)),
            affinity: Mutex::new(Affinity::new(shared.config.affinity_clients_max)),
            around: shared.around.clone(),
            pod_cidr: shared.config.pod_cidr,
            attempts_max: shared.config.connect_attempts_max.max(1),
        }
    }

    pub(super) fn set_route(&self, route: Route) {
        *self.route.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(route);
    }

    fn route(&self) -> Arc<Route> {
        Arc::clone(&self.route.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// May this client connect at all?
    pub(super) fn admits(&self, client: Ipv4Addr) -> bool {
        let route = self.route();
        let ranges = &route.service.source_ranges;
        !route.load_balancer || ranges.is_empty() || ranges.iter().any(|range| range.contains(&client))
    }

    /// The endpoints to try for a client, best first. `own` is the address of ours that it connected to.
    pub(super) fn choose(&self, client: Ipv4Addr, own: Ipv4Addr) -> Vec<SocketAddrV4> {
        let route = self.route();
        let mut order = self.shuffled(self.backends(&route, client, own));
        if let Some(timeout) = route.service.affinity {
            let now = self.around.clock.now();
            let last = self.affinity.lock().unwrap_or_else(PoisonError::into_inner).get(client, now, timeout);
            if let Some(place) = last.and_then(|last| order.iter().position(|endpoint| *endpoint == last)) {
                order.swap(0, place);
            }
        }
        order.truncate(self.attempts_max);
        order
    }

    /// Remembers where a client was led.
    pub(super) fn chosen(&self, client: Ipv4Addr, endpoint: SocketAddrV4) {
        if self.route().service.affinity.is_some() {
            let now = self.around.clock.now();
            self.affinity.lock().unwrap_or_else(PoisonError::into_inner).set(client, endpoint, now);
        }
    }

    /// Is this endpoint still to be used, for anybody?
    pub(super) fn is_current(&self, endpoint: SocketAddrV4) -> bool {
        let route = self.route();
        route.port().cluster.contains(endpoint) || route.port().external.contains(endpoint)
    }

    fn backends<'a>(&self, route: &'a Route, client: Ipv4Addr, own: Ipv4Addr) -> &'a Backends {
        let internal =
            client == own || client.is_loopback() || self.pod_cidr.is_some_and(|pods| pods.contains(&client));
        match self.frontend {
            Frontend::Cluster(..) => &route.port().cluster,
            // Policy `Local` is about where traffic enters the cluster: from within, any endpoint will do.
            Frontend::External(..) | Frontend::NodePort(..) if internal && route.service.external_local => {
                &route.port().cluster
            }
            Frontend::External(..) | Frontend::NodePort(..) => &route.port().external,
        }
    }

    fn shuffled(&self, backends: &Backends) -> Vec<SocketAddrV4> {
        let mut order = backends.addresses().to_vec();
        // Only as many as will be tried need to be drawn; affinity may swap any other one in.
        for place in 0..order.len().min(self.attempts_max) {
            let rest = (order.len() - place) as u64;
            let other = place + usize::try_from(self.around.random.below(rest)).unwrap_or(0);
            order.swap(place, other);
        }
        order
    }
}
