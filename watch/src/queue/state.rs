//! The state of a queue, as a function of what was called.
//!
//! Invariants: a key stands in at most one place; of the keys that wait, the one of the highest priority is next, and among
//! equals each flow gets its turn; no priority waits for ever.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::time::Duration;

use super::QueueKey;

/// One take in so many serves the priorities in turn instead of the highest one, so that none starves.
const SHARED_TURN: u64 = 8;

/// Which keys share a turn: those for which this is the same. By namespace, for example, one with thousands of keys does
/// not hold up the others.
pub type Flow<T> = fn(&T) -> u64;

/// The keys of one priority: by flow, then in the order in which they came.
#[derive(Debug)]
struct Lane<T> {
    flows: BTreeMap<u64, BTreeMap<u64, T>>,
    /// The flow that was served last.
    served: Option<u64>,
}

/// Where a key waits.
#[derive(Clone, Copy, Debug)]
struct Place {
    priority: i32,
    flow: u64,
    number: u64,
}

/// The state of a queue, as a function of what was called.
#[derive(Debug)]
pub struct QueueState<T> {
    flow: Flow<T>,
    /// By priority, highest first.
    lanes: BTreeMap<Reverse<i32>, Lane<T>>,
    ready: HashMap<T, Place>,
    /// Keys that were added while being worked on, with their priority.
    again: HashMap<T, i32>,
    working: HashSet<T>,
    /// Keys that come due, soonest first.
    delayed: BTreeSet<(Duration, T)>,
    due: HashMap<T, (Duration, i32)>,
    failures: HashMap<T, u32>,
    added: u64,
    taken: u64,
}

impl<T: QueueKey> Default for QueueState<T> {
    fn default() -> Self {
        Self::fair(|_| 0)
    }
}

impl<T: QueueKey> QueueState<T> {
    /// An empty queue in which flows take turns.
    pub fn fair(flow: Flow<T>) -> Self {
        Self {
            flow,
            lanes: BTreeMap::new(),
            ready: HashMap::new(),
            again: HashMap::new(),
            working: HashSet::new(),
            delayed: BTreeSet::new(),
            due: HashMap::new(),
            failures: HashMap::new(),
            added: 0,
            taken: 0,
        }
    }

    /// Queues a key with priority 0. Answers whether a worker should be woken.
    pub fn add(&mut self, key: T) -> bool {
        self.add_with(key, 0)
    }

    /// Queues a key; one that waits already keeps the higher priority. Answers whether a worker should be woken.
    pub fn add_with(&mut self, key: T, mut priority: i32) -> bool {
        if let Some((at, other)) = self.due.remove(&key) {
            self.delayed.remove(&(at, key.clone()));
            priority = priority.max(other);
        }
        if self.working.contains(&key) {
            let known = self.again.entry(key).or_insert(priority);
            *known = priority.max(*known);
            return false;
        }
        match self.ready.get(&key).copied() {
            Some(place) if place.priority >= priority => return false,
            Some(place) => drop(self.leave(place)),
            None => {}
        }
        self.enter(key, priority);
        true
    }

    /// Queues a key at a time; an earlier time that is already set stays.
    pub fn add_at(&mut self, key: T, at: Duration) {
        self.add_at_with(key, at, 0);
    }

    /// Queues a key at a time with a priority; an earlier time or higher priority that is already set stays.
    pub fn add_at_with(&mut self, key: T, mut at: Duration, mut priority: i32) {
        if let Some((known, other)) = self.due.get(&key).copied() {
            self.delayed.remove(&(known, key.clone()));
            at = at.min(known);
            priority = priority.max(other);
        }
        self.due.insert(key.clone(), (at, priority));
        self.delayed.insert((at, key));
    }

    /// Queues everything that is due.
    pub fn advance(&mut self, now: Duration) {
        while self.delayed.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, key)) = self.delayed.pop_first() else { return };
            let priority = self.due.remove(&key).map_or(0, |(_, priority)| priority);
            self.add_with(key, priority);
        }
    }

    /// When the next delayed key is due.
    pub fn next_due(&self) -> Option<Duration> {
        self.delayed.first().map(|(at, _)| *at)
    }

    /// Hands out the next key.
    pub fn take(&mut self) -> Option<T> {
        let turn = self.taken / SHARED_TURN;
        let shared = self.taken % SHARED_TURN == SHARED_TURN - 1;
        let lanes = self.lanes.len() as u64;
        let chosen = if shared && lanes > 0 { usize::try_from(turn % lanes).unwrap_or(0) } else { 0 };
        let (Reverse(priority), lane) = self.lanes.iter_mut().nth(chosen)?;
        let priority = *priority;
        let flow = lane.next_flow()?;
        lane.served = Some(flow);
        let number = *lane.flows.get(&flow)?.keys().next()?;
        let key = self.leave(Place { priority, flow, number })?;
        self.ready.remove(&key);
        self.taken += 1;
        self.working.insert(key.clone());
        Some(key)
    }

    /// Ends the work on a key. Answers whether it is queued again.
    pub fn done(&mut self, key: &T) -> bool {
        self.working.remove(key);
        let Some((key, priority)) = self.again.remove_entry(key) else { return false };
        self.enter(key, priority);
        true
    }

    fn enter(&mut self, key: T, priority: i32) {
        let place = Place { priority, flow: (self.flow)(&key), number: self.added };
        self.added += 1;
        let lane = self.lanes.entry(Reverse(priority)).or_insert_with(|| Lane { flows: BTreeMap::new(), served: None });
        lane.flows.entry(place.flow).or_default().insert(place.number, key.clone());
        self.ready.insert(key, place);
    }

    /// Takes out what waits at a place.
    fn leave(&mut self, place: Place) -> Option<T> {
        let lane = self.lanes.get_mut(&Reverse(place.priority))?;
        let keys = lane.flows.get_mut(&place.flow)?;
        let key = keys.remove(&place.number);
        if keys.is_empty() {
            lane.flows.remove(&place.flow);
        }
        if lane.flows.is_empty() {
            self.lanes.remove(&Reverse(place.priority));
        }
        key
    }

    /// Counts a failure and answers how many there were before it.
    pub fn fail(&mut self, key: &T) -> u32 {
        let count = self.failures.entry(key.clone()).or_default();
        let before = *count;
        *count = count.saturating_add(1);
        before
    }

    /// Forgets the failures of a key.
    pub fn forget(&mut self, key: &T) {
        self.failures.remove(key);
    }

    /// How often the key has failed since it was last forgotten.
    pub fn failures(&self, key: &T) -> u32 {
        self.failures.get(key).copied().unwrap_or_default()
    }

    /// How many keys wait (delayed ones not counted).
    pub fn len(&self) -> usize {
        self.ready.len()
    }

    /// Does nothing wait?
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// Does nothing wait, come due or go on?
    pub fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.delayed.is_empty() && self.working.is_empty()
    }
}

impl<T> Lane<T> {
    /// The flow whose turn it is: the next one behind the last that was served.
    fn next_flow(&self) -> Option<u64> {
        let behind = self.served.map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.flows.range((behind, Bound::Unbounded)).next().or_else(|| self.flows.iter().next());
        next.map(|(flow, _)| *flow)
    }
}
