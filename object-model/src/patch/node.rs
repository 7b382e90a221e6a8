//! Values to merge and compare, and what the schema says about them.
//!
//! In: typed objects through their field views, custom resources as JSON trees. Out: one view of both, so that every
//! rule about fields is written once. Invariant: a field is there exactly if its JSON would have it.

use std::borrow::Cow;

use serde_json::Value;

use super::fieldset::{Element, Name, Scalar};
use crate::AnyResource;
use crate::custom::CustomObject;
use crate::json::is_written;
use crate::reflect::{Field, Ref, Struct};
use crate::schema::{FieldSchema, ListType, StructSchema, Type};

/// A value, typed or not.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    /// Of a Rust type.
    View(Ref<'a>),
    /// A JSON tree.
    Json(&'a Value),
}

/// A whole object to merge or compare: the fields of its Rust type, or the tree of a custom resource.
pub enum Whole<'a> {
    /// Of a Rust type.
    Fields(&'a dyn Struct),
    /// A custom resource.
    Tree(Value),
}

impl<'a> Whole<'a> {
    /// Of any object.
    pub fn of(object: &'a dyn AnyResource) -> Self {
        match object.as_any().downcast_ref::<CustomObject>() {
            Some(custom) => Self::Tree(custom.to_tree()),
            None => Self::Fields(object.as_struct()),
        }
    }

    /// As a node.
    pub fn node(&self) -> Node<'_> {
        match self {
            Self::Fields(fields) => Node::of(*fields),
            Self::Tree(tree) => Node::Json(tree),
        }
    }

    /// As a tree, without managed fields.
    pub fn to_tree(&self) -> Value {
        match self {
            Self::Fields(fields) => Node::of(*fields).to_tree(),
            Self::Tree(tree) => tree.clone(),
        }
    }
}

/// What the schema says about a value; nothing about what it does not know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec<'s> {
    pub(crate) ty: Option<&'s Type>,
    /// The row of a field; elements of lists and maps have none.
    pub(crate) row: Option<&'s FieldSchema>,
}

/// How a value merges.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape<'s> {
    /// As one: scalars, atomic lists, maps and structs, and raw JSON.
    Leaf,
    Struct(&'s StructSchema),
    Map(&'s Type),
    /// A list whose elements have keys.
    Keyed {
        keys: &'s [Cow<'static, str>],
        table: &'s StructSchema,
        element: &'s Type,
    },
    /// A list whose elements are their own keys.
    Set(&'s Type),
    /// Not described: maps merge, everything else is one.
    Unknown,
}

impl<'s> Spec<'s> {
    pub(crate) const UNKNOWN: Self = Self { ty: None, row: None };

    pub(crate) fn of(ty: &'s Type) -> Self {
        Self { ty: Some(ty), row: None }
    }

    pub(crate) fn of_field(row: &'s FieldSchema) -> Self {
        Self { ty: Some(&row.ty), row: Some(row) }
    }

    pub(crate) fn shape(self) -> Shape<'s> {
        let Some(ty) = self.ty else { return Shape::Unknown };
        if self.row.is_some_and(|row| row.atomic) {
            return Shape::Leaf;
        }
        match ty {
            Type::Struct(table) if table.atomic => Shape::Leaf,
            Type::Struct(table) => Shape::Struct(table),
            Type::Map(value) => Shape::Map(value),
            Type::List(element) => match self.row.map(|row| (row.list, row)) {
                Some((ListType::Set, _)) => Shape::Set(element),
                Some((ListType::Map, row)) => match &**element {
                    Type::Struct(table) => Shape::Keyed { keys: &row.keys, table, element },
                    _ => Shape::Leaf,
                },
                _ => Shape::Leaf,
            },
            _ => Shape::Leaf,
        }
    }
}

impl<'s> Shape<'s> {
    /// What is said about the member of this name.
    pub(crate) fn member(self, name: &str) -> Spec<'s> {
        match self {
            Self::Struct(table) => table.find(name).map_or(Spec::UNKNOWN, |(_, row)| Spec::of_field(row)),
            Self::Map(value) => Spec::of(value),
            _ => Spec::UNKNOWN,
        }
    }

    /// What is said about the elements of a list.
    pub(crate) fn element(self) -> Spec<'s> {
        match self {
            Self::Keyed { element, .. } | Self::Set(element) => Spec::of(element),
            _ => Spec::UNKNOWN,
        }
    }

    /// What is said about what this element leads to.
    pub(crate) fn at(self, element: &Element) -> Spec<'s> {
        match element {
            Element::Field(name) => self.member(name.as_str()),
            _ => self.element(),
        }
    }

    /// Is this the name of a declared field (not the key of a map)?
    pub(crate) fn declares(self, element: &Element) -> bool {
        matches!((self, element), (Self::Struct(table), Element::Field(name)) if table.find(name.as_str()).is_some())
    }
}

/// Is this `metadata.managedFields`? The fields of an object do not include who owns them.
pub(crate) fn is_bookkeeping(table: &StructSchema, row: &FieldSchema) -> bool {
    row.name == "managedFields" && table.name == "ObjectMeta"
}

