//! JSON Patch, with the habits that clients of Kubernetes rely on.
//!
//! Beyond RFC 6902: `replace` of an absent member adds it, negative indexes count from the end, a path's first `/` may
//! be preceded by anything, and an absent value is `null`. Invariant: the number of operations and the size of what
//! copies add are bounded.

use serde_json::{Map, Value};

use super::PatchError;
use crate::json::DEPTH_MAX;

/// Most operations of a patch.
const OPERATIONS_MAX: usize = 10_000;
/// Most bytes that all `copy` operations of a patch may add.
const COPIED_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Applies the patch in `text` to `tree`.
pub(super) fn apply(tree: &mut Value, text: &[u8]) -> Result<(), PatchError> {
    let operations = operations(text)?;
    if operations.len() > OPERATIONS_MAX {
        let why =
            format!("The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, got {}", operations.len());
        return Err(PatchError::TooLarge { why });
    }
    let mut copied = 0;
    for operation in &operations {
        run(tree, operation, &mut copied)?;
    }
    Ok(())
}

fn operations(text: &[u8]) -> Result<Vec<Map<String, Value>>, PatchError> {
    let wrong = |found: &str, expected: &str| PatchError::Malformed {
        why: format!("error decoding patch: json: cannot unmarshal {found} into Go value of type {expected}"),
    };
    let list = match super::parse(text)? {
        Value::Array(list) => list,
        Value::Null => return Ok(vec![]),
        other => return Err(wrong(described(&other), "[]handlers.jsonPatchOp")),
    };
    let mut operations = Vec::with_capacity(list.len());
    for entry in list {
        let Value::Object(operation) = entry else {
            return Err(wrong(described(&entry), "handlers.jsonPatchOp"));
        };
        for name in ["op", "path", "from"] {
            match operation.get(name) {
                None | Some(Value::Null | Value::String(_)) => {}
                Some(other) => {
                    let why = format!(
                        "error decoding patch: json: cannot unmarshal {} into Go struct field jsonPatchOp.{name} of type \
                         string",
                        described(other)
                    );
                    return Err(PatchError::Malformed { why });
                }
            }
        }
        operations.push(operation);
    }
    Ok(operations)
}

/// What a JSON value is, as Go's decoder calls it.
fn described(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn run(tree: &mut Value, operation: &Map<String, Value>, copied: &mut usize) -> Result<(), PatchError> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let value = || operation.get("value").cloned().unwrap_or(Value::Null);
    let path = || text("path").ok_or_else(|| rejected("an operation has no path"));
    let from = || text("from").ok_or_else(|| rejected("an operation has no from"));
    match text("op") {
        Some("add") => {
            fits(path()?, &value())?;
            Place::of(tree, path()?)?.add(value())
        }
        Some("replace") if path()?.is_empty() => match value() {
            whole @ (Value::Object(_) | Value::Array(_)) => {
                *tree = whole;
                Ok(())
            }
            _ => Err(rejected("the whole can only be replaced by an object or a list")),
        },
        Some("replace") => {
            fits(path()?, &value())?;
            Place::of(tree, path()?)?.replace(value())
        }
        Some("remove") => Place::of(tree, path()?)?.remove().map(drop),
        Some("test") if path()?.is_empty() => check(Some(tree), &value()),
        Some("test") => {
            let place = Place::of(tree, path()?)?;
            check(place.get()?, &value())
        }
        Some("move") => {
            let moved = Place::of(tree, from()?)?.remove()?;
            fits(path()?, &moved)?;
            Place::of(tree, path()?)?.add(moved)
        }
        Some("copy") => {
            let copy = Place::of(tree, from()?)?.get()?.cloned().unwrap_or(Value::Null);
            *copied += copy.to_string().len();
            if *copied > COPIED_BYTES_MAX {
                return Err(rejected("the copies are too large"));
            }
            fits(path()?, &copy)?;
            Place::of(tree, path()?)?.add(copy)
        }
        other => Err(rejected(format!("unexpected kind: {}", other.unwrap_or("unknown")))),
    }
}

/// Refuses what would make the tree deeper than an object's text can be; operations could otherwise build a tree, level
/// by level, that no stack has room for.
fn fits(path: &str, value: &Value) -> Result<(), PatchError> {
    if path.matches('/').count() + depth(value) > DEPTH_MAX {
        return Err(rejected("the patch nests values too deeply"));
    }
    Ok(())
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn rejected(why: impl Into<String>) -> PatchError {
    PatchError::Rejected { why: why.into() }
}

fn check(found: Option<&Value>, wanted: &Value) -> Result<(), PatchError> {
    if found.unwrap_or(&Value::Null) == wanted { Ok(()) } else { Err(rejected("a test failed")) }
}

/// The place that a path leads to: a container and a key of it.
struct Place<'a> {
    container: &'a mut Value,
    key: String,
}

