//! Constraints of a pod, parsed.

use pintle_object_model::api::core::v1::TopologySpreadConstraint;
use pintle_object_model::selector::{Operator, Selector};

use crate::plugins::node_selector::CompiledNodeSelector;
use crate::plugins::taint_toleration::keep_off;
use crate::pod_terms::keyed;
use crate::{Cycle, NodeIndex, PodInfo};

/// Constraints for pods that have none of their own.
#[derive(Clone, Debug, Default)]
pub enum DefaultConstraints {
    /// Kubernetes': over hosts (skew 3) and zones (skew 5), as a preference.
    #[default]
    System,
    /// These; their label selectors must be empty, they are taken from the pod's Services and controller.
    List(Vec<TopologySpreadConstraint>),
}

pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

impl DefaultConstraints {
    fn list(&self) -> Vec<TopologySpreadConstraint> {
        let system = |key: &str, max_skew| TopologySpreadConstraint {
            max_skew,
            topology_key: key.into(),
            when_unsatisfiable: "ScheduleAnyway".into(),
            ..TopologySpreadConstraint::default()
        };
        match self {
            Self::System => vec![system(HOSTNAME, 3), system(ZONE, 5)],
            Self::List(list) => list.clone(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Constraint {
    pub(super) max_skew: i64,
    pub(super) topology_key: String,
    pub(super) selector: Selector,
    pub(super) min_domains: i64,
    honor_affinity: bool,
    honor_taints: bool,
}

impl Constraint {
    /// The constraints of the cycle's pod (or the defaults) with this answer to violations.
    pub(super) fn of(cycle: Cycle<'_>, defaults: &DefaultConstraints, when_unsatisfiable: &str) -> Vec<Self> {
        let pod = cycle.pod.pod();
        let own = &pod.spec.topology_spread_constraints;
        let wanted = |of: &&TopologySpreadConstraint| of.when_unsatisfiable == when_unsatisfiable;
        if !own.is_empty() {
            return own.iter().filter(wanted).map(|of| Self::parse(of, selector(cycle.pod, of))).collect();
        }
        let defaults = defaults.list();
        if !defaults.iter().any(|of| wanted(&of)) {
            return vec![];
        }
        let Some(siblings) = cycle.snapshot.cluster().sibling_selector(pod) else { return vec![] };
        defaults.iter().filter(wanted).map(|of| Self::parse(of, siblings.clone())).collect()
    }

    fn parse(of: &TopologySpreadConstraint, selector: Selector) -> Self {
        Self {
            max_skew: i64::from(of.max_skew),
            topology_key: of.topology_key.clone(),
            selector,
            min_domains: i64::from(of.min_domains.unwrap_or(1)),
            honor_affinity: of.node_affinity_policy.as_deref() != Some("Ignore"),
            honor_taints: of.node_taints_policy.as_deref() == Some("Honor"),
        }
    }

    /// Does a constraint of `pod` count `other`?
    pub(super) fn selects(pod: &PodInfo, of: &TopologySpreadConstraint, other: &PodInfo) -> bool {
        selector(pod, of).matches(&other.pod().metadata.labels)
    }

    /// Is this a pod that is counted?
    pub(super) fn counts(&self, cycle: Cycle<'_>, other: &PodInfo) -> bool {
        other.namespace() == cycle.pod.namespace()
            && !other.is_terminating()
            && self.selector.matches(&other.pod().metadata.labels)
    }
}

fn selector(pod: &PodInfo, of: &TopologySpreadConstraint) -> Selector {
    let selector = Selector::from_field(of.label_selector.as_deref());
    let extra = keyed(pod.pod(), &of.match_label_keys, Operator::In);
    if extra.is_empty() || of.label_selector.is_none() {
        return selector;
    }
    Selector::new(selector.requirements().iter().cloned().chain(extra).collect())
}

/// Which nodes take part in the counting.
pub(super) struct Inclusion<'a> {
    cycle: Cycle<'a>,
    selector: CompiledNodeSelector,
    off: Vec<bool>,
}

impl<'a> Inclusion<'a> {
    pub(super) fn new(cycle: Cycle<'a>) -> Self {
        Self {
            cycle,
            selector: CompiledNodeSelector::new(cycle.snapshot, cycle.pod.pod()),
            off: cycle.snapshot.taint_sets().iter().map(|taints| keep_off(cycle.pod, taints)).collect(),
        }
    }

    pub(super) fn matches_selector(&self, node: NodeIndex) -> bool {
        self.selector.is_empty() || self.cycle.snapshot.view(node).is_some_and(|view| self.selector.matches(view))
    }

    /// Does every node take part?
    pub(super) fn is_everything(&self, constraint: &Constraint) -> bool {
        (!constraint.honor_affinity || self.selector.is_empty())
            && (!constraint.honor_taints || !self.off.contains(&true))
    }

    pub(super) fn includes(&self, constraint: &Constraint, node: NodeIndex) -> bool {
        (!constraint.honor_affinity || self.matches_selector(node))
            && (!constraint.honor_taints || !self.off[self.cycle.snapshot.taint_set(node)])
    }
}
