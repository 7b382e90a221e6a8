//! Deleting objects: at once, gracefully, or when the last finalizer is gone.
//!
//! Source: Kubernetes concepts, "Finalizers", "Garbage Collection", "Pod termination".

use pintle_client::{Content, Request, Response};
use pintle_object_model::api::meta::v1::{DeleteOptions, StatusDetails};
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{GroupResource, Object, Status};
use pintle_store::{Revision, Versioned};

use super::body::delete_options;
use super::options::check_dry_run;
use super::update::ATTEMPTS;
use super::{Call, Registry};
use crate::admission::{Attributes, Operation};
use crate::strategy;

mod plan;

use plan::{Step, plan};

/// What one deletion led to.
enum Deleted {
    /// The object is gone.
    Gone(Object),
    /// It is marked; somebody has to finish.
    Marked(Object),
}

impl Registry {
    pub(super) async fn delete(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let options = delete_options(request.body, &request.params)?;
        check_options(&options)?;
        let dry = !options.dry_run.is_empty();
        match self.delete_object(call, call.name, &options, dry).await? {
            // The objects that clients wait for come back as they were; of others only the fact is reported.
            Deleted::Marked(object) => {
                // Who asked in the old way for dependents to go hears that it goes on.
                let code = if options.orphan_dependents == Some(false) { 202 } else { 200 };
                Ok(Response::new(Content::Object { code, object: self.present(call, &object)? }))
            }
            Deleted::Gone(object) if returns_object(call) => {
                Ok(Response::new(Content::Object { code: 200, object: self.present(call, &object)? }))
            }
            Deleted::Gone(object) => {
                let mut status = Status::success();
                // A success that carries no code of its own is what kube-apiserver answers.
                status.code = 0;
                status.details = Some(Box::new(StatusDetails {
                    name: call.name.to_owned(),
                    group: call.resource.group.clone(),
                    kind: call.resource.resource.clone(),
                    uid: object.metadata().uid.clone(),
                    ..StatusDetails::default()
                }));
                Ok(Response::new(Content::Status(Box::new(status))))
            }
        }
    }

    pub(super) async fn delete_collection(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let options = delete_options(request.body, &request.params)?;
        check_options(&options)?;
        let dry = !options.dry_run.is_empty();
        let listed = self.list(call, &request.params).await?.into_list()?;
        for object in &listed.items {
            let one = Call { namespace: &object.metadata().namespace, name: &object.metadata().name, ..*call };
            match self.delete_object(&one, one.name, &options, dry).await {
                Ok(_) => {}
                // Somebody else was faster, which is what was wanted.
                Err(status) if status.is_not_found() => {}
                Err(status) => return Err(status),
            }
        }
        Ok(Response::new(Content::List(listed)))
    }

    async fn delete_object(
        &self,
        call: &Call<'_>,
        name: &str,
        options: &DeleteOptions,
        dry: bool,
    ) -> Result<Deleted, Status> {
        for _ in 0..ATTEMPTS {
            let Some(current) = call.storage.get(call.namespace, name).await? else {
                return Err(Status::not_found(&call.group_resource(), name));
            };
            check_preconditions(call, &current.value, options)?;
            let attributes = Attributes {
                operation: Operation::Delete,
                resource: call.resource,
                kind: call.storage.info.gvk(),
                subresource: "",
                namespace: call.namespace,
                name,
                identity: call.identity,
                old: Some(&current.value),
                dry_run: dry,
                warnings: call.warnings,
            };
            self.parts.admission.validate(&attributes, None).await?;
            if let Some(done) = self.delete_once(call, &current, options, dry).await? {
                return Ok(done);
            }
        }
        Err(Status::modified(&call.group_resource(), name))
    }

