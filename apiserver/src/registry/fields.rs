//! Who manages which fields.
//!
//! In: the field manager of a write. Out: `metadata.managedFields`. Invariant: what a write sets is judged as the
//! writer sent it, at its version, before admission and the server's own changes. Source: Kubernetes API concepts,
//! "Server-Side Apply". Elsewhere: the sets and merges themselves (`object-model`, `patch`), applying (`apply`).

use pintle_client::Params;
use pintle_object_model::api::autoscaling::v1::Scale;
use pintle_object_model::patch::{Comparison, FieldSet, ManagedFields, Node, Whole, Writer, compare};
use pintle_object_model::reflect::StaticSchema;
use pintle_object_model::{AnyResource, GroupVersionKind, KindEntry, KindInfo, Object, Resource, Scheme, Time};

use super::Call;
use super::options::MANAGER_MAX;
use crate::strategy;

/// The name under which a writer's fields are filed.
#[derive(Clone, Debug)]
pub(crate) struct Manager {
    pub(crate) name: String,
    /// The object carries the managed fields that it is to have: they are not worked out again.
    settled: bool,
}

impl Manager {
    /// For objects whose managed fields have been worked out.
    pub(super) fn settled(name: &str) -> Self {
        Self { name: name.to_owned(), settled: true }
    }
}

/// The manager that a request names, or else its program: the user agent up to the first `/`.
pub(super) fn manager(params: &Params, user_agent: &str) -> Manager {
    let mut name = params.field_manager.clone();
    if name.is_empty() {
        for letter in user_agent.split('/').next().unwrap_or_default().chars().filter(|letter| !letter.is_control()) {
            if name.len() + letter.len_utf8() > MANAGER_MAX {
                break;
            }
            name.push(letter);
        }
    }
    Manager { name, settled: false }
}

/// The fields that a write through this subresource cannot change, so that nobody comes to own them that way.
pub(super) fn reset_fields(info: &KindInfo, subresource: &str) -> FieldSet {
    FieldSet::of_fields(reset_paths(info, subresource).iter().copied())
}

/// Does a write through this subresource leave all of the metadata alone?
pub(super) fn resets_metadata(info: &KindInfo, subresource: &str) -> bool {
    reset_paths(info, subresource).contains(&["metadata"].as_slice())
}

fn reset_paths(info: &KindInfo, subresource: &str) -> &'static [&'static [&'static str]] {
    match (subresource, info.group, info.kind) {
        ("", ..) if info.has("status") => &[&["status"]],
        ("finalize", ..) => &[&["status"]],
        ("status", "", "Pod") => &[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]],
        ("status", "apps", "Deployment") => &[&["spec"], &["metadata", "labels"]],
        (
            "status",
            "flowcontrol.apiserver.k8s.io"
            | "apiregistration.k8s.io"
            | "apiextensions.k8s.io"
            | "admissionregistration.k8s.io",
            _,
        )
        | ("status", "storage.k8s.io", "VolumeAttachment") => &[&["spec"], &["metadata"]],
        ("status", ..) => &[&["spec"]],
        ("approval", ..) => &[&["spec"], &["status", "certificate"]],
        _ => &[],
    }
}

/// What the writer of a new object sets.
pub(super) fn on_create(object: &mut dyn AnyResource, call: &Call<'_>, manager: &Manager, now: Time) {
    if manager.settled {
        return;
    }
    strategy::normalize(object);
    let given = std::mem::take(&mut object.metadata_mut().managed_fields);
    let zero = call.entry.create();
    let comparison = compare_at_once(&*zero, object, call.entry);
    let mut managed = ManagedFields::of_update(&given, &[], "");
    let api_version = call.entry.info().api_version();
    let writer = Writer { manager: &manager.name, api_version: &api_version, subresource: "", now };
    managed.update(&writer, comparison.without(&reset_fields(call.entry.info(), "")), true, &mut |_| None);
    object.metadata_mut().managed_fields = managed.encode();
}

