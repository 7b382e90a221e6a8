//! Deleting objects: at once, gracefully, or when the last finalizer is gone.
//!
//! Source: Kubernetes concepts, "Finalizers", "Garbage Collection", "Pod termination".

use pintle_client::{Content, Request, Response};
use pintle_object_model::api::core::v1::{Namespace, Pod};
use pintle_object_model::api::meta::v1::{DeleteOptions, StatusDetails};
use pintle_object_model::{AnyResource, GroupResource, Object, Status};
use pintle_store::Versioned;

use super::body::{delete_options, dry_run};
use super::update::{ATTEMPTS, holds_back};
use super::{Call, Registry};
use crate::admission::{Attributes, Operation};

/// Finalizer of an object whose dependents go first.
const FOREGROUND: &str = "foregroundDeletion";
/// Finalizer of an object whose dependents stay.
const ORPHAN: &str = "orphan";
/// How long a pod has to end when neither it nor the request says so.
const POD_GRACE_SECONDS: i64 = 30;

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
        let dry = dry_run(&options.dry_run)?;
        match self.delete_object(call, call.name, &options, dry).await? {
            // The objects that clients wait for come back as they were; of others only the fact is reported.
            Deleted::Marked(object) => {
                Ok(Response::new(Content::Object { code: 200, object: self.present(call, &object)? }))
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
                    group: call.storage.info.group.into(),
                    kind: call.storage.info.plural.into(),
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
        let dry = dry_run(&options.dry_run)?;
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
                return Err(Status::not_found(&call.storage.group_resource(), name));
            };
            check_preconditions(call, &current, options)?;
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
        Err(Status::modified(&call.storage.group_resource(), name))
    }

    /// `None` if the object was changed meanwhile.
    async fn delete_once(
        &self,
        call: &Call<'_>,
        current: &Versioned<Object>,
        options: &DeleteOptions,
        dry: bool,
    ) -> Result<Option<Deleted>, Status> {
        let Some(typed) = current.value.typed() else {
            return Err(Status::internal(format!("{} is stored without a type", current.key)));
        };
        let mut object = typed.clone_box();
        let grace = grace_seconds(&*object, options);
        let changed = self.mark(&mut *object, options, grace);
        let metadata = object.metadata();
        let waits = !metadata.finalizers.is_empty() || holds_back(&*object) || grace > 0;
        if dry {
            return Ok(Some(if waits {
                Deleted::Marked(Object::from_box(object))
            } else {
                Deleted::Gone(current.value.clone())
            }));
        }
        if waits {
            if !changed {
                return Ok(Some(Deleted::Marked(current.value.clone())));
            }
            let written = call.storage.replace(current.revision, Object::from_box(object), None).await?;
            return Ok(written.map(Deleted::Marked));
        }
        let name = &current.value.metadata().name;
        let gone = call.storage.remove(call.namespace, name, current.revision).await?;
        if gone.is_some() {
            self.parts.services.release(&*object).await;
        }
        Ok(gone.map(Deleted::Gone))
    }

    /// Notes in the object that it is being deleted, how, and how long it may take. Answers whether that is news.
    fn mark(&self, object: &mut dyn AnyResource, options: &DeleteOptions, grace: i64) -> bool {
        let now = self.parts.clock.utc().to_time();
        let mut changed = false;
        let finalizers = &mut object.metadata_mut().finalizers;
        let wanted = match options.propagation_policy.as_deref() {
            Some("Foreground") => Some(FOREGROUND),
            Some("Orphan") => Some(ORPHAN),
            None if options.orphan_dependents == Some(true) => Some(ORPHAN),
            Some(_) => None,
            // Without a wish, what the finalizers say already stays.
            None if options.orphan_dependents.is_none() => {
                finalizers.iter().find_map(|name| [FOREGROUND, ORPHAN].into_iter().find(|known| known == name))
            }
            None => None,
        };
        let before = finalizers.len();
        finalizers.retain(|name| (name != FOREGROUND && name != ORPHAN) || Some(name.as_str()) == wanted);
        changed |= finalizers.len() != before;
        if let Some(wanted) = wanted
            && !finalizers.iter().any(|name| name == wanted)
        {
            finalizers.push(wanted.to_owned());
            changed = true;
        }
        let waits = !finalizers.is_empty() || holds_back(object) || grace > 0;
        // Pods and namespaces say that they are being deleted even if they go at once.
        let is_namespace = object.as_any().is::<Namespace>();
        if !waits && !is_namespace && !object.as_any().is::<Pod>() {
            return changed;
        }
        let metadata = object.metadata_mut();
        match (metadata.deletion_timestamp, metadata.deletion_grace_period_seconds) {
            // A second deletion may only shorten the time.
            (Some(_), Some(left)) if left <= grace => {}
            (Some(_), None) => {}
            _ => {
                metadata.deletion_grace_period_seconds = (!is_namespace).then_some(grace);
                let end = now.unix().saturating_add(grace);
                metadata.deletion_timestamp = Some(pintle_object_model::Time::from_unix(end));
                if metadata.generation > 0 {
                    metadata.generation += 1;
                }
                changed = true;
            }
        }
        if let Some(namespace) = object.as_any_mut().downcast_mut::<Namespace>()
            && namespace.status.phase != "Terminating"
        {
            namespace.status.phase = "Terminating".into();
            changed = true;
        }
        changed
    }
}

