//! The DNS server over real sockets on the loopback interface, with upstream resolvers of our own.

#[path = "dns/asking.rs"]
mod asking;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use asking::{ask_tcp, ask_udp, query, texts};
use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use pintle_object_model::api::core::v1::Service;
use pintle_object_model::api::discovery::v1::{Endpoint, EndpointSlice};
use pintle_object_model::clock::{Random, SystemClock};
use pintle_proxy::{DnsConfig, DnsServer, Locality, ProxyEvent, Surroundings, Table, TableBuilder, Upstream};
use pintle_watch::{Shutdown, ShutdownTrigger};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

fn table() -> Table {
    let mut builder = TableBuilder::new(Locality::default());
    let mut service = Service::default();
    service.metadata.namespace = "default".to_owned();
    service.metadata.name = "web".to_owned();
    service.spec.cluster_ip = "10.96.0.1".to_owned();
    builder.put_service(Arc::new(service.clone()));
    service.metadata.name = "big".to_owned();
    service.spec.cluster_ip = "None".to_owned();
    builder.put_service(Arc::new(service.clone()));
    service.metadata.name = "out".to_owned();
    service.spec.type_ = "ExternalName".to_owned();
    service.spec.external_name = "example.com".to_owned();
    builder.put_service(Arc::new(service));
    let mut slice = EndpointSlice::default();
    slice.metadata.namespace = "default".to_owned();
    slice.metadata.name = "big-1".to_owned();
    slice.metadata.labels.insert("kubernetes.io/service-name".to_owned(), "big".to_owned());
    slice.address_type = "IPv4".to_owned();
    slice.endpoints = (0..100)
        .map(|last| Endpoint { addresses: vec![Ipv4Addr::new(10, 0, 0, last).to_string()], ..Endpoint::default() })
        .collect();
    builder.put_slice(Arc::new(slice));
    builder.sync().0
}

/// A running server; stops when the trigger is dropped.
async fn start(edit: impl FnOnce(&mut DnsConfig)) -> (SocketAddr, ShutdownTrigger) {
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let around = Surroundings::new(SystemClock::shared(), Random::seeded(1))
        .observed(move |event| drop(sender.send(event.clone())));
    let mut config = DnsConfig::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    edit(&mut config);
    let server = DnsServer::new(config, around).unwrap();
    server.set_table(table());
    let (trigger, shutdown) = Shutdown::channel();
    tokio::spawn(server.run(shutdown));
    loop {
        if let ProxyEvent::DnsListening { address } = events.recv().await.expect("the server runs") {
            return (address, trigger);
        }
    }
}

/// What an upstream resolver of ours does.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Honest,
    Silent,
    /// Sends a forged answer first.
    Attacked,
    /// Cuts every datagram.
    Cutting,
    Failing,
}

/// An upstream resolver that says 203.0.113.1 to everything over UDP, 203.0.113.2 over TCP.
async fn upstream(manner: Manner) -> SocketAddr {
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = udp.local_addr().unwrap();
    let tcp = TcpListener::bind(address).await.unwrap();
    let reply = |bytes: &[u8], last: u8| {
        let mut reply = Message::from_vec(bytes).unwrap();
        reply.metadata.message_type = MessageType::Response;
        let name = reply.queries[0].name.clone();
        reply.add_answer(Record::from_rdata(name, 60, RData::A(A(Ipv4Addr::new(203, 0, 113, last)))));
        reply
    };
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok((bytes, from)) = udp.recv_from(&mut buffer).await {
            let mut honest = reply(&buffer[..bytes], 1);
            match manner {
                Manner::Silent => continue,
                Manner::Attacked => {
                    let mut forged = reply(&buffer[..bytes], 66);
                    forged.metadata.id ^= 1;
                    udp.send_to(&forged.to_vec().unwrap(), from).await.unwrap();
                }
                Manner::Cutting => {
                    honest = honest.truncate();
                }
                Manner::Failing => {
                    honest.answers.clear();
                    honest.metadata.response_code = ResponseCode::ServFail;
                }
                Manner::Honest => {}
            }
            udp.send_to(&honest.to_vec().unwrap(), from).await.unwrap();
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            let mut query = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut query).await.unwrap();
            let bytes = reply(&query, 2).to_vec().unwrap();
            stream.write_u16(bytes.len().try_into().unwrap()).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
        }
    });
    address
}

