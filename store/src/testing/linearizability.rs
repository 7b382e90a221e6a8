//! Concurrent clients on a few keys, whose recorded history is then judged.
//!
//! In: a store of `Bytes`. Out: what is wrong with what it did. Judged are, for each key, whether reads and
//! compare-and-swaps have an order that explains all answers; that revisions grow with time; and that a watch tells
//! exactly what was committed. Elsewhere: the search for the order (`checker`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use pintle_object_model::clock::Random;

use super::checker::{Action, Content, Operation, is_linearizable};
use crate::{
    At, CommitError, Compare, Event, EventStream, Key, Op, Range, Revision, Store, StoreError, Txn, Versioned,
    WatchItem,
};

type AnyStore = Arc<dyn Store<Bytes>>;

/// What the clients do.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Clients at the same time, each with a task of its own.
    pub clients: u64,
    /// Operations of each client, one after the other.
    pub operations: u64,
    /// Keys that they meet at. Few make conflicts likely.
    pub keys: u64,
    /// For their choices.
    pub seed: u64,
    /// Keys are below this prefix, which nobody else may use meanwhile.
    pub prefix: String,
    /// How long a client waits after each operation, so that there is time for faults. Default: not at all.
    pub pace: Duration,
    /// Smallest size of a value, to fill a disk. Default 0.
    pub value_bytes: usize,
}

/// What happened in a history that was found right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Commits that were acknowledged.
    pub commits: u64,
    /// Commits of which nobody knows whether they were done.
    pub unknown: u64,
    /// Commits that were refused for want of space.
    pub refused: u64,
}

impl Default for Workload {
    fn default() -> Self {
        Self {
            clients: 4,
            operations: 100,
            keys: 3,
            seed: 1,
            prefix: "/linearizability/".into(),
            pace: Duration::ZERO,
            value_bytes: 0,
        }
    }
}

/// One answered call.
struct Record {
    key: u64,
    operation: Operation,
    /// Revision of a commit that was done.
    committed: Option<u64>,
}

/// A client's knowledge of a key: number and revision of its value.
type Seen = Option<(u64, Revision)>;

struct Client {
    store: AnyStore,
    workload: Workload,
    time: Arc<AtomicU64>,
    values: Arc<AtomicU64>,
    random: Random,
    seen: BTreeMap<u64, Seen>,
    records: Vec<Record>,
    refused: u64,
}

/// Runs the clients and judges what happened. Must be called on a tokio runtime, best one with several threads.
///
/// # Errors
/// What is wrong, or why the store could not be used.
pub async fn check_history(store: AnyStore, workload: &Workload) -> Result<Judged, String> {
    let failed = |error: StoreError| format!("the store failed: {error}");
    let start = store.revision().await.map_err(failed)?;
    let range = Range::prefix(workload.prefix.as_str());
    let watch = store.watch(&range, start).await.map_err(failed)?;
    let time = Arc::new(AtomicU64::new(0));
    let values = Arc::new(AtomicU64::new(1));
    let clients = (0..workload.clients).map(|number| {
        let client = Client {
            store: Arc::clone(&store),
            workload: workload.clone(),
            time: Arc::clone(&time),
            values: Arc::clone(&values),
            random: Random::seeded(workload.seed.wrapping_mul(1000) + number),
            seen: BTreeMap::new(),
            records: vec![],
            refused: 0,
        };
        tokio::spawn(client.run())
    });
    let mut records = vec![];
    let mut judged = Judged::default();
    for client in clients.collect::<Vec<_>>() {
        let client = client.await.map_err(|error| format!("a client failed: {error}"))??;
        judged.refused += client.refused;
        records.extend(client.records);
    }
    for record in &records {
        judged.commits += u64::from(record.committed.is_some());
        judged.unknown += u64::from(matches!(record.operation.action, Action::Unknown { .. }));
    }
    for key in 0..workload.keys {
        let operations: Vec<_> =
            records.iter().filter(|record| record.key == key).map(|record| record.operation).collect();
        if !is_linearizable(&operations) {
            return Err(format!("no order of its operations explains key {key}: {operations:?}"));
        }
    }
    revisions_grow(&records)?;
    watch_tells_all(watch, &records).await?;
    Ok(judged)
}

impl Client {
    async fn run(mut self) -> Result<Self, String> {
        for _ in 0..self.workload.operations {
            let key = self.random.below(self.workload.keys);
            match (self.random.below(10), self.seen.get(&key).copied()) {
                (0..4, _) | (_, None) => self.read(key).await?,
                (4, Some(seen)) if seen.is_some() => self.swap(key, seen, None).await?,
                (_, Some(seen)) => {
                    let new = self.values.fetch_add(1, Ordering::Relaxed);
                    self.swap(key, seen, Some(new)).await?;
                }
            }
            if self.workload.pace.is_zero() {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(self.workload.pace).await;
            }
        }
        Ok(self)
    }

    fn tick(&self) -> u64 {
        self.time.fetch_add(1, Ordering::SeqCst)
    }

    fn key(&self, number: u64) -> Key {
        Key::new(format!("{}{number}", self.workload.prefix))
    }

    fn value(&self, number: u64) -> Bytes {
        let text = number.to_string();
        let zeros = self.workload.value_bytes.saturating_sub(text.len());
        format!("{}{text}", "0".repeat(zeros)).into()
    }

