//! Strategic merge patch: a merge that knows the keys of lists.
//!
//! In: a JSON tree, a patch and the table of the kind. Out: the merged tree. Invariant: what the table does not say
//! merges as RFC 7386 does. Directives: `$patch`, `$retainKeys`, `$setElementOrder/x`, `$deleteFromPrimitiveList/x`.
//! Elsewhere: the order of merged lists (`order`), words for values in messages (`gotext`).

use serde_json::{Map, Value};

use super::PatchError;
use super::gotext::{display, display_lists, type_name};
use super::order::arrange;
use crate::schema::{StructSchema, Type};

pub(super) const DIRECTIVE: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DELETE: &str = "$deleteFromPrimitiveList/";

/// Merges `patch` into `tree`, whose kind has this table.
///
/// # Errors
/// A malformed directive, or a list that cannot be merged.
pub fn strategic_merge(tree: &mut Value, patch: &Value, schema: &StructSchema) -> Result<(), PatchError> {
    let (Value::Object(patch), Value::Object(into)) = (patch, std::mem::take(tree)) else {
        return Err(failed("a patch and what it changes are objects"));
    };
    *tree = Value::Object(merge_map(into, patch.clone(), Members::Fields(schema))?);
    Ok(())
}

fn failed(why: impl Into<String>) -> PatchError {
    PatchError::Failed { why: why.into() }
}

fn malformed(why: &str) -> PatchError {
    PatchError::Malformed { why: why.to_owned() }
}

/// What is known of an object's members.
#[derive(Clone, Copy)]
enum Members<'a> {
    Fields(&'a StructSchema),
    All(&'a Type),
    Unknown,
}

/// How one member merges.
#[derive(Clone, Copy, Default)]
struct Rule<'a> {
    ty: Option<&'a Type>,
    strategy: &'a str,
    merge_key: &'a str,
}

impl<'a> Members<'a> {
    fn rule(self, key: &str) -> Rule<'a> {
        match self {
            Self::Fields(schema) => schema.find(key).map_or_else(Rule::default, |(_, row)| Rule {
                ty: Some(&row.ty),
                strategy: &row.patch,
                merge_key: &row.merge_key,
            }),
            Self::All(ty) => Rule { ty: Some(ty), ..Rule::default() },
            Self::Unknown => Rule::default(),
        }
    }
}

impl<'a> Rule<'a> {
    fn says(self, word: &str) -> bool {
        self.strategy.split(',').any(|strategy| strategy == word)
    }

    fn members(self) -> Members<'a> {
        match self.ty {
            Some(Type::Struct(table)) => Members::Fields(table),
            Some(Type::Map(value)) => Members::All(value),
            _ => Members::Unknown,
        }
    }

    /// Of the objects in a list.
    fn elements(self) -> Members<'a> {
        match self.ty {
            Some(Type::List(element)) => Rule { ty: Some(&**element), ..self }.members(),
            _ => Members::Unknown,
        }
    }
}

fn merge_map(
    mut into: Map<String, Value>,
    mut patch: Map<String, Value>,
    members: Members<'_>,
) -> Result<Map<String, Value>, PatchError> {
    match patch.get(DIRECTIVE) {
        None => {}
        Some(directive) if directive == "replace" => {
            patch.remove(DIRECTIVE);
            return Ok(patch);
        }
        Some(directive) if directive == "delete" => return Ok(Map::new()),
        Some(directive) => return Err(unknown_directive(directive, &patch)),
    }
    if let Some(keep) = patch.remove(RETAIN) {
        retain(&mut into, &patch, &keep)?;
    }
    let ordered: Vec<String> = patch.keys().filter(|key| key.starts_with(ORDER)).cloned().collect();
    for key in ordered {
        let order = patch.remove(&key).unwrap_or_default();
        let of = &key[ORDER.len()..];
        merge_in_order(&mut into, of, patch.remove(of), &order, members.rule(of))?;
    }
    for (key, value) in patch {
        match key.strip_prefix(DELETE) {
            Some(of) => delete_scalars(&mut into, of, value)?,
            None => merge_member(&mut into, &key, value, members.rule(&key))?,
        }
    }
    Ok(into)
}