/// A field as a node, if it is there.
pub(crate) fn written<'a>(row: &FieldSchema, field: &'a dyn Field) -> Option<Node<'a>> {
    let view = field.get();
    is_written(row, &view).then_some(Node::View(view))
}

impl<'a> Node<'a> {
    /// An object of a Rust type.
    pub fn of(object: &'a dyn Struct) -> Self {
        Self::View(Ref::Struct(object))
    }

    pub(crate) fn is_null(self) -> bool {
        match self {
            Self::View(view) => match view {
                Ref::Absent => true,
                // Written at all, an empty list or map is Go's nil.
                Ref::List(list) => list.is_empty(),
                Ref::Map(map) => map.is_empty(),
                _ => false,
            },
            Self::Json(value) => value.is_null(),
        }
    }

    /// Null, or a struct, map or list without anything in it.
    pub(crate) fn is_hollow(self) -> bool {
        match self {
            Self::View(Ref::Struct(value)) => {
                value.schema().fields.iter().enumerate().all(|(index, row)| written(row, value.field(index)).is_none())
            }
            Self::Json(Value::Array(list)) => list.is_empty(),
            Self::Json(Value::Object(map)) => map.is_empty(),
            other => other.is_null(),
        }
    }

    pub(crate) fn is_list(self) -> bool {
        matches!(self, Self::View(Ref::List(_)) | Self::Json(Value::Array(_)))
    }

    /// Is this something that has members, or null?
    pub(crate) fn may_have_members(self) -> bool {
        matches!(
            self,
            Self::View(Ref::Struct(_) | Ref::Map(_) | Ref::Absent) | Self::Json(Value::Object(_) | Value::Null)
        )
    }

    /// The members by name.
    pub(crate) fn members(self) -> Vec<(&'a str, Node<'a>)> {
        let mut members: Vec<(&'a str, Node<'a>)> = match self {
            Self::View(Ref::Struct(value)) => {
                let table = value.schema();
                let rows = table.fields.iter().enumerate().filter(|(_, row)| !is_bookkeeping(table, row));
                rows.filter_map(|(index, row)| Some((&*row.name, written(row, value.field(index))?))).collect()
            }
            Self::View(Ref::Map(map)) => map.entries().map(|(key, value)| (key, Node::View(value))).collect(),
            Self::Json(Value::Object(map)) => {
                map.iter().map(|(key, value)| (key.as_str(), Node::Json(value))).collect()
            }
            _ => vec![],
        };
        if !members.is_sorted_by(|a, b| a.0 < b.0) {
            members.sort_by(|a, b| a.0.cmp(b.0));
        }
        members
    }

