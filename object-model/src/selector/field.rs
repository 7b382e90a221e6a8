//! Field selectors.

use std::fmt;

/// A parsed field selector: `metadata.name=a,spec.nodeName!=b`. The default selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    /// Terms, all of which must hold.
    pub terms: Vec<FieldTerm>,
}

/// One comparison of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTerm {
    /// JSON path with dots.
    pub path: String,
    /// Compared with this.
    pub value: String,
    /// Must be equal (else: must differ).
    pub equal: bool,
}

impl FieldSelector {
    /// Parses the text form. In values, `\` escapes `,`, `=` and itself.
    ///
    /// # Errors
    /// What is wrong, as the API server words it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut terms = vec![];
        for part in split_unescaped(text, ',') {
            if part.is_empty() {
                continue;
            }
            let invalid = || format!("invalid selector: '{text}'; can't understand '{part}'");
            let at = find_unescaped(part, '=').ok_or_else(invalid)?;
            let (path, equal) = match part[..at].strip_suffix('!') {
                Some(path) => (path, false),
                None => (&part[..at], true),
            };
            let rest = &part[at + 1..];
            let value = rest.strip_prefix('=').filter(|_| equal).unwrap_or(rest);
            if find_unescaped(value, '=').is_some() {
                return Err(invalid());
            }
            terms.push(FieldTerm { path: path.trim().to_owned(), value: unescape(value)?, equal });
        }
        Ok(Self { terms })
    }

    /// One equality.
    pub fn equal(path: &str, value: &str) -> Self {
        Self { terms: vec![FieldTerm { path: path.into(), value: value.into(), equal: true }] }
    }

    /// Do the fields of `object` meet all terms? Fields that are absent count as empty text.
    pub fn matches(&self, object: &crate::Object) -> bool {
        self.terms.iter().all(|term| {
            let equal = match term.path.as_str() {
                "metadata.name" => object.metadata().name == term.value,
                "metadata.namespace" => object.metadata().namespace == term.value,
                // The component that reports has moved to a field of its own.
                "source" => {
                    let component = object.field_text("source.component");
                    let component =
                        if component.is_empty() { object.field_text("reportingComponent") } else { component };
                    component == term.value
                }
                path => {
                    let text = object.field_text(path);
                    if text.is_empty() { zero(path) == term.value } else { text == term.value }
                }
            };
            equal == term.equal
        })
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            let value = term.value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
            write!(f, "{}{}{value}", term.path, if term.equal { "=" } else { "!=" })?;
        }
        Ok(())
    }
}

/// The text of a field that is absent.
fn zero(path: &str) -> &'static str {
    match path {
        "spec.hostNetwork" | "spec.unschedulable" => "false",
        "status.replicas" | "status.succeeded" => "0",
        _ => "",
    }
}

fn find_unescaped(text: &str, wanted: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(index, letter)| {
        let here = letter == wanted && !escaped;
        escaped = letter == '\\' && !escaped;
        here.then_some(index)
    })
}

fn split_unescaped(text: &str, separator: char) -> Vec<&str> {
    let mut parts = vec![];
    let mut rest = text;
    while let Some(at) = find_unescaped(rest, separator) {
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len_utf8()..];
    }
    parts.push(rest);
    parts
}

fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => out.push(escaped),
                Some(other) => return Err(format!("invalid field selector: invalid escape sequence: \\{other}")),
                None => return Err("invalid field selector: invalid escape sequence: \\".into()),
            },
            (plain, false) => out.push(plain),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_terms_and_escapes() {
        let selector = FieldSelector::parse(r"metadata.name=a\,b,spec.nodeName!=n,status.phase==Running").unwrap();
        let terms: Vec<_> = selector.terms.iter().map(|t| (t.path.as_str(), t.value.as_str(), t.equal)).collect();
        assert_eq!(
            terms,
            [("metadata.name", "a,b", true), ("spec.nodeName", "n", false), ("status.phase", "Running", true)]
        );
        assert_eq!(FieldSelector::parse(&selector.to_string()).unwrap(), selector);
        assert!(FieldSelector::parse("nonsense").is_err());
    }
}
