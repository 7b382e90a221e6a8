//! From text to structs.

use std::fmt;

use super::reader::{Reader, Token};
use crate::reflect::{List, Map, Mut, Struct};
use crate::schema::{FieldSchema, Type};

/// How to decode.
#[derive(Clone, Debug, Default)]
pub struct DecodeOptions {
    /// Collect unknown and duplicate fields.
    pub strict: bool,
}

/// A field that strict decoding objects to; its `Display` is what clients see.
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

impl fmt::Display for StrictIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { path } => write!(f, "unknown field {path:?}"),
            Self::Duplicate { path } => write!(f, "duplicate field {path:?}"),
        }
    }
}

/// Why a text is no such object, as Go words it.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{message}")]
pub struct DecodeError {
    /// The words.
    pub message: String,
}

impl DecodeError {
    /// With these words.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// Fills a struct from JSON text.
///
/// # Errors
/// Bad syntax or a value of the wrong type.
pub fn decode(text: &[u8], into: &mut dyn Struct, options: &DecodeOptions) -> Result<Vec<StrictIssue>, DecodeError> {
    run(text, into, options, false)
}

/// Like [`decode`] for a top-level object, whose `apiVersion` and `kind` members are allowed.
///
/// # Errors
/// Bad syntax or a value of the wrong type.
pub fn decode_kind(
    text: &[u8],
    into: &mut dyn Struct,
    options: &DecodeOptions,
) -> Result<Vec<StrictIssue>, DecodeError> {
    run(text, into, options, true)
}

fn run(
    text: &[u8],
    into: &mut dyn Struct,
    options: &DecodeOptions,
    top: bool,
) -> Result<Vec<StrictIssue>, DecodeError> {
    let mut decoder =
        Decoder { path: vec![], names: vec![], strict: options.strict, duplicates: vec![], unknown: vec![] };
    let mut reader = Reader::new(text);
    let go_type = go_struct(into.schema().name.as_ref());
    match reader.peek()? {
        Token::Object => decoder.structure(&mut reader, into, top)?,
        Token::Null => reader.null()?,
        other => {
            reader.skip()?;
            return Err(DecodeError::new(format!(
                "json: cannot unmarshal {} into Go value of type {go_type}",
                other.name()
            )));
        }
    }
    reader.end()?;
    let mut issues = decoder.duplicates;
    issues.extend(decoder.unknown);
    Ok(issues)
}

fn go_struct(name: &str) -> String {
    format!("v1.{name}")
}

/// The Go type of a value, as error messages name it.
fn go_type(ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".into(),
        Type::Int32 | Type::IntOrString => "int32".into(),
        Type::Int64 => "int64".into(),
        Type::Float => "float64".into(),
        Type::Bytes => "[]uint8".into(),
        Type::Struct(table) => go_struct(&table.name),
        Type::List(element) => format!("[]{}", go_type(element)),
        Type::Map(value) => format!("map[string]{}", go_type(value)),
        Type::String
        | Type::Time
        | Type::MicroTime
        | Type::Duration
        | Type::Quantity
        | Type::Fields
        | Type::Object
        | Type::Any => "string".into(),
    }
}

enum Segment {
    Name(String),
    Index(usize),
}

struct Decoder {
    /// Where we are, with indexes and map keys: for strict issues.
    path: Vec<Segment>,
    /// Where we are, names of struct fields only: for Go's messages.
    names: Vec<(&'static str, String)>,
    strict: bool,
    duplicates: Vec<StrictIssue>,
    unknown: Vec<StrictIssue>,
}

impl Decoder {
    fn path_to(&self, last: &str) -> String {
        let mut text = String::new();
        for segment in &self.path {
            match segment {
                Segment::Name(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name);
                }
                Segment::Index(index) => text.push_str(&format!("[{index}]")),
            }
        }
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(last);
        text
    }

    fn mismatch(&self, found: &str, go_type: &str) -> DecodeError {
        let Some((owner, _)) = self.names.last() else {
            return DecodeError::new(format!("json: cannot unmarshal {found} into Go value of type {go_type}"));
        };
        let path: Vec<&str> = self.names.iter().map(|(_, name)| name.as_str()).collect();
        DecodeError::new(format!(
            "json: cannot unmarshal {found} into Go struct field {owner}.{} of type {go_type}",
            path.join(".")
        ))
    }

