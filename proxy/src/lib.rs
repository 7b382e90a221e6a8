//! Services: load balancing and cluster DNS, as `kube-proxy` and CoreDNS carry them out.
//!
//! [`TableBuilder`] turns Services and EndpointSlices into an immutable [`Table`]; a [`DataPlane`] makes its routes real
//! ([`UserspacePlane`] with listeners, [`NftablesPlane`] with rules in the kernel), [`DnsServer`] answers from it, and
//! [`Proxy`] keeps all of them up to date through a `Client`:
//!
//! ```no_run
//! # async fn example(client: pintle_client::Client) -> Result<(), pintle_proxy::ProxyError> {
//! use pintle_object_model::clock::{Random, SystemClock};
//! use pintle_proxy::{DnsConfig, Proxy, UserspaceConfig};
//!
//! let (_trigger, shutdown) = pintle_watch::Shutdown::channel();
//! Proxy::builder(client, SystemClock::shared(), Random::from_os())
//!     .userspace(UserspaceConfig::default())
//!     .dns(DnsConfig::new("10.96.0.10:53".parse().unwrap()))
//!     .build()?
//!     .run(shutdown)
//!     .await
//! # }
//! ```
//!
//! Invariants: a connection goes to an endpoint that the API calls ready (or, if there is none, to one that still serves
//! while it terminates); a Service without endpoints refuses at once; established connections outlive every change;
//! everything that was set up on the host is removed at the end, and at the next start after a crash.
//!
//! Absent here: pod networks and their addresses, IPv6, SCTP, EndpointSlices' making (`controllers`), HTTP (`ingress`).

mod dns;
mod error;
mod event;
mod health;
mod plane;
mod proxy;
mod table;

pub use dns::{DnsConfig, DnsServer, KubeDns, Upstream, upstreams_of_host, write_kube_dns};
pub use error::ProxyError;
pub use event::{Observer, ProxyEvent, Refusal};
pub use plane::nftables::{NftablesConfig, NftablesPlane};
pub use plane::userspace::{UserspaceConfig, UserspacePlane};
pub use plane::{DataPlane, Surroundings, Update};
pub use proxy::{Proxy, ProxyBuilder};
pub use table::{
    Backends, EndpointChange, Frontend, Host, HostPort, Locality, Protocol, Route, Routes, ServiceEntry, ServiceKind,
    ServiceName, ServicePort, Table, TableBuilder, TableChange,
};
