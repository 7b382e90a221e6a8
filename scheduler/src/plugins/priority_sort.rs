//! `PrioritySort`: more important pods first, then who has waited longer.

use crate::{Plugin, QueueSort, QueuedPodInfo};

/// The default order of the queue.
#[derive(Clone, Copy, Debug, Default)]
pub struct PrioritySort;

impl Plugin for PrioritySort {
    fn name(&self) -> &'static str {
        "PrioritySort"
    }
}

impl QueueSort for PrioritySort {
    fn less(&self, a: &QueuedPodInfo, b: &QueuedPodInfo) -> bool {
        // The sequence settles what the clock cannot: two pods queued at the same instant.
        let key = |pod: &QueuedPodInfo| (std::cmp::Reverse(pod.info.priority()), pod.queued_at, pod.sequence);
        key(a) < key(b)
    }
}
