//! Making objects.

use std::time::Duration;

use pintle_client::{Content, Request, Response};
use pintle_object_model::api::meta::v1::{ObjectMeta, OwnerReference};
use pintle_object_model::validation::FieldErrors;
use pintle_object_model::{AnyResource, Object, Status};

use super::body::decode_object;
use super::options::{self, OptionsOf};
use super::{Call, Registry};
use crate::admission::{Attributes, Operation};
use crate::strategy;

/// How often a generated name that is taken is generated anew.
const NAME_ATTEMPTS: usize = 8;
/// How long events are kept. Source: kube-apiserver's `--event-ttl`.
const EVENT_TTL: Duration = Duration::from_secs(3600);

/// How long objects of this kind live in the store.
pub(super) fn ttl_of(call: &Call<'_>) -> Option<Duration> {
    (call.storage.info.kind == "Event").then_some(EVENT_TTL)
}

impl Registry {
    pub(super) async fn create(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let Request { body, params, user_agent, .. } = request;
        let dry = options::check(OptionsOf::Create, &params)?;
        let object = decode_object(call.scheme, call.entry, body, &params, call.warnings)?;
        let manager = super::fields::manager(&params, &user_agent);
        let created = self.create_object(call, object, &manager, dry).await?;
        Ok(Response::new(Content::Object { code: 201, object: self.present(call, &created)? }))
    }

    /// Makes an object that was decoded at the version asked for; used by POST, by PUT and apply to missing names.
    pub(super) async fn create_object(
        &self,
        call: &Call<'_>,
        mut object: Box<dyn AnyResource>,
        manager: &super::fields::Manager,
        dry: bool,
    ) -> Result<Object, Status> {
        self.permit_create(call).await?;
        check_namespace(call, &mut *object)?;
        if call.entry.custom().is_some_and(|kind| kind.is_terminating()) {
            return Err(Status::failure(
                405,
                "MethodNotAllowed",
                "create not allowed while custom resource definition is terminating",
            ));
        }
        super::warn_of_finalizers(call, &*object);
        drop_double_owners(call, object.metadata_mut());
        if !object.metadata().name.is_empty() || object.metadata().generate_name.is_empty() {
            return self.create_once(call, object, manager, dry).await;
        }
        let mut attempt = 1;
        loop {
            let mut candidate = object.clone_box();
            let suffix = self.parts.random.name_suffix(5);
            let metadata = candidate.metadata_mut();
            // Generated names stay below 63 characters, so that they fit where labels must.
            let base: String = metadata.generate_name.chars().take(58).collect();
            metadata.name = format!("{base}{suffix}");
            match self.create_once(call, candidate, manager, dry).await {
                Err(status) if status.is_already_exists() && attempt < NAME_ATTEMPTS => attempt += 1,
                other => return other,
            }
        }
    }

