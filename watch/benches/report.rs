//! The fan-out as a whole, on two threads: one writer, many watching tasks. Prints deliveries per second, latency,
//! memory per watcher and per object, and what the start of an informer on 100,000 objects takes.
//!
//! Not criterion: percentiles and memory are the point, and one run is one number.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use pintle_client::{Client, Content, ObjectList, Request, Response, Verb};
use pintle_object_model::api::core::v1::Pod;
use pintle_object_model::api::meta::v1::ListMeta;
use pintle_object_model::clock::{Clock, Random, SystemClock};
use pintle_object_model::{Resource, Scheme, Status};
use pintle_watch::{CacheEvent, Filter, From, Informer, InformerConfig, Shutdown, Subscription, WatchCache};
use tokio::sync::Notify;

mod world;

/// Resident memory of this process in bytes, as the kernel counts it.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<f64>().ok()).unwrap_or_default() * 4096.0
}

/// What the watching tasks tell the writer.
#[derive(Default)]
struct Tally {
    delivered: AtomicU64,
    /// The writer waits for this many.
    wanted: AtomicU64,
    reached: Notify,
}

impl Tally {
    fn count(&self, events: u64) {
        let before = self.delivered.fetch_add(events, Ordering::Relaxed);
        let wanted = self.wanted.load(Ordering::Relaxed);
        if before < wanted && before + events >= wanted {
            self.reached.notify_one();
        }
    }

    async fn wait(&self, wanted: u64) {
        self.wanted.store(wanted, Ordering::Relaxed);
        while self.delivered.load(Ordering::Relaxed) < wanted {
            // A missed wake-up costs a millisecond, not the run.
            let _ = tokio::time::timeout(Duration::from_millis(1), self.reached.notified()).await;
        }
    }
}

/// When each revision was written, and how long after that it was seen.
struct Latency {
    clock: Arc<dyn Clock>,
    written: Vec<AtomicU64>,
}

impl Latency {
    fn now(&self) -> u64 {
        self.clock.now().as_nanos() as u64
    }
}

async fn watch(mut events: Subscription, tally: Arc<Tally>, latency: Option<Arc<Latency>>) -> Vec<u64> {
    let mut seen = vec![];
    while let Some(event) = events.next().await {
        let CacheEvent::Change { object, .. } = event else { continue };
        if let Some(latency) = &latency {
            let revision: usize = object.metadata().resource_version.parse().expect("a number");
            seen.push(latency.now() - latency.written[revision].load(Ordering::Relaxed));
        }
        tally.count(1);
    }
    seen
}

/// One writer, `watchers` tasks; each change concerns `matching` of them.
struct Run {
    cache: Arc<WatchCache>,
    tally: Arc<Tally>,
    matching: u64,
    /// Changes go round so many pods, each in a namespace of its own.
    pods: u64,
    revision: u64,
}

impl Run {
    /// Writes `changes`, `at_once` before waiting for all deliveries. Answers deliveries per second.
    async fn write(&mut self, changes: u64, at_once: u64, latency: Option<&Latency>) -> f64 {
        let clock = SystemClock::new();
        let before = self.tally.delivered.load(Ordering::Relaxed);
        // Made ahead: objects come from the store, not from the fan-out.
        let mut made: Vec<_> = (1..=changes)
            .map(|at| world::change(&self.cache, ((self.revision + at) % self.pods) as usize, self.revision + at))
            .collect();
        let start = clock.now();
        let mut written = 0;
        for change in made.drain(..) {
            self.revision = change.revision;
            if let Some(latency) = latency {
                latency.written[change.revision as usize].store(latency.now(), Ordering::Relaxed);
            }
            self.cache.apply([change]);
            written += 1;
            if written % at_once == 0 || written == changes {
                self.tally.wait(before + written * self.matching).await;
            }
        }
        (changes * self.matching) as f64 / (clock.now() - start).as_secs_f64()
    }
}

