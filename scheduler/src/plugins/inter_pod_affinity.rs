//! `InterPodAffinity`: pods near to, or far from, other pods. Source: Kubernetes concepts, "Inter-pod affinity and
//! anti-affinity".
//!
//! PreFilter counts, per topology key and value, the pods that matter; a node is then judged by its own labels alone.

use std::sync::Arc;

use crate::{
    ClusterEvent, Cycle, CycleState, EnqueueExtensions, Filter, Hint, LabelKey, LabelValue, MAX_NODE_SCORE, NodeIndex,
    NodeSet, NodeView, Plugin, PodInfo, PodTerm, PreFilter, PreFilterOutcome, PreScore, PreScoreOutcome, Score,
    Snapshot, Verdict,
};

/// Checks and scores affinity between pods.
#[derive(Clone, Copy, Debug, Default)]
pub struct InterPodAffinity;

/// Counts by topology key and value: a table per key, indexed by value.
#[derive(Clone, Default)]
struct Domains {
    tables: Vec<(LabelKey, Vec<i64>)>,
    /// How many entries are not zero.
    filled: usize,
}

impl Domains {
    /// Adds to the domains of these nodes.
    fn add(&mut self, snapshot: &Snapshot, key: LabelKey, nodes: impl Iterator<Item = (NodeIndex, i64)>) {
        let at = self.tables.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            self.tables.push((key, vec![0; snapshot.label_values()]));
            self.tables.len() - 1
        });
        let table = &mut self.tables[at].1;
        for (node, count) in nodes {
            let Some(value) = snapshot.label(node, key) else { continue };
            let sum = &mut table[value.index()];
            let before = *sum != 0;
            *sum += count;
            match (before, *sum != 0) {
                (false, true) => self.filled += 1,
                (true, false) => self.filled -= 1,
                _ => {}
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.filled == 0
    }

    fn get(&self, key: LabelKey, value: LabelValue) -> i64 {
        let table = self.tables.iter().find(|(known, _)| *known == key);
        table.and_then(|(_, table)| table.get(value.index())).copied().unwrap_or_default()
    }

    /// The counts of all domains that a node is in.
    fn of_node(&self, snapshot: &Snapshot, node: NodeIndex) -> impl Iterator<Item = i64> {
        self.tables.iter().filter_map(move |(key, table)| {
            let value = snapshot.label(node, *key)?;
            table.get(value.index()).copied()
        })
    }
}

#[derive(Clone, Default)]
struct Counts {
    /// Placed pods whose anti-affinity forbids this pod.
    forbidden: Domains,
    /// Placed pods that match all of this pod's affinity terms.
    wanted: Domains,
    /// Placed pods that match one of this pod's anti-affinity terms.
    unwanted: Domains,
}

/// The domain of a node for a term, if its topology key is a label of the node.
fn domain(snapshot: &Snapshot, node: NodeIndex, key: &str) -> Option<(LabelKey, LabelValue)> {
    let key = snapshot.label_key(key)?;
    Some((key, snapshot.label(node, key)?))
}

fn matches(cycle: Cycle<'_>, term: &PodTerm, pod: &PodInfo) -> bool {
    term.matches(pod, cycle.snapshot.cluster().namespace_labels(pod.namespace()))
}

fn matches_all(cycle: Cycle<'_>, terms: &[PodTerm], pod: &PodInfo) -> bool {
    !terms.is_empty() && terms.iter().all(|term| matches(cycle, term, pod))
}

impl Counts {
    fn of(cycle: Cycle<'_>) -> Self {
        let mut counts = Self::default();
        let snapshot = cycle.snapshot;
        for class in snapshot.classes_with_anti_affinity() {
            for term in &class.sample().terms().required_anti_affinity {
                spread(&mut counts.forbidden, cycle, term, cycle.pod, class.nodes());
            }
        }
        let mine = cycle.pod.terms();
        if mine.has_required() {
            for class in snapshot.classes() {
                if matches_all(cycle, &mine.required_affinity, class.sample()) {
                    for term in &mine.required_affinity {
                        spread_all(&mut counts.wanted, snapshot, term, class.nodes());
                    }
                }
                for term in &mine.required_anti_affinity {
                    spread(&mut counts.unwanted, cycle, term, class.sample(), class.nodes());
                }
            }
        }
        counts
    }

    /// As if `pod` came to `node` (`times` 1) or left it (-1).
    fn change(&mut self, cycle: Cycle<'_>, pod: &PodInfo, node: NodeIndex, times: i64) {
        let here = || std::iter::once((node, times));
        for term in &pod.terms().required_anti_affinity {
            spread(&mut self.forbidden, cycle, term, cycle.pod, here());
        }
        let mine = cycle.pod.terms();
        if matches_all(cycle, &mine.required_affinity, pod) {
            for term in &mine.required_affinity {
                spread_all(&mut self.wanted, cycle.snapshot, term, here());
            }
        }
        for term in &mine.required_anti_affinity {
            spread(&mut self.unwanted, cycle, term, pod, here());
        }
    }

