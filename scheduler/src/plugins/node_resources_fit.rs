//! `NodeResourcesFit`: what a pod asks for must be free; and how free resources are ranked.

use std::borrow::Cow;

use pintle_object_model::api::core::v1::Node;

use crate::requests::{amount_of, is_extended};
use crate::{
    ClusterEvent, Cycle, CycleState, EnqueueExtensions, Filter, Hint, MAX_NODE_SCORE, NodeIndex, NodeSet, NodeView,
    Plugin, PodInfo, PreFilter, PreFilterOutcome, Rejection, Requests, ResourceId, Score, Verdict,
};

/// A point of a [`ScoringStrategy::RequestedToCapacityRatio`] function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapePoint {
    /// Percent of the capacity that is requested, 0 to 100.
    pub utilization: i64,
    /// Score, 0 to 10.
    pub score: i64,
}

/// How nodes are ranked by what is requested of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScoringStrategy {
    /// The emptier the better, for these resources and weights.
    LeastAllocated(Vec<(String, i64)>),
    /// The fuller the better.
    MostAllocated(Vec<(String, i64)>),
    /// By a function of the requested share; points in ascending order of utilization.
    RequestedToCapacityRatio {
        /// Resources and weights.
        resources: Vec<(String, i64)>,
        /// The function, linear between points.
        shape: Vec<ShapePoint>,
    },
}

impl Default for ScoringStrategy {
    fn default() -> Self {
        Self::LeastAllocated(vec![("cpu".into(), 1), ("memory".into(), 1)])
    }
}

impl ScoringStrategy {
    fn resources(&self) -> &[(String, i64)] {
        match self {
            Self::LeastAllocated(resources)
            | Self::MostAllocated(resources)
            | Self::RequestedToCapacityRatio { resources, .. } => resources,
        }
    }

    fn of_resource(&self, requested: i64, capacity: i64) -> i64 {
        if capacity == 0 || requested > capacity && !matches!(self, Self::RequestedToCapacityRatio { .. }) {
            return match self {
                Self::MostAllocated(_) if capacity > 0 => MAX_NODE_SCORE,
                _ => 0,
            };
        }
        match self {
            Self::LeastAllocated(_) => (capacity - requested) * MAX_NODE_SCORE / capacity,
            Self::MostAllocated(_) => requested * MAX_NODE_SCORE / capacity,
            Self::RequestedToCapacityRatio { shape, .. } => {
                let utilization = if requested > capacity { 100 } else { requested * 100 / capacity };
                // Points score 0 to 10, nodes 0 to 100.
                interpolate(shape, utilization) * (MAX_NODE_SCORE / 10)
            }
        }
    }
}

fn interpolate(shape: &[ShapePoint], utilization: i64) -> i64 {
    let Some(at) = shape.iter().position(|point| utilization <= point.utilization) else {
        return shape.last().map_or(0, |point| point.score);
    };
    if at == 0 {
        return shape[0].score;
    }
    let (a, b) = (shape[at - 1], shape[at]);
    a.score + (b.score - a.score) * (utilization - a.utilization) / (b.utilization - a.utilization)
}

/// Checks and scores resources.
#[derive(Clone, Debug, Default)]
pub struct NodeResourcesFit {
    strategy: ScoringStrategy,
}

impl NodeResourcesFit {
    /// With this way of scoring.
    pub fn new(strategy: ScoringStrategy) -> Self {
        Self { strategy }
    }
}

/// One thing that is asked for.
struct Demand<'a> {
    name: &'a str,
    /// `None`: nobody offers it.
    resource: Option<ResourceId>,
    amount: i64,
}

fn demands<'a>(cycle: Cycle<'a>, requests: &'a Requests) -> Vec<Demand<'a>> {
    let native = [
        ("cpu", ResourceId::CPU, requests.cpu_millis),
        ("memory", ResourceId::MEMORY, requests.memory_bytes),
        ("ephemeral-storage", ResourceId::EPHEMERAL_STORAGE, requests.ephemeral_storage_bytes),
    ];
    let native = native.into_iter().map(|(name, id, amount)| Demand { name, resource: Some(id), amount });
    let extended = requests.extended.iter().map(|(name, amount)| Demand {
        name,
        resource: cycle.snapshot.resource_id(name),
        amount: *amount,
    });
    native.chain(extended).filter(|demand| demand.amount > 0).collect()
}

fn insufficient(name: &str) -> Cow<'static, str> {
    match name {
        "cpu" => Cow::Borrowed("Insufficient cpu"),
        "memory" => Cow::Borrowed("Insufficient memory"),
        "ephemeral-storage" => Cow::Borrowed("Insufficient ephemeral-storage"),
        other => Cow::Owned(format!("Insufficient {other}")),
    }
}

