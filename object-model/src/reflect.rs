//! Field access by index, which all generic code is written against.
//!
//! In: structs through the derive, and the few leaf types below. Out: [`Ref`] and [`Mut`] views that
//! codecs, merges and selectors walk. Invariant: `field(i)` is the value that row `i` of the schema
//! describes. Elsewhere: the text and binary formats (`json`, `protobuf`).

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::schema::{Shared, StructSchema, Type};

mod serde_impls;
pub use serde_impls::{deserialize_struct, serialize_struct};

/// Read view of a value.
#[derive(Clone, Copy, Debug)]
pub enum Ref<'a> {
    /// A `None`.
    Absent,
    /// A boolean.
    Bool(bool),
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// A floating-point number.
    F64(f64),
    /// Text.
    Str(&'a str),
    /// Bytes (base64 in JSON).
    Bytes(&'a [u8]),
    /// A leaf with formats of its own, such as a time or a quantity.
    Scalar(&'a dyn Scalar),
    /// A struct.
    Struct(&'a dyn Struct),
    /// A list.
    List(&'a dyn List),
    /// A map with string keys.
    Map(&'a dyn Map),
}

impl Ref<'_> {
    /// Is this what Go would call the zero value (absent, 0, false, empty, all fields zero)?
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Bool(value) => !value,
            Self::I32(value) => *value == 0,
            Self::I64(value) => *value == 0,
            Self::F64(value) => *value == 0.0,
            Self::Str(value) => value.is_empty(),
            Self::Bytes(value) => value.is_empty(),
            Self::Scalar(value) => value.is_zero(),
            Self::List(value) => value.is_empty(),
            Self::Map(value) => value.is_empty(),
            Self::Struct(value) => (0..value.schema().fields.len()).all(|index| {
                let row = &value.schema().fields[index];
                let view = value.field(index).get();
                if row.pointer { matches!(view, Ref::Absent) } else { view.is_zero() }
            }),
        }
    }
}

/// Write view of a value; taking it from a `None` creates the default first.
#[derive(Debug)]
pub enum Mut<'a> {
    /// A boolean.
    Bool(&'a mut bool),
    /// A 32-bit integer.
    I32(&'a mut i32),
    /// A 64-bit integer.
    I64(&'a mut i64),
    /// A floating-point number.
    F64(&'a mut f64),
    /// Text.
    Str(&'a mut String),
    /// Bytes.
    Bytes(&'a mut Vec<u8>),
    /// A leaf with formats of its own.
    Scalar(&'a mut dyn Scalar),
    /// A struct.
    Struct(&'a mut dyn Struct),
    /// A list.
    List(&'a mut dyn List),
    /// A map with string keys.
    Map(&'a mut dyn Map),
}

/// Any value that can stand in a field.
pub trait Field: Any + Debug + Send + Sync {
    /// View to read.
    fn get(&self) -> Ref<'_>;
    /// View to write; creates what is absent.
    fn get_mut(&mut self) -> Mut<'_>;
    /// Back to absent or zero.
    fn clear(&mut self);
    /// Takes the value of another field of the same type; a field of another type is ignored.
    fn assign(&mut self, from: &dyn Field);
    /// Is the other field of the same type and value?
    fn same(&self, other: &dyn Field) -> bool;
}

/// The bodies of [`Field::assign`] and [`Field::same`], which are alike for all types.
#[doc(hidden)]
pub fn assign<T: Clone + 'static>(to: &mut T, from: &dyn Field) {
    if let Some(from) = (from as &dyn Any).downcast_ref::<T>() {
        to.clone_from(from);
    }
}

#[doc(hidden)]
pub fn same<T: PartialEq + 'static>(one: &T, other: &dyn Field) -> bool {
    (other as &dyn Any).downcast_ref::<T>().is_some_and(|other| one == other)
}

/// The schema type of a Rust type.
pub trait Typed {
    /// Its row type.
    const TYPE: Type;
}

/// A struct's table without a value at hand.
pub trait StaticSchema {
    /// The table.
    fn static_schema() -> &'static StructSchema;
}

/// A struct whose fields can be reached by index. Implemented by the derive.
pub trait Struct: Field + 'static {
    /// The table; row `i` describes `field(i)`.
    fn schema(&self) -> &'static StructSchema;
    /// Field `index` of the table.
    ///
    /// # Panics
    /// If the table has no such row.
    fn field(&self, index: usize) -> &dyn Field;
    /// Field `index` of the table, to write.
    ///
    /// # Panics
    /// If the table has no such row.
    fn field_mut(&mut self, index: usize) -> &mut dyn Field;
    /// Which kind this is, if it is one and not a part of one.
    fn kind(&self) -> Option<&'static crate::KindInfo> {
        None
    }
}

/// The field with this JSON name.
pub fn field_named<'a>(object: &'a dyn Struct, name: &str) -> Option<&'a dyn Field> {
    object.schema().find(name).map(|(index, _)| object.field(index))
}

/// The field with this JSON name, to write.
pub fn field_named_mut<'a>(object: &'a mut dyn Struct, name: &str) -> Option<&'a mut dyn Field> {
    object.schema().find(name).map(|(index, _)| object.field_mut(index))
}

/// A list of values of one type.
pub trait List: Debug + Send + Sync {
    /// Number of elements.
    fn len(&self) -> usize;
    /// No elements.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Element `index`, if there is one.
    fn get(&self, index: usize) -> Option<Ref<'_>>;
    /// Element `index`, if there is one, to write.
    fn element_mut(&mut self, index: usize) -> Option<Mut<'_>>;
    /// Appends a default element and hands it out.
    fn push(&mut self) -> Mut<'_>;
    /// Removes all elements.
    fn clear(&mut self);
}

/// A map from strings to values of one type, in key order.
pub trait Map: Debug + Send + Sync {
    /// Number of entries.
    fn len(&self) -> usize;
    /// No entries.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The value under `key`.
    fn get(&self, key: &str) -> Option<Ref<'_>>;
    /// Entries in key order.
    fn entries(&self) -> Box<dyn Iterator<Item = (&str, Ref<'_>)> + '_>;
    /// The value under `key`, created if missing.
    fn entry(&mut self, key: String) -> Mut<'_>;
    /// Removes all entries.
    fn clear(&mut self);
}

/// A leaf that has a JSON and a protobuf form of its own (in protobuf always a message).
pub trait Scalar: Debug + Send + Sync {
    /// Is it the zero value?
    fn is_zero(&self) -> bool;
    /// Appends its JSON text.
    fn write_json(&self, out: &mut Vec<u8>);
    /// Takes its value from the text of one JSON value, whose syntax has been checked.
    ///
    /// # Errors
    /// What is wrong with the value, for a `Status` message.
    fn read_json(&mut self, text: &[u8]) -> Result<(), String>;
    /// Appends the body of its protobuf message.
    fn write_protobuf(&self, out: &mut Vec<u8>);
    /// Takes its value from the body of its protobuf message.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    fn read_protobuf(&mut self, body: &[u8]) -> Result<(), String>;
}

macro_rules! leaf {
    ($ty:ty, $variant:ident, $schema:ident, |$value:ident| $read:expr) => {
        impl Field for $ty {
            fn get(&self) -> Ref<'_> {
                let $value = self;
                Ref::$variant($read)
            }
            fn get_mut(&mut self) -> Mut<'_> {
                Mut::$variant(self)
            }
            fn clear(&mut self) {
                *self = Self::default();
            }
            fn assign(&mut self, from: &dyn Field) {
                assign(self, from);
            }
            fn same(&self, other: &dyn Field) -> bool {
                same(self, other)
            }
        }
        impl Typed for $ty {
            const TYPE: Type = Type::$schema;
        }
    };
}

leaf!(bool, Bool, Bool, |value| *value);
leaf!(i32, I32, Int32, |value| *value);
leaf!(i64, I64, Int64, |value| *value);
leaf!(f64, F64, Float, |value| *value);
leaf!(String, Str, String, |value| value);
leaf!(crate::Time, Scalar, Time, |value| value);
leaf!(crate::MicroTime, Scalar, MicroTime, |value| value);
leaf!(crate::GoDuration, Scalar, Duration, |value| value);
leaf!(crate::Quantity, Scalar, Quantity, |value| value);
leaf!(crate::IntOrString, Scalar, IntOrString, |value| value);
leaf!(crate::FieldsV1, Scalar, Fields, |value| value);
leaf!(crate::RawExtension, Scalar, Object, |value| value);
leaf!(crate::Json, Scalar, Any, |value| value);

impl Field for crate::ByteString {
    fn get(&self) -> Ref<'_> {
        Ref::Bytes(&self.0)
    }
    fn get_mut(&mut self) -> Mut<'_> {
        Mut::Bytes(&mut self.0)
    }
    fn clear(&mut self) {
        self.0.clear();
    }
    fn assign(&mut self, from: &dyn Field) {
        assign(self, from);
    }
    fn same(&self, other: &dyn Field) -> bool {
        same(self, other)
    }
}
impl Typed for crate::ByteString {
    const TYPE: Type = Type::Bytes;
}

