//! Telling many tasks to stop.

use tokio::sync::watch;

/// A signal that everybody who holds a clone can wait for. Dropping the [`ShutdownTrigger`] fires it, too.
#[derive(Clone, Debug)]
pub struct Shutdown {
    fired: watch::Receiver<bool>,
}

/// Fires a [`Shutdown`].
#[derive(Debug)]
pub struct ShutdownTrigger {
    fired: watch::Sender<bool>,
}

impl Shutdown {
    /// A trigger and its signal.
    pub fn channel() -> (ShutdownTrigger, Self) {
        let (sender, receiver) = watch::channel(false);
        (ShutdownTrigger { fired: sender }, Self { fired: receiver })
    }

    /// Has it been fired?
    pub fn is_fired(&self) -> bool {
        *self.fired.borrow() || self.fired.has_changed().is_err()
    }

    /// Waits until it is fired.
    pub async fn wait(&self) {
        // An error means that the trigger is gone, which counts as fired.
        let _ = self.fired.clone().wait_for(|fired| *fired).await;
    }

    /// Runs `work` until it is done (`Some`) or the signal is fired (`None`; the work is dropped).
    pub async fn unless<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.wait() => None,
            done = work => Some(done),
        }
    }
}

impl ShutdownTrigger {
    /// Fires the signal.
    pub fn fire(&self) {
        self.fired.send_replace(true);
    }

    /// A signal of this trigger.
    pub fn signal(&self) -> Shutdown {
        Shutdown { fired: self.fired.subscribe() }
    }
}
