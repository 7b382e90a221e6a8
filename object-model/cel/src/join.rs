//! Joining: `+` on lists, where what stands on the left says how, and the maps that folds build.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::compare::{contains, same_keys};
use crate::errors::EvalError;
use crate::library::convert::display;
use crate::ty::ListKind;
use crate::value::{Key, List, Map, Value};

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

/// Puts all entries of `more` into `all`, which may have none of them yet.
pub(crate) fn insert_entries<'a>(all: &mut BTreeMap<Key, Value<'a>>, more: &Map<'a>) -> Result<(), EvalError> {
    for key in more.keys() {
        let Some((known, value)) = Key::of(&key).zip(more.get(&key)) else { continue };
        if all.insert(known, value).is_some() {
            return Err(EvalError::Failed(format!("insert failed: key {} already exists", display(&key))));
        }
    }
    Ok(())
}
