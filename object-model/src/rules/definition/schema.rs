//! Is a schema structural, and does it make sense?
//!
//! Source: Kubernetes documentation, "Specifying a structural schema".

use crate::Json;
use crate::api::apiextensions::v1::JSONSchemaProps;
use crate::custom::{Structural, check_default, compile_pattern, schema_in};
use crate::validation::{FieldErrors, Path};

/// Deepest nesting of schemas.
const DEPTH_MAX: usize = 200;
const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// What a schema is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Field,
    Items,
}

pub(super) fn validate(schema: &JSONSchemaProps, path: &Path, errors: &mut FieldErrors) {
    node(schema, Place::Root, path, errors, 0);
}

fn node(schema: &JSONSchemaProps, place: Place, path: &Path, errors: &mut FieldErrors, depth: usize) {
    if depth > DEPTH_MAX {
        return errors.forbidden(path, "the schema is nested too deeply");
    }
    kind(schema, place, path, errors);
    unsupported(schema, path, errors);
    extensions(schema, path, errors);
    values(schema, path, errors);
    if place == Place::Root {
        object_fields(schema, path, errors);
    }
    for (name, below) in &schema.properties {
        node(below, Place::Field, &path.child("properties").key(name), errors, depth + 1);
    }
    if let Some(below) = schema_in(&schema.additional_properties) {
        node(&below, Place::Field, &path.child("additionalProperties"), errors, depth + 1);
    }
    if let Some(below) = schema_in(&schema.items) {
        node(&below, Place::Items, &path.child("items"), errors, depth + 1);
    } else if schema.type_ == "array" && schema.items.text().is_empty() {
        errors.required(&path.child("items"), "must be specified");
    } else if schema.items.text().starts_with(b"[") {
        errors.forbidden(&path.child("items"), "items must be a schema object and not an array");
    }
    for (name, parts) in [("allOf", &schema.all_of), ("anyOf", &schema.any_of), ("oneOf", &schema.one_of)] {
        for (index, part) in parts.iter().enumerate() {
            // The two forms that say what `x-kubernetes-int-or-string` stands for.
            if schema.x_kubernetes_int_or_string && matches!(part.type_.as_str(), "integer" | "string") {
                continue;
            }
            logic(part, schema, &path.child(name).index(index), path, errors, depth + 1);
        }
    }
    if let Some(part) = &schema.not {
        logic(part, schema, &path.child("not"), path, errors, depth + 1);
    }
    if let Some(default) = &schema.default {
        default_fits(schema, default, &path.child("default"), errors);
    }
}

fn kind(schema: &JSONSchemaProps, place: Place, path: &Path, errors: &mut FieldErrors) {
    let at = path.child("type");
    let anything = schema.x_kubernetes_preserve_unknown_fields == Some(true) || schema.x_kubernetes_int_or_string;
    match (schema.type_.as_str(), place) {
        ("", Place::Root) => errors.required(&at, "must not be empty at the root"),
        ("", _) if anything => {}
        ("", Place::Field) => errors.required(&at, "must not be empty for specified object fields"),
        ("", Place::Items) => errors.required(&at, "must not be empty for specified array items"),
        (other, _) if !TYPES.contains(&other) => errors.not_supported(&at, other, &TYPES),
        (other, Place::Root) if other != "object" => errors.invalid(&at, other, "must be object at the root"),
        _ => {}
    }
}

fn unsupported(schema: &JSONSchemaProps, path: &Path, errors: &mut FieldErrors) {
    let given = [
        ("$ref", !schema.ref_.is_empty()),
        ("definitions", !schema.definitions.is_empty()),
        ("dependencies", !schema.dependencies.is_empty()),
        ("patternProperties", !schema.pattern_properties.is_empty()),
        ("additionalItems", !schema.additional_items.text().is_empty()),
        ("id", !schema.id.is_empty()),
    ];
    for (name, _) in given.iter().filter(|(_, given)| *given) {
        errors.forbidden(&path.child(name), format!("{name} is not supported"));
    }
    if schema.unique_items {
        errors.forbidden(
            &path.child("uniqueItems"),
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        );
    }
    let additional = path.child("additionalProperties");
    match schema.additional_properties.text() {
        b"" => {}
        b"false" => errors.forbidden(&additional, "additionalProperties cannot be set to false"),
        _ if !schema.properties.is_empty() => {
            errors.forbidden(&additional, "additionalProperties and properties are mutual exclusive");
        }
        _ => {}
    }
}

