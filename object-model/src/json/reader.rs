//! A pull parser over bytes.
//!
//! Invariant: after an error the reader is not used again; every method leaves it behind the value it read.

use std::borrow::Cow;

use super::{DEPTH_AROUND, DEPTH_MAX, DecodeError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl Token {
    /// As Go's messages name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// The JSON type of a value's text, as Go's messages name it: `string`, `number`, `object`, `array`, `bool`.
pub fn describe(text: &[u8]) -> &'static str {
    Reader::new(text).peek().map_or("null", Token::name)
}

/// Checks the syntax of a text.
///
/// # Errors
/// What is wrong, in Go's words.
pub fn check_syntax(text: &[u8]) -> Result<(), DecodeError> {
    let mut reader = Reader::new(text);
    reader.skip()?;
    reader.end()
}

pub(crate) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    depth_max: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, depth: 0, depth_max: DEPTH_MAX }
    }

    /// For what stands around objects, each of which may be as deep as [`DEPTH_MAX`].
    pub(crate) fn around(text: &'a [u8]) -> Self {
        Self { depth_max: DEPTH_MAX + DEPTH_AROUND, ..Self::new(text) }
    }

    /// For what we wrote ourselves.
    pub(crate) fn deep(text: &'a [u8]) -> Self {
        Self { depth_max: 4 * DEPTH_MAX, ..Self::new(text) }
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    fn next_byte(&mut self) -> Result<u8, DecodeError> {
        self.space();
        self.text.get(self.at).copied().ok_or_else(ended)
    }

    fn unexpected(&self, looking: &str) -> DecodeError {
        match std::str::from_utf8(&self.text[self.at..]).ok().and_then(|rest| rest.chars().next()) {
            None if self.at >= self.text.len() => ended(),
            Some('\'') => DecodeError::new(format!("invalid character '\\'' {looking}")),
            Some('"') => DecodeError::new(format!("invalid character '\"' {looking}")),
            Some(letter) => DecodeError::new(format!("invalid character '{}' {looking}", letter.escape_debug())),
            None => DecodeError::new(format!("invalid character '\\x{:02x}' {looking}", self.text[self.at])),
        }
    }

    /// The type of the next value.
    pub(crate) fn peek(&mut self) -> Result<Token, DecodeError> {
        match self.next_byte()? {
            b'n' => Ok(Token::Null),
            b't' | b'f' => Ok(Token::Bool),
            b'-' | b'0'..=b'9' => Ok(Token::Number),
            b'"' => Ok(Token::String),
            b'[' => Ok(Token::Array),
            b'{' => Ok(Token::Object),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }

    fn literal(&mut self, word: &'static str) -> Result<(), DecodeError> {
        for expected in word.bytes() {
            if self.text.get(self.at) != Some(&expected) {
                return Err(self.unexpected(&format!("in literal {word} (expecting '{}')", char::from(expected))));
            }
            self.at += 1;
        }
        Ok(())
    }

    pub(crate) fn null(&mut self) -> Result<(), DecodeError> {
        self.space();
        self.literal("null")
    }

    pub(crate) fn bool(&mut self) -> Result<bool, DecodeError> {
        if self.next_byte()? == b't' {
            self.literal("true").map(|()| true)
        } else {
            self.literal("false").map(|()| false)
        }
    }

    /// The text of a number, its syntax checked.
    pub(crate) fn number(&mut self) -> Result<&'a str, DecodeError> {
        self.space();
        let start = self.at;
        if self.text.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        match self.text.get(self.at) {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.unexpected("in numeric literal")),
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            if !matches!(self.text.get(self.at), Some(b'0'..=b'9')) {
                return Err(self.unexpected("after decimal point in numeric literal"));
            }
            self.digits();
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.text.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !matches!(self.text.get(self.at), Some(b'0'..=b'9')) {
                return Err(self.unexpected("in exponent of numeric literal"));
            }
            self.digits();
        }
        Ok(std::str::from_utf8(&self.text[start..self.at]).expect("numbers are ASCII"))
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    /// A string, borrowed if it has no escapes.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        if self.next_byte()? != b'"' {
            return Err(self.unexpected("looking for beginning of object key string"));
        }
        self.at += 1;
        let start = self.at;
        match memchr::memchr2(b'"', b'\\', &self.text[self.at..]) {
            None => Err(ended()),
            Some(offset) if self.text[self.at + offset] == b'"' => {
                let text = &self.text[start..self.at + offset];
                self.no_control(text)?;
                self.at += offset + 1;
                // Almost all text is valid, and to find that out is faster than to look for what is not.
                Ok(std::str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed))
            }
            Some(_) => self.escaped(start),
        }
    }

    fn no_control(&self, text: &[u8]) -> Result<(), DecodeError> {
        // Whole blocks first: the compiler makes one comparison of each.
        let mut blocks = text.chunks_exact(32);
        let clean = |block: &[u8]| block.iter().fold(0, |bad, byte| bad | u8::from(*byte < 0x20)) == 0;
        if blocks.by_ref().all(clean) && clean(blocks.remainder()) {
            return Ok(());
        }
        match text.iter().find(|byte| **byte < 0x20) {
            Some(byte) => {
                let shown = char::from(*byte).escape_debug().to_string();
                let shown = if shown.starts_with("\\u") { format!("\\x{byte:02x}") } else { shown };
                Err(DecodeError::new(format!("invalid character '{shown}' in string literal")))
            }
            None => Ok(()),
        }
    }

    fn escaped(&mut self, start: usize) -> Result<Cow<'a, str>, DecodeError> {
        let mut out: Vec<u8> = Vec::new();
        self.at = start;
        loop {
            let rest = &self.text[self.at..];
            let stop = memchr::memchr2(b'"', b'\\', rest).ok_or_else(ended)?;
            self.no_control(&rest[..stop])?;
            out.extend_from_slice(&rest[..stop]);
            self.at += stop + 1;
            if rest[stop] == b'"' {
                let text = String::from_utf8(out)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
                return Ok(Cow::Owned(text));
            }
            let escape = *self.text.get(self.at).ok_or_else(ended)?;
            let plain = match escape {
                b'"' | b'\\' | b'/' => escape,
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'u' => {
                    self.at += 1;
                    let letter = self.unicode()?;
                    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                    continue;
                }
                _ => return Err(self.unexpected("in string escape code")),
            };
            out.push(plain);
            self.at += 1;
        }
    }

    fn hex4(&mut self) -> Result<u32, DecodeError> {
        let digits = self.text.get(self.at..self.at + 4).ok_or_else(ended)?;
        let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(value) = text.and_then(|text| u32::from_str_radix(text, 16).ok()) else {
            return Err(self.unexpected("in \\u hexadecimal character escape"));
        };
        self.at += 4;
        Ok(value)
    }

    fn unicode(&mut self) -> Result<char, DecodeError> {
        let first = self.hex4()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        // A high surrogate needs its low half; alone it becomes the replacement character, as in Go.
        if self.text.get(self.at..self.at + 2) == Some(b"\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.hex4()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn enter(&mut self) -> Result<(), DecodeError> {
        let opening = char::from(self.text[self.at]);
        self.at += 1;
        self.depth += 1;
        if self.depth > self.depth_max {
            Err(DecodeError::new(format!("invalid character '{opening}' exceeded max depth")))
        } else {
            Ok(())
        }
    }

    /// Reads an object; `member` must read each value.
    pub(crate) fn object<E: From<DecodeError>>(
        &mut self,
        mut member: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.space();
        self.enter()?;
        if self.next_byte()? == b'}' {
            self.at += 1;
            self.depth -= 1;
            return Ok(());
        }
        loop {
            let key = self.string()?;
            if self.next_byte()? != b':' {
                return Err(self.unexpected("after object key").into());
            }
            self.at += 1;
            member(self, key)?;
            match self.next_byte()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    self.depth -= 1;
                    return Ok(());
                }
                _ => return Err(self.unexpected("after object key:value pair").into()),
            }
            if self.next_byte()? != b'"' {
                return Err(self.unexpected("looking for beginning of object key string").into());
            }
        }
    }

    /// Reads an array; `element` must read each value.
    pub(crate) fn array<E: From<DecodeError>>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.space();
        self.enter()?;
        if self.next_byte()? == b']' {
            self.at += 1;
            self.depth -= 1;
            return Ok(());
        }
        loop {
            element(self)?;
            match self.next_byte()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    self.depth -= 1;
                    return Ok(());
                }
                _ => return Err(self.unexpected("after array element").into()),
            }
        }
    }

    /// Passes over a value, checking its syntax, and hands out its text.
    pub(crate) fn skip(&mut self) -> Result<&'a [u8], DecodeError> {
        self.space();
        let start = self.at;
        match self.peek()? {
            Token::Null => self.null()?,
            Token::Bool => drop(self.bool()?),
            Token::Number => drop(self.number()?),
            Token::String => drop(self.string()?),
            Token::Array => self.array::<DecodeError>(|reader| reader.skip().map(drop))?,
            Token::Object => self.object::<DecodeError>(|reader, _| reader.skip().map(drop))?,
        }
        Ok(&self.text[start..self.at])
    }

    /// Nothing but space may follow.
    pub(crate) fn end(&mut self) -> Result<(), DecodeError> {
        self.space();
        if self.at == self.text.len() { Ok(()) } else { Err(self.unexpected("after top-level value")) }
    }
}

fn ended() -> DecodeError {
    DecodeError::new("unexpected end of JSON input")
}
