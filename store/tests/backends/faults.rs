//! Histories that are recorded while etcd's members and connections fail, and judged.

use std::sync::Arc;
use std::time::Duration;

use pintle_object_model::clock::SystemClock;
use pintle_store::testing::{Judged, Workload, check_history};
use pintle_store::{BytesCodec, EtcdConfig, EtcdStore, Store};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch as signal;
use tokio::time::sleep;

use crate::support::TestEtcd;

async fn connect(urls: &[String]) -> Arc<EtcdStore<bytes::Bytes>> {
    let config = EtcdConfig {
        // Shorter than the faults, so that they are felt.
        request_timeout: Duration::from_millis(400),
        connect_timeout: Duration::from_millis(400),
        ..EtcdConfig::new(urls.iter().cloned())
    };
    let store = EtcdStore::connect(config, Arc::new(BytesCodec), SystemClock::shared()).await;
    Arc::new(store.expect("connecting to etcd"))
}

/// Runs clients until the faults are over, in rounds that are judged one by one.
/// What the faults were done to is kept until then.
async fn judge<T: Send + 'static>(
    store: Arc<dyn Store<bytes::Bytes>>,
    faults: impl Future<Output = T> + Send + 'static,
) -> Judged {
    let faults = tokio::spawn(faults);
    let mut all = Judged::default();
    for seed in 0.. {
        let last = faults.is_finished();
        let pace = Duration::from_millis(4);
        let workload =
            Workload { seed, clients: 6, operations: 60, prefix: format!("/{seed}/"), pace, ..Workload::default() };
        // A round may have to begin at a moment when nobody answers; it has done nothing then.
        let mut judged = check_history(Arc::clone(&store), &workload).await;
        for _ in 0..100 {
            if !matches!(&judged, Err(why) if why.starts_with("the store failed")) {
                break;
            }
            sleep(Duration::from_millis(50)).await;
            judged = check_history(Arc::clone(&store), &workload).await;
        }
        let judged = judged.unwrap_or_else(|why| panic!("round {seed}: {why}"));
        all.commits += judged.commits;
        all.unknown += judged.unknown;
        if last {
            break;
        }
    }
    faults.await.expect("the faults are fine");
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn etcd_is_linearizable_while_members_are_killed_and_paused() {
    let mut members = TestEtcd::start_three();
    let urls = members.each_ref().map(TestEtcd::url);
    let store = connect(&urls).await;
    let judged = judge(store, async move {
        // Each of them in turn, so that the leader is among them.
        for member in &mut members {
            member.kill();
            sleep(Duration::from_millis(400)).await;
            tokio::task::block_in_place(|| member.restart());
            sleep(Duration::from_millis(200)).await;
        }
        for member in &members {
            member.pause();
            sleep(Duration::from_millis(900)).await;
            member.resume();
            sleep(Duration::from_millis(200)).await;
        }
        members
    });
    let judged = judged.await;
    assert!(judged.commits > 100, "clients went on: {judged:?}");
    assert!(judged.unknown > 0, "no fault was felt: {judged:?}");
}

/// Carries connections to an etcd.
struct Proxy {
    url: String,
    /// Drops all connections whenever it changes.
    drops: signal::Sender<u64>,
}

impl Proxy {
    async fn start(to: &TestEtcd) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let target = to.url().trim_start_matches("http://").to_owned();
        let (drops, dropped) = signal::channel(0);
        tokio::spawn(async move {
            while let Ok((mut inside, _)) = listener.accept().await {
                let (target, mut dropped) = (target.clone(), dropped.clone());
                dropped.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(mut outside) = TcpStream::connect(&target).await else { return };
                    tokio::select! {
                        biased;
                        _ = dropped.changed() => {}
                        _ = tokio::io::copy_bidirectional(&mut inside, &mut outside) => {}
                    }
                });
            }
        });
        Self { url, drops }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn etcd_is_linearizable_while_connections_break() {
    let etcd = TestEtcd::start(&[]);
    let proxy = Proxy::start(&etcd).await;
    let store = connect(std::slice::from_ref(&proxy.url)).await;
    let drops = proxy.drops.clone();
    let judged = judge(store, async move {
        for _ in 0..30 {
            drops.send_modify(|count| *count += 1);
            sleep(Duration::from_millis(100)).await;
        }
    });
    let judged = judged.await;
    assert!(judged.commits > 100 && judged.unknown > 0, "{judged:?}");
}