    fn record(&mut self, key: u64, called: u64, action: Action, committed: Option<Revision>) {
        let returned = if matches!(action, Action::Unknown { .. }) { u64::MAX } else { self.tick() };
        let operation = Operation { called, returned, action };
        self.records.push(Record { key, operation, committed: committed.map(Revision::get) });
    }

    async fn read(&mut self, key: u64) -> Result<(), String> {
        let called = self.tick();
        match self.store.get(&self.key(key), At::Now).await {
            Ok(found) => {
                let seen = seen_of(found.as_ref())?;
                self.record(key, called, Action::Read { found: content(seen) }, None);
                self.seen.insert(key, seen);
                Ok(())
            }
            // A read without an answer says nothing.
            Err(StoreError::Unavailable { .. }) => Ok(()),
            Err(error) => Err(format!("reading failed: {error}")),
        }
    }

    async fn swap(&mut self, key: u64, seen: Seen, new: Content) -> Result<(), String> {
        let name = self.key(key);
        let compare = Compare { key: name.clone(), expected: seen.map(|(_, revision)| revision) };
        let op = match new {
            Some(number) => Op::Put { key: name, value: self.value(number), ttl: None },
            None => Op::Delete { key: name },
        };
        let expected = content(seen);
        let called = self.tick();
        match self.store.commit(Txn { compares: vec![compare], ops: vec![op] }).await {
            Ok(done) => {
                self.record(key, called, Action::Swapped { expected, new }, Some(done.revision));
                self.seen.insert(key, new.map(|number| (number, done.revision)));
            }
            Err(CommitError::Conflict { found, .. }) => {
                let seen = seen_of(found.as_ref())?;
                self.record(key, called, Action::Refused { expected, found: content(seen) }, None);
                self.seen.insert(key, seen);
            }
            Err(CommitError::Store(StoreError::Unavailable { .. })) => {
                self.record(key, called, Action::Unknown { expected, new }, None);
                self.seen.remove(&key);
            }
            // Certainly not done, and nobody else can tell.
            Err(CommitError::Store(StoreError::NoSpace)) => self.refused += 1,
            Err(error) => return Err(format!("committing failed: {error}")),
        }
        Ok(())
    }
}

fn content(seen: Seen) -> Content {
    seen.map(|(number, _)| number)
}

fn number(value: &Bytes) -> Result<u64, String> {
    let text = String::from_utf8_lossy(value);
    text.parse().map_err(|_| format!("a value that nobody put: {text:.100}"))
}

fn seen_of(found: Option<&Versioned<Bytes>>) -> Result<Seen, String> {
    found.map(|found| Ok((number(&found.value)?, found.revision))).transpose()
}

/// A commit that began after another was acknowledged has the greater revision, and no two have the same.
fn revisions_grow(records: &[Record]) -> Result<(), String> {
    let mut commits: Vec<_> = records.iter().filter_map(|record| Some((record.committed?, record.operation))).collect();
    commits.sort_by_key(|(revision, _)| *revision);
    let mut latest_call = 0;
    for pair in commits.windows(2) {
        let [(first, earlier), (second, later)] = pair else { continue };
        if first == second {
            return Err(format!("two commits have revision {first}"));
        }
        latest_call = latest_call.max(earlier.called);
        if later.returned < latest_call {
            return Err(format!("the commit of revision {second} was acknowledged before an earlier one began"));
        }
    }
    Ok(())
}

/// How long a watch may take to tell what was acknowledged. Not waited for unless something is missing.
const PATIENCE: Duration = Duration::from_secs(10);

/// A watch tells every acknowledged commit once, in order, with the value before; and nothing else, except commits
/// whose outcome nobody knows.
async fn watch_tells_all(mut watch: EventStream<Bytes>, records: &[Record]) -> Result<(), String> {
    let mut wanted: BTreeMap<u64, &Record> =
        records.iter().filter_map(|record| Some((record.committed?, record))).collect();
    let unknown: Vec<Content> = records
        .iter()
        .filter_map(|record| match record.operation.action {
            Action::Unknown { new, .. } => Some(new),
            _ => None,
        })
        .collect();
    let mut last = 0;
    let mut contents: BTreeMap<Key, Content> = BTreeMap::new();
    while !wanted.is_empty() {
        let missing = || format!("the watch does not tell revisions {:?}", wanted.keys().collect::<Vec<_>>());
        let next = tokio::time::timeout(PATIENCE, watch.next()).await.map_err(|_| missing())?;
        let item = next.ok_or_else(missing)?.map_err(|error| format!("the watch failed: {error}"))?;
        let events = match item {
            WatchItem::Events(events) => events,
            WatchItem::Progress(revision) => {
                if wanted.range(..=revision.get()).next().is_some() {
                    return Err(format!("the watch claims progress to {revision}, but {}", missing()));
                }
                continue;
            }
        };
        for Event { key, revision, value, previous } in events {
            if revision.get() <= last {
                return Err(format!("the watch tells revision {revision} after {last}"));
            }
            last = revision.get();
            let value = value.as_ref().map(number).transpose()?;
            let previous = previous.as_ref().map(number).transpose()?;
            let before = contents.insert(key.clone(), value).flatten();
            if before != previous {
                return Err(format!(
                    "{key}: at {revision} the watch tells {previous:?} as previous, it was {before:?}"
                ));
            }
            match wanted.remove(&last).map(|record| record.operation.action) {
                Some(Action::Swapped { new, .. }) if new == value => {}
                None if unknown.contains(&value) => {}
                other => return Err(format!("{key}: the watch tells {value:?} at {revision}, done was {other:?}")),
            }
        }
    }
    Ok(())
}
