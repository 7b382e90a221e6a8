//! The table of a schema: what patches and server-side apply need to know of it.

use std::borrow::Cow;
use std::sync::Arc;

use super::structural::{Additional, JsonType, Structural};
use crate::KindInfo;
use crate::api::meta::v1::ObjectMeta;
use crate::reflect::StaticSchema;
use crate::schema::{FieldSchema, ListType, Shared, StructRef, StructSchema, Type};

/// The table of a whole object. Its module is what definitions are named by: the parts of the group from last to first,
/// then the version.
pub(super) fn of(info: &KindInfo, schema: &Structural) -> StructSchema {
    let mut table = structure(info.kind, schema);
    let parts: Vec<&str> = info.group.rsplit('.').chain([info.version]).collect();
    table.module = Cow::Owned(parts.join("::"));
    let fields = table.fields.to_mut();
    fields.retain(|row| !matches!(&*row.name, "apiVersion" | "kind" | "metadata"));
    fields.insert(0, metadata());
    table
}

fn metadata() -> FieldSchema {
    let mut row = row("metadata", Type::Struct(StructRef::Static(ObjectMeta::static_schema)));
    row.always = true;
    row
}

fn row(name: &str, ty: Type) -> FieldSchema {
    FieldSchema {
        name: Cow::Owned(name.to_owned()),
        doc: Cow::Borrowed(""),
        tag: 0,
        within: 0,
        ty,
        pointer: true,
        always: false,
        value: false,
        required: false,
        atomic: false,
        list: ListType::Unset,
        keys: Cow::Borrowed(&[]),
        patch: Cow::Borrowed(""),
        merge_key: Cow::Borrowed(""),
        default: "",
        checks: None,
    }
}

fn structure(name: &str, schema: &Structural) -> StructSchema {
    let mut fields: Vec<FieldSchema> = schema.properties.iter().map(|(name, below)| field(name, below)).collect();
    if schema.embedded {
        fields.retain(|row| row.name != "metadata");
        fields.push(metadata());
        for name in ["apiVersion", "kind"] {
            if !schema.properties.contains_key(name) {
                fields.push(row(name, Type::String));
            }
        }
    }
    StructSchema {
        name: Cow::Owned(name.to_owned()),
        module: Cow::Borrowed(module_path!()),
        doc: Cow::Borrowed(""),
        atomic: schema.atomic,
        fields: fields.into(),
        preserve_unknown: schema.preserve_unknown || matches!(schema.additional, Additional::Anything),
    }
}

fn field(name: &str, schema: &Structural) -> FieldSchema {
    let mut row = row(name, type_of(schema));
    row.atomic = schema.atomic;
    row.list = schema.list.unwrap_or(ListType::Unset);
    row.keys = schema.keys.iter().map(|key| Cow::Owned(key.clone())).collect();
    row
}

fn type_of(schema: &Structural) -> Type {
    if schema.int_or_string {
        return Type::IntOrString;
    }
    match schema.ty {
        None => Type::Any,
        Some(JsonType::String) => Type::String,
        Some(JsonType::Integer) => Type::Int64,
        Some(JsonType::Number) => Type::Float,
        Some(JsonType::Boolean) => Type::Bool,
        Some(JsonType::Array) => {
            let element = schema.items.as_deref().map_or(Type::Any, type_of);
            Type::List(Shared::Owned(Arc::new(element)))
        }
        Some(JsonType::Object) => match &schema.additional {
            Additional::Schema(value) if schema.properties.is_empty() => {
                Type::Map(Shared::Owned(Arc::new(type_of(value))))
            }
            _ => Type::Struct(StructRef::Owned(Arc::new(structure("", schema)))),
        },
    }
}
