//! Keeps the table up to date.
//!
//! In: Services and EndpointSlices, as they come, go and change. Out: [`TableBuilder::sync`]. Invariant: only Services
//! that something happened to are worked out anew.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use pintle_object_model::Resource;
use pintle_object_model::api::core::v1::{Service, ServicePort as ApiPort};
use pintle_object_model::api::discovery::v1::EndpointSlice;

use super::{
    Backends, Protocol, ServiceEntry, ServiceKind, ServiceName, ServicePort, Table, TableChange, change, endpoints,
};

/// The label of a slice that names its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// The label by which a Service asks to be left to another proxy.
const OTHER_PROXY: &str = "service.kubernetes.io/service-proxy-name";
/// Session affinity without a time-out lasts this long: the API's default, three hours.
const AFFINITY_DEFAULT: Duration = Duration::from_secs(10_800);

/// Where this proxy is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locality {
    /// The nodes that this proxy serves; none means that every endpoint is local (one host is the whole cluster).
    pub nodes: BTreeSet<String>,
    /// The zone of these nodes, for topology hints.
    pub zone: Option<String>,
}

impl Locality {
    pub(super) fn is_local(&self, node: Option<&str>) -> bool {
        self.nodes.is_empty() || node.is_some_and(|node| self.nodes.contains(node))
    }

    pub(super) fn is_named(&self, node: &str) -> bool {
        self.nodes.contains(node)
    }
}

/// Builds tables, one after the other. Pure: no I/O, no clock.
#[derive(Debug, Default)]
pub struct TableBuilder {
    locality: Locality,
    services: BTreeMap<ServiceName, Arc<Service>>,
    slices: BTreeMap<ServiceName, BTreeMap<Arc<str>, Arc<EndpointSlice>>>,
    /// Whose each slice is, by the slice's namespace and name: its label may change.
    owners: BTreeMap<ServiceName, ServiceName>,
    /// What to work out anew, and whether the Service itself was touched (not only its slices).
    dirty: BTreeMap<ServiceName, bool>,
    table: Table,
}

impl TableBuilder {
    /// An empty table's builder.
    pub fn new(locality: Locality) -> Self {
        Self { locality, ..Self::default() }
    }

    /// Takes in a Service.
    pub fn put_service(&mut self, service: Arc<Service>) {
        let name = ServiceName::new(&service.metadata.namespace, &service.metadata.name);
        self.dirty.insert(name.clone(), true);
        self.services.insert(name, service);
    }

    /// Takes in that a Service is gone.
    pub fn remove_service(&mut self, namespace: &str, name: &str) {
        let name = ServiceName::new(namespace, name);
        if self.services.remove(&name).is_some() {
            self.dirty.insert(name, true);
        }
    }

    /// Takes in a slice.
    pub fn put_slice(&mut self, slice: Arc<EndpointSlice>) {
        let metadata = slice.metadata();
        let id = ServiceName::new(&metadata.namespace, &metadata.name);
        let owner = metadata.labels.get(SERVICE_NAME).filter(|owner| !owner.is_empty());
        let owner = owner.map(|owner| ServiceName::new(&metadata.namespace, owner));
        if self.owners.get(&id) != owner.as_ref() {
            self.remove_slice(&id.namespace, &id.name);
        }
        let Some(owner) = owner else { return };
        if slice.address_type != "IPv4" {
            return;
        }
        self.owners.insert(id.clone(), owner.clone());
        self.slices.entry(owner.clone()).or_default().insert(id.name, slice);
        self.dirty.entry(owner).or_insert(false);
    }

    /// Takes in that a slice is gone.
    pub fn remove_slice(&mut self, namespace: &str, name: &str) {
        let Some(owner) = self.owners.remove(&ServiceName::new(namespace, name)) else { return };
        if let Some(slices) = self.slices.get_mut(&owner) {
            slices.remove(name);
            if slices.is_empty() {
                self.slices.remove(&owner);
            }
        }
        self.dirty.entry(owner).or_insert(false);
    }

    /// Has anything been taken in since the last [`sync`](Self::sync)?
    pub fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The table as it is now, and what has changed since the last call.
    pub fn sync(&mut self) -> (Table, Vec<TableChange>) {
        let mut changes = vec![];
        for (name, touched) in std::mem::take(&mut self.dirty) {
            let old = self.table.get(&name).cloned();
            let mut unsupported = vec![];
            let new = self.services.get(&name).map(|service| Arc::new(self.entry(&name, service, &mut unsupported)));
            if touched {
                changes.extend(unsupported);
            }
            if old == new {
                continue;
            }
            change::between(old.as_ref(), new.as_ref(), &mut changes);
            match new {
                Some(new) => self.table.put(new),
                None => self.table.remove(&name),
            }
        }
        (self.table.clone(), changes)
    }

