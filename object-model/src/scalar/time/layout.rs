//! Does a text have the layout of a time? If not, the words in which Go's parser says so.

const SECONDS: &str = "2006-01-02T15:04:05Z07:00";
const MICROS: &str = "2006-01-02T15:04:05.000000Z07:00";

/// Checks a text against RFC 3339 with whole seconds (a fraction may follow), or with exactly six digits of a fraction.
pub(super) fn check(text: &str, micros: bool) -> Result<(), String> {
    let layout = if micros { MICROS } else { SECONDS };
    let mut rest = text;
    let fields = [("", "2006"), ("-", "01"), ("-", "02"), ("T", "15"), (":", "04"), (":", "05")];
    let mut numbers = [0; 6];
    for ((before, field), number) in fields.into_iter().zip(&mut numbers) {
        let at = rest.strip_prefix(before).ok_or_else(|| mismatch(text, layout, rest, before))?;
        (*number, rest) = digits(at, field).ok_or_else(|| mismatch(text, layout, at, field))?;
        let (name, range) = match field {
            "01" => ("month", 1..=12),
            "15" => ("hour", 0..=23),
            "04" => ("minute", 0..=59),
            "05" => ("second", 0..=59),
            _ => continue,
        };
        if !range.contains(number) {
            return Err(format!("parsing time {text:?}: {name} out of range"));
        }
    }
    let fraction = rest.strip_prefix('.').map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    match fraction {
        Some(count) if micros && count >= 6 => rest = &rest[7..],
        Some(count) if !micros && count > 0 => rest = &rest[1 + count..],
        _ if micros => return Err(mismatch(text, layout, rest, ".000000")),
        _ => {}
    }
    let after = match rest.as_bytes() {
        [b'Z', ..] => &rest[1..],
        [b'+' | b'-', a, b, b':', c, d, ..] if [a, b, c, d].into_iter().all(u8::is_ascii_digit) => &rest[6..],
        _ => return Err(mismatch(text, layout, rest, "Z07:00")),
    };
    if !after.is_empty() {
        return Err(format!("parsing time {text:?}: extra text: {after:?}"));
    }
    let [year, month, day, ..] = numbers;
    if day < 1 || day > days_of(year, month) {
        return Err(format!("parsing time {text:?}: day out of range"));
    }
    Ok(())
}

fn mismatch(text: &str, layout: &str, rest: &str, wanted: &str) -> String {
    format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {wanted:?}")
}

/// As many digits as the field has.
fn digits<'a>(text: &'a str, field: &str) -> Option<(u32, &'a str)> {
    let (number, rest) = text.split_at_checked(field.len())?;
    let all = number.bytes().all(|digit| digit.is_ascii_digit());
    Some((number.parse().ok().filter(|_| all)?, rest))
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_as_go_says_it() {
        for good in ["2020-01-02T03:04:05Z", "2020-02-29T03:04:05.25+01:00"] {
            assert_eq!(check(good, false), Ok(()), "{good}");
        }
        assert_eq!(check("2020-01-02T03:04:05.000006Z", true), Ok(()));
        for (text, micros, words) in [
            ("yesterday", false, r#" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006""#),
            ("2020-1-2", false, r#" as "2006-01-02T15:04:05Z07:00": cannot parse "1-2" as "01""#),
            ("2020-01-02 03:04:05Z", false, r#" as "2006-01-02T15:04:05Z07:00": cannot parse " 03:04:05Z" as "T""#),
            ("2020-01-02T03:04:05", false, r#" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00""#),
            ("2020-13-02T03:04:05Z", false, ": month out of range"),
            ("2021-02-29T03:04:05Z", false, ": day out of range"),
            ("2020-01-02T03:04:05Zz", false, r#": extra text: "z""#),
            ("2020-01-02T03:04:05Z", true, r#" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000""#),
        ] {
            assert_eq!(check(text, micros), Err(format!("parsing time {text:?}{words}")));
        }
    }
}
