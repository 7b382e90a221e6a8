//! The userspace data plane at its edges: dead endpoints, bounds, resets, draining. On loopback addresses, without
//! privileges.

#[path = "network/services.rs"]
#[expect(dead_code, reason = "shared with the tests of both planes, which use all of it")]
mod services;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pintle_object_model::clock::{Random, SystemClock};
use pintle_proxy::{
    DataPlane, Frontend, Locality, Protocol, ProxyEvent, Refusal, Surroundings, TableBuilder, Update, UserspaceConfig,
    UserspacePlane,
};
use services::{service, slice};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc::UnboundedReceiver;

const PATIENCE: Duration = Duration::from_secs(10);

static NEXT: AtomicU32 = AtomicU32::new(0);

/// An address of the loopback network that no other test uses.
fn own_address() -> Ipv4Addr {
    Ipv4Addr::from(0x7f80_0000 | (std::process::id() & 0x3fff) << 8 | NEXT.fetch_add(1, Ordering::Relaxed))
}

struct Rig {
    plane: UserspacePlane,
    events: UnboundedReceiver<ProxyEvent>,
    to: SocketAddrV4,
}

impl Rig {
    /// A plane whose only Service leads to port 8080 of these addresses.
    async fn new(endpoints: &[Ipv4Addr], edit: impl FnOnce(&mut UserspaceConfig)) -> Self {
        let (sender, events) = tokio::sync::mpsc::unbounded_channel();
        let around = Surroundings::new(SystemClock::shared(), Random::seeded(1))
            .observed(move |event| drop(sender.send(event.clone())));
        let address = own_address();
        let mut config =
            UserspaceConfig { service_cidr: None, node_port_address: address, ..UserspaceConfig::default() };
        edit(&mut config);
        let mut plane = UserspacePlane::new(config, around);
        plane.start().await.unwrap();
        let mut builder = TableBuilder::new(Locality::default());
        let texts: Vec<String> = endpoints.iter().map(ToString::to_string).collect();
        builder.put_service(Arc::new(service("web", "10.96.0.1", 30080, |_| {})));
        builder.put_slice(Arc::new(slice("web", &texts.iter().map(String::as_str).collect::<Vec<_>>())));
        let (table, changes) = builder.sync();
        plane.sync(&Update { routes: &table.routes(), changes: &changes }).await.unwrap();
        Self { plane, events, to: SocketAddrV4::new(address, 30080) }
    }

