//! The loop that every controller is: changes make keys, keys are reconciled.
//!
//! In: informers. Out: calls of a [`Reconciler`]. Invariants: nothing is reconciled before all informers are filled; one
//! key is never reconciled twice at a time; a reconciler that fails or panics is called again for that key, later each
//! time; on shutdown the calls that go on are let finish. Elsewhere: what is done about a key.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use pintle_object_model::api::meta::v1::ObjectMeta;
use pintle_object_model::{GroupVersion, GroupVersionResource, KindInfo, Object, ObjectRef, Resource};
use pintle_watch::{Delta, Indexer, Informer, RetryPolicy, WorkQueue};
use tokio::task::JoinSet;

use crate::{Context, ControllerError, ControllerEvent, Outcome};

/// What to do with a key after a successful reconciliation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Action {
    requeue: Option<Duration>,
}

impl Action {
    /// Nothing until the next change.
    pub fn done() -> Self {
        Self::default()
    }
    /// Look again after this time, or at the next change.
    pub fn requeue_after(delay: Duration) -> Self {
        Self { requeue: Some(delay) }
    }
    /// The sooner of two.
    #[must_use]
    pub fn or_sooner(self, other: Option<Duration>) -> Self {
        Self { requeue: self.requeue.into_iter().chain(other).min() }
    }
}

/// Makes the world fit what an object says.
///
/// Called with the key of an object that may have changed, may be gone, or may be just fine: it reads what it needs and
/// does what is missing, so that lost, merged and repeated calls do no harm. Different keys are reconciled concurrently,
/// one key never is. A call may be dropped at shutdown after a grace time, at any `.await`.
#[async_trait]
pub trait Reconciler: Send + Sync + 'static {
    /// Reconciles one key.
    ///
    /// # Errors
    /// Whatever stands in the way; the key is tried again.
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError>;
}

/// Something that runs until shutdown: a [`Controller`], or whatever else a [`Manager`](crate::Manager) shall run.
#[async_trait]
pub trait Runnable: Send + 'static {
    /// Its name in logs and observer events.
    fn name(&self) -> &str;
    /// Runs until the context's shutdown fires.
    async fn run(self: Box<Self>, ctx: Context);
}

/// Takes keys from handlers.
#[derive(Clone, Debug)]
pub struct Enqueue {
    queue: WorkQueue<ObjectRef>,
}

impl Enqueue {
    /// Reconcile this key soon.
    pub fn add(&self, key: ObjectRef) {
        self.queue.add(key);
    }
    /// Reconcile this key after a delay.
    pub fn add_after(&self, key: ObjectRef, delay: Duration) {
        self.queue.add_after(key, delay);
    }
}

type Synced = Pin<Box<dyn Future<Output = ()> + Send>>;
type Source = Box<dyn FnOnce(&Context, &Enqueue, Option<&'static KindInfo>) -> Synced + Send>;

/// How long reconciliations that go on at shutdown may take to finish.
const DRAIN: Duration = Duration::from_secs(5);

/// Declares what a controller is for, what it owns and what it watches.
pub struct ControllerBuilder {
    name: String,
    component: String,
    kind: Option<&'static KindInfo>,
    sources: Vec<Source>,
    workers: usize,
    retry: RetryPolicy,
}

impl std::fmt::Debug for ControllerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControllerBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}

fn key_of(metadata: &ObjectMeta) -> ObjectRef {
    ObjectRef::new(metadata.namespace.as_str(), metadata.name.as_str())
}

/// The key of the controlling owner, if it is of this kind.
pub(crate) fn owner_key(metadata: &ObjectMeta, kind: &KindInfo) -> Option<ObjectRef> {
    let owner = metadata.owner_references.iter().find(|owner| owner.controller == Some(true))?;
    let group = GroupVersion::parse(&owner.api_version).group;
    let namespace = if kind.namespaced { metadata.namespace.as_str() } else { "" };
    (owner.kind == kind.kind && group == kind.group).then(|| ObjectRef::new(namespace, owner.name.as_str()))
}

fn synced<T: Send + Sync + 'static>(informer: Informer<T>) -> Synced {
    Box::pin(async move { informer.synced().await })
}