    fn entry(&self, name: &ServiceName, service: &Service, changes: &mut Vec<TableChange>) -> ServiceEntry {
        let spec = &service.spec;
        let none = BTreeMap::new();
        let slices = self.slices.get(name).unwrap_or(&none);
        let kind = kind(service);
        let outside = matches!(spec.type_.as_str(), "NodePort" | "LoadBalancer");
        // The policy also governs external IPs, which a Service of any type may have.
        let external_local = spec.external_traffic_policy == "Local" && (outside || !spec.external_ips.is_empty());
        let internal_local = spec.internal_traffic_policy.as_deref() == Some("Local");
        let publish = spec.publish_not_ready_addresses;
        let mut ports = vec![];
        for port in &spec.ports {
            let Some((protocol, number)) = supported(name, port, changes) else { continue };
            let chosen = endpoints::choose(slices, &port.name, protocol, publish, &self.locality);
            let (anywhere, local) = (Arc::new(chosen.anywhere), Arc::new(chosen.local));
            let by_policy = |only_local: bool| Arc::clone(if only_local { &local } else { &anywhere });
            let routed = matches!(kind, ServiceKind::ClusterIp(_));
            ports.push(ServicePort {
                name: Arc::from(port.name.as_str()),
                protocol,
                port: number,
                node_port: u16::try_from(port.node_port).ok().filter(|port| outside && *port != 0),
                cluster: if routed { by_policy(internal_local) } else { Arc::new(Backends::default()) },
                external: if routed { by_policy(external_local) } else { Arc::new(Backends::default()) },
            });
        }
        ServiceEntry {
            name: name.clone(),
            ports,
            external_ips: addresses(spec.external_ips.iter().map(String::as_str)),
            load_balancer_ips: load_balancer_ips(service),
            source_ranges: spec
                .load_balancer_source_ranges
                .iter()
                .filter_map(|range| range.trim().parse().ok())
                .collect(),
            affinity: affinity(service),
            external_local,
            internal_local,
            health_check_node_port: u16::try_from(spec.health_check_node_port)
                .ok()
                .filter(|port| *port != 0 && spec.type_ == "LoadBalancer" && external_local),
            local_endpoints: endpoints::count_local(slices, publish, &self.locality),
            hosts: endpoints::hosts(slices, publish),
            foreign: service.metadata.labels.contains_key(OTHER_PROXY),
            kind,
        }
    }
}

fn kind(service: &Service) -> ServiceKind {
    let spec = &service.spec;
    match (spec.type_.as_str(), spec.cluster_ip.as_str()) {
        ("ExternalName", _) => ServiceKind::ExternalName(Arc::from(spec.external_name.trim_end_matches('.'))),
        (_, "None") => ServiceKind::Headless,
        (_, address) => {
            // With two stacks the first address may be IPv6.
            let mut all = std::iter::once(address).chain(spec.cluster_ips.iter().map(String::as_str));
            all.find_map(|address| address.parse().ok()).map_or(ServiceKind::Pending, ServiceKind::ClusterIp)
        }
    }
}

fn supported(name: &ServiceName, port: &ApiPort, changes: &mut Vec<TableChange>) -> Option<(Protocol, u16)> {
    let mut refuse = |what: String| {
        let port = if port.name.is_empty() { port.port.to_string() } else { port.name.clone() };
        changes.push(TableChange::Unsupported { service: name.clone(), port, what });
        None
    };
    let Some(protocol) = Protocol::parse(&port.protocol) else {
        return refuse(format!("protocol {}", port.protocol));
    };
    match u16::try_from(port.port) {
        Ok(number) if number != 0 => Some((protocol, number)),
        _ => refuse(format!("port number {}", port.port)),
    }
}

fn affinity(service: &Service) -> Option<Duration> {
    if service.spec.session_affinity != "ClientIP" {
        return None;
    }
    let config = service.spec.session_affinity_config.as_ref().and_then(|config| config.client_ip.as_ref());
    let seconds = config.and_then(|config| config.timeout_seconds).and_then(|seconds| u64::try_from(seconds).ok());
    Some(seconds.map_or(AFFINITY_DEFAULT, Duration::from_secs))
}

fn load_balancer_ips(service: &Service) -> Vec<Ipv4Addr> {
    if service.spec.type_ != "LoadBalancer" {
        return vec![];
    }
    let ingress = service.status.load_balancer.ingress.iter();
    let direct = ingress.filter(|ingress| ingress.ip_mode.as_deref() != Some("Proxy"));
    addresses(direct.map(|ingress| ingress.ip.as_str()))
}

fn addresses<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<Ipv4Addr> {
    let mut found: Vec<Ipv4Addr> = texts.filter_map(|text| text.parse().ok()).collect();
    found.sort_unstable();
    found.dedup();
    found
}
