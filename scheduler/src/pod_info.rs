//! A pod, with what decisions need of it worked out once.
//!
//! In: a `Pod`. Out: an immutable [`PodInfo`], shared by queue, snapshot and plugins. Invariant: depends on the pod alone,
//! never on a snapshot.

use std::sync::Arc;

use pintle_object_model::ObjectRef;
use pintle_object_model::api::core::v1::Pod;

use crate::pod_terms::PodTerms;
use crate::requests::Requests;

/// A port of the host that a pod takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    /// The address; `0.0.0.0` is all of them.
    pub ip: String,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: String,
    /// The port.
    pub port: i32,
}

impl HostPort {
    /// Can only one of the two be open on a host?
    pub fn conflicts(&self, other: &Self) -> bool {
        self.port == other.port
            && self.protocol == other.protocol
            && (self.ip == other.ip || self.ip == ANY_IP || other.ip == ANY_IP)
    }
}

const ANY_IP: &str = "0.0.0.0";

/// A pod and what is derived from it.
#[derive(Clone, Debug)]
pub struct PodInfo {
    pod: Arc<Pod>,
    /// Where it is; differs from the pod's own field while the pod is only assumed to be there.
    node: Arc<str>,
    key: ObjectRef,
    requests: Requests,
    ports: Vec<HostPort>,
    terms: PodTerms,
    class_key: Arc<str>,
}

impl PodInfo {
    /// Works out what decisions need.
    pub fn new(pod: Arc<Pod>) -> Self {
        Self {
            node: Arc::from(pod.spec.node_name.as_str()),
            key: ObjectRef::of(&*pod),
            requests: Requests::of(&pod),
            ports: host_ports(&pod),
            terms: PodTerms::of(&pod),
            class_key: class_key(&pod),
            pod,
        }
    }

    /// The same on the heap.
    pub fn shared(pod: Arc<Pod>) -> Arc<Self> {
        Arc::new(Self::new(pod))
    }

    /// The same pod placed on a node that the API does not know of yet.
    pub fn placed_on(&self, node: &str) -> Self {
        Self { node: Arc::from(node), ..self.clone() }
    }

    /// The pod.
    pub fn pod(&self) -> &Arc<Pod> {
        &self.pod
    }

    /// Namespace and name.
    pub fn key(&self) -> &ObjectRef {
        &self.key
    }

    /// The unique id of the object.
    pub fn uid(&self) -> &str {
        &self.pod.metadata.uid
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.pod.metadata.namespace
    }

    /// Its priority; 0 if the pod says none.
    pub fn priority(&self) -> i32 {
        self.pod.spec.priority.unwrap_or_default()
    }

    /// The node that it is on; empty for none.
    pub fn node_name(&self) -> &str {
        &self.node
    }

    /// What it asks for.
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// The ports of the host that it takes.
    pub fn host_ports(&self) -> &[HostPort] {
        &self.ports
    }

    /// Its affinity to other pods.
    pub fn terms(&self) -> &PodTerms {
        &self.terms
    }

    /// Has its deletion begun?
    pub fn is_terminating(&self) -> bool {
        self.pod.metadata.deletion_timestamp.is_some()
    }

    /// Equal for pods that other pods' affinity, anti-affinity and spreading cannot tell apart.
    pub(crate) fn class_key(&self) -> &Arc<str> {
        &self.class_key
    }
}

fn host_ports(pod: &Pod) -> Vec<HostPort> {
    let sidecars = pod.spec.init_containers.iter().filter(|c| c.restart_policy.as_deref() == Some("Always"));
    let containers = pod.spec.containers.iter().chain(sidecars);
    let ports = containers.flat_map(|container| &container.ports).filter(|port| port.host_port > 0);
    let or = |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
    let mut found: Vec<HostPort> = ports
        .map(|port| HostPort {
            ip: or(&port.host_ip, ANY_IP),
            protocol: or(&port.protocol, "TCP"),
            port: port.host_port,
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Text that is equal for pods with the same namespace, labels, pod affinity and liveness.
fn class_key(pod: &Pod) -> Arc<str> {
    use std::fmt::Write as _;
    let mut key = pod.metadata.namespace.clone();
    for (name, value) in &pod.metadata.labels {
        key.extend(["\0", name, "\0", value]);
    }
    if pod.metadata.deletion_timestamp.is_some() {
        key.push_str("\0\0gone");
    }
    if let Some(affinity) = &pod.spec.affinity
        && (affinity.pod_affinity.is_some() || affinity.pod_anti_affinity.is_some())
    {
        // Writing to a String cannot fail.
        let _ = write!(key, "\0\0{:?}\0{:?}", affinity.pod_affinity, affinity.pod_anti_affinity);
    }
    Arc::from(key)
}
