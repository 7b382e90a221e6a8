//! What the labels of a namespace ask for.
//!
//! In: labels `pod-security.kubernetes.io/...`. Out: level and version per mode, and what is wrong with them.

use std::collections::BTreeMap;

use pintle_object_model::validation::{FieldErrors, Path};

use super::standard::Level;

const PREFIX: &str = "pod-security.kubernetes.io/";
const MODES: [&str; 3] = ["enforce", "audit", "warn"];

/// What a namespace asks for in one mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) level: Level,
    /// Minor version of the standard; `u32::MAX` for the newest.
    pub(super) minor: u32,
}

type Labels = BTreeMap<String, String>;

impl std::fmt::Display for Wish {
    /// `baseline:latest`, `restricted:v1.25`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.minor {
            u32::MAX => write!(f, "{}:latest", self.level.name()),
            minor => write!(f, "{}:v1.{minor}", self.level.name()),
        }
    }
}

fn parse_version(text: &str) -> Option<u32> {
    match text.strip_prefix("v1.") {
        _ if text == "latest" => Some(u32::MAX),
        Some(minor) if minor == "0" || !minor.starts_with(['0', '+']) => minor.parse().ok(),
        _ => None,
    }
}

/// What is asked for in a mode; nothing is asked for where there is no label.
pub(super) fn wish(labels: &Labels, mode: &str) -> Wish {
    let label = |suffix: &str| labels.get(&format!("{PREFIX}{mode}{suffix}"));
    // What is no level is treated as the strictest one, what is no version as the newest.
    let level = label("").map_or(Level::Privileged, |text| Level::parse(text).unwrap_or(Level::Restricted));
    let minor = label("-version").and_then(|text| parse_version(text)).unwrap_or(u32::MAX);
    Wish { level, minor }
}

/// Labels that ask for what there is not.
pub(super) fn check(labels: &Labels) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let at = Path::new("metadata").child("labels");
    for mode in MODES {
        let key = format!("{PREFIX}{mode}");
        if let Some(text) = labels.get(&key).filter(|text| Level::parse(text).is_none()) {
            errors.invalid(&at.key(&key), text, "must be one of privileged, baseline, restricted");
        }
        let key = format!("{PREFIX}{mode}-version");
        if let Some(text) = labels.get(&key).filter(|text| parse_version(text).is_none()) {
            errors.invalid(&at.key(&key), text, "must be \"latest\" or \"v1.x\"");
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_strictly_and_obeyed_safely() {
        let labels = |pairs: &[(&str, &str)]| -> Labels {
            pairs.iter().map(|(key, value)| (format!("{PREFIX}{key}"), (*value).to_owned())).collect()
        };
        let fine = labels(&[("enforce", "baseline"), ("enforce-version", "v1.22"), ("warn", "restricted")]);
        assert_eq!(wish(&fine, "enforce").to_string(), "baseline:v1.22");
        assert_eq!(wish(&fine, "warn").to_string(), "restricted:latest");
        assert_eq!(wish(&fine, "audit").level, Level::Privileged);
        assert!(check(&fine).is_empty());
        let bad = labels(&[("enforce", "strict"), ("warn-version", "v1.01")]);
        assert_eq!(wish(&bad, "enforce").level, Level::Restricted);
        assert_eq!(check(&bad).len(), 2);
    }
}
