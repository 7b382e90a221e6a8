//! Cron schedules: when is the next time, and when was the last. No I/O.
//!
//! Source: Kubernetes concepts, "CronJob", "Schedule syntax".

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use pintle_object_model::Time;

/// Days that are searched: any schedule that ever fires does so within eight years (29 February around 2100).
const DAYS_MAX: usize = 366 * 8;

/// A parsed schedule in its time zone.
#[derive(Debug)]
pub(super) struct Schedule {
    times: Times,
    zone: TimeZone,
}

#[derive(Debug)]
enum Times {
    Every(Duration),
    Cron(Box<Cron>),
}

/// Sets of numbers as bits.
#[derive(Debug)]
struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Both day fields are restricted: either may match.
    either_day: bool,
}

impl Schedule {
    pub(super) fn parse(text: &str, zone: Option<&str>) -> Result<Self, String> {
        let zone = match zone {
            None | Some("UTC" | "Etc/UTC") => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| format!("unknown time zone {name}"))?,
        };
        let standard = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        let times = match standard.strip_prefix("@every ") {
            Some(text) => Times::Every(duration(text)?),
            None => Times::Cron(Box::new(Cron::parse(standard)?)),
        };
        Ok(Self { times, zone })
    }

    /// The first time after `after`.
    pub(super) fn next(&self, after: Time) -> Option<Time> {
        match &self.times {
            Times::Every(period) => Some(after.after(*period)),
            Times::Cron(cron) => {
                let mut date = self.date(after)?;
                for _ in 0..DAYS_MAX {
                    if cron.on(date) {
                        let found = cron.times().filter_map(|(hour, minute)| self.at(date, hour, minute));
                        if let Some(time) = found.filter(|time| *time > after).min() {
                            return Some(time);
                        }
                    }
                    date = date.tomorrow().ok()?;
                }
                None
            }
        }
    }

    /// The last time after `since` and not after `now`.
    pub(super) fn latest(&self, since: Time, now: Time) -> Option<Time> {
        let found = match &self.times {
            Times::Every(period) => {
                let steps = now.since(since).as_secs() / period.as_secs().max(1);
                since.after(Duration::from_secs(steps * period.as_secs()))
            }
            Times::Cron(cron) => {
                let mut date = self.date(now)?;
                let first = self.date(since)?;
                loop {
                    if cron.on(date) {
                        let found = cron.times().filter_map(|(hour, minute)| self.at(date, hour, minute));
                        if let Some(time) = found.filter(|time| *time <= now).max() {
                            break time;
                        }
                    }
                    if date <= first {
                        return None;
                    }
                    date = date.yesterday().ok()?;
                }
            }
        };
        (found > since).then_some(found)
    }

    /// A time as it is written in this schedule's zone.
    pub(super) fn show(&self, time: Time) -> String {
        let Ok(timestamp) = Timestamp::from_second(time.unix()) else { return time.to_string() };
        let offset = self.zone.to_offset(timestamp);
        if offset.seconds() == 0 { time.to_string() } else { timestamp.display_with_offset(offset).to_string() }
    }

    fn date(&self, time: Time) -> Option<Date> {
        Some(self.zone.to_datetime(Timestamp::from_second(time.unix()).ok()?).date())
    }

    fn at(&self, date: Date, hour: i8, minute: i8) -> Option<Time> {
        let local = DateTime::new(date.year(), date.month(), date.day(), hour, minute, 0, 0).ok()?;
        Some(Time::from_unix(self.zone.to_timestamp(local).ok()?.as_second()))
    }
}

impl Cron {
    fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return Err(format!("expected exactly 5 fields, found {}: {text:?}", fields.len()));
        };
        const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
        let mut on = bits(weekdays, 0, 7, &DAYS, 0)?;
        if on & (1 << 7) != 0 {
            on |= 1;
        }
        let is_open = |field: &str| field.starts_with('*') || field.starts_with('?');
        Ok(Self {
            minutes: bits(minutes, 0, 59, &[], 0)?,
            hours: bits(hours, 0, 23, &[], 0)?,
            days: bits(days, 1, 31, &[], 0)?,
            months: bits(months, 1, 12, &MONTHS, 1)?,
            weekdays: on,
            either_day: !is_open(days) && !is_open(weekdays),
        })
    }

    fn on(&self, date: Date) -> bool {
        let has = |set: u64, value: i8| set & (1 << value) != 0;
        let (day, weekday) = (has(self.days, date.day()), has(self.weekdays, date.weekday().to_sunday_zero_offset()));
        has(self.months, date.month()) && if self.either_day { day || weekday } else { day && weekday }
    }

    fn times(&self) -> impl Iterator<Item = (i8, i8)> + '_ {
        let minutes = move || (0..60).filter(|minute| self.minutes & (1 << minute) != 0);
        (0..24)
            .filter(|hour| self.hours & (1 << hour) != 0)
            .flat_map(move |hour| minutes().map(move |minute| (hour, minute)))
    }
}

