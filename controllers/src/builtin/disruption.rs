//! PodDisruptionBudgets: how many pods may be evicted now.
//!
//! In: budgets, pods, the workloads that say how many pods there should be. Out: the budgets' status, from which the API
//! server answers evictions. Invariant: an eviction that the server has granted is counted as a disruption until its pod
//! is seen to go, for at most two minutes. Source: Kubernetes concepts, "Disruptions".

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use pintle_object_model::api::core::v1::{Pod, ReplicationController};
use pintle_object_model::api::policy::v1::PodDisruptionBudget;
use pintle_object_model::selector::Selector;
use pintle_object_model::{IntOrString, ObjectRef, Time};

use crate::error::{Doing, gone_is_fine};
use crate::owner::controller_of;
use crate::{Action, Context, Controller, ControllerError, Reconciler, condition, pods};

/// A granted eviction whose pod is still there after this time did not happen.
const GRANTED_MAX: Duration = Duration::from_secs(120);

/// The `disruption` controller.
pub(crate) fn controller() -> Controller {
    Controller::new("disruption")
        .component("controllermanager")
        .reads::<Deployment>()
        .reads::<ReplicaSet>()
        .reads::<StatefulSet>()
        .reads::<ReplicationController>()
        .for_::<PodDisruptionBudget>()
        .watches::<Pod>(|pod, ctx| {
            let all = ctx.cached::<PodDisruptionBudget>().list_in(&pod.metadata.namespace);
            let covering = all.iter().filter(|budget| selector(budget).matches(&pod.metadata.labels));
            covering.map(|budget| ObjectRef::of(&**budget)).collect()
        })
        .build(Budgets)
}

fn selector(budget: &PodDisruptionBudget) -> Selector {
    Selector::from_field(budget.spec.selector.as_deref())
}

struct Budgets;

#[async_trait]
impl Reconciler for Budgets {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let cached = ctx.cached::<PodDisruptionBudget>().get(&key.namespace, &key.name);
        let Some(read) = cached else { return Ok(Action::done()) };
        let mut budget = (*read).clone();
        let selector = selector(&budget);
        let all = ctx.cached::<Pod>().list_in(&key.namespace);
        let covered: Vec<_> = all.into_iter().filter(|pod| selector.matches(&pod.metadata.labels)).collect();
        let now = ctx.now();
        let next = forget_granted(&mut budget, &covered, now);
        match expected(ctx, &budget, &covered) {
            Ok((expected, desired)) => judge(&mut budget, &covered, expected, desired, now),
            Err(why) => {
                budget.status.disruptions_allowed = 0;
                budget.status.observed_generation = budget.metadata.generation;
                condition::set(&mut budget.status.conditions, "DisruptionAllowed", "False", "SyncFailed", &why, now);
            }
        }
        if budget.status != read.status {
            let written = ctx.api::<PodDisruptionBudget>(&key.namespace).replace_status(&budget).await;
            gone_is_fine(written).doing(|| format!("writing the status of {key}"))?;
        }
        Ok(Action::done().or_sooner(next))
    }
}

/// Drops evictions that have happened, or never did. Answers when the next runs out.
fn forget_granted(budget: &mut PodDisruptionBudget, covered: &[Arc<Pod>], now: Time) -> Option<Duration> {
    let there = |name: &String| {
        covered.iter().any(|pod| pod.metadata.name == *name && pod.metadata.deletion_timestamp.is_none())
    };
    budget.status.disrupted_pods.retain(|name, granted| there(name) && now.since(*granted) < GRANTED_MAX);
    budget.status.disrupted_pods.values().map(|granted| GRANTED_MAX.saturating_sub(now.since(*granted))).min()
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// How many pods there should be, and how many of them healthy.
fn expected(ctx: &Context, budget: &PodDisruptionBudget, covered: &[Arc<Pod>]) -> Result<(i32, i32), String> {
    match (&budget.spec.max_unavailable, &budget.spec.min_available) {
        (Some(most), _) => {
            let expected = scale(ctx, covered)?;
            let most = most.scaled(expected, true).ok_or("maxUnavailable is no number or percentage")?;
            Ok((expected, (expected - most).max(0)))
        }
        (None, Some(IntOrString::Int(least))) => Ok((count(covered.len()), *least)),
        (None, Some(share)) => {
            let expected = scale(ctx, covered)?;
            Ok((expected, share.scaled(expected, true).ok_or("minAvailable is no number or percentage")?))
        }
        (None, None) => Ok((count(covered.len()), 0)),
    }
}

/// The sum of what the workloads of these pods ask for.
fn scale(ctx: &Context, covered: &[Arc<Pod>]) -> Result<i32, String> {
    let mut workloads: BTreeMap<String, i32> = BTreeMap::new();
    for pod in covered {
        let Some(owner) = controller_of(&pod.metadata) else {
            // A pod on its own stands for itself.
            workloads.insert(pod.metadata.uid.clone(), 1);
            continue;
        };
        let namespace = &pod.metadata.namespace;
        let of = |uid: &str, replicas: Option<i32>| Some((uid.to_owned(), replicas.unwrap_or(1)));
        let found = match owner.kind.as_str() {
            "ReplicaSet" => ctx.cached::<ReplicaSet>().get(namespace, &owner.name).and_then(|set| {
                let above = controller_of(&set.metadata).filter(|above| above.kind == "Deployment");
                let above = above.and_then(|above| ctx.cached::<Deployment>().get(namespace, &above.name));
                match above {
                    Some(deployment) => of(&deployment.metadata.uid, deployment.spec.replicas),
                    None => of(&set.metadata.uid, set.spec.replicas),
                }
            }),
            "StatefulSet" => {
                let set = ctx.cached::<StatefulSet>().get(namespace, &owner.name);
                set.and_then(|set| of(&set.metadata.uid, set.spec.replicas))
            }
            "ReplicationController" => {
                let controller = ctx.cached::<ReplicationController>().get(namespace, &owner.name);
                controller.and_then(|one| of(&one.metadata.uid, one.spec.replicas))
            }
            kind => return Err(format!("{kind} {} does not implement the scale subresource", owner.name)),
        };
        if let Some((uid, replicas)) = found {
            workloads.insert(uid, replicas);
        }
    }
    Ok(workloads.values().sum())
}

fn judge(budget: &mut PodDisruptionBudget, covered: &[Arc<Pod>], expected: i32, desired: i32, now: Time) {
    let status = &mut budget.status;
    let healthy = covered.iter().filter(|pod| {
        pods::is_active(pod) && pods::is_ready(pod) && !status.disrupted_pods.contains_key(&pod.metadata.name)
    });
    status.current_healthy = count(healthy.count());
    status.desired_healthy = desired;
    status.expected_pods = expected;
    status.disruptions_allowed = if expected == 0 { 0 } else { (status.current_healthy - desired).max(0) };
    status.observed_generation = budget.metadata.generation;
    let (value, reason) =
        if status.disruptions_allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    condition::set(&mut status.conditions, "DisruptionAllowed", value, reason, "", now);
    let generation = budget.metadata.generation;
    status.conditions.iter_mut().for_each(|condition| condition.observed_generation = generation);
}