    /// `None` if the object was changed meanwhile.
    async fn delete_once(
        &self,
        call: &Call<'_>,
        current: &Versioned<Object>,
        options: &DeleteOptions,
        dry: bool,
    ) -> Result<Option<Deleted>, Status> {
        let opened = super::open(call, &current.value)?;
        let says_nothing = options.propagation_policy.is_none() && options.orphan_dependents.is_none();
        if let Some(warning) = strategy::warnings::on_delete(&*opened, says_nothing) {
            call.warnings.add(warning);
        }
        let mut object = opened.clone_box();
        let step = plan(&mut *object, options, self.parts.clock.utc().to_time());
        let (seen, marked) = match step {
            Step::Wait => return Ok(Some(Deleted::Marked(current.value.clone()))),
            Step::Mark if dry => return Ok(Some(Deleted::Marked(Object::from_box(object)))),
            Step::Mark => {
                let written = call.storage.replace(current.revision, Object::from_box(object), None).await?;
                return Ok(written.map(Deleted::Marked));
            }
            Step::MarkAndRemove if dry => return Ok(Some(Deleted::Gone(Object::from_box(object)))),
            // Who watches sees it marked before it goes.
            Step::MarkAndRemove => {
                let marked = call.storage.replace(current.revision, Object::from_box(object), None).await?;
                let revision =
                    |marked: &Object| marked.metadata().resource_version.parse().ok().and_then(Revision::new);
                match marked.as_ref().and_then(revision) {
                    Some(seen) => (seen, marked),
                    None => return Ok(None),
                }
            }
            Step::Remove if dry => return Ok(Some(Deleted::Gone(current.value.clone()))),
            Step::Remove => (current.revision, None),
        };
        let name = &current.value.metadata().name;
        match (call.storage.remove(call.namespace, name, seen).await?, marked) {
            (Some(gone), _) => {
                if let Some(typed) = gone.typed() {
                    self.parts.services.release(typed).await;
                }
                Ok(Some(Deleted::Gone(gone)))
            }
            // Somebody who saw the mark has finished it.
            (None, Some(marked)) if call.storage.get(call.namespace, name).await?.is_none() => {
                Ok(Some(Deleted::Gone(marked)))
            }
            (None, _) => Ok(None),
        }
    }
}

/// Kinds whose deletion answers with what was deleted.
fn returns_object(call: &Call<'_>) -> bool {
    match (call.storage.info.group, call.storage.info.kind) {
        ("", kind) => matches!(
            kind,
            "Pod"
                | "Namespace"
                | "Service"
                | "ServiceAccount"
                | "PersistentVolume"
                | "PersistentVolumeClaim"
                | "PodTemplate"
                | "ResourceQuota"
        ),
        ("storage.k8s.io", kind) => kind != "CSIStorageCapacity",
        (group, _) => group == "resource.k8s.io",
    }
}

pub(super) fn check_preconditions(call: &Call<'_>, object: &Object, options: &DeleteOptions) -> Result<(), Status> {
    let Some(wanted) = &options.preconditions else { return Ok(()) };
    let metadata = object.metadata();
    let pairs = [
        ("UID", &wanted.uid, &metadata.uid, "The object might have been deleted and then recreated"),
        (
            "ResourceVersion",
            &wanted.resource_version,
            &metadata.resource_version,
            "The object might have been modified",
        ),
    ];
    for (what, wanted, found, hint) in pairs {
        let Some(wanted) = wanted.as_ref().filter(|wanted| *wanted != found) else { continue };
        if call.storage.info.kind == "Namespace" {
            let why = format!("Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}");
            return Err(Status::conflict(&call.group_resource(), &metadata.name, why));
        }
        // Here the kind is named, not the resource.
        let of = GroupResource::new(call.storage.info.group, call.storage.info.kind);
        let why =
            format!("the {what} in the precondition ({wanted}) does not match the {what} in record ({found}). {hint}");
        return Err(Status::conflict(&of, &metadata.name, why));
    }
    Ok(())
}

pub(super) fn check_options(options: &DeleteOptions) -> Result<(), Status> {
    let mut errors = FieldErrors::default();
    let path = Path::new("propagationPolicy");
    if let Some(policy) = &options.propagation_policy {
        if options.orphan_dependents.is_some() {
            errors.invalid(&path, policy, "orphanDependents and deletionPropagation cannot be both set");
        }
        if !matches!(policy.as_str(), "Foreground" | "Background" | "Orphan") {
            errors.not_supported(&path, policy, &["Foreground", "Background", "Orphan", "nil"]);
        }
    }
    check_dry_run(&options.dry_run, &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid("meta.k8s.io", "DeleteOptions", "", &errors)) }
}
