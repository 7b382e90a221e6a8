//! Semantic versions.

use std::cmp::Ordering;
use std::sync::Arc;

use super::opaque::{Kind, Opaque};
use super::{Cost, Function, Outcome, failed, function, no_overload};
use crate::value::Value;

/// A semantic version. Equality is that of precedence: build metadata does not count.
#[derive(Clone, Debug)]
pub(crate) struct Semver {
    numbers: [u64; 3],
    pre: Vec<String>,
}

const COMPARE: &[&str] = &["Semver.(Semver) -> bool"];

pub(super) const FUNCTIONS: &[Function] = &[
    function("semver", &["(string) -> Semver", "(string, bool) -> Semver"], Cost::Traverse(0), |_, args| {
        match parse_args(args) {
            Some(Ok(version)) => Ok(Value::Opaque(Opaque(Kind::Semver(Arc::new(version))))),
            Some(Err(error)) => failed(error),
            None => no_overload(),
        }
    }),
    function("isSemver", &["(string) -> bool", "(string, bool) -> bool"], Cost::Traverse(0), |_, args| {
        parse_args(args).map_or_else(no_overload, |parsed| Ok(Value::Bool(parsed.is_ok())))
    }),
    function("major", &["Semver.() -> int"], Cost::One, |_, args| number(args, 0)),
    function("minor", &["Semver.() -> int"], Cost::One, |_, args| number(args, 1)),
    function("patch", &["Semver.() -> int"], Cost::One, |_, args| number(args, 2)),
    function("isGreaterThan", COMPARE, Cost::One, |_, args| pair(args, |order| Value::Bool(order.is_gt()))),
    function("isLessThan", COMPARE, Cost::One, |_, args| pair(args, |order| Value::Bool(order.is_lt()))),
    function("compareTo", &["Semver.(Semver) -> int"], Cost::One, |_, args| {
        pair(args, |order| Value::Int(order as i64))
    }),
];

fn parse_args(args: &[Value<'_>]) -> Option<Result<Semver, String>> {
    let text = args[0].as_str()?;
    match args.get(1) {
        None | Some(Value::Bool(false)) => Some(parse(text)),
        Some(Value::Bool(true)) => Some(parse(&normalize(text))),
        Some(_) => None,
    }
}

/// Drops a leading `v`, leading zeros, and fills in missing numbers.
fn normalize(text: &str) -> String {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let mut parts: Vec<String> = numbers
        .split('.')
        .map(|part| match part.trim_start_matches('0') {
            "" if !part.is_empty() => "0".to_owned(),
            trimmed => trimmed.to_owned(),
        })
        .collect();
    if rest.is_empty() {
        while parts.len() < 3 {
            parts.push("0".to_owned());
        }
    }
    format!("{}{rest}", parts.join("."))
}

fn parse(text: &str) -> Result<Semver, String> {
    if text.is_empty() {
        return Err("Version string empty".into());
    }
    let mut parts = text.splitn(3, '.');
    let (Some(major), Some(minor), Some(patch)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("No Major.Minor.Patch elements found".into());
    };
    let (patch, build) = match patch.split_once('+') {
        Some((patch, build)) => (patch, Some(build)),
        None => (patch, None),
    };
    let (patch, pre) = match patch.split_once('-') {
        Some((patch, pre)) => (patch, Some(pre)),
        None => (patch, None),
    };
    let number = |name: &str, text: &str| -> Result<u64, String> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("Invalid character(s) found in {name} number \"{text}\""));
        }
        if text.len() > 1 && text.starts_with('0') {
            return Err(format!("{name} number must not contain leading zeroes \"{text}\""));
        }
        text.parse().map_err(|_| format!("strconv.ParseUint: parsing \"{text}\": value out of range"))
    };
    let numbers = [number("major", major)?, number("minor", minor)?, number("patch", patch)?];
    let identifiers = |text: &str, build: bool| -> Result<Vec<String>, String> {
        text.split('.')
            .map(|part| {
                let numeric = part.bytes().all(|byte| byte.is_ascii_digit());
                let what = if build { "Build meta data" } else { "Prerelease" };
                if part.is_empty() {
                    return Err(format!("{what} is empty"));
                }
                if !part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                    return Err(if build {
                        format!("Invalid character(s) found in build meta data \"{part}\"")
                    } else {
                        format!("Invalid character(s) found in prerelease \"{part}\"")
                    });
                }
                if !build && numeric && part.len() > 1 && part.starts_with('0') {
                    return Err(format!("Numeric PreRelease version must not contain leading zeroes \"{part}\""));
                }
                Ok(part.to_owned())
            })
            .collect()
    };
    let pre = pre.map_or(Ok(Vec::new()), |pre| identifiers(pre, false))?;
    build.map_or(Ok(Vec::new()), |build| identifiers(build, true))?;
    Ok(Semver { numbers, pre })
}

impl Ord for Semver {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let pairs = self.pre.iter().zip(&other.pre).map(|(a, b)| compare_identifiers(a, b));
                pairs.fold(Ordering::Equal, Ordering::then).then(self.pre.len().cmp(&other.pre.len()))
            }
        })
    }
}

/// Numbers before words, and by value.
fn compare_identifiers(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

impl PartialOrd for Semver {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Semver {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Semver {}

fn get<'v>(value: &'v Value<'_>) -> Option<&'v Semver> {
    match value {
        Value::Opaque(Opaque(Kind::Semver(version))) => Some(version),
        _ => None,
    }
}

fn number<'a>(args: &[Value<'a>], index: usize) -> Outcome<'a> {
    get(&args[0])
        .map_or_else(no_overload, |version| Ok(Value::Int(i64::try_from(version.numbers[index]).unwrap_or(i64::MAX))))
}

fn pair<'a>(args: &[Value<'a>], apply: fn(Ordering) -> Value<'a>) -> Outcome<'a> {
    match (get(&args[0]), get(&args[1])) {
        (Some(a), Some(b)) => Ok(apply(a.cmp(b))),
        _ => no_overload(),
    }
}
