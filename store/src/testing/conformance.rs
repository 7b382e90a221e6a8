//! One test for each promise.
//!
//! In: an empty store of `Bytes`. Out: a panic that names the broken promise. Nothing here sleeps: what takes time is
//! waited for through a watch.

mod commits;
mod reads;
mod watches;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::{join, join_all};

use crate::{
    At, CommitError, Committed, Event, EventStream, Key, Op, Page, Range, Revision, Store, StoreError, Txn, WatchItem,
};

type AnyStore = Arc<dyn Store<Bytes>>;

fn key(name: &str) -> Key {
    Key::new(format!("/t/{name}"))
}

fn value(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// Tests the promises one after the other, each on a store of its own.
macro_rules! promises {
    ($make:ident: $($promise:path),* $(,)?) => { $($promise($make().await).await;)* };
}

/// Runs all promises, each on a store of its own that `make` hands out.
///
/// # Panics
/// If a promise is broken.
pub async fn conformance<F: Future<Output = AnyStore>>(make: impl Fn() -> F) {
    promises!(make:
        creating_twice_conflicts,
        updates_compare_revisions,
        transactions_are_all_or_nothing,
        lists_are_ordered_and_paged,
        old_revisions_can_be_read,
        watches_replay_and_follow,
        watches_see_their_range_only,
        commits_are_never_split,
        compaction_forgets_the_past,
        the_future_is_refused,
        a_key_stands_in_one_operation,
        doing_nothing_takes_no_revision,
        pages_of_the_past_are_whole,
        lists_are_consistent_under_writes,
        watches_see_whole_commits_in_order,
        keys_expire,
        dropped_commits_are_whole_or_absent,
        large_values_arrive,
        many_watchers_see_the_same,
        commits::a_put_without_comparison_replaces,
        commits::commits_tell_what_they_did,
        commits::the_first_comparison_that_fails_is_told,
        commits::one_key_guards_another,
        commits::comparisons_alone_change_nothing,
        commits::a_key_that_came_back_is_another_one,
        commits::absent_keys_cannot_be_updated,
        commits::of_many_creators_one_wins,
        commits::no_increment_is_lost,
        commits::every_commit_has_its_own_revision,
        commits::a_hundred_keys_change_at_one_revision,
        commits::keys_are_ordered_by_their_bytes,
        commits::values_may_be_any_bytes,
        commits::the_same_value_again_is_a_change,
        commits::who_was_answered_is_seen_by_all,
        commits::what_was_refused_is_no_event,
        commits::a_time_to_live_can_be_prolonged,
        reads::nothing_is_no_error,
        reads::prefixes_are_of_text_not_of_parts,
        reads::limits_are_kept_and_the_rest_counted,
        reads::ranges_start_after_any_key,
        reads::pages_of_now_reach_everything,
        reads::the_past_has_what_is_gone_and_lacks_what_came,
        reads::the_newest_revision_is_now,
        reads::a_list_is_as_new_as_the_store,
        reads::reads_can_be_dropped,
        reads::compaction_spares_what_is_current,
        reads::what_is_compacted_is_told,
        reads::a_page_of_a_compacted_list_is_refused,
        reads::compaction_disturbs_nobody_who_reads_now,
        watches::a_watch_from_now_leaves_the_past_out,
        watches::nothing_is_merged_in_the_past,
        watches::past_and_present_join_without_a_seam,
        watches::deletions_tell_what_was_there,
        watches::progress_is_never_ahead,
        watches::of_a_commit_a_watch_sees_its_part,
        watches::a_watch_starts_after_a_key_like_a_list,
        watches::one_key_is_not_its_neighbours,
        watches::watches_end_alone,
        watches::a_dropped_wait_loses_nothing,
        watches::an_open_watch_outlives_compaction,
        watches::the_compacted_revision_can_be_watched_from,
        watches::every_start_sees_what_follows_it,
    );
}

fn names(page: &Page<Bytes>) -> Vec<String> {
    page.items.iter().map(|item| item.key.as_str().to_owned()).collect()
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

/// How long anything may take to arrive. Not waited for unless a promise is broken.
const PATIENCE: Duration = Duration::from_secs(20);

async fn item(stream: &mut EventStream<Bytes>) -> WatchItem<Bytes> {
    let next = tokio::time::timeout(PATIENCE, stream.next()).await.expect("something arrives in time");
    next.expect("the watch goes on").expect("the watch is fine")
}

async fn events(stream: &mut EventStream<Bytes>, count: usize) -> Vec<Event<Bytes>> {
    let mut found = vec![];
    while found.len() < count {
        match item(stream).await {
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
    let range = Range::prefix("/t/");
    let is_future = |error: Option<StoreError>| match error {
        Some(StoreError::Future { asked, newest: told }) => asked == beyond && told >= newest,
        _ => false,
    };
    assert!(is_future(store.get(&key("a"), At::Revision(beyond)).await.err()), "reading");
    assert!(is_future(store.list(&range, At::Revision(beyond), Some(1)).await.err()), "listing");
    assert!(is_future(store.watch(&range, beyond).await.err()), "watching");
    assert!(is_future(store.compact(beyond).await.err()), "compacting");
}

fn put(name: &str, text: &str) -> Op<Bytes> {
    Op::Put { key: key(name), value: value(text), ttl: None }
}

async fn commit(store: &AnyStore, ops: impl IntoIterator<Item = Op<Bytes>>) -> Committed<Bytes> {
    let txn = Txn { compares: vec![], ops: ops.into_iter().collect() };
    store.commit(txn).await.expect("an unconditional commit")
}

async fn a_key_stands_in_one_operation(store: AnyStore) {
    let txn = Txn { compares: vec![], ops: vec![put("a", "1"), Op::Delete { key: key("a") }] };
    let refused = store.commit(txn).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Invalid { .. }))), "{refused:?}");
    assert_eq!(store.get(&key("a"), At::Now).await.expect("reading"), None);
}

