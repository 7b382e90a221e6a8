//! Namespaces that are being deleted: everything in them goes first, pods before the rest.
//!
//! In: terminating namespaces. Out: deletions of all that is in them, conditions that say what is left, and the
//! `finalize` call that lets the namespace go. Invariant: it is finalized only after every kind was listed empty.
//! Source: Kubernetes concepts, "Namespaces", "Finalizers"; KEP-5080 (pods first).

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use pintle_client::{Params, Verb};
use pintle_object_model::api::core::v1::{Namespace, Pod};
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::{GroupVersionResource, Object, ObjectRef, Resource, Status};
use pintle_watch::RetryPolicy;

use crate::error::{Doing, gone_is_fine};
use crate::resources::served;
use crate::{Action, Context, Controller, ControllerError, Reconciler, condition};

/// The finalizer that this controller stands for.
const FINALIZER: &str = "kubernetes";

/// The `namespace` controller.
pub(crate) fn controller() -> Controller {
    // No event tells that a namespace is empty, so the look after a wait must come soon.
    let retry = RetryPolicy { base: Duration::from_millis(10), max: Duration::from_secs(5), ..RetryPolicy::default() };
    Controller::new("namespace")
        .component("namespace-controller")
        .workers(10)
        .retry(retry)
        .for_::<Namespace>()
        .build(Namespaces)
}

struct Namespaces;

/// What is left in a namespace.
#[derive(Default)]
struct Left {
    /// Objects by resource.
    objects: BTreeMap<String, usize>,
    /// Objects by finalizer.
    finalizers: BTreeMap<String, usize>,
    failures: Vec<String>,
}

#[async_trait]
impl Reconciler for Namespaces {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(namespace) = ctx.cached::<Namespace>().get("", &key.name) else { return Ok(Action::done()) };
        let ours = namespace.spec.finalizers.iter().any(|finalizer| finalizer == FINALIZER);
        if namespace.metadata.deletion_timestamp.is_none() || !ours {
            return Ok(Action::done());
        }
        let left = empty(ctx, &key.name).await?;
        let remaining = !left.objects.is_empty() || !left.failures.is_empty();
        if let Err(status) = write_conditions(ctx, &key.name, &left).await
            && !status.is_not_found()
            && !status.is_conflict()
        {
            return Err(status.into());
        }
        if remaining {
            let what = left.objects.keys().chain(&left.failures).cloned().collect::<Vec<_>>().join(", ");
            return Err(ControllerError::Waiting(format!("{what} are gone from {key}")));
        }
        gone_is_fine(finalize(ctx, &namespace).await).doing(|| format!("finalizing {key}"))?;
        Ok(Action::done())
    }
}

/// Deletes what is there and tells what is left.
async fn empty(ctx: &Context, namespace: &str) -> Result<Left, ControllerError> {
    let mut left = Left::default();
    let pods = Pod::INFO.gvr();
    delete_all(ctx, &pods, namespace, &mut left).await;
    if !left.objects.is_empty() {
        // What pods use (volumes, secrets) stays until they are gone.
        return Ok(left);
    }
    let resources = served(ctx).await?;
    let rest = resources.iter().filter(|resource| resource.namespaced && resource.gvr != pods);
    for resource in rest {
        delete_all(ctx, &resource.gvr, namespace, &mut left).await;
    }
    Ok(left)
}

async fn delete_all(ctx: &Context, resource: &GroupVersionResource, namespace: &str, left: &mut Left) {
    if let Err(status) = try_delete_all(ctx, resource, namespace, left).await {
        // The kind may have gone meanwhile, or never supported this.
        if !status.is_not_found() && status.code != 405 {
            left.failures.push(format!("{}: {status}", resource.group_resource()));
        }
    }
}

async fn try_delete_all(
    ctx: &Context,
    resource: &GroupVersionResource,
    namespace: &str,
    left: &mut Left,
) -> Result<(), Status> {
    let api = ctx.client.dynamic(resource.clone(), namespace);
    if api.list(Params { limit: 1, ..Params::default() }).await?.items.is_empty() {
        return Ok(());
    }
    let options = DeleteOptions { propagation_policy: Some("Background".into()), ..DeleteOptions::default() };
    api.delete_collection(options, Params::default()).await?;
    let remaining = api.list(Params::default()).await?.items;
    if !remaining.is_empty() {
        left.objects.insert(format!("{}.{}", resource.resource, resource.group), remaining.len());
        for finalizer in remaining.iter().flat_map(|object| &object.metadata().finalizers) {
            *left.finalizers.entry(finalizer.clone()).or_default() += 1;
        }
    }
    Ok(())
}

async fn write_conditions(ctx: &Context, name: &str, left: &Left) -> Result<(), Status> {
    let api = ctx.api::<Namespace>("");
    let Some(current) = api.get_opt(name).await? else { return Ok(()) };
    let mut namespace = (*current).clone();
    let now = ctx.now();
    let mut set = |type_: &str, problem: Option<(&str, String)>, reason: &str, message: &str| {
        let (status, reason, message) = match &problem {
            Some((reason, message)) => ("True", *reason, message.as_str()),
            None => ("False", reason, message),
        };
        condition::set(&mut namespace.status.conditions, type_, status, reason, message, now);
    };
    let join = |counts: &BTreeMap<String, usize>, word: &str| {
        counts
            .iter()
            .map(|(what, count)| format!("{what} {word} {count} resource instances"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    set("NamespaceDeletionDiscoveryFailure", None, "ResourcesDiscovered", "All resources successfully discovered");
    set(
        "NamespaceDeletionGroupVersionParsingFailure",
        None,
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    );
    let failures = left.failures.join(", ");
    let failed = (!left.failures.is_empty()).then(|| {
        (
            "ContentDeletionFailed",
            format!("Failed to delete all resource types, {} remaining: {failures}", left.failures.len()),
        )
    });
    set(
        "NamespaceDeletionContentFailure",
        failed,
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    );
    let objects = (!left.objects.is_empty())
        .then(|| ("SomeResourcesRemain", format!("Some resources are remaining: {}", join(&left.objects, "has"))));
    set("NamespaceContentRemaining", objects, "ContentRemoved", "All content successfully removed");
    let finalizers = (!left.finalizers.is_empty()).then(|| {
        let list = join(&left.finalizers, "in");
        ("SomeFinalizersRemain", format!("Some content in the namespace has finalizers remaining: {list}"))
    });
    set(
        "NamespaceFinalizersRemaining",
        finalizers,
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
    );
    if namespace.status != current.status {
        api.replace_status(&namespace).await?;
    }
    Ok(())
}

async fn finalize(ctx: &Context, namespace: &Namespace) -> Result<(), Status> {
    let mut released = namespace.clone();
    released.spec.finalizers.retain(|finalizer| finalizer != FINALIZER);
    // Whatever version it has by now: only the finalizers are taken from this.
    released.metadata.resource_version.clear();
    let api = ctx.client.dynamic(Namespace::INFO.gvr(), "");
    let body = pintle_client::Body::Object(Object::new(released));
    api.send(Verb::Update, &namespace.metadata.name, "finalize", Params::default(), body).await.map(drop)
}
