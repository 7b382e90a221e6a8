//! The memory backend: values as they are, history in memory.
//!
//! In: transactions. Out: snapshots and events without a copy of any value. Invariants: one short lock orders all
//! commits and is never held across an await; a watcher that falls behind is ended, not waited for.
//! Elsewhere: durability (other backends).

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use futures::Stream;
use imbl::OrdMap;
use pintle_object_model::clock::Clock;
use tokio::sync::mpsc;

use crate::{
    At, CommitError, Committed, Compare, Event, EventStream, Key, Op, Page, Range, Revision, Store, StoreError, Txn,
    Value, Versioned, WatchItem,
};

/// Limits of a [`MemoryStore`].
#[derive(Clone, Debug)]
pub struct MemoryConfig {
    /// Most events kept for reads at old revisions and watchers that start in the past. Default 100,000.
    pub history_events_max: usize,
    /// Most undelivered commits of one watcher. Default 10,000.
    pub queue_commits_max: usize,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { history_events_max: 100_000, queue_commits_max: 10_000 }
    }
}

/// A [`Store`] in memory. Cheap to clone; all clones are the same store.
pub struct MemoryStore<V> {
    shared: Arc<Shared<V>>,
}

impl<V> Clone for MemoryStore<V> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<V> std::fmt::Debug for MemoryStore<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

struct Shared<V> {
    config: MemoryConfig,
    clock: Arc<dyn Clock>,
    state: Mutex<State<V>>,
}

struct State<V> {
    current: OrdMap<Key, Entry<V>>,
    revision: Revision,
    history: VecDeque<Event<V>>,
    /// Changes at or below this revision are not in `history`; older states cannot be read.
    compacted: Revision,
    watchers: HashMap<u64, Watcher<V>>,
    next_watcher: u64,
}

#[derive(Clone, Debug)]
struct Entry<V> {
    value: V,
    revision: Revision,
    /// When the key expires, by the clock's monotonic time.
    expires: Option<Duration>,
}

struct Watcher<V> {
    range: Range,
    queue: mpsc::Sender<Vec<Event<V>>>,
}

impl<V: Value> MemoryStore<V> {
    /// An empty store at revision 1.
    pub fn new(config: MemoryConfig, clock: Arc<dyn Clock>) -> Self {
        let first = Revision::new(1).expect("1 is not 0");
        let state = State {
            current: OrdMap::new(),
            revision: first,
            history: VecDeque::new(),
            compacted: first,
            watchers: HashMap::new(),
            next_watcher: 0,
        };
        Self { shared: Arc::new(Shared { config, clock, state: Mutex::new(state) }) }
    }
}

fn lock<V>(state: &Mutex<State<V>>) -> MutexGuard<'_, State<V>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn next(revision: Revision) -> Revision {
    Revision::new(revision.get() + 1).expect("a successor is not 0")
}

impl<V: Value> State<V> {
    /// The state at a revision: the current one with the changes since taken back.
    fn at(&self, at: At) -> Result<(OrdMap<Key, Entry<V>>, Revision), StoreError> {
        let At::Revision(asked) = at else { return Ok((self.current.clone(), self.revision)) };
        if asked > self.revision {
            return Err(StoreError::Future { asked, newest: self.revision });
        }
        if asked < self.compacted {
            return Err(StoreError::Compacted { asked, oldest: self.compacted });
        }
        let mut past = self.current.clone();
        for event in self.history.iter().rev().take_while(|event| event.revision > asked) {
            match &event.previous {
                Some(previous) => {
                    let revision = self.revision_before(&event.key, event.revision);
                    past.insert(event.key.clone(), Entry { value: previous.clone(), revision, expires: None });
                }
                None => {
                    past.remove(&event.key);
                }
            }
        }
        Ok((past, asked))
    }

    /// When the value of a key that was replaced at `revision` had been put.
    fn revision_before(&self, key: &Key, revision: Revision) -> Revision {
        let earlier = self.history.iter().rev().find(|event| event.revision < revision && event.key == *key);
        earlier.map_or(self.compacted, |event| event.revision)
    }