impl<T: Field + Default + Clone + PartialEq> Field for Option<T> {
    fn get(&self) -> Ref<'_> {
        self.as_ref().map_or(Ref::Absent, Field::get)
    }
    fn get_mut(&mut self) -> Mut<'_> {
        self.get_or_insert_default().get_mut()
    }
    fn clear(&mut self) {
        *self = None;
    }
    fn assign(&mut self, from: &dyn Field) {
        assign(self, from);
    }
    fn same(&self, other: &dyn Field) -> bool {
        same(self, other)
    }
}
impl<T: Typed> Typed for Option<T> {
    const TYPE: Type = T::TYPE;
}

impl<T: Field + Clone + PartialEq> Field for Box<T> {
    fn get(&self) -> Ref<'_> {
        (**self).get()
    }
    fn get_mut(&mut self) -> Mut<'_> {
        (**self).get_mut()
    }
    fn clear(&mut self) {
        (**self).clear();
    }
    fn assign(&mut self, from: &dyn Field) {
        assign(self, from);
    }
    fn same(&self, other: &dyn Field) -> bool {
        same(self, other)
    }
}
impl<T: Typed> Typed for Box<T> {
    const TYPE: Type = T::TYPE;
}

impl<T: Field + Default + Clone + PartialEq> Field for Vec<T> {
    fn get(&self) -> Ref<'_> {
        Ref::List(self)
    }
    fn get_mut(&mut self) -> Mut<'_> {
        Mut::List(self)
    }
    fn clear(&mut self) {
        Vec::clear(self);
    }
    fn assign(&mut self, from: &dyn Field) {
        assign(self, from);
    }
    fn same(&self, other: &dyn Field) -> bool {
        same(self, other)
    }
}
impl<T: Typed> Typed for Vec<T> {
    const TYPE: Type = Type::List(Shared::Static(&T::TYPE));
}
impl<T: Field + Default> List for Vec<T> {
    fn len(&self) -> usize {
        Vec::len(self)
    }
    fn get(&self, index: usize) -> Option<Ref<'_>> {
        self.as_slice().get(index).map(Field::get)
    }
    fn element_mut(&mut self, index: usize) -> Option<Mut<'_>> {
        self.as_mut_slice().get_mut(index).map(Field::get_mut)
    }
    fn push(&mut self) -> Mut<'_> {
        Vec::push(self, T::default());
        self.last_mut().expect("an element was just pushed").get_mut()
    }
    fn clear(&mut self) {
        Vec::clear(self);
    }
}

