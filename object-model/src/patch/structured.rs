//! Structured merge: an applied configuration into the live object, and removal of what is no longer applied.
//!
//! In: JSON trees, tables and sets. Out: changed trees. Invariants: what the configuration does not mention stays;
//! elements of keyed lists stay in their order, unless the configuration names two of them in another.

use serde_json::{Map, Value};

use super::fieldset::{Element, Entry, FieldSet};
use super::node::{Node, Shape, Spec};
use crate::schema::StructSchema;

/// Merges `config` into `live`; both are objects whose kind has this table.
pub(super) fn merge_object(live: &mut Value, config: &Value, table: &StructSchema) {
    let (Value::Object(live), Value::Object(config)) = (live, config) else { return };
    for (name, value) in config {
        if name != "apiVersion" && name != "kind" {
            merge_member(live, name, value, Shape::Struct(table).member(name));
        }
    }
}

/// Would [`merge_object`] change anything? Mostly not: the same is applied again and again.
pub(super) fn merge_changes(live: &Value, config: &Value, table: &StructSchema) -> bool {
    let (Value::Object(live), Value::Object(config)) = (live, config) else { return false };
    config.iter().any(|(name, value)| {
        name != "apiVersion" && name != "kind" && member_changes(live, name, value, Shape::Struct(table))
    })
}

fn member_changes(live: &Map<String, Value>, name: &str, value: &Value, shape: Shape<'_>) -> bool {
    live.get(name).is_none_or(|current| changes(current, value, shape.member(name)))
}

fn changes(live: &Value, config: &Value, spec: Spec<'_>) -> bool {
    let shape = spec.shape();
    let hollow = Node::Json(live).is_hollow();
    match (shape, live, config) {
        (Shape::Leaf, ..) => live != config,
        (_, Value::Object(_) | Value::Array(_), Value::Null) if !hollow => false,
        (Shape::Struct(_) | Shape::Map(_) | Shape::Unknown, Value::Object(into), Value::Object(from)) => {
            from.iter().any(|(name, value)| member_changes(into, name, value, shape))
        }
        (Shape::Keyed { .. } | Shape::Set(_), Value::Array(into), Value::Array(from)) if !hollow => {
            // The same elements in the same order, possibly with others between them; none of them twice.
            let identities: Vec<_> = into.iter().map(|value| Node::Json(value).identity(shape).ok()).collect();
            let mut from_here = 0;
            !from.iter().all(|wanted| {
                let identity = Node::Json(wanted).identity(shape).ok();
                let mut places = (0..into.len()).filter(|index| identities[*index] == identity);
                let (Some(place), None) = (places.next(), places.next()) else { return false };
                let in_order = identity.is_some() && place >= from_here;
                from_here = place + 1;
                in_order && !changes(&into[place], wanted, shape.element())
            })
        }
        _ => live != config,
    }
}

fn merge_member(live: &mut Map<String, Value>, name: &str, value: &Value, spec: Spec<'_>) {
    match live.get_mut(name) {
        Some(current) => merge(current, value, spec),
        None => {
            live.insert(name.to_owned(), value.clone());
        }
    }
}

fn merge(live: &mut Value, config: &Value, spec: Spec<'_>) {
    let shape = spec.shape();
    let hollow = Node::Json(live).is_hollow();
    match (shape, &mut *live, config) {
        (Shape::Leaf, ..) => *live = config.clone(),
        // Null says that the applier cares for the field, not that others may not fill it.
        (_, Value::Object(_) | Value::Array(_), Value::Null) if !hollow => {}
        (Shape::Struct(_) | Shape::Map(_) | Shape::Unknown, Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge_member(into, name, value, shape.member(name));
            }
        }
        (Shape::Keyed { .. } | Shape::Set(_), Value::Array(into), Value::Array(from)) if !hollow => {
            merge_list(into, from, shape);
        }
        _ => *live = config.clone(),
    }
}

/// Elements of the live list that the configuration does not name keep their place; the named ones come in the order
/// of the configuration.
fn merge_list(live: &mut Vec<Value>, config: &[Value], shape: Shape<'_>) {
    let identities = |list: &[Value]| -> Vec<Element> {
        let node = |(index, value)| {
            let place = || Element::Index(i64::try_from(index).unwrap_or(i64::MAX));
            Node::Json(value).identity(shape).unwrap_or_else(|_| place())
        };
        list.iter().enumerate().map(node).collect()
    };
    let (left, right) = (identities(live), identities(config));
    let named = Lookup::new(&right);
    let known = Lookup::new(&left);
    // What an element becomes that both have; where the live list has it twice, the configuration alone counts.
    let merged = |live: &mut [Value], index: usize| -> Value {
        let mut value = match known.only(&right[index]) {
            Some(at) => live[at].take(),
            None => return config[index].clone(),
        };
        merge(&mut value, &config[index], shape.element());
        value
    };
    let mut out = Vec::with_capacity(live.len() + config.len());
    let mut shared = (0..right.len()).filter(|index| known.has(&right[*index])).peekable();
    let mut done = vec![false; right.len()];
    let (mut l, mut r) = (0, 0);
    while l < left.len() || r < right.len() {
        let at = left.get(l).map(|element| named.first(element));
        match (at, r < right.len()) {
            (Some(None), _) => {
                out.push(live[l].take());
                l += 1;
                continue;
            }
            // Its turn comes, or came, with the order of the configuration.
            (Some(Some(at)), _) if done[at] => {
                l += 1;
                continue;
            }
            (Some(Some(at)), true) if at != r && shared.peek().is_some_and(|next| *next != at) => {
                l += 1;
                continue;
            }
            (Some(Some(at)), true) if at == r => l += 1,
            (Some(Some(_)), false) => {
                l += 1;
                continue;
            }
            _ => {}
        }
        out.push(merged(live, r));
        done[r] = true;
        shared.next_if_eq(&r);
        r += 1;
    }
    *live = out;
}

