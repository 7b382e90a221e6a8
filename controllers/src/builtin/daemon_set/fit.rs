//! Whether a DaemonSet wants a pod on a node. No I/O.

use pintle_object_model::api::apps::v1::DaemonSet;
use pintle_object_model::api::core::v1::{
    Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodSpec, Toleration,
};

use crate::builtin::nodes::tolerates;

/// The verdict on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// A pod is wanted.
    pub(super) wanted: bool,
    /// A pod that is there may stay.
    pub(super) may_stay: bool,
}

const NO: Fit = Fit { wanted: false, may_stay: false };

pub(super) fn fit(set: &DaemonSet, node: &Node) -> Fit {
    let spec = &set.spec.template.spec;
    let named = spec.node_name.is_empty() || spec.node_name == node.metadata.name;
    let labelled = spec.node_selector.iter().all(|(key, value)| node.metadata.labels.get(key) == Some(value));
    let liked =
        required(spec).is_none_or(|selector| selector.node_selector_terms.iter().any(|term| matches(term, node)));
    if !named || !labelled || !liked {
        return NO;
    }
    let mut tolerations = spec.tolerations.clone();
    add_tolerations(&mut tolerations, spec.host_network);
    let refused = |effect: &str| {
        let mut taints = node.spec.taints.iter().filter(|taint| taint.effect == effect);
        taints.any(|taint| !tolerations.iter().any(|toleration| tolerates(toleration, taint)))
    };
    Fit { wanted: !refused("NoSchedule") && !refused("NoExecute"), may_stay: !refused("NoExecute") }
}

fn required(spec: &PodSpec) -> Option<&NodeSelector> {
    spec.affinity.as_ref()?.node_affinity.as_ref()?.required_during_scheduling_ignored_during_execution.as_deref()
}

fn matches(term: &NodeSelectorTerm, node: &Node) -> bool {
    if term.match_expressions.is_empty() && term.match_fields.is_empty() {
        return false;
    }
    let label = |one: &NodeSelectorRequirement| holds(one, node.metadata.labels.get(&one.key).map(String::as_str));
    let field =
        |one: &NodeSelectorRequirement| holds(one, (one.key == "metadata.name").then_some(node.metadata.name.as_str()));
    term.match_expressions.iter().all(label) && term.match_fields.iter().all(field)
}

fn holds(requirement: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let listed = || value.is_some_and(|value| requirement.values.iter().any(|one| one == value));
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
    let bound = number(requirement.values.first().map(String::as_str));
    match requirement.operator.as_str() {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => number(value).zip(bound).is_some_and(|(value, bound)| value > bound),
        "Lt" => number(value).zip(bound).is_some_and(|(value, bound)| value < bound),
        _ => false,
    }
}

/// What pods of DaemonSets put up with. Source: Kubernetes concepts, "DaemonSet", "Taints and tolerations".
pub(super) fn add_tolerations(tolerations: &mut Vec<Toleration>, host_network: bool) {
    let mut add = |key: &str, effect: &str| {
        let key = format!("node.kubernetes.io/{key}");
        if !tolerations.iter().any(|one| one.key == key && one.effect == effect && one.operator == "Exists") {
            let operator = "Exists".into();
            tolerations.push(Toleration { key, effect: effect.into(), operator, ..Toleration::default() });
        }
    };
    add("not-ready", "NoExecute");
    add("unreachable", "NoExecute");
    for key in ["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"] {
        add(key, "NoSchedule");
    }
    if host_network {
        add("network-unavailable", "NoSchedule");
    }
}

fn name_is(node: &str) -> NodeSelectorRequirement {
    NodeSelectorRequirement { key: "metadata.name".into(), operator: "In".into(), values: vec![node.to_owned()] }
}

/// Makes the scheduler put the pod on this node and no other.
pub(super) fn aim_at(spec: &mut PodSpec, node: &str) {
    let affinity = spec.affinity.get_or_insert_default().node_affinity.get_or_insert_default();
    let terms =
        &mut affinity.required_during_scheduling_ignored_during_execution.get_or_insert_default().node_selector_terms;
    if terms.is_empty() {
        terms.push(NodeSelectorTerm::default());
    }
    for term in terms {
        term.match_fields = vec![name_is(node)];
    }
}

/// The node that a pod is on or aims at.
pub(super) fn target_of(pod: &Pod) -> Option<String> {
    if !pod.spec.node_name.is_empty() {
        return Some(pod.spec.node_name.clone());
    }
    let fields = required(&pod.spec)?.node_selector_terms.iter().flat_map(|term| &term.match_fields);
    fields.filter(|one| one.key == "metadata.name").find_map(|one| one.values.first().cloned())
}

#[cfg(test)]
mod tests {
    use pintle_object_model::api::core::v1::Taint;

    use super::*;

    #[test]
    fn a_node_is_judged_by_labels_and_taints() {
        let mut set = DaemonSet::default();
        let mut node = Node::default();
        node.metadata.name = "n".into();
        let yes = Fit { wanted: true, may_stay: true };
        assert_eq!(fit(&set, &node), yes);
        let taint = |key: &str, effect: &str| Taint { key: key.into(), effect: effect.into(), ..Taint::default() };
        node.spec.taints = vec![taint("node.kubernetes.io/unschedulable", "NoSchedule")];
        assert_eq!(fit(&set, &node), yes, "tolerated by all daemons");
        node.spec.taints.push(taint("own", "NoSchedule"));
        assert_eq!(fit(&set, &node), Fit { wanted: false, may_stay: true });
        node.spec.taints.push(taint("own", "NoExecute"));
        assert_eq!(fit(&set, &node), NO);
        node.spec.taints.clear();
        set.spec.template.spec.node_selector.insert("disk".into(), "ssd".into());
        assert_eq!(fit(&set, &node), NO);
        node.metadata.labels.insert("disk".into(), "ssd".into());
        assert_eq!(fit(&set, &node), yes);
        aim_at(&mut set.spec.template.spec, "other");
        assert_eq!(fit(&set, &node), NO);
    }
}
