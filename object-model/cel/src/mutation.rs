//! The types that mutating admission policies build: a partial object, or operations of a JSON Patch.
//!
//! In: names of types in expressions. Out: their declarations. Elsewhere: applying them (`apiserver`).

use crate::errors::EvalError;
use crate::ty::{ObjectType, Type};
use crate::value::{Map, Object, Value};

const ROOT: &str = "Object";

/// The result type of an `applyConfiguration` expression.
pub fn object_result() -> Type {
    Type::Object(object_type(ROOT).into())
}

/// The result type of a `jsonPatch` expression.
pub fn json_patch_result() -> Type {
    Type::list(Type::Object(json_patch_type().into()))
}

/// Does every object in the result of an `applyConfiguration` expression bear the name of the place where it stands?
///
/// # Errors
/// The first one that does not.
pub fn check_object_names(result: &Value<'_>) -> Result<(), EvalError> {
    check_names(result, ROOT)
}

fn check_names(value: &Value<'_>, path: &str) -> Result<(), EvalError> {
    match value {
        Value::Object(Object::Built(built)) => {
            if &*built.name != path {
                return Err(EvalError::Failed(format!(
                    "unexpected type name \"{}\", expected \"{path}\", which matches field name path from root Object type",
                    built.name
                )));
            }
            built.fields.iter().try_for_each(|(field, value)| check_names(value, &format!("{path}.{field}")))
        }
        Value::List(list) => list.iter().try_for_each(|item| check_names(&item, path)),
        Value::Map(Map::Values(entries)) => entries.iter().try_for_each(|(key, value)| match key {
            crate::value::Key::String(key) => check_names(value, &format!("{path}.{key}")),
            _ => Ok(()),
        }),
        Value::Optional(Some(inner)) => check_names(inner, path),
        _ => Ok(()),
    }
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
