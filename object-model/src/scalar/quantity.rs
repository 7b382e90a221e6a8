//! Quantities: exact decimals with suffixes.
//!
//! Invariant: a value is a whole number of billionths (finer parts are rounded away from zero, as Kubernetes does);
//! it prints in the canonical form of the notation it was written in. Source: Kubernetes API reference, "Quantity".

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use crate::reflect::Scalar;

/// Billionths of one.
const NANO: i128 = 1_000_000_000;
/// Values beyond this are capped: 2^63 - 1, in billionths.
const CAP: i128 = i64::MAX as i128 * NANO;

/// How a quantity is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Notation {
    /// `m`, `k`, `M`, ...
    #[default]
    Decimal,
    /// `Ki`, `Mi`, ...
    Binary,
    /// `e3`, `E6`, ...
    Exponent,
}

/// An amount of a resource, such as `100m` of a CPU or `2Gi` of memory. Compares by value.
#[derive(Clone, Copy, Default)]
pub struct Quantity {
    nanos: i128,
    notation: Notation,
}

/// A text that is no quantity.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ParseQuantityError {
    /// The form is wrong.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Form,
    /// The suffix is none that is known.
    #[error("unable to parse quantity's suffix")]
    Suffix,
    /// There are no digits.
    #[error("unable to parse numeric part of quantity")]
    Number,
}

impl Quantity {
    /// A whole number.
    pub fn from_i64(value: i64) -> Self {
        Self { nanos: i128::from(value) * NANO, notation: Notation::Decimal }
    }

    /// Thousandths, as CPU is counted.
    pub fn from_millis(value: i64) -> Self {
        Self { nanos: i128::from(value) * (NANO / 1000), notation: Notation::Decimal }
    }

    /// A number of bytes, written with binary suffixes.
    pub fn from_bytes(value: i64) -> Self {
        Self { nanos: i128::from(value) * NANO, notation: Notation::Binary }
    }

    /// Rounded up to a whole number.
    pub fn value(&self) -> i64 {
        saturate(ceil(self.nanos, NANO))
    }

    /// In thousandths, rounded up; stays at the largest number where it does not fit.
    pub fn millis(&self) -> i64 {
        saturate(ceil(self.nanos, NANO / 1000))
    }

    /// As a floating-point number, for ratios.
    pub fn as_f64(&self) -> f64 {
        self.nanos as f64 / NANO as f64
    }

    /// Less than zero?
    pub fn is_negative(&self) -> bool {
        self.nanos < 0
    }

    /// Rounds away from zero to whole thousandths.
    pub fn round_up_to_millis(&mut self) {
        let milli = NANO / 1000;
        let rest = self.nanos % milli;
        if rest != 0 {
            self.nanos += if rest > 0 { milli - rest } else { -milli - rest };
        }
    }

    fn with(self, nanos: i128) -> Self {
        Self { nanos: nanos.clamp(-CAP, CAP), notation: self.notation }
    }
}

fn ceil(value: i128, unit: i128) -> i128 {
    value.div_euclid(unit) + i128::from(value.rem_euclid(unit) != 0)
}

