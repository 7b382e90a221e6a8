//! DaemonSets: one pod on every node that it fits.
//!
//! In: DaemonSets, nodes, pods. Out: pods made and deleted, revisions, status. Invariants: a node never gets a second pod
//! while the first is there; a rolling update keeps within `maxUnavailable`. Elsewhere: placing the pods on their nodes
//! (`scheduler`), for which each carries an affinity to its node. `maxSurge` is not served: updates go through
//! `maxUnavailable` (at least 1). Source: Kubernetes concepts, "DaemonSet".

mod fit;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::apps::v1::{ControllerRevision, DaemonSet};
use pintle_object_model::api::core::v1::{Node, Pod};
use pintle_object_model::api::meta::v1::{DeleteOptions, Preconditions};
use pintle_object_model::selector::Selector;
use pintle_object_model::{ObjectRef, Resource, Status};
use pintle_watch::Delta;

use super::replicas::is_terminating_namespace;
use crate::batch::{side_by_side, slow_start};
use crate::controller::owner_key;
use crate::error::{Doing, gone_is_fine};
use crate::owner::{BY_OWNER, by_owner, claim, controller_of, controller_ref};
use crate::revisions::{self, HASH, Revisions, hash_of};
use crate::{Action, Context, Controller, ControllerError, EXPECTATION_TIMEOUT, Expectations, Reconciler, pods};

const BURST: usize = 250;

/// The `daemonset` controller.
pub(crate) fn controller() -> Controller {
    let expectations = Arc::new(Expectations::default());
    let seen = Arc::clone(&expectations);
    Controller::new("daemonset")
        .component("daemonset-controller")
        .index::<Pod>(BY_OWNER, by_owner::<Pod>)
        .index::<ControllerRevision>(BY_OWNER, by_owner::<ControllerRevision>)
        .for_::<DaemonSet>()
        .owns::<ControllerRevision>()
        .on::<Pod>(move |delta, ctx, enqueue| {
            let pod = delta.object();
            match owner_key(&pod.metadata, DaemonSet::INFO) {
                Some(key) => {
                    super::replicas::observe(&seen, &key, delta);
                    enqueue.add(key);
                }
                None if controller_of(&pod.metadata).is_none() && !pod.metadata.labels.is_empty() => {
                    let all = ctx.cached::<DaemonSet>().list_in(&pod.metadata.namespace);
                    let selecting = all.iter().filter(|set| selector(set).matches(&pod.metadata.labels));
                    selecting.for_each(|set| enqueue.add(ObjectRef::of(&**set)));
                }
                None => {}
            }
        })
        .on::<Node>(|delta, ctx, enqueue| {
            if let Delta::Updated { old, new } = delta
                && old.metadata.labels == new.metadata.labels
                && old.spec.taints == new.spec.taints
            {
                return;
            }
            ctx.cached::<DaemonSet>().list().iter().for_each(|set| enqueue.add(ObjectRef::of(&**set)));
        })
        .build(DaemonSets { expectations })
}

fn selector(set: &DaemonSet) -> Selector {
    Selector::from_field(set.spec.selector.as_deref())
}

struct DaemonSets {
    expectations: Arc<Expectations>,
}

/// A node, whether the set wants a pod on it, and the pods that are there.
struct Place {
    node: Arc<Node>,
    fit: fit::Fit,
    pods: Vec<Arc<Pod>>,
}

#[async_trait]
impl Reconciler for DaemonSets {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(set) = ctx.cached::<DaemonSet>().get(&key.namespace, &key.name) else {
            self.expectations.forget(key);
            return Ok(Action::done());
        };
        if !self.expectations.are_met(key, ctx.clock().now()) {
            return Ok(Action::requeue_after(EXPECTATION_TIMEOUT));
        }
        let selector = selector(&set);
        if selector.is_empty() {
            let message = "This daemon set is selecting all pods. A non-empty selector is required.";
            ctx.events().warning(&*set, "SelectingAll", message);
            return Ok(Action::done());
        }
        let claimed: Vec<Arc<Pod>> = claim(ctx, &*set, &selector).await?;
        let labels = &set.spec.template.metadata.labels;
        let revisions = revisions::sync(ctx, &*set, &selector, labels, &set.spec.template).await?;
        let places = places(ctx, &set, &claimed);
        let mut outcome = Ok(());
        if set.metadata.deletion_timestamp.is_none() {
            outcome = self.manage(key, ctx, &set, &places, &claimed, hash_of(&revisions.current)).await;
            if outcome.is_ok() && self.expectations.are_met(key, ctx.clock().now()) {
                outcome = self.roll(key, ctx, &set, &places, hash_of(&revisions.current)).await;
            }
        }
        let next = self.write_status(ctx, &set, &places, &revisions).await?;
        outcome?;
        let used = |revision: &ControllerRevision| {
            claimed.iter().any(|pod| pod.metadata.labels.get(HASH).is_some_and(|hash| hash == hash_of(revision)))
        };
        revisions::clean_up(ctx, &revisions, used, set.spec.revision_history_limit).await?;
        Ok(Action::done().or_sooner(next))
    }
}

