//! Numbers: extremes, rounding, signs, bits.

use std::cmp::Ordering;

use super::{Cost, Function, Outcome, failed, function, no_overload};
use crate::compare::order;
use crate::value::Value;

const EXTREME: &[&str] = &[
    "(int) -> int",
    "(uint) -> uint",
    "(double) -> double",
    "(list(int)) -> int",
    "(list(uint)) -> uint",
    "(list(double)) -> double",
    "(int, int) -> int",
    "(uint, uint) -> uint",
    "(double, double) -> double",
    "(dyn, dyn) -> dyn",
    "(dyn, dyn, dyn) -> dyn",
    "(dyn, dyn, dyn, dyn) -> dyn",
    "(dyn, dyn, dyn, dyn, dyn) -> dyn",
];
const DOUBLE: &[&str] = &["(double) -> double"];
const TEST: &[&str] = &["(double) -> bool"];
const SAME: &[&str] = &["(int) -> int", "(uint) -> uint", "(double) -> double"];
const BITS: &[&str] = &["(int, int) -> int", "(uint, uint) -> uint"];
const SHIFT: &[&str] = &["(int, int) -> int", "(uint, int) -> uint"];

pub(super) const FUNCTIONS: &[Function] = &[
    function("math.greatest", EXTREME, Cost::One, |_, args| extreme(args, Ordering::Greater)),
    function("math.least", EXTREME, Cost::One, |_, args| extreme(args, Ordering::Less)),
    function("math.ceil", DOUBLE, Cost::One, |_, args| real(args, f64::ceil)),
    function("math.floor", DOUBLE, Cost::One, |_, args| real(args, f64::floor)),
    function("math.round", DOUBLE, Cost::One, |_, args| real(args, f64::round)),
    function("math.trunc", DOUBLE, Cost::One, |_, args| real(args, f64::trunc)),
    function("math.sqrt", SAME, Cost::One, |_, args| match args[0] {
        #[allow(clippy::cast_precision_loss)]
        Value::Int(value) => Ok(Value::Double((value as f64).sqrt())),
        #[allow(clippy::cast_precision_loss)]
        Value::Uint(value) => Ok(Value::Double((value as f64).sqrt())),
        _ => real(args, f64::sqrt),
    }),
    function("math.isNaN", TEST, Cost::One, |_, args| test(args, f64::is_nan)),
    function("math.isInf", TEST, Cost::One, |_, args| test(args, f64::is_infinite)),
    function("math.isFinite", TEST, Cost::One, |_, args| test(args, f64::is_finite)),
    function("math.abs", SAME, Cost::One, |_, args| match args[0] {
        Value::Int(value) => value.checked_abs().map_or_else(|| failed("integer overflow"), |v| Ok(Value::Int(v))),
        Value::Uint(value) => Ok(Value::Uint(value)),
        _ => real(args, f64::abs),
    }),
    function("math.sign", SAME, Cost::One, |_, args| match args[0] {
        Value::Int(value) => Ok(Value::Int(value.signum())),
        Value::Uint(value) => Ok(Value::Uint(value.min(1))),
        _ => real(args, |value| if value == 0.0 || value.is_nan() { value } else { value.signum() }),
    }),
    function("math.bitAnd", BITS, Cost::One, |_, args| bits(args, |a, b| a & b)),
    function("math.bitOr", BITS, Cost::One, |_, args| bits(args, |a, b| a | b)),
    function("math.bitXor", BITS, Cost::One, |_, args| bits(args, |a, b| a ^ b)),
    function("math.bitNot", &["(int) -> int", "(uint) -> uint"], Cost::One, |_, args| match args[0] {
        Value::Int(value) => Ok(Value::Int(!value)),
        Value::Uint(value) => Ok(Value::Uint(!value)),
        _ => no_overload(),
    }),
    function("math.bitShiftLeft", SHIFT, Cost::One, |_, args| shift(args, "math.bitShiftLeft", |a, n| a << n)),
    function("math.bitShiftRight", SHIFT, Cost::One, |_, args| shift(args, "math.bitShiftRight", |a, n| a >> n)),
];

fn extreme<'a>(args: &[Value<'a>], wanted: Ordering) -> Outcome<'a> {
    let values: Vec<Value<'a>> = match args {
        [Value::List(list)] if list.is_empty() => return failed("math.@max(list) argument must not be empty"),
        [Value::List(list)] => list.iter().collect(),
        values => values.to_vec(),
    };
    let mut values = values.into_iter();
    let Some(mut best) = values.next() else { return no_overload() };
    for value in values {
        if !matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_)) {
            return no_overload();
        }
        match order(&value, &best) {
            Some(order) if order == Some(wanted) => best = value,
            Some(_) => {}
            None => return no_overload(),
        }
    }
    Ok(best)
}

fn real<'a>(args: &[Value<'a>], apply: fn(f64) -> f64) -> Outcome<'a> {
    match args[0] {
        Value::Double(value) => Ok(Value::Double(apply(value))),
        _ => no_overload(),
    }
}

fn test<'a>(args: &[Value<'a>], apply: fn(f64) -> bool) -> Outcome<'a> {
    match args[0] {
        Value::Double(value) => Ok(Value::Bool(apply(value))),
        _ => no_overload(),
    }
}

fn bits<'a>(args: &[Value<'a>], apply: fn(u64, u64) -> u64) -> Outcome<'a> {
    match (&args[0], &args[1]) {
        (Value::Int(a), Value::Int(b)) => Ok(Value::Int(apply(a.cast_unsigned(), b.cast_unsigned()).cast_signed())),
        (Value::Uint(a), Value::Uint(b)) => Ok(Value::Uint(apply(*a, *b))),
        _ => no_overload(),
    }
}

fn shift<'a>(args: &[Value<'a>], name: &str, apply: fn(u64, u32) -> u64) -> Outcome<'a> {
    let Value::Int(distance) = args[1] else { return no_overload() };
    let shifted = |value: u64| match u32::try_from(distance) {
        Ok(distance @ 0..64) => apply(value, distance),
        _ => 0,
    };
    match args[0] {
        _ if distance < 0 => failed(format!("{name}() negative offset: {distance}")),
        Value::Int(value) => Ok(Value::Int(shifted(value.cast_unsigned()).cast_signed())),
        Value::Uint(value) => Ok(Value::Uint(shifted(value))),
        _ => no_overload(),
    }
}
