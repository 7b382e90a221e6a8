//! HTTP routing for Ingress objects.
//!
//! [`Routes`] is the pure part: from Ingresses, Services and EndpointSlices to a table that answers which backend a host
//! and path lead to. [`IngressController`] keeps the table up to date over a `Client`, and [`Gateway`] listens and forwards:
//! HTTP/1.1 and h2, TLS by server name, websockets, with retries on endpoints that cannot be reached.
//!
//! Invariants: a request is forwarded at most once unless nothing of it was sent; a change of the table never touches
//! requests that are under way. Source: the `networking.k8s.io/v1` Ingress API.
//!
//! Absent here: Services below HTTP (`proxy`), certificates' issuance, and the Gateway API.

mod backend;
mod body;
mod controller;
mod forward;
mod gateway;
mod host;
mod route;
mod tls;

pub use backend::{Backend, Endpoint};
pub use controller::{IngressController, IngressOptions};
pub use gateway::{Gateway, GatewayOptions};
pub use host::HostPattern;
pub use route::{BackendKey, PathKind, RouteMatch, Routes, Sources};

/// Value of `spec.controller` of the IngressClasses that are served here.
pub const CONTROLLER: &str = "pintle.ingress/controller";
/// Name of the IngressClass that is made if there is none.
pub const CLASS: &str = "pintle";

/// Why the ingress could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngressError {
    /// The address cannot be listened on.
    #[error("listening on {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
    /// TLS could not be set up.
    #[error("setting up TLS: {0}")]
    Tls(String),
}
