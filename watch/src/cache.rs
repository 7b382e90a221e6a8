//! The watch cache: the current objects of one resource, its recent history, and everybody who follows it.
//!
//! In: what the store says, in order (`reset`, `apply`, `progress`). Out: consistent snapshots, and one bounded
//! queue per watcher. Invariants: a snapshot is exactly the state at its revision; a watcher sees every change
//! after its start that matches its filter, once and in order, or is ended as too slow; the cost of a change
//! depends on the watchers that may match, found by index, not on those that exist. Elsewhere: reading the store
//! and encoding (`apiserver`).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use imbl::OrdMap;
use pintle_object_model::Object;
use pintle_object_model::selector::{FieldSelector, Selector};
use tokio::sync::{mpsc, watch};

/// Limits of a [`WatchCache`].
#[derive(Clone, Debug)]
pub struct CacheConfig {
    /// Most changes kept for watchers that start in the past. Default 10,000.
    pub history_events_max: usize,
    /// Most undelivered events of one watcher before it is ended. Default 1,000.
    pub queue_events_max: usize,
    /// Fields whose equality selectors find their watchers by index, such as `spec.nodeName`.
    pub indexed_fields: Vec<String>,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { history_events_max: 10_000, queue_events_max: 1_000, indexed_fields: vec![] }
    }
}

/// A committed change to one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// Revision of the commit.
    pub revision: u64,
    /// The object after the change; `None` if it was deleted.
    pub object: Option<Object>,
    /// The object before the change, if there was one.
    pub previous: Option<Object>,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// It came to be, or came to match the watcher's filter.
    Added,
    /// It changed.
    Modified,
    /// It is gone, or no longer matches the watcher's filter.
    Deleted,
}

/// One change, shared by everybody who sees it.
#[derive(Debug)]
pub struct SharedEvent {
    revision: u64,
    current: Option<Object>,
    previous: Option<Object>,
    /// The previous object with the revision of the change: what a `Deleted` event carries. Made when first needed.
    departed: std::sync::OnceLock<Object>,
    encodings: Mutex<BTreeMap<(EventKind, u64), Bytes>>,
}

impl SharedEvent {
    fn new(change: Change) -> Self {
        Self {
            revision: change.revision,
            current: change.object,
            previous: change.previous,
            departed: std::sync::OnceLock::new(),
            encodings: Mutex::default(),
        }
    }

    /// Revision of the change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    fn object(&self, kind: EventKind) -> Option<&Object> {
        match kind {
            EventKind::Added | EventKind::Modified => self.current.as_ref(),
            EventKind::Deleted => {
                let previous = self.previous.as_ref()?;
                Some(self.departed.get_or_init(|| {
                    let mut departed = previous.clone();
                    departed.stamp(self.revision);
                    departed
                }))
            }
        }
    }
}

/// An event as one watcher sees it.
#[derive(Clone, Debug)]
pub enum CacheEvent {
    /// A change to an object.
    Change {
        /// What happened, as seen through the watcher's filter.
        kind: EventKind,
        /// The object: the new one, or for a deletion the last one that matched.
        object: Object,
        /// The shared event, to share encodings; absent for initial events.
        shared: Option<Arc<SharedEvent>>,
    },
    /// Every change up to this revision has been delivered.
    Bookmark {
        /// The revision.
        revision: u64,
        /// This bookmark ends the initial events.
        initial_events_end: bool,
    },
}

impl CacheEvent {
    /// The encoding of this event under `key` (chosen by the caller: one per media type and version), made once
    /// for all watchers that see the event the same way.
    pub fn encoded(&self, key: u64, make: impl FnOnce() -> Bytes) -> Bytes {
        let Self::Change { kind, shared: Some(shared), .. } = self else {
            return make();
        };
        let mut encodings = lock(&shared.encodings);
        encodings.entry((*kind, key)).or_insert_with(make).clone()
    }
}

/// What a watcher wants to see. The default is everything.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this namespace; empty for all.
    pub namespace: String,
    /// Only this name; empty for all.
    pub name: String,
    /// Only objects with these labels.
    pub labels: Selector,
    /// Only objects with these fields.
    pub fields: FieldSelector,
}

impl Filter {
    /// Does this object match?
    pub fn matches(&self, object: &Object) -> bool {
        let metadata = object.metadata();
        (self.namespace.is_empty() || self.namespace == metadata.namespace)
            && (self.name.is_empty() || self.name == metadata.name)
            && (self.labels.is_empty() || self.labels.matches(&metadata.labels))
            && (self.fields.terms.is_empty() || self.fields.matches(object))
    }
}

