//! Namespaces that are being deleted: first all that is in them, then the namespace.
//!
//! In: namespaces with a deletion timestamp. Out: deletions of every namespaced kind, conditions that say what is left, and
//! the finalizer taken away when nothing is. Source: the Namespace concept, "Automatic deletion".

use std::time::Duration;

use async_trait::async_trait;
use pintle_client::{Body, Client, Params, Request, Target, Verb};
use pintle_object_model::api::core::v1::{Namespace, NamespaceCondition};
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::{GroupVersionResource, Object, ObjectRef, Resource, Scheme, Status};

use super::garbage::collected_kinds;
use crate::{Action, Context, Controller, ControllerError, Reconciler};

/// How long until what is left is looked at again. Objects that end by themselves (pods with a grace period) take a while.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const FINALIZER: &str = "kubernetes";

pub(super) fn controller(scheme: &Scheme) -> Controller {
    let mut resources: Vec<GroupVersionResource> =
        collected_kinds(scheme).filter(|info| info.namespaced).map(|info| info.gvr()).collect();
    // Pods last: what would make new ones must be gone first.
    resources.sort_by_key(|resource| resource.resource == "pods");
    Controller::builder("namespace").for_each::<Namespace>().concurrency(8).build(Namespaces { resources })
}

struct Namespaces {
    resources: Vec<GroupVersionResource>,
}

/// What deleting the content of a namespace came to.
#[derive(Default)]
struct Outcome {
    /// How many objects are left, by resource.
    left: Vec<(String, usize)>,
    /// Finalizers that hold objects, with how many.
    held: std::collections::BTreeMap<String, usize>,
    failed: Vec<String>,
}

#[async_trait]
impl Reconciler for Namespaces {
    async fn reconcile(&self, key: &ObjectRef, context: &Context) -> Result<Action, ControllerError> {
        let Some(namespace) = context.informer::<Namespace>().get("", &key.name) else { return Ok(Action::done()) };
        if namespace.metadata.deletion_timestamp.is_none() || !namespace.spec.finalizers.iter().any(|f| f == FINALIZER)
        {
            return Ok(Action::done());
        }
        let client = context.client();
        let mut outcome = Outcome::default();
        for resource in &self.resources {
            if let Err(status) = empty(client, &key.name, resource, &mut outcome).await {
                outcome.failed.push(format!("{}: {status}", resource.group_resource()));
            }
        }
        tell(&namespace, &outcome, context).await?;
        if outcome.left.is_empty() && outcome.failed.is_empty() {
            finalize(&namespace, client).await?;
            return Ok(Action::done());
        }
        Ok(Action::requeue_after(LOOK_AGAIN))
    }
}

/// Deletes all objects of a resource and notes what is left.
async fn empty(
    client: &Client,
    namespace: &str,
    resource: &GroupVersionResource,
    outcome: &mut Outcome,
) -> Result<(), Status> {
    let api = client.dynamic(resource.clone(), namespace);
    let found = match api.list(Params { resource_version: "0".into(), limit: 1, ..Params::default() }).await {
        // Not served here.
        Err(status) if status.is_not_found() => return Ok(()),
        other => other?,
    };
    if found.items.is_empty() {
        // The copy that answers for any version may be behind; only a fresh look counts as empty.
        let fresh = api.list(Params { limit: 1, ..Params::default() }).await?;
        if fresh.items.is_empty() {
            return Ok(());
        }
    }
    let options = DeleteOptions { propagation_policy: Some("Background".into()), ..DeleteOptions::default() };
    match api.delete_collection(options, Params::default()).await {
        Err(status) if status.code == 405 || status.is_not_found() => {}
        other => other?,
    }
    let left = api.list(Params::default()).await?.items;
    for object in &left {
        for finalizer in &object.metadata().finalizers {
            *outcome.held.entry(finalizer.clone()).or_default() += 1;
        }
    }
    if !left.is_empty() {
        outcome.left.push((resource.group_resource().to_string(), left.len()));
    }
    Ok(())
}

/// Writes the conditions that say what the deletion waits for.
async fn tell(namespace: &Namespace, outcome: &Outcome, context: &Context) -> Result<(), ControllerError> {
    let now = context.now();
    let list = |pairs: Vec<String>| pairs.join(", ");
    let left = list(
        outcome.left.iter().map(|(resource, count)| format!("{resource} has {count} resource instances")).collect(),
    );
    let held = list(outcome.held.iter().map(|(name, count)| format!("{name} in {count} resource instances")).collect());
    let failed = list(outcome.failed.clone());
    let wanted = [
        (
            "NamespaceDeletionDiscoveryFailure",
            String::new(),
            "",
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            String::new(),
            "",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        (
            "NamespaceDeletionContentFailure",
            failed,
            "ContentDeletionFailed",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        (
            "NamespaceContentRemaining",
            left,
            "SomeResourcesRemain",
            "ContentRemoved",
            "All content successfully removed",
        ),
        (
            "NamespaceFinalizersRemaining",
            held,
            "SomeFinalizersRemain",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        ),
    ];
    let mut changed = namespace.clone();
    for (type_, problem, bad, good, fine) in wanted {
        let is_bad = !problem.is_empty();
        let message = match (type_, is_bad) {
            (_, false) => fine.to_owned(),
            ("NamespaceContentRemaining", _) => format!("Some resources are remaining: {problem}"),
            ("NamespaceFinalizersRemaining", _) => {
                format!("Some content in the namespace has finalizers remaining: {problem}")
            }
            _ => format!("Failed to delete all resource types, {} remaining: {problem}", outcome.failed.len()),
        };
        let status = if is_bad { "True" } else { "False" };
        let reason = if is_bad { bad } else { good };
        put(&mut changed.status.conditions, type_, status, reason, message, now);
    }
    if changed.status == namespace.status {
        return Ok(());
    }
    match context.client().all::<Namespace>().replace_status(&changed).await {
        // A newer version comes through the informer.
        Err(status) if status.is_not_found() || status.is_conflict() => Ok(()),
        other => {
            other.map(drop).map_err(ControllerError::api(format!("writing the status of {}", namespace.metadata.name)))
        }
    }
}

fn put(
    conditions: &mut Vec<NamespaceCondition>,
    type_: &str,
    status: &str,
    reason: &str,
    message: String,
    now: pintle_object_model::Time,
) {
    match conditions.iter_mut().find(|condition| condition.type_ == type_) {
        Some(known) => {
            if known.status != status {
                known.last_transition_time = Some(now);
            }
            known.status = status.into();
            known.reason = reason.into();
            known.message = message;
        }
        None => conditions.push(NamespaceCondition {
            type_: type_.into(),
            status: status.into(),
            reason: reason.into(),
            message,
            last_transition_time: Some(now),
        }),
    }
}

async fn finalize(namespace: &Namespace, client: &Client) -> Result<(), ControllerError> {
    let name = &namespace.metadata.name;
    let doing = || format!("finalizing {name}");
    let live = client.all::<Namespace>().get_opt(name).await.map_err(ControllerError::api(doing()))?;
    let Some(live) = live.filter(|live| live.metadata.uid == namespace.metadata.uid) else { return Ok(()) };
    let mut done = (*live).clone();
    done.spec.finalizers.retain(|finalizer| finalizer != FINALIZER);
    let target = Target::resource(Namespace::INFO.gvr(), "", name, "finalize");
    let request = Request::new(Verb::Update, target).with_body(Body::Object(Object::new(done)));
    match client.send(request).await {
        Err(status) if status.is_not_found() => Ok(()),
        other => other.map(drop).map_err(ControllerError::api(doing())),
    }
}
