//! Forwards one request.
//!
//! In: a client's request. Out: an endpoint's answer, or our own error. Invariants: hop-by-hop headers stay on their hop;
//! a request is sent again only if nothing of it reached an endpoint. Elsewhere: where to (`route`), listening (`gateway`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderName, HeaderValue, UPGRADE};
use http::{HeaderMap, Request, Response, StatusCode, Uri, Version};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use pintle_object_model::clock::Clock;
use tracing::debug;

use crate::backend::Active;
use crate::body::{Counted, RequestBody, ResponseBody};
use crate::route::{RouteMatch, Routes};

/// Headers that concern one connection only. Source: RFC 9110, section 7.6.1.
const HOP_BY_HOP: [&str; 7] =
    ["connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

/// Most endpoints that are asked for one request.
const ATTEMPTS: usize = 5;

#[derive(Clone, Debug)]
pub(crate) struct Forwarder {
    routes: Arc<ArcSwap<Routes>>,
    client: Client<HttpConnector, RequestBody>,
    clock: Arc<dyn Clock>,
    answer_timeout: Duration,
}

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) peer: SocketAddr,
    pub(crate) secure: bool,
}

impl Forwarder {
    pub(crate) fn new(
        routes: Arc<ArcSwap<Routes>>,
        clock: Arc<dyn Clock>,
        connect_timeout: Duration,
        answer_timeout: Duration,
    ) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(connect_timeout));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(256)
            .build(connector);
        Self { routes, client, clock, answer_timeout }
    }

    pub(crate) async fn forward(&self, request: Request<Incoming>, arrival: Arrival) -> Response<ResponseBody> {
        let authority = authority(&request);
        let found = self.routes.load().find(&authority, request.uri().path()).cloned();
        let Some(target) = found else {
            return own(StatusCode::NOT_FOUND, "no Ingress has a rule for this host and path\n");
        };
        let (mut parts, body) = request.into_parts();
        let client_upgrade = parts.extensions.remove::<OnUpgrade>();
        let switching = upgrade_of(&parts.headers);
        prepare_headers(&mut parts.headers, &authority, arrival);
        if let Some(protocol) = &switching {
            parts.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            parts.headers.insert(UPGRADE, protocol.clone());
        }
        let sent = tokio::time::timeout(self.answer_timeout, self.send(&target, &parts, RequestBody::new(body))).await;
        match sent {
            Err(_) => own(StatusCode::GATEWAY_TIMEOUT, "the application did not answer in time\n"),
            Ok(Err(refused)) => refused,
            Ok(Ok((response, active))) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                switch(response, client_upgrade, active)
            }
            Ok(Ok((response, active))) => {
                let (mut parts, incoming) = response.into_parts();
                remove_hop_by_hop(&mut parts.headers);
                Response::from_parts(parts, Either::Left(Counted { incoming, _active: active }))
            }
        }
    }

    /// Tries endpoints in turn until one takes the request.
    async fn send(
        &self,
        target: &RouteMatch,
        parts: &http::request::Parts,
        body: RequestBody,
    ) -> Result<(Response<Incoming>, Active), Response<ResponseBody>> {
        let mut tried = vec![];
        while let Some(endpoint) = self.next_endpoint(target, &tried) {
            let address = endpoint.address();
            tried.push(address);
            let active = Active::new(Arc::clone(&endpoint));
            let request = outgoing(parts, address, body.clone())
                .map_err(|_| own(StatusCode::BAD_REQUEST, "the request's target is malformed\n"))?;
            match self.client.request(request).await {
                Ok(response) => {
                    endpoint.succeeded();
                    return Ok((response, active));
                }
                Err(error) => {
                    debug!(%address, %error, service = %target.key.service, "an endpoint failed");
                    let unsent = error.is_connect();
                    if unsent {
                        endpoint.failed(self.clock.now());
                    }
                    // What is safe may be repeated even if the endpoint died over it (RFC 9110, section 9.2.2).
                    if !body.is_untouched() || !(unsent || parts.method.is_idempotent()) {
                        return Err(own(StatusCode::BAD_GATEWAY, "the application closed the connection\n"));
                    }
                }
            }
        }
        Err(if tried.is_empty() {
            own(StatusCode::SERVICE_UNAVAILABLE, "no endpoint of the Service is ready\n")
        } else {
            own(StatusCode::BAD_GATEWAY, "no endpoint of the Service could be reached\n")
        })
    }

    /// The table is read anew for every attempt: the endpoint that failed may have been replaced meanwhile.
    fn next_endpoint(&self, target: &RouteMatch, tried: &[SocketAddr]) -> Option<Arc<crate::Endpoint>> {
        if tried.len() >= ATTEMPTS {
            return None;
        }
        let now = self.clock.now();
        let current = self.routes.load().backend(&target.key);
        current.and_then(|backend| backend.pick(now, tried)).or_else(|| target.backend.pick(now, tried))
    }
}

