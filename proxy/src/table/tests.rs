use std::net::SocketAddrV4;
use std::sync::Arc;
use std::time::Duration;

use pintle_object_model::api::core::v1::{LoadBalancerIngress, Service};
use pintle_object_model::api::discovery::v1::{Endpoint, EndpointHints, EndpointSlice, ForNode, ForZone};
use proptest::prelude::*;

use super::samples::{endpoint, ready, service, service_port, slice, slice_port, table};
use super::*;

fn at(text: &str) -> SocketAddrV4 {
    text.parse().expect("an address")
}

/// The endpoints of the first port of `a/web`: within the cluster, from outside.
fn chosen(table: &Table) -> (Vec<String>, Vec<String>) {
    let entry = table.get(&ServiceName::new("a", "web")).expect("the service is there");
    let texts = |backends: &Backends| backends.addresses().iter().map(ToString::to_string).collect();
    (texts(&entry.ports[0].cluster), texts(&entry.ports[0].external))
}

fn on(nodes: &[&str], zone: Option<&str>, service: Arc<Service>, endpoints: Vec<Endpoint>) -> Table {
    let nodes = nodes.iter().map(ToString::to_string).collect();
    let mut builder = TableBuilder::new(Locality { nodes, zone: zone.map(str::to_owned) });
    builder.put_service(service);
    builder.put_slice(slice("a", "web", "web-1", 8080, endpoints));
    builder.sync().0
}

fn web() -> Arc<Service> {
    service("a", "web", "10.96.0.1", |_| {})
}

fn state(address: &str, ready: Option<bool>, serving: Option<bool>, terminating: Option<bool>) -> Endpoint {
    endpoint(address, |endpoint| {
        endpoint.conditions.ready = ready;
        endpoint.conditions.serving = serving;
        endpoint.conditions.terminating = terminating;
    })
}

fn node(address: &str, node: &str) -> Endpoint {
    endpoint(address, |endpoint| endpoint.node_name = Some(node.to_owned()))
}

fn hint(address: &str, zone: Option<&str>, node: Option<&str>) -> Endpoint {
    endpoint(address, |endpoint| {
        let zones = zone.map(|name| ForZone { name: name.to_owned() }).into_iter().collect();
        let nodes = node.map(|name| ForNode { name: name.to_owned() }).into_iter().collect();
        endpoint.hints = Some(Box::new(EndpointHints { for_zones: zones, for_nodes: nodes }));
    })
}

#[test]
fn ready_endpoints_are_used_and_absent_conditions_mean_ready() {
    let endpoints = vec![
        ready("10.0.0.1"),
        state("10.0.0.2", Some(true), None, None),
        state("10.0.0.3", Some(false), Some(true), Some(true)),
        state("10.0.0.4", Some(false), None, None),
    ];
    let (cluster, _) = chosen(&on(&[], None, web(), endpoints));
    assert_eq!(cluster, ["10.0.0.1:8080", "10.0.0.2:8080"]);
}

#[test]
fn without_ready_endpoints_those_that_serve_while_they_terminate_are_used() {
    let endpoints = vec![
        state("10.0.0.1", Some(false), Some(true), Some(true)),
        state("10.0.0.2", Some(false), Some(false), Some(true)),
        state("10.0.0.3", Some(false), Some(true), Some(false)),
    ];
    assert_eq!(chosen(&on(&[], None, web(), endpoints)).0, ["10.0.0.1:8080"]);
}

#[test]
fn addresses_that_are_not_ready_are_published_on_request() {
    let publish = service("a", "web", "10.96.0.1", |service| service.spec.publish_not_ready_addresses = true);
    let table = on(&[], None, publish, vec![state("10.0.0.1", Some(false), None, None)]);
    assert_eq!(chosen(&table).0, ["10.0.0.1:8080"]);
    assert_eq!(table.get(&ServiceName::new("a", "web")).unwrap().hosts.len(), 1);
}

