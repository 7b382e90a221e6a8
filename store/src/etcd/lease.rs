//! Leases for keys with a time to live.
//!
//! In: times to live. Out: lease ids. Invariant: a key lives at least its time, and at most the sharing window longer.
//! Many keys of the same time (events) share a lease, since etcd pays for each lease.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pintle_object_model::clock::Clock;
use tokio::sync::Mutex;

use super::client::{Client, Repeat};
use super::failure::{Failure, unavailable};
use super::proto::{LeaseGrantRequest, LeaseGrantResponse};
use crate::StoreError;

/// Longest time that a lease is handed out for.
const WINDOW_MAX: Duration = Duration::from_secs(60);
/// Most keys on one lease: etcd deletes them all in one go.
const KEYS_MAX: u32 = 1000;
/// Most different times to live that are remembered.
const TIMES_MAX: usize = 64;

#[derive(Debug)]
pub(super) struct Leases {
    clock: Arc<dyn Clock>,
    /// By time to live in seconds.
    shared: Mutex<BTreeMap<u64, Lease>>,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    id: i64,
    keys: u32,
    until: Duration,
}

impl Leases {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, shared: Mutex::default() }
    }

    /// A lease that lasts at least `ttl` from now, rounded up to seconds.
    pub(super) async fn lease(&self, client: &Client, ttl: Duration) -> Result<i64, StoreError> {
        let seconds = (ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0)).max(1);
        let mut shared = self.shared.lock().await;
        if let Some(lease) = shared.get_mut(&seconds)
            && lease.keys < KEYS_MAX
            && self.clock.now() < lease.until
        {
            lease.keys += 1;
            return Ok(lease.id);
        }
        // A twentieth of the time more is what a key may pay for sharing.
        let window = Duration::from_secs(seconds / 20).min(WINDOW_MAX);
        let until = self.clock.now() + window;
        let question = LeaseGrantRequest { ttl: i64::try_from(seconds + window.as_secs()).unwrap_or(i64::MAX) };
        let doing = "granting a lease";
        let answer: LeaseGrantResponse = client
            .call("/etcdserverpb.Lease/LeaseGrant", Repeat::Always, question)
            .await
            .map_err(|status| Failure::of(status).into_error(doing))?;
        if !answer.error.is_empty() {
            return Err(unavailable(doing, answer.error));
        }
        if shared.len() >= TIMES_MAX {
            shared.clear();
        }
        shared.insert(seconds, Lease { id: answer.id, keys: 1, until });
        Ok(answer.id)
    }

    /// Forgets all leases: one of them turned out to have ended.
    pub(super) async fn forget(&self) {
        self.shared.lock().await.clear();
    }
}
