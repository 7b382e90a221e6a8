use super::*;
use crate::testing::{assigned, fits, info, labelled, node, node_labels, pod, rejection, snapshot_of, taint};
use crate::{CycleState, OwnerSelector, Snapshot};
use pintle_object_model::ObjectRef;
use pintle_object_model::api::core::v1::{Pod, TopologySpreadConstraint};
use pintle_object_model::api::meta::v1::{LabelSelector, OwnerReference};

fn constraint(key: &str, max_skew: i32, when: &str) -> TopologySpreadConstraint {
    let mut selector = LabelSelector::default();
    selector.match_labels.insert("app".into(), "web".into());
    TopologySpreadConstraint {
        max_skew,
        topology_key: key.into(),
        when_unsatisfiable: when.into(),
        label_selector: Some(Box::new(selector)),
        ..TopologySpreadConstraint::default()
    }
}

fn web(name: &str) -> Pod {
    labelled(pod(name), &[("app", "web")])
}

/// a and b in z1, c in z2, d without a zone.
fn snapshot(placed: &[&str]) -> Snapshot {
    let host = |name: &str, zone: &[(&str, &str)]| {
        node_labels(node_labels(node(name), &[("kubernetes.io/hostname", name)]), zone)
    };
    let mut snapshot = snapshot_of([
        host("a", &[("zone", "z1"), ("topology.kubernetes.io/zone", "z1")]),
        host("b", &[("zone", "z1"), ("topology.kubernetes.io/zone", "z1")]),
        host("c", &[("zone", "z2"), ("topology.kubernetes.io/zone", "z2")]),
        host("d", &[]),
    ]);
    for (number, node) in placed.iter().enumerate() {
        snapshot.add_pod(info(&assigned(web(&format!("w{number}")), node)));
    }
    snapshot
}

fn spread(constraints: Vec<TopologySpreadConstraint>) -> Pod {
    let mut pod = web("p");
    pod.spec.topology_spread_constraints = constraints;
    pod
}

#[test]
fn required_constraints_bound_the_skew() {
    let plugin = PodTopologySpread::default();
    let pod = spread(vec![constraint("zone", 1, "DoNotSchedule")]);
    assert_eq!(fits(&snapshot(&[]), &pod, &plugin), [true, true, true, false]);
    assert_eq!(fits(&snapshot(&["a"]), &pod, &plugin), [false, false, true, false]);
    assert_eq!(fits(&snapshot(&["a", "c"]), &pod, &plugin), [true, true, true, false]);
    let wide = spread(vec![constraint("zone", 2, "DoNotSchedule")]);
    assert_eq!(fits(&snapshot(&["a"]), &wide, &plugin), [true, true, true, false]);
    let both =
        spread(vec![constraint("zone", 1, "DoNotSchedule"), constraint("kubernetes.io/hostname", 1, "DoNotSchedule")]);
    assert_eq!(fits(&snapshot(&["a", "c"]), &both, &plugin), [false, true, false, false]);
    let found = rejection(&snapshot(&["a"]), &pod, &plugin, "d").unwrap();
    assert_eq!((found.reasons[0].as_ref(), found.resolvable), (MISSING, false));
    let found = rejection(&snapshot(&["a"]), &pod, &plugin, "b").unwrap();
    assert_eq!((found.reasons[0].as_ref(), found.resolvable), (SKEWED, true));
}

#[test]
fn too_few_domains_count_as_an_empty_one() {
    let plugin = PodTopologySpread::default();
    let mut three = constraint("zone", 1, "DoNotSchedule");
    three.min_domains = Some(3);
    let pod = spread(vec![three]);
    assert_eq!(fits(&snapshot(&["a", "c"]), &pod, &plugin), [false, false, false, false]);
}

#[test]
fn excluded_nodes_and_ending_pods_are_not_counted() {
    let plugin = PodTopologySpread::default();
    let mut pod = spread(vec![constraint("zone", 1, "DoNotSchedule")]);
    // Only zone z1 comes into question, so z2 being empty does not matter.
    pod.spec.node_selector.insert("zone".into(), "z1".into());
    assert_eq!(fits(&snapshot(&["a"]), &pod, &plugin), [true, true, true, false]);
    pod.spec.topology_spread_constraints[0].node_affinity_policy = Some("Ignore".into());
    assert_eq!(fits(&snapshot(&["a"]), &pod, &plugin), [false, false, true, false]);

    let mut cordoned = snapshot(&["a"]);
    let mut c = (**cordoned.node("c").unwrap().node()).clone();
    c.spec.taints = vec![taint("k", "", "NoSchedule")];
    cordoned.put_node(Arc::new(c));
    let mut pod = spread(vec![constraint("zone", 1, "DoNotSchedule")]);
    assert_eq!(fits(&cordoned, &pod, &plugin), [false, false, true, false]);
    pod.spec.topology_spread_constraints[0].node_taints_policy = Some("Honor".into());
    assert_eq!(fits(&cordoned, &pod, &plugin), [true, true, true, false]);

    let mut ending = snapshot(&[]);
    let mut gone = assigned(web("w"), "a");
    gone.metadata.deletion_timestamp = Some(pintle_object_model::Time::from_unix(0));
    ending.add_pod(info(&gone));
    let pod = spread(vec![constraint("zone", 1, "DoNotSchedule")]);
    assert_eq!(fits(&ending, &pod, &plugin), [true, true, true, false]);
}

fn normalized(snapshot: &Snapshot, pod: &Pod) -> Vec<i64> {
    let plugin = PodTopologySpread::default();
    let pod = info(pod);
    let cycle = Cycle { snapshot, pod: &pod };
    let nodes: Vec<NodeIndex> = snapshot.live().iter().collect();
    let mut state = CycleState::default();
    assert_eq!(plugin.pre_score(cycle, &mut state, &nodes), PreScoreOutcome::Continue);
    let mut scores = vec![0; nodes.len()];
    plugin.score_nodes(cycle, &state, &nodes, &mut scores);
    plugin.normalize(cycle, &state, &nodes, &mut scores);
    scores
}

#[test]
fn preferred_constraints_rank_emptier_domains_higher() {
    let pod = spread(vec![constraint("zone", 1, "ScheduleAnyway")]);
    assert_eq!(normalized(&snapshot(&["a", "a", "c"]), &pod), [33, 33, 100, 0], "d has no zone");
    assert_eq!(normalized(&snapshot(&[]), &pod), [100, 100, 100, 0]);
}

#[test]
fn by_default_siblings_are_spread_over_hosts_and_zones() {
    let mut snapshot = snapshot(&["a"]);
    let mut selector = LabelSelector::default();
    selector.match_labels.insert("app".into(), "web".into());
    let mut pod = web("p");
    let state = &mut CycleState::default();
    let plugin = PodTopologySpread::default();
    let shared = info(&pod);
    let outcome = plugin.pre_score(Cycle { snapshot: &snapshot, pod: &shared }, state, &[]);
    assert_eq!(outcome, PreScoreOutcome::Skip, "nobody owns it");
    let owner = OwnerReference {
        kind: "ReplicaSet".into(),
        name: "rs".into(),
        controller: Some(true),
        ..OwnerReference::default()
    };
    pod.metadata.owner_references = vec![owner];
    snapshot.cluster_mut().set_owner(
        "ReplicaSet",
        &ObjectRef::new("default", "rs"),
        Some(OwnerSelector::Object(selector)),
    );
    let scores = normalized(&snapshot, &pod);
    assert!(scores[0] < scores[1] && scores[1] < scores[2], "{scores:?}");
}
