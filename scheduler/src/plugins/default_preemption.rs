//! `DefaultPreemption`: makes room for a pod by evicting less important ones. Source: Kubernetes concepts, "Pod Priority
//! and Preemption".
//!
//! For each node on which evictions could help, it finds the fewest and least important pods whose absence lets the pod
//! in, sparing those that disruption budgets protect where it can; then it picks the node where that does least harm.

mod victims;

use std::collections::BTreeMap;
use std::sync::Arc;

use victims::{Victims, select};

use crate::PostFilterAttempt;
use crate::{NodeIndex, NodeView, Plugin, PodInfo, PostFilter, PostFilterOutcome, Preemption, Rejection};

/// How many nodes are tried.
#[derive(Clone, Debug)]
pub struct DefaultPreemption {
    /// Share of all nodes that are tried before one is picked, in percent. Default 10.
    pub candidates_percent: usize,
    /// At least this many. Default 100.
    pub candidates_min: usize,
}

impl Default for DefaultPreemption {
    fn default() -> Self {
        Self { candidates_percent: 10, candidates_min: 100 }
    }
}

const NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";

impl Plugin for DefaultPreemption {
    fn name(&self) -> &'static str {
        "DefaultPreemption"
    }
}

impl PostFilter for DefaultPreemption {
    fn post_filter(&self, attempt: &PostFilterAttempt<'_>) -> PostFilterOutcome {
        if let Err(why) = eligible(attempt) {
            let message = format!("preemption: not eligible due to {why}.");
            return PostFilterOutcome::Nothing { message, clear_nomination: false };
        }
        let (candidates, rejections) = self.candidates(attempt);
        match best(candidates) {
            Some((node, victims)) => PostFilterOutcome::Nominate(Preemption { node, victims: victims.pods }),
            None => {
                let message = format!("preemption: {}", describe(attempt, rejections));
                PostFilterOutcome::Nothing { message, clear_nomination: true }
            }
        }
    }
}

fn eligible(attempt: &PostFilterAttempt<'_>) -> Result<(), &'static str> {
    let pod = attempt.cycle.pod;
    if pod.pod().spec.preemption_policy.as_deref() == Some("Never") {
        return Err("preemptionPolicy=Never");
    }
    let Some(name) = attempt.nominator.node_of(pod.uid()) else { return Ok(()) };
    let Some(node) = attempt.cycle.snapshot.node(name) else { return Ok(()) };
    // If evictions cannot help there any more, the promise is void and others may be evicted.
    if attempt.diagnosis.rejections.get(&node.index()).is_some_and(|why| !why.resolvable) {
        return Ok(());
    }
    let leaving = |other: &Arc<PodInfo>| other.is_terminating() && other.priority() < pod.priority();
    if node.pods().iter().any(leaving) {
        return Err("a terminating pod on the nominated node");
    }
    Ok(())
}

/// A node that would do, and who has to go for it.
type Candidate = (String, Victims);

impl DefaultPreemption {
    /// Candidates among the nodes where evictions could help, and why the others are none.
    fn candidates(&self, attempt: &PostFilterAttempt<'_>) -> (Vec<Candidate>, BTreeMap<NodeIndex, Rejection>) {
        let snapshot = attempt.cycle.snapshot;
        let resolvable = |(index, why): (&NodeIndex, &Rejection)| why.resolvable.then_some(*index);
        let potential: Vec<NodeView<'_>> = attempt
            .diagnosis
            .rejections
            .iter()
            .filter_map(resolvable)
            .filter_map(|index| snapshot.view(index))
            .collect();
        let enough = (potential.len() * self.candidates_percent / 100).max(self.candidates_min).min(potential.len());
        // From a random place on, so that successive preemptions do not all fall on the same nodes.
        let offset = attempt.random.below(potential.len() as u64) as usize;
        let mut candidates: Vec<Candidate> = vec![];
        let mut rejections = BTreeMap::new();
        for node in potential.iter().cycle().skip(offset).take(potential.len()) {
            match select(attempt, *node) {
                Ok(victims) => candidates.push((node.name().to_owned(), victims)),
                Err(rejection) => {
                    rejections.insert(node.index(), rejection);
                }
            }
            let harmless = candidates.iter().any(|(_, victims)| victims.violations == 0);
            if candidates.len() >= enough && harmless {
                break;
            }
        }
        (candidates, rejections)
    }
}

/// The sentence about why nothing can be done.
fn describe(attempt: &PostFilterAttempt<'_>, rejections: BTreeMap<NodeIndex, Rejection>) -> String {
    let nodes = attempt.diagnosis.nodes;
    let diagnosis = crate::Diagnosis {
        nodes,
        rejections,
        absent: Some(Rejection::unresolvable(NOT_HELPFUL)),
        ..crate::Diagnosis::default()
    };
    diagnosis.message()
}

/// The candidate that does least harm; the first among equals.
fn best(candidates: Vec<Candidate>) -> Option<Candidate> {
    candidates.into_iter().min_by_key(|(_, victims)| victims.harm())
}

#[cfg(test)]
mod tests;
