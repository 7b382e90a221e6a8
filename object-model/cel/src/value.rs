//! Values: what expressions read and yield.
//!
//! In: JSON trees with a type beside them, and what evaluation makes. Out: `eval`, the libraries, and the caller's JSON.
//! Invariant: a JSON tree is never copied to be read; a view of it carries the type that says what its leaves mean.
//! Elsewhere: comparing (`compare`), the values of Kubernetes' libraries (`library`).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::budget::Budget;
use crate::errors::EvalError;
pub use crate::key::Key;
use crate::library::opaque::Opaque;
use crate::ty::{ListKind, ObjectType, Type};

/// A CEL value. `'a` is the life of the JSON trees it may look into.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i64),
    /// `uint`.
    Uint(u64),
    /// `double`.
    Double(f64),
    /// `string`.
    String(Text<'a>),
    /// `bytes`.
    Bytes(Arc<[u8]>),
    /// A length of time, in nanoseconds.
    Duration(i64),
    /// A point in time, in nanoseconds since 1970.
    Timestamp(i128),
    /// A list.
    List(List<'a>),
    /// A map.
    Map(Map<'a>),
    /// An object with declared fields.
    Object(Object<'a>),
    /// A value that may be missing.
    Optional(Option<Arc<Value<'a>>>),
    /// A type.
    Type(Type),
    /// A value of Kubernetes' own libraries.
    Opaque(Opaque<'a>),
}

/// Text, borrowed or shared.
#[derive(Clone, Debug)]
pub enum Text<'a> {
    /// From a JSON tree.
    Borrowed(&'a str),
    /// Made by an expression.
    Shared(Arc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::Borrowed(text) => text,
            Text::Shared(text) => text,
        }
    }
}

/// A list: a view of a JSON array, or values.
#[derive(Clone, Debug)]
pub enum List<'a> {
    /// A JSON array, and the type of the list.
    Json(&'a [Json], &'a Type),
    /// Values.
    Values(Arc<Vec<Value<'a>>>),
}

/// A map: a view of a JSON object, or values.
#[derive(Clone, Debug)]
pub enum Map<'a> {
    /// A JSON object, and the type of its values.
    Json(&'a serde_json::Map<String, Json>, &'a Type),
    /// Values.
    Values(Arc<BTreeMap<Key, Value<'a>>>),
}

/// An object: a view of a JSON object, one made by an expression, or one that computes its fields.
#[derive(Clone, Debug)]
pub enum Object<'a> {
    /// A JSON object and its type.
    Json(&'a serde_json::Map<String, Json>, &'a ObjectType),
    /// `Name{field: value}`.
    Built(Arc<Built<'a>>),
    /// Fields that are computed when asked for.
    Lazy(Arc<dyn Fields<'a> + 'a>),
}

/// An object that an expression made.
#[derive(Clone, Debug)]
pub struct Built<'a> {
    /// The name of its type.
    pub name: Arc<str>,
    /// Its fields, in the order of their names.
    pub fields: BTreeMap<Arc<str>, Value<'a>>,
}

/// Fields that are computed when asked for, such as a policy's `variables`.
pub trait Fields<'a>: fmt::Debug + Send + Sync {
    /// The name of the object's type.
    fn type_name(&self) -> &str;

    /// The field, or `None` if there is none of that name. Called once per use: remember what was dear to compute.
    ///
    /// # Errors
    /// Whatever computing the field met.
    fn field(&self, name: &str, budget: &mut Budget) -> Result<Option<Value<'a>>, EvalError>;
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::String(Text::Borrowed(text))
    }
}
impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::String(Text::Shared(text.into()))
    }
}
impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}
impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}
impl<'a> From<Vec<Value<'a>>> for Value<'a> {
    fn from(values: Vec<Value<'a>>) -> Self {
        Value::List(List::Values(Arc::new(values)))
    }
}