    /// Records the events of one commit and hands them to the watchers of their ranges.
    fn publish(&mut self, events: Vec<Event<V>>, history_max: usize) {
        let mut ended = vec![];
        for (id, watcher) in &self.watchers {
            let seen: Vec<_> =
                events.iter().filter(|event| watcher.range.contains(event.key.as_str())).cloned().collect();
            if !seen.is_empty() && watcher.queue.try_send(seen).is_err() {
                ended.push(*id);
            }
        }
        for id in ended {
            self.watchers.remove(&id);
        }
        self.history.extend(events);
        while self.history.len() > history_max {
            let dropped = self.history.pop_front().expect("the history is not empty").revision;
            self.compacted = self.compacted.max(dropped);
            // A commit leaves the history as a whole.
            while self.history.front().is_some_and(|event| event.revision == dropped) {
                self.history.pop_front();
            }
        }
    }

    /// The first comparison that does not hold.
    fn conflict(&self, compares: &[Compare]) -> Option<CommitError<V>> {
        compares.iter().find_map(|compare| {
            let found = self.current.get(&compare.key);
            (found.map(|entry| entry.revision) != compare.expected).then(|| CommitError::Conflict {
                key: compare.key.clone(),
                found: found.map(|entry| Versioned {
                    key: compare.key.clone(),
                    value: entry.value.clone(),
                    revision: entry.revision,
                }),
            })
        })
    }
}

impl<V: Value> Shared<V> {
    fn commit(&self, txn: Txn<V>) -> Result<(Committed<V>, Option<Duration>), CommitError<V>> {
        let now = self.clock.now();
        let mut guard = lock(&self.state);
        let state = &mut *guard;
        if let Some(conflict) = state.conflict(&txn.compares) {
            return Err(conflict);
        }
        let revision = next(state.revision);
        let mut committed = Committed { revision, puts: vec![], deleted: vec![] };
        let mut events = vec![];
        let mut soonest: Option<Duration> = None;
        for op in txn.ops {
            match op {
                Op::Put { key, mut value, ttl } => {
                    value.stamp(revision);
                    let expires = ttl.map(|ttl| now + ttl);
                    soonest = soonest.into_iter().chain(ttl).min();
                    let entry = Entry { value: value.clone(), revision, expires };
                    let previous = state.current.insert(key.clone(), entry).map(|entry| entry.value);
                    events.push(Event { key: key.clone(), revision, value: Some(value.clone()), previous });
                    committed.puts.push(Versioned { key, value, revision });
                }
                Op::Delete { key } => {
                    if let Some(entry) = state.current.remove(&key) {
                        events.push(Event {
                            key: key.clone(),
                            revision,
                            value: None,
                            previous: Some(entry.value.clone()),
                        });
                        committed.deleted.push(Versioned { key, value: entry.value, revision: entry.revision });
                    }
                }
            }
        }
        if events.is_empty() {
            committed.revision = state.revision;
        } else {
            state.revision = revision;
            state.publish(events, self.config.history_events_max);
        }
        Ok((committed, soonest))
    }

    /// Deletes what has expired, as one commit.
    fn expire(&self) {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        let expired: Vec<Key> = state
            .current
            .iter()
            .filter(|(_, entry)| entry.expires.is_some_and(|at| at <= now))
            .map(|(key, _)| key.clone())
            .collect();
        if expired.is_empty() {
            return;
        }
        let revision = next(state.revision);
        state.revision = revision;
        let mut events = vec![];
        for key in expired {
            if let Some(entry) = state.current.remove(&key) {
                events.push(Event { key, revision, value: None, previous: Some(entry.value) });
            }
        }
        state.publish(events, self.config.history_events_max);
    }
}

#[async_trait]
impl<V: Value> Store<V> for MemoryStore<V> {
    async fn get(&self, key: &Key, at: At) -> Result<Option<Versioned<V>>, StoreError> {
        let state = lock(&self.shared.state);
        let versioned =
            |entry: &Entry<V>| Versioned { key: key.clone(), value: entry.value.clone(), revision: entry.revision };
        if at == At::Now {
            return Ok(state.current.get(key).map(versioned));
        }
        let (snapshot, _) = state.at(at)?;
        Ok(snapshot.get(key).map(versioned))
    }

