//! A data plane of rules in the kernel's packet filter.
//!
//! In: routes. Out: one `nft` transaction per sync, which changes only what differs (established connections and
//! session affinity stay). Invariants: a transaction is in effect as a whole or not at all; everything is in one table
//! of ours, which is removed at the start and at the end; after a failure the table is made anew. Elsewhere: what the
//! rules are (`rules`), how two rule sets differ (`ruleset`).
//!
//! Two things are left to sockets, with a [`UserspacePlane`] of our own: node ports at 127.0.0.1, which the kernel will
//! not route off the host, and Services with endpoints at loopback addresses, which pods could not reach. The service
//! network is made local to the host, so that what no rule covers is refused and not sent to the default gateway.

mod conntrack;
mod nft;
mod rules;
mod ruleset;

use std::net::Ipv4Addr;

use async_trait::async_trait;
use ipnet::Ipv4Net;

use super::userspace::{UserspaceConfig, UserspacePlane};
use super::{DataPlane, Surroundings, Update};
use crate::error::ProxyError;
use crate::event::ProxyEvent;
use crate::table::{Frontend, Route, Routes};
use conntrack::Conntrack;
use rules::Rules;
use ruleset::Ruleset;

/// How the nftables data plane works.
#[derive(Clone, Debug)]
pub struct NftablesConfig {
    /// Tells several proxies of one host apart: the table is called `pintle-<instance>`. Letters, digits and `-`.
    pub instance: String,
    /// The service network.
    pub service_cidr: Ipv4Net,
    /// The network of the pods. What comes from elsewhere is masqueraded on its way to an endpoint, so that the answer
    /// comes back here; without it only the host's own and hairpin traffic is.
    pub pod_cidr: Option<Ipv4Net>,
    /// Masquerade everything. Switched on by itself where replies between pods would bypass the host.
    pub masquerade_all: bool,
    /// The bit of the packet mark that says: masquerade. Default 0x4000.
    pub mark: u32,
    /// For node ports at 127.0.0.1 and for endpoints at loopback addresses; its networks and its node port address are
    /// not used.
    pub userspace: UserspaceConfig,
}

impl NftablesConfig {
    /// The defaults, for an instance of this name.
    pub fn new(instance: &str) -> Self {
        let userspace = UserspaceConfig::default();
        Self {
            instance: instance.to_owned(),
            service_cidr: userspace.service_cidr.expect("the default has a service network"),
            pod_cidr: None,
            masquerade_all: false,
            mark: 0x4000,
            userspace,
        }
    }
}

/// Carries Services with rules in the kernel's packet filter, one atomic transaction per sync; established connections
/// and session affinity outlive changes. Needs root and the program `nft`. Node ports at 127.0.0.1 and endpoints at
/// loopback addresses are left to sockets.
///
/// Where pods of one node share a bridge, its ports need hairpin mode for a pod to reach itself through a Service.
#[derive(Debug)]
pub struct NftablesPlane {
    table: String,
    rules: Rules,
    /// What the kernel has; `None` if that is not known.
    current: Option<Ruleset>,
    /// Node ports at 127.0.0.1.
    loopback: UserspacePlane,
    /// Services with endpoints at loopback addresses.
    sockets: UserspacePlane,
    conntrack: Conntrack,
    around: Surroundings,
}

impl NftablesPlane {
    /// Can this plane work here? Changes nothing; for whoever has to choose between planes.
    ///
    /// # Errors
    /// [`ProxyError::ProgramMissing`] without `nft`, [`ProxyError::Rules`] without privileges.
    pub async fn check() -> Result<(), ProxyError> {
        nft::run("list tables\n").await
    }

