//! Deployments: one ReplicaSet per version of the template, replaced step by step.
//!
//! In: Deployments, ReplicaSets, pods. Out: ReplicaSets made, scaled and removed, and the Deployment's status. Invariant:
//! during a rolling update never more than `maxSurge` pods too many, and never more than `maxUnavailable` too few are
//! available by its own doing. Source: the Deployment concept.

mod progress;
mod revision;
mod rollout;

use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::ObjectRef;
use pintle_object_model::api::apps::v1::{Deployment, ReplicaSet};
use pintle_object_model::api::core::v1::Pod;
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::selector::Selector;
use pintle_watch::Delta;

use super::pods::is_terminal;
use super::replica_set::BY_CONTROLLER;
use crate::owner::controller_key;
use crate::{Action, Context, Controller, ControllerError, Reconciler, controller_of, is_controlled_by};
use rollout::Rollout;

pub(super) fn controller() -> Controller {
    Controller::builder("deployment")
        .for_each::<Deployment>()
        .owns::<Deployment, ReplicaSet>()
        .watches::<Pod>(|delta, context| {
            // With the strategy Recreate, the end of the last old pod is what is waited for.
            let Delta::Deleted { last, .. } = delta else { return vec![] };
            let Some(set) = controller_of(&last.metadata).filter(|owner| owner.kind == "ReplicaSet") else {
                return vec![];
            };
            let set = context.informer::<ReplicaSet>().get(&last.metadata.namespace, &set.name);
            let owner = set.as_ref().and_then(|set| controller_of(&set.metadata).cloned());
            owner.map(|owner| ObjectRef::new(last.metadata.namespace.as_str(), owner.name)).into_iter().collect()
        })
        .concurrency(8)
        .build(Deployments)
}

struct Deployments;

/// A Deployment with its ReplicaSets.
pub(super) struct World<'a> {
    pub(super) deployment: &'a Deployment,
    /// The ReplicaSet of the present template, if there is one.
    pub(super) new: Option<Arc<ReplicaSet>>,
    /// The others, oldest first.
    pub(super) old: Vec<Arc<ReplicaSet>>,
    pub(super) context: &'a Context,
}

impl World<'_> {
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<ReplicaSet>> {
        self.old.iter().chain(&self.new)
    }
    pub(super) fn wanted(&self) -> i32 {
        self.deployment.spec.replicas.unwrap_or(1)
    }
}

#[async_trait]
impl Reconciler for Deployments {
    async fn reconcile(&self, key: &ObjectRef, context: &Context) -> Result<Action, ControllerError> {
        let Some(deployment) = context.informer::<Deployment>().get(&key.namespace, &key.name) else {
            return Ok(Action::done());
        };
        let selector = deployment.spec.selector.as_deref().and_then(|selector| Selector::from_object(selector).ok());
        if selector.is_none_or(|selector| selector.is_empty()) {
            context.events().warning(
                &*deployment,
                "SelectingAll",
                "This deployment is selecting all pods. A non-empty selector is required.",
            );
            return Ok(Action::done());
        }
        let mut world = world(&deployment, context);
        if deployment.metadata.deletion_timestamp.is_some() {
            return progress::write(&world).await;
        }
        let rollout = Rollout::new(&world);
        if deployment.spec.paused || is_scaling(&world) {
            rollout.scale(&world).await?;
        } else if deployment.spec.strategy.type_ == "Recreate" {
            let waits = rollout.stop_old(&world).await? || has_old_pods(&world);
            if !waits {
                revision::ensure_new(&mut world).await?;
                rollout.fill_new(&world).await?;
            }
        } else {
            revision::ensure_new(&mut world).await?;
            rollout.roll(&world).await?;
        }
        if progress::is_complete(&world) {
            clean_up(&world).await?;
        }
        progress::write(&world).await
    }
}

fn world<'a>(deployment: &'a Deployment, context: &'a Context) -> World<'a> {
    let sets = context.informer::<ReplicaSet>();
    sets.add_index("deployment", |set| controller_key(&set.metadata));
    let mut owned = sets.indexed("deployment", &deployment.metadata.uid);
    owned.sort_by_key(|set| (set.metadata.creation_timestamp, set.metadata.name.clone()));
    let at = owned.iter().position(|set| revision::is_of_template(set, deployment));
    let new = at.map(|at| owned.remove(at));
    World { deployment, new, old: owned, context }
}

/// How many of the wanted pods may be missing at a time.
fn rollout_unavailable(world: &World<'_>) -> i32 {
    Rollout::new(world).unavailable()
}

/// Was the number of replicas changed, rather than the template?
fn is_scaling(world: &World<'_>) -> bool {
    world.new.is_some()
        && world
            .all()
            .filter(|set| set.spec.replicas.unwrap_or_default() > 0)
            .any(|set| revision::desired(set).is_some_and(|desired| desired != world.wanted()))
}

fn has_old_pods(world: &World<'_>) -> bool {
    let pods = world.context.informer::<Pod>();
    pods.add_index(BY_CONTROLLER, |pod| controller_key(&pod.metadata));
    world.old.iter().any(|set| {
        let owned = pods.indexed(BY_CONTROLLER, &set.metadata.uid);
        owned.iter().any(|pod| !is_terminal(pod) && is_controlled_by(&pod.metadata, &set.metadata.uid))
    })
}

/// Removes ReplicaSets beyond the history that is kept.
async fn clean_up(world: &World<'_>) -> Result<(), ControllerError> {
    let limit = usize::try_from(world.deployment.spec.revision_history_limit.unwrap_or(10)).unwrap_or_default();
    let mut idle: Vec<&Arc<ReplicaSet>> = world
        .old
        .iter()
        .filter(|set| {
            set.spec.replicas == Some(0)
                && set.status.replicas == 0
                && set.status.observed_generation >= set.metadata.generation
                && set.metadata.deletion_timestamp.is_none()
        })
        .collect();
    idle.sort_by_key(|set| revision::number(set));
    let surplus = idle.len().saturating_sub(limit);
    let api = world.context.client().namespaced::<ReplicaSet>(&world.deployment.metadata.namespace);
    for set in idle.into_iter().take(surplus) {
        match api.delete(&set.metadata.name, DeleteOptions::default()).await {
            Err(status) if !status.is_not_found() => {
                return Err(ControllerError::api(format!("deleting {}", set.metadata.name))(status));
            }
            _ => {}
        }
    }
    Ok(())
}