    async fn create_once(
        &self,
        call: &Call<'_>,
        mut object: Box<dyn AnyResource>,
        manager: &super::fields::Manager,
        dry: bool,
    ) -> Result<Object, Status> {
        let now = self.parts.clock.utc().to_time();
        // What is no version of anything is ignored.
        if object.metadata().resource_version.parse::<u64>().is_ok_and(|version| version > 0) {
            return Err(Status::failure(500, "", "resourceVersion should not be set on objects to be created"));
        }
        super::fields::on_create(&mut *object, call, manager, now);
        let metadata = object.metadata_mut();
        metadata.uid = self.parts.random.uuid();
        metadata.creation_timestamp = Some(now);
        metadata.deletion_timestamp = None;
        metadata.deletion_grace_period_seconds = None;
        metadata.self_link.clear();
        metadata.resource_version.clear();
        let mut object = call.scheme.to_hub(object).map_err(|error| Status::bad_request(error.to_string()))?;
        object.set_defaults();
        strategy::prepare_create(&mut *object);
        strategy::note_author(&mut *object, call.identity);
        let name = object.metadata().name.clone();

        let attributes = Attributes {
            operation: Operation::Create,
            resource: call.resource,
            kind: call.storage.info.gvk(),
            subresource: "",
            namespace: call.namespace,
            name: &name,
            identity: call.identity,
            old: None,
            dry_run: dry,
            warnings: call.warnings,
        };
        self.parts.admission.mutate(&attributes, &mut *object).await?;
        strategy::conclude_create(&mut *object);
        let mut allocation = self.parts.services.allocate(&mut *object, None, dry)?;
        let mut errors = FieldErrors::default();
        errors.extend(pintle_object_model::validation::validate_metadata(object.metadata(), object.info()));
        errors.extend(match self.as_asked(call, &*object)? {
            Some(asked) => asked.validate(),
            None => object.validate(),
        });
        super::rules(call, &*object, None, &mut errors);
        if !errors.is_empty() {
            return Err(invalid(call, &name, &errors));
        }
        for warning in strategy::warnings::on_create(&*object).into_iter().chain(object.warnings()) {
            call.warnings.add(warning);
        }
        self.parts.admission.validate(&attributes, Some(&*object)).await?;
        if dry {
            if call.storage.get(call.namespace, &name).await?.is_some() {
                return Err(self.taken(call, &name).await);
            }
            return Ok(Object::from_box(object));
        }
        allocation.record().await?;
        match call.storage.create(Object::from_box(object), ttl_of(call)).await {
            Ok(stored) => {
                allocation.keep().await;
                Ok(stored)
            }
            Err(status) => {
                allocation.undo().await;
                Err(if status.is_already_exists() { self.taken(call, &name).await } else { status })
            }
        }
    }

    /// 409: the name is taken, maybe by an object that is on its way out.
    async fn taken(&self, call: &Call<'_>, name: &str) -> Status {
        let mut status = Status::already_exists(&call.group_resource(), name);
        let found = call.storage.get(call.namespace, name).await;
        if matches!(found, Ok(Some(found)) if found.value.metadata().deletion_timestamp.is_some()) {
            status.message.insert_str(0, "object is being deleted: ");
        }
        status
    }

    /// The object at the version that the client speaks, if that version has rules of its own.
    pub(super) fn as_asked(
        &self,
        call: &Call<'_>,
        object: &dyn AnyResource,
    ) -> Result<Option<Box<dyn AnyResource>>, Status> {
        if call.entry.is_hub() || !call.entry.create().stands_alone() {
            return Ok(None);
        }
        let asked = call.scheme.from_hub(object.clone_box(), &call.entry.info().gvk());
        asked.map(Some).map_err(Status::internal)
    }
}

/// The 422 that lists what is wrong.
pub(super) fn invalid(call: &Call<'_>, name: &str, errors: &FieldErrors) -> Status {
    Status::invalid(call.storage.info.group, call.storage.info.kind, name, errors)
}

/// An owner that is named twice is named once, with a warning.
pub(super) fn drop_double_owners(call: &Call<'_>, metadata: &mut ObjectMeta) {
    let mut seen: Vec<OwnerReference> = vec![];
    let mut doubled: Vec<String> = vec![];
    for owner in std::mem::take(&mut metadata.owner_references) {
        if !seen.contains(&owner) {
            seen.push(owner);
        } else if !doubled.contains(&owner.uid) {
            doubled.push(owner.uid);
        }
    }
    metadata.owner_references = seen;
    if !doubled.is_empty() {
        call.warnings.add(format!(
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may \
             reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
            doubled.join(", ")
        ));
    }
}

/// The namespace of the body must be that of the URL; an empty one is filled in.
pub(super) fn check_namespace(call: &Call<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
    if !call.entry.info().namespaced {
        object.metadata_mut().namespace.clear();
        return Ok(());
    }
    if call.namespace.is_empty() {
        return Err(Status::bad_request("an empty namespace may not be set during creation"));
    }
    let namespace = &mut object.metadata_mut().namespace;
    if namespace.is_empty() {
        call.namespace.clone_into(namespace);
    } else if namespace != call.namespace {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}
