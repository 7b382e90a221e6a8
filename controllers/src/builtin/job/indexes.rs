//! Sets of completion indexes as the API writes them: `1,3-5,7`.

use std::collections::BTreeSet;

/// Reads a set; what is malformed is left out.
pub(super) fn parse(text: &str) -> BTreeSet<i32> {
    let mut set = BTreeSet::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<i32>(), last.parse::<i32>()) {
            set.extend(first..=last);
        }
    }
    set
}

/// Writes a set.
pub(super) fn text(set: &BTreeSet<i32>) -> String {
    let mut ranges: Vec<(i32, i32)> = vec![];
    for index in set {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *index => *last = *index,
            _ => ranges.push((*index, *index)),
        }
    }
    let range = |(first, last): &(i32, i32)| match last - first {
        0 => first.to_string(),
        1 => format!("{first},{last}"),
        _ => format!("{first}-{last}"),
    };
    ranges.iter().map(range).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_written_as_ranges() {
        for written in ["", "1", "1,2", "1,3-5,7", "0-99"] {
            assert_eq!(text(&parse(written)), written);
        }
    }
}
