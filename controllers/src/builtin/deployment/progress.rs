//! How a rollout goes: the Deployment's status and conditions.

use std::time::Duration;

use pintle_object_model::ObjectRef;
use pintle_object_model::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus};

use super::World;
use crate::{Action, ControllerError};

/// Are all pods of the present template, and available?
pub(super) fn is_complete(world: &World<'_>) -> bool {
    let wanted = world.wanted();
    let Some(new) = &world.new else { return false };
    let all: i32 = world.all().map(|set| set.status.replicas).sum();
    new.status.replicas == wanted
        && all == wanted
        && new.status.available_replicas >= wanted
        && new.status.observed_generation >= new.metadata.generation
}

/// Writes the status if it changed; asks to be called again when the deadline for progress passes.
pub(super) async fn write(world: &World<'_>) -> Result<Action, ControllerError> {
    let deployment = world.deployment;
    let (status, action) = status_of(world);
    if status == deployment.status {
        return Ok(action);
    }
    let mut new = deployment.clone();
    new.status = status;
    let api = world.context.client().namespaced::<Deployment>(&deployment.metadata.namespace);
    match api.replace_status(&new).await {
        Err(status) if status.is_not_found() => Ok(action),
        Err(status) => {
            Err(ControllerError::api(format!("writing the status of {}", ObjectRef::of(deployment)))(status))
        }
        Ok(_) => Ok(action),
    }
}

fn status_of(world: &World<'_>) -> (DeploymentStatus, Action) {
    let deployment = world.deployment;
    let sum = |of: fn(&pintle_object_model::api::apps::v1::ReplicaSetStatus) -> i32| {
        world.all().map(|set| of(&set.status)).sum::<i32>()
    };
    let available = sum(|status| status.available_replicas);
    let wanted: i32 = world.all().map(|set| set.spec.replicas.unwrap_or_default()).sum();
    let mut status = DeploymentStatus {
        observed_generation: deployment.metadata.generation,
        replicas: sum(|status| status.replicas),
        updated_replicas: world.new.as_ref().map_or(0, |set| set.status.replicas),
        ready_replicas: sum(|status| status.ready_replicas),
        available_replicas: available,
        unavailable_replicas: (wanted - available).max(0),
        conditions: deployment.status.conditions.clone(),
        collision_count: deployment.status.collision_count,
        terminating_replicas: deployment.status.terminating_replicas,
    };
    set_available(world, &mut status);
    let action = set_progressing(world, &mut status);
    (status, action)
}

fn condition<'a>(status: &'a DeploymentStatus, type_: &str) -> Option<&'a DeploymentCondition> {
    status.conditions.iter().find(|condition| condition.type_ == type_)
}

/// Puts a condition in; the times change only with what they are about.
fn set(
    status: &mut DeploymentStatus,
    now: pintle_object_model::Time,
    type_: &str,
    value: &str,
    reason: &str,
    message: String,
) {
    let before = condition(status, type_).cloned();
    let new = DeploymentCondition {
        type_: type_.into(),
        status: value.into(),
        reason: reason.into(),
        message,
        last_update_time: Some(now),
        last_transition_time: match &before {
            Some(before) if before.status == value => before.last_transition_time,
            _ => Some(now),
        },
    };
    match before {
        Some(before) if before.status == value && before.reason == reason => {}
        _ => {
            status.conditions.retain(|condition| condition.type_ != type_);
            status.conditions.push(new);
        }
    }
}

fn set_available(world: &World<'_>, status: &mut DeploymentStatus) {
    let unavailable = super::rollout_unavailable(world);
    let now = world.context.now();
    if status.available_replicas >= world.wanted() - unavailable {
        let message = "Deployment has minimum availability.".into();
        set(status, now, "Available", "True", "MinimumReplicasAvailable", message);
    } else {
        let message = "Deployment does not have minimum availability.".into();
        set(status, now, "Available", "False", "MinimumReplicasUnavailable", message);
    }
}

fn set_progressing(world: &World<'_>, status: &mut DeploymentStatus) -> Action {
    let deployment = world.deployment;
    let now = world.context.now();
    let Some(deadline) = deployment.spec.progress_deadline_seconds.filter(|seconds| *seconds != i32::MAX) else {
        status.conditions.retain(|condition| condition.type_ != "Progressing");
        return Action::done();
    };
    if deployment.spec.paused {
        set(status, now, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused".into());
        return Action::done();
    }
    let name = world.new.as_ref().map(|set| set.metadata.name.clone()).unwrap_or_default();
    if is_complete(world) {
        let message = format!("ReplicaSet {name:?} has successfully progressed.");
        set(status, now, "Progressing", "True", "NewReplicaSetAvailable", message);
        return Action::done();
    }
    let before = &deployment.status;
    let progressed = status.updated_replicas > before.updated_replicas
        || status.ready_replicas > before.ready_replicas
        || status.available_replicas > before.available_replicas
        || (status.replicas - status.updated_replicas) < (before.replicas - before.updated_replicas);
    let known = condition(status, "Progressing").cloned();
    let new_rollout = known.as_ref().is_none_or(|known| known.reason == "NewReplicaSetAvailable");
    if new_rollout || progressed {
        let message = format!("ReplicaSet {name:?} is progressing.");
        status.conditions.retain(|condition| condition.type_ != "Progressing" || condition.status == "True");
        // Replaced even if the reason stays: the time of the last progress is what the deadline counts from.
        let transition = known.filter(|known| known.status == "True").and_then(|known| known.last_transition_time);
        status.conditions.retain(|condition| condition.type_ != "Progressing");
        status.conditions.push(DeploymentCondition {
            type_: "Progressing".into(),
            status: "True".into(),
            reason: "ReplicaSetUpdated".into(),
            message,
            last_update_time: Some(now),
            last_transition_time: transition.or(Some(now)),
        });
    }
    let since = condition(status, "Progressing").and_then(|known| known.last_update_time).unwrap_or(now);
    let patience = super::super::pods::seconds(deadline);
    let waited = now.since(since);
    if waited >= patience {
        let message = format!("ReplicaSet {name:?} has timed out progressing.");
        set(status, now, "Progressing", "False", "ProgressDeadlineExceeded", message);
        return Action::done();
    }
    // A second later, because the times of the API are whole seconds.
    Action::requeue_after(patience - waited + Duration::from_secs(1))
}
