//! What controllers ask of pods.

use std::cmp::Ordering;
use std::time::Duration;

use pintle_client::{Api, Params};
use pintle_object_model::api::core::v1::{Pod, PodTemplateSpec};
use pintle_object_model::api::meta::v1::OwnerReference;
use pintle_object_model::{Object, Status, Time};

use crate::condition;

/// Neither ended nor ending.
pub(crate) fn is_active(pod: &Pod) -> bool {
    !is_finished(pod) && pod.metadata.deletion_timestamp.is_none()
}

/// Succeeded or failed.
pub(crate) fn is_finished(pod: &Pod) -> bool {
    matches!(pod.status.phase.as_str(), "Succeeded" | "Failed")
}

/// Has the pod the `Ready` condition?
pub(crate) fn is_ready(pod: &Pod) -> bool {
    condition::find(&pod.status.conditions, "Ready").is_some_and(|ready| ready.status == "True")
}

/// Since when the pod has been ready.
fn ready_since(pod: &Pod) -> Option<Time> {
    condition::find(&pod.status.conditions, "Ready").filter(|ready| ready.status == "True")?.last_transition_time
}

/// How long until the pod counts as available; zero if it does, `None` while it is not ready.
pub(crate) fn available_in(pod: &Pod, min_ready_seconds: i32, now: Time) -> Option<Duration> {
    if !is_ready(pod) {
        return None;
    }
    let needed = Duration::from_secs(u64::from(min_ready_seconds.max(0).unsigned_abs()));
    if needed.is_zero() {
        return Some(Duration::ZERO);
    }
    Some(needed.saturating_sub(now.since(ready_since(pod)?)))
}

/// A pod as a template describes it. The server makes the name.
pub(crate) fn from_template(
    template: &PodTemplateSpec,
    namespace: &str,
    owner_name: &str,
    owner: OwnerReference,
) -> Pod {
    let mut pod = Pod::default();
    pod.metadata.generate_name = format!("{owner_name}-");
    pod.metadata.namespace = namespace.to_owned();
    pod.metadata.labels.clone_from(&template.metadata.labels);
    pod.metadata.annotations.clone_from(&template.metadata.annotations);
    pod.metadata.finalizers.clone_from(&template.metadata.finalizers);
    pod.metadata.owner_references.push(owner);
    pod.spec.clone_from(&template.spec);
    pod
}

/// Makes a pod from an object that many creations share, so that none copies it on this side.
pub(crate) async fn create_shared(api: &Api<Pod>, pod: &Object) -> Result<Object, Status> {
    api.as_dynamic().create(pod.clone(), Params::default()).await
}

/// Which pod a workload that shrinks gives up first (`Less`: this one rather than the other). `on_node` tells how many
/// pods of the workload share the node.
/// Source: Kubernetes concepts, "ReplicaSet", "Scaling a ReplicaSet"; the annotation `pod-deletion-cost`.
pub(crate) fn compare_victims(one: &Pod, other: &Pod, on_node: impl Fn(&Pod) -> usize, now: Time) -> Ordering {
    let phase = |pod: &Pod| match pod.status.phase.as_str() {
        "Pending" | "" => 0,
        "Unknown" => 1,
        _ => 2,
    };
    let cost = |pod: &Pod| -> i32 {
        let text = pod.metadata.annotations.get("controller.kubernetes.io/pod-deletion-cost");
        text.and_then(|text| text.parse().ok()).unwrap_or_default()
    };
    let restarts = |pod: &Pod| pod.status.container_statuses.iter().map(|status| status.restart_count).max();
    let assigned = |pod: &Pod| !pod.spec.node_name.is_empty();
    (assigned(one).cmp(&assigned(other)))
        .then_with(|| phase(one).cmp(&phase(other)))
        .then_with(|| is_ready(one).cmp(&is_ready(other)))
        .then_with(|| cost(one).cmp(&cost(other)))
        .then_with(|| on_node(other).cmp(&on_node(one)))
        .then_with(|| younger(ready_since(one), ready_since(other), now))
        .then_with(|| restarts(other).cmp(&restarts(one)))
        .then_with(|| younger(one.metadata.creation_timestamp, other.metadata.creation_timestamp, now))
        .then_with(|| one.metadata.uid.cmp(&other.metadata.uid))
}

/// The younger first; ages of the same order of magnitude count as equal, so that not always the newest goes.
fn younger(one: Option<Time>, other: Option<Time>, now: Time) -> Ordering {
    let magnitude = |time: Option<Time>| time.map_or(0, |time| (now.since(time).as_secs() + 1).ilog2() + 1);
    magnitude(one).cmp(&magnitude(other))
}

#[cfg(test)]
mod tests {
    use pintle_object_model::api::core::v1::PodCondition;

    use super::*;

    fn pod(name: &str, node: &str, ready: bool, cost: i32) -> Pod {
        let mut pod = Pod::default();
        pod.metadata.uid = name.into();
        pod.spec.node_name = node.into();
        pod.status.phase = "Running".into();
        let status = if ready { "True" } else { "False" };
        let condition = PodCondition { type_: "Ready".into(), status: status.into(), ..PodCondition::default() };
        pod.status.conditions.push(condition);
        pod.metadata.annotations.insert("controller.kubernetes.io/pod-deletion-cost".into(), cost.to_string());
        pod
    }

    #[test]
    fn the_least_useful_pods_go_first() {
        let mut pods = [
            pod("crowded", "b", true, 0),
            pod("alone", "a", true, 0),
            pod("dear", "b", true, 5),
            pod("unready", "c", false, 9),
            pod("unassigned", "", true, 9),
        ];
        let count = |pod: &Pod| if pod.spec.node_name == "b" { 2 } else { 1 };
        pods.sort_by(|one, other| compare_victims(one, other, count, Time::from_unix(100)));
        let order: Vec<_> = pods.iter().map(|pod| pod.metadata.uid.as_str()).collect();
        assert_eq!(order, ["unassigned", "unready", "crowded", "alone", "dear"]);
    }

    #[test]
    fn a_pod_is_available_once_it_has_been_ready_long_enough() {
        let mut pod = pod("a", "a", true, 0);
        pod.status.conditions[0].last_transition_time = Some(Time::from_unix(100));
        assert_eq!(available_in(&pod, 10, Time::from_unix(104)), Some(Duration::from_secs(6)));
        assert_eq!(available_in(&pod, 10, Time::from_unix(110)), Some(Duration::ZERO));
        pod.status.conditions[0].status = "False".into();
        assert_eq!(available_in(&pod, 0, Time::from_unix(110)), None);
    }
}
