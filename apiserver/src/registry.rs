//! The registry: what a request for objects does, after it has been authorized.
//!
//! In: a [`Request`] with a known identity. Out: a [`Response`] or a refusal. The path of a write: decode at the
//! version asked for → defaults → stored version → system fields → mutating admission → validation → validating
//! admission → compare-and-swap. Reads and watches come from the caches. Elsewhere: who may ask (`authz`), what
//! is not an object (`discovery`, `health`), HTTP (`http`).

use std::sync::Arc;
use std::time::Duration;

use pintle_client::{Identity, Request, Response, Target, Verb};
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::{GroupVersionResource, KindEntry, Object, Scheme, Status};

use crate::admission::{AdmissionChain, Warnings};
use crate::allocator::ServiceAllocator;
use crate::kubelet::NodeDialer;
use crate::reviews::Reviews;
use crate::storage::{Storage, Storages};

mod apply;
mod body;
mod create;
mod delete;
mod fields;
mod patch;
mod read;
mod recognize;
mod scale;
mod selectable;
mod special;
mod update;
mod watch;

pub(crate) use body::decode_object;
pub(crate) use read::current;

/// Longest wait for a cache to become fresh enough.
const FRESH_TIMEOUT: Duration = Duration::from_secs(3);

/// Answers requests for objects.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    pub(crate) parts: Arc<Parts>,
}

#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) scheme: Scheme,
    pub(crate) storages: Storages,
    pub(crate) admission: AdmissionChain,
    pub(crate) services: ServiceAllocator,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Random,
    pub(crate) reviews: Reviews,
    pub(crate) nodes: NodeDialer,
    /// The revision at which the server had everything that each cluster has.
    pub(crate) complete_at: std::sync::OnceLock<u64>,
    /// The server stops: watches end.
    pub(crate) shutdown: pintle_watch::Shutdown,
}

/// A request for objects, resolved: which kind, stored where, asked by whom.
pub(crate) struct Call<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) entry: &'a KindEntry,
    pub(crate) storage: &'a Arc<Storage>,
    pub(crate) resource: &'a GroupVersionResource,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) subresource: &'a str,
    pub(crate) tail: &'a str,
    pub(crate) warnings: &'a Warnings,
}

impl Registry {
    /// Answers a request whose caller is known and allowed to ask.
    pub(crate) async fn answer(&self, identity: &Identity, request: Request) -> Result<Response, Status> {
        let Target::Resource { resource, namespace, name, subresource, tail } = request.target.clone() else {
            return Err(Status::failure(404, "NotFound", "the server could not find the requested resource"));
        };
        if self.parts.reviews.handles(&resource) {
            return self.parts.reviews.answer(identity, &resource, &namespace, request, &self.parts.scheme).await;
        }
        if resource.group.is_empty() && resource.resource == "bindings" && request.verb == Verb::Create {
            return self.bind_by_body(identity, &resource, &namespace, request).await;
        }
        let Some(entry) = self.parts.scheme.resource(&resource) else {
            let known = resource.group.is_empty()
                || self.parts.scheme.kinds().any(|entry| entry.info().group == resource.group);
            return if known { Err(no_such_resource()) } else { Ok(crate::documents::page_not_found()) };
        };
        let storage = self.parts.storages.get(entry.hub()).ok_or_else(no_such_resource)?;
        if !entry.info().namespaced && !namespace.is_empty() {
            return Err(no_such_resource());
        }
        let warnings = Warnings::default();
        let call = Call {
            identity,
            entry,
            storage,
            resource: &resource,
            namespace: &namespace,
            name: &name,
            subresource: &subresource,
            tail: &tail,
            warnings: &warnings,
        };
        let answered = self.dispatch(&call, request).await;
        answered.map(|mut response| {
            response.warnings.extend(warnings.take());
            response
        })
    }

    async fn dispatch(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let plain = call.subresource.is_empty();
        if !plain && call.subresource != "status" {
            return self.special(call, request).await;
        }
        if !plain && !call.entry.info().has("status") {
            return Err(no_such_resource());
        }
        match (request.verb, call.name.is_empty()) {
            (Verb::Get, false) => self.get(call, &request.params).await,
            (Verb::List, true) if plain => self.list(call, &request.params).await,
            (Verb::Watch, _) if plain => self.watch(call, &request.params).await,
            (Verb::Create, true) if plain && call.entry.info().namespaced != call.namespace.is_empty() => {
                self.create(call, request).await
            }
            (Verb::Update, false) => self.update(call, request).await,
            (Verb::Patch, false) => self.patch(call, request).await,
            (Verb::Delete, false) if plain => self.delete(call, request).await,
            (Verb::DeleteCollection, true)
                if plain
                    && (call.entry.info().namespaced != call.namespace.is_empty())
                    && call.storage.info.kind != "Namespace" =>
            {
                self.delete_collection(call, request).await
            }
            _ => Err(method_not_allowed()),
        }
    }

    /// A stored object as it looks at the version that was asked for.
    pub(crate) fn present(&self, call: &Call<'_>, object: &Object) -> Result<Object, Status> {
        if call.entry.is_hub() {
            return Ok(object.clone());
        }
        self.parts.scheme.convert(object, &call.entry.info().gvk()).map_err(Status::internal)
    }
}

/// 404 for a resource that is not served.
pub(crate) fn no_such_resource() -> Status {
    let mut status = Status::failure(404, "NotFound", "the server could not find the requested resource");
    status.details = Some(Box::default());
    status
}

/// 405 for a verb that the resource does not have.
pub(crate) fn method_not_allowed() -> Status {
    let mut status =
        Status::failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
    status.details = Some(Box::default());
    status
}
