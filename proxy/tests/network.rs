//! Both data planes against the kernel: a host, pods behind a bridge and somebody outside, each in a network namespace of
//! its own. Nothing leaves them. Needs root; says so and passes otherwise.

#[path = "network/services.rs"]
mod services;
#[path = "network/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pintle_proxy::ProxyEvent;
use services::{Driven, Kind, service};
use world::{HOST, Server, World, pod_ip, tcp, udp, who};

const CLUSTER_IP: &str = "10.96.0.1";

fn cluster() -> SocketAddrV4 {
    SocketAddrV4::new(CLUSTER_IP.parse().unwrap(), 80)
}

fn node_port(address: Ipv4Addr) -> SocketAddrV4 {
    SocketAddrV4::new(address, 30080)
}

fn pods(indices: &[usize]) -> Vec<String> {
    indices.iter().map(|index| pod_ip(*index).to_string()).collect()
}

/// Two servers in pods 0 and 1, a client in pod 2, and a plane with Service `web`.
async fn driven(kind: Kind, edit: impl FnOnce(&mut pintle_object_model::api::core::v1::Service)) -> Driven {
    let mut driven = Driven::start(kind).await;
    let endpoints = pods(&[0, 1]);
    let endpoints: Vec<&str> = endpoints.iter().map(String::as_str).collect();
    driven.put(service("web", CLUSTER_IP, 30080, edit), &endpoints).await;
    driven
}