impl Plugin for NodeResourcesFit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }
}

impl PreFilter for NodeResourcesFit {
    fn pre_filter(&self, _cycle: Cycle<'_>, _state: &mut CycleState) -> PreFilterOutcome {
        PreFilterOutcome::Continue
    }
}

impl Filter for NodeResourcesFit {
    fn filter(&self, cycle: Cycle<'_>, _state: &CycleState, node: NodeView<'_>) -> Verdict {
        let mut rejection = Rejection { reasons: vec![], resolvable: true };
        if node.free(ResourceId::PODS) < 1 {
            rejection.reasons.push(Cow::Borrowed("Too many pods"));
        }
        for demand in demands(cycle, cycle.pod.requests()) {
            let (free, offered) = match demand.resource {
                Some(id) => (node.free(id), node.allocatable(id)),
                None => (0, 0),
            };
            if demand.amount > free {
                rejection.reasons.push(insufficient(demand.name));
                // More than the empty node has: no eviction helps.
                rejection.resolvable &= demand.amount <= offered;
            }
        }
        if rejection.reasons.is_empty() { Verdict::Fits } else { Verdict::Rejects(rejection) }
    }

    fn filter_nodes(&self, cycle: Cycle<'_>, _state: &CycleState, nodes: &mut NodeSet) {
        let pods = cycle.snapshot.resource(ResourceId::PODS);
        nodes.retain(|node| pods.free(node) >= 1);
        for demand in demands(cycle, cycle.pod.requests()) {
            match demand.resource {
                Some(id) => {
                    let column = cycle.snapshot.resource(id);
                    nodes.retain(|node| column.free(node) >= demand.amount);
                }
                None => nodes.clear(),
            }
        }
    }
}

/// One resource of a score, with everything that does not depend on the node.
struct Part {
    resource: ResourceId,
    weight: i64,
    asked: i64,
}

impl NodeResourcesFit {
    fn parts(&self, cycle: Cycle<'_>) -> Vec<Part> {
        let requests = cycle.pod.requests();
        let part = |(name, weight): &(String, i64)| {
            let resource = cycle.snapshot.resource_id(name)?;
            let asked = match resource {
                ResourceId::CPU => requests.scored_cpu_millis,
                ResourceId::MEMORY => requests.scored_memory_bytes,
                ResourceId::EPHEMERAL_STORAGE => requests.ephemeral_storage_bytes,
                _ => requests.extended.iter().find(|(known, _)| **known == **name).map_or(0, |(_, amount)| *amount),
            };
            // Extended resources that the pod does not ask for do not count.
            (asked != 0 || !is_extended(name)).then_some(Part { resource, weight: *weight, asked })
        };
        self.strategy.resources().iter().filter_map(part).collect()
    }

    fn combine(&self, parts: &[Part], amounts: impl Fn(ResourceId) -> (i64, i64)) -> i64 {
        let (mut sum, mut weights) = (0, 0);
        for part in parts {
            let (taken, capacity) = amounts(part.resource);
            if capacity == 0 {
                continue;
            }
            let score = self.strategy.of_resource(taken + part.asked, capacity);
            // The ratio function leaves out resources that score nothing.
            if score > 0 || !matches!(self.strategy, ScoringStrategy::RequestedToCapacityRatio { .. }) {
                sum += score * part.weight;
                weights += part.weight;
            }
        }
        match (weights, &self.strategy) {
            (0, _) => 0,
            (_, ScoringStrategy::RequestedToCapacityRatio { .. }) => (sum as f64 / weights as f64).round() as i64,
            _ => sum / weights,
        }
    }
}

impl Score for NodeResourcesFit {
    fn score(&self, cycle: Cycle<'_>, _state: &CycleState, node: NodeView<'_>) -> i64 {
        self.combine(&self.parts(cycle), |resource| {
            let taken = match resource {
                ResourceId::CPU => node.scored_cpu_millis(),
                ResourceId::MEMORY => node.scored_memory_bytes(),
                other => node.requested(other),
            };
            (taken, node.allocatable(resource))
        })
    }

    fn score_nodes(&self, cycle: Cycle<'_>, _state: &CycleState, nodes: &[NodeIndex], scores: &mut [i64]) {
        let parts = self.parts(cycle);
        let snapshot = cycle.snapshot;
        for (node, score) in nodes.iter().zip(scores) {
            *score = self.combine(&parts, |resource| {
                let column = snapshot.resource(resource);
                let taken = match resource {
                    ResourceId::CPU => snapshot.scored_cpu_millis()[node.index()],
                    ResourceId::MEMORY => snapshot.scored_memory_bytes()[node.index()],
                    _ => column.requested[node.index()],
                };
                (taken, column.allocatable[node.index()])
            });
        }
    }
}

