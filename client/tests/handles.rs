//! Typed and untyped handles and the layers, over a service whose answers the test scripts. Time is virtual.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use pintle_client::layers::{RateLimitLayer, RetryLayer, RetryPolicy, TraceLayer};
use pintle_client::{
    Api, Body, Client, Content, Followed, Identity, ObjectList, Params, Read, Reason, Request, Response, Status,
    Target, Verb, WatchEvent,
};
use pintle_object_model::api::core::v1::{ConfigMap, Pod};
use pintle_object_model::api::meta::v1::ListMeta;
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::{MicroTime, Object, Resource, Scheme};

type Script = VecDeque<Result<Content, Status>>;
type Asked = Arc<Mutex<Vec<(Request, Duration)>>>;

/// The virtual time of tokio.
#[derive(Debug)]
struct Paused(tokio::time::Instant);

impl Clock for Paused {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
    fn utc(&self) -> MicroTime {
        MicroTime::from_unix_micros(0)
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(Paused(tokio::time::Instant::now()))
}

fn scripted(answers: impl IntoIterator<Item = Result<Content, Status>>) -> (Client, Asked) {
    let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(answers.into_iter().collect()));
    let (asked, clock) = (Asked::default(), clock());
    let log = Arc::clone(&asked);
    let service = tower::service_fn(move |request: Request| {
        log.lock().unwrap().push((request, clock.now()));
        let answer = script.lock().unwrap().pop_front();
        async move {
            match answer {
                Some(answer) => answer.map(Response::new),
                None => std::future::pending().await,
            }
        }
    });
    (Client::new(service, Scheme::builtin()), asked)
}

fn map(name: &str, version: u64) -> Object {
    let mut map = ConfigMap::default();
    (map.metadata.name, map.metadata.resource_version) = (name.into(), version.to_string());
    Object::new(map)
}

fn list(version: u64, continue_: &str, names: &[&str]) -> Result<Content, Status> {
    let items = names.iter().map(|name| map(name, 1)).collect();
    let metadata =
        ListMeta { resource_version: version.to_string(), continue_: continue_.into(), ..ListMeta::default() };
    Ok(Content::List(ObjectList { gvk: ConfigMap::INFO.gvk(), metadata, items }))
}

fn watch(events: Vec<WatchEvent>) -> Result<Content, Status> {
    Ok(Content::Watch { gvk: ConfigMap::INFO.gvk(), events: Box::pin(futures::stream::iter(events)) })
}

fn fine() -> Result<Content, Status> {
    Ok(Content::Object { code: 200, object: map("a", 1) })
}

/// When each request was sent, in milliseconds.
fn times(asked: &Asked) -> Vec<u128> {
    asked.lock().unwrap().iter().map(|(_, at)| at.as_millis()).collect()
}

