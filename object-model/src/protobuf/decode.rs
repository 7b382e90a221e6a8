//! From messages to structs.

use super::DEPTH_MAX;
use super::wire::{Fields, Value};
use crate::json::DecodeError;
use crate::reflect::{Map, Mut, Struct};
use crate::schema::{FieldSchema, StructSchema};

/// Fills a struct from a message body.
///
/// # Errors
/// Malformed bytes.
pub fn decode(body: &[u8], into: &mut dyn Struct) -> Result<(), DecodeError> {
    message(body, into, 0, DEPTH_MAX).map_err(DecodeError::new)
}

/// Reads the fields of a message; `within` is the embedded message that the body is of, 0 for the struct's own.
fn message(body: &[u8], into: &mut dyn Struct, within: u32, depth: usize) -> Result<(), String> {
    let Some(depth) = depth.checked_sub(1) else { return Err("proto: messages are nested too deeply".into()) };
    let schema = into.schema();
    let mut fields = Fields::new(body);
    let mut hint = 0;
    while let Some((tag, value)) = fields.next()? {
        if let Some(index) = find(schema, hint, tag, within) {
            hint = index;
            let row = &schema.fields[index];
            field(row, into, index, value, depth).map_err(|why| format!("{}.{}: {why}", schema.name, row.name))?;
        } else if let Value::Bytes(embedded) = value
            && within == 0
            && schema.fields.iter().any(|row| row.within == tag)
        {
            message(embedded, into, tag, depth)?;
        }
    }
    Ok(())
}

fn find(schema: &StructSchema, hint: usize, tag: u32, within: u32) -> Option<usize> {
    let is = |row: &FieldSchema| row.tag == tag && row.within == within;
    let near = (hint..schema.fields.len().min(hint + 2)).find(|index| is(&schema.fields[*index]));
    near.or_else(|| schema.fields.iter().position(is))
}

fn field(row: &FieldSchema, into: &mut dyn Struct, index: usize, value: Value<'_>, depth: usize) -> Result<(), String> {
    // A value time that is absent is written as an empty message, which must not become 1970.
    if row.value && value == Value::Bytes(&[]) {
        into.field_mut(index).clear();
        return Ok(());
    }
    match into.field_mut(index).get_mut() {
        Mut::List(list) => single(list.push(), value, depth.saturating_sub(1)),
        Mut::Map(map) => entry(map, value, depth.saturating_sub(1)),
        other => single(other, value, depth),
    }
}

fn entry(map: &mut dyn Map, value: Value<'_>, depth: usize) -> Result<(), String> {
    let Value::Bytes(body) = value else { return Err("proto: wrong wireType for a map".into()) };
    let mut fields = Fields::new(body);
    let (mut key, mut content) = (String::new(), None);
    while let Some((tag, value)) = fields.next()? {
        match (tag, value) {
            (1, Value::Bytes(bytes)) => key = text(bytes)?,
            (2, value) => content = Some(value),
            _ => {}
        }
    }
    match (map.entry(key), content) {
        (_, None) => Ok(()),
        (Mut::List(list), Some(Value::Bytes(body))) => {
            let mut fields = Fields::new(body);
            while let Some((tag, value)) = fields.next()? {
                if tag == 1 {
                    single(list.push(), value, depth)?;
                }
            }
            Ok(())
        }
        (slot, Some(value)) => single(slot, value, depth),
    }
}

fn text(bytes: &[u8]) -> Result<String, String> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| "proto: string is not UTF-8".to_owned())
}

fn single(into: Mut<'_>, value: Value<'_>, depth: usize) -> Result<(), String> {
    match (into, value) {
        (Mut::Bool(slot), Value::Varint(value)) => *slot = value != 0,
        (Mut::I32(slot), Value::Varint(value)) => *slot = value as i32,
        (Mut::I64(slot), Value::Varint(value)) => *slot = value as i64,
        (Mut::F64(slot), Value::Fixed64(value)) => *slot = f64::from_bits(value),
        (Mut::Str(slot), Value::Bytes(bytes)) => *slot = text(bytes)?,
        (Mut::Bytes(slot), Value::Bytes(bytes)) => *slot = bytes.to_vec(),
        (Mut::Scalar(slot), Value::Bytes(bytes)) => slot.read_protobuf(bytes)?,
        (Mut::Struct(slot), Value::Bytes(bytes)) => message(bytes, slot, 0, depth)?,
        _ => return Err("proto: wrong wireType".into()),
    }
    Ok(())
}
