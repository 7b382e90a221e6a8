//! Strategic merge patch: a merge that knows the keys of lists.
//!
//! In: a JSON tree, a patch and the table of the kind. Invariant: what the table does not say merges as RFC 7386 does.
//! Directives: `$patch`, `$retainKeys`, `$setElementOrder/x`, `$deleteFromPrimitiveList/x`.

use serde_json::{Map, Value};

use super::PatchError;
use crate::schema::{FieldSchema, StructSchema, Type};

const DIRECTIVE: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DELETE: &str = "$deleteFromPrimitiveList/";

/// Merges `patch` into `tree`, whose kind has this table.
///
/// # Errors
/// A malformed directive, or a list element without its merge key.
pub fn strategic_merge(tree: &mut Value, patch: &Value, schema: &StructSchema) -> Result<(), PatchError> {
    let Value::Object(patch) = patch else { return Err(rejected("the patch is not an object")) };
    merge_map(tree, patch, Some(schema))
}

fn rejected(why: impl Into<String>) -> PatchError {
    PatchError::Rejected { why: why.into() }
}

fn merge_map(tree: &mut Value, patch: &Map<String, Value>, schema: Option<&StructSchema>) -> Result<(), PatchError> {
    match patch.get(DIRECTIVE) {
        None => {}
        Some(Value::String(directive)) if directive == "replace" => {
            let mut rest = patch.clone();
            rest.remove(DIRECTIVE);
            *tree = Value::Object(rest);
            return Ok(());
        }
        Some(Value::String(directive)) if directive == "delete" => {
            *tree = Value::Object(Map::new());
            return Ok(());
        }
        Some(Value::String(directive)) if directive == "merge" => {}
        Some(other) => return Err(rejected(format!("unknown patch type: {} in map", plain(other)))),
    }
    if !tree.is_object() {
        *tree = Value::Object(Map::new());
    }
    let Value::Object(into) = tree else { return Ok(()) };
    if let Some(Value::Array(keep)) = patch.get(RETAIN) {
        into.retain(|key, _| keep.iter().any(|kept| kept.as_str() == Some(key)));
    }
    for (key, list) in patch {
        if let Some(of) = key.strip_prefix(DELETE)
            && let (Some(Value::Array(current)), Value::Array(gone)) = (into.get_mut(of), list)
        {
            current.retain(|element| !gone.contains(element));
        }
    }
    for (key, value) in patch {
        if key.starts_with('$') {
            continue;
        }
        let row = schema.and_then(|schema| schema.find(key)).map(|(_, row)| row);
        if value.is_null() {
            into.remove(key);
            continue;
        }
        let order = patch.get(&format!("{ORDER}{key}"));
        merge_member(into, key, value, row, order)?;
    }
    for (key, order) in patch {
        if let Some(of) = key.strip_prefix(ORDER)
            && !patch.contains_key(of)
            && let (Some(Value::Array(list)), Value::Array(order)) = (into.get_mut(of), order)
        {
            let row = schema.and_then(|schema| schema.find(of)).map(|(_, row)| row);
            sort(list, order, row.map(|row| row.merge_key.as_ref()).filter(|key| !key.is_empty()));
        }
    }
    Ok(())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn merge_member(
    into: &mut Map<String, Value>,
    key: &str,
    value: &Value,
    row: Option<&FieldSchema>,
    order: Option<&Value>,
) -> Result<(), PatchError> {
    let strategy = row.map(|row| row.patch.as_ref()).unwrap_or_default();
    let replaces = strategy.split(',').any(|word| word == "replace");
    match value {
        Value::Object(patch) if !replaces => {
            let nested = row.and_then(|row| match &row.ty {
                Type::Struct(table) => Some(&**table),
                _ => None,
            });
            if patch.get(DIRECTIVE).and_then(Value::as_str) == Some("delete") && patch.len() == 1 {
                into.remove(key);
                return Ok(());
            }
            merge_map(into.entry(key).or_insert_with(|| Value::Object(Map::new())), patch, nested)
        }
        Value::Array(patch) if strategy.split(',').any(|word| word == "merge") => {
            let row = row.ok_or_else(|| rejected("a merging list has a row"))?;
            let slot = into.entry(key).or_insert_with(|| Value::Array(vec![]));
            if !slot.is_array() {
                *slot = Value::Array(vec![]);
            }
            let Value::Array(list) = slot else { return Ok(()) };
            merge_list(list, patch, row)?;
            if let Some(Value::Array(order)) = order {
                sort(list, order, Some(row.merge_key.as_ref()).filter(|key| !key.is_empty()));
            }
            Ok(())
        }
        other => {
            into.insert(key.to_owned(), without_directives(other));
            Ok(())
        }
    }
}

/// A value that is taken over as it is; directives inside it have nothing to act on.
fn without_directives(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(key, value)| !key.starts_with('$') && !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), without_directives(value))).collect())
        }
        Value::Array(elements) => {
            let is_directive = |element: &&Value| element.get(DIRECTIVE).is_none();
            Value::Array(elements.iter().filter(is_directive).map(without_directives).collect())
        }
        other => other.clone(),
    }
}

