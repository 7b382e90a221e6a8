//! What controllers ask about pods.

use std::collections::BTreeMap;
use std::time::Duration;

use pintle_object_model::Time;
use pintle_object_model::api::core::v1::{Pod, PodCondition};

/// The condition of this type.
pub(super) fn condition<'a>(pod: &'a Pod, type_: &str) -> Option<&'a PodCondition> {
    pod.status.conditions.iter().find(|condition| condition.type_ == type_)
}

/// Is the pod ready to serve?
pub(super) fn is_ready(pod: &Pod) -> bool {
    condition(pod, "Ready").is_some_and(|condition| condition.status == "True")
}

/// Has it been ready for at least this long? If not yet, but ready: how long is left.
pub(super) fn available(pod: &Pod, min_ready: Duration, now: Time) -> Result<(), Option<Duration>> {
    if !is_ready(pod) {
        return Err(None);
    }
    if min_ready.is_zero() {
        return Ok(());
    }
    let since = condition(pod, "Ready").and_then(|condition| condition.last_transition_time);
    let ready_for = since.map_or(Duration::ZERO, |since| now.since(since));
    if ready_for >= min_ready { Ok(()) } else { Err(Some(min_ready - ready_for)) }
}

/// Has it ended?
pub(super) fn is_terminal(pod: &Pod) -> bool {
    matches!(pod.status.phase.as_str(), "Succeeded" | "Failed")
}

/// Is it neither ended nor on its way out?
pub(super) fn is_active(pod: &Pod) -> bool {
    !is_terminal(pod) && pod.metadata.deletion_timestamp.is_none()
}

/// Seconds of the API as a duration.
pub(super) fn seconds(count: i32) -> Duration {
    Duration::from_secs(u64::from(count.max(0).unsigned_abs()))
}

/// Orders pods so that those whose loss costs least come first: without a node, pending, not ready, on nodes with more
/// of them, ready for a shorter time, with more restarts, younger. Source: the documented order of ReplicaSet scale-down.
pub(super) fn by_cost_of_loss(pods: &mut [std::sync::Arc<Pod>], neighbours: &BTreeMap<String, usize>) {
    let key = |pod: &Pod| {
        let phase = match pod.status.phase.as_str() {
            "Pending" => 0,
            "Unknown" => 1,
            _ => 2,
        };
        let cost: i32 = pod
            .metadata
            .annotations
            .get("controller.kubernetes.io/pod-deletion-cost")
            .and_then(|text| text.parse().ok())
            .unwrap_or_default();
        let crowd = neighbours.get(&pod.spec.node_name).copied().unwrap_or_default();
        let ready_since = condition(pod, "Ready").filter(|c| c.status == "True").and_then(|c| c.last_transition_time);
        let restarts =
            pod.status.container_statuses.iter().map(|status| status.restart_count).max().unwrap_or_default();
        (
            (!pod.spec.node_name.is_empty(), phase, is_ready(pod), cost),
            std::cmp::Reverse(crowd),
            // Ready for longer means ready since an earlier time: those go last.
            std::cmp::Reverse(ready_since),
            std::cmp::Reverse(restarts),
            std::cmp::Reverse(pod.metadata.creation_timestamp),
            pod.metadata.name.clone(),
        )
    };
    pods.sort_by_cached_key(|pod| key(pod));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn pod(name: &str, node: &str, ready: bool) -> Arc<Pod> {
        let mut pod = Pod::default();
        pod.metadata.name = name.into();
        pod.spec.node_name = node.into();
        pod.status.phase = "Running".into();
        let status = if ready { "True" } else { "False" };
        let condition = PodCondition { type_: "Ready".into(), status: status.into(), ..PodCondition::default() };
        pod.status.conditions.push(condition);
        Arc::new(pod)
    }

    #[test]
    fn what_is_not_running_yet_goes_first_and_crowded_nodes_before_others() {
        let mut pods = vec![pod("a", "n1", true), pod("b", "n2", true), pod("c", "n1", false), pod("d", "", false)];
        let neighbours = BTreeMap::from([("n1".to_owned(), 2), ("n2".to_owned(), 3)]);
        by_cost_of_loss(&mut pods, &neighbours);
        let names: Vec<&str> = pods.iter().map(|pod| pod.metadata.name.as_str()).collect();
        assert_eq!(names, ["d", "c", "b", "a"]);
    }

    #[test]
    fn availability_needs_time() {
        let mut ready = (*pod("a", "n1", true)).clone();
        ready.status.conditions[0].last_transition_time = Some(Time::from_unix(100));
        let available = |now| available(&ready, Duration::from_secs(10), Time::from_unix(now));
        assert_eq!(available(104), Err(Some(Duration::from_secs(6))));
        assert_eq!(available(110), Ok(()));
    }
}
