//! The etcd backend on a real etcd, also when connections and members fail.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use pintle_object_model::api::core::v1::{Pod, Secret};
use pintle_object_model::clock::SystemClock;
use pintle_object_model::{Object, Scheme};
use pintle_store::{
    At, BytesCodec, CommitError, EtcdConfig, EtcdStore, EtcdTls, EtcdUser, Event, EventStream, Key, ObjectCodec, Op,
    Range, Revision, Store, StoreError, Txn, WatchItem, testing,
};

use crate::support::{TestEtcd, free_port};

impl TestEtcd {
    /// The same over TLS, with one certificate for server, clients and authority.
    fn start_tls(certificate: &Path, key: &Path) -> Self {
        let mut more = vec![OsString::from("--client-cert-auth")];
        for (flag, file) in [("--cert-file", certificate), ("--key-file", key), ("--trusted-ca-file", certificate)] {
            more.extend([flag.into(), file.into()]);
        }
        Self::start_with("https", more)
    }

    /// A store in it.
    pub(crate) async fn store(&self) -> EtcdStore<Bytes> {
        self.store_with(EtcdConfig::new([self.url()])).await
    }

    /// The same, configured.
    pub(crate) async fn store_with(&self, config: EtcdConfig) -> EtcdStore<Bytes> {
        EtcdStore::connect(config, Arc::new(BytesCodec), SystemClock::shared()).await.expect("connecting to etcd")
    }

    /// A store in it, emptied.
    pub(crate) async fn empty_store(&self) -> EtcdStore<Bytes> {
        let store = self.store().await;
        let all = store.list(&Range::prefix(""), At::Now, None).await.expect("listing everything");
        for chunk in all.items.chunks(100) {
            let ops = chunk.iter().map(|item| Op::Delete { key: item.key.clone() }).collect();
            store.commit(Txn { compares: vec![], ops }).await.expect("deleting everything");
        }
        store
    }
}

