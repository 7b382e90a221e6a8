//! ReplicaSets: a number of equal pods.
//!
//! In: ReplicaSets and pods. Out: pods created or deleted, adopted or released, and the ReplicaSet's status. Invariants:
//! never more than one change in flight is forgotten (`Expectations`), so that a copy that lags behind does not make it
//! create twice. Source: the ReplicaSet concept; the documented scale-down order.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream;
use pintle_client::{Params, Patch};
use pintle_object_model::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use pintle_object_model::api::core::v1::Pod;
use pintle_object_model::api::meta::v1::{DeleteOptions, Preconditions};
use pintle_object_model::clock::Clock;
use pintle_object_model::selector::Selector;
use pintle_object_model::{ObjectRef, Status};
use pintle_watch::{Delta, Informer};

use super::pods::{available, by_cost_of_loss, is_active, is_ready, seconds};
use crate::owner::{controller_key, orphan_key};
use crate::{
    Action, Context, Controller, ControllerError, Expectations, Reconciler, controller_of, controller_reference,
    is_controlled_by,
};

/// Most pods made or deleted in one reconciliation. Source: the documented burst of kube-controller-manager.
const BURST: usize = 500;
/// Pods made at once after the first batches went well.
const PARALLEL: usize = 64;
/// Index of pods by their controller.
pub(super) const BY_CONTROLLER: &str = "controller";

pub(super) fn controller(clock: &Arc<dyn Clock>) -> Controller {
    let expectations = Arc::new(Expectations::new(Arc::clone(clock)));
    let seen = Arc::clone(&expectations);
    Controller::builder("replicaset")
        .for_each::<ReplicaSet>()
        .watches::<Pod>(move |delta, context| concerned(delta, context, &seen))
        .concurrency(8)
        .build(ReplicaSets { expectations })
}

