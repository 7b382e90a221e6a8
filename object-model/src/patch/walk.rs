//! Which fields an object has, and which differ between two.
//!
//! In: nodes and their table. Out: [`FieldSet`]s. Invariants: an element that is atomic counts as one field; so does a
//! map or list that is empty on both sides, which keeps empty and absent apart. `apiVersion` and `kind` are no fields.

use std::cmp::Ordering;

use super::fieldset::{Element, Entry, FieldSet, Name};
use super::node::{Node, Shape, Spec, is_bookkeeping, written};
use crate::reflect::Ref;
use crate::schema::StructSchema;

/// How the new object differs from the old one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Only in the new one.
    pub added: FieldSet,
    /// Only in the old one.
    pub removed: FieldSet,
    /// In both, with another value.
    pub modified: FieldSet,
}

impl Comparison {
    /// No difference?
    pub fn is_same(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.modified.is_empty()
    }

    /// Without what lies in or below these paths.
    #[must_use]
    pub fn without(self, paths: &FieldSet) -> Self {
        Self {
            added: self.added.recursive_difference(paths),
            removed: self.removed.recursive_difference(paths),
            modified: self.modified.recursive_difference(paths),
        }
    }

    /// What the writer of the new object has set.
    pub fn set(&self) -> FieldSet {
        self.modified.clone().union(self.added.clone())
    }
}

/// Compares two objects of one kind.
pub fn compare(old: Node<'_>, new: Node<'_>, table: &StructSchema) -> Comparison {
    let mut level = Level::default();
    members(Some(old), Some(new), Shape::Struct(table), &mut level);
    level.finish()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Added,
    Removed,
    Modified,
}

/// What became of one element.
struct Outcome {
    own: Option<Change>,
    below: Comparison,
}

/// The changes of the elements of one level.
#[derive(Default)]
struct Level {
    added: Vec<Entry>,
    removed: Vec<Entry>,
    modified: Vec<Entry>,
}

impl Level {
    fn push(&mut self, outcome: Outcome, element: impl FnOnce() -> Element) {
        let Outcome { own, below } = outcome;
        if own.is_none() && below.is_same() {
            return;
        }
        let element = element();
        let Self { added, removed, modified } = self;
        for (list, change, below) in [
            (added, Change::Added, below.added),
            (removed, Change::Removed, below.removed),
            (modified, Change::Modified, below.modified),
        ] {
            let member = own == Some(change);
            if member || !below.is_empty() {
                list.push(Entry { element: element.clone(), member, below });
            }
        }
    }

    fn finish(self) -> Comparison {
        Comparison {
            added: FieldSet::from_entries(self.added),
            removed: FieldSet::from_entries(self.removed),
            modified: FieldSet::from_entries(self.modified),
        }
    }
}

fn leaf(old: Option<Node<'_>>, new: Option<Node<'_>>) -> Outcome {
    let own = match (old, new) {
        (None, None) => None,
        (None, Some(_)) => Some(Change::Added),
        (Some(_), None) => Some(Change::Removed),
        (Some(old), Some(new)) => (!old.same(new)).then_some(Change::Modified),
    };
    Outcome { own, below: Comparison::default() }
}

fn walk(old: Option<Node<'_>>, new: Option<Node<'_>>, spec: Spec<'_>) -> Outcome {
    let shape = spec.shape();
    let both = || old.into_iter().chain(new);
    if matches!(shape, Shape::Leaf) || both().all(Node::is_hollow) {
        return leaf(old, new);
    }
    let mut level = Level::default();
    match shape {
        Shape::Keyed { .. } | Shape::Set(_) if both().all(|node| node.is_null() || node.is_list()) => {
            elements(old, new, shape, &mut level);
        }
        Shape::Struct(_) | Shape::Map(_) | Shape::Unknown if both().all(Node::may_have_members) => {
            members(old, new, shape, &mut level);
        }
        // Of another type than the table says, or changing its type.
        _ => return leaf(old, new),
    }
    let own = match (old, new) {
        (None, Some(_)) => Some(Change::Added),
        (Some(_), None) => Some(Change::Removed),
        _ => None,
    };
    Outcome { own, below: level.finish() }
}

fn members(old: Option<Node<'_>>, new: Option<Node<'_>>, shape: Shape<'_>, level: &mut Level) {
    if let (Some(Node::View(Ref::Struct(a))), Some(Node::View(Ref::Struct(b)))) = (old, new) {
        // The fast path of every update: most fields are the same and are not looked into.
        let table = a.schema();
        for (index, row) in table.fields.iter().enumerate() {
            let (a, b) = (a.field(index), b.field(index));
            if !a.same(b) && !is_bookkeeping(table, row) {
                let outcome = walk(written(row, a), written(row, b), Spec::of_field(row));
                level.push(outcome, || Element::Field((&row.name).into()));
            }
        }
        return;
    }
    let (old, new) = (old.map(Node::members).unwrap_or_default(), new.map(Node::members).unwrap_or_default());
    join(&old, &new, |name, old, new| {
        let element = || match shape {
            Shape::Struct(table) => {
                let name = table.find(name).map_or_else(|| (*name).into(), |(_, row)| (&row.name).into());
                Element::Field(name)
            }
            _ => Element::Field((*name).into()),
        };
        level.push(walk(old.first().map(|pair| pair.1), new.first().map(|pair| pair.1), shape.member(name)), element);
    });
}

