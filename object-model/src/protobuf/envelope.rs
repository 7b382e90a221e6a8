//! The envelope around top-level objects, lists of them, and watch frames.

use bytes::{BufMut, Bytes, BytesMut};

use super::MAGIC;
use super::encode::encode;
use super::wire::{Fields, Value, write_bytes_field, write_message};
use crate::api::meta::v1::{ListMeta, ObjectMeta};
use crate::json::DecodeError;

/// What an envelope says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// `apiVersion`
    pub api_version: String,
    /// `kind`
    pub kind: String,
    /// The body of the object's message (or whatever `content_type` says).
    pub raw: &'a [u8],
    /// Media type of `raw`; empty for protobuf.
    pub content_type: String,
}

/// Writes an envelope around what `body` appends.
pub(super) fn wrap(api_version: &str, kind: &str, body: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(MAGIC);
    write_message(&mut out, 1, |out| {
        write_bytes_field(out, 1, api_version.as_bytes());
        write_bytes_field(out, 2, kind.as_bytes());
    });
    write_message(&mut out, 2, body);
    write_bytes_field(&mut out, 3, &[]);
    write_bytes_field(&mut out, 4, &[]);
    out.into()
}

/// Opens an envelope.
///
/// # Errors
/// If the bytes do not start with `k8s\0` or are malformed.
pub fn decode_envelope(bytes: &[u8]) -> Result<Envelope<'_>, DecodeError> {
    let Some(body) = bytes.strip_prefix(MAGIC) else {
        return Err(DecodeError::new(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
        ));
    };
    let mut envelope = Envelope::default();
    let mut fields = Fields::new(body);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    while let Some((tag, value)) = fields.next().map_err(DecodeError::new)? {
        match (tag, value) {
            (1, Value::Bytes(meta)) => {
                let mut inner = Fields::new(meta);
                while let Some(field) = inner.next().map_err(DecodeError::new)? {
                    match field {
                        (1, Value::Bytes(bytes)) => envelope.api_version = text(bytes),
                        (2, Value::Bytes(bytes)) => envelope.kind = text(bytes),
                        _ => {}
                    }
                }
            }
            (2, Value::Bytes(raw)) => envelope.raw = raw,
            (4, Value::Bytes(bytes)) => envelope.content_type = text(bytes),
            _ => {}
        }
    }
    Ok(envelope)
}

/// A list in its envelope; the items are objects in theirs.
pub fn encode_list(api_version: &str, kind: &str, metadata: &ListMeta, items: &[Bytes]) -> Bytes {
    wrap(api_version, kind, |out| {
        out.reserve(items.iter().map(|item| item.len()).sum());
        write_message(out, 1, |out| encode(metadata, out));
        for item in items {
            let raw = decode_envelope(item).map(|envelope| envelope.raw).unwrap_or_default();
            write_bytes_field(out, 2, raw);
        }
    })
}

/// Takes the body of a list's message apart: its metadata and the bodies of its items.
///
/// # Errors
/// If the body is malformed.
pub fn split_list(body: &[u8]) -> Result<(ListMeta, Vec<&[u8]>), DecodeError> {
    let mut metadata = ListMeta::default();
    let mut items = vec![];
    let mut fields = Fields::new(body);
    while let Some(field) = fields.next().map_err(DecodeError::new)? {
        match field {
            (1, Value::Bytes(bytes)) => super::decode(bytes, &mut metadata)?,
            (2, Value::Bytes(bytes)) => items.push(bytes),
            _ => {}
        }
    }
    Ok((metadata, items))
}

/// An object that has nothing but metadata, whatever its kind: every kind has it as field 1.
pub fn encode_metadata_only(api_version: &str, kind: &str, metadata: &ObjectMeta) -> Bytes {
    wrap(api_version, kind, |out| write_message(out, 1, |out| encode(metadata, out)))
}

/// Appends a watch event as a frame: its length, then the event; `object` is in its envelope.
pub fn frame_watch_event(kind: &str, object: &[u8], out: &mut BytesMut) {
    let mut event = Vec::with_capacity(object.len() + 32);
    write_bytes_field(&mut event, 1, kind.as_bytes());
    write_message(&mut event, 2, |out| write_bytes_field(out, 1, object));
    out.put_u32(u32::try_from(event.len()).unwrap_or(u32::MAX));
    out.extend_from_slice(&event);
}
