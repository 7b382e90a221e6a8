use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::testing::{container, node, pod};
use crate::{Plugin, QueuePlace, Reserve};

const NOW: Duration = Duration::ZERO;

fn core() -> Core {
    core_with(Profile::default_plugins("default-scheduler").build())
}

fn core_with(profile: Profile) -> Core {
    Core::new(vec![profile], CoreConfig::default(), Random::seeded(1))
}

fn asking(name: &str, cpu: &str) -> Arc<Pod> {
    let mut pod = pod(name);
    pod.spec.containers = vec![container(&[("cpu", cpu)])];
    Arc::new(pod)
}

fn on(pod: &Pod, node: &str) -> Arc<Pod> {
    let mut pod = pod.clone();
    pod.spec.node_name = node.into();
    Arc::new(pod)
}

fn added<T>(object: Arc<T>) -> Delta<T> {
    Delta::Added(object)
}

fn free_cpu(core: &Core, node: &str) -> i64 {
    core.snapshot().node(node).unwrap().free(crate::ResourceId::CPU)
}

fn binding(core: &mut Core, now: Duration) -> Binding {
    match core.next(now) {
        Some(Attempt::Bind(binding)) => *binding,
        other => panic!("expected a binding, got {other:?}"),
    }
}

#[test]
fn an_assumed_pod_takes_its_place_until_it_is_confirmed() {
    let mut core = core();
    core.on_node(&added(Arc::new(node("a"))), NOW);
    let pod = asking("p", "3");
    core.on_pod(&added(Arc::clone(&pod)), NOW);
    let binding = binding(&mut core, NOW);
    assert_eq!((binding.node.as_str(), free_cpu(&core, "a")), ("a", 1000));
    // Its own status change must not queue it again.
    core.on_pod(&Delta::Updated { old: Arc::clone(&pod), new: Arc::clone(&pod) }, NOW);
    assert!(core.queue().place("p").is_none() && core.is_assumed("p"));
    core.bound(&binding, NOW);
    assert!(core.is_assumed("p"), "not confirmed yet");
    core.on_pod(&Delta::Updated { old: Arc::clone(&pod), new: on(&pod, "a") }, NOW);
    assert_eq!((core.is_assumed("p"), free_cpu(&core, "a")), (false, 1000));
    core.on_pod(&Delta::Deleted { last: on(&pod, "a"), missed: false }, NOW);
    assert_eq!(free_cpu(&core, "a"), 4000);
}

#[test]
fn the_confirmation_may_come_before_the_answer() {
    let mut core = core();
    core.on_node(&added(Arc::new(node("a"))), NOW);
    let pod = asking("p", "3");
    core.on_pod(&added(Arc::clone(&pod)), NOW);
    let binding = binding(&mut core, NOW);
    core.on_pod(&Delta::Updated { old: Arc::clone(&pod), new: on(&pod, "a") }, NOW);
    core.binding_failed(binding, NOW);
    assert_eq!(
        (free_cpu(&core, "a"), core.queue().place("p")),
        (1000, None),
        "the API has it bound, whatever the answer"
    );
}

#[test]
fn a_failed_binding_gives_the_place_back_and_tries_again_after_a_pause() {
    let mut core = core();
    core.on_node(&added(Arc::new(node("a"))), NOW);
    core.on_pod(&added(asking("p", "3")), NOW);
    core.on_pod(&added(asking("q", "2")), NOW);
    let first = binding(&mut core, NOW);
    assert!(matches!(core.next(NOW), Some(Attempt::Report(_))), "q has no room beside p");
    core.binding_failed(first, NOW);
    assert_eq!(core.queue().place("p"), Some(QueuePlace::Backoff));
    // The place that p gave back helps q, which goes before its own pause ends as nobody else is active.
    let second = binding(&mut core, NOW);
    assert_eq!((second.queued.info.key().name.as_str(), free_cpu(&core, "a")), ("q", 2000));
    assert!(core.next(NOW).is_none(), "p's pause is not over");
    assert_eq!(core.next_due(), Some(Duration::from_secs(1)));
}

#[test]
fn a_pod_deleted_while_it_is_bound_leaves_nothing_behind() {
    let mut core = core();
    core.on_node(&added(Arc::new(node("a"))), NOW);
    let pod = asking("p", "3");
    core.on_pod(&added(Arc::clone(&pod)), NOW);
    let binding = binding(&mut core, NOW);
    core.on_pod(&Delta::Deleted { last: pod, missed: false }, NOW);
    assert_eq!(free_cpu(&core, "a"), 4000);
    core.binding_failed(binding, NOW);
    assert_eq!((free_cpu(&core, "a"), core.queue().place("p")), (4000, None));
}

#[test]
fn assumptions_expire_if_that_is_wanted() {
    let config = CoreConfig { assume_expiry: Some(Duration::from_secs(30)), ..CoreConfig::default() };
    let mut core = Core::new(vec![Profile::default_plugins("default-scheduler").build()], config, Random::seeded(1));
    core.on_node(&added(Arc::new(node("a"))), NOW);
    core.on_pod(&added(asking("p", "3")), NOW);
    let binding = binding(&mut core, NOW);
    core.advance(Duration::from_secs(3600));
    assert!(core.is_assumed("p"), "a binding under way does not expire");
    core.bound(&binding, NOW);
    assert_eq!(core.next_due(), Some(Duration::from_secs(30)));
    core.advance(Duration::from_secs(30));
    assert_eq!((core.is_assumed("p"), free_cpu(&core, "a")), (false, 4000));
}