async fn fan_out(watchers: usize, thousandth: bool) {
    let cache = world::cache(1000, 1_000);
    let filter = |number: usize| match thousandth {
        true => Filter { namespace: format!("ns-{}", number % 1000), ..Filter::default() },
        false => Filter::default(),
    };
    let idle: Vec<_> =
        (0..watchers).map(|number| cache.subscribe(filter(number), From::Now).expect("watching")).collect();
    let matching = if thousandth { (watchers as u64 / 1000).max(1) } else { watchers as u64 };
    // Enough changes for half a million deliveries, and no more than a quick run takes.
    let changes = (500_000 / matching).clamp(100, 20_000);
    let clock: Arc<dyn Clock> = SystemClock::shared();
    let paced = 200.min(changes);
    let latency = Arc::new(Latency { clock, written: (0..=paced + 2).map(|_| AtomicU64::new(0)).collect() });

    let tally = Arc::new(Tally::default());
    let mut run = Run {
        cache: Arc::clone(&cache),
        tally: Arc::clone(&tally),
        matching,
        pods: watchers.min(1000) as u64,
        revision: 1,
    };
    let spawn = |held: Vec<Subscription>, latency: Option<&Arc<Latency>>| -> Vec<_> {
        held.into_iter().map(|events| tokio::spawn(watch(events, Arc::clone(&tally), latency.cloned()))).collect()
    };
    let tasks = spawn(idle, Some(&latency));
    run.write(paced, 1, Some(&latency)).await;
    cache.close();
    let mut seen = vec![];
    for task in tasks {
        seen.extend(task.await.expect("a watcher"));
    }
    seen.sort_unstable();
    let at = |share: f64| seen.get((seen.len() as f64 * share) as usize).map_or(0.0, |nanos| *nanos as f64 / 1e3);
    let (p50, p99) = (at(0.5), at(0.99));

    let held: Vec<_> =
        (0..watchers).map(|number| cache.subscribe(filter(number), From::Now).expect("watching")).collect();
    let tasks = spawn(held, None);
    let rate = run.write(changes, 256, None).await;
    cache.close();
    for task in tasks {
        task.await.expect("a watcher");
    }
    let kind = if thousandth { "one in a thousand" } else { "all" };
    println!(
        "  {watchers:>6} watchers, {kind:17} match: {:>6.2} M deliveries/s   p50 {p50:>9.1} µs   p99 {p99:>9.1} µs",
        rate / 1e6
    );
}

/// A server that holds a list and has no news.
fn still_server(objects: Vec<pintle_object_model::Object>) -> Client {
    let list = ObjectList {
        gvk: Pod::INFO.gvk(),
        metadata: ListMeta { resource_version: "1".into(), ..ListMeta::default() },
        items: objects,
    };
    let service = tower::service_fn(move |request: Request| {
        let content = match request.verb {
            Verb::List => Content::List(list.clone()),
            _ => Content::Watch { gvk: Pod::INFO.gvk(), events: Box::pin(futures::stream::pending()) },
        };
        std::future::ready(Ok::<_, Status>(Response::new(content)))
    });
    Client::new(service, Scheme::default())
}

async fn informer(objects: usize) {
    let clock = SystemClock::new();
    let before = resident();
    let pods: Vec<_> = (0..objects).map(|number| world::pod(number, 1)).collect();
    let object_bytes = (resident() - before) / objects as f64;

    let before = resident();
    let cache = Arc::new(WatchCache::new(pintle_watch::CacheConfig::default()));
    cache.reset(1, pods.clone());
    let cache_bytes = (resident() - before) / objects as f64;

    let client = still_server(pods);
    let before = resident();
    let (_trigger, shutdown) = Shutdown::channel();
    let start = clock.now();
    let informer = Informer::<Pod>::start(&client, "", InformerConfig::new(Random::seeded(1)), shutdown);
    informer.synced().await;
    let took = clock.now() - start;
    assert_eq!(informer.len(), objects);
    let copy_bytes = (resident() - before) / objects as f64;
    let start = clock.now();
    let mut found = 0;
    for number in 0..objects {
        found += usize::from(informer.get(&format!("ns-{}", number % 1000), &format!("web-{number:06}")).is_some());
    }
    let reads = (clock.now() - start) / objects as u32;
    assert_eq!(found, objects);
    println!(
        "  an object itself: {object_bytes:.0} B; beside it in the watch cache: {cache_bytes:.0} B, in an informer: {copy_bytes:.0} B"
    );
    println!("  informer start on {objects} objects: {took:.1?}; then {reads:?} for a read by name");
}

/// Memory of watchers to whom nothing happens: measured first, before freed memory blurs it.
fn idle(watchers: usize) {
    let cache = world::cache(1, 1_000);
    let before = resident();
    let filter = |number: usize| Filter { namespace: format!("ns-{}", number % 1000), ..Filter::default() };
    let held: Vec<_> =
        (0..watchers).map(|number| cache.subscribe(filter(number), From::Now).expect("watching")).collect();
    println!("  an idle watcher: {:.0} B", (resident() - before) / watchers as f64);
    drop(held);
}

fn main() {
    println!("memory and start");
    idle(100_000);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(informer(100_000));
    println!("fan-out, one writer");
    runtime.block_on(async {
        for thousandth in [false, true] {
            for watchers in [1, 100, 1_000, 10_000] {
                // As a task, which is what follows a store in a server.
                tokio::spawn(fan_out(watchers, thousandth)).await.expect("a run");
            }
        }
    });
}
