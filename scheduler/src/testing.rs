//! Objects for unit tests.

use std::sync::Arc;

use pintle_object_model::api::core::v1::{
    Affinity, Container, Node, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod,
    PodAffinityTerm, PreferredSchedulingTerm, Taint, Toleration, WeightedPodAffinityTerm,
};

use pintle_object_model::api::meta::v1::LabelSelector;

use crate::{
    Cycle, CycleState, Filter, NodeIndex, PodInfo, PreFilter, PreFilterOutcome, Rejection, Score, Snapshot, Verdict,
};

pub(crate) fn container(requests: &[(&str, &str)]) -> Container {
    let mut container = Container { name: "c".into(), image: "image".into(), ..Container::default() };
    container.resources.requests =
        requests.iter().map(|(name, amount)| ((*name).to_owned(), amount.parse().unwrap())).collect();
    container
}

/// A pod in namespace `default` whose uid is its name.
pub(crate) fn pod(name: &str) -> Pod {
    let mut pod = Pod::default();
    pod.metadata.name = name.into();
    pod.metadata.namespace = "default".into();
    pod.metadata.uid = name.into();
    pod.spec.containers = vec![container(&[])];
    pod
}

pub(crate) fn assigned(mut pod: Pod, node: &str) -> Pod {
    pod.spec.node_name = node.into();
    pod
}

pub(crate) fn labelled(mut pod: Pod, labels: &[(&str, &str)]) -> Pod {
    pod.metadata.labels.extend(labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    pod
}

pub(crate) fn info(pod: &Pod) -> Arc<PodInfo> {
    PodInfo::shared(Arc::new(pod.clone()))
}

/// A node with room for 110 pods, 4 cpus and 8 Gi.
pub(crate) fn node(name: &str) -> Node {
    node_with(name, &[("cpu", "4"), ("memory", "8Gi"), ("pods", "110")])
}

pub(crate) fn node_with(name: &str, allocatable: &[(&str, &str)]) -> Node {
    let mut node = Node::default();
    node.metadata.name = name.into();
    node.status.allocatable =
        allocatable.iter().map(|(name, amount)| ((*name).to_owned(), amount.parse().unwrap())).collect();
    node
}

pub(crate) fn node_labels(mut node: Node, labels: &[(&str, &str)]) -> Node {
    node.metadata.labels.extend(labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    node
}

pub(crate) fn snapshot_of(nodes: impl IntoIterator<Item = Node>) -> Snapshot {
    let mut snapshot = Snapshot::new();
    for node in nodes {
        snapshot.put_node(Arc::new(node));
    }
    snapshot
}

pub(crate) fn taint(key: &str, value: &str, effect: &str) -> Taint {
    Taint { key: key.into(), value: value.into(), effect: effect.into(), ..Taint::default() }
}

pub(crate) fn toleration(key: &str, operator: &str, value: &str, effect: &str) -> Toleration {
    Toleration {
        key: key.into(),
        operator: operator.into(),
        value: value.into(),
        effect: effect.into(),
        ..Toleration::default()
    }
}

pub(crate) fn requirement(key: &str, operator: &str, values: &[&str]) -> NodeSelectorRequirement {
    NodeSelectorRequirement {
        key: key.into(),
        operator: operator.into(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

pub(crate) fn node_affinity(required: Vec<NodeSelectorTerm>, preferred: Vec<PreferredSchedulingTerm>) -> Box<Affinity> {
    Box::new(Affinity {
        node_affinity: Some(Box::new(NodeAffinity {
            required_during_scheduling_ignored_during_execution: Some(Box::new(NodeSelector {
                node_selector_terms: required,
            })),
            preferred_during_scheduling_ignored_during_execution: preferred,
        })),
        ..Affinity::default()
    })
}

/// Does the pod fit on each node, by PreFilter (which may have nothing to say) and Filter of one plugin?
pub(crate) fn fits<const N: usize>(snapshot: &Snapshot, pod: &Pod, plugin: &(impl PreFilter + Filter)) -> [bool; N] {
    let found: Vec<bool> =
        snapshot.nodes().map(|node| rejection(snapshot, pod, plugin, node.name()).is_none()).collect();
    found.try_into().expect("one answer per node")
}

/// Why the pod does not fit on a node, by one plugin.
pub(crate) fn rejection(
    snapshot: &Snapshot,
    pod: &Pod,
    plugin: &(impl PreFilter + Filter),
    node: &str,
) -> Option<Rejection> {
    let pod = info(pod);
    let cycle = Cycle { snapshot, pod: &pod };
    let mut state = CycleState::default();
    match plugin.pre_filter(cycle, &mut state) {
        PreFilterOutcome::Skip => return None,
        PreFilterOutcome::Reject(rejection) => return Some(rejection),
        PreFilterOutcome::Nodes(names) if !names.contains(node) => return Some(Rejection::unresolvable("name")),
        PreFilterOutcome::Continue | PreFilterOutcome::Nodes(_) => {}
    }
    let view = snapshot.node(node).expect("the node is there");
    match plugin.filter(cycle, &state, view) {
        Verdict::Fits => None,
        Verdict::Rejects(rejection) => Some(rejection),
    }
}

/// Raw scores of all nodes, asserting that both ways of scoring agree.
pub(crate) fn score<const N: usize>(snapshot: &Snapshot, pod: &Pod, plugin: &impl Score) -> [i64; N] {
    let pod = info(pod);
    let cycle = Cycle { snapshot, pod: &pod };
    let state = CycleState::default();
    let nodes: Vec<NodeIndex> = snapshot.live().iter().collect();
    let mut scores = vec![0; nodes.len()];
    plugin.score_nodes(cycle, &state, &nodes, &mut scores);
    let each: Vec<i64> = snapshot.nodes().map(|node| plugin.score(cycle, &state, node)).collect();
    assert_eq!(scores, each);
    scores.try_into().expect("one score per node")
}

fn term(app: &str, topology_key: &str) -> PodAffinityTerm {
    let mut selector = LabelSelector::default();
    selector.match_labels.insert("app".into(), app.into());
    PodAffinityTerm {
        label_selector: Some(Box::new(selector)),
        topology_key: topology_key.into(),
        ..PodAffinityTerm::default()
    }
}

/// Requires to be near pods labelled `app`.
pub(crate) fn near(pod: &mut Pod, app: &str, topology_key: &str) {
    let affinity = pod.spec.affinity.get_or_insert_default().pod_affinity.get_or_insert_default();
    affinity.required_during_scheduling_ignored_during_execution.push(term(app, topology_key));
}

/// Requires to be far from pods labelled `app`.
pub(crate) fn anti_affinity(pod: &mut Pod, app: &str, topology_key: &str) {
    let affinity = pod.spec.affinity.get_or_insert_default().pod_anti_affinity.get_or_insert_default();
    affinity.required_during_scheduling_ignored_during_execution.push(term(app, topology_key));
}

/// Prefers to be near (or far from) pods labelled `app`.
pub(crate) fn preferred(pod: &mut Pod, app: &str, topology_key: &str, weight: i32, near: bool) {
    let wish = WeightedPodAffinityTerm { weight, pod_affinity_term: term(app, topology_key) };
    let affinity = pod.spec.affinity.get_or_insert_default();
    if near {
        affinity.pod_affinity.get_or_insert_default().preferred_during_scheduling_ignored_during_execution.push(wish);
    } else {
        affinity
            .pod_anti_affinity
            .get_or_insert_default()
            .preferred_during_scheduling_ignored_during_execution
            .push(wish);
    }
}
