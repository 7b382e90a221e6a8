//! Custom resources and their definitions on their way into the store.

use pintle_object_model::AnyResource;
use pintle_object_model::api::apiextensions::v1::CustomResourceDefinition;
use pintle_object_model::custom::{CustomObject, FieldPath, ScalePaths};
use pintle_object_model::json::{self, DecodeOptions};

use serde_json::Value;

use super::scale::ScaleOf;

pub(super) fn both_mut<'a>(
    new: &'a mut dyn AnyResource,
    old: &'a dyn AnyResource,
) -> Option<(&'a mut CustomObject, &'a CustomObject)> {
    Some((new.as_any_mut().downcast_mut()?, old.as_any().downcast_ref()?))
}

pub(super) fn both<'a>(
    new: &'a dyn AnyResource,
    old: &'a dyn AnyResource,
) -> Option<(&'a CustomObject, &'a CustomObject)> {
    Some((new.as_any().downcast_ref()?, old.as_any().downcast_ref()?))
}

/// Everything but the status and the managers of the new object stays as it was.
pub(super) fn keep_all_but_status(new: &mut CustomObject, old: &CustomObject) {
    let status = new.members_mut().remove("status");
    let managed = std::mem::take(&mut new.metadata_mut().managed_fields);
    new.members_mut().clone_from(old.members());
    new.members_mut().remove("status");
    new.members_mut().extend(status.map(|status| ("status".to_owned(), status)));
    new.metadata_mut().clone_from(old.metadata());
    new.metadata_mut().managed_fields = managed;
}

/// Takes over one member.
pub(super) fn copy(new: &mut CustomObject, old: &CustomObject, member: &str) {
    new.members_mut().remove(member);
    let value = old.members().get(member).map(|value| (member.to_owned(), value.clone()));
    new.members_mut().extend(value);
}

/// Without a status of its own, everything in a custom resource is wanted.
pub(super) fn wants_something_else(new: &CustomObject, old: &CustomObject) -> bool {
    let wanted = |object: &CustomObject| {
        let has_status = object.kind().info().has("status");
        let members = object.members().clone().into_iter();
        members.filter(|(name, _)| name != "status" || !has_status).collect::<Vec<_>>()
    };
    wanted(new) != wanted(old)
}

/// A definition remembers every version that its objects were ever stored at.
pub(super) fn note_stored_versions(definition: &mut CustomResourceDefinition) {
    for version in definition.spec.versions.iter().filter(|version| version.storage) {
        if !definition.status.stored_versions.contains(&version.name) {
            definition.status.stored_versions.push(version.name.clone());
        }
    }
}

/// Absent replicas count as none; the selector of a definition is text already.
pub(super) fn scale_of(custom: &CustomObject) -> Option<ScaleOf> {
    Some(scale_in(&custom.to_tree(), custom.kind().scale()?))
}

fn scale_in(tree: &Value, paths: &ScalePaths) -> ScaleOf {
    let number = |path: &FieldPath| path.get(tree).and_then(Value::as_i64).unwrap_or(0);
    let selector = paths.selector.as_ref().and_then(|path| path.get(tree)).and_then(Value::as_str);
    ScaleOf {
        wanted: i32::try_from(number(&paths.wanted)).unwrap_or(i32::MAX),
        there: i32::try_from(number(&paths.there)).unwrap_or(i32::MAX),
        selector: selector.unwrap_or_default().to_owned(),
    }
}

/// The paths that a host's kind with a Rust type gives in its attributes.
fn paths_of(object: &dyn AnyResource) -> Option<ScalePaths> {
    let scale = object.info().scale?;
    ScalePaths::parse(scale.spec, scale.status, scale.selector).ok()
}

/// The same for a host's kind with a Rust type.
pub(super) fn scale_of_host(object: &dyn AnyResource) -> Option<ScaleOf> {
    let paths = paths_of(object)?;
    let mut text = vec![];
    json::encode(object.as_struct(), &mut text);
    Some(scale_in(&serde_json::from_slice(&text).ok()?, &paths))
}

pub(super) fn set_scale_of_host(object: &mut dyn AnyResource, replicas: i32) -> bool {
    let Some(paths) = paths_of(object) else { return false };
    let mut change = Value::Null;
    // Decoding touches the named members only.
    paths.wanted.set(&mut change, replicas.into()).is_ok()
        && json::decode(change.to_string().as_bytes(), object.as_struct_mut(), &DecodeOptions::default()).is_ok()
}

pub(super) fn set_scale(custom: &mut CustomObject, replicas: i32) -> bool {
    let kind = std::sync::Arc::clone(custom.kind());
    let Some(paths) = kind.scale() else { return false };
    let mut tree = Value::Object(std::mem::take(custom.members_mut()));
    let set = paths.wanted.set(&mut tree, replicas.into()).is_ok();
    if let Value::Object(members) = tree {
        *custom.members_mut() = members;
    }
    set
}

/// The path of the wanted replicas of a custom resource that has none at that place.
pub(crate) fn missing_replicas(object: &dyn AnyResource) -> Option<String> {
    let custom = object.as_any().downcast_ref::<CustomObject>()?;
    let paths = custom.kind().scale()?;
    paths.wanted.get(&custom.to_tree()).is_none().then(|| paths.wanted_text.clone())
}
