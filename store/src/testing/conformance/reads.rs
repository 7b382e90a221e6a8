//! What reads promise, now and in the past.

use futures::future::join;

use super::{AnyStore, commit, create, cut_short, key, names, put, value};
use crate::{At, Op, Range, StoreError, Txn};

pub(super) async fn nothing_is_no_error(store: AnyStore) {
    let newest = store.revision().await.expect("the revision");
    assert_eq!(store.get(&key("a"), At::Now).await.expect("reading"), None);
    let page = store.list(&Range::prefix("/t/"), At::Now, None).await.expect("listing");
    assert_eq!((page.items.len(), page.remaining), (0, 0));
    assert!(page.revision >= newest);
}

pub(super) async fn prefixes_are_of_text_not_of_parts(store: AnyStore) {
    commit(&store, ["a", "a/x", "ab", "b"].map(|name| put(name, name))).await;
    for (prefix, expected) in [
        ("/t/a", &["/t/a", "/t/a/x", "/t/ab"][..]),
        ("/t/a/", &["/t/a/x"]),
        ("/t/", &["/t/a", "/t/a/x", "/t/ab", "/t/b"]),
        ("", &["/t/a", "/t/a/x", "/t/ab", "/t/b"]),
        ("/t/c", &[]),
    ] {
        let page = store.list(&Range::prefix(prefix), At::Now, None).await.expect("listing");
        assert_eq!(names(&page), expected, "{prefix:?}");
    }
}

pub(super) async fn limits_are_kept_and_the_rest_counted(store: AnyStore) {
    commit(&store, (0..7).map(|number| put(&number.to_string(), "x"))).await;
    for (limit, items, remaining) in [(0, 0, 7), (1, 1, 6), (6, 6, 1), (7, 7, 0), (100, 7, 0)] {
        let page = store.list(&Range::prefix("/t/"), At::Now, Some(limit)).await.expect("listing");
        assert_eq!((page.items.len(), page.remaining), (items, remaining), "limit {limit}");
    }
}

pub(super) async fn ranges_start_after_any_key(store: AnyStore) {
    commit(&store, ["b", "d", "f"].map(|name| put(name, name))).await;
    for (after, expected) in [
        ("/t/b", &["/t/d", "/t/f"][..]),
        // Neither has to be there, nor be in the range.
        ("/t/c", &["/t/d", "/t/f"]),
        ("/a", &["/t/b", "/t/d", "/t/f"]),
        ("/t/f", &[]),
        ("/z", &[]),
    ] {
        let range = Range::prefix("/t/").after(crate::Key::new(after));
        assert_eq!(names(&store.list(&range, At::Now, None).await.expect("listing")), expected, "after {after}");
    }
}

pub(super) async fn pages_of_now_reach_everything(store: AnyStore) {
    commit(&store, (0..57).map(|number| put(&format!("{number:02}"), "x"))).await;
    let (mut range, mut seen) = (Range::prefix("/t/"), vec![]);
    loop {
        let page = store.list(&range, At::Now, Some(10)).await.expect("listing");
        seen.extend(names(&page));
        match page.items.last() {
            Some(last) if page.remaining > 0 => range = Range::prefix("/t/").after(last.key.clone()),
            _ => break,
        }
    }
    assert_eq!(seen, (0..57).map(|number| format!("/t/{number:02}")).collect::<Vec<_>>());
}

pub(super) async fn the_past_has_what_is_gone_and_lacks_what_came(store: AnyStore) {
    let first = create(&store, "gone", "1").await;
    let second = create(&store, "kept", "2").await;
    store.commit(Txn::delete(key("gone"), first)).await.expect("deleting");
    create(&store, "new", "3").await;
    let past = store.list(&Range::prefix("/t/"), At::Revision(second), None).await.expect("listing the past");
    assert_eq!((names(&past), past.revision), (vec!["/t/gone".to_owned(), "/t/kept".into()], second));
    assert_eq!(store.get(&key("kept"), At::Revision(first)).await.expect("reading"), None, "it was not there yet");
    let gone = store.get(&key("gone"), At::Revision(second)).await.expect("reading").expect("it was there");
    assert_eq!((gone.value, gone.revision), (value("1"), first));
}

pub(super) async fn the_newest_revision_is_now(store: AnyStore) {
    commit(&store, [put("a", "1"), put("b", "2")]).await;
    let range = Range::prefix("/t/");
    let now = store.list(&range, At::Now, None).await.expect("listing");
    assert_eq!(store.list(&range, At::Revision(now.revision), None).await.expect("listing"), now);
}

