//! The objects at one revision.

use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;
use pintle_object_model::Object;

/// The objects at one revision. Taking one costs a pointer; holding one costs what changes meanwhile.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) objects: OrdMap<Arc<str>, Object>,
    pub(super) revision: u64,
}

impl Snapshot {
    /// The revision at which this is the state.
    pub fn revision(&self) -> u64 {
        self.revision
    }
    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }
    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
    /// One object.
    pub fn get(&self, namespace: &str, name: &str) -> Option<&Object> {
        find(&self.objects, namespace, name)
    }
    /// Objects in the order of `namespace/name`: those of one namespace (all if empty), after the given key if any.
    pub fn iter<'a>(&'a self, namespace: &'a str, after: Option<&str>) -> impl Iterator<Item = (&'a str, &'a Object)> {
        let prefix = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
        let start = match after {
            Some(after) => Bound::Excluded(Arc::from(after)),
            None => Bound::Included(Arc::from(prefix.as_str())),
        };
        self.objects
            .range::<_, Arc<str>>((start, Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix.as_str()))
            .map(|(key, object)| (&**key, object))
    }
}

/// The key under which a cache files an object: `namespace/name`, or the name alone.
pub fn object_key(namespace: &str, name: &str) -> Arc<str> {
    if namespace.is_empty() { Arc::from(name) } else { Arc::from(format!("{namespace}/{name}")) }
}

/// Finds an object without making a key on the heap: names are at most 253 bytes long, namespaces 63.
pub(super) fn find<'a>(objects: &'a OrdMap<Arc<str>, Object>, namespace: &str, name: &str) -> Option<&'a Object> {
    let mut buffer = [0; 320];
    let length = namespace.len() + 1 + name.len();
    if namespace.is_empty() {
        return objects.get(name);
    }
    if length > buffer.len() {
        return objects.get(&*object_key(namespace, name));
    }
    buffer[..namespace.len()].copy_from_slice(namespace.as_bytes());
    buffer[namespace.len()] = b'/';
    buffer[namespace.len() + 1..length].copy_from_slice(name.as_bytes());
    objects.get(std::str::from_utf8(&buffer[..length]).ok()?)
}