impl ControllerBuilder {
    fn source(
        mut self,
        source: impl FnOnce(&Context, &Enqueue, Option<&'static KindInfo>) -> Synced + Send + 'static,
    ) -> Self {
        self.sources.push(Box::new(source));
        self
    }

    /// The kind whose objects are reconciled.
    #[must_use]
    pub fn for_<K: Resource>(mut self) -> Self {
        self.kind = Some(K::INFO);
        self.watches::<K>(|object, _| vec![key_of(object.metadata())])
    }

    /// A resource without a Rust type whose objects are reconciled.
    #[must_use]
    pub fn for_dynamic(self, resource: GroupVersionResource) -> Self {
        self.with_dynamic(resource, |object, _| vec![key_of(object.metadata())])
    }

    /// A kind whose objects belong to reconciled ones through their controller reference.
    #[must_use]
    pub fn owns<K: Resource>(self) -> Self {
        self.source(|ctx, enqueue, kind| {
            let informer = ctx.cached::<K>();
            let enqueue = enqueue.clone();
            informer.add_handler(move |delta| {
                let Some(kind) = kind else { return };
                let tell = |object: &K| {
                    if let Some(key) = owner_key(object.metadata(), kind) {
                        enqueue.add(key);
                    }
                };
                if let Delta::Updated { old, .. } = delta {
                    tell(old);
                }
                tell(delta.object());
            });
            synced(informer)
        })
    }

    /// Another kind whose changes matter: `map` says to which keys. It is asked about the old and the new state.
    #[must_use]
    pub fn watches<K: Resource>(self, map: impl Fn(&K, &Context) -> Vec<ObjectRef> + Send + Sync + 'static) -> Self {
        self.on::<K>(move |delta, ctx, enqueue| {
            if let Delta::Updated { old, .. } = delta {
                map(old, ctx).into_iter().for_each(|key| enqueue.add(key));
            }
            map(delta.object(), ctx).into_iter().for_each(|key| enqueue.add(key));
        })
    }

    /// Another kind with a handler that sees each change as it is. It must not block.
    #[must_use]
    pub fn on<K: Resource>(self, handler: impl Fn(&Delta<K>, &Context, &Enqueue) + Send + Sync + 'static) -> Self {
        self.source(move |ctx, enqueue, _| {
            let informer = ctx.cached::<K>();
            let (context, enqueue) = (ctx.clone(), enqueue.clone());
            informer.add_handler(move |delta| handler(delta, &context, &enqueue));
            synced(informer)
        })
    }

    /// As [`watches`](Self::watches), for a resource without a Rust type.
    #[must_use]
    pub fn with_dynamic(
        self,
        resource: GroupVersionResource,
        map: impl Fn(&Object, &Context) -> Vec<ObjectRef> + Send + Sync + 'static,
    ) -> Self {
        self.source(move |ctx, enqueue, _| {
            let informer = ctx.informers().of_resource(&resource);
            let (context, enqueue) = (ctx.clone(), enqueue.clone());
            informer.add_handler(move |delta| {
                if let Delta::Updated { old, .. } = delta {
                    map(old, &context).into_iter().for_each(|key| enqueue.add(key));
                }
                map(delta.object(), &context).into_iter().for_each(|key| enqueue.add(key));
            });
            synced(informer)
        })
    }

    /// A kind that is only read: its informer is filled before work starts.
    #[must_use]
    pub fn reads<K: Resource>(self) -> Self {
        self.source(|ctx, _, _| synced(ctx.cached::<K>()))
    }

    /// An index on the informer of a kind.
    #[must_use]
    pub fn index<K: Resource>(self, name: &'static str, indexer: Indexer<K>) -> Self {
        self.source(move |ctx, _, _| {
            let informer = ctx.cached::<K>();
            informer.add_index(name, indexer);
            synced(informer)
        })
    }

    /// How many keys are reconciled at a time. Default 5.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// Delays after failures.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The component that events name as their source. Default: the controller's name.
    #[must_use]
    pub fn component(mut self, component: &str) -> Self {
        component.clone_into(&mut self.component);
        self
    }

    /// The controller, with what it does.
    pub fn build(self, reconciler: impl Reconciler) -> Controller {
        Controller { declared: self, reconciler: Arc::new(reconciler) }
    }
}

/// A reconciler with all it takes to run it.
pub struct Controller {
    declared: ControllerBuilder,
    reconciler: Arc<dyn Reconciler>,
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller").field("name", &self.declared.name).finish_non_exhaustive()
    }
}

