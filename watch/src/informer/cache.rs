//! The local copy: objects by namespace and name, indexes, handlers.
//!
//! In: changes from the reflector, one at a time. Out: reads from anywhere, without an allocation where one object is asked
//! for. Invariants: handlers see changes in the order of the copy, and one that comes late sees everything that is there
//! first; a list is a state that the copy has had; no lock of the copy is held while a handler runs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use dashmap::DashMap;
use pintle_object_model::api::meta::v1::ObjectMeta;
use tokio::sync::watch;

use super::{Delta, Handler};

/// The values under which an index puts an object. It looks at nothing but the object.
pub type Indexer<T> = fn(&T) -> Vec<String>;

/// Namespace and name; the allocations are shared by the copy and its indexes.
type Key = (Arc<str>, Arc<str>);

pub(super) struct Cache<T> {
    metadata: fn(&T) -> &ObjectMeta,
    /// By namespace, then by name.
    objects: DashMap<Arc<str>, BTreeMap<Arc<str>, Arc<T>>>,
    count: AtomicUsize,
    indexes: RwLock<HashMap<&'static str, Arc<Index<T>>>>,
    /// Held for writing while the copy changes, for reading by those who look at more than one entry.
    whole: RwLock<()>,
    /// Held while handlers run, so that all see one order; `whole` is not.
    handlers: Mutex<Vec<Handler<T>>>,
    synced: watch::Sender<bool>,
    changes: watch::Sender<u64>,
}

struct Index<T> {
    indexer: Indexer<T>,
    values: DashMap<String, BTreeMap<Key, Arc<T>>>,
}

