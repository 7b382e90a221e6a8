//! One controller: which objects concern it, its queue, its workers.
//!
//! In: changes from informers. Out: calls of [`Reconciler::reconcile`]. Invariants: no key is worked on twice at a time;
//! a failure is tried again with growing delays; a panic of a reconciler is a failure of that key, not of the program.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;
use pintle_object_model::{ObjectRef, Resource};
use pintle_watch::{Delta, RetryPolicy, WorkQueue};
use tokio::task::JoinSet;
use tracing::{debug, warn};

use crate::manager::{ControllerEvent, Observer};
use crate::{Context, ControllerError, controller_of};

/// When to look at an object again, after a reconciliation that went well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Action {
    after: Option<Duration>,
}

impl Action {
    /// When something changes.
    pub fn done() -> Self {
        Self::default()
    }
    /// After this time, or when something changes.
    pub fn requeue_after(delay: Duration) -> Self {
        Self { after: Some(delay) }
    }
    /// The earlier of two.
    #[must_use]
    pub fn or_sooner(self, other: Self) -> Self {
        Self { after: self.after.into_iter().chain(other.after).min() }
    }
}

/// Makes one step from what is toward what is wanted.
///
/// Called by several tasks at once, never for one key at a time. Repeats must be harmless. It is given a key only: the
/// object may be gone. A dropped future (at shutdown) must leave nothing that the next call does not repair.
#[async_trait]
pub trait Reconciler: Send + Sync + 'static {
    /// Looks at one object.
    ///
    /// # Errors
    /// Whatever kept it from finishing; it is called again later.
    async fn reconcile(&self, key: &ObjectRef, context: &Context) -> Result<Action, ControllerError>;
}

type Subscribe = Box<dyn FnOnce(&Context, &WorkQueue<ObjectRef>) -> BoxFuture<'static, ()> + Send>;

/// A controller, ready to run.
pub struct Controller {
    name: &'static str,
    concurrency: usize,
    retry: RetryPolicy,
    subscriptions: Vec<Subscribe>,
    reconciler: Arc<dyn Reconciler>,
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Declares what concerns a controller.
pub struct ControllerBuilder {
    name: &'static str,
    concurrency: usize,
    retry: RetryPolicy,
    subscriptions: Vec<Subscribe>,
}

impl std::fmt::Debug for ControllerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControllerBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ControllerBuilder {
    /// Reconciles every object of this kind.
    #[must_use]
    pub fn for_each<K: Resource>(self) -> Self {
        self.watches::<K>(|delta, _| vec![ObjectRef::of(&**delta.object())])
    }

    /// Reconciles the controlling `O` of every object of kind `K` that changes.
    #[must_use]
    pub fn owns<O: Resource, K: Resource>(self) -> Self {
        self.watches::<K>(|delta, _| {
            let metadata = delta.object().metadata();
            let owner = controller_of(metadata).filter(|owner| {
                owner.kind == O::INFO.kind
                    && owner.api_version.split('/').next() == O::INFO.api_version().split('/').next()
            });
            owner.map(|owner| ObjectRef::new(metadata.namespace.as_str(), owner.name.as_str())).into_iter().collect()
        })
    }

    /// Reconciles what `concerns` names for every change of an object of this kind. It must not block.
    #[must_use]
    pub fn watches<K: Resource>(
        mut self,
        concerns: impl Fn(&Delta<K>, &Context) -> Vec<ObjectRef> + Send + Sync + 'static,
    ) -> Self {
        self.subscriptions.push(Box::new(move |context, queue| {
            let informer = context.informer::<K>();
            let (queue, context) = (queue.clone(), context.clone());
            informer.add_handler(move |delta| {
                for key in concerns(delta, &context) {
                    queue.add(key);
                }
            });
            async move { informer.synced().await }.boxed()
        }));
        self
    }

