//! What happened, as data.
//!
//! In: everything in this crate. Out: an [`Observer`] that the host gives: assembly turns events into logs and metrics,
//! tests assert on them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::table::{EndpointChange, Frontend, ServiceName};

/// Something that happened in the proxy.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ProxyEvent {
    /// The data plane is ready; leftovers of an earlier run are gone.
    Started {
        /// Name of the data plane.
        plane: &'static str,
    },
    /// The data plane does what the table says.
    Synced {
        /// Services in the table.
        services: usize,
        /// Frontends that are served.
        routes: usize,
        /// Differences to the table before.
        changes: usize,
        /// How long it took.
        took: Duration,
    },
    /// The data plane could not be brought in line; it is tried again.
    SyncFailed {
        /// What went wrong.
        error: String,
    },
    /// A port of a Service has other endpoints.
    EndpointsChanged(EndpointChange),
    /// A port of a Service cannot be served.
    Unsupported {
        /// The Service.
        service: ServiceName,
        /// Name or number of the port.
        port: String,
        /// What is not supported.
        what: String,
    },
    /// Cluster IPs and external IPs cannot be had (no privileges): only node ports are served.
    ClusterIpsUnavailable {
        /// Why.
        why: String,
    },
    /// A frontend is not served because its address cannot be listened on; tried again at the next sync.
    ListenFailed {
        /// The frontend.
        frontend: Frontend,
        /// What went wrong.
        error: String,
    },
    /// An endpoint did not take a connection; the next one is tried.
    ConnectFailed {
        /// Where the client had connected to.
        frontend: Frontend,
        /// The endpoint.
        endpoint: SocketAddr,
        /// What went wrong.
        error: String,
    },
    /// A connection was turned away.
    Refused {
        /// Where the client had connected to.
        frontend: Frontend,
        /// Why.
        why: Refusal,
    },
    /// Stale UDP flows cannot be removed: the program `conntrack` (Debian package `conntrack`) is not there. Clients that
    /// keep sending to an endpoint that is gone recover only after a pause of 30 s or more.
    ConntrackMissing,
    /// Replies between pods on one bridge bypass the host (no `br_netfilter`), so all traffic of pods to Services is
    /// masqueraded.
    MasqueradingPods,
    /// Cluster DNS listens here.
    DnsListening {
        /// Address and port.
        address: SocketAddr,
    },
    /// Cluster DNS cannot listen here; tried again.
    DnsFailed {
        /// Address and port.
        address: SocketAddr,
        /// What went wrong.
        error: String,
    },
    /// No upstream resolver answered.
    DnsForwardFailed {
        /// The name asked for.
        name: String,
    },
    /// The objects that let pods find cluster DNS could not be written; tried again.
    DnsObjectsFailed {
        /// What the API answered.
        error: String,
    },
    /// Everything is removed.
    Stopped,
}

/// Why a connection was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// As many connections are open as are allowed.
    TooMany,
    /// No endpoint took it.
    NoEndpoint,
    /// `loadBalancerSourceRanges` does not name the client.
    SourceRange,
}

/// Told of every event, from any task; must not block.
pub type Observer = Arc<dyn Fn(&ProxyEvent) + Send + Sync>;
