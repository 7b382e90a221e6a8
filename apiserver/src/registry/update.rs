//! Replacing objects, as a whole or their status.

use pintle_client::{Content, Request, Response};
use pintle_object_model::api::meta::v1::ObjectMeta;
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{AnyResource, Object, Status};
use pintle_store::{Revision, Versioned};

use super::body::decode_object;
use super::create::{check_namespace, invalid, ttl_of};
use super::fields::Manager;
use super::options::{self, OptionsOf};
use super::{Call, Registry};
use crate::admission::{Attributes, Operation};
use crate::strategy;

/// How often a write that does not care about the version it replaces is tried again.
pub(super) const ATTEMPTS: usize = 32;

impl Registry {
    pub(super) async fn update(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let Request { body, params, user_agent, .. } = request;
        let dry = options::check(OptionsOf::Update, &params)?;
        let mut object = decode_object(call.scheme, call.entry, body, &params, call.warnings)?;
        let manager = super::fields::manager(&params, &user_agent);
        check_namespace(call, &mut *object)?;
        check_identity(call, &*object)?;
        let given = version_of(object.metadata())?;
        if call.entry.custom().is_some() && object.metadata().resource_version.is_empty() {
            let mut errors = FieldErrors::default();
            let path = Path::new("metadata").child("resourceVersion");
            errors.invalid(&path, 0, "must be specified for an update");
            let info = call.storage.info;
            return Err(Status::invalid(info.group, info.plural, call.name, &errors));
        }
        for _ in 0..ATTEMPTS {
            let Some(current) = call.storage.get(call.namespace, call.name).await? else {
                if !strategy::created_by_put(call.storage.info) || !call.subresource.is_empty() {
                    return Err(Status::not_found(&call.group_resource(), call.name));
                }
                check_uid(call, object.metadata(), "")?;
                object.metadata_mut().resource_version.clear();
                let created = self.create_object(call, object, &manager, dry).await?;
                return Ok(Response::new(Content::Object { code: 201, object: self.present(call, &created)? }));
            };
            check_uid(call, object.metadata(), &current.value.metadata().uid)?;
            check_version(call, given, current.revision)?;
            let new = call.scheme.to_hub(object.clone_box()).map_err(|error| Status::bad_request(error.to_string()))?;
            if let Some(written) = self.write_update(call, new, &current, &manager, dry).await? {
                return Ok(Response::object(self.present(call, &written)?));
            }
            if given.is_some() {
                break;
            }
        }
        Err(Status::modified(&call.group_resource(), call.name))
    }

    /// Carries an update through admission and validation into the store. `None` if the object was changed or
    /// deleted by somebody else meanwhile.
    pub(super) async fn write_update(
        &self,
        call: &Call<'_>,
        mut object: Box<dyn AnyResource>,
        current: &Versioned<Object>,
        manager: &Manager,
        dry: bool,
    ) -> Result<Option<Object>, Status> {
        let opened = super::open(call, &current.value)?;
        let old: &dyn AnyResource = &*opened;
        let now = self.parts.clock.utc().to_time();
        super::create::drop_double_owners(call, object.metadata_mut());
        let mut errors = FieldErrors::default();
        check_immutable(object.metadata(), old.metadata(), &mut errors);
        super::fields::on_update(&mut *object, &current.value, old, call, manager, now);
        object.set_defaults();
        keep_system_metadata(&mut *object, old);
        if super::fields::resets_metadata(call.storage.info, call.subresource) {
            keep_metadata(&mut *object, old);
        }
        if object.metadata().finalizers != old.metadata().finalizers {
            super::warn_of_finalizers(call, &*object);
        }
        strategy::prepare_change(&mut *object, old, call.subresource, now);
        let attributes = Attributes {
            operation: Operation::Update,
            resource: call.resource,
            kind: call.storage.info.gvk(),
            subresource: call.subresource,
            namespace: call.namespace,
            name: call.name,
            identity: call.identity,
            old: Some(&current.value),
            dry_run: dry,
            warnings: call.warnings,
        };
        self.parts.admission.mutate(&attributes, &mut *object).await?;
        let plain = call.subresource.is_empty();
        let mut allocation = if plain {
            self.parts.services.allocate(&mut *object, Some(old), dry)?
        } else {
            crate::allocator::Allocation::none()
        };
        errors.extend(pintle_object_model::validation::validate_metadata_update(
            object.metadata(),
            old.metadata(),
            object.info(),
        ));
        errors.extend(match (self.as_asked(call, &*object)?, self.as_asked(call, old)?) {
            (Some(asked), Some(old)) if plain => asked.validate_update(&*old),
            _ => strategy::validate_change(&*object, old, call.subresource),
        });
        super::rules(call, &*object, Some(old), &mut errors);
        if !errors.is_empty() {
            return Err(invalid(call, call.name, &errors));
        }
        self.check_resize(call, &*object, old).await?;
        let changed = object.metadata().generation != old.metadata().generation;
        let own = if changed { object.warnings() } else { vec![] };
        for warning in strategy::warnings::on_update(&*object, old, call.subresource).into_iter().chain(own) {
            call.warnings.add(warning);
        }
        self.parts.admission.validate(&attributes, Some(&*object)).await?;
        // A change that came to nothing does not move the times of its managers.
        if strategy::unchanged(&*object, old) && super::fields::same_but_times(&*object, old) {
            allocation.keep().await;
            return Ok(Some(current.value.clone()));
        }
        if dry {
            let revision = current.revision.get();
            let mut result = Object::from_box(object);
            result.stamp(revision);
            return Ok(Some(result));
        }
        // An object that waits for its last finalizer goes when that is removed.
        let metadata = object.metadata();
        if metadata.deletion_timestamp.is_some() && metadata.finalizers.is_empty() && !holds_back(&*object) {
            let gone = metadata.deletion_grace_period_seconds.unwrap_or(0) == 0;
            if gone {
                return self.finish_deletion(call, object, current.revision).await;
            }
        }
        allocation.record().await?;
        let written = call.storage.replace(current.revision, Object::from_box(object), ttl_of(call)).await;
        match &written {
            Ok(Some(_)) => allocation.keep().await,
            _ => allocation.undo().await,
        }
        written
    }

