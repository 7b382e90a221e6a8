//! What the packet filter is to do about routes.
//!
//! In: routes. Out: a rule set. Pure.
//!
//! A connection's first packet is looked up by address or node port in a map, which leads to the chain of the Service
//! port (`svc-`, or `ext-` if it comes from outside); that draws an endpoint by lot, or takes the one that the client
//! had last; the chain of the endpoint (`ep-`) translates the address. What must be answered through here is marked, and
//! masqueraded when it leaves.

use std::net::SocketAddrV4;

use ipnet::Ipv4Net;

use super::ruleset::{Chain, Ruleset};
use crate::table::{Backends, Frontend, Route, Routes};

const ADDRESSES: &str = "service-addresses";
const NODE_PORTS: &str = "service-node-ports";
const NO_ENDPOINT_ADDRESSES: &str = "no-endpoint-addresses";
const NO_ENDPOINT_NODE_PORTS: &str = "no-endpoint-node-ports";
// `mark` and `reject` alone are words of nft's language.
const MARK: &str = "mark-masquerade";
const REFUSE: &str = "refuse";

/// Clients that session affinity remembers per endpoint.
const AFFINITY_CLIENTS_MAX: u32 = 65_536;

#[derive(Debug)]
pub(super) struct Rules {
    pub(super) service_cidr: Ipv4Net,
    pub(super) pod_cidr: Option<Ipv4Net>,
    pub(super) masquerade_all: bool,
    pub(super) mark: u32,
}

impl Rules {
    pub(super) fn ruleset(&self, routes: &Routes) -> Ruleset {
        let mut set = Ruleset::default();
        self.skeleton(&mut set);
        for (frontend, route) in routes {
            self.route(*frontend, route, &mut set);
        }
        set
    }

