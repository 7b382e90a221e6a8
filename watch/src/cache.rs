//! The watch cache: the current objects of one resource, its recent history, and everybody who follows it.
//!
//! In: what the store says, in order (`reset`, `apply`, `progress`). Out: consistent snapshots, and one bounded
//! queue per watcher. Invariants: a snapshot is exactly the state at its revision; a watcher sees every change
//! after its start that matches its filter, once and in order, or is ended as too slow; the cost of a change
//! depends on the watchers that may match, found by index, not on those that exist; readers do not wait for the
//! fan-out. Elsewhere: reading the store and encoding (`apiserver`).

mod event;
mod index;
mod queue;
mod snapshot;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use imbl::OrdMap;
use pintle_object_model::Object;
use tokio::sync::watch;

pub use event::{CacheEvent, Change, EventKind, Filter};
pub use queue::Subscription;
pub use snapshot::{Snapshot, object_key};

use event::{SharedEvent, differences};
use index::{Index, Watcher};

/// Limits of a [`WatchCache`].
#[derive(Clone, Debug)]
pub struct CacheConfig {
    /// Most changes kept for watchers that start in the past. Default 10,000.
    pub history_events_max: usize,
    /// Most events that wait for one watcher before it is ended. Default 1,000. What its task has taken over is not
    /// counted, so a watcher holds at most twice as many.
    pub queue_events_max: usize,
    /// Fields whose equality selectors find their watchers by index, such as `spec.nodeName`.
    pub indexed_fields: Vec<String>,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { history_events_max: 10_000, queue_events_max: 1_000, indexed_fields: vec![] }
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

/// See the module documentation. Shared by reference; all methods may be called from any task.
#[derive(Debug)]
pub struct WatchCache {
    config: CacheConfig,
    /// Held while a change is handed out, so that watchers see one order and newcomers neither miss nor repeat one. Always
    /// taken before `state`.
    watchers: Mutex<Index>,
    /// Held for moments only.
    state: Mutex<State>,
    /// The newest revision whose changes are with the watchers; 0 until the first `reset`.
    revision: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    objects: OrdMap<Arc<str>, Object>,
    revision: u64,
    history: VecDeque<Arc<SharedEvent>>,
    /// Changes at or below this revision are not in `history`.
    history_start: u64,
    /// How many changes there have been, a reset counting as one.
    changes: u64,
}

impl State {
    fn snapshot(&self) -> Snapshot {
        Snapshot { objects: self.objects.clone(), revision: self.revision }
    }

    /// Takes over one change and answers what is to be handed out.
    fn apply(&mut self, change: Change, history_events_max: usize) -> Option<Arc<SharedEvent>> {
        let event = Arc::new(SharedEvent::new(change));
        let metadata = event.object()?.metadata();
        let key = object_key(&metadata.namespace, &metadata.name);
        match &event.current {
            Some(object) => self.objects.insert(key, object.clone()),
            None => self.objects.remove(&key),
        };
        self.changes += 1;
        self.history.push_back(Arc::clone(&event));
        while self.history.len() > history_events_max {
            if let Some(dropped) = self.history.pop_front() {
                self.history_start = dropped.revision;
            }
        }
        Some(event)
    }
}

impl WatchCache {
    /// An empty cache that knows nothing yet.
    pub fn new(config: CacheConfig) -> Self {
        let watchers = Mutex::new(Index::new(&config.indexed_fields));
        Self { config, watchers, state: Mutex::default(), revision: watch::Sender::new(0) }
    }

    /// Takes over the complete state at `revision`: at the start, or after the store's watch was lost.
    /// Watchers are told the differences, so that none is missed and none invented.
    pub fn reset(&self, revision: u64, objects: Vec<Object>) {
        let mut fresh = OrdMap::new();
        for object in objects {
            let metadata = object.metadata();
            let key = object_key(&metadata.namespace, &metadata.name);
            fresh.insert(key, object);
        }
        let mut watchers = lock(&self.watchers);
        let mut state = lock(&self.state);
        let known = state.revision;
        let changes = if known > 0 { differences((&state.objects, known), (&fresh, revision)) } else { Vec::new() };
        let before = std::mem::replace(&mut state.objects, fresh);
        state.changes += 1;
        state.revision = revision;
        // The store's changes between the two states are unknown, so nobody may start in between.
        let forgotten = std::mem::take(&mut state.history);
        state.history_start = revision;
        drop(state);
        for change in changes {
            self.dispatch(&mut watchers, &SharedEvent::new(change));
        }
        self.publish(revision);
        drop(watchers);
        // Many objects may end here; nobody needs to wait for that.
        drop((before, forgotten));
    }

