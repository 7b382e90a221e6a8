//! The way to the nodes: logs, exec, attach and port-forward are the node agent's to answer.
//!
//! In: a request for a pod's stream. Out: the node's own answer, passed through byte by byte. Invariant: what
//! cannot be reached is an error that names the node. Elsewhere: the protocols inside (`runtime`).

mod http;

use std::sync::Arc;

pub use http::{HttpNodeConnector, NodeDial, TlsNodeDial};

use async_trait::async_trait;
use pintle_client::{Request, Response};
use pintle_object_model::Status;
use pintle_object_model::api::core::v1::{Container, Node, Pod};

/// A path of the node agent's API, such as `/containerLogs/ns/pod/container?follow=true`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePath {
    /// Path and query.
    pub path_and_query: String,
}

/// Reaches node agents. Implemented over HTTPS for real nodes, and in process for embedded ones.
#[async_trait]
pub trait NodeConnector: Send + Sync + 'static {
    /// Sends a request to a node's agent and hands back its answer: bytes, a document, or a switched protocol.
    ///
    /// # Errors
    /// 502-like refusals if the node cannot be reached.
    async fn connect(&self, node: &Node, path: NodePath, request: Request) -> Result<Response, Status>;

    /// Sends a request to what listens in the network of pods, for the proxies of pods and services. Whatever answers is
    /// passed on, refusals too. A connector that has no way there need not implement it.
    ///
    /// # Errors
    /// 503 if nothing can be reached there.
    async fn connect_address(&self, address: &Address, path: NodePath, request: Request) -> Result<Response, Status> {
        let _ = (path, request);
        Err(unreachable(address, "the server has no way into the network of pods"))
    }
}

/// Something that listens in the network of pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Name or IP.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// It speaks TLS; its certificate is not verified.
    pub tls: bool,
}

/// 503 for an address that does not answer.
pub(crate) fn unreachable(address: &Address, why: impl std::fmt::Display) -> Status {
    let Address { host, port, .. } = address;
    Status::unavailable(format!("error trying to reach service: dial tcp {host}:{port}: {why}"))
}

/// What a connection to a pod is about.
pub(crate) struct PodTarget<'a> {
    pub(crate) pod: &'a Pod,
    /// None for what concerns the pod as a whole.
    pub(crate) container: Option<&'a str>,
    pub(crate) subresource: &'a str,
}

/// Turns pod subresources into requests of node agents.
#[derive(Clone)]
pub(crate) struct NodeDialer {
    connector: Option<Arc<dyn NodeConnector>>,
}

impl std::fmt::Debug for NodeDialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeDialer").field("connected", &self.connector.is_some()).finish()
    }
}

impl NodeDialer {
    pub(crate) fn new(connector: Option<Arc<dyn NodeConnector>>) -> Self {
        Self { connector }
    }

    pub(crate) async fn connect_pod(
        &self,
        node: &Node,
        target: PodTarget<'_>,
        request: Request,
    ) -> Result<Response, Status> {
        let PodTarget { pod, container, subresource } = target;
        let (namespace, name) = (&pod.metadata.namespace, &pod.metadata.name);
        let mut query: Vec<(String, String)> = request.params.other.clone();
        let verb = match subresource {
            "log" => "containerLogs",
            "portforward" => "portForward",
            other => other,
        };
        let mut path = format!("/{verb}/{namespace}/{name}");
        if let Some(container) = container {
            path.push('/');
            path.push_str(container);
            query.retain(|(key, _)| key != "container");
        }
        if subresource != "log" {
            // The agent names the streams without `std`.
            for (key, value) in &mut query {
                if let Some(stream @ ("in" | "out" | "err")) = key.strip_prefix("std") {
                    *key = match stream {
                        "in" => "input".into(),
                        "out" => "output".into(),
                        _ => "error".into(),
                    };
                    *value = if value == "true" || value == "1" { "1".into() } else { "0".into() };
                }
            }
        }
        self.send(node, path, &query, request).await
    }

    pub(crate) async fn connect_node(&self, node: &Node, tail: &str, request: Request) -> Result<Response, Status> {
        let query = request.params.other.clone();
        let path = if tail.is_empty() { "/".to_owned() } else { tail.to_owned() };
        self.send(node, path, &query, request).await
    }

    pub(crate) async fn connect_address(
        &self,
        address: &Address,
        tail: &str,
        request: Request,
    ) -> Result<Response, Status> {
        let path = with_query(if tail.is_empty() { "/" } else { tail }, &request.params.other);
        match &self.connector {
            Some(connector) => connector.connect_address(address, path, request).await,
            None => Err(unreachable(address, "the server has no way into the network of pods")),
        }
    }

    async fn send(
        &self,
        node: &Node,
        path: String,
        query: &[(String, String)],
        request: Request,
    ) -> Result<Response, Status> {
        let Some(connector) = &self.connector else {
            return Err(Status::unavailable(format!("this server has no way to reach node {:?}", node.metadata.name)));
        };
        connector.connect(node, with_query(&path, query), request).await
    }
}

fn with_query(path: &str, query: &[(String, String)]) -> NodePath {
    let query: Vec<String> = query.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect();
    let path_and_query = if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) };
    NodePath { path_and_query }
}

/// Percent-encodes what may not stand in a query.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// The container that is meant: the one named, or the only one.
pub(crate) fn container_of(pod: &Pod, wanted: Option<&str>) -> Result<String, Status> {
    let (spec, of) = (&pod.spec, &pod.metadata.name);
    let mut names = spec
        .containers
        .iter()
        .map(|c| &c.name)
        .chain(spec.init_containers.iter().map(|c| &c.name))
        .chain(spec.ephemeral_containers.iter().map(|c| &c.name));
    match wanted.filter(|name| !name.is_empty()) {
        Some(wanted) if names.any(|name| name == wanted) => return Ok(wanted.to_owned()),
        Some(wanted) => return Err(Status::bad_request(format!("container {wanted} is not valid for pod {of}"))),
        None => {}
    }
    let list = |containers: &[Container]| containers.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(" ");
    match spec.containers.as_slice() {
        [only] => Ok(only.name.clone()),
        [] => Err(Status::bad_request(format!("a container name must be specified for pod {of}"))),
        many => {
            let mut why = format!("a container name must be specified for pod {of}, choose one of: [{}]", list(many));
            if !spec.init_containers.is_empty() {
                why.push_str(&format!(" or one of the init containers: [{}]", list(&spec.init_containers)));
            }
            Err(Status::bad_request(why))
        }
    }
}
