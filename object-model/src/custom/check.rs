//! Does a value follow its schema?
//!
//! Out: field errors in the words that clients of Kubernetes see. Invariant: combinations (`allOf`, `anyOf`, `oneOf`,
//! `not`) are judged on the same value at the same path; what they find is told along with them.
//! Elsewhere: rules in CEL (`rules`).

use serde_json::Value;

use super::formats;
use super::structural::{Checks, JsonType, Structural};
use super::tree::write_tree;
use crate::schema::ListType;
use crate::validation::{FieldError, FieldErrorKind, FieldErrors, Path};

/// Checks a whole object. What is as it was in `old` is not found fault with again.
pub(super) fn check(object: &Value, old: Option<&Value>, schema: &Structural) -> FieldErrors {
    let mut errors = FieldErrors::default();
    value(object, old, schema, &Path::default(), &mut errors);
    errors
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if is_whole(number) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_whole(number: &serde_json::Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|value| value.fract() == 0.0)
}

fn is_of(value: &Value, ty: JsonType) -> bool {
    match ty {
        JsonType::Number => value.is_number(),
        other => type_of(value) == other.name(),
    }
}

fn value(value: &Value, old: Option<&Value>, schema: &Structural, path: &Path, errors: &mut FieldErrors) {
    if value.is_null() && schema.nullable || old.is_some_and(|old| equal(old, value)) {
        return;
    }
    if schema.int_or_string {
        if !matches!(type_of(value), "integer" | "string") {
            return wrong_type(value, "integer,string", path, errors);
        }
    } else if let Some(ty) = schema.ty
        && !is_of(value, ty)
    {
        if ty == JsonType::Integer && value.is_number() {
            unplaced(errors, format!("Checked value must be of type integer (default format) in {path}"));
        }
        return wrong_type(value, ty.name(), path, errors);
    }
    combinations(value, &schema.checks, path, errors);
    scalar(value, schema, path, errors);
    match value {
        Value::Object(members) => {
            object(members, old, schema, path, errors);
            if schema.embedded {
                embedded(members, path, errors);
            }
        }
        Value::Array(elements) => array(elements, old, schema, path, errors),
        _ => {}
    }
}

fn wrong_type(value: &Value, expected: &str, path: &Path, errors: &mut FieldErrors) {
    let found = type_of(value);
    errors.push(FieldError {
        kind: FieldErrorKind::TypeInvalid,
        path: path.clone(),
        value: format!("{found:?}"),
        detail: format!("{path} in body must be of type {expected}: {found:?}"),
    });
}

/// An error that Kubernetes reports without a place.
fn unplaced(errors: &mut FieldErrors, detail: String) {
    errors.push(FieldError { kind: FieldErrorKind::Invalid, path: Path::new("<nil>"), value: "\"\"".into(), detail });
}

