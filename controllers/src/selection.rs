//! Which controllers run, as a flag says it.

use std::collections::BTreeSet;

/// A flag that names something unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no controller {name:?}; there are {known}")]
pub struct SelectionError {
    /// What was named.
    pub name: String,
    /// What could have been.
    pub known: String,
}

/// The names that `all`, `none`, `NAME,...` and `-NAME` choose, in the order of `known`. Names alone choose just these;
/// names with a minus take away from all (or from those named before).
///
/// # Errors
/// If a name is not among `known`.
pub fn select<'a>(flag: &str, known: &[&'a str]) -> Result<Vec<&'a str>, SelectionError> {
    let words: Vec<&str> = flag.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    let starts_from_all =
        words.iter().any(|word| matches!(*word, "all" | "*")) || words.iter().all(|w| w.starts_with('-'));
    let mut chosen: BTreeSet<&str> = if starts_from_all { known.iter().copied().collect() } else { BTreeSet::new() };
    for word in words {
        let name = word.strip_prefix('-').unwrap_or(word);
        if matches!(name, "all" | "*" | "none") {
            continue;
        }
        if !known.contains(&name) {
            return Err(SelectionError { name: name.to_owned(), known: known.join(", ") });
        }
        if word.starts_with('-') {
            chosen.remove(name);
        } else {
            chosen.insert(name);
        }
    }
    Ok(known.iter().copied().filter(|name| chosen.contains(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_choose() {
        let known = ["a", "b", "c"];
        let chosen = |flag| select(flag, &known).unwrap();
        assert_eq!(chosen("all"), ["a", "b", "c"]);
        assert_eq!(chosen("none"), [""; 0]);
        assert_eq!(chosen("c,a"), ["a", "c"]);
        assert_eq!(chosen("all,-b"), ["a", "c"]);
        assert_eq!(chosen("-b"), ["a", "c"]);
        assert_eq!(select("a,x", &known).unwrap_err().name, "x");
    }
}
