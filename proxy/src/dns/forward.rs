//! Asks upstream resolvers.
//!
//! In: a name and a type. Out: their answer. Invariants: each query has an identifier and a source port of its own, and
//! only an answer to just that query from just that resolver counts; every wait ends; a resolver that cuts an answer is
//! asked again over TCP.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use pintle_object_model::clock::Random;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// What we can take in one datagram.
const DATAGRAM_BYTES: u16 = 4096;

pub(super) struct Forwarder {
    pub(super) resolvers: Vec<SocketAddr>,
    pub(super) timeout: Duration,
    pub(super) random: Random,
}

impl Forwarder {
    /// The answer of the first resolver that gives one; a resolver that fails is only believed if none does better.
    pub(super) async fn ask(&self, name: &Name, kind: RecordType) -> Option<Message> {
        let mut failed = None;
        for resolver in &self.resolvers {
            match tokio::time::timeout(self.timeout, self.ask_one(*resolver, name, kind)).await {
                Ok(Ok(answer)) if answer.metadata.response_code == ResponseCode::ServFail => failed = Some(answer),
                Ok(Ok(answer)) => return Some(answer),
                Ok(Err(error)) => tracing::debug!(%resolver, %name, %error, "an upstream resolver fails"),
                Err(_) => tracing::debug!(%resolver, %name, "an upstream resolver does not answer"),
            }
        }
        failed
    }

    async fn ask_one(&self, resolver: SocketAddr, name: &Name, kind: RecordType) -> io::Result<Message> {
        let id = (self.random.next_u64() >> 32) as u16;
        let mut query = Message::new(id, MessageType::Query, OpCode::Query);
        query.metadata.recursion_desired = true;
        query.add_query(Query::query(name.clone(), kind));
        let mut edns = Edns::new();
        edns.set_max_payload(DATAGRAM_BYTES);
        query.set_edns(edns);
        let bytes = query.to_vec().map_err(io::Error::other)?;
        let answer = over_udp(resolver, &bytes, &query).await?;
        if answer.metadata.truncation { over_tcp(resolver, &bytes, &query).await } else { Ok(answer) }
    }
}

async fn over_udp(resolver: SocketAddr, bytes: &[u8], query: &Message) -> io::Result<Message> {
    let any = match resolver.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(resolver).await?;
    socket.send(bytes).await?;
    let mut buffer = vec![0; usize::from(DATAGRAM_BYTES)];
    loop {
        // Anything else that arrives here is a forgery or a late answer: keep waiting, the time-out ends it.
        let received = socket.recv(&mut buffer).await?;
        if let Some(answer) = answer_to(query, &buffer[..received]) {
            return Ok(answer);
        }
    }
}

async fn over_tcp(resolver: SocketAddr, bytes: &[u8], query: &Message) -> io::Result<Message> {
    let mut stream = TcpStream::connect(resolver).await?;
    let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
    let framed = [&length.to_be_bytes(), bytes].concat();
    stream.write_all(&framed).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    answer_to(query, &answer).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an answer to the query"))
}

fn answer_to(query: &Message, bytes: &[u8]) -> Option<Message> {
    let answer = Message::from_vec(bytes).ok()?;
    let ours = answer.metadata.id == query.metadata.id
        && answer.metadata.message_type == MessageType::Response
        && answer.queries == query.queries;
    ours.then_some(answer)
}
