//! What a client wants of a log.

use pintle_object_model::MicroTime;

/// Options of the log API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Wait for more until the container ends.
    pub follow: bool,
    /// Of the attempt before the newest.
    pub previous: bool,
    /// Only the last so many lines.
    pub tail_lines: Option<u64>,
    /// Only what was written within so many seconds.
    pub since_seconds: Option<u64>,
    /// Only what was written since then.
    pub since_time: Option<MicroTime>,
    /// With the time in front of each line.
    pub timestamps: bool,
    /// At most so many bytes.
    pub limit_bytes: Option<u64>,
    /// `Stdout`, `Stderr` or `All` (the default).
    pub stream: Option<String>,
}

impl LogOptions {
    /// From a query's names and values.
    ///
    /// # Errors
    /// The text for a 422 answer.
    pub fn from_query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let mut options = Self::default();
        for (name, value) in pairs {
            let number = || value.parse::<u64>().map_err(|_| format!("invalid value {value:?} for {name}"));
            match name {
                "follow" => options.follow = truth(value),
                "previous" => options.previous = truth(value),
                "timestamps" => options.timestamps = truth(value),
                "tailLines" => options.tail_lines = Some(number()?),
                "sinceSeconds" => options.since_seconds = Some(number()?),
                "limitBytes" => options.limit_bytes = Some(number()?),
                "sinceTime" => options.since_time = Some(value.parse()?),
                "stream" if !value.is_empty() => options.stream = Some(value.to_owned()),
                _ => {}
            }
        }
        Ok(options)
    }

    /// The earliest time that is wanted.
    pub(crate) fn since(&self, now: MicroTime) -> Option<MicroTime> {
        let ago = |seconds: u64| {
            let micros = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
            MicroTime::from_unix_micros(now.unix_micros().saturating_sub(micros))
        };
        self.since_seconds.map(ago).or(self.since_time)
    }

    /// Is this stream wanted?
    pub(crate) fn wants(&self, stream: &str) -> bool {
        match self.stream.as_deref() {
            Some("Stdout") => stream == "stdout",
            Some("Stderr") => stream == "stderr",
            _ => true,
        }
    }
}

/// As query parameters say it.
pub(crate) fn truth(value: &str) -> bool {
    !matches!(value, "" | "false" | "0" | "False" | "FALSE" | "f" | "F")
}
