//! What a controller has done and not yet seen.
//!
//! In: creations and deletions that are about to be asked for, and the changes that an informer reports. Out: whether
//! the informer has caught up for a key. Invariant: while it has not, nothing more is created or deleted for that key, so
//! a stale cache never makes too many. An expectation that is not met within five minutes is given up: the event was lost.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pintle_object_model::ObjectRef;

/// After this time an expectation no longer counts.
pub const EXPECTATION_TIMEOUT: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
struct Expected {
    creations: i64,
    /// UIDs of what is being deleted.
    deletions: BTreeSet<String>,
    since: Duration,
}

/// Creations and deletions in flight, by key.
#[derive(Debug, Default)]
pub struct Expectations {
    keys: Mutex<HashMap<ObjectRef, Expected>>,
}

impl Expectations {
    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectRef, Expected>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many objects are about to be created.
    pub fn expect_creations(&self, key: &ObjectRef, count: usize, now: Duration) {
        let mut keys = self.lock();
        let expected = keys.entry(key.clone()).or_default();
        expected.creations += i64::try_from(count).unwrap_or(i64::MAX);
        expected.since = now;
    }

    /// Objects with these UIDs are about to be deleted.
    pub fn expect_deletions(&self, key: &ObjectRef, uids: impl IntoIterator<Item = String>, now: Duration) {
        let mut keys = self.lock();
        let expected = keys.entry(key.clone()).or_default();
        expected.deletions.extend(uids);
        expected.since = now;
    }

    /// So many objects have appeared, or will not.
    pub fn created(&self, key: &ObjectRef, count: usize) {
        self.change(key, |expected| expected.creations -= i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// The object has gone, or will not.
    pub fn deleted(&self, key: &ObjectRef, uid: &str) {
        self.change(key, |expected| {
            expected.deletions.remove(uid);
        });
    }

    fn change(&self, key: &ObjectRef, change: impl FnOnce(&mut Expected)) {
        let mut keys = self.lock();
        if let Some(expected) = keys.get_mut(key) {
            change(expected);
            if expected.creations <= 0 && expected.deletions.is_empty() {
                keys.remove(key);
            }
        }
    }

    /// Has everything been seen, or been waited for long enough?
    pub fn are_met(&self, key: &ObjectRef, now: Duration) -> bool {
        let mut keys = self.lock();
        let expired = keys.get(key).is_some_and(|expected| now >= expected.since + EXPECTATION_TIMEOUT);
        if expired {
            keys.remove(key);
        }
        !keys.contains_key(key)
    }

    /// The key is gone.
    pub fn forget(&self, key: &ObjectRef) {
        self.lock().remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_waits_until_everything_was_seen_or_the_time_is_over() {
        let expectations = Expectations::default();
        let key = ObjectRef::new("a", "b");
        let second = Duration::from_secs;
        assert!(expectations.are_met(&key, second(0)));
        expectations.expect_creations(&key, 2, second(0));
        expectations.expect_deletions(&key, ["x".to_owned()], second(1));
        expectations.created(&key, 1);
        expectations.created(&key, 1);
        assert!(!expectations.are_met(&key, second(2)), "the deletion is still out");
        expectations.deleted(&key, "x");
        assert!(expectations.are_met(&key, second(2)));
        expectations.expect_creations(&key, 1, second(10));
        assert!(!expectations.are_met(&key, second(309)));
        assert!(expectations.are_met(&key, second(310)), "given up");
    }
}
