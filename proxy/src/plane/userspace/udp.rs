//! UDP: one flow per client, each with a socket of its own to an endpoint.
//!
//! In: datagrams at a frontend. Out: the same datagrams at an endpoint, and its answers back. Invariants: a flow stays
//! with its endpoint as long as that is there; a silent flow ends; a frontend has at most `udp_flows_max`.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::balancer::Balancer;
use crate::event::{ProxyEvent, Refusal};

/// The largest datagram of UDP over IPv4.
const DATAGRAM_BYTES: usize = 65_535;

/// A socket at an address, shared as [`tcp::bind`](super::tcp::bind) does.
pub(super) fn bind(address: SocketAddrV4) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
    socket.set_reuse_port(!address.ip().is_unspecified())?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

struct Flow {
    endpoint: SocketAddrV4,
    socket: Arc<UdpSocket>,
    /// When the client was last heard.
    last: Duration,
    ended: CancellationToken,
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

type Flows = Arc<Mutex<HashMap<SocketAddr, Flow>>>;

struct Relay {
    socket: Arc<UdpSocket>,
    flows: Flows,
    balancer: Arc<Balancer>,
    shared: Arc<Shared>,
}

pub(super) async fn serve(socket: UdpSocket, balancer: Arc<Balancer>, shared: Arc<Shared>, closed: CancellationToken) {
    let relay = Relay { socket: Arc::new(socket), flows: Flows::default(), balancer, shared };
    let mut buffer = vec![0; DATAGRAM_BYTES];
    loop {
        tokio::select! {
            biased;
            // A flow has no end of its own: without the listener it ends, too. That frees the address.
            () = closed.cancelled() => break,
            received = relay.socket.recv_from(&mut buffer) => match received {
                Ok((bytes, client)) => relay.forward(&buffer[..bytes], client).await,
                // An answer that could not be delivered is reported here; it says nothing about the next datagram.
                Err(error) => tracing::debug!(%error, frontend = %relay.balancer.frontend, "cannot receive"),
            },
        }
    }
    let flows = std::mem::take(&mut *lock(&relay.flows));
    drop(flows);
}

fn lock(flows: &Flows) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, Flow>> {
    flows.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Relay {
    async fn forward(&self, datagram: &[u8], client: SocketAddr) {
        let socket = match self.current_flow(client) {
            Some(socket) => socket,
            None => match self.new_flow(client).await {
                Some(socket) => socket,
                None => return,
            },
        };
        if let Err(error) = socket.send(datagram).await {
            // The endpoint's host has refused an earlier datagram; the next one of this client starts anew.
            tracing::debug!(%error, %client, "a flow ends");
            lock(&self.flows).remove(&client);
        }
    }

    /// The flow of a client, if its endpoint is still to be used.
    fn current_flow(&self, client: SocketAddr) -> Option<Arc<UdpSocket>> {
        let mut flows = lock(&self.flows);
        let flow = flows.get_mut(&client)?;
        if !self.balancer.is_current(flow.endpoint) || flow.ended.is_cancelled() {
            flows.remove(&client);
            return None;
        }
        flow.last = self.shared.around.clock.now();
        Some(Arc::clone(&flow.socket))
    }

    async fn new_flow(&self, client: SocketAddr) -> Option<Arc<UdpSocket>> {
        let SocketAddr::V4(from) = client else { return None };
        let refuse = |why| self.shared.around.tell(&ProxyEvent::Refused { frontend: self.balancer.frontend, why });
        if !self.balancer.admits(*from.ip()) {
            refuse(Refusal::SourceRange);
            return None;
        }
        self.make_room();
        let Ok(permit) = Arc::clone(&self.shared.connections).try_acquire_owned() else {
            refuse(Refusal::TooMany);
            return None;
        };
        let own = self.balancer.frontend.address().unwrap_or(Ipv4Addr::UNSPECIFIED);
        for endpoint in self.balancer.choose(*from.ip(), own) {
            match connected(endpoint).await {
                Ok(socket) => {
                    self.balancer.chosen(*from.ip(), endpoint);
                    return Some(self.add_flow(client, endpoint, Arc::new(socket), permit));
                }
                Err(error) => self.shared.around.tell(&ProxyEvent::ConnectFailed {
                    frontend: self.balancer.frontend,
                    endpoint: endpoint.into(),
                    error: error.to_string(),
                }),
            }
        }
        refuse(Refusal::NoEndpoint);
        None
    }

    fn make_room(&self) {
        let mut flows = lock(&self.flows);
        if flows.len() >= self.shared.config.udp_flows_max.max(1) {
            let oldest = flows.iter().min_by_key(|(client, flow)| (flow.last, **client)).map(|(client, _)| *client);
            if let Some(oldest) = oldest {
                flows.remove(&oldest);
            }
        }
    }

    fn add_flow(
        &self,
        client: SocketAddr,
        endpoint: SocketAddrV4,
        socket: Arc<UdpSocket>,
        permit: OwnedSemaphorePermit,
    ) -> Arc<UdpSocket> {
        let ended = CancellationToken::new();
        let last = self.shared.around.clock.now();
        let flow = Flow { endpoint, socket: Arc::clone(&socket), last, ended: ended.clone() };
        lock(&self.flows).insert(client, flow);
        let back = Back { from: Arc::clone(&socket), to: Arc::clone(&self.socket), client, endpoint };
        let (flows, shared) = (Arc::clone(&self.flows), Arc::clone(&self.shared));
        self.shared.tasks.spawn(async move {
            let _permit = permit;
            tokio::select! {
                biased;
                () = shared.abort.cancelled() => {}
                () = ended.cancelled() => {}
                () = back.answers(&flows, &shared) => {}
            }
            let mut flows = lock(&flows);
            // The client may have a newer flow by now.
            if flows.get(&client).is_some_and(|flow| Arc::ptr_eq(&flow.socket, &back.from)) {
                flows.remove(&client);
            }
        });
        socket
    }
}

async fn connected(endpoint: SocketAddrV4) -> io::Result<UdpSocket> {
    let any = if endpoint.ip().is_loopback() { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
    let socket = UdpSocket::bind(SocketAddrV4::new(any, 0)).await?;
    socket.connect(SocketAddr::V4(endpoint)).await?;
    Ok(socket)
}

/// The way back of one flow.
struct Back {
    from: Arc<UdpSocket>,
    to: Arc<UdpSocket>,
    client: SocketAddr,
    endpoint: SocketAddrV4,
}

impl Back {
    /// The next datagram. There is a buffer only while there is something in it: flows are many and mostly silent.
    async fn receive(&self) -> io::Result<Vec<u8>> {
        loop {
            self.from.readable().await?;
            let mut buffer = Vec::with_capacity(DATAGRAM_BYTES);
            match self.from.try_recv_buf(&mut buffer) {
                Ok(_) => return Ok(buffer),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Passes answers on until both sides have been silent for long enough, or the endpoint refuses.
    async fn answers(&self, flows: &Flows, shared: &Shared) {
        let idle = shared.config.udp_idle;
        let mut wait = idle;
        loop {
            match tokio::time::timeout(wait, self.receive()).await {
                Ok(Ok(datagram)) => {
                    if let Err(error) = self.to.send_to(&datagram, self.client).await {
                        tracing::debug!(%error, client = %self.client, "an answer is lost");
                    }
                    wait = idle;
                }
                Ok(Err(error)) => {
                    tracing::debug!(%error, endpoint = %self.endpoint, "the endpoint refuses");
                    return;
                }
                Err(_) => {
                    let now = shared.around.clock.now();
                    let last = lock(flows).get(&self.client).map(|flow| flow.last);
                    match last.map(|last| (last + idle).saturating_sub(now)) {
                        Some(left) if !left.is_zero() => wait = left,
                        _ => return,
                    }
                }
            }
        }
    }
}
