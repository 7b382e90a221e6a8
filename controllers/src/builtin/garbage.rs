//! Garbage collection: objects go with their owners.
//!
//! In: every object of every kind, for its owner references, finalizers and UID. Out: deletions, finalizers taken away,
//! references to owners that are gone taken out. Invariants: an owner counts as gone only after the API server itself has
//! said so; an object with an owner that stays is never deleted. Source: the garbage collection concept.

mod graph;

use std::sync::Arc;

use async_trait::async_trait;
use pintle_client::{DynamicApi, Params, Patch};
use pintle_object_model::api::meta::v1::{DeleteOptions, ObjectMeta, OwnerReference, Preconditions};
use pintle_object_model::{GroupVersionKind, KindInfo, Object, ObjectRef, Scheme, Status};

use crate::{Action, Context, Controller, ControllerError, Reconciler};
use graph::Graph;

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// The kinds that have owners or are owned: all that are stored and of a final version.
pub(super) fn collected_kinds(scheme: &Scheme) -> impl Iterator<Item = &'static KindInfo> {
    let stored = scheme.kinds().filter(|entry| entry.is_hub()).map(|entry| entry.info());
    stored.filter(|info| {
        let preview = info.version.contains("alpha") || info.version.contains("beta");
        let asked = matches!(
            (info.group, info.kind),
            ("authentication.k8s.io" | "authorization.k8s.io", _)
                | ("autoscaling", "Scale")
                | ("policy", "Eviction")
                | ("", "Binding" | "ComponentStatus")
                // Events outlive what they are about.
                | ("" | "events.k8s.io", "Event")
        );
        !preview && !asked
    })
}

pub(super) fn controller(scheme: &Scheme) -> Controller {
    let graph = Arc::new(Graph::new(scheme));
    let follow = Arc::clone(&graph);
    Controller::builder("garbagecollector")
        .subscribes(move |context, queue| follow.start(context, queue))
        .concurrency(8)
        .build(Collector { graph })
}

struct Collector {
    graph: Arc<Graph>,
}

/// How an owner is.
enum Owner {
    Gone,
    Stays,
    /// It is being deleted and waits for those that block it.
    WaitsForDependents,
}

#[async_trait]
impl Reconciler for Collector {
    /// Keys are UIDs: names may be taken again by others.
    async fn reconcile(&self, key: &ObjectRef, context: &Context) -> Result<Action, ControllerError> {
        let Some(object) = self.graph.get(&key.name) else { return Ok(Action::done()) };
        let metadata = object.metadata();
        if metadata.deletion_timestamp.is_some() {
            if metadata.finalizers.iter().any(|finalizer| finalizer == ORPHAN) {
                self.orphan(&object, context).await?;
            } else if metadata.finalizers.iter().any(|finalizer| finalizer == FOREGROUND) {
                self.delete_dependents(&object, context).await?;
            }
            return Ok(Action::done());
        }
        if metadata.owner_references.is_empty() {
            return Ok(Action::done());
        }
        self.judge(&object, context).await?;
        Ok(Action::done())
    }
}

impl Collector {
    /// Deletes an object none of whose owners is left, or takes out the references to those that are not.
    async fn judge(&self, object: &Object, context: &Context) -> Result<(), ControllerError> {
        let metadata = object.metadata();
        let (mut gone, mut waiting, mut stays) = (vec![], vec![], false);
        for reference in &metadata.owner_references {
            match self.owner(reference, &metadata.namespace, context).await? {
                Owner::Gone => gone.push(reference),
                Owner::WaitsForDependents => waiting.push(reference),
                Owner::Stays => stays = true,
            }
        }
        if gone.is_empty() && waiting.is_empty() {
            return Ok(());
        }
        if stays {
            let dropped: Vec<&str> = gone.iter().chain(&waiting).map(|reference| reference.uid.as_str()).collect();
            return self.drop_references(object, &dropped, context).await;
        }
        // An owner that waits wants its dependents gone before itself, and theirs before them.
        let foreground = !waiting.is_empty() && !self.graph.dependents(&metadata.uid).is_empty();
        let policy = if foreground { "Foreground" } else { "Background" };
        self.delete(object, policy, context).await
    }

    async fn owner(
        &self,
        reference: &OwnerReference,
        namespace: &str,
        context: &Context,
    ) -> Result<Owner, ControllerError> {
        let live = match self.graph.get(&reference.uid) {
            Some(known) => Some(known),
            None => self.ask(reference, namespace, context).await?,
        };
        Ok(match live {
            Some(owner) if owner.metadata().uid != reference.uid => Owner::Gone,
            Some(owner) if waits(owner.metadata()) => Owner::WaitsForDependents,
            Some(_) => Owner::Stays,
            None => Owner::Gone,
        })
    }

    /// Asks the API server for an owner that our copies do not know.
    async fn ask(
        &self,
        reference: &OwnerReference,
        namespace: &str,
        context: &Context,
    ) -> Result<Option<Object>, ControllerError> {
        let gvk = GroupVersionKind::parse(&reference.api_version, &reference.kind);
        let Some(info) = context.client().scheme().kind(&gvk).map(|entry| entry.info()) else {
            // Of a kind that we know nothing about, an owner must be taken to be there.
            return Err(ControllerError::Other(format!("the owner {} is of the unknown kind {gvk}", reference.name)));
        };
        let namespace = if info.namespaced { namespace } else { "" };
        match context.client().dynamic(info.gvr(), namespace).get(&reference.name).await {
            Err(status) if status.is_not_found() => Ok(None),
            other => other.map(Some).map_err(ControllerError::api(format!("looking for the owner {}", reference.name))),
        }
    }

