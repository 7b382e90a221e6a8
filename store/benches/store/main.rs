//! What commits and reads cost, beside what one would use instead: a plain `BTreeMap` under a mutex, a bare client of
//! the same etcd, SQLite on the same disk. In each group the first line by name is what the others are compared with.

mod bare;
mod durable;
mod etcd;
mod memory;
#[path = "../../tests/backends/support.rs"]
mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use futures::future::join_all;
use pintle_object_model::clock::{Clock, SystemClock};
use pintle_store::{BytesCodec, EtcdConfig, EtcdStore, Key, Op, Txn};
use tokio::runtime::Runtime;

/// Keys that are written and read.
const KEYS: u64 = 10_000;
const VALUE_BYTES: usize = 1024;
/// Steps through the keys in no order that caches like.
const STEP: u64 = 7919;

fn key(number: u64) -> Key {
    Key::new(format!("/registry/pods/default/{:08}", number % KEYS))
}

fn value() -> Bytes {
    Bytes::from(vec![7; VALUE_BYTES])
}

fn put(number: u64, value: &Bytes) -> Txn<Bytes> {
    Txn { compares: vec![], ops: vec![Op::Put { key: key(number), value: value.clone(), ttl: None }] }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

fn group<'a>(criterion: &'a mut Criterion, name: impl Into<String>) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(15).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group
}

/// Measures calls that do not wait, divided among some threads; the time is that of one call.
fn threads(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, threads: u64, call: impl Fn(u64) + Sync) {
    let clock = SystemClock::new();
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|calls| {
            let start = clock.now();
            std::thread::scope(|scope| {
                for thread in 0..threads {
                    let call = &call;
                    scope.spawn(move || (0..calls.div_ceil(threads)).for_each(|n| call((n * threads + thread) * STEP)));
                }
            });
            clock.now() - start
        });
    });
}

/// Measures calls that wait: in each iteration all callers call once at the same time.
fn callers<F: Future<Output = ()>>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    runtime: &Runtime,
    callers: u64,
    call: impl Fn(u64) -> F,
) {
    let mut number = 0;
    group.throughput(Throughput::Elements(callers));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            number += callers;
            runtime.block_on(join_all((number..number + callers).map(|number| call(number * STEP))));
        });
    });
}

/// How often each of two ways is gone to compare them.
const TURNS: u64 = 600;

/// Measures two ways to do the same that differ by less than a machine's moods: they are gone in turn, all at once, and
/// criterion is told the middle half of what each turn took.
fn side_by_side<F: Future<Output = ()>, G: Future<Output = ()>>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    runtime: &Runtime,
    (turns, callers): (u64, u64),
    (first_name, first): (&str, impl Fn(u64) -> F),
    (second_name, second): (&str, impl Fn(u64) -> G),
) {
    let clock = SystemClock::new();
    let mut spent = [vec![], vec![]];
    for turn in 0..turns {
        let numbers = || (turn * callers..(turn + 1) * callers).map(|number| number * STEP);
        let start = clock.now();
        runtime.block_on(join_all(numbers().map(&first)));
        let between = clock.now();
        runtime.block_on(join_all(numbers().map(&second)));
        spent[0].push(between - start);
        spent[1].push(clock.now() - between);
    }
    group.throughput(Throughput::Elements(callers));
    for (name, mut spent) in [first_name, second_name].into_iter().zip(spent) {
        spent.sort_unstable();
        let middle = &spent[spent.len() / 4..spent.len() * 3 / 4];
        let mut next = 0;
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|turns| {
                let told = (0..turns).map(|_| {
                    next = (next + STEP as usize) % middle.len();
                    middle[next]
                });
                told.sum()
            });
        });
    }
}

/// The etcd to measure with and our store in it; `None`, with a word, where there is none.
fn start_etcd(runtime: &Runtime, more: &[&str]) -> Option<(support::TestEtcd, Arc<EtcdStore<Bytes>>)> {
    if support::find().is_none() {
        eprintln!("no etcd found: what it is needed for is left out");
        return None;
    }
    let etcd = support::TestEtcd::start(more);
    let connecting = EtcdStore::connect(EtcdConfig::new([etcd.url()]), Arc::new(BytesCodec), SystemClock::shared());
    let store = runtime.block_on(connecting).expect("connecting");
    Some((etcd, Arc::new(store)))
}

criterion_group!(benches, memory::run, etcd::run, durable::run);
criterion_main!(benches);