    async fn event(&mut self) -> ProxyEvent {
        in_time(self.events.recv()).await.expect("the plane tells")
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("in time")
}

/// A server at a new address that hands out what it accepts.
async fn listen() -> (Ipv4Addr, TcpListener) {
    let address = own_address();
    (address, TcpListener::bind((address, 8080)).await.unwrap())
}

const TCP: Frontend = Frontend::NodePort(30080, Protocol::Tcp);

#[tokio::test]
async fn a_dead_endpoint_is_passed_over() {
    let (alive, listener) = listen().await;
    let dead = own_address();
    let mut rig = Rig::new(&[alive, dead], |_| {}).await;
    let mut failed = 0;
    for _ in 0..20 {
        let mut client = TcpStream::connect(rig.to).await.unwrap();
        client.write_all(b"?").await.unwrap();
        let (mut server, _) = in_time(listener.accept()).await.unwrap();
        assert_eq!(in_time(server.read_u8()).await.unwrap(), b'?');
        while let Ok(event) = rig.events.try_recv() {
            let ProxyEvent::ConnectFailed { endpoint, .. } = &event else { panic!("{event:?}") };
            assert_eq!(endpoint.ip(), dead);
            failed += 1;
        }
    }
    assert!((1..20).contains(&failed), "the dead one came first {failed} times of 20");
    rig.plane.stop().await;
}

#[tokio::test]
async fn a_client_is_reset_if_nobody_takes_it() {
    let mut rig = Rig::new(&[own_address()], |_| {}).await;
    let mut client = TcpStream::connect(rig.to).await.unwrap();
    assert_eq!(in_time(client.read_u8()).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(matches!(rig.event().await, ProxyEvent::ConnectFailed { frontend: TCP, .. }));
    assert_eq!(rig.event().await, ProxyEvent::Refused { frontend: TCP, why: Refusal::NoEndpoint });
    rig.plane.stop().await;
}

#[tokio::test]
async fn an_endpoint_that_resets_is_not_taken_for_complete() {
    let (address, listener) = listen().await;
    let mut rig = Rig::new(&[address], |_| {}).await;
    let mut client = TcpStream::connect(rig.to).await.unwrap();
    let (mut server, _) = in_time(listener.accept()).await.unwrap();
    server.write_all(b"half of").await.unwrap();
    let mut half = [0; 7];
    in_time(client.read_exact(&mut half)).await.unwrap();
    server.set_zero_linger().unwrap();
    drop(server);
    assert_eq!(in_time(client.read_u8()).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    rig.plane.stop().await;
}

#[tokio::test]
async fn one_connection_more_than_allowed_is_turned_away() {
    let (address, listener) = listen().await;
    let mut rig = Rig::new(&[address], |config| config.connections_max = 1).await;
    let first = TcpStream::connect(rig.to).await.unwrap();
    let (mut server, _) = in_time(listener.accept()).await.unwrap();
    let mut second = TcpStream::connect(rig.to).await.unwrap();
    assert_eq!(in_time(second.read_u8()).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(rig.event().await, ProxyEvent::Refused { frontend: TCP, why: Refusal::TooMany });
    // When the first one has ended there is room again.
    drop(first);
    assert_eq!(in_time(server.read(&mut [0; 1])).await.unwrap(), 0);
    drop(server);
    let next = async {
        loop {
            let mut client = TcpStream::connect(rig.to).await.unwrap();
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted.is_ok(),
                _ = client.read_u8() => false,
            };
            if accepted {
                return;
            }
        }
    };
    in_time(next).await;
    rig.plane.stop().await;
}

#[tokio::test]
async fn stopping_lets_connections_finish_but_does_not_wait_forever() {
    let (address, listener) = listen().await;
    let mut rig = Rig::new(&[address], |config| config.drain = Duration::from_millis(200)).await;
    let mut quick = TcpStream::connect(rig.to).await.unwrap();
    let (mut quick_server, _) = in_time(listener.accept()).await.unwrap();
    let mut slow = TcpStream::connect(rig.to).await.unwrap();
    let (_slow_server, _) = in_time(listener.accept()).await.unwrap();
    let finishing = async {
        quick_server.write_all(b"end").await.unwrap();
        drop(quick_server);
        let mut end = String::new();
        in_time(quick.read_to_string(&mut end)).await.unwrap();
        end
    };
    let to = rig.to;
    let ((), end) = in_time(async { tokio::join!(rig.plane.stop(), finishing) }).await;
    assert_eq!(end, "end");
    assert!(matches!(in_time(slow.read(&mut [0; 1])).await, Ok(0) | Err(_)));
    assert_eq!(TcpStream::connect(to).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

/// A datagram server at a new address that repeats what it is sent.
async fn echo() -> Ipv4Addr {
    let address = own_address();
    let socket = UdpSocket::bind((address, 8080)).await.unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((bytes, from)) = socket.recv_from(&mut buffer).await {
            socket.send_to(&buffer[..bytes], from).await.unwrap();
        }
    });
    address
}

async fn udp_client(rig: &Rig) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    socket.connect(rig.to).await.unwrap();
    socket
}

#[tokio::test]
async fn the_flow_that_is_silent_longest_makes_room() {
    let mut rig = Rig::new(&[echo().await], |config| config.udp_flows_max = 1).await;
    let clients = [udp_client(&rig).await, udp_client(&rig).await];
    for round in 0..4u8 {
        for client in &clients {
            client.send(&[round]).await.unwrap();
            let mut answer = [0; 1];
            in_time(client.recv(&mut answer)).await.unwrap();
            assert_eq!(answer, [round]);
        }
    }
    rig.plane.stop().await;
}

#[tokio::test]
async fn a_silent_flow_ends_and_gives_its_place_back() {
    let edit = |config: &mut UserspaceConfig| {
        config.connections_max = 1;
        config.udp_idle = Duration::from_millis(50);
    };
    let mut rig = Rig::new(&[echo().await], edit).await;
    let (first, second) = (udp_client(&rig).await, udp_client(&rig).await);
    first.send(b"1").await.unwrap();
    in_time(first.recv(&mut [0; 1])).await.unwrap();
    let answered = async {
        loop {
            second.send(b"2").await.unwrap();
            let mut answer = [0; 1];
            tokio::select! {
                biased;
                received = second.recv(&mut answer) => return received.map(|_| answer).unwrap(),
                refused = rig.events.recv() => {
                    let expected = ProxyEvent::Refused {
                        frontend: Frontend::NodePort(30080, Protocol::Udp),
                        why: Refusal::TooMany,
                    };
                    assert_eq!(refused, Some(expected));
                }
            }
        }
    };
    assert_eq!(in_time(answered).await, *b"2");
    rig.plane.stop().await;
}
