//! Protobuf over the schema tables, with Kubernetes' `k8s\0` envelope.
use crate::reflect::Struct;
use bytes::Bytes;

/// A top-level object in its envelope.
pub fn encode_kind(_api_version: &str, _kind: &str, _value: &dyn Struct) -> Bytes {
    unimplemented!()
}
/// Appends tag and varint.
pub fn write_varint_field(_out: &mut Vec<u8>, _tag: u32, _value: u64) {
    unimplemented!()
}
/// Appends tag, length and bytes.
pub fn write_bytes_field(_out: &mut Vec<u8>, _tag: u32, _value: &[u8]) {
    unimplemented!()
}
/// Last varint of that number in a message body.
///
/// # Errors
/// If the body is no message.
pub fn last_varint_field(_body: &[u8], _tag: u32) -> Result<Option<u64>, String> {
    unimplemented!()
}
/// Last length-delimited value of that number in a message body.
///
/// # Errors
/// If the body is no message.
pub fn last_bytes_field(_body: &[u8], _tag: u32) -> Result<Option<&[u8]>, String> {
    unimplemented!()
}
/// Fills a struct from a message body.
///
/// # Errors
/// Malformed bytes.
pub fn decode(_body: &[u8], _into: &mut dyn Struct) -> Result<(), crate::json::DecodeError> {
    unimplemented!()
}