/// Where a watch starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// With the next change.
    Now,
    /// With the first change after this revision.
    Revision(u64),
    /// With the current objects as `Added`, then a bookmark that ends them if `mark_end`.
    InitialEvents {
        /// Send the bookmark that ends the initial events.
        mark_end: bool,
    },
}

/// The history that was asked for is no longer kept, or the watcher was too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too old resource version: {asked} ({oldest})")]
pub struct Expired {
    /// The revision after which changes were asked for.
    pub asked: u64,
    /// The oldest revision after which changes are kept.
    pub oldest: u64,
}

/// The objects at one revision. Taking one costs a pointer; holding one costs what changes meanwhile.
#[derive(Clone, Debug)]
pub struct Snapshot {
    objects: OrdMap<Arc<str>, Object>,
    revision: u64,
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
        self.objects.get(&*object_key(namespace, name))
    }
    /// Objects in the order of `namespace/name`: those of one namespace (all if empty), after the given key if any.
    pub fn iter<'a>(&'a self, namespace: &'a str, after: Option<&str>) -> impl Iterator<Item = (&'a str, &'a Object)> {
        let prefix = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
        let start = match after {
            Some(after) => std::ops::Bound::Excluded(Arc::from(after)),
            None => std::ops::Bound::Included(Arc::from(prefix.as_str())),
        };
        self.objects
            .range::<_, Arc<str>>((start, std::ops::Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix.as_str()))
            .map(|(key, object)| (&**key, object))
    }
}

/// The key under which a cache files an object: `namespace/name`, or the name alone.
pub fn object_key(namespace: &str, name: &str) -> Arc<str> {
    if namespace.is_empty() { Arc::from(name) } else { Arc::from(format!("{namespace}/{name}")) }
}

/// See the module documentation. Shared by reference; all methods may be called from any task.
#[derive(Debug)]
pub struct WatchCache {
    config: CacheConfig,
    state: Mutex<State>,
    /// Mirrors `State::revision` for those who wait; 0 until the first `reset`.
    revision: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    objects: OrdMap<Arc<str>, Object>,
    revision: u64,
    history: VecDeque<Arc<SharedEvent>>,
    /// Changes at or below this revision are not in `history`.
    history_start: u64,
    watchers: HashMap<u64, Watcher>,
    next_watcher: u64,
    /// How many changes there have been, a reset counting as one.
    changes: u64,
    index: HashMap<Bucket, Vec<u64>>,
}

#[derive(Debug)]
struct Watcher {
    filter: Filter,
    bucket: Bucket,
    queue: mpsc::Sender<CacheEvent>,
}

/// A watcher stands in exactly one bucket: the most selective that its filter has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Bucket {
    All,
    Namespace(String),
    Name(String, String),
    Field(usize, String),
}

impl WatchCache {
    /// An empty cache that knows nothing yet.
    pub fn new(config: CacheConfig) -> Self {
        Self { config, state: Mutex::default(), revision: watch::Sender::new(0) }
    }

    /// Takes over the complete state at `revision`: at the start, or after the store's watch was lost.
    /// Watchers are told the differences, so that none is missed and none invented.
    pub fn reset(&self, revision: u64, objects: Vec<Object>) {
        let mut state = lock(&self.state);
        let mut fresh = OrdMap::new();
        for object in objects {
            let metadata = object.metadata();
            let key = object_key(&metadata.namespace, &metadata.name);
            fresh.insert(key, object);
        }
        if state.revision > 0 {
            let changes = differences(&state.objects, &fresh, revision);
            for change in changes {
                self.dispatch(&mut state, Arc::new(SharedEvent::new(change)));
            }
        }
        state.objects = fresh;
        state.changes += 1;
        state.revision = revision;
        // The store's changes between the two states are unknown, so nobody may start in between.
        state.history.clear();
        state.history_start = revision;
        self.revision.send_replace(revision);
    }

    /// Takes over committed changes, in order. Changes that are known already are passed over.
    pub fn apply(&self, changes: impl IntoIterator<Item = Change>) {
        let mut state = lock(&self.state);
        let known = state.revision;
        let mut newest = known;
        for change in changes {
            if change.revision <= known {
                continue;
            }
            newest = newest.max(change.revision);
            if let Some(any) = change.object.as_ref().or(change.previous.as_ref()) {
                let metadata = any.metadata();
                let key = object_key(&metadata.namespace, &metadata.name);
                match &change.object {
                    Some(object) => state.objects.insert(key, object.clone()),
                    None => state.objects.remove(&key),
                };
                state.changes += 1;
                let event = Arc::new(SharedEvent::new(change));
                state.history.push_back(Arc::clone(&event));
                while state.history.len() > self.config.history_events_max {
                    let dropped = state.history.pop_front().expect("the history is not empty");
                    state.history_start = dropped.revision;
                }
                self.dispatch(&mut state, event);
            }
        }
        if newest > known {
            state.revision = newest;
            self.revision.send_replace(newest);
        }
    }