impl<'a> Place<'a> {
    fn of(tree: &'a mut Value, path: &str) -> Result<Self, PatchError> {
        let missing = || rejected(format!("there is no place {path:?}"));
        let (_, rest) = path.split_once('/').ok_or_else(missing)?;
        let unescape = |part: &str| part.replace("~1", "/").replace("~0", "~");
        let (parents, key) = rest.rsplit_once('/').map_or((None, rest), |(parents, key)| (Some(parents), key));
        let mut container = tree;
        for part in parents.into_iter().flat_map(|parents| parents.split('/')) {
            let part = unescape(part);
            container = match container {
                Value::Object(members) => members.get_mut(&part),
                Value::Array(list) => position(&part, list.len(), false).ok().and_then(|at| list.get_mut(at)),
                _ => None,
            }
            .ok_or_else(missing)?;
        }
        if container.is_object() || container.is_array() {
            Ok(Self { container, key: unescape(key) })
        } else {
            Err(missing())
        }
    }

    fn get(&self) -> Result<Option<&Value>, PatchError> {
        match &*self.container {
            Value::Array(list) => Ok(list.get(position(&self.key, list.len(), false)?)),
            other => Ok(other.get(&self.key)),
        }
    }

    fn add(self, value: Value) -> Result<(), PatchError> {
        match self.container {
            Value::Array(list) if self.key == "-" => list.push(value),
            Value::Array(list) => list.insert(position(&self.key, list.len(), true)?, value),
            Value::Object(members) => {
                members.insert(self.key, value);
            }
            _ => {}
        }
        Ok(())
    }

    fn replace(self, value: Value) -> Result<(), PatchError> {
        match self.container {
            Value::Array(list) => {
                let at = position(&self.key, list.len(), false)?;
                list[at] = value;
                Ok(())
            }
            _ => self.add(value),
        }
    }

    fn remove(self) -> Result<Value, PatchError> {
        match self.container {
            Value::Array(list) => Ok(list.remove(position(&self.key, list.len(), false)?)),
            Value::Object(members) => {
                members.remove(&self.key).ok_or_else(|| rejected(format!("there is no member {:?}", self.key)))
            }
            _ => Ok(Value::Null),
        }
    }
}

/// The index that a part of a path means in a list of `len` elements, or of one more where one is inserted.
fn position(part: &str, len: usize, insert: bool) -> Result<usize, PatchError> {
    let size = len + usize::from(insert);
    let bad = || rejected(format!("{part:?} is no index of a list of {len}"));
    let index: i64 = part.parse().map_err(|_| bad())?;
    let at = if index < 0 {
        size.checked_sub(usize::try_from(index.unsigned_abs()).map_err(|_| bad())?)
    } else {
        usize::try_from(index).ok()
    };
    at.filter(|at| *at < size).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(patch: Value) -> Result<Value, PatchError> {
        let mut tree = json!({"data": {"k": "v", "a/b": 1}, "list": [1, 2, 3]});
        apply(&mut tree, patch.to_string().as_bytes()).map(|()| tree)
    }

    #[test]
    fn operations_do_what_clients_expect() {
        let op = |op: &str, path: &str, value: Value| json!([{"op": op, "path": path, "value": value}]);
        for (patch, pointer, expected) in [
            (op("replace", "/data/none", json!("x")), "/data/none", json!("x")),
            (op("add", "/list/-", json!(4)), "/list", json!([1, 2, 3, 4])),
            (op("add", "/list/3", json!(4)), "/list", json!([1, 2, 3, 4])),
            (op("replace", "/list/-1", json!(9)), "/list", json!([1, 2, 9])),
            (op("replace", "/data/a~1b", json!(2)), "/data/a~1b", json!(2)),
            (json!([{"op": "move", "from": "/list/0", "path": "/data/m"}]), "/list", json!([2, 3])),
            (json!([{"op": "copy", "from": "/data/k", "path": "/data/c"}]), "/data/c", json!("v")),
            (json!([{"op": "test", "path": "/data/none"}]), "/list", json!([1, 2, 3])),
        ] {
            let tree = patched(patch.clone()).unwrap();
            assert_eq!(tree.pointer(pointer), Some(&expected), "{patch}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for patch in [
            json!([{"op": "remove", "path": "/data/none"}]),
            json!([{"op": "add", "path": "/no/such", "value": 1}]),
            json!([{"op": "add", "path": "/list/5", "value": 1}]),
            json!([{"op": "bogus", "path": "/data"}]),
            json!([{"path": "/data"}]),
            json!([{"op": "add", "value": 1}]),
            json!([{"op": "test", "path": "/data/k", "value": "w"}]),
        ] {
            assert!(matches!(patched(patch.clone()), Err(PatchError::Rejected { .. })), "{patch}");
        }
        let malformed = patched(json!({"op": "add"})).unwrap_err();
        assert_eq!(
            malformed.to_string(),
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        );
    }
}
