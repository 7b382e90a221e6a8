//! What one change costs the writer: beside watchers that do not match, and for watchers that do.
//!
//! The first group must be flat: whoever does not match costs nothing. The others show the price of a delivery.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures::{FutureExt, StreamExt};
use pintle_object_model::selector::{FieldSelector, Selector};
use pintle_watch::{Filter, From, Subscription, WatchCache};

mod world;

/// Filters of watchers that no change of pod 0 concerns, of every kind that clients use.
fn elsewhere(number: usize) -> Filter {
    let other = 1 + number % 900;
    match number % 4 {
        0 => Filter { namespace: format!("ns-{other}"), ..Filter::default() },
        1 => Filter { namespace: "ns-0".into(), name: format!("other-{number}"), ..Filter::default() },
        2 => {
            let fields = FieldSelector::parse(&format!("spec.nodeName=node-{other}")).expect("a selector");
            Filter { fields, ..Filter::default() }
        }
        _ => {
            let labels = Selector::parse(&format!("app=other-{number}")).expect("a selector");
            Filter { labels, ..Filter::default() }
        }
    }
}

fn subscribe(cache: &Arc<WatchCache>, filters: impl Iterator<Item = Filter>) -> Vec<Subscription> {
    filters.map(|filter| cache.subscribe(filter, From::Now).expect("watching from now")).collect()
}

fn non_matching(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a change beside watchers that do not match");
    for watchers in [0, 10, 100, 1_000, 10_000] {
        let cache = world::cache(1_000, 1_000);
        let _held = subscribe(&cache, (0..watchers).map(elsewhere));
        let mut revision = 1;
        group.bench_function(format!("{watchers:05} watchers"), |bencher| {
            bencher.iter_batched(
                || {
                    revision += 1;
                    world::change(&cache, 0, revision)
                },
                |change| cache.apply([change]),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn matching(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a change, delivered to every watcher and read");
    for watchers in [1, 100, 1_000, 10_000] {
        let cache = world::cache(1_000, 1_000);
        let mut held = subscribe(&cache, (0..watchers).map(|_| Filter::default()));
        let mut revision = 1;
        group.throughput(Throughput::Elements(watchers));
        group.bench_function(format!("{watchers:05} watchers"), |bencher| {
            bencher.iter_batched(
                || {
                    revision += 1;
                    world::change(&cache, 0, revision)
                },
                |change| {
                    cache.apply([change]);
                    for subscription in &mut held {
                        subscription.next().now_or_never().flatten().expect("the change was delivered");
                    }
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500)).sample_size(20);
    targets = non_matching, matching
}
criterion_main!(benches);
