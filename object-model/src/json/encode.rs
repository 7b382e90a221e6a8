//! From structs to text.

use bytes::Bytes;

use crate::GroupVersionKind;
use crate::api::meta::v1::{ListMeta, ObjectMeta};
use crate::reflect::{Ref, Struct};
use crate::schema::FieldSchema;

/// Is a field with this row and value written?
pub fn is_written(row: &FieldSchema, view: &Ref<'_>) -> bool {
    match view {
        Ref::Absent => row.always,
        _ => row.pointer || row.always || !view.is_zero(),
    }
}

/// Appends a struct as a JSON object.
pub fn encode(value: &dyn Struct, out: &mut Vec<u8>) {
    out.push(b'{');
    members(value, out, true);
    out.push(b'}');
}

/// A struct inside another one. A whole kind in there says what it is, as a StatefulSet's claims do.
fn nested(value: &dyn Struct, out: &mut Vec<u8>) {
    let Some(kind) = value.kind() else { return encode(value, out) };
    out.extend_from_slice(b"{\"kind\":");
    write_string(out, kind.kind);
    out.extend_from_slice(b",\"apiVersion\":");
    write_string(out, &kind.api_version());
    members(value, out, false);
    out.push(b'}');
}

fn members(value: &dyn Struct, out: &mut Vec<u8>, mut first: bool) {
    for (index, row) in value.schema().fields.iter().enumerate() {
        let view = value.field(index).get();
        if !is_written(row, &view) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(row.name.as_bytes());
        out.extend_from_slice(b"\":");
        write(&view, out);
    }
}

/// Appends one value.
pub(crate) fn write(view: &Ref<'_>, out: &mut Vec<u8>) {
    match view {
        Ref::Absent => out.extend_from_slice(b"null"),
        Ref::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Ref::I32(value) => out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes()),
        Ref::I64(value) => out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes()),
        Ref::F64(value) => write_float(*value, out),
        Ref::Str(value) => write_string(out, value),
        Ref::Bytes(value) => {
            use base64::Engine as _;
            out.push(b'"');
            out.extend_from_slice(base64::engine::general_purpose::STANDARD.encode(value).as_bytes());
            out.push(b'"');
        }
        Ref::Scalar(value) => value.write_json(out),
        Ref::Struct(value) => nested(*value, out),
        // An empty list or map that is written at all stands for Go's nil.
        Ref::List(value) if value.is_empty() => out.extend_from_slice(b"null"),
        Ref::Map(value) if value.is_empty() => out.extend_from_slice(b"null"),
        Ref::List(value) => {
            out.push(b'[');
            for index in 0..value.len() {
                if index > 0 {
                    out.push(b',');
                }
                write(&value.get(index).unwrap_or(Ref::Absent), out);
            }
            out.push(b']');
        }
        Ref::Map(value) => {
            out.push(b'{');
            for (position, (key, entry)) in value.entries().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_string(out, key);
                out.push(b':');
                write(&entry, out);
            }
            out.push(b'}');
        }
    }
}

/// Whole numbers without a point, others in the shortest form, as Go prints them.
pub(crate) fn write_float(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() {
        out.extend_from_slice(b"null");
    } else if value.fract() == 0.0 && value.abs() < 1e15 {
        out.extend_from_slice(itoa::Buffer::new().format(value as i64).as_bytes());
    } else {
        out.extend_from_slice(ryu::Buffer::new().format(value).as_bytes());
    }
}