    /// What is there whatever the routes are.
    fn skeleton(&self, set: &mut Ruleset) {
        let mut sets = |name: &str, declaration: &str| set.sets.insert(name.to_owned(), declaration.to_owned());
        sets(ADDRESSES, "type ipv4_addr . inet_proto . inet_service : verdict");
        sets(NODE_PORTS, "type inet_proto . inet_service : verdict");
        sets(NO_ENDPOINT_ADDRESSES, "type ipv4_addr . inet_proto . inet_service");
        sets(NO_ENDPOINT_NODE_PORTS, "type inet_proto . inet_service");
        let mut chain = |name: &str, hook: Option<&'static str>, rules: Vec<String>| {
            set.chains.insert(name.to_owned(), Chain { hook, rules });
        };
        let jump = |to: &str| vec![format!("jump {to}")];
        chain("nat-prerouting", Some("type nat hook prerouting priority -100"), jump("services"));
        chain("nat-output", Some("type nat hook output priority -100"), jump("services"));
        let mark = format!("{:#x}", self.mark);
        let masquerade = vec![
            format!("meta mark & {mark} == 0 return"),
            format!("meta mark set meta mark ^ {mark}"),
            "masquerade fully-random".to_owned(),
        ];
        chain("nat-postrouting", Some("type nat hook postrouting priority 100"), masquerade);
        // Addresses of the service network are local here (see the module above), but they are not node addresses.
        let node = format!("ip daddr != 127.0.0.0/8 ip daddr != {} fib daddr type local", self.service_cidr);
        let services = vec![
            format!("ip daddr . meta l4proto . th dport vmap @{ADDRESSES}"),
            format!("{node} meta l4proto . th dport vmap @{NODE_PORTS}"),
        ];
        chain("services", None, services);
        chain(MARK, None, vec![format!("meta mark set meta mark | {mark}")]);
        chain("filter-input", Some("type filter hook input priority 0"), jump("no-endpoints"));
        chain("filter-forward", Some("type filter hook forward priority 0"), jump("no-endpoints"));
        // What the host sends to itself is refused where it comes in: a datagram that is refused on its way out is an
        // error of permissions to its sender.
        let leaving = vec!["fib daddr type != local jump no-endpoints".to_owned()];
        chain("filter-output", Some("type filter hook output priority 0"), leaving);
        let refused = vec![
            format!("ct state new ip daddr . meta l4proto . th dport @{NO_ENDPOINT_ADDRESSES} goto {REFUSE}"),
            format!("ct state new {node} meta l4proto . th dport @{NO_ENDPOINT_NODE_PORTS} goto {REFUSE}"),
        ];
        chain("no-endpoints", None, refused);
        let reject =
            vec!["meta l4proto tcp reject with tcp reset".to_owned(), "reject with icmp port-unreachable".to_owned()];
        chain(REFUSE, None, reject);
    }

    fn route(&self, frontend: Frontend, route: &Route, set: &mut Ruleset) {
        let port = route.port();
        let protocol = frontend.protocol().lower();
        let (key, map, refused) = match frontend.address() {
            Some(address) => {
                let key = format!("{address} . {protocol} . {}", frontend.port());
                (key, ADDRESSES, NO_ENDPOINT_ADDRESSES)
            }
            None => (format!("{protocol} . {}", frontend.port()), NODE_PORTS, NO_ENDPOINT_NODE_PORTS),
        };
        let empty = match frontend {
            Frontend::Cluster(..) => port.cluster.is_empty(),
            Frontend::External(..) | Frontend::NodePort(..) => port.external.is_empty() && port.cluster.is_empty(),
        };
        if empty {
            set.elements.insert((refused, key), None);
            return;
        }
        let chain = match frontend {
            Frontend::Cluster(..) => self.service(route, set),
            Frontend::External(..) if route.load_balancer => self.load_balancer(route, set),
            Frontend::External(..) | Frontend::NodePort(..) => self.external(route, set),
        };
        set.elements.insert((map, key), Some(format!("goto {chain}")));
    }

    /// Connections from within the cluster.
    fn service(&self, route: &Route, set: &mut Ruleset) -> String {
        let name = format!("svc-{}", id(route));
        let mut rules = vec![];
        match (self.masquerade_all, self.pod_cidr) {
            (true, _) => rules.push(format!("jump {MARK}")),
            (false, Some(pods)) => rules.push(format!("ip saddr != {pods} jump {MARK}")),
            // The host itself sends from the service address, since that is local.
            (false, None) => rules.push(format!("ip saddr {} jump {MARK}", self.service_cidr)),
        }
        self.draw(route, &route.port().cluster, &mut rules, set);
        set.chains.insert(name.clone(), Chain { hook: None, rules });
        name
    }

    /// Connections from outside.
    fn external(&self, route: &Route, set: &mut Ruleset) -> String {
        let name = format!("ext-{}", id(route));
        let port = route.port();
        let mut rules = vec![];
        if route.service.external_local {
            // Policy `Local` is about where traffic enters the cluster: from within, any endpoint will do.
            if !port.cluster.is_empty() {
                let service = self.service(route, set);
                rules.extend(self.pod_cidr.map(|pods| format!("ip saddr {pods} goto {service}")));
                rules.push(format!("fib saddr type local jump {MARK}"));
                rules.push(format!("fib saddr type local goto {service}"));
            }
        } else {
            rules.push(format!("jump {MARK}"));
        }
        if port.external.is_empty() {
            // Another node has the endpoints: whoever balances between nodes must see silence here, not a refusal.
            rules.push("drop".to_owned());
        } else {
            self.draw(route, &port.external, &mut rules, set);
        }
        set.chains.insert(name.clone(), Chain { hook: None, rules });
        name
    }

    fn load_balancer(&self, route: &Route, set: &mut Ruleset) -> String {
        let external = self.external(route, set);
        let ranges = &route.service.source_ranges;
        if ranges.is_empty() {
            return external;
        }
        let name = format!("lb-{}", id(route));
        let mut apart = ranges.clone();
        // Overlapping ranges are an error to nft.
        apart = Ipv4Net::aggregate(&apart);
        let ranges: Vec<String> = apart.iter().map(ToString::to_string).collect();
        let rules = vec![format!("ip saddr != {{ {} }} drop", ranges.join(", ")), format!("goto {external}")];
        set.chains.insert(name.clone(), Chain { hook: None, rules });
        name
    }

    /// Takes the client's last endpoint, or any.
    fn draw(&self, route: &Route, backends: &Backends, rules: &mut Vec<String>, set: &mut Ruleset) {
        let chains: Vec<String> = backends.addresses().iter().map(|at| self.endpoint(route, *at, set)).collect();
        if route.service.affinity.is_some() {
            for (chain, at) in chains.iter().zip(backends.addresses()) {
                rules.push(format!("ip saddr @{} goto {chain}", affinity_set(route, *at)));
            }
        }
        match chains.as_slice() {
            [] => {}
            [only] => rules.push(format!("goto {only}")),
            many => {
                let lots = many.iter().enumerate().map(|(lot, chain)| format!("{lot} : goto {chain}"));
                let lots: Vec<String> = lots.collect();
                rules.push(format!("numgen random mod {} vmap {{ {} }}", many.len(), lots.join(", ")));
            }
        }
    }

    fn endpoint(&self, route: &Route, at: SocketAddrV4, set: &mut Ruleset) -> String {
        let name = format!("ep-{}/{}/{}", id(route), at.ip(), at.port());
        // A pod that reaches itself must get the answer from where it has asked.
        let mut rules = vec![format!("ip saddr {} jump {MARK}", at.ip())];
        if let Some(timeout) = route.service.affinity {
            let affinity = affinity_set(route, at);
            let seconds = timeout.as_secs().max(1);
            let declaration =
                format!("type ipv4_addr ; flags dynamic,timeout ; timeout {seconds}s ; size {AFFINITY_CLIENTS_MAX}");
            set.sets.insert(affinity.clone(), declaration);
            rules.push(format!("update @{affinity} {{ ip saddr }}"));
        }
        rules.push(format!("meta l4proto {} dnat to {at}", route.port().protocol.lower()));
        set.chains.insert(name.clone(), Chain { hook: None, rules });
        name
    }
}

/// The name of a set is that of its content, time-out included: it cannot be changed later.
fn affinity_set(route: &Route, at: SocketAddrV4) -> String {
    let seconds = route.service.affinity.unwrap_or_default().as_secs();
    format!("aff-{}/{}/{}/{seconds}", id(route), at.ip(), at.port())
}

/// Names a Service port: readable as far as there is room, and told apart by a hash.
fn id(route: &Route) -> String {
    let (name, port) = (&route.service.name, route.port());
    let full = format!("{}/{}/{}/{}", name.namespace, name.name, port.protocol.lower(), port.port);
    // FNV-1a: a name that must be the same in every run, not a defence.
    let hash = full
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let readable: String = full.chars().take(60).collect();
    format!("{:08x}-{readable}", (hash >> 32) ^ (hash & 0xffff_ffff))
}

#[cfg(test)]
mod tests;