impl<T: Send + Sync + 'static> Cache<T> {
    pub(super) fn new(metadata: fn(&T) -> &ObjectMeta) -> Self {
        Self {
            metadata,
            objects: DashMap::new(),
            count: AtomicUsize::new(0),
            indexes: RwLock::default(),
            whole: RwLock::default(),
            handlers: Mutex::default(),
            synced: watch::Sender::new(false),
            changes: watch::Sender::new(0),
        }
    }

    fn whole(&self) -> RwLockReadGuard<'_, ()> {
        self.whole.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn changing(&self) -> RwLockWriteGuard<'_, ()> {
        self.whole.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<Arc<T>> {
        self.objects.get(namespace)?.get(name).cloned()
    }

    pub(super) fn list(&self, namespace: Option<&str>) -> Vec<Arc<T>> {
        if let Some(namespace) = namespace {
            return self.objects.get(namespace).map(|names| names.values().cloned().collect()).unwrap_or_default();
        }
        let _whole = self.whole();
        let mut namespaces: Vec<Arc<str>> = self.objects.iter().map(|entry| Arc::clone(entry.key())).collect();
        namespaces.sort_unstable();
        let mut all = Vec::with_capacity(self.len());
        for namespace in namespaces {
            all.extend(self.objects.get(&namespace).iter().flat_map(|names| names.values().cloned()));
        }
        all
    }

    pub(super) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn add_index(&self, name: &'static str, indexer: Indexer<T>) {
        let _changing = self.changing();
        let mut indexes = self.indexes.write().unwrap_or_else(PoisonError::into_inner);
        indexes.entry(name).or_insert_with(|| {
            let index = Index { indexer, values: DashMap::new() };
            for entry in &self.objects {
                for (name, object) in entry.value() {
                    index.insert(&(Arc::clone(entry.key()), Arc::clone(name)), object);
                }
            }
            Arc::new(index)
        });
    }

    pub(super) fn indexed(&self, index: &'static str, value: &str) -> Vec<Arc<T>> {
        let indexes = self.indexes.read().unwrap_or_else(PoisonError::into_inner);
        let index = indexes.get(index).unwrap_or_else(|| panic!("there is no index {index:?}"));
        index.values.get(value).map(|found| found.values().cloned().collect()).unwrap_or_default()
    }

    pub(super) fn add_handler(&self, handler: Handler<T>) {
        // Changes wait for this lock, so that the newcomer sees each object exactly once.
        let mut handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        for object in self.list(None) {
            handler(&Delta::Added(object));
        }
        handlers.push(handler);
    }

    pub(super) fn synced(&self) -> watch::Receiver<bool> {
        self.synced.subscribe()
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Takes in an object that is there now.
    pub(super) fn put(&self, object: Arc<T>) {
        self.change(|cache| vec![cache.insert(object)]);
    }

    /// Takes in that an object is gone; `last` is its last state.
    pub(super) fn remove(&self, last: Arc<T>) {
        self.change(|cache| {
            let metadata = (cache.metadata)(&last);
            match cache.take(&metadata.namespace, &metadata.name) {
                Some(_) => vec![Delta::Deleted { last, missed: false }],
                None => vec![],
            }
        });
    }

    /// Makes the copy equal to a list, and tells the difference.
    pub(super) fn replace(&self, objects: Vec<Arc<T>>) {
        self.change(|cache| {
            let place = |object: &T| {
                let metadata = (cache.metadata)(object);
                (metadata.namespace.clone(), metadata.name.clone())
            };
            let mut gone: BTreeSet<_> = cache.known().iter().map(|known| place(known)).collect();
            if !gone.is_empty() {
                for listed in &objects {
                    gone.remove(&place(listed));
                }
            }
            let taken = gone.iter().filter_map(|(namespace, name)| cache.take(namespace, name));
            let mut deltas: Vec<_> = taken.map(|last| Delta::Deleted { last, missed: true }).collect();
            for object in objects {
                let metadata = (cache.metadata)(&object);
                let old = cache.get(&metadata.namespace, &metadata.name);
                let version = |object: &T| (cache.metadata)(object).resource_version.clone();
                if old.is_none_or(|old| version(&old) != version(&object)) {
                    deltas.push(cache.insert(object));
                }
            }
            deltas
        });
        self.synced.send_replace(true);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Tells the handlers of everything that is there as if it had changed.
    pub(super) fn resync(&self) {
        let handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        if handlers.is_empty() {
            return;
        }
        let again = |object: Arc<T>| Delta::Updated { old: Arc::clone(&object), new: object };
        tell(&handlers, &self.list(None).into_iter().map(again).collect::<Vec<_>>());
    }

    fn change(&self, change: impl FnOnce(&Self) -> Vec<Delta<T>>) {
        let handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        let changing = self.changing();
        let deltas = change(self);
        drop(changing);
        if deltas.is_empty() {
            return;
        }
        tell(&handlers, &deltas);
        drop(handlers);
        self.changes.send_modify(|count| *count += 1);
    }

    /// What is there, in no order.
    fn known(&self) -> Vec<Arc<T>> {
        self.objects.iter().flat_map(|entry| entry.value().values().cloned().collect::<Vec<_>>()).collect()
    }

    fn indexes(&self) -> Vec<Arc<Index<T>>> {
        self.indexes.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn insert(&self, new: Arc<T>) -> Delta<T> {
        let metadata = (self.metadata)(&new);
        let mut names = match self.objects.get_mut(metadata.namespace.as_str()) {
            Some(names) => names,
            None => self.objects.entry(Arc::from(metadata.namespace.as_str())).or_default(),
        };
        // The key that is there already is kept, so that the indexes share its allocation.
        let name = match names.get_key_value(metadata.name.as_str()) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(metadata.name.as_str()),
        };
        let old = names.insert(Arc::clone(&name), Arc::clone(&new));
        let key = (Arc::clone(names.key()), name);
        drop(names);
        for index in self.indexes() {
            if let Some(old) = &old {
                index.remove(&key, old);
            }
            index.insert(&key, &new);
        }
        match old {
            Some(old) => Delta::Updated { old, new },
            None => {
                self.count.fetch_add(1, Ordering::Relaxed);
                Delta::Added(new)
            }
        }
    }

    fn take(&self, namespace: &str, name: &str) -> Option<Arc<T>> {
        let mut names = self.objects.get_mut(namespace)?;
        let (name, old) = names.remove_entry(name)?;
        let (key, empty) = ((Arc::clone(names.key()), name), names.is_empty());
        drop(names);
        if empty {
            self.objects.remove(namespace);
        }
        self.count.fetch_sub(1, Ordering::Relaxed);
        for index in self.indexes() {
            index.remove(&key, &old);
        }
        Some(old)
    }
}

fn tell<T>(handlers: &[Handler<T>], deltas: &[Delta<T>]) {
    for delta in deltas {
        for handler in handlers {
            handler(delta);
        }
    }
}

impl<T> Index<T> {
    fn insert(&self, key: &Key, object: &Arc<T>) {
        for value in (self.indexer)(object) {
            self.values.entry(value).or_default().insert(key.clone(), Arc::clone(object));
        }
    }

    fn remove(&self, key: &Key, object: &T) {
        for value in (self.indexer)(object) {
            let Some(mut found) = self.values.get_mut(&value) else { continue };
            found.remove(key);
            let empty = found.is_empty();
            drop(found);
            if empty {
                self.values.remove(&value);
            }
        }
    }
}
