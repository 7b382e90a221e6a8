//! The way to nodes in this process, and to others.
//!
//! In: a node's name. Out: a byte stream to its agent: a pipe for those that registered here, TLS for the rest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use pintle_apiserver::{Address, NodeDial, TlsNodeDial};
use pintle_client::DuplexStream;
use pintle_object_model::api::core::v1::Node;

/// Bytes that a pipe holds before its writer waits.
const PIPE_BYTES: usize = 64 * 1024;

/// Takes over one end of a pipe and serves HTTP on it.
pub(crate) type Serve = Arc<dyn Fn(tokio::io::DuplexStream) + Send + Sync>;

/// Agents in this process by the names of their nodes. Cheap to clone; all clones are one list.
#[derive(Clone, Default)]
pub(crate) struct LocalNodes {
    agents: Arc<Mutex<BTreeMap<String, Serve>>>,
}

impl LocalNodes {
    /// From now on this node is reached through `serve`.
    pub(crate) fn register(&self, name: &str, serve: Serve) {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), serve);
    }

    fn find(&self, name: &str) -> Option<Serve> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

/// Dials local agents, and the others by their addresses.
pub(crate) struct Dial {
    pub(crate) local: LocalNodes,
    pub(crate) remote: Option<TlsNodeDial>,
}

#[async_trait]
impl NodeDial for Dial {
    async fn dial(&self, node: &Node) -> std::io::Result<Box<dyn DuplexStream>> {
        if let Some(serve) = self.local.find(&node.metadata.name) {
            let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
            serve(theirs);
            return Ok(Box::new(ours));
        }
        match &self.remote {
            Some(remote) => remote.dial(node).await,
            None => Err(std::io::Error::new(
                std::io::ErrorKind::NotConnected,
                "it is not a node of this process, and this server has no certificate to show to others",
            )),
        }
    }

    async fn dial_address(&self, address: &Address) -> std::io::Result<Box<dyn DuplexStream>> {
        match &self.remote {
            Some(remote) => remote.dial_address(address).await,
            None => Err(std::io::Error::new(std::io::ErrorKind::NotConnected, "this server opens no sockets")),
        }
    }
}
