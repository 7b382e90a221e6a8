//! Pods that have been promised a node: preemption made room there, and their turn comes when the victims are gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::PodInfo;

/// Pods by the node that they are nominated to.
#[derive(Clone, Debug, Default)]
pub struct Nominator {
    by_node: BTreeMap<String, Vec<Arc<PodInfo>>>,
    /// Node by uid.
    of: BTreeMap<String, String>,
}

impl Nominator {
    /// Nominates a pod to a node; an earlier nomination of it ends.
    pub fn nominate(&mut self, pod: Arc<PodInfo>, node: &str) {
        self.remove(pod.uid());
        if !node.is_empty() {
            self.of.insert(pod.uid().to_owned(), node.to_owned());
            self.by_node.entry(node.to_owned()).or_default().push(pod);
        }
    }

    /// Ends the nomination of a pod.
    pub fn remove(&mut self, uid: &str) {
        let Some(node) = self.of.remove(uid) else { return };
        if let Some(pods) = self.by_node.get_mut(&node) {
            pods.retain(|pod| pod.uid() != uid);
            if pods.is_empty() {
                self.by_node.remove(&node);
            }
        }
    }

    /// The node that a pod is nominated to.
    pub fn node_of(&self, uid: &str) -> Option<&str> {
        self.of.get(uid).map(String::as_str)
    }

    /// The pods that are nominated to a node.
    pub fn pods_on(&self, node: &str) -> &[Arc<PodInfo>] {
        self.by_node.get(node).map_or(&[], Vec::as_slice)
    }

    /// The nodes that have nominated pods.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        self.by_node.keys().map(String::as_str)
    }
}