async fn asked_through(manners: &[Manner]) -> Message {
    let mut resolvers = vec![];
    for manner in manners {
        resolvers.push(upstream(*manner).await);
    }
    let (server, _trigger) = start(|config| {
        config.upstream = Upstream::Resolvers(resolvers);
        config.upstream_timeout = Duration::from_millis(300);
    })
    .await;
    ask_udp(server, &query("example.com.", RecordType::A)).await
}

#[tokio::test]
async fn answers_over_udp_and_tcp_are_the_same() {
    let (server, _trigger) = start(|_| {}).await;
    let question = query("web.default.svc.cluster.local.", RecordType::A);
    let answer = ask_udp(server, &question).await;
    assert_eq!((texts(&answer), answer.metadata.id), (vec!["10.96.0.1".to_owned()], question.metadata.id));
    assert_eq!(ask_tcp(server, &[question.clone(), question]).await, [answer.clone(), answer]);
}

#[tokio::test]
async fn what_is_cut_over_udp_is_whole_over_tcp() {
    let (server, _trigger) = start(|_| {}).await;
    let question = query("big.default.svc.cluster.local.", RecordType::A);
    let cut = ask_udp(server, &question).await;
    assert!(cut.metadata.truncation && cut.answers.is_empty());
    assert_eq!(ask_tcp(server, &[question]).await[0].answers.len(), 100);
}

#[tokio::test]
async fn a_name_that_is_not_there_is_denied() {
    let (server, _trigger) = start(|_| {}).await;
    let answer = ask_udp(server, &query("nobody.default.svc.cluster.local.", RecordType::A)).await;
    assert_eq!((answer.metadata.response_code, answer.authorities.len()), (ResponseCode::NXDomain, 1));
}

#[tokio::test]
async fn other_names_are_refused_if_there_is_no_upstream() {
    let (server, _trigger) = start(|_| {}).await;
    let answer = ask_udp(server, &query("example.com.", RecordType::A)).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::Refused);
    // The alias itself is ours to tell.
    let alias = ask_udp(server, &query("out.default.svc.cluster.local.", RecordType::A)).await;
    assert_eq!((alias.metadata.response_code, texts(&alias)), (ResponseCode::NoError, vec!["example.com.".to_owned()]));
}

#[tokio::test]
async fn other_names_are_passed_on() {
    assert_eq!(texts(&asked_through(&[Manner::Honest]).await), ["203.0.113.1"]);
}

#[tokio::test]
async fn an_alias_is_followed_upstream() {
    let resolver = upstream(Manner::Honest).await;
    let (server, _trigger) = start(|config| config.upstream = Upstream::Resolvers(vec![resolver])).await;
    let answer = ask_udp(server, &query("out.default.svc.cluster.local.", RecordType::A)).await;
    assert_eq!(texts(&answer), ["example.com.", "203.0.113.1"]);
}

#[tokio::test]
async fn a_resolver_that_fails_or_is_silent_is_passed_over() {
    assert_eq!(texts(&asked_through(&[Manner::Silent, Manner::Failing, Manner::Honest]).await), ["203.0.113.1"]);
    assert_eq!(asked_through(&[Manner::Silent]).await.metadata.response_code, ResponseCode::ServFail);
    assert_eq!(asked_through(&[]).await.metadata.response_code, ResponseCode::ServFail);
}

#[tokio::test]
async fn a_forged_answer_is_not_believed() {
    assert_eq!(texts(&asked_through(&[Manner::Attacked]).await), ["203.0.113.1"]);
}

#[tokio::test]
async fn an_answer_that_is_cut_upstream_is_fetched_over_tcp() {
    assert_eq!(texts(&asked_through(&[Manner::Cutting]).await), ["203.0.113.2"]);
}

#[tokio::test]
async fn our_names_are_answered_while_upstream_is_silent_and_full() {
    let resolver = upstream(Manner::Silent).await;
    let (server, _trigger) = start(|config| {
        config.upstream = Upstream::Resolvers(vec![resolver]);
        config.upstream_timeout = Duration::from_secs(3600);
        config.forwards_max = 1;
    })
    .await;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let waits = query("example.com.", RecordType::A).to_vec().unwrap();
    socket.send_to(&waits, server).await.unwrap();
    let full = ask_udp(server, &query("example.org.", RecordType::A)).await;
    assert_eq!(full.metadata.response_code, ResponseCode::ServFail);
    assert_eq!(texts(&ask_udp(server, &query("web.default.svc.cluster.local.", RecordType::A)).await), ["10.96.0.1"]);
}
