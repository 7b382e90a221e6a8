//! The queue of pods that wait for a node.
//!
//! In: pods, failures, changes of the cluster, time. Out: one pod at a time. Invariants: a pod is in exactly one place
//! (active, backing off, unschedulable, gated); an unschedulable pod leaves its place only when a change could help it (the
//! plugins that rejected it say so), when it changes itself, or after [`QueueConfig::flush_after`]. Elsewhere: decisions,
//! and which pods are being bound (`Core`). Source: KEP-4247 (queueing hints), KEP-5142 (popping early from backoff).

mod active;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use active::ActivePods;

use crate::core::Profiles;
use crate::{ClusterEvent, Hint, PodInfo, QueueSort, QueuedPodInfo};

/// Times of the queue.
#[derive(Clone, Debug)]
pub struct QueueConfig {
    /// The wait after the first failure. Default 1 s.
    pub backoff_min: Duration,
    /// The longest wait. Default 10 s.
    pub backoff_max: Duration,
    /// A pod that nothing has helped is tried again after this long. Default 5 min.
    pub flush_after: Duration,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            backoff_min: Duration::from_secs(1),
            backoff_max: Duration::from_secs(10),
            flush_after: Duration::from_secs(300),
        }
    }
}

/// Where a pod waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueuePlace {
    /// For its turn.
    Active,
    /// For the end of a pause after a failure.
    Backoff,
    /// For a change that helps.
    Unschedulable,
    /// For a PreEnqueue plugin to let it in.
    Gated,
}

#[derive(Debug)]
enum Place {
    Active,
    Backoff {
        until: Duration,
        /// After an error, rather than because no node fits: not popped early.
        error: bool,
    },
    Unschedulable {
        flush_at: Duration,
    },
    Gated,
}

#[derive(Debug)]
struct Entry {
    pod: QueuedPodInfo,
    place: Place,
}

type Uid = Arc<str>;

/// All pods that wait. A state machine: time is what the caller says it is.
pub struct SchedulingQueue {
    profiles: Arc<Profiles>,
    config: QueueConfig,
    entries: BTreeMap<Uid, Entry>,
    active: ActivePods,
    /// By end of the pause.
    backoff: BTreeSet<(Duration, u64, Uid)>,
    /// The same pods without those that failed by an error.
    early: BTreeSet<(Duration, u64, Uid)>,
    /// By the time of the flush.
    unschedulable: BTreeSet<(Duration, u64, Uid)>,
    gated: usize,
    sequence: u64,
}

impl std::fmt::Debug for SchedulingQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SchedulingQueue").field("pods", &self.entries.len()).finish_non_exhaustive()
    }
}

/// How many pods wait where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// For their turn.
    pub active: usize,
    /// For the end of a pause.
    pub backoff: usize,
    /// For a change that helps.
    pub unschedulable: usize,
    /// For a PreEnqueue plugin.
    pub gated: usize,
}

impl SchedulingQueue {
    pub(crate) fn new(profiles: Arc<Profiles>, sort: Arc<dyn QueueSort>, config: QueueConfig) -> Self {
        Self {
            profiles,
            config,
            entries: BTreeMap::new(),
            active: ActivePods::new(sort),
            backoff: BTreeSet::new(),
            early: BTreeSet::new(),
            unschedulable: BTreeSet::new(),
            gated: 0,
            sequence: 0,
        }
    }

    /// Where a pod waits.
    pub fn place(&self, uid: &str) -> Option<QueuePlace> {
        Some(match self.entries.get(uid)?.place {
            Place::Active => QueuePlace::Active,
            Place::Backoff { .. } => QueuePlace::Backoff,
            Place::Unschedulable { .. } => QueuePlace::Unschedulable,
            Place::Gated => QueuePlace::Gated,
        })
    }

