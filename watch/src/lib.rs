//! Keeping up with change.
//!
//! Server side: [`WatchCache`] follows one range of a store and fans out to any number of watchers. Client side, over a
//! `Client`: [`Informer`] (a local, indexed copy with handlers), [`WorkQueue`], [`LeaderElector`] and
//! [`EventRecorder`].
//!
//! Absent here: the store itself (the API server feeds the cache), HTTP, and what anybody does with a change.

mod backoff;
mod cache;
mod election;
mod events;
mod informer;
mod queue;
mod shutdown;

pub use backoff::Backoff;
pub use cache::{
    CacheConfig, CacheEvent, Change, EventKind, Expired, Filter, From, Snapshot, Subscription, WatchCache, object_key,
};
pub use election::{Election, ElectionConfig, LeaderElector, Step};
pub use events::{EventRecorder, reference};
pub use informer::{Delta, Handler, Indexer, Informer, InformerConfig, Informers};
pub use queue::{Flow, QueueKey, QueueState, RetryPolicy, WorkQueue};
pub use shutdown::{Shutdown, ShutdownTrigger};
