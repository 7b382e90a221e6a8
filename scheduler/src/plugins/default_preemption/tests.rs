use std::sync::Arc;

use pintle_object_model::Time;
use pintle_object_model::api::core::v1::Pod;
use pintle_object_model::api::meta::v1::LabelSelector;
use pintle_object_model::api::policy::v1::PodDisruptionBudget;
use pintle_object_model::clock::Random;

use crate::testing::{anti_affinity, assigned, container, info, labelled, node, node_labels, pod, snapshot_of, taint};
use crate::{Cursor, Decision, Nominator, Profile, Snapshot};

/// A pod that asks for cpus at a priority.
fn asking(name: &str, cpu: &str, priority: i32) -> Pod {
    let mut pod = pod(name);
    pod.spec.containers = vec![container(&[("cpu", cpu)])];
    pod.spec.priority = Some(priority);
    pod
}

/// Nodes of 4 cpus with these pods on them.
fn cluster(placed: &[(Pod, &str)]) -> Snapshot {
    let mut snapshot = snapshot_of(["a", "b"].map(|name| node_labels(node(name), &[("host", name)])));
    for (pod, node) in placed {
        snapshot.add_pod(info(&assigned(pod.clone(), node)));
    }
    snapshot
}

/// Node and victims, or the message.
fn preempt(snapshot: &Snapshot, pod: &Pod, nominator: &Nominator) -> Result<(String, Vec<String>), String> {
    let profile = Profile::default_plugins("default-scheduler").build();
    let decision = profile.schedule_one(snapshot, &info(pod), nominator, &mut Cursor::default(), &Random::seeded(3));
    match decision {
        Decision::Place(placement) => panic!("fits on {}", placement.node),
        Decision::Unschedulable { preemption: Some(found), .. } => {
            Ok((found.node, found.victims.iter().map(|victim| victim.key().name.clone()).collect()))
        }
        Decision::Unschedulable { diagnosis, .. } => Err(diagnosis.message()),
    }
}

#[test]
fn the_least_important_pods_go() {
    let snapshot = cluster(&[
        (asking("a1", "2", 5), "a"),
        (asking("a2", "2", 3), "a"),
        (asking("b1", "2", 5), "b"),
        (asking("b2", "2", 4), "b"),
    ]);
    let found = preempt(&snapshot, &asking("p", "2", 10), &Nominator::default());
    assert_eq!(found, Ok(("a".into(), vec!["a2".into()])));
    let found = preempt(&snapshot, &asking("p", "4", 10), &Nominator::default());
    assert_eq!(found, Ok(("a".into(), vec!["a1".into(), "a2".into()])), "the sum of priorities decides");
}

#[test]
fn equals_and_the_policy_never_do_not_preempt() {
    let snapshot = cluster(&[(asking("a1", "4", 10), "a"), (asking("b1", "4", 3), "b")]);
    let mut polite = asking("p", "2", 10);
    polite.spec.preemption_policy = Some("Never".into());
    let expected = "0/2 nodes are available: 2 Insufficient cpu. preemption: not eligible due to \
                    preemptionPolicy=Never.";
    assert_eq!(preempt(&snapshot, &polite, &Nominator::default()), Err(expected.into()));
    let expected = "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption \
                    victims found for incoming pod.";
    assert_eq!(preempt(&snapshot, &asking("p", "2", 3), &Nominator::default()), Err(expected.into()));
}

#[test]
fn where_evictions_cannot_help_it_says_so() {
    let mut snapshot = cluster(&[(asking("a1", "4", 10), "a")]);
    let mut b = (**snapshot.node("b").unwrap().node()).clone();
    b.spec.taints = vec![taint("k", "", "NoSchedule")];
    snapshot.put_node(Arc::new(b));
    let expected = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). preemption: 0/2 \
                    nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful \
                    for scheduling.";
    assert_eq!(preempt(&snapshot, &asking("p", "2", 1), &Nominator::default()), Err(expected.into()));
    let expected = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). preemption: 0/2 \
                    nodes are available: 2 Preemption is not helpful for scheduling.";
    assert_eq!(preempt(&snapshot, &asking("p", "5", 20), &Nominator::default()), Err(expected.into()));
}

#[test]
fn disruption_budgets_are_respected_where_possible() {
    let labels: &[(&str, &str)] = &[("app", "db")];
    let mut snapshot = cluster(&[
        (labelled(asking("a1", "2", 1), labels), "a"),
        (asking("a2", "2", 2), "a"),
        (labelled(asking("b1", "4", 1), labels), "b"),
    ]);
    let mut budget = PodDisruptionBudget::default();
    budget.metadata.name = "db".into();
    budget.metadata.namespace = "default".into();
    let mut selector = LabelSelector::default();
    selector.match_labels.insert("app".into(), "db".into());
    budget.spec.selector = Some(Box::new(selector));
    snapshot.cluster_mut().set_budget(Arc::new(budget.clone()), true);
    let found = preempt(&snapshot, &asking("p", "2", 10), &Nominator::default());
    assert_eq!(found, Ok(("a".into(), vec!["a2".into()])), "the more important one goes, for the budget's sake");
    budget.status.disruptions_allowed = 1;
    snapshot.cluster_mut().set_budget(Arc::new(budget), true);
    let found = preempt(&snapshot, &asking("p", "2", 10), &Nominator::default());
    // Neither violates the budget now: the node whose highest victim is lowest, with the smaller sum.
    assert!(
        matches!(found.as_ref().map(|(_, victims)| victims.as_slice()), Ok([one]) if one == "b1" || one == "a1"),
        "{found:?}"
    );
}

#[test]
fn the_shorter_running_of_equals_goes() {
    let since = |mut pod: Pod, at: i64| {
        pod.status.start_time = Some(Time::from_unix(at));
        pod
    };
    let snapshot = cluster(&[(since(asking("a1", "4", 1), 100), "a"), (since(asking("b1", "4", 1), 200), "b")]);
    assert_eq!(preempt(&snapshot, &asking("p", "4", 10), &Nominator::default()), Ok(("b".into(), vec!["b1".into()])));
}

#[test]
fn anti_affinity_is_resolved_by_evicting_whom_it_is_about() {
    let mut snapshot = cluster(&[(labelled(asking("a1", "1", 1), &[("app", "web")]), "a")]);
    snapshot.remove_node("b");
    let mut pod = asking("p", "1", 10);
    anti_affinity(&mut pod, "web", "host");
    assert_eq!(preempt(&snapshot, &pod, &Nominator::default()), Ok(("a".into(), vec!["a1".into()])));
}

#[test]
fn room_that_was_made_for_one_is_not_taken_by_another() {
    let mut snapshot = cluster(&[(asking("a1", "1", 1), "a")]);
    snapshot.remove_node("b");
    let mut nominator = Nominator::default();
    nominator.nominate(info(&asking("first", "3", 10)), "a");
    let found = preempt(&snapshot, &asking("second", "1", 5), &nominator);
    assert_eq!(found, Ok(("a".into(), vec!["a1".into()])), "the free cpus are promised");
    let profile = Profile::default_plugins("default-scheduler").build();
    let decide =
        |pod: &Pod| profile.schedule_one(&snapshot, &info(pod), &nominator, &mut Cursor::default(), &Random::seeded(3));
    assert!(matches!(decide(&asking("important", "1", 11)), Decision::Place(_)), "more important than the promise");
    assert!(matches!(decide(&asking("first", "3", 10)), Decision::Place(_)), "it is its own promise");
}
