//! ReplicaSets and ReplicationControllers: so many pods of one template.
//!
//! In: the workload and its pods. Out: pods made and deleted, and the workload's status. Invariants: never more creations
//! in flight than are missing (see [`Expectations`]); a workload that shrinks gives up its least useful pods first.
//! Source: Kubernetes concepts, "ReplicaSet", "ReplicationController".

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_client::Api;
use pintle_object_model::api::apps::v1::{ReplicaSet, ReplicaSetStatus};
use pintle_object_model::api::core::v1::{Pod, PodTemplateSpec, ReplicationController, ReplicationControllerStatus};
use pintle_object_model::api::meta::v1::{DeleteOptions, Preconditions};
use pintle_object_model::selector::Selector;
use pintle_object_model::{Object, ObjectRef, Resource, Status, Time};
use pintle_watch::Delta;

use crate::batch::{side_by_side, slow_start};
use crate::controller::owner_key;
use crate::error::{Doing, gone_is_fine};
use crate::owner::{BY_OWNER, by_owner, claim, controller_of, controller_ref};
use crate::{
    Action, Context, Controller, ControllerError, EXPECTATION_TIMEOUT, Expectations, Reconciler, condition, pods,
};

/// Pods that one reconciliation makes or deletes at most.
const BURST: usize = 500;

/// What a workload says about its pods, and is told about them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Counts {
    replicas: i32,
    fully_labeled: i32,
    ready: i32,
    available: i32,
    terminating: i32,
    observed_generation: i64,
}

/// A kind that wants so many pods of one template.
pub(crate) trait Replicated: Resource {
    const COMPONENT: &'static str;
    fn wanted(&self) -> i32;
    fn selector(&self) -> Selector;
    fn template(&self) -> Option<&PodTemplateSpec>;
    fn min_ready_seconds(&self) -> i32;
    fn set_counts(&mut self, counts: &Counts);
    fn set_failure(&mut self, failure: Option<(&str, &str)>, now: Time);
    fn same_status(&self, other: &Self) -> bool;
}

macro_rules! common {
    ($status:ty) => {
        fn set_failure(&mut self, failure: Option<(&str, &str)>, now: Time) {
            match failure {
                Some((reason, message)) => {
                    condition::set(&mut self.status.conditions, "ReplicaFailure", "True", reason, message, now);
                }
                None => condition::remove(&mut self.status.conditions, "ReplicaFailure"),
            }
        }
        fn same_status(&self, other: &Self) -> bool {
            let (one, other): (&$status, &$status) = (&self.status, &other.status);
            one == other
        }
        fn wanted(&self) -> i32 {
            self.spec.replicas.unwrap_or(1).max(0)
        }
        fn min_ready_seconds(&self) -> i32 {
            self.spec.min_ready_seconds
        }
    };
}

impl Replicated for ReplicaSet {
    const COMPONENT: &'static str = "replicaset-controller";
    common!(ReplicaSetStatus);
    fn selector(&self) -> Selector {
        Selector::from_field(self.spec.selector.as_deref())
    }
    fn template(&self) -> Option<&PodTemplateSpec> {
        Some(&self.spec.template)
    }
    fn set_counts(&mut self, counts: &Counts) {
        self.status.replicas = counts.replicas;
        self.status.fully_labeled_replicas = counts.fully_labeled;
        self.status.ready_replicas = counts.ready;
        self.status.available_replicas = counts.available;
        self.status.terminating_replicas = Some(counts.terminating);
        self.status.observed_generation = counts.observed_generation;
    }
}

impl Replicated for ReplicationController {
    const COMPONENT: &'static str = "replication-controller";
    common!(ReplicationControllerStatus);
    fn selector(&self) -> Selector {
        if self.spec.selector.is_empty() { Selector::nothing() } else { Selector::equals(&self.spec.selector) }
    }
    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.template.as_deref()
    }
    fn set_counts(&mut self, counts: &Counts) {
        self.status.replicas = counts.replicas;
        self.status.fully_labeled_replicas = counts.fully_labeled;
        self.status.ready_replicas = counts.ready;
        self.status.available_replicas = counts.available;
        self.status.observed_generation = counts.observed_generation;
    }
}

/// The `replicaset` controller.
pub(crate) fn replica_set_controller() -> Controller {
    controller::<ReplicaSet>("replicaset")
}

/// The `replicationcontroller` controller.
pub(crate) fn replication_controller_controller() -> Controller {
    controller::<ReplicationController>("replicationcontroller")
}

fn controller<K: Replicated>(name: &str) -> Controller {
    let expectations = Arc::new(Expectations::default());
    let seen = Arc::clone(&expectations);
    Controller::new(name)
        .component(K::COMPONENT)
        .index::<Pod>(BY_OWNER, by_owner::<Pod>)
        .index::<K>(BY_OWNER, by_owner::<K>)
        .for_::<K>()
        .on::<Pod>(move |delta, ctx, enqueue| {
            if let Some(key) = owner_key(&delta.object().metadata, K::INFO) {
                observe(&seen, &key, delta);
                enqueue.add(key);
            }
            if let Delta::Updated { old, .. } = delta
                && let Some(key) = owner_key(&old.metadata, K::INFO)
            {
                enqueue.add(key);
            }
            if controller_of(&delta.object().metadata).is_none() && !matches!(delta, Delta::Deleted { .. }) {
                selecting::<K>(ctx, delta.object()).for_each(|key| enqueue.add(key));
            }
        })
        .build(Replicas::<K> { expectations, kind: PhantomData })
}

