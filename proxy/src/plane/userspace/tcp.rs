//! TCP: accept, connect, copy both ways.
//!
//! In: a listening socket. Out: a connection to an endpoint for each accepted one. Invariants: the end of one direction
//! is passed on as just that; a connection that breaks is reset on both sides, so that no side takes it for complete.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::balancer::Balancer;
use crate::event::{ProxyEvent, Refusal};

/// Bytes per direction and connection.
const BUFFER_BYTES: usize = 32 * 1024;
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;
/// How long a connection may be silent before the other side is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(120);
/// How long to pause when the system has no more descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listens at an address. One that is not everybody's is shared with sockets that listen at every address with
/// `SO_REUSEPORT`, as an ingress at port 80 may: the more specific socket gets the connections.
pub(super) fn bind(address: SocketAddrV4) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // Connections of an earlier run that linger must not keep us from the address.
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(!address.ip().is_unspecified())?;
    socket.bind(address.into())?;
    socket.listen(BACKLOG)
}

pub(super) async fn serve(
    listener: TcpListener,
    balancer: Arc<Balancer>,
    shared: Arc<Shared>,
    closed: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = closed.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((client, peer)) => admit(client, peer, &balancer, &shared),
            Err(error) => {
                tracing::debug!(%error, frontend = %balancer.frontend, "cannot accept");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn admit(client: TcpStream, peer: SocketAddr, balancer: &Arc<Balancer>, shared: &Arc<Shared>) {
    let refusal = match Arc::clone(&shared.connections).try_acquire_owned() {
        _ if !balancer.admits(ipv4(peer)) => Refusal::SourceRange,
        Err(_) => Refusal::TooMany,
        Ok(permit) => {
            let (balancer, for_task) = (Arc::clone(balancer), Arc::clone(shared));
            shared.tasks.spawn(async move {
                let _permit = permit;
                tokio::select! {
                    biased;
                    () = for_task.abort.cancelled() => {}
                    () = relay(client, peer, &balancer, &for_task) => {}
                }
            });
            return;
        }
    };
    reset(&client);
    shared.around.tell(&ProxyEvent::Refused { frontend: balancer.frontend, why: refusal });
}

fn ipv4(address: SocketAddr) -> Ipv4Addr {
    match address.ip() {
        IpAddr::V4(address) => address,
        IpAddr::V6(address) => address.to_ipv4_mapped().unwrap_or(Ipv4Addr::UNSPECIFIED),
    }
}

/// Makes the coming close of this socket a reset.
fn reset(stream: &TcpStream) {
    // If that fails the peer sees an orderly end, which is all that is left to do.
    let _ = stream.set_zero_linger();
}

async fn relay(mut client: TcpStream, peer: SocketAddr, balancer: &Balancer, shared: &Shared) {
    let own = client.local_addr().map_or(Ipv4Addr::UNSPECIFIED, ipv4);
    let Some(mut endpoint) = connect(ipv4(peer), own, balancer, shared).await else {
        reset(&client);
        shared.around.tell(&ProxyEvent::Refused { frontend: balancer.frontend, why: Refusal::NoEndpoint });
        return;
    };
    for stream in [&client, &endpoint] {
        // Small writes are passed on as they come; whether to gather them was the sender's choice.
        let _ = stream.set_nodelay(true);
        // A pod whose network is taken away ends no connection: without this they would stay forever.
        let _ = SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE));
    }
    let copied = tokio::io::copy_bidirectional_with_sizes(&mut client, &mut endpoint, BUFFER_BYTES, BUFFER_BYTES).await;
    if copied.is_err() {
        reset(&client);
        reset(&endpoint);
    }
}

async fn connect(client: Ipv4Addr, own: Ipv4Addr, balancer: &Balancer, shared: &Shared) -> Option<TcpStream> {
    for endpoint in balancer.choose(client, own) {
        let attempt = tokio::time::timeout(shared.config.connect_timeout, TcpStream::connect(endpoint)).await;
        let error = match attempt {
            Ok(Ok(stream)) => {
                balancer.chosen(client, endpoint);
                return Some(stream);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "timed out".to_owned(),
        };
        let frontend = balancer.frontend;
        shared.around.tell(&ProxyEvent::ConnectFailed { frontend, endpoint: endpoint.into(), error });
    }
    None
}
