//! What watchers of a cache are told: by every kind of filter, across a lost store watch, and when they are too slow.

use std::sync::Arc;

use futures::{FutureExt, StreamExt};
use pintle_object_model::Object;
use pintle_object_model::api::core::v1::Pod;
use pintle_object_model::clock::Random;
use pintle_object_model::selector::{FieldSelector, Selector};
use pintle_watch::{CacheConfig, CacheEvent, Change, Filter, From, Subscription, WatchCache};

/// A pod `namespace/name` on a node, labelled `app`, as it was at a revision.
fn pod(place: &str, node: &str, app: &str, revision: u64) -> Object {
    let mut pod = Pod::default();
    let (namespace, name) = place.split_once('/').expect("namespace/name");
    (pod.metadata.namespace, pod.metadata.name) = (namespace.into(), name.into());
    pod.metadata.uid = format!("uid of {place}");
    pod.metadata.resource_version = revision.to_string();
    pod.metadata.labels.insert("app".into(), app.into());
    pod.spec.node_name = node.into();
    Object::new(pod)
}

fn cache(config: CacheConfig) -> Arc<WatchCache> {
    let cache = Arc::new(WatchCache::new(config));
    cache.reset(1, vec![]);
    cache
}

fn by_node() -> CacheConfig {
    CacheConfig { indexed_fields: vec!["spec.nodeName".into()], ..CacheConfig::default() }
}

fn fields(selector: &str) -> Filter {
    Filter { fields: FieldSelector::parse(selector).unwrap(), ..Filter::default() }
}

fn labels(selector: &str) -> Filter {
    Filter { labels: Selector::parse(selector).unwrap(), ..Filter::default() }
}

/// Everything that is there to read, as text.
fn told(events: &mut Subscription) -> Vec<String> {
    std::iter::from_fn(|| events.next().now_or_never().flatten())
        .map(|event| match event {
            CacheEvent::Change { kind, object } => {
                let metadata = object.metadata();
                format!("{kind:?} {}/{}@{}", metadata.namespace, metadata.name, metadata.resource_version)
            }
            CacheEvent::Bookmark { revision, .. } => format!("Bookmark@{revision}"),
        })
        .collect()
}

#[test]
fn each_watcher_is_told_what_its_filter_lets_through() {
    let cache = cache(by_node());
    let watch = |filter| cache.subscribe(filter, From::Now).unwrap();
    let mut all = watch(Filter::default());
    let mut namespace = watch(Filter { namespace: "a".into(), ..Filter::default() });
    let mut name = watch(Filter { name: "x".into(), ..Filter::default() });
    let mut node = watch(fields("spec.nodeName=n1"));
    let mut other_node = watch(fields("spec.nodeName!=n1"));
    let mut label = watch(labels("app=web"));
    let mut both = watch(Filter { namespace: "a".into(), ..labels("app in (web, db)") });

    let (first, second, third) = (pod("a/x", "", "web", 2), pod("a/x", "n1", "web", 3), pod("a/x", "n1", "db", 4));
    let change = |revision, previous: Option<&Object>, object: Option<&Object>| Change {
        revision,
        object: object.cloned(),
        previous: previous.cloned(),
    };
    let elsewhere = pod("b/y", "n2", "web", 5);
    cache.apply([change(2, None, Some(&first)), change(3, Some(&first), Some(&second))]);
    cache.apply([change(4, Some(&second), Some(&third)), change(5, None, Some(&elsewhere))]);
    cache.apply([change(6, Some(&third), None)]);

    let a = ["Added a/x@2", "Modified a/x@3", "Modified a/x@4", "Deleted a/x@6"];
    assert_eq!(told(&mut all), [a[0], a[1], a[2], "Added b/y@5", a[3]]);
    assert_eq!(told(&mut namespace), a);
    assert_eq!(told(&mut name), a);
    assert_eq!(told(&mut both), a);
    assert_eq!(told(&mut node), ["Added a/x@3", a[2], a[3]]);
    assert_eq!(told(&mut other_node), [a[0], "Deleted a/x@3", "Added b/y@5"]);
    assert_eq!(told(&mut label), [a[0], a[1], "Deleted a/x@4", "Added b/y@5"]);

    drop((all, namespace, name, node, other_node, label, both));
    assert_eq!(cache.watchers(), 0);
}

