//! Base64.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::{Cost, Function, failed, function, no_overload};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    function("base64.encode", &["(bytes) -> string"], Cost::Traverse(0), |_, args| match &args[0] {
        Value::Bytes(bytes) => Ok(Value::from(STANDARD.encode(bytes))),
        _ => no_overload(),
    }),
    function("base64.decode", &["(string) -> bytes"], Cost::Traverse(0), |_, args| match &args[0] {
        Value::String(text) => match decode(text) {
            Some(bytes) => Ok(Value::Bytes(bytes.into())),
            None => failed("illegal base64 data"),
        },
        _ => no_overload(),
    }),
];

/// With or without padding.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()
}
