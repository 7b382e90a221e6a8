//! The JSON form of sets: `{"f:spec":{"f:replicas":{}}}`.
//!
//! Prefixes of members: `f:` field, `k:` keys of a list element, `v:` element of a set, `i:` index; `.` stands for the
//! element itself, which an empty object says as well. Source: description of `FieldsV1` in the Kubernetes API.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::{Element, Entry, FieldSet, Scalar};
use crate::FieldsV1;

impl FieldSet {
    /// Reads the JSON form.
    ///
    /// # Errors
    /// If the text is no such set.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let mut reader = serde_json::Deserializer::from_slice(text);
        let (_, set) = Level.deserialize(&mut reader).map_err(|error| error.to_string())?;
        reader.end().map_err(|error| error.to_string())?;
        Ok(set)
    }

    /// Reads a `fieldsV1` member.
    ///
    /// # Errors
    /// If it is no such set.
    pub fn from_fields(fields: &FieldsV1) -> Result<Self, String> {
        Self::parse(fields.text())
    }

    /// As a `fieldsV1` member.
    pub fn to_fields(&self) -> FieldsV1 {
        let mut out = Vec::with_capacity(256);
        self.write(false, &mut out, &mut Vec::new());
        FieldsV1::from_text(out)
    }

    /// How many of these paths are in the set of this text? Looks only where they are; a bad text has none.
    pub(crate) fn count_in(&self, text: &[u8]) -> usize {
        let hits = Cell::new(0);
        let mut reader = serde_json::Deserializer::from_slice(text);
        match (Scan { set: self, wanted: false, hits: &hits }).deserialize(&mut reader) {
            Ok(()) => hits.get(),
            Err(_) => 0,
        }
    }

    fn write(&self, member: bool, out: &mut Vec<u8>, scratch: &mut Vec<u8>) {
        out.push(b'{');
        if member && !self.is_empty() {
            out.extend_from_slice(b"\".\":{}");
        }
        for (index, entry) in self.entries.iter().enumerate() {
            if index > 0 || member {
                out.push(b',');
            }
            scratch.clear();
            entry.element.write(scratch);
            // Elements are written from strings and JSON, so they are UTF-8.
            crate::json::write_string(out, std::str::from_utf8(scratch).unwrap_or_default());
            out.push(b':');
            entry.below.write(entry.member, out, scratch);
        }
        out.push(b'}');
    }
}

/// Plain JSON string, without the escapes that only matter inside HTML: the text is quoted once more outside.
fn quote(text: &str, out: &mut Vec<u8>) {
    if serde_json::to_writer(&mut *out, text).is_err() {
        out.extend_from_slice(b"\"\"");
    }
}

impl Scalar {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => quote(text.as_str(), out),
            other => out.extend_from_slice(other.to_string().as_bytes()),
        }
    }

    pub(crate) fn of_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Self::Int(whole),
                None => Self::Float(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Self::Text(text.as_str().into()),
            other => Self::Json(other.to_string().into()),
        }
    }
}

impl Element {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Field(name) => {
                out.extend_from_slice(b"f:");
                out.extend_from_slice(name.as_bytes());
            }
            Self::Key(keys) => {
                out.extend_from_slice(b"k:{");
                for (index, (name, value)) in keys.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    quote(name.as_str(), out);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
            Self::Value(value) => {
                out.extend_from_slice(b"v:");
                value.write(out);
            }
            Self::Index(index) => out.extend_from_slice(format!("i:{index}").as_bytes()),
        }
    }

    fn parse(text: Cow<'_, str>) -> Result<Self, String> {
        let bad = |why: &dyn fmt::Display| format!("field path element {text:?}: {why}");
        match text.get(..2) {
            Some("f:") => Ok(Self::Field(text[2..].into())),
            Some("k:") => {
                let keys: serde_json::Map<String, Value> =
                    serde_json::from_str(&text[2..]).map_err(|error| bad(&error))?;
                // The map is in the order of the names.
                Ok(Self::Key(keys.into_iter().map(|(name, value)| (name.into(), Scalar::of_json(&value))).collect()))
            }
            Some("v:") => {
                let value: Value = serde_json::from_str(&text[2..]).map_err(|error| bad(&error))?;
                Ok(Self::Value(Scalar::of_json(&value)))
            }
            Some("i:") => text[2..].parse().map(Self::Index).map_err(|error| bad(&error)),
            _ => Err(bad(&"unknown prefix")),
        }
    }
}

