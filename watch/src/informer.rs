//! Informers: a local, indexed copy of what the API holds of one resource, kept up to date.
//!
//! In: a list and then a watch through a `Client`. Out: reads without a request, and one call to every handler per
//! change, in order. Invariants: the copy is always a state that the server has had; after a gap the copy is listed anew
//! and handlers are told the difference, so that none misses a change; no lock is held while a handler runs. Elsewhere:
//! what is done about a change (`WorkQueue` and whoever takes from it).

mod cache;
mod reflector;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pintle_client::{Client, DynamicApi};
use pintle_object_model::api::meta::v1::ObjectMeta;
use pintle_object_model::clock::Random;
use pintle_object_model::{GroupVersionResource, Object, Resource};
use tokio::sync::watch;

use crate::Shutdown;

use cache::Cache;
pub use cache::Indexer;

/// What an informer follows, and how.
#[derive(Clone, Debug)]
pub struct InformerConfig {
    /// Only objects with these labels; empty for all.
    pub label_selector: String,
    /// Only objects with these fields; empty for all.
    pub field_selector: String,
    /// Items per page of the first list; 0 for all at once. Default 0 (in process, nothing is copied).
    pub page_items: u64,
    /// The first wait after a failure. Default 100 ms.
    pub retry_min: Duration,
    /// The longest wait after failures in a row. Default 30 s.
    pub retry_max: Duration,
    /// How often handlers are told of everything anew, as an update from what is there to the same; for handlers that lose
    /// track. Default never.
    pub resync: Option<Duration>,
    /// Source of jitter.
    pub random: Random,
}

impl InformerConfig {
    /// Everything of a resource, with the default limits.
    pub fn new(random: Random) -> Self {
        Self {
            label_selector: String::new(),
            field_selector: String::new(),
            page_items: 0,
            retry_min: Duration::from_millis(100),
            retry_max: Duration::from_secs(30),
            resync: None,
            random,
        }
    }

    /// Only objects with these fields.
    #[must_use]
    pub fn fields(mut self, selector: &str) -> Self {
        selector.clone_into(&mut self.field_selector);
        self
    }

    /// Only objects with these labels.
    #[must_use]
    pub fn labels(mut self, selector: &str) -> Self {
        selector.clone_into(&mut self.label_selector);
        self
    }
}

/// A change to the local copy.
#[derive(Debug)]
pub enum Delta<T> {
    /// The object is new to the copy.
    Added(Arc<T>),
    /// The object has changed; at a resync, `old` and `new` are the same.
    Updated {
        /// As it was.
        old: Arc<T>,
        /// As it is.
        new: Arc<T>,
    },
    /// The object is gone.
    Deleted {
        /// Its last known state.
        last: Arc<T>,
        /// The deletion itself was missed (found by listing anew): `last` may be out of date.
        missed: bool,
    },
}

impl<T> Clone for Delta<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Added(object) => Self::Added(Arc::clone(object)),
            Self::Updated { old, new } => Self::Updated { old: Arc::clone(old), new: Arc::clone(new) },
            Self::Deleted { last, missed } => Self::Deleted { last: Arc::clone(last), missed: *missed },
        }
    }
}

impl<T> Delta<T> {
    /// The newest state known.
    pub fn object(&self) -> &Arc<T> {
        match self {
            Self::Added(object) | Self::Updated { new: object, .. } | Self::Deleted { last: object, .. } => object,
        }
    }
}

/// Told of every change, in order, by one task: it must not block. Reading the informer inside is allowed; the change is
/// already visible there.
pub type Handler<T> = Arc<dyn Fn(&Delta<T>) + Send + Sync>;

/// How objects of the API become items of the copy.
#[derive(Debug)]
pub(crate) struct Adapter<T> {
    convert: fn(&Object) -> Option<Arc<T>>,
    metadata: fn(&T) -> &ObjectMeta,
}

impl<T> Clone for Adapter<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Adapter<T> {}

/// A local copy of one resource. Cheap to clone; all clones are the same copy.
pub struct Informer<T> {
    cache: Arc<Cache<T>>,
    api: DynamicApi,
}

impl<T> Clone for Informer<T> {
    fn clone(&self) -> Self {
        Self { cache: Arc::clone(&self.cache), api: self.api.clone() }
    }
}

impl<T> std::fmt::Debug for Informer<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Informer").field("api", &self.api).finish_non_exhaustive()
    }
}

impl<K: Resource> Informer<K> {
    /// Starts following the objects of a kind: in one namespace, or in all if it is empty. Must be called within a tokio
    /// runtime; ends with `shutdown`.
    pub fn start(client: &Client, namespace: &str, config: InformerConfig, shutdown: Shutdown) -> Self {
        let adapter = Adapter { convert: Object::downcast_arc::<K>, metadata: Resource::metadata };
        Self::spawn(client.namespaced::<K>(namespace).as_dynamic().clone(), adapter, config, shutdown)
    }
}