/// Appends a quoted, escaped string. Like Go, it also escapes what could end a script element.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut start = 0;
    let mut next = 0;
    while let Some(byte) = bytes.get(next) {
        if let Some(block) = bytes[next..].first_chunk::<16>()
            && is_plain(block)
        {
            next += block.len();
            continue;
        }
        let index = next;
        next += 1;
        let short = match byte {
            b'"' => Some(b'"'),
            b'\\' => Some(b'\\'),
            b'\n' => Some(b'n'),
            b'\r' => Some(b'r'),
            b'\t' => Some(b't'),
            8 => Some(b'b'),
            12 => Some(b'f'),
            b'<' | b'>' | b'&' | 0..=0x1f => None,
            // U+2028 and U+2029 start with these three bytes' first two.
            0xe2 if bytes[index..].starts_with(&[0xe2, 0x80, 0xa8])
                || bytes[index..].starts_with(&[0xe2, 0x80, 0xa9]) =>
            {
                out.extend_from_slice(&bytes[start..index]);
                out.extend_from_slice(if bytes[index + 2] == 0xa8 { b"\\u2028" } else { b"\\u2029" });
                start = index + 3;
                next = start;
                continue;
            }
            _ => continue,
        };
        out.extend_from_slice(&bytes[start..index]);
        start = index + 1;
        match short {
            Some(letter) => out.extend_from_slice(&[b'\\', letter]),
            None => out.extend_from_slice(&[
                b'\\',
                b'u',
                b'0',
                b'0',
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 15)],
            ]),
        }
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
}

/// Whether no byte of a block needs a closer look. Without branches, so that it is a handful of instructions.
fn is_plain(block: &[u8; 16]) -> bool {
    let look = |byte: u8| {
        u8::from(byte < 0x20)
            | u8::from(byte == b'"')
            | u8::from(byte == b'\\')
            | u8::from(byte == b'<')
            | u8::from(byte == b'>')
            | u8::from(byte == b'&')
            | u8::from(byte == 0xe2)
    };
    block.iter().fold(0, |found, byte| found | look(*byte)) == 0
}

fn type_members(out: &mut Vec<u8>, api_version: &str, kind: &str) {
    out.extend_from_slice(b"{\"kind\":");
    write_string(out, kind);
    out.extend_from_slice(b",\"apiVersion\":");
    write_string(out, api_version);
}

/// Appends a top-level object, `kind` and `apiVersion` first.
pub fn write_kind(out: &mut Vec<u8>, api_version: &str, kind: &str, value: &dyn Struct) {
    type_members(out, api_version, kind);
    members(value, out, false);
    out.push(b'}');
}

/// Appends a custom resource.
pub fn write_dynamic(out: &mut Vec<u8>, gvk: &GroupVersionKind, metadata: &ObjectMeta, rest: &[u8]) {
    out.extend_from_slice(b"{\"apiVersion\":");
    write_string(out, &gvk.api_version());
    out.extend_from_slice(b",\"kind\":");
    write_string(out, &gvk.kind);
    out.extend_from_slice(b",\"metadata\":");
    encode(metadata, out);
    if !rest.is_empty() {
        out.push(b',');
        out.extend_from_slice(rest);
    }
    out.push(b'}');
}

/// Whose objects are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListForm {
    /// Those of a kind with a Rust type.
    Builtin,
    /// Custom resources: the token of the next page is told even if there is none.
    Custom,
}

/// A list of items that are encoded already. `named` is how an item begins that repeats the list's kind: that much of it
/// is left out (`{"kind":"Pod","apiVersion":"v1",`); empty to leave out nothing.
pub fn encode_list(
    api_version: &str,
    kind: &str,
    metadata: &ListMeta,
    items: &[Bytes],
    named: &[u8],
    form: ListForm,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(items.iter().map(|item| item.len() + 1).sum::<usize>() + 256);
    type_members(&mut out, api_version, kind);
    out.extend_from_slice(b",\"metadata\":");
    if form == ListForm::Custom && metadata.continue_.is_empty() {
        out.extend_from_slice(b"{\"continue\":\"\"");
        members(metadata, &mut out, false);
        out.push(b'}');
    } else {
        encode(metadata, &mut out);
    }
    out.extend_from_slice(b",\"items\":[");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match item.strip_prefix(named) {
            Some(rest) if !named.is_empty() => {
                out.push(b'{');
                out.extend_from_slice(rest);
            }
            _ => out.extend_from_slice(item),
        }
    }
    out.extend_from_slice(b"]}");
    out
}
