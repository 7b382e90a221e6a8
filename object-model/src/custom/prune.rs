//! Taking out what a schema does not know.
//!
//! Invariant: with `x-kubernetes-preserve-unknown-fields` members stay, but those that are named are still looked into;
//! an embedded resource keeps `apiVersion`, `kind` and `metadata`.

use serde_json::{Map, Value};

use super::structural::{Additional, Structural};

/// Removes unknown members below `members`, the members of the object itself; their paths go to `removed`.
pub(super) fn prune_members(members: &mut Map<String, Value>, schema: &Structural, removed: &mut Vec<String>) {
    members_of(members, schema, &mut String::new(), removed, false);
}

/// Removes what is unknown within a value.
pub(super) fn prune_value(value: &mut Value, schema: &Structural) {
    values(value, schema, &mut String::new(), &mut vec![]);
}

fn members_of(
    members: &mut Map<String, Value>,
    schema: &Structural,
    path: &mut String,
    removed: &mut Vec<String>,
    embedded: bool,
) {
    let open = schema.preserve_unknown || matches!(schema.additional, Additional::Anything);
    let kept_always = |name: &str| embedded && matches!(name, "apiVersion" | "kind" | "metadata");
    members.retain(|name, value| {
        let length = path.len();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
        let keep = match schema.member(name) {
            // The metadata of an embedded resource is that of every object, whatever the schema says.
            _ if embedded && name == "metadata" => true,
            Some(below) => {
                values(value, below, path, removed);
                true
            }
            None => open || kept_always(name),
        };
        if !keep {
            removed.push(path.clone());
        }
        path.truncate(length);
        keep
    });
}

fn values(value: &mut Value, schema: &Structural, path: &mut String, removed: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            // An object without any said members under a schema that is no object is told by the check of types.
            members_of(members, schema, path, removed, schema.embedded);
        }
        Value::Array(elements) => {
            let Some(items) = &schema.items else { return };
            for (index, element) in elements.iter_mut().enumerate() {
                let length = path.len();
                path.push_str(&format!("[{index}]"));
                values(element, items, path, removed);
                path.truncate(length);
            }
        }
        _ => {}
    }
}
