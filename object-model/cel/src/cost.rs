//! What calls cost when they run, by the sizes of their arguments.
//!
//! In: the kind of cost that a function declares, its arguments. Out: units for the `budget`. Elsewhere: the same kinds
//! before anything runs (`estimate`).

use crate::library::Cost;
use crate::value::Value;

/// Making a list, a map, an object.
pub(crate) const LIST: u64 = 10;
pub(crate) const MAP: u64 = 30;
pub(crate) const STRUCT: u64 = 40;
/// One request to the authorizer.
pub(crate) const AUTHORIZE: u64 = 350_000;

/// The size by which a value is paid for: characters, bytes, elements or entries; 1 for what has no size.
pub(crate) fn size(value: &Value<'_>) -> u64 {
    let size = match value {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        _ => 1,
    };
    u64::try_from(size).unwrap_or(u64::MAX)
}

fn traverse(size: u64) -> u64 {
    size.div_ceil(10)
}

/// What a comparison may look at: everything inside the smaller value.
fn deep_size(value: &Value<'_>) -> u64 {
    match value {
        Value::List(list) => list.iter().map(|item| deep_size(&item)).fold(1, u64::saturating_add),
        _ => size(value),
    }
}

pub(crate) fn of_call(cost: Cost, args: &[Value<'_>]) -> u64 {
    let arg = |index: usize| args.get(index).map_or(0, size);
    match cost {
        Cost::One => 1,
        Cost::Traverse(index) => traverse(arg(index)),
        Cost::Rebuild => traverse(arg(0).saturating_mul(2)),
        Cost::Elements(index) => match args.get(index) {
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
