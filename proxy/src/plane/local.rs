//! Addresses that the host takes as its own, without an interface that has them (AnyIP).
//!
//! In: networks. Out: `local` routes on the loopback interface of the calling thread's network namespace. Invariant: what
//! was added here is removed by [`LocalRoutes::clear`]; a route that an earlier run left behind is adopted.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use rtnetlink::packet_route::route::{RouteMessage, RouteProtocol, RouteScope, RouteType};
use rtnetlink::{Handle, RouteMessageBuilder};

use crate::error::ProxyError;

/// The loopback interface is the first of every network namespace.
const LOOPBACK_INDEX: u32 = 1;
/// The kernel's table of local addresses.
const LOCAL_TABLE: u32 = 255;

pub(crate) struct LocalRoutes {
    handle: Handle,
    connection: tokio::task::JoinHandle<()>,
    added: BTreeSet<Ipv4Net>,
}

impl Drop for LocalRoutes {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl LocalRoutes {
    pub(crate) fn open() -> Result<Self, ProxyError> {
        let opened = rtnetlink::new_connection();
        let (connection, handle, _) =
            opened.map_err(|error| ProxyError::Routes { message: error.to_string(), denied: false })?;
        Ok(Self { handle, connection: tokio::spawn(connection), added: BTreeSet::new() })
    }

    pub(crate) async fn add(&mut self, network: Ipv4Net) -> Result<(), ProxyError> {
        if self.added.contains(&network) {
            return Ok(());
        }
        self.handle.route().add(route(network)).replace().execute().await.map_err(refused)?;
        self.added.insert(network);
        Ok(())
    }

    pub(crate) async fn remove(&mut self, network: Ipv4Net) -> Result<(), ProxyError> {
        if !self.added.remove(&network) {
            return Ok(());
        }
        self.handle.route().del(route(network)).execute().await.map_err(refused)
    }

    pub(crate) async fn clear(&mut self) -> Result<(), ProxyError> {
        let mut result = Ok(());
        for network in self.added.clone() {
            result = self.remove(network).await.and(result);
        }
        result
    }

    /// The host addresses that were added one by one, not as part of `network`.
    pub(crate) fn single(&self) -> Vec<Ipv4Addr> {
        self.added.iter().filter(|network| network.prefix_len() == 32).map(Ipv4Net::addr).collect()
    }
}

fn route(network: Ipv4Net) -> RouteMessage {
    RouteMessageBuilder::<Ipv4Addr>::new()
        .destination_prefix(network.network(), network.prefix_len())
        .output_interface(LOOPBACK_INDEX)
        .table_id(LOCAL_TABLE)
        .kind(RouteType::Local)
        .scope(RouteScope::Host)
        .protocol(RouteProtocol::Static)
        .build()
}

fn refused(error: rtnetlink::Error) -> ProxyError {
    let denied = match &error {
        rtnetlink::Error::NetlinkError(message) => {
            let code = message.to_io().raw_os_error();
            code == Some(rustix::io::Errno::PERM.raw_os_error())
                || code == Some(rustix::io::Errno::ACCESS.raw_os_error())
        }
        _ => false,
    };
    ProxyError::Routes { message: error.to_string(), denied }
}
