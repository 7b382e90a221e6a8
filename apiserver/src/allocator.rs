//! Cluster IPs and node ports of Services.
//!
//! In: Services about to be written. Out: addresses and ports that nobody else has. Invariant: what a stored
//! Service holds is never given to another; what a failed write took goes back. The pools are rebuilt from the
//! stored Services at the start. Source: Kubernetes concepts, "Service ClusterIP allocation".

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::Ipv4Net;
use pintle_object_model::api::core::v1::Service;
use pintle_object_model::clock::Random;
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{AnyResource, Status};

use crate::storage::Storage;

/// Node ports. Source: kube-apiserver's `--service-node-port-range`.
const NODE_PORTS: std::ops::RangeInclusive<i32> = 30_000..=32_767;

/// Hands out cluster IPs and node ports.
#[derive(Clone, Debug)]
pub(crate) struct ServiceAllocator {
    range: Ipv4Net,
    random: Random,
    pools: Arc<Mutex<Pools>>,
    services: Option<Arc<Storage>>,
}

#[derive(Debug, Default)]
struct Pools {
    filled: bool,
    /// Address to the Service (namespace/name) that has it.
    addresses: BTreeMap<Ipv4Addr, String>,
    /// Port and protocol.
    ports: BTreeSet<(i32, String)>,
}

/// A port and its protocol.
type Port = (i32, String);

/// What one write took. Dropped without [`keep`](Self::keep), everything goes back.
#[must_use]
pub(crate) struct Allocation {
    pools: Option<Arc<Mutex<Pools>>>,
    addresses: Vec<Ipv4Addr>,
    ports: Vec<(i32, String)>,
    /// Given back once the write is done.
    obsolete: Vec<(Option<Ipv4Addr>, Option<Port>)>,
}

impl Allocation {
    pub(crate) fn none() -> Self {
        Self { pools: None, addresses: vec![], ports: vec![], obsolete: vec![] }
    }

    /// The write is done: what it took stays taken, what it replaced goes back.
    pub(crate) fn keep(mut self) {
        if let Some(pools) = self.pools.take() {
            let mut pools = lock(&pools);
            for (address, port) in self.obsolete.drain(..) {
                if let Some(address) = address {
                    pools.addresses.remove(&address);
                }
                if let Some(port) = port {
                    pools.ports.remove(&port);
                }
            }
        }
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        if let Some(pools) = self.pools.take() {
            let mut pools = lock(&pools);
            for address in &self.addresses {
                pools.addresses.remove(address);
            }
            for port in &self.ports {
                pools.ports.remove(port);
            }
        }
    }
}

impl ServiceAllocator {
    pub(crate) fn new(range: Ipv4Net, random: Random, services: Option<Arc<Storage>>) -> Self {
        Self { range, random, pools: Arc::default(), services }
    }