fn saturate(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

impl FromStr for Quantity {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        let (negative, rest) = match text.as_bytes().first() {
            None => return Err(ParseQuantityError::Form),
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            Some(_) => (false, text),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || whole.is_empty() && fraction.is_empty() {
            return Err(ParseQuantityError::Form);
        }
        let (notation, ten, two) = suffix_of(suffix)?;
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        // The value is digits * 10^power * 2^two; more digits than fit are beyond the cap anyway.
        let power = ten.saturating_sub(i64::try_from(fraction.len()).unwrap_or(i64::MAX)).saturating_add(9);
        let nanos = scaled(digits, power, two).unwrap_or(CAP).min(CAP);
        let nanos = if negative { -nanos } else { nanos };
        Ok(Self { nanos, notation })
    }
}

/// `digits * 10^power * 2^two`, rounded up; `None` beyond the cap.
fn scaled(digits: &str, power: i64, two: u32) -> Option<i128> {
    if digits.is_empty() {
        return Some(0);
    }
    // What lies below a billionth only decides about rounding up.
    let (digits, power, mut inexact) = if power < -30 && two == 0 {
        return Some(1);
    } else if digits.len() > 36 {
        let cut = digits.len() - 36;
        let rest = digits[36..].bytes().any(|digit| digit != b'0');
        (&digits[..36], power.saturating_add(i64::try_from(cut).ok()?), rest)
    } else {
        (digits, power, false)
    };
    let mut value: i128 = digits.parse().ok()?;
    value = value.checked_mul(1i128 << two)?;
    if power >= 0 {
        let factor = 10i128.checked_pow(u32::try_from(power).ok()?)?;
        value = value.checked_mul(factor)?;
    } else {
        let divisor = 10i128.checked_pow(u32::try_from(-power).ok()?);
        match divisor {
            Some(divisor) => {
                inexact |= value % divisor != 0;
                value /= divisor;
            }
            None => {
                inexact = true;
                value = 0;
            }
        }
    }
    Some(value + i128::from(inexact))
}

/// Notation, power of ten and power of two of a suffix.
fn suffix_of(suffix: &str) -> Result<(Notation, i64, u32), ParseQuantityError> {
    let decimal = |power| Ok((Notation::Decimal, power, 0));
    let binary = |power| Ok((Notation::Binary, 0, power));
    match suffix {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => {
            let Some(exponent) = suffix.strip_prefix(['e', 'E']) else {
                let known = suffix.bytes().all(|byte| b"eEinumkKMGTP+-0123456789".contains(&byte));
                return Err(if known { ParseQuantityError::Suffix } else { ParseQuantityError::Form });
            };
            let power: i64 = exponent.parse().map_err(|_| {
                let known = exponent.bytes().all(|byte| b"eEinumkKMGTP+-0123456789".contains(&byte));
                if known { ParseQuantityError::Suffix } else { ParseQuantityError::Form }
            })?;
            Ok((Notation::Exponent, power, 0))
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        let whole = self.nanos % NANO == 0;
        if self.notation == Notation::Binary && whole && (self.nanos / NANO).abs() >= 1024 {
            let mut value = self.nanos / NANO;
            let mut suffix = "";
            for next in ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] {
                if value % 1024 != 0 {
                    break;
                }
                value /= 1024;
                suffix = next;
            }
            return write!(f, "{value}{suffix}");
        }
        let mut value = self.nanos;
        let mut power = -9;
        while value % 1000 == 0 && power < 18 {
            value /= 1000;
            power += 3;
        }
        match (self.notation, power) {
            (_, 0) => write!(f, "{value}"),
            (Notation::Exponent, power) => write!(f, "{value}e{power}"),
            (_, power) => {
                let suffix = match power {
                    -9 => "n",
                    -6 => "u",
                    -3 => "m",
                    3 => "k",
                    6 => "M",
                    9 => "G",
                    12 => "T",
                    15 => "P",
                    _ => "E",
                };
                write!(f, "{value}{suffix}")
            }
        }
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quantity({self})")
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}
impl Eq for Quantity {}
impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nanos.hash(state);
    }
}
impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}
impl Add for Quantity {
    type Output = Self;
    /// In the notation of the first, unless that is zero.
    fn add(self, other: Self) -> Self {
        let base = if self.nanos == 0 { other } else { self };
        base.with(self.nanos + other.nanos)
    }
}
impl Sub for Quantity {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        let base = if self.nanos == 0 { other } else { self };
        base.with(self.nanos - other.nanos)
    }
}
impl AddAssign for Quantity {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
impl SubAssign for Quantity {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}
impl Neg for Quantity {
    type Output = Self;
    fn neg(self) -> Self {
        self.with(-self.nanos)
    }
}

impl Scalar for Quantity {
    fn is_zero(&self) -> bool {
        self.nanos == 0
    }
    fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(self.to_string().as_bytes());
        out.push(b'"');
    }
    fn read_json(&mut self, text: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(text).map_err(|_| ParseQuantityError::Form.to_string())?;
        let text = text.trim_matches('"');
        *self = text.parse().map_err(|error: ParseQuantityError| error.to_string())?;
        Ok(())
    }
    fn write_protobuf(&self, out: &mut Vec<u8>) {
        crate::protobuf::write_bytes_field(out, 1, self.to_string().as_bytes());
    }
    fn read_protobuf(&mut self, body: &[u8]) -> Result<(), String> {
        let text = crate::protobuf::last_bytes_field(body, 1)?.unwrap_or_default();
        let text = std::str::from_utf8(text).map_err(|_| ParseQuantityError::Form.to_string())?;
        *self = if text.is_empty() {
            Self::default()
        } else {
            text.parse().map_err(|error: ParseQuantityError| error.to_string())?
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        text.parse::<Quantity>().unwrap().to_string()
    }

    #[test]
    fn prints_canonically() {
        let cases = [
            ("0", "0"),
            ("100m", "100m"),
            ("1000m", "1"),
            ("1.5", "1500m"),
            ("0.5", "500m"),
            ("1000k", "1M"),
            ("1024Ki", "1Mi"),
            ("2Gi", "2Gi"),
            ("1.5Gi", "1536Mi"),
            ("512", "512"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("12e6", "12e6"),
            ("-5", "-5"),
            ("0.1Gi", "107374182400m"),
            ("1Ki", "1Ki"),
            ("1023Ki", "1023Ki"),
            (".5", "500m"),
            ("5.", "5"),
            ("1n", "1n"),
            ("0.1n", "1n"),
        ];
        for (text, expected) in cases {
            assert_eq!(canonical(text), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_quantity() {
        for text in ["", "abc", "1.2.3", "1 Gi", "1gi", "--1", "1Kii", "e3", "1e", "."] {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_exponent_may_be_as_large_as_it_likes() {
        let written = |text: &str| text.parse::<Quantity>().unwrap().to_string();
        assert_eq!(written("0.000E09223372036854775807"), "0");
        assert_eq!(written("1e9223372036854775807"), written("1e400"));
        assert_eq!(written("1.5e-9223372036854775808"), "1e-9");
    }

    #[test]
    fn compares_and_rounds_by_value() {
        let quantity = |text: &str| text.parse::<Quantity>().unwrap();
        assert_eq!(quantity("1"), quantity("1000m"));
        assert!(quantity("1Gi") > quantity("1G"));
        assert_eq!(quantity("1500m").value(), 2);
        assert_eq!(quantity("0.0001").millis(), 1);
        assert_eq!((quantity("1Gi") + quantity("1Gi")).to_string(), "2Gi");
        assert_eq!(quantity("99999999999999999999E").value(), i64::MAX);
    }
}