    /// The member of this name.
    pub(crate) fn member(self, name: &str) -> Option<Node<'a>> {
        match self {
            Self::View(Ref::Struct(value)) => {
                let (index, row) = value.schema().find(name)?;
                written(row, value.field(index))
            }
            Self::View(Ref::Map(map)) => map.get(name).map(Node::View),
            Self::Json(Value::Object(map)) => map.get(name).map(Node::Json),
            _ => None,
        }
    }

    /// The elements of a list.
    pub(crate) fn elements(self) -> Vec<Node<'a>> {
        match self {
            Self::View(Ref::List(list)) => {
                (0..list.len()).filter_map(|index| list.get(index)).map(Node::View).collect()
            }
            Self::Json(Value::Array(list)) => list.iter().map(Node::Json).collect(),
            _ => vec![],
        }
    }

    /// The elements of a list with the path elements that identify them; what cannot be identified goes by its place.
    pub(crate) fn identified(self, shape: Shape<'_>) -> Vec<(Element, Node<'a>)> {
        let place = |index: usize| Element::Index(i64::try_from(index).unwrap_or(i64::MAX));
        let elements = self.elements().into_iter().enumerate();
        elements.map(|(index, node)| (node.identity(shape).unwrap_or_else(|_| place(index)), node)).collect()
    }

    /// What identifies this element of a list of that shape.
    pub(crate) fn identity(self, shape: Shape<'_>) -> Result<Element, String> {
        match shape {
            Shape::Keyed { keys, table, .. } => self.keys(keys, table),
            Shape::Set(_) => match self {
                Self::Json(Value::Object(_)) | Self::View(Ref::Struct(_) | Ref::Map(_)) => {
                    Err("associative list without keys has an element that's a map type".into())
                }
                Self::Json(Value::Array(_)) | Self::View(Ref::List(_)) => {
                    Err("not supported: associative list with lists as elements".into())
                }
                scalar => Ok(Element::Value(scalar.scalar())),
            },
            _ => Err("the list has no keys".into()),
        }
    }

    fn keys(self, keys: &[Cow<'static, str>], table: &StructSchema) -> Result<Element, String> {
        if self.is_null() {
            return Err("associative list with keys may not have a null element".into());
        }
        if !self.may_have_members() {
            return Err("associative list with keys may not have non-map elements".into());
        }
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            let value = self.member(key).map(Self::scalar).or_else(|| default_of(table, key));
            found.extend(value.map(|value| (Name::from(key), value)));
        }
        if found.is_empty() {
            let quoted: Vec<String> = keys.iter().map(|key| format!("{key:?}")).collect();
            return Err(format!(
                "associative list with keys has an element that omits all key fields [{}] (and doesn't have default \
                 values for any key fields)",
                quoted.join(" ")
            ));
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Element::Key(found))
    }

    fn scalar(self) -> Scalar {
        match self {
            Self::Json(value) => Scalar::of_json(value),
            Self::View(view) => match view {
                Ref::Absent => Scalar::Null,
                Ref::Bool(value) => Scalar::Bool(value),
                Ref::I32(value) => Scalar::Int(value.into()),
                Ref::I64(value) => Scalar::Int(value),
                Ref::F64(value) => Scalar::Float(value),
                Ref::Str(text) => Scalar::Text(text.into()),
                other => Scalar::of_json(&Node::View(other).to_tree()),
            },
        }
    }

    /// Are two values the same, as JSON?
    pub(crate) fn same(self, other: Self) -> bool {
        match (self, other) {
            (Self::View(a), Self::View(b)) => same_view(a, b),
            (Self::Json(a), Self::Json(b)) => a == b,
            (a, b) => a.to_tree() == b.to_tree(),
        }
    }

    /// As a JSON tree, without `metadata.managedFields`.
    pub fn to_tree(self) -> Value {
        match self {
            Self::Json(value) => value.clone(),
            Self::View(view) => match view {
                Ref::Absent => Value::Null,
                Ref::Bool(value) => Value::Bool(value),
                Ref::I32(value) => Value::from(value),
                Ref::I64(value) => Value::from(value),
                Ref::Str(text) => Value::String(text.to_owned()),
                Ref::Struct(value) => struct_tree(value),
                Ref::List(list) if !list.is_empty() => {
                    let elements = (0..list.len()).filter_map(|index| list.get(index));
                    Value::Array(elements.map(|element| Node::View(element).to_tree()).collect())
                }
                Ref::Map(map) if !map.is_empty() => Value::Object(
                    map.entries().map(|(key, value)| (key.to_owned(), Node::View(value).to_tree())).collect(),
                ),
                Ref::List(_) | Ref::Map(_) => Value::Null,
                Ref::F64(_) | Ref::Bytes(_) | Ref::Scalar(_) => {
                    let mut text = Vec::with_capacity(32);
                    crate::json::write_value(&view, &mut text);
                    match text.as_slice() {
                        // Most are texts without anything escaped.
                        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => {
                            Value::String(String::from_utf8_lossy(inner).into_owned())
                        }
                        _ => serde_json::from_slice(&text).unwrap_or_default(),
                    }
                }
            },
        }
    }
}

fn struct_tree(value: &dyn Struct) -> Value {
    let table = value.schema();
    let rows = table.fields.iter().enumerate().filter(|(_, row)| !is_bookkeeping(table, row));
    let members =
        rows.filter_map(|(index, row)| Some((row.name.to_string(), written(row, value.field(index))?.to_tree())));
    Value::Object(members.collect())
}

fn same_view(a: Ref<'_>, b: Ref<'_>) -> bool {
    match (a, b) {
        (Ref::Bool(a), Ref::Bool(b)) => a == b,
        (Ref::I32(a), Ref::I32(b)) => a == b,
        (Ref::I64(a), Ref::I64(b)) => a == b,
        (Ref::F64(a), Ref::F64(b)) => a == b,
        (Ref::Str(a), Ref::Str(b)) => a == b,
        (Ref::Bytes(a), Ref::Bytes(b)) => a == b,
        (Ref::Struct(a), Ref::Struct(b)) => {
            (0..a.schema().fields.len()).all(|index| a.field(index).same(b.field(index)))
        }
        (Ref::List(a), Ref::List(b)) => {
            a.len() == b.len()
                && (0..a.len()).all(|index| match (a.get(index), b.get(index)) {
                    (Some(a), Some(b)) => same_view(a, b),
                    _ => false,
                })
        }
        (Ref::Map(a), Ref::Map(b)) => {
            a.len() == b.len() && a.entries().zip(b.entries()).all(|(a, b)| a.0 == b.0 && same_view(a.1, b.1))
        }
        _ => Node::View(a).to_tree() == Node::View(b).to_tree(),
    }
}

/// The value that a key has where it is left out. Go fields that are always written default to zero; the others are
/// those with a default in the OpenAPI of Kubernetes.
fn default_of(table: &StructSchema, key: &str) -> Option<Scalar> {
    let text = |value: &'static str| Some(Scalar::Text(Name::fixed(value)));
    match (&*table.name, key) {
        ("ContainerPort" | "ServicePort", "protocol") => return text("TCP"),
        ("LocalObjectReference", "name") => return text(""),
        _ => {}
    }
    let (_, row) = table.find(key)?;
    if !row.always || row.pointer {
        return None;
    }
    match row.ty {
        Type::String => text(""),
        Type::Int32 | Type::Int64 => Some(Scalar::Int(0)),
        Type::Bool => Some(Scalar::Bool(false)),
        _ => None,
    }
}
