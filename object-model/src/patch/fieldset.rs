//! Sets of fields: who owns what.
//!
//! In: `fieldsV1` texts, walks over objects. Out: set algebra, paths as clients see them. Invariant: entries are
//! sorted and none is useless (neither a member nor with anything below). Source: Kubernetes API concepts,
//! "Server-Side Apply", and the description of `FieldsV1`. Elsewhere: which fields an object has (`walk`).

use std::cmp::Ordering;
use std::fmt;

mod name;
mod text;

pub use name::Name;

/// A value inside a path: of a key or of a set's element.
#[derive(Clone, Debug)]
pub enum Scalar {
    /// `null`
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(Name),
    /// The JSON text of something larger.
    Json(Box<str>),
}

impl Scalar {
    fn rank(&self) -> u8 {
        match self {
            Self::Int(_) | Self::Float(_) => 0,
            Self::Text(_) => 1,
            Self::Bool(_) => 2,
            Self::Null => 3,
            Self::Json(_) => 4,
        }
    }
}

impl Ord for Scalar {
    /// Numbers, text, booleans, null, the rest.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Int(a), Self::Float(b)) => (*a as f64).total_cmp(b).then(Ordering::Less),
            (Self::Float(a), Self::Int(b)) => a.total_cmp(&(*b as f64)).then(Ordering::Greater),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Json(a), Self::Json(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}
impl PartialOrd for Scalar {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Scalar {}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Json(value) => f.write_str(value),
        }
    }
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element {
    /// A field of a struct or the key of a map.
    Field(Name),
    /// The element of a list that has these keys, by name of key.
    Key(Vec<(Name, Scalar)>),
    /// The element of a set.
    Value(Scalar),
    /// A place in a list.
    Index(i64),
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(keys) => {
                f.write_str("[")?;
                for (index, (name, value)) in keys.iter().enumerate() {
                    write!(f, "{}{name}={value}", if index > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Value(value) => write!(f, "[={value}]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// What a set says about one element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) element: Element,
    /// The element itself belongs to the set.
    pub(crate) member: bool,
    /// What below the element does.
    pub(crate) below: FieldSet,
}

/// A set of paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    entries: Vec<Entry>,
}

impl FieldSet {
    /// Nothing.
    pub const fn new() -> Self {
        Self { entries: vec![] }
    }

    /// The set of these paths of field names.
    pub fn of_fields<'a>(paths: impl IntoIterator<Item = &'a [&'static str]>) -> Self {
        let mut set = Self::new();
        for path in paths {
            set.insert(path.iter().map(|name| Element::Field(Name::fixed(name))));
        }
        set
    }

    /// From entries in any order; those of one element are united.
    pub(crate) fn from_entries(mut entries: Vec<Entry>) -> Self {
        entries.retain(|entry| entry.member || !entry.below.is_empty());
        if !entries.is_sorted_by(|a, b| a.element < b.element) {
            entries.sort_by(|a, b| a.element.cmp(&b.element));
            entries.dedup_by(|later, kept| {
                let same = later.element == kept.element;
                if same {
                    kept.member |= later.member;
                    kept.below = std::mem::take(&mut kept.below).union(std::mem::take(&mut later.below));
                }
                same
            });
        }
        Self { entries }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Nothing in it?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of paths.
    pub fn len(&self) -> usize {
        self.entries.iter().map(|entry| usize::from(entry.member) + entry.below.len()).sum()
    }

    /// Are there no elements of lists at this level?
    pub(crate) fn has_only_fields(&self) -> bool {
        // They are sorted behind the fields.
        self.entries.last().is_none_or(|entry| matches!(entry.element, Element::Field(_)))
    }

    /// Number of paths that are in both.
    pub(crate) fn count_common(&self, other: &Self) -> usize {
        let common = self.entries.iter().filter_map(|entry| Some((entry, other.find(&entry.element)?)));
        common.map(|(a, b)| usize::from(a.member && b.member) + a.below.count_common(&b.below)).sum()
    }

    pub(crate) fn find(&self, element: &Element) -> Option<&Entry> {
        let index = self.entries.binary_search_by(|entry| entry.element.cmp(element)).ok()?;
        self.entries.get(index)
    }

    pub(crate) fn find_field(&self, name: &str) -> Option<&Entry> {
        let by_name = |entry: &Entry| match &entry.element {
            Element::Field(own) => own.as_bytes().cmp(name.as_bytes()),
            _ => Ordering::Greater,
        };
        let index = self.entries.binary_search_by(by_name).ok()?;
        self.entries.get(index)
    }

    /// Adds a path; the empty path is nothing.
    pub fn insert(&mut self, path: impl IntoIterator<Item = Element>) {
        let mut path = path.into_iter().peekable();
        let mut set = self;
        while let Some(element) = path.next() {
            let index = match set.entries.binary_search_by(|entry| entry.element.cmp(&element)) {
                Ok(index) => index,
                Err(index) => {
                    set.entries.insert(index, Entry { element, member: false, below: Self::new() });
                    index
                }
            };
            let entry = &mut set.entries[index];
            if path.peek().is_none() {
                entry.member = true;
                return;
            }
            set = &mut entry.below;
        }
    }

    /// Is this path in it?
    pub fn has(&self, path: &[Element]) -> bool {
        let Some((last, parents)) = path.split_last() else { return false };
        let mut set = self;
        for element in parents {
            match set.find(element) {
                Some(entry) => set = &entry.below,
                None => return false,
            }
        }
        set.find(last).is_some_and(|entry| entry.member)
    }

    /// What is in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let mut entries = Vec::with_capacity(self.entries.len().max(other.entries.len()));
        let mut right = other.entries.into_iter().peekable();
        for mut entry in self.entries {
            while let Some(before) = right.next_if(|other| other.element < entry.element) {
                entries.push(before);
            }
            if let Some(same) = right.next_if(|other| other.element == entry.element) {
                entry.member |= same.member;
                entry.below = entry.below.union(same.below);
            }
            entries.push(entry);
        }
        entries.extend(right);
        Self { entries }
    }

    /// What is in this one only. A path in `other` takes away itself, not what is below it.
    #[must_use]
    pub fn difference(mut self, other: &Self) -> Self {
        if !other.is_empty() {
            self.entries.retain_mut(|entry| {
                if let Some(minus) = other.find(&entry.element) {
                    entry.member &= !minus.member;
                    entry.below = std::mem::take(&mut entry.below).difference(&minus.below);
                }
                entry.member || !entry.below.is_empty()
            });
        }
        self
    }

    /// What is in this one and neither in `other` nor below a path of it.
    #[must_use]
    pub fn recursive_difference(mut self, other: &Self) -> Self {
        if !other.is_empty() {
            self.entries.retain_mut(|entry| {
                let Some(minus) = other.find(&entry.element) else { return true };
                if minus.member {
                    return false;
                }
                entry.below = std::mem::take(&mut entry.below).recursive_difference(&minus.below);
                entry.member || !entry.below.is_empty()
            });
        }
        self
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (small, large) = if self.entries.len() <= other.entries.len() { (self, other) } else { (other, self) };
        let both = small.entries.iter().filter_map(|entry| {
            let same = large.find(&entry.element)?;
            let (member, below) = (entry.member && same.member, entry.below.intersection(&same.below));
            (member || !below.is_empty()).then(|| Entry { element: entry.element.clone(), member, below })
        });
        Self { entries: both.collect() }
    }

    /// The paths as clients see them: those of one level before those below it.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = vec![];
        self.collect_paths("", &mut paths);
        paths
    }

    fn collect_paths(&self, prefix: &str, paths: &mut Vec<String>) {
        for entry in self.entries.iter().filter(|entry| entry.member) {
            paths.push(format!("{prefix}{}", entry.element));
        }
        for entry in self.entries.iter().filter(|entry| !entry.below.is_empty()) {
            entry.below.collect_paths(&format!("{prefix}{}", entry.element), paths);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> FieldSet {
        FieldSet::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn paths_read_as_clients_see_them() {
        let owned = set(
            r#"{"f:metadata":{"f:finalizers":{"v:\"a/b\"":{}}},"f:spec":{"f:replicas":{},"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}},"f:x":{"i:3":{}}}}"#,
        );
        assert_eq!(
            owned.paths(),
            [
                ".metadata.finalizers[=\"a/b\"]",
                ".spec.replicas",
                ".spec.ports[port=80,protocol=\"TCP\"]",
                ".spec.ports[port=80,protocol=\"TCP\"].port",
                ".spec.x[3]",
            ]
        );
        assert_eq!(owned.len(), 5);
    }

    #[test]
    fn a_path_is_in_the_set_only_if_it_is_a_member() {
        let owned = set(r#"{"f:spec":{"f:a":{".":{},"f:b":{}}}}"#);
        let path = |names: &[&'static str]| names.iter().map(|n| Element::Field((*n).into())).collect::<Vec<_>>();
        assert!(owned.has(&path(&["spec", "a"])));
        assert!(owned.has(&path(&["spec", "a", "b"])));
        assert!(!owned.has(&path(&["spec"])));
        assert!(!owned.has(&[]));
    }

    #[test]
    fn algebra_works_on_members_not_on_branches() {
        let a = set(r#"{"f:a":{".":{},"f:x":{}},"f:b":{}}"#);
        let b = set(r#"{"f:a":{},"f:c":{}}"#);
        assert_eq!(a.clone().union(b.clone()), set(r#"{"f:a":{".":{},"f:x":{}},"f:b":{},"f:c":{}}"#));
        assert_eq!(a.clone().difference(&b), set(r#"{"f:a":{"f:x":{}},"f:b":{}}"#));
        assert_eq!(a.clone().recursive_difference(&b), set(r#"{"f:b":{}}"#));
        assert_eq!(a.intersection(&b), set(r#"{"f:a":{}}"#));
        assert!(a.clone().difference(&a).is_empty());
    }

    #[test]
    fn numbers_come_before_text_and_text_before_booleans() {
        let mut sorted = [
            Scalar::Null,
            Scalar::Bool(true),
            Scalar::Text("a".into()),
            Scalar::Float(1.5),
            Scalar::Int(2),
            Scalar::Int(1),
        ];
        sorted.sort();
        assert_eq!(
            sorted.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["1", "1.5", "2", "\"a\"", "true", "null"]
        );
    }
}