#[test]
fn policy_local_keeps_to_the_nodes_of_this_proxy() {
    let endpoints = || vec![node("10.0.0.1", "n1"), node("10.0.0.2", "n2"), node("10.0.0.3", "n3")];
    let external = service("a", "web", "10.96.0.1", |service| {
        service.spec.type_ = "NodePort".to_owned();
        service.spec.external_traffic_policy = "Local".to_owned();
    });
    let (cluster, outside) = chosen(&on(&["n1", "n2"], None, external, endpoints()));
    assert_eq!(cluster.len(), 3);
    assert_eq!(outside, ["10.0.0.1:8080", "10.0.0.2:8080"]);
    let internal =
        service("a", "web", "10.96.0.1", |service| service.spec.internal_traffic_policy = Some("Local".to_owned()));
    let (cluster, outside) = chosen(&on(&["n3"], None, internal, endpoints()));
    assert_eq!(cluster, ["10.0.0.3:8080"]);
    assert_eq!(outside.len(), 3);
}

#[test]
fn hints_narrow_down_only_if_everybody_has_one_and_somebody_is_meant_for_us() {
    let zones = |zone: &str| {
        let endpoints = vec![hint("10.0.0.1", Some("east"), None), hint("10.0.0.2", Some("west"), None)];
        chosen(&on(&["n1"], Some(zone), web(), endpoints)).0
    };
    assert_eq!(zones("east"), ["10.0.0.1:8080"]);
    assert_eq!(zones("north").len(), 2);
    let partial = vec![hint("10.0.0.1", Some("east"), None), ready("10.0.0.2")];
    assert_eq!(chosen(&on(&["n1"], Some("east"), web(), partial)).0.len(), 2);
    let nodes = vec![hint("10.0.0.1", Some("east"), Some("n2")), hint("10.0.0.2", Some("west"), Some("n1"))];
    assert_eq!(chosen(&on(&["n1"], Some("east"), web(), nodes)).0, ["10.0.0.2:8080"]);
}

#[test]
fn ports_are_matched_by_name_and_protocol_in_every_slice() {
    let two = service("a", "web", "10.96.0.1", |service| {
        service.spec.ports =
            vec![service_port("http", "", 80), service_port("dns", "UDP", 53), service_port("dns", "TCP", 53)];
    });
    let other = {
        let mut other = (*slice("a", "web", "web-2", 9090, vec![ready("10.0.0.2")])).clone();
        other.ports.push(slice_port("dns", "UDP", 5353));
        Arc::new(other)
    };
    let table = table(vec![two], vec![slice("a", "web", "web-1", 8080, vec![ready("10.0.0.1")]), other]);
    let entry = table.get(&ServiceName::new("a", "web")).unwrap();
    let of = |index: usize| entry.ports[index].cluster.addresses().to_vec();
    assert_eq!(of(0), [at("10.0.0.1:8080"), at("10.0.0.2:9090")]);
    assert_eq!(of(1), [at("10.0.0.2:5353")]);
    assert_eq!(of(2), []);
}

#[test]
fn sctp_is_reported_once_and_left_out() {
    let mut builder = TableBuilder::new(Locality::default());
    builder.put_service(service("a", "web", "10.96.0.1", |service| {
        service.spec.ports.push(service_port("sig", "SCTP", 7));
    }));
    let unsupported = |changes: &[TableChange]| {
        changes.iter().filter(|change| matches!(change, TableChange::Unsupported { .. })).cloned().collect::<Vec<_>>()
    };
    let (table, changes) = builder.sync();
    let expected = TableChange::Unsupported {
        service: ServiceName::new("a", "web"),
        port: "sig".to_owned(),
        what: "protocol SCTP".to_owned(),
    };
    assert_eq!(unsupported(&changes), [expected]);
    assert_eq!(table.routes().len(), 1);
    builder.put_slice(slice("a", "web", "web-1", 1, vec![ready("10.0.0.1")]));
    assert_eq!(unsupported(&builder.sync().1), []);
}

#[test]
fn a_load_balancer_has_routes_for_every_address() {
    let balanced = service("a", "web", "10.96.0.1", |service| {
        service.spec.type_ = "LoadBalancer".to_owned();
        service.spec.external_traffic_policy = "Local".to_owned();
        service.spec.ports[0].node_port = 30080;
        service.spec.health_check_node_port = 31000;
        service.spec.external_ips = vec!["192.0.2.1".to_owned()];
        service.spec.load_balancer_source_ranges = vec!["198.51.100.0/24".to_owned()];
        let ingress = |ip: &str, mode: Option<&str>| {
            let mut ingress = LoadBalancerIngress::default();
            ingress.ip = ip.to_owned();
            ingress.ip_mode = mode.map(str::to_owned);
            ingress
        };
        service.status.load_balancer.ingress =
            vec![ingress("192.0.2.2", None), ingress("192.0.2.3", Some("Proxy")), ingress("192.0.2.4", Some("VIP"))];
    });
    let endpoints = vec![node("10.0.0.1", "n1"), node("10.0.0.2", "n2")];
    let table = on(&["n2"], None, balanced, endpoints);
    let frontends: Vec<String> = table.routes().keys().map(ToString::to_string).collect();
    let expected =
        ["TCP/10.96.0.1:80", "TCP/192.0.2.1:80", "TCP/192.0.2.2:80", "TCP/192.0.2.4:80", "TCP/node port 30080"];
    assert_eq!(frontends, expected);
    let entry = table.get(&ServiceName::new("a", "web")).unwrap();
    assert_eq!((entry.health_check_node_port, entry.local_endpoints), (Some(31000), 1));
    let guarded: Vec<bool> = table.routes().values().map(|route| route.load_balancer).collect();
    assert_eq!(guarded, [false, false, true, true, false]);
}

