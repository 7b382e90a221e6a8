//! Which pods stand behind a Service: `EndpointSlice`s, and the legacy `Endpoints`.
//!
//! In: Services with a selector, pods, nodes. Out: slices and `Endpoints`, equal to what the pods say. Elsewhere: Services
//! without a selector (their author writes the endpoints), and routing (`proxy`).
//! Source: Kubernetes concepts, "Service", "EndpointSlices".

mod legacy;
mod slices;

use std::sync::Arc;

use pintle_object_model::api::core::v1::{Node, ObjectReference, Pod, Service, ServicePort};
use pintle_object_model::{IntOrString, ObjectRef, Resource};
use pintle_watch::Delta;

use crate::controller::Enqueue;
use crate::{Context, pods};

pub(crate) use legacy::controller as endpoints_controller;
pub(crate) use slices::controller as endpointslice_controller;

const HEADLESS_LABEL: &str = "service.kubernetes.io/headless";

/// A pod as an endpoint, with the ports of the Service resolved.
#[derive(Clone, Debug, PartialEq)]
struct Backend {
    ip: String,
    ports: Vec<Port>,
    serving: bool,
    ready: bool,
    terminating: bool,
    hostname: Option<String>,
    node_name: Option<String>,
    zone: Option<String>,
    target: ObjectReference,
}

/// A port of the Service on a pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Port {
    name: String,
    port: i32,
    protocol: String,
    app_protocol: Option<String>,
}

/// Has the Service endpoints that we write?
fn is_ours(service: &Service) -> bool {
    service.spec.type_ != "ExternalName" && !service.spec.selector.is_empty()
}

fn is_headless(service: &Service) -> bool {
    service.spec.cluster_ip == "None"
}

/// Services that select a pod.
fn services_of(pod: &Pod, ctx: &Context) -> Vec<ObjectRef> {
    let labels = &pod.metadata.labels;
    if labels.is_empty() {
        return vec![];
    }
    let all = ctx.cached::<Service>().list_in(&pod.metadata.namespace);
    let selects = |service: &&Arc<Service>| {
        is_ours(service) && service.spec.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    };
    all.iter().filter(selects).map(|service| ObjectRef::of(&**service)).collect()
}

/// Queues the Services of a pod, if the change shows in endpoints.
fn on_pod(delta: &Delta<Pod>, ctx: &Context, enqueue: &Enqueue) {
    if let Delta::Updated { old, new } = delta {
        if !matters(old, new) {
            return;
        }
        if old.metadata.labels != new.metadata.labels {
            services_of(old, ctx).into_iter().for_each(|key| enqueue.add(key));
        }
    }
    let pod = delta.object();
    // A pod that never had an address is in no endpoints.
    if !pod.status.pod_ip.is_empty() || matches!(delta, Delta::Updated { .. }) {
        services_of(pod, ctx).into_iter().for_each(|key| enqueue.add(key));
    }
}

fn matters(old: &Pod, new: &Pod) -> bool {
    old.metadata.labels != new.metadata.labels
        || old.status.pod_ip != new.status.pod_ip
        || old.status.pod_ips != new.status.pod_ips
        || old.spec.node_name != new.spec.node_name
        || old.metadata.deletion_timestamp.is_some() != new.metadata.deletion_timestamp.is_some()
        || pods::is_ready(old) != pods::is_ready(new)
        || pods::is_finished(old) != pods::is_finished(new)
}

/// The address family of a Service's endpoints.
fn family(service: &Service) -> &str {
    service.spec.ip_families.first().map_or("IPv4", String::as_str)
}

/// All pods that stand behind a Service, ordered by name.
fn backends(ctx: &Context, service: &Service) -> Vec<Backend> {
    let cached = ctx.cached::<Pod>().list_in(&service.metadata.namespace);
    let selected = cached
        .iter()
        .filter(|pod| service.spec.selector.iter().all(|(key, value)| pod.metadata.labels.get(key) == Some(value)));
    let nodes = ctx.cached::<Node>();
    selected.filter_map(|pod| backend(service, pod, &nodes)).collect()
}

fn backend(service: &Service, pod: &Pod, nodes: &pintle_watch::Informer<Node>) -> Option<Backend> {
    if pods::is_finished(pod) {
        return None;
    }
    let of_family = |ip: &&str| ip.contains(':') == (family(service) == "IPv6");
    let listed = pod.status.pod_ips.iter().map(|ip| ip.ip.as_str());
    let ip = listed.chain([pod.status.pod_ip.as_str()]).filter(|ip| !ip.is_empty()).find(of_family)?.to_owned();
    let serving = pods::is_ready(pod);
    let terminating = pod.metadata.deletion_timestamp.is_some();
    let node_name = (!pod.spec.node_name.is_empty()).then(|| pod.spec.node_name.clone());
    let node = node_name.as_ref().and_then(|name| nodes.get("", name));
    let zone = node.and_then(|node| node.metadata.labels.get("topology.kubernetes.io/zone").cloned());
    let named = !pod.spec.hostname.is_empty() && pod.spec.subdomain == service.metadata.name;
    Some(Backend {
        ip,
        ports: service.spec.ports.iter().filter_map(|port| resolve(port, pod)).collect(),
        serving,
        ready: service.spec.publish_not_ready_addresses || (serving && !terminating),
        terminating,
        hostname: named.then(|| pod.spec.hostname.clone()),
        node_name,
        zone,
        target: ObjectReference {
            kind: Pod::INFO.kind.into(),
            namespace: pod.metadata.namespace.clone(),
            name: pod.metadata.name.clone(),
            uid: pod.metadata.uid.clone(),
            ..ObjectReference::default()
        },
    })
}

/// The port of a Service on a pod; `None` if the pod has no port of that name.
fn resolve(port: &ServicePort, pod: &Pod) -> Option<Port> {
    let protocol = if port.protocol.is_empty() { "TCP" } else { &port.protocol };
    let number = match &port.target_port {
        IntOrString::Int(0) => port.port,
        IntOrString::Int(number) => *number,
        IntOrString::String(name) => {
            let sidecars =
                pod.spec.init_containers.iter().filter(|one| one.restart_policy.as_deref() == Some("Always"));
            let mut ports = pod.spec.containers.iter().chain(sidecars).flat_map(|container| &container.ports);
            let same = |port: &&pintle_object_model::api::core::v1::ContainerPort| {
                let of = if port.protocol.is_empty() { "TCP" } else { &port.protocol };
                port.name == *name && of == protocol
            };
            ports.find(same)?.container_port
        }
    };
    Some(Port {
        name: port.name.clone(),
        port: number,
        protocol: protocol.to_owned(),
        app_protocol: port.app_protocol.clone(),
    })
}
