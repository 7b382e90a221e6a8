//! Serving what CustomResourceDefinitions define.
//!
//! In: the definitions in the store. Out: the kinds of the server, their storages, and the status of each definition.
//! Invariants: a definition says that it is established only when its kind is served; it goes only after the last of
//! its objects. Source: Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions".
//! Elsewhere: names and conditions (`names`), schemas (`object-model`, `custom`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::SelectAll;
use pintle_client::Client;
use pintle_object_model::api::apiextensions::v1::{CustomResourceDefinition, CustomResourceDefinitionNames};
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::clock::Clock;
use pintle_object_model::custom::{CustomKind, definition_kinds};
use pintle_object_model::{GroupVersionKind, GroupVersionResource, Object, Status};
use pintle_watch::{CacheEvent, Filter, From, Shutdown, Subscription};
use tracing::{debug, warn};

use crate::registry::Registry;
use crate::storage::Storage;

mod names;

pub(crate) use names::set_condition;

/// Finalizer that keeps a definition until its objects are gone.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";
/// First and longest wait after a failed write.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Keeps the kinds of a server in step with the definitions in its store.
pub(crate) struct Definitions {
    registry: Registry,
    storage: Arc<Storage>,
    clock: Arc<dyn Clock>,
    client: Client,
    published: Box<dyn Fn() + Send + Sync>,
    served: BTreeMap<String, Served>,
}

/// A definition that is being served.
struct Served {
    /// Which state of it: what makes it another one makes other storages.
    state: (String, i64),
    /// The names it was given, and whether it is being deleted.
    look: (CustomResourceDefinitionNames, bool),
    hub: GroupVersionKind,
    kinds: Vec<Arc<CustomKind>>,
}

impl Definitions {
    /// `published` is called after each change of the kinds.
    pub(crate) fn new(
        registry: Registry,
        storage: Arc<Storage>,
        clock: Arc<dyn Clock>,
        client: Client,
        published: Box<dyn Fn() + Send + Sync>,
    ) -> Self {
        Self { registry, storage, clock, client, published, served: BTreeMap::new() }
    }

