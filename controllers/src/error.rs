//! Why a reconciliation was not finished.

use pintle_object_model::{ObjectRef, Status};

/// Why a reconciliation was not finished; it is tried again later, with growing delays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControllerError {
    /// The API refused or could not be reached.
    #[error("{doing}: {status}")]
    Api {
        /// What was being done to which object.
        doing: String,
        /// The answer.
        status: Box<Status>,
    },
    /// An object holds something that cannot be worked with.
    #[error("{object}: {why}")]
    Unusable {
        /// The object.
        object: ObjectRef,
        /// What is wrong with it.
        why: String,
    },
    /// The reconciler itself failed.
    #[error("{0}")]
    Other(String),
}

impl ControllerError {
    /// Wraps an answer of the API, saying what was being done.
    pub fn api(doing: impl Into<String>) -> impl FnOnce(Status) -> Self {
        let doing = doing.into();
        move |status| Self::Api { doing, status: Box::new(status) }
    }

    /// Was somebody else faster? Then the next try works on newer state.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Api { status, .. } if status.is_conflict())
    }
}
