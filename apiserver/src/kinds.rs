//! The kinds that are served right now.
//!
//! Invariant: a request sees one state of them from its beginning to its end; a change makes another scheme and leaves
//! those in use alone. Elsewhere: where changes come from (`definitions`).

use arc_swap::ArcSwap;
use pintle_object_model::Scheme;

/// The present scheme.
#[derive(Debug)]
pub(crate) struct Kinds {
    current: ArcSwap<Scheme>,
}

impl Kinds {
    pub(crate) fn new(scheme: Scheme) -> Self {
        Self { current: ArcSwap::from_pointee(scheme) }
    }

    /// The kinds at this moment.
    pub(crate) fn current(&self) -> Scheme {
        Scheme::clone(&self.current.load())
    }

    /// From now on these.
    pub(crate) fn replace(&self, scheme: Scheme) {
        self.current.store(scheme.into());
    }
}
