//! The network of pods: one address each.
//!
//! In: a sandbox's network namespace. Out: its addresses. Elsewhere: Services (`proxy`). Source: the Kubernetes network
//! model; the CNI specification has the same shape.

use std::net::IpAddr;
use std::path::Path;

use async_trait::async_trait;

use crate::{PortMapping, RuntimeError, SandboxId};

/// Addresses of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodAddresses {
    /// The primary one first.
    pub addresses: Vec<IpAddr>,
}

/// Connects sandboxes to the network.
#[async_trait]
pub trait PodNetwork: Send + Sync + 'static {
    /// Gives a network namespace an address, a route out, and a working loopback. Repeating it gives the same addresses.
    ///
    /// # Errors
    /// If no address is free or the kernel refuses; nothing is left behind then.
    async fn attach(
        &self,
        sandbox: &SandboxId,
        namespace: &Path,
        ports: &[PortMapping],
    ) -> Result<PodAddresses, RuntimeError>;
    /// Takes the connection down and frees the addresses. The namespace may be gone already.
    ///
    /// # Errors
    /// If the kernel refuses.
    async fn detach(&self, sandbox: &SandboxId) -> Result<(), RuntimeError>;
    /// Removes all that this network made on the machine, such as bridges and rules.
    ///
    /// # Errors
    /// If the kernel refuses.
    async fn close(&self) -> Result<(), RuntimeError>;
}
