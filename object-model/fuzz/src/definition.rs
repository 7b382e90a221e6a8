//! Definitions of custom resources: their schemas, and the objects that are read by them.

use std::sync::Arc;

use pintle_object_model::api::apiextensions::v1::CustomResourceDefinition;
use pintle_object_model::custom::{CustomKind, CustomObject, definition_kinds};
use pintle_object_model::json::{self, DecodeOptions};
use pintle_object_model::{AnyResource, Format};

use serde_json::Value;

use crate::{bounded, parts};

/// Definition, custom resource.
pub(crate) fn definition(data: &[u8]) {
    let [definition, resource] = parts::<2>(data);
    let mut kind = CustomResourceDefinition::default();
    if json::decode_kind(definition, &mut kind, &DecodeOptions::default()).is_err() {
        return;
    }
    AnyResource::set_defaults(&mut kind);
    let valid = AnyResource::validate(&kind).is_empty();
    // Names live as long as the process once their kind is compiled: only those of the seeds are worth it.
    if kind.spec.names.kind.len() > 64 || !valid && kind.spec.versions.len() > 8 {
        return;
    }
    let tree: Value = serde_json::from_slice(definition).unwrap_or_default();
    if let Some(schema) = tree.pointer("/spec/versions/0/schema/openAPIV3Schema") {
        let _ = (pintle_cel::declared(schema, true), pintle_cel::declared(schema, false));
    }
    for kind in definition_kinds(&kind).unwrap_or_default() {
        custom(&kind, resource);
    }
}

fn custom(kind: &Arc<CustomKind>, resource: &[u8]) {
    let Ok((object, issues)) = CustomObject::decode(kind, resource, &DecodeOptions { strict: true }) else { return };
    bounded(resource.len(), issues.len());
    let text = object.clone().into_object().encode(Format::Json);
    bounded(resource.len(), text.len());
    let (again, issues) = CustomObject::decode(kind, &text, &DecodeOptions { strict: true })
        .unwrap_or_else(|error| panic!("our own custom resource is not understood: {error}"));
    assert_eq!(issues, [], "our own custom resource has issues");
    assert_eq!(again.to_tree(), object.to_tree());
    let mut defaulted = object;
    AnyResource::set_defaults(&mut defaulted);
    let _ = AnyResource::validate(&defaulted);
    let _ = AnyResource::validate_update(&defaulted, &again);
}