fn value(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn put(store: &EtcdStore<Bytes>, key: &str, text: &str, ttl: Option<Duration>) -> Revision {
    let op = Op::Put { key: Key::new(key), value: value(text), ttl };
    store.commit(Txn { compares: vec![], ops: vec![op] }).await.expect("putting").revision
}

/// The values of the next events, deletions as "-".
async fn seen(stream: &mut EventStream<Bytes>, count: usize) -> Vec<String> {
    let mut found = vec![];
    while found.len() < count {
        let item = tokio::time::timeout(Duration::from_secs(20), stream.next()).await.expect("in time");
        if let WatchItem::Events(events) = item.expect("the watch goes on").expect("the watch is fine") {
            found.extend(events.into_iter().map(|event| match event.value {
                Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                None => "-".into(),
            }));
        }
    }
    found
}

#[tokio::test]
async fn keeps_the_promises_of_the_trait() {
    let etcd = TestEtcd::start(&[]);
    testing::conformance(|| async { Arc::new(etcd.empty_store().await) as Arc<dyn Store<Bytes>> }).await;
}

#[tokio::test]
async fn a_watch_survives_a_restart_of_etcd_without_gap_or_repeat() {
    let mut etcd = TestEtcd::start(&[]);
    let store = etcd.store().await;
    let start = store.revision().await.unwrap();
    let mut stream = store.watch(&Range::prefix("/"), start).await.unwrap();
    put(&store, "/a", "1", None).await;
    assert_eq!(seen(&mut stream, 1).await, ["1"]);
    put(&store, "/a", "2", None).await;
    etcd.restart();
    // The first commit may meet the connection that the restart broke; reading mends it.
    store.revision().await.unwrap();
    put(&store, "/a", "3", None).await;
    let last = store.get(&Key::new("/a"), At::Now).await.unwrap().unwrap().revision;
    store.commit(Txn::delete(Key::new("/a"), last)).await.unwrap();
    assert_eq!(seen(&mut stream, 3).await, ["2", "3", "-"]);
}

#[tokio::test]
async fn another_member_answers_when_one_does_not() {
    let etcd = TestEtcd::start(&[]);
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let store = etcd.store_with(EtcdConfig::new([nobody, etcd.url()])).await;
    let revision = put(&store, "/a", "1", None).await;
    let mut stream = store.watch(&Range::prefix("/"), revision).await.unwrap();
    put(&store, "/a", "2", None).await;
    assert_eq!(seen(&mut stream, 1).await, ["2"]);
}

#[tokio::test]
async fn an_etcd_that_is_gone_is_unavailable() {
    let mut etcd = TestEtcd::start(&[]);
    let store = etcd.store_with(EtcdConfig { watch_retries_max: 1, ..EtcdConfig::new([etcd.url()]) }).await;
    let start = store.revision().await.unwrap();
    let mut stream = store.watch(&Range::prefix("/"), start).await.unwrap();
    etcd.kill();
    let read = store.get(&Key::new("/a"), At::Now).await;
    assert!(matches!(read, Err(StoreError::Unavailable { .. })), "{read:?}");
    let write = store.commit(Txn::create(Key::new("/a"), value("1"))).await;
    assert!(matches!(write, Err(CommitError::Store(StoreError::Unavailable { .. }))), "{write:?}");
    let item = stream.next().await;
    assert!(matches!(item, Some(Err(StoreError::Unavailable { .. }))), "{item:?}");
    assert!(stream.next().await.is_none(), "a watch ends after its error");
    let nobody = EtcdConfig::new([etcd.url()]);
    let connected = EtcdStore::connect(nobody, Arc::new(BytesCodec), SystemClock::shared()).await;
    assert!(matches!(connected, Err(StoreError::Unavailable { .. })), "{connected:?}");
}

/// Major, minor and patch version of the etcd that tests run.
fn version() -> (u32, u32, u32) {
    let etcd = crate::support::find().expect("etcd is there");
    let told = std::process::Command::new(etcd).arg("--version").output().expect("etcd tells its version").stdout;
    let told = String::from_utf8_lossy(&told).into_owned();
    let numbers = told.split_once("etcd Version: ").expect("its version").1;
    let mut parts = numbers.split(['.', '\n', '-']).map(|part| part.parse().expect("a number"));
    let mut next = || parts.next().expect("three numbers");
    (next(), next(), next())
}

#[tokio::test]
async fn an_etcd_that_does_not_answer_is_unavailable_in_time() {
    let etcd = TestEtcd::start(&[]);
    let patience = Duration::from_millis(300);
    let store = etcd.store_with(EtcdConfig { request_timeout: patience, ..EtcdConfig::new([etcd.url()]) }).await;
    let start = store.revision().await.unwrap();
    etcd.pause();
    let read = store.get(&Key::new("/a"), At::Now).await.unwrap_err();
    let text = |error: &StoreError| format!("{error}: {}", std::error::Error::source(error).unwrap());
    assert!(text(&read).contains("did not answer in time"), "{}", text(&read));
    let write = store.commit(Txn::create(Key::new("/a"), value("1"))).await;
    let Err(CommitError::Store(write @ StoreError::Unavailable { .. })) = write else { panic!("{write:?}") };
    assert!(text(&write).contains("while committing"), "{}", text(&write));
    let watch = store.watch(&Range::prefix("/"), start).await.err();
    assert!(matches!(watch, Some(StoreError::Unavailable { .. })), "{watch:?}");
    etcd.resume();
    // What timed out may have been done all the same.
    store.revision().await.unwrap();
    put(&store, "/b", "2", None).await;
    let mut stream = store.watch(&Range::prefix("/b"), start).await.unwrap();
    assert_eq!(seen(&mut stream, 1).await, ["2"]);
}

/// Runs the program that comes with etcd; its output.
fn etcdctl(etcd: &TestEtcd, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let program = crate::support::find().expect("etcd is there").with_file_name("etcdctl");
    let mut child = std::process::Command::new(program)
        .env("ETCDCTL_API", "3")
        .args(["--endpoints", &etcd.url()])
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("etcdctl stands beside etcd");
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), input).expect("etcdctl reads");
    let output = child.wait_with_output().expect("etcdctl ends");
    assert!(output.status.success(), "etcdctl {arguments:?}");
    output.stdout
}

#[tokio::test]
async fn users_log_in_and_stay_logged_in() {
    let mut etcd = TestEtcd::start(&[]);
    for arguments in [&["user", "add", "root:right"][..], &["user", "grant-role", "root", "root"], &["auth", "enable"]]
    {
        etcdctl(&etcd, arguments, b"");
    }
    let config = |password: &str| {
        let user = Some(EtcdUser { name: "root".into(), password: password.into() });
        EtcdConfig { user, ..EtcdConfig::new([etcd.url()]) }
    };
    for wrong in [config("wrong"), EtcdConfig::new([etcd.url()])] {
        let refused = EtcdStore::<Bytes>::connect(wrong, Arc::new(BytesCodec), SystemClock::shared()).await;
        assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{refused:?}");
    }
    let shown = format!("{:?}", config("right").user);
    assert!(!shown.contains("right"), "{shown}");
    let store = etcd.store_with(config("right")).await;
    let start = put(&store, "/a", "1", None).await;
    let mut stream = store.watch(&Range::prefix("/"), start).await.unwrap();
    // Tokens that are older than a change of users are refused, and all are forgotten when etcd is started again.
    etcdctl(&etcd, &["--user", "root:right", "user", "add", "other:x"], b"");
    put(&store, "/a", "2", None).await;
    etcd.restart();
    store.revision().await.unwrap();
    put(&store, "/a", "3", None).await;
    assert_eq!(seen(&mut stream, 2).await, ["2", "3"]);
}

