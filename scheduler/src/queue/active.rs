//! The active pods: a heap in the order of a QueueSort plugin, from which any pod can be removed.

use std::collections::HashMap;
use std::sync::Arc;

use crate::{QueueSort, QueuedPodInfo};

pub(super) struct ActivePods {
    sort: Arc<dyn QueueSort>,
    heap: Vec<(Arc<str>, QueuedPodInfo)>,
    at: HashMap<Arc<str>, usize>,
}

impl ActivePods {
    pub(super) fn new(sort: Arc<dyn QueueSort>) -> Self {
        Self { sort, heap: vec![], at: HashMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    pub(super) fn push(&mut self, uid: Arc<str>, pod: &QueuedPodInfo) {
        self.remove(&uid);
        self.at.insert(Arc::clone(&uid), self.heap.len());
        self.heap.push((uid, pod.clone()));
        self.up(self.heap.len() - 1);
    }

    /// The uid of the first pod, which stays until it is removed.
    pub(super) fn pop(&mut self) -> Option<Arc<str>> {
        let uid = Arc::clone(&self.heap.first()?.0);
        self.remove(&uid);
        Some(uid)
    }

    pub(super) fn remove(&mut self, uid: &str) {
        let Some(at) = self.at.remove(uid) else { return };
        self.heap.swap_remove(at);
        if at < self.heap.len() {
            self.at.insert(Arc::clone(&self.heap[at].0), at);
            self.down(at);
            self.up(at);
        }
    }

    fn less(&self, a: usize, b: usize) -> bool {
        self.sort.less(&self.heap[a].1, &self.heap[b].1)
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.at.insert(Arc::clone(&self.heap[a].0), a);
        self.at.insert(Arc::clone(&self.heap[b].0), b);
    }

    fn up(&mut self, mut at: usize) {
        while at > 0 && self.less(at, (at - 1) / 2) {
            self.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }

    fn down(&mut self, mut at: usize) {
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let mut first = at;
            if left < self.heap.len() && self.less(left, first) {
                first = left;
            }
            if right < self.heap.len() && self.less(right, first) {
                first = right;
            }
            if first == at {
                return;
            }
            self.swap(at, first);
            at = first;
        }
    }
}
