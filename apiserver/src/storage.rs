//! Where objects live: one [`Storage`] per stored kind, all fed by one follower of the store.
//!
//! In: the store's watch over everything. Out: a watch cache per kind, and conditional writes. Invariants: a
//! cache never claims a revision whose changes it has not been given; every write is a compare-and-swap on what
//! the writer has seen. Elsewhere: what may be written (`registry`), how it is encoded (`codec`).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures::StreamExt;
use pintle_object_model::custom::{CustomKind, CustomObject};
use pintle_object_model::{GroupResource, GroupVersionKind, GroupVersionResource, KindInfo, Object, Status};
use pintle_store::{At, CommitError, Key, Op, Range, Revision, Store, StoreError, Txn, Versioned, WatchItem};
use pintle_watch::{CacheConfig, Change, Shutdown, WatchCache};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{info, warn};

/// Everything is stored below this.
pub(crate) const ROOT: &str = "/registry/";

/// The place of one stored kind.
#[derive(Debug)]
pub(crate) struct Storage {
    pub(crate) info: &'static KindInfo,
    pub(crate) cache: Arc<WatchCache>,
    prefix: String,
    /// What reads the objects, if they are custom resources.
    kind: Option<Arc<CustomKind>>,
    /// Everything up to this revision was there when the cache was filled.
    since: AtomicU64,
    shared: Arc<Shared>,
}

/// What all storages have in common.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store<Object>>,
    /// Every change up to this revision is in the caches; 0 before the first list.
    applied: watch::Sender<u64>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("applied", &*self.applied.borrow()).finish_non_exhaustive()
    }
}

/// The storages of all kinds.
#[derive(Clone, Debug)]
pub(crate) struct Storages {
    index: Arc<ArcSwap<Index>>,
    shared: Arc<Shared>,
    additions: mpsc::Sender<Addition>,
    /// Taken by the follower.
    added: Arc<tokio::sync::Mutex<mpsc::Receiver<Addition>>>,
}

/// The storages, by what they are looked up with.
#[derive(Clone, Debug, Default)]
struct Index {
    by_hub: BTreeMap<GroupVersionKind, Arc<Storage>>,
    by_prefix: HashMap<String, Arc<Storage>>,
}

/// A storage that is to be followed from now on, and who waits for it.
#[derive(Debug)]
struct Addition {
    storage: Arc<Storage>,
    done: oneshot::Sender<()>,
}

/// Most storages that wait to be followed.
const ADDITIONS_MAX: usize = 16;

impl Index {
    /// Adds a storage; one of the same prefix is taken out and ended.
    fn insert(&mut self, storage: Arc<Storage>) {
        self.remove(&storage.prefix);
        self.by_hub.insert(storage.info.gvk(), Arc::clone(&storage));
        self.by_prefix.insert(storage.prefix.clone(), storage);
    }

    fn remove(&mut self, prefix: &str) -> Option<Arc<Storage>> {
        let storage = self.by_prefix.remove(prefix)?;
        self.by_hub.remove(&storage.info.gvk());
        Some(storage)
    }

    /// Prefixes have one or two parts behind the root.
    fn of_key(&self, key: &str) -> Option<&Arc<Storage>> {
        let rest = key.strip_prefix(ROOT)?;
        let mut ends = rest.match_indices('/').map(|(at, _)| ROOT.len() + at + 1);
        let (first, second) = (ends.next()?, ends.next());
        second.and_then(|end| self.by_prefix.get(&key[..end])).or_else(|| self.by_prefix.get(&key[..first]))
    }
}

impl Storages {
    pub(crate) fn new(store: Arc<dyn Store<Object>>, hubs: impl IntoIterator<Item = &'static KindInfo>) -> Self {
        let shared = Arc::new(Shared { store, applied: watch::Sender::new(0) });
        let mut index = Index::default();
        for info in hubs {
            index.insert(Arc::new(Storage::new(info, None, &shared)));
        }
        let (additions, added) = mpsc::channel(ADDITIONS_MAX);
        let added = Arc::new(tokio::sync::Mutex::new(added));
        Self { index: Arc::new(ArcSwap::from_pointee(index)), shared, additions, added }
    }

