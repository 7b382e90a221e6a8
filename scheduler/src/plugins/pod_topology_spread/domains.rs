//! Counting matching pods by domain.
//!
//! Counts are tables indexed by label value, so that counting is a walk over columns.

use super::constraint::{Constraint, HOSTNAME, Inclusion};
use crate::{Cycle, LabelKey, LabelValue, NodeIndex, NodeSet, PodInfo, Snapshot};

/// A domain that no counted node is in.
const NO_DOMAIN: i64 = -1;

/// One required constraint with its counts.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    constraint: Constraint,
    /// `None`: no node has the label.
    key: Option<LabelKey>,
    /// By label value.
    counts: Vec<i64>,
    /// The values that are domains.
    domains: Vec<LabelValue>,
    least: i64,
    /// Does the constraint count the pod itself?
    own: i64,
}

fn keys(snapshot: &Snapshot, constraints: &[Constraint]) -> Vec<Option<LabelKey>> {
    constraints.iter().map(|constraint| snapshot.label_key(&constraint.topology_key)).collect()
}

fn has_all(snapshot: &Snapshot, keys: &[Option<LabelKey>], node: NodeIndex) -> bool {
    keys.iter().all(|key| key.is_some_and(|key| snapshot.label(node, key).is_some()))
}

impl Spread {
    pub(super) fn all(cycle: Cycle<'_>, constraints: Vec<Constraint>) -> Vec<Self> {
        let snapshot = cycle.snapshot;
        let inclusion = Inclusion::new(cycle);
        let keys = keys(snapshot, &constraints);
        let own = |constraint: &Constraint| i64::from(constraint.selector.matches(&cycle.pod.pod().metadata.labels));
        let mut spreads: Vec<Self> = constraints
            .into_iter()
            .zip(&keys)
            .map(|(constraint, key)| Self {
                own: own(&constraint),
                constraint,
                key: *key,
                counts: vec![NO_DOMAIN; snapshot.label_values()],
                domains: vec![],
                least: 0,
            })
            .collect();
        // Where every node has every label, the domains are known without a look at the nodes.
        let complete = keys.iter().all(|key| {
            key.is_some_and(|key| snapshot.label_values_of(key).map(|(_, n)| n).sum::<usize>() == snapshot.len())
        });
        for spread in &mut spreads {
            if complete && inclusion.is_everything(&spread.constraint) {
                spread.register_all(snapshot);
            } else {
                spread.register(snapshot, &inclusion, &keys);
            }
        }
        for class in snapshot.classes_in(cycle.pod.namespace()) {
            for spread in &mut spreads {
                if !spread.constraint.counts(cycle, class.sample()) {
                    continue;
                }
                for (node, pods) in class.nodes().filter(|(node, _)| has_all(snapshot, &keys, *node)) {
                    if inclusion.includes(&spread.constraint, node)
                        && let Some(count) = spread.count_of(snapshot, node)
                    {
                        *count += pods;
                    }
                }
            }
        }
        for spread in &mut spreads {
            spread.settle();
        }
        spreads
    }

    fn register_all(&mut self, snapshot: &Snapshot) {
        let Some(key) = self.key else { return };
        for (value, _) in snapshot.label_values_of(key) {
            self.counts[value.index()] = 0;
            self.domains.push(value);
        }
    }

    fn register(&mut self, snapshot: &Snapshot, inclusion: &Inclusion<'_>, keys: &[Option<LabelKey>]) {
        let Some(key) = self.key else { return };
        for node in snapshot.live().iter() {
            if has_all(snapshot, keys, node)
                && inclusion.includes(&self.constraint, node)
                && let Some(value) = snapshot.label(node, key)
                && self.counts[value.index()] == NO_DOMAIN
            {
                self.counts[value.index()] = 0;
                self.domains.push(value);
            }
        }
    }

    /// As if `pod` came to `node` (`times` 1) or left it (-1).
    pub(super) fn change(spreads: &mut [Self], cycle: Cycle<'_>, pod: &PodInfo, node: NodeIndex, times: i64) {
        let keys: Vec<Option<LabelKey>> = spreads.iter().map(|spread| spread.key).collect();
        if !has_all(cycle.snapshot, &keys, node) || !spreads.iter().any(|s| s.constraint.counts(cycle, pod)) {
            return;
        }
        let inclusion = Inclusion::new(cycle);
        for spread in spreads {
            if spread.constraint.counts(cycle, pod)
                && inclusion.includes(&spread.constraint, node)
                && let Some(count) = spread.count_of(cycle.snapshot, node)
            {
                *count += times;
                spread.settle();
            }
        }
    }

