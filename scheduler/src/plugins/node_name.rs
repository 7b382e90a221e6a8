//! `NodeName`: a pod that names its node in the spec runs only there.

use crate::{
    ClusterEvent, Cycle, CycleState, EnqueueExtensions, Filter, Hint, NodeSet, NodeView, Plugin, PodInfo, Verdict,
};

/// Checks `spec.nodeName`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeName;

impl Plugin for NodeName {
    fn name(&self) -> &'static str {
        "NodeName"
    }
}

impl Filter for NodeName {
    fn filter(&self, cycle: Cycle<'_>, _state: &CycleState, node: NodeView<'_>) -> Verdict {
        let wanted = cycle.pod.node_name();
        if wanted.is_empty() || wanted == node.name() {
            return Verdict::Fits;
        }
        Verdict::rejects_for_good("node(s) didn't match the requested node name")
    }

    fn filter_nodes(&self, cycle: Cycle<'_>, _state: &CycleState, nodes: &mut NodeSet) {
        let wanted = cycle.pod.node_name();
        if !wanted.is_empty() {
            let index = cycle.snapshot.index_of(wanted);
            nodes.retain(|node| Some(node) == index);
        }
    }
}

impl EnqueueExtensions for NodeName {
    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        match event {
            ClusterEvent::NodeAdded(node) => (node.metadata.name == pod.node_name()).into(),
            _ => Hint::Skip,
        }
    }
}