fn unknown_directive(directive: &Value, patch: &Map<String, Value>) -> PatchError {
    let patch = display(&Value::Object(patch.clone()));
    failed(format!("unknown patch type: {} in map: {patch}", display(directive)))
}

/// Clears what `$retainKeys` does not name; the patch may not set what it does not name either.
fn retain(into: &mut Map<String, Value>, patch: &Map<String, Value>, keep: &Value) -> Result<(), PatchError> {
    const BAD: &str = "invalid patch format of retainKeys";
    let Value::Array(keep) = keep else { return Err(malformed(BAD)) };
    let kept = |key: &str| keep.iter().any(|name| name.as_str() == Some(key));
    let sets =
        |(key, value): (&String, &Value)| !value.is_null() && !key.starts_with(ORDER) && !key.starts_with(DELETE);
    if patch.iter().filter(|member| sets(*member)).any(|(key, _)| !kept(key)) {
        return Err(malformed(BAD));
    }
    into.retain(|key, _| kept(key));
    Ok(())
}

/// Merges a member whose order the patch gives, changed or not.
fn merge_in_order(
    into: &mut Map<String, Value>,
    key: &str,
    patch: Option<Value>,
    order: &Value,
    rule: Rule<'_>,
) -> Result<(), PatchError> {
    let list_of = |value: &Value| match value {
        Value::Array(list) => Ok(list.clone()),
        other => Err(failed(format!("expected a []interface {{}}, but received a {}", type_name(other)))),
    };
    let order = list_of(order)?;
    let before = into.get(key).map(list_of).transpose()?;
    let change = patch.as_ref().map(list_of).transpose()?;
    if let Some(change) = &change {
        follows(change, &order, rule.merge_key)?;
    }
    let merged = match (&before, change) {
        (None, None) => return Ok(()),
        (Some(before), None) => before.clone(),
        (None, Some(change)) => match without_directives(Value::Array(change)) {
            Some(Value::Array(list)) => list,
            _ => vec![],
        },
        (Some(before), Some(change)) if rule.says("merge") => merge_list(before.clone(), change, rule)?,
        (Some(_), Some(change)) => change,
    };
    let arranged = arrange(merged, &order, &before.unwrap_or_default(), key_of(rule.merge_key))?;
    into.insert(key.to_owned(), Value::Array(arranged));
    Ok(())
}

fn key_of(merge_key: &str) -> Option<&str> {
    (!merge_key.is_empty()).then_some(merge_key)
}

/// What a patch adds or changes must stand in the order that it gives.
fn follows(change: &[Value], order: &[Value], merge_key: &str) -> Result<(), PatchError> {
    let identity = |value: &Value| key_of(merge_key).map_or_else(|| Some(value.clone()), |key| value.get(key).cloned());
    let mut rest = order.iter();
    let mut kept = change.iter().filter(|element| element.get(DIRECTIVE).is_none_or(|word| word != "delete"));
    if order.is_empty() || kept.all(|element| rest.any(|entry| identity(entry) == identity(element))) {
        return Ok(());
    }
    let text = |list: &[Value]| display(&Value::Array(list.to_vec()));
    Err(failed(format!(
        "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
        text(change),
        text(order)
    )))
}

fn delete_scalars(into: &mut Map<String, Value>, of: &str, gone: Value) -> Result<(), PatchError> {
    match (into.get_mut(of), gone) {
        (Some(Value::Array(list)), Value::Array(gone)) => {
            check_elements(&[list, &gone])?;
            list.retain(|element| !gone.contains(element));
        }
        (Some(slot), Value::Null) if !slot.is_null() => {
            into.remove(of);
        }
        _ => {}
    }
    Ok(())
}