/// A value as it is shown.
pub(super) fn shown(value: &Value) -> String {
    let mut out = vec![];
    write_tree(value, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn invalid(value: &Value, detail: String, path: &Path, errors: &mut FieldErrors) {
    let detail = format!("{path} in body {detail}");
    errors.push(FieldError { kind: FieldErrorKind::Invalid, path: path.clone(), value: shown(value), detail });
}

fn combinations(of: &Value, checks: &Checks, path: &Path, errors: &mut FieldErrors) {
    let judge = |schema: &Structural| {
        let mut found = FieldErrors::default();
        value(of, None, schema, path, &mut found);
        found
    };
    if !checks.all_of.is_empty() {
        let found: Vec<FieldErrors> = checks.all_of.iter().map(judge).collect();
        let valid = found.iter().filter(|errors| errors.is_empty()).count();
        if valid < found.len() {
            let none = if valid == 0 { ". None validated" } else { "" };
            unplaced(errors, format!("{:?} must validate all the schemas (allOf){none}", path.as_str()));
        }
        for found in found {
            errors.extend(found);
        }
    }
    if !checks.any_of.is_empty() {
        let found: Vec<FieldErrors> = checks.any_of.iter().map(judge).collect();
        if found.iter().all(|errors| !errors.is_empty()) {
            unplaced(errors, format!("{:?} must validate at least one schema (anyOf)", path.as_str()));
            errors.extend(nearest(found));
        }
    }
    if !checks.one_of.is_empty() {
        let found: Vec<FieldErrors> = checks.one_of.iter().map(judge).collect();
        let valid = found.iter().filter(|errors| errors.is_empty()).count();
        if valid != 1 {
            let how = if valid == 0 { "none valid".to_owned() } else { format!("{valid} valid alternatives") };
            let what = format!("{:?} must validate one and only one schema (oneOf). Found {how}", path.as_str());
            unplaced(errors, what);
            if valid == 0 {
                errors.extend(nearest(found));
            }
        }
    }
    if let Some(not) = &checks.not
        && judge(not).is_empty()
    {
        unplaced(errors, format!("{:?} must not validate the schema (not)", path.as_str()));
    }
}

/// What the alternative finds that comes nearest: the one with the fewest errors, the first of several.
fn nearest(found: Vec<FieldErrors>) -> FieldErrors {
    found.into_iter().min_by_key(FieldErrors::len).unwrap_or_default()
}

fn scalar(of: &Value, schema: &Structural, path: &Path, errors: &mut FieldErrors) {
    let checks = &schema.checks;
    if let Some(text) = of.as_str() {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        if let Some(max) = checks.max_length.filter(|max| length > *max) {
            errors.too_long(path, usize::try_from(max).unwrap_or_default());
        }
        if let Some(min) = checks.min_length.filter(|min| length < *min) {
            invalid(of, format!("should be at least {min} chars long"), path, errors);
        }
        if let Some(pattern) = checks.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
            invalid(of, format!("should match '{}'", pattern.text), path, errors);
        }
        if !formats::matches(&checks.format, text) {
            errors.push(FieldError {
                kind: FieldErrorKind::TypeInvalid,
                path: path.clone(),
                value: shown(of),
                detail: format!("{path} in body must be of type {}: {}", checks.format, shown(of)),
            });
        }
    }
    if let Value::Number(number) = of {
        self::number(of, number, schema, path, errors);
    }
    if !checks.one_of_values.is_empty() && !checks.one_of_values.iter().any(|allowed| equal(allowed, of)) {
        let plain = |value: &Value| value.as_str().map_or_else(|| shown(value), str::to_owned);
        let allowed: Vec<String> = checks.one_of_values.iter().map(|value| format!("{:?}", plain(value))).collect();
        errors.push(FieldError {
            kind: FieldErrorKind::NotSupported,
            path: path.clone(),
            value: shown(of),
            detail: format!("supported values: {}", allowed.join(", ")),
        });
    }
}

/// Equal as JSON values: `1` and `1.0` are.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

fn number(of: &Value, number: &serde_json::Number, schema: &Structural, path: &Path, errors: &mut FieldErrors) {
    let checks = &schema.checks;
    let value = number.as_f64().unwrap_or_default();
    if checks.format == "int32" && schema.ty == Some(JsonType::Integer) && !formats::fits_int32(number) {
        unplaced(errors, format!("Checked value must be of type integer with format int32 in {path}"));
    }
    if let Some(max) = checks.maximum {
        let beyond = if checks.exclusive_maximum { value >= max } else { value > max };
        if beyond {
            let or = if checks.exclusive_maximum { "" } else { " or equal to" };
            invalid(of, format!("should be less than{or} {max}"), path, errors);
        }
    }
    if let Some(min) = checks.minimum {
        let beyond = if checks.exclusive_minimum { value <= min } else { value < min };
        if beyond {
            let or = if checks.exclusive_minimum { "" } else { " or equal to" };
            invalid(of, format!("should be greater than{or} {min}"), path, errors);
        }
    }
    if let Some(unit) = checks.multiple_of {
        let times = value / unit;
        if !times.is_finite() || (times - times.round()).abs() > 1e-9 {
            invalid(of, format!("should be a multiple of {unit}"), path, errors);
        }
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn object(
    members: &serde_json::Map<String, Value>,
    old: Option<&Value>,
    schema: &Structural,
    path: &Path,
    errors: &mut FieldErrors,
) {
    let checks = &schema.checks;
    for name in checks.required.iter().filter(|name| !members.contains_key(*name)) {
        errors.required(&path.child(name), "");
    }
    if let Some(max) = checks.max_properties.filter(|max| count(members.len()) > *max) {
        errors.too_many(path, members.len(), usize::try_from(max).unwrap_or_default());
    }
    if let Some(min) = checks.min_properties.filter(|min| count(members.len()) < *min) {
        invalid(&members.len().into(), format!("should have at least {min} properties"), path, errors);
    }
    for (name, member) in members {
        if let Some(below) = schema.member(name) {
            value(member, old.and_then(|old| old.get(name)), below, &path.child(name), errors);
        }
    }
}

fn array(elements: &[Value], old: Option<&Value>, schema: &Structural, path: &Path, errors: &mut FieldErrors) {
    let checks = &schema.checks;
    if let Some(max) = checks.max_items.filter(|max| count(elements.len()) > *max) {
        errors.too_many(path, elements.len(), usize::try_from(max).unwrap_or_default());
    }
    if let Some(min) = checks.min_items.filter(|min| count(elements.len()) < *min) {
        invalid(&elements.len().into(), format!("should have at least {min} items"), path, errors);
    }
    match schema.list {
        Some(ListType::Set) => duplicates(elements.iter().map(Value::clone), path, errors),
        Some(ListType::Map) => {
            let keys = elements.iter().map(|element| {
                let given = |key: &String| {
                    let default = || schema.items.as_ref()?.properties.get(key)?.default.as_ref();
                    let value = element.get(key).or_else(default)?;
                    Some((key.clone(), value.clone()))
                };
                Value::Object(schema.keys.iter().filter_map(given).collect())
            });
            duplicates(keys, path, errors);
        }
        _ => {}
    }
    if let Some(items) = &schema.items {
        for (index, element) in elements.iter().enumerate() {
            let old = old.and_then(|old| schema.counterpart(element, old));
            value(element, old, items, &path.index(index), errors);
        }
    }
}

/// Each value that has stood before is told once.
fn duplicates(values: impl Iterator<Item = Value>, path: &Path, errors: &mut FieldErrors) {
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for (index, value) in values.enumerate() {
        let text = shown(&value);
        let times = seen.entry(text.clone()).or_default();
        *times += 1;
        if *times == 2 {
            errors.push(FieldError {
                kind: FieldErrorKind::Duplicate,
                path: path.index(index),
                value: text,
                detail: String::new(),
            });
        }
    }
}

/// What every object has that is kept in another one.
fn embedded(members: &serde_json::Map<String, Value>, path: &Path, errors: &mut FieldErrors) {
    for name in ["apiVersion", "kind"] {
        let at = path.child(name);
        match members.get(name).and_then(Value::as_str) {
            None | Some("") => errors.required(&at, if members.contains_key(name) { "must not be empty" } else { "" }),
            Some(_) => {}
        }
    }
}

/// Checks the default of a schema, which has no member that the schema does not know and follows it.
pub(crate) fn check_default(schema: &Structural, default: &Value, path: &Path, errors: &mut FieldErrors) {
    let mut pruned = default.clone();
    super::prune::prune_value(&mut pruned, schema);
    if pruned != *default {
        errors.push(FieldError {
            kind: FieldErrorKind::Invalid,
            path: path.clone(),
            value: shown(default),
            detail: "must not have unknown fields".into(),
        });
    }
    super::defaults::fill(&mut pruned, schema);
    value(&pruned, None, schema, path, errors);
}
