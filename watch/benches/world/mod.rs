//! What both benchmarks work on: pods of one namespace per thousand, and a cache that holds them.

use std::sync::Arc;

use pintle_object_model::Object;
use pintle_object_model::api::core::v1::{Container, Pod};
use pintle_watch::{CacheConfig, Change, WatchCache};

/// A pod as clusters have them: about 1 KiB of JSON.
pub(crate) fn pod(number: usize, revision: u64) -> Object {
    let mut pod = Pod::default();
    pod.metadata.name = format!("web-{number:06}");
    pod.metadata.namespace = format!("ns-{}", number % 1000);
    pod.metadata.uid = format!("{number:08}-0000-4000-8000-000000000000");
    pod.metadata.resource_version = revision.to_string();
    for (key, value) in [("app", "web"), ("tier", "front"), ("pod-template-hash", "6d4cf56db6")] {
        pod.metadata.labels.insert(key.into(), value.into());
    }
    let mut container =
        Container { name: "web".into(), image: "registry.example/web:1.2.3".into(), ..Container::default() };
    for (name, amount) in [("cpu", "100m"), ("memory", "128Mi")] {
        container.resources.requests.insert(name.into(), amount.parse().expect("a quantity"));
    }
    pod.spec.containers = vec![container];
    pod.spec.node_name = format!("node-{}", number % 1000);
    pod.status.phase = "Running".into();
    Object::new(pod)
}

/// A cache of pods, each made at revision 1.
pub(crate) fn cache(pods: usize, queue_events_max: usize) -> Arc<WatchCache> {
    let config =
        CacheConfig { queue_events_max, indexed_fields: vec!["spec.nodeName".into()], ..CacheConfig::default() };
    let cache = Arc::new(WatchCache::new(config));
    cache.reset(1, (0..pods).map(|number| pod(number, 1)).collect());
    cache
}

/// A change to a pod that leaves it where it is; the state before is the cache's own, as a store has it.
pub(crate) fn change(cache: &WatchCache, number: usize, revision: u64) -> Change {
    let object = pod(number, revision);
    let metadata = object.metadata();
    let previous = cache.get(&metadata.namespace, &metadata.name);
    Change { revision, object: Some(object), previous }
}
