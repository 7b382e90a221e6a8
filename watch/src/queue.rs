//! Work queues: keys that wait to be worked on, each at most once at a time.
//!
//! In: keys, from informer handlers and from workers that want to try again. Out: one key at a time to each worker.
//! Invariants: a key that waits is there once, however often it was added; a key that is being worked on is never handed
//! to a second worker, and is queued again at [`WorkQueue::done`] if it was added meanwhile. Elsewhere: what the work is.
//!
//! The state machine is [`QueueState`]: no clock, no async. [`WorkQueue`] adds waiting, priorities and fairness are the
//! state's.

mod state;

use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pintle_object_model::clock::{Clock, Random};
use tokio::sync::Notify;

use crate::backoff::delay_after;
pub use state::{Flow, QueueState};

/// What may be queued: small keys.
pub trait QueueKey: Clone + Eq + Hash + Ord + Send + Sync + 'static {}
impl<T: Clone + Eq + Hash + Ord + Send + Sync + 'static> QueueKey for T {}

/// Delays between failed attempts.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    /// After the first failure. Default 5 ms.
    pub base: Duration,
    /// The longest. Default 1,000 s.
    pub max: Duration,
    /// Share of jitter, 0 to 1. Default 0.1.
    pub jitter: f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { base: Duration::from_millis(5), max: Duration::from_secs(1000), jitter: 0.1 }
    }
}

/// A [`QueueState`] that many tasks share and can wait for. Cheap to clone; all clones are one queue.
pub struct WorkQueue<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    state: Mutex<(QueueState<T>, bool)>,
    changed: Notify,
    clock: Arc<dyn Clock>,
    random: Random,
    retry: RetryPolicy,
}

impl<T> Clone for WorkQueue<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> std::fmt::Debug for WorkQueue<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkQueue").finish_non_exhaustive()
    }
}

impl<T: QueueKey> WorkQueue<T> {
    /// An empty queue: first come, first served.
    pub fn new(clock: Arc<dyn Clock>, random: Random, retry: RetryPolicy) -> Self {
        Self::fair(clock, random, retry, |_| 0)
    }

    /// An empty queue in which flows of keys take turns.
    pub fn fair(clock: Arc<dyn Clock>, random: Random, retry: RetryPolicy, flow: Flow<T>) -> Self {
        let state = Mutex::new((QueueState::fair(flow), false));
        Self { shared: Arc::new(Shared { state, changed: Notify::new(), clock, random, retry }) }
    }

    fn lock(&self) -> MutexGuard<'_, (QueueState<T>, bool)> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a key now, with priority 0.
    pub fn add(&self, key: T) {
        self.add_with(key, 0);
    }

    /// Queues a key now. Higher priorities are handed out first, though none waits for ever; a key that waits already
    /// keeps the higher priority.
    pub fn add_with(&self, key: T, priority: i32) {
        if self.lock().0.add_with(key, priority) {
            self.shared.changed.notify_one();
        }
    }

    /// Queues a key after a delay; an earlier time that is already set stays.
    pub fn add_after(&self, key: T, delay: Duration) {
        if delay.is_zero() {
            return self.add(key);
        }
        let at = self.shared.clock.now() + delay;
        self.lock().0.add_at(key, at);
        // Whoever waits may have to wake earlier.
        self.shared.changed.notify_one();
    }

    /// Queues a key after the delay that its failures so far ask for.
    pub fn add_rate_limited(&self, key: T) {
        let before = self.lock().0.fail(&key);
        let RetryPolicy { base, max, jitter } = self.shared.retry;
        self.add_after(key, self.shared.random.jitter(delay_after(base, max, before), jitter));
    }

    /// Forgets the failures of a key.
    pub fn forget(&self, key: &T) {
        self.lock().0.forget(key);
    }

    /// How often the key has failed since it was last forgotten.
    pub fn failures(&self, key: &T) -> u32 {
        self.lock().0.failures(key)
    }

    /// Waits for a key; `None` once the queue is shut down. Each key must be given back with [`done`](Self::done).
    pub async fn take(&self) -> Option<T> {
        loop {
            let changed = self.shared.changed.notified();
            let now = self.shared.clock.now();
            let due = {
                let mut guard = self.lock();
                let (state, closed) = &mut *guard;
                if *closed {
                    return None;
                }
                state.advance(now);
                if let Some(key) = state.take() {
                    if !state.is_empty() || state.next_due().is_some() {
                        // Another worker takes over what this one leaves behind.
                        self.shared.changed.notify_one();
                    }
                    return Some(key);
                }
                state.next_due()
            };
            match due {
                None => changed.await,
                Some(at) => {
                    tokio::select! {
                        biased;
                        () = changed => {}
                        () = tokio::time::sleep(at.saturating_sub(now)) => {}
                    }
                }
            }
        }
    }

    /// Gives a key back.
    pub fn done(&self, key: &T) {
        if self.lock().0.done(key) {
            self.shared.changed.notify_one();
        }
    }

    /// How many keys wait (delayed ones not counted).
    pub fn len(&self) -> usize {
        self.lock().0.len()
    }

    /// Does nothing wait?
    pub fn is_empty(&self) -> bool {
        self.lock().0.is_empty()
    }

    /// Does nothing wait, come due or go on?
    pub fn is_idle(&self) -> bool {
        self.lock().0.is_idle()
    }

    /// Ends the queue: every waiting and later [`take`](Self::take) answers `None`.
    pub fn shut_down(&self) {
        self.lock().1 = true;
        self.shared.changed.notify_waiters();
        self.shared.changed.notify_one();
    }
}

#[cfg(test)]
mod tests;
