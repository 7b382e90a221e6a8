//! One node of a snapshot, as plugins see it.

use std::sync::Arc;

use pintle_object_model::api::core::v1::{Node, Taint};

use super::{LabelKey, LabelValue, NodeIndex, ResourceId, Snapshot};
use crate::{HostPort, PodInfo, Requests};

/// A node, as it is or as it would be (see [`NodeOverlay`]). Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct NodeView<'a> {
    snapshot: &'a Snapshot,
    index: NodeIndex,
    node: &'a Arc<Node>,
    overlay: Option<&'a NodeOverlay>,
}

/// What a node would be like with other pods: preemption asks "what if these were gone", nominations "what if those came".
#[derive(Clone, Debug)]
pub struct NodeOverlay {
    pods: Vec<Arc<PodInfo>>,
    change: Requests,
    count: i64,
}

impl NodeOverlay {
    /// The node as it is; on top of its overlay, if it has one.
    pub fn new(node: NodeView<'_>) -> Self {
        match node.overlay {
            Some(overlay) => overlay.clone(),
            None => Self { pods: node.pods().to_vec(), change: Requests::default(), count: 0 },
        }
    }

    /// With one more pod.
    pub fn add(&mut self, pod: Arc<PodInfo>) {
        self.apply(pod.requests(), 1);
        self.pods.push(pod);
    }

    /// Without a pod. Does nothing if it is not there.
    pub fn remove(&mut self, pod: &PodInfo) {
        if let Some(at) = self.pods.iter().position(|other| other.uid() == pod.uid() && other.key() == pod.key()) {
            self.apply(pod.requests(), -1);
            self.pods.swap_remove(at);
        }
    }

    fn apply(&mut self, requests: &Requests, times: i64) {
        let change = &mut self.change;
        change.cpu_millis += times * requests.cpu_millis;
        change.memory_bytes += times * requests.memory_bytes;
        change.ephemeral_storage_bytes += times * requests.ephemeral_storage_bytes;
        change.scored_cpu_millis += times * requests.scored_cpu_millis;
        change.scored_memory_bytes += times * requests.scored_memory_bytes;
        for (name, amount) in &requests.extended {
            match change.extended.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => *sum += times * amount,
                None => change.extended.push((Arc::clone(name), times * amount)),
            }
        }
        self.count += times;
    }
}

impl<'a> NodeView<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        index: NodeIndex,
        node: &'a Arc<Node>,
        overlay: Option<&'a NodeOverlay>,
    ) -> Self {
        Self { snapshot, index, node, overlay }
    }

    /// The same node with other pods.
    pub fn with_overlay<'b>(self, overlay: &'b NodeOverlay) -> NodeView<'b>
    where
        'a: 'b,
    {
        NodeView { overlay: Some(overlay), ..self }
    }

    /// Its place in the columns.
    pub fn index(&self) -> NodeIndex {
        self.index
    }

    /// The snapshot that it is of.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// The object.
    pub fn node(&self) -> &'a Arc<Node> {
        self.node
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        &self.node.metadata.name
    }

    /// What it offers of a resource.
    pub fn allocatable(&self, resource: ResourceId) -> i64 {
        self.snapshot.resource(resource).allocatable[self.index.index()]
    }

    /// What its pods ask for.
    pub fn requested(&self, resource: ResourceId) -> i64 {
        let asked = self.snapshot.resource(resource).requested[self.index.index()];
        asked + self.overlay.map_or(0, |overlay| self.changed(overlay, resource))
    }

    fn changed(&self, overlay: &NodeOverlay, resource: ResourceId) -> i64 {
        match resource {
            ResourceId::CPU => overlay.change.cpu_millis,
            ResourceId::MEMORY => overlay.change.memory_bytes,
            ResourceId::EPHEMERAL_STORAGE => overlay.change.ephemeral_storage_bytes,
            ResourceId::PODS => overlay.count,
            other => {
                let of = |name: &str| self.snapshot.resource_id(name) == Some(other);
                overlay.change.extended.iter().find(|(name, _)| of(name)).map_or(0, |(_, amount)| *amount)
            }
        }
    }

    /// What is left of a resource.
    pub fn free(&self, resource: ResourceId) -> i64 {
        self.allocatable(resource) - self.requested(resource)
    }

    /// Millicores that its pods ask for, as scores count them.
    pub fn scored_cpu_millis(&self) -> i64 {
        let asked = self.snapshot.scored_cpu_millis()[self.index.index()];
        asked + self.overlay.map_or(0, |overlay| overlay.change.scored_cpu_millis)
    }

    /// Bytes that its pods ask for, as scores count them.
    pub fn scored_memory_bytes(&self) -> i64 {
        let asked = self.snapshot.scored_memory_bytes()[self.index.index()];
        asked + self.overlay.map_or(0, |overlay| overlay.change.scored_memory_bytes)
    }

    /// The pods on it, assumed ones included, in no particular order.
    pub fn pods(&self) -> &'a [Arc<PodInfo>] {
        match self.overlay {
            Some(overlay) => &overlay.pods,
            None => &self.snapshot.pods[self.index.index()],
        }
    }

    /// One of its labels.
    pub fn label(&self, key: LabelKey) -> Option<LabelValue> {
        self.snapshot.label(self.index, key)
    }

    /// Its taints.
    pub fn taints(&self) -> &'a [Taint] {
        &self.snapshot.taint_sets()[self.snapshot.taint_set(self.index)]
    }

    /// Is it cordoned?
    pub fn is_unschedulable(&self) -> bool {
        self.node.spec.unschedulable
    }

    /// Would one of these ports conflict with one that is taken?
    pub fn conflicts_with_ports(&self, ports: &[HostPort]) -> bool {
        let conflicts = |taken: &HostPort| ports.iter().any(|port| port.conflicts(taken));
        match self.overlay {
            Some(overlay) => overlay.pods.iter().any(|pod| pod.host_ports().iter().any(conflicts)),
            None => self.snapshot.ports[self.index.index()].iter().any(conflicts),
        }
    }
}