/// Workloads that an orphan could belong to.
fn selecting<'a, K: Replicated>(ctx: &Context, pod: &'a Pod) -> impl Iterator<Item = ObjectRef> + use<'a, K> {
    let all = if pod.metadata.labels.is_empty() { vec![] } else { ctx.cached::<K>().list_in(&pod.metadata.namespace) };
    all.into_iter()
        .filter(|workload| workload.selector().matches(&pod.metadata.labels))
        .map(|found| ObjectRef::of(&*found))
}

/// Notes what a change of a pod fulfils.
pub(crate) fn observe(expectations: &Expectations, key: &ObjectRef, delta: &Delta<Pod>) {
    match delta {
        // A pod that is already going when it is first seen counts for neither.
        Delta::Added(pod) if pod.metadata.deletion_timestamp.is_none() => expectations.created(key, 1),
        Delta::Added(pod) | Delta::Deleted { last: pod, .. } => expectations.deleted(key, &pod.metadata.uid),
        Delta::Updated { new, .. } if new.metadata.deletion_timestamp.is_some() => {
            expectations.deleted(key, &new.metadata.uid);
        }
        Delta::Updated { .. } => {}
    }
}

struct Replicas<K> {
    expectations: Arc<Expectations>,
    kind: PhantomData<fn() -> K>,
}

/// Why pods could not be made or deleted.
struct Failure {
    reason: &'static str,
    error: ControllerError,
}

#[async_trait]
impl<K: Replicated> Reconciler for Replicas<K> {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(workload) = ctx.cached::<K>().get(&key.namespace, &key.name) else {
            self.expectations.forget(key);
            return Ok(Action::done());
        };
        if !self.expectations.are_met(key, ctx.clock.now()) {
            // The event that meets them comes back here; what the cache shows now is of the past.
            return Ok(Action::requeue_after(EXPECTATION_TIMEOUT));
        }
        let selector = workload.selector();
        let all: Vec<Arc<Pod>> = claim(ctx, &*workload, &selector).await?;
        let (active, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|pod| pods::is_active(pod));
        let terminating = rest.iter().filter(|pod| !pods::is_finished(pod)).count();
        let failure = if workload.metadata().deletion_timestamp.is_none() {
            self.manage(key, ctx, &*workload, &active).await.err()
        } else {
            None
        };
        let next = self.write_status(ctx, &*workload, &active, terminating, failure.as_ref()).await?;
        match failure {
            Some(failure) => Err(failure.error),
            None => Ok(Action::done().or_sooner(next)),
        }
    }
}

impl<K: Replicated> Replicas<K> {
    async fn manage(&self, key: &ObjectRef, ctx: &Context, workload: &K, active: &[Arc<Pod>]) -> Result<(), Failure> {
        let wanted = usize::try_from(workload.wanted()).unwrap_or_default();
        if active.len() < wanted {
            self.create(key, ctx, workload, (wanted - active.len()).min(BURST)).await
        } else if active.len() > wanted {
            self.delete(key, ctx, workload, active, (active.len() - wanted).min(BURST)).await
        } else {
            Ok(())
        }
    }

    async fn create(&self, key: &ObjectRef, ctx: &Context, workload: &K, count: usize) -> Result<(), Failure> {
        let Some(template) = workload.template() else { return Ok(()) };
        self.expectations.expect_creations(key, count, ctx.clock.now());
        let pod = pods::from_template(template, &key.namespace, &key.name, controller_ref(workload));
        let (pod, api) = (Object::new(pod), ctx.api::<Pod>(&key.namespace));
        let (done, failure) = slow_start(count, |_| {
            let (pod, api) = (&pod, &api);
            async move {
                let made = pods::create_shared(api, pod).await?;
                ctx.events.normal(workload, "SuccessfulCreate", format!("Created pod: {}", made.metadata().name));
                Ok::<_, Status>(())
            }
        })
        .await;
        // What was not made will not be seen.
        self.expectations.created(key, count - done);
        let Some(status) = failure else { return Ok(()) };
        if is_terminating_namespace(&status) {
            return Ok(());
        }
        ctx.events.warning(workload, "FailedCreate", format!("Error creating: {status}"));
        Err(Failure { reason: "FailedCreate", error: status.into() })
    }

