//! What commits and reads cost: the memory backend against a plain `BTreeMap` under a mutex, the file backend with few
//! and many writers, and etcd where one is installed.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::future::join_all;
use pintle_object_model::clock::SystemClock;
use pintle_store::{
    At, BytesCodec, EtcdConfig, EtcdStore, FileConfig, FileStore, Key, MemoryConfig, MemoryStore, Op, Range, Store, Txn,
};

#[path = "../tests/backends/support.rs"]
mod support;

const KEYS: u64 = 100_000;
const VALUE_BYTES: usize = 1024;

fn key(number: u64) -> Key {
    Key::new(format!("/registry/pods/default/{number:08}"))
}

fn put(number: u64, value: &Bytes) -> Txn<Bytes> {
    Txn { compares: vec![], ops: vec![Op::Put { key: key(number % KEYS), value: value.clone(), ttl: None }] }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

fn memory(criterion: &mut Criterion) {
    let runtime = runtime();
    let value = Bytes::from(vec![7; VALUE_BYTES]);
    let plain: Mutex<BTreeMap<Key, Bytes>> = Mutex::default();
    let store = MemoryStore::new(MemoryConfig::default(), SystemClock::shared());
    for number in 0..KEYS {
        plain.lock().expect("not poisoned").insert(key(number), value.clone());
        runtime.block_on(store.commit(put(number, &value))).expect("committing");
    }
    let mut group = criterion.benchmark_group("memory");
    let mut number = 0;
    group.bench_function("put, BTreeMap under a mutex", |bencher| {
        bencher.iter(|| {
            number += 7919;
            plain.lock().expect("not poisoned").insert(key(number % KEYS), value.clone())
        });
    });
    group.bench_function("put", |bencher| {
        bencher.iter(|| {
            number += 7919;
            runtime.block_on(store.commit(put(number, &value))).expect("committing")
        });
    });
    group.bench_function("get", |bencher| {
        bencher.iter(|| {
            number += 7919;
            runtime.block_on(store.get(&key(number % KEYS), At::Now)).expect("reading")
        });
    });
    let range = Range::prefix("/registry/pods/default/00000");
    group.bench_function("list 1000 keys", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(store.list(&range, At::Now, None)).expect("listing")));
    });
}

/// Every iteration, each of some writers commits once.
fn commits<S: Store<Bytes>>(criterion: &mut Criterion, name: &str, runtime: &tokio::runtime::Runtime, store: &Arc<S>) {
    let value = Bytes::from(vec![7; VALUE_BYTES]);
    let number = Arc::new(AtomicU64::new(0));
    let mut group = criterion.benchmark_group(name);
    for writers in [1, 16, 256] {
        group.throughput(Throughput::Elements(writers)).sample_size(20);
        group.bench_function(format!("commit, {writers} writers"), |bencher| {
            bencher.iter(|| {
                let commits =
                    (0..writers).map(|_| store.commit(put(number.fetch_add(7919, Ordering::Relaxed), &value)));
                for done in runtime.block_on(join_all(commits)) {
                    done.expect("committing");
                }
            });
        });
    }
}

fn file(criterion: &mut Criterion) {
    let runtime = runtime();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = FileConfig::new(folder.path().join("store"));
    let store = runtime.block_on(FileStore::open(config, Arc::new(BytesCodec), SystemClock::shared()));
    commits(criterion, "file", &runtime, &Arc::new(store.expect("opening")));
}

fn etcd(criterion: &mut Criterion) {
    if support::find().is_none() {
        eprintln!("no etcd found: its benchmark is left out");
        return;
    }
    let runtime = runtime();
    // With syncs, as the file backend.
    let etcd = support::TestEtcd::start(&["--unsafe-no-fsync=false"]);
    let config = EtcdConfig::new([etcd.url()]);
    let store = runtime.block_on(EtcdStore::connect(config, Arc::new(BytesCodec), SystemClock::shared()));
    commits(criterion, "etcd", &runtime, &Arc::new(store.expect("connecting")));
}

criterion_group!(benches, memory, file, etcd);
criterion_main!(benches);
