//! The local copy: objects by namespace and name, indexes, handlers.
//!
//! In: changes from the reflector, one at a time. Out: reads from anywhere. Invariant: handlers see changes in the order
//! of the copy, and one that comes late sees everything that is there first.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use pintle_object_model::api::meta::v1::ObjectMeta;
use tokio::sync::watch;

use super::{Delta, Handler};

/// The values under which an index puts an object.
pub type Indexer<T> = fn(&T) -> Vec<String>;

type Key = (Arc<str>, Arc<str>);

struct Index<T> {
    indexer: Indexer<T>,
    keys: HashMap<String, BTreeSet<Key>>,
}

pub(super) struct Cache<T> {
    metadata: fn(&T) -> &ObjectMeta,
    content: RwLock<Content<T>>,
    /// Held while handlers run, so that all see one order; never together with `content` during a call.
    handlers: Mutex<Vec<Handler<T>>>,
    synced: watch::Sender<bool>,
    changes: watch::Sender<u64>,
}

struct Content<T> {
    objects: BTreeMap<Key, Arc<T>>,
    indexes: HashMap<&'static str, Index<T>>,
}

impl<T: Send + Sync + 'static> Cache<T> {
    pub(super) fn new(metadata: fn(&T) -> &ObjectMeta) -> Self {
        Self {
            metadata,
            content: RwLock::new(Content { objects: BTreeMap::new(), indexes: HashMap::new() }),
            handlers: Mutex::default(),
            synced: watch::Sender::new(false),
            changes: watch::Sender::new(0),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Content<T>> {
        self.content.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Content<T>> {
        self.content.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<Arc<T>> {
        self.read().objects.get(&(Arc::from(namespace), Arc::from(name))).cloned()
    }

    pub(super) fn list(&self, namespace: Option<&str>) -> Vec<Arc<T>> {
        let content = self.read();
        match namespace {
            None => content.objects.values().cloned().collect(),
            Some(namespace) => {
                let start: Key = (Arc::from(namespace), Arc::from(""));
                let found = content.objects.range(start..).take_while(|((of, _), _)| **of == *namespace);
                found.map(|(_, object)| Arc::clone(object)).collect()
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.read().objects.len()
    }

    pub(super) fn add_index(&self, name: &'static str, indexer: Indexer<T>) {
        let mut content = self.write();
        let Content { objects, indexes } = &mut *content;
        indexes.entry(name).or_insert_with(|| {
            let mut index = Index { indexer, keys: HashMap::new() };
            for (key, object) in &*objects {
                index.insert(key, object);
            }
            index
        });
    }

    pub(super) fn indexed(&self, index: &'static str, value: &str) -> Vec<Arc<T>> {
        let content = self.read();
        let index = content.indexes.get(index).unwrap_or_else(|| panic!("there is no index {index:?}"));
        let keys = index.keys.get(value).into_iter().flatten();
        keys.filter_map(|key| content.objects.get(key).cloned()).collect()
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

    fn key(&self, object: &T) -> Key {
        let metadata = (self.metadata)(object);
        (Arc::from(metadata.namespace.as_str()), Arc::from(metadata.name.as_str()))
    }

    /// Takes in an object that is there now.
    pub(super) fn put(&self, object: Arc<T>) {
        self.change(|cache, content| {
            let key = cache.key(&object);
            let delta = content.put(key, Arc::clone(&object));
            delta.into_iter().collect()
        });
    }

    /// Takes in that an object is gone; `last` is its last state.
    pub(super) fn remove(&self, last: Arc<T>) {
        self.change(|cache, content| {
            let known = content.remove(&cache.key(&last)).is_some();
            if known { vec![Delta::Deleted { last, missed: false }] } else { vec![] }
        });
    }

    /// Makes the copy equal to a list, and tells the difference.
    pub(super) fn replace(&self, objects: Vec<Arc<T>>) {
        self.change(|cache, content| {
            let mut deltas = vec![];
            let listed: BTreeMap<Key, Arc<T>> =
                objects.into_iter().map(|object| (cache.key(&object), object)).collect();
            let gone: Vec<Key> = content.objects.keys().filter(|key| !listed.contains_key(*key)).cloned().collect();
            for key in gone {
                deltas.extend(content.remove(&key).map(|last| Delta::Deleted { last, missed: true }));
            }
            for (key, object) in listed {
                let version = |object: &T| (cache.metadata)(object).resource_version.clone();
                if content.objects.get(&key).is_some_and(|old| version(old) == version(&object)) {
                    continue;
                }
                deltas.extend(content.put(key, object));
            }
            deltas
        });
        self.synced.send_replace(true);
        self.changes.send_modify(|count| *count += 1);
    }

    fn change(&self, change: impl FnOnce(&Self, &mut Content<T>) -> Vec<Delta<T>>) {
        let handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        let deltas = change(self, &mut self.write());
        if deltas.is_empty() {
            return;
        }
        for delta in &deltas {
            for handler in &*handlers {
                handler(delta);
            }
        }
        drop(handlers);
        self.changes.send_modify(|count| *count += 1);
    }
}

impl<T> Content<T> {
    fn put(&mut self, key: Key, new: Arc<T>) -> Option<Delta<T>> {
        let old = self.objects.insert(key.clone(), Arc::clone(&new));
        for index in self.indexes.values_mut() {
            if let Some(old) = &old {
                index.remove(&key, old);
            }
            index.insert(&key, &new);
        }
        Some(match old {
            Some(old) => Delta::Updated { old, new },
            None => Delta::Added(new),
        })
    }

    fn remove(&mut self, key: &Key) -> Option<Arc<T>> {
        let old = self.objects.remove(key)?;
        for index in self.indexes.values_mut() {
            index.remove(key, &old);
        }
        Some(old)
    }
}

impl<T> Index<T> {
    fn insert(&mut self, key: &Key, object: &T) {
        for value in (self.indexer)(object) {
            self.keys.entry(value).or_default().insert(key.clone());
        }
    }

    fn remove(&mut self, key: &Key, object: &T) {
        for value in (self.indexer)(object) {
            if let Some(keys) = self.keys.get_mut(&value) {
                keys.remove(key);
                if keys.is_empty() {
                    self.keys.remove(&value);
                }
            }
        }
    }
}