fn merge_list(list: &mut Vec<Value>, patch: &[Value], row: &FieldSchema) -> Result<(), PatchError> {
    let directive = |element: &Value| element.get(DIRECTIVE).and_then(Value::as_str).map(str::to_owned);
    if patch.iter().any(|element| directive(element).as_deref() == Some("replace")) {
        *list = patch.iter().filter(|element| element.get(DIRECTIVE).is_none()).map(without_directives).collect();
        return Ok(());
    }
    let merge_key = row.merge_key.as_ref();
    if merge_key.is_empty() {
        for element in patch {
            if !list.contains(element) {
                list.push(element.clone());
            }
        }
        return Ok(());
    }
    let element_schema = match &row.ty {
        Type::List(element) => element.as_struct(),
        _ => None,
    };
    for element in patch {
        let Value::Object(members) = element else {
            return Err(rejected(format!("list element of {} is not an object", row.name)));
        };
        let Some(key) = members.get(merge_key) else {
            return Err(rejected(format!("map: {element} does not contain declared merge key: {merge_key}")));
        };
        let position = list.iter().position(|existing| existing.get(merge_key) == Some(key));
        match (directive(element).as_deref(), position) {
            (Some("delete"), _) => list.retain(|existing| existing.get(merge_key) != Some(key)),
            (None | Some("merge"), Some(position)) => merge_map(&mut list[position], members, element_schema)?,
            (None | Some("merge"), None) => list.push(without_directives(element)),
            (Some(other), _) => return Err(rejected(format!("unknown patch type: {other} in map"))),
        }
    }
    Ok(())
}

/// Brings a list into the order that the patch gives; what it does not name stays behind what preceded it.
fn sort(list: &mut Vec<Value>, order: &[Value], merge_key: Option<&str>) {
    let key = |element: &Value| merge_key.map_or_else(|| Some(element.clone()), |name| element.get(name).cloned());
    let wanted = |element: &Value| {
        let own = key(element);
        order.iter().position(|entry| key(entry) == own)
    };
    let mut sorted: Vec<Value> = Vec::with_capacity(list.len());
    let mut named: Vec<(usize, Value)> = vec![];
    let mut others: Vec<(usize, Value)> = vec![];
    for (index, element) in std::mem::take(list).into_iter().enumerate() {
        match wanted(&element) {
            Some(position) => named.push((position, element)),
            None => others.push((index, element)),
        }
    }
    named.sort_by_key(|(position, _)| *position);
    let mut others = others.into_iter().peekable();
    for (_, element) in named {
        while others.peek().is_some_and(|(index, _)| *index <= sorted.len()) {
            sorted.extend(others.next().map(|(_, element)| element));
        }
        sorted.push(element);
    }
    sorted.extend(others.map(|(_, element)| element));
    *list = sorted;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::apps::v1::Deployment;
    use crate::reflect::StaticSchema;

    fn merged(mut tree: Value, patch: Value) -> Value {
        strategic_merge(&mut tree, &patch, Deployment::static_schema()).unwrap();
        tree
    }

    fn containers(list: Value) -> Value {
        json!({"spec": {"template": {"spec": {"containers": list}}}})
    }

    #[test]
    fn containers_merge_by_name() {
        let tree = containers(
            json!([{"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "b:1"}]),
        );
        let patch = containers(json!([{"name": "a", "image": "a:2", "env": [{"name": "Y", "value": "2"}]}]));
        let expected = containers(json!([
            {"name": "a", "image": "a:2", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]},
            {"name": "b", "image": "b:1"}
        ]));
        assert_eq!(merged(tree, patch), expected);
    }

    #[test]
    fn directives_delete_and_replace() {
        let tree = containers(json!([{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]));
        assert_eq!(
            merged(tree.clone(), containers(json!([{"name": "a", "$patch": "delete"}]))),
            containers(json!([{"name": "b", "image": "2"}]))
        );
        assert_eq!(
            merged(tree, containers(json!([{"$patch": "replace"}, {"name": "c"}]))),
            containers(json!([{"name": "c"}]))
        );
    }

    #[test]
    fn retain_keys_clears_the_other_strategy() {
        let tree = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
        let patch = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}});
        assert_eq!(merged(tree, patch), json!({"spec": {"strategy": {"type": "Recreate"}}}));
    }

    #[test]
    fn finalizers_merge_as_a_set_and_can_be_deleted() {
        let tree = json!({"metadata": {"finalizers": ["a/b", "c/d"]}});
        let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/b"], "finalizers": ["e/f"]}});
        assert_eq!(merged(tree, patch), json!({"metadata": {"finalizers": ["c/d", "e/f"]}}));
    }

    #[test]
    fn the_order_directive_sorts() {
        let tree = containers(json!([{"name": "a"}, {"name": "b"}, {"name": "c"}]));
        let patch = json!({"spec": {"template": {"spec": {
            "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
            "containers": [{"name": "c", "image": "x"}],
        }}}});
        let result = merged(tree, patch);
        let names: Vec<_> = result["spec"]["template"]["spec"]["containers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["c", "b", "a"]);
    }
}