/// Where elements stand.
struct Lookup<'a> {
    sorted: Vec<(&'a Element, usize)>,
}

impl<'a> Lookup<'a> {
    fn new(elements: &'a [Element]) -> Self {
        let mut sorted: Vec<_> = elements.iter().enumerate().map(|(index, element)| (element, index)).collect();
        sorted.sort();
        Self { sorted }
    }

    fn first(&self, element: &Element) -> Option<usize> {
        let at = self.sorted.partition_point(|entry| entry.0 < element);
        self.sorted.get(at).filter(|entry| entry.0 == element).map(|entry| entry.1)
    }

    fn has(&self, element: &Element) -> bool {
        self.first(element).is_some()
    }

    /// The place of an element that stands once.
    fn only(&self, element: &Element) -> Option<usize> {
        let at = self.sorted.partition_point(|entry| entry.0 < element);
        let twice = self.sorted.get(at + 1).is_some_and(|entry| entry.0 == element);
        self.first(element).filter(|_| !twice)
    }
}

/// What goes from `object` when the applier, who owned `last`, applies what is in `owned` with everybody else's sets.
/// A field that leads to owned fields is itself safe; an element of a list or map is not.
pub(super) fn removals(object: &Value, last: &FieldSet, owned: &[&FieldSet], table: &StructSchema) -> FieldSet {
    removals_below(object, last, owned, Shape::Struct(table))
}

fn removals_below(value: &Value, last: &FieldSet, owned: &[&FieldSet], shape: Shape<'_>) -> FieldSet {
    let children = Children::of(value, shape);
    let gone = last.entries().iter().filter_map(|entry| {
        let child = children.get(&entry.element)?;
        let declared = shape.declares(&entry.element);
        let counts = |entry: &Entry| entry.member || (declared && !entry.below.is_empty());
        let owners: Vec<&Entry> = owned.iter().filter_map(|set| set.find(&entry.element)).collect();
        if counts(entry) && !owners.iter().any(|owner| counts(owner)) {
            return Some(Entry { element: entry.element.clone(), member: true, below: FieldSet::new() });
        }
        let shape = shape.at(&entry.element).shape();
        if entry.below.is_empty() || matches!(shape, Shape::Leaf) {
            return None;
        }
        let owned: Vec<&FieldSet> = owners.iter().map(|owner| &owner.below).collect();
        let below = removals_below(child, &entry.below, &owned, shape);
        Some(Entry { element: entry.element.clone(), member: false, below })
    });
    FieldSet::from_entries(gone.collect())
}

