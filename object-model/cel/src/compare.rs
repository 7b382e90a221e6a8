//! Equality and order of values.

use std::cmp::Ordering;

use crate::names::escape;
use crate::ty::{ListKind, ObjectType, Type};
use crate::value::{List, Map, Object, Value};

/// Are the two equal? Numbers compare by value whatever their type; other types never equal each other.
pub(crate) fn equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::List(a), Value::List(b)) => equal_lists(a, b),
        (Value::Map(a), Value::Map(b)) => a.len() == b.len() && a.keys().iter().all(|key| same_entry(a, b, key)),
        (Value::Object(a), Value::Object(b)) => equal_objects(a, b),
        (Value::Optional(a), Value::Optional(b)) => match (a, b) {
            (Some(a), Some(b)) => equal(a, b),
            (a, b) => a.is_none() && b.is_none(),
        },
        (Value::Type(a), Value::Type(b)) => {
            crate::library::convert::type_name(a) == crate::library::convert::type_name(b)
        }
        (Value::Opaque(a), Value::Opaque(b)) => a == b,
        _ => order(left, right).flatten() == Some(Ordering::Equal),
    }
}

fn same_entry(a: &Map<'_>, b: &Map<'_>, key: &Value<'_>) -> bool {
    a.get(key).zip(b.get(key)).is_some_and(|(a, b)| equal(&a, &b))
}

fn equal_lists(a: &List<'_>, b: &List<'_>) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.kind() {
        ListKind::Atomic => a.iter().zip(b.iter()).all(|(a, b)| equal(&a, &b)),
        ListKind::Set => a.iter().all(|a| contains(b, &a)),
        ListKind::Map(keys) => a.iter().all(|a| b.iter().any(|b| same_keys(&a, &b, &keys) && equal(&a, &b))),
    }
}

/// Do two elements of a list of kind `map` stand for the same thing?
pub(crate) fn same_keys(a: &Value<'_>, b: &Value<'_>, keys: &[String]) -> bool {
    keys.iter().all(|key| match (member(a, key), member(b, key)) {
        (Some(a), Some(b)) => equal(&a, &b),
        (a, b) => a.is_none() && b.is_none(),
    })
}

/// The property `key` of an element, whatever CEL calls it.
fn member<'a>(value: &Value<'a>, key: &str) -> Option<Value<'a>> {
    match value {
        Value::Map(map) => map.get_str(key),
        Value::Object(Object::Json(fields, ty)) => fields.get(key).map(|json| Value::json(json, property(ty, key))),
        Value::Object(Object::Built(built)) => built.fields.get(key).cloned(),
        _ => None,
    }
}

fn property<'t>(ty: &'t ObjectType, name: &str) -> &'t Type {
    escape(name).and_then(|escaped| ty.fields.get(&escaped)).unwrap_or(&Type::Dyn)
}

fn equal_objects(a: &Object<'_>, b: &Object<'_>) -> bool {
    match (a, b) {
        (Object::Json(a, ta), Object::Json(b, _)) => {
            a.len() == b.len()
                && a.iter().all(|(name, left)| {
                    let ty = property(ta, name);
                    b.get(name).is_some_and(|right| equal(&Value::json(left, ty), &Value::json(right, ty)))
                })
        }
        (Object::Built(a), Object::Built(b)) => {
            a.name == b.name
                && a.fields.len() == b.fields.len()
                && a.fields.iter().all(|(name, a)| b.fields.get(name).is_some_and(|b| equal(a, b)))
        }
        _ => false,
    }
}

/// Is `value` an element?
pub(crate) fn contains(list: &List<'_>, value: &Value<'_>) -> bool {
    list.iter().any(|element| equal(&element, value))
}

/// The order of two values: outer `None` if their types have none, inner `None` if one is not a number.
#[allow(clippy::cast_precision_loss, clippy::option_option)]
pub(crate) fn order(left: &Value<'_>, right: &Value<'_>) -> Option<Option<Ordering>> {
    let number = |value: &Value<'_>| match value {
        Value::Int(value) => Some(i128::from(*value)),
        Value::Uint(value) => Some(i128::from(*value)),
        _ => None,
    };
    if let (Some(a), Some(b)) = (number(left), number(right)) {
        return Some(Some(a.cmp(&b)));
    }
    Some(match (left, right) {
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Double(a), b) => a.partial_cmp(&(number(b)? as f64)),
        (a, Value::Double(b)) => (number(a)? as f64).partial_cmp(b),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some((**a).cmp(&**b)),
        (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        _ => return None,
    })
}
