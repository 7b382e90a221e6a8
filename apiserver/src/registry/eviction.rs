//! Eviction: deleting a pod if its disruption budgets allow it.
//!
//! Invariant: an eviction that a budget counts is noted in the budget before the pod is deleted. Source: Kubernetes
//! concepts, "API-initiated Eviction".

use pintle_client::{Body, Content, Request, Response, Target, Verb};
use pintle_object_model::api::core::v1::{Pod, PodCondition};
use pintle_object_model::api::meta::v1::{Condition, StatusCause};
use pintle_object_model::api::policy::v1::{Eviction, PodDisruptionBudget};
use pintle_object_model::selector::Selector;
use pintle_object_model::{GroupResource, Resource, Status, Time};

use super::options::{self, OptionsOf};
use super::{Call, Registry, method_not_allowed};

/// Most evictions that a budget remembers before its controller has confirmed them.
const DISRUPTED_PODS_MAX: usize = 2000;
/// When to try again while a budget's status is not up to date.
const RETRY_SECONDS: i32 = 10;
const REFUSED: &str = "Cannot evict pod as it would violate the pod's disruption budget.";

impl Registry {
    pub(super) async fn evict(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        if request.verb != Verb::Create {
            return Err(method_not_allowed());
        }
        let dry_by_query = options::check(OptionsOf::Create, &request.params)?;
        let caller = request.caller.clone();
        let mut eviction: Eviction = self.decode_other(call, request)?;
        if eviction.metadata.name != call.name {
            return Err(Status::bad_request("name in URL does not match name in Eviction object"));
        }
        self.admit_part(call, &mut eviction, dry_by_query).await?;
        let mut options = eviction.delete_options.map(|options| *options).unwrap_or_default();
        if dry_by_query && options.dry_run.is_empty() {
            options.dry_run = vec!["All".into()];
        }
        super::delete::check_options(&options)?;
        let dry = !options.dry_run.is_empty();
        let (object, pod) = self.pod(call).await?;
        super::delete::check_preconditions(call, &object, &options)?;
        if counts(&pod) {
            self.spend_disruption(call, &pod, dry).await?;
        }
        let plain = Call { subresource: "", ..*call };
        if !dry {
            let now = self.parts.clock.utc().to_time();
            self.change::<Pod>(&plain, false, |pod| {
                mark(pod, now);
                Ok(())
            })
            .await?;
            // Marking has moved the version on; what the caller had seen was compared above.
            if let Some(preconditions) = &mut options.preconditions {
                preconditions.resource_version = None;
            }
        }
        let target = Target::resource(call.resource.clone(), call.namespace, call.name, "");
        let mut deletion = Request::new(Verb::Delete, target);
        deletion.caller = caller;
        deletion.body = Body::Delete(Box::new(options));
        self.delete(&plain, deletion).await?;
        Ok(Response::new(Content::Status(Box::new(Status { code: 201, ..Status::success() }))))
    }

    /// Takes one allowed disruption from the budget that covers the pod.
    async fn spend_disruption(&self, call: &Call<'_>, pod: &Pod, dry: bool) -> Result<(), Status> {
        let Some(storage) = self.parts.storages.get(&PodDisruptionBudget::INFO.gvk()) else { return Ok(()) };
        storage.wait_fresh(super::FRESH_TIMEOUT).await?;
        let snapshot = storage.cache.snapshot();
        let covering: Vec<_> = snapshot
            .iter(call.namespace, None)
            .filter_map(|(_, object)| object.downcast_arc::<PodDisruptionBudget>())
            .filter(|budget| {
                let selector = budget.spec.selector.as_deref().map(Selector::from_object);
                matches!(selector, Some(Ok(selector)) if selector.matches(&pod.metadata.labels))
            })
            .collect();
        let budget = match covering.as_slice() {
            [] => return Ok(()),
            [budget] => budget,
            _ => {
                let why =
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
                return Err(Status::failure(500, "", why));
            }
        };
        if !is_ready(pod) && lets_unready_go(budget) {
            return Ok(());
        }
        let now = self.parts.clock.utc().to_time();
        let one = Call { storage: &storage, name: &budget.metadata.name, subresource: "", ..*call };
        self.change::<PodDisruptionBudget>(&one, dry, |budget| {
            spend(budget)?;
            budget.status.disrupted_pods.insert(pod.metadata.name.clone(), now);
            if budget.status.disruptions_allowed == 0 {
                exhausted(budget, now);
            }
            Ok(())
        })
        .await
        .map(drop)
    }
}

/// Would anybody miss the pod?
fn counts(pod: &Pod) -> bool {
    !matches!(pod.status.phase.as_str(), "Succeeded" | "Failed" | "Pending")
        && pod.metadata.deletion_timestamp.is_none()
}