/// Reads one field: `*`, `*/5`, `1-5`, `1-30/10`, `mon,wed`.
fn bits(field: &str, min: u32, max: u32, names: &[&str], first_name: u32) -> Result<u64, String> {
    let number = |text: &str| -> Result<u32, String> {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|index| u32::try_from(index).ok()).map(|index| index + first_name);
        let value = named.map_or_else(|| text.parse().map_err(|_| format!("failed to parse number {text:?}")), Ok)?;
        if (min..=max).contains(&value) { Ok(value) } else { Err(format!("{value} is not within {min} and {max}")) }
    };
    let mut set = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => {
                (range, Some(step.parse::<u32>().map_err(|_| format!("failed to parse step {step:?}"))?))
            }
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (min, if max == 7 { 6 } else { max }),
            Some((from, to)) => (number(from)?, number(to)?),
            // `5/15` begins at 5 and goes on to the end.
            None if step.is_some() => (number(range)?, max),
            None => (number(range)?, number(range)?),
        };
        let step = step.unwrap_or(1);
        if from > to || step == 0 {
            return Err(format!("{part:?} is no range"));
        }
        (from..=to).step_by(step as usize).for_each(|value| set |= 1_u64 << value);
    }
    Ok(set)
}

/// Reads `1h30m`, at least one second.
fn duration(text: &str) -> Result<Duration, String> {
    let (mut total, mut number) = (0_u64, String::new());
    for letter in text.trim().chars() {
        if letter.is_ascii_digit() {
            number.push(letter);
            continue;
        }
        let unit = match letter {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return Err(format!("failed to parse duration {text:?}")),
        };
        let count: u64 = number.parse().map_err(|_| format!("failed to parse duration {text:?}"))?;
        total = total.saturating_add(count.saturating_mul(unit));
        number.clear();
    }
    if total == 0 || !number.is_empty() {
        return Err(format!("failed to parse duration {text:?}"));
    }
    Ok(Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, zone: Option<&str>, after: &str) -> String {
        Schedule::parse(schedule, zone).unwrap().next(after.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn the_next_time_follows_from_the_fields() {
        let from = "2026-01-31T12:34:56Z";
        assert_eq!(next("*/15 * * * *", None, from), "2026-01-31T12:45:00Z");
        assert_eq!(next("@hourly", None, from), "2026-01-31T13:00:00Z");
        assert_eq!(next("30 4 1 * *", None, from), "2026-02-01T04:30:00Z");
        assert_eq!(next("0 0 29 2 *", None, from), "2028-02-29T00:00:00Z");
        assert_eq!(next("0 9 * * MON-FRI", None, from), "2026-02-02T09:00:00Z");
        assert_eq!(next("0 0 13 * 5", None, from), "2026-02-06T00:00:00Z", "either day matches");
        assert_eq!(next("0 0 * * 7", None, from), "2026-02-01T00:00:00Z", "7 is Sunday, too");
        assert_eq!(next("@every 1h30m", None, from), "2026-01-31T14:04:56Z");
        assert_eq!(next("0 9 * * *", Some("Europe/Berlin"), "2026-07-01T00:00:00Z"), "2026-07-01T07:00:00Z");
    }

    #[test]
    fn the_latest_time_is_the_last_that_was_missed() {
        let schedule = Schedule::parse("0 * * * *", None).unwrap();
        let time = |text: &str| text.parse::<Time>().unwrap();
        let latest = |since, now| schedule.latest(time(since), time(now)).map(|time| time.to_string());
        assert_eq!(latest("2026-01-01T00:00:00Z", "2026-01-03T05:59:00Z").as_deref(), Some("2026-01-03T05:00:00Z"));
        assert_eq!(latest("2026-01-03T05:00:00Z", "2026-01-03T05:59:00Z"), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "* * * *", "60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "x * * * *", "@every 1d"] {
            assert!(Schedule::parse(text, None).is_err(), "{text}");
        }
        assert!(Schedule::parse("* * * * *", Some("Nowhere/City")).is_err());
    }
}
