//! What commits promise.

use std::time::Duration;

use bytes::Bytes;
use futures::future::{join_all, try_join_all};

use super::{AnyStore, commit, create, events, key, put, value};
use crate::{At, CommitError, Compare, Op, Range, Revision, Txn};

fn expects(name: &str, expected: Option<Revision>) -> Compare {
    Compare { key: key(name), expected }
}

pub(super) async fn a_put_without_comparison_replaces(store: AnyStore) {
    let first = commit(&store, [put("a", "1")]).await;
    let second = commit(&store, [put("a", "2")]).await;
    assert!(second.revision > first.revision, "revisions grow");
    assert_eq!((&second.puts[0].value, second.puts[0].revision), (&value("2"), second.revision));
    let found = store.get(&key("a"), At::Now).await.expect("reading");
    assert_eq!(found.as_ref(), second.puts.first(), "a read finds what the commit answered");
}

pub(super) async fn commits_tell_what_they_did(store: AnyStore) {
    let old = commit(&store, [put("x", "old x"), put("y", "old y")]).await.revision;
    let ops = [put("b", "2"), Op::Delete { key: key("y") }, put("a", "1"), Op::Delete { key: key("absent") }];
    let done = commit(&store, ops.into_iter().chain([Op::Delete { key: key("x") }])).await;
    let puts: Vec<_> = done.puts.iter().map(|put| (put.key.clone(), put.revision)).collect();
    assert_eq!(puts, [(key("b"), done.revision), (key("a"), done.revision)], "puts stand in their order");
    let deleted: Vec<_> = done.deleted.iter().map(|gone| (gone.value.clone(), gone.revision)).collect();
    assert_eq!(deleted, [(value("old y"), old), (value("old x"), old)], "deletions tell what was there");
}

pub(super) async fn the_first_comparison_that_fails_is_told(store: AnyStore) {
    let there = create(&store, "a", "1").await;
    let conflict = async |compares: [Compare; 2]| match store
        .commit(Txn { compares: compares.into(), ops: vec![put("z", "1")] })
        .await
    {
        Err(CommitError::Conflict { key, found }) => (key, found.map(|found| found.revision)),
        other => panic!("this must conflict: {other:?}"),
    };
    assert_eq!(conflict([expects("a", Some(there)), expects("b", Some(there))]).await, (key("b"), None));
    assert_eq!(conflict([expects("a", None), expects("b", Some(there))]).await, (key("a"), Some(there)));
    assert_eq!(store.get(&key("z"), At::Now).await.expect("reading"), None);
}

pub(super) async fn one_key_guards_another(store: AnyStore) {
    let guard = create(&store, "guard", "1").await;
    let guarded = |text: &str| Txn { compares: vec![expects("guard", Some(guard))], ops: vec![put("a", text)] };
    store.commit(guarded("1")).await.expect("the guard is as expected");
    commit(&store, [put("guard", "2")]).await;
    let refused = store.commit(guarded("2")).await;
    assert!(matches!(refused, Err(CommitError::Conflict { .. })), "{refused:?}");
    assert_eq!(store.get(&key("a"), At::Now).await.expect("reading").map(|found| found.value), Some(value("1")));
}

pub(super) async fn comparisons_alone_change_nothing(store: AnyStore) {
    let there = create(&store, "a", "1").await;
    let only = |expected| Txn::<Bytes> { compares: vec![expects("a", expected)], ops: vec![] };
    let done = store.commit(only(Some(there))).await.expect("the comparison holds");
    assert_eq!((done.revision, done.puts.len(), done.deleted.len()), (there, 0, 0));
    assert!(matches!(store.commit(only(None)).await, Err(CommitError::Conflict { .. })));
    assert_eq!(store.revision().await.expect("the revision"), there);
}

pub(super) async fn a_key_that_came_back_is_another_one(store: AnyStore) {
    let first = create(&store, "a", "same").await;
    store.commit(Txn::delete(key("a"), first)).await.expect("deleting");
    let second = create(&store, "a", "same").await;
    let late = store.commit(Txn::update(key("a"), first, value("late"))).await;
    let Err(CommitError::Conflict { found: Some(found), .. }) = late else { panic!("it must conflict: {late:?}") };
    assert_eq!(found.revision, second);
}

pub(super) async fn absent_keys_cannot_be_updated(store: AnyStore) {
    let some = store.revision().await.expect("the revision");
    for txn in [Txn::update(key("a"), some, value("1")), Txn::delete(key("a"), some)] {
        let refused = store.commit(txn).await;
        let Err(CommitError::Conflict { key: at, found: None }) = refused else { panic!("no conflict: {refused:?}") };
        assert_eq!(at, key("a"));
    }
}

pub(super) async fn of_many_creators_one_wins(store: AnyStore) {
    let attempts = (0..10).map(|number| store.commit(Txn::create(key("a"), value(&number.to_string()))));
    let results = join_all(attempts).await;
    let winners: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
    assert_eq!(winners.len(), 1, "one creates it");
    for result in &results {
        if let Err(error) = result {
            let CommitError::Conflict { found: Some(found), .. } = error else { panic!("no conflict: {error:?}") };
            assert_eq!(found, &winners[0].puts[0], "all others are told of it");
        }
    }
}

