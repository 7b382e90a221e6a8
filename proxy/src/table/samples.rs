//! Objects for tests.

use std::sync::Arc;

use pintle_object_model::api::core::v1::{Service, ServicePort};
use pintle_object_model::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};

use super::{Locality, Table, TableBuilder};

/// A Service with one port 80 named `http`; `edit` makes it special.
pub(crate) fn service(namespace: &str, name: &str, cluster_ip: &str, edit: impl FnOnce(&mut Service)) -> Arc<Service> {
    let mut service = Service::default();
    service.metadata.namespace = namespace.to_owned();
    service.metadata.name = name.to_owned();
    service.spec.type_ = "ClusterIP".to_owned();
    service.spec.cluster_ip = cluster_ip.to_owned();
    service.spec.ports = vec![service_port("http", "TCP", 80)];
    edit(&mut service);
    Arc::new(service)
}

pub(crate) fn service_port(name: &str, protocol: &str, port: i32) -> ServicePort {
    let mut made = ServicePort::default();
    made.name = name.to_owned();
    made.protocol = protocol.to_owned();
    made.port = port;
    made
}

/// A slice with one port named `http`.
pub(crate) fn slice(
    namespace: &str,
    service: &str,
    name: &str,
    port: i32,
    endpoints: Vec<Endpoint>,
) -> Arc<EndpointSlice> {
    let mut slice = EndpointSlice::default();
    slice.metadata.namespace = namespace.to_owned();
    slice.metadata.name = name.to_owned();
    slice.metadata.labels.insert("kubernetes.io/service-name".to_owned(), service.to_owned());
    slice.address_type = "IPv4".to_owned();
    slice.endpoints = endpoints;
    slice.ports = vec![slice_port("http", "TCP", port)];
    Arc::new(slice)
}

pub(crate) fn slice_port(name: &str, protocol: &str, port: i32) -> EndpointPort {
    let mut made = EndpointPort::default();
    made.name = Some(name.to_owned());
    made.protocol = Some(protocol.to_owned());
    made.port = Some(port);
    made
}

/// An endpoint without conditions, which is a ready one.
pub(crate) fn endpoint(address: &str, edit: impl FnOnce(&mut Endpoint)) -> Endpoint {
    let mut endpoint = Endpoint::default();
    endpoint.addresses = vec![address.to_owned()];
    edit(&mut endpoint);
    endpoint
}

pub(crate) fn ready(address: &str) -> Endpoint {
    endpoint(address, |_| {})
}

pub(crate) fn table(services: Vec<Arc<Service>>, slices: Vec<Arc<EndpointSlice>>) -> Table {
    let mut builder = TableBuilder::new(Locality::default());
    services.into_iter().for_each(|service| builder.put_service(service));
    slices.into_iter().for_each(|slice| builder.put_slice(slice));
    builder.sync().0
}