fn extensions(schema: &JSONSchemaProps, path: &Path, errors: &mut FieldErrors) {
    let type_path = path.child("type");
    if schema.x_kubernetes_preserve_unknown_fields == Some(false) {
        let at = path.child("x-kubernetes-preserve-unknown-fields");
        errors.invalid(&at, false, "must be true or undefined");
    }
    if schema.x_kubernetes_embedded_resource {
        if schema.type_ != "object" {
            let why = "must be object if x-kubernetes-embedded-resource is true";
            errors.invalid(&type_path, &schema.type_, why);
        }
        if schema.properties.is_empty() && schema.x_kubernetes_preserve_unknown_fields != Some(true) {
            let why = "must not be empty if x-kubernetes-embedded-resource is true without \
                       x-kubernetes-preserve-unknown-fields";
            errors.required(&path.child("properties"), why);
        }
        object_fields(schema, path, errors);
    }
    if schema.x_kubernetes_int_or_string && !schema.type_.is_empty() {
        errors.invalid(&type_path, &schema.type_, "must be empty if x-kubernetes-int-or-string is true");
    }
    list_type(schema, path, errors);
    if let Some(map) = &schema.x_kubernetes_map_type {
        if !matches!(map.as_str(), "atomic" | "granular") {
            errors.not_supported(&path.child("x-kubernetes-map-type"), map, &["atomic", "granular"]);
        }
        if schema.type_ != "object" {
            errors.invalid(&type_path, &schema.type_, "must be object if x-kubernetes-map-type is specified");
        }
    }
}

fn list_type(schema: &JSONSchemaProps, path: &Path, errors: &mut FieldErrors) {
    let at = path.child("x-kubernetes-list-type");
    let keys = &schema.x_kubernetes_list_map_keys;
    let keys_at = path.child("x-kubernetes-list-map-keys");
    let list = schema.x_kubernetes_list_type.as_deref();
    if let Some(list) = list {
        if schema.type_ != "array" {
            let why = "must be array if x-kubernetes-list-type is specified";
            if schema.type_.is_empty() {
                errors.required(&path.child("type"), why);
            } else {
                errors.invalid(&path.child("type"), &schema.type_, why);
            }
        }
        if !matches!(list, "atomic" | "set" | "map") {
            errors.not_supported(&at, list, &["atomic", "map", "set"]);
        }
    }
    if list != Some("map") {
        if !keys.is_empty() {
            match list {
                None => errors.required(&at, "must be map if x-kubernetes-list-map-keys is non-empty"),
                Some(list) => errors.invalid(&at, list, "must be map if x-kubernetes-list-map-keys is non-empty"),
            }
        }
        return;
    }
    if keys.is_empty() {
        errors.required(&keys_at, "must not be empty if x-kubernetes-list-type is map");
    }
    let Some(items) = schema_in(&schema.items) else { return };
    if items.type_ != "object" {
        let why = "must be object if parent array's x-kubernetes-list-type is map";
        errors.invalid(&path.child("items").child("type"), &items.type_, why);
    }
    let mut seen = std::collections::BTreeSet::new();
    for (index, key) in keys.iter().enumerate() {
        let at = keys_at.index(index);
        match items.properties.get(key) {
            None => errors.invalid(&at, key, "must be the name of an item property"),
            Some(property) => {
                if !matches!(property.type_.as_str(), "string" | "integer" | "number" | "boolean") {
                    let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                    errors.invalid(
                        &path.child("items").child("properties").key(key).child("type"),
                        &property.type_,
                        why,
                    );
                }
                if property.default.is_none() && !items.required.contains(key) {
                    let why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a \
                               required property";
                    errors.required(&path.child("items").child("properties").key(key).child("default"), why);
                }
            }
        }
        if !seen.insert(key) {
            errors.duplicate(&at, key);
        }
    }
}

fn values(schema: &JSONSchemaProps, path: &Path, errors: &mut FieldErrors) {
    if !schema.pattern.is_empty()
        && let Err(why) = compile_pattern(&schema.pattern)
    {
        let detail = format!("must be a valid regular expression, but isn't: {why}");
        errors.invalid(&path.child("pattern"), &schema.pattern, detail);
    }
    for (index, rule) in schema.x_kubernetes_validations.iter().enumerate() {
        let at = path.child("x-kubernetes-validations").index(index);
        if rule.rule.trim().is_empty() {
            errors.required(&at.child("rule"), "rule is not specified");
        }
        if rule.message.contains('\n') {
            errors.invalid(&at.child("message"), &rule.message, "message must not contain line breaks");
        }
        if rule.rule.contains('\n') && rule.message.is_empty() {
            errors.required(&at.child("message"), "message must be specified if rule contains line breaks");
        }
        const REASONS: [&str; 4] =
            ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
        if let Some(reason) = &rule.reason
            && !REASONS.contains(&reason.as_str())
        {
            errors.not_supported(&at.child("reason"), reason, &REASONS);
        }
    }
}