    fn forbids(&self, snapshot: &Snapshot, node: NodeIndex) -> bool {
        self.forbidden.of_node(snapshot, node).any(|count| count > 0)
    }

    fn violates_anti_affinity(&self, cycle: Cycle<'_>, node: NodeIndex) -> bool {
        !self.unwanted.is_empty()
            && cycle.pod.terms().required_anti_affinity.iter().any(|term| {
                domain(cycle.snapshot, node, &term.topology_key)
                    .is_some_and(|domain| self.unwanted.get(domain.0, domain.1) > 0)
            })
    }

    fn satisfies_affinity(&self, cycle: Cycle<'_>, node: NodeIndex) -> bool {
        let terms = &cycle.pod.terms().required_affinity;
        let mut all = true;
        for term in terms {
            // Without the label a node is in no domain, so nothing can be near it.
            let Some(domain) = domain(cycle.snapshot, node, &term.topology_key) else { return false };
            all &= self.wanted.get(domain.0, domain.1) > 0;
        }
        // The first pod of a group that wants to be near itself may go anywhere.
        all || self.wanted.is_empty() && matches_all(cycle, terms, cycle.pod)
    }
}

/// Counts pods on these nodes for a term that is about `pod`.
fn spread(
    domains: &mut Domains,
    cycle: Cycle<'_>,
    term: &PodTerm,
    pod: &PodInfo,
    nodes: impl Iterator<Item = (NodeIndex, i64)>,
) {
    if matches(cycle, term, pod) {
        spread_all(domains, cycle.snapshot, term, nodes);
    }
}

fn spread_all(
    domains: &mut Domains,
    snapshot: &Snapshot,
    term: &PodTerm,
    nodes: impl Iterator<Item = (NodeIndex, i64)>,
) {
    let Some(key) = snapshot.label_key(&term.topology_key) else { return };
    domains.add(snapshot, key, nodes);
}

#[derive(Clone)]
struct Filtering(Counts);

#[derive(Clone)]
struct Scoring(Arc<Domains>);

impl Plugin for InterPodAffinity {
    fn name(&self) -> &'static str {
        "InterPodAffinity"
    }
}

impl PreFilter for InterPodAffinity {
    fn pre_filter(&self, cycle: Cycle<'_>, state: &mut CycleState) -> PreFilterOutcome {
        let counts = Counts::of(cycle);
        let nothing = counts.forbidden.is_empty() && !cycle.pod.terms().has_required();
        state.write(Filtering(counts));
        if nothing { PreFilterOutcome::Skip } else { PreFilterOutcome::Continue }
    }

    fn add_pod(&self, cycle: Cycle<'_>, state: &mut CycleState, pod: &Arc<PodInfo>, node: NodeView<'_>) {
        if let Some(Filtering(counts)) = state.get_mut() {
            counts.change(cycle, pod, node.index(), 1);
        }
    }

    fn remove_pod(&self, cycle: Cycle<'_>, state: &mut CycleState, pod: &Arc<PodInfo>, node: NodeView<'_>) {
        if let Some(Filtering(counts)) = state.get_mut() {
            counts.change(cycle, pod, node.index(), -1);
        }
    }
}

impl Filter for InterPodAffinity {
    fn filter(&self, cycle: Cycle<'_>, state: &CycleState, node: NodeView<'_>) -> Verdict {
        let Some(Filtering(counts)) = state.get() else { return Verdict::Fits };
        let index = node.index();
        if !counts.satisfies_affinity(cycle, index) {
            return Verdict::rejects_for_good("node(s) didn't match pod affinity rules");
        }
        if counts.violates_anti_affinity(cycle, index) {
            return Verdict::rejects("node(s) didn't match pod anti-affinity rules");
        }
        if counts.forbids(cycle.snapshot, index) {
            return Verdict::rejects("node(s) didn't satisfy existing pods anti-affinity rules");
        }
        Verdict::Fits
    }

    fn filter_nodes(&self, cycle: Cycle<'_>, state: &CycleState, nodes: &mut NodeSet) {
        let Some(Filtering(counts)) = state.get() else { return };
        if !cycle.pod.terms().required_affinity.is_empty() {
            nodes.retain(|node| counts.satisfies_affinity(cycle, node));
        }
        if !counts.unwanted.is_empty() {
            nodes.retain(|node| !counts.violates_anti_affinity(cycle, node));
        }
        if !counts.forbidden.is_empty() {
            nodes.retain(|node| !counts.forbids(cycle.snapshot, node));
        }
    }
}

