//! Waiting for keys to expire: one task for a store, from its first key with a time to live on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use pintle_object_model::clock::Clock;

use super::Engine;
use crate::Value;

/// The clocks of timers and of deadlines may differ by this much; also keeps a clock that stands from being asked in a
/// tight loop.
const GRANULE: Duration = Duration::from_millis(1);

/// The task's switch.
#[derive(Debug, Default)]
pub(crate) struct Expiry {
    started: AtomicBool,
}

impl Expiry {
    /// Starts the task, if that has not happened. It calls `expire` whenever a key's time is up, and ends with the
    /// engine. Must be called on a tokio runtime.
    pub(crate) fn start<V, F, D>(&self, engine: &Arc<Engine<V>>, clock: Arc<dyn Clock>, expire: F)
    where
        V: Value,
        F: Fn(Arc<Engine<V>>) -> D + Send + Sync + 'static,
        D: Future<Output = ()> + Send + 'static,
    {
        if !self.started.swap(true, Ordering::Relaxed) {
            tokio::spawn(run(Arc::downgrade(engine), Arc::clone(&engine.deadlines_changed), clock, expire));
        }
    }
}

async fn run<V, F, D>(engine: Weak<Engine<V>>, changed: Arc<tokio::sync::Notify>, clock: Arc<dyn Clock>, expire: F)
where
    V: Value,
    F: Fn(Arc<Engine<V>>) -> D,
    D: Future<Output = ()>,
{
    while let Some(strong) = engine.upgrade() {
        let deadline = strong.present().next_deadline();
        let now = clock.now();
        match deadline {
            Some(at) if at <= now => expire(strong).await,
            Some(at) => {
                drop(strong);
                tokio::select! {
                    biased;
                    () = changed.notified() => {}
                    () = tokio::time::sleep((at - now).max(GRANULE)) => {}
                }
            }
            None => {
                drop(strong);
                changed.notified().await;
            }
        }
    }
}
