//! `NodeAffinity`: `nodeSelector` and node affinity. Source: Kubernetes concepts, "Assigning Pods to Nodes".

use std::collections::BTreeSet;
use std::sync::Arc;

use pintle_object_model::api::core::v1::{NodeSelectorTerm, Pod, PreferredSchedulingTerm};

use super::node_selector::{CompiledNodeSelector, CompiledTerm};
use super::normalize::scale;
use crate::{
    ClusterEvent, Cycle, CycleState, EnqueueExtensions, Filter, Hint, NodeIndex, NodeSet, NodeView, Plugin, PodInfo,
    PreFilter, PreFilterOutcome, PreScore, PreScoreOutcome, Score, Snapshot, Verdict,
};

/// Checks and scores node labels (and names, by `matchFields`).
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeAffinity;

#[derive(Clone)]
struct Required(Arc<CompiledNodeSelector>);

#[derive(Clone)]
struct Preferred(Arc<Vec<(CompiledTerm, i64)>>);

fn terms(pod: &Pod) -> Option<&[NodeSelectorTerm]> {
    let affinity = pod.spec.affinity.as_ref()?.node_affinity.as_ref()?;
    Some(&affinity.required_during_scheduling_ignored_during_execution.as_ref()?.node_selector_terms)
}

fn preferences(pod: &Pod) -> &[PreferredSchedulingTerm] {
    let affinity = pod.spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    affinity.map_or(&[], |affinity| &affinity.preferred_during_scheduling_ignored_during_execution)
}

/// The names that the terms allow, if every term names nodes.
fn named_nodes(terms: &[NodeSelectorTerm]) -> Option<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for term in terms {
        let mut of_term: Option<BTreeSet<String>> = None;
        for field in term.match_fields.iter().filter(|f| f.key == "metadata.name" && f.operator == "In") {
            let names: BTreeSet<String> = field.values.iter().cloned().collect();
            of_term = Some(match of_term {
                None => names,
                Some(before) => before.intersection(&names).cloned().collect(),
            });
        }
        all.extend(of_term?);
    }
    (!terms.is_empty()).then_some(all)
}

fn required(cycle: Cycle<'_>, state: &CycleState) -> Arc<CompiledNodeSelector> {
    match state.get::<Required>() {
        Some(Required(selector)) => Arc::clone(selector),
        None => Arc::new(CompiledNodeSelector::new(cycle.snapshot, cycle.pod.pod())),
    }
}

fn preferred(cycle: Cycle<'_>, state: &CycleState) -> Arc<Vec<(CompiledTerm, i64)>> {
    if let Some(Preferred(terms)) = state.get::<Preferred>() {
        return Arc::clone(terms);
    }
    let compile =
        |term: &PreferredSchedulingTerm| (CompiledTerm::new(cycle.snapshot, &term.preference), i64::from(term.weight));
    Arc::new(preferences(cycle.pod.pod()).iter().filter(|term| term.weight != 0).map(compile).collect())
}

fn sum(terms: &[(CompiledTerm, i64)], node: NodeView<'_>) -> i64 {
    terms.iter().filter(|(term, _)| term.matches(node)).map(|(_, weight)| weight).sum()
}

impl Plugin for NodeAffinity {
    fn name(&self) -> &'static str {
        "NodeAffinity"
    }
}

impl PreFilter for NodeAffinity {
    fn pre_filter(&self, cycle: Cycle<'_>, state: &mut CycleState) -> PreFilterOutcome {
        let selector = CompiledNodeSelector::new(cycle.snapshot, cycle.pod.pod());
        if selector.is_empty() {
            return PreFilterOutcome::Skip;
        }
        state.write(Required(Arc::new(selector)));
        match terms(cycle.pod.pod()).and_then(named_nodes) {
            Some(names) if names.is_empty() => {
                PreFilterOutcome::Reject(crate::Rejection::unresolvable("pod affinity terms conflict"))
            }
            Some(names) => PreFilterOutcome::Nodes(names),
            None => PreFilterOutcome::Continue,
        }
    }
}

impl Filter for NodeAffinity {
    fn filter(&self, cycle: Cycle<'_>, state: &CycleState, node: NodeView<'_>) -> Verdict {
        if required(cycle, state).matches(node) {
            return Verdict::Fits;
        }
        Verdict::rejects_for_good("node(s) didn't match Pod's node affinity/selector")
    }

    fn filter_nodes(&self, cycle: Cycle<'_>, state: &CycleState, nodes: &mut NodeSet) {
        let selector = required(cycle, state);
        nodes.retain(|index| cycle.snapshot.view(index).is_some_and(|node| selector.matches(node)));
    }
}

