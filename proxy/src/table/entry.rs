//! One Service of the table.
//!
//! In: what the builder found in the API objects. Out: plain data. Elsewhere: how it came to be (`builder`, `endpoints`).

use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use ipnet::Ipv4Net;

/// Namespace and name of a Service.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
}

impl ServiceName {
    /// From both parts.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: Arc::from(namespace), name: Arc::from(name) }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl fmt::Debug for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Transport protocols that are proxied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// From the API's word; empty means TCP. `None` for SCTP and anything else.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "TCP" => Some(Self::Tcp),
            "UDP" => Some(Self::Udp),
            _ => None,
        }
    }

    /// `tcp` or `udp`, as DNS and nftables write it.
    pub fn lower(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        })
    }
}

/// What a Service is to its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// Reached at an address of the cluster.
    ClusterIp(Ipv4Addr),
    /// Only a name for its endpoints.
    Headless,
    /// Another name for a host elsewhere.
    ExternalName(Arc<str>),
    /// No address yet, or only one that is not IPv4.
    Pending,
}

/// Where connections go: addresses in order, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backends {
    addresses: Vec<SocketAddrV4>,
}

impl Backends {
    /// Sorted and without doubles.
    pub fn new(mut addresses: Vec<SocketAddrV4>) -> Self {
        addresses.sort_unstable();
        addresses.dedup();
        Self { addresses }
    }

    /// The addresses, in order.
    pub fn addresses(&self) -> &[SocketAddrV4] {
        &self.addresses
    }

    /// Is there nobody to connect to?
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// Is this address among them?
    pub fn contains(&self, address: SocketAddrV4) -> bool {
        self.addresses.binary_search(&address).is_ok()
    }
}

/// One port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name; empty if the Service has only one port.
    pub name: Arc<str>,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its number at the cluster IP and at external addresses.
    pub port: u16,
    /// Its number at every address of every node.
    pub node_port: Option<u16>,
    /// Where connections from within the cluster go.
    pub cluster: Arc<Backends>,
    /// Where connections from outside go (node ports, external and load balancer addresses). Differs from `cluster` only
    /// under `externalTrafficPolicy: Local` or `internalTrafficPolicy: Local`.
    pub external: Arc<Backends>,
}

/// An endpoint as DNS sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Host {
    /// Its address.
    pub address: Ipv4Addr,
    /// Its first label in names: the host name it was given, or its address with dashes.
    pub label: Arc<str>,
    /// The ports that it serves.
    pub ports: Vec<HostPort>,
}

/// A port of an endpoint as DNS sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    /// Name of the Service's port.
    pub name: Arc<str>,
    /// Protocol.
    pub protocol: Protocol,
    /// Number at the endpoint.
    pub port: u16,
}

/// One Service with its endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEntry {
    /// Its name.
    pub name: ServiceName,
    /// What it is.
    pub kind: ServiceKind,
    /// Its ports, in the order of the Service; those of unsupported protocols are left out.
    pub ports: Vec<ServicePort>,
    /// `externalIPs`.
    pub external_ips: Vec<Ipv4Addr>,
    /// Addresses of the load balancer that are to be short-cut (`ipMode` other than `Proxy`).
    pub load_balancer_ips: Vec<Ipv4Addr>,
    /// Who may use the load balancer's addresses; empty for everybody.
    pub source_ranges: Vec<Ipv4Net>,
    /// For how long after its last connection a client keeps its endpoint (`sessionAffinity: ClientIP`).
    pub affinity: Option<Duration>,
    /// `externalTrafficPolicy: Local`.
    pub external_local: bool,
    /// `internalTrafficPolicy: Local`.
    pub internal_local: bool,
    /// Where load balancers ask whether this node has endpoints.
    pub health_check_node_port: Option<u16>,
    /// Ready endpoints on this proxy's nodes.
    pub local_endpoints: usize,
    /// The endpoints that DNS publishes (ready, or all if the Service says so), for headless Services and for named
    /// endpoints.
    pub hosts: Vec<Host>,
    /// Is it left to another proxy (`service.kubernetes.io/service-proxy-name`)? DNS still knows it.
    pub foreign: bool,
}

impl ServiceEntry {
    /// The cluster IP, if there is one.
    pub fn cluster_ip(&self) -> Option<Ipv4Addr> {
        match self.kind {
            ServiceKind::ClusterIp(address) => Some(address),
            ServiceKind::Headless | ServiceKind::ExternalName(_) | ServiceKind::Pending => None,
        }
    }

    /// The addresses that lead back to this Service's name.
    pub(super) fn addresses(&self) -> Vec<Ipv4Addr> {
        match self.kind {
            ServiceKind::ClusterIp(address) => vec![address],
            ServiceKind::Headless => self.hosts.iter().map(|host| host.address).collect(),
            ServiceKind::ExternalName(_) | ServiceKind::Pending => vec![],
        }
    }
}
