//! Transactions: comparisons, then operations, all or nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::{Key, Revision, StoreError, Versioned};

/// What must hold for a transaction to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compare {
    /// The key.
    pub key: Key,
    /// The revision of its last change; `None` if the key must be absent.
    pub expected: Option<Revision>,
}

/// A change to one key.
#[derive(Clone, Debug)]
pub enum Op<V> {
    /// Puts a value.
    Put {
        /// The key.
        key: Key,
        /// The value.
        value: V,
        /// How long the key lives, unless it is put again.
        ttl: Option<Duration>,
    },
    /// Deletes a key; nothing happens if it is absent.
    Delete {
        /// The key.
        key: Key,
    },
}

/// Comparisons and operations. A key stands in at most one operation.
#[derive(Clone, Debug)]
pub struct Txn<V> {
    /// All of these must hold.
    pub compares: Vec<Compare>,
    /// Then all of these are carried out, at one revision.
    pub ops: Vec<Op<V>>,
}

impl<V> Op<V> {
    /// The key that it changes.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }
}

impl<V> Txn<V> {
    /// Checks that no key stands in two operations.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] that names the key.
    pub fn validate(&self) -> Result<(), StoreError> {
        let mut seen = BTreeSet::new();
        match self.ops.iter().find(|op| !seen.insert(op.key())) {
            Some(op) => Err(StoreError::Invalid { why: format!("{}: the key stands in two operations", op.key()) }),
            None => Ok(()),
        }
    }

    /// Puts a value under a key that must be absent.
    pub fn create(key: Key, value: V) -> Self {
        Self {
            compares: vec![Compare { key: key.clone(), expected: None }],
            ops: vec![Op::Put { key, value, ttl: None }],
        }
    }
    /// Replaces the value that was last changed at `expected`.
    pub fn update(key: Key, expected: Revision, value: V) -> Self {
        Self {
            compares: vec![Compare { key: key.clone(), expected: Some(expected) }],
            ops: vec![Op::Put { key, value, ttl: None }],
        }
    }
    /// Deletes the value that was last changed at `expected`.
    pub fn delete(key: Key, expected: Revision) -> Self {
        Self { compares: vec![Compare { key: key.clone(), expected: Some(expected) }], ops: vec![Op::Delete { key }] }
    }
}

/// What a transaction did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed<V> {
    /// Its revision; the newest one if it had nothing to do.
    pub revision: Revision,
    /// The values put, stamped, in the order of the operations.
    pub puts: Vec<Versioned<V>>,
    /// The values deleted, as they were, in the order of the operations.
    pub deleted: Vec<Versioned<V>>,
}
