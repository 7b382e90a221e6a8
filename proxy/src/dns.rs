//! Cluster DNS: names of Services, endpoints and pods.
//!
//! In: queries over UDP and TCP, the table. Out: answers as the Kubernetes specification of DNS-based service discovery
//! (version 1.1.0) says; names outside of the cluster are passed on to upstream resolvers. Invariants: every query that
//! can be parsed gets an answer; queries under way and connections are bounded. Elsewhere: the wire format
//! (hickory-proto), which objects there are (`table`).

mod forward;
mod message;
mod objects;
mod resolv;
mod server;
mod zone;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::Ipv4Net;

pub use objects::{KubeDns, write_kube_dns};
pub use resolv::upstreams_of_host;
pub use server::DnsServer;

/// What is done about names outside of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// They are refused (`REFUSED`).
    Off,
    /// They are passed on to these resolvers, in this order. With none of them, or if none answers: `SERVFAIL`.
    Resolvers(Vec<SocketAddr>),
}

/// How cluster DNS works.
#[derive(Clone, Debug)]
pub struct DnsConfig {
    /// Where to listen, UDP and TCP: a cluster IP that is local to the host, the address of the pods' bridge, ...
    pub listen: Vec<SocketAddr>,
    /// The domain of the cluster. Default `cluster.local`.
    pub domain: String,
    /// How long answers may be kept. Default 5 s.
    pub ttl: Duration,
    /// Names outside of the cluster. Default: refused.
    pub upstream: Upstream,
    /// How long one upstream resolver may take. Default 2 s.
    pub upstream_timeout: Duration,
    /// Networks whose reverse names belong to the cluster: what is not in the table does not exist.
    pub networks: Vec<Ipv4Net>,
    /// Queries under way to upstream resolvers. Default 512.
    pub forwards_max: usize,
    /// Open TCP connections. Default 256.
    pub connections_max: usize,
    /// How long a TCP connection may be silent. Default 10 s.
    pub tcp_idle: Duration,
    /// The `kube-dns` Service that lets pods find this server; `None` if somebody else makes it.
    pub objects: Option<KubeDns>,
}

impl DnsConfig {
    /// A server at this address for the domain `cluster.local`.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen: vec![listen],
            domain: "cluster.local".to_owned(),
            ttl: Duration::from_secs(5),
            upstream: Upstream::Off,
            upstream_timeout: Duration::from_secs(2),
            networks: vec![Ipv4Net::new_assert(Ipv4Addr::new(10, 96, 0, 0), 16)],
            forwards_max: 512,
            connections_max: 256,
            tcp_idle: Duration::from_secs(10),
            objects: None,
        }
    }
}