    /// A plane that has changed nothing yet.
    ///
    /// # Errors
    /// [`ProxyError::Config`] if the name of the instance is not fit for a table.
    pub fn new(config: NftablesConfig, around: Surroundings) -> Result<Self, ProxyError> {
        let fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if config.instance.is_empty() || config.instance.len() > 32 || !config.instance.bytes().all(fit) {
            let instance = &config.instance;
            return Err(ProxyError::Config(format!("{instance:?} is not 1 to 32 letters, digits and dashes")));
        }
        let sockets = UserspaceConfig {
            service_cidr: Some(config.service_cidr),
            pod_cidr: config.pod_cidr,
            node_port_address: Ipv4Addr::UNSPECIFIED,
            ..config.userspace.clone()
        };
        let loopback =
            UserspaceConfig { service_cidr: None, node_port_address: Ipv4Addr::LOCALHOST, ..config.userspace.clone() };
        Ok(Self {
            table: format!("pintle-{}", config.instance),
            rules: Rules {
                service_cidr: config.service_cidr,
                pod_cidr: config.pod_cidr,
                masquerade_all: config.masquerade_all,
                mark: config.mark,
            },
            current: None,
            loopback: UserspacePlane::new(loopback, around.clone()),
            sockets: UserspacePlane::new(sockets, around.clone()),
            conntrack: Conntrack::new(around.clone()),
            around,
        })
    }
}

/// Routes by who carries them.
struct Split {
    kernel: Routes,
    sockets: Routes,
    loopback: Routes,
}

impl Split {
    fn of(routes: &Routes) -> Self {
        let mut split = Self { kernel: Routes::new(), sockets: Routes::new(), loopback: Routes::new() };
        for (frontend, route) in routes {
            if has_loopback_endpoint(route) {
                split.sockets.insert(*frontend, route.clone());
                continue;
            }
            if matches!(frontend, Frontend::NodePort(..)) {
                split.loopback.insert(*frontend, route.clone());
            }
            split.kernel.insert(*frontend, route.clone());
        }
        split
    }
}

fn has_loopback_endpoint(route: &Route) -> bool {
    let port = route.port();
    let mut endpoints = port.cluster.addresses().iter().chain(port.external.addresses());
    endpoints.any(|endpoint| endpoint.ip().is_loopback())
}

/// Does the packet filter see what pods of one bridge send each other? If not, the answers of an endpoint would reach
/// its client without being translated back.
fn sees_bridged_traffic() -> bool {
    let setting = std::fs::read_to_string("/proc/sys/net/bridge/bridge-nf-call-iptables");
    setting.is_ok_and(|setting| setting.trim() == "1")
}

#[async_trait]
impl DataPlane for NftablesPlane {
    fn name(&self) -> &'static str {
        "nftables"
    }

    async fn start(&mut self) -> Result<(), ProxyError> {
        nft::run(&ruleset::removal(&self.table)).await?;
        self.loopback.start().await?;
        self.sockets.start().await?;
        if !self.rules.masquerade_all && !sees_bridged_traffic() {
            self.rules.masquerade_all = true;
            self.around.tell(&ProxyEvent::MasqueradingPods);
        }
        Ok(())
    }

    async fn sync(&mut self, update: &Update<'_>) -> Result<(), ProxyError> {
        let split = Split::of(update.routes);
        let wanted = self.rules.ruleset(&split.kernel);
        if self.current.as_ref() != Some(&wanted) {
            let transaction = ruleset::transaction(&self.table, self.current.as_ref(), &wanted);
            // Until it is known to have worked, what the kernel has is not known.
            self.current = None;
            nft::run(&transaction).await?;
            self.current = Some(wanted);
        }
        self.conntrack.clean(update.changes, update.routes).await;
        let none = |routes| Update { routes, changes: &[] };
        let loopback = self.loopback.sync(&none(&split.loopback)).await;
        let sockets = self.sockets.sync(&none(&split.sockets)).await;
        loopback.and(sockets)
    }

    async fn stop(&mut self) {
        if let Err(error) = nft::run(&ruleset::removal(&self.table)).await {
            tracing::warn!(%error, table = self.table, "rules stay behind");
        }
        self.loopback.stop().await;
        self.sockets.stop().await;
    }
}