    /// Takes the object out of its dependents' references, then lets it go.
    async fn orphan(&self, object: &Object, context: &Context) -> Result<(), ControllerError> {
        let uid = &object.metadata().uid;
        for dependent in self.graph.dependents(uid) {
            self.drop_references(&dependent, &[uid], context).await?;
        }
        self.drop_finalizer(object, ORPHAN, context).await
    }

    /// Deletes the dependents that block the object; lets it go when none is left.
    async fn delete_dependents(&self, object: &Object, context: &Context) -> Result<(), ControllerError> {
        let uid = &object.metadata().uid;
        let dependents = self.graph.dependents(uid);
        let blocks = |dependent: &&Object| {
            let references = &dependent.metadata().owner_references;
            references.iter().any(|reference| reference.uid == *uid && reference.block_owner_deletion == Some(true))
        };
        if dependents.iter().filter(blocks).count() == 0 {
            return self.drop_finalizer(object, FOREGROUND, context).await;
        }
        for dependent in dependents.iter().filter(|dependent| dependent.metadata().deletion_timestamp.is_none()) {
            self.judge(dependent, context).await?;
        }
        Ok(())
    }

    async fn delete(&self, object: &Object, policy: &str, context: &Context) -> Result<(), ControllerError> {
        let metadata = object.metadata();
        let preconditions = Preconditions { uid: Some(metadata.uid.clone()), ..Preconditions::default() };
        let options = DeleteOptions {
            propagation_policy: Some(policy.into()),
            preconditions: Some(Box::new(preconditions)),
            ..DeleteOptions::default()
        };
        let Some(api) = api_of(object, context) else { return Ok(()) };
        settled(api.delete(&metadata.name, options).await.map(drop), "deleting", metadata)
    }

    async fn drop_references(&self, object: &Object, uids: &[&str], context: &Context) -> Result<(), ControllerError> {
        let metadata = object.metadata();
        let kept: Vec<&OwnerReference> =
            metadata.owner_references.iter().filter(|reference| !uids.contains(&reference.uid.as_str())).collect();
        let kept: Vec<serde_json::Value> = kept.into_iter().map(reference_json).collect();
        let patch = serde_json::json!({"metadata": {
            "uid": metadata.uid, "resourceVersion": metadata.resource_version, "ownerReferences": kept,
        }});
        self.patch(object, &patch, "releasing", context).await
    }

    async fn drop_finalizer(&self, object: &Object, name: &str, context: &Context) -> Result<(), ControllerError> {
        let metadata = object.metadata();
        let kept: Vec<&String> = metadata.finalizers.iter().filter(|finalizer| *finalizer != name).collect();
        let patch = serde_json::json!({"metadata": {
            "uid": metadata.uid, "resourceVersion": metadata.resource_version, "finalizers": kept,
        }});
        self.patch(object, &patch, "finalizing", context).await
    }

    async fn patch(
        &self,
        object: &Object,
        patch: &serde_json::Value,
        doing: &str,
        context: &Context,
    ) -> Result<(), ControllerError> {
        let Some(api) = api_of(object, context) else { return Ok(()) };
        let metadata = object.metadata();
        let patched = api.patch(&metadata.name, "", Patch::merge(patch), Params::default()).await;
        match patched.map(drop) {
            // Decided on what has changed since: once more.
            Err(status) if status.is_conflict() => {
                Err(ControllerError::api(format!("{doing} {}", metadata.name))(status))
            }
            other => settled(other, doing, metadata),
        }
    }
}

/// Is it being deleted in the foreground?
fn waits(metadata: &ObjectMeta) -> bool {
    metadata.deletion_timestamp.is_some() && metadata.finalizers.iter().any(|finalizer| finalizer == FOREGROUND)
}

fn api_of(object: &Object, context: &Context) -> Option<DynamicApi> {
    let info = context.client().scheme().kind(&object.gvk())?.info();
    Some(context.client().dynamic(info.gvr(), &object.metadata().namespace))
}

/// What is gone already, or another object by now, needs nothing more.
fn settled(outcome: Result<(), Status>, doing: &str, metadata: &ObjectMeta) -> Result<(), ControllerError> {
    match outcome {
        Err(status) if !status.is_not_found() && !status.is_conflict() => {
            Err(ControllerError::api(format!("{doing} {}", metadata.name))(status))
        }
        _ => Ok(()),
    }
}

fn reference_json(reference: &OwnerReference) -> serde_json::Value {
    let mut value = serde_json::json!({
        "apiVersion": reference.api_version, "kind": reference.kind, "name": reference.name, "uid": reference.uid,
    });
    if let Some(controller) = reference.controller {
        value["controller"] = controller.into();
    }
    if let Some(block) = reference.block_owner_deletion {
        value["blockOwnerDeletion"] = block.into();
    }
    value
}