pub(super) async fn a_list_is_as_new_as_the_store(store: AnyStore) {
    let inside = create(&store, "a", "1").await;
    let outside = store.commit(Txn::create(crate::Key::new("/u/a"), value("2"))).await.expect("creating").revision;
    let page = store.list(&Range::prefix("/t/"), At::Now, None).await.expect("listing");
    assert!(page.revision >= outside, "also if nothing in the range has changed");
    assert_eq!(page.items[0].revision, inside, "each item has the revision of its own change");
}

pub(super) async fn reads_can_be_dropped(store: AnyStore) {
    create(&store, "a", "1").await;
    let range = Range::prefix("/t/");
    let now = store.revision().await.expect("the revision");
    for turns in 0..20 {
        drop(cut_short(turns, store.get(&key("a"), At::Now)).await);
        drop(cut_short(turns, store.list(&range, At::Now, None)).await);
        drop(cut_short(turns, store.watch(&range, now)).await);
        drop(cut_short(turns, store.revision()).await);
    }
    assert_eq!(store.list(&range, At::Now, None).await.expect("listing").items.len(), 1);
}

pub(super) async fn compaction_spares_what_is_current(store: AnyStore) {
    let first = create(&store, "old", "1").await;
    let gone = create(&store, "gone", "2").await;
    store.commit(Txn::delete(key("gone"), gone)).await.expect("deleting");
    let newest = create(&store, "new", "3").await;
    store.compact(newest).await.expect("compacting at the newest revision");
    let range = Range::prefix("/t/");
    for at in [At::Now, At::Revision(newest)] {
        let page = store.list(&range, at, None).await.expect("listing");
        assert_eq!((names(&page), page.items[1].revision), (vec!["/t/new".to_owned(), "/t/old".into()], first));
        assert_eq!(store.get(&key("gone"), at).await.expect("reading"), None);
    }
    assert!(create(&store, "gone", "4").await > newest, "revisions go on");
}

pub(super) async fn what_is_compacted_is_told(store: AnyStore) {
    let first = create(&store, "a", "1").await;
    commit(&store, [put("a", "2")]).await;
    let last = commit(&store, [put("a", "3")]).await.revision;
    store.compact(last).await.expect("compacting");
    let is_told = |error: Option<StoreError>| match error {
        Some(StoreError::Compacted { asked, oldest }) => asked == first && oldest > first && oldest <= last,
        _ => false,
    };
    let range = Range::prefix("/t/");
    assert!(is_told(store.get(&key("a"), At::Revision(first)).await.err()), "reading");
    assert!(is_told(store.list(&range, At::Revision(first), Some(1)).await.err()), "listing");
    assert!(is_told(store.watch(&range, first).await.err()), "watching");
    assert!(is_told(store.compact(first).await.err()), "compacting");
    let again = store.compact(last).await;
    assert!(matches!(again, Err(StoreError::Compacted { asked, .. }) if asked == last), "{again:?}");
}

pub(super) async fn a_page_of_a_compacted_list_is_refused(store: AnyStore) {
    commit(&store, (0..5).map(|number| put(&number.to_string(), "x"))).await;
    let first = store.list(&Range::prefix("/t/"), At::Now, Some(2)).await.expect("listing");
    let later = commit(&store, [put("4", "y")]).await.revision;
    store.compact(later).await.expect("compacting");
    let rest = Range::prefix("/t/").after(first.items[1].key.clone());
    let refused = store.list(&rest, At::Revision(first.revision), Some(2)).await;
    assert!(matches!(refused, Err(StoreError::Compacted { .. })), "{refused:?}");
}

pub(super) async fn compaction_disturbs_nobody_who_reads_now(store: AnyStore) {
    commit(&store, [put("a", "0"), put("b", "0")]).await;
    let range = Range::prefix("/t/");
    let compacting = async {
        for number in 0..20 {
            let done = commit(&store, [put("a", &number.to_string()), Op::Delete { key: key("absent") }]).await;
            store.compact(done.revision).await.expect("compacting");
        }
    };
    let reading = async {
        for _ in 0..20 {
            assert_eq!(store.list(&range, At::Now, None).await.expect("listing").items.len(), 2);
            assert!(store.get(&key("b"), At::Now).await.expect("reading").is_some());
        }
    };
    join(compacting, reading).await;
}
