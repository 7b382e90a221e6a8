//! Talks HTTP to node agents over whatever byte stream leads to them.
//!
//! In: a request for a node. Out: its agent's answer. Invariant: one connection per request, so that a stuck stream never
//! blocks another. Elsewhere: how the stream is made ([`NodeDial`]: TLS to a real node, a pipe to one in this process).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use http::header::{CONNECTION, CONTENT_TYPE, HOST};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use pintle_client::{Body, ByteStream, Content, Document, DuplexStream, Request, Response, TlsOptions, Upgrade, Verb};
use pintle_object_model::Status;
use pintle_object_model::api::core::v1::Node;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Address, NodeConnector, NodePath, unreachable};

/// How long a node may take to accept a connection.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of an answer that is an error.
const ERROR_BYTES_MAX: usize = 1024 * 1024;

/// Opens a byte stream to the agent of a node.
#[async_trait]
pub trait NodeDial: Send + Sync + 'static {
    /// The stream, ready for HTTP/1.1.
    ///
    /// # Errors
    /// If the node cannot be reached.
    async fn dial(&self, node: &Node) -> std::io::Result<Box<dyn DuplexStream>>;

    /// A stream to what listens in the network of pods, for those who have a way there.
    ///
    /// # Errors
    /// If it cannot be reached.
    async fn dial_address(&self, address: &Address) -> std::io::Result<Box<dyn DuplexStream>> {
        let _ = address;
        Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "the server has no way into the network of pods"))
    }
}

/// A [`NodeConnector`] that speaks HTTP/1.1 over a [`NodeDial`].
#[derive(Debug)]
pub struct HttpNodeConnector<D> {
    dial: D,
}

impl<D: NodeDial> HttpNodeConnector<D> {
    /// Reaches nodes this way.
    pub fn new(dial: D) -> Self {
        Self { dial }
    }
}

#[async_trait]
impl<D: NodeDial> NodeConnector for HttpNodeConnector<D> {
    async fn connect(&self, node: &Node, path: NodePath, request: Request) -> Result<Response, Status> {
        let name = &node.metadata.name;
        let failed = |error: &dyn std::fmt::Display| {
            Status::failure(502, "BadGateway", format!("error dialing backend: node {name}: {error}"))
        };
        let stream = match tokio::time::timeout(DIAL_TIMEOUT, self.dial.dial(node)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(failed(&error)),
            Err(_) => return Err(failed(&"no answer in time")),
        };
        let answer = exchange(stream, "node", &path, request).await.map_err(|error| failed(&error))?;
        incoming(answer, true).await
    }

    async fn connect_address(&self, address: &Address, path: NodePath, request: Request) -> Result<Response, Status> {
        let stream = match tokio::time::timeout(DIAL_TIMEOUT, self.dial.dial_address(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(unreachable(address, error)),
            Err(_) => return Err(unreachable(address, "i/o timeout")),
        };
        let host = format!("{}:{}", address.host, address.port);
        let answer = exchange(stream, &host, &path, request).await.map_err(|error| unreachable(address, error))?;
        incoming(answer, false).await
    }
}

/// One request and its answer over a stream of their own.
async fn exchange(
    stream: Box<dyn DuplexStream>,
    host: &str,
    path: &NodePath,
    request: Request,
) -> std::io::Result<http::Response<Incoming>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
    // Ends with the answer's body, or with the switched protocol.
    tokio::spawn(connection.with_upgrades());
    let outgoing = outgoing(host, path, request).map_err(std::io::Error::other)?;
    sender.send_request(outgoing).await.map_err(std::io::Error::other)
}

fn outgoing(host: &str, path: &NodePath, request: Request) -> Result<http::Request<Full<Bytes>>, http::Error> {
    let method = match request.verb {
        Verb::Create => http::Method::POST,
        Verb::Update => http::Method::PUT,
        Verb::Patch => http::Method::PATCH,
        Verb::Delete | Verb::DeleteCollection => http::Method::DELETE,
        Verb::Head => http::Method::HEAD,
        Verb::Options => http::Method::OPTIONS,
        Verb::Get | Verb::List | Verb::Watch | Verb::Unknown => http::Method::GET,
    };
    // A websocket handshake is always a GET, whatever the verb of the subresource is.
    let method = if request.upgrade.as_ref().is_some_and(is_websocket) { http::Method::GET } else { method };
    let mut builder = http::Request::builder().method(method).uri(&path.path_and_query).header(HOST, host);
    let switching = request.upgrade.is_some();
    for (name, value) in request.upgrade.into_iter().flat_map(|upgrade| upgrade.headers) {
        builder = builder.header(name, value);
    }
    if !switching {
        builder = builder.header(CONNECTION, "close");
    }
    let body = match request.body {
        Body::Encoded { media_type, bytes } => {
            if !media_type.is_empty() {
                builder = builder.header(CONTENT_TYPE, media_type);
            }
            bytes
        }
        Body::Patch(patch) => {
            builder = builder.header(CONTENT_TYPE, patch.kind.media_type());
            patch.text
        }
        _ => Bytes::new(),
    };
    builder.body(Full::new(body))
}

