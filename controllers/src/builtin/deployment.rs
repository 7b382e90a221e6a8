//! Deployments: rolling from one template of pods to the next.
//!
//! In: a Deployment and its ReplicaSets. Out: ReplicaSets made, scaled and cleaned up, and the Deployment's status.
//! Invariants: one ReplicaSet per template; while rolling, pods never exceed `replicas + maxSurge` nor do available ones
//! fall below `replicas - maxUnavailable` by our doing. All is derived from what is stored, so that a controller that
//! starts in the middle of a rollout goes on with it. Source: Kubernetes concepts, "Deployments".

mod history;
mod progress;
mod rollout;
mod scale;

pub(crate) use history::template_hash;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::api::apps::v1::{Deployment, ReplicaSet};
use pintle_object_model::api::core::v1::Pod;
use pintle_object_model::selector::Selector;
use pintle_object_model::{ObjectRef, Resource};
use pintle_watch::Delta;

use crate::controller::owner_key;
use crate::error::{Doing, gone_is_fine};
use crate::owner::{BY_OWNER, by_owner, claim, controller_of};
use crate::{Action, Context, Controller, ControllerError, Reconciler, pods};

/// Label of a ReplicaSet and its pods: the hash of their template.
pub(super) const HASH: &str = "pod-template-hash";
/// Annotation: number of the rollout.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";

/// The `deployment` controller.
pub(crate) fn controller() -> Controller {
    Controller::new("deployment")
        .component("deployment-controller")
        .index::<ReplicaSet>(BY_OWNER, by_owner::<ReplicaSet>)
        .index::<Pod>(BY_OWNER, by_owner::<Pod>)
        .for_::<Deployment>()
        .owns::<ReplicaSet>()
        .watches::<ReplicaSet>(selecting)
        .on::<Pod>(|delta, ctx, enqueue| {
            // Only Recreate waits for pods: for the last of the old ones to go.
            let gone = matches!(delta, Delta::Deleted { .. }) || pods::is_finished(delta.object());
            if gone && let Some(key) = recreating(delta.object(), ctx) {
                enqueue.add(key);
            }
        })
        .build(Deployments)
}

/// Deployments that a ReplicaSet without a controller could belong to.
fn selecting(set: &ReplicaSet, ctx: &Context) -> Vec<ObjectRef> {
    if controller_of(&set.metadata).is_some() || set.metadata.labels.is_empty() {
        return vec![];
    }
    let all = ctx.cached::<Deployment>().list_in(&set.metadata.namespace);
    all.iter().filter(|one| selector(one).matches(&set.metadata.labels)).map(|one| ObjectRef::of(&**one)).collect()
}

/// The Deployment of a pod, if its strategy is Recreate.
fn recreating(pod: &Pod, ctx: &Context) -> Option<ObjectRef> {
    let set = owner_key(&pod.metadata, ReplicaSet::INFO)?;
    let set = ctx.cached::<ReplicaSet>().get(&set.namespace, &set.name)?;
    let key = owner_key(&set.metadata, Deployment::INFO)?;
    let deployment = ctx.cached::<Deployment>().get(&key.namespace, &key.name)?;
    (deployment.spec.strategy.type_ == "Recreate").then_some(key)
}

pub(super) fn selector(deployment: &Deployment) -> Selector {
    Selector::from_field(deployment.spec.selector.as_deref())
}

pub(super) fn wanted(deployment: &Deployment) -> i32 {
    deployment.spec.replicas.unwrap_or(1).max(0)
}

pub(super) fn wanted_of(set: &ReplicaSet) -> i32 {
    set.spec.replicas.unwrap_or(1).max(0)
}

/// A Deployment and the ReplicaSets that belong to it, as they are worked on.
pub(super) struct Work<'a> {
    pub(super) ctx: &'a Context,
    /// Changed along the way (its status, its revision) and kept current.
    pub(super) deployment: Deployment,
    /// As it was read: what the status is compared with.
    pub(super) read: Arc<Deployment>,
    /// The ReplicaSet of the current template.
    pub(super) new: Option<ReplicaSet>,
    /// All others, oldest first.
    pub(super) old: Vec<ReplicaSet>,
}

