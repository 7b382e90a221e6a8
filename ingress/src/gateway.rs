//! Listens for clients.
//!
//! In: TCP connections. Out: requests to the forwarder. Invariants: the number of connections is bounded; a client that
//! sends no complete request head in time is cut off; at the end open requests may finish. Elsewhere: TLS material (`tls`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use pintle_object_model::clock::Clock;
use pintle_watch::Shutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use crate::IngressError;
use crate::forward::{Arrival, Forwarder};
use crate::route::Routes;

/// How a gateway listens. All limits have defaults.
#[derive(Clone, Debug)]
pub struct GatewayOptions {
    /// Most client connections at once; more wait. Default 10,000.
    pub connections_max: usize,
    /// How long a client may take to send a request's head, or a TLS handshake. Default 15 s.
    pub head_timeout: Duration,
    /// How long connecting to an endpoint may take. Default 2 s.
    pub connect_timeout: Duration,
    /// How long an endpoint may take to begin its answer. Default 60 s.
    pub answer_timeout: Duration,
    /// How long open requests may take to finish at the end. Default 10 s.
    pub drain_timeout: Duration,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            head_timeout: Duration::from_secs(15),
            connect_timeout: Duration::from_secs(2),
            answer_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// A listening gateway, not yet serving.
pub struct Gateway {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    options: GatewayOptions,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("listener", &self.listener).field("tls", &self.tls.is_some()).finish()
    }
}

impl Gateway {
    /// Binds the address for HTTP; port 0 takes a free one.
    ///
    /// # Errors
    /// If the address is taken or not ours.
    pub async fn bind(address: SocketAddr, options: GatewayOptions) -> Result<Self, IngressError> {
        let listener = TcpListener::bind(address).await.map_err(|source| IngressError::Listen { address, source })?;
        Ok(Self { listener, tls: None, options })
    }

    /// The same over TLS.
    #[must_use]
    pub(crate) fn with_tls(mut self, config: rustls::ServerConfig) -> Self {
        self.tls = Some(TlsAcceptor::from(Arc::new(config)));
        self
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the socket is gone.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves by this table, which may change at any time, until `shutdown`; then lets open requests finish.
    pub async fn serve(self, routes: Arc<ArcSwap<Routes>>, clock: Arc<dyn Clock>, shutdown: Shutdown) {
        let forwarder = Forwarder::new(routes, clock, self.options.connect_timeout, self.options.answer_timeout);
        let slots = Arc::new(Semaphore::new(self.options.connections_max));
        let graceful = GracefulShutdown::new();
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(self.options.head_timeout);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(250).enable_connect_protocol();
        let builder = Arc::new(builder);
        loop {
            let accepted = shutdown.unless(async {
                let slot = Arc::clone(&slots).acquire_owned().await.expect("the semaphore is never closed");
                (self.listener.accept().await, slot)
            });
            let Some((accepted, slot)) = accepted.await else { break };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: wait for some to be closed.
                    warn!(%error, "accepting a connection failed");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            let (forwarder, builder, watcher) = (forwarder.clone(), Arc::clone(&builder), graceful.watcher());
            let (tls, head_timeout) = (self.tls.clone(), self.options.head_timeout);
            tokio::spawn(async move {
                let _slot = slot;
                let arrival = Arrival { peer, secure: tls.is_some() };
                match tls {
                    None => serve_connection(stream, &builder, forwarder, arrival, watcher).await,
                    Some(tls) => match tokio::time::timeout(head_timeout, tls.accept(stream)).await {
                        Ok(Ok(stream)) => serve_connection(stream, &builder, forwarder, arrival, watcher).await,
                        refused => debug!(?peer, ok = refused.is_ok(), "no TLS handshake"),
                    },
                }
            });
        }
        if tokio::time::timeout(self.options.drain_timeout, graceful.shutdown()).await.is_err() {
            debug!("some connections were still open when the gateway stopped");
        }
    }
}

async fn serve_connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    builder: &Builder<TokioExecutor>,
    forwarder: Forwarder,
    arrival: Arrival,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let service = service_fn(move |request| {
        let forwarder = forwarder.clone();
        async move { Ok::<_, std::convert::Infallible>(forwarder.forward(request, arrival).await) }
    });
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    if let Err(error) = watcher.watch(connection).await {
        debug!(%error, "a connection ended");
    }
}
