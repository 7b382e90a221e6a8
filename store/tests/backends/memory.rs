//! The memory backend keeps the promises of the trait, and its own limits.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use pintle_object_model::clock::{ManualClock, SystemClock};
use pintle_store::{At, Key, MemoryConfig, MemoryStore, Op, Range, Store, StoreError, Txn, testing};

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