fn is_websocket(upgrade: &pintle_client::UpgradeRequest) -> bool {
    upgrade
        .headers
        .iter()
        .any(|(name, value)| name.eq_ignore_ascii_case("upgrade") && value.eq_ignore_ascii_case("websocket"))
}

/// The answer as it is passed on. An agent's refusals are about the request; those of others are just answers.
async fn incoming(answer: http::Response<Incoming>, from_agent: bool) -> Result<Response, Status> {
    let code = answer.status();
    let content_type =
        answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if code == http::StatusCode::SWITCHING_PROTOCOLS {
        let kept = answer.headers().iter().filter(|(name, _)| *name != http::header::DATE);
        let headers = kept
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        let upgraded = hyper::upgrade::on(answer).await.map_err(|error| {
            Status::failure(502, "BadGateway", format!("the node did not switch protocols: {error}"))
        })?;
        let stream = Box::new(TokioIo::new(upgraded));
        return Ok(Response::new(Content::Upgrade(Upgrade { headers, stream })));
    }
    if code == http::StatusCode::OK || (from_agent && code.is_success()) {
        let stream = answer.into_body().into_data_stream().map_err(std::io::Error::other);
        return Ok(Response::new(Content::Bytes(ByteStream { content_type, stream: Box::pin(stream) })));
    }
    let body = Limited::new(answer.into_body(), ERROR_BYTES_MAX).collect().await;
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    if !from_agent {
        return Ok(Response::new(Content::Document(Document {
            code: code.as_u16(),
            content_type,
            body,
            headers: vec![],
        })));
    }
    refusal(code.as_u16(), content_type, body)
}

/// The agent's refusal: a `Status` as it is, other text as the message of one.
fn refusal(code: u16, content_type: String, body: Bytes) -> Result<Response, Status> {
    if content_type.starts_with("application/json") {
        // A refusal that is a Status goes to the client unchanged.
        return Ok(Response::new(Content::Document(Document { code, content_type, body, headers: vec![] })));
    }
    let text = String::from_utf8_lossy(&body);
    let reason = match code {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        503 => "ServiceUnavailable",
        _ => "InternalError",
    };
    Err(Status::failure(i32::from(code), reason, text.trim()))
}

/// Dials the address and port that a node's status names, over TLS.
///
/// Node agents make their serving certificates themselves, so by default these are not verified, as kube-apiserver does
/// without `--kubelet-certificate-authority`; a CA in the options turns verification on.
pub struct TlsNodeDial {
    connector: TlsConnector,
    /// For pods: they are shown no certificate of ours.
    anonymous: TlsConnector,
}

impl std::fmt::Debug for TlsNodeDial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsNodeDial")
    }
}

impl TlsNodeDial {
    /// With this client certificate.
    ///
    /// # Errors
    /// If the TLS material is malformed.
    pub fn new(options: &TlsOptions) -> Result<Self, pintle_client::TlsError> {
        let options = TlsOptions { insecure: options.ca.is_none(), ..options.clone() };
        let anonymous = TlsOptions { insecure: true, ..TlsOptions::default() };
        Ok(Self {
            connector: TlsConnector::from(Arc::new(options.config(false)?)),
            anonymous: TlsConnector::from(Arc::new(anonymous.config(false)?)),
        })
    }
}

#[async_trait]
impl NodeDial for TlsNodeDial {
    async fn dial(&self, node: &Node) -> std::io::Result<Box<dyn DuplexStream>> {
        let (host, port) = endpoint(node).ok_or_else(|| {
            std::io::Error::new(std::io::ErrorKind::NotConnected, "its status names no address and kubelet port")
        })?;
        let stream = TcpStream::connect((host.as_str(), port)).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(host).map_err(std::io::Error::other)?;
        Ok(Box::new(self.connector.connect(name, stream).await?))
    }

    async fn dial_address(&self, address: &Address) -> std::io::Result<Box<dyn DuplexStream>> {
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
        stream.set_nodelay(true)?;
        if !address.tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(address.host.clone()).map_err(std::io::Error::other)?;
        Ok(Box::new(self.anonymous.connect(name, stream).await?))
    }
}

/// Where a node's agent listens.
fn endpoint(node: &Node) -> Option<(String, u16)> {
    let status = &node.status;
    let port = u16::try_from(status.daemon_endpoints.kubelet_endpoint.port).ok().filter(|port| *port > 0)?;
    let of_type = |wanted: &str| status.addresses.iter().find(|address| address.type_ == wanted);
    let address = of_type("InternalIP").or_else(|| of_type("Hostname")).or_else(|| of_type("ExternalIP"))?;
    Some((address.address.clone(), port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_object_model::api::core::v1::NodeAddress;

    #[test]
    fn a_node_is_reached_at_its_internal_address() {
        let mut node = Node::default();
        assert_eq!(endpoint(&node), None, "no port yet");
        node.status.daemon_endpoints.kubelet_endpoint.port = 10250;
        let address = |type_: &str, address: &str| NodeAddress { type_: type_.into(), address: address.into() };
        node.status.addresses = vec![address("Hostname", "worker"), address("InternalIP", "127.0.0.5")];
        assert_eq!(endpoint(&node), Some(("127.0.0.5".into(), 10250)));
    }
}
