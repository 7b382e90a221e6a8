//! Conversions between types, and how values print.

use super::standard::{overflow, timestamp, unsigned_overflow};
use super::time::{format_duration, format_timestamp, parse_duration, parse_timestamp};
use super::{Cost, Function, Outcome, failed, function, no_overload};
use crate::ty::Type;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    function("type", &["(A) -> type(A)"], Cost::One, |_, args| Ok(Value::Type(args[0].type_of()))),
    function("dyn", &["(A) -> dyn"], Cost::One, |_, args| Ok(args[0].clone())),
    function(
        "int",
        &[
            "(int) -> int",
            "(uint) -> int",
            "(double) -> int",
            "(string) -> int",
            "(timestamp) -> int",
            "(duration) -> int",
        ],
        Cost::One,
        |_, args| to_int(&args[0]),
    ),
    function(
        "uint",
        &["(uint) -> uint", "(int) -> uint", "(double) -> uint", "(string) -> uint"],
        Cost::One,
        |_, args| to_uint(&args[0]),
    ),
    function(
        "double",
        &["(double) -> double", "(int) -> double", "(uint) -> double", "(string) -> double"],
        Cost::One,
        |_, args| to_double(&args[0]),
    ),
    function(
        "string",
        &[
            "(string) -> string",
            "(bool) -> string",
            "(int) -> string",
            "(uint) -> string",
            "(double) -> string",
            "(bytes) -> string",
            "(timestamp) -> string",
            "(duration) -> string",
        ],
        Cost::Traverse(0),
        |_, args| to_string(&args[0]),
    ),
    function("bytes", &["(bytes) -> bytes", "(string) -> bytes"], Cost::Traverse(0), |_, args| match &args[0] {
        Value::Bytes(_) => Ok(args[0].clone()),
        Value::String(text) => Ok(Value::Bytes(text.as_bytes().into())),
        _ => no_overload(),
    }),
    function("bool", &["(bool) -> bool", "(string) -> bool"], Cost::One, |_, args| match &args[0] {
        Value::Bool(_) => Ok(args[0].clone()),
        Value::String(text) => match &**text {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(Value::Bool(false)),
            _ => conversion("string", "bool"),
        },
        _ => no_overload(),
    }),
    function(
        "timestamp",
        &["(timestamp) -> timestamp", "(string) -> timestamp", "(int) -> timestamp"],
        Cost::One,
        |_, args| match &args[0] {
            Value::Timestamp(_) => Ok(args[0].clone()),
            Value::String(text) => match parse_timestamp(text) {
                Some(nanos) => Ok(Value::Timestamp(nanos)),
                None => conversion("string", "google.protobuf.Timestamp"),
            },
            Value::Int(seconds) => timestamp(i128::from(*seconds) * 1_000_000_000),
            _ => no_overload(),
        },
    ),
    function(
        "duration",
        &["(duration) -> duration", "(string) -> duration", "(int) -> duration"],
        Cost::One,
        |_, args| match &args[0] {
            Value::Duration(_) => Ok(args[0].clone()),
            Value::String(text) => match parse_duration(text) {
                Some(nanos) => Ok(Value::Duration(nanos)),
                None => conversion("string", "google.protobuf.Duration"),
            },
            Value::Int(nanos) => Ok(Value::Duration(*nanos)),
            _ => no_overload(),
        },
    ),
];

fn conversion<'a>(from: &str, to: &str) -> Outcome<'a> {
    failed(format!("type conversion error from '{from}' to '{to}'"))
}

/// How a key stands in an error text.
pub(crate) fn display(value: &Value<'_>) -> String {
    match to_string(value) {
        Ok(Value::String(text)) => text.to_string(),
        _ => value.type_of().to_string(),
    }
}

#[allow(clippy::cast_possible_truncation)]
fn to_int<'a>(value: &Value<'a>) -> Outcome<'a> {
    match value {
        Value::Int(_) => Ok(value.clone()),
        Value::Uint(value) => i64::try_from(*value).map(Value::Int).map_err(|_| overflow()),
        Value::Double(value) if value.abs() < 9_223_372_036_854_775_808.0 => Ok(Value::Int(*value as i64)),
        Value::Double(_) => Err(overflow()),
        Value::String(text) => match text.parse() {
            Ok(value) => Ok(Value::Int(value)),
            Err(_) => conversion("string", "int"),
        },
        Value::Timestamp(nanos) => {
            i64::try_from(nanos.div_euclid(1_000_000_000)).map(Value::Int).map_err(|_| overflow())
        }
        Value::Duration(nanos) => Ok(Value::Int(*nanos)),
        _ => no_overload(),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn to_uint<'a>(value: &Value<'a>) -> Outcome<'a> {
    match value {
        Value::Uint(_) => Ok(value.clone()),
        Value::Int(value) => u64::try_from(*value).map(Value::Uint).map_err(|_| unsigned_overflow()),
        Value::Double(value) if (0.0..18_446_744_073_709_551_616.0).contains(value) => Ok(Value::Uint(*value as u64)),
        Value::Double(_) => Err(unsigned_overflow()),
        Value::String(text) => match text.parse() {
            Ok(value) => Ok(Value::Uint(value)),
            Err(_) => conversion("string", "uint"),
        },
        _ => no_overload(),
    }
}

#[allow(clippy::cast_precision_loss)]
fn to_double<'a>(value: &Value<'a>) -> Outcome<'a> {
    match value {
        Value::Double(_) => Ok(value.clone()),
        Value::Int(value) => Ok(Value::Double(*value as f64)),
        Value::Uint(value) => Ok(Value::Double(*value as f64)),
        Value::String(text) => match text.parse() {
            Ok(value) => Ok(Value::Double(value)),
            Err(_) => conversion("string", "double"),
        },
        _ => no_overload(),
    }
}

pub(crate) fn to_string<'a>(value: &Value<'a>) -> Outcome<'a> {
    Ok(match value {
        Value::String(_) => value.clone(),
        Value::Bool(value) => Value::from(value.to_string()),
        Value::Int(value) => Value::from(value.to_string()),
        Value::Uint(value) => Value::from(value.to_string()),
        Value::Double(value) => Value::from(format_double(*value)),
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::from(text.to_owned()),
            Err(_) => return failed("invalid UTF-8 in bytes, cannot convert to string"),
        },
        Value::Timestamp(nanos) => Value::from(format_timestamp(*nanos)),
        Value::Duration(nanos) => Value::from(format_duration(*nanos)),
        Value::Type(ty) => Value::from(type_name(ty)),
        Value::Opaque(opaque) => return opaque.text().map_or_else(no_overload, |text| Ok(Value::from(text))),
        _ => return no_overload(),
    })
}

/// The name of a type without what it is made of, as it prints at run time.
pub(crate) fn type_name(ty: &Type) -> String {
    let name = ty.declared_name();
    name.split('(').next().unwrap_or_default().to_owned()
}

/// The shortest text that reads back, in the form that Go prints: exponents only where they help.
pub(crate) fn format_double(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".into() } else { "-Inf".into() };
    }
    let exponent = format!("{value:e}");
    let (mantissa, power) = exponent.split_once('e').unwrap_or((&exponent, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    if value != 0.0 && !(-4..21).contains(&power) {
        let sign = if power < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", power.abs());
    }
    format!("{value}")
}
