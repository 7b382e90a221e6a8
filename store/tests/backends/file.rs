//! The file backend keeps the promises of the trait, across restarts, crashes and damage.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::join_all;
use pintle_object_model::clock::{ManualClock, Random, SystemClock};
use pintle_store::{
    At, BytesCodec, CommitError, FileConfig, FileStore, Key, Op, Range, Store, StoreError, Txn, WatchItem, testing,
};
use tempfile::TempDir;

async fn open(config: FileConfig) -> FileStore<Bytes> {
    try_open(config).await.expect("opening the file")
}

async fn try_open(config: FileConfig) -> Result<FileStore<Bytes>, StoreError> {
    FileStore::open(config, Arc::new(BytesCodec), SystemClock::shared()).await
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn put(key: &str, value: &str) -> Txn<Bytes> {
    let op = Op::Put { key: Key::new(key), value: Bytes::copy_from_slice(value.as_bytes()), ttl: None };
    Txn { compares: vec![], ops: vec![op] }
}

#[tokio::test]
async fn keeps_the_promises_of_the_trait() {
    let folder = folder();
    let next = std::cell::Cell::new(0);
    testing::conformance(|| async {
        next.set(next.get() + 1);
        let path = folder.path().join(format!("{}.store", next.get()));
        Arc::new(open(FileConfig::new(path)).await) as Arc<dyn Store<Bytes>>
    })
    .await;
}

#[tokio::test]
async fn everything_is_there_after_opening_again() {
    let folder = folder();
    let config = FileConfig::new(folder.path().join("store"));
    let store = open(config.clone()).await;
    let first = store.commit(put("/a", "1")).await.unwrap().revision;
    let second = store.commit(put("/a", "2")).await.unwrap().revision;
    store.commit(put("/b", "x")).await.unwrap();
    let last = store.get(&Key::new("/b"), At::Now).await.unwrap().unwrap().revision;
    let end = store.commit(Txn::delete(Key::new("/b"), last)).await.unwrap().revision;
    store.close().await;

    let store = open(config).await;
    assert_eq!(store.revision().await.unwrap(), end);
    let now = store.get(&Key::new("/a"), At::Now).await.unwrap().unwrap();
    assert_eq!((now.value, now.revision), (Bytes::from("2"), second));
    let old = store.get(&Key::new("/a"), At::Revision(first)).await.unwrap().unwrap();
    assert_eq!((old.value, old.revision), (Bytes::from("1"), first));
    let mut stream = store.watch(&Range::prefix("/"), first).await.unwrap();
    let Some(Ok(WatchItem::Events(events))) = stream.next().await else { panic!("the past is replayed") };
    let changes: Vec<_> = events.into_iter().map(|event| (event.value, event.previous)).collect();
    let text = |text: &'static str| Some(Bytes::from(text));
    assert_eq!(changes, [(text("2"), text("1")), (text("x"), None), (None, text("x"))]);
    assert!(store.commit(put("/a", "3")).await.unwrap().revision > end);
}

#[tokio::test]
async fn compaction_outlives_a_restart_and_the_newest_revision_with_it() {
    let folder = folder();
    let config = FileConfig::new(folder.path().join("store"));
    let store = open(config.clone()).await;
    let first = store.commit(put("/a", "1")).await.unwrap().revision;
    let second = store.commit(put("/a", "2")).await.unwrap().revision;
    let end = store.commit(Txn::delete(Key::new("/a"), second)).await.unwrap().revision;
    store.compact(end).await.unwrap();
    store.close().await;
    let store = open(config).await;
    assert_eq!(store.revision().await.unwrap(), end);
    assert!(matches!(store.get(&Key::new("/a"), At::Revision(first)).await, Err(StoreError::Compacted { .. })));
    assert!(matches!(store.compact(end).await, Err(StoreError::Compacted { .. })));
    assert_eq!(store.get(&Key::new("/a"), At::Now).await.unwrap(), None);
}

#[tokio::test]
async fn the_file_does_not_grow_with_what_is_overwritten() {
    let folder = folder();
    let path = folder.path().join("store");
    let store = open(FileConfig { history_events_max: 100, ..FileConfig::new(&path) }).await;
    let value = "x".repeat(1024);
    let rounds = |count| {
        let (store, value) = (&store, &value);
        async move {
            for _ in 0..count {
                join_all((0..100).map(|number| store.commit(put(&format!("/{number}"), value)))).await;
            }
        }
    };
    rounds(30).await;
    let size = std::fs::metadata(&path).unwrap().len();
    rounds(30).await;
    let later = std::fs::metadata(&path).unwrap().len();
    assert!(later <= size + size / 4, "{size} bytes grew to {later}");
}

#[tokio::test]
async fn a_time_to_live_counts_while_the_store_is_closed() {
    let folder = folder();
    let config = FileConfig::new(folder.path().join("store"));
    let clock = ManualClock::at(1_000_000);
    let open = |config| FileStore::open(config, Arc::new(BytesCodec), clock.clone());
    let store = open(config.clone()).await.unwrap();
    for (key, seconds) in [("/short", 10), ("/long", 100)] {
        let ttl = Some(Duration::from_secs(seconds));
        let op = Op::Put { key: Key::new(key), value: Bytes::new(), ttl };
        store.commit(Txn { compares: vec![], ops: vec![op] }).await.unwrap();
    }
    store.close().await;
    clock.advance(Duration::from_secs(50));
    let store = open(config).await.unwrap();
    let start = store.revision().await.unwrap();
    let mut stream = store.watch(&Range::prefix("/"), start).await.unwrap();
    loop {
        if let WatchItem::Events(events) = stream.next().await.unwrap().unwrap() {
            assert_eq!((events.len(), events[0].key.as_str(), &events[0].value), (1, "/short", &None));
            break;
        }
        // The deletion may have been faster than this watch.
        if store.get(&Key::new("/short"), At::Now).await.unwrap().is_none() {
            break;
        }
    }
    assert!(store.get(&Key::new("/long"), At::Now).await.unwrap().is_some());
}

#[tokio::test]
async fn limits_and_rivals_have_names() {
    let folder = folder();
    let config = FileConfig { value_bytes_max: 3, ..FileConfig::new(folder.path().join("store")) };
    let store = open(config.clone()).await;
    let refused = store.commit(put("/a", "1234")).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::TooLarge { size: 4, max: 3, .. }))), "{refused:?}");
    let rival = try_open(config.clone()).await;
    assert!(matches!(rival, Err(StoreError::Unavailable { .. })), "{rival:?}");
    let clone = store.clone();
    store.close().await;
    let late = clone.commit(put("/a", "1")).await;
    assert!(matches!(late, Err(CommitError::Store(StoreError::Unavailable { .. }))), "{late:?}");
    open(config).await;
}