impl Work<'_> {
    pub(super) fn all(&self) -> impl Iterator<Item = &ReplicaSet> {
        self.old.iter().chain(&self.new)
    }

    /// How many pods may be missing while rolling.
    pub(super) fn max_unavailable(&self) -> i32 {
        let deployment = &self.deployment;
        let Some(rolling) = rolling(deployment) else { return 0 };
        let wanted = wanted(deployment);
        let share = |of: &Option<pintle_object_model::IntOrString>, up| {
            of.as_ref().and_then(|of| of.scaled(wanted, up)).unwrap_or_default().max(0)
        };
        let unavailable = share(&rolling.max_unavailable, false);
        // Both zero would forbid any step.
        let unavailable = if unavailable == 0 && share(&rolling.max_surge, true) == 0 { 1 } else { unavailable };
        unavailable.min(wanted)
    }

    /// How many pods there may be too many while rolling.
    pub(super) fn max_surge(&self) -> i32 {
        let surge = rolling(&self.deployment).and_then(|rolling| rolling.max_surge.as_ref());
        surge.and_then(|surge| surge.scaled(wanted(&self.deployment), true)).unwrap_or_default().max(0)
    }
}

fn rolling(deployment: &Deployment) -> Option<&pintle_object_model::api::apps::v1::RollingUpdateDeployment> {
    let strategy = &deployment.spec.strategy;
    if strategy.type_ == "Recreate" { None } else { strategy.rolling_update.as_deref() }
}

struct Deployments;

#[async_trait]
impl Reconciler for Deployments {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(deployment) = ctx.cached::<Deployment>().get(&key.namespace, &key.name) else {
            return Ok(Action::done());
        };
        let selector = selector(&deployment);
        if selector.is_empty() {
            let message = "This deployment is selecting all pods. A non-empty selector is required.";
            ctx.events().warning(&*deployment, "SelectingAll", message);
            return observed_only(ctx, &deployment).await;
        }
        let claimed: Vec<Arc<ReplicaSet>> = claim(ctx, &*deployment, &selector).await?;
        let mut sets: Vec<ReplicaSet> = claimed.iter().map(|set| (**set).clone()).collect();
        let age = |set: &ReplicaSet| (set.metadata.creation_timestamp, set.metadata.name.clone());
        sets.sort_by_key(age);
        let found = sets.iter().position(|set| history::same_template(&set.spec.template, &deployment.spec.template));
        let new = found.map(|index| sets.remove(index));
        let mut work = Work { ctx, deployment: (*deployment).clone(), read: deployment, new, old: sets };
        work.reconcile().await
    }
}

async fn observed_only(ctx: &Context, deployment: &Deployment) -> Result<Action, ControllerError> {
    if deployment.status.observed_generation < deployment.metadata.generation {
        let mut seen = deployment.clone();
        seen.status.observed_generation = seen.metadata.generation;
        let written = ctx.api::<Deployment>(&seen.metadata.namespace).replace_status(&seen).await;
        gone_is_fine(written).doing(|| format!("writing the status of {}", seen.metadata.name))?;
    }
    Ok(Action::done())
}

impl Work<'_> {
    async fn reconcile(&mut self) -> Result<Action, ControllerError> {
        if self.deployment.metadata.deletion_timestamp.is_some() {
            self.write_status().await?;
            return Ok(Action::done());
        }
        self.note_pause().await?;
        if self.deployment.spec.paused || self.is_scaling() {
            if self.new.is_some() {
                self.number_new_set().await?;
            }
            self.scale().await?;
            if self.deployment.spec.paused {
                self.clean_up().await?;
            }
            self.write_status().await?;
            return Ok(Action::done());
        }
        if self.deployment.spec.strategy.type_ == "Recreate" {
            self.roll_recreate().await?;
        } else {
            self.roll().await?;
        }
        let next: Option<Duration> = self.finish().await?;
        Ok(Action::done().or_sooner(next))
    }
}