/// The members or elements of a value, to look up.
enum Children<'a> {
    Members(&'a Map<String, Value>),
    Elements(Vec<(Element, &'a Value)>),
}

impl<'a> Children<'a> {
    fn of(value: &'a Value, shape: Shape<'_>) -> Self {
        match value {
            Value::Object(members) => Self::Members(members),
            Value::Array(list) => {
                let identity = |value| Some((Node::Json(value).identity(shape).ok()?, value));
                Self::Elements(list.iter().filter_map(identity).collect())
            }
            _ => Self::Elements(vec![]),
        }
    }

    fn get(&self, element: &Element) -> Option<&'a Value> {
        match (self, element) {
            (Self::Members(members), Element::Field(name)) => members.get(name.as_str()),
            (Self::Elements(list), _) => list.iter().find(|entry| entry.0 == *element).map(|entry| entry.1),
            _ => None,
        }
    }
}

/// Takes the paths of a set, with all that is below them, out of a tree. What is empty afterwards becomes null.
pub(super) fn remove_items(object: &mut Value, set: &FieldSet, table: &StructSchema) {
    remove_below(object, set, Shape::Struct(table));
}

fn remove_below(value: &mut Value, set: &FieldSet, shape: Shape<'_>) {
    if set.is_empty() || matches!(shape, Shape::Leaf) {
        return;
    }
    match value {
        Value::Object(members) => {
            members.retain(|name, child| match set.find_field(name) {
                Some(entry) if entry.member => false,
                Some(entry) => {
                    remove_below(child, &entry.below, shape.member(name).shape());
                    true
                }
                None => true,
            });
        }
        Value::Array(list) => list.retain_mut(|child| {
            let found = Node::Json(child).identity(shape).ok().and_then(|element| set.find(&element));
            match found {
                Some(entry) if entry.member => false,
                Some(entry) => {
                    remove_below(child, &entry.below, shape.element().shape());
                    true
                }
                None => true,
            }
        }),
        _ => return,
    }
    if Node::Json(value).is_hollow() {
        *value = Value::Null;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::core::v1::Pod;
    use crate::reflect::StaticSchema;

    fn names(list: &[&str]) -> Value {
        let list: Vec<Value> = list.iter().map(|name| json!({"name": name})).collect();
        json!({"spec": {"containers": list}})
    }

    fn merged(live: &[&str], config: &[&str]) -> Vec<String> {
        let mut tree = names(live);
        merge_object(&mut tree, &names(config), Pod::static_schema());
        let list = tree["spec"]["containers"].as_array().unwrap();
        list.iter().map(|container| container["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn lists_keep_their_order_unless_the_configuration_says_otherwise() {
        assert_eq!(merged(&["a", "b"], &["c"]), ["a", "b", "c"]);
        assert_eq!(merged(&["a", "b"], &["b", "a"]), ["b", "a"]);
        assert_eq!(merged(&["a", "b", "c"], &["c", "a"]), ["b", "c", "a"]);
        assert_eq!(merged(&["x", "a", "y", "b"], &["a", "n", "b"]), ["x", "a", "y", "n", "b"]);
        assert_eq!(merged(&[], &["a"]), ["a"]);
    }

    #[test]
    fn null_does_not_empty_what_others_filled() {
        let mut tree = json!({"metadata": {"labels": {"a": "1"}, "name": "x"}});
        merge_object(&mut tree, &json!({"metadata": {"labels": null, "name": null}}), Pod::static_schema());
        assert_eq!(tree, json!({"metadata": {"labels": {"a": "1"}, "name": null}}));
    }

    #[test]
    fn it_is_known_beforehand_whether_a_merge_changes_anything() {
        let cases = [
            (names(&["a", "b"]), names(&["b"])),
            (names(&["a", "b"]), names(&["b", "a"])),
            (names(&["a", "a"]), names(&["a"])),
            (names(&["a"]), json!({"spec": {"containers": []}})),
            (names(&["a"]), json!({"spec": {"containers": null}})),
            (json!({"metadata": {"labels": null}}), json!({"metadata": {"labels": {}}})),
            (json!({"metadata": {"labels": {"a": "1"}}}), json!({"metadata": {"labels": {"a": "1"}, "name": "x"}})),
            (json!({"metadata": {"labels": {"a": "1"}}}), json!({"metadata": {"labels": {}}})),
            (json!({"spec": {"nodeSelector": {"a": "1"}}}), json!({"spec": {"nodeSelector": {}}})),
        ];
        for (live, config) in cases {
            let mut merged = live.clone();
            merge_object(&mut merged, &config, Pod::static_schema());
            let changes = merge_changes(&live, &config, Pod::static_schema());
            // It may warn for nothing, as it does for elements that stand twice, but never the other way round.
            assert!(changes || merged == live, "{live} {config}");
            assert!(!changes || merged != live || live == names(&["a", "a"]), "{live} {config}");
        }
    }

    #[test]
    fn atomic_values_are_replaced() {
        let mut tree = json!({"spec": {"nodeSelector": {"a": "1"}, "tolerations": [{"key": "a"}]}});
        let config = json!({"spec": {"nodeSelector": {"b": "2"}, "tolerations": [{"key": "b"}]}});
        merge_object(&mut tree, &config, Pod::static_schema());
        assert_eq!(tree, config);
    }

    #[test]
    fn removal_takes_whole_elements_and_spares_parents_of_owned_fields() {
        let tree = json!({"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"containers": [
            {"name": "c", "image": "1", "imagePullPolicy": "Always"}, {"name": "d"}]}});
        let last = FieldSet::parse(
            br#"{"f:metadata":{"f:labels":{"f:a":{},"f:b":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{}}}}}"#,
        )
        .unwrap();
        let owned = FieldSet::parse(
            br#"{"f:metadata":{"f:labels":{"f:b":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"d\"}":{".":{}}}}}"#,
        )
        .unwrap();
        let gone = removals(&tree, &last, &[&owned], Pod::static_schema());
        let mut left = tree;
        remove_items(&mut left, &gone, Pod::static_schema());
        assert_eq!(left, json!({"metadata": {"labels": {"b": "2"}}, "spec": {"containers": [{"name": "d"}]}}));
    }

    #[test]
    fn what_is_emptied_becomes_null() {
        let mut tree = json!({"metadata": {"labels": {"a": "1"}}});
        let gone = FieldSet::parse(br#"{"f:metadata":{"f:labels":{"f:a":{}}}}"#).unwrap();
        remove_items(&mut tree, &gone, Pod::static_schema());
        assert_eq!(tree, json!({"metadata": {"labels": null}}));
    }
}
