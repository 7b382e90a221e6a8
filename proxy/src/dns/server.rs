//! Sockets of cluster DNS.
//!
//! In: datagrams and connections. Out: responses. Invariants: a query that needs no upstream resolver is answered at
//! once, whatever else is under way; at the bounds, askers over UDP get `SERVFAIL` and connections are closed.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, Record};
use pintle_watch::Shutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::forward::Forwarder;
use super::message::{self, Outcome, Transport};
use super::zone::Zone;
use super::{DnsConfig, Upstream};
use crate::error::ProxyError;
use crate::event::ProxyEvent;
use crate::plane::Surroundings;
use crate::table::Table;

/// Queries are small; nobody needs more to ask something.
const QUERY_BYTES_MAX: usize = 4096;

/// A DNS server for the names of a cluster. Cheap to clone; all clones answer from the same table.
#[derive(Clone)]
pub struct DnsServer {
    shared: Arc<Shared>,
}

struct Shared {
    zone: Zone,
    config: DnsConfig,
    table: RwLock<Table>,
    forwarder: Option<Forwarder>,
    forwards: Arc<Semaphore>,
    connections: Arc<Semaphore>,
    around: Surroundings,
}

impl std::fmt::Debug for DnsServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DnsServer").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

/// Sockets at one address.
struct Sockets {
    udp: Arc<UdpSocket>,
    tcp: TcpListener,
}

impl DnsServer {
    /// A server that knows no names yet and listens nowhere.
    ///
    /// # Errors
    /// [`ProxyError::Config`] if the domain is not a domain name.
    pub fn new(config: DnsConfig, around: Surroundings) -> Result<Self, ProxyError> {
        let ttl = u32::try_from(config.ttl.as_secs()).unwrap_or(u32::MAX);
        let zone = Zone::new(&config.domain, ttl, config.networks.clone())
            .ok_or_else(|| ProxyError::Config(format!("{:?} is not a domain", config.domain)))?;
        let forwarder = match &config.upstream {
            Upstream::Off => None,
            Upstream::Resolvers(resolvers) => Some(Forwarder {
                resolvers: resolvers.clone(),
                timeout: config.upstream_timeout,
                random: around.random.clone(),
            }),
        };
        let permits = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        let (forwards, connections) = (permits(config.forwards_max), permits(config.connections_max));
        let table = RwLock::default();
        Ok(Self { shared: Arc::new(Shared { zone, config, table, forwarder, forwards, connections, around }) })
    }

    /// Answers from this table from now on.
    pub fn set_table(&self, table: Table) {
        *self.shared.table.write().unwrap_or_else(std::sync::PoisonError::into_inner) = table;
    }

    /// Listens and answers until `shutdown`. Addresses that cannot be listened on are told of and tried again every
    /// second: a cluster IP is there only once the data plane has started.
    pub async fn run(self, shutdown: Shutdown) {
        let mut tasks = JoinSet::new();
        for address in self.shared.config.listen.clone() {
            let (server, until) = (self.clone(), shutdown.clone());
            tasks.spawn(async move {
                until.unless(server.serve(address)).await;
            });
        }
        shutdown.wait().await;
        tasks.shutdown().await;
    }

