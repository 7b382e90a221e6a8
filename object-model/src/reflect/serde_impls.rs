//! Serde for every reflected struct, through the field views.
//!
//! In: `#[derive(Reflect)]`'s two trivial impls. Out: the JSON data model. Writing walks the views
//! without a copy; reading goes over JSON text, so that the rules are those of `json` alone.
//! Elsewhere: the fast paths, which do not use serde (`json`, `protobuf`).

use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Ref, Struct};

/// Serializes a struct with its JSON names and presence rules.
///
/// # Errors
/// Whatever the serializer reports.
pub fn serialize_struct<S: Serializer>(value: &dyn Struct, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for (index, row) in value.schema().fields.iter().enumerate() {
        let view = value.field(index).get();
        if crate::json::is_written(row, &view) {
            map.serialize_entry(&*row.name, &View(view))?;
        }
    }
    map.end()
}

/// Fills `value` from any serde format that can describe JSON.
///
/// # Errors
/// A type mismatch, with the path of the field.
pub fn deserialize_struct<'de, D: Deserializer<'de>>(value: &mut dyn Struct, deserializer: D) -> Result<(), D::Error> {
    let tree = serde_json::Value::deserialize(deserializer)?;
    let text = serde_json::to_vec(&tree).map_err(D::Error::custom)?;
    crate::json::decode(&text, value, &crate::json::DecodeOptions::default()).map_err(D::Error::custom)?;
    Ok(())
}

struct View<'a>(Ref<'a>);

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Ref::Absent => serializer.serialize_unit(),
            Ref::Bool(value) => serializer.serialize_bool(value),
            Ref::I32(value) => serializer.serialize_i32(value),
            Ref::I64(value) => serializer.serialize_i64(value),
            Ref::F64(value) => serializer.serialize_f64(value),
            Ref::Str(value) => serializer.serialize_str(value),
            Ref::Bytes(value) => {
                use base64::Engine as _;
                serializer.serialize_str(&base64::engine::general_purpose::STANDARD.encode(value))
            }
            Ref::Scalar(value) => {
                let mut text = Vec::new();
                value.write_json(&mut text);
                serde_json::from_slice::<serde_json::Value>(&text).map_err(S::Error::custom)?.serialize(serializer)
            }
            Ref::Struct(value) => serialize_struct(value, serializer),
            Ref::List(value) => {
                let mut list = serializer.serialize_seq(Some(value.len()))?;
                for index in 0..value.len() {
                    list.serialize_element(&View(value.get(index).unwrap_or(Ref::Absent)))?;
                }
                list.end()
            }
            Ref::Map(value) => {
                let mut map = serializer.serialize_map(Some(value.len()))?;
                for (key, entry) in value.entries() {
                    map.serialize_entry(key, &View(entry))?;
                }
                map.end()
            }
        }
    }
}