impl<T: Field + Default + Clone + PartialEq> Field for BTreeMap<String, T> {
    fn get(&self) -> Ref<'_> {
        Ref::Map(self)
    }
    fn get_mut(&mut self) -> Mut<'_> {
        Mut::Map(self)
    }
    fn clear(&mut self) {
        BTreeMap::clear(self);
    }
    fn assign(&mut self, from: &dyn Field) {
        assign(self, from);
    }
    fn same(&self, other: &dyn Field) -> bool {
        same(self, other)
    }
}
impl<T: Typed> Typed for BTreeMap<String, T> {
    const TYPE: Type = Type::Map(Shared::Static(&T::TYPE));
}
impl<T: Field + Default> Map for BTreeMap<String, T> {
    fn len(&self) -> usize {
        BTreeMap::len(self)
    }
    fn get(&self, key: &str) -> Option<Ref<'_>> {
        BTreeMap::get(self, key).map(Field::get)
    }
    fn entries(&self) -> Box<dyn Iterator<Item = (&str, Ref<'_>)> + '_> {
        Box::new(self.iter().map(|(key, value)| (key.as_str(), value.get())))
    }
    fn entry(&mut self, key: String) -> Mut<'_> {
        BTreeMap::entry(self, key).or_default().get_mut()
    }
    fn clear(&mut self) {
        BTreeMap::clear(self);
    }
}