#[test]
fn session_affinity_has_the_default_of_three_hours() {
    let sticky = |timeout: Option<i32>| {
        let made = service("a", "web", "10.96.0.1", |service| {
            service.spec.session_affinity = "ClientIP".to_owned();
            if timeout.is_some() {
                let config = service.spec.session_affinity_config.get_or_insert_default();
                config.client_ip.get_or_insert_default().timeout_seconds = timeout;
            }
        });
        table(vec![made], vec![]).get(&ServiceName::new("a", "web")).unwrap().affinity
    };
    assert_eq!(sticky(None), Some(Duration::from_secs(10_800)));
    assert_eq!(sticky(Some(7)), Some(Duration::from_secs(7)));
}

#[test]
fn the_first_service_keeps_an_address_that_two_claim() {
    let claim = |name: &str, ip: &str| {
        service("a", name, ip, |service| service.spec.external_ips = vec!["192.0.2.1".to_owned()])
    };
    let routes = table(vec![claim("one", "10.96.0.1"), claim("two", "10.96.0.2")], vec![]).routes();
    let frontend = Frontend::External("192.0.2.1".parse().unwrap(), 80, Protocol::Tcp);
    assert_eq!(routes[&frontend].service.name, ServiceName::new("a", "one"));
    assert_eq!(routes.len(), 3);
}

#[test]
fn a_service_that_is_its_own_endpoint_is_not_routed() {
    let own = slice("a", "web", "web-1", 80, vec![ready("10.96.0.1")]);
    assert!(table(vec![web()], vec![own]).routes().is_empty());
}

#[test]
fn foreign_services_are_not_routed() {
    let foreign = service("a", "web", "10.96.0.1", |service| {
        service.metadata.labels.insert("service.kubernetes.io/service-proxy-name".to_owned(), "x".to_owned());
    });
    assert!(table(vec![foreign], vec![]).routes().is_empty());
}

#[test]
fn changes_name_the_endpoints_that_come_and_go() {
    let mut builder = TableBuilder::new(Locality::default());
    builder.put_service(web());
    builder.put_slice(slice("a", "web", "web-1", 8080, vec![ready("10.0.0.1"), ready("10.0.0.2")]));
    builder.sync();
    builder.put_slice(slice("a", "web", "web-1", 8080, vec![ready("10.0.0.2"), ready("10.0.0.3")]));
    let expected = TableChange::Endpoints(EndpointChange {
        service: ServiceName::new("a", "web"),
        port: Arc::from("http"),
        protocol: Protocol::Tcp,
        added: vec![at("10.0.0.3:8080")],
        removed: vec![at("10.0.0.1:8080")],
    });
    assert_eq!(builder.sync().1, [expected]);
    assert_eq!(builder.sync().1, []);
    builder.remove_service("a", "web");
    let kinds: Vec<bool> = builder.sync().1.iter().map(|change| matches!(change, TableChange::Removed(_))).collect();
    assert_eq!(kinds, [false, true]);
}

#[test]
fn a_slice_may_change_its_service() {
    let mut builder = TableBuilder::new(Locality::default());
    builder.put_service(web());
    builder.put_service(service("a", "other", "10.96.0.2", |_| {}));
    builder.put_slice(slice("a", "web", "s", 8080, vec![ready("10.0.0.1")]));
    builder.sync();
    builder.put_slice(slice("a", "other", "s", 8080, vec![ready("10.0.0.1")]));
    let (table, _) = builder.sync();
    assert_eq!(chosen(&table).0, Vec::<String>::new());
    assert_eq!(table.get(&ServiceName::new("a", "other")).unwrap().ports[0].cluster.addresses().len(), 1);
}

