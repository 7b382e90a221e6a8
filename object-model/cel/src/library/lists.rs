//! Lists: Kubernetes' own functions, and those of the language's list extension.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Context, Cost, Function, Outcome, failed, function, int, no_overload};
use crate::compare::{contains, equal, order};
use crate::value::{List, Value};

const COMPARABLE: &[&str] = &[
    "list(int).() -> bool",
    "list(uint).() -> bool",
    "list(double).() -> bool",
    "list(bool).() -> bool",
    "list(duration).() -> bool",
    "list(timestamp).() -> bool",
    "list(string).() -> bool",
    "list(bytes).() -> bool",
];
const EXTREME: &[&str] = &[
    "list(int).() -> int",
    "list(uint).() -> uint",
    "list(double).() -> double",
    "list(bool).() -> bool",
    "list(duration).() -> duration",
    "list(timestamp).() -> timestamp",
    "list(string).() -> string",
    "list(bytes).() -> bytes",
];
const SORTED: &[&str] = &[
    "list(int).() -> list(int)",
    "list(uint).() -> list(uint)",
    "list(double).() -> list(double)",
    "list(bool).() -> list(bool)",
    "list(duration).() -> list(duration)",
    "list(timestamp).() -> list(timestamp)",
    "list(string).() -> list(string)",
    "list(bytes).() -> list(bytes)",
];
/// Most elements that `lists.range` makes.
const RANGE_MAX: i64 = 1_000_000;

pub(super) const FUNCTIONS: &[Function] = &[
    function("isSorted", COMPARABLE, Cost::Elements(0), |_, args| {
        let Value::List(list) = &args[0] else { return no_overload() };
        let mut before: Option<Value<'_>> = None;
        for value in list.iter() {
            if let Some(before) = &before {
                match order(before, &value) {
                    None => return no_overload(),
                    Some(Some(Ordering::Greater) | None) => return Ok(Value::Bool(false)),
                    Some(Some(_)) => {}
                }
            }
            before = Some(value);
        }
        Ok(Value::Bool(true))
    }),
    function("min", EXTREME, Cost::Elements(0), |_, args| extreme(&args[0], "min", Ordering::Less)),
    function("max", EXTREME, Cost::Elements(0), |_, args| extreme(&args[0], "max", Ordering::Greater)),
    function(
        "sum",
        &["list(int).() -> int", "list(uint).() -> uint", "list(double).() -> double", "list(duration).() -> duration"],
        Cost::Elements(0),
        |context, args| sum(context, &args[0]),
    ),
    function("indexOf", &["list(A).(A) -> int"], Cost::Elements(0), |_, args| match &args[0] {
        Value::List(list) => Ok(position(list.iter().position(|value| equal(&value, &args[1])))),
        _ => no_overload(),
    }),
    function("lastIndexOf", &["list(A).(A) -> int"], Cost::Elements(0), |_, args| match &args[0] {
        Value::List(list) => {
            let last = (0..list.len()).rev().find(|&index| list.get(index).is_some_and(|v| equal(&v, &args[1])));
            Ok(position(last))
        }
        _ => no_overload(),
    }),
    function("slice", &["list(A).(int, int) -> list(A)"], Cost::Elements(0), |_, args| match args {
        [Value::List(list), Value::Int(start), Value::Int(end)] => slice(list, *start, *end),
        _ => no_overload(),
    }),
    function("distinct", &["list(A).() -> list(A)"], Cost::Product, |_, args| {
        let Value::List(list) = &args[0] else { return no_overload() };
        let mut seen: Vec<Value<'_>> = Vec::new();
        for value in list.iter() {
            if !seen.iter().any(|known| equal(known, &value)) {
                seen.push(value);
            }
        }
        Ok(Value::from(seen))
    }),
    function("reverse", &["list(A).() -> list(A)"], Cost::Elements(0), |_, args| match &args[0] {
        Value::List(list) => Ok(Value::from((0..list.len()).rev().filter_map(|i| list.get(i)).collect::<Vec<_>>())),
        _ => no_overload(),
    }),
    function("sort", SORTED, Cost::Product, |_, args| {
        let Value::List(list) = &args[0] else { return no_overload() };
        let mut values: Vec<Value<'_>> = list.iter().collect();
        if values.windows(2).any(|pair| order(&pair[0], &pair[1]).is_none()) {
            return failed("list elements must be comparable");
        }
        values.sort_by(|a, b| order(a, b).flatten().unwrap_or(Ordering::Equal));
        Ok(Value::from(values))
    }),
    function(
        "flatten",
        &["list(list(A)).() -> list(A)", "list(dyn).(int) -> list(dyn)"],
        Cost::Elements(0),
        |_, args| match args {
            [Value::List(list)] => Ok(Value::from(flatten(list, 1))),
            [Value::List(_), Value::Int(i64::MIN..=-1)] => failed("level must be non-negative"),
            [Value::List(list), Value::Int(depth)] => Ok(Value::from(flatten(list, *depth))),
            _ => no_overload(),
        },
    ),
    function("first", &["list(A).() -> optional(A)"], Cost::One, |_, args| match &args[0] {
        Value::List(list) => Ok(Value::Optional(list.get(0).map(Arc::new))),
        _ => no_overload(),
    }),
    function("last", &["list(A).() -> optional(A)"], Cost::One, |_, args| match &args[0] {
        Value::List(list) => Ok(Value::Optional(list.len().checked_sub(1).and_then(|i| list.get(i)).map(Arc::new))),
        _ => no_overload(),
    }),
    function("lists.range", &["(int) -> list(int)"], Cost::One, |context, args| match args[0] {
        Value::Int(count @ 0..=RANGE_MAX) => {
            context.budget.spend(count.unsigned_abs())?;
            Ok(Value::from((0..count).map(Value::Int).collect::<Vec<_>>()))
        }
        Value::Int(_) => failed(format!("lists.range() size must be between 0 and {RANGE_MAX}")),
        _ => no_overload(),
    }),
];

