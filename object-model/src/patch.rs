//! JSON Patch, JSON Merge Patch, strategic merge patch and server-side apply, over schemas.
//!
//! In: patches as clients send them. Out: changed JSON trees, so that typed kinds and custom resources are patched
//! alike; and who manages which fields ([`ManagedFields`], [`apply()`]), for every kind of write. Invariant: a patch
//! that fails leaves the tree in an unspecified state that the caller throws away.
//! Source: RFC 6902, RFC 7386, Kubernetes docs "Update API Objects in Place Using kubectl patch", "Server-Side Apply".

mod apply;
mod check;
mod fieldset;
mod gotext;
mod json_patch;
mod managed;
mod node;
mod order;
mod outcome;
mod strategic;
mod structured;
mod versions;
mod walk;

pub use apply::{Application, Applied, ApplyError, Conflict, Versions, apply};
pub use fieldset::{Element, FieldSet, Name, Scalar};
pub use gotext::display;
pub use managed::{ManagedFields, Writer, conflict_status, managers_after_scale, scale_managers};
pub use node::{Node, Whole};
pub use outcome::{issues, mistyped, text_of};
pub use strategic::strategic_merge;
pub use versions::SchemeVersions;
pub use walk::{Comparison, compare, fields_of};

use serde_json::Value;

use crate::schema::StructSchema;

/// Kinds of patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PatchKind {
    /// RFC 6902.
    Json,
    /// RFC 7386.
    Merge,
    /// Kubernetes' own merge, which knows the keys of lists.
    Strategic,
    /// Server-side apply, JSON or YAML.
    Apply,
}

impl PatchKind {
    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json-patch+json",
            Self::Merge => "application/merge-patch+json",
            Self::Strategic => "application/strategic-merge-patch+json",
            Self::Apply => "application/apply-patch+yaml",
        }
    }
}

/// Why a patch cannot be applied.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatchError {
    /// The patch itself is not understood.
    #[error("{why}")]
    Malformed {
        /// What is wrong.
        why: String,
    },
    /// The patch is too large.
    #[error("{why}")]
    TooLarge {
        /// What is too large.
        why: String,
    },
    /// The patch does not fit the object.
    #[error("{why}")]
    Rejected {
        /// What does not fit.
        why: String,
    },
    /// A strategic merge gave up.
    #[error("{why}")]
    Failed {
        /// What it met.
        why: String,
    },
}

/// Applies a patch other than a server-side apply to a JSON tree.
///
/// # Errors
/// See [`PatchError`].
pub fn apply_any(tree: &mut Value, kind: PatchKind, text: &[u8], schema: &StructSchema) -> Result<(), PatchError> {
    match kind {
        PatchKind::Json => json_patch::apply(tree, text),
        PatchKind::Merge => {
            merge(tree, &object(text, "error decoding patch: ")?);
            Ok(())
        }
        PatchKind::Strategic => strategic_merge(tree, &object(text, "")?, schema),
        PatchKind::Apply => {
            Err(PatchError::Malformed { why: "an apply patch needs the managed fields of the object".into() })
        }
    }
}

/// The patch as an object; `context` opens the message if it is none.
///
/// # Errors
/// [`PatchError::Malformed`].
fn object(text: &[u8], context: &str) -> Result<Value, PatchError> {
    let value = parse(text).map_err(|error| PatchError::Malformed {
        why: error.to_string().replacen("error decoding patch: ", context, 1),
    })?;
    match value {
        Value::Object(_) => Ok(value),
        Value::Null => Ok(Value::Object(serde_json::Map::new())),
        _ => Err(PatchError::Malformed {
            why: format!(
                "{context}json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                crate::json::describe(text)
            ),
        }),
    }
}

fn parse(text: &[u8]) -> Result<Value, PatchError> {
    let malformed = |why: String| PatchError::Malformed { why: format!("error decoding patch: {why}") };
    crate::json::check_syntax(text).map_err(|error| malformed(error.to_string()))?;
    serde_json::from_slice(text).map_err(|error| malformed(error.to_string()))
}

/// A partial object merged into an object as server-side apply would, whoever owns what.
///
/// # Errors
/// If it does not fit the schema.
pub fn merge_configuration(live: &Value, partial: &Value, schema: &StructSchema) -> Result<Value, ApplyError> {
    check::check(partial, schema).map_err(|why| ApplyError::Mistyped { why })?;
    let mut merged = live.clone();
    structured::merge_object(&mut merged, partial, schema);
    Ok(merged)
}

/// RFC 7386.
fn merge(tree: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *tree = patch.clone();
        return;
    };
    if !tree.is_object() {
        *tree = Value::Object(serde_json::Map::new());
    }
    let Value::Object(into) = tree else { return };
    for (key, value) in members {
        if value.is_null() {
            into.remove(key);
        } else {
            merge(into.entry(key).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merge_patch_follows_the_rfc() {
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (mut tree, patch, expected) in cases {
            merge(&mut tree, &patch);
            assert_eq!(tree, expected, "{patch}");
        }
    }

    #[test]
    fn patches_that_are_no_objects_are_refused_in_known_words() {
        let refused = |text: &[u8]| object(text, "error decoding patch: ").unwrap_err();
        assert_eq!(refused(b"").to_string(), "error decoding patch: unexpected end of JSON input");
        assert_eq!(
            refused(b"[]").to_string(),
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
        );
    }
}