/// Reads one object: is the element itself a member, and what is below?
struct Level;

impl<'de> DeserializeSeed<'de> for Level {
    type Value = (bool, FieldSet);
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = (bool, FieldSet);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of field path elements")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut member = true;
        let mut dot = false;
        let mut entries = vec![];
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            member = false;
            let (own, below) = map.next_value_seed(Level)?;
            if key == "." {
                dot = true;
                continue;
            }
            let element = Element::parse(key).map_err(A::Error::custom)?;
            entries.push(Entry { element, member: own, below });
        }
        Ok((member || dot, FieldSet::from_entries(entries)))
    }
}

/// Counts what of a set one object has.
struct Scan<'a> {
    set: &'a FieldSet,
    /// Is the element itself asked for?
    wanted: bool,
    hits: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Scan<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Scan<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of field path elements")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut empty, mut dot) = (true, false);
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            empty = false;
            dot |= key == ".";
            let entry = match key.strip_prefix("f:") {
                Some(name) => self.set.find_field(name),
                None if self.set.has_only_fields() => None,
                None => Element::parse(key).ok().and_then(|element| self.set.find(&element)),
            };
            match entry {
                Some(entry) => {
                    map.next_value_seed(Scan { set: &entry.below, wanted: entry.member, hits: self.hits })?;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if self.wanted && (empty || dot) {
            self.hits.set(self.hits.get() + 1);
        }
        Ok(())
    }
}

/// A key, borrowed from the text where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field path element")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_a_round_trip() {
        for text in [
            "{}",
            r#"{"f:a":{}}"#,
            r#"{"f:a":{".":{},"f:b":{}},"f:c":{"k:{\"name\":\"x\\\"y\"}":{".":{},"f:name":{}},"v:\"v\"":{},"v:1":{},"i:0":{}}}"#
                .replace(r#""v:\"v\"":{},"v:1":{}"#, r#""v:1":{},"v:\"v\"":{}"#)
                .as_str(),
        ] {
            let set = FieldSet::parse(text.as_bytes()).unwrap();
            assert_eq!(std::str::from_utf8(set.to_fields().text()).unwrap(), text);
        }
    }

    #[test]
    fn members_are_sorted_whatever_the_order_of_the_text() {
        let set = FieldSet::parse(br#"{"f:b":{},"f:a":{},"f:b":{"f:c":{}}}"#).unwrap();
        assert_eq!(std::str::from_utf8(set.to_fields().text()).unwrap(), r#"{"f:a":{},"f:b":{".":{},"f:c":{}}}"#);
    }

    #[test]
    fn paths_are_counted_without_reading_the_set() {
        let text = br#"{"f:a":{".":{},"f:b":{}},"f:c":{"k:{\"name\":\"x\"}":{".":{},"f:name":{}}},"f:d":{"f:e":{}}}"#;
        let asked = FieldSet::parse(
            br#"{"f:a":{},"f:c":{"k:{\"name\":\"x\"}":{".":{},"f:image":{}},"k:{\"name\":\"y\"}":{}},"f:d":{}}"#,
        )
        .unwrap();
        assert_eq!(asked.count_in(text), 2);
        let all = FieldSet::parse(text).unwrap();
        assert_eq!(all.count_in(text), all.len());
        assert_eq!(asked.count_common(&all), 2);
        assert_eq!(asked.count_in(b"x"), 0);
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for text in ["", "[]", "{\"x\":{}}", "{\"f:a\":1}", "{\"k:x\":{}}", "{\"i:x\":{}}", "{\"f:a\":{}} x"] {
            assert!(FieldSet::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
