//! Operators, and the functions of the language itself. Elsewhere: conversions between types (`convert`).

use std::cmp::Ordering;
use std::sync::Arc;

use super::convert::display;
use super::{Cost, Function, Outcome, failed, function, int, no_overload};
use crate::budget::Budget;
use crate::compare::{contains, equal, order};
use crate::errors::EvalError;
use crate::join::{insert_entries, join_lists};
use crate::value::{Map, Value};

const COMPARED: &[&str] = &[
    "(bool, bool) -> bool",
    "(int, int) -> bool",
    "(int, uint) -> bool",
    "(int, double) -> bool",
    "(uint, uint) -> bool",
    "(uint, int) -> bool",
    "(uint, double) -> bool",
    "(double, double) -> bool",
    "(double, int) -> bool",
    "(double, uint) -> bool",
    "(string, string) -> bool",
    "(bytes, bytes) -> bool",
    "(timestamp, timestamp) -> bool",
    "(duration, duration) -> bool",
];
const NUMBERS: &[&str] = &["(int, int) -> int", "(uint, uint) -> uint", "(double, double) -> double"];
const SIZED: &[&str] = &[
    "(string) -> int",
    "(bytes) -> int",
    "(list(A)) -> int",
    "(map(A, B)) -> int",
    "string.() -> int",
    "bytes.() -> int",
    "list(A).() -> int",
    "map(A, B).() -> int",
];

pub(super) const OPERATORS: &[Function] = &[
    function("_==_", &["(A, A) -> bool"], Cost::Compare, |_, args| Ok(Value::Bool(equal(&args[0], &args[1])))),
    function("_!=_", &["(A, A) -> bool"], Cost::Compare, |_, args| Ok(Value::Bool(!equal(&args[0], &args[1])))),
    function("_<_", COMPARED, Cost::Compare, |_, args| compared(args, Ordering::is_lt)),
    function("_<=_", COMPARED, Cost::Compare, |_, args| compared(args, Ordering::is_le)),
    function("_>_", COMPARED, Cost::Compare, |_, args| compared(args, Ordering::is_gt)),
    function("_>=_", COMPARED, Cost::Compare, |_, args| compared(args, Ordering::is_ge)),
    function("@in", &["(A, list(A)) -> bool", "(A, map(A, B)) -> bool"], Cost::Elements(1), |_, args| match &args[1] {
        Value::List(list) => Ok(Value::Bool(contains(list, &args[0]))),
        Value::Map(map) => Ok(Value::Bool(map.get(&args[0]).is_some())),
        _ => no_overload(),
    }),
    function("@not_strictly_false", &["(bool) -> bool"], Cost::One, |_, args| Ok(args[0].clone())),
    function("@map_insert", &["(map(A, B), map(A, B)) -> map(A, B)"], Cost::One, |_, args| match args {
        [Value::Map(Map::Values(all)), Value::Map(more)] => {
            let mut all = (**all).clone();
            insert_entries(&mut all, more)?;
            Ok(Value::Map(Map::Values(Arc::new(all))))
        }
        _ => no_overload(),
    }),
    function("_[_]", &["(list(A), int) -> A", "(map(A, B), A) -> B"], Cost::One, |_, args| index(&args[0], &args[1])),
    function("!_", &["(bool) -> bool"], Cost::One, |_, args| match args[0] {
        Value::Bool(value) => Ok(Value::Bool(!value)),
        _ => no_overload(),
    }),
    function("-_", &["(int) -> int", "(double) -> double"], Cost::One, |_, args| match args[0] {
        Value::Int(value) => value.checked_neg().map(Value::Int).ok_or_else(overflow),
        Value::Double(value) => Ok(Value::Double(-value)),
        _ => no_overload(),
    }),
    function(
        "_+_",
        &[
            "(int, int) -> int",
            "(uint, uint) -> uint",
            "(double, double) -> double",
            "(string, string) -> string",
            "(bytes, bytes) -> bytes",
            "(list(A), list(A)) -> list(A)",
            "(timestamp, duration) -> timestamp",
            "(duration, timestamp) -> timestamp",
            "(duration, duration) -> duration",
        ],
        Cost::Concat,
        |_, args| add(&args[0], &args[1]),
    ),
    function(
        "_-_",
        &[
            "(int, int) -> int",
            "(uint, uint) -> uint",
            "(double, double) -> double",
            "(timestamp, timestamp) -> duration",
            "(timestamp, duration) -> timestamp",
            "(duration, duration) -> duration",
        ],
        Cost::One,
        |_, args| subtract(&args[0], &args[1]),
    ),
    function("_*_", NUMBERS, Cost::One, |_, args| match (&args[0], &args[1]) {
        (Value::Int(a), Value::Int(b)) => a.checked_mul(*b).map(Value::Int).ok_or_else(overflow),
        (Value::Uint(a), Value::Uint(b)) => a.checked_mul(*b).map(Value::Uint).ok_or_else(unsigned_overflow),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a * b)),
        _ => no_overload(),
    }),
    function("_/_", NUMBERS, Cost::One, |_, args| match (&args[0], &args[1]) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => failed("division by zero"),
        (Value::Int(a), Value::Int(b)) => a.checked_div(*b).map(Value::Int).ok_or_else(overflow),
        (Value::Uint(a), Value::Uint(b)) => Ok(Value::Uint(a / b)),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a / b)),
        _ => no_overload(),
    }),
    function("_%_", &["(int, int) -> int", "(uint, uint) -> uint"], Cost::One, |_, args| match (&args[0], &args[1]) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => failed("modulus by zero"),
        (Value::Int(a), Value::Int(b)) => a.checked_rem(*b).map(Value::Int).ok_or_else(overflow),
        (Value::Uint(a), Value::Uint(b)) => Ok(Value::Uint(a % b)),
        _ => no_overload(),
    }),
];