    async fn delete(
        &self,
        key: &ObjectRef,
        ctx: &Context,
        workload: &K,
        active: &[Arc<Pod>],
        count: usize,
    ) -> Result<(), Failure> {
        let victims = victims(ctx, workload, active, count);
        let uids = victims.iter().map(|pod| pod.metadata.uid.clone());
        self.expectations.expect_deletions(key, uids, ctx.clock.now());
        let api = ctx.api::<Pod>(&key.namespace);
        let deletions: Vec<_> = victims.iter().map(|pod| self.give_up(key, ctx, workload, &api, pod)).collect();
        let results = side_by_side(deletions).await;
        match results.into_iter().find_map(Result::err) {
            None => Ok(()),
            Some(status) => {
                ctx.events.warning(workload, "FailedDelete", format!("Error deleting: {status}"));
                Err(Failure { reason: "FailedDelete", error: status.into() })
            }
        }
    }

    async fn give_up(
        &self,
        key: &ObjectRef,
        ctx: &Context,
        workload: &K,
        api: &Api<Pod>,
        pod: &Pod,
    ) -> Result<(), Status> {
        let preconditions = Preconditions { uid: Some(pod.metadata.uid.clone()), resource_version: None };
        let options = DeleteOptions { preconditions: Some(Box::new(preconditions)), ..DeleteOptions::default() };
        let result = api.delete(&pod.metadata.name, options).await;
        if result.is_err() {
            // Gone already or not deleted: either way nobody needs to wait for it.
            self.expectations.deleted(key, &pod.metadata.uid);
        }
        gone_is_fine(result)?;
        ctx.events.normal(workload, "SuccessfulDelete", format!("Deleted pod: {}", pod.metadata.name));
        Ok(())
    }

    /// Answers when the next pod becomes available.
    async fn write_status(
        &self,
        ctx: &Context,
        workload: &K,
        active: &[Arc<Pod>],
        terminating: usize,
        failure: Option<&Failure>,
    ) -> Result<Option<Duration>, ControllerError> {
        let now = ctx.now();
        let min_ready = workload.min_ready_seconds();
        let labels = workload.template().map(|template| &template.metadata.labels);
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        let fully = |pod: &&Arc<Pod>| {
            labels.is_some_and(|labels| labels.iter().all(|(key, value)| pod.metadata.labels.get(key) == Some(value)))
        };
        let waits: Vec<_> = active.iter().filter_map(|pod| pods::available_in(pod, min_ready, now)).collect();
        let counts = Counts {
            replicas: count(active.len()),
            fully_labeled: count(active.iter().filter(fully).count()),
            ready: count(waits.len()),
            available: count(waits.iter().filter(|wait| wait.is_zero()).count()),
            terminating: count(terminating),
            observed_generation: workload.metadata().generation,
        };
        let mut updated = workload.clone();
        updated.set_counts(&counts);
        let message = failure.map(|failure| match &failure.error {
            ControllerError::Api { status, .. } => status.to_string(),
            other => other.to_string(),
        });
        updated.set_failure(failure.map(|failure| failure.reason).zip(message.as_deref()), now);
        if !updated.same_status(workload) {
            let meta = workload.metadata();
            let written = ctx.api::<K>(&meta.namespace).replace_status(&updated).await;
            gone_is_fine(written).doing(|| format!("writing the status of {}", meta.name))?;
        }
        Ok(waits.into_iter().filter(|wait| !wait.is_zero()).min())
    }
}

/// The namespace is being deleted: nothing more will be made in it, and that is no failure of the workload.
pub(crate) fn is_terminating_namespace(status: &Status) -> bool {
    let causes = status.details.as_ref().map(|details| details.causes.as_slice()).unwrap_or_default();
    causes.iter().any(|cause| cause.reason == "NamespaceTerminating")
}

/// The pods to give up.
fn victims<K: Replicated>(ctx: &Context, workload: &K, active: &[Arc<Pod>], count: usize) -> Vec<Arc<Pod>> {
    let mut sorted = active.to_vec();
    if count < sorted.len() {
        let on_node = related_pods_by_node(ctx, workload, active);
        let of_node = |pod: &Pod| on_node.get(&pod.spec.node_name).copied().unwrap_or_default();
        let now = ctx.now();
        sorted.sort_by(|one, other| pods::compare_victims(one, other, of_node, now));
        sorted.truncate(count);
    }
    sorted
}

/// How many active pods of this workload and its siblings (under the same owner) each node has.
fn related_pods_by_node<K: Replicated>(ctx: &Context, workload: &K, active: &[Arc<Pod>]) -> HashMap<String, usize> {
    let mut by_node = HashMap::new();
    let mut add = |pods: &[Arc<Pod>]| {
        for pod in pods.iter().filter(|pod| pods::is_active(pod)) {
            *by_node.entry(pod.spec.node_name.clone()).or_default() += 1;
        }
    };
    add(active);
    if let Some(owner) = controller_of(workload.metadata()) {
        let siblings = ctx.cached::<K>().indexed(BY_OWNER, &owner.uid);
        for sibling in siblings.iter().filter(|sibling| sibling.metadata().uid != workload.metadata().uid) {
            add(&ctx.cached::<Pod>().indexed(BY_OWNER, &sibling.metadata().uid));
        }
    }
    by_node
}
