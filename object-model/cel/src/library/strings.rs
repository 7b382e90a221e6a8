//! Text: the functions of the language's string extension. Positions count characters.

use super::{Cost, Function, Outcome, failed, function, no_overload};
use crate::value::{List, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    function("charAt", &["string.(int) -> string"], Cost::One, |context, args| match args {
        [Value::String(text), Value::Int(index)] => {
            context.budget.spend(text.len() as u64 / 1024)?;
            char_at(text, *index)
        }
        _ => no_overload(),
    }),
    function("indexOf", &["string.(string) -> int", "string.(string, int) -> int"], Cost::Elements(0), |_, args| {
        match args {
            [Value::String(text), Value::String(part)] => index_of(text, part, 0),
            [Value::String(text), Value::String(part), Value::Int(start)] => index_of(text, part, *start),
            _ => no_overload(),
        }
    }),
    function(
        "lastIndexOf",
        &["string.(string) -> int", "string.(string, int) -> int"],
        Cost::Elements(0),
        |_, args| match args {
            [Value::String(text), Value::String(part)] => last_index_of(text, part, None),
            [Value::String(text), Value::String(part), Value::Int(end)] => last_index_of(text, part, Some(*end)),
            _ => no_overload(),
        },
    ),
    function(
        "join",
        &["list(string).() -> string", "list(string).(string) -> string"],
        Cost::Elements(0),
        |_, args| match args {
            [Value::List(list)] => join(list, ""),
            [Value::List(list), Value::String(separator)] => join(list, separator),
            _ => no_overload(),
        },
    ),
    function("lowerAscii", &["string.() -> string"], Cost::Traverse(0), |_, args| map(args, str::to_ascii_lowercase)),
    function("upperAscii", &["string.() -> string"], Cost::Traverse(0), |_, args| map(args, str::to_ascii_uppercase)),
    function("trim", &["string.() -> string"], Cost::Traverse(0), |_, args| map(args, |text| text.trim().to_owned())),
    function("reverse", &["string.() -> string"], Cost::Traverse(0), |_, args| {
        map(args, |text| text.chars().rev().collect())
    }),
    function("strings.quote", &["(string) -> string"], Cost::Traverse(0), |_, args| map(args, quote)),
    function(
        "replace",
        &["string.(string, string) -> string", "string.(string, string, int) -> string"],
        Cost::Rebuild,
        |context, args| {
            let (text, from, to, count) = match args {
                [Value::String(text), Value::String(from), Value::String(to)] => (text, from, to, -1),
                [Value::String(text), Value::String(from), Value::String(to), Value::Int(count)] => {
                    (text, from, to, *count)
                }
                _ => return no_overload(),
            };
            // A replacement that makes the text grow is paid for before it is made.
            let times = text.matches(&**from).take(usize::try_from(count).unwrap_or(usize::MAX)).count() as u64;
            let made = times.saturating_mul(to.len() as u64).saturating_sub(text.len() as u64);
            context.budget.spend(made / 10)?;
            Ok(Value::from(match usize::try_from(count) {
                Ok(count) => text.replacen(&**from, to, count),
                Err(_) => text.replace(&**from, to),
            }))
        },
    ),
    function(
        "split",
        &["string.(string) -> list(string)", "string.(string, int) -> list(string)"],
        Cost::Rebuild,
        |_, args| match args {
            [Value::String(text), Value::String(separator)] => Ok(split(text, separator, -1)),
            [Value::String(text), Value::String(separator), Value::Int(count)] => Ok(split(text, separator, *count)),
            _ => no_overload(),
        },
    ),
    function("substring", &["string.(int) -> string", "string.(int, int) -> string"], Cost::Traverse(0), |_, args| {
        match args {
            [Value::String(text), Value::Int(start)] => substring(text, *start, None),
            [Value::String(text), Value::Int(start), Value::Int(end)] => substring(text, *start, Some(*end)),
            _ => no_overload(),
        }
    }),
];

fn map<'a>(args: &[Value<'a>], apply: impl Fn(&str) -> String) -> Outcome<'a> {
    match &args[0] {
        Value::String(text) => Ok(Value::from(apply(text))),
        _ => no_overload(),
    }
}

fn out_of_range<'a>(index: i64) -> Outcome<'a> {
    failed(format!("index out of range: {index}"))
}

/// The byte where character `index` begins; the end counts as a place.
fn byte_at(text: &str, index: i64) -> Option<usize> {
    let index = usize::try_from(index).ok()?;
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(index)
}

fn char_at<'a>(text: &str, index: i64) -> Outcome<'a> {
    match byte_at(text, index) {
        Some(at) => Ok(Value::from(text[at..].chars().next().map(String::from).unwrap_or_default())),
        None => out_of_range(index),
    }
}

fn count<'a>(text: &str) -> Value<'a> {
    super::int(text.chars().count())
}

fn index_of<'a>(text: &str, part: &str, start: i64) -> Outcome<'a> {
    let Some(from) = byte_at(text, start) else { return out_of_range(start) };
    Ok(text[from..].find(part).map_or(Value::Int(-1), |at| count(&text[..from + at])))
}

fn last_index_of<'a>(text: &str, part: &str, end: Option<i64>) -> Outcome<'a> {
    // The part may begin at `end`, and so reach beyond it.
    let limit = match end {
        None => text.len(),
        Some(end) => match byte_at(text, end) {
            Some(at) => (at + part.len()).min(text.len()),
            None => return out_of_range(end),
        },
    };
    let limit = (limit..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    let found = text[..limit].rfind(part);
    Ok(found.map_or(Value::Int(-1), |at| count(&text[..at])))
}

fn join<'a>(list: &List<'a>, separator: &str) -> Outcome<'a> {
    let mut out = String::new();
    for (index, value) in list.iter().enumerate() {
        let Some(text) = value.as_str() else { return no_overload() };
        if index > 0 {
            out.push_str(separator);
        }
        out.push_str(text);
    }
    Ok(Value::from(out))
}

fn split<'a>(text: &str, separator: &str, count: i64) -> Value<'a> {
    let part = |part: &str| Value::from(part.to_owned());
    let parts: Vec<Value<'a>> = match usize::try_from(count) {
        Ok(0) => Vec::new(),
        limit if separator.is_empty() => {
            // Into characters; the last part takes the rest.
            let limit = limit.unwrap_or(usize::MAX);
            let mut parts: Vec<Value<'a>> = Vec::new();
            for (at, character) in text.char_indices() {
                if parts.len() + 1 == limit {
                    parts.push(part(&text[at..]));
                    break;
                }
                parts.push(Value::from(character.to_string()));
            }
            parts
        }
        Ok(limit) => text.splitn(limit, separator).map(part).collect(),
        Err(_) => text.split(separator).map(part).collect(),
    };
    Value::from(parts)
}

fn substring<'a>(text: &str, start: i64, end: Option<i64>) -> Outcome<'a> {
    if let Some(end) = end
        && start > end
    {
        return failed(format!("invalid substring range. start: {start}, end: {end}"));
    }
    let Some(from) = byte_at(text, start) else { return out_of_range(start) };
    let to = match end {
        None => text.len(),
        Some(end) => match byte_at(text, end) {
            Some(at) => at,
            None => return out_of_range(end),
        },
    };
    Ok(Value::from(text[from..to].to_owned()))
}

/// Text in quotes, with escapes where it needs them.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