/// The ReplicaSets that a change of a pod concerns: its controller, or those that could adopt it.
fn concerned(delta: &Delta<Pod>, context: &Context, seen: &Expectations) -> Vec<ObjectRef> {
    let metadata = &delta.object().metadata;
    let mut keys = vec![];
    if let Some(owner) = controller_of(metadata).filter(|owner| owner.kind == "ReplicaSet") {
        let key = ObjectRef::new(metadata.namespace.as_str(), owner.name.as_str());
        if matches!(delta, Delta::Deleted { .. }) {
            seen.forget_created(&key, &metadata.name);
        }
        keys.push(key);
    } else if controller_of(metadata).is_none() && !metadata.labels.is_empty() {
        let sets = context.informer::<ReplicaSet>().list_in(&metadata.namespace);
        let fits = |set: &&Arc<ReplicaSet>| selector_of(set).is_some_and(|s| s.matches(&metadata.labels));
        keys.extend(sets.iter().filter(fits).map(|set| ObjectRef::of(&**set)));
    }
    // A pod that lost its controller concerns the one that it had.
    if let Delta::Updated { old, .. } = delta
        && let Some(before) = controller_of(&old.metadata).filter(|before| before.kind == "ReplicaSet")
    {
        let key = ObjectRef::new(metadata.namespace.as_str(), before.name.as_str());
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

fn selector_of(set: &ReplicaSet) -> Option<Selector> {
    set.spec.selector.as_deref().and_then(|selector| Selector::from_object(selector).ok()).filter(|s| !s.is_empty())
}

struct ReplicaSets {
    expectations: Arc<Expectations>,
}

#[async_trait]
impl Reconciler for ReplicaSets {
    async fn reconcile(&self, key: &ObjectRef, context: &Context) -> Result<Action, ControllerError> {
        let Some(set) = context.informer::<ReplicaSet>().get(&key.namespace, &key.name) else {
            self.expectations.forget(key);
            return Ok(Action::done());
        };
        let Some(selector) = selector_of(&set) else {
            let why = "its selector selects nothing or everything".into();
            return Err(ControllerError::Unusable { object: key.clone(), why });
        };
        let pods = context.informer::<Pod>();
        pods.add_index(BY_CONTROLLER, |pod| controller_key(&pod.metadata));
        let mine = claim(&set, &selector, &pods, context).await?;
        let active: Vec<Arc<Pod>> = mine.iter().filter(|pod| is_active(pod)).cloned().collect();
        let is_there = |name: &str| pods.get(&key.namespace, name).is_some();
        let is_going = |uid: &str| !mine.iter().any(|pod| pod.metadata.uid == uid && is_active(pod));
        let mut failure = None;
        if set.metadata.deletion_timestamp.is_none() && self.expectations.are_met(key, is_there, is_going) {
            failure = self.scale(key, &set, &active, context).await.err();
        }
        let action = write_status(&set, &selector, &mine, failure.as_ref(), context).await?;
        match failure {
            Some(error) => Err(error),
            None => Ok(action),
        }
    }
}

impl ReplicaSets {
    async fn scale(
        &self,
        key: &ObjectRef,
        set: &ReplicaSet,
        active: &[Arc<Pod>],
        context: &Context,
    ) -> Result<(), ControllerError> {
        let wanted = usize::try_from(set.spec.replicas.unwrap_or(1)).unwrap_or_default();
        if active.len() < wanted {
            self.create(key, set, (wanted - active.len()).min(BURST), context).await
        } else {
            self.delete(key, set, active, (active.len() - wanted).min(BURST), context).await
        }
    }

    /// Makes pods in batches of 1, 2, 4, ...: when the first is refused, the others would be, too.
    async fn create(
        &self,
        key: &ObjectRef,
        set: &ReplicaSet,
        count: usize,
        context: &Context,
    ) -> Result<(), ControllerError> {
        let pod = pod_of(set);
        let api = context.client().namespaced::<Pod>(&key.namespace);
        let (mut left, mut batch) = (count, 1);
        while left > 0 {
            let size = batch.min(left);
            let made = stream::iter(0..size).map(|_| api.create(&pod)).buffer_unordered(PARALLEL);
            let outcomes: Vec<Result<Arc<Pod>, Status>> = made.collect().await;
            let mut refused = None;
            for outcome in outcomes {
                match outcome {
                    Ok(pod) => {
                        let name = &pod.metadata.name;
                        self.expectations.created(key, name);
                        context.events().normal(set, "SuccessfulCreate", format!("Created pod: {name}"));
                    }
                    // The namespace is going away, and the set with it.
                    Err(status) if is_namespace_ending(&status) => return Ok(()),
                    Err(status) => refused = Some(status),
                }
            }
            if let Some(status) = refused {
                context.events().warning(set, "FailedCreate", format!("Error creating: {status}"));
                return Err(ControllerError::api(format!("creating pods of {key}"))(status));
            }
            left -= size;
            batch *= 2;
        }
        Ok(())
    }

    async fn delete(
        &self,
        key: &ObjectRef,
        set: &ReplicaSet,
        active: &[Arc<Pod>],
        count: usize,
        context: &Context,
    ) -> Result<(), ControllerError> {
        if count == 0 {
            return Ok(());
        }
        let mut victims = active.to_vec();
        by_cost_of_loss(&mut victims, &neighbours(active));
        victims.truncate(count);
        let api = context.client().namespaced::<Pod>(&key.namespace);
        let deletions = stream::iter(victims).map(|pod| {
            let api = api.clone();
            async move {
                let preconditions = Preconditions { uid: Some(pod.metadata.uid.clone()), ..Preconditions::default() };
                let options =
                    DeleteOptions { preconditions: Some(Box::new(preconditions)), ..DeleteOptions::default() };
                (api.delete(&pod.metadata.name, options).await.map(drop), pod)
            }
        });
        let outcomes: Vec<_> = deletions.buffer_unordered(PARALLEL).collect().await;
        let mut refused = None;
        for (outcome, pod) in outcomes {
            match outcome {
                Ok(()) => {
                    self.expectations.deleted(key, &pod.metadata.uid);
                    context.events().normal(set, "SuccessfulDelete", format!("Deleted pod: {}", pod.metadata.name));
                }
                Err(status) if status.is_not_found() || status.is_conflict() => {}
                Err(status) => refused = Some(status),
            }
        }
        match refused {
            None => Ok(()),
            Some(status) => {
                context.events().warning(set, "FailedDelete", format!("Error deleting: {status}"));
                Err(ControllerError::api(format!("deleting pods of {key}"))(status))
            }
        }
    }
}

fn is_namespace_ending(status: &Status) -> bool {
    let causes = status.details.as_deref().map(|details| details.causes.as_slice()).unwrap_or_default();
    status.code == 403 && causes.iter().any(|cause| cause.reason == "NamespaceTerminating")
}

/// How many of the pods each node has.
fn neighbours(pods: &[Arc<Pod>]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for pod in pods {
        *counts.entry(pod.spec.node_name.clone()).or_default() += 1;
    }
    counts
}

/// A new pod of the set.
fn pod_of(set: &ReplicaSet) -> Pod {
    let template = set.spec.template.clone();
    let mut pod = Pod { spec: template.spec, ..Pod::default() };
    pod.metadata.generate_name = format!("{}-", set.metadata.name);
    pod.metadata.namespace.clone_from(&set.metadata.namespace);
    pod.metadata.labels = template.metadata.labels;
    pod.metadata.annotations = template.metadata.annotations;
    pod.metadata.finalizers = template.metadata.finalizers;
    pod.metadata.owner_references = vec![controller_reference(set)];
    pod
}

/// The pods of the set: those it controls, after letting go of those that no longer fit and adopting orphans that do.
async fn claim(
    set: &ReplicaSet,
    selector: &Selector,
    pods: &Informer<Pod>,
    context: &Context,
) -> Result<Vec<Arc<Pod>>, ControllerError> {
    let (namespace, uid) = (&set.metadata.namespace, &set.metadata.uid);
    let mut mine = vec![];
    for pod in pods.indexed(BY_CONTROLLER, uid) {
        if selector.matches(&pod.metadata.labels) || set.metadata.deletion_timestamp.is_some() {
            mine.push(pod);
        } else if pod.metadata.deletion_timestamp.is_none() {
            release(&pod, uid, context).await?;
        }
    }
    if set.metadata.deletion_timestamp.is_some() {
        return Ok(mine);
    }
    for pod in pods.indexed(BY_CONTROLLER, &orphan_key(namespace)) {
        if selector.matches(&pod.metadata.labels) && is_active(&pod) {
            mine.extend(adopt(set, &pod, context).await?);
        }
    }
    Ok(mine)
}

async fn release(pod: &Pod, uid: &str, context: &Context) -> Result<(), ControllerError> {
    let patch = serde_json::json!({"metadata": {
        "uid": pod.metadata.uid,
        "ownerReferences": [{"$patch": "delete", "uid": uid}],
    }});
    match patch_pod(pod, &patch, context).await {
        Err(status) if !status.is_not_found() => {
            Err(ControllerError::api(format!("releasing {}", pod.metadata.name))(status))
        }
        _ => Ok(()),
    }
}

async fn adopt(set: &ReplicaSet, pod: &Pod, context: &Context) -> Result<Option<Arc<Pod>>, ControllerError> {
    let doing = || format!("adopting {}", pod.metadata.name);
    // Our copy may not know yet that the set is being deleted; what it adopts then would go with it.
    let api = context.client().namespaced::<ReplicaSet>(&set.metadata.namespace);
    let live = api.get_opt(&set.metadata.name).await.map_err(ControllerError::api(doing()))?;
    let fresh =
        |live: &Arc<ReplicaSet>| live.metadata.uid == set.metadata.uid && live.metadata.deletion_timestamp.is_none();
    if !live.as_ref().is_some_and(fresh) {
        return Ok(None);
    }
    let reference = controller_reference(set);
    let patch = serde_json::json!({"metadata": {"uid": pod.metadata.uid, "ownerReferences": [{
        "apiVersion": reference.api_version, "kind": reference.kind, "name": reference.name, "uid": reference.uid,
        "controller": true, "blockOwnerDeletion": true,
    }]}});
    match patch_pod(pod, &patch, context).await {
        Ok(adopted) => Ok(is_controlled_by(&adopted.metadata, &set.metadata.uid).then_some(adopted)),
        Err(status) if status.is_not_found() || status.is_conflict() => Ok(None),
        Err(status) => Err(ControllerError::api(doing())(status)),
    }
}

async fn patch_pod(pod: &Pod, patch: &serde_json::Value, context: &Context) -> Result<Arc<Pod>, Status> {
    let api = context.client().namespaced::<Pod>(&pod.metadata.namespace);
    api.patch(&pod.metadata.name, Patch::strategic(patch), Params::default()).await
}

/// Writes what is, if it differs from what the status says; asks to be called again when a pod becomes available.
async fn write_status(
    set: &ReplicaSet,
    selector: &Selector,
    mine: &[Arc<Pod>],
    failure: Option<&ControllerError>,
    context: &Context,
) -> Result<Action, ControllerError> {
    let now = context.now();
    let min_ready = seconds(set.spec.min_ready_seconds);
    let mut status = ReplicaSetStatus {
        observed_generation: set.metadata.generation,
        conditions: set.status.conditions.clone(),
        ..ReplicaSetStatus::default()
    };
    let mut action = Action::done();
    let mut terminating = 0;
    for pod in mine {
        if !is_active(pod) {
            terminating += i32::from(pod.metadata.deletion_timestamp.is_some());
            continue;
        }
        status.replicas += 1;
        let labels = &pod.metadata.labels;
        let full = set.spec.template.metadata.labels.iter().all(|(key, value)| labels.get(key) == Some(value));
        status.fully_labeled_replicas += i32::from(full && selector.matches(labels));
        status.ready_replicas += i32::from(is_ready(pod));
        match available(pod, min_ready, now) {
            Ok(()) => status.available_replicas += 1,
            Err(Some(left)) => action = action.or_sooner(Action::requeue_after(left)),
            Err(None) => {}
        }
    }
    status.terminating_replicas = set.status.terminating_replicas.map(|_| terminating);
    set_failure(&mut status, failure, now);
    if status == set.status {
        return Ok(action);
    }
    let mut new = set.clone();
    new.status = status;
    let api = context.client().namespaced::<ReplicaSet>(&set.metadata.namespace);
    match api.replace_status(&new).await {
        Err(status) if status.is_not_found() => Ok(action),
        Err(status) => Err(ControllerError::api(format!("writing the status of {}", ObjectRef::of(set)))(status)),
        Ok(_) => Ok(action),
    }
}

fn set_failure(status: &mut ReplicaSetStatus, failure: Option<&ControllerError>, now: pintle_object_model::Time) {
    const TYPE: &str = "ReplicaFailure";
    let known = status.conditions.iter().position(|condition| condition.type_ == TYPE);
    match (failure, known) {
        (None, Some(at)) => {
            status.conditions.remove(at);
        }
        (Some(error), None) => status.conditions.push(ReplicaSetCondition {
            type_: TYPE.into(),
            status: "True".into(),
            reason: "FailedCreate".into(),
            message: error.to_string(),
            last_transition_time: Some(now),
        }),
        _ => {}
    }
}
