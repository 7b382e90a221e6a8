//! The Node object and its Lease: that the node is there, and how it is.
//!
//! In: the agent's settings, the runtime's readiness, the images. Out: a Node that is made or corrected at the start, a
//! Lease every 10 s, a status when it changes and every 5 min. Source: Kubernetes concepts, "Nodes", "Leases".

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pintle_object_model::api::coordination::v1::{Lease, LeaseSpec};
use pintle_object_model::api::core::v1::{
    ContainerImage, DaemonEndpoint, Node, NodeAddress, NodeCondition, NodeDaemonEndpoints, NodeStatus, NodeSystemInfo,
};
use pintle_object_model::api::meta::v1::OwnerReference;
use pintle_object_model::{KUBERNETES_VERSION, MicroTime, Status, Time};
use pintle_watch::{Backoff, Shutdown};
use tracing::debug;

use super::{AgentConfig, Shared};
use crate::probe::describe;

/// Namespace of the Leases of nodes.
const LEASE_NAMESPACE: &str = "kube-node-lease";
/// How long a silent node counts as there.
const LEASE_SECONDS: i32 = 40;
/// Most images in a status.
const IMAGES_MAX: usize = 50;
/// Between looks at the runtime.
const LOOK: Duration = Duration::from_secs(10);

/// What a node's status says beyond its settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NodeFacts {
    /// Empty if the runtime works.
    pub(crate) problem: String,
    pub(crate) runtime_version: String,
    pub(crate) images: Vec<ContainerImage>,
}

/// The labels every node has.
fn usual_labels(config: &AgentConfig) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for prefix in ["kubernetes.io", "beta.kubernetes.io"] {
        labels.insert(format!("{prefix}/os"), config.system.operating_system.clone());
        labels.insert(format!("{prefix}/arch"), config.system.architecture.clone());
    }
    labels.insert("kubernetes.io/hostname".into(), config.node_name.clone());
    labels.extend(config.labels.clone());
    labels
}

/// A Node as it is registered.
pub(crate) fn node_of(config: &AgentConfig, facts: &NodeFacts, now: Time) -> Node {
    let mut node = Node::default();
    node.metadata.name.clone_from(&config.node_name);
    node.metadata.labels = usual_labels(config);
    node.metadata.annotations.clone_from(&config.annotations);
    node.spec.taints.clone_from(&config.taints);
    node.spec.provider_id.clone_from(&config.provider_id);
    node.status = status_of(config, facts, &NodeStatus::default(), now);
    node
}

/// The status, keeping what others wrote and the times of conditions that did not change.
fn status_of(config: &AgentConfig, facts: &NodeFacts, old: &NodeStatus, now: Time) -> NodeStatus {
    let mut status = old.clone();
    status.capacity.clone_from(&config.capacity);
    status.allocatable.clone_from(&config.capacity);
    let hostname = NodeAddress { type_: "Hostname".into(), address: config.node_name.clone() };
    let internal = |ip: &std::net::IpAddr| NodeAddress { type_: "InternalIP".into(), address: ip.to_string() };
    status.addresses = config.addresses.iter().map(internal).chain([hostname]).collect();
    status.daemon_endpoints = NodeDaemonEndpoints { kubelet_endpoint: DaemonEndpoint { port: i32::from(config.port) } };
    status.node_info = NodeSystemInfo {
        kubelet_version: KUBERNETES_VERSION.into(),
        container_runtime_version: facts.runtime_version.clone(),
        ..config.system.clone()
    };
    status.images.clone_from(&facts.images);
    let ready = if facts.problem.is_empty() {
        ("True", "KubeletReady", "kubelet is posting ready status".to_owned())
    } else {
        ("False", "KubeletNotReady", facts.problem.clone())
    };
    let fine = |reason: &'static str, message: &str| ("False", reason, message.to_owned());
    let wanted = [
        ("MemoryPressure", fine("KubeletHasSufficientMemory", "kubelet has sufficient memory available")),
        ("DiskPressure", fine("KubeletHasNoDiskPressure", "kubelet has no disk pressure")),
        ("PIDPressure", fine("KubeletHasSufficientPID", "kubelet has sufficient PID available")),
        ("Ready", ready),
    ];
    let others = old.conditions.iter().filter(|theirs| wanted.iter().all(|(type_, _)| theirs.type_ != *type_));
    let others: Vec<NodeCondition> = others.cloned().collect();
    let own = wanted.into_iter().map(|(type_, (value, reason, message))| {
        let before = old.conditions.iter().find(|condition| condition.type_ == type_);
        let since = before.filter(|condition| condition.status == value).and_then(|c| c.last_transition_time);
        NodeCondition {
            type_: type_.into(),
            status: value.into(),
            last_heartbeat_time: Some(now),
            last_transition_time: Some(since.unwrap_or(now)),
            reason: reason.into(),
            message,
        }
    });
    status.conditions = own.chain(others).collect();
    status
}

