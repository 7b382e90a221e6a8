//! Deleting objects: at once, gracefully, or when the last finalizer is gone.
//!
//! Source: Kubernetes concepts, "Finalizers", "Garbage Collection", "Pod termination".

use pintle_client::{Content, Request, Response};
use pintle_object_model::api::core::v1::{Namespace, Pod};
use pintle_object_model::api::meta::v1::{DeleteOptions, ObjectMeta, StatusDetails};
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{AnyResource, GroupResource, Object, Status, Time};
use pintle_store::{Revision, Versioned};

use super::body::delete_options;
use super::options::check_dry_run;
use super::update::{ATTEMPTS, holds_back};
use super::{Call, Registry};
use crate::admission::{Attributes, Operation};
use crate::strategy;

/// Finalizer of an object whose dependents go first.
const FOREGROUND: &str = "foregroundDeletion";
/// Finalizer of an object whose dependents stay.
const ORPHAN: &str = "orphan";

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
        let Some(typed) = current.value.typed() else {
            return Err(Status::internal(format!("{} is stored without a type", current.key)));
        };
        let says_nothing = options.propagation_policy.is_none() && options.orphan_dependents.is_none();
        if let Some(warning) = strategy::warnings::on_delete(typed, says_nothing) {
            call.warnings.add(warning);
        }
        let mut object = typed.clone_box();
        let step = plan(&mut *object, options, self.parts.clock.utc().to_time());
        let seen = match step {
            Step::Wait => return Ok(Some(Deleted::Marked(current.value.clone()))),
            Step::Mark if dry => return Ok(Some(Deleted::Marked(Object::from_box(object)))),
            Step::Mark => {
                let written = call.storage.replace(current.revision, Object::from_box(object), None).await?;
                return Ok(written.map(Deleted::Marked));
            }
            Step::MarkAndRemove if dry => return Ok(Some(Deleted::Gone(Object::from_box(object)))),
            // Who watches sees it marked before it goes.
            Step::MarkAndRemove => {
                match call.storage.replace(current.revision, Object::from_box(object), None).await? {
                    Some(marked) => marked.metadata().resource_version.parse().ok().and_then(Revision::new),
                    None => return Ok(None),
                }
            }
            Step::Remove if dry => return Ok(Some(Deleted::Gone(current.value.clone()))),
            Step::Remove => Some(current.revision),
        };
        let Some(seen) = seen else { return Ok(None) };
        let gone = call.storage.remove(call.namespace, &current.value.metadata().name, seen).await?;
        Ok(gone.map(|gone| {
            if let Some(typed) = gone.typed() {
                self.parts.services.release(typed);
            }
            Deleted::Gone(gone)
        }))
    }
}

/// What a deletion does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Nothing: it is under way already.
    Wait,
    /// The object says that it is being deleted, and stays until somebody has finished.
    Mark,
    /// It says so, and goes at once.
    MarkAndRemove,
    /// It goes.
    Remove,
}

/// Decides how the object goes, and notes in it that it does.
fn plan(object: &mut dyn AnyResource, options: &DeleteOptions, now: Time) -> Step {
    if object.as_any().is::<Namespace>() {
        return plan_namespace(object, options, now);
    }
    if object.as_any().is::<Pod>() {
        return plan_pod(object, options, now);
    }
    let changed = set_dependents_finalizer(object, options);
    if object.metadata().finalizers.is_empty() {
        return Step::Remove;
    }
    let marked = mark(object.metadata_mut(), 0, now);
    if changed || marked { Step::Mark } else { Step::Wait }
}

/// Notes the deletion, if that is news.
fn mark(metadata: &mut ObjectMeta, grace: i64, now: Time) -> bool {
    if metadata.deletion_timestamp.is_some() {
        return false;
    }
    metadata.deletion_timestamp = Some(Time::from_unix(now.unix().saturating_add(grace)));
    metadata.deletion_grace_period_seconds = Some(grace);
    if metadata.generation > 0 {
        metadata.generation += 1;
    }
    true
}

/// Pods have time to end. A second deletion may only shorten it, and changes nothing else.
fn plan_pod(object: &mut dyn AnyResource, options: &DeleteOptions, now: Time) -> Step {
    let grace = grace_seconds(object, options);
    let metadata = object.metadata();
    match (metadata.deletion_timestamp, metadata.deletion_grace_period_seconds) {
        (Some(_), None) => {
            return if metadata.finalizers.is_empty() { Step::Remove } else { Step::Wait };
        }
        (Some(end), Some(left)) => {
            let asked = options.grace_period_seconds.map(at_least);
            let Some(asked) = asked.filter(|asked| *asked < left) else { return Step::Wait };
            let metadata = object.metadata_mut();
            let end = end.unix().saturating_sub(left).saturating_add(asked);
            metadata.deletion_timestamp = Some(Time::from_unix(end));
            metadata.deletion_grace_period_seconds = Some(asked);
            return if asked <= 0 && metadata.finalizers.is_empty() { Step::MarkAndRemove } else { Step::Mark };
        }
        (None, _) => {}
    }
    mark(object.metadata_mut(), grace, now);
    set_dependents_finalizer(object, options);
    if grace == 0 && object.metadata().finalizers.is_empty() { Step::MarkAndRemove } else { Step::Mark }
}

