//! Values that may be missing. `or` and `orValue` are evaluated by `eval`: their argument may not be needed.

use std::sync::Arc;

use super::standard::find;
use super::{Cost, Function, Outcome, failed, function, no_overload};
use crate::errors::EvalError;
use crate::value::Value;

const INDEX: &[&str] = &[
    "(list(A), int) -> optional(A)",
    "(map(A, B), A) -> optional(B)",
    "(optional(list(A)), int) -> optional(A)",
    "(optional(map(A, B)), A) -> optional(B)",
];

pub(super) const FUNCTIONS: &[Function] = &[
    function("optional.none", &["() -> optional(A)"], Cost::One, |_, _| Ok(Value::Optional(None))),
    function("optional.of", &["(A) -> optional(A)"], Cost::One, |_, args| Ok(some(args[0].clone()))),
    function("optional.ofNonZeroValue", &["(A) -> optional(A)"], Cost::One, |_, args| {
        Ok(if is_zero(&args[0]) { Value::Optional(None) } else { some(args[0].clone()) })
    }),
    function("hasValue", &["optional(A).() -> bool"], Cost::One, |_, args| match &args[0] {
        Value::Optional(inner) => Ok(Value::Bool(inner.is_some())),
        _ => no_overload(),
    }),
    function("value", &["optional(A).() -> A"], Cost::One, |_, args| match &args[0] {
        Value::Optional(Some(inner)) => Ok((**inner).clone()),
        Value::Optional(None) => failed("optional.none() dereference"),
        _ => no_overload(),
    }),
    function("or", &["optional(A).(optional(A)) -> optional(A)"], Cost::One, |_, _| no_overload()),
    function("orValue", &["optional(A).(A) -> A"], Cost::One, |_, _| no_overload()),
    function("_[?_]", INDEX, Cost::One, |_, args| index(&args[0], &args[1])),
    function(
        "_[_]",
        &["(optional(list(A)), int) -> optional(A)", "(optional(map(A, B)), A) -> optional(B)"],
        Cost::One,
        |_, args| match &args[0] {
            Value::Optional(_) => index(&args[0], &args[1]),
            _ => no_overload(),
        },
    ),
    function("optional.unwrap", &["(list(optional(A))) -> list(A)"], Cost::Elements(0), |_, args| unwrap(&args[0])),
    function("unwrapOpt", &["list(optional(A)).() -> list(A)"], Cost::Elements(0), |_, args| unwrap(&args[0])),
];

fn some(value: Value<'_>) -> Value<'_> {
    Value::Optional(Some(Arc::new(value)))
}

fn index<'a>(target: &Value<'a>, key: &Value<'a>) -> Outcome<'a> {
    match target {
        Value::Optional(None) => Ok(Value::Optional(None)),
        Value::Optional(Some(inner)) => index(inner, key),
        _ => Ok(Value::Optional(find(target, key)?.map(Arc::new))),
    }
}

fn unwrap<'a>(list: &Value<'a>) -> Outcome<'a> {
    let Value::List(list) = list else { return no_overload() };
    let mut values = Vec::with_capacity(list.len());
    for value in list.iter() {
        match value {
            Value::Optional(inner) => values.extend(inner.map(|inner| (*inner).clone())),
            _ => return Err(EvalError::no_such_overload()),
        }
    }
    Ok(Value::from(values))
}

fn is_zero(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Int(value) => *value == 0,
        Value::Uint(value) => *value == 0,
        Value::Double(value) => *value == 0.0,
        Value::String(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::Duration(nanos) => *nanos == 0,
        Value::List(list) => list.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::Optional(inner) => inner.is_none(),
        _ => false,
    }
}