    /// Follows the definitions until `shutdown`.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let mut retry = RETRY.0;
        while !shutdown.is_fired() {
            let Ok(mut changes) =
                self.storage.cache.subscribe(Filter::default(), From::InitialEvents { mark_end: false })
            else {
                return;
            };
            let mut objects = SelectAll::new();
            loop {
                let failed = match self.sync(&mut objects).await {
                    Ok(()) => {
                        retry = RETRY.0;
                        false
                    }
                    // Somebody else changed the definition: the event of that is on its way.
                    Err(status) if status.is_conflict() || status.is_not_found() => false,
                    Err(status) => {
                        warn!(%status, retry_after = ?retry, "serving custom resource definitions failed");
                        true
                    }
                };
                let next = async {
                    tokio::select! {
                        change = changes.next() => change.is_some(),
                        Some(_) = objects.next() => true,
                        () = tokio::time::sleep(retry), if failed => true,
                    }
                };
                match shutdown.unless(next).await {
                    Some(true) => {}
                    // The watch was cut off: start over.
                    Some(false) => break,
                    None => return,
                }
                if failed {
                    retry = (retry * 2).min(RETRY.1);
                }
            }
        }
    }

    /// Serves what the definitions say right now, and tells them so. What deletions wait for goes to `waiting`.
    pub(crate) async fn sync(&mut self, waiting: &mut SelectAll<Changes>) -> Result<(), Status> {
        waiting.clear();
        let objects = crate::registry_current(&self.storage);
        let definitions: Vec<&CustomResourceDefinition> = objects.iter().filter_map(Object::downcast).collect();
        let judged = names::judge(&definitions, self.clock.utc().to_time());
        self.serve(&judged).await;
        for (definition, before) in judged.iter().zip(&definitions) {
            if definition.status != before.status {
                self.client.all::<CustomResourceDefinition>().replace_status(definition).await?;
            }
        }
        for definition in definitions {
            let metadata = &definition.metadata;
            if metadata.deletion_timestamp.is_some() && metadata.finalizers.iter().any(|name| name == CLEANUP) {
                self.clean_up(definition, waiting).await?;
            }
        }
        Ok(())
    }

    /// Makes the kinds of the established definitions those of the server.
    async fn serve(&mut self, definitions: &[CustomResourceDefinition]) {
        let mut served = BTreeMap::new();
        let mut changed = false;
        for definition in definitions.iter().filter(|definition| names::is_established(definition)) {
            let metadata = &definition.metadata;
            let state = (metadata.uid.clone(), metadata.generation);
            let look = (definition.status.accepted_names.clone(), metadata.deletion_timestamp.is_some());
            let before = self.served.remove(&metadata.name);
            let same = before.as_ref().is_some_and(|before| before.state == state);
            if let Some(before) = before
                && same
                && before.look == look
            {
                served.insert(metadata.name.clone(), before);
                continue;
            }
            match definition_kinds(definition) {
                Ok(kinds) => {
                    changed = true;
                    if let Some(stored) = kinds.iter().find(|kind| kind.info().gvk() == *kind.hub()) {
                        if !same {
                            self.registry.parts.storages.serve(Arc::clone(stored)).await;
                        }
                        let hub = stored.hub().clone();
                        served.insert(metadata.name.clone(), Served { state, look, hub, kinds });
                    }
                }
                Err(error) => warn!(%error, "a definition cannot be served"),
            }
        }
        for gone in std::mem::replace(&mut self.served, served).into_values() {
            changed = true;
            self.registry.parts.storages.withdraw(&gone.hub);
        }
        if changed {
            let kinds = self.served.values().flat_map(|served| served.kinds.iter().cloned());
            let scheme = self.registry.parts.kinds.current().with_custom(kinds);
            self.registry.parts.kinds.replace(scheme);
            (self.published)();
        }
    }

    /// Deletes the objects of a definition that is being deleted, and lets it go when the last is gone.
    async fn clean_up(
        &self,
        definition: &CustomResourceDefinition,
        waiting: &mut SelectAll<Changes>,
    ) -> Result<(), Status> {
        let name = &definition.metadata.name;
        if let Some(served) = self.served.get(name)
            && let Some(storage) = self.registry.parts.storages.get(&served.hub)
        {
            // Subscribed before the look, so that nothing that happens after it is missed.
            let events = storage.cache.subscribe(Filter::default(), From::Now).ok();
            let left = crate::registry_current(&storage);
            if !left.is_empty() {
                debug!(definition = name, left = left.len(), "deleting the objects of a definition");
                let resource = GroupVersionResource::new(
                    served.hub.group.as_str(),
                    served
                        .kinds
                        .iter()
                        .find(|kind| kind.is_served())
                        .map_or_else(String::new, |kind| kind.info().version.into()),
                    definition.spec.names.plural.as_str(),
                );
                for object in left.iter().filter(|object| object.metadata().deletion_timestamp.is_none()) {
                    let metadata = object.metadata();
                    let api = self.client.dynamic(resource.clone(), &metadata.namespace);
                    match api.delete(&metadata.name, DeleteOptions::default()).await {
                        Err(status) if !status.is_not_found() => return Err(status),
                        _ => {}
                    }
                }
                waiting.extend(events.map(Changes));
                return Ok(());
            }
        }
        let mut done = definition.clone();
        set_condition(
            &mut done.status.conditions,
            "Terminating",
            false,
            "InstanceDeletionCompleted",
            "removed all instances",
            self.clock.utc().to_time(),
        );
        let api = self.client.all::<CustomResourceDefinition>();
        let mut done = CustomResourceDefinition::clone(&*api.replace_status(&done).await?);
        done.metadata.finalizers.retain(|finalizer| finalizer != CLEANUP);
        api.replace(&done).await.map(drop)
    }
}

/// The changes of the objects that a deletion waits for.
#[derive(Debug)]
pub(crate) struct Changes(Subscription);

impl futures::Stream for Changes {
    type Item = CacheEvent;
    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<CacheEvent>> {
        std::pin::Pin::new(&mut self.0).poll_next(context)
    }
}