impl Informer<Object> {
    /// Starts following the objects of any resource, without a Rust type. See [`start`](Informer::start).
    pub fn start_dynamic(
        client: &Client,
        resource: GroupVersionResource,
        namespace: &str,
        config: InformerConfig,
        shutdown: Shutdown,
    ) -> Self {
        let adapter = Adapter { convert: |object| Some(Arc::new(object.clone())), metadata: Object::metadata };
        Self::spawn(client.dynamic(resource, namespace), adapter, config, shutdown)
    }
}

impl<T: Send + Sync + 'static> Informer<T> {
    fn spawn(api: DynamicApi, adapter: Adapter<T>, config: InformerConfig, shutdown: Shutdown) -> Self {
        let cache = Arc::new(Cache::new(adapter.metadata));
        tokio::spawn(reflector::run(api.clone(), Arc::clone(&cache), adapter, config, shutdown));
        Self { cache, api }
    }

    /// The object of this name, if it is there; `namespace` is empty for cluster-scoped ones.
    pub fn get(&self, namespace: &str, name: &str) -> Option<Arc<T>> {
        self.cache.get(namespace, name)
    }

    /// All objects, ordered by namespace and name.
    pub fn list(&self) -> Vec<Arc<T>> {
        self.cache.list(None)
    }

    /// All objects of a namespace, ordered by name.
    pub fn list_in(&self, namespace: &str) -> Vec<Arc<T>> {
        self.cache.list(Some(namespace))
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Are there no objects?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an index under a name; one of that name that is there already stays. Objects that are there are indexed at
    /// once.
    pub fn add_index(&self, name: &'static str, indexer: Indexer<T>) {
        self.cache.add_index(name, indexer);
    }

    /// All objects that an index puts under a value, ordered by namespace and name.
    ///
    /// # Panics
    /// If there is no index of that name: a mistake of the program.
    pub fn indexed(&self, index: &'static str, value: &str) -> Vec<Arc<T>> {
        self.cache.indexed(index, value)
    }

    /// Adds a handler. It is told `Added` for everything that is there, then every change.
    pub fn add_handler(&self, handler: impl Fn(&Delta<T>) + Send + Sync + 'static) {
        self.cache.add_handler(Arc::new(handler));
    }

    /// Has the first list been read?
    pub fn is_synced(&self) -> bool {
        *self.cache.synced().borrow()
    }

    /// Waits until the first list has been read. Never ends if the server never answers.
    pub async fn synced(&self) {
        // An error means that the reflector is gone: shutdown. Then nobody may rely on the copy, so this waits forever
        // and the caller's own shutdown ends it.
        if self.cache.synced().wait_for(|synced| *synced).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Counts the changes; await `changed()` on it to wait for the next one.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.cache.changes()
    }

    /// Waits until `ready` answers something about this informer, asked now and after every change.
    pub async fn wait_for<R>(&self, mut ready: impl FnMut(&Self) -> Option<R>) -> R {
        let mut changes = self.changes();
        loop {
            changes.mark_unchanged();
            if let Some(result) = ready(self) {
                return result;
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// One informer per kind for everybody who shares this factory. Cheap to clone.
#[derive(Clone)]
pub struct Informers {
    client: Client,
    random: Random,
    shutdown: Shutdown,
    started: Arc<Mutex<Started>>,
}

#[derive(Default)]
struct Started {
    typed: HashMap<TypeId, Box<dyn Any + Send>>,
    dynamic: HashMap<GroupVersionResource, Informer<Object>>,
}

impl std::fmt::Debug for Informers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Informers").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Informers {
    /// A factory whose informers read through this client and end with `shutdown`.
    pub fn new(client: Client, random: Random, shutdown: Shutdown) -> Self {
        Self { client, random, shutdown, started: Arc::default() }
    }

    /// The client that the informers read through.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The informer of all objects of a kind; started at the first call.
    pub fn of<K: Resource>(&self) -> Informer<K> {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = started.typed.entry(TypeId::of::<K>()).or_insert_with(|| {
            let config = InformerConfig::new(self.random.clone());
            Box::new(Informer::<K>::start(&self.client, "", config, self.shutdown.clone()))
        });
        entry.downcast_ref::<Informer<K>>().expect("the entry of a type holds its informer").clone()
    }

    /// The informer of all objects of any resource; started at the first call.
    pub fn of_resource(&self, resource: &GroupVersionResource) -> Informer<Object> {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = started.dynamic.entry(resource.clone()).or_insert_with(|| {
            let config = InformerConfig::new(self.random.clone());
            Informer::start_dynamic(&self.client, resource.clone(), "", config, self.shutdown.clone())
        });
        entry.clone()
    }
}