    pub(crate) fn get(&self, hub: &GroupVersionKind) -> Option<Arc<Storage>> {
        self.index.load().by_hub.get(hub).cloned()
    }

    /// The storage of a resource at the version that is stored.
    pub(crate) fn of_resource(&self, resource: &GroupVersionResource) -> Option<Arc<Storage>> {
        let index = self.index.load();
        let found = index
            .by_hub
            .values()
            .find(|storage| storage.info.plural == resource.resource && storage.info.group == resource.group);
        found.cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Storage>> {
        self.index.load().by_hub.values().cloned().collect()
    }

    /// Follows the custom resources of a kind from now on, instead of those of an earlier state of its definition,
    /// whose watches end. Returns when the cache is filled.
    pub(crate) async fn serve(&self, kind: Arc<CustomKind>) {
        let storage = Arc::new(Storage::new(kind.info(), Some(kind), &self.shared));
        let (done, filled) = oneshot::channel();
        if self.additions.send(Addition { storage, done }).await.is_ok() {
            // Without an answer the server is being stopped.
            let _ = filled.await;
        }
    }

    /// Ends the watches of a kind and forgets its cache; what is stored stays.
    pub(crate) fn withdraw(&self, hub: &GroupVersionKind) {
        let Some(storage) = self.get(hub) else { return };
        self.change(|index| drop(index.remove(&storage.prefix)));
        storage.cache.close();
    }

    fn change(&self, edit: impl Fn(&mut Index)) {
        self.index.rcu(|index| {
            let mut index = Index::clone(index);
            edit(&mut index);
            index
        });
    }

    fn insert(&self, storage: &Arc<Storage>) {
        let before = self.index.load().by_prefix.get(&storage.prefix).cloned();
        self.change(|index| index.insert(Arc::clone(storage)));
        if let Some(before) = before {
            before.cache.close();
        }
    }

    /// Has the first list been taken over?
    pub(crate) fn is_ready(&self) -> bool {
        *self.shared.applied.borrow() > 0
    }

    /// Waits until the first list has been taken over.
    pub(crate) async fn wait_ready(&self) {
        let _ = self.shared.applied.subscribe().wait_for(|applied| *applied > 0).await;
    }

    /// The newest revision that the caches have.
    pub(crate) fn applied(&self) -> u64 {
        *self.shared.applied.borrow()
    }

    /// Follows the store until `shutdown`: lists, watches, and starts over when the watch is lost.
    pub(crate) async fn follow(self, shutdown: Shutdown) {
        let mut backoff = Duration::from_millis(10);
        let mut added = self.added.lock().await;
        while !shutdown.is_fired() {
            let Some(ended) = shutdown.unless(self.follow_once(&mut added, &mut backoff)).await else { break };
            if let Err(error) = ended {
                warn!(%error, retry_after = ?backoff, "following the store failed");
            }
            if shutdown.unless(tokio::time::sleep(backoff)).await.is_none() {
                break;
            }
            backoff = (backoff * 2).min(Duration::from_secs(5));
        }
        for storage in self.all() {
            storage.cache.close();
        }
    }

    async fn follow_once(
        &self,
        added: &mut mpsc::Receiver<Addition>,
        backoff: &mut Duration,
    ) -> Result<(), StoreError> {
        // Who came while the store was away is filled along with the others.
        let mut waiting = vec![];
        while let Ok(addition) = added.try_recv() {
            self.insert(&addition.storage);
            waiting.push(addition.done);
        }
        let range = Range::prefix(ROOT);
        let page = self.shared.store.list(&range, At::Now, None).await?;
        let revision = page.revision;
        let index = self.index.load_full();
        let mut found: BTreeMap<&str, Vec<Object>> = BTreeMap::new();
        for item in page.items {
            if let Some(storage) = index.of_key(item.key.as_str()) {
                found.entry(&storage.prefix).or_default().push(storage.read(item.value));
            }
        }
        for storage in index.by_hub.values() {
            storage.fill(revision, found.remove(storage.prefix.as_str()).unwrap_or_default());
        }
        self.shared.applied.send_replace(revision.get());
        for done in waiting {
            let _ = done.send(());
        }
        info!(revision = revision.get(), "watch caches filled");

        let mut events = self.shared.store.watch(&range, revision).await?;
        loop {
            tokio::select! {
                biased;
                item = events.next() => match item {
                    None => return Ok(()),
                    Some(item) => match item? {
                        WatchItem::Events(events) => self.apply(events),
                        WatchItem::Progress(revision) => {
                            self.shared.applied.send_if_modified(|applied| raise(applied, revision.get()));
                        }
                    },
                },
                Some(addition) = added.recv() => self.add(addition).await?,
            }
            *backoff = Duration::from_millis(10);
        }
    }

    /// Fills the cache of one more storage. What the events that follow repeat of it is left out by `since`.
    async fn add(&self, addition: Addition) -> Result<(), StoreError> {
        let storage = &addition.storage;
        let page = self.shared.store.list(&Range::prefix(storage.prefix.as_str()), At::Now, None).await?;
        storage.fill(page.revision, page.items.into_iter().map(|item| storage.read(item.value)).collect());
        self.insert(storage);
        let _ = addition.done.send(());
        Ok(())
    }

    /// Hands the changes of whole commits to the caches they belong to, then says so.
    fn apply(&self, events: Vec<pintle_store::Event<Object>>) {
        let Some(newest) = events.last().map(|event| event.revision.get()) else { return };
        let index = self.index.load();
        let mut run: Option<(&Arc<Storage>, Vec<Change>)> = None;
        for event in events {
            let Some(storage) = index.of_key(event.key.as_str()) else { continue };
            let revision = event.revision.get();
            if revision <= storage.since.load(Ordering::Relaxed) {
                continue;
            }
            let object = event.value.map(|object| storage.read(object));
            let change = Change { revision, object, previous: event.previous };
            match &mut run {
                Some((current, changes)) if Arc::ptr_eq(current, storage) => changes.push(change),
                _ => {
                    if let Some((previous, changes)) = run.replace((storage, vec![change])) {
                        previous.cache.apply(changes);
                    }
                }
            }
        }
        if let Some((storage, changes)) = run {
            storage.cache.apply(changes);
        }
        self.shared.applied.send_if_modified(|applied| raise(applied, newest));
    }
}

fn raise(applied: &mut u64, to: u64) -> bool {
    let higher = to > *applied;
    if higher {
        *applied = to;
    }
    higher
}

/// Fields by which so many watch that the caches find them by index, the most selective first.
fn indexed_fields(info: &KindInfo) -> &'static [&'static str] {
    match (info.group, info.kind) {
        ("", "Pod") => &["spec.nodeName"],
        ("", "Event") => &["involvedObject.uid", "involvedObject.name"],
        ("", "Secret") => &["type"],
        ("certificates.k8s.io", "CertificateSigningRequest") => &["spec.signerName"],
        _ => &[],
    }
}

