//! From structs to messages.

use bytes::Bytes;

use super::envelope::wrap;
use super::wire::{write_bytes_field, write_message, write_varint, write_varint_field};
use crate::reflect::{Ref, Struct};
use crate::schema::FieldSchema;

/// A top-level object in its envelope.
pub fn encode_kind(api_version: &str, kind: &str, value: &dyn Struct) -> Bytes {
    wrap(api_version, kind, |out| encode(value, out))
}

/// Appends the body of a struct's message.
pub fn encode(value: &dyn Struct, out: &mut Vec<u8>) {
    let schema = value.schema();
    let mut embedded_done: u128 = 0;
    for (index, row) in schema.fields.iter().enumerate().filter(|(_, row)| row.tag != 0) {
        if row.within == 0 {
            field(row, &value.field(index).get(), out);
            continue;
        }
        // Fields that JSON inlines live in a message of their own, which is written where its first field stands.
        let bit = 1u128.checked_shl(row.within).unwrap_or(0);
        if embedded_done & bit == 0 {
            embedded_done |= bit;
            write_message(out, row.within, |out| {
                for (index, inner) in schema.fields.iter().enumerate().filter(|(_, inner)| inner.within == row.within) {
                    field(inner, &value.field(index).get(), out);
                }
            });
        }
    }
}

fn field(row: &FieldSchema, view: &Ref<'_>, out: &mut Vec<u8>) {
    match view {
        Ref::Absent if row.value => write_bytes_field(out, row.tag, &[]),
        Ref::Absent => {}
        Ref::List(list) => {
            for index in 0..list.len() {
                single(row.tag, &list.get(index).unwrap_or(Ref::Absent), out);
            }
        }
        Ref::Map(map) => {
            for (key, entry) in map.entries() {
                write_message(out, row.tag, |out| {
                    write_bytes_field(out, 1, key.as_bytes());
                    match &entry {
                        // A map's values can be lists only as messages that hold them.
                        Ref::List(list) => write_message(out, 2, |out| {
                            for index in 0..list.len() {
                                single(1, &list.get(index).unwrap_or(Ref::Absent), out);
                            }
                        }),
                        other => single(2, other, out),
                    }
                });
            }
        }
        // Bytes have no absent state of their own: nil and empty are alike, and not written.
        Ref::Bytes([]) => {}
        // Raw JSON that is absent is a nil slice inside a message that is there.
        other => single(row.tag, other, out),
    }
}

fn single(tag: u32, view: &Ref<'_>, out: &mut Vec<u8>) {
    match view {
        Ref::Absent | Ref::List(_) | Ref::Map(_) => {}
        Ref::Bool(value) => write_varint_field(out, tag, u64::from(*value)),
        Ref::I32(value) => write_varint_field(out, tag, i64::from(*value) as u64),
        Ref::I64(value) => write_varint_field(out, tag, *value as u64),
        Ref::F64(value) => {
            write_varint(out, u64::from(tag) << 3 | 1);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Ref::Str(value) => write_bytes_field(out, tag, value.as_bytes()),
        Ref::Bytes(value) => write_bytes_field(out, tag, value),
        Ref::Scalar(value) => write_message(out, tag, |out| value.write_protobuf(out)),
        Ref::Struct(value) => write_message(out, tag, |out| encode(*value, out)),
    }
}