fn merge_member(into: &mut Map<String, Value>, key: &str, value: Value, rule: Rule<'_>) -> Result<(), PatchError> {
    if value.is_null() {
        into.remove(key);
        return Ok(());
    }
    let merged = match (into.get_mut(key).map(Value::take), value) {
        (None, value) => without_directives(without_nulls(value)),
        (Some(Value::Object(before)), Value::Object(patch)) => {
            Some(Value::Object(if rule.says("replace") { patch } else { merge_map(before, patch, rule.members())? }))
        }
        (Some(Value::Array(before)), Value::Array(patch)) => {
            Some(Value::Array(if rule.says("merge") { merge_list(before, patch, rule)? } else { patch }))
        }
        (Some(_), value) => without_directives(value),
    };
    match merged {
        Some(value) => into.insert(key.to_owned(), value),
        None => into.remove(key),
    };
    Ok(())
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// What is left of a value that has nothing to merge into: objects with a directive go.
fn without_directives(value: Value) -> Option<Value> {
    Some(match value {
        Value::Object(members) if members.contains_key(DIRECTIVE) => return None,
        Value::Object(members) => {
            let kept = members.into_iter().filter_map(|(key, value)| Some((key, without_directives(value)?)));
            Value::Object(kept.collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().filter_map(without_directives).collect()),
        other => other,
    })
}

/// Only lists of one type of element merge, and no lists of lists.
fn check_elements(lists: &[&[Value]]) -> Result<(), PatchError> {
    let mut types = lists.iter().flat_map(|list| list.iter()).map(type_name);
    let Some(first) = types.next() else { return Ok(()) };
    if first == type_name(&Value::Array(vec![])) {
        return Err(PatchError::Rejected { why: "lists of lists are not supported".into() });
    }
    if types.all(|found| found == first) {
        return Ok(());
    }
    Err(failed(format!("list element types are not identical: {}", display_lists(lists))))
}

fn merge_list(before: Vec<Value>, patch: Vec<Value>, rule: Rule<'_>) -> Result<Vec<Value>, PatchError> {
    if before.is_empty() && patch.is_empty() {
        return Ok(before);
    }
    check_elements(&[&before, &patch])?;
    if !before.iter().chain(&patch).all(Value::is_object) {
        let mut merged: Vec<Value> = vec![];
        for element in before.iter().chain(&patch) {
            if !merged.contains(element) {
                merged.push(element.clone());
            }
        }
        return arrange(merged, &patch, &before, None);
    }
    let Some(key) = key_of(rule.merge_key) else {
        let name = match rule.elements() {
            Members::Fields(table) => table.name.to_string(),
            _ => String::new(),
        };
        return Err(failed(format!("cannot merge lists without merge key for {name}")));
    };
    let (before, patch) = obey(before, patch, key)?;
    let mut merged = before.clone();
    for element in &patch {
        let identity = element.get(key).ok_or_else(|| super::order::no_key(element, key))?;
        let same = merged.iter_mut().find(|existing| existing.get(key) == Some(identity));
        match (same, element) {
            (Some(slot), Value::Object(members)) => {
                let Value::Object(existing) = slot.take() else { continue };
                *slot = Value::Object(merge_map(existing, members.clone(), rule.elements())?);
            }
            _ => merged.push(element.clone()),
        }
    }
    arrange(merged, &patch, &before, Some(key))
}

/// Carries out the directives among a patch's elements: what is left to merge, and into what.
fn obey(mut before: Vec<Value>, patch: Vec<Value>, key: &str) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    let mut replaces = false;
    let mut rest = vec![];
    for element in patch {
        match element.get(DIRECTIVE) {
            None => rest.push(element),
            Some(word) if word == "delete" => {
                let gone = element.get(key).ok_or_else(|| super::order::no_key(&element, key))?;
                before.retain(|existing| existing.get(key) != Some(gone));
            }
            Some(word) if word == "replace" => replaces = true,
            Some(word) if word == "merge" => {
                return Err(failed("merging lists cannot yet be specified in the patch"));
            }
            Some(word) => {
                let Value::Object(members) = &element else { continue };
                return Err(unknown_directive(word, members));
            }
        }
    }
    Ok(if replaces { (rest, vec![]) } else { (before, rest) })
}

#[cfg(test)]
mod tests;
