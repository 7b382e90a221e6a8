//! YAML, by way of JSON.
//!
//! In: manifests. Out: JSON trees, so that all rules about types and fields are those of `json`. Invariant:
//! YAML 1.1 as kubectl reads it (`yes` is true, `0644` is octal); bombs are refused by the library's limits.

use std::cell::Cell;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The JSON trees of the documents of a YAML text; empty documents are left out.
///
/// # Errors
/// Bad syntax, or a text that grows beyond the limits.
pub fn to_json(text: &[u8]) -> Result<Vec<Value>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "yaml: the text is not UTF-8".to_owned())?;
    let options = options();
    let documents: Vec<Tree> =
        serde_saphyr::from_multiple_with_options(text, options).map_err(|error| format!("yaml: {error}"))?;
    Ok(documents.into_iter().map(|Tree(document)| document).filter(|document| !document.is_null()).collect())
}

/// Most nodes that aliases may stand for: far more than manifests have, and made in well under a second.
const ALIASED_MAX: usize = 100_000;

fn options() -> serde_saphyr::Options {
    let mut options = serde_saphyr::Options::default();
    options.legacy_octal_numbers = true;
    options.alias_limits.max_total_replayed_events = ALIASED_MAX;
    options
}

/// A key that stands twice in one map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The key.
    pub key: String,
    /// Line of the second one, from 1.
    pub line: u64,
}

/// The JSON tree of the first document of a YAML text (null for an empty one), and the first key that it names twice, of
/// which the last counts.
///
/// # Errors
/// Bad syntax, in the words of the Kubernetes API server where they are known.
pub fn document_to_json(text: &[u8]) -> Result<(Value, Option<Duplicate>), String> {
    if let Some(tree) = json_object(text) {
        return Ok((tree, None));
    }
    let text = std::str::from_utf8(text).map_err(|_| "yaml: invalid UTF-8".to_owned())?;
    match parse(text) {
        Ok((documents, twice)) => Ok((documents.into_iter().next().map(|Tree(tree)| tree).unwrap_or_default(), twice)),
        Err(error) => Err(format!("yaml: {}", reworded(text, &error))),
    }
}

type Parsed = (Vec<Tree>, Option<Duplicate>);

fn parse(text: &str) -> Result<Parsed, serde_saphyr::Error> {
    let parse = |duplicate_keys| {
        let mut options = options();
        options.duplicate_keys = duplicate_keys;
        serde_saphyr::from_multiple_with_options::<Tree>(text, options)
    };
    match parse(serde_saphyr::DuplicateKeyPolicy::Error) {
        Ok(documents) => Ok((documents, None)),
        Err(error) => match error.without_snippet() {
            serde_saphyr::Error::DuplicateMappingKey { key, location } => {
                let twice = Duplicate { key: key.clone().unwrap_or_default(), line: location.line() };
                Ok((parse(serde_saphyr::DuplicateKeyPolicy::LastWins)?, Some(twice)))
            }
            _ => Err(error),
        },
    }
}

/// An error in the words of the library that other servers use.
fn reworded(text: &str, error: &serde_saphyr::Error) -> String {
    let said = error.without_snippet().to_string();
    let line = error.location().map_or(0, |location| location.line());
    let at = |line: u64| if line > 0 { format!("line {line}: ") } else { String::new() };
    if said.contains("unknown anchor") {
        let column = error.location().map_or(1, |location| location.column());
        let rest = usize::try_from(line).ok().and_then(|line| text.lines().nth(line.saturating_sub(1)));
        let rest: String = rest.unwrap_or_default().chars().skip(usize::try_from(column).unwrap_or(1) - 1).collect();
        let name: String = rest
            .trim_start_matches('*')
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
            .collect();
        return format!("unknown anchor '{name}' referenced");
    }
    // What a scanner finds carries the line itself, what a parser finds the one before; a bracket that is never closed is
    // found at the end.
    let known = [
        "mapping values are not allowed in this context",
        "block sequence entries are not allowed in this context",
        "found character that cannot start any token",
        "found unexpected end of stream",
        "found undefined tag handle",
    ];
    if let Some(known) = known.iter().find(|known| said.contains(*known)) {
        return format!("{}{known}", at(if line > 1 { line } else { 0 }));
    }
    if said.contains("unclosed bracket") {
        let end = u64::try_from(text.lines().count()).unwrap_or(0);
        let open = text.trim_end().ends_with(['[', '{', ',']);
        let what = if open { "did not find expected node content" } else { "did not find expected ',' or ']'" };
        return format!("{}{what}", at(end));
    }
    format!("{}did not find expected key", at(line.saturating_sub(1)))
}

