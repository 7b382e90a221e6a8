//! Amounts of resources.

use pintle_object_model::Quantity;

use super::opaque::{Kind, Opaque};
use super::{Cost, Function, Outcome, failed, function, no_overload};
use crate::value::Value;

const COMPARE: &[&str] = &["Quantity.(Quantity) -> bool"];
const COMBINE: &[&str] = &["Quantity.(Quantity) -> Quantity", "Quantity.(int) -> Quantity"];

pub(super) const FUNCTIONS: &[Function] = &[
    function("quantity", &["(string) -> Quantity"], Cost::Traverse(0), |_, args| match &args[0] {
        Value::String(text) => match text.parse() {
            Ok(quantity) => Ok(of(quantity)),
            Err(error) => failed(format!("{error}")),
        },
        _ => no_overload(),
    }),
    function("isQuantity", &["(string) -> bool"], Cost::Traverse(0), |_, args| match &args[0] {
        Value::String(text) => Ok(Value::Bool(text.parse::<Quantity>().is_ok())),
        _ => no_overload(),
    }),
    function("sign", &["Quantity.() -> int"], Cost::One, |_, args| {
        with(&args[0], |it| Ok(Value::Int(it.cmp(&Quantity::default()) as i64)))
    }),
    function("isInteger", &["Quantity.() -> bool"], Cost::One, |_, args| {
        with(&args[0], |it| Ok(Value::Bool(is_integer(it))))
    }),
    function("asInteger", &["Quantity.() -> int"], Cost::One, |_, args| {
        with(&args[0], |it| {
            if is_integer(it) { Ok(Value::Int(it.value())) } else { failed("cannot convert value to integer") }
        })
    }),
    function("asApproximateFloat", &["Quantity.() -> double"], Cost::One, |_, args| {
        with(&args[0], |it| Ok(Value::Double(it.as_f64())))
    }),
    function("add", COMBINE, Cost::One, |_, args| combine(args, |a, b| a + b)),
    function("sub", COMBINE, Cost::One, |_, args| combine(args, |a, b| a - b)),
    function("isGreaterThan", COMPARE, Cost::One, |_, args| pair(args, |a, b| Value::Bool(a > b))),
    function("isLessThan", COMPARE, Cost::One, |_, args| pair(args, |a, b| Value::Bool(a < b))),
    function("compareTo", &["Quantity.(Quantity) -> int"], Cost::One, |_, args| {
        pair(args, |a, b| Value::Int(a.cmp(&b) as i64))
    }),
];

fn of<'a>(quantity: Quantity) -> Value<'a> {
    Value::Opaque(Opaque(Kind::Quantity(quantity)))
}

fn get(value: &Value<'_>) -> Option<Quantity> {
    match value {
        Value::Opaque(Opaque(Kind::Quantity(quantity))) => Some(*quantity),
        _ => None,
    }
}

fn with<'a>(value: &Value<'a>, apply: impl Fn(Quantity) -> Outcome<'a>) -> Outcome<'a> {
    get(value).map_or_else(no_overload, apply)
}

fn is_integer(quantity: Quantity) -> bool {
    quantity == Quantity::from_i64(quantity.value())
}

fn pair<'a>(args: &[Value<'a>], apply: fn(Quantity, Quantity) -> Value<'a>) -> Outcome<'a> {
    match (get(&args[0]), get(&args[1])) {
        (Some(a), Some(b)) => Ok(apply(a, b)),
        _ => no_overload(),
    }
}

fn combine<'a>(args: &[Value<'a>], apply: fn(Quantity, Quantity) -> Quantity) -> Outcome<'a> {
    let other = match &args[1] {
        Value::Int(value) => Some(Quantity::from_i64(*value)),
        other => get(other),
    };
    match (get(&args[0]), other) {
        (Some(a), Some(b)) => Ok(of(apply(a, b))),
        _ => no_overload(),
    }
}