    async fn serve(&self, address: SocketAddr) {
        let mut told = String::new();
        let sockets = loop {
            match bind(address).await {
                Ok(sockets) => break sockets,
                Err(error) => {
                    // Once for each reason, however long it lasts.
                    let error = error.to_string();
                    if error != told {
                        told.clone_from(&error);
                        self.shared.around.tell(&ProxyEvent::DnsFailed { address, error });
                    }
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        };
        let bound = sockets.tcp.local_addr().unwrap_or(address);
        self.shared.around.tell(&ProxyEvent::DnsListening { address: bound });
        tokio::join!(self.serve_udp(sockets.udp), self.serve_tcp(sockets.tcp));
    }

    async fn serve_udp(&self, socket: Arc<UdpSocket>) {
        // Tasks end with this future, which ends with the server.
        let mut forwards = JoinSet::new();
        let mut buffer = vec![0; QUERY_BYTES_MAX];
        loop {
            while forwards.try_join_next().is_some() {}
            let Ok((bytes, from)) = socket.recv_from(&mut buffer).await else { continue };
            let outcome = self.handle(&buffer[..bytes]);
            if let Outcome::Forward { query, name, before } = outcome {
                let Ok(permit) = Arc::clone(&self.shared.forwards).try_acquire_owned() else {
                    self.send(&socket, from, &message::refusal(&query, ResponseCode::ServFail), 512).await;
                    continue;
                };
                let (server, socket) = (self.clone(), Arc::clone(&socket));
                forwards.spawn(async move {
                    let _permit = permit;
                    let reply = server.forward(&query, &name, before).await;
                    server.send(&socket, from, &reply, query.max_payload()).await;
                });
            } else if let Outcome::Reply(reply) = outcome {
                self.send(&socket, from, &reply, payload_max(&buffer[..bytes])).await;
            }
        }
    }

    async fn send(&self, socket: &UdpSocket, to: SocketAddr, reply: &Message, asked_for: u16) {
        if let Some(bytes) = message::encode(reply, asked_for, Transport::Udp)
            && let Err(error) = socket.send_to(&bytes, to).await
        {
            tracing::debug!(%error, %to, "a response is lost");
        }
    }

    fn handle(&self, bytes: &[u8]) -> Outcome {
        let table = self.shared.table.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        message::handle(bytes, &self.shared.zone, &table)
    }

    async fn forward(&self, query: &Message, name: &Name, before: Vec<Record>) -> Message {
        let kind = query.queries[0].query_type;
        let answer = match &self.shared.forwarder {
            // The alias alone is a complete answer of ours; its target is for the asker to find.
            None if !before.is_empty() => None,
            None => return message::refusal(query, ResponseCode::Refused),
            Some(forwarder) => forwarder.ask(name, kind).await,
        };
        let mut reply = message::response(query);
        reply.metadata.recursion_available = self.shared.forwarder.is_some();
        reply.insert_answers(before);
        match answer {
            Some(answer) => {
                reply.metadata.response_code = answer.metadata.response_code;
                reply.add_answers(answer.answers);
                reply.add_authorities(answer.authorities);
                reply.add_additionals(answer.additionals);
            }
            None if self.shared.forwarder.is_none() => {}
            None => {
                self.shared.around.tell(&ProxyEvent::DnsForwardFailed { name: name.to_ascii() });
                reply.metadata.response_code = ResponseCode::ServFail;
            }
        }
        reply
    }

    async fn serve_tcp(&self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            };
            let Ok(permit) = Arc::clone(&self.shared.connections).try_acquire_owned() else { continue };
            let server = self.clone();
            connections.spawn(async move {
                let _permit = permit;
                if let Err(error) = server.serve_connection(stream).await {
                    tracing::debug!(%error, "a DNS connection ends");
                }
            });
        }
    }

    async fn serve_connection(&self, mut stream: TcpStream) -> io::Result<()> {
        loop {
            let read = tokio::time::timeout(self.shared.config.tcp_idle, read_frame(&mut stream));
            let Some(query) = read.await?? else { return Ok(()) };
            let reply = match self.handle(&query) {
                Outcome::Ignore => return Ok(()),
                Outcome::Reply(reply) => reply,
                Outcome::Forward { query, name, before } => match self.shared.forwards.try_acquire() {
                    Ok(_permit) => self.forward(&query, &name, before).await,
                    Err(_) => message::refusal(&query, ResponseCode::ServFail),
                },
            };
            let Some(bytes) = message::encode(&reply, u16::MAX, Transport::Tcp) else { return Ok(()) };
            let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
            let framed = [&length.to_be_bytes(), bytes.as_slice()].concat();
            tokio::time::timeout(self.shared.config.tcp_idle, stream.write_all(&framed)).await??;
        }
    }
}

/// How much the asker of this query can take in a datagram.
fn payload_max(query: &[u8]) -> u16 {
    Message::from_vec(query).map_or(512, |query| query.max_payload())
}

/// A query with its length in front; `None` at the end of the connection.
async fn read_frame(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let length = match stream.read_u16().await {
        Ok(length) => usize::from(length),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    if length > QUERY_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a query of {length} bytes")));
    }
    let mut frame = vec![0; length];
    stream.read_exact(&mut frame).await?;
    Ok(Some(frame))
}

/// Both sockets at one address; with port 0 both have the same one.
async fn bind(address: SocketAddr) -> io::Result<Sockets> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let tcp = socket.listen(128)?;
    let udp = UdpSocket::bind(tcp.local_addr()?).await?;
    Ok(Sockets { udp: Arc::new(udp), tcp })
}
