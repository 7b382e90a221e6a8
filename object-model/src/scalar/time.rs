//! Points in time, as the API writes them.

mod layout;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::protobuf;
use crate::reflect::Scalar;

/// A point in time with whole seconds: `2026-01-02T03:04:05Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time {
    seconds: i64,
}

/// A point in time with microseconds: `2026-01-02T03:04:05.000006Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MicroTime {
    micros: i64,
}

impl Time {
    /// From seconds since 1970.
    pub const fn from_unix(seconds: i64) -> Self {
        Self { seconds }
    }
    /// Seconds since 1970.
    pub const fn unix(self) -> i64 {
        self.seconds
    }
    /// Time that has passed since `earlier`; zero if it is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.seconds.saturating_sub(earlier.seconds)).unwrap_or_default())
    }
    /// This much later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self { seconds: self.seconds.saturating_add(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)) }
    }
}

impl MicroTime {
    /// From microseconds since 1970.
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self { micros }
    }
    /// Microseconds since 1970.
    pub const fn unix_micros(self) -> i64 {
        self.micros
    }
    /// The same time in whole seconds, rounded down.
    pub const fn to_time(self) -> Time {
        Time { seconds: self.micros.div_euclid(1_000_000) }
    }
    /// Time that has passed since `earlier`; zero if it is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.micros.saturating_sub(earlier.micros)).unwrap_or_default())
    }
    /// This much later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self { micros: self.micros.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)) }
    }
}

impl From<MicroTime> for Time {
    fn from(time: MicroTime) -> Self {
        time.to_time()
    }
}

impl From<Time> for MicroTime {
    fn from(time: Time) -> Self {
        Self { micros: time.seconds.saturating_mul(1_000_000) }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.seconds) {
            Ok(time) => write!(f, "{time:.0}"),
            Err(_) => f.write_str("0001-01-01T00:00:00Z"),
        }
    }
}

impl fmt::Display for MicroTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.micros) {
            Ok(time) => write!(f, "{time:.6}"),
            Err(_) => f.write_str("0001-01-01T00:00:00.000000Z"),
        }
    }
}

fn parse(text: &str) -> Result<jiff::Timestamp, String> {
    text.parse().map_err(|_| format!("parsing time {text:?} as RFC 3339"))
}

impl FromStr for Time {
    type Err = String;
    /// Reads RFC 3339; fractions of a second are dropped.
    fn from_str(text: &str) -> Result<Self, String> {
        let time = parse(text)?;
        Ok(Self { seconds: time.as_nanosecond().div_euclid(1_000_000_000) as i64 })
    }
}

impl FromStr for MicroTime {
    type Err = String;
    /// Reads RFC 3339; what is finer than a microsecond is dropped.
    fn from_str(text: &str) -> Result<Self, String> {
        let time = parse(text)?;
        Ok(Self { micros: time.as_nanosecond().div_euclid(1_000) as i64 })
    }
}

/// Seconds and nanoseconds of a `google.protobuf.Timestamp`.
fn read_timestamp(body: &[u8]) -> Result<(i64, i64), String> {
    let seconds = protobuf::last_varint_field(body, 1)?.unwrap_or_default() as i64;
    let nanos = protobuf::last_varint_field(body, 2)?.unwrap_or_default() as i64;
    Ok((seconds, nanos))
}

macro_rules! time_scalar {
    ($name:ident, $micros:literal, |$value:ident| $parts:expr, |$seconds:ident, $nanos:ident| $make:expr) => {
        impl Scalar for $name {
            fn is_zero(&self) -> bool {
                // A time is absent as `None`; every `Time` value is a real point in time.
                false
            }
            fn write_json(&self, out: &mut Vec<u8>) {
                crate::json::write_string(out, &self.to_string());
            }
            fn read_json(&mut self, text: &[u8]) -> Result<(), String> {
                let text: std::borrow::Cow<'_, str> = serde_json::from_slice(text)
                    .map_err(|_| format!("expected a time in quotes, found {}", crate::json::describe(text)))?;
                layout::check(&text, $micros)?;
                *self = text.parse()?;
                Ok(())
            }
            fn write_protobuf(&self, out: &mut Vec<u8>) {
                let $value = self;
                let (seconds, nanos): (i64, i64) = $parts;
                protobuf::write_varint_field(out, 1, seconds as u64);
                protobuf::write_varint_field(out, 2, nanos as u64);
            }
            fn read_protobuf(&mut self, body: &[u8]) -> Result<(), String> {
                let ($seconds, $nanos) = read_timestamp(body)?;
                *self = $make;
                Ok(())
            }
        }
    };
}

time_scalar!(Time, false, |time| (time.seconds, 0), |seconds, _nanos| Self { seconds });
time_scalar!(
    MicroTime,
    true,
    |time| (time.micros.div_euclid(1_000_000), time.micros.rem_euclid(1_000_000) * 1_000),
    |seconds, nanos| Self { micros: seconds.saturating_mul(1_000_000).saturating_add(nanos / 1_000) }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_rfc_3339() {
        let time: Time = "2026-01-02T03:04:05+01:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-01-02T02:04:05Z");
        let micro: MicroTime = "2026-01-02T03:04:05.000006Z".parse().unwrap();
        assert_eq!(micro.to_string(), "2026-01-02T03:04:05.000006Z");
        assert_eq!(micro.to_time().to_string(), "2026-01-02T03:04:05Z");
    }
}