pub(super) async fn no_increment_is_lost(store: AnyStore) {
    create(&store, "a", "0").await;
    let number = |bytes: &Bytes| String::from_utf8_lossy(bytes).parse::<u64>().expect("a number");
    join_all((0..6).map(|_| async {
        for _ in 0..5 {
            let mut found = store.get(&key("a"), At::Now).await.expect("reading").expect("it is there");
            while let Err(error) = {
                let more = value(&(number(&found.value) + 1).to_string());
                store.commit(Txn::update(key("a"), found.revision, more)).await
            } {
                let CommitError::Conflict { found: Some(now), .. } = error else { panic!("no conflict: {error:?}") };
                found = now;
            }
        }
    }))
    .await;
    let end = store.get(&key("a"), At::Now).await.expect("reading").expect("it is there");
    assert_eq!(number(&end.value), 30);
}

pub(super) async fn every_commit_has_its_own_revision(store: AnyStore) {
    let names: Vec<_> = (0..30).map(|number| number.to_string()).collect();
    let commits = names.iter().map(|name| store.commit(Txn::create(key(name), value(name))));
    let mut revisions: Vec<_> =
        try_join_all(commits).await.expect("creating").iter().map(|done| done.revision).collect();
    revisions.sort_unstable();
    revisions.dedup();
    assert_eq!(revisions.len(), 30);
    let later = create(&store, "later", "x").await;
    assert!(Some(&later) > revisions.last(), "what begins later has a greater revision");
}

pub(super) async fn a_hundred_keys_change_at_one_revision(store: AnyStore) {
    let done = commit(&store, (0..100).map(|number| put(&format!("{number:03}"), "x"))).await;
    let page = store.list(&Range::prefix("/t/"), At::Now, None).await.expect("listing");
    assert_eq!(page.items.len(), 100);
    assert!(page.items.iter().all(|item| item.revision == done.revision));
}

pub(super) async fn keys_are_ordered_by_their_bytes(store: AnyStore) {
    let mut names = ["a", "A", "a b", "a-b", "a.b", "a/b", "a%2Fb", "~", "ä", "日本", "a:b@c", "0"];
    commit(&store, names.iter().map(|name| put(name, name))).await;
    names.sort_unstable();
    let page = store.list(&Range::prefix("/t/"), At::Now, None).await.expect("listing");
    let found: Vec<_> = page.items.iter().map(|item| (item.key.clone(), item.value.clone())).collect();
    assert_eq!(found, names.map(|name| (key(name), value(name))));
}

pub(super) async fn values_may_be_any_bytes(store: AnyStore) {
    let all: Bytes = (0..=255u8).cycle().take(1000).collect::<Vec<_>>().into();
    store.commit(Txn::create(key("a"), all.clone())).await.expect("creating");
    assert_eq!(store.get(&key("a"), At::Now).await.expect("reading").expect("it is there").value, all);
}

pub(super) async fn the_same_value_again_is_a_change(store: AnyStore) {
    let first = create(&store, "a", "1").await;
    let mut stream = store.watch(&Range::prefix("/t/"), first).await.expect("watching");
    let again = store.commit(Txn::update(key("a"), first, value("1"))).await.expect("updating").revision;
    assert!(again > first);
    let seen = events(&mut stream, 1).await;
    assert_eq!((seen[0].revision, &seen[0].value, &seen[0].previous), (again, &Some(value("1")), &Some(value("1"))));
}

pub(super) async fn who_was_answered_is_seen_by_all(store: AnyStore) {
    for number in 0..20 {
        let name = number.to_string();
        let done = create(&store, &name, "x").await;
        assert!(store.revision().await.expect("the revision") >= done);
        assert!(store.get(&key(&name), At::Now).await.expect("reading").is_some());
        let page = store.list(&Range::prefix("/t/"), At::Now, None).await.expect("listing");
        assert!(page.items.len() > number && page.revision >= done);
    }
}

pub(super) async fn what_was_refused_is_no_event(store: AnyStore) {
    let first = create(&store, "a", "1").await;
    let mut stream = store.watch(&Range::prefix("/t/"), first).await.expect("watching");
    assert!(store.commit(Txn::create(key("a"), value("2"))).await.is_err());
    commit(&store, [Op::Delete { key: key("absent") }]).await;
    let end = create(&store, "b", "3").await;
    assert_eq!(events(&mut stream, 1).await[0].revision, end);
}

pub(super) async fn a_time_to_live_can_be_prolonged(store: AnyStore) {
    let mortal =
        |name: &str, seconds| Op::Put { key: key(name), value: value("x"), ttl: Some(Duration::from_secs(seconds)) };
    commit(&store, [mortal("kept", 1), mortal("gone", 1)]).await;
    let start = commit(&store, [mortal("kept", 3600)]).await.revision;
    let mut stream = store.watch(&Range::prefix("/t/"), start).await.expect("watching");
    let seen = events(&mut stream, 1).await;
    assert_eq!((&seen[0].key, &seen[0].value), (&key("gone"), &None));
    assert!(store.get(&key("kept"), At::Now).await.expect("reading").is_some());
}
