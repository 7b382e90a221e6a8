//! What calls cost when they run, by the sizes of their arguments.
//!
//! In: the kind of cost that a function declares, its arguments. Out: units for the `budget`. Elsewhere: the same kinds
//! before anything runs (`estimate`).

use crate::library::Cost;
use crate::value::{Object, Value};

/// Making a list, a map, an object.
pub(crate) const LIST: u64 = 10;
pub(crate) const MAP: u64 = 30;
pub(crate) const STRUCT: u64 = 40;
/// One request to the authorizer.
pub(crate) const AUTHORIZE: u64 = 350_000;

/// Text beyond this is counted in bytes: counting characters would take longer than what is paid for.
const COUNTED_MAX: usize = 4096;

/// The size by which a value is paid for: characters, bytes, elements, entries or fields; 1 for what has no size.
pub(crate) fn size(value: &Value<'_>) -> u64 {
    let size = match value {
        Value::String(text) if text.len() <= COUNTED_MAX => text.chars().count(),
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        Value::Object(Object::Json(fields, _)) => fields.len(),
        _ => 1,
    };
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// Making a list or a map of `length`: an empty one is free, and so are literals within, but not in any number.
pub(crate) fn of_literal(base: u64, length: usize) -> u64 {
    match length {
        0 => 0,
        length => base + u64::try_from(length / 10).unwrap_or(u64::MAX),
    }
}

fn traverse(size: u64) -> u64 {
    size.div_ceil(10)
}

/// What a comparison may look at: lists within lists count with their elements.
fn deep_size(value: &Value<'_>) -> u64 {
    match value {
        Value::List(list) => list.iter().map(|item| if let Value::List(_) = item { deep_size(&item) } else { 1 }).sum(),
        _ => size(value),
    }
}

pub(crate) fn of_call(cost: Cost, args: &[Value<'_>]) -> u64 {
    let arg = |index: usize| args.get(index).map_or(0, size);
    match cost {
        Cost::One => 1,
        Cost::Traverse(index) => traverse(arg(index)),
        Cost::Rebuild => traverse(arg(0).saturating_mul(2)),
        Cost::Affix => traverse(arg(0)),
        Cost::Elements(index) => match args.get(index) {
            Some(text @ Value::String(_)) => size(text) / 10,
            Some(Value::List(list)) => size(&args[index]).max(traverse(list.iter().map(|item| size(&item)).sum())),
            _ => 1,
        },
        Cost::Contains => traverse(arg(0)).saturating_mul(traverse(arg(1))),
        Cost::Regex => traverse(arg(0).saturating_add(1)).saturating_mul(arg(1).div_ceil(4)),
        Cost::Compare => traverse(args.iter().map(deep_size).min().unwrap_or(1)),
        Cost::Concat => match args.first() {
            Some(Value::String(_) | Value::Bytes(_)) => traverse(arg(0).saturating_add(arg(1))),
            _ => 1,
        },
        Cost::Product => arg(0).saturating_mul(arg(1)).max(1),
        Cost::Authorize => AUTHORIZE,
    }
}
