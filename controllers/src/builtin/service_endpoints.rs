//! The pods behind a Service, for EndpointSlices and Endpoints alike.
//!
//! In: a Service and the pods of its namespace. Out: who serves on which ports. Elsewhere: how that is written down.

use std::collections::BTreeMap;
use std::sync::Arc;

use pintle_object_model::api::core::v1::{Pod, Service};
use pintle_object_model::selector::Selector;
use pintle_object_model::{IntOrString, ObjectRef};
use pintle_watch::Delta;

use super::pods::{is_ready, is_terminal};
use crate::Context;

/// A port as it is reached at a pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Port {
    pub(super) name: String,
    pub(super) protocol: String,
    pub(super) port: i32,
    pub(super) app_protocol: Option<String>,
}

/// A pod that a Service leads to.
#[derive(Clone, Debug)]
pub(super) struct Serving {
    pub(super) pod: Arc<Pod>,
    pub(super) ready: bool,
    pub(super) terminating: bool,
    /// Its host name, if it has one below this Service.
    pub(super) hostname: Option<String>,
}

/// Pods by the ports at which they are reached: named ports may differ from pod to pod.
pub(super) type Groups = BTreeMap<Vec<Port>, Vec<Serving>>;

/// The Services that a change of a pod concerns.
pub(super) fn services_of(delta: &Delta<Pod>, context: &Context) -> Vec<ObjectRef> {
    let (new, old) = match delta {
        Delta::Added(pod) | Delta::Deleted { last: pod, .. } => (pod, None),
        Delta::Updated { old, new } => (new, Some(old)),
    };
    if let Some(old) = old
        && old.metadata.labels == new.metadata.labels
        && old.metadata.deletion_timestamp == new.metadata.deletion_timestamp
        && old.status.pod_ip == new.status.pod_ip
        && old.status.phase == new.status.phase
        && old.spec.node_name == new.spec.node_name
        && is_ready(old) == is_ready(new)
    {
        return vec![];
    }
    let services = context.informer::<Service>().list_in(&new.metadata.namespace);
    let concerned = services.iter().filter(|service| {
        let selector = &service.spec.selector;
        let fits = |pod: &Pod| selector.iter().all(|(key, value)| pod.metadata.labels.get(key) == Some(value));
        !selector.is_empty() && (fits(new) || old.is_some_and(|old| fits(old)))
    });
    concerned.map(|service| ObjectRef::of(&**service)).collect()
}

/// Who serves, or `None` if that is not ours to find out (no selector, or an external name).
pub(super) fn groups(service: &Service, context: &Context) -> Option<Groups> {
    if service.spec.selector.is_empty() || service.spec.type_ == "ExternalName" {
        return None;
    }
    let selector = Selector::equals(&service.spec.selector);
    let pods = context.informer::<Pod>().list_in(&service.metadata.namespace);
    let mut groups = Groups::new();
    for pod in pods.into_iter().filter(|pod| selector.matches(&pod.metadata.labels)) {
        if pod.status.pod_ip.is_empty() || is_terminal(&pod) {
            continue;
        }
        let ports = ports(service, &pod);
        let terminating = pod.metadata.deletion_timestamp.is_some();
        let named = !pod.spec.hostname.is_empty() && pod.spec.subdomain == service.metadata.name;
        let hostname = named.then(|| pod.spec.hostname.clone());
        let ready = is_ready(&pod) || service.spec.publish_not_ready_addresses;
        groups.entry(ports).or_default().push(Serving { pod, ready, terminating, hostname });
    }
    Some(groups)
}

fn ports(service: &Service, pod: &Pod) -> Vec<Port> {
    let resolved = service.spec.ports.iter().filter_map(|port| {
        let number = match &port.target_port {
            IntOrString::Int(0) => Some(port.port),
            IntOrString::Int(number) => Some(*number),
            IntOrString::String(name) if name.is_empty() => Some(port.port),
            IntOrString::String(name) => named_port(pod, name, &port.protocol),
        };
        Some(Port {
            name: port.name.clone(),
            protocol: port.protocol.clone(),
            port: number?,
            app_protocol: port.app_protocol.clone(),
        })
    });
    resolved.collect()
}

fn named_port(pod: &Pod, name: &str, protocol: &str) -> Option<i32> {
    let sidecars = pod.spec.init_containers.iter().filter(|c| c.restart_policy.as_deref() == Some("Always"));
    let mut ports = pod.spec.containers.iter().chain(sidecars).flat_map(|container| &container.ports);
    ports.find(|port| port.name == name && port.protocol == protocol).map(|port| port.container_port)
}