#[tokio::test]
async fn damage_is_told_and_never_served() {
    let folder = folder();
    let path = folder.path().join("store");
    let store = open(FileConfig::new(&path)).await;
    for number in 0..200 {
        store.commit(put(&format!("/{number:03}"), &format!("value {number}").repeat(20))).await.unwrap();
    }
    let right = store.list(&Range::prefix("/"), At::Now, None).await.unwrap().items;
    store.close().await;
    let whole = std::fs::read(&path).unwrap();
    let random = Random::seeded(7);
    let mut told = 0;
    for _ in 0..60 {
        let mut damaged = whole.clone();
        let at = random.below(damaged.len() as u64) as usize;
        damaged[at] ^= 1 << random.below(8);
        std::fs::write(&path, &damaged).unwrap();
        match try_open(FileConfig::new(&path)).await {
            Ok(store) => {
                let found = store.list(&Range::prefix("/"), At::Now, None).await.unwrap().items;
                assert_eq!(found, right, "byte {at}: what is served is what was stored");
                store.close().await;
            }
            Err(StoreError::Corrupt { .. }) => told += 1,
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
    assert!(told > 0, "no damage was noticed");
    std::fs::write(&path, b"this is no store, but a letter to a friend").unwrap();
    assert!(matches!(try_open(FileConfig::new(&path)).await, Err(StoreError::Corrupt { .. })));
}

/// Names the file for a child of the crash test.
const CRASH_FILE: &str = "PINTLE_CRASH_FILE";
const WRITERS: u64 = 4;

fn crash_config(path: impl AsRef<Path>) -> FileConfig {
    // Little history, so that crashes hit its removal, too.
    FileConfig { history_events_max: 60, ..FileConfig::new(path.as_ref()) }
}

/// The two keys that a writer always changes together.
fn pair(writer: u64) -> [Key; 2] {
    ["a", "b"].map(|half| Key::new(format!("/{writer}/{half}")))
}

async fn counter(store: &FileStore<Bytes>, key: &Key) -> u64 {
    let Some(found) = store.get(key, At::Now).await.unwrap() else { return 0 };
    String::from_utf8_lossy(&found.value).trim_start_matches('.').parse().unwrap()
}

/// Not a test by itself: what the crash test runs in a child process, and kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_child() {
    let Some(path) = std::env::var_os(CRASH_FILE) else { return };
    let store = open(crash_config(Path::new(&path))).await;
    join_all((0..WRITERS).map(|writer| {
        let store = &store;
        async move {
            let mut number = counter(store, &pair(writer)[0]).await;
            loop {
                number += 1;
                let padding = ".".repeat((number * 37 % 3000) as usize);
                let ops = pair(writer).map(|key| {
                    let value = Bytes::from(format!("{padding}{number}"));
                    Op::Put { key, value, ttl: None }
                });
                let revision = store.commit(Txn { compares: vec![], ops: ops.into() }).await.unwrap().revision;
                let mut out = std::io::stdout().lock();
                let told = writeln!(out, "\nack {writer} {number} {revision}").and_then(|()| out.flush());
                if told.is_err() {
                    return;
                }
            }
        }
    }))
    .await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_being_killed() {
    let folder = folder();
    let path = folder.path().join("store");
    let rounds: u64 = std::env::var("PINTLE_CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let random = Random::seeded(rounds);
    let mut acknowledged = [0u64; WRITERS as usize];
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["file::crash_child", "--exact", "--nocapture", "--test-threads=1"])
            .env(CRASH_FILE, &path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut last_revision = 0;
        let wanted = 1 + random.below(120);
        let mut seen = 0;
        let mut killed = false;
        // What is acknowledged after the kill has been sent counts as well: the pipe still holds it.
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            let Some(words) = line.strip_prefix("ack ") else { continue };
            let numbers: Vec<u64> = words.split(' ').filter_map(|word| word.parse().ok()).collect();
            // The kill may cut a line short.
            if let [writer, number, revision] = numbers[..] {
                acknowledged[writer as usize] = number;
                last_revision = last_revision.max(revision);
                seen += 1;
            }
            if seen >= wanted && !killed {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        assert!(killed, "round {round}: the child ended by itself");

        let store = open(crash_config(&path)).await;
        // A line that was cut short may tell of a smaller revision than was acknowledged, never of a larger one.
        assert!(store.revision().await.unwrap().get() >= last_revision, "round {round}");
        for writer in 0..WRITERS {
            let [a, b] = pair(writer);
            let (a, b) = (counter(&store, &a).await, counter(&store, &b).await);
            assert_eq!(a, b, "round {round}: a transaction of writer {writer} is half there");
            let told = acknowledged[writer as usize];
            assert!(a >= told, "round {round}: writer {writer} was told {told}, {a} is there");
            assert!(a <= told + 1, "round {round}: writer {writer} was told {told} and cannot have written {a}");
            acknowledged[writer as usize] = a;
        }
        store.close().await;
    }
}