    /// Follows whatever `subscribe` follows, which queues keys and answers when all has been read once.
    #[must_use]
    pub fn subscribes(
        mut self,
        subscribe: impl FnOnce(&Context, &WorkQueue<ObjectRef>) -> BoxFuture<'static, ()> + Send + 'static,
    ) -> Self {
        self.subscriptions.push(Box::new(subscribe));
        self
    }

    /// Reads objects of this kind without being told of their changes: work starts when they are there.
    #[must_use]
    pub fn reads<K: Resource>(self) -> Self {
        self.watches::<K>(|_, _| vec![])
    }

    /// How many keys are worked on at once. Default 4.
    #[must_use]
    pub fn concurrency(mut self, workers: usize) -> Self {
        self.concurrency = workers.max(1);
        self
    }

    /// Delays between failed attempts.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The controller.
    pub fn build(self, reconciler: impl Reconciler) -> Controller {
        let Self { name, concurrency, retry, subscriptions } = self;
        Controller { name, concurrency, retry, subscriptions, reconciler: Arc::new(reconciler) }
    }
}

impl Controller {
    /// Begins to declare a controller.
    pub fn builder(name: &'static str) -> ControllerBuilder {
        let retry = RetryPolicy { max: Duration::from_secs(60), ..RetryPolicy::default() };
        ControllerBuilder { name, concurrency: 4, retry, subscriptions: vec![] }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Works until the context's shutdown.
    pub async fn run(self, context: Context, observer: Arc<dyn Observer>) {
        let context = context.named(self.name);
        let queue = WorkQueue::new(Arc::clone(context.clock()), context.random().clone(), self.retry);
        let synced: Vec<_> = self.subscriptions.into_iter().map(|subscribe| subscribe(&context, &queue)).collect();
        if context.shutdown().unless(futures::future::join_all(synced)).await.is_none() {
            return;
        }
        debug!(controller = self.name, "informers are filled, working");
        let mut workers = JoinSet::new();
        for _ in 0..self.concurrency {
            let worker = Worker {
                name: self.name,
                queue: queue.clone(),
                context: context.clone(),
                reconciler: Arc::clone(&self.reconciler),
                observer: Arc::clone(&observer),
            };
            workers.spawn(worker.work());
        }
        context.shutdown().wait().await;
        queue.shut_down();
        while workers.join_next().await.is_some() {}
    }
}

struct Worker {
    name: &'static str,
    queue: WorkQueue<ObjectRef>,
    context: Context,
    reconciler: Arc<dyn Reconciler>,
    observer: Arc<dyn Observer>,
}

impl Worker {
    async fn work(self) {
        while let Some(key) = self.queue.take().await {
            let attempt = AssertUnwindSafe(self.reconciler.reconcile(&key, &self.context)).catch_unwind();
            let Some(outcome) = self.context.shutdown().unless(attempt).await else { return };
            let outcome =
                outcome.unwrap_or_else(|panic| Err(ControllerError::Other(format!("panicked: {}", words(&*panic)))));
            self.settle(&key, outcome);
            self.queue.done(&key);
        }
    }

    fn settle(&self, key: &ObjectRef, outcome: Result<Action, ControllerError>) {
        match outcome {
            Ok(Action { after }) => {
                self.queue.forget(key);
                self.observer.observe(&ControllerEvent::Reconciled { controller: self.name, key: key.clone() });
                if let Some(delay) = after {
                    self.queue.add_after(key.clone(), delay);
                }
            }
            Err(error) => {
                if error.is_conflict() {
                    debug!(controller = self.name, %key, %error, "somebody else was faster");
                } else {
                    warn!(controller = self.name, %key, %error, "reconciling failed, trying again");
                }
                let event =
                    ControllerEvent::Failed { controller: self.name, key: key.clone(), error: error.to_string() };
                self.observer.observe(&event);
                self.queue.add_rate_limited(key.clone());
            }
        }
    }
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no words".into())
}