fn places(ctx: &Context, set: &DaemonSet, claimed: &[Arc<Pod>]) -> Vec<Place> {
    let mut by_node: BTreeMap<String, Vec<Arc<Pod>>> = BTreeMap::new();
    for pod in claimed {
        if let Some(node) = fit::target_of(pod) {
            by_node.entry(node).or_default().push(Arc::clone(pod));
        }
    }
    let nodes = ctx.cached::<Node>().list().into_iter();
    nodes
        .map(|node| {
            let pods = by_node.remove(&node.metadata.name).unwrap_or_default();
            Place { fit: fit::fit(set, &node), node, pods }
        })
        .collect()
}

impl DaemonSets {
    async fn manage(
        &self,
        key: &ObjectRef,
        ctx: &Context,
        set: &DaemonSet,
        places: &[Place],
        claimed: &[Arc<Pod>],
        hash: &str,
    ) -> Result<(), ControllerError> {
        let (mut missing, mut surplus) = (vec![], vec![]);
        for place in places {
            let going = |pod: &&Arc<Pod>| pod.metadata.deletion_timestamp.is_some();
            let mut here: Vec<_> = place.pods.iter().filter(|pod| !going(pod)).collect();
            if !place.fit.may_stay {
                surplus.extend(here.into_iter().cloned());
                continue;
            }
            // A pod that failed makes room; its successor comes once it is gone.
            surplus.extend(here.iter().filter(|pod| pod.status.phase == "Failed").map(|pod| Arc::clone(pod)));
            here.retain(|pod| pod.status.phase != "Failed");
            here.sort_by_key(|pod| (pod.metadata.creation_timestamp, pod.metadata.name.clone()));
            surplus.extend(here.into_iter().skip(1).cloned());
            if place.pods.is_empty() && place.fit.wanted {
                missing.push(place.node.metadata.name.clone());
            }
        }
        let known = |pod: &&Arc<Pod>| {
            fit::target_of(pod).is_some_and(|node| places.iter().any(|one| one.node.metadata.name == node))
        };
        let astray = claimed.iter().filter(|pod| !known(pod) && pod.metadata.deletion_timestamp.is_none());
        surplus.extend(astray.cloned());
        self.delete(key, ctx, set, surplus).await?;
        missing.truncate(BURST);
        self.create(key, ctx, set, missing, hash).await
    }

    async fn create(
        &self,
        key: &ObjectRef,
        ctx: &Context,
        set: &DaemonSet,
        nodes: Vec<String>,
        hash: &str,
    ) -> Result<(), ControllerError> {
        self.expectations.expect_creations(key, nodes.len(), ctx.clock().now());
        let api = ctx.api::<Pod>(&key.namespace);
        let mut pattern = pods::from_template(&set.spec.template, &key.namespace, &key.name, controller_ref(set));
        pattern.metadata.labels.insert(HASH.into(), hash.to_owned());
        fit::add_tolerations(&mut pattern.spec.tolerations, pattern.spec.host_network);
        let (done, failure) = slow_start(nodes.len(), |index| {
            let mut pod = pattern.clone();
            fit::aim_at(&mut pod.spec, &nodes[index]);
            let api = &api;
            async move {
                let made = api.create(&pod).await?;
                ctx.events().normal(set, "SuccessfulCreate", format!("Created pod: {}", made.metadata.name));
                Ok::<_, Status>(())
            }
        })
        .await;
        self.expectations.created(key, nodes.len() - done);
        match failure {
            Some(status) if !is_terminating_namespace(&status) => {
                ctx.events().warning(set, "FailedCreate", format!("Error creating: {status}"));
                Err(status).doing(|| format!("making pods of {key}"))
            }
            _ => Ok(()),
        }
    }

    async fn delete(
        &self,
        key: &ObjectRef,
        ctx: &Context,
        set: &DaemonSet,
        mut pods: Vec<Arc<Pod>>,
    ) -> Result<(), ControllerError> {
        pods.truncate(BURST);
        self.expectations.expect_deletions(key, pods.iter().map(|pod| pod.metadata.uid.clone()), ctx.clock().now());
        let api = ctx.api::<Pod>(&key.namespace);
        let deletions: Vec<_> = pods.iter().map(|pod| self.delete_one(key, ctx, set, &api, pod)).collect();
        let failure = side_by_side(deletions).await.into_iter().find_map(Result::err);
        failure.map_or(Ok(()), Err).doing(|| format!("deleting pods of {key}"))
    }

