//! The whole proxy on an in-process API server, in network namespaces: from objects to connections and names.

#[path = "dns/asking.rs"]
mod asking;
#[path = "network/services.rs"]
#[expect(dead_code, reason = "shared with the tests of the planes, which use all of it")]
mod services;
#[path = "network/world.rs"]
#[expect(dead_code, reason = "shared with the tests of the planes, which use all of it")]
mod world;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use asking::{ask_tcp, ask_udp, query, texts};
use hickory_proto::rr::RecordType;
use pintle_apiserver::{ApiServer, ApiServerConfig};
use pintle_client::{Client, Identity};
use pintle_object_model::Object;
use pintle_object_model::api::core::v1::Service;
use pintle_object_model::api::discovery::v1::EndpointSlice;
use pintle_object_model::clock::{Random, SystemClock};
use pintle_proxy::{
    DnsConfig, KubeDns, NftablesConfig, NftablesPlane, Proxy, ProxyBuilder, ProxyError, ProxyEvent, ServiceName,
    UserspaceConfig,
};
use pintle_store::{MemoryConfig, MemoryStore};
use pintle_watch::Shutdown;
use services::{Kind, service, slice};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::UnboundedReceiver;
use world::{Server, World, pod_ip, who};

const DNS: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 10);

async fn api() -> (ApiServer, Client) {
    let store = Arc::new(MemoryStore::<Object>::new(MemoryConfig::default(), SystemClock::shared()));
    let config = ApiServerConfig { random: Random::seeded(3), ..ApiServerConfig::default() };
    let server = ApiServer::start(store, config).await.unwrap();
    let client = server.client().with_identity(Identity::master("test"));
    (server, client)
}

/// Waits for an event, at most 10 s.
async fn until(events: &mut UnboundedReceiver<ProxyEvent>, wanted: impl Fn(&ProxyEvent) -> bool) {
    let mut seen = vec![];
    let work = async {
        while let Some(event) = events.recv().await {
            if wanted(&event) {
                return;
            }
            seen.push(event);
        }
        panic!("the proxy has ended");
    };
    let result = tokio::time::timeout(Duration::from_secs(10), work).await;
    assert!(result.is_ok(), "only {seen:?}");
}

fn endpoints_of<'a>(name: &'a str, added: usize, removed: usize) -> impl Fn(&ProxyEvent) -> bool + 'a {
    move |event| match event {
        ProxyEvent::EndpointsChanged(change) => {
            change.service == ServiceName::new("default", name)
                && (change.added.len(), change.removed.len()) == (added, removed)
        }
        _ => false,
    }
}

fn is_synced(event: &ProxyEvent) -> bool {
    matches!(event, ProxyEvent::Synced { .. })
}

fn with_plane(builder: ProxyBuilder, kind: Kind) -> ProxyBuilder {
    let pod_cidr = Some("10.244.0.0/24".parse().unwrap());
    match kind {
        Kind::Userspace => builder.userspace(UserspaceConfig { pod_cidr, ..UserspaceConfig::default() }),
        Kind::Nftables => builder.nftables(NftablesConfig { pod_cidr, ..NftablesConfig::new("whole") }),
    }
}

#[test]
fn objects_become_connections_and_names_in_userspace() {
    objects_become_connections_and_names(Kind::Userspace);
}

#[test]
fn objects_become_connections_and_names_with_nftables() {
    objects_become_connections_and_names(Kind::Nftables);
}

