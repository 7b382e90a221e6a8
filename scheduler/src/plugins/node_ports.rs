//! `NodePorts`: ports of the host that a pod asks for must be free.

use crate::{
    ClusterEvent, Cycle, CycleState, EnqueueExtensions, Filter, Hint, NodeSet, NodeView, Plugin, PodInfo, PreFilter,
    PreFilterOutcome, Verdict,
};

/// Checks `hostPort`s.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodePorts;

impl Plugin for NodePorts {
    fn name(&self) -> &'static str {
        "NodePorts"
    }
}

impl PreFilter for NodePorts {
    fn pre_filter(&self, cycle: Cycle<'_>, _state: &mut CycleState) -> PreFilterOutcome {
        if cycle.pod.host_ports().is_empty() { PreFilterOutcome::Skip } else { PreFilterOutcome::Continue }
    }
}

impl Filter for NodePorts {
    fn filter(&self, cycle: Cycle<'_>, _state: &CycleState, node: NodeView<'_>) -> Verdict {
        if node.conflicts_with_ports(cycle.pod.host_ports()) {
            return Verdict::rejects("node(s) didn't have free ports for the requested pod ports");
        }
        Verdict::Fits
    }

    fn filter_nodes(&self, cycle: Cycle<'_>, _state: &CycleState, nodes: &mut NodeSet) {
        let taken = cycle.snapshot.with_host_ports();
        let wanted = cycle.pod.host_ports();
        nodes.retain(|index| {
            !taken.contains(index) || cycle.snapshot.view(index).is_some_and(|node| !node.conflicts_with_ports(wanted))
        });
    }
}

impl EnqueueExtensions for NodePorts {
    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        let frees = |gone: &PodInfo| {
            gone.host_ports().iter().any(|port| pod.host_ports().iter().any(|wanted| wanted.conflicts(port)))
        };
        match event {
            ClusterEvent::PodDeleted(gone) => frees(gone).into(),
            ClusterEvent::NodeAdded(_) => Hint::Queue,
            _ => Hint::Skip,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::HostPort;

    #[test]
    fn ports_conflict_by_address_protocol_and_number() {
        let port = |ip: &str, protocol: &str, port| HostPort { ip: ip.into(), protocol: protocol.into(), port };
        let open = port("10.0.0.1", "TCP", 80);
        for (wanted, expected) in [
            (port("10.0.0.1", "TCP", 80), true),
            (port("0.0.0.0", "TCP", 80), true),
            (port("10.0.0.2", "TCP", 80), false),
            (port("10.0.0.1", "UDP", 80), false),
            (port("0.0.0.0", "TCP", 81), false),
        ] {
            assert_eq!(wanted.conflicts(&open), expected, "{wanted:?}");
            assert_eq!(open.conflicts(&wanted), expected, "{wanted:?}");
        }
    }
}
