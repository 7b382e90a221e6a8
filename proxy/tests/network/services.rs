//! Services and slices for the tests, and a plane that is driven by hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use pintle_object_model::api::core::v1::{Service, ServicePort};
use pintle_object_model::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};
use pintle_object_model::clock::{Random, SystemClock};
use pintle_proxy::{
    DataPlane, Locality, NftablesConfig, NftablesPlane, ProxyEvent, Surroundings, Table, TableBuilder, Update,
    UserspaceConfig, UserspacePlane,
};

pub(crate) fn service(name: &str, cluster_ip: &str, node_port: i32, edit: impl FnOnce(&mut Service)) -> Service {
    let mut service = Service::default();
    service.metadata.namespace = "default".to_owned();
    service.metadata.name = name.to_owned();
    service.spec.type_ = if node_port == 0 { "ClusterIP" } else { "NodePort" }.to_owned();
    service.spec.cluster_ip = cluster_ip.to_owned();
    service.spec.ports = ["TCP", "UDP"].map(|protocol| port(protocol, node_port)).into();
    edit(&mut service);
    service
}

fn port(protocol: &str, node_port: i32) -> ServicePort {
    let mut port = ServicePort::default();
    port.name = protocol.to_lowercase();
    port.protocol = protocol.to_owned();
    port.port = 80;
    port.node_port = node_port;
    port
}

pub(crate) fn slice(service: &str, addresses: &[&str]) -> EndpointSlice {
    let mut slice = EndpointSlice::default();
    slice.metadata.namespace = "default".to_owned();
    slice.metadata.name = format!("{service}-1");
    slice.metadata.labels = BTreeMap::from([("kubernetes.io/service-name".to_owned(), service.to_owned())]);
    slice.address_type = "IPv4".to_owned();
    slice.ports = ["TCP", "UDP"]
        .map(|protocol| {
            let mut port = EndpointPort::default();
            port.name = Some(protocol.to_lowercase());
            port.protocol = Some(protocol.to_owned());
            port.port = Some(8080);
            port
        })
        .into();
    slice.endpoints = addresses
        .iter()
        .map(|address| {
            let mut endpoint = Endpoint::default();
            // `address@node`
            let (address, node) = address.split_once('@').unwrap_or((address, "here"));
            endpoint.addresses = vec![address.to_owned()];
            endpoint.node_name = Some(node.to_owned());
            endpoint
        })
        .collect();
    slice
}

/// Which data plane to test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Userspace,
    Nftables,
}

/// A plane with its table, driven by hand.
pub(crate) struct Driven {
    plane: Box<dyn DataPlane>,
    builder: TableBuilder,
    pub(crate) events: Arc<Mutex<Vec<ProxyEvent>>>,
}

impl Driven {
    pub(crate) async fn start(kind: Kind) -> Self {
        let events: Arc<Mutex<Vec<ProxyEvent>>> = Arc::default();
        let into = Arc::clone(&events);
        let around = Surroundings::new(SystemClock::shared(), Random::seeded(7))
            .observed(move |event| into.lock().unwrap().push(event.clone()));
        let pod_cidr = Some("10.244.0.0/24".parse().unwrap());
        let mut plane: Box<dyn DataPlane> = match kind {
            Kind::Userspace => {
                Box::new(UserspacePlane::new(UserspaceConfig { pod_cidr, ..UserspaceConfig::default() }, around))
            }
            Kind::Nftables => {
                let config = NftablesConfig { pod_cidr, ..NftablesConfig::new("test") };
                Box::new(NftablesPlane::new(config, around).unwrap())
            }
        };
        plane.start().await.unwrap();
        let locality = Locality { nodes: ["here".to_owned()].into(), zone: None };
        Self { plane, builder: TableBuilder::new(locality), events }
    }

    /// Puts a Service and its endpoints, and syncs.
    pub(crate) async fn put(&mut self, service: Service, addresses: &[&str]) {
        self.builder.put_slice(Arc::new(slice(&service.metadata.name, addresses)));
        self.builder.put_service(Arc::new(service));
        self.sync().await;
    }

    /// Changes the endpoints of a Service, and syncs.
    pub(crate) async fn endpoints(&mut self, service: &str, addresses: &[&str]) {
        self.builder.put_slice(Arc::new(slice(service, addresses)));
        self.sync().await;
    }

    pub(crate) async fn remove(&mut self, service: &str) {
        self.builder.remove_service("default", service);
        self.sync().await;
    }

    pub(crate) async fn sync(&mut self) -> Table {
        let (table, changes) = self.builder.sync();
        let routes = table.routes();
        let synced = self.plane.sync(&Update { routes: &routes, changes: &changes }).await;
        if let Err(error) = synced {
            panic!("{error}: {:?}", self.events.lock().unwrap());
        }
        table
    }

    pub(crate) async fn stop(mut self) {
        self.plane.stop().await;
    }
}
