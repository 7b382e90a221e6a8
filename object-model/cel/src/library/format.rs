//! `format`: text with clauses, filled from a list.
//!
//! Kubernetes keeps to the older form of the extension: what stands within lists and maps prints as it would be written,
//! and an exponent prints as one reads it.

use super::convert::{format_double, type_name};
use super::strings::quote;
use super::time::format_duration;
use super::{Cost, Function, function, no_overload};
use crate::errors::EvalError;
use crate::library::time::format_timestamp;
use crate::ty::Type;
use crate::value::{List, Value};

pub(super) const FUNCTIONS: &[Function] =
    &[function("format", &["string.(list(dyn)) -> string"], Cost::Traverse(0), |context, args| match args {
        [Value::String(pattern), Value::List(list)] => {
            let text = format(pattern, list)?;
            context.budget.spend(text.len() as u64 / 10)?;
            Ok(Value::from(text))
        }
        _ => no_overload(),
    })];

/// Most digits after the point.
const PRECISION_MAX: usize = 100;
/// Most levels of lists and maps that `%s` prints.
const DEPTH_MAX: u32 = 32;

/// What is wrong with a pattern or with one of its arguments.
pub(crate) struct Wrong {
    pub(crate) argument: Option<usize>,
    pub(crate) message: String,
}

impl From<EvalError> for Wrong {
    fn from(error: EvalError) -> Self {
        Wrong { argument: None, message: error.to_string() }
    }
}

fn format(pattern: &str, args: &List<'_>) -> Result<String, EvalError> {
    let fill = |index, clause, precision| match args.get(index) {
        Some(value) => fill(clause, precision, &value).map_err(Wrong::from),
        None => Err(out_of_range(index)),
    };
    fill_in(pattern, fill).map(|(text, _)| text).map_err(|wrong| EvalError::Failed(wrong.message))
}

/// Do arguments of these types suit the pattern?
pub(crate) fn verify(pattern: &str, args: &[&Type]) -> Result<(), Wrong> {
    let fill = |index: usize, clause, _| {
        let ty = args.get(index).ok_or_else(|| out_of_range(index))?.plain();
        if suits(clause, ty)? {
            return Ok(String::new());
        }
        let message = format!("error during formatting: {}, was given {}", needs(clause), type_name(ty));
        Err(Wrong { argument: Some(index), message })
    };
    let (_, used) = fill_in(pattern, fill)?;
    if used < args.len() {
        let message = format!("too many arguments supplied to string.format (expected {used}, got {})", args.len());
        return Err(Wrong { argument: None, message });
    }
    Ok(())
}

fn out_of_range(index: usize) -> Wrong {
    Wrong { argument: None, message: format!("index {index} out of range") }
}

/// The pattern with its clauses filled, and how many there were.
fn fill_in(
    pattern: &str,
    mut fill: impl FnMut(usize, char, Option<usize>) -> Result<String, Wrong>,
) -> Result<(String, usize), Wrong> {
    let mut out = String::new();
    let mut rest = pattern;
    let mut next = 0;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(more) = rest.strip_prefix('%') {
            out.push('%');
            rest = more;
            continue;
        }
        let precision = precision(&mut rest)?;
        let clause = rest.chars().next().ok_or_else(|| EvalError::failed("unexpected end of string"))?;
        rest = &rest[clause.len_utf8()..];
        suits(clause, &Type::Dyn)?;
        out.push_str(&fill(next, clause, precision)?);
        next += 1;
    }
    out.push_str(rest);
    Ok((out, next))
}

/// Can the clause print values of this type? An error if there is no such clause.
fn suits(clause: char, ty: &Type) -> Result<bool, EvalError> {
    let integer = matches!(ty, Type::Int | Type::Uint);
    let suits = match clause {
        's' => !matches!(ty, Type::Object(_) | Type::Opaque(_) | Type::Optional(_)),
        'd' | 'o' => integer,
        'f' | 'e' => matches!(ty, Type::Double | Type::String),
        'b' => integer || matches!(ty, Type::Bool),
        'x' | 'X' => integer || matches!(ty, Type::String | Type::Bytes),
        other => {
            let message = format!("could not parse formatting clause: unrecognized formatting clause \"{other}\"");
            return Err(EvalError::Failed(message));
        }
    };
    Ok(suits || matches!(ty, Type::Dyn | Type::Param(_)))
}

/// What a clause demands.
fn needs(clause: char) -> &'static str {
    match clause {
        'd' => "decimal clause can only be used on integers",
        'f' => "fixed-point clause can only be used on doubles",
        'e' => "scientific clause can only be used on doubles",
        'b' => "only integers and bools can be formatted as binary",
        'x' | 'X' => "only integers, byte buffers, and strings can be formatted as hex",
        'o' => "octal clause can only be used on integers",
        _ => {
            "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and \
             timestamps"
        }
    }
}

fn precision(rest: &mut &str) -> Result<Option<usize>, EvalError> {
    let Some(after) = rest.strip_prefix('.') else { return Ok(None) };
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    let digits = after[..end].parse::<usize>().ok().filter(|digits| *digits <= PRECISION_MAX);
    *rest = &after[end..];
    match digits {
        Some(digits) => Ok(Some(digits)),
        None => Err(EvalError::Failed(format!(
            "could not parse formatting clause: error while parsing precision: must be at most {PRECISION_MAX}"
        ))),
    }
}

