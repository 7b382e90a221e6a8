//! The memory backend beside a plain map: how much does the versioning cost?

use std::collections::BTreeMap;
use std::hint::black_box;
use std::ops::Bound;
use std::sync::Mutex;

use bytes::Bytes;
use criterion::Criterion;
use futures::FutureExt;
use pintle_object_model::clock::SystemClock;
use pintle_store::{At, Key, MemoryConfig, MemoryStore, Op, Range, Store, Txn, Versioned};

use crate::bare::Bare;
use crate::{KEYS, callers, group, key, put, runtime, start_etcd, threads, value};

const MAP: &str = "BTreeMap under a mutex";
const MEMORY: &str = "memory store";
const ETCD: &str = "etcd, bare client";

pub(crate) fn run(criterion: &mut Criterion) {
    let value = value();
    let runtime = runtime();
    let etcd = start_etcd(&runtime, &[]);
    let _entered = runtime.enter();
    let bare = etcd.as_ref().map(|(etcd, _)| Bare::connect(&etcd.url()));
    let map: Mutex<BTreeMap<Key, Bytes>> = Mutex::default();
    let store: MemoryStore<Bytes> = MemoryStore::new(MemoryConfig::default(), SystemClock::shared());
    let insert = |number| {
        black_box(map.lock().expect("not poisoned").insert(key(number), value.clone()));
    };
    let commit = |number| {
        black_box(store.commit(put(number, &value)).now_or_never().expect("it does not wait").expect("committing"));
    };
    for number in 0..KEYS {
        insert(number);
        commit(number);
        if let Some(bare) = &bare {
            runtime.block_on(bare.put(key(number).as_str(), value.clone()));
        }
    }
    for writers in [1, 2] {
        let mut group = group(criterion, format!("commit in memory, {writers} writers"));
        threads(&mut group, MAP, writers, insert);
        threads(&mut group, MEMORY, writers, commit);
        if let Some(bare) = &bare {
            callers(&mut group, ETCD, &runtime, 1, |number| bare.put_owned(key(number), value.clone()));
        }
    }
    for readers in [1, 2] {
        let mut group = group(criterion, format!("get, {readers} readers"));
        threads(&mut group, MAP, readers, |number| {
            black_box(map.lock().expect("not poisoned").get(&key(number)).cloned());
        });
        threads(&mut group, MEMORY, readers, |number| {
            black_box(store.get(&key(number), At::Now).now_or_never().expect("it does not wait").expect("reading"));
        });
        if let Some(bare) = &bare {
            callers(&mut group, ETCD, &runtime, 1, |number| bare.get_owned(key(number)));
        }
    }
    lists(criterion, "list of 10,000", &map, &store);
    if let Some(bare) = &bare {
        let mut group = group(criterion, "list of 10,000");
        callers(&mut group, ETCD, &runtime, 1, |_| async {
            assert_eq!(bare.list("/registry/", Bytes::from_static(b"/registry0")).await, 10_000);
        });
    }
    for number in KEYS..1_000_000 {
        let key = Key::new(format!("/registry/pods/default/{number:08}"));
        map.lock().expect("not poisoned").insert(key.clone(), value.clone());
        let ops = vec![Op::Put { key, value: value.clone(), ttl: None }];
        store.commit(Txn { compares: vec![], ops }).now_or_never().expect("it does not wait").expect("committing");
    }
    lists(criterion, "list of 1,000,000", &map, &store);
    let mut group = group(criterion, "snapshot of 1,000,000 and one key of it");
    let one = Range::prefix("/registry/pods/default/00999999");
    threads(&mut group, MEMORY, 1, |_| {
        black_box(store.list(&one, At::Now, None).now_or_never().expect("it does not wait").expect("listing"));
    });
}

/// Both give what a caller keeps: keys, values and revisions of its own.
fn lists(criterion: &mut Criterion, name: &str, map: &Mutex<BTreeMap<Key, Bytes>>, store: &MemoryStore<Bytes>) {
    let mut group = group(criterion, name);
    let range = Range::prefix("/registry/");
    group.bench_function(MAP, |bencher| {
        bencher.iter(|| {
            let map = map.lock().expect("not poisoned");
            let from = map
                .range::<str, _>((Bound::Included("/registry/"), Bound::Unbounded))
                .take_while(|(key, _)| key.as_str().starts_with("/registry/"));
            let revision = pintle_store::Revision::new(1).expect("not 0");
            from.map(|(key, value)| Versioned { key: key.clone(), value: value.clone(), revision }).collect::<Vec<_>>()
        });
    });
    group.bench_function(MEMORY, |bencher| {
        bencher.iter(|| store.list(&range, At::Now, None).now_or_never().expect("it does not wait").expect("listing"));
    });
}
