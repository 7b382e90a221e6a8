//! What is under each key now, and how transactions change it. No lock, no I/O: a value that is cheap to copy.

use std::time::Duration;

use imbl::{OrdMap, OrdSet};

use crate::{CommitError, Committed, Compare, Event, Key, Op, Revision, Txn, Value, Versioned};

/// All keys with their values, at one revision.
#[derive(Clone, Debug)]
pub(crate) struct Present<V> {
    entries: OrdMap<Key, Entry<V>>,
    /// When which keys expire, soonest first.
    deadlines: OrdSet<(Duration, Key)>,
    revision: Revision,
}

/// What is under a key.
#[derive(Clone, Debug)]
pub(crate) struct Entry<V> {
    pub(crate) value: V,
    /// Of the commit that put it.
    pub(crate) revision: Revision,
    /// Its place among the changes of that commit.
    pub(crate) index: u32,
    /// When the key expires, by the clock's monotonic time.
    pub(crate) expires: Option<Duration>,
}

/// A change to one key as it happened.
#[derive(Clone, Debug)]
pub(crate) struct Change<V> {
    pub(crate) event: Event<V>,
    /// Revision and index of the change that this one replaces.
    pub(crate) previous: Option<(Revision, u32)>,
    /// When what was put expires.
    pub(crate) expires: Option<Duration>,
}

/// What a transaction did, for its caller and for everybody else.
#[derive(Debug)]
pub(crate) struct Outcome<V> {
    pub(crate) committed: Committed<V>,
    pub(crate) changes: Vec<Change<V>>,
}

impl<V: Value> Present<V> {
    /// Nothing, at revision 1.
    pub(crate) fn empty() -> Self {
        let revision = Revision::new(1).expect("1 is not 0");
        Self { entries: OrdMap::new(), deadlines: OrdSet::new(), revision }
    }

    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    pub(crate) fn entries(&self) -> &OrdMap<Key, Entry<V>> {
        &self.entries
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Entry<V>> {
        self.entries.get(key)
    }

    /// When the next key expires.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.deadlines.get_min().map(|(at, _)| *at)
    }

    /// Carries out a transaction, or changes nothing.
    pub(crate) fn carry_out(&mut self, txn: Txn<V>, now: Duration) -> Result<Outcome<V>, CommitError<V>> {
        txn.validate()?;
        if let Some(conflict) = self.conflict(&txn.compares) {
            return Err(conflict);
        }
        let revision = next(self.revision);
        let mut outcome = Outcome { committed: Committed { revision, puts: vec![], deleted: vec![] }, changes: vec![] };
        for op in txn.ops {
            let index = u32::try_from(outcome.changes.len()).unwrap_or(u32::MAX);
            match op {
                Op::Put { key, mut value, ttl } => {
                    value.stamp(revision);
                    let expires = ttl.map(|ttl| now + ttl);
                    let entry = Entry { value: value.clone(), revision, index, expires };
                    outcome.changes.push(self.put(key.clone(), entry));
                    outcome.committed.puts.push(Versioned { key, value, revision });
                }
                Op::Delete { key } => {
                    let Some((change, gone)) = self.delete(&key, revision) else { continue };
                    outcome.changes.push(change);
                    outcome.committed.deleted.push(Versioned { key, value: gone.value, revision: gone.revision });
                }
            }
        }
        if outcome.changes.is_empty() {
            outcome.committed.revision = self.revision;
        } else {
            self.revision = revision;
        }
        Ok(outcome)
    }

    /// Deletes what has expired, as one commit.
    pub(crate) fn expire(&mut self, now: Duration) -> Vec<Change<V>> {
        let revision = next(self.revision);
        let mut changes = vec![];
        while let Some((at, key)) = self.deadlines.get_min().filter(|(at, _)| *at <= now).cloned() {
            self.deadlines.remove(&(at, key.clone()));
            if self.entries.get(&key).is_some_and(|entry| entry.expires == Some(at)) {
                changes.extend(self.delete(&key, revision).map(|(change, _)| change));
            }
        }
        if !changes.is_empty() {
            self.revision = revision;
        }
        changes
    }

    /// Puts an entry as it was: for reading a kept log again.
    pub(crate) fn put(&mut self, key: Key, entry: Entry<V>) -> Change<V> {
        if let Some(at) = entry.expires {
            self.deadlines.insert((at, key.clone()));
        }
        let (revision, expires, value) = (entry.revision, entry.expires, entry.value.clone());
        let before = self.entries.insert(key.clone(), entry);
        if let Some(at) = before.as_ref().and_then(|before| before.expires).filter(|at| Some(*at) != expires) {
            self.deadlines.remove(&(at, key.clone()));
        }
        let previous = before.as_ref().map(|before| (before.revision, before.index));
        let event = Event { key, revision, value: Some(value), previous: before.map(|before| before.value) };
        Change { event, previous, expires }
    }

    /// Deletes a key at a revision, if it is there.
    pub(crate) fn delete(&mut self, key: &Key, revision: Revision) -> Option<(Change<V>, Entry<V>)> {
        let gone = self.entries.remove(key)?;
        if let Some(at) = gone.expires {
            self.deadlines.remove(&(at, key.clone()));
        }
        let event = Event { key: key.clone(), revision, value: None, previous: Some(gone.value.clone()) };
        Some((Change { event, previous: Some((gone.revision, gone.index)), expires: None }, gone))
    }

    /// Sets the revision: for reading a kept log again.
    #[cfg(feature = "file")]
    pub(crate) fn advance(&mut self, revision: Revision) {
        self.revision = revision;
    }

    /// Makes a key what it was: for reading the past.
    pub(crate) fn put_back(&mut self, key: &Key, was: Option<Versioned<V>>) {
        match was {
            Some(was) => {
                let entry = Entry { value: was.value, revision: was.revision, index: 0, expires: None };
                self.entries.insert(key.clone(), entry);
            }
            None => {
                self.entries.remove(key);
            }
        }
    }

    /// The first comparison that does not hold.
    fn conflict(&self, compares: &[Compare]) -> Option<CommitError<V>> {
        compares.iter().find_map(|compare| {
            let key = compare.key.clone();
            let found = self.entries.get(&key);
            (found.map(|entry| entry.revision) != compare.expected).then(|| CommitError::Conflict {
                found: found.map(|entry| Versioned {
                    key: key.clone(),
                    value: entry.value.clone(),
                    revision: entry.revision,
                }),
                key,
            })
        })
    }
}

fn next(revision: Revision) -> Revision {
    Revision::new(revision.get() + 1).expect("a successor is not 0")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn put(present: &mut Present<Bytes>, number: u32) {
        let op = Op::Put { key: Key::new(format!("/{number:05}")), value: Bytes::new(), ttl: None };
        present.carry_out(Txn { compares: vec![], ops: vec![op] }, Duration::ZERO).expect("putting");
    }

    #[test]
    fn a_snapshot_shares_everything_and_stays_as_it_was() {
        let mut present = Present::empty();
        (0..10_000).for_each(|number| put(&mut present, number));
        let snapshot = present.clone();
        assert!(snapshot.entries.ptr_eq(&present.entries), "taking it copies nothing, however many keys there are");
        let (before, revision) = (snapshot.entries.get("/00007").cloned(), snapshot.revision());
        put(&mut present, 7);
        put(&mut present, 10_000);
        assert_eq!((snapshot.entries.len(), present.entries.len()), (10_000, 10_001));
        assert_eq!(snapshot.entries.get("/00007").map(|entry| entry.revision), before.map(|entry| entry.revision));
        assert_eq!(snapshot.revision(), revision);
    }
}