fn authority(request: &Request<Incoming>) -> String {
    let header = request.headers().get(HOST).and_then(|value| value.to_str().ok()).map(str::to_owned);
    header.or_else(|| request.uri().authority().map(ToString::to_string)).unwrap_or_default()
}

fn outgoing(
    parts: &http::request::Parts,
    address: SocketAddr,
    body: RequestBody,
) -> Result<Request<RequestBody>, http::Error> {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let uri = Uri::builder().scheme("http").authority(address.to_string()).path_and_query(path).build()?;
    let mut request = Request::builder().method(parts.method.clone()).uri(uri).version(Version::HTTP_11).body(body)?;
    request.headers_mut().clone_from(&parts.headers);
    Ok(request)
}

/// The protocol that a client wants to switch to, such as `websocket`.
fn upgrade_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let connection = headers.get(CONNECTION)?.to_str().ok()?;
    let asked = connection.split(',').any(|token| token.trim().eq_ignore_ascii_case("upgrade"));
    asked.then(|| headers.get(UPGRADE).cloned()).flatten()
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(',').filter_map(|name| name.trim().parse().ok()).collect::<Vec<HeaderName>>())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

fn prepare_headers(headers: &mut HeaderMap, authority: &str, arrival: Arrival) {
    remove_hop_by_hop(headers);
    if let Ok(host) = HeaderValue::from_str(authority) {
        headers.insert(HOST, host.clone());
        headers.insert("x-forwarded-host", host);
    }
    let peer = arrival.peer.ip().to_canonical().to_string();
    // What a client says about itself is not passed on as if we had seen it.
    if let Ok(peer) = HeaderValue::from_str(&peer) {
        headers.insert("x-real-ip", peer.clone());
        headers.insert("x-forwarded-for", peer);
    }
    let protocol = if arrival.secure { "https" } else { "http" };
    headers.insert("x-forwarded-proto", HeaderValue::from_static(protocol));
}

/// Answers 101 and copies bytes between client and endpoint.
fn switch(response: Response<Incoming>, client: Option<OnUpgrade>, active: Active) -> Response<ResponseBody> {
    let Some(client) = client else {
        return own(StatusCode::BAD_GATEWAY, "the application switched protocols unasked\n");
    };
    let (mut parts, body) = response.into_parts();
    let endpoint = hyper::upgrade::on(Response::from_parts(parts.clone(), body));
    // `on` takes the switch out of the extensions of the response that it is given; ours needs none.
    parts.extensions = http::Extensions::new();
    tokio::spawn(async move {
        let _active = active;
        if let (Ok(client), Ok(endpoint)) = (client.await, endpoint.await) {
            let copied = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(endpoint)).await;
            debug!(?copied, "a switched connection ended");
        }
    });
    Response::from_parts(parts, Either::Right(Full::new(Bytes::new())))
}

fn own(code: StatusCode, text: &'static str) -> Response<ResponseBody> {
    let mut response = Response::new(Either::Right(Full::new(Bytes::from_static(text.as_bytes()))));
    *response.status_mut() = code;
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_one_hop_stay_on_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("connection", "keep-alive, x-private"), ("x-private", "1"), ("te", "trailers"), ("x-kept", "2")]
        {
            headers.append(name, HeaderValue::from_static(value));
        }
        remove_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-kept"]);
    }

    #[test]
    fn a_client_cannot_claim_another_address() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("1.2.3.4"));
        let arrival = Arrival { peer: "127.0.0.9:5".parse().unwrap(), secure: false };
        prepare_headers(&mut headers, "a.com", arrival);
        assert_eq!(headers["x-forwarded-for"], "127.0.0.9");
        assert_eq!(headers["x-forwarded-host"], "a.com");
    }
}
