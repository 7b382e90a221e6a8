//! HTTP around the API service: one tower service over `http` messages, and a server that listens.
//!
//! In: HTTP requests, over TLS sockets or handed in by a host. Out: HTTP answers. Invariants: a body larger than
//! [`BODY_BYTES_MAX`] is refused; a connection that is done is told so, one that is slow harms nobody else.
//! Elsewhere: the codec (`pintle_client::http`).

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use pintle_client::http::{
    Accept, As, ResponseBody, decode_request, encode_response, encode_status, request_meta, request_timeout,
};
use pintle_client::{ApiService, Caller, Content, Request, Target};
use pintle_object_model::Status;
use pintle_object_model::clock::Clock;
use pintle_watch::Shutdown;
use tokio::net::TcpListener;
use tower::{Service, ServiceExt};
use tracing::{debug, warn};

use crate::documents::{KEYS_PATH, KEYS_TYPE};
use crate::tls::TlsServer;

/// Most bytes of a request body. Source: kube-apiserver's limit for resource requests.
const BODY_BYTES_MAX: usize = 3 * 1024 * 1024;
/// Most bytes of a request's headers.
const HEADER_BYTES_MAX: u32 = 1024 * 1024;
/// How long a TLS handshake or the headers of a request may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long open requests may take to end when the server stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

/// The API over `http` messages: what a `kube::Client` can be built on.
#[derive(Clone)]
pub struct HttpService<S> {
    service: S,
    clock: Arc<dyn Clock>,
    /// Who asks when the request says nothing: a client certificate, or whoever the host vouches for.
    caller: Caller,
}

impl<S> std::fmt::Debug for HttpService<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpService").field("caller", &self.caller).finish_non_exhaustive()
    }
}

impl<S: ApiService> HttpService<S> {
    /// The API of this service. `caller` asks where a request carries no token.
    pub fn new(service: S, clock: Arc<dyn Clock>, caller: Caller) -> Self {
        Self { service, clock, caller }
    }

    async fn answer<B>(self, request: http::Request<B>) -> http::Response<ResponseBody>
    where
        B: http_body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (mut parts, body) = request.into_parts();
        let upgrade = parts.extensions.remove::<hyper::upgrade::OnUpgrade>();
        let keys = parts.uri.path().trim_end_matches('/') == KEYS_PATH;
        let negotiated = if keys { check_keys_accepted(&parts.headers) } else { request_meta(&parts) };
        let (accept, timeout) = match (negotiated, request_timeout(&parts)) {
            (Ok(accept), Ok(timeout)) => (accept, timeout),
            (Ok(accept), Err(status)) => return encode_status(&status, &accept),
            (Err((status, accept)), _) => return encode_status(&status, &accept),
        };
        let head = parts.method == http::Method::HEAD;
        let known = parts.headers.get(http::header::IF_NONE_MATCH).cloned();
        let work = async {
            let bytes = match Limited::new(body, BODY_BYTES_MAX).collect().await {
                Ok(collected) => collected.to_bytes(),
                Err(error) => return encode_status(&unreadable(&*error), &accept),
            };
            match self.ask(&parts, bytes, &accept).await {
                Ok(request) => self.exchange(request, &accept, upgrade).await,
                Err(status) => encode_status(&status, &accept),
            }
        };
        let mut answer = match timeout {
            None => work.await,
            Some(timeout) => match tokio::time::timeout(timeout, work).await {
                Ok(answer) => answer,
                Err(_) => encode_status(&out_of_time(), &accept),
            },
        };
        if known.is_some() && answer.headers().get(http::header::ETAG) == known.as_ref() {
            *answer.status_mut() = http::StatusCode::NOT_MODIFIED;
            answer.headers_mut().remove(http::header::CONTENT_TYPE);
            answer.headers_mut().remove(http::header::CONTENT_ENCODING);
            *answer.body_mut() = ResponseBody::whole(Bytes::new());
        }
        if head {
            *answer.body_mut() = ResponseBody::whole(Bytes::new());
        }
        answer
    }

    async fn ask(&self, parts: &http::request::Parts, bytes: Bytes, accept: &Accept) -> Result<Request, Status> {
        let mut request = decode_request(parts, bytes)?;
        if matches!(request.caller, Caller::Anonymous) {
            request.caller = self.caller.clone();
        }
        // Which form of discovery is wanted is part of the representation; documents are asked for it by name.
        if accept.as_ == As::Discovery && matches!(request.target, Target::Path(_)) {
            request.params.other.push(("as".into(), "APIGroupDiscoveryList".into()));
        }
        Ok(request)
    }

    async fn exchange(
        &self,
        request: Request,
        accept: &Accept,
        upgrade: Option<hyper::upgrade::OnUpgrade>,
    ) -> http::Response<ResponseBody> {
        let table_options = request.params.other("includeObject").unwrap_or_default().to_owned();
        let notes = request.notes.clone();
        let answer = self.service.clone().oneshot(request).await;
        let mut encoded = match answer {
            Ok(response) => match response.content {
                Content::Upgrade(switched) => switch(switched, upgrade),
                content => {
                    let response = pintle_client::Response { content, ..response };
                    encode_response(Ok(response), accept, &table_options, &*self.clock)
                }
            },
            Err(status) => encode_response(Err(status), accept, &table_options, &*self.clock),
        };
        for (name, value) in notes.take() {
            if let Ok(value) = http::HeaderValue::try_from(value) {
                encoded.headers_mut().append(name, value);
            }
        }
        encoded
    }
}

