//! The state that the memory and the file backend share: what is there now, what was before, and who follows.
//!
//! In: transactions, carried out on a [`Present`]. Out: reads, snapshots and events without a copy of any value.
//! Invariants: one short lock orders all commits and is never held across an await; readers share it, and lists only
//! take a snapshot under it; readers and watchers see only what
//! was published; a watcher that falls behind is ended, not waited for. Elsewhere: durability (`file`).

mod events;
mod expiry;
mod present;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

pub(crate) use self::expiry::Expiry;
pub(crate) use self::present::{Change, Present};
#[cfg(feature = "file")]
pub(crate) use self::present::{Entry, Outcome};

use self::events::Events;
use crate::{At, Event, EventStream, Key, Page, Range, Revision, StoreError, Value, Versioned};

/// What the state may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Most events kept for the past.
    pub(crate) history_events_max: usize,
    /// For how long they are kept.
    pub(crate) history_age_max: Duration,
    /// Most undelivered commits of one watcher.
    pub(crate) queue_commits_max: usize,
}

pub(crate) struct Engine<V> {
    limits: Limits,
    state: RwLock<State<V>>,
    /// Told when keys with a time to live come, and when the engine goes.
    pub(crate) deadlines_changed: Arc<Notify>,
}

struct State<V> {
    present: Present<V>,
    past: VecDeque<Past<V>>,
    /// Changes at or below this revision are not in `past`; older states cannot be read.
    compacted: Revision,
    watchers: BTreeMap<u64, Watcher<V>>,
    next_watcher: u64,
}

/// A change that has happened.
struct Past<V> {
    event: Event<V>,
    /// When the value before had been put.
    previous_revision: Option<Revision>,
    /// By the clock, or when the store was opened.
    at: Duration,
}

struct Watcher<V> {
    range: Range,
    queue: mpsc::Sender<Vec<Event<V>>>,
}

fn versioned<V: Clone>(key: &Key, value: &V, revision: Revision) -> Versioned<V> {
    Versioned { key: key.clone(), value: value.clone(), revision }
}

impl<V: Value> Engine<V> {
    /// A state whose past begins after `compacted`, and looks as if it had happened `now`.
    pub(crate) fn new(
        limits: Limits,
        present: Present<V>,
        compacted: Revision,
        past: Vec<Change<V>>,
        now: Duration,
    ) -> Self {
        let state = State { present, past: VecDeque::new(), compacted, watchers: BTreeMap::new(), next_watcher: 0 };
        let engine = Self { limits, state: RwLock::new(state), deadlines_changed: Arc::default() };
        engine.lock().remember(past, limits, now);
        engine
    }

    fn lock(&self) -> RwLockWriteGuard<'_, State<V>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, State<V>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is there now.
    pub(crate) fn present(&self) -> Present<V> {
        self.read().present.clone()
    }

    /// The oldest revision that can be read.
    #[cfg(feature = "file")]
    pub(crate) fn compacted(&self) -> Revision {
        self.read().compacted
    }

    /// Changes the present in place and publishes what `work` says has changed.
    pub(crate) fn change<T>(&self, now: Duration, work: impl FnOnce(&mut Present<V>) -> (T, Vec<Change<V>>)) -> T {
        let mut state = self.lock();
        let (result, changes) = work(&mut state.present);
        self.publish(state, changes, now);
        result
    }

    /// Replaces the present by one that `changes` have led to.
    #[cfg(feature = "file")]
    pub(crate) fn replace(&self, now: Duration, present: Present<V>, changes: Vec<Change<V>>) {
        let mut state = self.lock();
        state.present = present;
        self.publish(state, changes, now);
    }

    fn publish(&self, mut state: RwLockWriteGuard<'_, State<V>>, changes: Vec<Change<V>>, now: Duration) {
        let mortal = changes.iter().any(|change| change.expires.is_some());
        state.publish(&changes);
        state.remember(changes, self.limits, now);
        drop(state);
        if mortal {
            self.deadlines_changed.notify_one();
        }
    }

    pub(crate) fn get(&self, key: &Key, at: At) -> Result<Option<Versioned<V>>, StoreError> {
        let state = self.read();
        if let At::Revision(asked) = at {
            state.readable(asked)?;
            // The first change after the revision knows what was there before it.
            if let Some(past) = state.since(asked).find(|past| past.event.key == *key) {
                return Ok(past.before());
            }
        }
        Ok(state.present.get(key).map(|entry| versioned(key, &entry.value, entry.revision)))
    }

    pub(crate) fn list(&self, range: &Range, at: At, limit: Option<usize>) -> Result<Page<V>, StoreError> {
        let (snapshot, revision) = self.read().at(range, at)?;
        let start = match range.start_after() {
            Some(after) if after.as_str() >= range.as_prefix() => Bound::Excluded(after.clone()),
            _ => Bound::Included(Key::new(range.as_prefix())),
        };
        let mut found = snapshot
            .entries()
            .range::<_, Key>((start, Bound::Unbounded))
            .take_while(|(key, _)| key.as_str().starts_with(range.as_prefix()));
        let items = found
            .by_ref()
            .take(limit.unwrap_or(usize::MAX))
            .map(|(key, entry)| versioned(key, &entry.value, entry.revision))
            .collect();
        Ok(Page { items, revision, remaining: found.count() as u64 })
    }

