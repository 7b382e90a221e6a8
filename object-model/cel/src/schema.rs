//! Types of structural schemas, as rules of custom resources see them.
//!
//! In: `openAPIV3Schema`, or a part of it, as JSON. Out: a [`Type`] with the sizes it allows, and the least size of a
//! value as JSON. Elsewhere: whether the schema is structural (`apiserver`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::names::escape;
use crate::ty::{ListKind, ObjectType, Type};

/// The largest request that estimates reckon with, in bytes.
const REQUEST_BYTES_MAX: u64 = 3 * 1024 * 1024;
/// Most levels of a schema.
const DEPTH_MAX: u32 = 64;

/// The type of a schema's values.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The type.
    pub ty: Type,
    /// The least bytes that a value takes as JSON.
    pub min_bytes: u64,
}

impl Declared {
    /// How many such values one request may hold, where the schema sets no limit.
    pub fn cardinality_max(&self) -> u64 {
        REQUEST_BYTES_MAX / (self.min_bytes + 1)
    }

    fn new(ty: Type, min_bytes: u64) -> Declared {
        Declared { ty, min_bytes }
    }
}

/// The type of `schema`; that of a whole resource has `apiVersion`, `kind` and the names in `metadata`, whether declared
/// or not. `None` if expressions cannot reach values of this schema.
pub fn declared(schema: &Json, resource: bool) -> Option<Declared> {
    declare(schema, resource, "object", 0)
}

fn flag(schema: &Json, name: &str) -> bool {
    schema.get(name).and_then(Json::as_bool).unwrap_or(false)
}

fn limit(schema: &Json, name: &str) -> Option<u64> {
    schema.get(name).and_then(Json::as_i64).map(|limit| u64::try_from(limit).unwrap_or(0))
}

fn declare(schema: &Json, resource: bool, name: &str, depth: u32) -> Option<Declared> {
    if depth > DEPTH_MAX {
        return None;
    }
    if flag(schema, "x-kubernetes-int-or-string") {
        return Some(Declared::new(Type::Dyn.at_most(REQUEST_BYTES_MAX - 2), 1));
    }
    let resource = resource || flag(schema, "x-kubernetes-embedded-resource");
    match schema.get("type").and_then(Json::as_str)? {
        "boolean" => Some(Declared::new(Type::Bool, 4)),
        "integer" => Some(Declared::new(Type::Int, 1)),
        "number" => Some(Declared::new(Type::Double, 1)),
        "string" => Some(text(schema)),
        "array" => {
            let items = declare(schema.get("items")?, false, &format!("{name}.@items"), depth + 1)?;
            let max = limit(schema, "maxItems").unwrap_or((REQUEST_BYTES_MAX - 2) / (items.min_bytes + 1));
            Some(Declared::new(Type::list(items.ty).at_most(max).with_list_kind(list_kind(schema)), 2))
        }
        "object" => object(schema, resource, name, depth),
        _ => None,
    }
}

fn list_kind(schema: &Json) -> ListKind {
    match schema.get("x-kubernetes-list-type").and_then(Json::as_str) {
        Some("set") => ListKind::Set,
        Some("map") => {
            let keys = schema.get("x-kubernetes-list-map-keys").and_then(Json::as_array);
            ListKind::Map(keys.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect())
        }
        _ => ListKind::Atomic,
    }
}

/// Text, and what its format makes of it. Formats bound the length of what they allow.
fn text(schema: &Json) -> Declared {
    let (ty, longest) = match schema.get("format").and_then(Json::as_str) {
        Some("byte") => (Type::Bytes, None),
        Some("duration") => (Type::Duration, Some(32)),
        Some("date") => (Type::Timestamp, Some(12)),
        Some("date-time") => (Type::Timestamp, Some(35)),
        _ => (Type::String, None),
    };
    let enumerated = schema.get("enum").and_then(Json::as_array).filter(|all| !all.is_empty()).map(|all| {
        let lengths = all.iter().filter_map(Json::as_str).map(str::len);
        u64::try_from(lengths.max().unwrap_or(0)).unwrap_or(u64::MAX)
    });
    let max = limit(schema, "maxLength").or(longest).or(enumerated).unwrap_or(REQUEST_BYTES_MAX - 2);
    Declared::new(ty.at_most(max), 2)
}

fn object(schema: &Json, resource: bool, name: &str, depth: u32) -> Option<Declared> {
    if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        let values = declare(values, false, &format!("{name}.@values"), depth + 1)?;
        let max = limit(schema, "maxProperties").unwrap_or((REQUEST_BYTES_MAX - 2) / (values.min_bytes + 6) + 1);
        // Upstream reckons keys at no size at all, and so allows rules over keys of any length.
        return Some(Declared::new(Type::map(Type::String.at_most(0), values.ty).at_most(max), 2));
    }
    let mut fields = BTreeMap::new();
    let mut min_bytes = 2;
    let required: Vec<&str> =
        schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    for (property, schema) in schema.get("properties").and_then(Json::as_object).into_iter().flatten() {
        let Some(declared) = declare(schema, false, &format!("{name}.{property}"), depth + 1) else { continue };
        if required.contains(&property.as_str()) && schema.get("default").is_none() {
            min_bytes += u64::try_from(property.len()).unwrap_or(u64::MAX) + declared.min_bytes + 4;
        }
        if let Some(escaped) = escape(property) {
            fields.insert(escaped, declared.ty);
        }
    }
    if resource {
        add_identity(&mut fields, name);
    }
    let ty = Type::Object(Arc::new(ObjectType { name: name.to_owned(), fields, open: false }));
    Some(Declared::new(ty, min_bytes))
}

fn add_identity(fields: &mut BTreeMap<String, Type>, name: &str) {
    let any = || Type::String.at_most(REQUEST_BYTES_MAX - 2);
    for field in ["apiVersion", "kind"] {
        fields.entry(field.to_owned()).or_insert_with(any);
    }
    let names = ["name", "generateName"].map(|field| (field.to_owned(), any()));
    fields.insert("metadata".to_owned(), Type::object(format!("{name}.metadata"), names));
}
