//! The types of CEL as Kubernetes declares them.
//!
//! In: declarations of variables and structural schemas. Out: what the checker compares, the cost estimate sizes and
//! JSON is read by. Elsewhere: how types are inferred (`check`).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A CEL type.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Type {
    /// Any type at all: checked when evaluated.
    Dyn,
    /// `null`.
    Null,
    /// `bool`.
    Bool,
    /// 64-bit signed integer.
    Int,
    /// 64-bit unsigned integer.
    Uint,
    /// 64-bit float.
    Double,
    /// Unicode text.
    String,
    /// Bytes.
    Bytes,
    /// A point in time.
    Timestamp,
    /// A length of time.
    Duration,
    /// A list of one element type.
    List(Arc<Type>),
    /// A map from the first type to the second.
    Map(Arc<(Type, Type)>),
    /// A value with named fields.
    Object(Arc<ObjectType>),
    /// A value that may be missing.
    Optional(Arc<Type>),
    /// The type of a type: `type(int)`.
    Type(Arc<Type>),
    /// A type of Kubernetes' own libraries, by its full name, such as `kubernetes.Quantity`.
    Opaque(&'static str),
    /// A type with limits or list semantics that its schema gives; otherwise like the type inside.
    Schema(Arc<SchemaType>),
    #[doc(hidden)]
    Param(u32),
}

/// What a schema says about a value beyond its type.
#[derive(Clone, Debug)]
pub struct SchemaType {
    /// The type itself.
    pub ty: Type,
    /// The most bytes, elements or entries the value may have.
    pub max: Option<u64>,
    /// How a list compares and joins.
    pub list: ListKind,
}

/// `x-kubernetes-list-type`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ListKind {
    /// Order counts.
    #[default]
    Atomic,
    /// Order does not count, elements are unique.
    Set,
    /// Elements are objects, told apart by these properties (not escaped).
    Map(Vec<String>),
}

/// An object type: a name, and its fields.
#[derive(Clone, Debug, Default)]
pub struct ObjectType {
    /// The full name, as `type(x)` and error texts show it.
    pub name: String,
    /// The fields by their names in CEL (escaped where needed).
    pub fields: BTreeMap<String, Type>,
    /// True if any other field may be there too, of type `dyn`.
    pub open: bool,
}

impl ObjectType {
    /// The declared field of this name. A property that is named by a word of the language goes by its own name too,
    /// where the grammar lets it.
    pub fn field(&self, name: &str) -> Option<&Type> {
        self.fields.get(name).or_else(|| match crate::names::is_identifier(name) {
            true => None,
            false => self.fields.get(&format!("__{name}__")),
        })
    }
}

impl Type {
    /// `list(element)`.
    pub fn list(element: Type) -> Type {
        Type::List(Arc::new(element))
    }

    /// `map(key, value)`.
    pub fn map(key: Type, value: Type) -> Type {
        Type::Map(Arc::new((key, value)))
    }

    /// `optional_type(inner)`.
    pub fn optional(inner: Type) -> Type {
        Type::Optional(Arc::new(inner))
    }

    /// An object type with exactly these fields.
    pub fn object(name: impl Into<String>, fields: impl IntoIterator<Item = (String, Type)>) -> Type {
        Type::Object(Arc::new(ObjectType { name: name.into(), fields: fields.into_iter().collect(), open: false }))
    }

    /// This type, with at most `max` bytes, elements or entries.
    #[must_use]
    pub fn at_most(self, max: u64) -> Type {
        Type::Schema(Arc::new(SchemaType { list: self.list_kind(), ty: self.plain().clone(), max: Some(max) }))
    }

    /// This list type, with the semantics of `kind`.
    #[must_use]
    pub fn with_list_kind(self, kind: ListKind) -> Type {
        Type::Schema(Arc::new(SchemaType { max: self.max(), ty: self.plain().clone(), list: kind }))
    }

    /// The name as a value of the type prints it, and as Kubernetes says what an expression must evaluate to. It differs
    /// from `Display`, which is how errors of the checker show types: `null_type` and `null`.
    pub fn declared_name(&self) -> String {
        match self.plain() {
            Type::Null => "null_type".into(),
            Type::Timestamp => "google.protobuf.Timestamp".into(),
            Type::Duration => "google.protobuf.Duration".into(),
            Type::List(element) => format!("list({})", element.declared_name()),
            Type::Map(entry) => format!("map({}, {})", entry.0.declared_name(), entry.1.declared_name()),
            Type::Optional(inner) => format!("optional_type({})", inner.declared_name()),
            Type::Type(inner) => format!("type({})", inner.declared_name()),
            other => other.to_string(),
        }
    }

    /// The type without what its schema adds.
    pub fn plain(&self) -> &Type {
        match self {
            Type::Schema(schema) => schema.ty.plain(),
            other => other,
        }
    }

    /// The most bytes, elements or entries, if the schema limits them.
    pub fn max(&self) -> Option<u64> {
        match self {
            Type::Schema(schema) => schema.max,
            _ => None,
        }
    }

    /// The simple type that the language calls `name`.
    pub(crate) fn simple(name: &str) -> Option<Type> {
        Some(match name {
            "bool" => Type::Bool,
            "int" => Type::Int,
            "uint" => Type::Uint,
            "double" => Type::Double,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            _ => return None,
        })
    }

    pub(crate) fn list_kind(&self) -> ListKind {
        match self {
            Type::Schema(schema) => schema.list.clone(),
            _ => ListKind::Atomic,
        }
    }

    pub(crate) fn is_scalar(&self) -> bool {
        matches!(
            self.plain(),
            Type::Bool | Type::Int | Type::Uint | Type::Double | Type::Null | Type::Timestamp | Type::Duration
        )
    }
}

impl PartialEq for Type {
    fn eq(&self, other: &Type) -> bool {
        match (self.plain(), other.plain()) {
            (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => a == b,
            // A type as a value is compared without what it is made of: `type([1]) == type(['a'])`.
            (Type::Type(a), Type::Type(b)) => a == b,
            (Type::Map(a), Type::Map(b)) => a == b,
            (Type::Object(a), Type::Object(b)) => a.name == b.name,
            (Type::Opaque(a), Type::Opaque(b)) => a == b,
            (Type::Param(a), Type::Param(b)) => a == b,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Dyn => f.write_str("dyn"),
            Type::Null => f.write_str("null"),
            Type::Bool => f.write_str("bool"),
            Type::Int => f.write_str("int"),
            Type::Uint => f.write_str("uint"),
            Type::Double => f.write_str("double"),
            Type::String => f.write_str("string"),
            Type::Bytes => f.write_str("bytes"),
            Type::Timestamp => f.write_str("timestamp"),
            Type::Duration => f.write_str("duration"),
            Type::List(element) => write!(f, "list({element})"),
            Type::Map(entry) => write!(f, "map({}, {})", entry.0, entry.1),
            Type::Object(object) => f.write_str(&object.name),
            Type::Optional(inner) => write!(f, "optional_type({inner})"),
            Type::Type(inner) => write!(f, "type({inner})"),
            Type::Opaque(name) => f.write_str(name),
            Type::Schema(schema) => schema.ty.fmt(f),
            Type::Param(number) => write!(f, "_var{number}"),
        }
    }
}