#[derive(Clone, Debug)]
enum Step {
    PutService(Arc<Service>),
    RemoveService(String),
    PutSlice(Arc<EndpointSlice>),
    RemoveSlice(String),
    Sync,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = || prop::sample::select(vec!["web", "api", "db"]);
    let slice_name = || prop::sample::select(vec!["s1", "s2", "s3", "s4"]);
    let put_service = (name(), 0..4u8, 0..3u8, any::<bool>()).prop_map(|(name, ip, ports, local)| {
        let ip = if ip == 0 { "None".to_owned() } else { format!("10.96.0.{ip}") };
        Step::PutService(service("a", name, &ip, |service| {
            service.spec.ports = (0..ports)
                .map(|port| service_port(["http", "x", "y"][port as usize], "TCP", 80 + i32::from(port)))
                .collect();
            service.spec.internal_traffic_policy = local.then(|| "Local".to_owned());
        }))
    });
    let endpoints =
        prop::collection::vec((1..6u8, prop::option::of(any::<bool>()), any::<bool>(), any::<bool>()), 0..5);
    let put_slice = (name(), slice_name(), 1..3i32, endpoints).prop_map(|(owner, name, port, endpoints)| {
        let made = endpoints.into_iter().map(|(address, ready, terminating, here)| {
            let mut made = state(&format!("10.0.0.{address}"), ready, Some(true), Some(terminating));
            made.node_name = Some(if here { "n1" } else { "n2" }.to_owned());
            made
        });
        Step::PutSlice(slice("a", owner, name, port, made.collect()))
    });
    let step = prop_oneof![
        3 => put_service,
        1 => name().prop_map(|name| Step::RemoveService(name.to_owned())),
        4 => put_slice,
        1 => slice_name().prop_map(|name| Step::RemoveSlice(name.to_owned())),
        2 => Just(Step::Sync),
    ];
    prop::collection::vec(step, 0..40)
}

fn here() -> Locality {
    Locality { nodes: ["n1".to_owned()].into(), zone: None }
}

proptest! {
    #[test]
    fn a_table_kept_up_to_date_equals_one_built_anew(steps in steps()) {
        let mut incremental = TableBuilder::new(here());
        let (mut services, mut slices) = (std::collections::BTreeMap::new(), std::collections::BTreeMap::new());
        // What the changes alone say, replayed.
        let mut replayed: std::collections::BTreeSet<(String, Arc<str>, SocketAddrV4)> = Default::default();
        for step in steps.into_iter().chain([Step::Sync]) {
            match step {
                Step::PutService(service) => {
                    services.insert(service.metadata.name.clone(), Arc::clone(&service));
                    incremental.put_service(service);
                }
                Step::RemoveService(name) => {
                    services.remove(&name);
                    incremental.remove_service("a", &name);
                }
                Step::PutSlice(slice) => {
                    slices.insert(slice.metadata.name.clone(), Arc::clone(&slice));
                    incremental.put_slice(slice);
                }
                Step::RemoveSlice(name) => {
                    slices.remove(&name);
                    incremental.remove_slice("a", &name);
                }
                Step::Sync => {
                    let (table, changes) = incremental.sync();
                    for change in changes {
                        if let TableChange::Endpoints(change) = change {
                            let id = |address| (change.service.to_string(), Arc::clone(&change.port), address);
                            for address in &change.removed {
                                prop_assert!(replayed.remove(&id(*address)));
                            }
                            for address in &change.added {
                                prop_assert!(replayed.insert(id(*address)));
                            }
                        }
                    }
                    let mut anew = TableBuilder::new(here());
                    services.values().for_each(|service| anew.put_service(Arc::clone(service)));
                    slices.values().for_each(|slice| anew.put_slice(Arc::clone(slice)));
                    prop_assert_eq!(&table, &anew.sync().0);
                    let mut all: std::collections::BTreeSet<(String, Arc<str>, SocketAddrV4)> = Default::default();
                    for service in table.services() {
                        for port in &service.ports {
                            let used = port.cluster.addresses().iter().chain(port.external.addresses());
                            all.extend(used.map(|address| (service.name.to_string(), Arc::clone(&port.name), *address)));
                        }
                    }
                    prop_assert_eq!(&replayed, &all);
                }
            }
        }
    }
}
