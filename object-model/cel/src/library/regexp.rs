//! Regular expressions: `matches`, `find`, `findAll`. What does not compile is reported in the words of Go's parser.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};

use super::re2;
use super::{Context, Cost, Function, Outcome, function, no_overload};
use crate::errors::EvalError;
use crate::value::Value;

/// Most bytes that one compiled pattern may take.
const COMPILED_MAX: usize = 1 << 20;

pub(super) const FUNCTIONS: &[Function] = &[
    function("matches", &["(string, string) -> bool", "string.(string) -> bool"], Cost::Regex, |context, args| match (
        &args[0], &args[1],
    ) {
        (Value::String(text), Value::String(pattern)) => Ok(Value::Bool(regex(context, pattern)?.is_match(text))),
        _ => no_overload(),
    }),
    function("find", &["string.(string) -> string"], Cost::Regex, |context, args| match (&args[0], &args[1]) {
        (Value::String(text), Value::String(pattern)) => {
            let found = regex(context, pattern)?.find(text).map(|found| found.as_str().to_owned());
            Ok(Value::from(found.unwrap_or_default()))
        }
        _ => no_overload(),
    }),
    function(
        "findAll",
        &["string.(string) -> list(string)", "string.(string, int) -> list(string)"],
        Cost::Regex,
        find_all,
    ),
];

fn find_all<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Outcome<'a> {
    let limit = match args.get(2) {
        None => usize::MAX,
        Some(Value::Int(limit)) => usize::try_from(*limit).unwrap_or(usize::MAX),
        Some(_) => return no_overload(),
    };
    match (&args[0], &args[1]) {
        (Value::String(text), Value::String(pattern)) => {
            let regex = regex(context, pattern)?;
            let found = regex.find_iter(text).take(limit).map(|found| Value::from(found.as_str().to_owned()));
            Ok(Value::from(found.collect::<Vec<_>>()))
        }
        _ => no_overload(),
    }
}

fn regex<'c>(context: &Context<'c>, pattern: &str) -> Result<Cow<'c, Regex>, EvalError> {
    match context.regex {
        Some(regex) => Ok(Cow::Borrowed(regex)),
        None => compile(pattern).map(Cow::Owned).map_err(EvalError::Failed),
    }
}

/// The pattern, or why it is none.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    let refused = |reason: String| format!("error parsing regexp: {reason}");
    let translated = re2::translate(pattern).map_err(refused)?;
    build(&translated).map_err(|error| {
        // The places that an error names are those of the pattern as it was written, if that fails too.
        let (error, pattern) = match build(pattern) {
            Err(own) => (own, pattern),
            Ok(_) => (error, translated.as_str()),
        };
        let regex::Error::Syntax(text) = &error else { return refused("expression too large".to_owned()) };
        let (reason, part) = explain(text, pattern);
        refused(format!("{reason}: `{part}`"))
    })
}

fn build(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(COMPILED_MAX).dfa_size_limit(COMPILED_MAX).build()
}

/// Go's words for the crate's, and the part of the pattern that they are about.
fn explain(text: &str, pattern: &str) -> (&'static str, String) {
    let lines: Vec<&str> = text.lines().collect();
    let reason = lines.iter().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or_default();
    let marks = lines.iter().rev().find(|line| line.contains('^') && line.trim_matches(['^', ' ']).is_empty());
    let start = marks.and_then(|line| line.find('^')).map_or(0, |at| at.saturating_sub(4));
    let width = marks.map_or(0, |line| line.matches('^').count());
    let rest = || pattern.chars().skip(start).collect::<String>();
    let marked = || pattern.chars().skip(start).take(width).collect::<String>();
    let has = |part: &str| reason.contains(part);
    if has("unclosed character class") {
        ("missing closing ]", rest())
    } else if has("unclosed group") {
        ("missing closing )", pattern.to_owned())
    } else if has("unopened group") {
        ("unexpected )", pattern.to_owned())
    } else if has("repetition operator missing") {
        let operator = marked();
        ("missing argument to repetition operator", if operator.is_empty() { rest() } else { operator })
    } else if has("incomplete escape") {
        ("trailing backslash at end of expression", String::new())
    } else if has("escape") {
        ("invalid escape sequence", marked())
    } else if has("character class range") || has("class range") {
        ("invalid character class range", marked())
    } else if has("repetition") {
        ("invalid repeat count", marked())
    } else if has("look-around") || has("flag") {
        let mut part: String = rest().chars().take(3).collect();
        if part.starts_with("(?<") && pattern.chars().nth(start + 3).is_some_and(|c| "=!".contains(c)) {
            part = rest().chars().take(4).collect();
        }
        ("invalid or unsupported Perl syntax", part)
    } else if has("capture group name") {
        ("invalid named capture", marked())
    } else {
        ("invalid syntax", pattern.to_owned())
    }
}