/// Groups whose kinds kube-apiserver keeps without the group in the key; all others, custom resources among them,
/// have it.
const GROUPS_LEFT_OUT: [&str; 20] = [
    "",
    "admissionregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// The keys of a kind, as kube-apiserver lays them out.
fn prefix_of(info: &KindInfo) -> String {
    let path = match (info.group, info.plural) {
        ("", "nodes") => "minions",
        ("", "services") => "services/specs",
        ("", "endpoints") => "services/endpoints",
        ("", "replicationcontrollers") => "controllers",
        ("networking.k8s.io", "ingresses") => "ingress",
        (group, plural) if GROUPS_LEFT_OUT.contains(&group) => plural,
        (group, plural) => return format!("{ROOT}{group}/{plural}/"),
    };
    format!("{ROOT}{path}/")
}

impl Storage {
    fn new(info: &'static KindInfo, kind: Option<Arc<CustomKind>>, shared: &Arc<Shared>) -> Self {
        let indexed_fields = match &kind {
            Some(kind) => kind.selectable().map(str::to_owned).collect(),
            None => indexed_fields(info).iter().map(|field| (*field).to_owned()).collect(),
        };
        let config = CacheConfig { indexed_fields, ..CacheConfig::default() };
        Self {
            info,
            cache: Arc::new(WatchCache::new(config)),
            prefix: prefix_of(info),
            kind,
            since: AtomicU64::new(0),
            shared: Arc::clone(shared),
        }
    }

    fn fill(&self, revision: Revision, objects: Vec<Object>) {
        self.since.store(revision.get(), Ordering::Relaxed);
        self.cache.reset(revision.get(), objects);
    }

    /// A stored object as it is seen: custom resources at the version that is stored now, with the defaults that have
    /// come since.
    fn read(&self, object: Object) -> Object {
        let Some(kind) = &self.kind else { return object };
        if !kind.has_defaults() && object.gvk() == *kind.hub() {
            return object;
        }
        match CustomObject::from_object(kind, &object) {
            Ok(read) => read.into_object(),
            Err(error) => {
                warn!(%error, ?object, "a stored custom resource cannot be read");
                object
            }
        }
    }

    pub(crate) fn group_resource(&self) -> GroupResource {
        GroupResource::new(self.info.group, self.info.plural)
    }

    pub(crate) fn key(&self, namespace: &str, name: &str) -> Key {
        if namespace.is_empty() {
            Key::new(format!("{}{name}", self.prefix))
        } else {
            Key::new(format!("{}{namespace}/{name}", self.prefix))
        }
    }

    /// The current object, straight from the store.
    pub(crate) async fn get(&self, namespace: &str, name: &str) -> Result<Option<Versioned<Object>>, Status> {
        let found = self.shared.store.get(&self.key(namespace, name), At::Now).await.map_err(store_status)?;
        Ok(found.map(|found| Versioned { value: self.read(found.value), ..found }))
    }

    /// Waits until the cache has everything that was committed before the call.
    pub(crate) async fn wait_fresh(&self, timeout: Duration) -> Result<(), Status> {
        let newest = self.shared.store.revision().await.map_err(store_status)?;
        self.wait_revision(newest.get(), timeout).await
    }

    /// Waits until the cache has everything up to `revision`.
    pub(crate) async fn wait_revision(&self, revision: u64, timeout: Duration) -> Result<(), Status> {
        let mut applied = self.shared.applied.subscribe();
        // The value is copied out at once: what `wait_for` answers is a read lock, and whoever takes a second one while
        // the follower waits to write waits for ever.
        let reached = async {
            applied.wait_for(|applied| *applied > 0 && *applied >= revision).await.map(|applied| *applied).ok()
        };
        match tokio::time::timeout(timeout, reached).await {
            Ok(applied) => {
                if let Some(applied) = applied {
                    self.cache.progress(applied);
                }
                Ok(())
            }
            Err(_) => {
                let current = *self.shared.applied.borrow();
                let mut status = Status::timeout(format!("Too large resource version: {revision}, current: {current}"));
                status.details = Some(Box::new(pintle_object_model::api::meta::v1::StatusDetails {
                    causes: vec![pintle_object_model::api::meta::v1::StatusCause {
                        reason: "ResourceVersionTooLarge".into(),
                        message: "Too large resource version".into(),
                        field: String::new(),
                    }],
                    retry_after_seconds: 1,
                    ..Default::default()
                }));
                Err(status)
            }
        }
    }

    /// Lets the cache claim every revision that has been applied everywhere.
    pub(crate) fn advance(&self) -> u64 {
        let applied = *self.shared.applied.borrow();
        self.cache.progress(applied);
        self.cache.revision()
    }

    /// Stores a new object.
    pub(crate) async fn create(&self, object: Object, ttl: Option<Duration>) -> Result<Object, Status> {
        let (namespace, name) = (object.metadata().namespace.clone(), object.metadata().name.clone());
        let key = self.key(&namespace, &name);
        let mut txn = Txn::create(key.clone(), object.clone());
        if ttl.is_some() {
            txn.ops = vec![Op::Put { key, value: object.clone(), ttl }];
        }
        // The handle given away must be the only one, or stamping would copy the object.
        drop(object);
        match self.shared.store.commit(txn).await {
            Ok(mut done) => Ok(done.puts.remove(0).value),
            Err(CommitError::Conflict { .. }) => Err(Status::already_exists(&self.group_resource(), &name)),
            Err(CommitError::Store(error)) => Err(store_status(error)),
        }
    }

    /// Replaces what was read at `seen` by `object`; `None` if somebody else was faster.
    pub(crate) async fn replace(
        &self,
        seen: Revision,
        object: Object,
        ttl: Option<Duration>,
    ) -> Result<Option<Object>, Status> {
        let key = self.key(&object.metadata().namespace, &object.metadata().name);
        let mut txn = Txn { compares: vec![], ops: vec![Op::Put { key: key.clone(), value: object, ttl }] };
        txn.compares.push(pintle_store::Compare { key, expected: Some(seen) });
        match self.shared.store.commit(txn).await {
            Ok(mut done) => Ok(Some(done.puts.remove(0).value)),
            Err(CommitError::Conflict { .. }) => Ok(None),
            Err(CommitError::Store(error)) => Err(store_status(error)),
        }
    }

    /// Replaces several objects, each as it was read; `false`, and nothing is changed, if somebody else was faster.
    pub(crate) async fn replace_all(&self, changed: Vec<(Revision, Object)>) -> Result<bool, Status> {
        let mut txn = Txn { compares: vec![], ops: vec![] };
        for (seen, value) in changed {
            let key = self.key(&value.metadata().namespace, &value.metadata().name);
            txn.compares.push(pintle_store::Compare { key: key.clone(), expected: Some(seen) });
            txn.ops.push(Op::Put { key, value, ttl: None });
        }
        match self.shared.store.commit(txn).await {
            Ok(_) => Ok(true),
            Err(CommitError::Conflict { .. }) => Ok(false),
            Err(CommitError::Store(error)) => Err(store_status(error)),
        }
    }

    /// Deletes what was read at `seen`; `None` if somebody else was faster. The object carries the revision of
    /// its deletion.
    pub(crate) async fn remove(&self, namespace: &str, name: &str, seen: Revision) -> Result<Option<Object>, Status> {
        match self.shared.store.commit(Txn::delete(self.key(namespace, name), seen)).await {
            Ok(mut done) => {
                let revision = done.revision;
                Ok(done.deleted.pop().map(|gone| {
                    let mut object = gone.value;
                    object.stamp(revision.get());
                    object
                }))
            }
            Err(CommitError::Conflict { .. }) => Ok(None),
            Err(CommitError::Store(error)) => Err(store_status(error)),
        }
    }
}

/// A store's failure as clients see it.
pub(crate) fn store_status(error: StoreError) -> Status {
    match &error {
        StoreError::Compacted { asked, oldest } => {
            Status::expired(format!("The resourceVersion for the provided list is too old: {asked} ({oldest})"))
        }
        StoreError::Lagged => Status::expired("The watch fell behind and was cut off."),
        StoreError::Future { .. } => Status::timeout(error.to_string()),
        StoreError::TooLarge { .. } => Status::failure(413, "RequestEntityTooLarge", error.to_string()),
        StoreError::Unavailable { source, .. } => {
            Status::failure(503, "ServiceUnavailable", format!("{error}: {source}"))
        }
        _ => Status::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use pintle_object_model::Resource;
    use pintle_object_model::api::core::v1::ConfigMap;

    use super::*;

    #[test]
    fn keys_are_laid_out_as_kubernetes_does() {
        let prefix = |group, plural| prefix_of(&KindInfo { group, plural, ..*ConfigMap::INFO });
        for (group, plural, expected) in [
            ("", "configmaps", "/registry/configmaps/"),
            ("", "nodes", "/registry/minions/"),
            ("", "services", "/registry/services/specs/"),
            ("", "endpoints", "/registry/services/endpoints/"),
            ("", "replicationcontrollers", "/registry/controllers/"),
            ("apps", "daemonsets", "/registry/daemonsets/"),
            ("networking.k8s.io", "ingresses", "/registry/ingress/"),
            ("rbac.authorization.k8s.io", "clusterroles", "/registry/clusterroles/"),
            ("apiregistration.k8s.io", "apiservices", "/registry/apiregistration.k8s.io/apiservices/"),
            (
                "apiextensions.k8s.io",
                "customresourcedefinitions",
                "/registry/apiextensions.k8s.io/customresourcedefinitions/",
            ),
            ("cr.bar.com", "foos", "/registry/cr.bar.com/foos/"),
            ("gateway.networking.k8s.io", "gateways", "/registry/gateway.networking.k8s.io/gateways/"),
        ] {
            assert_eq!(prefix(group, plural), expected);
        }
    }
}
