//! The memory backend: values as they are, history in memory.
//!
//! In: transactions. Out: snapshots and events without a copy of any value. Invariant: a commit is visible when it is
//! acknowledged, and gone with the process. Elsewhere: the state itself (`engine`), durability (other backends).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::clock::Clock;

use crate::engine::{Engine, Expiry, Limits, Present};
use crate::{
    At, CommitError, Committed, EventStream, Key, Op, Page, Range, Revision, Store, StoreError, Txn, Value, Versioned,
};

/// Limits of a [`MemoryStore`].
#[derive(Clone, Debug)]
pub struct MemoryConfig {
    /// Most events kept for reads at old revisions and watchers that start in the past. Default 100,000.
    pub history_events_max: usize,
    /// How old they get; looked at whenever something changes. Default 10 minutes.
    pub history_age_max: Duration,
    /// Most undelivered commits of one watcher. Default 10,000.
    pub queue_commits_max: usize,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { history_events_max: 100_000, history_age_max: Duration::from_secs(600), queue_commits_max: 10_000 }
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
    clock: Arc<dyn Clock>,
    engine: Arc<Engine<V>>,
    expiry: Expiry,
}

impl<V: Value> MemoryStore<V> {
    /// An empty store at revision 1.
    pub fn new(config: MemoryConfig, clock: Arc<dyn Clock>) -> Self {
        let MemoryConfig { history_events_max, history_age_max, queue_commits_max } = config;
        let limits = Limits { history_events_max, history_age_max, queue_commits_max };
        let present = Present::empty();
        let first = present.revision();
        let engine = Engine::new(limits, present, first, vec![], clock.now());
        Self { shared: Arc::new(Shared { clock, engine: Arc::new(engine), expiry: Expiry::default() }) }
    }
}

#[async_trait]
impl<V: Value> Store<V> for MemoryStore<V> {
    async fn get(&self, key: &Key, at: At) -> Result<Option<Versioned<V>>, StoreError> {
        self.shared.engine.get(key, at)
    }

    async fn list(&self, range: &Range, at: At, limit: Option<usize>) -> Result<Page<V>, StoreError> {
        self.shared.engine.list(range, at, limit)
    }

    async fn commit(&self, txn: Txn<V>) -> Result<Committed<V>, CommitError<V>> {
        let Shared { clock, engine, expiry } = &*self.shared;
        let now = clock.now();
        if txn.ops.iter().any(|op| matches!(op, Op::Put { ttl: Some(_), .. })) {
            let expiry_clock = Arc::clone(clock);
            expiry.start(engine, Arc::clone(clock), move |engine| {
                let now = expiry_clock.now();
                engine.change(now, |present| ((), present.expire(now)));
                std::future::ready(())
            });
        }
        engine.change(now, |present| match present.carry_out(txn, now) {
            Ok(outcome) => (Ok(outcome.committed), outcome.changes),
            Err(error) => (Err(error), vec![]),
        })
    }

    async fn watch(&self, range: &Range, from: Revision) -> Result<EventStream<V>, StoreError> {
        self.shared.engine.watch(range, from)
    }

    async fn compact(&self, at: Revision) -> Result<(), StoreError> {
        self.shared.engine.compact(at)
    }

    async fn revision(&self) -> Result<Revision, StoreError> {
        Ok(self.shared.engine.revision())
    }
}
