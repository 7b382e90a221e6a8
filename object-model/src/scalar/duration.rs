//! Durations in Go's text form.

use crate::reflect::Scalar;

/// A length of time such as `1h30m0s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GoDuration {
    nanos: i64,
}

impl GoDuration {
    /// From nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self { nanos }
    }
    /// In nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.nanos
    }
}

impl std::str::FromStr for GoDuration {
    type Err = String;
    /// Reads a sequence of decimal numbers with units (`ns`, `us`, `µs`, `ms`, `s`, `m`, `h`).
    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("time: invalid duration {text:?}");
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Self::default());
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total = 0_u64;
        while !rest.is_empty() {
            let (digits, tail) = digits(rest);
            let (fraction, tail) = tail.strip_prefix('.').map_or(("", tail), self::digits);
            if digits.is_empty() && fraction.is_empty() {
                return Err(invalid());
            }
            let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
            let (unit, next) = tail.split_at(end);
            let scale: u64 = match unit {
                "" => return Err(format!("time: missing unit in duration {text:?}")),
                "ns" => 1,
                "us" | "µs" | "μs" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                _ => return Err(format!("time: unknown unit {unit:?} in duration {text:?}")),
            };
            let whole: u64 = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| invalid())? };
            let part = whole.checked_mul(scale).and_then(|part| part.checked_add(part_of(fraction, scale)));
            total = part.and_then(|part| total.checked_add(part)).filter(|total| *total <= MOST).ok_or_else(invalid)?;
            rest = next;
        }
        match i64::try_from(total) {
            Ok(nanos) => Ok(Self { nanos: if negative { -nanos } else { nanos } }),
            Err(_) if negative => Ok(Self { nanos: i64::MIN }),
            Err(_) => Err(invalid()),
        }
    }
}

/// Nanoseconds of the longest duration, which is negative.
const MOST: u64 = i64::MIN.unsigned_abs();

/// The digits at the start, and the rest.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// This decimal fraction of a unit, rounded down; digits beyond the eighteenth are far below a nanosecond.
fn part_of(fraction: &str, unit: u64) -> u64 {
    let (mut digits, mut scale) = (0_u128, 1_u128);
    for digit in fraction.bytes().take(18) {
        digits = digits * 10 + u128::from(digit - b'0');
        scale *= 10;
    }
    u64::try_from(digits * u128::from(unit) / scale).unwrap_or(u64::MAX)
}

impl std::fmt::Display for GoDuration {
    /// As Go prints it: the largest units first, `0s` for zero, fractions below a second.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let total = self.nanos.unsigned_abs();
        if self.nanos < 0 {
            f.write_str("-")?;
        }
        let fraction = |value: u64, unit: u64| {
            let (whole, part) = (value / unit, value % unit);
            if part == 0 {
                return whole.to_string();
            }
            let width = unit.ilog10() as usize;
            format!("{whole}.{}", format!("{part:0width$}").trim_end_matches('0'))
        };
        match total {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{total}ns"),
            1_000..1_000_000 => write!(f, "{}µs", fraction(total, 1_000)),
            1_000_000..1_000_000_000 => write!(f, "{}ms", fraction(total, 1_000_000)),
            _ => {
                let (minutes, rest) = (total / 60_000_000_000, total % 60_000_000_000);
                let seconds = fraction(rest, 1_000_000_000);
                match (minutes / 60, minutes % 60) {
                    (0, 0) => write!(f, "{seconds}s"),
                    (0, minutes) => write!(f, "{minutes}m{seconds}s"),
                    (hours, minutes) => write!(f, "{hours}h{minutes}m{seconds}s"),
                }
            }
        }
    }
}

impl Scalar for GoDuration {
    fn is_zero(&self) -> bool {
        self.nanos == 0
    }
    fn write_json(&self, out: &mut Vec<u8>) {
        crate::json::write_string(out, &self.to_string());
    }
    fn read_json(&mut self, text: &[u8]) -> Result<(), String> {
        let text: String = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        *self = text.parse()?;
        Ok(())
    }
    fn write_protobuf(&self, out: &mut Vec<u8>) {
        crate::protobuf::write_varint_field(out, 1, self.nanos as u64);
    }
    fn read_protobuf(&mut self, body: &[u8]) -> Result<(), String> {
        self.nanos = crate::protobuf::last_varint_field(body, 1)?.unwrap_or_default() as i64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_go_does() {
        for text in ["0s", "1h30m0s", "1.5s", "250ms", "1m0s", "-2m3.000000004s", "15ns"] {
            assert_eq!(text.parse::<GoDuration>().unwrap().to_string(), text);
        }
        assert_eq!("90m".parse::<GoDuration>().unwrap().to_string(), "1h30m0s");
        assert_eq!("1h30ns".parse::<GoDuration>().unwrap().to_string(), "1h0m0.00000003s");
        assert_eq!("1h0m0.00000003s".parse(), Ok(GoDuration::from_nanos(3_600_000_000_030)));
        assert_eq!("-9223372036854775808ns".parse(), Ok(GoDuration::from_nanos(i64::MIN)));
        assert!("9223372036854775808ns".parse::<GoDuration>().is_err());
        assert!("5".parse::<GoDuration>().is_err());
    }
}
