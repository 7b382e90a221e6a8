//! The memory backend keeps the promises of the trait, and its own limits.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use pintle_object_model::clock::{ManualClock, SystemClock};
use pintle_store::{At, Key, MemoryConfig, MemoryStore, Op, Range, Store, StoreError, Txn, WatchItem, testing};

#[tokio::test]
async fn keeps_the_promises_of_the_trait() {
    testing::conformance(|| async {
        Arc::new(MemoryStore::new(MemoryConfig::default(), SystemClock::shared())) as Arc<dyn Store<Bytes>>
    })
    .await;
}

#[tokio::test]
async fn a_watcher_that_does_not_read_is_cut_off() {
    let config = MemoryConfig { queue_commits_max: 2, ..MemoryConfig::default() };
    let store = MemoryStore::new(config, SystemClock::shared());
    let start = store.revision().await.unwrap();
    let mut stream = store.watch(&Range::prefix("/"), start).await.unwrap();
    for number in 0..4 {
        store.commit(Txn::create(Key::new(format!("/{number}")), Bytes::new())).await.unwrap();
    }
    let items: Vec<_> = stream.by_ref().collect().await;
    assert!(matches!(items.last(), Some(Err(StoreError::Lagged))), "{items:?}");
}

#[tokio::test(start_paused = true)]
async fn keys_with_a_time_to_live_expire_as_deletions() {
    let clock = ManualClock::at(0);
    let store = MemoryStore::new(MemoryConfig::default(), clock.clone());
    let key = Key::new("/a");
    let put = Op::Put { key: key.clone(), value: Bytes::from("x"), ttl: Some(Duration::from_secs(10)) };
    let start = store.commit(Txn { compares: vec![], ops: vec![put] }).await.unwrap().revision;
    let mut stream = store.watch(&Range::prefix("/"), start).await.unwrap();
    stream.next().await.unwrap().unwrap();
    clock.advance(Duration::from_secs(10));
    tokio::time::advance(Duration::from_secs(11)).await;
    let item = stream.next().await.unwrap().unwrap();
    assert!(format!("{item:?}").contains("value: None"), "{item:?}");
    assert_eq!(store.get(&key, At::Now).await.unwrap(), None);
}

#[tokio::test]
async fn history_is_bounded_by_its_age() {
    let clock = ManualClock::at(0);
    let config = MemoryConfig { history_age_max: Duration::from_secs(60), ..MemoryConfig::default() };
    let store = MemoryStore::new(config, clock.clone());
    let create = async |name: &str| store.commit(Txn::create(Key::new(name), Bytes::new())).await.unwrap().revision;
    let first = create("/a").await;
    let second = create("/b").await;
    clock.advance(Duration::from_secs(60));
    create("/c").await;
    let page = store.list(&Range::prefix("/"), At::Revision(first), None).await.unwrap();
    assert_eq!(page.items.len(), 1, "what is not too old is kept");
    clock.advance(Duration::from_secs(1));
    let last = create("/d").await;
    let refused = store.watch(&Range::prefix("/"), first).await.err();
    assert!(matches!(refused, Some(StoreError::Compacted { oldest, .. }) if oldest == second), "{refused:?}");
    assert!(store.watch(&Range::prefix("/"), second).await.is_ok());
    assert_eq!(store.list(&Range::prefix("/"), At::Revision(last), None).await.unwrap().items.len(), 4);
}

#[tokio::test]
async fn history_is_bounded_by_its_size() {
    let config = MemoryConfig { history_events_max: 10, ..MemoryConfig::default() };
    let store = MemoryStore::new(config, SystemClock::shared());
    let mut revisions = vec![];
    for number in 0..20 {
        // Two events each; a commit is forgotten as a whole.
        let ops = ["a", "b"].map(|half| Op::Put {
            key: Key::new(format!("/{half}/{number}")),
            value: Bytes::new(),
            ttl: None,
        });
        revisions.push(store.commit(Txn { compares: vec![], ops: ops.into() }).await.unwrap().revision);
    }
    assert!(store.watch(&Range::prefix("/"), revisions[13]).await.is_err());
    let mut stream = store.watch(&Range::prefix("/"), revisions[14]).await.unwrap();
    let Some(Ok(WatchItem::Events(events))) = stream.next().await else { panic!("the past is replayed") };
    assert_eq!((events.len(), events[0].revision), (10, revisions[15]));
}