    /// How many pods wait where.
    pub fn counts(&self) -> QueueCounts {
        QueueCounts {
            active: self.active.len(),
            backoff: self.backoff.len(),
            unschedulable: self.unschedulable.len(),
            gated: self.gated,
        }
    }

    /// A pod that waits.
    pub fn get(&self, uid: &str) -> Option<&QueuedPodInfo> {
        self.entries.get(uid).map(|entry| &entry.pod)
    }

    /// A new pod. One of that uid that waits already is updated.
    pub fn add(&mut self, info: Arc<PodInfo>, now: Duration) {
        if self.entries.contains_key(info.uid()) {
            return self.update(info, now);
        }
        self.sequence += 1;
        let pod = QueuedPodInfo {
            info,
            queued_at: now,
            first_queued_at: now,
            attempts: 0,
            sequence: self.sequence,
            unschedulable_plugins: BTreeSet::new(),
        };
        self.insert_active(pod);
    }

    /// A pod that waits has changed. If that could help it, it moves on.
    pub fn update(&mut self, info: Arc<PodInfo>, now: Duration) {
        let Some(entry) = self.take(info.uid()) else { return };
        let Entry { mut pod, place } = entry;
        let old = std::mem::replace(&mut pod.info, Arc::clone(&info));
        match place {
            Place::Active | Place::Gated => self.insert_active(pod),
            Place::Backoff { until, error } => self.insert(pod, Place::Backoff { until, error }),
            Place::Unschedulable { flush_at } => {
                let matters =
                    old.pod().spec != info.pod().spec || old.pod().metadata.labels != info.pod().metadata.labels;
                let event = ClusterEvent::SelfUpdated { old, new: info };
                if matters && self.helps(&pod, &event) {
                    self.insert_ready(pod, now);
                } else {
                    self.insert(pod, Place::Unschedulable { flush_at });
                }
            }
        }
    }

    /// A pod need not wait any longer.
    pub fn remove(&mut self, uid: &str) -> Option<QueuedPodInfo> {
        self.take(uid).map(|entry| entry.pod)
    }

    /// The next pod, which leaves the queue. When no pod is active, one that backs off for want of a node may go early.
    pub fn pop(&mut self, now: Duration) -> Option<QueuedPodInfo> {
        self.advance(now);
        let uid = self.active.pop().or_else(|| self.early.first().map(|(_, _, uid)| Arc::clone(uid)))?;
        let Entry { mut pod, .. } = self.take(&uid)?;
        pod.attempts = pod.attempts.saturating_add(1);
        Some(pod)
    }

    /// A popped pod fits nowhere: it waits for a change that helps.
    pub fn put_unschedulable(&mut self, mut pod: QueuedPodInfo, plugins: BTreeSet<&'static str>, now: Duration) {
        pod.unschedulable_plugins = plugins;
        pod.queued_at = now;
        let flush_at = now + self.config.flush_after;
        self.insert(pod, Place::Unschedulable { flush_at });
    }

    /// A popped pod could not be handled for another reason: it is tried again after a pause.
    pub fn put_failed(&mut self, mut pod: QueuedPodInfo, now: Duration) {
        pod.unschedulable_plugins.clear();
        pod.queued_at = now;
        let until = now + self.pause(&pod);
        self.insert(pod, Place::Backoff { until, error: true });
    }

    /// A pod is worth trying again at once.
    pub fn activate(&mut self, uid: &str, now: Duration) {
        if let Some(Entry { pod, place }) = self.take(uid) {
            match place {
                Place::Gated => self.insert(pod, Place::Gated),
                _ => self.insert_ready(pod, now),
            }
        }
    }

    /// The cluster has changed: moves the pods that this could help.
    pub fn on_event(&mut self, event: &ClusterEvent, now: Duration) {
        let waiting = self.unschedulable.iter().map(|(_, _, uid)| uid);
        let helped: Vec<Uid> = waiting
            .filter(|uid| self.entries.get(*uid).is_some_and(|entry| self.helps(&entry.pod, event)))
            .cloned()
            .collect();
        for uid in helped {
            if let Some(Entry { pod, .. }) = self.take(&uid) {
                self.insert_ready(pod, now);
            }
        }
    }