    async fn list(&self, range: &Range, at: At, limit: Option<usize>) -> Result<Page<V>, StoreError> {
        let (snapshot, revision) = lock(&self.shared.state).at(at)?;
        let start = match range.start_after() {
            Some(after) if after.as_str() >= range.as_prefix() => std::ops::Bound::Excluded(after.clone()),
            _ => std::ops::Bound::Included(Key::new(range.as_prefix())),
        };
        let mut found = snapshot
            .range::<_, Key>((start, std::ops::Bound::Unbounded))
            .take_while(|(key, _)| key.as_str().starts_with(range.as_prefix()));
        let items = found
            .by_ref()
            .take(limit.unwrap_or(usize::MAX))
            .map(|(key, entry)| Versioned { key: key.clone(), value: entry.value.clone(), revision: entry.revision })
            .collect();
        Ok(Page { items, revision, remaining: found.count() as u64 })
    }

    async fn commit(&self, txn: Txn<V>) -> Result<Committed<V>, CommitError<V>> {
        let (committed, soonest) = self.shared.commit(txn)?;
        if let Some(ttl) = soonest {
            let shared = Arc::downgrade(&self.shared);
            tokio::spawn(async move {
                tokio::time::sleep(ttl).await;
                if let Some(shared) = shared.upgrade() {
                    shared.expire();
                }
            });
        }
        Ok(committed)
    }

    async fn watch(&self, range: &Range, from: Revision) -> Result<EventStream<V>, StoreError> {
        let mut state = lock(&self.shared.state);
        if from < state.compacted {
            return Err(StoreError::Compacted { asked: from, oldest: state.compacted });
        }
        let start = state.history.partition_point(|event| event.revision <= from);
        let backlog: Vec<Event<V>> =
            state.history.iter().skip(start).filter(|event| range.contains(event.key.as_str())).cloned().collect();
        let (sender, queue) = mpsc::channel(self.shared.config.queue_commits_max.max(1));
        let id = state.next_watcher;
        state.next_watcher += 1;
        state.watchers.insert(id, Watcher { range: range.clone(), queue: sender });
        drop(state);
        let events = Events { shared: Arc::clone(&self.shared), id, from, backlog: Some(backlog), queue, ended: false };
        Ok(Box::pin(events))
    }

    async fn compact(&self, at: Revision) -> Result<(), StoreError> {
        let mut state = lock(&self.shared.state);
        if at > state.revision {
            return Err(StoreError::Future { asked: at, newest: state.revision });
        }
        if at <= state.compacted && at.get() > 1 {
            return Err(StoreError::Compacted { asked: at, oldest: state.compacted });
        }
        let keep_from = state.history.partition_point(|event| event.revision <= at);
        state.history.drain(..keep_from);
        state.compacted = at;
        Ok(())
    }

    async fn revision(&self) -> Result<Revision, StoreError> {
        Ok(lock(&self.shared.state).revision)
    }
}

struct Events<V> {
    shared: Arc<Shared<V>>,
    id: u64,
    from: Revision,
    backlog: Option<Vec<Event<V>>>,
    queue: mpsc::Receiver<Vec<Event<V>>>,
    ended: bool,
}

// Nothing in it is ever pinned.
impl<V> Unpin for Events<V> {}

impl<V: Value> Stream for Events<V> {
    type Item = Result<WatchItem<V>, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(backlog) = self.backlog.take() {
            if !backlog.is_empty() {
                return Poll::Ready(Some(Ok(WatchItem::Events(backlog))));
            }
            let from = self.from;
            return Poll::Ready(Some(Ok(WatchItem::Progress(from))));
        }
        let mut commits = vec![];
        match self.queue.poll_recv_many(context, &mut commits, 256) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(0) => {
                self.ended = true;
                Poll::Ready(Some(Err(StoreError::Lagged)))
            }
            Poll::Ready(_) => Poll::Ready(Some(Ok(WatchItem::Events(commits.into_iter().flatten().collect())))),
        }
    }
}

impl<V> Drop for Events<V> {
    fn drop(&mut self) {
        lock(&self.shared.state).watchers.remove(&self.id);
    }
}