async fn doing_nothing_takes_no_revision(store: AnyStore) {
    let newest = create(&store, "a", "1").await;
    let done = commit(&store, [Op::Delete { key: key("b") }]).await;
    assert_eq!((done.revision, done.deleted.len()), (newest, 0));
    let refused = store.commit(Txn::create(key("a"), value("2"))).await;
    assert!(refused.is_err(), "the key is there");
    assert_eq!(store.revision().await.expect("the revision"), newest);
}

async fn pages_of_the_past_are_whole(store: AnyStore) {
    for number in 0..10 {
        create(&store, &number.to_string(), "old").await;
    }
    let range = Range::prefix("/t/");
    let whole = store.list(&range, At::Now, None).await.expect("listing");
    // Everything changes between the pages: updated, deleted, created.
    commit(&store, (0..5).map(|number| put(&number.to_string(), "new"))).await;
    commit(&store, (5..10).map(|number| Op::Delete { key: key(&number.to_string()) })).await;
    commit(&store, [put("55", "new")]).await;
    let mut items = vec![];
    let mut rest = range.clone();
    for left in [7, 4, 1, 0] {
        let page = store.list(&rest, At::Revision(whole.revision), Some(3)).await.expect("a page of the past");
        assert_eq!((page.revision, page.remaining), (whole.revision, left));
        rest = range.clone().after(page.items.last().expect("a page has items").key.clone());
        items.extend(page.items);
    }
    assert_eq!(items, whole.items, "values and revisions are those of then");
}

async fn lists_are_consistent_under_writes(store: AnyStore) {
    commit(&store, [put("a", "0"), put("b", "0")]).await;
    let writing = async {
        for number in 1..40 {
            let text = number.to_string();
            commit(&store, [put("a", &text), put("b", &text)]).await;
        }
    };
    let reading = async {
        let mut last = None;
        for _ in 0..40 {
            let page = store.list(&Range::prefix("/t/"), At::Now, None).await.expect("listing");
            assert_eq!(page.items[0].value, page.items[1].value, "a list is of one revision");
            assert_eq!(page.items[0].revision, page.items[1].revision);
            assert!(page.revision >= page.items[0].revision && Some(page.revision) >= last, "lists never go back");
            last = Some(page.revision);
        }
    };
    join(writing, reading).await;
}

