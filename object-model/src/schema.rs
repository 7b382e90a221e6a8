//! Schemas: compact tables that say what the fields of a struct are.
//!
//! In: the derive macro (static tables) or a CustomResourceDefinition (owned tables, same types).
//! Out: everything generic over fields reads them: codecs, OpenAPI, strategic merge, server-side
//! apply, pruning, strict decoding. Invariant: a table is immutable once built.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

/// A reference to a schema part that lives in the binary or on the heap.
#[derive(Debug)]
pub enum Shared<T: 'static> {
    /// Part of a table that a derive emitted.
    Static(&'static T),
    /// Built at run time.
    Owned(Arc<T>),
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Static(value) => Self::Static(value),
            Self::Owned(value) => Self::Owned(Arc::clone(value)),
        }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        match self {
            Self::Static(value) => value,
            Self::Owned(value) => value,
        }
    }
}

/// A reference to a struct's table. Static tables are reached through a function, because they may be recursive.
#[derive(Clone, Debug)]
pub enum StructRef {
    /// The table of a Rust struct.
    Static(fn() -> &'static StructSchema),
    /// Built at run time.
    Owned(Arc<StructSchema>),
}

impl Deref for StructRef {
    type Target = StructSchema;
    fn deref(&self) -> &StructSchema {
        match self {
            Self::Static(table) => table(),
            Self::Owned(table) => table,
        }
    }
}

/// The type of a field or list element.
#[derive(Clone, Debug)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// 32-bit signed integer.
    Int32,
    /// 64-bit signed integer.
    Int64,
    /// Double-precision number.
    Float,
    /// UTF-8 text.
    String,
    /// Bytes, base64 in JSON.
    Bytes,
    /// RFC 3339 time, whole seconds.
    Time,
    /// RFC 3339 time with microseconds.
    MicroTime,
    /// Go-style duration text such as `1h30m`.
    Duration,
    /// Decimal or binary quantity such as `100m` or `2Gi`.
    Quantity,
    /// A number or a string.
    IntOrString,
    /// A `fieldsV1` set.
    Fields,
    /// Any JSON object, kept as it is (`RawExtension`).
    Object,
    /// Any JSON value, kept as it is.
    Any,
    /// A struct with its own table.
    Struct(StructRef),
    /// A list of elements of one type.
    List(Shared<Type>),
    /// A map from strings to values of one type.
    Map(Shared<Type>),
}

impl Type {
    /// The struct table of this type, looking through nothing.
    pub fn as_struct(&self) -> Option<&StructSchema> {
        match self {
            Self::Struct(table) => Some(table),
            _ => None,
        }
    }
}

/// How a list merges under server-side apply (`x-kubernetes-list-type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListType {
    /// Nothing said: treated as atomic.
    Unset,
    /// Replaced as a whole.
    Atomic,
    /// Each scalar is owned on its own.
    Set,
    /// Elements are identified by `keys`.
    Map,
}

/// One row of a struct's table.
#[derive(Clone, Debug)]
pub struct FieldSchema {
    /// Name in JSON.
    pub name: Cow<'static, str>,
    /// What the field means.
    pub doc: Cow<'static, str>,
    /// Protobuf field number; 0 where the kind has no protobuf form.
    pub tag: u32,
    /// Number of the embedded message that holds `tag`, inlined in JSON; 0 for none.
    pub within: u32,
    /// Type of the value.
    pub ty: Type,
    /// The Rust type is an `Option`: absent differs from zero.
    pub pointer: bool,
    /// Written in JSON even when it is zero.
    pub always: bool,
    /// An `Option` in Rust that is a value in Go: absent stands for the zero value (times).
    pub value: bool,
    /// Required in OpenAPI.
    pub required: bool,
    /// A map or struct that server-side apply treats as one value (`x-kubernetes-map-type: atomic`).
    pub atomic: bool,
    /// `x-kubernetes-list-type`.
    pub list: ListType,
    /// `x-kubernetes-list-map-keys`, JSON names.
    pub keys: Cow<'static, [Cow<'static, str>]>,
    /// `x-kubernetes-patch-strategy`: empty, `merge`, `replace`, `retainKeys` or `merge,retainKeys`.
    pub patch: Cow<'static, str>,
    /// `x-kubernetes-patch-merge-key`: empty or a JSON name.
    pub merge_key: Cow<'static, str>,
    /// What stands for an absent value, as JSON text; empty for nothing.
    pub default: &'static str,
    /// What the value must satisfy beyond its type.
    pub checks: Option<&'static FieldChecks>,
}

/// What the value of a field must satisfy. Of a list or map, everything but the lengths is about its elements.
#[derive(Clone, Copy, Debug)]
pub struct FieldChecks {
    /// Least number.
    pub minimum: Option<f64>,
    /// Greatest number.
    pub maximum: Option<f64>,
    /// Least length of a text in characters, of a list or map in elements.
    pub min_length: Option<i64>,
    /// Greatest length of a text in characters, of a list or map in elements.
    pub max_length: Option<i64>,
    /// A regular expression that matches somewhere in the text; empty for any text.
    pub pattern: &'static str,
    /// The only values allowed; empty for any.
    pub one_of: &'static [&'static str],
}

/// The table of one struct.
#[derive(Clone, Debug)]
pub struct StructSchema {
    /// Short name, as in Go and OpenAPI (`PodSpec`).
    pub name: Cow<'static, str>,
    /// Path of the Rust module that defines it; with the name it is unique.
    pub module: Cow<'static, str>,
    /// What the struct stands for.
    pub doc: Cow<'static, str>,
    /// Server-side apply treats a value of this struct as one (`x-kubernetes-map-type: atomic`).
    pub atomic: bool,
    /// Rows in the order of the Rust fields.
    pub fields: Cow<'static, [FieldSchema]>,
    /// Unknown fields are kept instead of reported (custom resources only).
    pub preserve_unknown: bool,
}

impl StructSchema {
    /// A table that lives in the binary; used by the derive.
    pub const fn fixed(
        name: &'static str,
        module: &'static str,
        doc: &'static str,
        atomic: bool,
        fields: &'static [FieldSchema],
    ) -> Self {
        Self {
            name: Cow::Borrowed(name),
            module: Cow::Borrowed(module),
            doc: Cow::Borrowed(doc),
            atomic,
            fields: Cow::Borrowed(fields),
            preserve_unknown: false,
        }
    }

    /// Index and row of the field with this JSON name.
    pub fn find(&self, name: &str) -> Option<(usize, &FieldSchema)> {
        self.fields.iter().enumerate().find(|(_, field)| field.name == name)
    }

    /// Like [`find`](Self::find), trying `hint` first: objects mostly list their fields in table order.
    pub fn find_from(&self, hint: usize, name: &str) -> Option<(usize, &FieldSchema)> {
        match self.fields.get(hint) {
            Some(field) if field.name == name => Some((hint, field)),
            _ => self.find(name),
        }
    }
}