fn out_of_time() -> Status {
    Status::failure(504, "Timeout", "Timeout: request did not complete within the allotted timeout")
}

/// The published keys come in one form, which is none of those that objects have.
fn check_keys_accepted(headers: &http::HeaderMap) -> Result<Accept, (Status, Accept)> {
    let given = headers.get_all(http::header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = given.flat_map(|value| value.split(',')).filter_map(|part| part.split(';').next()).map(str::trim);
    let fits = |kind: &str| kind.is_empty() || matches!(kind, "*/*" | "application/*" | KEYS_TYPE);
    if headers.get(http::header::ACCEPT).is_none() || kinds.any(fits) {
        return Ok(Accept::default());
    }
    let why = format!("only the following media types are accepted: {KEYS_TYPE}");
    Err((Status::failure(406, "NotAcceptable", why), Accept::default()))
}

fn unreadable(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Status {
    if error.is::<http_body_util::LengthLimitError>() {
        Status::failure(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {BODY_BYTES_MAX}"))
    } else {
        Status::bad_request(format!("reading the request's body: {error}"))
    }
}

/// Answers 101 and copies bytes between the client and what stands behind the switch.
fn switch(
    mut switched: pintle_client::Upgrade,
    upgrade: Option<hyper::upgrade::OnUpgrade>,
) -> http::Response<ResponseBody> {
    let Some(upgrade) = upgrade else {
        return encode_status(&Status::bad_request("this connection cannot switch protocols"), &Accept::default());
    };
    let mut builder = http::Response::builder().status(http::StatusCode::SWITCHING_PROTOCOLS);
    for (name, value) in &switched.headers {
        builder = builder.header(name, value);
    }
    tokio::spawn(async move {
        match upgrade.await {
            Ok(client) => {
                let copied = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut switched.stream).await;
                debug!(?copied, "switched connection ended");
            }
            Err(error) => debug!(%error, "the client did not switch protocols"),
        }
    });
    builder
        .body(ResponseBody::whole(Bytes::new()))
        .unwrap_or_else(|error| encode_status(&Status::internal(error), &Accept::default()))
}

impl<S, B> Service<http::Request<B>> for HttpService<S>
where
    S: ApiService,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = http::Response<ResponseBody>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.answer(request).await) })
    }
}

/// Listens and serves HTTP/1.1 and h2 over TLS.
#[derive(Debug)]
pub struct HttpServer {
    listener: TcpListener,
    tls: TlsServer,
}

impl HttpServer {
    /// Binds the address; port 0 takes a free one.
    ///
    /// # Errors
    /// If the address is taken or not ours.
    pub async fn bind(address: SocketAddr, tls: TlsServer) -> std::io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, tls })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the socket is gone.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown`, then lets open requests end.
    pub async fn serve<S: ApiService>(self, service: S, clock: Arc<dyn Clock>, shutdown: Shutdown) {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HANDSHAKE_TIMEOUT);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(1000)
            .max_header_list_size(HEADER_BYTES_MAX)
            .keep_alive_interval(Duration::from_secs(30));
        let builder = Arc::new(builder);
        let graceful = hyper_util::server::graceful::GracefulShutdown::new();
        while let Some(accepted) = shutdown.unless(self.listener.accept()).await {
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: wait for some to be closed.
                    warn!(%error, "accepting a connection failed");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let (acceptor, builder, watcher) = (self.tls.acceptor(), Arc::clone(&builder), graceful.watcher());
            let (service, clock) = (service.clone(), Arc::clone(&clock));
            tokio::spawn(async move {
                // Small answers must not wait for more to send.
                let _ = stream.set_nodelay(true);
                let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await else {
                    return;
                };
                let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
                let caller = certificate.map_or(Caller::Anonymous, |der| Caller::Certificate(Arc::from(der.as_ref())));
                let http = HttpService::new(service, clock, caller);
                let handler =
                    hyper::service::service_fn(move |request: http::Request<Incoming>| http.clone().call(request));
                let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), handler).into_owned();
                if let Err(error) = watcher.watch(connection).await {
                    debug!(%error, "connection ended");
                }
            });
        }
        if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
            debug!("some connections were still open when the server stopped");
        }
    }
}