    pub(crate) fn watch(self: &Arc<Self>, range: &Range, from: Revision) -> Result<EventStream<V>, StoreError> {
        let mut state = self.lock();
        state.readable(from)?;
        let backlog = state.since(from).map(|past| &past.event);
        let backlog: Vec<_> = backlog.filter(|event| range.contains(event.key.as_str())).cloned().collect();
        let reached = state.present.revision();
        let (sender, queue) = mpsc::channel(self.limits.queue_commits_max.max(1));
        let id = state.next_watcher;
        state.next_watcher += 1;
        state.watchers.insert(id, Watcher { range: range.clone(), queue: sender });
        drop(state);
        Ok(Box::pin(Events::new(Arc::clone(self), id, reached, backlog, queue)))
    }

    /// Is this a revision that can be compacted now?
    pub(crate) fn check_compactable(&self, at: Revision) -> Result<(), StoreError> {
        let state = self.read();
        let newest = state.present.revision();
        if at > newest {
            return Err(StoreError::Future { asked: at, newest });
        }
        // The first revision is compacted from the beginning, with nothing to forget.
        if at < state.compacted || at == state.compacted && at.get() > 1 {
            return Err(StoreError::Compacted { asked: at, oldest: state.compacted });
        }
        Ok(())
    }

    pub(crate) fn compact(&self, at: Revision) -> Result<(), StoreError> {
        self.check_compactable(at)?;
        let mut state = self.lock();
        let gone = state.past.partition_point(|past| past.event.revision <= at);
        state.past.drain(..gone);
        state.compacted = at;
        Ok(())
    }

    pub(crate) fn revision(&self) -> Revision {
        self.read().present.revision()
    }

    fn unwatch(&self, id: u64) {
        self.lock().watchers.remove(&id);
    }
}

impl<V> Drop for Engine<V> {
    fn drop(&mut self) {
        self.deadlines_changed.notify_one();
    }
}

impl<V: Value> State<V> {
    fn readable(&self, asked: Revision) -> Result<(), StoreError> {
        let newest = self.present.revision();
        if asked > newest {
            return Err(StoreError::Future { asked, newest });
        }
        if asked < self.compacted {
            return Err(StoreError::Compacted { asked, oldest: self.compacted });
        }
        Ok(())
    }

    /// What changed after a revision, oldest first.
    fn since(&self, revision: Revision) -> impl Iterator<Item = &Past<V>> {
        let start = self.past.partition_point(|past| past.event.revision <= revision);
        self.past.range(start..)
    }

    /// A range at a revision: as it is, with the changes since taken back.
    fn at(&self, range: &Range, at: At) -> Result<(Present<V>, Revision), StoreError> {
        let mut snapshot = self.present.clone();
        let At::Revision(asked) = at else { return Ok((snapshot, self.present.revision())) };
        self.readable(asked)?;
        let mut seen = BTreeSet::new();
        for past in self.since(asked).filter(|past| range.contains(past.event.key.as_str())) {
            if seen.insert(&past.event.key) {
                snapshot.put_back(&past.event.key, past.before());
            }
        }
        Ok((snapshot, asked))
    }

    /// Hands changes to the watchers of their ranges, each commit as a whole.
    fn publish(&mut self, changes: &[Change<V>]) {
        for commit in changes.chunk_by(|a, b| a.event.revision == b.event.revision) {
            self.watchers.retain(|_, watcher| {
                let events = commit.iter().map(|change| &change.event);
                let seen: Vec<_> = events.filter(|event| watcher.range.contains(event.key.as_str())).cloned().collect();
                seen.is_empty() || watcher.queue.try_send(seen).is_ok()
            });
        }
    }

    /// Adds to the past; what no longer fits is compacted, each commit as a whole.
    fn remember(&mut self, changes: Vec<Change<V>>, limits: Limits, now: Duration) {
        self.past.extend(changes.into_iter().map(|change| Past {
            previous_revision: change.previous.map(|(revision, _)| revision),
            event: change.event,
            at: now,
        }));
        let is_old = |past: &Past<V>| now.saturating_sub(past.at) > limits.history_age_max;
        while self.past.len() > limits.history_events_max || self.past.front().is_some_and(is_old) {
            let Some(dropped) = self.past.pop_front().map(|past| past.event.revision) else { break };
            self.compacted = self.compacted.max(dropped);
            while self.past.front().is_some_and(|past| past.event.revision == dropped) {
                self.past.pop_front();
            }
        }
    }
}

impl<V: Value> Past<V> {
    /// The value that the change replaced.
    fn before(&self) -> Option<Versioned<V>> {
        let (value, revision) = (self.event.previous.as_ref()?, self.previous_revision?);
        Some(versioned(&self.event.key, value, revision))
    }
}
