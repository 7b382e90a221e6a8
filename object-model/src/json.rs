//! JSON: text to structs and back, over the schema tables.
use crate::GroupVersionKind;
use crate::api::meta::v1::ObjectMeta;
use crate::reflect::{Ref, Struct};
use crate::schema::FieldSchema;
use bytes::Bytes;

/// How to decode.
#[derive(Clone, Debug, Default)]
pub struct DecodeOptions {
    /// Collect unknown and duplicate fields.
    pub strict: bool,
}
/// A field that strict decoding objects to; `Display` gives the text of the error or warning (`unknown field "spec.foo"`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StrictIssue {
    /// A field that the kind does not have.
    Unknown {
        /// Path with dots and indexes.
        path: String,
    },
    /// A field that stands twice.
    Duplicate {
        /// Path with dots and indexes.
        path: String,
    },
}
/// Why a text is no such object.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{message}")]
pub struct DecodeError {
    /// As Go words it.
    pub message: String,
}
/// Is a field with this row and value written?
pub fn is_written(row: &FieldSchema, view: &Ref<'_>) -> bool {
    match view {
        Ref::Absent => row.value && row.always,
        _ => row.pointer || row.always || !view.is_zero(),
    }
}
/// Fills a struct from JSON text.
///
/// # Errors
/// Bad syntax or a value of the wrong type.
pub fn decode(
    _text: &[u8],
    _into: &mut dyn Struct,
    _options: &DecodeOptions,
) -> Result<Vec<StrictIssue>, DecodeError> {
    unimplemented!()
}
/// Appends a struct as a JSON object.
pub fn encode(_value: &dyn Struct, _out: &mut Vec<u8>) {
    unimplemented!()
}
/// Appends a top-level object, `kind` and `apiVersion` first.
pub fn write_kind(_out: &mut Vec<u8>, _api_version: &str, _kind: &str, _value: &dyn Struct) {
    unimplemented!()
}
/// Appends a custom resource.
pub fn write_dynamic(
    _out: &mut Vec<u8>,
    _gvk: &GroupVersionKind,
    _metadata: &ObjectMeta,
    _members: &[u8],
) {
    unimplemented!()
}
/// Splits a custom resource into its metadata and the text of its other members.
///
/// # Errors
/// If it is no object or its metadata is malformed.
pub fn split_members(_value: &serde_json::Value) -> Result<(ObjectMeta, Bytes), DecodeError> {
    unimplemented!()
}
/// Appends a quoted, escaped string.
pub fn write_string(_out: &mut Vec<u8>, _text: &str) {
    unimplemented!()
}
/// The JSON type of a value's text, as Go's messages name it: `string`, `number`, `object`, `array`, `bool`.
pub fn describe(_text: &[u8]) -> &'static str {
    unimplemented!()
}
/// Like [`decode`] for a top-level object, whose `apiVersion` and `kind` members are allowed.
///
/// # Errors
/// Bad syntax or a value of the wrong type.
pub fn decode_kind(
    _text: &[u8],
    _into: &mut dyn Struct,
    _options: &DecodeOptions,
) -> Result<Vec<StrictIssue>, DecodeError> {
    unimplemented!()
}
