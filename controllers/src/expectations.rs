//! What a controller has done and not yet seen: so that it never does it twice on a copy that lags behind.
//!
//! In: names that were created and UIDs that were deleted, and what informers show since. Out: whether everything has been
//! seen. Invariant: an expectation that is never fulfilled is given up after [`PATIENCE`].

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pintle_object_model::ObjectRef;
use pintle_object_model::clock::Clock;

/// How long a change may take to show up before it is no longer waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Changes in flight, by the object on whose behalf they were made.
#[derive(Debug)]
pub struct Expectations {
    clock: Arc<dyn Clock>,
    pending: Mutex<HashMap<ObjectRef, Pending>>,
}

#[derive(Debug, Default)]
struct Pending {
    created: HashSet<String>,
    deleted: HashSet<String>,
    since: Duration,
}

impl Expectations {
    /// Nothing is in flight.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, pending: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectRef, Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, key: &ObjectRef, change: impl FnOnce(&mut Pending)) {
        let now = self.clock.now();
        let mut pending = self.lock();
        let entry = pending.entry(key.clone()).or_default();
        entry.since = now;
        change(entry);
    }

    /// An object of this name was created on behalf of `key`.
    pub fn created(&self, key: &ObjectRef, name: &str) {
        self.change(key, |pending| {
            pending.created.insert(name.to_owned());
        });
    }

    /// The object with this UID was deleted on behalf of `key`.
    pub fn deleted(&self, key: &ObjectRef, uid: &str) {
        self.change(key, |pending| {
            pending.deleted.insert(uid.to_owned());
        });
    }

    /// Has everything been seen? `is_there` tells whether a created name shows up, `is_going` whether a deleted UID is gone
    /// or on its way.
    pub fn are_met(&self, key: &ObjectRef, is_there: impl Fn(&str) -> bool, is_going: impl Fn(&str) -> bool) -> bool {
        let now = self.clock.now();
        let mut pending = self.lock();
        let Some(entry) = pending.get_mut(key) else { return true };
        entry.created.retain(|name| !is_there(name));
        entry.deleted.retain(|uid| !is_going(uid));
        let met = (entry.created.is_empty() && entry.deleted.is_empty()) || now > entry.since + PATIENCE;
        if met {
            pending.remove(key);
        }
        met
    }

    /// Something of this name was seen to go: it is no longer waited for.
    pub fn forget_created(&self, key: &ObjectRef, name: &str) {
        if let Some(entry) = self.lock().get_mut(key) {
            entry.created.remove(name);
        }
    }

    /// The object is gone: nothing is expected on its behalf.
    pub fn forget(&self, key: &ObjectRef) {
        self.lock().remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_object_model::clock::ManualClock;

    #[test]
    fn what_was_done_is_waited_for_but_not_forever() {
        let clock = ManualClock::at(0);
        let expectations = Expectations::new(clock.clone());
        let key = ObjectRef::new("ns", "web");
        expectations.created(&key, "web-1");
        expectations.deleted(&key, "uid-1");
        assert!(!expectations.are_met(&key, |_| false, |_| true));
        assert!(!expectations.are_met(&key, |_| false, |_| false));
        assert!(expectations.are_met(&key, |name| name == "web-1", |_| false));
        expectations.created(&key, "web-2");
        clock.advance(PATIENCE + Duration::from_secs(1));
        assert!(expectations.are_met(&key, |_| false, |_| false));
    }
}