#[tokio::test]
async fn history_is_compacted_in_turns() {
    let etcd = TestEtcd::start(&[]);
    let stores = [etcd.store().await, etcd.store().await];
    let first = put(&stores[0], "/a", "1", None).await;
    put(&stores[0], "/a", "2", None).await;
    let start = stores[0].revision().await.unwrap();
    let mut turns = stores[0].watch(&Range::prefix("compact_rev_key"), start).await.unwrap();
    let second = Duration::from_secs(1);
    let compacting = async { tokio::join!(stores[0].keep_compacted(second), stores[1].keep_compacted(second)) };
    let watching = async {
        assert_eq!(seen(&mut turns, 1).await, ["0"], "the first turn knows no revision yet");
        seen(&mut turns, 2).await
    };
    let compacted_at = tokio::select! {
        _ = compacting => unreachable!("it never ends"),
        values = watching => values,
    };
    let numbers: Vec<u64> = compacted_at.iter().map(|text| text.parse().unwrap()).collect();
    assert!(numbers[0] >= start.get() && numbers[1] > numbers[0], "{numbers:?}");
    let past = stores[1].get(&Key::new("/a"), At::Revision(first)).await;
    assert!(matches!(past, Err(StoreError::Compacted { .. })), "{past:?}");
    assert_eq!(stores[1].get(&Key::new("/a"), At::Now).await.unwrap().unwrap().value, value("2"));
}

/// A field of a protobuf message, written by hand.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(content.len()).expect("it is short")], content].concat()
}

/// As a kube-apiserver leaves it: an envelope with all its members, empty or not, around the object.
fn as_kubernetes_writes(kind: &str, object: &[u8]) -> Vec<u8> {
    let kind = [field(1, b"v1"), field(2, kind.as_bytes())].concat();
    [b"k8s\0".to_vec(), field(1, &kind), field(2, object), field(3, b""), field(4, b"")].concat()
}

#[tokio::test]
async fn etcdctl_and_pintle_read_what_the_other_wrote() {
    let etcd = TestEtcd::start(&[]);
    let codec = Arc::new(ObjectCodec::new(Scheme::builtin()));
    let config = EtcdConfig::new([etcd.url()]);
    let store: EtcdStore<Object> = EtcdStore::connect(config, codec, SystemClock::shared()).await.unwrap();
    let start = store.revision().await.unwrap();
    let mut stream = store.watch(&Range::prefix("/registry/"), start).await.unwrap();

    let metadata = [field(1, b"m"), field(2, b""), field(3, b"default"), field(5, b"uid-1")].concat();
    let entry = [field(1, b"key"), field(2, b"text")].concat();
    let map = as_kubernetes_writes("ConfigMap", &[field(1, &metadata), field(2, &entry)].concat());
    etcdctl(&etcd, &["put", "/registry/configmaps/default/m"], &map);
    let custom = br#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"default"},"spec":{"size":3}}"#;
    etcdctl(&etcd, &["put", "/registry/example.com/widgets/default/w"], custom);
    let page = store.list(&Range::prefix("/registry/"), At::Now, None).await.unwrap();
    let trees: Vec<_> = page.items.iter().map(|item| item.value.to_value()).collect();
    let revisions: Vec<_> = page.items.iter().map(|item| item.revision.to_string()).collect();
    assert_eq!(trees[0]["data"]["key"], "text");
    assert_eq!(trees[0]["metadata"]["uid"], "uid-1");
    assert_eq!(
        (&trees[0]["metadata"]["resourceVersion"], &trees[1]["spec"]["size"]),
        (&revisions[0].clone().into(), &3.into())
    );
    let mut arrived = vec![];
    while arrived.len() < 2 {
        if let WatchItem::Events(events) = stream.next().await.unwrap().unwrap() {
            arrived.extend(events.into_iter().map(|event| event.value.unwrap()));
        }
    }
    assert_eq!(arrived.iter().collect::<Vec<_>>(), page.items.iter().map(|item| &item.value).collect::<Vec<_>>());

    let mut secret = Secret::default();
    secret.metadata.name = "s".into();
    secret.data.insert("key".into(), vec![0, 255].into());
    store.commit(Txn::create(Key::new("/registry/secrets/default/s"), Object::new(secret))).await.unwrap();
    let mut raw = etcdctl(&etcd, &["get", "--print-value-only", "/registry/secrets/default/s"], b"");
    assert_eq!(raw.pop(), Some(b'\n'));
    let envelope = pintle_object_model::protobuf::decode_envelope(&raw).unwrap();
    assert_eq!((envelope.api_version.as_str(), envelope.kind.as_str()), ("v1", "Secret"));
    let mut read = Secret::default();
    pintle_object_model::protobuf::decode(envelope.raw, &mut read).unwrap();
    assert_eq!((read.metadata.name.as_str(), read.metadata.resource_version.as_str()), ("s", ""));
    assert_eq!(read.data["key"], vec![0, 255].into());
    etcdctl(&etcd, &["del", "/registry/secrets/default/s"], b"");
    assert_eq!(store.get(&Key::new("/registry/secrets/default/s"), At::Now).await.unwrap(), None);
}

