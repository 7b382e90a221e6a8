//! Telling the API why a pod is not scheduled, and making room for it.

use std::sync::Arc;

use pintle_client::{Params, Patch};
use pintle_object_model::Status;
use pintle_object_model::api::core::v1::Pod;
use pintle_object_model::api::meta::v1::{DeleteOptions, Preconditions};
use serde_json::json;

use crate::scheduler::Shared;
use crate::{Failure, PodInfo, Preemption, SchedulerEvent};

/// What the pod's `PodScheduled` condition says.
pub(crate) struct Condition {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// Reports a decision, then evicts the victims, if there are any.
pub(crate) async fn run(shared: Arc<Shared>, failure: Failure) {
    // The semaphore is never closed, so an error cannot happen.
    let _slot = shared.slots.acquire().await;
    shared.observer.observe(&SchedulerEvent::Unschedulable {
        pod: failure.pod.key().clone(),
        plugins: failure.plugins.clone(),
        message: failure.message.clone(),
    });
    let condition = Condition { reason: "Unschedulable", message: failure.message.clone() };
    if let Some(preemption) = &failure.preemption
        && let Err(status) = evict(&shared, &failure, preemption).await
    {
        tracing::warn!(pod = %failure.pod.key(), %status, "room could not be made");
        shared.core().preemption_failed(failure.pod.uid(), shared.clock.now());
        shared.wake.notify_one();
    }
    let nominated = match &failure.preemption {
        Some(preemption) => Some(preemption.node.as_str()),
        None => failure.clear_nomination.then_some(""),
    };
    report(&shared, &failure.pod, &failure.scheduler_name, &condition, nominated).await;
}

/// Writes the condition (and the nominated node, if it is to change) and an Event.
pub(crate) async fn report(
    shared: &Shared,
    pod: &PodInfo,
    component: &str,
    condition: &Condition,
    nominated: Option<&str>,
) {
    shared.recorder(component).acted(&**pod.pod(), true, "FailedScheduling", "Scheduling", &condition.message);
    let current = pod.pod().status.conditions.iter().find(|known| known.type_ == "PodScheduled");
    let same_status = current.is_some_and(|known| known.status == "False");
    let same = current.is_some_and(|known| {
        known.status == "False" && known.reason == condition.reason && known.message == condition.message
    });
    let same_node = nominated.is_none_or(|node| node == pod.pod().status.nominated_node_name);
    if same && same_node {
        return;
    }
    let since = match current.and_then(|known| known.last_transition_time) {
        Some(since) if same_status => since,
        _ => shared.clock.utc().to_time(),
    };
    let mut status = json!({"conditions": [{
        "type": "PodScheduled",
        "status": "False",
        "reason": condition.reason,
        "message": condition.message,
        "lastTransitionTime": since.to_string(),
        "observedGeneration": pod.pod().metadata.generation,
    }]});
    if let Some(node) = nominated {
        status["nominatedNodeName"] = if node.is_empty() { serde_json::Value::Null } else { json!(node) };
    }
    if let Err(status) = patch_status(shared, pod.pod(), status).await
        && !status.is_not_found()
    {
        tracing::warn!(pod = %pod.key(), %status, "the pod's condition could not be written");
    }
}

async fn patch_status(shared: &Shared, pod: &Pod, status: serde_json::Value) -> Result<(), Status> {
    // With the uid, so that a pod of the same name that was made meanwhile is left alone.
    let patch = Patch::strategic(&json!({"metadata": {"uid": pod.metadata.uid}, "status": status}));
    let api = shared.client.namespaced::<Pod>(&pod.metadata.namespace);
    api.patch_status(&pod.metadata.name, patch, Params::default()).await.map(drop)
}

async fn evict(shared: &Shared, failure: &Failure, preemption: &Preemption) -> Result<(), Status> {
    if preemption.victims.is_empty() {
        return Ok(());
    }
    shared.observer.observe(&SchedulerEvent::Preempting {
        pod: failure.pod.key().clone(),
        node: preemption.node.clone(),
        victims: preemption.victims.iter().map(|victim| victim.key().clone()).collect(),
    });
    for victim in &preemption.victims {
        evict_one(shared, failure, victim, &preemption.node).await?;
    }
    Ok(())
}

async fn evict_one(shared: &Shared, failure: &Failure, victim: &PodInfo, node: &str) -> Result<(), Status> {
    let pod = victim.pod();
    let disrupted = json!({"conditions": [{
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "PreemptionByScheduler",
        "message": format!("{}: preempting to accommodate a higher priority pod", failure.scheduler_name),
        "lastTransitionTime": shared.clock.utc().to_time().to_string(),
        "observedGeneration": pod.metadata.generation,
    }]});
    match patch_status(shared, pod, disrupted).await {
        Err(status) if !is_gone(&status) => return Err(status),
        _ => {}
    }
    let options = DeleteOptions {
        preconditions: Some(Box::new(Preconditions {
            uid: Some(pod.metadata.uid.clone()),
            ..Preconditions::default()
        })),
        ..DeleteOptions::default()
    };
    let api = shared.client.namespaced::<Pod>(&pod.metadata.namespace);
    match api.delete(&pod.metadata.name, options).await {
        Err(status) if !is_gone(&status) => return Err(status),
        _ => {}
    }
    let note = format!("Preempted by pod {} on node {node}", failure.pod.uid());
    shared.recorder(&failure.scheduler_name).acted(&**pod, false, "Preempted", "Preempting", note);
    Ok(())
}

/// The victim is gone, or replaced by another pod of that name: the room is there.
fn is_gone(status: &Status) -> bool {
    status.is_not_found() || status.is_conflict()
}
