//! How much the userspace data plane costs: connections per second and throughput, straight and through a node port.
//!
//! `cargo run --release -p pintle-proxy --example userspace_speed`. Everything is on the loopback interface and in this
//! process, so client, proxy and server share the processors: ratios say more than figures.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use pintle_object_model::api::core::v1::{Service, ServicePort};
use pintle_object_model::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};
use pintle_object_model::clock::{Clock, Random, SystemClock};
use pintle_proxy::{DataPlane, Locality, Surroundings, TableBuilder, Update, UserspaceConfig, UserspacePlane};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Connections at a time.
const CLIENTS: usize = 16;
const CONNECTIONS: usize = 20_000;
const STREAM_BYTES: u64 = 4 << 30;

/// A server that sends back one byte, or, asked with `s`, swallows everything and then sends one byte.
async fn serve(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut buffer = vec![0; 256 * 1024];
            while stream.read(&mut buffer).await? > 0 {
                if buffer[0] == b'1' {
                    break;
                }
            }
            stream.write_all(b"x").await
        });
    }
}

/// Connects, sends a byte, awaits one; as many clients at a time as `CLIENTS`.
async fn connections_per_second(to: SocketAddrV4, clock: &dyn Clock) -> f64 {
    let start = clock.now();
    let clients = (0..CLIENTS).map(|_| {
        tokio::spawn(async move {
            for _ in 0..CONNECTIONS / CLIENTS {
                let mut stream = TcpStream::connect(to).await.expect("a connection");
                stream.write_all(b"1").await.expect("a byte is taken");
                assert_eq!(stream.read_u8().await.expect("a byte comes"), b'x');
                // Ports in TIME-WAIT would run out.
                stream.set_zero_linger().expect("a socket option");
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("no client fails");
    }
    CONNECTIONS as f64 / (clock.now() - start).as_secs_f64()
}

async fn bytes_per_second(to: SocketAddrV4, clock: &dyn Clock) -> f64 {
    let mut stream = TcpStream::connect(to).await.expect("a connection");
    let block = vec![b's'; 256 * 1024];
    let start = clock.now();
    for _ in 0..STREAM_BYTES / block.len() as u64 {
        stream.write_all(&block).await.expect("a block is taken");
    }
    stream.shutdown().await.expect("the end is sent");
    assert_eq!(stream.read_u8().await.expect("a byte comes"), b'x');
    STREAM_BYTES as f64 / (clock.now() - start).as_secs_f64()
}

fn objects(endpoint: SocketAddrV4) -> (Service, EndpointSlice) {
    let mut port = ServicePort::default();
    (port.port, port.node_port) = (80, 30080);
    let mut service = Service::default();
    service.metadata.namespace = "default".to_owned();
    service.metadata.name = "web".to_owned();
    service.spec.type_ = "NodePort".to_owned();
    service.spec.cluster_ip = "10.96.0.1".to_owned();
    service.spec.ports = vec![port];
    let mut slice = EndpointSlice::default();
    slice.metadata.namespace = "default".to_owned();
    slice.metadata.name = "web-1".to_owned();
    slice.metadata.labels.insert("kubernetes.io/service-name".to_owned(), "web".to_owned());
    slice.address_type = "IPv4".to_owned();
    slice.endpoints = vec![Endpoint { addresses: vec![endpoint.ip().to_string()], ..Endpoint::default() }];
    slice.ports = vec![EndpointPort { port: Some(endpoint.port().into()), ..EndpointPort::default() }];
    (service, slice)
}

/// How long one change takes in a table of many Services, and to work out all of its routes.
fn table_speed(clock: &dyn Clock) {
    const SERVICES: u32 = 10_000;
    let mut builder = TableBuilder::new(Locality::default());
    let start = clock.now();
    for number in 0..SERVICES {
        let (mut service, mut slice) = objects(SocketAddrV4::new(Ipv4Addr::from(0x0af4_0000 + number), 8080));
        service.metadata.name = format!("web-{number}");
        service.spec.type_ = "ClusterIP".to_owned();
        service.spec.cluster_ip = Ipv4Addr::from(0x0a60_0001 + number).to_string();
        slice.metadata.name = format!("web-{number}");
        slice.metadata.labels.insert("kubernetes.io/service-name".to_owned(), service.metadata.name.clone());
        builder.put_service(Arc::new(service));
        builder.put_slice(Arc::new(slice));
    }
    builder.sync();
    let filled = clock.now() - start;
    let (_, mut slice) = objects(SocketAddrV4::new(Ipv4Addr::new(10, 245, 0, 1), 8080));
    slice.metadata.name = "web-77".to_owned();
    slice.metadata.labels.insert("kubernetes.io/service-name".to_owned(), "web-77".to_owned());
    builder.put_slice(Arc::new(slice));
    let start = clock.now();
    let (table, changes) = builder.sync();
    let changed = clock.now() - start;
    let start = clock.now();
    let routes = table.routes().len();
    let routed = clock.now() - start;
    println!(
        "table of {SERVICES} services: filled {filled:.1?}, {} change {changed:.1?}, {routes} routes {routed:.1?}",
        changes.len()
    );
}

#[tokio::main]
async fn main() {
    let clock = SystemClock::shared();
    table_speed(&*clock);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let SocketAddr::V4(server) = listener.local_addr().expect("an address") else { unreachable!("bound to IPv4") };
    tokio::spawn(serve(listener));
    // An address of its own, so that nobody else's node port is in the way.
    let own = Ipv4Addr::from(0x7f40_0000 | (std::process::id() & 0xffff));
    let config = UserspaceConfig { service_cidr: None, node_port_address: own, ..UserspaceConfig::default() };
    let around = Surroundings::new(Arc::clone(&clock), Random::from_os());
    let mut plane = UserspacePlane::new(config, around);
    plane.start().await.expect("the plane starts");
    let mut builder = TableBuilder::new(Locality::default());
    let (service, slice) = objects(server);
    builder.put_service(Arc::new(service));
    builder.put_slice(Arc::new(slice));
    let (table, changes) = builder.sync();
    plane.sync(&Update { routes: &table.routes(), changes: &changes }).await.expect("the plane syncs");
    for round in 1..=2 {
        for (name, to) in [("straight", server), ("proxied", SocketAddrV4::new(own, 30080))] {
            let connections = connections_per_second(to, &*clock).await;
            let bytes = bytes_per_second(to, &*clock).await;
            println!("{round} {name}: {connections:.0} connections/s, {:.2} GB/s on one connection", bytes / 1e9);
        }
    }
    tokio::time::timeout(Duration::from_secs(10), plane.stop()).await.expect("the plane stops");
}