macro_rules! on_both_planes {
    ($($name:ident),+ $(,)?) => {
        mod userspace {
            $(#[test] fn $name() { super::$name(super::Kind::Userspace); })+
        }
        mod nftables {
            $(#[test] fn $name() { super::$name(super::Kind::Nftables); })+
        }
    };
}

on_both_planes!(
    every_client_reaches_every_endpoint,
    datagrams_are_answered,
    a_client_with_affinity_stays_with_its_endpoint,
    without_endpoints_clients_are_refused_at_once,
    endpoints_change_under_load_without_loss,
    an_established_connection_outlives_its_endpoint,
    a_pod_reaches_itself,
    ends_and_large_bodies_pass_in_both_directions,
    policy_local_keeps_strangers_from_other_nodes,
    source_ranges_keep_strangers_out,
    endpoints_at_loopback_addresses_are_reached,
    a_service_shares_its_port_with_an_ingress,
    a_datagram_client_moves_on_when_its_endpoint_goes,
    nothing_stays_behind,
    what_a_crash_left_behind_is_replaced,
);

fn every_client_reaches_every_endpoint(kind: Kind) {
    let Some(world) = World::new(3) else { return };
    let _servers = [Server::start(&world.pods[0], 8080, "a"), Server::start(&world.pods[1], 8080, "b")];
    let (host, outside, pod) = (world.host.clone(), world.outside.clone(), world.pods[2].clone());
    world.host.block_on(move || async move {
        let driven = driven(kind, |_| {}).await;
        let ways = [
            (&host, cluster()),
            (&pod, cluster()),
            (&outside, node_port(HOST)),
            (&host, node_port(HOST)),
            (&host, node_port(Ipv4Addr::LOCALHOST)),
            (&pod, node_port(HOST)),
            (&pod, node_port(Ipv4Addr::new(10, 244, 0, 1))),
        ];
        for (from, to) in ways {
            let names = from
                .inside(move || (0..40).map(|_| who(to).map(|(name, _)| name)).collect::<Result<BTreeSet<_>, _>>())
                .await;
            let names = names.unwrap_or_else(|error| panic!("{from:?} to {to}: {error}"));
            assert_eq!(names, ["a".to_owned(), "b".to_owned()].into(), "{from:?} to {to}");
        }
        driven.stop().await;
    });
}

fn datagrams_are_answered(kind: Kind) {
    let Some(world) = World::new(3) else { return };
    let _servers = [Server::start(&world.pods[0], 8080, "a"), Server::start(&world.pods[1], 8080, "b")];
    let (host, outside, pod) = (world.host.clone(), world.outside.clone(), world.pods[2].clone());
    world.host.block_on(move || async move {
        let mut driven = driven(kind, |_| {}).await;
        let local = node_port(Ipv4Addr::LOCALHOST);
        for (from, to) in [(&host, cluster()), (&pod, cluster()), (&outside, node_port(HOST)), (&host, local)] {
            let names = from
                .inside(move || (0..30).map(|_| udp(to).map(|(name, _)| name)).collect::<Result<BTreeSet<_>, _>>())
                .await;
            let names = names.unwrap_or_else(|error| panic!("{from:?} to {to}: {error}"));
            assert_eq!(names.len(), 2, "{from:?} to {to}");
        }
        driven.endpoints("web", &[&pods(&[1])[0]]).await;
        let names = pod.inside(|| (0..10).map(|_| udp(cluster()).unwrap().0).collect::<BTreeSet<_>>()).await;
        assert_eq!(names, ["b".to_owned()].into());
        driven.stop().await;
    });
}

fn a_client_with_affinity_stays_with_its_endpoint(kind: Kind) {
    let Some(world) = World::new(3) else { return };
    let _servers = [Server::start(&world.pods[0], 8080, "a"), Server::start(&world.pods[1], 8080, "b")];
    let pod = world.pods[2].clone();
    world.host.block_on(move || async move {
        let sticky = |service: &mut pintle_object_model::api::core::v1::Service| {
            service.spec.session_affinity = "ClientIP".to_owned();
        };
        let mut driven = driven(kind, sticky).await;
        let ask = || pod.inside(|| (0..30).map(|_| who(cluster()).unwrap().0).collect::<BTreeSet<_>>());
        let first = ask().await;
        assert_eq!(first.len(), 1);
        // A change elsewhere forgets nobody.
        driven.put(service("other", "10.96.0.2", 0, |_| {}), &["10.244.0.99"]).await;
        assert_eq!(ask().await, first);
        // When its endpoint goes, the client goes to the other one and stays there.
        let (gone, left) = if first.contains("a") { (0, "b") } else { (1, "a") };
        driven.endpoints("web", &[&pods(&[1 - gone])[0]]).await;
        assert_eq!(ask().await, [left.to_owned()].into());
        let both = pods(&[0, 1]);
        driven.endpoints("web", &[&both[0], &both[1]]).await;
        assert_eq!(ask().await, [left.to_owned()].into());
        driven.stop().await;
    });
}

fn without_endpoints_clients_are_refused_at_once(kind: Kind) {
    let Some(world) = World::new(3) else { return };
    let (host, outside, pod) = (world.host.clone(), world.outside.clone(), world.pods[2].clone());
    let _server = Server::start(&world.pods[0], 8080, "a");
    world.host.block_on(move || async move {
        let mut driven = driven(kind, |_| {}).await;
        driven.endpoints("web", &[]).await;
        let local = node_port(Ipv4Addr::LOCALHOST);
        let ways = [
            (&host, cluster()),
            (&pod, cluster()),
            (&outside, node_port(HOST)),
            (&host, node_port(HOST)),
            (&host, local),
        ];
        for (from, to) in ways {
            let kinds = from.inside(move || [who(to).unwrap_err().kind(), udp(to).unwrap_err().kind()]).await;
            assert_eq!(kinds, [ErrorKind::ConnectionRefused; 2], "{from:?} to {to}");
        }
        driven.endpoints("web", &[&pods(&[0])[0]]).await;
        assert_eq!(pod.inside(|| who(cluster()).unwrap().0).await, "a");
        assert_eq!(pod.inside(|| udp(cluster()).unwrap().0).await, "a");
        driven.remove("web").await;
        assert_eq!(pod.inside(|| who(cluster()).unwrap_err().kind()).await, ErrorKind::ConnectionRefused);
        driven.stop().await;
    });
}

fn endpoints_change_under_load_without_loss(kind: Kind) {
    let Some(world) = World::new(3) else { return };
    let _servers = [Server::start(&world.pods[0], 8080, "a"), Server::start(&world.pods[1], 8080, "b")];
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = [&world.pods[2], &world.host, &world.outside]
        .into_iter()
        .map(|from| {
            let to = if std::ptr::eq(from, &world.outside) { node_port(HOST) } else { cluster() };
            (from.clone(), to, Arc::clone(&stop), Arc::clone(&done))
        })
        .collect();
    world.host.block_on(move || async move {
        let mut driven = driven(kind, |_| {}).await;
        let clients: Vec<_> = clients
            .into_iter()
            .map(|(from, to, stop, done)| {
                from.thread(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let text = tcp(to, b"hello").unwrap_or_else(|error| panic!("{to}: {error}"));
                        assert!(text.ends_with("\nhello"), "{text:?}");
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let both = pods(&[0, 1]);
        let (a, b) = (both[0].as_str(), both[1].as_str());
        let mut rounds = 0;
        // Each set of endpoints sees some connections before the next one comes.
        for set in [&[a][..], &[a, b], &[b], &[b, a]].into_iter().cycle().take(24) {
            driven.endpoints("web", set).await;
            let seen = done.load(Ordering::Relaxed);
            while done.load(Ordering::Relaxed) < seen + 15 && clients.iter().all(|client| !client.is_finished()) {
                tokio::task::yield_now().await;
            }
            rounds += 1;
        }
        stop.store(true, Ordering::Relaxed);
        // They are waited for without holding up the plane, which may have to carry their last bytes.
        while clients.iter().any(|client| !client.is_finished()) {
            tokio::task::yield_now().await;
        }
        for client in clients {
            client.join().expect("no connection was lost");
        }
        assert_eq!(rounds, 24);
        assert!(done.load(Ordering::Relaxed) >= 24 * 15);
        driven.stop().await;
    });
}

fn an_established_connection_outlives_its_endpoint(kind: Kind) {
    let Some(world) = World::new(3) else { return };
    let _servers = [Server::start(&world.pods[0], 8080, "a"), Server::start(&world.pods[1], 8080, "b")];
    let pod = world.pods[2].clone();
    world.host.block_on(move || async move {
        let mut driven = driven(kind, |_| {}).await;
        let both = pods(&[0, 1]);
        driven.endpoints("web", &[&both[0]]).await;
        let (mut stream, hello) = pod
            .inside(|| {
                let mut stream = TcpStream::connect(cluster()).unwrap();
                let mut hello = [0; 2];
                stream.read_exact(&mut hello).unwrap();
                (stream, hello)
            })
            .await;
        assert_eq!(&hello, b"a ");
        driven.endpoints("web", &[&both[1]]).await;
        let rest = pod
            .inside(move || {
                stream.write_all(b"still here\n").unwrap();
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                let mut rest = String::new();
                stream.read_to_string(&mut rest).map(|_| rest)
            })
            .await;
        assert!(rest.unwrap().ends_with("\nstill here\n"));
        driven.stop().await;
    });
}

fn a_pod_reaches_itself(kind: Kind) {
    let Some(world) = World::new(1) else { return };
    let _server = Server::start(&world.pods[0], 8080, "a");
    let pod = world.pods[0].clone();
    world.host.block_on(move || async move {
        let mut driven = Driven::start(kind).await;
        driven.put(service("web", CLUSTER_IP, 30080, |_| {}), &[&pods(&[0])[0]]).await;
        let (name, seen) = pod.inside(|| who(cluster()).unwrap()).await;
        assert_eq!((name.as_str(), seen.as_str()), ("a", "10.244.0.1"));
        assert_eq!(pod.inside(|| udp(cluster()).unwrap().0).await, "a");
        driven.stop().await;
    });
}

fn ends_and_large_bodies_pass_in_both_directions(kind: Kind) {
    let Some(world) = World::new(3) else { return };
    let _servers = [Server::start(&world.pods[0], 8080, "a"), Server::start(&world.pods[1], 8080, "b")];
    let pod = world.pods[2].clone();
    world.host.block_on(move || async move {
        let driven = driven(kind, |_| {}).await;
        let body: Vec<u8> = (0..3_000_000u32).map(|byte| b'a' + (byte % 26) as u8).collect();
        let sent = body.clone();
        let text = pod.inside(move || tcp(cluster(), &sent).unwrap()).await;
        let (_, back) = text.split_once('\n').unwrap();
        assert!(back.as_bytes() == body, "{} bytes came back", back.len());
        driven.stop().await;
    });
}

fn policy_local_keeps_strangers_from_other_nodes(kind: Kind) {
    let Some(world) = World::new(3) else { return };
    let _servers = [Server::start(&world.pods[0], 8080, "a"), Server::start(&world.pods[1], 8080, "b")];
    let (outside, pod, host) = (world.outside.clone(), world.pods[2].clone(), world.host.clone());
    world.host.block_on(move || async move {
        let local = |service: &mut pintle_object_model::api::core::v1::Service| {
            service.spec.external_traffic_policy = "Local".to_owned();
        };
        let mut driven = driven(kind, local).await;
        let (a, b) = (format!("{}@here", pod_ip(0)), format!("{}@there", pod_ip(1)));
        driven.endpoints("web", &[&a, &b]).await;
        let ask = |to| move || (0..30).map(|_| who(to).unwrap()).collect::<BTreeSet<_>>();
        let names = |answers: BTreeSet<(String, String)>| {
            answers.into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>().into_iter().collect::<String>()
        };
        let strangers = outside.inside(ask(node_port(HOST))).await;
        if kind == Kind::Nftables {
            // The kernel leaves the client's address alone; sockets cannot.
            assert_eq!(strangers, [("a".to_owned(), "192.0.2.2".to_owned())].into());
        }
        assert_eq!(names(strangers), "a");
        assert_eq!(names(pod.inside(ask(node_port(HOST))).await), "ab");
        assert_eq!(names(host.inside(ask(node_port(HOST))).await), "ab");
        driven.stop().await;
    });
}

fn source_ranges_keep_strangers_out(kind: Kind) {
    let Some(world) = World::new(3) else { return };
    let _servers = [Server::start(&world.pods[0], 8080, "a"), Server::start(&world.pods[1], 8080, "b")];
    let outside = world.outside.clone();
    world.host.block_on(move || async move {
        let balanced = |ranges: &[&str]| {
            let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
            move |service: &mut pintle_object_model::api::core::v1::Service| {
                service.spec.type_ = "LoadBalancer".to_owned();
                service.spec.load_balancer_source_ranges = ranges;
                service.status.load_balancer.ingress = vec![Default::default()];
                service.status.load_balancer.ingress[0].ip = "198.51.100.7".to_owned();
            }
        };
        let address = SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, 7), 80);
        let mut driven = driven(kind, balanced(&["192.0.2.0/28", "192.0.2.0/24"])).await;
        assert!(outside.inside(move || who(address).is_ok()).await);
        let service = service("web", CLUSTER_IP, 30080, balanced(&["203.0.113.0/24"]));
        let endpoints = pods(&[0, 1]);
        driven.put(service, &[&endpoints[0], &endpoints[1]]).await;
        assert!(outside.inside(move || who(address).is_err()).await);
        driven.stop().await;
    });
}

fn endpoints_at_loopback_addresses_are_reached(kind: Kind) {
    let Some(world) = World::new(1) else { return };
    let _server = Server::start(&world.host, 8080, "h");
    let (host, outside, pod) = (world.host.clone(), world.outside.clone(), world.pods[0].clone());
    world.host.block_on(move || async move {
        let mut driven = Driven::start(kind).await;
        // Not another address of 127.0.0.0/8: this server answers datagrams from the first one.
        driven.put(service("web", CLUSTER_IP, 30080, |_| {}), &["127.0.0.1"]).await;
        for (from, to) in [(&host, cluster()), (&pod, cluster()), (&outside, node_port(HOST))] {
            assert_eq!(from.inside(move || who(to).unwrap().0).await, "h", "{from:?} to {to}");
            assert_eq!(from.inside(move || udp(to).unwrap().0).await, "h", "{from:?} to {to}");
        }
        driven.stop().await;
    });
}

/// A socket at every address of the host, as an ingress has it, must not keep Services from the same port.
fn a_service_shares_its_port_with_an_ingress(kind: Kind) {
    let Some(world) = World::new(3) else { return };
    let _servers = [Server::start(&world.pods[0], 8080, "a"), Server::start(&world.pods[1], 8080, "b")];
    let pod = world.pods[2].clone();
    world.host.block_on(move || async move {
        let ingress = tokio::net::TcpSocket::new_v4().unwrap();
        ingress.set_reuseport(true).unwrap();
        ingress.bind((Ipv4Addr::UNSPECIFIED, 80).into()).unwrap();
        let _ingress = ingress.listen(8).unwrap();
        let driven = driven(kind, |_| {}).await;
        for _ in 0..10 {
            assert!(pod.inside(|| who(cluster()).is_ok()).await);
        }
        driven.stop().await;
    });
}

fn a_datagram_client_moves_on_when_its_endpoint_goes(kind: Kind) {
    let Some(world) = World::new(3) else { return };
    let _servers = [Server::start(&world.pods[0], 8080, "a"), Server::start(&world.pods[1], 8080, "b")];
    let pod = world.pods[2].clone();
    world.host.block_on(move || async move {
        let mut driven = driven(kind, |_| {}).await;
        let both = pods(&[0, 1]);
        driven.endpoints("web", &[&both[0]]).await;
        let ask = |socket: std::net::UdpSocket| {
            pod.inside(move || {
                socket.send(b"x").unwrap();
                let mut name = [0; 2];
                socket.recv(&mut name).unwrap();
                (socket, String::from_utf8_lossy(&name).into_owned())
            })
        };
        let socket = pod.inside(|| {
            let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
            socket.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
            socket.connect(cluster()).unwrap();
            socket
        });
        let (socket, name) = ask(socket.await).await;
        assert_eq!(name, "a ");
        driven.endpoints("web", &[&both[1]]).await;
        let missing = driven.events.lock().unwrap().contains(&ProxyEvent::ConntrackMissing);
        let (_, name) = ask(socket).await;
        // Without the program the flow stays, as its event says.
        assert_eq!(name, if missing { "a " } else { "b " });
        assert!(!missing || kind == Kind::Nftables);
        driven.stop().await;
    });
}

/// Without `br_netfilter` answers between pods bypass the host, so it must stand in for the client.
#[test]
fn pods_reach_each_other_where_the_bridge_is_not_filtered() {
    let Some(world) = World::new(2) else { return };
    let _server = Server::start(&world.pods[0], 8080, "a");
    let setting = "/proc/sys/net/bridge/bridge-nf-call-iptables";
    // Where the setting is not there at all, the same is the case.
    world.host.thread(move || drop(std::fs::write(setting, "0"))).join().unwrap();
    let all = world.pods.clone();
    world.host.block_on(move || async move {
        let mut driven = Driven::start(Kind::Nftables).await;
        assert!(driven.events.lock().unwrap().contains(&ProxyEvent::MasqueradingPods));
        driven.put(service("web", CLUSTER_IP, 0, |_| {}), &[&pods(&[0])[0]]).await;
        for pod in &all {
            assert_eq!(pod.inside(|| who(cluster()).unwrap()).await, ("a".to_owned(), "10.244.0.1".to_owned()));
        }
        driven.stop().await;
    });
}

/// The steps to a rule set must not show in it.
#[test]
fn rules_changed_step_by_step_equal_rules_made_anew() {
    let Some(world) = World::new(1) else { return };
    let host = world.host.clone();
    let list = move || host.output("nft -s list table ip pintle-test");
    // Chains and sets are listed in the order in which they were made, with an empty line in between.
    let sorted = |listing: String| {
        let lines = listing.lines().map(str::trim).filter(|line| *line != "}" && !line.starts_with("table "));
        let lines: Vec<&str> = lines.collect();
        let mut blocks: Vec<String> = lines.split(|line| line.is_empty()).map(|block| block.join("\n")).collect();
        blocks.sort();
        blocks
    };
    world.host.block_on(move || async move {
        let sticky = |service: &mut pintle_object_model::api::core::v1::Service| {
            service.spec.session_affinity = "ClientIP".to_owned();
        };
        let local = |service: &mut pintle_object_model::api::core::v1::Service| {
            service.spec.external_traffic_policy = "Local".to_owned();
        };
        let mut stepwise = Driven::start(Kind::Nftables).await;
        stepwise.put(service("web", CLUSTER_IP, 30080, |_| {}), &["10.244.0.11", "10.244.0.12"]).await;
        stepwise.put(service("gone", "10.96.0.9", 30081, sticky), &["10.244.0.13"]).await;
        stepwise.put(service("web", CLUSTER_IP, 30080, sticky), &["10.244.0.12", "10.244.0.14"]).await;
        stepwise.put(service("other", "10.96.0.2", 30082, local), &["10.244.0.15@there"]).await;
        stepwise.endpoints("web", &[]).await;
        stepwise.endpoints("other", &["10.244.0.15@there", "10.244.0.16"]).await;
        stepwise.remove("gone").await;
        stepwise.endpoints("web", &["10.244.0.12", "10.244.0.17", "10.244.0.18"]).await;
        let changed = sorted(list());
        stepwise.stop().await;
        let mut anew = Driven::start(Kind::Nftables).await;
        anew.put(service("other", "10.96.0.2", 30082, local), &["10.244.0.15@there", "10.244.0.16"]).await;
        anew.put(service("web", CLUSTER_IP, 30080, sticky), &["10.244.0.12", "10.244.0.17", "10.244.0.18"]).await;
        assert!(changed.len() > 10, "{changed:#?}");
        assert_eq!(changed, sorted(list()));
        anew.stop().await;
    });
}

fn left_behind(world: &World) -> String {
    let routes = world.host.output("ip route show table local");
    let routes: Vec<&str> = routes.lines().filter(|line| line.contains("10.96") || line.contains("198.51")).collect();
    format!("{}{}", world.host.output("nft list ruleset"), routes.join("\n"))
}

fn nothing_stays_behind(kind: Kind) {
    let Some(world) = World::new(1) else { return };
    world.host.block_on(move || async move {
        let mut driven = driven(kind, |service| service.spec.external_ips = vec!["198.51.100.7".to_owned()]).await;
        driven.endpoints("web", &["127.0.0.9"]).await;
        driven.stop().await;
    });
    assert_eq!(left_behind(&world), "");
}

fn what_a_crash_left_behind_is_replaced(kind: Kind) {
    let Some(world) = World::new(3) else { return };
    let _servers = [Server::start(&world.pods[0], 8080, "a"), Server::start(&world.pods[1], 8080, "b")];
    world.host.block_on(move || async move {
        // Dropped without `stop`, as far as the host is concerned.
        drop(driven(kind, |service| service.metadata.name = "old".to_owned()).await);
    });
    assert!(!left_behind(&world).is_empty());
    let pod = world.pods[2].clone();
    world.host.block_on(move || async move {
        let driven = driven(kind, |_| {}).await;
        assert!(pod.inside(|| who(cluster()).is_ok()).await);
        driven.stop().await;
    });
    assert_eq!(left_behind(&world), "");
}