    async fn finish_deletion(
        &self,
        call: &Call<'_>,
        object: Box<dyn AnyResource>,
        seen: Revision,
    ) -> Result<Option<Object>, Status> {
        if call.storage.remove(call.namespace, call.name, seen).await?.is_none() {
            return Ok(None);
        }
        self.parts.services.release(&*object).await;
        Ok(Some(Object::from_box(object)))
    }
}

/// Does something other than `metadata.finalizers` keep the object? Namespaces have finalizers in their spec.
pub(super) fn holds_back(object: &dyn AnyResource) -> bool {
    object
        .as_any()
        .downcast_ref::<pintle_object_model::api::core::v1::Namespace>()
        .is_some_and(|namespace| !namespace.spec.finalizers.is_empty())
}

/// The system sets these; who gives others is told so.
fn check_immutable(new: &ObjectMeta, old: &ObjectMeta, errors: &mut FieldErrors) {
    const WHY: &str = "field is immutable";
    let path = Path::new("metadata");
    let mut wrong = FieldErrors::default();
    if !new.uid.is_empty() && new.uid != old.uid {
        wrong.invalid(&path.child("uid"), &new.uid, WHY);
    }
    if let Some(time) = new.deletion_timestamp.filter(|_| old.deletion_timestamp.is_none()) {
        wrong.invalid(&path.child("deletionTimestamp"), &time.to_string(), WHY);
    }
    if let Some(grace) = new
        .deletion_grace_period_seconds
        .filter(|_| new.deletion_grace_period_seconds != old.deletion_grace_period_seconds)
    {
        wrong.invalid(&path.child("deletionGracePeriodSeconds"), grace, WHY);
    }
    // The server checks it in two places.
    errors.extend(wrong.clone());
    errors.extend(wrong);
}

/// What the system sets and clients only echo.
fn keep_system_metadata(object: &mut dyn AnyResource, old: &dyn AnyResource) {
    let old = old.metadata();
    let metadata = object.metadata_mut();
    metadata.uid.clone_from(&old.uid);
    metadata.creation_timestamp = old.creation_timestamp;
    metadata.deletion_timestamp = old.deletion_timestamp;
    metadata.deletion_grace_period_seconds = old.deletion_grace_period_seconds;
    metadata.generation = old.generation;
    metadata.resource_version.clone_from(&old.resource_version);
    metadata.generate_name.clone_from(&old.generate_name);
    metadata.self_link.clear();
}

/// What users set, too.
fn keep_metadata(object: &mut dyn AnyResource, old: &dyn AnyResource) {
    let (metadata, old) = (object.metadata_mut(), old.metadata());
    metadata.labels.clone_from(&old.labels);
    metadata.annotations.clone_from(&old.annotations);
    metadata.finalizers.clone_from(&old.finalizers);
    metadata.owner_references.clone_from(&old.owner_references);
}

/// Does the object name itself as the URL does?
pub(super) fn check_identity(call: &Call<'_>, object: &dyn AnyResource) -> Result<(), Status> {
    match object.metadata().name.as_str() {
        "" => Err(Status::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            call.name
        ))),
        name if name == call.name => Ok(()),
        name => Err(Status::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            call.name
        ))),
    }
}

/// The version that a writer has seen; `None` if it does not say.
pub(super) fn version_of(metadata: &ObjectMeta) -> Result<Option<u64>, Status> {
    match metadata.resource_version.as_str() {
        "" => Ok(None),
        text => match text.parse::<u64>() {
            Ok(version) => Ok((version > 0).then_some(version)),
            Err(_) => Err(Status::failure(500, "", format!("strconv.ParseUint: parsing {text:?}: invalid syntax"))),
        },
    }
}

/// Is that the version that is stored? Some kinds insist on being told one.
pub(super) fn check_version(call: &Call<'_>, given: Option<u64>, stored: Revision) -> Result<(), Status> {
    match given {
        Some(version) if version != stored.get() => Err(Status::modified(&call.group_resource(), call.name)),
        None if strategy::needs_resource_version(call.storage.info) => {
            let mut errors = FieldErrors::default();
            let path = Path::new("metadata").child("resourceVersion");
            errors.invalid(&path, 0, "must be specified for an update");
            // Here the resource is named, not the kind.
            let info = call.storage.info;
            Err(Status::invalid(info.group, info.plural, call.name, &errors))
        }
        _ => Ok(()),
    }
}

/// A writer that names the object's uid means that object and no other.
pub(super) fn check_uid(call: &Call<'_>, given: &ObjectMeta, stored: &str) -> Result<(), Status> {
    if given.uid.is_empty() || given.uid == stored {
        return Ok(());
    }
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: \
         UID in precondition: {}, UID in object meta: {stored}",
        call.storage.key(call.namespace, call.name),
        given.uid
    );
    Err(Status::conflict(&call.group_resource(), call.name, why))
}