    async fn delete_one(
        &self,
        key: &ObjectRef,
        ctx: &Context,
        set: &DaemonSet,
        api: &pintle_client::Api<Pod>,
        pod: &Pod,
    ) -> Result<(), Status> {
        let preconditions = Preconditions { uid: Some(pod.metadata.uid.clone()), resource_version: None };
        let options = DeleteOptions { preconditions: Some(Box::new(preconditions)), ..DeleteOptions::default() };
        let result = api.delete(&pod.metadata.name, options).await;
        if result.is_err() {
            self.expectations.deleted(key, &pod.metadata.uid);
        }
        gone_is_fine(result)?;
        ctx.events().normal(set, "SuccessfulDelete", format!("Deleted pod: {}", pod.metadata.name));
        Ok(())
    }

    /// One step of a rolling update: as many old pods go as may be missing.
    async fn roll(
        &self,
        key: &ObjectRef,
        ctx: &Context,
        set: &DaemonSet,
        places: &[Place],
        hash: &str,
    ) -> Result<(), ControllerError> {
        if set.spec.update_strategy.type_ == "OnDelete" {
            return Ok(());
        }
        let wanted = places.iter().filter(|place| place.fit.wanted).count();
        let rolling =
            set.spec.update_strategy.rolling_update.as_ref().and_then(|rolling| rolling.max_unavailable.as_ref());
        let most = rolling.and_then(|most| most.scaled(i32::try_from(wanted).unwrap_or(i32::MAX), true));
        let most = usize::try_from(most.unwrap_or(1)).unwrap_or_default().max(1);
        let now = ctx.now();
        let available = |pod: &&Arc<Pod>| {
            pods::is_active(pod)
                && pods::available_in(pod, set.spec.min_ready_seconds, now).is_some_and(|wait| wait.is_zero())
        };
        let is_old = |pod: &Pod| pod.metadata.labels.get(HASH).map(String::as_str) != Some(hash);
        let (mut unavailable, mut useless, mut useful) = (0, vec![], vec![]);
        for place in places.iter().filter(|place| place.fit.wanted) {
            let works = place.pods.iter().any(|pod| available(&pod));
            unavailable += usize::from(!works);
            let old = place.pods.iter().filter(|pod| is_old(pod) && pod.metadata.deletion_timestamp.is_none());
            if works { useful.extend(old.cloned()) } else { useless.extend(old.cloned()) }
        }
        useful.truncate(most.saturating_sub(unavailable));
        // Old pods that do not work may go in any number: nothing is lost.
        useless.extend(useful);
        self.delete(key, ctx, set, useless).await
    }

    async fn write_status(
        &self,
        ctx: &Context,
        set: &DaemonSet,
        places: &[Place],
        revisions: &Revisions,
    ) -> Result<Option<std::time::Duration>, ControllerError> {
        let (now, hash) = (ctx.now(), hash_of(&revisions.current));
        let mut updated = set.clone();
        let status = &mut updated.status;
        let mut counts = [0_i32; 6];
        let [current, misscheduled, desired, ready, updated_count, available] = &mut counts;
        let mut next = None;
        for place in places {
            let pod = place
                .pods
                .iter()
                .filter(|pod| pod.metadata.deletion_timestamp.is_none())
                .min_by_key(|pod| (pod.metadata.creation_timestamp, pod.metadata.name.clone()));
            *desired += i32::from(place.fit.wanted);
            let Some(pod) = pod else { continue };
            if !place.fit.wanted {
                *misscheduled += 1;
                continue;
            }
            *current += 1;
            let wait = pods::available_in(pod, set.spec.min_ready_seconds, now);
            *ready += i32::from(wait.is_some());
            *available += i32::from(wait.is_some_and(|wait| wait.is_zero()));
            next = next.into_iter().chain(wait.filter(|wait| !wait.is_zero())).min();
            *updated_count += i32::from(pod.metadata.labels.get(HASH).map(String::as_str) == Some(hash));
        }
        status.current_number_scheduled = *current;
        status.number_misscheduled = *misscheduled;
        status.desired_number_scheduled = *desired;
        status.number_ready = *ready;
        status.updated_number_scheduled = *updated_count;
        status.number_available = *available;
        status.number_unavailable = *desired - *available;
        status.observed_generation = set.metadata.generation;
        if updated.status != set.status {
            let written = ctx.api::<DaemonSet>(&set.metadata.namespace).replace_status(&updated).await;
            gone_is_fine(written).doing(|| format!("writing the status of {}", set.metadata.name))?;
        }
        Ok(next)
    }
}
