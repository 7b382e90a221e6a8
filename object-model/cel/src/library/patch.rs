//! What JSON Patches need.

use super::{Cost, Function, function, no_overload};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] =
    &[function("jsonpatch.escapeKey", &["(string) -> string"], Cost::Traverse(0), |_, args| match &args[0] {
        Value::String(key) => Ok(Value::from(key.replace('~', "~0").replace('/', "~1"))),
        _ => no_overload(),
    })];