#[tokio::test]
async fn whoever_asks_for_the_revision_sees_a_watch_get_there() {
    let etcd = TestEtcd::start(&[]);
    let store = etcd.store().await;
    let start = store.revision().await.unwrap();
    let mut stream = store.watch(&Range::prefix("/in/"), start).await.unwrap();
    let outside = put(&store, "/out/a", "1", None).await;
    assert_eq!(store.revision().await.unwrap(), outside);
    // An etcd before 3.4.25 or 3.5.8 may claim progress too early: it is not asked, and tells only what happens.
    let expected = if version() >= (3, 5, 8) || ((3, 4, 25)..(3, 5, 0)).contains(&version()) {
        WatchItem::Progress(outside)
    } else {
        let revision = put(&store, "/in/a", "1", None).await;
        WatchItem::Events(vec![Event { key: Key::new("/in/a"), revision, value: Some(value("1")), previous: None }])
    };
    let item = tokio::time::timeout(Duration::from_secs(5), stream.next()).await.expect("it arrives soon");
    assert_eq!(item.unwrap().unwrap(), expected);
}

#[tokio::test]
async fn lists_are_read_in_pages_of_one_revision() {
    let etcd = TestEtcd::start(&[]);
    let store = etcd.store_with(EtcdConfig { page_keys: 2, ..EtcdConfig::new([etcd.url()]) }).await;
    for number in 0..7 {
        put(&store, &format!("/l/{number}"), "x", None).await;
    }
    let all = store.list(&Range::prefix("/l/"), At::Now, None).await.unwrap();
    assert_eq!((all.items.len(), all.remaining), (7, 0));
    let some = store.list(&Range::prefix("/l/"), At::Now, Some(5)).await.unwrap();
    assert_eq!((some.items.len(), some.remaining, some.items[4].key.as_str()), (5, 2, "/l/4"));
    let none = store.list(&Range::prefix("/l/"), At::Now, Some(0)).await.unwrap();
    assert_eq!((none.items.len(), none.remaining), (0, 7));
}

#[tokio::test]
async fn limits_of_etcd_have_names() {
    let etcd = TestEtcd::start(&["--quota-backend-bytes", "4194304"]);
    let store = etcd.store().await;
    let large = Bytes::from(vec![0; 2 << 20]);
    let Err(CommitError::Store(StoreError::TooLarge { size, max, .. })) =
        store.commit(Txn::create(Key::new("/a"), large.clone())).await
    else {
        panic!("two megabytes are too large")
    };
    assert_eq!((size, max), (2 << 20, 1536 * 1024 - 4096));
    let trusting = etcd.store_with(EtcdConfig { value_bytes_max: 4 << 20, ..EtcdConfig::new([etcd.url()]) }).await;
    let refused = trusting.commit(Txn::create(Key::new("/a"), large)).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::TooLarge { .. }))), "{refused:?}");

    // etcd counts what it has written out, which it does in batches: how many it takes first depends on the disk.
    let mut full = None;
    for number in 0..200 {
        let done = store.commit(Txn::create(Key::new(format!("/{number}")), Bytes::from(vec![1; 1 << 20]))).await;
        if let Err(error) = done {
            full = Some(error);
            break;
        }
    }
    assert!(matches!(full, Some(CommitError::Store(StoreError::NoSpace))), "{full:?}");
}

