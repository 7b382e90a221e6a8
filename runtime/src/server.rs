//! The node's API: logs, exec, attach, port-forward, and what the node knows of its pods.
//!
//! In: HTTP from the API server, over TLS or any byte stream. Out: the runtime's streams in the protocols of kubectl.
//! Invariants: over TLS only callers with a verified client certificate are answered; a client that goes away takes its
//! program with it. Elsewhere: whether the caller may (the API server).
//!
//! Source: the kubelet's API as kube-apiserver uses it; KEP-4006 (websockets).

mod answers;
mod command;
mod forward;
mod logs;
mod spdy;
mod websocket;

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use pintle_object_model::api::core::v1::Pod;
use pintle_watch::Shutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use crate::agent::Shared;
use crate::{ContainerInfo, RuntimeError};

/// Bodies of answers.
type Body = UnsyncBoxBody<Bytes, std::io::Error>;
/// How long a TLS handshake may take.
const HANDSHAKE: std::time::Duration = std::time::Duration::from_secs(10);

/// Answers requests to a node. Cheap to clone.
#[derive(Clone)]
pub struct NodeServer {
    shared: Arc<Shared>,
    shutdown: Shutdown,
}

impl std::fmt::Debug for NodeServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeServer").finish_non_exhaustive()
    }
}

/// A refusal: status and text.
#[derive(Debug)]
struct Refusal(StatusCode, String);

impl From<RuntimeError> for Refusal {
    fn from(error: RuntimeError) -> Self {
        let code = match &error {
            RuntimeError::NotFound { .. } => StatusCode::NOT_FOUND,
            RuntimeError::Invalid(_) => StatusCode::BAD_REQUEST,
            RuntimeError::Unsupported { .. } => StatusCode::NOT_IMPLEMENTED,
            RuntimeError::Image { .. }
            | RuntimeError::Start { .. }
            | RuntimeError::Timeout(_)
            | RuntimeError::Io { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(code, crate::probe::describe(&error))
    }
}

fn refuse(code: StatusCode, text: impl Into<String>) -> Refusal {
    Refusal(code, text.into())
}

fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

fn document(content_type: &str, bytes: impl Into<Bytes>) -> Response<Body> {
    let mut answer = Response::new(full(bytes));
    if let Ok(value) = content_type.parse() {
        answer.headers_mut().insert(http::header::CONTENT_TYPE, value);
    }
    answer
}

impl NodeServer {
    pub(crate) fn new(shared: Arc<Shared>, shutdown: Shutdown) -> Self {
        Self { shared, shutdown }
    }

    /// Answers the requests of one connection that the host trusts, until it is closed or the agent stops. HTTP/1.1 (with
    /// protocol switches) and HTTP/2.
    pub async fn serve_connection<S>(&self, io: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let this = self.clone();
        let service = service_fn(move |request| {
            let this = this.clone();
            async move { Ok::<_, std::convert::Infallible>(this.answer(request).await) }
        });
        let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(io), service);
        if let Some(Err(error)) = self.shutdown.unless(connection).await {
            debug!(%error, "a connection to the node's API broke");
        }
    }

    /// Listens until the agent stops. `config` must ask for client certificates and verify them; callers without one are
    /// refused whatever it says.
    pub async fn serve_tls(self, listener: TcpListener, config: Arc<rustls::ServerConfig>) {
        let acceptor = TlsAcceptor::from(config);
        loop {
            let Some(accepted) = self.shutdown.unless(listener.accept()).await else { return };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    debug!(%error, "a connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
            };
            let (this, acceptor) = (self.clone(), acceptor.clone());
            tokio::spawn(async move {
                let stream = match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => stream,
                    Ok(Err(error)) => return debug!(%error, "a TLS handshake failed"),
                    Err(_) => return,
                };
                if stream.get_ref().1.peer_certificates().is_none_or(<[_]>::is_empty) {
                    this.refuse_all(stream).await;
                } else {
                    this.serve_connection(stream).await;
                }
            });
        }
    }

    async fn refuse_all<S>(&self, io: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(|_: Request<Incoming>| async {
            let mut answer = document("text/plain; charset=utf-8", "Unauthorized");
            *answer.status_mut() = StatusCode::UNAUTHORIZED;
            Ok::<_, std::convert::Infallible>(answer)
        });
        let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        self.shutdown.unless(builder.serve_connection(TokioIo::new(io), service)).await;
    }

