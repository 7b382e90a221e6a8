//! Values as JSON: what a mutation writes, what an annotation says.
//!
//! In: results of programs. Out: JSON trees. Elsewhere: JSON as values (`value`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map as JsonMap, Number, Value as Json};

use crate::errors::EvalError;
use crate::library::convert::{display, type_name};
use crate::library::time::{format_duration, format_timestamp};
use crate::value::{Map, Object, Value};

/// Most levels of a result.
const DEPTH_MAX: u32 = 128;

impl Value<'_> {
    /// The value as JSON. Empty optionals in lists and fields are left out.
    ///
    /// # Errors
    /// If JSON has no such value: types, opaque values, numbers that are none.
    pub fn to_json(&self) -> Result<Json, EvalError> {
        convert(self, 0).map(|json| json.unwrap_or(Json::Null))
    }
}

fn convert(value: &Value<'_>, depth: u32) -> Result<Option<Json>, EvalError> {
    if depth > DEPTH_MAX {
        return Err(EvalError::failed("value is nested too deeply"));
    }
    let unsupported = || {
        let name = type_name(&value.type_of());
        EvalError::Failed(format!("type conversion error from '{name}' to 'google.protobuf.Value'"))
    };
    Ok(Some(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::Uint(value) => Json::from(*value),
        Value::Double(value) => Json::Number(Number::from_f64(*value).ok_or_else(unsupported)?),
        Value::String(text) => Json::from(&**text),
        Value::Bytes(bytes) => Json::from(STANDARD.encode(bytes)),
        Value::Timestamp(nanos) => Json::from(format_timestamp(*nanos)),
        Value::Duration(nanos) => Json::from(format_duration(*nanos)),
        Value::Optional(None) => return Ok(None),
        Value::Optional(Some(inner)) => return convert(inner, depth + 1),
        Value::List(list) => {
            let mut items = Vec::with_capacity(list.len());
            for item in list.iter() {
                items.extend(convert(&item, depth + 1)?);
            }
            Json::Array(items)
        }
        Value::Map(Map::Json(fields, _)) | Value::Object(Object::Json(fields, _)) => Json::Object((*fields).clone()),
        Value::Map(Map::Values(entries)) => {
            let entries = entries.iter().map(|(key, value)| (display(&key.value()), value));
            Json::Object(fields(entries, depth)?)
        }
        Value::Object(Object::Built(built)) => {
            let entries = built.fields.iter().map(|(name, value)| (name.to_string(), value));
            Json::Object(fields(entries, depth)?)
        }
        Value::Object(Object::Lazy(_)) | Value::Type(_) | Value::Opaque(_) => return Err(unsupported()),
    }))
}

fn fields<'v, 'a: 'v>(
    entries: impl Iterator<Item = (String, &'v Value<'a>)>,
    depth: u32,
) -> Result<JsonMap<String, Json>, EvalError> {
    let mut fields = JsonMap::new();
    for (name, value) in entries {
        if let Some(json) = convert(value, depth + 1)? {
            fields.insert(name, json);
        }
    }
    Ok(fields)
}