impl Controller {
    /// Starts the declaration of a controller.
    #[expect(clippy::new_ret_no_self, reason = "a controller is only complete with its reconciler")]
    pub fn new(name: &str) -> ControllerBuilder {
        ControllerBuilder {
            name: name.to_owned(),
            component: name.to_owned(),
            kind: None,
            sources: vec![],
            workers: 5,
            retry: RetryPolicy::default(),
        }
    }
}

#[async_trait]
impl Runnable for Controller {
    fn name(&self) -> &str {
        &self.declared.name
    }

    async fn run(self: Box<Self>, mut ctx: Context) {
        let Self { declared, reconciler } = *self;
        ctx.events = ctx.events.of_component(&declared.component);
        let queue = WorkQueue::new(Arc::clone(&ctx.clock), ctx.random.clone(), declared.retry);
        let enqueue = Enqueue { queue: queue.clone() };
        let filled: Vec<_> = declared.sources.into_iter().map(|source| source(&ctx, &enqueue, declared.kind)).collect();
        let shutdown = ctx.shutdown.clone();
        if shutdown.unless(futures::future::join_all(filled)).await.is_none() {
            return;
        }
        let name: Arc<str> = Arc::from(declared.name);
        tracing::debug!(controller = %name, "informers are filled");
        ctx.observer.tell(&ControllerEvent::Synced { controller: &name });
        let mut workers = JoinSet::new();
        for _ in 0..declared.workers {
            let worker = Worker {
                name: Arc::clone(&name),
                queue: queue.clone(),
                reconciler: Arc::clone(&reconciler),
                ctx: ctx.clone(),
            };
            workers.spawn(worker.run());
        }
        shutdown.wait().await;
        queue.shut_down();
        let drained = tokio::time::timeout(DRAIN, async { while workers.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            tracing::warn!(controller = %name, "reconciliations did not end in time and are dropped");
        }
        ctx.observer.tell(&ControllerEvent::Stopped { controller: &name });
    }
}

struct Worker {
    name: Arc<str>,
    queue: WorkQueue<ObjectRef>,
    reconciler: Arc<dyn Reconciler>,
    ctx: Context,
}

impl Worker {
    async fn run(self) {
        while let Some(key) = self.queue.take().await {
            let started = self.ctx.clock.now();
            let work = AssertUnwindSafe(self.reconciler.reconcile(&key, &self.ctx)).catch_unwind();
            let result = work.await.unwrap_or_else(|panic| Err(ControllerError::Panicked(panic_text(&*panic))));
            let outcome = match &result {
                Ok(Action { requeue: None }) => {
                    self.queue.forget(&key);
                    Outcome::Done
                }
                Ok(Action { requeue: Some(delay) }) => {
                    self.queue.forget(&key);
                    self.queue.add_after(key.clone(), *delay);
                    Outcome::Requeued(*delay)
                }
                Err(error) => {
                    self.report(&key, error);
                    self.queue.add_rate_limited(key.clone());
                    Outcome::Failed(error)
                }
            };
            let took = self.ctx.clock.now().saturating_sub(started);
            let waiting = self.queue.len();
            let event = ControllerEvent::Reconciled { controller: &self.name, key: &key, outcome, took, waiting };
            self.ctx.observer.tell(&event);
            self.queue.done(&key);
        }
    }

    fn report(&self, key: &ObjectRef, error: &ControllerError) {
        let controller = &self.name;
        match error {
            ControllerError::Panicked(_) => {
                tracing::error!(%controller, %key, %error, "reconciling failed, trying again")
            }
            error if error.is_expected() => tracing::debug!(%controller, %key, %error, "reconciling again"),
            error => tracing::warn!(%controller, %key, %error, "reconciling failed, trying again"),
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}