    /// Everything up to `revision` has been applied.
    pub fn progress(&self, revision: u64) {
        let mut state = lock(&self.state);
        if revision > state.revision {
            state.revision = revision;
            self.revision.send_replace(revision);
        }
    }

    /// Sends every watcher a bookmark with the current revision; those whose queue is full are passed over.
    pub fn bookmark(&self) {
        let state = lock(&self.state);
        let revision = state.revision;
        for watcher in state.watchers.values() {
            // A full queue needs no bookmark: events that are newer are on their way.
            let _ = watcher.queue.try_send(CacheEvent::Bookmark { revision, initial_events_end: false });
        }
    }

    /// The newest revision that is known; 0 before the first `reset`.
    pub fn revision(&self) -> u64 {
        *self.revision.borrow()
    }

    /// Waits until the cache has reached `revision`. Returns at once if it has.
    pub async fn wait_for(&self, revision: u64) {
        let mut receiver = self.revision.subscribe();
        // The sender lives as long as the cache that is borrowed here, so waiting cannot fail.
        let _ = receiver.wait_for(|known| *known > 0 && *known >= revision).await;
    }

    /// The current objects.
    pub fn snapshot(&self) -> Snapshot {
        let state = lock(&self.state);
        Snapshot { objects: state.objects.clone(), revision: state.revision }
    }

    /// One current object.
    pub fn get(&self, namespace: &str, name: &str) -> Option<Object> {
        lock(&self.state).objects.get(&*object_key(namespace, name)).cloned()
    }

    /// The objects as they were at an earlier revision, rebuilt from the history.
    ///
    /// # Errors
    /// [`Expired`] if the history does not reach that far back.
    pub fn snapshot_at(&self, revision: u64) -> Result<Snapshot, Expired> {
        let state = lock(&self.state);
        if revision < state.history_start {
            return Err(Expired { asked: revision, oldest: state.history_start });
        }
        let mut objects = state.objects.clone();
        let history: Vec<_> =
            state.history.iter().rev().take_while(|event| event.revision > revision).cloned().collect();
        drop(state);
        for event in history {
            let any = event.current.as_ref().or(event.previous.as_ref()).expect("an event has an object");
            let key = object_key(&any.metadata().namespace, &any.metadata().name);
            match &event.previous {
                Some(previous) => objects.insert(key, previous.clone()),
                None => objects.remove(&key),
            };
        }
        Ok(Snapshot { objects, revision })
    }

    /// Starts a watch.
    ///
    /// # Errors
    /// [`Expired`] if changes after the start are no longer kept.
    pub fn subscribe(self: &Arc<Self>, filter: Filter, from: From) -> Result<Subscription, Expired> {
        let mut state = lock(&self.state);
        let mut backlog = VecDeque::new();
        match from {
            From::Now => {}
            From::Revision(asked) => {
                if asked < state.history_start {
                    return Err(Expired { asked, oldest: state.history_start });
                }
                let start = state.history.partition_point(|event| event.revision <= asked);
                backlog.extend(state.history.iter().skip(start).filter_map(|event| seen_through(&filter, event)));
            }
            From::InitialEvents { mark_end } => {
                let snapshot = Snapshot { objects: state.objects.clone(), revision: state.revision };
                backlog.extend(
                    snapshot.iter(&filter.namespace, None).filter(|(_, object)| filter.matches(object)).map(
                        |(_, object)| CacheEvent::Change {
                            kind: EventKind::Added,
                            object: object.clone(),
                            shared: None,
                        },
                    ),
                );
                if mark_end {
                    backlog.push_back(CacheEvent::Bookmark { revision: state.revision, initial_events_end: true });
                }
            }
        }
        let (sender, queue) = mpsc::channel(self.config.queue_events_max.max(1));
        let id = state.next_watcher;
        state.next_watcher += 1;
        let bucket = self.bucket(&filter);
        state.index.entry(bucket.clone()).or_default().push(id);
        state.watchers.insert(id, Watcher { filter, bucket, queue: sender });
        Ok(Subscription { cache: Arc::clone(self), id, backlog, queue })
    }

    /// A number that differs whenever the objects may differ: for whoever derives something from them.
    pub fn changes(&self) -> u64 {
        lock(&self.state).changes
    }

    /// How many watchers there are.
    pub fn watchers(&self) -> usize {
        lock(&self.state).watchers.len()
    }