/// Is the difference worth a write before the next regular one?
fn differs(a: &NodeStatus, b: &NodeStatus) -> bool {
    let plain = |status: &NodeStatus| {
        let mut status = status.clone();
        status.conditions.iter_mut().for_each(|condition| condition.last_heartbeat_time = None);
        status
    };
    plain(a) != plain(b)
}

/// The Lease of a node.
pub(crate) fn lease_of(node: &str, node_uid: &str, now: MicroTime) -> Lease {
    let mut lease = Lease::default();
    lease.metadata.name = node.to_owned();
    lease.metadata.namespace = LEASE_NAMESPACE.into();
    if !node_uid.is_empty() {
        lease.metadata.owner_references = vec![OwnerReference {
            api_version: "v1".into(),
            kind: "Node".into(),
            name: node.to_owned(),
            uid: node_uid.to_owned(),
            ..OwnerReference::default()
        }];
    }
    lease.spec = LeaseSpec {
        holder_identity: Some(node.to_owned()),
        lease_duration_seconds: Some(LEASE_SECONDS),
        renew_time: Some(now),
        ..LeaseSpec::default()
    };
    lease
}

/// Keeps Node and Lease alive.
pub(crate) struct Heart {
    shared: Arc<Shared>,
    lease: Option<Arc<Lease>>,
    node_uid: String,
}