/// The JSON tree of the first document of a YAML text, which must be a map (an empty text is an empty one), and the
/// first key that it names twice, of which the last counts.
///
/// # Errors
/// Bad syntax or another value than a map, in the words of the Kubernetes API server where they are known.
pub fn first_to_json(text: &[u8]) -> Result<(Value, Option<Duplicate>), String> {
    let (tree, twice) = document_to_json(text).map_err(|why| format!("error converting YAML to JSON: {why}"))?;
    match tree {
        Value::Null => Ok((Value::Object(serde_json::Map::new()), None)),
        tree @ Value::Object(_) => Ok((tree, twice)),
        other => {
            let found = crate::json::describe(other.to_string().as_bytes());
            Err(format!(
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go value of type \
                 map[string]interface {{}}"
            ))
        }
    }
}

/// The tree of a JSON object that names no key twice: JSON is YAML, and much quicker to read.
fn json_object(text: &[u8]) -> Option<Value> {
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return None;
    }
    let tree: Value = serde_json::from_slice(text).ok()?;
    let keys = Cell::new(0);
    CountKeys(&keys).deserialize(&mut serde_json::Deserializer::from_slice(text)).ok()?;
    (keys.get() == count_keys(&tree)).then_some(tree)
}

fn count_keys(tree: &Value) -> usize {
    match tree {
        Value::Array(list) => list.iter().map(count_keys).sum(),
        Value::Object(members) => members.len() + members.values().map(count_keys).sum::<usize>(),
        _ => 0,
    }
}

/// Counts the keys of all maps as they stand in the text.
struct CountKeys<'a>(&'a Cell<usize>);

impl<'de> DeserializeSeed<'de> for CountKeys<'_> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! ignore_scalars {
    ($($method:ident: $ty:ty),*) => {
        $(fn $method<E>(self, _: $ty) -> Result<(), E> {
            Ok(())
        })*
    };
}

impl<'de> Visitor<'de> for CountKeys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    ignore_scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(CountKeys(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<serde::de::IgnoredAny>()?.is_some() {
            self.0.set(self.0.get() + 1);
            map.next_value_seed(CountKeys(self.0))?;
        }
        Ok(())
    }
}

/// YAML of a JSON text, keys in order.
pub fn from_json(json: &[u8]) -> Bytes {
    let tree: Value = serde_json::from_slice(json).unwrap_or_default();
    serde_saphyr::to_string(&tree).map(Bytes::from).unwrap_or_else(|_| Bytes::copy_from_slice(json))
}

/// A JSON tree whose map keys went through YAML's rules for scalars: `n:` is the key `false`, as Kubernetes has it.
struct Tree(Value);

impl<'de> serde::Deserialize<'de> for Tree {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor).map(Self)
    }
}

struct TreeVisitor;

macro_rules! visit_scalars {
    ($($method:ident: $ty:ty),*) => {
        $(fn $method<E>(self, value: $ty) -> Result<Value, E> {
            Ok(Value::from(value))
        })*
    };
}

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a YAML value")
    }

    visit_scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str, visit_string: String);

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut elements = vec![];
        while let Some(Tree(element)) = list.next_element()? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = serde_json::Map::new();
        while let Some(Tree(key)) = map.next_key()? {
            let key = match key {
                Value::String(text) => text,
                scalar @ (Value::Bool(_) | Value::Number(_)) => scalar.to_string(),
                _ => return Err(A::Error::custom("null, a map or a list cannot be a key")),
            };
            let Tree(value) = map.next_value()?;
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_and_keys_are_those_of_yaml_1_1() {
        let text = "n: \"1\"\n\"y\": no\n1: 0644\nlist: [~, 1.5, x]\n";
        let (tree, twice) = first_to_json(text.as_bytes()).unwrap();
        assert_eq!(tree, json!({"false": "1", "y": false, "1": 420, "list": [null, 1.5, "x"]}));
        assert_eq!(twice, None);
    }

    #[test]
    fn the_first_document_counts_and_the_last_of_two_keys() {
        let (tree, twice) = first_to_json(b"a: 1\na: 2\n---\nb: 1\n").unwrap();
        assert_eq!(tree, json!({"a": 2}));
        assert_eq!(twice, Some(Duplicate { key: "a".into(), line: 2 }));
        assert_eq!(first_to_json(b"").unwrap().0, json!({}));
        let (tree, twice) = first_to_json(b"{\"a\": [{\"b\": 1, \"b\": 2}]}").unwrap();
        assert_eq!(tree, json!({"a": [{"b": 2}]}));
        assert_eq!(twice, Some(Duplicate { key: "b".into(), line: 1 }));
    }

    #[test]
    fn what_is_no_map_is_refused_in_known_words() {
        assert_eq!(
            first_to_json(b": not yaml :").unwrap_err(),
            "error converting YAML to JSON: yaml: did not find expected key"
        );
        assert_eq!(
            first_to_json(b"[1]").unwrap_err(),
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type \
             map[string]interface {}"
        );
    }
}