/// Namespaces are emptied first: they go with a later deletion, or with their last finalizer.
fn plan_namespace(object: &mut dyn AnyResource, options: &DeleteOptions, now: Time) -> Step {
    if object.metadata().deletion_timestamp.is_some() {
        return match holds_back(object) || !object.metadata().finalizers.is_empty() {
            true => Step::Wait,
            false => Step::Remove,
        };
    }
    set_dependents_finalizer(object, options);
    object.metadata_mut().deletion_timestamp = Some(now);
    if let Some(namespace) = object.as_any_mut().downcast_mut::<Namespace>() {
        namespace.status.phase = "Terminating".into();
    }
    Step::Mark
}

/// Brings the finalizers in line with what is to become of dependents. Answers whether that changed them.
fn set_dependents_finalizer(object: &mut dyn AnyResource, options: &DeleteOptions) -> bool {
    // Nothing depends on events.
    if object.info().kind == "Event" {
        return false;
    }
    let orphans_by_default = matches!(object.info().kind, "ReplicationController" | "Job");
    let finalizers = &mut object.metadata_mut().finalizers;
    let noted = finalizers.iter().find_map(|name| [FOREGROUND, ORPHAN].into_iter().find(|known| known == name));
    let wanted = match (options.orphan_dependents, options.propagation_policy.as_deref()) {
        (Some(orphan), _) => orphan.then_some(ORPHAN),
        (None, Some("Orphan")) => Some(ORPHAN),
        (None, Some("Foreground")) => Some(FOREGROUND),
        (None, Some(_)) => None,
        // Without a wish, what the finalizers say already stays.
        (None, None) => noted.or(orphans_by_default.then_some(ORPHAN)),
    };
    let before = finalizers.len();
    finalizers.retain(|name| (name != FOREGROUND && name != ORPHAN) || Some(name.as_str()) == wanted);
    let mut changed = finalizers.len() != before;
    if let Some(wanted) = wanted
        && !finalizers.iter().any(|name| name == wanted)
    {
        finalizers.push(wanted.to_owned());
        changed = true;
    }
    changed
}

/// Less than nothing is as little as possible.
fn at_least(seconds: i64) -> i64 {
    if seconds < 0 { 1 } else { seconds }
}

/// How long the pod may take to end. Only pods that a node has taken on take any time.
fn grace_seconds(object: &dyn AnyResource, options: &DeleteOptions) -> i64 {
    let Some(pod) = object.as_any().downcast_ref::<Pod>() else { return 0 };
    if pod.spec.node_name.is_empty() || matches!(pod.status.phase.as_str(), "Succeeded" | "Failed") {
        return 0;
    }
    at_least(options.grace_period_seconds.or(pod.spec.termination_grace_period_seconds).unwrap_or(0))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(node: &str) -> Pod {
        let mut pod = Pod::default();
        pod.metadata.generation = 1;
        pod.spec.node_name = node.into();
        pod.spec.termination_grace_period_seconds = Some(7);
        pod
    }

    fn with_grace(seconds: i64) -> DeleteOptions {
        DeleteOptions { grace_period_seconds: Some(seconds), ..DeleteOptions::default() }
    }

    #[test]
    fn a_pod_on_a_node_has_its_time_and_a_second_deletion_only_shortens_it() {
        let now = Time::from_unix(1000);
        let mut pod = pod("n1");
        assert_eq!(plan(&mut pod, &DeleteOptions::default(), now), Step::Mark);
        assert_eq!(pod.metadata.deletion_timestamp, Some(Time::from_unix(1007)));
        assert_eq!((pod.metadata.generation, pod.metadata.deletion_grace_period_seconds), (2, Some(7)));
        assert_eq!(plan(&mut pod, &with_grace(30), now), Step::Wait);
        assert_eq!(plan(&mut pod, &with_grace(3), now), Step::Mark);
        assert_eq!(pod.metadata.deletion_timestamp, Some(Time::from_unix(1003)));
        assert_eq!(plan(&mut pod, &with_grace(0), now), Step::MarkAndRemove);
        assert_eq!(pod.metadata.generation, 2);
    }

    #[test]
    fn a_pod_without_a_node_goes_at_once_unless_a_finalizer_holds_it() {
        let now = Time::from_unix(1000);
        assert_eq!(plan(&mut pod(""), &DeleteOptions::default(), now), Step::MarkAndRemove);
        let mut held = pod("");
        held.metadata.finalizers = vec!["example.com/f".into()];
        assert_eq!(plan(&mut held, &DeleteOptions::default(), now), Step::Mark);
        assert_eq!(held.metadata.deletion_grace_period_seconds, Some(0));
        assert_eq!(plan(&mut held, &DeleteOptions::default(), now), Step::Wait);
    }

    #[test]
    fn old_controllers_leave_their_pods_by_default() {
        let now = Time::from_unix(1000);
        let mut job = pintle_object_model::api::batch::v1::Job::default();
        assert_eq!(plan(&mut job, &DeleteOptions::default(), now), Step::Mark);
        assert_eq!(job.metadata.finalizers, [ORPHAN]);
        let background = DeleteOptions { propagation_policy: Some("Background".into()), ..DeleteOptions::default() };
        assert_eq!(plan(&mut job, &background, now), Step::Remove);
    }
}
