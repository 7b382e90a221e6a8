//! What can be stored.

use bytes::Bytes;
use pintle_object_model::Object;

use crate::{Key, Revision};

/// A value that a store can keep: cheap to clone, and able to carry the revision of its last change.
pub trait Value: Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static {
    /// Takes note of the revision of the commit that puts it. Called once, before anybody else sees the value;
    /// after reading from a durable backend it is called with the revision found there.
    fn stamp(&mut self, revision: Revision);
}

/// Turns values into bytes and back, for backends that keep bytes.
pub trait Codec<V>: Send + Sync + 'static {
    /// The bytes to keep; they need not carry the revision.
    ///
    /// # Errors
    /// Why there can be none; the commit then changes nothing.
    fn encode(&self, key: &Key, value: &V) -> Result<Bytes, String>;
    /// The value of kept bytes, not yet stamped.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    fn decode(&self, key: &Key, bytes: &Bytes) -> Result<V, String>;
}

impl Value for Object {
    fn stamp(&mut self, revision: Revision) {
        Self::stamp(self, revision.get());
    }
}

impl Value for Bytes {
    fn stamp(&mut self, _revision: Revision) {}
}
