//! How Services are carried out on this machine.

use std::net::{Ipv4Addr, SocketAddrV4};

use ipnet::Ipv4Net;
use pintle_proxy::{
    DnsConfig, KubeDns, NftablesConfig, ProxyBuilder, ProxyEvent, Upstream, UserspaceConfig, upstreams_of_host,
};

use crate::ProxyFlag;

/// What the proxy must know of the machine and the cluster.
#[derive(Clone, Debug)]
pub struct ServiceNetwork {
    /// The data plane.
    pub plane: ProxyFlag,
    /// Addresses of Services.
    pub service_cidr: Ipv4Net,
    /// Addresses of pods.
    pub pod_cidr: Ipv4Net,
    /// Where pods reach this machine, if they have a network of their own.
    pub gateway: Option<Ipv4Addr>,
    /// Tells this cluster's rules from those of others on this machine.
    pub instance: String,
}

impl ServiceNetwork {
    /// The address of the cluster's DNS: the tenth of the Services' addresses, as is the custom.
    pub fn dns_address(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.service_cidr.network()) + 10)
    }

    /// Is there a DNS server? Only pods with a network of their own look for one.
    pub fn has_dns(&self) -> bool {
        self.gateway.is_some() && self.plane != ProxyFlag::Off
    }

    /// Completes a proxy.
    pub fn configure(&self, proxy: ProxyBuilder) -> ProxyBuilder {
        let proxy = proxy.observer(tell);
        let proxy = match self.plane {
            ProxyFlag::Userspace => proxy.userspace(UserspaceConfig {
                service_cidr: Some(self.service_cidr),
                pod_cidr: Some(self.pod_cidr),
                ..UserspaceConfig::default()
            }),
            ProxyFlag::Nftables => {
                let mut config = NftablesConfig::new(&self.instance);
                config.service_cidr = self.service_cidr;
                config.pod_cidr = Some(self.pod_cidr);
                proxy.nftables(config)
            }
            ProxyFlag::Off => proxy,
        };
        match self.gateway.filter(|_| self.has_dns()) {
            Some(gateway) => proxy.dns(self.dns(gateway)),
            None => proxy,
        }
    }

    fn dns(&self, gateway: Ipv4Addr) -> DnsConfig {
        // The server listens where pods reach the machine, and the data plane leads its Service there.
        let server = SocketAddrV4::new(gateway, 53);
        let mut config = DnsConfig::new(server.into());
        config.upstream = match std::fs::read_to_string("/etc/resolv.conf") {
            Ok(text) => Upstream::Resolvers(upstreams_of_host(&text, &[self.dns_address().into(), gateway.into()])),
            Err(_) => Upstream::Off,
        };
        config.networks = vec![self.service_cidr, self.pod_cidr];
        config.objects = Some(KubeDns { cluster_ip: self.dns_address(), server });
        config
    }
}

fn tell(event: &ProxyEvent) {
    match event {
        ProxyEvent::Started { .. } | ProxyEvent::Stopped => tracing::info!(?event, "the proxy"),
        ProxyEvent::ClusterIpsUnavailable { .. } => tracing::warn!(?event, "the proxy is limited"),
        _ => tracing::debug!(?event, "the proxy"),
    }
}