#[test]
fn a_lost_store_watch_neither_loses_nor_invents_an_event() {
    let cache = cache(CacheConfig::default());
    let made = |place, revision| Change { revision, object: Some(pod(place, "", "", revision)), previous: None };
    cache.apply([made("a/kept", 2), made("a/changed", 3), made("a/gone", 4), made("a/again", 5)]);
    let mut events = cache.subscribe(Filter::default(), From::Now).unwrap();

    let mut again = pod("a/again", "", "", 8);
    again.edit_metadata(|metadata| metadata.uid = "another".into());
    let found = vec![pod("a/kept", "", "", 2), pod("a/changed", "", "", 7), again, pod("a/new", "", "", 10)];
    cache.reset(10, found.clone());
    let differences =
        ["Deleted a/again@7", "Modified a/changed@7", "Added a/again@8", "Deleted a/gone@9", "Added a/new@10"];
    assert_eq!(told(&mut events), differences);
    // Whoever saw only a part of them is told to list anew instead of missing the rest.
    assert!(cache.subscribe(Filter::default(), From::Revision(9)).is_err());
    assert_eq!(told(&mut cache.subscribe(Filter::default(), From::Revision(10)).unwrap()), [""; 0]);

    cache.reset(10, found);
    assert_eq!(told(&mut events), [""; 0], "the same state again is no news");
}

#[test]
fn a_slow_watcher_is_ended_and_holds_nobody_up() {
    let cache = cache(CacheConfig { queue_events_max: 3, history_events_max: 4, ..CacheConfig::default() });
    let mut slow = cache.subscribe(Filter::default(), From::Now).unwrap();
    let mut quick = cache.subscribe(Filter::default(), From::Now).unwrap();
    let mut read = 0;
    for revision in 2..10 {
        cache.apply([Change { revision, object: Some(pod("a/x", "", "", revision)), previous: None }]);
        read += told(&mut quick).len();
    }
    assert_eq!(read, 8);
    assert_eq!(told(&mut slow), ["Added a/x@2", "Added a/x@3", "Added a/x@4"]);
    assert_eq!(slow.next().now_or_never().map(|event| event.is_none()), Some(true), "it has ended");
    assert_eq!(cache.watchers(), 1);
    let expired = cache.subscribe(Filter::default(), From::Revision(4)).unwrap_err();
    assert_eq!((expired.asked, expired.oldest), (4, 5), "the history is bounded");
    assert_eq!(told(&mut cache.subscribe(Filter::default(), From::Revision(8)).unwrap()), ["Added a/x@9"]);
}

/// Any history, through any filter, from any start: what a watcher is told leads from what it listed to what is there.
#[test]
fn events_lead_from_any_list_to_the_present() {
    for seed in 0..200 {
        let random = Random::seeded(seed);
        let cache = cache(by_node());
        let pick = |what: &[&str]| what[random.below(what.len() as u64) as usize].to_owned();
        let filter = match random.below(5) {
            0 => Filter { namespace: "a".into(), ..Filter::default() },
            1 => fields("spec.nodeName=n1"),
            2 => labels("app=web"),
            3 => Filter { name: "x".into(), ..labels("app!=web") },
            _ => Filter::default(),
        };
        let mut watching = None;
        for revision in 2..60 {
            let place = format!("{}/{}", pick(&["a", "b"]), pick(&["x", "y"]));
            let (namespace, name) = place.split_once('/').unwrap();
            let previous = cache.get(namespace, name);
            let object = (previous.is_none() || random.below(3) > 0)
                .then(|| pod(&place, &pick(&["", "n1", "n2"]), &pick(&["web", "db"]), revision));
            if random.below(10) == 0 {
                // The store's watch is lost, and this change is only seen by listing.
                let mut objects: Vec<Object> =
                    cache.snapshot().iter("", None).map(|(_, object)| object.clone()).collect();
                objects.retain(|object| {
                    (object.metadata().namespace.as_str(), object.metadata().name.as_str()) != (namespace, name)
                });
                objects.extend(object);
                cache.reset(revision, objects);
            } else {
                cache.apply([Change { revision, object, previous }]);
            }
            if watching.is_none() && random.below(8) == 0 {
                let listed = cache.snapshot();
                let events = cache.subscribe(filter.clone(), From::Revision(listed.revision())).unwrap();
                watching = Some((listed, events));
            }
        }
        let Some((listed, mut events)) = watching else { continue };
        let matching = |snapshot: &pintle_watch::Snapshot| -> std::collections::BTreeMap<String, String> {
            let found = snapshot.iter("", None).filter(|(_, object)| filter.matches(object));
            found.map(|(key, object)| (key.to_owned(), object.metadata().resource_version.clone())).collect()
        };
        let mut copy = matching(&listed);
        for event in told(&mut events) {
            let (kind, rest) = event.split_once(' ').unwrap();
            let (key, version) = rest.split_once('@').unwrap();
            let known = match kind {
                "Deleted" => copy.remove(key),
                _ => copy.insert(key.to_owned(), version.to_owned()),
            };
            assert_eq!(known.is_some(), kind != "Added", "seed {seed}: {event}");
        }
        assert_eq!(copy, matching(&cache.snapshot()), "seed {seed}");
    }
}