    /// Answers one request.
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        match self.route(request).await {
            Ok(answer) => answer,
            Err(Refusal(code, text)) => {
                debug!(path, %code, text, "refused");
                let mut answer = document("text/plain; charset=utf-8", text);
                *answer.status_mut() = code;
                answer
            }
        }
    }

    async fn route(&self, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        let path = request.uri().path().to_owned();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let query = Query::parse(request.uri().query().unwrap_or_default());
        match parts.as_slice() {
            ["healthz"] => Ok(document("text/plain; charset=utf-8", "ok")),
            ["pods"] => Ok(answers::pods(&self.shared)),
            ["stats", "summary"] => answers::summary(&self.shared).await,
            ["metrics", "resource"] => answers::resource_metrics(&self.shared).await,
            ["containerLogs", namespace, pod, container] => {
                let pod = self.pod(namespace, pod, None)?;
                logs::answer(&self.shared, &pod, container, &query).await
            }
            ["exec" | "attach", rest @ ..] if !rest.is_empty() => {
                let (namespace, pod, uid, container) = match rest {
                    [namespace, pod, container] => (namespace, pod, None, container),
                    [namespace, pod, uid, container] => (namespace, pod, Some(*uid), container),
                    _ => return Err(not_found()),
                };
                let pod = self.pod(namespace, pod, uid)?;
                let found = self.running(&pod, container).await?;
                command::answer(&self.shared, parts[0] == "exec", &found, &query, request)
            }
            ["run", namespace, pod, container] => {
                if request.method() != Method::POST {
                    return Err(refuse(StatusCode::METHOD_NOT_ALLOWED, "405: Method Not Allowed"));
                }
                let pod = self.pod(namespace, pod, None)?;
                let found = self.running(&pod, container).await?;
                let line = query.first("cmd").unwrap_or_default();
                let command: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
                let (code, output) = crate::probe::run_command(&*self.shared.runtime, &found.id, &command).await?;
                if code == 0 {
                    Ok(document("text/plain; charset=utf-8", output))
                } else {
                    let text = format!("{output}command terminated with exit code {code}");
                    Err(refuse(StatusCode::INTERNAL_SERVER_ERROR, text))
                }
            }
            ["portForward", namespace, pod] => self.forward(namespace, pod, None, &query, request).await,
            ["portForward", namespace, pod, uid] => self.forward(namespace, pod, Some(uid), &query, request).await,
            _ => Err(not_found()),
        }
    }

    async fn forward(
        &self,
        namespace: &str,
        pod: &str,
        uid: Option<&str>,
        query: &Query,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Refusal> {
        let pod = self.pod(namespace, pod, uid)?;
        let sandboxes = self.shared.runtime.sandboxes().await?;
        let own = sandboxes.into_iter().filter(|s| s.identity.uid == pod.metadata.uid && s.ready);
        let Some(sandbox) = own.max_by_key(|sandbox| sandbox.identity.attempt) else {
            let text = format!("pod {:?} has no running sandbox", pod.metadata.name);
            return Err(refuse(StatusCode::NOT_FOUND, text));
        };
        forward::answer(&self.shared, sandbox.id, query, request)
    }

    fn pod(&self, namespace: &str, name: &str, uid: Option<&str>) -> Result<Arc<Pod>, Refusal> {
        let found = self.shared.pods.get(namespace, name);
        found.filter(|pod| uid.is_none_or(|uid| pod.metadata.uid == uid)).ok_or_else(|| {
            refuse(StatusCode::NOT_FOUND, format!("pod {name:?} in namespace {namespace:?} is not on this node"))
        })
    }

    async fn running(&self, pod: &Pod, container: &str) -> Result<ContainerInfo, Refusal> {
        let all = containers_of(&self.shared, pod, container).await?;
        all.into_iter()
            .filter(|found| matches!(found.state, crate::ContainerState::Running { .. }))
            .max_by_key(|found| found.attempt)
            .ok_or_else(|| {
                let text = format!("unable to upgrade connection: container not found (\"{container}\")");
                refuse(StatusCode::NOT_FOUND, text)
            })
    }
}

fn not_found() -> Refusal {
    refuse(StatusCode::NOT_FOUND, "404 page not found")
}

/// What the runtime has of one container of a pod.
async fn containers_of(shared: &Shared, pod: &Pod, name: &str) -> Result<Vec<ContainerInfo>, RuntimeError> {
    let sandboxes = shared.runtime.sandboxes().await?;
    let own = |container: &ContainerInfo| {
        sandboxes.iter().any(|s| s.id == container.sandbox && s.identity.uid == pod.metadata.uid)
    };
    let mut all = shared.runtime.containers().await?;
    all.retain(|container| container.name == name && own(container));
    Ok(all)
}

/// A query's names and values, decoded.
struct Query(Vec<(String, String)>);

impl Query {
    fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        });
        Self(pairs.collect())
    }

    fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Is one of these names there with a true value?
    fn truth(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.first(name).is_some_and(crate::logs::truth))
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// Percent-decodes; what is malformed stays as it is.
fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let escaped = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (byte, escaped) {
            (b'%', Some(value)) => {
                out.push(value);
                rest = &after[2..];
                continue;
            }
            (b'+', _) => out.push(b' '),
            (other, _) => out.push(*other),
        }
        rest = after;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let query = Query::parse("command=sh&command=-c&command=echo%20%22a%2Bb%22+c&tty=1&bad=%z");
        assert_eq!(query.all("command").collect::<Vec<_>>(), ["sh", "-c", "echo \"a+b\" c"]);
        assert!(query.truth(&["tty"]) && !query.truth(&["stdin", "input"]));
        assert_eq!(query.first("bad"), Some("%z"));
    }
}
