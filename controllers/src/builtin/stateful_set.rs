//! StatefulSets: numbered pods with names and volumes that stay theirs.
//!
//! In: StatefulSets and their pods. Out: pods and volume claims made, pods deleted, revisions, status. Invariants: no two
//! pods of one number at a time (the name sees to it); with `OrderedReady`, pods come in order and go in reverse, one at a
//! time, each only when all before it are ready. Source: Kubernetes concepts, "StatefulSets".

mod identity;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::api::apps::v1::{ControllerRevision, StatefulSet, StatefulSetStatus};
use pintle_object_model::api::core::v1::{PersistentVolumeClaim, Pod, PodTemplateSpec};
use pintle_object_model::api::meta::v1::{DeleteOptions, Preconditions};
use pintle_object_model::selector::Selector;
use pintle_object_model::{ObjectRef, Time};

use super::replicas::is_terminating_namespace;
use crate::error::{Doing, gone_is_fine};
use crate::owner::{BY_OWNER, by_owner, claim, controller_of};
use crate::revisions::{self, HASH, Revisions};
use crate::{Action, Context, Controller, ControllerError, Reconciler, pods};

/// The `statefulset` controller.
pub(crate) fn controller() -> Controller {
    Controller::new("statefulset")
        .component("statefulset-controller")
        .index::<Pod>(BY_OWNER, by_owner::<Pod>)
        .index::<ControllerRevision>(BY_OWNER, by_owner::<ControllerRevision>)
        .reads::<PersistentVolumeClaim>()
        .for_::<StatefulSet>()
        .owns::<Pod>()
        .owns::<ControllerRevision>()
        .watches::<Pod>(|pod, ctx| {
            if controller_of(&pod.metadata).is_some() || pod.metadata.labels.is_empty() {
                return vec![];
            }
            let all = ctx.cached::<StatefulSet>().list_in(&pod.metadata.namespace);
            all.iter()
                .filter(|set| selector(set).matches(&pod.metadata.labels))
                .map(|set| ObjectRef::of(&**set))
                .collect()
        })
        .build(StatefulSets)
}

fn selector(set: &StatefulSet) -> Selector {
    Selector::from_field(set.spec.selector.as_deref())
}

fn start(set: &StatefulSet) -> i32 {
    set.spec.ordinals.as_ref().map_or(0, |ordinals| ordinals.start)
}

fn wanted(set: &StatefulSet) -> i32 {
    set.spec.replicas.unwrap_or(1).max(0)
}

fn partition(set: &StatefulSet) -> Option<i32> {
    set.spec.update_strategy.rolling_update.as_ref().and_then(|rolling| rolling.partition)
}

struct StatefulSets;

/// A set as it is worked on.
struct Work<'a> {
    ctx: &'a Context,
    set: Arc<StatefulSet>,
    /// Pods by number.
    pods: BTreeMap<i32, Arc<Pod>>,
    /// Name of the revision that pods had before the update that goes on.
    current: String,
    /// Name of the revision of the present template.
    update: String,
    old_template: PodTemplateSpec,
    now: Time,
}

#[async_trait]
impl Reconciler for StatefulSets {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(set) = ctx.cached::<StatefulSet>().get(&key.namespace, &key.name) else { return Ok(Action::done()) };
        let selector = selector(&set);
        let claimed: Vec<Arc<Pod>> = claim(ctx, &*set, &selector).await?;
        let of_set = claimed.into_iter().filter_map(|pod| Some((identity::ordinal(&set, &pod)?, pod)));
        let pods: BTreeMap<i32, Arc<Pod>> = of_set.collect();
        let labels = set.spec.selector.as_ref().map(|selector| selector.match_labels.clone()).unwrap_or_default();
        let revisions = revisions::sync(ctx, &*set, &selector, &labels, &set.spec.template).await?;
        let update = revisions.current.metadata.name.clone();
        let current = revisions.all.iter().find(|one| one.metadata.name == set.status.current_revision);
        let old_template =
            current.and_then(|one| revisions::template_of(one)).unwrap_or_else(|| set.spec.template.clone());
        let current = current.map_or_else(|| update.clone(), |one| one.metadata.name.clone());
        let work = Work { ctx, pods, current, update, old_template, now: ctx.now(), set };
        let outcome = if work.set.metadata.deletion_timestamp.is_none() { work.step().await } else { Ok(()) };
        let next = work.write_status(&revisions).await?;
        outcome?;
        Ok(Action::done().or_sooner(next))
    }
}

