use super::*;
use crate::testing::{
    anti_affinity, assigned, fits, info, labelled, near, node, node_labels, pod, preferred, rejection, snapshot_of,
};
use pintle_object_model::api::core::v1::Pod;

/// Nodes a and b in zone z1, c in zone z2, d in none.
fn snapshot(placed: &[(Pod, &str)]) -> Snapshot {
    let mut snapshot = snapshot_of([
        node_labels(node("a"), &[("zone", "z1"), ("host", "a")]),
        node_labels(node("b"), &[("zone", "z1"), ("host", "b")]),
        node_labels(node("c"), &[("zone", "z2"), ("host", "c")]),
        node("d"),
    ]);
    for (pod, node) in placed {
        snapshot.add_pod(info(&assigned(pod.clone(), node)));
    }
    snapshot
}

fn app(name: &str, app: &str) -> Pod {
    labelled(pod(name), &[("app", app)])
}

#[test]
fn affinity_wants_the_same_domain() {
    let snapshot = snapshot(&[(app("w", "web"), "a")]);
    let mut pod = pod("p");
    near(&mut pod, "web", "zone");
    assert_eq!(fits(&snapshot, &pod, &InterPodAffinity), [true, true, false, false]);
    let mut pod = app("p", "x");
    near(&mut pod, "none", "zone");
    assert_eq!(fits(&snapshot, &pod, &InterPodAffinity), [false; 4]);
    let found = rejection(&snapshot, &pod, &InterPodAffinity, "a").unwrap();
    assert_eq!((found.reasons[0].as_ref(), found.resolvable), ("node(s) didn't match pod affinity rules", false));
}

#[test]
fn the_first_of_a_group_may_go_anywhere_with_the_label() {
    let snapshot = snapshot(&[]);
    let mut pod = app("p", "web");
    near(&mut pod, "web", "zone");
    assert_eq!(fits(&snapshot, &pod, &InterPodAffinity), [true, true, true, false]);
}

#[test]
fn anti_affinity_of_either_side_keeps_domains_apart() {
    let mut lonely = app("l", "web");
    anti_affinity(&mut lonely, "web", "host");
    let snapshot = snapshot(&[(lonely.clone(), "a")]);
    // Of the placed pod.
    let found = rejection(&snapshot, &app("p", "web"), &InterPodAffinity, "a").unwrap();
    assert_eq!(found.reasons[0], "node(s) didn't satisfy existing pods anti-affinity rules");
    assert!(found.resolvable);
    assert_eq!(fits(&snapshot, &app("p", "web"), &InterPodAffinity), [false, true, true, true]);
    // Of the new pod, which is reported first.
    let mut other = app("p", "other");
    anti_affinity(&mut other, "web", "zone");
    assert_eq!(fits(&snapshot, &other, &InterPodAffinity), [false, false, true, true]);
    let found = rejection(&snapshot, &other, &InterPodAffinity, "b").unwrap();
    assert_eq!(found.reasons[0], "node(s) didn't match pod anti-affinity rules");
    // Another namespace is not meant.
    let mut elsewhere = app("p", "web");
    elsewhere.metadata.namespace = "other".into();
    assert_eq!(fits(&snapshot, &elsewhere, &InterPodAffinity), [true; 4]);
}

#[test]
fn namespace_selectors_look_at_the_labels_of_namespaces() {
    let mut foreign = app("w", "web");
    foreign.metadata.namespace = "team-a".into();
    let mut snapshot = snapshot(&[(foreign, "c")]);
    let mut pod = pod("p");
    near(&mut pod, "web", "zone");
    let affinity = pod.spec.affinity.as_mut().unwrap().pod_affinity.as_mut().unwrap();
    let mut selector = pintle_object_model::api::meta::v1::LabelSelector::default();
    selector.match_labels.insert("team".into(), "a".into());
    affinity.required_during_scheduling_ignored_during_execution[0].namespace_selector = Some(Box::new(selector));
    assert_eq!(fits(&snapshot, &pod, &InterPodAffinity), [false; 4]);
    snapshot.cluster_mut().set_namespace("team-a", Some([("team".to_owned(), "a".to_owned())].into()));
    assert_eq!(fits(&snapshot, &pod, &InterPodAffinity), [false, false, true, false]);
}

#[test]
fn what_if_changes_agree_with_a_snapshot_that_has_them() {
    let mut lonely = app("l", "web");
    anti_affinity(&mut lonely, "web", "host");
    let mut new = app("p", "web");
    anti_affinity(&mut new, "web", "zone");
    let (before, after) = (snapshot(&[]), snapshot(&[(lonely.clone(), "a")]));
    let (pod, placed) = (info(&new), info(&assigned(lonely, "a")));
    let verdicts = |snapshot: &Snapshot, state: &CycleState| -> Vec<bool> {
        let cycle = Cycle { snapshot, pod: &pod };
        snapshot.nodes().map(|node| InterPodAffinity.filter(cycle, state, node).fits()).collect()
    };
    let mut with = CycleState::default();
    InterPodAffinity.pre_filter(Cycle { snapshot: &after, pod: &pod }, &mut with);
    let mut what_if = CycleState::default();
    let cycle = Cycle { snapshot: &before, pod: &pod };
    InterPodAffinity.pre_filter(cycle, &mut what_if);
    let empty = what_if.clone();
    InterPodAffinity.add_pod(cycle, &mut what_if, &placed, before.node("a").unwrap());
    assert_eq!(verdicts(&after, &with), [false, false, true, true]);
    assert_eq!(verdicts(&before, &what_if), verdicts(&after, &with));
    InterPodAffinity.remove_pod(cycle, &mut what_if, &placed, before.node("a").unwrap());
    assert_eq!(verdicts(&before, &what_if), verdicts(&before, &empty));
}

#[test]
fn preferences_of_both_sides_are_summed_and_normalized() {
    let mut wishing = app("w", "db");
    preferred(&mut wishing, "web", "zone", 10, true);
    let snapshot = snapshot(&[(app("x", "web"), "a"), (wishing, "c")]);
    let mut pod = app("p", "web");
    preferred(&mut pod, "web", "zone", 30, false);
    // Zone z1 is avoided by the new pod (-30), z2 is where a placed pod would like it (+10).
    let scores: [i64; 4] = crate::testing::score(&snapshot, &pod, &InterPodAffinity);
    assert_eq!(scores, [-30, -30, 10, 0]);
    let (info, mut scores) = (info(&pod), scores);
    let cycle = Cycle { snapshot: &snapshot, pod: &info };
    InterPodAffinity.normalize(cycle, &CycleState::default(), &[], &mut scores);
    assert_eq!(scores, [0, 0, 100, 75]);
}
