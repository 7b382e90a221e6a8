//! What has become different from one table to the next.
//!
//! In: an old and a new entry. Out: typed effects, in a fixed order.

use std::net::SocketAddrV4;
use std::sync::Arc;

use super::{Backends, Protocol, ServiceEntry, ServiceName};

/// A difference between two tables.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TableChange {
    /// A Service is new.
    Added(Arc<ServiceEntry>),
    /// A Service is gone.
    Removed(Arc<ServiceEntry>),
    /// Something about a Service other than its endpoints is different.
    Changed {
        /// As it was.
        old: Arc<ServiceEntry>,
        /// As it is.
        new: Arc<ServiceEntry>,
    },
    /// A port has other endpoints.
    Endpoints(EndpointChange),
    /// A port cannot be served.
    Unsupported {
        /// Whose it is.
        service: ServiceName,
        /// Name of the port, or its number if it has none.
        port: String,
        /// What is not supported, in words.
        what: String,
    },
}

/// How the endpoints of a port differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointChange {
    /// Whose they are.
    pub service: ServiceName,
    /// Name of the port.
    pub port: Arc<str>,
    /// Its protocol.
    pub protocol: Protocol,
    /// Those that are new.
    pub added: Vec<SocketAddrV4>,
    /// Those that are no longer to be used.
    pub removed: Vec<SocketAddrV4>,
}

pub(super) fn between(old: Option<&Arc<ServiceEntry>>, new: Option<&Arc<ServiceEntry>>, into: &mut Vec<TableChange>) {
    match (old, new) {
        (None, None) => {}
        (None, Some(new)) => {
            into.push(TableChange::Added(Arc::clone(new)));
            endpoints(None, Some(new), into);
        }
        (Some(old), None) => {
            endpoints(Some(old), None, into);
            into.push(TableChange::Removed(Arc::clone(old)));
        }
        (Some(old), Some(new)) => {
            if !same_apart_from_endpoints(old, new) {
                into.push(TableChange::Changed { old: Arc::clone(old), new: Arc::clone(new) });
            }
            endpoints(Some(old), Some(new), into);
        }
    }
}

fn same_apart_from_endpoints(old: &ServiceEntry, new: &ServiceEntry) -> bool {
    let bare = |entry: &ServiceEntry| {
        let mut bare = entry.clone();
        bare.hosts.clear();
        bare.local_endpoints = 0;
        for port in &mut bare.ports {
            port.cluster = Arc::default();
            port.external = Arc::default();
        }
        bare
    };
    bare(old) == bare(new)
}

type PortId = (Arc<str>, Protocol);

fn endpoints(old: Option<&Arc<ServiceEntry>>, new: Option<&Arc<ServiceEntry>>, into: &mut Vec<TableChange>) {
    let ids = |entry: Option<&Arc<ServiceEntry>>| -> Vec<PortId> {
        entry.into_iter().flat_map(|entry| &entry.ports).map(|port| (Arc::clone(&port.name), port.protocol)).collect()
    };
    let Some(any) = old.or(new) else { return };
    let mut all = ids(old);
    all.extend(ids(new));
    all.sort();
    all.dedup();
    for (port, protocol) in all {
        let (before, after) = (used(old, &port, protocol), used(new, &port, protocol));
        let without = |from: &Backends, other: &Backends| -> Vec<SocketAddrV4> {
            from.addresses().iter().copied().filter(|address| !other.contains(*address)).collect()
        };
        let (added, removed) = (without(&after, &before), without(&before, &after));
        if !added.is_empty() || !removed.is_empty() {
            let service = any.name.clone();
            into.push(TableChange::Endpoints(EndpointChange { service, port, protocol, added, removed }));
        }
    }
}

/// Everything that a port may lead to.
fn used(entry: Option<&Arc<ServiceEntry>>, name: &str, protocol: Protocol) -> Backends {
    let ports = entry.into_iter().flat_map(|entry| &entry.ports);
    let of_port = ports.filter(|port| *port.name == *name && port.protocol == protocol);
    Backends::new(
        of_port.flat_map(|port| [&port.cluster, &port.external]).flat_map(|b| b.addresses()).copied().collect(),
    )
}
