//! `NodeResourcesBalancedAllocation`: prefers nodes whose cpu and memory would be used to similar shares.

use crate::{
    Cycle, CycleState, MAX_NODE_SCORE, NodeIndex, NodeView, Plugin, PreScore, PreScoreOutcome, ResourceId, Score,
};

/// Scores the balance between cpu and memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeResourcesBalancedAllocation;

/// 100 for equal shares, less the further they are apart.
fn balance(cpu: (i64, i64), memory: (i64, i64)) -> i64 {
    let share =
        |(requested, capacity): (i64, i64)| (capacity > 0).then(|| (requested as f64 / capacity as f64).min(1.0));
    // For two shares the standard deviation is half of their distance.
    let deviation = match (share(cpu), share(memory)) {
        (Some(cpu), Some(memory)) => (cpu - memory).abs() / 2.0,
        _ => 0.0,
    };
    ((1.0 - deviation) * MAX_NODE_SCORE as f64) as i64
}

impl Plugin for NodeResourcesBalancedAllocation {
    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }
}

impl PreScore for NodeResourcesBalancedAllocation {
    /// Pods that ask for nothing do not change the balance of a node.
    fn pre_score(&self, cycle: Cycle<'_>, _state: &mut CycleState, _nodes: &[NodeIndex]) -> PreScoreOutcome {
        let requests = cycle.pod.requests();
        if requests.cpu_millis == 0 && requests.memory_bytes == 0 {
            PreScoreOutcome::Skip
        } else {
            PreScoreOutcome::Continue
        }
    }
}

impl Score for NodeResourcesBalancedAllocation {
    fn score(&self, cycle: Cycle<'_>, _state: &CycleState, node: NodeView<'_>) -> i64 {
        let requests = cycle.pod.requests();
        let of = |resource, asked| (node.requested(resource) + asked, node.allocatable(resource));
        balance(of(ResourceId::CPU, requests.cpu_millis), of(ResourceId::MEMORY, requests.memory_bytes))
    }

    fn score_nodes(&self, cycle: Cycle<'_>, _state: &CycleState, nodes: &[NodeIndex], scores: &mut [i64]) {
        let requests = cycle.pod.requests();
        let (cpu, memory) = (cycle.snapshot.resource(ResourceId::CPU), cycle.snapshot.resource(ResourceId::MEMORY));
        for (node, score) in nodes.iter().zip(scores) {
            let at = node.index();
            *score = balance(
                (cpu.requested[at] + requests.cpu_millis, cpu.allocatable[at]),
                (memory.requested[at] + requests.memory_bytes, memory.allocatable[at]),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::balance;

    #[test]
    fn equal_shares_score_best() {
        assert_eq!(balance((5, 10), (50, 100)), 100);
        assert_eq!(balance((0, 10), (100, 100)), 50);
        assert_eq!(balance((3, 10), (70, 100)), 80);
        assert_eq!(balance((20, 10), (100, 100)), 100, "shares are capped");
        assert_eq!(balance((0, 0), (100, 100)), 100, "what a node does not offer does not count");
    }
}