    fn count_of(&mut self, snapshot: &Snapshot, node: NodeIndex) -> Option<&mut i64> {
        let value = snapshot.label(node, self.key?)?;
        self.counts.get_mut(value.index())
    }

    fn settle(&mut self) {
        self.least = self.domains.iter().map(|value| self.counts[value.index()]).min().unwrap_or_default();
    }

    pub(super) fn max_skew(&self) -> i64 {
        self.constraint.max_skew
    }

    /// The skew if the pod came to this node; `None`: the node has no such label.
    pub(super) fn skew(&self, snapshot: &Snapshot, node: NodeIndex) -> Option<i64> {
        let value = snapshot.label(node, self.key?)?;
        let count = self.counts.get(value.index()).copied().unwrap_or_default().max(0);
        let least = if (self.domains.len() as i64) < self.constraint.min_domains { 0 } else { self.least };
        Some(count + self.own - least)
    }
}

/// Preferred constraints with what they count.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    parts: Vec<Part>,
    ignored: NodeSet,
}

#[derive(Clone, Debug)]
struct Part {
    key: Option<LabelKey>,
    /// Hosts are counted by node, others by label value.
    by_node: bool,
    counts: Vec<i64>,
    weight: f64,
    max_skew: i64,
}

impl Weights {
    /// For these feasible nodes. `all_labels`: a node that lacks one of the labels is ignored.
    pub(super) fn new(cycle: Cycle<'_>, constraints: Vec<Constraint>, nodes: &[NodeIndex], all_labels: bool) -> Self {
        let snapshot = cycle.snapshot;
        let keys = keys(snapshot, &constraints);
        let lacks = |node: NodeIndex| all_labels && !has_all(snapshot, &keys, node);
        let ignored: NodeSet = nodes.iter().copied().filter(|node| lacks(*node)).collect();
        let inclusion = Inclusion::new(cycle);
        let counted = nodes.len() - ignored.len();
        let mut parts = vec![];
        for (constraint, key) in constraints.iter().zip(&keys) {
            let by_node = constraint.topology_key == HOSTNAME;
            let mut domains = counted;
            let mut counts = if by_node { vec![0; snapshot.slots()] } else { vec![NO_DOMAIN; snapshot.label_values()] };
            if !by_node {
                domains = 0;
                for node in nodes.iter().filter(|node| !ignored.contains(**node)) {
                    if let Some(value) = key.and_then(|key| snapshot.label(*node, key))
                        && counts[value.index()] == NO_DOMAIN
                    {
                        counts[value.index()] = 0;
                        domains += 1;
                    }
                }
            }
            // More domains make each count for more, so that no constraint drowns the others.
            let weight = ((domains + 2) as f64).ln();
            parts.push(Part { key: *key, by_node, counts, weight, max_skew: constraint.max_skew });
        }
        for class in snapshot.classes_in(cycle.pod.namespace()) {
            for (constraint, part) in constraints.iter().zip(&mut parts) {
                if !constraint.counts(cycle, class.sample()) {
                    continue;
                }
                for (node, pods) in class.nodes() {
                    if part.by_node {
                        part.counts[node.index()] += pods;
                    } else if !lacks(node)
                        && inclusion.matches_selector(node)
                        && inclusion.includes(constraint, node)
                        && let Some(value) = part.key.and_then(|key| snapshot.label(node, key))
                        && part.counts[value.index()] != NO_DOMAIN
                    {
                        part.counts[value.index()] += pods;
                    }
                }
            }
        }
        Self { parts, ignored }
    }

    pub(super) fn ignores(&self, node: NodeIndex) -> bool {
        self.ignored.contains(node)
    }

    pub(super) fn score(&self, snapshot: &Snapshot, node: NodeIndex) -> i64 {
        if self.ignores(node) {
            return 0;
        }
        let of_part = |part: &Part| {
            let value = part.key.and_then(|key| snapshot.label(node, key))?;
            let at = if part.by_node { node.index() } else { value.index() };
            let count = part.counts.get(at).copied().unwrap_or_default().max(0);
            Some(count as f64 * part.weight + (part.max_skew - 1) as f64)
        };
        self.parts.iter().filter_map(of_part).sum::<f64>().round() as i64
    }
}
