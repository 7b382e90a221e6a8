//! What can go wrong on a node, one variant per reaction.

/// Why a runtime, image store, network or volume driver could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// There is no such sandbox, container, image or process.
    #[error("{what} {id:?} is not there")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Which one.
        id: String,
    },
    /// The request makes no sense for this object or in its present state; asking again does not help.
    #[error("{0}")]
    Invalid(String),
    /// This backend does not do that.
    #[error("the {backend} runtime cannot {what}")]
    Unsupported {
        /// The backend.
        backend: &'static str,
        /// What was asked.
        what: String,
    },
    /// The image is not present and cannot be had.
    #[error("image {reference:?}: {why}")]
    Image {
        /// The image reference.
        reference: String,
        /// Why not.
        why: String,
    },
    /// The program of a container could not be started (not found, not executable, no permission).
    #[error("starting {program:?}: {why}")]
    Start {
        /// The program.
        program: String,
        /// Why not.
        why: String,
    },
    /// It took too long.
    #[error("{0} took too long")]
    Timeout(String),
    /// The machine failed; the same call may succeed later.
    #[error("{doing}")]
    Io {
        /// What was being done to which object.
        doing: String,
        /// The cause.
        source: std::io::Error,
    },
}

impl RuntimeError {
    /// Wraps an I/O error, saying what was being done.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
    /// Is the thing simply not there (so that removing it is done already)?
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
