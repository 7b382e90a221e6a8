//! Filling in what a schema gives for absent values.
//!
//! Invariants: a `null` that a schema does not allow counts as absent; defaults come only where the object around them
//! is there.

use serde_json::{Map, Value};

use super::structural::Structural;

/// Fills in the members of an object.
pub(super) fn fill_members(members: &mut Map<String, Value>, schema: &Structural) {
    for (name, below) in &schema.properties {
        if let Some(value) = members.get(name)
            && value.is_null()
            && !below.nullable
        {
            members.remove(name);
        }
        if let Some(default) = &below.default
            && !members.contains_key(name)
        {
            members.insert(name.clone(), default.clone());
        }
    }
    if let super::Additional::Schema(below) = &schema.additional
        && !below.nullable
    {
        for (name, value) in members.iter_mut() {
            if value.is_null()
                && !schema.properties.contains_key(name)
                && let Some(default) = &below.default
            {
                *value = default.clone();
            }
        }
        members.retain(|name, value| !value.is_null() || schema.properties.contains_key(name));
    }
    for (name, value) in members.iter_mut() {
        if let Some(below) = schema.member(name) {
            fill(value, below);
        }
    }
}

pub(super) fn fill(value: &mut Value, schema: &Structural) {
    match value {
        Value::Object(members) => fill_members(members, schema),
        Value::Array(elements) => {
            let Some(items) = &schema.items else { return };
            for element in elements {
                if element.is_null()
                    && !items.nullable
                    && let Some(default) = &items.default
                {
                    *element = default.clone();
                }
                fill(element, items);
            }
        }
        _ => {}
    }
}
