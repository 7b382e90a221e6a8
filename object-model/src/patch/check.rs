//! Does an applied configuration fit the schema?
//!
//! In: the JSON tree of a configuration. Out: what does not fit, in the words that clients of Kubernetes see, values
//! included, which that server prints the way Go does. Elsewhere: the rules of kinds (`validation`).

use std::fmt::Write as _;

use serde_json::Value;

use super::fieldset::Element;
use super::node::{Node, Shape, Spec};
use crate::schema::{StructSchema, Type};

/// Everything that does not fit.
///
/// # Errors
/// One line, or several under a heading.
pub(super) fn check(config: &Value, table: &StructSchema) -> Result<(), String> {
    let mut checker = Checker { path: String::new(), errors: vec![] };
    checker.structure(config, table, true);
    match checker.errors.as_slice() {
        [] => Ok(()),
        [one] => Err(one.clone()),
        many => Err(format!("errors:\n  {}", many.join("\n  "))),
    }
}

struct Checker {
    path: String,
    errors: Vec<String>,
}

impl Checker {
    fn complain(&mut self, what: &str) {
        let separator = if self.path.is_empty() { "" } else { ": " };
        self.errors.push(format!("{}{separator}{what}", self.path));
    }

    fn within(&mut self, element: &Element, check: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        // Writing to a string cannot fail.
        let _ = write!(self.path, "{element}");
        check(self);
        self.path.truncate(length);
    }

    /// As [`within`](Self::within), without the machinery of formatting: most steps are fields.
    fn within_field(&mut self, name: &str, check: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push('.');
        self.path.push_str(name);
        check(self);
        self.path.truncate(length);
    }

    fn structure(&mut self, value: &Value, table: &StructSchema, top: bool) {
        let members = match value {
            Value::Null => return,
            Value::Object(members) => members,
            other => return self.complain(&format!("expected map, got {}", plain(other))),
        };
        // Claims stand in stateful sets as whole objects.
        let kind = top || table.name == "PersistentVolumeClaim";
        for (name, value) in members {
            let row = table.find(name).map(|(_, row)| row);
            self.within_field(name, |checker| match row {
                Some(row) => checker.value(value, Spec::of_field(row)),
                None if kind && (name == "apiVersion" || name == "kind") => checker.scalar(value, &Type::String),
                None if table.preserve_unknown => {}
                None => checker.complain("field not declared in schema"),
            });
        }
    }

    fn value(&mut self, value: &Value, spec: Spec<'_>) {
        match spec.ty {
            None | Some(Type::Any | Type::Object | Type::Fields) => {}
            Some(Type::Struct(table)) => self.structure(value, table, false),
            Some(Type::Map(element)) => match value {
                Value::Null => {}
                Value::Object(members) => {
                    for (name, value) in members {
                        self.within_field(name, |checker| checker.value(value, Spec::of(element)));
                    }
                }
                other => self.complain(&format!("expected map, got {}", plain(other))),
            },
            Some(Type::List(element)) => match value {
                Value::Null => {}
                Value::Array(list) => self.list(list, spec.shape(), element),
                other => self.complain(&format!("expected list, got {}", plain(other))),
            },
            Some(scalar) => self.scalar(value, scalar),
        }
    }

    fn list(&mut self, list: &[Value], shape: Shape<'_>, ty: &Type) {
        let associative = matches!(shape, Shape::Keyed { .. } | Shape::Set(_));
        let mut seen = std::collections::BTreeSet::new();
        for (index, value) in list.iter().enumerate() {
            let element = if associative {
                match Node::Json(value).identity(shape) {
                    Ok(element) => element,
                    // Without an identity there is no path to say what else is wrong.
                    Err(why) => return self.complain(&format!("element {index}: {why}")),
                }
            } else {
                Element::Index(i64::try_from(index).unwrap_or(i64::MAX))
            };
            if associative && seen.contains(&element) {
                self.complain(&format!("duplicate entries for key {element}"));
            }
            self.within(&element, |checker| checker.value(value, Spec::of(ty)));
            seen.insert(element);
        }
    }

