//! Which endpoints of a Service are used for what.
//!
//! In: the slices of a Service, the traffic policies. Out: backends per port, hosts for DNS. Rules, as Kubernetes states
//! them: ready endpoints; if there are none, those that still serve while they terminate; under policy `Local` only
//! those on this node; and with topology hints only those meant for this zone or node, as long as that leaves any.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use pintle_object_model::api::discovery::v1::{Endpoint, EndpointSlice};

use super::{Backends, Host, HostPort, Locality, Protocol};

/// How far an endpoint is usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fitness {
    /// Only if there is no ready one.
    Terminating,
    Ready,
}

#[derive(Clone, Debug)]
struct Candidate<'a> {
    address: SocketAddrV4,
    fitness: Fitness,
    local: bool,
    endpoint: &'a Endpoint,
}

/// The endpoints of one port under each policy.
pub(super) struct Chosen {
    pub(super) anywhere: Backends,
    pub(super) local: Backends,
}

/// Conditions that are absent mean: ready, serving as far as ready, not terminating.
fn is_ready(endpoint: &Endpoint, publish_not_ready: bool) -> bool {
    publish_not_ready || endpoint.conditions.ready.unwrap_or(true)
}

fn fitness(endpoint: &Endpoint, publish_not_ready: bool) -> Option<Fitness> {
    if is_ready(endpoint, publish_not_ready) {
        return Some(Fitness::Ready);
    }
    let serving = endpoint.conditions.serving.unwrap_or(false);
    (serving && endpoint.conditions.terminating.unwrap_or(false)).then_some(Fitness::Terminating)
}

fn address(endpoint: &Endpoint) -> Option<Ipv4Addr> {
    // All addresses of an endpoint are equivalent; consumers use the first.
    endpoint.addresses.first()?.parse().ok()
}

pub(super) fn choose(
    slices: &BTreeMap<Arc<str>, Arc<EndpointSlice>>,
    port_name: &str,
    protocol: Protocol,
    publish_not_ready: bool,
    locality: &Locality,
) -> Chosen {
    let mut candidates: BTreeMap<SocketAddrV4, Candidate<'_>> = BTreeMap::new();
    for slice in slices.values() {
        for port in ports(slice).filter(|port| *port.name == *port_name && port.protocol == protocol) {
            for endpoint in &slice.endpoints {
                let (Some(address), Some(fitness)) = (address(endpoint), fitness(endpoint, publish_not_ready)) else {
                    continue;
                };
                let address = SocketAddrV4::new(address, port.port);
                let local = locality.is_local(endpoint.node_name.as_deref());
                let candidate = Candidate { address, fitness, local, endpoint };
                // The same endpoint may be in two slices while it moves between them: the better one counts.
                let known = candidates.entry(address).or_insert_with(|| candidate.clone());
                if known.fitness < candidate.fitness {
                    *known = candidate;
                }
            }
        }
    }
    let candidates: Vec<Candidate<'_>> = candidates.into_values().collect();
    Chosen {
        anywhere: backends(&hinted(best(&candidates, |_| true), locality)),
        local: backends(&best(&candidates, |candidate| candidate.local)),
    }
}

fn backends(candidates: &[&Candidate<'_>]) -> Backends {
    Backends::new(candidates.iter().map(|candidate| candidate.address).collect())
}

/// The fittest of those that are wanted.
fn best<'a>(all: &'a [Candidate<'a>], wanted: impl Fn(&Candidate<'_>) -> bool) -> Vec<&'a Candidate<'a>> {
    let fittest = all.iter().filter(|candidate| wanted(candidate)).map(|candidate| candidate.fitness).max();
    all.iter().filter(|candidate| wanted(candidate) && Some(candidate.fitness) == fittest).collect()
}

/// Narrows down by hints: by node if every endpoint names nodes, else by zone if every endpoint names zones; not at all
/// if some have no hint or nobody is meant for us.
fn hinted<'a>(ready: Vec<&'a Candidate<'a>>, locality: &Locality) -> Vec<&'a Candidate<'a>> {
    let narrowed = by_hint(&ready, |endpoint| {
        let nodes = &endpoint.hints.as_ref()?.for_nodes;
        (!nodes.is_empty()).then(|| nodes.iter().any(|node| locality.is_named(&node.name)))
    })
    .or_else(|| {
        let zone = locality.zone.as_deref()?;
        by_hint(&ready, |endpoint| {
            let zones = &endpoint.hints.as_ref()?.for_zones;
            (!zones.is_empty()).then(|| zones.iter().any(|hint| hint.name == zone))
        })
    });
    narrowed.unwrap_or(ready)
}

fn by_hint<'a>(
    ready: &[&'a Candidate<'a>],
    meant_for_us: impl Fn(&Endpoint) -> Option<bool>,
) -> Option<Vec<&'a Candidate<'a>>> {
    let mut meant = vec![];
    for candidate in ready {
        if meant_for_us(candidate.endpoint)? {
            meant.push(*candidate);
        }
    }
    (!meant.is_empty()).then_some(meant)
}

/// The ports of a slice that have a number and a protocol that we know.
fn ports(slice: &EndpointSlice) -> impl Iterator<Item = HostPort> {
    slice.ports.iter().filter_map(|port| {
        let protocol = Protocol::parse(port.protocol.as_deref().unwrap_or_default())?;
        let number = u16::try_from(port.port?).ok().filter(|port| *port != 0)?;
        Some(HostPort { name: Arc::from(port.name.as_deref().unwrap_or_default()), protocol, port: number })
    })
}

/// How many ready endpoints are local, each address once.
pub(super) fn count_local(
    slices: &BTreeMap<Arc<str>, Arc<EndpointSlice>>,
    publish_not_ready: bool,
    locality: &Locality,
) -> usize {
    let endpoints = slices.values().flat_map(|slice| &slice.endpoints);
    let local = endpoints
        .filter(|endpoint| is_ready(endpoint, publish_not_ready) && locality.is_local(endpoint.node_name.as_deref()));
    local.filter_map(address).collect::<std::collections::BTreeSet<_>>().len()
}

/// What DNS publishes, ordered by address.
pub(super) fn hosts(slices: &BTreeMap<Arc<str>, Arc<EndpointSlice>>, publish_not_ready: bool) -> Vec<Host> {
    let mut hosts: BTreeMap<(Ipv4Addr, Arc<str>), Vec<HostPort>> = BTreeMap::new();
    for slice in slices.values() {
        for endpoint in slice.endpoints.iter().filter(|endpoint| is_ready(endpoint, publish_not_ready)) {
            let Some(address) = address(endpoint) else { continue };
            let label = match endpoint.hostname.as_deref() {
                Some(name) if !name.is_empty() => Arc::from(name),
                _ => Arc::from(address.to_string().replace('.', "-").as_str()),
            };
            hosts.entry((address, label)).or_default().extend(ports(slice));
        }
    }
    let finish = |((address, label), mut ports): ((Ipv4Addr, Arc<str>), Vec<HostPort>)| {
        ports.sort();
        ports.dedup();
        Host { address, label, ports }
    };
    hosts.into_iter().map(finish).collect()
}
