//! Taking JSON apart without decoding all of it.

use bytes::Bytes;

use super::reader::{Reader, Token};
use super::{DecodeError, DecodeOptions, StrictIssue, decode};
use crate::api::meta::v1::{ListMeta, ObjectMeta};

/// The `apiVersion` and `kind` of an object; `None` if the text is no object.
pub fn type_meta(text: &[u8]) -> Option<(String, String)> {
    let mut reader = Reader::around(text);
    let (mut api_version, mut kind) = (String::new(), String::new());
    if reader.peek().ok()? != Token::Object {
        return None;
    }
    reader
        .object::<DecodeError>(|reader, key| {
            match (&*key, reader.peek()?) {
                ("apiVersion", Token::String) => api_version = reader.string()?.into_owned(),
                ("kind", Token::String) => kind = reader.string()?.into_owned(),
                _ => drop(reader.skip()?),
            }
            Ok(())
        })
        .ok()?;
    Some((api_version, kind))
}

/// Splits a list into its metadata and the texts of its items.
///
/// # Errors
/// If the text is no list.
pub fn split_list(text: &[u8]) -> Result<(ListMeta, Vec<&[u8]>), DecodeError> {
    let mut reader = Reader::around(text);
    let mut metadata = ListMeta::default();
    let mut items = vec![];
    if reader.peek()? != Token::Object {
        return Err(DecodeError::new("a list is an object"));
    }
    reader.object::<DecodeError>(|reader, key| {
        match (&*key, reader.peek()?) {
            ("metadata", Token::Object) => drop(decode(reader.skip()?, &mut metadata, &DecodeOptions::default())?),
            ("items", Token::Array) => reader.array::<DecodeError>(|reader| {
                items.push(reader.skip()?);
                Ok(())
            })?,
            _ => drop(reader.skip()?),
        }
        Ok(())
    })?;
    Ok((metadata, items))
}

/// Splits a watch event into its type and the text of its object.
///
/// # Errors
/// If the text is no watch event.
pub fn split_watch_event(text: &[u8]) -> Result<(String, &[u8]), DecodeError> {
    let mut reader = Reader::around(text);
    let (mut kind, mut object) = (String::new(), &b"null"[..]);
    if reader.peek()? != Token::Object {
        return Err(DecodeError::new("a watch event is an object"));
    }
    reader.object::<DecodeError>(|reader, key| {
        match (&*key, reader.peek()?) {
            ("type", Token::String) => kind = reader.string()?.into_owned(),
            ("object", _) => object = reader.skip()?,
            _ => drop(reader.skip()?),
        }
        Ok(())
    })?;
    Ok((kind, object))
}

/// Splits a custom resource into its metadata and the text of its other members (without `apiVersion` and `kind`).
///
/// # Errors
/// If it is no object or its metadata is malformed.
pub fn split_members(value: &serde_json::Value) -> Result<(ObjectMeta, Bytes), DecodeError> {
    let Some(members) = value.as_object() else { return Err(DecodeError::new("a custom resource is an object")) };
    let mut metadata = ObjectMeta::default();
    let mut rest = Vec::new();
    for (key, member) in members {
        match key.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => {
                let text = serde_json::to_vec(member).map_err(|error| DecodeError::new(error.to_string()))?;
                decode(&text, &mut metadata, &DecodeOptions::default())?;
            }
            _ => {
                if !rest.is_empty() {
                    rest.push(b',');
                }
                super::write_string(&mut rest, key);
                rest.push(b':');
                serde_json::to_writer(&mut rest, member).map_err(|error| DecodeError::new(error.to_string()))?;
            }
        }
    }
    Ok((metadata, rest.into()))
}

/// Reads a whole text as a tree. Members that stand twice are told; the last one counts.
pub(crate) fn read_value(text: &[u8]) -> Result<(serde_json::Value, Vec<StrictIssue>), DecodeError> {
    read_with(Reader::new(text))
}

/// Reads a text of our own, which may be deeper than what is read from outside: protobuf counts the levels of JSON within
/// it from none again.
pub(crate) fn read_deep(text: &[u8]) -> Result<serde_json::Value, DecodeError> {
    Ok(read_with(Reader::deep(text))?.0)
}

fn read_with(mut reader: Reader<'_>) -> Result<(serde_json::Value, Vec<StrictIssue>), DecodeError> {
    let mut twice = vec![];
    let value = tree(&mut reader, &mut String::new(), &mut twice)?;
    reader.end()?;
    Ok((value, twice))
}

fn tree(
    reader: &mut Reader<'_>,
    path: &mut String,
    twice: &mut Vec<StrictIssue>,
) -> Result<serde_json::Value, DecodeError> {
    use serde_json::Value;
    Ok(match reader.peek()? {
        Token::Null => {
            reader.null()?;
            Value::Null
        }
        Token::Bool => Value::Bool(reader.bool()?),
        Token::Number => number(reader.number()?)?,
        Token::String => Value::String(reader.string()?.into_owned()),
        Token::Array => {
            let mut elements = vec![];
            reader.array::<DecodeError>(|reader| {
                let length = path.len();
                path.push_str(&format!("[{}]", elements.len()));
                elements.push(tree(reader, path, twice)?);
                path.truncate(length);
                Ok(())
            })?;
            Value::Array(elements)
        }
        Token::Object => {
            let mut members = serde_json::Map::new();
            reader.object::<DecodeError>(|reader, key| {
                let length = path.len();
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&key);
                let value = tree(reader, path, twice)?;
                if members.insert(key.into_owned(), value).is_some() {
                    twice.push(StrictIssue::Duplicate { path: path.clone() });
                }
                path.truncate(length);
                Ok(())
            })?;
            Value::Object(members)
        }
    })
}

/// Whole numbers stay whole as far as 64 bits reach.
fn number(text: &str) -> Result<serde_json::Value, DecodeError> {
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(whole.into());
    }
    let value: f64 = text.parse().map_err(|_| DecodeError::new(format!("cannot read number {text}")))?;
    serde_json::Number::from_f64(value)
        .map(serde_json::Value::Number)
        .ok_or_else(|| DecodeError::new(format!("json: cannot unmarshal number {text} into Go value of type float64")))
}