/// `apiVersion`, `kind` and `metadata` are what they are in every object.
fn object_fields(schema: &JSONSchemaProps, path: &Path, errors: &mut FieldErrors) {
    for name in ["apiVersion", "kind"] {
        if let Some(property) = schema.properties.get(name)
            && property.type_ != "string"
        {
            let at = path.child("properties").key(name).child("type");
            errors.invalid(&at, &property.type_, "must be string");
        }
    }
    let Some(metadata) = schema.properties.get("metadata") else { return };
    let at = path.child("properties").key("metadata");
    if metadata.type_ != "object" {
        errors.invalid(&at.child("type"), &metadata.type_, "must be object");
    }
    let only = |name: &String| matches!(name.as_str(), "name" | "generateName");
    let bare = JSONSchemaProps {
        type_: metadata.type_.clone(),
        description: metadata.description.clone(),
        properties: metadata.properties.clone(),
        ..JSONSchemaProps::default()
    };
    if !metadata.properties.keys().all(only) || *metadata != bare {
        errors.forbidden(
            &at,
            "must not specify anything other than name and generateName, but metadata is implicitly specified",
        );
    }
}

/// Schemas within `allOf` and the like say what values must satisfy, not what there is.
fn logic(
    part: &JSONSchemaProps,
    outer: &JSONSchemaProps,
    path: &Path,
    outer_path: &Path,
    errors: &mut FieldErrors,
    depth: usize,
) {
    if depth > DEPTH_MAX {
        return errors.forbidden(path, "the schema is nested too deeply");
    }
    if !part.type_.is_empty() {
        errors.forbidden(&path.child("type"), "must be empty to be structural");
    }
    let given = [
        ("default", part.default.is_some()),
        ("title", !part.title.is_empty()),
        ("description", !part.description.is_empty()),
        ("nullable", part.nullable),
        ("x-kubernetes-preserve-unknown-fields", part.x_kubernetes_preserve_unknown_fields.is_some()),
        ("x-kubernetes-embedded-resource", part.x_kubernetes_embedded_resource),
        ("x-kubernetes-int-or-string", part.x_kubernetes_int_or_string),
        ("x-kubernetes-list-map-keys", !part.x_kubernetes_list_map_keys.is_empty()),
        ("x-kubernetes-list-type", part.x_kubernetes_list_type.is_some()),
        ("x-kubernetes-map-type", part.x_kubernetes_map_type.is_some()),
        ("x-kubernetes-validations", !part.x_kubernetes_validations.is_empty()),
        ("additionalProperties", !part.additional_properties.text().is_empty()),
    ];
    for (name, _) in given.iter().filter(|(_, given)| *given) {
        let how = if name.starts_with("x-kubernetes-int") || name.starts_with("x-kubernetes-embedded") {
            "must be false to be structural"
        } else {
            "must be undefined to be structural"
        };
        errors.forbidden(&path.child(name), how);
    }
    unsupported(&JSONSchemaProps { additional_properties: Json::default(), ..part.clone() }, path, errors);
    values(part, path, errors);
    for (name, below) in &part.properties {
        let at = path.child("properties").key(name);
        let said_at = outer_path.child("properties").key(name);
        match outer.properties.get(name) {
            Some(said) => logic(below, said, &at, &said_at, errors, depth + 1),
            None => errors.required(&said_at, format!("because it is defined in {at}")),
        }
    }
    if let Some(below) = schema_in(&part.items) {
        match schema_in(&outer.items) {
            Some(said) => {
                logic(&below, &said, &path.child("items"), &outer_path.child("items"), errors, depth + 1);
            }
            None => {
                errors.required(&outer_path.child("items"), format!("because it is defined in {}", path.child("items")))
            }
        }
    }
    for (name, parts) in [("allOf", &part.all_of), ("anyOf", &part.any_of), ("oneOf", &part.one_of)] {
        for (index, below) in parts.iter().enumerate() {
            logic(below, outer, &path.child(name).index(index), outer_path, errors, depth + 1);
        }
    }
    if let Some(below) = &part.not {
        logic(below, outer, &path.child("not"), outer_path, errors, depth + 1);
    }
}

fn default_fits(schema: &JSONSchemaProps, default: &Json, path: &Path, errors: &mut FieldErrors) {
    check_default(&Structural::new(schema), &default.to_value(), path, errors);
}