fn position<'a>(index: Option<usize>) -> Value<'a> {
    index.map_or(Value::Int(-1), int)
}

fn extreme<'a>(value: &Value<'a>, name: &str, wanted: Ordering) -> Outcome<'a> {
    let Value::List(list) = value else { return no_overload() };
    let mut best: Option<Value<'a>> = None;
    for value in list.iter() {
        let better = match &best {
            None => true,
            Some(best) => match order(&value, best) {
                Some(order) => order == Some(wanted),
                None => return no_overload(),
            },
        };
        if better {
            best = Some(value);
        }
    }
    best.map_or_else(|| failed(format!("{name} called on empty list")), Ok)
}

fn sum<'a>(context: &mut Context<'_>, value: &Value<'a>) -> Outcome<'a> {
    let Value::List(list) = value else { return no_overload() };
    let mut values = list.iter();
    let Some(mut total) = values.next() else { return Ok(Value::Int(0)) };
    let add = super::find("_+_").and_then(|entries| entries.first());
    for value in values {
        match add {
            Some(entry) => total = (entry.function.code)(context, &[total, value])?,
            None => return no_overload(),
        }
    }
    Ok(total)
}

fn slice<'a>(list: &List<'a>, start: i64, end: i64) -> Outcome<'a> {
    match (usize::try_from(start), usize::try_from(end)) {
        (Ok(_), Ok(last)) if last > list.len() => {
            failed(format!("cannot slice({start}, {end}), list is length {}", list.len()))
        }
        (Ok(first), Ok(last)) if first <= last => {
            Ok(Value::from((first..last).filter_map(|index| list.get(index)).collect::<Vec<_>>()))
        }
        (Ok(_), Ok(_)) => {
            failed(format!("cannot slice({start}, {end}), start index must be less than or equal to end index"))
        }
        _ => failed(format!("cannot slice({start}, {end}), negative indexes not supported")),
    }
}

fn flatten<'a>(list: &List<'a>, depth: i64) -> Vec<Value<'a>> {
    let mut out = Vec::new();
    for value in list.iter() {
        match value {
            Value::List(inner) if depth > 0 => out.extend(flatten(&inner, depth - 1)),
            other => out.push(other),
        }
    }
    out
}

/// Are all elements of `part` in `whole`?
pub(super) fn contains_all(whole: &List<'_>, part: &List<'_>) -> bool {
    part.iter().all(|value| contains(whole, &value))
}