    /// Takes over committed changes, in order. Changes that are known already are passed over.
    pub fn apply(&self, changes: impl IntoIterator<Item = Change>) {
        let mut watchers = lock(&self.watchers);
        let mut state = lock(&self.state);
        let known = state.revision;
        let mut newest = known;
        let mut events = vec![];
        for change in changes.into_iter().filter(|change| change.revision > known) {
            newest = newest.max(change.revision);
            events.extend(state.apply(change, self.config.history_events_max));
        }
        state.revision = newest;
        drop(state);
        for event in events {
            self.dispatch(&mut watchers, &event);
        }
        if newest > known {
            self.publish(newest);
        }
    }

    /// Everything up to `revision` has been applied.
    pub fn progress(&self, revision: u64) {
        let mut state = lock(&self.state);
        if revision > state.revision {
            state.revision = revision;
            self.publish(revision);
        }
    }

    fn publish(&self, revision: u64) {
        self.revision.send_if_modified(|known| {
            let newer = revision > *known;
            *known = revision.max(*known);
            newer
        });
    }

    /// The newest revision of which every change has been handed to the watchers; 0 before the first `reset`.
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
        lock(&self.state).snapshot()
    }

    /// One current object.
    pub fn get(&self, namespace: &str, name: &str) -> Option<Object> {
        snapshot::find(&lock(&self.state).objects, namespace, name).cloned()
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
            let Some(any) = event.object() else { continue };
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
        let mut watchers = lock(&self.watchers);
        let state = lock(&self.state);
        let (mut missed, mut initial) = (vec![], None);
        match from {
            From::Now => {}
            From::Revision(asked) => {
                if asked < state.history_start {
                    return Err(Expired { asked, oldest: state.history_start });
                }
                let start = state.history.partition_point(|event| event.revision <= asked);
                missed.extend(state.history.range(start..).cloned());
            }
            From::InitialEvents { mark_end } => initial = Some((state.snapshot(), mark_end)),
        }
        drop(state);
        let watcher = watchers.add(filter);
        drop(watchers);

        // What was there at the start is looked through without holding anybody up: the queue takes what comes meanwhile.
        let filter = &watcher.filter;
        let mut backlog: VecDeque<_> = missed.iter().filter_map(|event| event.seen_through(filter)).collect();
        if let Some((snapshot, mark_end)) = initial {
            let matching = snapshot.iter(&filter.namespace, None).filter(|(_, object)| filter.matches(object));
            backlog.extend(
                matching.map(|(_, object)| CacheEvent::Change { kind: EventKind::Added, object: object.clone() }),
            );
            if mark_end {
                backlog.push_back(CacheEvent::Bookmark { revision: snapshot.revision, initial_events_end: true });
            }
        }
        Ok(Subscription::new(Arc::clone(self), watcher, backlog))
    }

    /// A number that differs whenever the objects may differ: for whoever derives something from them.
    pub fn changes(&self) -> u64 {
        lock(&self.state).changes
    }

    /// How many watchers there are.
    pub fn watchers(&self) -> usize {
        lock(&self.watchers).len()
    }

    /// Ends all watches, as a server does that shuts down.
    pub fn close(&self) {
        let ended = lock(&self.watchers).drain();
        for watcher in ended {
            watcher.queue.close();
        }
    }

    fn leave(&self, watcher: &Watcher) {
        lock(&self.watchers).remove(watcher);
    }

    fn dispatch(&self, watchers: &mut Index, event: &SharedEvent) {
        let queue_events_max = self.config.queue_events_max.max(1);
        let mut too_slow = vec![];
        watchers.visit(event, |watcher| {
            if let Some(seen) = event.seen_through(&watcher.filter)
                && !watcher.queue.push(seen, queue_events_max)
            {
                too_slow.push(Arc::clone(watcher));
            }
        });
        for watcher in too_slow {
            watchers.remove(&watcher);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
