//! `PodTopologySpread`: equal pods evenly over zones, hosts and other domains. Source: Kubernetes concepts, "Pod Topology
//! Spread Constraints"; KEP-895, KEP-3022 (`minDomains`), KEP-3094 (inclusion policies), KEP-3243 (`matchLabelKeys`).

mod constraint;
mod domains;

use std::sync::Arc;

use constraint::Constraint;
pub use constraint::DefaultConstraints;
use domains::{Spread, Weights};

use crate::{
    ClusterEvent, Cycle, CycleState, EnqueueExtensions, Filter, Hint, MAX_NODE_SCORE, NodeIndex, NodeSet, NodeView,
    Plugin, PodInfo, PreFilter, PreFilterOutcome, PreScore, PreScoreOutcome, Score, Verdict,
};

const MISSING: &str = "node(s) didn't match pod topology spread constraints (missing required label)";
const SKEWED: &str = "node(s) didn't match pod topology spread constraints";

/// Checks `DoNotSchedule` constraints and scores `ScheduleAnyway` ones.
#[derive(Clone, Debug, Default)]
pub struct PodTopologySpread {
    defaults: DefaultConstraints,
}

impl PodTopologySpread {
    /// With these constraints for pods that have none.
    pub fn new(defaults: DefaultConstraints) -> Self {
        Self { defaults }
    }
}

#[derive(Clone)]
struct Filtering(Vec<Spread>);

#[derive(Clone)]
struct Scoring(Arc<Weights>);

impl Plugin for PodTopologySpread {
    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }
}

impl PreFilter for PodTopologySpread {
    fn pre_filter(&self, cycle: Cycle<'_>, state: &mut CycleState) -> PreFilterOutcome {
        let hard = Constraint::of(cycle, &self.defaults, "DoNotSchedule");
        if hard.is_empty() {
            return PreFilterOutcome::Skip;
        }
        state.write(Filtering(Spread::all(cycle, hard)));
        PreFilterOutcome::Continue
    }

    fn add_pod(&self, cycle: Cycle<'_>, state: &mut CycleState, pod: &Arc<PodInfo>, node: NodeView<'_>) {
        if let Some(Filtering(spreads)) = state.get_mut() {
            Spread::change(spreads, cycle, pod, node.index(), 1);
        }
    }

    fn remove_pod(&self, cycle: Cycle<'_>, state: &mut CycleState, pod: &Arc<PodInfo>, node: NodeView<'_>) {
        if let Some(Filtering(spreads)) = state.get_mut() {
            Spread::change(spreads, cycle, pod, node.index(), -1);
        }
    }
}

impl Filter for PodTopologySpread {
    fn filter(&self, cycle: Cycle<'_>, state: &CycleState, node: NodeView<'_>) -> Verdict {
        let Some(Filtering(spreads)) = state.get() else { return Verdict::Fits };
        for spread in spreads {
            match spread.skew(cycle.snapshot, node.index()) {
                None => return Verdict::rejects_for_good(MISSING),
                Some(skew) if skew > spread.max_skew() => return Verdict::rejects(SKEWED),
                Some(_) => {}
            }
        }
        Verdict::Fits
    }

    fn filter_nodes(&self, cycle: Cycle<'_>, state: &CycleState, nodes: &mut NodeSet) {
        let Some(Filtering(spreads)) = state.get() else { return };
        for spread in spreads {
            let most = spread.max_skew();
            nodes.retain(|node| spread.skew(cycle.snapshot, node).is_some_and(|skew| skew <= most));
        }
    }
}

impl PreScore for PodTopologySpread {
    fn pre_score(&self, cycle: Cycle<'_>, state: &mut CycleState, nodes: &[NodeIndex]) -> PreScoreOutcome {
        let soft = Constraint::of(cycle, &self.defaults, "ScheduleAnyway");
        if soft.is_empty() {
            return PreScoreOutcome::Skip;
        }
        // Kubernetes' own defaults do not demand that nodes have every label.
        let all_labels = !cycle.pod.pod().spec.topology_spread_constraints.is_empty()
            || !matches!(self.defaults, DefaultConstraints::System);
        state.write(Scoring(Arc::new(Weights::new(cycle, soft, nodes, all_labels))));
        PreScoreOutcome::Continue
    }
}

impl Score for PodTopologySpread {
    fn score(&self, cycle: Cycle<'_>, state: &CycleState, node: NodeView<'_>) -> i64 {
        state.get::<Scoring>().map_or(0, |Scoring(weights)| weights.score(cycle.snapshot, node.index()))
    }

    fn normalize(&self, _cycle: Cycle<'_>, state: &CycleState, nodes: &[NodeIndex], scores: &mut [i64]) {
        let Some(Scoring(weights)) = state.get() else { return };
        let counted = || nodes.iter().zip(&*scores).filter(|(node, _)| !weights.ignores(**node)).map(|(_, s)| *s);
        let (least, most) = (counted().min().unwrap_or_default(), counted().max().unwrap_or_default());
        for (node, score) in nodes.iter().zip(scores) {
            *score = if weights.ignores(*node) {
                0
            } else if most == 0 {
                MAX_NODE_SCORE
            } else {
                MAX_NODE_SCORE * (most + least - *score) / most
            };
        }
    }
}

impl EnqueueExtensions for PodTopologySpread {
    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        let constraints = || pod.pod().spec.topology_spread_constraints.iter();
        let counted = |other: &PodInfo| {
            other.namespace() == pod.namespace()
                && (constraints().next().is_none() || constraints().any(|of| Constraint::selects(pod, of, other)))
        };
        match event {
            ClusterEvent::PodAdded(other) | ClusterEvent::PodDeleted(other) => counted(other).into(),
            ClusterEvent::PodUpdated { old, new } => (counted(old) || counted(new)).into(),
            ClusterEvent::SelfUpdated { old, new } => (old.pod().metadata.labels != new.pod().metadata.labels).into(),
            // A domain less can lower the skew, too.
            ClusterEvent::NodeAdded(_) | ClusterEvent::NodeDeleted(_) => Hint::Queue,
            ClusterEvent::NodeUpdated { change, .. } => (change.labels || change.taints).into(),
            ClusterEvent::NamespaceChanged | ClusterEvent::Other(_) => Hint::Skip,
        }
    }
}

#[cfg(test)]
mod tests;
