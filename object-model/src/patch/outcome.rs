//! What a patch led to: the text of the outcome, types that do not fit, fields that stand twice.
//!
//! In: patches and patched trees. Out: the words in which clients are told. Elsewhere: decoding (`json`).

use serde_json::Value;

use super::gotext::kind_name;
use super::{PatchError, PatchKind};
use crate::json::{DecodeError, Reader, StrictIssue, Token, bytes_of, describe};
use crate::reflect::Scalar;
use crate::schema::{StructSchema, Type};
use crate::{GoDuration, IntOrString, MicroTime, Quantity, Time};

/// The patched object as text: what the patch touched has its members sorted, the rest keeps the order of its type.
pub fn text_of(patched: &Value, before: &Value, schema: &StructSchema) -> String {
    let mut out = String::new();
    let Value::Object(members) = patched else { return escaped(&patched.to_string()) };
    object(&mut out, members.iter().map(|(key, value)| (key.as_str(), value)), |out, key, value| {
        let ty = schema.find(key).map(|(_, row)| &row.ty);
        write(out, value, before.get(key), ty);
    });
    escaped(&out)
}

/// As Go writes text that might end up in a page.
fn escaped(text: &str) -> String {
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

fn object<'a>(
    out: &mut String,
    members: impl Iterator<Item = (&'a str, &'a Value)>,
    mut write: impl FnMut(&mut String, &str, &Value),
) {
    out.push('{');
    for (index, (key, value)) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&Value::from(key).to_string());
        out.push(':');
        write(out, key, value);
    }
    out.push('}');
}

fn write(out: &mut String, value: &Value, before: Option<&Value>, ty: Option<&Type>) {
    let touched = before != Some(value);
    match (value, ty) {
        (Value::Object(members), Some(Type::Struct(table))) => {
            let mut sorted: Vec<_> = members.iter().map(|(key, value)| (key.as_str(), value)).collect();
            if !touched {
                sorted.sort_by_key(|(key, _)| place_in(table, key));
            }
            object(out, sorted.into_iter(), |out, key, value| {
                let ty = table.find(key).map(|(_, row)| &row.ty);
                write(out, value, before.and_then(|before| before.get(key)), ty);
            });
        }
        (Value::Array(list), Some(Type::List(element))) => {
            out.push('[');
            for (index, value) in list.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, value, before.and_then(|before| before.get(index)), Some(element));
            }
            out.push(']');
        }
        (value, _) => out.push_str(&value.to_string()),
    }
}

/// Fields that Kubernetes writes right behind another one, though their numbers are higher: kind of struct, field, other.
const MOVED_UP: [(&str, &str, &str); 12] = [
    ("Container", "envFrom", "ports"),
    ("Container", "resizePolicy", "resources"),
    ("Container", "restartPolicy", "resources"),
    ("Container", "restartPolicyRules", "resources"),
    ("Container", "volumeDevices", "volumeMounts"),
    ("Container", "startupProbe", "readinessProbe"),
    ("Container", "terminationMessagePolicy", "terminationMessagePath"),
    ("PodSpec", "initContainers", "volumes"),
    ("PodSpec", "ephemeralContainers", "containers"),
    ("PodSpec", "automountServiceAccountToken", "serviceAccount"),
    ("ServiceSpec", "clusterIPs", "clusterIP"),
    ("ServiceSpec", "ipFamilies", "sessionAffinityConfig"),
];

/// Where a field stands in the text of its struct.
fn place_in(table: &StructSchema, key: &str) -> (usize, usize) {
    let index = |key: &str| table.find(key).map_or(usize::MAX, |(index, _)| index);
    match MOVED_UP.iter().find(|(of, field, _)| table.name == *of && *field == key) {
        Some((_, _, other)) => (index(other), index(key)),
        None => (index(key), 0),
    }
}

/// Why a tree does not fit its kind, as the converter from trees without types words it.
pub fn mistyped(tree: &Value, schema: &StructSchema) -> Option<String> {
    ["apiVersion", "kind"]
        .into_iter()
        .filter_map(|name| tree.get(name))
        .find_map(|value| misfit(value, &Type::String))
        .or_else(|| misfit_fields(tree, schema))
}

fn misfit_fields(tree: &Value, schema: &StructSchema) -> Option<String> {
    match tree {
        Value::Null => None,
        Value::Object(members) => {
            schema.fields.iter().find_map(|row| members.get(row.name.as_ref()).and_then(|value| misfit(value, &row.ty)))
        }
        other => Some(format!("cannot restore struct from: {}", kind_name(other))),
    }
}

fn misfit(value: &Value, ty: &Type) -> Option<String> {
    let plain = |name: &str| Some(format!("unrecognized type: {name}"));
    match (ty, value) {
        (_, Value::Null) | (Type::Bool, Value::Bool(_)) | (Type::String, Value::String(_)) => None,
        (Type::Int32 | Type::Int64 | Type::Float, Value::Number(number)) if !number.is_f64() => None,
        (Type::Float, Value::Number(_)) => None,
        (Type::Int32 | Type::Int64, Value::Number(number)) if number.as_f64().is_some_and(|f| f.fract() == 0.0) => None,
        (Type::Int32, Value::Number(_)) => Some("cannot convert float64 to int32".into()),
        (Type::Int64, Value::Number(_)) => Some("cannot convert float64 to int64".into()),
        // Go would make a letter of a whole number, so its converter refuses by name.
        (Type::String, Value::Number(number)) if !number.is_f64() => Some("cannot convert int64 to string".into()),
        (Type::Bool, _) => plain("bool"),
        (Type::Int32, _) => plain("int32"),
        (Type::Int64, _) => plain("int64"),
        (Type::Float, _) => plain("float64"),
        (Type::String, _) => plain("string"),
        (Type::Struct(table), value) => misfit_fields(value, table),
        (Type::List(element), Value::Array(list)) => list.iter().find_map(|value| misfit(value, element)),
        (Type::Map(element), Value::Object(members)) => members.values().find_map(|value| misfit(value, element)),
        (Type::Bytes, Value::String(text)) => {
            bytes_of(text).err().map(|why| format!("error decoding from json: {why}"))
        }
        (Type::List(_) | Type::Bytes, other) => Some(format!("cannot restore slice from {}", kind_name(other))),
        (Type::Map(_), other) => Some(format!("cannot restore map from {}", kind_name(other))),
        (ty, value) => misfit_leaf(value, ty),
    }
}

