//! What can go wrong, one variant per reaction.

use crate::{Key, Revision, Versioned};

/// Why a store could not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The revision is no longer kept: read anew.
    #[error("revision {asked} is no longer kept, the oldest is {oldest}")]
    Compacted {
        /// What was asked for.
        asked: Revision,
        /// The oldest revision that can be read.
        oldest: Revision,
    },
    /// The revision has not happened yet.
    #[error("revision {asked} has not happened yet, the newest is {newest}")]
    Future {
        /// What was asked for.
        asked: Revision,
        /// The newest revision.
        newest: Revision,
    },
    /// The watcher did not keep up: start over from a list.
    #[error("the watcher fell behind and was cut off")]
    Lagged,
    /// The value is larger than the backend takes.
    #[error("{key}: the value has {size} bytes, at most {max} are allowed")]
    TooLarge {
        /// The key.
        key: Key,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// The request itself is wrong: a key in two operations, more operations than the backend takes, a bad configuration.
    #[error("{why}")]
    Invalid {
        /// What is wrong.
        why: String,
    },
    /// What is stored cannot be read.
    #[error("{key}: stored data is damaged: {why}")]
    Corrupt {
        /// The key.
        key: Key,
        /// What is wrong.
        why: String,
    },
    /// The backend has no space left; deleting and compacting may help.
    #[error("the store has no space left")]
    NoSpace,
    /// The backend cannot be reached, or not in time; the same call may succeed later. A commit may have happened.
    #[error("the store is unavailable while {doing}")]
    Unavailable {
        /// What was being done.
        doing: String,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Why a transaction was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommitError<V: std::fmt::Debug> {
    /// A comparison failed; nothing was changed.
    #[error("{key}: the stored revision is not the expected one")]
    Conflict {
        /// The first key whose comparison failed.
        key: Key,
        /// What is stored there now.
        found: Option<Versioned<V>>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