    fn structure(&mut self, reader: &mut Reader<'_>, into: &mut dyn Struct, top: bool) -> Result<(), DecodeError> {
        let schema = into.schema();
        let is_kind = into.kind().is_some();
        let owner: &'static str = match &schema.name {
            std::borrow::Cow::Borrowed(name) => name,
            std::borrow::Cow::Owned(_) => "",
        };
        let mut hint = 0;
        let mut seen = Seen::default();
        reader.object(|reader, key| {
            let Some((index, row)) = schema.find_from(hint, &key) else {
                if !((top || is_kind) && (key == "apiVersion" || key == "kind")) {
                    if self.strict {
                        let path = self.path_to(&key);
                        self.unknown.push(StrictIssue::Unknown { path });
                    }
                    reader.skip()?;
                    return Ok(());
                }
                let text = reader.skip()?;
                if text.first() != Some(&b'"') && text != b"null" {
                    return Err(self.mismatch(super::describe(text), "string"));
                }
                return Ok(());
            };
            hint = index + 1;
            if !seen.insert(index) && self.strict {
                let path = self.path_to(&key);
                self.duplicates.push(StrictIssue::Duplicate { path });
            }
            self.names.push((owner, row.name.to_string()));
            if self.strict {
                self.path.push(Segment::Name(row.name.to_string()));
            }
            let field = into.field_mut(index);
            let done = if reader.peek()? == Token::Null {
                field.clear();
                reader.null()
            } else {
                self.value(reader, field.get_mut(), row, &row.ty)
            };
            done?;
            self.names.pop();
            if self.strict {
                self.path.pop();
            }
            Ok(())
        })
    }

    fn value(
        &mut self,
        reader: &mut Reader<'_>,
        into: Mut<'_>,
        row: &FieldSchema,
        ty: &Type,
    ) -> Result<(), DecodeError> {
        let token = reader.peek()?;
        match (into, token) {
            (Mut::Bool(value), Token::Bool) => *value = reader.bool()?,
            (Mut::Str(value), Token::String) => {
                let text = reader.string()?;
                value.clear();
                value.push_str(&text);
            }
            (Mut::I32(value), Token::Number) => {
                let text = reader.number()?;
                *value = text.parse().map_err(|_| self.mismatch(&format!("number {text}"), "int32"))?;
            }
            (Mut::I64(value), Token::Number) => {
                let text = reader.number()?;
                *value = text.parse().map_err(|_| self.mismatch(&format!("number {text}"), "int64"))?;
            }
            (Mut::F64(value), Token::Number) => {
                let text = reader.number()?;
                *value = text.parse().map_err(|_| self.mismatch(&format!("number {text}"), "float64"))?;
            }
            (Mut::Bytes(value), Token::String) => {
                let text = reader.string()?;
                *value = bytes_of(&text)?;
            }
            (Mut::Struct(value), Token::Object) => self.structure(reader, value, false)?,
            (Mut::List(value), Token::Array) => self.list(reader, value, row, ty)?,
            (Mut::Map(value), Token::Object) => self.map(reader, value, row, ty)?,
            (Mut::Scalar(value), token) => {
                let text = reader.skip()?;
                let fits = match ty {
                    Type::IntOrString => matches!(token, Token::Number | Token::String),
                    // A quantity reads whatever text there is, and says what it misses.
                    Type::Quantity => true,
                    Type::Fields => token == Token::Object,
                    Type::Object | Type::Any => true,
                    _ => token == Token::String,
                };
                if !fits {
                    return Err(self.mismatch(token.name(), &go_type(ty)));
                }
                value.read_json(text).map_err(|message| {
                    if matches!(ty, Type::IntOrString) && token == Token::Number {
                        let number = String::from_utf8_lossy(text);
                        return self.mismatch(&format!("number {number}"), "int32");
                    }
                    DecodeError::new(message)
                })?;
            }
            (_, token) => {
                reader.skip()?;
                return Err(self.mismatch(token.name(), &go_type(ty)));
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        reader: &mut Reader<'_>,
        into: &mut dyn List,
        row: &FieldSchema,
        ty: &Type,
    ) -> Result<(), DecodeError> {
        let element = match ty {
            Type::List(element) => element,
            _ => return Err(DecodeError::new("the schema does not describe a list")),
        };
        into.clear();
        let mut index = 0;
        reader.array(|reader| {
            if self.strict {
                self.path.push(Segment::Index(index));
            }
            index += 1;
            let slot = into.push();
            if reader.peek()? == Token::Null {
                reader.null()?;
            } else {
                self.value(reader, slot, row, element)?;
            }
            if self.strict {
                self.path.pop();
            }
            Ok(())
        })
    }

    fn map(
        &mut self,
        reader: &mut Reader<'_>,
        into: &mut dyn Map,
        row: &FieldSchema,
        ty: &Type,
    ) -> Result<(), DecodeError> {
        let value = match ty {
            Type::Map(value) => value,
            _ => return Err(DecodeError::new("the schema does not describe a map")),
        };
        into.clear();
        reader.object(|reader, key| {
            if self.strict && into.get(&key).is_some() {
                let path = self.path_to(&key);
                self.duplicates.push(StrictIssue::Duplicate { path });
            }
            if self.strict {
                self.path.push(Segment::Name(key.to_string()));
            }
            let slot = into.entry(key.into_owned());
            if reader.peek()? == Token::Null {
                reader.null()?;
            } else {
                self.value(reader, slot, row, value)?;
            }
            if self.strict {
                self.path.pop();
            }
            Ok(())
        })
    }
}

/// The bytes that base64 text stands for.
pub(crate) fn bytes_of(text: &str) -> Result<Vec<u8>, DecodeError> {
    use base64::Engine as _;
    // Line breaks are allowed inside, as in Go.
    let compact: String = text.chars().filter(|c| *c != '\n' && *c != '\r').collect();
    base64::engine::general_purpose::STANDARD.decode(compact.as_bytes()).map_err(|error| {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
            base64::DecodeError::InvalidLength(length) => length.saturating_sub(length % 4),
            base64::DecodeError::InvalidPadding => compact.len(),
        };
        DecodeError::new(format!("illegal base64 data at input byte {at}"))
    })
}

/// Which fields have been seen: a bit each, for the first 128 of a struct.
#[derive(Default)]
struct Seen(u128);

impl Seen {
    /// Is this the first time?
    fn insert(&mut self, index: usize) -> bool {
        let Some(bit) = u32::try_from(index).ok().and_then(|index| 1u128.checked_shl(index)) else { return true };
        let fresh = self.0 & bit == 0;
        self.0 |= bit;
        fresh
    }
}