/// What a change sets. Both objects are at the stored version.
pub(super) fn on_update(
    object: &mut dyn AnyResource,
    old: &Object,
    typed: &dyn AnyResource,
    call: &Call<'_>,
    manager: &Manager,
    now: Time,
) {
    if manager.settled {
        return;
    }
    let scheme = call.scheme;
    strategy::normalize(object);
    let live = &typed.metadata().managed_fields;
    // What the server alone sets is not taken away by clients that leave it out.
    let (new, before) = (object.metadata_mut(), typed.metadata());
    new.uid.clone_from(&before.uid);
    new.creation_timestamp = before.creation_timestamp;
    new.resource_version.clone_from(&before.resource_version);
    new.generation = before.generation;
    new.self_link.clone_from(&before.self_link);
    let given = std::mem::take(&mut new.managed_fields);
    let gvk = call.entry.info().gvk();
    let comparison = if call.entry.is_hub() {
        compare_at_once(typed, object, call.entry)
    } else {
        compare_at(scheme, old, object, &gvk).unwrap_or_default()
    };
    let comparison = if comparison.is_same() {
        comparison
    } else {
        comparison.without(&reset_fields(call.entry.info(), call.subresource))
    };
    let client_has_none = given.is_empty() || given == *live || !call.subresource.is_empty();
    if client_has_none && (comparison.is_same() || live.is_empty()) {
        object.metadata_mut().managed_fields.clone_from(live);
        return;
    }
    let mut managed = ManagedFields::of_update(&given, live, call.subresource);
    let api_version = call.entry.info().api_version();
    let writer = Writer { manager: &manager.name, api_version: &api_version, subresource: call.subresource, now };
    let object_ref: &dyn AnyResource = object;
    managed.update(&writer, comparison, false, &mut |version| {
        let gvk = GroupVersionKind::parse(version, &gvk.kind);
        let entry = scheme.kind(&gvk).filter(|entry| entry.hub() == call.entry.hub())?;
        let comparison = compare_at(scheme, old, object_ref, &gvk)?;
        Some(comparison.without(&reset_fields(entry.info(), call.subresource)))
    });
    object.metadata_mut().managed_fields = managed.encode();
}

/// What a change of a scale sets; both have the managers that the workload's `spec.replicas` has.
pub(super) fn on_scale(new: &mut Scale, old: &Scale, manager: &Manager, now: Time) {
    let comparison = compare(Node::of(old), Node::of(&*new), Scale::static_schema());
    let mut managed = ManagedFields::of_update(&[], &old.metadata.managed_fields, "scale");
    let writer = Writer { manager: &manager.name, api_version: &Scale::INFO.api_version(), subresource: "scale", now };
    managed.update(&writer, comparison, false, &mut |_| None);
    new.metadata.managed_fields = managed.encode();
}

/// Compares two objects of the stored version at another one.
fn compare_at(scheme: &Scheme, old: &Object, new: &dyn AnyResource, gvk: &GroupVersionKind) -> Option<Comparison> {
    let entry = scheme.kind(gvk)?;
    let old = scheme.convert(old, gvk).ok()?;
    let new = scheme.from_hub(new.clone_box(), gvk).ok()?;
    Some(compare_at_once(&*scheme.open(&old).ok()?, &*new, entry))
}

/// Compares two objects of the same version.
fn compare_at_once(old: &dyn AnyResource, new: &dyn AnyResource, entry: &KindEntry) -> Comparison {
    compare(Whole::of(old).node(), Whole::of(new).node(), entry.schema())
}

/// Are two lists of entries the same but for their times?
pub(super) fn same_but_times(new: &dyn AnyResource, old: &dyn AnyResource) -> bool {
    let (new, old) = (&new.metadata().managed_fields, &old.metadata().managed_fields);
    new.len() == old.len()
        && new.iter().zip(old).all(|(new, old)| {
            new.manager == old.manager
                && new.operation == old.operation
                && new.api_version == old.api_version
                && new.subresource == old.subresource
                && new.fields_v1 == old.fields_v1
        })
}