async fn watches_see_whole_commits_in_order(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    let range = Range::prefix("/t/");
    let mut early = store.watch(&range, start).await.expect("watching from now");
    join_all((0..4).map(|writer| {
        let store = &store;
        async move {
            // More than a backend may hand over at once, so that it has to cut somewhere.
            for number in 0..30 {
                let names = ["a", "b", "c"].map(|half| format!("{writer}/{half}"));
                commit(store, names.iter().map(|name| put(name, &number.to_string()))).await;
            }
        }
    }))
    .await;
    let mut late = store.watch(&range, start).await.expect("watching from the past");
    let mut histories = vec![];
    for stream in [&mut early, &mut late] {
        let mut history: Vec<Event<Bytes>> = vec![];
        while history.len() < 360 {
            let WatchItem::Events(events) = item(stream).await else { continue };
            assert_eq!(events.len() % 3, 0, "no commit is split");
            history.extend(events);
        }
        assert!(history.is_sorted_by_key(|event| event.revision), "changes arrive in order, whatever their key");
        for commit in history.chunks(3) {
            assert!(commit.iter().all(|event| event.revision == commit[0].revision && event.value == commit[0].value));
        }
        histories.push(history);
    }
    assert_eq!(histories[0].len(), histories[1].len());
    assert_eq!(histories[0], histories[1], "those who come later see the same");
}

async fn keys_expire(store: AnyStore) {
    let mortal = |name: &str| {
        let ttl = Some(Duration::from_secs(1));
        Op::Put { key: key(name), value: value("mortal"), ttl }
    };
    let start = commit(&store, [mortal("gone"), mortal("kept")]).await.revision;
    let kept = commit(&store, [put("kept", "immortal")]).await.revision;
    let mut stream = store.watch(&Range::prefix("/t/"), start).await.expect("watching");
    let seen = events(&mut stream, 2).await;
    assert_eq!((&seen[0].key, seen[0].revision), (&key("kept"), kept));
    let gone = Event { key: key("gone"), revision: seen[1].revision, value: None, previous: Some(value("mortal")) };
    assert_eq!(seen[1], gone);
    assert_eq!(store.get(&key("gone"), At::Now).await.expect("reading"), None);
    assert_eq!(store.get(&key("kept"), At::Now).await.expect("reading").map(|found| found.revision), Some(kept));
}

/// Drops a future at its first wait after so many turns of everybody else, so that the cuts fall on different awaits.
async fn cut_short<T>(turns: u32, future: impl Future<Output = T>) -> Option<T> {
    let others = async {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        done = future => Some(done),
        () = others => None,
    }
}

async fn dropped_commits_are_whole_or_absent(store: AnyStore) {
    for round in 0..20 {
        let names = ["a", "b"].map(|half| format!("{round}/{half}"));
        let ops = names.iter().map(|name| put(name, "x")).collect();
        let done = cut_short(round, store.commit(Txn { compares: vec![], ops })).await;
        assert!(done.is_none_or(|done| done.is_ok()));
    }
    for _ in 0..5 {
        // Another commit takes its time, in which dropped ones may still arrive.
        commit(&store, [put("other", "x")]).await;
        let page = store.list(&Range::prefix("/t/"), At::Now, None).await.expect("listing");
        for round in 0..20 {
            let prefix = format!("/t/{round}/");
            let halves = page.items.iter().filter(|item| item.key.as_str().starts_with(&prefix)).count();
            assert!(halves == 0 || halves == 2, "round {round}: {halves} of two keys are there");
        }
    }
}

async fn large_values_arrive(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    let mut stream = store.watch(&Range::prefix("/t/"), start).await.expect("watching");
    let large = Bytes::from((0..1u32 << 20).map(|number| ((number * 31) >> 3) as u8).collect::<Vec<_>>());
    store.commit(Txn::create(key("large"), large.clone())).await.expect("creating one megabyte");
    let empty = commit(&store, [Op::Put { key: key("empty"), value: Bytes::new(), ttl: None }]).await;
    assert_eq!(empty.puts[0].value, Bytes::new());
    let seen = events(&mut stream, 2).await;
    assert!(seen[0].value.as_ref() == Some(&large), "the event holds it");
    assert_eq!(seen[1].value, Some(Bytes::new()), "an empty value is no deletion");
    let read = store.get(&key("large"), At::Now).await.expect("reading").expect("it is there");
    assert!(read.value == large, "a read holds it");
}

async fn many_watchers_see_the_same(store: AnyStore) {
    let start = store.revision().await.expect("the revision");
    let range = Range::prefix("/t/");
    let mut streams = vec![];
    for _ in 0..100 {
        streams.push(store.watch(&range, start).await.expect("watching"));
    }
    // Half of them go before anything happens.
    streams.truncate(50);
    for number in 0..5 {
        commit(&store, [put("a", &number.to_string())]).await;
    }
    let seen = join_all(streams.iter_mut().map(|stream| events(stream, 5))).await;
    assert!(seen.iter().all(|events| *events == seen[0] && events.len() == 5), "all see the same");
}
