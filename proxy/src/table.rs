//! The routing table: which address reaches which endpoints.
//!
//! In: Services and EndpointSlices ([`TableBuilder`]). Out: an immutable [`Table`] that data planes and DNS read, and the
//! [`TableChange`]s since the last one. Invariant: a table that was kept up to date equals one built anew from the same
//! objects. Elsewhere: moving bytes (`plane`), names (`dns`).
//!
//! Only IPv4 is routed: the service network of the API server is IPv4, and slices of other address types are left out.

mod builder;
mod change;
mod endpoints;
mod entry;
mod frontend;

use std::net::Ipv4Addr;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

pub use builder::{Locality, TableBuilder};
pub use change::{EndpointChange, TableChange};
pub use entry::{Backends, Host, HostPort, Protocol, ServiceEntry, ServiceKind, ServiceName, ServicePort};
pub use frontend::{Frontend, Route, Routes};

/// Every Service with its endpoints, at one moment. Cheap to clone; never changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    services: OrdMap<ServiceName, Arc<ServiceEntry>>,
    /// Who answers to an address: Services by cluster IP, headless Services by the IPs of their endpoints.
    addresses: OrdSet<(Ipv4Addr, ServiceName)>,
}

impl Table {
    /// The Service of this name.
    pub fn get(&self, name: &ServiceName) -> Option<&Arc<ServiceEntry>> {
        self.services.get(name)
    }

    /// All Services, ordered by namespace and name.
    pub fn services(&self) -> impl Iterator<Item = &Arc<ServiceEntry>> {
        self.services.values()
    }

    /// How many Services there are.
    pub fn len(&self) -> usize {
        self.services.len()
    }

    /// Are there no Services?
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// Is there a Service in this namespace?
    pub fn has_namespace(&self, namespace: &str) -> bool {
        let first = self.services.range(ServiceName::new(namespace, "")..).next();
        first.is_some_and(|(name, _)| *name.namespace == *namespace)
    }

    /// The Services that this address belongs to: as their cluster IP, or, if they are headless, as an endpoint.
    pub fn at_address(&self, address: Ipv4Addr) -> impl Iterator<Item = &Arc<ServiceEntry>> {
        let start = (address, ServiceName::new("", ""));
        let found = self.addresses.range(start..).take_while(move |(of, _)| *of == address);
        found.filter_map(|(_, name)| self.services.get(name))
    }

    /// What data planes listen for, and where it goes. If two Services claim the same address and port, the first by
    /// name has it.
    pub fn routes(&self) -> Routes {
        frontend::routes(self)
    }

    fn put(&mut self, entry: Arc<ServiceEntry>) {
        self.remove(&entry.name);
        for address in entry.addresses() {
            self.addresses.insert((address, entry.name.clone()));
        }
        self.services.insert(entry.name.clone(), entry);
    }

    fn remove(&mut self, name: &ServiceName) {
        let Some(old) = self.services.remove(name) else { return };
        for address in old.addresses() {
            self.addresses.remove(&(address, name.clone()));
        }
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