impl Heart {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, lease: None, node_uid: String::new() }
    }

    /// Beats until `shutdown`.
    pub(crate) async fn beat(mut self, shutdown: Shutdown) {
        shutdown.unless(self.live()).await;
    }

    async fn live(&mut self) {
        let mut retry = Backoff::new(Duration::from_millis(200), Duration::from_secs(7), self.shared.random.clone());
        while let Err(status) = self.register().await {
            debug!(%status, "the node could not be registered");
            tokio::time::sleep(retry.next_delay()).await;
        }
        let config = &self.shared.config;
        let (lease_period, status_period) = (config.lease_period, config.status_period);
        let (mut lease_at, mut reported_at) = (self.shared.clock.now(), self.shared.clock.now());
        loop {
            let now = self.shared.clock.now();
            if now >= lease_at {
                if let Err(status) = self.renew().await {
                    debug!(%status, "the node's lease could not be renewed");
                }
                lease_at = now + lease_period;
            }
            let due = now.saturating_sub(reported_at) >= status_period;
            match self.report(due).await {
                Ok(true) => reported_at = now,
                Ok(false) => {}
                Err(status) if status.is_not_found() => {
                    // Somebody deleted the Node; a node that runs is registered again.
                    if let Err(status) = self.register().await {
                        debug!(%status, "the node could not be registered again");
                    }
                }
                Err(status) => debug!(%status, "the node's status could not be written"),
            }
            tokio::time::sleep(lease_at.saturating_sub(self.shared.clock.now()).min(LOOK)).await;
        }
    }

    async fn facts(&self) -> NodeFacts {
        let mut facts = NodeFacts::default();
        match self.shared.runtime.info().await {
            Ok(info) => {
                facts.runtime_version = format!("{}://{}", info.name, info.version);
                if !info.network_ready {
                    facts.problem = format!("container runtime network not ready: {}", info.message);
                }
            }
            Err(error) => facts.problem = format!("container runtime is down: {}", describe(&error)),
        }
        let mut images = self.shared.images.list().await.unwrap_or_default();
        images.sort_by(|a, b| (b.size, &a.id).cmp(&(a.size, &b.id)));
        images.truncate(IMAGES_MAX);
        facts.images = images
            .into_iter()
            .map(|image| ContainerImage {
                names: image.digests.into_iter().chain(image.references).collect(),
                size_bytes: i64::try_from(image.size).unwrap_or(i64::MAX),
            })
            .collect();
        facts
    }

    async fn register(&mut self) -> Result<(), Status> {
        let shared = &self.shared;
        let api = shared.client.all::<Node>();
        let now = shared.clock.utc().to_time();
        let wanted = node_of(&shared.config, &self.facts().await, now);
        let node = match api.create(&wanted).await {
            Ok(node) => {
                let text = format!("Starting kubelet on node {}", shared.config.node_name);
                shared.events.normal(&*node, "Starting", text);
                node
            }
            Err(status) if status.is_already_exists() => {
                api.edit(&wanted.metadata.name, |node| {
                    let before = node.metadata.labels.clone();
                    node.metadata.labels.extend(wanted.metadata.labels.clone());
                    before != node.metadata.labels
                })
                .await?
            }
            Err(status) => return Err(status),
        };
        self.node_uid.clone_from(&node.metadata.uid);
        self.report(true).await.map(drop)
    }

    /// Writes the status if it is news or due. Answers whether it did.
    async fn report(&self, due: bool) -> Result<bool, Status> {
        let shared = &self.shared;
        let api = shared.client.all::<Node>();
        let facts = self.facts().await;
        for _ in 0..5 {
            let node = api.get(&shared.config.node_name).await?;
            let status = status_of(&shared.config, &facts, &node.status, shared.clock.utc().to_time());
            if !due && !differs(&status, &node.status) {
                return Ok(false);
            }
            let mut changed = (*node).clone();
            changed.status = status;
            match api.replace_status(&changed).await {
                Err(status) if status.is_conflict() => {}
                other => return other.map(|_| true),
            }
        }
        // Others write faster than we do; the next round tries again.
        Ok(false)
    }

    async fn renew(&mut self) -> Result<(), Status> {
        let shared = &self.shared;
        let api = shared.client.namespaced::<Lease>(LEASE_NAMESPACE);
        let name = &shared.config.node_name;
        let now = shared.clock.utc();
        let current = match self.lease.take() {
            Some(lease) => Some(lease),
            None => api.get_opt(name).await?,
        };
        let renewed = match current {
            None => api.create(&lease_of(name, &self.node_uid, now)).await?,
            Some(lease) => {
                let mut lease = (*lease).clone();
                let fresh = lease_of(name, &self.node_uid, now);
                lease.metadata.owner_references = fresh.metadata.owner_references;
                lease.spec = LeaseSpec { ..fresh.spec };
                api.replace(&lease).await?
            }
        };
        self.lease = Some(renewed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_keeps_its_time_until_it_changes() {
        let builder = AgentConfig::new("n1");
        let at = |seconds| Time::from_unix(seconds);
        let first = status_of(&builder, &NodeFacts::default(), &NodeStatus::default(), at(1));
        let second = status_of(&builder, &NodeFacts::default(), &first, at(2));
        let ready = |status: &NodeStatus| status.conditions.iter().find(|c| c.type_ == "Ready").cloned().unwrap();
        assert_eq!(ready(&second).last_transition_time, Some(at(1)));
        assert_eq!(ready(&second).last_heartbeat_time, Some(at(2)));
        assert!(!differs(&first, &second));
        let down = NodeFacts { problem: "no".into(), ..NodeFacts::default() };
        let third = status_of(&builder, &down, &second, at(3));
        assert_eq!((ready(&third).status.as_str(), ready(&third).last_transition_time), ("False", Some(at(3))));
        assert!(differs(&second, &third));
    }
}
