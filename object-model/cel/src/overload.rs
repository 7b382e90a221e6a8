//! The words for a call that none of a function's signatures allows, once the types are known at run time.
//!
//! In: the name and the arguments. Out: the error. Operators say less than functions, because upstream hands them to the
//! first operand, which only knows that the second does not suit it.

use crate::errors::EvalError;
use crate::library::convert::type_name;
use crate::value::Value;

/// What the operands of an operator must be for it to be theirs at all.
fn supports(name: &str, value: &Value<'_>) -> bool {
    let number = matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_));
    let time = matches!(value, Value::Duration(_) | Value::Timestamp(_));
    let text = matches!(value, Value::String(_) | Value::Bytes(_));
    match name {
        "_+_" => number || time || text || matches!(value, Value::List(_)),
        "_-_" => number || time,
        "_*_" | "_/_" => number,
        "_%_" => matches!(value, Value::Int(_) | Value::Uint(_)),
        "-_" => matches!(value, Value::Int(_) | Value::Double(_)),
        "_<_" | "_<=_" | "_>_" | "_>=_" => number || time || text || matches!(value, Value::Bool(_)),
        "size" => text || matches!(value, Value::List(_) | Value::Map(_)),
        _ => true,
    }
}

pub(crate) fn missing(name: &str, args: &[Value<'_>]) -> EvalError {
    let operator = !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name == "size";
    match args.first() {
        Some(first) if operator && supports(name, first) => EvalError::no_such_overload(),
        _ if operator => EvalError::Failed(format!("no such overload: {name}")),
        _ => {
            let types: Vec<String> = args.iter().map(|arg| type_name(&arg.type_of())).collect();
            EvalError::Failed(format!("no such overload: {name}({})", types.join(", ")))
        }
    }
}

/// The range of a fold is neither a list nor a map.
pub(crate) fn not_iterable(value: &Value<'_>) -> EvalError {
    let kind = match value {
        Value::Null => "types.Null",
        Value::Bool(_) => "types.Bool",
        Value::Int(_) => "types.Int",
        Value::Uint(_) => "types.Uint",
        Value::Double(_) => "types.Double",
        Value::String(_) => "types.String",
        Value::Bytes(_) => "types.Bytes",
        Value::Duration(_) => "types.Duration",
        Value::Timestamp(_) => "types.Timestamp",
        Value::Optional(_) => "*types.Optional",
        Value::Type(_) => "*types.Type",
        _ => "ref.Val",
    };
    EvalError::Failed(format!("got '{kind}', expected iterable type"))
}
