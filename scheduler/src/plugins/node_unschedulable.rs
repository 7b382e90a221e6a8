//! `NodeUnschedulable`: cordoned nodes take only pods that tolerate it.

use pintle_object_model::api::core::v1::{Node, Taint};

use super::taint_toleration::tolerates;
use crate::{
    ClusterEvent, Cycle, CycleState, EnqueueExtensions, Filter, Hint, NodeSet, NodeView, Plugin, PodInfo, Verdict,
};

/// Checks `spec.unschedulable` of nodes.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeUnschedulable;

fn tolerated(pod: &PodInfo) -> bool {
    let taint =
        Taint { key: "node.kubernetes.io/unschedulable".into(), effect: "NoSchedule".into(), ..Taint::default() };
    tolerates(&pod.pod().spec.tolerations, &taint)
}

impl Plugin for NodeUnschedulable {
    fn name(&self) -> &'static str {
        "NodeUnschedulable"
    }
}

impl Filter for NodeUnschedulable {
    fn filter(&self, cycle: Cycle<'_>, _state: &CycleState, node: NodeView<'_>) -> Verdict {
        if !node.is_unschedulable() || tolerated(cycle.pod) {
            return Verdict::Fits;
        }
        Verdict::rejects_for_good("node(s) were unschedulable")
    }

    fn filter_nodes(&self, cycle: Cycle<'_>, _state: &CycleState, nodes: &mut NodeSet) {
        if !cycle.snapshot.unschedulable().is_empty() && !tolerated(cycle.pod) {
            nodes.subtract(cycle.snapshot.unschedulable());
        }
    }
}

impl EnqueueExtensions for NodeUnschedulable {
    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        let open = |node: &Node| !node.spec.unschedulable;
        match event {
            ClusterEvent::NodeAdded(node) => open(node).into(),
            ClusterEvent::NodeUpdated { old, new, .. } => (!open(old) && open(new)).into(),
            ClusterEvent::SelfUpdated { new, .. } => tolerated(new).into(),
            _ => {
                let _ = pod;
                Hint::Skip
            }
        }
    }
}
