//! A number or a string: port names and numbers, counts and percentages.

use std::fmt;

use crate::protobuf;
use crate::reflect::Scalar;

/// An integer or a string, told apart by its JSON type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IntOrString {
    /// A number.
    Int(i32),
    /// A string such as a port name or `25%`.
    String(String),
}

impl IntOrString {
    /// The share of `total` that this stands for: the number itself, or a percentage rounded as asked.
    /// `None` if it is a string that is no percentage.
    pub fn scaled(&self, total: i32, round_up: bool) -> Option<i32> {
        match self {
            Self::Int(value) => Some(*value),
            Self::String(text) => {
                let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
                let share = percent.checked_mul(i64::from(total))?;
                let rounded = if round_up {
                    share.div_euclid(100) + i64::from(share.rem_euclid(100) != 0)
                } else {
                    share.div_euclid(100)
                };
                i32::try_from(rounded).ok()
            }
        }
    }
}

impl Default for IntOrString {
    fn default() -> Self {
        Self::Int(0)
    }
}

impl From<i32> for IntOrString {
    fn from(value: i32) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for IntOrString {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl fmt::Display for IntOrString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => value.fmt(f),
            Self::String(value) => value.fmt(f),
        }
    }
}

impl Scalar for IntOrString {
    fn is_zero(&self) -> bool {
        *self == Self::Int(0)
    }
    fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Int(value) => out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes()),
            Self::String(value) => crate::json::write_string(out, value),
        }
    }
    fn read_json(&mut self, text: &[u8]) -> Result<(), String> {
        if text.first() == Some(&b'"') {
            *self = Self::String(serde_json::from_slice(text).map_err(|error| error.to_string())?);
        } else {
            let number = std::str::from_utf8(text).unwrap_or_default();
            *self = Self::Int(number.parse().map_err(|_| {
                format!("json: cannot unmarshal {} into Go value of type int32", crate::json::describe(text))
            })?);
        }
        Ok(())
    }
    fn write_protobuf(&self, out: &mut Vec<u8>) {
        let (kind, int, string) = match self {
            Self::Int(value) => (0, *value, ""),
            Self::String(value) => (1, 0, value.as_str()),
        };
        protobuf::write_varint_field(out, 1, kind);
        protobuf::write_varint_field(out, 2, int as i64 as u64);
        protobuf::write_bytes_field(out, 3, string.as_bytes());
    }
    fn read_protobuf(&mut self, body: &[u8]) -> Result<(), String> {
        *self = if protobuf::last_varint_field(body, 1)?.unwrap_or_default() == 1 {
            let text = protobuf::last_bytes_field(body, 3)?.unwrap_or_default();
            Self::String(std::str::from_utf8(text).map_err(|_| "string is not UTF-8".to_owned())?.to_owned())
        } else {
            Self::Int(protobuf::last_varint_field(body, 2)?.unwrap_or_default() as i64 as i32)
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_as_asked() {
        let quarter = IntOrString::from("25%");
        assert_eq!(quarter.scaled(3, true), Some(1));
        assert_eq!(quarter.scaled(3, false), Some(0));
        assert_eq!(IntOrString::Int(7).scaled(3, true), Some(7));
        assert_eq!(IntOrString::from("http").scaled(3, true), None);
    }
}