impl<'a> Value<'a> {
    /// A view of `json`, read as `ty`. What does not fit the type is read as the JSON says.
    pub fn json(json: &'a Json, ty: &'a Type) -> Value<'a> {
        match (json, ty.plain()) {
            (Json::Null, _) => Value::Null,
            (Json::Bool(value), _) => Value::Bool(*value),
            (Json::Number(number), plain) => {
                let double = matches!(plain, Type::Double);
                match (number.as_i64(), number.as_u64()) {
                    (Some(value), _) if !double => Value::Int(value),
                    (None, Some(value)) if !double => Value::Uint(value),
                    _ => Value::number(number.as_f64().unwrap_or_default(), plain),
                }
            }
            (Json::String(text), plain) => Value::text(text, plain),
            (Json::Array(items), Type::List(_)) => Value::List(List::Json(items, ty)),
            (Json::Array(items), _) => Value::List(List::Json(items, &Type::Dyn)),
            (Json::Object(fields), Type::Object(object)) => Value::Object(Object::Json(fields, object)),
            (Json::Object(fields), Type::Map(entry)) => Value::Map(Map::Json(fields, &entry.1)),
            (Json::Object(fields), _) => Value::Map(Map::Json(fields, &Type::Dyn)),
        }
    }

    #[allow(clippy::cast_possible_truncation)]
    fn number(value: f64, ty: &Type) -> Value<'a> {
        if matches!(ty, Type::Int) && value.fract() == 0.0 && value.abs() < 9.2e18 {
            return Value::Int(value as i64);
        }
        Value::Double(value)
    }

    fn text(text: &'a str, ty: &Type) -> Value<'a> {
        let special = match ty {
            Type::Timestamp => crate::library::time::parse_time_or_date(text).map(Value::Timestamp),
            Type::Duration => crate::library::time::parse_duration(text).map(Value::Duration),
            Type::Bytes => crate::library::encoders::decode(text).map(|bytes| Value::Bytes(bytes.into())),
            _ => None,
        };
        special.unwrap_or(Value::String(Text::Borrowed(text)))
    }

    /// A value that may be missing, such as the `oldSelf` of a rule that also runs at creation.
    pub fn optional(value: Option<Value<'a>>) -> Value<'a> {
        Value::Optional(value.map(Arc::new))
    }

    /// The type, as `type(x)` gives it and errors show it.
    pub fn type_of(&self) -> Type {
        match self {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Uint(_) => Type::Uint,
            Value::Double(_) => Type::Double,
            Value::String(_) => Type::String,
            Value::Bytes(_) => Type::Bytes,
            Value::Duration(_) => Type::Duration,
            Value::Timestamp(_) => Type::Timestamp,
            Value::List(_) => Type::list(Type::Dyn),
            Value::Map(_) => Type::map(Type::Dyn, Type::Dyn),
            Value::Object(object) => Type::object(object.type_name(), []),
            Value::Optional(_) => Type::optional(Type::Dyn),
            Value::Type(_) => Type::Type(Arc::new(Type::Dyn)),
            Value::Opaque(opaque) => Type::Opaque(opaque.type_name()),
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth, if this is a bool.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

impl<'a> List<'a> {
    /// How many elements.
    pub fn len(&self) -> usize {
        match self {
            List::Json(items, _) => items.len(),
            List::Values(values) => values.len(),
        }
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `index`.
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        match self {
            List::Json(items, ty) => items.get(index).map(|item| Value::json(item, element_type(ty))),
            List::Values(values) => values.get(index).cloned(),
        }
    }

    /// All elements.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    pub(crate) fn kind(&self) -> ListKind {
        match self {
            List::Json(_, ty) => ty.list_kind(),
            List::Values(_) => ListKind::Atomic,
        }
    }
}

fn element_type(ty: &Type) -> &Type {
    match ty.plain() {
        Type::List(element) => element,
        _ => &Type::Dyn,
    }
}

impl<'a> Map<'a> {
    /// How many entries.
    pub fn len(&self) -> usize {
        match self {
            Map::Json(fields, _) => fields.len(),
            Map::Values(values) => values.len(),
        }
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value under a text key.
    pub fn get_str(&self, key: &str) -> Option<Value<'a>> {
        match self {
            Map::Json(fields, ty) => fields.get(key).map(|value| Value::json(value, ty)),
            Map::Values(values) => values.get(&Key::String(key.into())).cloned(),
        }
    }

    /// The value under `key`.
    pub fn get(&self, key: &Value<'_>) -> Option<Value<'a>> {
        match (self, key) {
            (_, Value::String(key)) => self.get_str(key),
            (Map::Values(values), key) => values.get(&Key::of(key)?).cloned(),
            (Map::Json(..), _) => None,
        }
    }

    /// All keys, in order.
    pub fn keys(&self) -> Vec<Value<'a>> {
        match self {
            Map::Json(fields, _) => fields.keys().map(|key| Value::from(key.as_str())).collect(),
            Map::Values(values) => values.keys().map(Key::value).collect(),
        }
    }
}

impl<'a> Object<'a> {
    /// The full name of the object's type.
    pub fn type_name(&self) -> &str {
        match self {
            Object::Json(_, ty) => &ty.name,
            Object::Built(built) => &built.name,
            Object::Lazy(fields) => fields.type_name(),
        }
    }

    /// The field, if it is there.
    ///
    /// # Errors
    /// Whatever computing the field met.
    pub fn field(&self, name: &str, budget: &mut Budget) -> Result<Option<Value<'a>>, EvalError> {
        Ok(match self {
            Object::Json(fields, ty) => {
                let declared = ty.field(name);
                let json = match declared {
                    Some(_) => fields.get(&*crate::names::unescape(name)),
                    None => fields.get(name),
                };
                // A field that is set to null is as one that is not set; a null under a key of a map is not.
                json.filter(|value| !value.is_null()).map(|value| Value::json(value, declared.unwrap_or(&Type::Dyn)))
            }
            Object::Built(built) => built.fields.get(name).cloned(),
            Object::Lazy(fields) => fields.field(name, budget)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_small_enough_for_deep_recursion() {
        assert!(size_of::<Value<'_>>() <= 64, "{}", size_of::<Value<'_>>());
    }

    #[test]
    fn values_and_programs_cross_threads() {
        fn crosses<T: Send + Sync>() {}
        crosses::<Value<'_>>();
        crosses::<crate::Program>();
        crosses::<crate::Activation<'_>>();
    }
}