    /// Moves the pods whose time has come.
    pub fn advance(&mut self, now: Duration) {
        while let Some((until, _, uid)) = self.backoff.first()
            && *until <= now
        {
            let uid = Arc::clone(uid);
            if let Some(Entry { pod, .. }) = self.take(&uid) {
                self.insert_active(pod);
            }
        }
        while let Some((at, _, uid)) = self.unschedulable.first()
            && *at <= now
        {
            let uid = Arc::clone(uid);
            if let Some(Entry { pod, .. }) = self.take(&uid) {
                self.insert_ready(pod, now);
            }
        }
    }

    /// When [`advance`](Self::advance) has something to do next.
    pub fn next_due(&self) -> Option<Duration> {
        let first = |set: &BTreeSet<(Duration, u64, Uid)>| set.first().map(|(at, _, _)| *at);
        [first(&self.backoff), first(&self.unschedulable)].into_iter().flatten().min()
    }

    fn helps(&self, pod: &QueuedPodInfo, event: &ClusterEvent) -> bool {
        // Nobody in particular rejected it: anything may help.
        pod.unschedulable_plugins.is_empty()
            || pod
                .unschedulable_plugins
                .iter()
                .any(|plugin| self.profiles.hint(&pod.info, plugin, event) == Hint::Queue)
    }

    fn pause(&self, pod: &QueuedPodInfo) -> Duration {
        let doublings = pod.attempts.saturating_sub(1).min(31);
        self.config.backoff_min.saturating_mul(1 << doublings).min(self.config.backoff_max)
    }

    /// To the active pods, unless its pause has not ended.
    fn insert_ready(&mut self, pod: QueuedPodInfo, now: Duration) {
        let until = pod.queued_at + self.pause(&pod);
        if until > now && pod.attempts > 0 {
            self.insert(pod, Place::Backoff { until, error: false });
        } else {
            self.insert_active(pod);
        }
    }

    fn insert_active(&mut self, mut pod: QueuedPodInfo) {
        match self.profiles.pre_enqueue(&pod.info) {
            Ok(()) => self.insert(pod, Place::Active),
            Err(plugin) => {
                pod.unschedulable_plugins = BTreeSet::from([plugin]);
                self.insert(pod, Place::Gated);
            }
        }
    }

    fn insert(&mut self, pod: QueuedPodInfo, place: Place) {
        let uid: Uid = Arc::from(pod.info.uid());
        match &place {
            Place::Active => self.active.push(Arc::clone(&uid), &pod),
            Place::Backoff { until, error } => {
                self.backoff.insert((*until, pod.sequence, Arc::clone(&uid)));
                if !error {
                    self.early.insert((*until, pod.sequence, Arc::clone(&uid)));
                }
            }
            Place::Unschedulable { flush_at } => {
                self.unschedulable.insert((*flush_at, pod.sequence, Arc::clone(&uid)));
            }
            Place::Gated => self.gated += 1,
        }
        self.entries.insert(uid, Entry { pod, place });
    }

    fn take(&mut self, uid: &str) -> Option<Entry> {
        let (uid, entry) = self.entries.remove_entry(uid)?;
        match &entry.place {
            Place::Active => self.active.remove(&uid),
            Place::Backoff { until, .. } => {
                let key = (*until, entry.pod.sequence, uid);
                self.backoff.remove(&key);
                self.early.remove(&key);
            }
            Place::Unschedulable { flush_at } => {
                self.unschedulable.remove(&(*flush_at, entry.pod.sequence, uid));
            }
            Place::Gated => self.gated -= 1,
        }
        Some(entry)
    }
}

#[cfg(test)]
mod tests;
