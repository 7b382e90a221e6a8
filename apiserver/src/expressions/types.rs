//! The CEL types of structural schemas, by way of the JSON that [`declared`] reads.

use pintle_cel::{Declared, declared};
use pintle_object_model::custom::{Additional, JsonType, Structural};
use pintle_object_model::schema::ListType;
use serde_json::{Map, Value, json};

/// The type of values of this schema; `None` where nothing is known of them, so that rules cannot reach them.
pub(super) fn of(schema: &Structural, is_resource: bool) -> Option<Declared> {
    declared(&tree(schema), is_resource)
}

/// What types depend on, as the definition writes it.
fn tree(schema: &Structural) -> Value {
    let mut members = Map::new();
    let mut say = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    if let Some(ty) = schema.ty {
        say("type", ty.name().into());
    }
    for (name, set) in [
        ("x-kubernetes-int-or-string", schema.int_or_string),
        ("x-kubernetes-embedded-resource", schema.embedded),
        ("x-kubernetes-preserve-unknown-fields", schema.preserve_unknown),
        ("nullable", schema.nullable),
    ] {
        if set {
            say(name, true.into());
        }
    }
    let checks = &schema.checks;
    for (name, limit) in
        [("maxLength", checks.max_length), ("maxItems", checks.max_items), ("maxProperties", checks.max_properties)]
    {
        if let Some(limit) = limit {
            say(name, limit.into());
        }
    }
    if !checks.format.is_empty() {
        say("format", checks.format.as_str().into());
    }
    if !checks.one_of_values.is_empty() {
        say("enum", json!(checks.one_of_values));
    }
    if !checks.required.is_empty() {
        say("required", json!(checks.required));
    }
    if let Some(default) = &schema.default {
        say("default", default.clone());
    }
    match schema.list {
        Some(ListType::Set) => say("x-kubernetes-list-type", "set".into()),
        Some(ListType::Map) => {
            say("x-kubernetes-list-type", "map".into());
            say("x-kubernetes-list-map-keys", json!(schema.keys));
        }
        _ => {}
    }
    if let Some(items) = &schema.items {
        say("items", tree(items));
    }
    if let Additional::Schema(values) = &schema.additional {
        say("additionalProperties", tree(values));
    }
    if schema.ty == Some(JsonType::Object) && !schema.properties.is_empty() {
        let properties: Map<String, Value> =
            schema.properties.iter().map(|(name, below)| (name.clone(), tree(below))).collect();
        say("properties", properties.into());
    }
    Value::Object(members)
}