impl PreScore for NodeAffinity {
    fn pre_score(&self, cycle: Cycle<'_>, state: &mut CycleState, _nodes: &[NodeIndex]) -> PreScoreOutcome {
        let terms = preferred(cycle, state);
        if terms.is_empty() {
            return PreScoreOutcome::Skip;
        }
        state.write(Preferred(terms));
        PreScoreOutcome::Continue
    }
}

impl Score for NodeAffinity {
    fn score(&self, cycle: Cycle<'_>, state: &CycleState, node: NodeView<'_>) -> i64 {
        sum(&preferred(cycle, state), node)
    }

    fn score_nodes(&self, cycle: Cycle<'_>, state: &CycleState, nodes: &[NodeIndex], scores: &mut [i64]) {
        let terms = preferred(cycle, state);
        for (index, score) in nodes.iter().zip(scores) {
            *score = cycle.snapshot.view(*index).map_or(0, |node| sum(&terms, node));
        }
    }

    fn normalize(&self, _cycle: Cycle<'_>, _state: &CycleState, _nodes: &[NodeIndex], scores: &mut [i64]) {
        scale(scores, false);
    }
}

impl EnqueueExtensions for NodeAffinity {
    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        let matches = |node: &Arc<pintle_object_model::api::core::v1::Node>| {
            let mut alone = Snapshot::new();
            let index = alone.put_node(Arc::clone(node));
            let selector = CompiledNodeSelector::new(&alone, pod.pod());
            alone.view(index).is_some_and(|node| selector.matches(node))
        };
        match event {
            ClusterEvent::NodeAdded(node) => matches(node).into(),
            ClusterEvent::NodeUpdated { old, new, change } => (change.labels && !matches(old) && matches(new)).into(),
            _ => Hint::Skip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{fits, node, node_affinity, pod, requirement, snapshot_of};

    #[test]
    fn required_terms_are_ored_and_their_requirements_anded() {
        let mut a = node("a");
        a.metadata.labels.extend([("zone".into(), "z1".into()), ("size".into(), "5".into())]);
        let b = node("b");
        let snapshot = snapshot_of([a, b]);
        let cases: Vec<(Vec<NodeSelectorTerm>, [bool; 2])> = vec![
            (vec![expressions(&[("zone", "In", &["z1", "z2"])])], [true, false]),
            (vec![expressions(&[("zone", "NotIn", &["z1"])])], [false, true]),
            (vec![expressions(&[("zone", "Exists", &[])])], [true, false]),
            (vec![expressions(&[("zone", "DoesNotExist", &[])])], [false, true]),
            (vec![expressions(&[("size", "Gt", &["4"])])], [true, false]),
            (vec![expressions(&[("size", "Lt", &["4"])])], [false, false]),
            (vec![expressions(&[("zone", "In", &["z1"]), ("size", "In", &["6"])])], [false, false]),
            (vec![expressions(&[("zone", "In", &["z9"])]), fields("In", "b")], [false, true]),
            (vec![fields("NotIn", "b")], [true, false]),
            (vec![NodeSelectorTerm::default()], [false, false]),
            (vec![], [false, false]),
        ];
        for (terms, expected) in cases {
            let mut pod = pod("p");
            pod.spec.affinity = Some(node_affinity(terms.clone(), vec![]));
            assert_eq!(fits(&snapshot, &pod, &NodeAffinity), expected, "{terms:?}");
        }
        let mut pod = pod("p");
        pod.spec.node_selector.insert("zone".into(), "z1".into());
        assert_eq!(fits(&snapshot, &pod, &NodeAffinity), [true, false]);
    }

    fn expressions(list: &[(&str, &str, &[&str])]) -> NodeSelectorTerm {
        NodeSelectorTerm {
            match_expressions: list.iter().map(|(key, op, values)| requirement(key, op, values)).collect(),
            ..NodeSelectorTerm::default()
        }
    }
    fn fields(operator: &str, name: &str) -> NodeSelectorTerm {
        NodeSelectorTerm {
            match_fields: vec![requirement("metadata.name", operator, &[name])],
            ..NodeSelectorTerm::default()
        }
    }

    #[test]
    fn names_are_found_only_if_every_term_has_them() {
        assert_eq!(named_nodes(&[fields("In", "a"), fields("In", "b")]), Some(["a".into(), "b".into()].into()));
        assert_eq!(named_nodes(&[fields("In", "a"), fields("NotIn", "b")]), None);
        assert_eq!(named_nodes(&[]), None);
    }
}
