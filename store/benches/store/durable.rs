//! Durable commits on one disk: the file backend beside etcd and SQLite, all of them with their syncs.

use std::sync::Arc;

use criterion::{Criterion, Throughput};
use pintle_object_model::clock::SystemClock;
use pintle_store::{BytesCodec, FileConfig, FileStore, Store};

use crate::bare::Bare;
use crate::{STEP, callers, group, key, put, runtime, start_etcd, value};

pub(crate) fn run(criterion: &mut Criterion) {
    let value = value();
    let runtime = runtime();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let etcd = start_etcd(&runtime, &["--unsafe-no-fsync=false"]);
    let _entered = runtime.enter();
    let bare = etcd.as_ref().map(|(etcd, _)| Bare::connect(&etcd.url()));
    let config = FileConfig::new(folder.path().join("store"));
    let file = runtime.block_on(FileStore::open(config, Arc::new(BytesCodec), SystemClock::shared()));
    let file = file.expect("opening");
    let sqlite = rusqlite::Connection::open(folder.path().join("sqlite")).expect("opening");
    // Its fastest way that survives a loss of power.
    let setup = "pragma journal_mode = wal; pragma synchronous = full; create table kv (k text primary key, v blob)";
    sqlite.execute_batch(setup).expect("setting SQLite up");
    for writers in [1, 16, 256] {
        let mut group = group(criterion, format!("durable commits, {writers} writers"));
        // It has one writer at a time, so commits wait for each other wherever they come from.
        let mut insert = sqlite.prepare("insert or replace into kv values (?1, ?2)").expect("a statement");
        let mut number = 0;
        group.throughput(Throughput::Elements(writers));
        group.bench_function("SQLite", |bencher| {
            bencher.iter(|| {
                for _ in 0..writers {
                    number += STEP;
                    insert.execute((key(number).as_str(), &value[..])).expect("committing");
                }
            });
        });
        if let Some(bare) = &bare {
            callers(&mut group, "etcd, bare client", &runtime, writers, |number| {
                bare.put_owned(key(number), value.clone())
            });
        }
        callers(&mut group, "file store", &runtime, writers, |number| {
            let (file, txn) = (&file, put(number, &value));
            async move { drop(file.commit(txn).await.expect("committing")) }
        });
    }
}
