//! The data plane: whatever moves the packets.
//!
//! In: routes and what has changed about them. Out: connections that arrive. Elsewhere: which endpoints a route has
//! (`table`), when to sync (`proxy`).

mod local;
pub(crate) mod nftables;
pub(crate) mod userspace;

use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::clock::{Clock, Random};

use crate::error::ProxyError;
use crate::event::{Observer, ProxyEvent};
use crate::table::{Routes, TableChange};

/// What a data plane is to do now.
#[derive(Debug)]
pub struct Update<'a> {
    /// All routes.
    pub routes: &'a Routes,
    /// What differs from the last update; a hint, for cleaning up behind endpoints that are gone. Empty at a repetition.
    pub changes: &'a [TableChange],
}

/// Makes the routes of the table real. Called by one task, one call at a time.
#[async_trait]
pub trait DataPlane: Send {
    /// A short name, for events.
    fn name(&self) -> &'static str;

    /// Gets ready, and removes what an earlier run may have left behind. Called once, first.
    ///
    /// # Errors
    /// If this plane cannot work here at all; the proxy then ends.
    async fn start(&mut self) -> Result<(), ProxyError>;

    /// Brings the plane in line. Must not break connections that go to endpoints which are still there. A failure leaves
    /// the plane as it was or partly changed; the same update is then repeated later.
    ///
    /// # Errors
    /// If anything of the update is not in effect.
    async fn sync(&mut self, update: &Update<'_>) -> Result<(), ProxyError>;

    /// Removes everything. Called once, last.
    async fn stop(&mut self);
}

/// What every part of the proxy is handed: time, chance, and whom to tell.
#[derive(Clone)]
pub struct Surroundings {
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where chance comes from.
    pub random: Random,
    /// Told of every event.
    pub observer: Observer,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").finish_non_exhaustive()
    }
}

impl Surroundings {
    /// Surroundings without an observer.
    pub fn new(clock: Arc<dyn Clock>, random: Random) -> Self {
        Self { clock, random, observer: Arc::new(|_| {}) }
    }

    /// The same, with somebody who is told of every event.
    #[must_use]
    pub fn observed(mut self, observer: impl Fn(&ProxyEvent) + Send + Sync + 'static) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    pub(crate) fn tell(&self, event: &ProxyEvent) {
        (self.observer)(event);
    }
}
