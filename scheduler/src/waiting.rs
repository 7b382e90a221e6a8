//! Pods that have a node and wait for a Permit plugin's consent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pintle_object_model::ObjectRef;
use tokio::sync::oneshot;

/// The pods that wait. A Permit plugin keeps a clone of this to let pods through later. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct WaitingPods {
    pods: Arc<Mutex<BTreeMap<String, Waiting>>>,
}

#[derive(Debug)]
struct Waiting {
    key: ObjectRef,
    plugins: BTreeSet<&'static str>,
    answer: oneshot::Sender<Result<(), String>>,
}

impl WaitingPods {
    /// Nobody waits.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Waiting>> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uid and name of the pods that wait.
    pub fn list(&self) -> Vec<(String, ObjectRef)> {
        self.lock().iter().map(|(uid, waiting)| (uid.clone(), waiting.key.clone())).collect()
    }

    /// A plugin lets a pod through. It is bound when all plugins that hold it back have done so.
    pub fn allow(&self, uid: &str, plugin: &str) {
        let mut pods = self.lock();
        let Some(waiting) = pods.get_mut(uid) else { return };
        waiting.plugins.remove(plugin);
        if waiting.plugins.is_empty()
            && let Some(waiting) = pods.remove(uid)
        {
            // The binding may have timed out at this moment; then nobody listens, and that is fine.
            let _ = waiting.answer.send(Ok(()));
        }
    }

    /// A pod must not be bound.
    pub fn reject(&self, uid: &str, why: &str) {
        if let Some(waiting) = self.lock().remove(uid) {
            let _ = waiting.answer.send(Err(why.to_owned()));
        }
    }

    /// A pod begins to wait, from now on (so that an early `allow` is not lost).
    pub(crate) fn enter(
        &self,
        uid: &str,
        key: &ObjectRef,
        waits: &[(&'static str, Duration)],
    ) -> Option<(oneshot::Receiver<Result<(), String>>, Duration)> {
        let shortest = waits.iter().map(|(_, longest)| *longest).min()?;
        let (answer, receiver) = oneshot::channel();
        let plugins = waits.iter().map(|(plugin, _)| *plugin).collect();
        self.lock().insert(uid.to_owned(), Waiting { key: key.clone(), plugins, answer });
        Some((receiver, shortest))
    }

    pub(crate) fn leave(&self, uid: &str) {
        self.lock().remove(uid);
    }
}