fn wrong(clause: char, value: &Value<'_>) -> EvalError {
    EvalError::Failed(format!("error during formatting: {}, was given {}", needs(clause), type_name(&value.type_of())))
}

fn fill(clause: char, precision: Option<usize>, value: &Value<'_>) -> Result<String, EvalError> {
    match clause {
        's' => text(value, 0),
        'd' => match value {
            Value::Int(value) => Ok(value.to_string()),
            Value::Uint(value) => Ok(value.to_string()),
            Value::Double(value) if !value.is_finite() => Ok(format_special(*value)),
            _ => Err(wrong(clause, value)),
        },
        'f' => {
            let number = number(value).ok_or_else(|| wrong(clause, value))?;
            Ok(format_fixed(number, precision.unwrap_or(6)))
        }
        'e' => {
            let number = number(value).ok_or_else(|| wrong(clause, value))?;
            if !number.is_finite() {
                return Ok(format_special(number));
            }
            let text = format!("{number:.*e}", precision.unwrap_or(6));
            let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
            Ok(format!("{mantissa}\u{202f}×\u{202f}10{}", raised(power.parse().unwrap_or(0))))
        }
        'b' => match value {
            Value::Int(value) => Ok(signed(*value, |v| format!("{v:b}"))),
            Value::Uint(value) => Ok(format!("{value:b}")),
            Value::Bool(value) => Ok(u8::from(*value).to_string()),
            _ => Err(wrong(clause, value)),
        },
        'x' | 'X' => {
            let text = match value {
                Value::Int(value) => signed(*value, |v| format!("{v:x}")),
                Value::Uint(value) => format!("{value:x}"),
                Value::String(text) => hex(text.as_bytes()),
                Value::Bytes(bytes) => hex(bytes),
                _ => return Err(wrong(clause, value)),
            };
            Ok(if clause == 'X' { text.to_uppercase() } else { text })
        }
        'o' => match value {
            Value::Int(value) => Ok(signed(*value, |v| format!("{v:o}"))),
            Value::Uint(value) => Ok(format!("{value:o}")),
            _ => Err(wrong(clause, value)),
        },
        _ => Err(wrong(clause, value)),
    }
}

fn signed(value: i64, print: impl Fn(u64) -> String) -> String {
    format!("{}{}", if value < 0 { "-" } else { "" }, print(value.unsigned_abs()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A whole number of at least two digits, raised.
fn raised(power: i32) -> String {
    let digits = format!("{}{:02}", if power < 0 { "-" } else { "" }, power.abs());
    digits.chars().map(|c| c.to_digit(10).map_or('⁻', |digit| RAISED[digit as usize])).collect()
}

const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];

fn format_special(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".into(),
        value if value > 0.0 => "∞".into(),
        _ => "-∞".into(),
    }
}

fn format_fixed(value: f64, precision: usize) -> String {
    if value.is_finite() { format!("{value:.precision$}") } else { format_special(value) }
}

/// A double, or the name of one that has no digits.
fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Double(value) => Some(*value),
        Value::String(text) => match &**text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn text(value: &Value<'_>, depth: u32) -> Result<String, EvalError> {
    if depth > DEPTH_MAX {
        return Err(EvalError::failed("value is nested too deeply to be formatted"));
    }
    Ok(match value {
        Value::List(list) => {
            let items: Result<Vec<String>, EvalError> = list.iter().map(|item| text(&item, depth + 1)).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Map(map) => {
            let mut entries = Vec::with_capacity(map.len());
            for key in map.keys() {
                let value = map.get(&key).unwrap_or(Value::Null);
                entries.push(format!("{}:{}", text(&key, depth + 1)?, text(&value, depth + 1)?));
            }
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
        inner if depth > 0 => written(inner)?,
        outer => plain(outer)?,
    })
}

fn plain(value: &Value<'_>) -> Result<String, EvalError> {
    Ok(match value {
        Value::String(text) => text.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Uint(value) => value.to_string(),
        Value::Double(value) if value.is_finite() => format_double(*value),
        Value::Double(value) => format_special(*value),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Null => "null".into(),
        Value::Duration(nanos) => format_duration(*nanos),
        Value::Timestamp(nanos) => format_timestamp(*nanos),
        Value::Type(ty) => type_name(ty),
        other => {
            return Err(wrong('s', other));
        }
    })
}

/// As it would be written in an expression.
fn written(value: &Value<'_>) -> Result<String, EvalError> {
    Ok(match value {
        Value::String(text) => quote(text),
        Value::Bytes(bytes) => format!("b{}", quote(&String::from_utf8_lossy(bytes))),
        Value::Double(value) if value.is_nan() => quote("NaN"),
        Value::Double(value) => format_fixed(*value, 6),
        Value::Duration(_) => format!("duration({})", quote(&plain(value)?)),
        Value::Timestamp(_) => format!("timestamp({})", quote(&plain(value)?)),
        other => plain(other)?,
    })
}