#[tokio::test]
async fn keys_of_one_time_to_live_share_a_lease_and_still_expire() {
    let etcd = TestEtcd::start(&[]);
    let store = etcd.store().await;
    let start = put(&store, "/short", "1", Some(Duration::from_millis(300))).await;
    put(&store, "/e/1", "1", Some(Duration::from_secs(3600))).await;
    put(&store, "/e/2", "1", Some(Duration::from_secs(3600))).await;
    let mut stream = store.watch(&Range::prefix("/short"), start).await.unwrap();
    assert_eq!(seen(&mut stream, 1).await, ["-"]);
    assert!(store.get(&Key::new("/e/2"), At::Now).await.unwrap().is_some());
}

#[tokio::test]
async fn endpoints_are_checked() {
    for (url, why) in [
        ("127.0.0.1:1", "must start with http"),
        ("https://127.0.0.1:1", "certificate authority"),
        ("http://[", "etcd endpoint"),
    ] {
        let config = EtcdConfig::new([url]);
        let error = EtcdStore::<Bytes>::connect(config, Arc::new(BytesCodec), SystemClock::shared()).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }) && error.to_string().contains(why), "{url}: {error}");
    }
}

#[tokio::test]
async fn members_are_reached_over_tls_with_a_client_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let signed = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into(), "etcd.test".into()]).unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, signed.cert.pem()).unwrap();
    std::fs::write(&key, signed.signing_key.serialize_pem()).unwrap();
    let etcd = TestEtcd::start_tls(&certificate, &key);
    let tls = EtcdTls {
        ca_pem: signed.cert.pem().into_bytes(),
        identity_pem: Some((signed.cert.pem().into_bytes(), signed.signing_key.serialize_pem().into_bytes())),
        server_name: Some("etcd.test".into()),
    };
    let config = |tls| EtcdConfig { tls: Some(tls), ..EtcdConfig::new([etcd.url()]) };
    let store = etcd.store_with(config(tls.clone())).await;
    put(&store, "/a", "1", None).await;
    let other = rcgen::generate_simple_self_signed(vec!["etcd.test".into()]).unwrap();
    for wrong in
        [EtcdTls { identity_pem: None, ..tls.clone() }, EtcdTls { ca_pem: other.cert.pem().into_bytes(), ..tls }]
    {
        let refused = EtcdStore::<Bytes>::connect(config(wrong), Arc::new(BytesCodec), SystemClock::shared()).await;
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn objects_are_stored_as_kubernetes_does_and_read_with_their_revision() {
    let etcd = TestEtcd::start(&[]);
    let codec = Arc::new(ObjectCodec::new(Scheme::builtin()));
    let config = EtcdConfig::new([etcd.url()]);
    let objects: EtcdStore<Object> = EtcdStore::connect(config, codec, SystemClock::shared()).await.unwrap();
    let mut pod = Pod::default();
    pod.metadata.name = "p".into();
    pod.metadata.namespace = "default".into();
    let key = Key::new("/registry/pods/default/p");
    let created = objects.commit(Txn::create(key.clone(), Object::new(pod))).await.unwrap();
    let version = |object: &Object| object.metadata().resource_version.clone();
    assert_eq!(version(&created.puts[0].value), created.revision.to_string());
    let mut changed = created.puts[0].value.clone();
    changed.edit_metadata(|metadata| {
        metadata.labels.insert("a".into(), "b".into());
    });
    let mut stream = objects.watch(&Range::prefix("/registry/"), created.revision).await.unwrap();
    let updated = objects.commit(Txn::update(key.clone(), created.revision, changed)).await.unwrap();
    let WatchItem::Events(events) = stream.next().await.unwrap().unwrap() else { panic!("the update arrives") };
    let (new, old) = (events[0].value.as_ref().unwrap(), events[0].previous.as_ref().unwrap());
    assert_eq!((version(new), version(old)), (updated.revision.to_string(), created.revision.to_string()));
    assert_eq!(new, &updated.puts[0].value, "the event holds what the writer was given");

    let raw = etcd.store().await.get(&key, At::Now).await.unwrap().unwrap().value;
    assert!(raw.starts_with(b"k8s\0"), "{raw:?}");
    let kept = pintle_object_model::protobuf::decode_envelope(&raw).unwrap();
    assert_eq!((kept.api_version.as_str(), kept.kind.as_str()), ("v1", "Pod"));
    let mut kept_pod = Pod::default();
    pintle_object_model::protobuf::decode(kept.raw, &mut kept_pod).unwrap();
    assert_eq!(kept_pod.metadata.resource_version, "", "the revision is etcd's to tell");
    let gone = objects.commit(Txn::delete(key, updated.revision)).await.unwrap();
    assert_eq!(version(&gone.deleted[0].value), updated.revision.to_string());
}
