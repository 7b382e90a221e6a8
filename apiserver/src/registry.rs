//! The registry: what a request for objects does, after it has been authorized.
//!
//! In: a [`Request`] with a known identity. Out: a [`Response`] or a refusal. The path of a write: decode at the
//! version asked for → defaults → stored version → system fields → mutating admission → validation → validating
//! admission → compare-and-swap. Reads and watches come from the caches. Elsewhere: who may ask (`authz`), what
//! is not an object (`discovery`, `health`), HTTP (`http`).

use std::sync::Arc;
use std::time::Duration;

use pintle_client::{Content, Identity, Request, Response, Target, Verb};
use pintle_object_model::api::apiextensions::v1::CustomResourceDefinition;
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::custom::CustomObject;
use pintle_object_model::validation::{FieldError, FieldErrorKind, FieldErrors, Path};
use pintle_object_model::{AnyResource, GroupResource, GroupVersionResource, KindEntry, Object, Scheme, Status};

use crate::admission::{AdmissionChain, Warnings};
use crate::allocator::ServiceAllocator;
use crate::kinds::Kinds;
use crate::kubelet::NodeDialer;
use crate::reviews::Reviews;
use crate::storage::{Storage, Storages};
use crate::webhook::Outbound;

mod admit;
mod apply;
mod binding;
mod body;
mod connect;
mod conversion;
mod create;
mod delete;
mod eviction;
mod fields;
mod options;
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
    pub(crate) kinds: Arc<Kinds>,
    pub(crate) storages: Storages,
    pub(crate) admission: AdmissionChain,
    pub(crate) services: ServiceAllocator,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Random,
    pub(crate) reviews: Reviews,
    pub(crate) nodes: NodeDialer,
    /// Reaches webhooks.
    pub(crate) outbound: Outbound,
    /// The revision at which the server had everything that each cluster has.
    pub(crate) complete_at: std::sync::OnceLock<u64>,
    /// The server stops: watches end.
    pub(crate) shutdown: pintle_watch::Shutdown,
}

/// A request for objects, resolved: which kind, stored where, asked by whom.
pub(crate) struct Call<'a> {
    pub(crate) identity: &'a Identity,
    /// The kinds as they were when the request came.
    pub(crate) scheme: &'a Scheme,
    pub(crate) entry: &'a KindEntry,
    pub(crate) storage: &'a Arc<Storage>,
    pub(crate) resource: &'a GroupVersionResource,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) subresource: &'a str,
    pub(crate) tail: &'a str,
    pub(crate) warnings: &'a Warnings,
}

impl Call<'_> {
    /// The resource as it was asked for, which is how messages name it.
    pub(crate) fn group_resource(&self) -> GroupResource {
        self.resource.group_resource()
    }
}

impl Registry {
    /// Answers a request whose caller is known and allowed to ask.
    pub(crate) async fn answer(&self, identity: &Identity, request: Request) -> Result<Response, Status> {
        let Target::Resource { resource, namespace, name, subresource, tail } = request.target.clone() else {
            return Err(Status::failure(404, "NotFound", "the server could not find the requested resource"));
        };
        let scheme = self.parts.kinds.current();
        if self.parts.reviews.handles(&resource) {
            return self.parts.reviews.answer(identity, &resource, &namespace, request, &scheme).await;
        }
        if resource.group.is_empty() && resource.resource == "bindings" && request.verb == Verb::Create {
            return self.bind_by_body(identity, &resource, &namespace, request).await;
        }
        let Some(entry) = scheme.resource(&resource).filter(|entry| is_served(entry)) else {
            // A group of definitions has no paths of its own beyond those of its kinds.
            let built_in = |entry: &KindEntry| entry.custom().is_none() && entry.info().group == resource.group;
            let known = resource.group.is_empty() || scheme.kinds().any(built_in);
            return if known { Err(no_such_resource()) } else { Ok(crate::documents::page_not_found()) };
        };
        let storage = &self.parts.storages.get(entry.hub()).ok_or_else(no_such_resource)?;
        if !entry.info().namespaced && !namespace.is_empty() {
            return if entry.custom().is_some() {
                Ok(crate::documents::page_not_found())
            } else {
                Err(no_such_resource())
            };
        }
        let warnings = Warnings::of(&request.notes);
        if let Some(warning) = crate::strategy::warnings::on_use(&resource.group, &resource.version, &resource.resource)
        {
            warnings.add(warning);
        }
        let call = Call {
            identity,
            scheme: &scheme,
            entry,
            storage,
            resource: &resource,
            namespace: &namespace,
            name: &name,
            subresource: &subresource,
            tail: &tail,
            warnings: &warnings,
        };
        let answered = match Self::needs_conversion(&call) {
            true => self.converted(&call, request).await,
            false => self.dispatch(&call, request).await,
        };
        let mut warnings = warnings.take();
        warnings.extend(entry.custom().and_then(|kind| kind.deprecation()).map(str::to_owned));
        match answered {
            Ok(mut response) => {
                response.warnings.extend(warnings);
                response.custom = entry.custom().cloned();
                response.columns = entry.columns().cloned();
                Ok(response)
            }
            // Whoever is refused is warned all the same.
            Err(status) if !warnings.is_empty() => {
                Ok(Response { warnings, ..Response::new(Content::Status(Box::new(status))) })
            }
            Err(status) => Err(status),
        }
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
        if call.entry.is_hub() && call.entry.custom().is_none() {
            return Ok(object.clone());
        }
        call.scheme.convert(object, &call.entry.info().gvk()).map_err(Status::internal)
    }
}