/// Would the pod fit on this node if it were empty?
fn fits_empty(pod: &PodInfo, node: &Node) -> bool {
    let offered = |name: &str| node.status.allocatable.get(name).map_or(0, |quantity| amount_of(name, quantity));
    let requests = pod.requests();
    requests.cpu_millis <= offered("cpu")
        && requests.memory_bytes <= offered("memory")
        && requests.ephemeral_storage_bytes <= offered("ephemeral-storage")
        && requests.extended.iter().all(|(name, amount)| *amount <= offered(name))
        && offered("pods") >= 1
}

impl EnqueueExtensions for NodeResourcesFit {
    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        match event {
            // Its place among the node's pods is free, whatever else.
            ClusterEvent::PodDeleted(_) => Hint::Queue,
            // A placed pod that has been resized to less.
            ClusterEvent::PodUpdated { old, new } => {
                let (before, after) = (old.requests(), new.requests());
                let less = after.cpu_millis < before.cpu_millis
                    || after.memory_bytes < before.memory_bytes
                    || after.ephemeral_storage_bytes < before.ephemeral_storage_bytes
                    || after.extended.len() < before.extended.len();
                less.into()
            }
            ClusterEvent::SelfUpdated { old, new } => (old.requests() != new.requests()).into(),
            ClusterEvent::NodeAdded(node) => fits_empty(pod, node).into(),
            ClusterEvent::NodeUpdated { new, change, .. } => (change.allocatable && fits_empty(pod, new)).into(),
            _ => Hint::Skip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assigned, container, info, node_with, pod, rejection, score, snapshot_of};

    fn asking(list: &[(&str, &str)]) -> pintle_object_model::api::core::v1::Pod {
        let mut pod = pod("p");
        pod.spec.containers = vec![container(list)];
        pod
    }

    #[test]
    fn says_what_is_missing_and_whether_evictions_help() {
        let mut snapshot =
            snapshot_of([node_with("a", &[("cpu", "2"), ("memory", "2Gi"), ("pods", "1"), ("x.io/gpu", "1")])]);
        let mut other = asking(&[("cpu", "1500m")]);
        other.metadata.name = "other".into();
        snapshot.add_pod(info(&assigned(other, "a")));
        let fit = NodeResourcesFit::default();
        type Case = (&'static [(&'static str, &'static str)], &'static [&'static str], bool);
        let cases: [Case; 5] = [
            (&[], &["Too many pods"], true),
            (&[("cpu", "600m")], &["Too many pods", "Insufficient cpu"], true),
            (&[("cpu", "3"), ("memory", "1Gi")], &["Too many pods", "Insufficient cpu"], false),
            (&[("x.io/gpu", "1"), ("memory", "3Gi")], &["Too many pods", "Insufficient memory"], false),
            (&[("y.io/fpga", "1")], &["Too many pods", "Insufficient y.io/fpga"], false),
        ];
        for (list, reasons, resolvable) in cases {
            let found = rejection(&snapshot, &asking(list), &fit, "a").expect("the node is full");
            assert_eq!(
                (found.reasons.as_slice(), found.resolvable),
                (&*reasons.iter().map(|r| Cow::Borrowed(*r)).collect::<Vec<_>>(), resolvable),
                "{list:?}"
            );
        }
    }

    #[test]
    fn strategies_rank_by_what_would_be_requested() {
        let snapshot = snapshot_of([
            node_with("small", &[("cpu", "4"), ("memory", "8Gi"), ("pods", "10")]),
            node_with("large", &[("cpu", "8"), ("memory", "16Gi"), ("pods", "10")]),
        ]);
        let pod = asking(&[("cpu", "2"), ("memory", "2Gi")]);
        let resources = vec![("cpu".to_owned(), 1), ("memory".to_owned(), 1)];
        // Requested shares: 50 % and 25 % on the small node, half of that on the large one.
        let least = NodeResourcesFit::default();
        assert_eq!(score(&snapshot, &pod, &least), [62, 81]);
        let most = NodeResourcesFit::new(ScoringStrategy::MostAllocated(resources.clone()));
        assert_eq!(score(&snapshot, &pod, &most), [37, 18]);
        let shape = vec![ShapePoint { utilization: 0, score: 0 }, ShapePoint { utilization: 100, score: 10 }];
        let ratio = NodeResourcesFit::new(ScoringStrategy::RequestedToCapacityRatio { resources, shape });
        assert_eq!(score(&snapshot, &pod, &ratio), [35, 15]);
    }
}