/// How much a placed pod's required affinity to this pod counts in scores.
const HARD_AFFINITY_WEIGHT: i64 = 1;

/// Preferences of this pod about placed ones and of placed ones about this pod, summed by domain.
fn weights(cycle: Cycle<'_>) -> Domains {
    let mut domains = Domains::default();
    let snapshot = cycle.snapshot;
    let mut count = |term: &PodTerm, weight: i64, class: &crate::PodClass| {
        spread_all(&mut domains, snapshot, term, class.nodes().map(|(node, pods)| (node, pods * weight)));
    };
    let mine = cycle.pod.terms();
    if mine.has_preferred() {
        for class in snapshot.classes() {
            for term in mine.preferred_affinity.iter().filter(|term| matches(cycle, term, class.sample())) {
                count(term, i64::from(term.weight), class);
            }
            for term in mine.preferred_anti_affinity.iter().filter(|term| matches(cycle, term, class.sample())) {
                count(term, -i64::from(term.weight), class);
            }
        }
    }
    for class in snapshot.classes_with_affinity() {
        let theirs = class.sample().terms();
        for term in theirs.required_affinity.iter().filter(|term| matches(cycle, term, cycle.pod)) {
            count(term, HARD_AFFINITY_WEIGHT, class);
        }
        for term in theirs.preferred_affinity.iter().filter(|term| matches(cycle, term, cycle.pod)) {
            count(term, i64::from(term.weight), class);
        }
        for term in theirs.preferred_anti_affinity.iter().filter(|term| matches(cycle, term, cycle.pod)) {
            count(term, -i64::from(term.weight), class);
        }
    }
    domains
}

fn sum(snapshot: &Snapshot, domains: &Domains, node: NodeIndex) -> i64 {
    domains.of_node(snapshot, node).sum()
}

fn scoring(cycle: Cycle<'_>, state: &CycleState) -> Arc<Domains> {
    match state.get::<Scoring>() {
        Some(Scoring(domains)) => Arc::clone(domains),
        None => Arc::new(weights(cycle)),
    }
}

impl PreScore for InterPodAffinity {
    fn pre_score(&self, cycle: Cycle<'_>, state: &mut CycleState, _nodes: &[NodeIndex]) -> PreScoreOutcome {
        let domains = weights(cycle);
        if domains.is_empty() {
            return PreScoreOutcome::Skip;
        }
        state.write(Scoring(Arc::new(domains)));
        PreScoreOutcome::Continue
    }
}

impl Score for InterPodAffinity {
    fn score(&self, cycle: Cycle<'_>, state: &CycleState, node: NodeView<'_>) -> i64 {
        let domains = scoring(cycle, state);
        sum(cycle.snapshot, &domains, node.index())
    }

    fn score_nodes(&self, cycle: Cycle<'_>, state: &CycleState, nodes: &[NodeIndex], scores: &mut [i64]) {
        let domains = scoring(cycle, state);
        for (node, score) in nodes.iter().zip(scores) {
            *score = sum(cycle.snapshot, &domains, *node);
        }
    }

    fn normalize(&self, _cycle: Cycle<'_>, _state: &CycleState, _nodes: &[NodeIndex], scores: &mut [i64]) {
        let (Some(least), Some(most)) = (scores.iter().min().copied(), scores.iter().max().copied()) else { return };
        for score in scores {
            let share = if most > least { (*score - least) as f64 / (most - least) as f64 } else { 0.0 };
            *score = (MAX_NODE_SCORE as f64 * share) as i64;
        }
    }
}

impl EnqueueExtensions for InterPodAffinity {
    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        // Namespace labels are not at hand here: a term with a namespace selector counts as matching.
        let none = std::collections::BTreeMap::new();
        let about = |terms: &[PodTerm], other: &PodInfo| terms.iter().any(|term| term.could_match(other, &none));
        let mine = pod.terms();
        match event {
            ClusterEvent::PodAdded(new) => about(&mine.required_affinity, new).into(),
            ClusterEvent::PodUpdated { old, new } => (about(&mine.required_affinity, new)
                || about(&mine.required_anti_affinity, old)
                || old.class_key() != new.class_key())
            .into(),
            ClusterEvent::PodDeleted(gone) => (about(&mine.required_anti_affinity, gone)
                || about(&gone.terms().required_anti_affinity, pod)
                || !mine.required_affinity.is_empty())
            .into(),
            ClusterEvent::NodeAdded(_) | ClusterEvent::NamespaceChanged => Hint::Queue,
            ClusterEvent::NodeUpdated { change, .. } => change.labels.into(),
            ClusterEvent::SelfUpdated { old, new } => (old.pod().metadata.labels != new.pod().metadata.labels).into(),
            ClusterEvent::NodeDeleted(_) | ClusterEvent::Other(_) => Hint::Skip,
        }
    }
}

#[cfg(test)]
mod tests;
