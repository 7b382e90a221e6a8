//! Who would have to leave one node.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use pintle_object_model::selector::Selector;

use crate::PostFilterAttempt;
use crate::{CycleState, NodeOverlay, NodeView, PodInfo, Rejection, Snapshot};

/// Who has to go, the most important first.
#[derive(Clone, Debug)]
pub(super) struct Victims {
    pub(super) pods: Vec<Arc<PodInfo>>,
    /// How many of them a disruption budget would protect.
    pub(super) violations: usize,
}

/// Start of a pod in Unix seconds; what has not started yet counts as later than everything.
fn started(pod: &PodInfo) -> i64 {
    pod.pod().status.start_time.map_or(i64::MAX, |time| time.unix())
}

/// The more important pods first: by priority, then those that have run longer.
fn importance(pod: &Arc<PodInfo>) -> (Reverse<i32>, i64, String) {
    (Reverse(pod.priority()), started(pod), pod.uid().to_owned())
}

impl Victims {
    /// Less is better: protected pods, the most important victim, the sum of importance, the number of victims; then the
    /// node whose most important victims have run for the shortest time.
    pub(super) fn harm(&self) -> (usize, i32, i64, usize, Reverse<i64>) {
        let highest = self.pods.iter().map(|pod| pod.priority()).max().unwrap_or(i32::MIN);
        // Shifted, so that a victim of negative priority still counts.
        let sum = self.pods.iter().map(|pod| i64::from(pod.priority()) + i64::from(i32::MAX) + 1).sum();
        let of_highest = self.pods.iter().filter(|pod| pod.priority() == highest);
        let earliest = of_highest.map(|pod| started(pod)).min().unwrap_or(i64::MAX);
        (self.violations, highest, sum, self.pods.len(), Reverse(earliest))
    }
}

/// A node as it would be without some pods.
struct WhatIf<'a, 'b> {
    attempt: &'a PostFilterAttempt<'b>,
    node: NodeView<'a>,
    overlay: NodeOverlay,
    state: CycleState,
}

impl WhatIf<'_, '_> {
    fn remove(&mut self, pod: &Arc<PodInfo>) {
        self.overlay.remove(pod);
        for plugin in &self.attempt.profile.pre_filter {
            plugin.remove_pod(self.attempt.cycle, &mut self.state, pod, self.node);
        }
    }

    fn put_back(&mut self, pod: &Arc<PodInfo>) {
        self.overlay.add(Arc::clone(pod));
        for plugin in &self.attempt.profile.pre_filter {
            plugin.add_pod(self.attempt.cycle, &mut self.state, pod, self.node);
        }
    }

    fn fits(&self) -> Result<(), Rejection> {
        let node = self.node.with_overlay(&self.overlay);
        let PostFilterAttempt { cycle, nominator, profile, .. } = self.attempt;
        profile.judge(*cycle, &self.state, node, nominator).map_err(|(_, rejection)| rejection)
    }

    /// Lets a pod stay if the new one fits beside it.
    fn reprieve(&mut self, pod: &Arc<PodInfo>) -> bool {
        self.put_back(pod);
        let stays = self.fits().is_ok();
        if !stays {
            self.remove(pod);
        }
        stays
    }
}

/// The fewest, least important pods that have to leave `node`.
pub(super) fn select(attempt: &PostFilterAttempt<'_>, node: NodeView<'_>) -> Result<Victims, Rejection> {
    let cycle = attempt.cycle;
    let mut lesser: Vec<Arc<PodInfo>> =
        node.pods().iter().filter(|pod| pod.priority() < cycle.pod.priority()).cloned().collect();
    if lesser.is_empty() {
        return Err(Rejection::unresolvable("No preemption victims found for incoming pod"));
    }
    lesser.sort_by_cached_key(importance);
    let mut what_if = WhatIf { attempt, node, overlay: NodeOverlay::new(node), state: attempt.state.clone() };
    for pod in &lesser {
        what_if.remove(pod);
    }
    what_if.fits()?;
    let (protected, open) = by_budget(cycle.snapshot, lesser);
    let mut pods = vec![];
    for pod in protected {
        if !what_if.reprieve(&pod) {
            pods.push(pod);
        }
    }
    let violations = pods.len();
    for pod in open {
        if !what_if.reprieve(&pod) {
            pods.push(pod);
        }
    }
    pods.sort_by_cached_key(importance);
    Ok(Victims { pods, violations })
}

/// Those whose eviction would break a disruption budget (counting the evictions before), and the others.
fn by_budget(snapshot: &Snapshot, pods: Vec<Arc<PodInfo>>) -> (Vec<Arc<PodInfo>>, Vec<Arc<PodInfo>>) {
    let budgets: Vec<_> = snapshot.cluster().budgets().collect();
    let mut left: BTreeMap<usize, i32> = BTreeMap::new();
    pods.into_iter().partition(|pod| {
        let mut violates = false;
        for (number, budget) in budgets.iter().enumerate() {
            let selector = Selector::from_field(budget.spec.selector.as_deref());
            if budget.metadata.namespace != pod.namespace()
                || pod.pod().metadata.labels.is_empty()
                || selector.is_empty()
                || !selector.matches(&pod.pod().metadata.labels)
                // Its eviction has been counted already.
                || budget.status.disrupted_pods.contains_key(&pod.key().name)
            {
                continue;
            }
            let left = left.entry(number).or_insert(budget.status.disruptions_allowed);
            *left -= 1;
            violates |= *left < 0;
        }
        violates
    })
}
