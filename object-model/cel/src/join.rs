//! `+` on lists: what is joined, and how, depends on what kind of list stands on the left.

use std::sync::Arc;

use crate::compare::{contains, same_keys};
use crate::ty::ListKind;
use crate::value::{List, Value};

/// The list of both. A set keeps its order and takes what is new; a list of kind `map` replaces elements by key.
pub(crate) fn join_lists<'a>(left: &List<'a>, right: &List<'a>) -> List<'a> {
    let mut joined: Vec<Value<'a>> = left.iter().collect();
    match left.kind() {
        ListKind::Atomic => joined.extend(right.iter()),
        ListKind::Set => joined.extend(right.iter().filter(|value| !contains(left, value))),
        ListKind::Map(keys) => {
            for value in right.iter() {
                match joined.iter_mut().find(|old| same_keys(old, &value, &keys)) {
                    Some(old) => *old = value,
                    None => joined.push(value),
                }
            }
        }
    }
    List::Values(Arc::new(joined))
}