#[tokio::test]
async fn pages_follow_each_other_and_a_stale_token_is_the_last_item() {
    let (client, asked) =
        scripted([list(5, "more", &["a", "b"]), list(5, "rest", &["c"]), Err(Status::expired("the token is too old"))]);
    let api = client.namespaced::<ConfigMap>("default");
    let params = Params { limit: 2, resource_version: "5".into(), ..Params::default() };
    let items: Vec<_> = api.list_all(params).collect().await;
    let names: Vec<_> = items.iter().flatten().map(|map| map.metadata.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(items.last().unwrap().as_ref().map_err(Reason::of).unwrap_err(), Reason::Expired);
    let asked = asked.lock().unwrap();
    let sent: Vec<_> = asked
        .iter()
        .map(|(request, _)| (request.params.continue_.as_str(), request.params.resource_version.as_str()))
        .collect();
    assert_eq!(sent, [("", "5"), ("more", ""), ("rest", "")]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_is_taken_up_where_it_ended_and_begins_anew_when_that_is_too_old() {
    let (client, asked) = scripted([
        Err(Status::unavailable("starting")),
        list(5, "", &["a"]),
        watch(vec![
            WatchEvent::Added(map("b", 6)),
            WatchEvent::Bookmark { resource_version: 9, initial_events_end: false },
        ]),
        Err(Status::too_many_requests("busy", 7)),
        watch(vec![WatchEvent::Error(Box::new(Status::expired("too old")))]),
        list(20, "", &["b"]),
        Err(Status::expired("too old")),
        list(30, "", &[]),
        Err(Status::forbidden(&Default::default(), "", "no more")),
    ]);
    let events: Vec<_> = client.namespaced::<ConfigMap>("default").follow(Params::default()).collect().await;
    let seen: Vec<String> = events
        .iter()
        .map(|event| match event {
            Ok(Followed::Restarted(objects)) => format!("restarted with {}", objects.len()),
            Ok(Followed::Added(object)) => format!("added {}", object.metadata.name),
            Ok(other) => format!("{other:?}"),
            Err(status) => format!("{:?}", Reason::of(status)),
        })
        .collect();
    assert_eq!(seen, ["restarted with 1", "added b", "restarted with 1", "restarted with 0", "Forbidden"]);
    let asked = asked.lock().unwrap();
    let places: Vec<_> = asked
        .iter()
        .filter(|(request, _)| request.verb == Verb::Watch)
        .map(|(request, at)| (request.params.resource_version.as_str(), at.as_secs()))
        .collect();
    assert_eq!(places, [("5", 0), ("9", 0), ("9", 7), ("20", 7), ("30", 7)], "the server's wish to wait is kept");
}

#[tokio::test(start_paused = true)]
async fn only_what_is_harmless_is_tried_again_except_when_the_server_asks_for_it() {
    let down = || Err(Status::unavailable("down"));
    let busy = |seconds| Err(Status::too_many_requests("busy", seconds));
    let retry = RetryLayer::new(RetryPolicy { attempts_max: 3, ..RetryPolicy::default() }, Random::seeded(1));

    let (client, asked) = scripted([down(), busy(2), fine()]);
    client.layered(&retry).namespaced::<ConfigMap>("d").get("a").await.unwrap();
    let at = times(&asked);
    assert!((100..=110).contains(&at[1]) && (2100..=2310).contains(&at[2]), "{at:?}");

    let (client, asked) = scripted([down(), down(), down()]);
    let status = client.layered(&retry).namespaced::<ConfigMap>("d").get("a").await.unwrap_err();
    assert_eq!((status.code, times(&asked).len()), (503, 3), "attempts are bounded");

    let (client, asked) = scripted([down(), busy(1), fine(), busy(0), busy(1000)]);
    let api = client.layered(&retry).namespaced::<ConfigMap>("d");
    let made = ConfigMap::default();
    assert_eq!(api.create(&made).await.unwrap_err().code, 503, "it may have been made");
    api.create(&made).await.unwrap();
    assert_eq!(times(&asked).len(), 3, "a write that was not begun is sent again");
    assert_eq!(api.create(&made).await.unwrap_err().code, 429, "as evictions are refused");
    assert_eq!(api.get("a").await.unwrap_err().code, 429, "longer than anybody wants to wait");
}

#[tokio::test(start_paused = true)]
async fn a_burst_passes_and_the_rate_holds_for_all_clones() {
    let (client, asked) = scripted((0..6).map(|_| fine()));
    let client = client.layered(&RateLimitLayer::new(10.0, 3, clock())).layered(&TraceLayer::new(clock()));
    let apis: Vec<_> = (0..6).map(|_| client.clone().namespaced::<ConfigMap>("d")).collect();
    futures::future::join_all(apis.iter().map(|api| api.get("a"))).await;
    assert_eq!(times(&asked), [0, 0, 0, 100, 200, 300]);
}

/// A function that cannot change anything, by its signature.
async fn names(maps: &dyn Read<ConfigMap>) -> Vec<String> {
    let list = maps.list(Params::default()).await.unwrap();
    list.items.iter().map(|map| map.metadata.name.clone()).collect()
}

#[tokio::test]
async fn verbs_and_subresources_are_sent_as_the_api_has_them() {
    let ok = || Ok(Content::Status(Box::new(Status::success())));
    let (client, asked) = scripted([list(1, "", &["a"]), ok(), ok(), fine()]);
    let client = client.impersonating(Identity { user: "jane".into(), ..Identity::default() });
    assert_eq!(names(&client.namespaced::<ConfigMap>("d").read_only()).await, ["a"]);
    let pods: Api<Pod> = client.namespaced("d");
    pods.evict("p", None).await.unwrap();
    pods.bind("p", "node-1").await.unwrap();
    let mut wanted = ConfigMap::default();
    wanted.metadata.name = "a".into();
    wanted.data.insert("key".into(), "value".into());
    client.namespaced::<ConfigMap>("d").apply(&wanted, "me", true).await.unwrap();

    let asked = asked.lock().unwrap();
    let sent: Vec<_> = asked
        .iter()
        .map(|(request, _)| {
            assert_eq!(request.impersonate.as_ref().unwrap().user, "jane");
            let Target::Resource { name, subresource, .. } = &request.target else { panic!("a resource") };
            (request.verb, name.as_str(), subresource.as_str())
        })
        .collect();
    let expected =
        [(Verb::List, "", ""), (Verb::Create, "p", "eviction"), (Verb::Create, "p", "binding"), (Verb::Patch, "a", "")];
    assert_eq!(sent, expected);
    let apply = &asked[3].0;
    assert_eq!((apply.params.field_manager.as_str(), apply.params.force), ("me", Some(true)));
    let Body::Patch(patch) = &apply.body else { panic!("a patch") };
    assert_eq!(patch.kind.media_type(), "application/apply-patch+yaml");
    let text: serde_json::Value = serde_json::from_slice(&patch.text).unwrap();
    assert_eq!((&text["kind"], &text["data"]["key"]), (&"ConfigMap".into(), &"value".into()));
}
