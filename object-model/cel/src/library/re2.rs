//! From the regular expressions of Go (RE2's syntax) to those of the `regex` crate.
//!
//! In: patterns as users write them. Out: patterns that mean the same here. The two differ in few places: Go's classes
//! are of ASCII, a class holds no other class, `{` may stand for itself, and no operator repeats a repetition.

/// Most repetitions that a pattern may count.
const REPEAT_MAX: u32 = 1000;

/// What Go writes short: inside brackets the ranges, outside them in brackets.
fn class(escaped: char) -> Option<&'static str> {
    Some(match escaped {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        's' => r"[\t\n\f\r ]",
        'S' => r"[^\t\n\f\r ]",
        _ => return None,
    })
}

/// The pattern for the `regex` crate, or what Go's parser says against it.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut reader = Reader { rest: pattern, out: String::with_capacity(pattern.len()), repeat: None };
    while let Some(next) = reader.rest.chars().next() {
        match next {
            '\\' => reader.escape(false),
            '[' => reader.brackets(),
            '*' | '+' | '?' => reader.repetition(&pattern[pattern.len() - reader.rest.len()..], 1)?,
            '{' => match counted(reader.rest)? {
                Some(length) => reader.repetition(&pattern[pattern.len() - reader.rest.len()..], length)?,
                None => reader.literal("\\{"),
            },
            '(' => {
                // What follows an opening bracket may be a question mark that repeats nothing.
                let length = if reader.rest.starts_with("(?") { 2 } else { 1 };
                reader.copy(length);
            }
            other => reader.copy(other.len_utf8()),
        }
    }
    Ok(reader.out)
}

/// The length of a counted repetition such as `{2,3}`, if one begins here.
fn counted(text: &str) -> Result<Option<usize>, String> {
    let Some(end) = text.find('}') else { return Ok(None) };
    let inner = &text[1..end];
    let (least, most) = inner.split_once(',').unwrap_or((inner, inner));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(least) || !(most.is_empty() || digits(most)) {
        return Ok(None);
    }
    let least = least.parse().unwrap_or(u32::MAX);
    let most = if most.is_empty() { least } else { most.parse().unwrap_or(u32::MAX) };
    if least > REPEAT_MAX || most > REPEAT_MAX || most < least {
        return Err(format!("invalid repeat count: `{}`", &text[..=end]));
    }
    Ok(Some(end + 1))
}

struct Reader<'p> {
    rest: &'p str,
    out: String,
    /// The text from the last repetition on, if nothing has come since; and whether it is marked lazy.
    repeat: Option<(&'p str, bool)>,
}

impl<'p> Reader<'p> {
    fn copy(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.out.push_str(taken);
        self.rest = rest;
        self.repeat = None;
    }

    /// Puts `text` in place of the next character, which is ASCII.
    fn literal(&mut self, text: &str) {
        self.out.push_str(text);
        self.rest = &self.rest[1..];
        self.repeat = None;
    }

    fn repetition(&mut self, here: &'p str, length: usize) -> Result<(), String> {
        let repeat = match self.repeat {
            None => (here, false),
            Some((before, false)) if here.starts_with('?') => (before, true),
            Some((before, _)) => {
                let nested = &before[..before.len() - here.len() + length];
                return Err(format!("invalid nested repetition operator: `{nested}`"));
            }
        };
        self.copy(length);
        self.repeat = Some(repeat);
        Ok(())
    }

    fn escape(&mut self, inside: bool) {
        let after = &self.rest[1..];
        let Some(escaped) = after.chars().next() else { return self.copy(1) };
        if let Some(class) = class(escaped) {
            self.out.push_str(class);
            self.rest = &after[1..];
            self.repeat = None;
        } else if escaped == 'b' && !inside {
            self.out.push_str(r"(?-u:\b)");
            self.rest = &after[1..];
            self.repeat = None;
        } else if escaped == 'Q' && !inside {
            let quoted = &after[1..];
            let end = quoted.find("\\E").unwrap_or(quoted.len());
            self.out.push_str(&regex::escape(&quoted[..end]));
            self.rest = quoted[end..].strip_prefix("\\E").unwrap_or_default();
            self.repeat = None;
        } else {
            self.copy(1 + escaped.len_utf8());
        }
    }

    /// A class in brackets: what the crate would read as a class within, or as an operation on classes, is itself.
    fn brackets(&mut self) {
        let opening = if self.rest.starts_with("[^") { 2 } else { 1 };
        self.copy(opening);
        if self.rest.starts_with(']') {
            self.literal("\\]");
        }
        while let Some(next) = self.rest.chars().next() {
            match next {
                ']' => return self.copy(1),
                '\\' => self.escape(true),
                '[' if self.rest.starts_with("[:") && self.rest.contains(":]") => {
                    let end = self.rest.find(":]").map_or(1, |at| at + 2);
                    self.copy(end);
                }
                '[' => self.literal("\\["),
                '&' => self.literal("\\&"),
                '~' => self.literal("\\~"),
                '-' if self.rest.starts_with("--") => {
                    self.copy(1);
                    self.literal("\\-");
                }
                other => self.copy(other.len_utf8()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::translate;

    #[test]
    fn patterns_mean_what_they_mean_in_go() {
        for (pattern, text, expected) in [
            (r"^\d+$", "٣", false),
            (r"^[\d.]+$", "1.2", true),
            (r"^\w+$", "é", false),
            (r"^\W$", "é", true),
            (r"\bb\b", "éb", true),
            ("^[[]$", "[", true),
            ("^[]a]+$", "]a", true),
            ("^[a&&b]+$", "&", true),
            ("^[+--]$", ",", true),
            ("^[[:alpha:]_]+$", "a_", true),
            ("^a{,2}$", "a{,2}", true),
            ("^a{2,3}?$", "aa", true),
            (r"^\Qa.b\E$", "a.b", true),
            (r"^\Qa.b\E$", "axb", false),
            ("^(?:a|b)*?(?i)C$", "abc", true),
        ] {
            let translated = translate(pattern).expect("it is a pattern");
            let regex = Regex::new(&translated).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(regex.is_match(text), expected, "{pattern} as {translated} on {text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_panics(pattern in r"[\\\[\](){}*+?|a1,:^&~é\-QEbd]{0,14}") {
            let _ = super::super::regexp::compile(&pattern);
        }
    }

    #[test]
    fn go_refuses_what_it_refuses() {
        assert_eq!(translate("a**"), Err("invalid nested repetition operator: `**`".to_owned()));
        assert_eq!(translate("a+?+"), Err("invalid nested repetition operator: `+?+`".to_owned()));
        assert_eq!(translate("a{2}{3}"), Err("invalid nested repetition operator: `{2}{3}`".to_owned()));
        assert_eq!(translate("a{1001}"), Err("invalid repeat count: `{1001}`".to_owned()));
        assert_eq!(translate("a{2,1}"), Err("invalid repeat count: `{2,1}`".to_owned()));
    }
}
