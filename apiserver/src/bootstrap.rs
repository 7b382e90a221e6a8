//! What every cluster has from its first moment: namespaces, roles, priority classes, the `kubernetes` Service.
//!
//! In: an empty or older store. Out: what is missing, made; what is there is left alone. Source: Kubernetes reference,
//! "Default roles and role bindings".

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use pintle_client::{Client, Status};
use pintle_object_model::api::core::v1::{
    EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Namespace, Service, ServicePort,
};
use pintle_object_model::api::discovery::v1::{Endpoint, EndpointPort as SlicePort, EndpointSlice};
use pintle_object_model::api::networking::v1::ServiceCIDR;
use pintle_object_model::api::scheduling::v1::PriorityClass;
use pintle_object_model::{IntOrString, Resource, Time};

mod controllers;
mod flow;
mod roles;

pub(crate) use roles::node_rules;

/// Where the server itself is reached, for the `kubernetes` Service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnAddress {
    pub(crate) cluster_ip: Ipv4Addr,
    pub(crate) service_cidr: Ipv4Net,
    pub(crate) now: Time,
    pub(crate) listen: Option<(Ipv4Addr, u16)>,
}

/// Makes what is missing.
pub(crate) async fn run(client: &Client, own: OwnAddress) -> Result<(), Status> {
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        let mut namespace = Namespace::default();
        namespace.metadata.name = name.into();
        ensure(client, "", &namespace).await?;
    }
    for class in priority_classes() {
        ensure(client, "", &class).await?;
    }
    for role in roles::cluster_roles() {
        ensure(client, "", &role).await?;
    }
    for binding in roles::cluster_bindings() {
        ensure(client, "", &binding).await?;
    }
    for role in roles::roles() {
        ensure(client, &role.metadata.namespace, &role).await?;
    }
    for binding in roles::bindings() {
        ensure(client, &binding.metadata.namespace, &binding).await?;
    }
    for level in flow::levels() {
        ensure(client, "", &level).await?;
    }
    for schema in flow::schemas() {
        // A schema that refers to nothing is told so; these never do.
        if ensure(client, "", &schema).await? {
            client.namespaced::<flow::FlowSchema>("").replace_status(&flow::found(schema, own.now)).await?;
        }
    }
    let mut range = ServiceCIDR::default();
    range.metadata.name = "kubernetes".into();
    range.spec.cidrs = vec![own.service_cidr.to_string()];
    ensure(client, "", &range).await?;
    own_service(client, own).await
}

/// Makes an object that is not there. Answers whether it was made.
async fn ensure<K: Resource>(client: &Client, namespace: &str, object: &K) -> Result<bool, Status> {
    let api = client.namespaced::<K>(namespace);
    // Looked for first: a Service that is there holds the very address that creating it again would ask for.
    if api.get_opt(&object.metadata().name).await?.is_some() {
        return Ok(false);
    }
    match api.create(object).await {
        // Another server was faster.
        Err(status) if status.is_already_exists() => Ok(false),
        // Kinds that this server does not serve are not missed.
        Err(status) if status.is_not_found() => Ok(false),
        other => other.map(|_| true),
    }
}

fn priority_classes() -> Vec<PriorityClass> {
    let class = |name: &str, value, description: &str| {
        let mut class = PriorityClass { value, description: description.into(), ..PriorityClass::default() };
        class.metadata.name = name.into();
        class.preemption_policy = Some("PreemptLowerPriority".into());
        class
    };
    vec![
        class("system-cluster-critical", 2_000_000_000, "For pods without which the cluster does not work."),
        class("system-node-critical", 2_000_001_000, "For pods without which a node does not work."),
    ]
}

/// The `kubernetes` Service and its endpoints: how pods reach the server.
async fn own_service(client: &Client, own: OwnAddress) -> Result<(), Status> {
    let mut service = Service::default();
    service.metadata.name = "kubernetes".into();
    service.metadata.labels =
        [("component", "apiserver"), ("provider", "kubernetes")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    service.spec.cluster_ip = own.cluster_ip.to_string();
    let target = own.listen.map_or(6443, |(_, port)| i32::from(port));
    service.spec.ports.push(ServicePort {
        name: "https".into(),
        protocol: "TCP".into(),
        port: 443,
        target_port: IntOrString::Int(target),
        ..ServicePort::default()
    });
    ensure(client, "default", &service).await?;
    let Some((address, port)) = own.listen else { return Ok(()) };
    let mut endpoints = Endpoints::default();
    endpoints.metadata.name = "kubernetes".into();
    endpoints.metadata.labels.insert("endpointslice.kubernetes.io/skip-mirror".into(), "true".into());
    endpoints.subsets.push(EndpointSubset {
        addresses: vec![EndpointAddress { ip: address.to_string(), ..EndpointAddress::default() }],
        ports: vec![EndpointPort {
            name: "https".into(),
            port: i32::from(port),
            protocol: "TCP".into(),
            ..EndpointPort::default()
        }],
        ..EndpointSubset::default()
    });
    // The address may differ from that of the last run, so these are replaced rather than left.
    let api = client.namespaced::<Endpoints>("default");
    if !is_loopback(address) {
        api.replace(&endpoints).await?;
        let mut slice = EndpointSlice { address_type: "IPv4".into(), ..EndpointSlice::default() };
        slice.metadata.name = "kubernetes".into();
        slice.metadata.labels.insert("kubernetes.io/service-name".into(), "kubernetes".into());
        let mut endpoint = Endpoint { addresses: vec![address.to_string()], ..Endpoint::default() };
        endpoint.conditions.ready = Some(true);
        slice.endpoints.push(endpoint);
        slice.ports.push(SlicePort {
            name: Some("https".into()),
            port: Some(i32::from(port)),
            protocol: Some("TCP".into()),
            ..SlicePort::default()
        });
        let slices = client.namespaced::<EndpointSlice>("default");
        match slices.create(&slice).await {
            Err(status) if status.is_already_exists() => drop(slices.replace(&slice).await?),
            other => drop(other?),
        }
    }
    Ok(())
}

/// Endpoints must not be loopback addresses: in a pod they would lead to the pod itself.
fn is_loopback(address: Ipv4Addr) -> bool {
    address.is_loopback() || address.is_unspecified()
}