    /// The first address of the range: that of the `kubernetes` Service.
    pub(crate) fn first(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.range.network()) + 1)
    }

    /// Fills in what a Service leaves to the system. `old` is the stored version of an update.
    pub(crate) async fn allocate(
        &self,
        object: &mut dyn AnyResource,
        old: Option<&dyn AnyResource>,
        dry: bool,
    ) -> Result<Allocation, Status> {
        let Some(service) = object.as_any_mut().downcast_mut::<Service>() else { return Ok(Allocation::none()) };
        let old = old.and_then(|old| old.as_any().downcast_ref::<Service>());
        let mut pools = lock(&self.pools);
        self.fill(&mut pools);
        let mut taken = Allocation::none();
        taken.pools = Some(Arc::clone(&self.pools));
        let result = self
            .take_address(service, old, &mut pools, &mut taken)
            .and_then(|()| self.take_ports(service, old, &mut pools, &mut taken));
        drop(pools);
        result?;
        if dry {
            // A dry run shows an address without taking it.
            drop(taken);
            return Ok(Allocation::none());
        }
        Ok(taken)
    }

    /// Gives back what a deleted Service had.
    pub(crate) fn release(&self, object: &dyn AnyResource) {
        let Some(service) = object.as_any().downcast_ref::<Service>() else { return };
        let mut pools = lock(&self.pools);
        if let Ok(IpAddr::V4(address)) = service.spec.cluster_ip.parse() {
            pools.addresses.remove(&address);
        }
        for port in node_ports(service) {
            pools.ports.remove(&port);
        }
    }

    fn fill(&self, pools: &mut Pools) {
        if std::mem::replace(&mut pools.filled, true) {
            return;
        }
        let Some(storage) = &self.services else { return };
        for object in crate::registry_current(storage) {
            let Some(service) = object.downcast::<Service>() else { continue };
            if let Ok(IpAddr::V4(address)) = service.spec.cluster_ip.parse() {
                pools.addresses.insert(address, name_of(service));
            }
            pools.ports.extend(node_ports(service));
        }
    }

    fn take_address(
        &self,
        service: &mut Service,
        old: Option<&Service>,
        pools: &mut Pools,
        taken: &mut Allocation,
    ) -> Result<(), Status> {
        let had = old.and_then(|old| old.spec.cluster_ip.parse::<Ipv4Addr>().ok());
        if service.spec.type_ == "ExternalName" {
            if let Some(had) = had {
                taken.obsolete.push((Some(had), None));
            }
            service.spec.cluster_ip.clear();
            service.spec.cluster_ips.clear();
            return Ok(());
        }
        let wanted = service.spec.cluster_ip.clone();
        if wanted == "None" {
            service.spec.cluster_ips = vec![wanted];
        } else if !wanted.is_empty() {
            // Malformed addresses are for validation to report.
            let Ok(address) = wanted.parse::<Ipv4Addr>() else { return Ok(()) };
            if had != Some(address) {
                self.claim(service, address, pools, taken)?;
            }
            service.spec.cluster_ips = vec![wanted];
        } else {
            let address = self.pick(pools).ok_or_else(|| {
                Status::internal(format!("failed to allocate a serviceIP: range {} is full", self.range))
            })?;
            pools.addresses.insert(address, name_of(service));
            taken.addresses.push(address);
            service.spec.cluster_ip = address.to_string();
            service.spec.cluster_ips = vec![address.to_string()];
        }
        service.spec.ip_families = vec!["IPv4".into()];
        if service.spec.ip_family_policy.is_none() {
            service.spec.ip_family_policy = Some("SingleStack".into());
        }
        Ok(())
    }

    fn claim(
        &self,
        service: &Service,
        address: Ipv4Addr,
        pools: &mut Pools,
        taken: &mut Allocation,
    ) -> Result<(), Status> {
        let path = Path::new("spec").child("clusterIPs");
        let mut errors = FieldErrors::default();
        let value = serde_json::json!([address.to_string()]);
        if !self.range.contains(&address) {
            errors.invalid(
                &path,
                &value,
                format!("failed to allocate IP {address}: the provided IP ({address}) is not in the valid range. The range of valid IPs is {}", self.range),
            );
        } else if pools.addresses.contains_key(&address) {
            errors.invalid(&path, &value, format!("failed to allocate IP {address}: provided IP is already allocated"));
        }
        if !errors.is_empty() {
            return Err(Status::invalid("", "Service", &service.metadata.name, &errors));
        }
        pools.addresses.insert(address, name_of(service));
        taken.addresses.push(address);
        Ok(())
    }

    /// A free address, at random, so that addresses are not soon reused. The first one is reserved.
    fn pick(&self, pools: &Pools) -> Option<Ipv4Addr> {
        let size = u64::from(u32::from(self.range.broadcast()) - u32::from(self.range.network()));
        let base = u32::from(self.range.network());
        let usable = size.saturating_sub(2);
        let start = self.random.below(usable);
        (0..usable)
            .map(|step| Ipv4Addr::from(base + 2 + u32::try_from((start + step) % usable).unwrap_or_default()))
            .find(|address| !pools.addresses.contains_key(address))
    }

    fn take_ports(
        &self,
        service: &mut Service,
        old: Option<&Service>,
        pools: &mut Pools,
        taken: &mut Allocation,
    ) -> Result<(), Status> {
        let had: Vec<_> = old.map(|old| node_ports(old).collect()).unwrap_or_default();
        let wants = matches!(service.spec.type_.as_str(), "NodePort" | "LoadBalancer")
            && service.spec.allocate_load_balancer_node_ports != Some(false);
        let name = service.metadata.name.clone();
        if !matches!(service.spec.type_.as_str(), "NodePort" | "LoadBalancer") {
            // A port that comes from the version before is dropped; one that the client sets is for validation.
            for port in &mut service.spec.ports {
                if had.contains(&(port.node_port, port.protocol.clone())) {
                    port.node_port = 0;
                }
            }
        }
        for (index, port) in service.spec.ports.iter_mut().enumerate() {
            let key = (port.node_port, port.protocol.clone());
            if port.node_port != 0 {
                if had.contains(&key) || taken.ports.contains(&key) {
                    continue;
                }
                let path = Path::new("spec").child("ports").index(index).child("nodePort");
                let mut errors = FieldErrors::default();
                if !NODE_PORTS.contains(&port.node_port) {
                    let range = format!("{}-{}", NODE_PORTS.start(), NODE_PORTS.end());
                    errors.invalid(
                        &path,
                        port.node_port,
                        format!("provided port is not in the valid range. The range of valid ports is {range}"),
                    );
                } else if pools.ports.contains(&key) {
                    errors.invalid(&path, port.node_port, "provided port is already allocated");
                }
                if !errors.is_empty() {
                    return Err(Status::invalid("", "Service", &name, &errors));
                }
                pools.ports.insert(key.clone());
                taken.ports.push(key);
            } else if wants {
                let span = u64::try_from(NODE_PORTS.end() - NODE_PORTS.start() + 1).unwrap_or(1);
                let start = self.random.below(span);
                let free = (0..span)
                    .map(|step| NODE_PORTS.start() + i32::try_from((start + step) % span).unwrap_or_default())
                    .find(|number| !pools.ports.contains(&(*number, port.protocol.clone())));
                let Some(number) = free else {
                    return Err(Status::internal("failed to allocate a nodePort: range is full"));
                };
                port.node_port = number;
                let key = (number, port.protocol.clone());
                pools.ports.insert(key.clone());
                taken.ports.push(key);
            }
        }
        let now: Vec<_> = node_ports(service).collect();
        taken.obsolete.extend(had.into_iter().filter(|port| !now.contains(port)).map(|port| (None, Some(port))));
        Ok(())
    }
}

fn node_ports(service: &Service) -> impl Iterator<Item = (i32, String)> {
    service.spec.ports.iter().filter(|port| port.node_port != 0).map(|port| (port.node_port, port.protocol.clone()))
}

fn name_of(service: &Service) -> String {
    format!("{}/{}", service.metadata.namespace, service.metadata.name)
}

fn lock(pools: &Mutex<Pools>) -> MutexGuard<'_, Pools> {
    pools.lock().unwrap_or_else(PoisonError::into_inner)
}