/// Adds what rules in CEL find: those of a definition about its objects, and what is wrong with the rules themselves.
pub(crate) fn rules(
    call: &Call<'_>,
    object: &dyn AnyResource,
    old: Option<&dyn AnyResource>,
    errors: &mut FieldErrors,
) {
    use crate::expressions::{CompiledRules, check_definition, evaluate};
    errors.extend(crate::policy::check(object));
    if let Some(definition) = object.as_any().downcast_ref::<CustomResourceDefinition>() {
        let before = old.and_then(|old| old.as_any().downcast_ref::<CustomResourceDefinition>());
        if before.is_none_or(|before| before.spec != definition.spec) {
            errors.extend(check_definition(definition));
        }
        return;
    }
    let Some(custom) = object.as_any().downcast_ref::<CustomObject>() else { return };
    let compiled = custom.kind().attached(CompiledRules::of);
    if compiled.is_empty() {
        return;
    }
    // What is of the wrong form would only make rules fail in other words.
    let malformed = |error: &FieldError| {
        !matches!(error.kind, FieldErrorKind::Invalid | FieldErrorKind::Forbidden | FieldErrorKind::TooMany)
    };
    if errors.iter().any(malformed) {
        errors.push(FieldError {
            kind: FieldErrorKind::Invalid,
            path: Path::new("<nil>"),
            value: "null".into(),
            detail: "some validation rules were not checked because the object was invalid; correct the existing \
                     errors to complete validation"
                .into(),
        });
        return;
    }
    let before = old.and_then(|old| old.as_any().downcast_ref::<CustomObject>()).map(CustomObject::whole);
    let verdict = evaluate(&compiled, custom.kind().schema(), &custom.whole(), before.as_ref());
    errors.extend(verdict.errors);
    for warning in verdict.warnings.iter() {
        call.warnings.add(warning.to_string());
    }
}

/// Finalizers of custom resources may do without a domain, but should not.
pub(crate) fn warn_of_finalizers(call: &Call<'_>, object: &dyn AnyResource) {
    if call.entry.custom().is_none() {
        return;
    }
    for name in object.metadata().finalizers.iter().filter(|name| !name.contains('/')) {
        if !matches!(name.as_str(), "orphan" | "foregroundDeletion") {
            call.warnings.add(format!(
                "metadata.finalizers: {name:?}: prefer a domain-qualified finalizer name to avoid accidental \
                 conflicts with other finalizer writers"
            ));
        }
    }
}

/// The fields of a stored object.
pub(crate) fn open<'a>(call: &Call<'_>, object: &'a Object) -> Result<pintle_object_model::Opened<'a>, Status> {
    call.scheme.open(object).map_err(|error| {
        let metadata = object.metadata();
        Status::internal(format!("reading the stored {} {:?}: {error}", call.storage.info.kind, metadata.name))
    })
}

/// A version of a definition may be stored without being offered.
fn is_served(entry: &KindEntry) -> bool {
    entry.custom().is_none_or(|kind| kind.is_served())
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
