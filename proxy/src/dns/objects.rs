//! The `kube-dns` Service: how pods find cluster DNS.
//!
//! In: addresses. Out: a Service without selector and its EndpointSlice in `kube-system`. Invariant: writing them again
//! changes nothing; a Service that is there already keeps its cluster IP.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use pintle_client::{Api, Client, Status};
use pintle_object_model::api::core::v1::{Service, ServicePort};
use pintle_object_model::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};
use pintle_object_model::{IntOrString, Resource};

const NAMESPACE: &str = "kube-system";
const NAME: &str = "kube-dns";

/// Where cluster DNS is to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeDns {
    /// The cluster IP of the Service.
    pub cluster_ip: Ipv4Addr,
    /// Where the server really listens. If it is the cluster IP itself (port 53), data planes leave it alone.
    pub server: SocketAddrV4,
}

impl KubeDns {
    /// A server that listens at the cluster IP itself.
    pub fn at_cluster_ip(cluster_ip: Ipv4Addr) -> Self {
        Self { cluster_ip, server: SocketAddrV4::new(cluster_ip, 53) }
    }

    /// The Service.
    pub fn service(&self) -> Service {
        let mut service = Service::default();
        service.metadata.namespace = NAMESPACE.to_owned();
        service.metadata.name = NAME.to_owned();
        service.metadata.labels = BTreeMap::from([
            ("k8s-app".to_owned(), NAME.to_owned()),
            ("kubernetes.io/cluster-service".to_owned(), "true".to_owned()),
            ("kubernetes.io/name".to_owned(), "CoreDNS".to_owned()),
        ]);
        service.spec.type_ = "ClusterIP".to_owned();
        service.spec.cluster_ip = self.cluster_ip.to_string();
        service.spec.cluster_ips = vec![self.cluster_ip.to_string()];
        let port = |name: &str, protocol: &str| {
            let mut port = ServicePort::default();
            port.name = name.to_owned();
            port.protocol = protocol.to_owned();
            port.port = 53;
            port.target_port = IntOrString::Int(53);
            port
        };
        service.spec.ports = vec![port("dns", "UDP"), port("dns-tcp", "TCP")];
        service
    }

    /// Its only slice.
    pub fn slice(&self) -> EndpointSlice {
        let mut slice = EndpointSlice::default();
        slice.metadata.namespace = NAMESPACE.to_owned();
        slice.metadata.name = format!("{NAME}-pintle");
        slice.metadata.labels = BTreeMap::from([
            ("kubernetes.io/service-name".to_owned(), NAME.to_owned()),
            ("endpointslice.kubernetes.io/managed-by".to_owned(), "pintle-proxy".to_owned()),
        ]);
        slice.address_type = "IPv4".to_owned();
        let mut endpoint = Endpoint::default();
        endpoint.addresses = vec![self.server.ip().to_string()];
        endpoint.conditions.ready = Some(true);
        slice.endpoints = vec![endpoint];
        let port = |name: &str, protocol: &str| {
            let mut port = EndpointPort::default();
            port.name = Some(name.to_owned());
            port.protocol = Some(protocol.to_owned());
            port.port = Some(self.server.port().into());
            port
        };
        slice.ports = vec![port("dns", "UDP"), port("dns-tcp", "TCP")];
        slice
    }
}

/// Makes the Service and its slice, or brings the slice up to date.
///
/// # Errors
/// Whatever the API refuses with; repeating is harmless.
pub async fn write_kube_dns(client: &Client, dns: &KubeDns) -> Result<(), Status> {
    ensure(&client.namespaced(NAMESPACE), &dns.service(), |_, _| false).await?;
    let same = |found: &mut EndpointSlice, wanted: &EndpointSlice| {
        let changed = (&found.endpoints, &found.ports) != (&wanted.endpoints, &wanted.ports);
        found.endpoints.clone_from(&wanted.endpoints);
        found.ports.clone_from(&wanted.ports);
        changed
    };
    ensure(&client.namespaced(NAMESPACE), &dns.slice(), same).await
}

async fn ensure<K: Resource>(api: &Api<K>, wanted: &K, update: fn(&mut K, &K) -> bool) -> Result<(), Status> {
    let name = &wanted.metadata().name;
    if api.get_opt(name).await?.is_none() {
        match api.create(wanted).await {
            // Somebody else was faster: then it is there.
            Err(status) if !status.is_already_exists() => return Err(status),
            _ => {}
        }
    }
    api.edit(name, |found| update(found, wanted)).await.map(drop)
}
