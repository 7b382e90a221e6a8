//! Replacing objects, as a whole or their status.

use pintle_client::{Content, Request, Response};
use pintle_object_model::validation::FieldErrors;
use pintle_object_model::{AnyResource, Object, Status};
use pintle_store::{Revision, Versioned};

use super::body::{decode_object, dry_run};
use super::create::{check_namespace, invalid, ttl_of};
use super::fields::Manager;
use super::{Call, Registry};
use crate::admission::{Attributes, Operation};
use crate::strategy;

/// How often a write that does not care about the version it replaces is tried again.
pub(super) const ATTEMPTS: usize = 32;

impl Registry {
    pub(super) async fn update(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let Request { body, params, user_agent, .. } = request;
        let mut object = decode_object(&self.parts.scheme, call.entry, body, &params, call.warnings)?;
        let manager = super::fields::manager(&params, &user_agent);
        let dry = dry_run(&params.dry_run)?;
        check_name(call, &mut *object)?;
        check_namespace(call, &mut *object)?;
        let given = object.metadata().resource_version.clone();
        let uid = object.metadata().uid.clone();
        if given.is_empty() && strategy::needs_resource_version(call.storage.info) {
            let mut errors = FieldErrors::default();
            let path = pintle_object_model::validation::Path::new("metadata").child("resourceVersion");
            errors.invalid(&path, "", "must be specified for an update");
            return Err(invalid(call, call.name, &errors));
        }
        for _ in 0..ATTEMPTS {
            let Some(current) = call.storage.get(call.namespace, call.name).await? else {
                if !strategy::created_by_put(call.storage.info) || !call.subresource.is_empty() {
                    return Err(Status::not_found(&call.storage.group_resource(), call.name));
                }
                if !given.is_empty() && given != "0" {
                    return Err(Status::not_found(&call.storage.group_resource(), call.name));
                }
                object.metadata_mut().resource_version.clear();
                let created = self.create_object(call, object, &manager, dry).await?;
                return Ok(Response::new(Content::Object { code: 201, object: self.present(call, &created)? }));
            };
            if !uid.is_empty() && uid != current.value.metadata().uid {
                return Err(Status::conflict(
                    &call.storage.group_resource(),
                    call.name,
                    format!(
                        "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: \
                         Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                        current.key,
                        current.value.metadata().uid
                    ),
                ));
            }
            if !given.is_empty() && given != "0" && given != current.revision.to_string() {
                return Err(Status::modified(&call.storage.group_resource(), call.name));
            }
            let new =
                self.parts.scheme.to_hub(object.clone_box()).map_err(|error| Status::bad_request(error.to_string()))?;
            if let Some(written) = self.write_update(call, new, &current, &manager, dry).await? {
                return Ok(Response::object(self.present(call, &written)?));
            }
            if !given.is_empty() && given != "0" {
                return Err(Status::modified(&call.storage.group_resource(), call.name));
            }
        }
        Err(Status::modified(&call.storage.group_resource(), call.name))
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
        let Some(old) = current.value.typed() else {
            return Err(Status::internal(format!("{} is stored without a type", current.key)));
        };
        let now = self.parts.clock.utc().to_time();
        super::fields::on_update(&self.parts.scheme, &mut *object, &current.value, call, manager, now);
        object.set_defaults();
        keep_system_metadata(&mut *object, old);
        let status = call.subresource == "status";
        if status {
            strategy::prepare_status_update(&mut *object, old);
        } else {
            strategy::prepare_update(&mut *object, old);
        }
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
        let mut allocation = if status {
            crate::allocator::Allocation::none()
        } else {
            self.parts.services.allocate(&mut *object, Some(old), dry)?
        };
        let mut errors = FieldErrors::default();
        errors.extend(pintle_object_model::validation::validate_metadata_update(
            object.metadata(),
            old.metadata(),
            object.info(),
        ));
        errors.extend(match (self.as_asked(call, &*object)?, self.as_asked(call, old)?) {
            _ if status => object.validate_status_update(old),
            (Some(asked), Some(old)) => asked.validate_update(&*old),
            _ => object.validate_update(old),
        });
        if !errors.is_empty() {
            return Err(invalid(call, call.name, &errors));
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

fn check_name(call: &Call<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
    let name = &mut object.metadata_mut().name;
    if name.is_empty() {
        return Err(Status::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            call.name
        )));
    }
    if name != call.name {
        return Err(Status::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            call.name
        )));
    }
    Ok(())
}