fn is_ready(pod: &Pod) -> bool {
    pod.status.conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Pods that are not ready may go without being counted: always, or while the application is healthy without them.
fn lets_unready_go(budget: &PodDisruptionBudget) -> bool {
    let status = &budget.status;
    match budget.spec.unhealthy_pod_eviction_policy.as_deref() {
        Some("AlwaysAllow") => true,
        _ => status.current_healthy >= status.desired_healthy && status.desired_healthy > 0,
    }
}

/// Why the pod goes, for controllers that see it go.
fn mark(pod: &mut Pod, now: Time) {
    const TYPE: &str = "DisruptionTarget";
    let before = pod.status.conditions.iter().find(|condition| condition.type_ == TYPE);
    let since = before.filter(|before| before.status == "True").and_then(|before| before.last_transition_time);
    let condition = PodCondition {
        type_: TYPE.into(),
        status: "True".into(),
        last_transition_time: Some(since.unwrap_or(now)),
        reason: "EvictionByEvictionAPI".into(),
        message: "Eviction API: evicting".into(),
        observed_generation: pod.metadata.generation,
        ..PodCondition::default()
    };
    match pod.status.conditions.iter_mut().find(|condition| condition.type_ == TYPE) {
        Some(slot) => *slot = condition,
        None => pod.status.conditions.push(condition),
    }
}

fn spend(budget: &mut PodDisruptionBudget) -> Result<(), Status> {
    let name = &budget.metadata.name;
    let status = &mut budget.status;
    if status.observed_generation < budget.metadata.generation {
        let why = format!("The disruption budget {name} is still being processed by the server.");
        return Err(too_many(why, RETRY_SECONDS));
    }
    let forbidden = |why: &str| Err(Status::forbidden(&GroupResource::new("policy", "poddisruptionbudget"), name, why));
    if status.disruptions_allowed < 0 {
        return forbidden("pdb disruptions allowed is negative");
    }
    if status.disrupted_pods.len() > DISRUPTED_PODS_MAX {
        return forbidden("DisruptedPods map too big - too many evictions not confirmed by PDB controller");
    }
    if status.disruptions_allowed == 0 {
        let failed = status
            .conditions
            .iter()
            .find(|condition| condition.type_ == "DisruptionAllowed" && condition.reason == "SyncFailed");
        let why = match failed {
            Some(failed) => format!(
                "The disruption budget {name} does not allow evicting pods currently because it failed sync: {}",
                failed.message
            ),
            None => format!(
                "The disruption budget {name} needs {} healthy pods and has {} currently",
                status.desired_healthy, status.current_healthy
            ),
        };
        return Err(too_many(why, 0));
    }
    status.disruptions_allowed -= 1;
    Ok(())
}

/// The condition of a budget that has nothing left to allow.
fn exhausted(budget: &mut PodDisruptionBudget, now: Time) {
    const TYPE: &str = "DisruptionAllowed";
    let observed_generation = budget.status.observed_generation;
    let conditions = &mut budget.status.conditions;
    let before = conditions.iter().find(|condition| condition.type_ == TYPE && condition.status == "False");
    let condition = Condition {
        type_: TYPE.into(),
        status: "False".into(),
        observed_generation,
        last_transition_time: before.map_or(Some(now), |before| before.last_transition_time),
        reason: "InsufficientPods".into(),
        message: String::new(),
    };
    match conditions.iter_mut().find(|condition| condition.type_ == TYPE) {
        Some(slot) => *slot = condition,
        None => conditions.push(condition),
    }
}

fn too_many(why: String, retry_after_seconds: i32) -> Status {
    let mut status = Status::too_many_requests(REFUSED, retry_after_seconds);
    status.details.get_or_insert_default().causes.push(StatusCause {
        reason: "DisruptionBudget".into(),
        message: why,
        field: String::new(),
    });
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_once_per_allowed_disruption() {
        let mut budget = PodDisruptionBudget::default();
        budget.metadata.generation = 1;
        let refusal = spend(&mut budget).unwrap_err();
        assert_eq!(refusal.details.as_ref().unwrap().retry_after_seconds, RETRY_SECONDS, "not yet observed");
        budget.status.observed_generation = 1;
        budget.status.disruptions_allowed = 1;
        spend(&mut budget).unwrap();
        assert_eq!(spend(&mut budget).unwrap_err().code, 429);
    }

    #[test]
    fn unready_pods_of_a_healthy_application_are_not_counted() {
        let mut budget = PodDisruptionBudget::default();
        assert!(!lets_unready_go(&budget));
        budget.spec.unhealthy_pod_eviction_policy = Some("AlwaysAllow".into());
        assert!(lets_unready_go(&budget));
        budget.spec.unhealthy_pod_eviction_policy = None;
        (budget.status.desired_healthy, budget.status.current_healthy) = (1, 1);
        assert!(lets_unready_go(&budget));
    }
}
