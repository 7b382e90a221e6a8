//! Keeping up with change.
//!
//! Server side: [`WatchCache`] follows one range of a store and fans out to any number of watchers. Client side:
//! informers, indexes, work queues and leader election over a `Client`.
//!
//! Absent here: the store itself (the API server feeds the cache), HTTP, and what anybody does with a change.

mod cache;
mod shutdown;

pub use cache::{
    CacheConfig, CacheEvent, Change, EventKind, Expired, Filter, From, SharedEvent, Snapshot, Subscription, WatchCache,
    object_key,
};
pub use shutdown::{Shutdown, ShutdownTrigger};
