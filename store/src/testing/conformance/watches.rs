//! What watches promise.

use futures::future::{join, join_all};
use futures::{FutureExt, StreamExt};

use super::{AnyStore, commit, create, events, item, key, put, value};
use crate::{Event, Key, Op, Range, Revision, Txn, WatchItem};

fn all() -> Range {
    Range::prefix("/t/")
}

pub(super) async fn a_watch_from_now_leaves_the_past_out(store: AnyStore) {
    create(&store, "old", "1").await;
    let now = store.revision().await.expect("the revision");
    let mut stream = store.watch(&all(), now).await.expect("watching");
    let new = create(&store, "new", "2").await;
    assert_eq!(events(&mut stream, 1).await[0].revision, new);
}

pub(super) async fn nothing_is_merged_in_the_past(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    for number in 0..20 {
        commit(&store, [put("a", &number.to_string())]).await;
    }
    let mut stream = store.watch(&all(), start).await.expect("watching");
    let seen = events(&mut stream, 20).await;
    let texts: Vec<_> = seen.iter().map(|event| event.value.clone()).collect();
    assert_eq!(texts, (0..20).map(|number| Some(value(&number.to_string()))).collect::<Vec<_>>());
    let before: Vec<_> = seen[1..].iter().map(|event| event.previous.clone()).collect();
    assert_eq!(before, texts[..19], "the previous value is the one before");
}

pub(super) async fn past_and_present_join_without_a_seam(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    let writing = async {
        for number in 0..60 {
            commit(&store, [put("a", &number.to_string())]).await;
        }
    };
    // Opened while somebody writes, so that some changes are replayed and some followed.
    let watching = join_all((0..6).map(|late| {
        let store = &store;
        async move {
            for _ in 0..late {
                store.revision().await.expect("the revision");
            }
            let mut stream = store.watch(&all(), start).await.expect("watching");
            events(&mut stream, 60).await
        }
    }));
    let ((), histories) = join(writing, watching).await;
    for history in histories {
        let texts: Vec<_> = history.iter().map(|event| event.value.clone()).collect();
        assert_eq!(texts, (0..60).map(|number| Some(value(&number.to_string()))).collect::<Vec<_>>());
    }
}

pub(super) async fn deletions_tell_what_was_there(store: AnyStore) {
    let created = create(&store, "a", "1").await;
    let mut stream = store.watch(&all(), created).await.expect("watching");
    let gone = store.commit(Txn::delete(key("a"), created)).await.expect("deleting").revision;
    let back = create(&store, "a", "2").await;
    let expected = [
        Event { key: key("a"), revision: gone, value: None, previous: Some(value("1")) },
        Event { key: key("a"), revision: back, value: Some(value("2")), previous: None },
    ];
    assert_eq!(events(&mut stream, 2).await, expected);
    let mut late = store.watch(&all(), created).await.expect("watching from the past");
    assert_eq!(events(&mut late, 2).await, expected);
}

pub(super) async fn progress_is_never_ahead(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    let mut stream = store.watch(&all(), start).await.expect("watching");
    let writing = async {
        for number in 0..30 {
            commit(&store, [put("a", &number.to_string())]).await;
            // Asks for progress, where the backend has to be asked.
            store.revision().await.expect("the revision");
        }
    };
    let watching = async {
        let (mut reached, mut seen) = (start, 0);
        while seen < 30 {
            match item(&mut stream).await {
                WatchItem::Events(events) => {
                    assert!(events.iter().all(|event| event.revision > reached), "told after progress to {reached}");
                    seen += events.len();
                    reached = events.last().expect("events are not empty").revision;
                }
                WatchItem::Progress(revision) => {
                    assert!(revision >= reached, "progress goes back to {revision}");
                    reached = revision;
                }
            }
        }
    };
    join(writing, watching).await;
}

pub(super) async fn of_a_commit_a_watch_sees_its_part(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    let mut stream = store.watch(&Range::prefix("/t/in/"), start).await.expect("watching");
    let done = commit(&store, [put("in/a", "1"), put("out", "2"), put("in/b", "3")]).await;
    let WatchItem::Events(seen) = next_events(&mut stream).await else { unreachable!() };
    let keys: Vec<_> = seen.iter().map(|event| (event.key.clone(), event.revision)).collect();
    assert_eq!(keys, [(key("in/a"), done.revision), (key("in/b"), done.revision)]);
}

