//! What can go wrong while reconciling.

use std::borrow::Cow;

use pintle_object_model::Status;

/// Why a reconciliation did not succeed. All of them are tried again, later each time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControllerError {
    /// The API refused, or could not be reached.
    #[error("{doing}: {status}")]
    Api {
        /// What was being done to which object.
        doing: Cow<'static, str>,
        /// The answer.
        status: Box<Status>,
    },
    /// Nothing is wrong, but something has to happen first that no event announces.
    #[error("waiting until {0}")]
    Waiting(String),
    /// The reconciler panicked: a bug in it.
    #[error("the reconciler panicked: {0}")]
    Panicked(String),
    /// There is no controller of this name.
    #[error("{name:?} is not in the list of known controllers: {known}")]
    UnknownController {
        /// The name that was given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Whatever else a reconciler failed with.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl ControllerError {
    /// Is this ordinary (a lost race, a wait), so that nobody needs to hear of it?
    pub fn is_expected(&self) -> bool {
        match self {
            Self::Api { status, .. } => status.is_conflict() || status.is_not_found() || status.is_already_exists(),
            Self::Waiting(_) => true,
            Self::Panicked(_) | Self::UnknownController { .. } | Self::Other(_) => false,
        }
    }
}

impl From<Status> for ControllerError {
    fn from(status: Status) -> Self {
        Self::Api { doing: Cow::Borrowed("asking the API server"), status: Box::new(status) }
    }
}

/// Says what was being done when the API refused.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, ControllerError>;
}

impl<T> Doing<T> for Result<T, Status> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, ControllerError> {
        self.map_err(|status| ControllerError::Api { doing: Cow::Owned(what()), status: Box::new(status) })
    }
}

/// Takes "it is gone already" for success.
pub(crate) fn gone_is_fine<T>(result: Result<T, Status>) -> Result<(), Status> {
    match result {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}
