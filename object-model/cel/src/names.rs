//! Names of fields: JSON allows any text, CEL identifiers do not.
//!
//! In: property names of schemas. Out: names that expressions can spell, and the way back.

use std::borrow::Cow;

/// The words that cannot be identifiers.
const RESERVED: [&str; 20] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
];

const ESCAPES: [(&str, &str); 4] = [("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__")];

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || name == "while"
}

/// True if `name` can stand as an identifier in an expression.
pub fn is_identifier(name: &str) -> bool {
    is_plain(name) && !is_reserved(name)
}

fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The name by which expressions reach the property `name`, or `None` if they cannot.
pub fn escape(name: &str) -> Option<String> {
    if is_reserved(name) {
        return Some(format!("__{name}__"));
    }
    let out = replace(name, |&(plain, escaped)| (plain, escaped));
    is_plain(&out).then_some(out)
}

/// The property that [`escape`] made `name` of.
pub fn unescape(name: &str) -> Cow<'_, str> {
    if !name.contains("__") {
        return Cow::Borrowed(name);
    }
    if let Some(word) = name.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"))
        && is_reserved(word)
    {
        return Cow::Owned(word.to_owned());
    }
    Cow::Owned(replace(name, |&(plain, escaped)| (escaped, plain)))
}

/// The name with every escape replaced, from left to right, in the direction that `pair` gives.
fn replace(name: &str, pair: impl Fn(&(&'static str, &'static str)) -> (&'static str, &'static str)) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let (taken, put) = match ESCAPES.iter().map(&pair).find(|(from, _)| rest.starts_with(from)) {
            Some((from, to)) => (from.len(), to),
            None => (first.len_utf8(), &rest[..first.len_utf8()]),
        };
        out.push_str(put);
        rest = &rest[taken..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_name_comes_back() {
        for (plain, escaped) in [
            ("name", "name"),
            ("a-b", "a__dash__b"),
            ("a.b/c", "a__dot__b__slash__c"),
            ("a__b", "a__underscores__b"),
            ("namespace", "__namespace__"),
            ("for", "__for__"),
        ] {
            assert_eq!(escape(plain).as_deref(), Some(escaped));
            assert_eq!(unescape(escaped), plain);
        }
        assert_eq!(escape("1a"), None);
        assert_eq!(escape("a b"), None);
    }
}
