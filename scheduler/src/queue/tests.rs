use super::*;
use crate::plugins::PrioritySort;
use crate::testing::{container, info, labelled, node, node_with, pod};
use crate::{NodeChange, Profile};
use pintle_object_model::api::core::v1::{Pod, PodSchedulingGate};

fn queue() -> SchedulingQueue {
    let profiles = Profiles::new(vec![Profile::default_plugins("default-scheduler").build()]);
    SchedulingQueue::new(Arc::new(profiles), Arc::new(PrioritySort), QueueConfig::default())
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn important(name: &str, priority: i32) -> Arc<PodInfo> {
    let mut pod = pod(name);
    pod.spec.priority = Some(priority);
    info(&pod)
}

fn names(queue: &mut SchedulingQueue, now: Duration) -> Vec<String> {
    std::iter::from_fn(|| queue.pop(now)).map(|pod| pod.info.key().name.clone()).collect()
}

fn fail(queue: &mut SchedulingQueue, name: &'static str, plugin: &'static str, now: Duration) {
    let popped = queue.pop(now).expect("a pod is active");
    assert_eq!(popped.info.key().name, name);
    queue.put_unschedulable(popped, [plugin].into(), now);
}

fn node_added(cpu: &str) -> ClusterEvent {
    ClusterEvent::NodeAdded(Arc::new(node_with("n", &[("cpu", cpu), ("memory", "8Gi"), ("pods", "10")])))
}

#[test]
fn more_important_pods_come_first_then_older_ones() {
    let mut queue = queue();
    for (name, priority, second) in [("a", 0, 0), ("b", 5, 1), ("c", 5, 0), ("d", 5, 1), ("e", -1, 0)] {
        queue.add(important(name, priority), at(second));
    }
    queue.remove("a");
    assert_eq!(names(&mut queue, at(2)), ["c", "b", "d", "e"]);
}

#[test]
fn only_changes_that_could_help_move_a_pod() {
    let mut queue = queue();
    let mut big = pod("big");
    big.spec.containers = vec![container(&[("cpu", "4")])];
    queue.add(info(&big), at(0));
    fail(&mut queue, "big", "NodeResourcesFit", at(0));
    let unmoved = [
        node_added("2"),
        ClusterEvent::PodAdded(info(&pod("other"))),
        ClusterEvent::NamespaceChanged,
        ClusterEvent::NodeUpdated {
            old: Arc::new(node("n")),
            new: Arc::new(node("n")),
            change: NodeChange { labels: true, ..NodeChange::default() },
        },
    ];
    for event in unmoved {
        queue.on_event(&event, at(20));
        assert_eq!(queue.place("big"), Some(QueuePlace::Unschedulable), "{event:?}");
    }
    queue.on_event(&node_added("4"), at(20));
    assert_eq!(queue.place("big"), Some(QueuePlace::Active));
}

#[test]
fn a_pod_without_a_culprit_is_moved_by_anything() {
    let mut queue = queue();
    queue.add(important("p", 0), at(0));
    let popped = queue.pop(at(0)).unwrap();
    queue.put_unschedulable(popped, BTreeSet::new(), at(0));
    queue.on_event(&ClusterEvent::NamespaceChanged, at(20));
    assert_eq!(queue.place("p"), Some(QueuePlace::Active));
}

#[test]
fn failures_in_a_row_make_the_pause_longer() {
    let mut queue = queue();
    queue.add(important("p", 0), at(0));
    let mut now = at(0);
    for (seconds, early) in [(1, false), (2, false), (4, false), (8, false), (10, false), (10, true)] {
        let popped = queue.pop(now).expect("its pause is over");
        queue.put_unschedulable(popped, ["NodeResourcesFit"].into(), now);
        queue.on_event(&node_added("4"), now);
        assert_eq!(queue.place("p"), Some(QueuePlace::Backoff));
        assert_eq!(queue.next_due(), Some(now + at(seconds)));
        if early {
            assert!(queue.pop(now).is_some(), "nobody else waits, so it need not either");
        }
        now += at(seconds);
    }
}

#[test]
fn a_pod_backing_off_is_popped_early_only_if_nobody_is_active() {
    let mut queue = queue();
    queue.add(important("p", 5), at(0));
    fail(&mut queue, "p", "NodeResourcesFit", at(0));
    queue.on_event(&node_added("4"), at(0));
    queue.add(important("q", 0), at(0));
    assert_eq!(names(&mut queue, at(0)), ["q", "p"]);
}

#[test]
fn after_an_error_the_pause_is_kept() {
    let mut queue = queue();
    queue.add(important("p", 0), at(0));
    let popped = queue.pop(at(0)).unwrap();
    queue.put_failed(popped, at(0));
    queue.activate("nobody", at(0));
    assert!(queue.pop(at(0)).is_none());
    assert_eq!(queue.next_due(), Some(at(1)));
    assert!(queue.pop(at(1)).is_some());
}

#[test]
fn what_nothing_helps_is_tried_again_after_five_minutes() {
    let mut queue = queue();
    queue.add(important("p", 0), at(0));
    fail(&mut queue, "p", "NodeResourcesFit", at(0));
    assert_eq!(queue.next_due(), Some(at(300)));
    queue.advance(at(299));
    assert_eq!(queue.place("p"), Some(QueuePlace::Unschedulable));
    queue.advance(at(300));
    assert_eq!(queue.place("p"), Some(QueuePlace::Active));
}

fn gated(name: &str, gates: &[&str]) -> Pod {
    let mut pod = pod(name);
    pod.spec.scheduling_gates = gates.iter().map(|name| PodSchedulingGate { name: (*name).to_owned() }).collect();
    pod
}

#[test]
fn gated_pods_enter_when_their_gates_are_gone() {
    let mut queue = queue();
    queue.add(info(&gated("p", &["a", "b"])), at(0));
    queue.activate("p", at(0));
    queue.on_event(&node_added("4"), at(0));
    assert_eq!((queue.place("p"), queue.counts().gated), (Some(QueuePlace::Gated), 1));
    assert!(queue.pop(at(1000)).is_none());
    queue.update(info(&gated("p", &["b"])), at(0));
    assert_eq!(queue.place("p"), Some(QueuePlace::Gated));
    queue.update(info(&gated("p", &[])), at(0));
    assert_eq!((queue.place("p"), queue.counts().gated), (Some(QueuePlace::Active), 0));
}

#[test]
fn its_own_change_moves_a_pod_if_it_matters() {
    let mut queue = queue();
    let mut big = pod("p");
    big.spec.containers = vec![container(&[("cpu", "4")])];
    queue.add(info(&big), at(0));
    fail(&mut queue, "p", "NodeResourcesFit", at(0));
    let mut told = big.clone();
    told.status.message = "a status changes nothing".into();
    queue.update(info(&told), at(20));
    assert_eq!(queue.place("p"), Some(QueuePlace::Unschedulable));
    queue.update(info(&labelled(big.clone(), &[("a", "b")])), at(20));
    assert_eq!(queue.place("p"), Some(QueuePlace::Unschedulable), "labels do not make it smaller");
    big.spec.containers = vec![container(&[("cpu", "1")])];
    queue.update(info(&big), at(20));
    assert_eq!(queue.place("p"), Some(QueuePlace::Active));
    assert_eq!(queue.get("p").unwrap().info.requests().cpu_millis, 1000);
}

#[test]
fn a_pod_is_in_one_place_and_gone_when_removed() {
    let mut queue = queue();
    queue.add(important("p", 0), at(0));
    queue.add(important("p", 1), at(0));
    assert_eq!(queue.counts(), QueueCounts { active: 1, ..QueueCounts::default() });
    fail(&mut queue, "p", "NodeName", at(0));
    assert_eq!(queue.counts(), QueueCounts { unschedulable: 1, ..QueueCounts::default() });
    queue.remove("p");
    assert_eq!(queue.counts(), QueueCounts::default());
    assert_eq!(queue.next_due(), None);
}
