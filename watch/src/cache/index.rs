//! Who watches what: finds the watchers that a change may concern without looking at the others.
//!
//! Invariant: a watcher stands in exactly one bucket, the most selective one that its filter has; a change looks into the
//! buckets of its object's name, namespace, registered fields and labels, as they were and as they are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use pintle_object_model::Object;
use pintle_object_model::selector::Operator;

use super::event::{Filter, SharedEvent};
use super::queue::Queue;

/// One watcher: what it wants to see, and where that goes.
#[derive(Debug)]
pub(super) struct Watcher {
    pub(super) id: u64,
    pub(super) filter: Filter,
    pub(super) queue: Queue,
    bucket: Place,
}

/// Ordered by age, so that deliveries have an order that does not depend on chance.
type Bucket = BTreeMap<u64, Arc<Watcher>>;
type Buckets = HashMap<String, Bucket>;

#[derive(Debug)]
enum Place {
    All,
    Namespace,
    Name(String),
    Field(usize, String),
    Label(String, String),
}

/// All watchers of a cache.
#[derive(Debug)]
pub(super) struct Index {
    all: Bucket,
    namespaces: Buckets,
    /// By name, then by namespace (empty: any).
    names: HashMap<String, Buckets>,
    /// By the position of the field among the registered ones, then by value.
    fields: Vec<(String, Buckets)>,
    /// By label, then by value.
    labels: HashMap<String, Buckets>,
    next: u64,
    count: usize,
}

impl Index {
    pub(super) fn new(fields: &[String]) -> Self {
        Self {
            all: Bucket::new(),
            namespaces: Buckets::new(),
            names: HashMap::new(),
            fields: fields.iter().map(|field| (field.clone(), Buckets::new())).collect(),
            labels: HashMap::new(),
            next: 0,
            count: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn add(&mut self, filter: Filter) -> Arc<Watcher> {
        let bucket = self.place(&filter);
        let watcher = Arc::new(Watcher { id: self.next, filter, queue: Queue::default(), bucket });
        self.next += 1;
        self.count += 1;
        let entry = Arc::clone(&watcher);
        let namespace = &watcher.filter.namespace;
        let bucket = match &watcher.bucket {
            Place::All => &mut self.all,
            Place::Namespace => self.namespaces.entry(namespace.clone()).or_default(),
            Place::Name(name) => self.names.entry(name.clone()).or_default().entry(namespace.clone()).or_default(),
            Place::Field(field, value) => self.fields[*field].1.entry(value.clone()).or_default(),
            Place::Label(key, value) => self.labels.entry(key.clone()).or_default().entry(value.clone()).or_default(),
        };
        bucket.insert(watcher.id, entry);
        watcher
    }

    pub(super) fn remove(&mut self, watcher: &Watcher) {
        let (id, namespace) = (watcher.id, &watcher.filter.namespace);
        let removed = match &watcher.bucket {
            Place::All => self.all.remove(&id).is_some(),
            Place::Namespace => remove_from(&mut self.namespaces, namespace, id),
            Place::Name(name) => remove_nested(&mut self.names, name, namespace, id),
            Place::Field(field, value) => remove_from(&mut self.fields[*field].1, value, id),
            Place::Label(key, value) => remove_nested(&mut self.labels, key, value, id),
        };
        self.count -= usize::from(removed);
    }

    /// Takes everybody out.
    pub(super) fn drain(&mut self) -> Vec<Arc<Watcher>> {
        let names: Vec<String> = self.fields.iter().map(|(name, _)| name.clone()).collect();
        let emptied = std::mem::replace(self, Self { next: self.next, ..Self::new(&names) });
        let nested = emptied.names.into_values().chain(emptied.labels.into_values());
        let buckets = nested
            .chain(emptied.fields.into_iter().map(|(_, buckets)| buckets))
            .chain([emptied.namespaces])
            .flat_map(HashMap::into_values)
            .chain([emptied.all]);
        let mut watchers: Vec<_> = buckets.flat_map(BTreeMap::into_values).collect();
        watchers.sort_by_key(|watcher| watcher.id);
        watchers
    }

    fn place(&self, filter: &Filter) -> Place {
        if !filter.name.is_empty() {
            return Place::Name(filter.name.clone());
        }
        for term in filter.fields.terms.iter().filter(|term| term.equal) {
            if let Some(field) = self.fields.iter().position(|(field, _)| *field == term.path) {
                return Place::Field(field, term.value.clone());
            }
        }
        for requirement in filter.labels.requirements() {
            if let (Operator::In, [value]) = (requirement.operator, requirement.values.as_slice()) {
                return Place::Label(requirement.key.clone(), value.clone());
            }
        }
        if filter.namespace.is_empty() { Place::All } else { Place::Namespace }
    }

    /// Calls `visit` once for every watcher that the event may concern.
    pub(super) fn visit(&self, event: &SharedEvent, mut visit: impl FnMut(&Arc<Watcher>)) {
        let Some(object) = event.object() else { return };
        let metadata = object.metadata();
        let mut each = |bucket: Option<&Bucket>| bucket.into_iter().flat_map(BTreeMap::values).for_each(&mut visit);
        each(Some(&self.all));
        if !metadata.namespace.is_empty() {
            each(self.namespaces.get(&metadata.namespace));
        }
        if let Some(named) = self.names.get(&metadata.name) {
            each(named.get(&metadata.namespace));
            if !metadata.namespace.is_empty() {
                // A watch on one name may leave the namespace open.
                each(named.get(""));
            }
        }
        for (field, buckets) in self.fields.iter().filter(|(_, buckets)| !buckets.is_empty()) {
            let text = |object: &Option<Object>| object.as_ref().map(|object| object.field_text(field));
            let (is, was) = (text(&event.current), text(&event.previous));
            if let Some(is) = &is {
                each(buckets.get(is));
            }
            if let Some(was) = was.filter(|was| Some(was) != is.as_ref()) {
                each(buckets.get(&was));
            }
        }
        if self.labels.is_empty() {
            return;
        }
        let none = BTreeMap::new();
        let is = event.current.as_ref().map_or(&none, |object| &object.metadata().labels);
        let was = event.previous.as_ref().map_or(&none, |object| &object.metadata().labels);
        let before = was.iter().filter(|(key, value)| is.get(*key) != Some(value));
        for (key, value) in is.iter().chain(before) {
            each(self.labels.get(key).and_then(|values| values.get(value)));
        }
    }
}

fn remove_from(buckets: &mut Buckets, key: &str, id: u64) -> bool {
    let Some(bucket) = buckets.get_mut(key) else { return false };
    let removed = bucket.remove(&id).is_some();
    if bucket.is_empty() {
        buckets.remove(key);
    }
    removed
}

fn remove_nested(outer: &mut HashMap<String, Buckets>, first: &str, second: &str, id: u64) -> bool {
    let Some(buckets) = outer.get_mut(first) else { return false };
    let removed = remove_from(buckets, second, id);
    if buckets.is_empty() {
        outer.remove(first);
    }
    removed
}
