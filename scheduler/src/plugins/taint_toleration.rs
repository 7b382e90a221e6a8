//! `TaintToleration`: pods stay off nodes whose taints they do not tolerate. Source: Kubernetes concepts, "Taints and
//! Tolerations".

use pintle_object_model::api::core::v1::{Taint, Toleration};

use super::normalize::scale;
use crate::{
    ClusterEvent, Cycle, CycleState, EnqueueExtensions, Filter, Hint, NodeIndex, NodeSet, NodeView, Plugin, PodInfo,
    PreScore, PreScoreOutcome, Score, Verdict,
};

/// Checks taints against tolerations; prefers nodes with fewer `PreferNoSchedule` taints that are not tolerated.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaintToleration;

/// Is this taint tolerated by one of these tolerations?
pub(crate) fn tolerates(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations.iter().any(|toleration| tolerates_one(toleration, taint))
}

fn tolerates_one(toleration: &Toleration, taint: &Taint) -> bool {
    if !toleration.effect.is_empty() && toleration.effect != taint.effect {
        return false;
    }
    if !toleration.key.is_empty() && toleration.key != taint.key {
        return false;
    }
    let numbers = || Some((taint.value.parse::<i64>().ok()?, toleration.value.parse::<i64>().ok()?));
    match toleration.operator.as_str() {
        "" | "Equal" => toleration.value == taint.value,
        "Exists" => true,
        // KEP-5471: compares numbers.
        "Gt" => numbers().is_some_and(|(taint, bound)| taint > bound),
        "Lt" => numbers().is_some_and(|(taint, bound)| taint < bound),
        _ => false,
    }
}

/// Do the taints keep this pod off?
pub(crate) fn keep_off(pod: &PodInfo, taints: &[Taint]) -> bool {
    taints
        .iter()
        .filter(|taint| taint.effect == "NoSchedule" || taint.effect == "NoExecute")
        .any(|taint| !tolerates(&pod.pod().spec.tolerations, taint))
}

fn disliked(pod: &PodInfo, taints: &[Taint]) -> i64 {
    let tolerations: Vec<Toleration> = pod
        .pod()
        .spec
        .tolerations
        .iter()
        .filter(|toleration| toleration.effect.is_empty() || toleration.effect == "PreferNoSchedule")
        .cloned()
        .collect();
    let open = taints.iter().filter(|taint| taint.effect == "PreferNoSchedule");
    open.filter(|taint| !tolerates(&tolerations, taint)).count() as i64
}

impl Plugin for TaintToleration {
    fn name(&self) -> &'static str {
        "TaintToleration"
    }
}

impl Filter for TaintToleration {
    fn filter(&self, cycle: Cycle<'_>, _state: &CycleState, node: NodeView<'_>) -> Verdict {
        if keep_off(cycle.pod, node.taints()) {
            return Verdict::rejects_for_good("node(s) had untolerated taint(s)");
        }
        Verdict::Fits
    }

    fn filter_nodes(&self, cycle: Cycle<'_>, _state: &CycleState, nodes: &mut NodeSet) {
        let sets = cycle.snapshot.taint_sets();
        let off: Vec<bool> = sets.iter().map(|taints| keep_off(cycle.pod, taints)).collect();
        if off.contains(&true) {
            nodes.retain(|node| !off[cycle.snapshot.taint_set(node)]);
        }
    }
}

impl PreScore for TaintToleration {
    fn pre_score(&self, _cycle: Cycle<'_>, _state: &mut CycleState, _nodes: &[NodeIndex]) -> PreScoreOutcome {
        PreScoreOutcome::Continue
    }
}

impl Score for TaintToleration {
    fn score(&self, cycle: Cycle<'_>, _state: &CycleState, node: NodeView<'_>) -> i64 {
        disliked(cycle.pod, node.taints())
    }

    fn score_nodes(&self, cycle: Cycle<'_>, _state: &CycleState, nodes: &[NodeIndex], scores: &mut [i64]) {
        let counts: Vec<i64> = cycle.snapshot.taint_sets().iter().map(|taints| disliked(cycle.pod, taints)).collect();
        for (node, score) in nodes.iter().zip(scores) {
            *score = counts[cycle.snapshot.taint_set(*node)];
        }
    }

    fn normalize(&self, _cycle: Cycle<'_>, _state: &CycleState, _nodes: &[NodeIndex], scores: &mut [i64]) {
        scale(scores, true);
    }
}

impl EnqueueExtensions for TaintToleration {
    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint {
        match event {
            ClusterEvent::NodeAdded(node) => (!keep_off(pod, &node.spec.taints)).into(),
            ClusterEvent::NodeUpdated { old, new, .. } => {
                (keep_off(pod, &old.spec.taints) && !keep_off(pod, &new.spec.taints)).into()
            }
            ClusterEvent::SelfUpdated { old, new } => (old.pod().spec.tolerations != new.pod().spec.tolerations).into(),
            _ => Hint::Skip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{info, pod, taint, toleration};

    #[test]
    fn tolerations_match_by_operator_key_value_and_effect() {
        let cases = [
            (toleration("a", "Equal", "1", "NoSchedule"), true),
            (toleration("a", "", "1", ""), true),
            (toleration("a", "Equal", "2", "NoSchedule"), false),
            (toleration("a", "Exists", "", "NoSchedule"), true),
            (toleration("", "Exists", "", ""), true),
            (toleration("a", "Exists", "", "NoExecute"), false),
            (toleration("b", "Exists", "", ""), false),
            (toleration("a", "Lt", "2", ""), true),
            (toleration("a", "Gt", "2", ""), false),
        ];
        let taint = taint("a", "1", "NoSchedule");
        for (toleration, expected) in cases {
            assert_eq!(tolerates_one(&toleration, &taint), expected, "{toleration:?}");
        }
    }

    #[test]
    fn preferences_do_not_keep_off_but_count() {
        let pod = info(&pod("p"));
        let taints = [taint("a", "", "PreferNoSchedule"), taint("b", "", "PreferNoSchedule")];
        assert!(!keep_off(&pod, &taints));
        assert_eq!(disliked(&pod, &taints), 2);
        assert!(keep_off(&pod, &[taint("a", "", "NoExecute")]));
    }
}
