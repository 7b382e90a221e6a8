//! What an informer holds and tells, over a server whose lists and watches the test scripts. Time is virtual.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pintle_client::{Client, Content, ObjectList, Params, Request, Response, Verb, WatchEvent};
use pintle_object_model::api::core::v1::Pod;
use pintle_object_model::api::meta::v1::ListMeta;
use pintle_object_model::clock::Random;
use pintle_object_model::{Object, Resource, Scheme, Status};
use pintle_watch::{Delta, Informer, InformerConfig, Shutdown};
use tokio::sync::mpsc;

fn pod(place: &str, node: &str, version: u64) -> Object {
    let mut pod = Pod::default();
    let (namespace, name) = place.split_once('/').expect("namespace/name");
    (pod.metadata.namespace, pod.metadata.name) = (namespace.into(), name.into());
    pod.metadata.resource_version = version.to_string();
    pod.spec.node_name = node.into();
    Object::new(pod)
}

enum Answer {
    List(u64, Vec<Object>),
    Watch(Vec<WatchEvent>),
    /// A watch that stays open.
    Open(Vec<WatchEvent>),
    Fail(Status),
}

type Asked = Arc<Mutex<Vec<(Verb, Params)>>>;

/// A server that gives these answers in turn, and what it was asked.
fn scripted(answers: Vec<Answer>) -> (Client, Asked) {
    let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    let service = tower::service_fn(move |request: Request| {
        log.lock().unwrap().push((request.verb, request.params));
        let answer = answers.lock().unwrap().pop_front();
        async move {
            let gvk = Pod::INFO.gvk();
            let watch = |events| Ok(Response::new(Content::Watch { gvk: Pod::INFO.gvk(), events }));
            match answer {
                Some(Answer::List(version, items)) => {
                    let metadata = ListMeta { resource_version: version.to_string(), ..ListMeta::default() };
                    Ok(Response::new(Content::List(ObjectList { gvk, metadata, items })))
                }
                Some(Answer::Watch(events)) => watch(Box::pin(futures::stream::iter(events))),
                Some(Answer::Open(events)) => {
                    use futures::StreamExt as _;
                    watch(Box::pin(futures::stream::iter(events).chain(futures::stream::pending())))
                }
                Some(Answer::Fail(status)) => Err(status),
                None => std::future::pending().await,
            }
        }
    });
    (Client::new(service, Scheme::default()), asked)
}

fn told(delta: &Delta<Pod>) -> String {
    let place =
        |pod: &Pod| format!("{}/{}@{}", pod.metadata.namespace, pod.metadata.name, pod.metadata.resource_version);
    match delta {
        Delta::Added(pod) => format!("added {}", place(pod)),
        Delta::Updated { old, new } => format!("updated {} from {}", place(new), place(old)),
        Delta::Deleted { last, missed } => format!("deleted {} missed {missed}", place(last)),
    }
}

fn follow(client: &Client, config: InformerConfig) -> (Informer<Pod>, mpsc::UnboundedReceiver<String>) {
    let (_trigger, shutdown) = Shutdown::channel();
    std::mem::forget(_trigger);
    let informer = Informer::<Pod>::start(client, "", config, shutdown);
    informer.add_index("node", |pod| vec![pod.spec.node_name.clone()]);
    let (sender, deltas) = mpsc::unbounded_channel();
    let inside = informer.clone();
    informer.add_handler(move |delta| {
        // Reading inside a handler neither blocks nor shows an older state.
        let metadata = &delta.object().metadata;
        let there = inside.get(&metadata.namespace, &metadata.name).is_some();
        assert_eq!(there, !matches!(delta, Delta::Deleted { .. }));
        assert_eq!(inside.list().len(), inside.len());
        let _ = sender.send(told(delta));
    });
    (informer, deltas)
}

fn names(pods: &[Arc<Pod>]) -> Vec<String> {
    pods.iter().map(|pod| format!("{}/{}", pod.metadata.namespace, pod.metadata.name)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_gap_ends_in_tombstones_and_a_broken_watch_is_resumed() {
    let (client, asked) = scripted(vec![
        Answer::Fail(Status::unavailable("starting")),
        Answer::List(5, vec![pod("b/z", "n1", 1), pod("a/y", "n1", 2), pod("a/x", "n2", 3)]),
        Answer::Watch(vec![WatchEvent::Modified(pod("a/x", "n1", 6)), WatchEvent::Deleted(pod("b/z", "n1", 7))]),
        Answer::Watch(vec![WatchEvent::Bookmark { resource_version: 9, initial_events_end: false }]),
        Answer::Watch(vec![WatchEvent::Error(Box::new(Status::expired("too old resource version")))]),
        Answer::List(12, vec![pod("a/x", "n1", 6), pod("c/new", "n1", 11)]),
        Answer::Open(vec![]),
    ]);
    let (informer, mut deltas) = follow(&client, InformerConfig::new(Random::seeded(1)));
    informer.wait_for(|copy| copy.get("c", "new")).await;
    informer.wait_for(|copy| (copy.len() == 2).then_some(())).await;

    let mut all = vec![];
    while let Ok(delta) = deltas.try_recv() {
        all.push(delta);
    }
    let expected = [
        "added b/z@1",
        "added a/y@2",
        "added a/x@3",
        "updated a/x@6 from a/x@3",
        "deleted b/z@7 missed false",
        "deleted a/y@2 missed true",
        "added c/new@11",
    ];
    assert_eq!(all, expected);
    assert_eq!(names(&informer.list()), ["a/x", "c/new"]);
    assert_eq!(names(&informer.list_in("a")), ["a/x"]);
    assert_eq!(names(&informer.indexed("node", "n1")), ["a/x", "c/new"]);
    assert!(informer.indexed("node", "n2").is_empty() && informer.list_in("b").is_empty());

    tokio::time::timeout(Duration::from_secs(1), async {
        while asked.lock().unwrap().len() < 7 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    let asked = asked.lock().unwrap();
    let watched: Vec<&str> = asked
        .iter()
        .filter(|(verb, _)| *verb == Verb::Watch)
        .map(|(_, params)| params.resource_version.as_str())
        .collect();
    assert_eq!(watched, ["5", "7", "9", "12"]);
}

#[tokio::test(start_paused = true)]
async fn a_resync_tells_everything_again_and_a_late_handler_sees_all() {
    let (client, _) = scripted(vec![Answer::List(5, vec![pod("a/x", "", 1), pod("a/y", "", 2)]), Answer::Open(vec![])]);
    let config = InformerConfig { resync: Some(Duration::from_secs(600)), ..InformerConfig::new(Random::seeded(1)) };
    let (informer, mut deltas) = follow(&client, config);
    informer.synced().await;
    let (late, mut late_deltas) = mpsc::unbounded_channel();
    informer.add_handler(move |delta| drop(late.send(told(delta))));
    for added in ["added a/x@1", "added a/y@2"] {
        assert_eq!(deltas.recv().await.unwrap(), added);
        assert_eq!(late_deltas.recv().await.unwrap(), added);
    }
    let start = tokio::time::Instant::now();
    for updated in ["updated a/x@1 from a/x@1", "updated a/y@2 from a/y@2", "updated a/x@1 from a/x@1"] {
        assert_eq!(deltas.recv().await.unwrap(), updated);
    }
    let waited = start.elapsed().as_secs();
    assert!((1200..1400).contains(&waited), "two periods with jitter: {waited} s");
}