    /// Ends all watches, as a server does that shuts down.
    pub fn close(&self) {
        let mut state = lock(&self.state);
        state.watchers.clear();
        state.index.clear();
    }

    fn bucket(&self, filter: &Filter) -> Bucket {
        if !filter.name.is_empty() {
            return Bucket::Name(filter.namespace.clone(), filter.name.clone());
        }
        for term in filter.fields.terms.iter().filter(|term| term.equal) {
            if let Some(index) = self.config.indexed_fields.iter().position(|field| *field == term.path) {
                return Bucket::Field(index, term.value.clone());
            }
        }
        if filter.namespace.is_empty() { Bucket::All } else { Bucket::Namespace(filter.namespace.clone()) }
    }

    /// The buckets in which watchers of this object may stand.
    fn buckets_of(&self, object: &Object, into: &mut Vec<Bucket>) {
        let metadata = object.metadata();
        let mut add = |bucket| {
            if !into.contains(&bucket) {
                into.push(bucket);
            }
        };
        add(Bucket::All);
        add(Bucket::Namespace(metadata.namespace.clone()));
        add(Bucket::Name(metadata.namespace.clone(), metadata.name.clone()));
        // A watch on one name may leave the namespace open.
        add(Bucket::Name(String::new(), metadata.name.clone()));
        for (index, field) in self.config.indexed_fields.iter().enumerate() {
            add(Bucket::Field(index, object.field_text(field)));
        }
    }

    fn dispatch(&self, state: &mut State, event: Arc<SharedEvent>) {
        let mut buckets = vec![];
        for object in [&event.current, &event.previous].into_iter().flatten() {
            self.buckets_of(object, &mut buckets);
        }
        let mut ended = vec![];
        for bucket in &buckets {
            for id in state.index.get(bucket).into_iter().flatten() {
                let watcher = &state.watchers[id];
                if let Some(seen) = seen_through(&watcher.filter, &event)
                    && watcher.queue.try_send(seen).is_err()
                {
                    ended.push(*id);
                }
            }
        }
        for id in ended {
            state.remove(id);
        }
    }
}

impl State {
    fn remove(&mut self, id: u64) {
        let Some(watcher) = self.watchers.remove(&id) else {
            return;
        };
        if let Some(bucket) = self.index.get_mut(&watcher.bucket) {
            bucket.retain(|other| *other != id);
            if bucket.is_empty() {
                self.index.remove(&watcher.bucket);
            }
        }
    }
}

/// The event as it looks through a filter: coming to match is `Added`, ceasing to match is `Deleted`.
fn seen_through(filter: &Filter, event: &Arc<SharedEvent>) -> Option<CacheEvent> {
    let before = event.previous.as_ref().is_some_and(|object| filter.matches(object));
    let after = event.current.as_ref().is_some_and(|object| filter.matches(object));
    let kind = match (before, after) {
        (false, true) => EventKind::Added,
        (true, true) => EventKind::Modified,
        (true, false) => EventKind::Deleted,
        (false, false) => return None,
    };
    let object = event.object(kind)?.clone();
    Some(CacheEvent::Change { kind, object, shared: Some(Arc::clone(event)) })
}

/// The changes that lead from one state to another, all at `revision` except where objects know better.
fn differences(old: &OrdMap<Arc<str>, Object>, new: &OrdMap<Arc<str>, Object>, revision: u64) -> Vec<Change> {
    let mut changes = vec![];
    for (key, object) in new {
        let previous = old.get(key);
        if previous.is_none_or(|previous| previous.metadata().resource_version != object.metadata().resource_version) {
            let at = object.metadata().resource_version.parse().unwrap_or(revision);
            changes.push(Change { revision: at, object: Some(object.clone()), previous: previous.cloned() });
        }
    }
    for (key, object) in old {
        if !new.contains_key(key) {
            changes.push(Change { revision, object: None, previous: Some(object.clone()) });
        }
    }
    changes.sort_by_key(|change| change.revision);
    changes
}

/// A running watch. Dropping it ends the watch. The stream ends when the watcher was too slow or the cache closed.
#[derive(Debug)]
pub struct Subscription {
    cache: Arc<WatchCache>,
    id: u64,
    backlog: VecDeque<CacheEvent>,
    queue: mpsc::Receiver<CacheEvent>,
}

impl Stream for Subscription {
    type Item = CacheEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<CacheEvent>> {
        match self.backlog.pop_front() {
            Some(event) => Poll::Ready(Some(event)),
            None => self.queue.poll_recv(context),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        lock(&self.cache.state).remove(self.id);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
