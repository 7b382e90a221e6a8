//! Pods that nobody will take away: those of nodes that are gone, and those that were deleted before they had a node.

use async_trait::async_trait;
use pintle_object_model::ObjectRef;
use pintle_object_model::api::core::v1::{Node, Pod};
use pintle_object_model::api::meta::v1::{DeleteOptions, Preconditions};
use pintle_watch::Delta;

use crate::{Action, Context, Controller, ControllerError, Reconciler};

pub(super) fn controller() -> Controller {
    Controller::builder("pod-garbage-collector")
        .for_each::<Pod>()
        .watches::<Node>(|delta, context| {
            let Delta::Deleted { last, .. } = delta else { return vec![] };
            let pods = context.informer::<Pod>();
            pods.add_index("node", |pod| vec![pod.spec.node_name.clone()]);
            pods.indexed("node", &last.metadata.name).iter().map(|pod| ObjectRef::of(&**pod)).collect()
        })
        .build(PodGarbage)
}

struct PodGarbage;

#[async_trait]
impl Reconciler for PodGarbage {
    async fn reconcile(&self, key: &ObjectRef, context: &Context) -> Result<Action, ControllerError> {
        let Some(pod) = context.informer::<Pod>().get(&key.namespace, &key.name) else { return Ok(Action::done()) };
        let node = &pod.spec.node_name;
        let lost = if node.is_empty() {
            pod.metadata.deletion_timestamp.is_some()
        } else if context.informer::<Node>().get("", node).is_some() {
            false
        } else {
            // Our copy of the nodes may be behind that of the pods: ask.
            let live = context.client().all::<Node>().get_opt(node).await;
            live.map_err(ControllerError::api(format!("looking for node {node}")))?.is_none()
        };
        if !lost {
            return Ok(Action::done());
        }
        let preconditions = Preconditions { uid: Some(pod.metadata.uid.clone()), ..Preconditions::default() };
        let options = DeleteOptions {
            grace_period_seconds: Some(0),
            preconditions: Some(Box::new(preconditions)),
            ..DeleteOptions::default()
        };
        match context.client().namespaced::<Pod>(&key.namespace).delete(&key.name, options).await {
            Err(status) if !status.is_not_found() && !status.is_conflict() => {
                Err(ControllerError::api(format!("deleting pod {key}"))(status))
            }
            _ => Ok(Action::done()),
        }
    }
}
