//! Who owns what: controller references, adoption and release.
//!
//! Source: Kubernetes concepts, "Owners and Dependents"; the `metadata.ownerReferences` API.

use std::sync::Arc;

use pintle_object_model::api::meta::v1::{ObjectMeta, OwnerReference};
use pintle_object_model::selector::Selector;
use pintle_object_model::{Resource, Status};

use crate::Context;
use crate::error::{ControllerError, Doing, gone_is_fine};

/// Name of the index by controlling owner: its UID, or [`orphans_of`] a namespace.
pub(crate) const BY_OWNER: &str = "controller";

/// The index value of objects without a controller.
pub(crate) fn orphans_of(namespace: &str) -> String {
    format!("orphan/{namespace}")
}

/// Indexes objects by their controlling owner.
pub(crate) fn by_owner<K: Resource>(object: &K) -> Vec<String> {
    let metadata = object.metadata();
    vec![controller_of(metadata).map_or_else(|| orphans_of(&metadata.namespace), |owner| owner.uid.clone())]
}

/// The controlling owner.
pub(crate) fn controller_of(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    metadata.owner_references.iter().find(|owner| owner.controller == Some(true))
}

/// A reference that makes `owner` the controlling owner.
pub(crate) fn controller_ref<K: Resource>(owner: &K) -> OwnerReference {
    OwnerReference {
        api_version: K::INFO.api_version(),
        kind: K::INFO.kind.into(),
        name: owner.metadata().name.clone(),
        uid: owner.metadata().uid.clone(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// The objects that belong to `owner`: those it controls and selects. Selected ones without a controller are adopted,
/// controlled ones that are no longer selected are released. Needs the [`BY_OWNER`] index on `K`.
pub(crate) async fn claim<O: Resource, K: Resource>(
    ctx: &Context,
    owner: &O,
    selector: &Selector,
) -> Result<Vec<Arc<K>>, ControllerError> {
    let meta = owner.metadata();
    let cached = ctx.cached::<K>();
    let mut claimed = vec![];
    for object in cached.indexed(BY_OWNER, &meta.uid) {
        if selector.matches(&object.metadata().labels) {
            claimed.push(object);
        } else if meta.deletion_timestamp.is_none() {
            release(ctx, &*object, &meta.uid).await?;
        }
    }
    if meta.deletion_timestamp.is_some() {
        return Ok(claimed);
    }
    let mut checked = false;
    for object in cached.indexed(BY_OWNER, &orphans_of(&meta.namespace)) {
        if object.metadata().deletion_timestamp.is_some() || !selector.matches(&object.metadata().labels) {
            continue;
        }
        if !checked {
            // The cache may not know yet that the owner is gone; then nobody may be adopted.
            let live =
                ctx.api::<O>(&meta.namespace).get(&meta.name).await.doing(|| format!("reading {}", meta.name))?;
            if live.metadata().uid != meta.uid || live.metadata().deletion_timestamp.is_some() {
                return Ok(claimed);
            }
            checked = true;
        }
        if let Some(adopted) = adopt(ctx, &*object, owner).await? {
            claimed.push(adopted);
        }
    }
    Ok(claimed)
}

async fn adopt<O: Resource, K: Resource>(
    ctx: &Context,
    object: &K,
    owner: &O,
) -> Result<Option<Arc<K>>, ControllerError> {
    let mut adopted = object.clone();
    adopted.metadata_mut().owner_references.push(controller_ref(owner));
    match ctx.api::<K>(&object.metadata().namespace).replace(&adopted).await {
        Ok(written) => Ok(Some(written)),
        Err(status) if status.is_not_found() => Ok(None),
        other => other.map(Some).doing(|| format!("adopting {}", object.metadata().name)),
    }
}

async fn release<K: Resource>(ctx: &Context, object: &K, owner: &str) -> Result<(), ControllerError> {
    let mut released = object.clone();
    released.metadata_mut().owner_references.retain(|reference| reference.uid != owner);
    let written: Result<_, Status> = ctx.api::<K>(&object.metadata().namespace).replace(&released).await;
    gone_is_fine(written).doing(|| format!("releasing {}", object.metadata().name))
}
