//! Recorded histories of every backend have an order that explains them, and the judge notices stores that have none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use pintle_object_model::clock::SystemClock;
use pintle_store::testing::{Workload, check_history};
use pintle_store::{
    At, CommitError, Committed, EventStream, Key, MemoryConfig, MemoryStore, Page, Range, Revision, Store, StoreError,
    Txn, Versioned, WatchItem,
};

fn memory() -> MemoryStore<Bytes> {
    MemoryStore::new(MemoryConfig::default(), SystemClock::shared())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_is_linearizable() {
    for seed in 0..20 {
        let workload = Workload { seed, operations: 150, ..Workload::default() };
        check_history(Arc::new(memory()), &workload).await.unwrap();
    }
}

#[cfg(feature = "file")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn file_is_linearizable() {
    use pintle_store::{BytesCodec, FileConfig, FileStore};
    let folder = tempfile::tempdir().unwrap();
    let config = FileConfig::new(folder.path().join("store"));
    let store = FileStore::open(config, Arc::new(BytesCodec), SystemClock::shared()).await.unwrap();
    for seed in 0..3 {
        let workload =
            Workload { seed, clients: 8, operations: 60, prefix: format!("/{seed}/"), ..Workload::default() };
        check_history(Arc::new(store.clone()), &workload).await.unwrap();
    }
}

#[cfg(feature = "etcd")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn etcd_is_linearizable() {
    let etcd = crate::support::TestEtcd::start(&[]);
    let store = etcd.store().await;
    for seed in 0..5 {
        let workload = Workload { seed, prefix: format!("/{seed}/"), ..Workload::default() };
        check_history(Arc::new(store.clone()), &workload).await.unwrap();
    }
}

/// How a store may be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Reads answer with the value before.
    StaleReads,
    /// Comparisons are skipped.
    NoCompares,
    /// Commits are acknowledged but not done.
    LostCommits,
    /// Watches leave changes out.
    LostEvents,
    /// Watches repeat changes.
    RepeatedEvents,
}

/// A store that is broken now and then.
struct Broken {
    inner: MemoryStore<Bytes>,
    fault: Fault,
    calls: AtomicU64,
}

impl Broken {
    fn strikes(&self, fault: Fault) -> bool {
        self.fault == fault && self.calls.fetch_add(1, Ordering::Relaxed) % 7 == 6
    }
}

#[async_trait]
impl Store<Bytes> for Broken {
    async fn get(&self, key: &Key, at: At) -> Result<Option<Versioned<Bytes>>, StoreError> {
        let now = self.inner.get(key, at).await?;
        if self.strikes(Fault::StaleReads)
            && let Some(before) = now.as_ref().and_then(|found| Revision::new(found.revision.get() - 1))
        {
            return self.inner.get(key, At::Revision(before)).await;
        }
        Ok(now)
    }
    async fn list(&self, range: &Range, at: At, limit: Option<usize>) -> Result<Page<Bytes>, StoreError> {
        self.inner.list(range, at, limit).await
    }
    async fn commit(&self, mut txn: Txn<Bytes>) -> Result<Committed<Bytes>, CommitError<Bytes>> {
        if self.strikes(Fault::NoCompares) {
            txn.compares.clear();
        }
        if self.strikes(Fault::LostCommits) {
            txn.ops.clear();
        }
        self.inner.commit(txn).await
    }
    async fn watch(&self, range: &Range, from: Revision) -> Result<EventStream<Bytes>, StoreError> {
        let inner = self.inner.watch(range, from).await?;
        let fault = self.fault;
        Ok(Box::pin(inner.map(move |item| {
            item.map(|item| match item {
                WatchItem::Events(mut events) => {
                    match fault {
                        Fault::LostEvents => events.retain(|event| event.revision.get() % 11 != 3),
                        Fault::RepeatedEvents => events.extend(events.last().cloned()),
                        _ => {}
                    }
                    WatchItem::Events(events)
                }
                progress => progress,
            })
        })))
    }
    async fn compact(&self, at: Revision) -> Result<(), StoreError> {
        self.inner.compact(at).await
    }
    async fn revision(&self) -> Result<Revision, StoreError> {
        self.inner.revision().await
    }
}

// Time stands still but for timers, so that waiting for what a broken watch never tells takes none.
#[tokio::test(start_paused = true)]
async fn broken_stores_are_found_out() {
    for (fault, found) in [
        (Fault::StaleReads, "no order of its operations"),
        (Fault::NoCompares, "no order of its operations"),
        (Fault::LostCommits, "no order of its operations"),
        (Fault::LostEvents, "previous"),
        (Fault::RepeatedEvents, "after"),
    ] {
        let store = Broken { inner: memory(), fault, calls: AtomicU64::new(0) };
        let verdict = check_history(Arc::new(store), &Workload::default()).await;
        let why = verdict.expect_err(&format!("{fault:?} goes unnoticed"));
        assert!(why.contains(found), "{fault:?}: {why}");
    }
}
