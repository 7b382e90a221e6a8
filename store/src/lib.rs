//! A versioned, watchable key space: values under keys, every change numbered by one revision, every change
//! replayed from any revision that is still kept.
//!
//! [`Store`] is the contract. [`MemoryStore`] keeps values as they are; `EtcdStore` (feature `etcd`) and `FileStore`
//! (feature `file`) keep bytes, made by a [`Codec`]; `EncryptedCodec` (feature `encryption`) encrypts those. The promises
//! of the trait are a suite of tests ([`testing::conformance`]) that every backend runs.
//!
//! Absent here: what the values mean, HTTP, caches (`watch`), and who may read what (`apiserver`).

mod codec;
#[cfg(feature = "encryption")]
mod encryption;
mod engine;
mod error;
#[cfg(feature = "etcd")]
mod etcd;
#[cfg(feature = "file")]
mod file;
mod key;
mod memory;
pub mod testing;
mod txn;
mod value;

pub use codec::{BytesCodec, ObjectCodec};
#[cfg(feature = "encryption")]
pub use encryption::{EncryptedCodec, Encryption};
pub use error::{CommitError, StoreError};
#[cfg(feature = "etcd")]
pub use etcd::{EtcdConfig, EtcdStore, EtcdTls, EtcdUser};
#[cfg(feature = "file")]
pub use file::{FileConfig, FileStore};
pub use key::{Key, Range};
pub use memory::{MemoryConfig, MemoryStore};
pub use txn::{Committed, Compare, Op, Txn};
pub use value::{Codec, Value};

use std::num::NonZeroU64;
use std::pin::Pin;

use async_trait::async_trait;
use futures::Stream;

/// The number of a change; the first change of a store is 1 or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision(NonZeroU64);

impl Revision {
    /// From a number; `None` for 0, which is no revision.
    pub fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }
    /// The number.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// As of when to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Linearizable: sees every commit that was acknowledged before the call.
    Now,
    /// Exactly as it was at this revision.
    Revision(Revision),
}

/// A value with the revision of its last change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<V> {
    /// Its key.
    pub key: Key,
    /// The value.
    pub value: V,
    /// Revision of the commit that put it.
    pub revision: Revision,
}

/// Part of a range, all at one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<V> {
    /// In key order.
    pub items: Vec<Versioned<V>>,
    /// The revision at which the range was read; at least that of every item.
    pub revision: Revision,
    /// How many more keys of the range follow the last item.
    pub remaining: u64,
}

/// A change to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<V> {
    /// The key.
    pub key: Key,
    /// Revision of the change.
    pub revision: Revision,
    /// The new value; `None` if the key was deleted.
    pub value: Option<V>,
    /// The value before, if there was one.
    pub previous: Option<V>,
}

/// What a watch delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchItem<V> {
    /// All changes of one commit or of several, in revision order. A commit is never split.
    Events(Vec<Event<V>>),
    /// Every change up to this revision has been delivered.
    Progress(Revision),
}

/// Changes as they happen; ends after its first error. Dropping it ends the watch.
pub type EventStream<V> = Pin<Box<dyn Stream<Item = Result<WatchItem<V>, StoreError>> + Send>>;

/// A versioned, watchable key space.
///
/// All methods may be called concurrently from any task. Dropping the future of a read leaves nothing behind;
/// dropping that of a commit leaves it either done as a whole or not at all.
#[async_trait]
pub trait Store<V: Value>: Send + Sync + 'static {
    /// Reads one key.
    ///
    /// # Errors
    /// [`StoreError::Compacted`] for a revision that is no longer kept, [`StoreError::Future`] for one that is not
    /// there yet, [`StoreError::Unavailable`] if the backend cannot be reached.
    async fn get(&self, key: &Key, at: At) -> Result<Option<Versioned<V>>, StoreError>;

    /// Reads a range in key order, all at one revision. At most `limit` items; `None` for all.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    async fn list(&self, range: &Range, at: At, limit: Option<usize>) -> Result<Page<V>, StoreError>;

    /// Carries out all operations at one new revision if all comparisons hold, else none.
    ///
    /// Every value that is put is [stamped](Value::stamp) with the new revision before anybody sees it.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] with what is stored now if a comparison fails; [`StoreError::Invalid`] for a key in
    /// two operations; [`StoreError::TooLarge`] and [`StoreError::NoSpace`] change nothing;
    /// [`StoreError::Unavailable`] may have.
    async fn commit(&self, txn: Txn<V>) -> Result<Committed<V>, CommitError<V>>;

    /// Follows every change in a range with a revision greater than `from`: ordered, without gap or repeat.
    /// Values and previous values are those of the moment of the change.
    ///
    /// A watcher that does not keep up is ended with [`StoreError::Lagged`], or with [`StoreError::Compacted`] where
    /// the backend holds its changes for it until they are compacted.
    ///
    /// # Errors
    /// [`StoreError::Compacted`] if changes after `from` are no longer kept, [`StoreError::Future`] if `from` has not
    /// happened yet.
    async fn watch(&self, range: &Range, from: Revision) -> Result<EventStream<V>, StoreError>;

    /// Forgets history before `at`; what is current at `at` stays readable.
    ///
    /// # Errors
    /// [`StoreError::Compacted`] if that has happened already, [`StoreError::Future`] if `at` is not there yet.
    async fn compact(&self, at: Revision) -> Result<(), StoreError>;

    /// The newest revision: every commit acknowledged before the call is at or below it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the backend cannot be reached.
    async fn revision(&self) -> Result<Revision, StoreError>;
}