    fn scalar(&mut self, value: &Value, ty: &Type) {
        let what = match (ty, value) {
            (_, Value::Null)
            | (Type::Bool, Value::Bool(_))
            | (Type::Int32 | Type::Int64 | Type::Float, Value::Number(_))
            | (Type::String | Type::Bytes | Type::Duration, Value::String(_)) => return,
            (Type::Bool, other) => format!("expected boolean, got {}", plain(other)),
            (Type::Int32 | Type::Int64 | Type::Float, other) => {
                format!("expected numeric (int or float), got {}", go_type(other))
            }
            (Type::String | Type::Bytes | Type::Duration, other) => {
                format!("expected string, got &value.valueUnstructured{{Value:{}}}", go_syntax(other))
            }
            (_, Value::Bool(_) | Value::Number(_) | Value::String(_)) => return,
            (_, other) => format!("expected any scalar, got {}", plain(other)),
        };
        self.complain(&what);
    }
}

/// As Go's `%v` prints a pointer to a struct that holds the value.
fn plain(value: &Value) -> String {
    format!("&{{{}}}", go_plain(value))
}

fn go_plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".into(),
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(go_plain).collect::<Vec<_>>().join(" ")),
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{name}:{}", go_plain(value))).collect();
            format!("map[{}]", members.join(" "))
        }
        other => other.to_string(),
    }
}

/// As Go's `%#v` prints it.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".into(),
        Value::Array(list) => {
            format!("[]interface {{}}{{{}}}", list.iter().map(go_syntax).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{name:?}:{}", go_syntax(value))).collect();
            format!("map[string]interface {{}}{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}

/// As Go's `%T` prints it.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::apps::v1::Deployment;
    use crate::api::core::v1::{ConfigMap, Pod};
    use crate::reflect::StaticSchema;

    fn wrong(config: Value, table: &StructSchema) -> String {
        check(&config, table).unwrap_err()
    }

    #[test]
    fn types_are_checked_in_known_words() {
        let table = ConfigMap::static_schema();
        assert_eq!(check(&json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": null}}), table), Ok(()));
        assert_eq!(wrong(json!({"data": "x"}), table), ".data: expected map, got &{x}");
        assert_eq!(
            wrong(json!({"data": {"k": 1}}), table),
            ".data.k: expected string, got &value.valueUnstructured{Value:1}"
        );
        assert_eq!(wrong(json!({"bogus": 1}), table), ".bogus: field not declared in schema");
        assert_eq!(wrong(json!({"immutable": "x"}), table), ".immutable: expected boolean, got &{x}");
        assert_eq!(
            wrong(json!({"a": 1, "b": 2}), table),
            "errors:\n  .a: field not declared in schema\n  .b: field not declared in schema"
        );
        let table = Deployment::static_schema();
        assert_eq!(
            wrong(json!({"spec": {"replicas": "x"}}), table),
            ".spec.replicas: expected numeric (int or float), got string"
        );
    }

    #[test]
    fn elements_need_their_keys_and_stand_once() {
        let table = Pod::static_schema();
        let containers = |list: Value| json!({"spec": {"containers": list}});
        // Names default to the empty text, and validation has the word.
        assert_eq!(check(&containers(json!([{"image": "x"}])), table), Ok(()));
        assert_eq!(
            wrong(containers(json!([{"name": "c"}, {"name": "c"}])), table),
            ".spec.containers: duplicate entries for key [name=\"c\"]"
        );
        assert_eq!(
            wrong(containers(json!([{"name": "c", "ports": [{"containerPort": 80}, {"containerPort": 80}]}])), table),
            ".spec.containers[name=\"c\"].ports: duplicate entries for key [containerPort=80,protocol=\"TCP\"]"
        );
        assert_eq!(
            wrong(containers(json!([{"name": "c", "bogus": 1}])), table),
            ".spec.containers[name=\"c\"].bogus: field not declared in schema"
        );
        assert_eq!(
            wrong(containers(json!([null])), table),
            ".spec.containers: element 0: associative list with keys may not have a null element"
        );
    }
}