/// Leaf types read their own text, and have their own words.
fn misfit_leaf(value: &Value, ty: &Type) -> Option<String> {
    let text = value.to_string();
    let expected = |go_type: &str| {
        let found = describe(text.as_bytes());
        Some(format!("json: cannot unmarshal {found} into Go value of type {go_type}"))
    };
    let read = |mut leaf: Box<dyn Scalar>| leaf.read_json(text.as_bytes()).err();
    match (ty, value) {
        (Type::Quantity, _) => read(Box::<Quantity>::default()),
        (Type::IntOrString, Value::String(_) | Value::Number(_)) => read(Box::<IntOrString>::default()),
        (Type::IntOrString, _) => expected("int32"),
        (Type::Time, Value::String(_)) => read(Box::new(Time::from_unix(0))),
        (Type::MicroTime, Value::String(_)) => read(Box::new(MicroTime::from_unix_micros(0))),
        (Type::Duration, Value::String(_)) => read(Box::<GoDuration>::default()),
        (Type::Time | Type::MicroTime | Type::Duration, _) => expected("string"),
        _ => None,
    }
}

/// Fields that a patch names twice, or that no JSON patch has, as warnings and errors tell them.
///
/// # Errors
/// The patch is no JSON.
pub fn issues(kind: PatchKind, text: &[u8]) -> Result<Vec<String>, PatchError> {
    let mut found = vec![];
    let mut reader = Reader::new(text);
    scan(&mut reader, "", kind == PatchKind::Json, &mut found)
        .map_err(|error| PatchError::Malformed { why: format!("error decoding patch: {error}") })?;
    let prefix = if kind == PatchKind::Json { "json patch " } else { "" };
    Ok(found.iter().map(|issue| format!("{prefix}{issue}")).collect())
}

fn scan(
    reader: &mut Reader<'_>,
    path: &str,
    operations: bool,
    found: &mut Vec<StrictIssue>,
) -> Result<(), DecodeError> {
    match reader.peek()? {
        Token::Object => {
            let mut seen = std::collections::BTreeSet::new();
            reader.object(|reader, key| {
                let here = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                let known = !operations || matches!(key.as_ref(), "op" | "path" | "from" | "value");
                if !seen.insert(key.to_string()) {
                    found.push(StrictIssue::Duplicate { path: here.clone() });
                } else if !known {
                    found.push(StrictIssue::Unknown { path: here.clone() });
                }
                scan(reader, &here, false, found)
            })
        }
        Token::Array => {
            let mut index = 0;
            reader.array(|reader| {
                let here = format!("{path}[{index}]");
                index += 1;
                scan(reader, &here, operations, found)
            })
        }
        _ => reader.skip().map(drop),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::apps::v1::Deployment;
    use crate::reflect::StaticSchema;

    #[test]
    fn types_that_do_not_fit_are_named() {
        for (tree, expected) in [
            (json!({"spec": "x"}), "cannot restore struct from: string"),
            (json!({"spec": {"replicas": "3"}}), "unrecognized type: int32"),
            (json!({"spec": {"replicas": 1.5}}), "cannot convert float64 to int32"),
            (json!({"spec": {"template": {"spec": {"containers": {"name": "c"}}}}}), "cannot restore slice from map"),
            (json!({"metadata": {"labels": {"a": 1}}}), "cannot convert int64 to string"),
            (json!({"metadata": {"labels": []}}), "cannot restore map from slice"),
        ] {
            assert_eq!(mistyped(&tree, Deployment::static_schema()).as_deref(), Some(expected), "{tree}");
        }
        assert_eq!(mistyped(&json!({"spec": {"replicas": null}}), Deployment::static_schema()), None);
    }

    #[test]
    fn only_what_was_touched_is_sorted() {
        let before = json!({"kind": "Deployment", "metadata": {"name": "a", "labels": {"l": "1"}}, "spec": {}});
        let mut after = before.clone();
        after["spec"] = json!({"paused": "x<y"});
        let text = text_of(&after, &before, Deployment::static_schema());
        assert_eq!(
            text,
            r#"{"kind":"Deployment","metadata":{"name":"a","labels":{"l":"1"}},"spec":{"paused":"x\u003cy"}}"#
        );
        after["metadata"]["labels"] = json!({});
        assert!(text_of(&after, &before, Deployment::static_schema()).contains(r#"{"labels":{},"name":"a"}"#));
    }

    #[test]
    fn doubled_and_unknown_members_are_found() {
        let doubled = issues(PatchKind::Merge, br#"{"spec":{"paused":true,"paused":false}}"#).unwrap();
        assert_eq!(doubled, [r#"duplicate field "spec.paused""#]);
        let unknown = issues(PatchKind::Json, br#"[{"op":"test","path":"/a","foo":{"op":1}}]"#).unwrap();
        assert_eq!(unknown, [r#"json patch unknown field "[0].foo""#]);
    }
}
