//! Tags, varints and lengths.

/// Appends a varint.
pub(super) fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends tag and varint.
pub fn write_varint_field(out: &mut Vec<u8>, tag: u32, value: u64) {
    write_varint(out, u64::from(tag) << 3);
    write_varint(out, value);
}

/// Appends tag, length and bytes.
pub fn write_bytes_field(out: &mut Vec<u8>, tag: u32, value: &[u8]) {
    write_varint(out, u64::from(tag) << 3 | 2);
    write_varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// Appends tag and length, then what `body` writes.
pub(super) fn write_message(out: &mut Vec<u8>, tag: u32, body: impl FnOnce(&mut Vec<u8>)) {
    write_varint(out, u64::from(tag) << 3 | 2);
    // Most messages are short: one byte is set aside for the length, more are made room for if it takes them.
    let at = out.len();
    out.push(0);
    body(out);
    let length = out.len() - at - 1;
    if length < 0x80 {
        out[at] = length as u8;
    } else {
        let mut prefix = Vec::with_capacity(5);
        write_varint(&mut prefix, length as u64);
        out.splice(at..=at, prefix);
    }
}

/// A value as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// Reads fields one after the other.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0u64;
        for (index, byte) in self.rest.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err("proto: malformed or truncated varint".into())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        if length > self.rest.len() {
            return Err("unexpected EOF".into());
        }
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(taken)
    }

    /// The next field, `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Value<'a>)>, String> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let tag = u32::try_from(key >> 3).map_err(|_| "proto: illegal tag".to_owned())?;
        if tag == 0 {
            return Err("proto: illegal tag 0".into());
        }
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().map_err(|_| "unexpected EOF")?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| "proto: negative length")?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().map_err(|_| "unexpected EOF")?)),
            other => return Err(format!("proto: illegal wireType {other}")),
        };
        Ok(Some((tag, value)))
    }
}

/// Last varint of that number in a message body.
///
/// # Errors
/// If the body is no message.
pub fn last_varint_field(body: &[u8], tag: u32) -> Result<Option<u64>, String> {
    let mut fields = Fields::new(body);
    let mut found = None;
    while let Some((number, value)) = fields.next()? {
        if let Value::Varint(value) = value
            && number == tag
        {
            found = Some(value);
        }
    }
    Ok(found)
}

/// Last length-delimited value of that number in a message body.
///
/// # Errors
/// If the body is no message.
pub fn last_bytes_field(body: &[u8], tag: u32) -> Result<Option<&[u8]>, String> {
    let mut fields = Fields::new(body);
    let mut found = None;
    while let Some((number, value)) = fields.next()? {
        if let Value::Bytes(value) = value
            && number == tag
        {
            found = Some(value);
        }
    }
    Ok(found)
}