#[test]
fn pods_on_a_node_that_is_not_known_yet_count_when_it_comes() {
    let mut core = core();
    core.on_pod(&added(on(&asking("p", "3"), "a")), NOW);
    core.on_node(&added(Arc::new(node("a"))), NOW);
    assert_eq!(free_cpu(&core, "a"), 1000);
    core.on_node(&Delta::Deleted { last: Arc::new(node("a")), missed: false }, NOW);
    core.on_node(&added(Arc::new(node("a"))), NOW);
    assert_eq!(free_cpu(&core, "a"), 1000);
}

#[test]
fn a_pod_that_has_ended_frees_its_place() {
    let mut core = core();
    core.on_node(&added(Arc::new(node("a"))), NOW);
    let running = on(&asking("p", "3"), "a");
    core.on_pod(&added(Arc::clone(&running)), NOW);
    let mut done = (*running).clone();
    done.status.phase = "Succeeded".into();
    core.on_pod(&Delta::Updated { old: running, new: Arc::new(done) }, NOW);
    assert_eq!(free_cpu(&core, "a"), 4000);
}

/// Refuses every node and counts what it is told.
#[derive(Default)]
struct Refuses(std::sync::atomic::AtomicUsize);

impl Plugin for Refuses {
    fn name(&self) -> &'static str {
        "Refuses"
    }
}

impl Reserve for Refuses {
    fn reserve(
        &self,
        _cycle: Cycle<'_>,
        _state: &mut crate::CycleState,
        _node: crate::NodeView<'_>,
    ) -> Result<(), Rejection> {
        Err(Rejection::resolvable("nothing to reserve"))
    }
    fn unreserve(&self, _pod: &PodInfo, _node: &str) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn a_refused_reservation_is_undone() {
    let refuses = Arc::new(Refuses::default());
    let mut core = core_with(Profile::default_plugins("default-scheduler").reserve(refuses.clone()).build());
    core.on_node(&added(Arc::new(node("a"))), NOW);
    core.on_pod(&added(asking("p", "3")), NOW);
    let Some(Attempt::Report(failure)) = core.next(NOW) else { panic!("expected a report") };
    assert_eq!(failure.message, "0/1 nodes are available: 1 nothing to reserve.");
    assert_eq!((free_cpu(&core, "a"), core.is_assumed("p")), (4000, false));
    assert_eq!(refuses.0.load(std::sync::atomic::Ordering::Relaxed), 1);
    assert_eq!(core.queue().place("p"), Some(QueuePlace::Unschedulable));
}

#[test]
fn without_nodes_the_message_says_so() {
    let mut core = core();
    core.on_pod(&added(asking("p", "3")), NOW);
    let Some(Attempt::Report(failure)) = core.next(NOW) else { panic!("expected a report") };
    assert_eq!(failure.message, "no nodes available to schedule pods");
    core.on_node(&added(Arc::new(node("a"))), Duration::from_secs(20));
    assert_eq!(core.queue().place("p"), Some(QueuePlace::Active));
}

fn prioritized(name: &str, cpu: &str, priority: i32) -> Arc<Pod> {
    let mut pod = (*asking(name, cpu)).clone();
    pod.spec.priority = Some(priority);
    Arc::new(pod)
}

#[test]
fn while_others_are_evicted_for_it_a_pod_evicts_no_more() {
    let mut core = core();
    for name in ["a", "b"] {
        core.on_node(&added(Arc::new(node(name))), NOW);
        core.on_pod(&added(on(&prioritized(&format!("on-{name}"), "4", 0), name)), NOW);
    }
    core.on_pod(&added(prioritized("p", "4", 10)), NOW);
    let Some(Attempt::Report(failure)) = core.next(NOW) else { panic!("expected a report") };
    let preemption = failure.preemption.expect("there are lesser pods");
    let victim = Arc::clone(preemption.victims[0].pod());
    assert_eq!(core.nominator().node_of("p"), Some(preemption.node.as_str()));
    // Something happens that could help before the eviction is seen: the pod must not choose another victim.
    let later = Duration::from_secs(20);
    core.queue.activate("p", later);
    assert!(core.next(later).is_none());
    assert_eq!(core.queue().place("p"), Some(QueuePlace::Unschedulable));
    // The victim is leaving. The pod is owed a try, sees that, and waits.
    let mut leaving = (*victim).clone();
    leaving.metadata.deletion_timestamp = Some(pintle_object_model::Time::from_unix(1));
    let leaving = Arc::new(leaving);
    let much_later = Duration::from_secs(60);
    core.on_pod(&Delta::Updated { old: victim, new: Arc::clone(&leaving) }, much_later);
    let Some(Attempt::Report(failure)) = core.next(much_later) else { panic!("expected a report") };
    assert!(failure.preemption.is_none());
    assert!(
        failure.message.ends_with("not eligible due to a terminating pod on the nominated node."),
        "{}",
        failure.message
    );
    core.on_pod(&Delta::Deleted { last: leaving, missed: false }, Duration::from_secs(90));
    assert_eq!(binding(&mut core, Duration::from_secs(90)).node, preemption.node);
}

#[test]
fn evictions_that_fail_are_decided_anew() {
    let mut core = core();
    core.on_node(&added(Arc::new(node("a"))), NOW);
    core.on_pod(&added(on(&prioritized("on-a", "4", 0), "a")), NOW);
    core.on_pod(&added(prioritized("p", "4", 10)), NOW);
    assert!(matches!(core.next(NOW), Some(Attempt::Report(failure)) if failure.preemption.is_some()));
    core.preemption_failed("p", NOW);
    assert_eq!(core.nominator().node_of("p"), None);
    assert!(matches!(core.next(NOW), Some(Attempt::Report(failure)) if failure.preemption.is_some()));
}
