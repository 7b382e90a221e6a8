//! The promises of [`Store`](crate::Store) as tests that any backend can run.
//!
//! In: an empty store of `Bytes`. Out: a panic that names the broken promise.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;

use crate::{At, CommitError, Event, EventStream, Key, Op, Range, Revision, Store, StoreError, Txn, WatchItem};

type AnyStore = Arc<dyn Store<Bytes>>;

fn key(name: &str) -> Key {
    Key::new(format!("/t/{name}"))
}

fn value(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// Runs all promises, each on a store of its own that `make` hands out.
///
/// # Panics
/// If a promise is broken.
pub async fn conformance<F: Future<Output = AnyStore>>(make: impl Fn() -> F) {
    creating_twice_conflicts(make().await).await;
    updates_compare_revisions(make().await).await;
    transactions_are_all_or_nothing(make().await).await;
    lists_are_ordered_and_paged(make().await).await;
    old_revisions_can_be_read(make().await).await;
    watches_replay_and_follow(make().await).await;
    watches_see_their_range_only(make().await).await;
    commits_are_never_split(make().await).await;
    compaction_forgets_the_past(make().await).await;
    the_future_is_refused(make().await).await;
}

async fn create(store: &AnyStore, name: &str, text: &str) -> Revision {
    store.commit(Txn::create(key(name), value(text))).await.expect("creating a new key").revision
}

async fn creating_twice_conflicts(store: AnyStore) {
    let first = create(&store, "a", "1").await;
    let again = store.commit(Txn::create(key("a"), value("2"))).await;
    let Err(CommitError::Conflict { key: at, found: Some(found) }) = again else {
        panic!("a second creation must conflict: {again:?}")
    };
    assert_eq!((at, found.value, found.revision), (key("a"), value("1"), first));
}

async fn updates_compare_revisions(store: AnyStore) {
    let first = create(&store, "a", "1").await;
    let second = store.commit(Txn::update(key("a"), first, value("2"))).await.expect("updating what was read").revision;
    assert!(second > first, "revisions grow");
    assert!(matches!(store.commit(Txn::update(key("a"), first, value("3"))).await, Err(CommitError::Conflict { .. })));
    assert!(matches!(store.commit(Txn::delete(key("a"), first)).await, Err(CommitError::Conflict { .. })));
    let gone = store.commit(Txn::delete(key("a"), second)).await.expect("deleting what was read");
    assert_eq!(gone.deleted[0].value, value("2"));
    assert_eq!(store.get(&key("a"), At::Now).await.expect("reading"), None);
    assert!(matches!(
        store.commit(Txn::delete(key("a"), second)).await,
        Err(CommitError::Conflict { found: None, .. })
    ));
}

async fn transactions_are_all_or_nothing(store: AnyStore) {
    create(&store, "a", "1").await;
    let mut txn = Txn::create(key("b"), value("2"));
    txn.compares.extend(Txn::<Bytes>::create(key("a"), value("")).compares);
    assert!(store.commit(txn).await.is_err());
    assert_eq!(store.get(&key("b"), At::Now).await.expect("reading"), None, "a failed transaction changes nothing");
}

async fn lists_are_ordered_and_paged(store: AnyStore) {
    for name in ["c", "a", "b/x", "b"] {
        create(&store, name, name).await;
    }
    store.commit(Txn::create(Key::new("/u/z"), value("other"))).await.expect("creating outside of the range");
    let names =
        |page: &crate::Page<Bytes>| page.items.iter().map(|item| item.key.as_str().to_owned()).collect::<Vec<_>>();
    let all = store.list(&Range::prefix("/t/"), At::Now, None).await.expect("listing");
    assert_eq!(names(&all), ["/t/a", "/t/b", "/t/b/x", "/t/c"]);
    let first = store.list(&Range::prefix("/t/"), At::Now, Some(3)).await.expect("listing a page");
    assert_eq!((first.items.len(), first.remaining), (3, 1));
    create(&store, "d", "new").await;
    let rest = Range::prefix("/t/").after(first.items[2].key.clone());
    let rest = store.list(&rest, At::Revision(first.revision), None).await.expect("listing the rest");
    assert_eq!(names(&rest), ["/t/c"], "the second page is of the first one's revision");
}

async fn old_revisions_can_be_read(store: AnyStore) {
    let first = create(&store, "a", "1").await;
    let second = store.commit(Txn::update(key("a"), first, value("2"))).await.expect("updating").revision;
    let third = store.commit(Txn::delete(key("a"), second)).await.expect("deleting").revision;
    let name = key("a");
    let at = |revision| store.get(&name, At::Revision(revision));
    let old = at(first).await.expect("reading the past").expect("it was there");
    assert_eq!((old.value, old.revision), (value("1"), first));
    assert_eq!(at(second).await.expect("reading the past").expect("it was there").value, value("2"));
    assert_eq!(at(third).await.expect("reading the present"), None);
}

async fn events(stream: &mut EventStream<Bytes>, count: usize) -> Vec<Event<Bytes>> {
    let mut found = vec![];
    while found.len() < count {
        match stream.next().await.expect("the watch goes on").expect("the watch is fine") {
            WatchItem::Events(events) => found.extend(events),
            WatchItem::Progress(_) => {}
        }
    }
    found
}

async fn watches_replay_and_follow(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    let first = create(&store, "a", "1").await;
    let mut stream = store.watch(&Range::prefix("/t/"), start).await.expect("watching from the past");
    store.commit(Txn::update(key("a"), first, value("2"))).await.expect("updating");
    let second = store.get(&key("a"), At::Now).await.expect("reading").expect("it is there").revision;
    store.commit(Txn::delete(key("a"), second)).await.expect("deleting");
    let seen = events(&mut stream, 3).await;
    let values: Vec<_> = seen.iter().map(|event| (event.value.clone(), event.previous.clone())).collect();
    assert_eq!(values, [(Some(value("1")), None), (Some(value("2")), Some(value("1"))), (None, Some(value("2")))]);
    assert!(seen.is_sorted_by_key(|event| event.revision), "events are in order");
}

async fn watches_see_their_range_only(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    let mut stream = store.watch(&Range::prefix("/t/b"), start).await.expect("watching");
    create(&store, "a", "1").await;
    create(&store, "b", "2").await;
    assert_eq!(events(&mut stream, 1).await[0].key, key("b"));
}

async fn commits_are_never_split(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    let mut stream = store.watch(&Range::prefix("/t/"), start).await.expect("watching");
    let ops = ["a", "b", "c"].map(|name| Op::Put { key: key(name), value: value(name), ttl: None });
    let done = store.commit(Txn { compares: vec![], ops: ops.into() }).await.expect("a commit of three keys");
    loop {
        if let WatchItem::Events(events) = stream.next().await.expect("the watch goes on").expect("the watch is fine") {
            assert_eq!(events.len(), 3, "a commit arrives as a whole");
            assert!(events.iter().all(|event| event.revision == done.revision));
            break;
        }
    }
}

async fn compaction_forgets_the_past(store: AnyStore) {
    let first = create(&store, "a", "1").await;
    let second = store.commit(Txn::update(key("a"), first, value("2"))).await.expect("updating").revision;
    store.compact(second).await.expect("compacting");
    assert!(matches!(store.get(&key("a"), At::Revision(first)).await, Err(StoreError::Compacted { .. })));
    assert!(matches!(store.watch(&Range::prefix("/t/"), first).await.err(), Some(StoreError::Compacted { .. })));
    assert_eq!(
        store.get(&key("a"), At::Revision(second)).await.expect("reading").expect("it is there").value,
        value("2")
    );
    assert!(store.watch(&Range::prefix("/t/"), second).await.is_ok());
}

async fn the_future_is_refused(store: AnyStore) {
    let newest = store.revision().await.expect("the revision");
    let beyond = Revision::new(newest.get() + 100).expect("not 0");
    assert!(matches!(store.get(&key("a"), At::Revision(beyond)).await, Err(StoreError::Future { .. })));
}