pub(super) const FUNCTIONS: &[Function] = &[
    function("size", SIZED, Cost::One, |context, args| match &args[0] {
        Value::String(text) => {
            context.budget.spend(text.len() as u64 / 1024)?;
            Ok(int(text.chars().count()))
        }
        Value::Bytes(bytes) => Ok(int(bytes.len())),
        Value::List(list) => Ok(int(list.len())),
        Value::Map(map) => Ok(int(map.len())),
        _ => no_overload(),
    }),
    function("startsWith", &["string.(string) -> bool"], Cost::Affix, |_, args| match (&args[0], &args[1]) {
        (Value::String(text), Value::String(prefix)) => Ok(Value::Bool(text.starts_with(&**prefix))),
        _ => no_overload(),
    }),
    function("endsWith", &["string.(string) -> bool"], Cost::Affix, |_, args| match (&args[0], &args[1]) {
        (Value::String(text), Value::String(suffix)) => Ok(Value::Bool(text.ends_with(&**suffix))),
        _ => no_overload(),
    }),
    function("contains", &["string.(string) -> bool"], Cost::Contains, |_, args| match (&args[0], &args[1]) {
        (Value::String(text), Value::String(part)) => Ok(Value::Bool(text.contains(&**part))),
        _ => no_overload(),
    }),
];

pub(super) fn overflow() -> EvalError {
    EvalError::failed("integer overflow")
}

pub(super) fn unsigned_overflow() -> EvalError {
    EvalError::failed("unsigned integer overflow")
}

fn compared<'a>(args: &[Value<'a>], wanted: fn(Ordering) -> bool) -> Outcome<'a> {
    match order(&args[0], &args[1]) {
        Some(order) => Ok(Value::Bool(order.is_some_and(wanted))),
        None => no_overload(),
    }
}

pub(crate) fn index<'a>(target: &Value<'a>, key: &Value<'a>) -> Outcome<'a> {
    match find(target, key)? {
        Some(value) => Ok(value),
        None if matches!(target, Value::List(_)) => failed(format!("index out of bounds: {}", display(key))),
        None => Err(EvalError::no_such_key(display(key))),
    }
}

/// What stands under an index or a key, if anything does.
pub(crate) fn find<'a>(target: &Value<'a>, key: &Value<'_>) -> Result<Option<Value<'a>>, EvalError> {
    match target {
        Value::List(list) => {
            let index = match key {
                Value::Int(index) => i128::from(*index),
                Value::Uint(index) => i128::from(*index),
                #[allow(clippy::cast_possible_truncation)]
                Value::Double(index) if index.fract() == 0.0 => *index as i128,
                other => {
                    return Err(EvalError::failed(format!("unsupported index type '{}' in list", other.type_of())));
                }
            };
            Ok(usize::try_from(index).ok().and_then(|index| list.get(index)))
        }
        Value::Map(map) => Ok(map.get(key)),
        Value::Object(object) => match key {
            Value::String(name) => object.field(name, &mut Budget::default()),
            _ => Ok(None),
        },
        // What has no entries at all lacks this one too.
        _ => Ok(None),
    }
}

pub(super) fn timestamp<'a>(nanos: i128) -> Outcome<'a> {
    if super::time::in_range(nanos) { Ok(Value::Timestamp(nanos)) } else { failed("timestamp overflow") }
}

fn duration<'a>(nanos: Option<i64>) -> Outcome<'a> {
    nanos.map_or_else(|| failed("duration overflow"), |nanos| Ok(Value::Duration(nanos)))
}

fn add<'a>(left: &Value<'a>, right: &Value<'a>) -> Outcome<'a> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int).ok_or_else(overflow),
        (Value::Uint(a), Value::Uint(b)) => a.checked_add(*b).map(Value::Uint).ok_or_else(unsigned_overflow),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a + b)),
        (Value::String(a), Value::String(b)) => Ok(Value::from([&**a, &**b].concat())),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(Value::Bytes([&**a, &**b].concat().into())),
        (Value::List(a), Value::List(b)) => Ok(Value::List(join_lists(a, b))),
        (Value::Timestamp(a), Value::Duration(b)) | (Value::Duration(b), Value::Timestamp(a)) => {
            timestamp(a + i128::from(*b))
        }
        (Value::Duration(a), Value::Duration(b)) => duration(a.checked_add(*b)),
        _ => no_overload(),
    }
}

fn subtract<'a>(left: &Value<'a>, right: &Value<'a>) -> Outcome<'a> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.checked_sub(*b).map(Value::Int).ok_or_else(overflow),
        (Value::Uint(a), Value::Uint(b)) => a.checked_sub(*b).map(Value::Uint).ok_or_else(unsigned_overflow),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a - b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => duration(i64::try_from(a - b).ok()),
        (Value::Timestamp(a), Value::Duration(b)) => timestamp(a - i128::from(*b)),
        (Value::Duration(a), Value::Duration(b)) => duration(a.checked_sub(*b)),
        _ => no_overload(),
    }
}
