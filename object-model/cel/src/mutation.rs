//! The types that mutating admission policies build: a partial object, or operations of a JSON Patch.
//!
//! In: names of types in expressions. Out: their declarations. Elsewhere: applying them (`apiserver`).

use crate::ty::{ObjectType, Type};

const ROOT: &str = "Object";

/// The result type of an `applyConfiguration` expression.
pub fn object_result() -> Type {
    Type::Object(object_type(ROOT).into())
}

/// The result type of a `jsonPatch` expression.
pub fn json_patch_result() -> Type {
    Type::list(Type::Object(json_patch_type().into()))
}

pub(crate) fn json_patch_type() -> ObjectType {
    let texts = ["op", "path", "from"].map(|name| (name.to_owned(), Type::String));
    ObjectType {
        name: "JSONPatch".into(),
        fields: texts.into_iter().chain([("value".to_owned(), Type::Dyn)]).collect(),
        open: false,
    }
}

/// `Object`, or `Object.` and a path of fields.
pub(crate) fn is_object_name(name: &str) -> bool {
    name == ROOT || name.strip_prefix("Object.").is_some_and(|path| path.split('.').all(|field| !field.is_empty()))
}

pub(crate) fn object_type(name: &str) -> ObjectType {
    ObjectType { name: name.into(), open: true, ..ObjectType::default() }
}