impl Work<'_> {
    fn is_parallel(&self) -> bool {
        self.set.spec.pod_management_policy == "Parallel"
    }

    fn is_available(&self, pod: &Pod) -> bool {
        let wait = pods::available_in(pod, self.set.spec.min_ready_seconds, self.now);
        pods::is_active(pod) && pod.status.phase == "Running" && wait.is_some_and(|wait| wait.is_zero())
    }

    fn revision_of(pod: &Pod) -> &str {
        pod.metadata.labels.get(HASH).map_or("", String::as_str)
    }

    /// Must a new pod of this number still be as it was before the update?
    fn is_held_back(&self, ordinal: i32) -> bool {
        if self.set.spec.update_strategy.type_ == "OnDelete" {
            return false;
        }
        let index = ordinal - start(&self.set);
        match partition(&self.set).filter(|partition| *partition > 0) {
            Some(partition) => index < partition,
            None => index < self.set.status.current_replicas && self.current != self.update,
        }
    }

    /// One step: what is missing, what is too much, then what is out of date.
    async fn step(&self) -> Result<(), ControllerError> {
        let (first, end) = (start(&self.set), start(&self.set) + wanted(&self.set));
        for ordinal in first..end {
            let ready = match self.pods.get(&ordinal) {
                None => {
                    self.create(ordinal).await?;
                    false
                }
                Some(pod) if pod.metadata.deletion_timestamp.is_some() => false,
                Some(pod) if pods::is_finished(pod) => {
                    self.delete(pod).await?;
                    false
                }
                Some(pod) => {
                    self.ensure_claims(ordinal).await?;
                    self.is_available(pod)
                }
            };
            if !ready && !self.is_parallel() {
                return Ok(());
            }
        }
        let surplus: Vec<_> = self.pods.iter().filter(|(ordinal, _)| !(first..end).contains(ordinal)).collect();
        for (ordinal, pod) in surplus.into_iter().rev() {
            if pod.metadata.deletion_timestamp.is_none() {
                self.hand_claims_over(*ordinal, pod).await?;
                self.delete(pod).await?;
            }
            if !self.is_parallel() {
                return Ok(());
            }
        }
        self.update(first, end).await
    }

    /// The highest number that is out of date goes, if all above it are fine.
    async fn update(&self, first: i32, end: i32) -> Result<(), ControllerError> {
        if self.set.spec.update_strategy.type_ == "OnDelete" {
            return Ok(());
        }
        for ordinal in (first + partition(&self.set).unwrap_or_default().max(0)..end).rev() {
            let Some(pod) = self.pods.get(&ordinal) else { return Ok(()) };
            if Self::revision_of(pod) != self.update && pod.metadata.deletion_timestamp.is_none() {
                return self.delete(pod).await;
            }
            if !self.is_available(pod) {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn create(&self, ordinal: i32) -> Result<(), ControllerError> {
        self.ensure_claims(ordinal).await?;
        let (template, revision) = if self.is_held_back(ordinal) {
            (&self.old_template, &self.current)
        } else {
            (&self.set.spec.template, &self.update)
        };
        let pod = identity::pod(&self.set, template, ordinal, revision);
        let name = pod.metadata.name.clone();
        match self.ctx.api::<Pod>(&pod.metadata.namespace).create(&pod).await {
            Ok(_) => {
                let message = format!("create Pod {name} in StatefulSet {} successful", self.set.metadata.name);
                self.ctx.events().normal(&*self.set, "SuccessfulCreate", message);
                Ok(())
            }
            Err(status) if is_terminating_namespace(&status) => Ok(()),
            Err(status) => {
                if !status.is_already_exists() {
                    let set = &self.set.metadata.name;
                    let message = format!("create Pod {name} in StatefulSet {set} failed error: {status}");
                    self.ctx.events().warning(&*self.set, "FailedCreate", message);
                }
                Err(status).doing(|| format!("making {name}"))
            }
        }
    }

    async fn delete(&self, pod: &Pod) -> Result<(), ControllerError> {
        let name = &pod.metadata.name;
        let preconditions = Preconditions { uid: Some(pod.metadata.uid.clone()), resource_version: None };
        let options = DeleteOptions { preconditions: Some(Box::new(preconditions)), ..DeleteOptions::default() };
        let api = self.ctx.api::<Pod>(&pod.metadata.namespace);
        gone_is_fine(api.delete(name, options).await).doing(|| format!("deleting {name}"))?;
        let message = format!("delete Pod {name} in StatefulSet {} successful", self.set.metadata.name);
        self.ctx.events().normal(&*self.set, "SuccessfulDelete", message);
        Ok(())
    }

    async fn ensure_claims(&self, ordinal: i32) -> Result<(), ControllerError> {
        let cached = self.ctx.cached::<PersistentVolumeClaim>();
        for claim in identity::claims(&self.set, ordinal) {
            if cached.get(&claim.metadata.namespace, &claim.metadata.name).is_some() {
                continue;
            }
            let name = &claim.metadata.name;
            match self.ctx.api::<PersistentVolumeClaim>(&claim.metadata.namespace).create(&claim).await {
                Err(status) if status.is_already_exists() || is_terminating_namespace(&status) => {}
                other => drop(other.doing(|| format!("making claim {name}"))?),
            }
        }
        Ok(())
    }

    /// Claims that shall not outlive a scaled-down pod get it as their owner, before it goes.
    async fn hand_claims_over(&self, ordinal: i32, pod: &Pod) -> Result<(), ControllerError> {
        let policy = self.set.spec.persistent_volume_claim_retention_policy.as_ref();
        if policy.is_none_or(|policy| policy.when_scaled != "Delete") {
            return Ok(());
        }
        let mut owner = crate::owner::controller_ref(pod);
        (owner.controller, owner.block_owner_deletion) = (None, None);
        for claim in identity::claims(&self.set, ordinal) {
            let name = &claim.metadata.name;
            let api = self.ctx.api::<PersistentVolumeClaim>(&claim.metadata.namespace);
            let edited = api.edit(name, |claim| {
                let owners = &mut claim.metadata.owner_references;
                let new = !owners.iter().any(|one| one.uid == owner.uid);
                if new {
                    owners.retain(|one| one.kind != "StatefulSet");
                    owners.push(owner.clone());
                }
                new
            });
            gone_is_fine(edited.await).doing(|| format!("handing over claim {name}"))?;
        }
        Ok(())
    }

    async fn write_status(&self, revisions: &Revisions) -> Result<Option<Duration>, ControllerError> {
        let set = &self.set;
        let present: Vec<_> = self.pods.values().filter(|pod| pod.metadata.deletion_timestamp.is_none()).collect();
        let count =
            |of: &dyn Fn(&Pod) -> bool| i32::try_from(present.iter().filter(|pod| of(pod)).count()).unwrap_or(i32::MAX);
        let mut status = StatefulSetStatus {
            observed_generation: set.metadata.generation,
            replicas: i32::try_from(self.pods.len()).unwrap_or(i32::MAX),
            ready_replicas: count(&|pod| pod.status.phase == "Running" && pods::is_ready(pod)),
            available_replicas: count(&|pod| self.is_available(pod)),
            current_replicas: count(&|pod| Self::revision_of(pod) == self.current),
            updated_replicas: count(&|pod| Self::revision_of(pod) == self.update),
            current_revision: self.current.clone(),
            update_revision: self.update.clone(),
            collision_count: Some(set.status.collision_count.unwrap_or_default()),
            conditions: set.status.conditions.clone(),
        };
        let whole = partition(set).unwrap_or_default() == 0 && set.spec.update_strategy.type_ != "OnDelete";
        let all_new = status.updated_replicas == status.replicas && status.ready_replicas == status.replicas;
        if whole && all_new && status.replicas == wanted(set) {
            status.current_revision.clone_from(&self.update);
            status.current_replicas = status.updated_replicas;
        }
        if status != set.status {
            let updated = StatefulSet { status, ..(**set).clone() };
            let written = self.ctx.api::<StatefulSet>(&set.metadata.namespace).replace_status(&updated).await;
            gone_is_fine(written).doing(|| format!("writing the status of {}", set.metadata.name))?;
        }
        let used = |one: &ControllerRevision| {
            one.metadata.name == self.current || present.iter().any(|pod| Self::revision_of(pod) == one.metadata.name)
        };
        revisions::clean_up(self.ctx, revisions, used, set.spec.revision_history_limit).await?;
        let waits = present.iter().filter_map(|pod| pods::available_in(pod, set.spec.min_ready_seconds, self.now));
        Ok(waits.filter(|wait| !wait.is_zero()).min())
    }
}
