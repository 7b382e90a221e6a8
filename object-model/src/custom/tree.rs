//! JSON trees from text and to text, as Kubernetes reads and writes objects without a Rust type.
//!
//! Invariants: a member that stands twice is reported, and its last value counts; whole numbers stay whole; what is
//! written is escaped as for objects of a Rust type.

use serde_json::{Map, Number, Value};

use crate::json::{self, DecodeError, StrictIssue, read_value};

/// A tree and the members that stand twice in it.
pub(super) fn read_tree(text: &[u8]) -> Result<(Value, Vec<StrictIssue>), DecodeError> {
    read_value(text)
}

/// Appends a tree as text.
pub(super) fn write_tree(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => json::write_string(out, text),
        Value::Array(elements) => {
            out.push(b'[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_tree(element, out);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            out.push(b'{');
            write_members(members, out);
            out.push(b'}');
        }
    }
}

/// Appends members without braces.
pub(super) fn write_members(members: &Map<String, Value>, out: &mut Vec<u8>) {
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json::write_string(out, name);
        out.push(b':');
        write_tree(value, out);
    }
}

fn write_number(number: &Number, out: &mut Vec<u8>) {
    match number.as_f64() {
        Some(value) if number.is_f64() => json::write_float(value, out),
        _ => out.extend_from_slice(number.to_string().as_bytes()),
    }
}
