//! The CEL types of structural schemas.

use std::collections::BTreeMap;

use pintle_cel::{ListKind, ObjectType, Type, escape};
use pintle_object_model::custom::{Additional, JsonType, Structural};
use pintle_object_model::schema::ListType;

/// Bytes of the longest character.
const CHARACTER_BYTES: u64 = 4;

/// The type of values of this schema; `None` where nothing is known of them, so that rules cannot reach them.
pub(super) fn of(schema: &Structural, is_resource: bool) -> Option<Type> {
    if schema.int_or_string {
        return Some(Type::Dyn);
    }
    let size = |limit: Option<i64>| limit.and_then(|limit| u64::try_from(limit).ok());
    let sized = |ty: Type, limit: Option<u64>| match limit {
        Some(limit) => ty.at_most(limit),
        None => ty,
    };
    Some(match schema.ty? {
        JsonType::Boolean => Type::Bool,
        JsonType::Integer => Type::Int,
        JsonType::Number => Type::Double,
        JsonType::String => match schema.checks.format.as_str() {
            "byte" => sized(Type::Bytes, size(schema.checks.max_length)),
            "duration" => Type::Duration,
            "date" | "date-time" => Type::Timestamp,
            _ => sized(Type::String, longest(schema)),
        },
        JsonType::Array => {
            let element = schema.items.as_deref().and_then(|items| of(items, items.embedded))?;
            let list = sized(Type::list(element), size(schema.checks.max_items));
            match schema.list {
                Some(ListType::Set) => list.with_list_kind(ListKind::Set),
                Some(ListType::Map) => list.with_list_kind(ListKind::Map(schema.keys.clone())),
                _ => list,
            }
        }
        JsonType::Object => match &schema.additional {
            Additional::Schema(value) if schema.properties.is_empty() => {
                sized(Type::map(Type::String, of(value, value.embedded)?), size(schema.checks.max_properties))
            }
            _ => Type::Object(object(schema, is_resource).into()),
        },
    })
}

fn object(schema: &Structural, is_resource: bool) -> ObjectType {
    let mut fields: BTreeMap<String, Type> = schema
        .properties
        .iter()
        .filter_map(|(name, below)| Some((escape(name)?, of(below, below.embedded)?)))
        .collect();
    if is_resource || schema.embedded {
        fields.insert("apiVersion".into(), Type::String);
        fields.insert("kind".into(), Type::String);
        let names = ["name", "generateName"].map(|name| (name.to_owned(), Type::String));
        fields.insert("metadata".into(), Type::object("metadata", names));
    }
    ObjectType { name: "object".into(), fields, open: false }
}

/// The most bytes that a text may have, by its length or by the values allowed.
fn longest(schema: &Structural) -> Option<u64> {
    let checks = &schema.checks;
    if !checks.one_of_values.is_empty() {
        let lengths = checks.one_of_values.iter().filter_map(|value| value.as_str()).map(str::len);
        return lengths.max().and_then(|longest| u64::try_from(longest).ok());
    }
    let characters = checks.max_length.and_then(|limit| u64::try_from(limit).ok())?;
    Some(characters.saturating_mul(CHARACTER_BYTES))
}