fn elements(old: Option<Node<'_>>, new: Option<Node<'_>>, shape: Shape<'_>, level: &mut Level) {
    let mut old = old.map(|node| node.identified(shape)).unwrap_or_default();
    let mut new = new.map(|node| node.identified(shape)).unwrap_or_default();
    old.sort_by(|a, b| a.0.cmp(&b.0));
    new.sort_by(|a, b| a.0.cmp(&b.0));
    join(&old, &new, |element, old, new| {
        let outcome = if old.len() <= 1 && new.len() <= 1 {
            walk(old.first().map(|pair| pair.1), new.first().map(|pair| pair.1), shape.element())
        } else {
            // Elements that stand twice cannot be told apart: together they are one value.
            let same = old.len() == new.len() && old.iter().zip(new).all(|(old, new)| old.1.same(new.1));
            let own = match (old.is_empty(), new.is_empty()) {
                (true, _) => Some(Change::Added),
                (_, true) => Some(Change::Removed),
                _ => (!same).then_some(Change::Modified),
            };
            Outcome { own, below: Comparison::default() }
        };
        level.push(outcome, || element.clone());
    });
}

/// Walks two sorted lists together: each key once, with what both have under it.
fn join<'n, K: Ord>(
    old: &[(K, Node<'n>)],
    new: &[(K, Node<'n>)],
    mut visit: impl FnMut(&K, &[(K, Node<'n>)], &[(K, Node<'n>)]),
) {
    let (mut old, mut new) = (old, new);
    loop {
        let key = match (old.first(), new.first()) {
            (None, None) => return,
            (Some(a), None) => &a.0,
            (None, Some(b)) => &b.0,
            (Some(a), Some(b)) => match a.0.cmp(&b.0) {
                Ordering::Greater => &b.0,
                _ => &a.0,
            },
        };
        let run = |list: &[(K, Node<'n>)]| list.iter().take_while(|entry| entry.0 == *key).count();
        let (old_run, old_rest) = old.split_at(run(old));
        let (new_run, new_rest) = new.split_at(run(new));
        visit(key, old_run, new_run);
        (old, new) = (old_rest, new_rest);
    }
}

/// The fields that an object has.
pub fn fields_of(object: Node<'_>, table: &StructSchema) -> FieldSet {
    fields_below(object, Shape::Struct(table))
}

fn fields_below(node: Node<'_>, shape: Shape<'_>) -> FieldSet {
    let mut entries = vec![];
    match shape {
        Shape::Keyed { .. } | Shape::Set(_) => {
            let mut elements = node.identified(shape);
            elements.sort_by(|a, b| a.0.cmp(&b.0));
            join(&elements, &[], |element, nodes, _| {
                let below = match nodes {
                    [(_, node)] => below(*node, shape.element()),
                    _ => FieldSet::new(),
                };
                entries.push(Entry { element: element.clone(), member: true, below });
            });
        }
        _ => {
            for (name, node) in node.members() {
                let spec = shape.member(name);
                let (declared, name) = match spec.row {
                    Some(row) => (true, Name::from(&row.name)),
                    None => (false, name.into()),
                };
                let leaf = is_leaf(node, spec) || node.is_null() || node.is_hollow() && !node.is_list();
                let below = if leaf { FieldSet::new() } else { below(node, spec) };
                entries.push(Entry { element: Element::Field(name), member: leaf || !declared, below });
            }
        }
    }
    FieldSet::from_entries(entries)
}

fn is_leaf(node: Node<'_>, spec: Spec<'_>) -> bool {
    match spec.shape() {
        Shape::Leaf => true,
        Shape::Keyed { .. } | Shape::Set(_) => !node.is_list(),
        Shape::Struct(_) | Shape::Map(_) | Shape::Unknown => !node.may_have_members(),
    }
}

fn below(node: Node<'_>, spec: Spec<'_>) -> FieldSet {
    if is_leaf(node, spec) { FieldSet::new() } else { fields_below(node, spec.shape()) }
}

/// The set with the declared fields that lead to its paths: they count as owned when it comes to removal.
pub(crate) fn with_parents(set: &FieldSet, table: &StructSchema) -> FieldSet {
    parents_below(set, Shape::Struct(table))
}

fn parents_below(set: &FieldSet, shape: Shape<'_>) -> FieldSet {
    let entries = set.entries().iter().map(|entry| Entry {
        element: entry.element.clone(),
        member: entry.member || (!entry.below.is_empty() && shape.declares(&entry.element)),
        below: parents_below(&entry.below, shape.at(&entry.element).shape()),
    });
    FieldSet::from_entries(entries.collect())
}
