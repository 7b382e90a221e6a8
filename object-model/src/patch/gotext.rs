//! JSON values as Go prints them, in messages that clients of Kubernetes know.
//!
//! In: patches and patched trees. Out: text for error messages, never for storage.

use std::fmt::Write as _;

use serde_json::Value;

/// The name of the Go type that holds a JSON value without a schema.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "%!s(<nil>)",
        Value::Object(_) => "map[string]interface {}",
        Value::Array(_) => "[]interface {}",
        other => kind_name(other),
    }
}

/// The name of the Go kind of a JSON value without a schema.
pub(super) fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

/// A value as `%v` shows it: `map[a:1 b:[x y]]`.
pub fn display(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

/// Lists in a list, as `%v` shows them.
pub(super) fn display_lists(lists: &[&[Value]]) -> String {
    let mut out = String::from("[");
    for (index, list) in lists.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        write_list(&mut out, list);
    }
    out.push(']');
    out
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::String(text) => out.push_str(text),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) if float != 0.0 && !(1e-4..1e21).contains(&float.abs()) => {
                let text = format!("{float:e}");
                let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
                let _ = write!(out, "{digits}e{sign}{exponent:0>2}");
            }
            Some(float) => {
                let _ = write!(out, "{float}");
            }
            None => {
                let _ = write!(out, "{number}");
            }
        },
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Array(list) => write_list(out, list),
        Value::Object(members) => {
            out.push_str("map[");
            for (index, (key, value)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                out.push_str(key);
                out.push(':');
                write(out, value);
            }
            out.push(']');
        }
    }
}

fn write_list(out: &mut String, list: &[Value]) {
    out.push('[');
    for (index, value) in list.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        write(out, value);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_look_as_go_prints_them() {
        let value = json!({"b": [1, "x", null], "a": {"c": true, "d": 1.5}, "e": 1e30});
        assert_eq!(display(&value), "map[a:map[c:true d:1.5] b:[1 x <nil>] e:1e+30]");
    }
}