fn objects_become_connections_and_names(kind: Kind) {
    let Some(world) = World::new(2) else { return };
    let _server = Server::start(&world.pods[0], 8080, "a");
    let pod = world.pods[1].clone();
    world.host.block_on(move || async move {
        let (_api, client) = api().await;
        let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
        let mut dns = DnsConfig::new(SocketAddr::from((DNS, 53)));
        dns.objects = Some(KubeDns::at_cluster_ip(DNS));
        NftablesPlane::check().await.unwrap();
        let builder = Proxy::builder(client.clone(), SystemClock::shared(), Random::seeded(5))
            .nodes(["here"])
            .dns(dns)
            .observer(move |event| drop(sender.send(event.clone())));
        let (trigger, shutdown) = Shutdown::channel();
        let running = tokio::spawn(with_plane(builder, kind).build().unwrap().run(shutdown));
        until(&mut events, |event| matches!(event, ProxyEvent::DnsListening { .. })).await;

        let api = client.namespaced::<Service>("default");
        let made = api.create(&service("web", "", 0, |_| {})).await.unwrap();
        let ip: Ipv4Addr = made.spec.cluster_ip.parse().unwrap();
        let slices = client.namespaced::<EndpointSlice>("default");
        slices.create(&slice("web", &[&pod_ip(0).to_string()])).await.unwrap();
        // One event per port; the sync that carries them out comes after them.
        until(&mut events, endpoints_of("web", 1, 0)).await;
        until(&mut events, is_synced).await;
        let to = SocketAddrV4::new(ip, 80);
        assert_eq!(pod.inside(move || who(to).unwrap().0).await, "a");

        let names = pod.inside(|| {
            let ask = async {
                let server = SocketAddr::from((DNS, 53));
                let web = query("web.default.svc.cluster.local.", RecordType::A);
                let own = query("kube-dns.kube-system.svc.cluster.local.", RecordType::A);
                [texts(&ask_udp(server, &web).await), texts(&ask_tcp(server, &[own]).await[0])]
            };
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(ask)
        });
        assert_eq!(names.await, [vec![ip.to_string()], vec![DNS.to_string()]]);

        api.delete("web", Default::default()).await.unwrap();
        until(&mut events, endpoints_of("web", 0, 1)).await;
        until(&mut events, is_synced).await;
        let refused = pod.inside(move || who(to).unwrap_err().kind()).await;
        assert_eq!(refused, std::io::ErrorKind::ConnectionRefused);

        trigger.fire();
        running.await.unwrap().unwrap();
        assert!(tokio::net::TcpListener::bind((DNS, 53)).await.is_err(), "the address is local no more");
    });
}

#[test]
fn load_balancers_are_told_whether_there_are_local_endpoints() {
    let Some(world) = World::new(1) else { return };
    world.host.block_on(|| async {
        let (_api, client) = api().await;
        let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
        let proxy = Proxy::builder(client.clone(), SystemClock::shared(), Random::seeded(5))
            .nodes(["here"])
            .observer(move |event| drop(sender.send(event.clone())))
            .build()
            .unwrap();
        let (trigger, shutdown) = Shutdown::channel();
        let running = tokio::spawn(proxy.run(shutdown));
        let balanced = service("lb", "", 0, |service| {
            service.spec.type_ = "LoadBalancer".to_owned();
            service.spec.external_traffic_policy = "Local".to_owned();
            service.spec.health_check_node_port = 31999;
        });
        client.namespaced("default").create(&balanced).await.unwrap();
        let slices = client.namespaced::<EndpointSlice>("default");
        slices.create(&slice("lb", &["10.244.0.11@here", "10.244.0.12@there"])).await.unwrap();
        until(&mut events, endpoints_of("lb", 2, 0)).await;
        until(&mut events, is_synced).await;
        let answer = ask_health().await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let body = r#"{"service":{"namespace":"default","name":"lb"},"localEndpoints":1,"serviceProxyHealthy":true}"#;
        assert!(answer.ends_with(body), "{answer}");
        let there = |slice: &mut EndpointSlice| {
            slice.endpoints.remove(0);
            true
        };
        slices.edit("lb-1", there).await.unwrap();
        until(&mut events, endpoints_of("lb", 0, 1)).await;
        until(&mut events, is_synced).await;
        let answer = ask_health().await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        trigger.fire();
        running.await.unwrap().unwrap();
    });
}

async fn ask_health() -> String {
    let mut stream = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, 31999)).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[test]
fn without_privileges_node_ports_are_served_and_an_event_says_so() {
    let Some(world) = World::new(1) else { return };
    let _server = Server::start(&world.pods[0], 8080, "a");
    world.host.block_on(|| async {
        // Only this thread gives up its privileges; it ends with the test.
        let nobody = rustix::process::Uid::from_raw(65_534);
        rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
        assert!(matches!(NftablesPlane::check().await, Err(ProxyError::Rules { .. })));
        let mut driven = services::Driven::start(Kind::Userspace).await;
        let said = driven.events.lock().unwrap().clone();
        assert!(matches!(said.as_slice(), [ProxyEvent::ClusterIpsUnavailable { .. }]), "{said:?}");
        driven.put(service("web", "10.96.0.1", 30080, |_| {}), &[&pod_ip(0).to_string()]).await;
        let local = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 30080);
        let mut stream = tokio::net::TcpStream::connect(local).await.unwrap();
        let mut name = [0; 2];
        stream.read_exact(&mut name).await.unwrap();
        assert_eq!(&name, b"a ");
        drop(stream);
        driven.stop().await;
    });
}