/// How long the object may take to end. Only pods that a node has taken on take any time.
fn grace_seconds(object: &dyn AnyResource, options: &DeleteOptions) -> i64 {
    let Some(pod) = object.as_any().downcast_ref::<Pod>() else { return 0 };
    if pod.spec.node_name.is_empty() || matches!(pod.status.phase.as_str(), "Succeeded" | "Failed") {
        return 0;
    }
    let asked = options.grace_period_seconds.or(pod.spec.termination_grace_period_seconds).unwrap_or(POD_GRACE_SECONDS);
    asked.max(0)
}

fn returns_object(call: &Call<'_>) -> bool {
    matches!(
        (call.storage.info.group, call.storage.info.kind),
        (
            "",
            "Pod"
                | "Namespace"
                | "Service"
                | "ServiceAccount"
                | "PersistentVolume"
                | "PersistentVolumeClaim"
                | "PodTemplate"
                | "ResourceQuota"
        ) | ("storage.k8s.io", _)
            | ("policy", _)
    )
}

fn check_preconditions(call: &Call<'_>, current: &Versioned<Object>, options: &DeleteOptions) -> Result<(), Status> {
    let Some(wanted) = &options.preconditions else { return Ok(()) };
    let metadata = current.value.metadata();
    let differ = |what: &str, wanted: &str, found: &str, hint: &str| {
        // Here the kind is named, not the resource.
        let of = GroupResource::new(call.storage.info.group, call.storage.info.kind);
        let why =
            format!("the {what} in the precondition ({wanted}) does not match the {what} in record ({found}). {hint}");
        Status::conflict(&of, &metadata.name, why)
    };
    if let Some(uid) = &wanted.uid
        && *uid != metadata.uid
    {
        let hint = "The object might have been deleted and then recreated";
        return Err(differ("UID", uid, &metadata.uid, hint));
    }
    if let Some(version) = &wanted.resource_version
        && *version != metadata.resource_version
    {
        let hint = "The object might have been modified";
        return Err(differ("ResourceVersion", version, &metadata.resource_version, hint));
    }
    Ok(())
}

fn check_options(options: &DeleteOptions) -> Result<(), Status> {
    let mut errors = pintle_object_model::validation::FieldErrors::default();
    let path = pintle_object_model::validation::Path::new("propagationPolicy");
    if let Some(policy) = &options.propagation_policy {
        if options.orphan_dependents.is_some() {
            errors.invalid(&path, policy, "orphanDependents and deletionPropagation cannot be both set");
        } else if !matches!(policy.as_str(), "Foreground" | "Background" | "Orphan") {
            errors.not_supported(&path, policy, &["Background", "Foreground", "Orphan"]);
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid("", "DeleteOptions", "", &errors)) }
}
