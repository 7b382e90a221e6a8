//! Points in time, lengths of time, and the calendar in any time zone.

use std::sync::LazyLock;

use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ZonedDateTime};

use super::{Cost, Function, Outcome, failed, function, no_overload};
use crate::errors::EvalError;
use crate::value::Value;

const SECOND: i128 = 1_000_000_000;
/// The years 1 to 9999.
const FIRST: i128 = -62_135_596_800 * SECOND;
const LAST: i128 = 253_402_300_800 * SECOND - 1;

/// Built in, so that no run depends on the machine's files.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

const PART: &[&str] = &["timestamp.() -> int", "timestamp.(string) -> int"];
const PART_OR_LENGTH: &[&str] = &["timestamp.() -> int", "timestamp.(string) -> int", "duration.() -> int"];

pub(super) const FUNCTIONS: &[Function] = &[
    function("getFullYear", PART, Cost::One, |_, args| part(args, |time| i64::from(time.year()))),
    function("getMonth", PART, Cost::One, |_, args| part(args, |time| i64::from(time.month()) - 1)),
    function("getDate", PART, Cost::One, |_, args| part(args, |time| i64::from(time.day()))),
    function("getDayOfMonth", PART, Cost::One, |_, args| part(args, |time| i64::from(time.day()) - 1)),
    function("getDayOfWeek", PART, Cost::One, |_, args| {
        part(args, |time| i64::from(time.weekday().to_sunday_zero_offset()))
    }),
    function("getDayOfYear", PART, Cost::One, |_, args| part(args, |time| i64::from(time.day_of_year()) - 1)),
    function("getHours", PART_OR_LENGTH, Cost::One, |_, args| match args[0] {
        Value::Duration(nanos) => Ok(Value::Int(nanos / 3_600_000_000_000)),
        _ => part(args, |time| i64::from(time.hour())),
    }),
    function("getMinutes", PART_OR_LENGTH, Cost::One, |_, args| match args[0] {
        Value::Duration(nanos) => Ok(Value::Int(nanos / 60_000_000_000)),
        _ => part(args, |time| i64::from(time.minute())),
    }),
    function("getSeconds", PART_OR_LENGTH, Cost::One, |_, args| match args[0] {
        Value::Duration(nanos) => Ok(Value::Int(nanos / 1_000_000_000)),
        _ => part(args, |time| i64::from(time.second())),
    }),
    function("getMilliseconds", PART_OR_LENGTH, Cost::One, |_, args| match args[0] {
        Value::Duration(nanos) => Ok(Value::Int(nanos / 1_000_000)),
        _ => part(args, |time| i64::from(time.millisecond())),
    }),
];

fn part<'a>(args: &[Value<'a>], get: impl Fn(&ZonedDateTime) -> i64) -> Outcome<'a> {
    let zone = match args.get(1) {
        None => TimeZone::UTC,
        Some(Value::String(name)) => zone(name)?,
        Some(_) => return no_overload(),
    };
    let Value::Timestamp(nanos) = args[0] else { return no_overload() };
    match Timestamp::from_nanosecond(nanos) {
        Ok(time) => Ok(Value::Int(get(&time.to_zoned_datetime(zone)))),
        Err(_) => failed("timestamp overflow"),
    }
}

/// A zone by its name, or by its distance from UTC such as `-08:00`.
fn zone(name: &str) -> Result<TimeZone, EvalError> {
    let unknown = || EvalError::Failed(format!("unknown time zone {name}"));
    let Some((hours, minutes)) = name.split_once(':') else {
        return match name {
            "" | "UTC" => Ok(TimeZone::UTC),
            _ => ZONES.get(name).map_err(|_| unknown()),
        };
    };
    let bad = |part: &str| EvalError::Failed(format!("strconv.Atoi: parsing \"{part}\": invalid syntax"));
    let hour: i32 = hours.parse().map_err(|_| bad(hours))?;
    let minute: i32 = minutes.parse().map_err(|_| bad(minutes))?;
    let minute = if hours.starts_with('-') { -minute } else { minute };
    let seconds = hour.checked_mul(3600).and_then(|seconds| seconds.checked_add(minute.checked_mul(60)?));
    let offset = seconds.and_then(|seconds| Offset::from_seconds(seconds).ok()).ok_or_else(unknown)?;
    Ok(TimeZone::fixed(offset))
}

pub(crate) fn in_range(nanos: i128) -> bool {
    (FIRST..=LAST).contains(&nanos)
}

/// RFC 3339.
pub(crate) fn parse_timestamp(text: &str) -> Option<i128> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 20 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[10] == b'T' && bytes[13] == b':';
    if !shaped || !bytes[19..].iter().all(|byte| b"0123456789.Z+-:".contains(byte)) {
        return None;
    }
    let nanos = text.parse::<Timestamp>().ok()?.as_nanosecond();
    in_range(nanos).then_some(nanos)
}

/// RFC 3339, or a date, which begins at midnight in UTC.
pub(crate) fn parse_time_or_date(text: &str) -> Option<i128> {
    parse_timestamp(text).or_else(|| parse_timestamp(&format!("{text}T00:00:00Z")))
}

pub(crate) fn format_timestamp(nanos: i128) -> String {
    Timestamp::from_nanosecond(nanos).map(|time| time.to_string()).unwrap_or_default()
}

/// A sum of numbers with units, as Go writes them: `1h30m`, `-1.5s`.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, more) = rest.split_at(end);
        let unit_end = more.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(more.len());
        let (unit, more) = more.split_at(unit_end);
        total = total.checked_add(scaled(number, unit)?)?;
        rest = more;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

fn scaled(number: &str, unit: &str) -> Option<i128> {
    let unit: i128 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) || whole.len() > 19 {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction = &fraction[..fraction.len().min(18)];
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let scale = 10i128.pow(u32::try_from(fraction.len()).ok()?);
    Some(whole.checked_mul(unit)? + part * unit / scale)
}

/// Seconds, as `string(duration)` gives them.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn format_duration(nanos: i64) -> String {
    format!("{}s", nanos as f64 / 1e9)
}