async fn next_events(stream: &mut crate::EventStream<bytes::Bytes>) -> WatchItem<bytes::Bytes> {
    loop {
        if let found @ WatchItem::Events(_) = item(stream).await {
            return found;
        }
    }
}

pub(super) async fn a_watch_starts_after_a_key_like_a_list(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    let mut stream = store.watch(&all().after(key("b")), start).await.expect("watching");
    for name in ["a", "b", "ba", "c"] {
        create(&store, name, name).await;
    }
    let keys: Vec<_> = events(&mut stream, 2).await.into_iter().map(|event| event.key).collect();
    assert_eq!(keys, [key("ba"), key("c")]);
}

pub(super) async fn one_key_is_not_its_neighbours(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    let mut stream = store.watch(&Range::prefix("/t/a/"), start).await.expect("watching");
    store.commit(Txn::create(Key::new("/t/a"), value("1"))).await.expect("creating");
    store.commit(Txn::create(Key::new("/t/a0"), value("2"))).await.expect("creating");
    store.commit(Txn::create(Key::new("/t/a/b"), value("3"))).await.expect("creating");
    assert_eq!(events(&mut stream, 1).await[0].value, Some(value("3")));
}

pub(super) async fn watches_end_alone(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    let mut kept = store.watch(&all(), start).await.expect("watching");
    let mut dropped = store.watch(&all(), start).await.expect("watching");
    create(&store, "a", "1").await;
    events(&mut dropped, 1).await;
    drop(dropped);
    create(&store, "b", "2").await;
    assert_eq!(events(&mut kept, 2).await[1].key, key("b"));
}

pub(super) async fn a_dropped_wait_loses_nothing(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    let mut stream = store.watch(&all(), start).await.expect("watching");
    let mut seen = 0;
    for number in 0..30 {
        commit(&store, [put("a", &number.to_string())]).await;
        // Waits no longer than one look, then gives up.
        if let Some(Some(Ok(WatchItem::Events(events)))) = stream.next().now_or_never() {
            for event in events {
                assert_eq!(event.value, Some(value(&seen.to_string())));
                seen += 1;
            }
        }
    }
    let rest = if seen < 30 { events(&mut stream, 30 - seen).await } else { vec![] };
    for event in rest {
        assert_eq!(event.value, Some(value(&seen.to_string())));
        seen += 1;
    }
    assert_eq!(seen, 30);
}

pub(super) async fn an_open_watch_outlives_compaction(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    let mut stream = store.watch(&all(), start).await.expect("watching");
    let first = create(&store, "a", "1").await;
    events(&mut stream, 1).await;
    let second = store.commit(Txn::update(key("a"), first, value("2"))).await.expect("updating").revision;
    events(&mut stream, 1).await;
    store.compact(second).await.expect("compacting");
    let third = store.commit(Txn::update(key("a"), second, value("3"))).await.expect("updating").revision;
    let seen = events(&mut stream, 1).await;
    assert_eq!((seen[0].revision, &seen[0].previous), (third, &Some(value("2"))));
}

pub(super) async fn the_compacted_revision_can_be_watched_from(store: AnyStore) {
    let first = create(&store, "a", "1").await;
    let second = store.commit(Txn::update(key("a"), first, value("2"))).await.expect("updating").revision;
    let third = store.commit(Txn::update(key("a"), second, value("3"))).await.expect("updating").revision;
    store.compact(second).await.expect("compacting");
    let mut stream = store.watch(&all(), second).await.expect("watching from the oldest revision");
    let seen = events(&mut stream, 1).await;
    assert_eq!((seen[0].revision, &seen[0].previous), (third, &Some(value("2"))));
}

pub(super) async fn every_start_sees_what_follows_it(store: AnyStore) {
    let mut revisions: Vec<Revision> = vec![store.revision().await.expect("the revision")];
    for number in 0..8 {
        let op = if number % 3 == 2 { Op::Delete { key: key("a") } } else { put("a", &number.to_string()) };
        revisions.push(commit(&store, [op]).await.revision);
    }
    for (place, start) in revisions.iter().enumerate().take(8) {
        let mut stream = store.watch(&all(), *start).await.expect("watching");
        let seen: Vec<_> = events(&mut stream, 8 - place).await.into_iter().map(|event| event.revision).collect();
        assert_eq!(seen, revisions[place + 1..], "from {start}");
    }
}
