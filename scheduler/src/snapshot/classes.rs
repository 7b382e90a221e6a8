//! Groups of pods that affinity and spreading cannot tell apart.
//!
//! Pods of one workload have the same namespace, labels and terms. A selector is asked once per group rather than once per
//! pod, and the answer is spread over the group's nodes: that is what keeps affinity and spreading cheap in clusters with
//! many equal pods.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::NodeIndex;
use crate::PodInfo;

/// Placed pods with the same namespace, labels, pod affinity and liveness.
#[derive(Clone, Debug)]
pub struct PodClass {
    sample: Arc<PodInfo>,
    nodes: BTreeMap<NodeIndex, u32>,
}

impl PodClass {
    /// One of the pods (any is as good as another).
    pub fn sample(&self) -> &PodInfo {
        &self.sample
    }

    /// The nodes that have such pods, and how many.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeIndex, i64)> + '_ {
        self.nodes.iter().map(|(node, count)| (*node, i64::from(*count)))
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct PodClasses {
    ids: HashMap<Arc<str>, usize>,
    classes: Vec<Option<PodClass>>,
    free: Vec<usize>,
    namespaces: BTreeMap<String, BTreeSet<usize>>,
    anti_affinity: BTreeSet<usize>,
    affinity: BTreeSet<usize>,
}

impl PodClasses {
    pub(super) fn add(&mut self, node: NodeIndex, pod: &Arc<PodInfo>) {
        let id = match self.ids.get(pod.class_key()) {
            Some(id) => *id,
            None => self.make(pod),
        };
        let class = self.classes[id].as_mut().expect("ids name classes that are there");
        *class.nodes.entry(node).or_default() += 1;
    }

    fn make(&mut self, pod: &Arc<PodInfo>) -> usize {
        let class = Some(PodClass { sample: Arc::clone(pod), nodes: BTreeMap::new() });
        let id = match self.free.pop() {
            Some(id) => {
                self.classes[id] = class;
                id
            }
            None => {
                self.classes.push(class);
                self.classes.len() - 1
            }
        };
        self.ids.insert(Arc::clone(pod.class_key()), id);
        self.namespaces.entry(pod.namespace().to_owned()).or_default().insert(id);
        if !pod.terms().is_empty() {
            self.affinity.insert(id);
        }
        if !pod.terms().required_anti_affinity.is_empty() {
            self.anti_affinity.insert(id);
        }
        id
    }

    pub(super) fn remove(&mut self, node: NodeIndex, pod: &PodInfo) {
        let Some(&id) = self.ids.get(pod.class_key()) else { return };
        let class = self.classes[id].as_mut().expect("ids name classes that are there");
        if let Some(count) = class.nodes.get_mut(&node) {
            *count -= 1;
            if *count == 0 {
                class.nodes.remove(&node);
            }
        }
        if class.nodes.is_empty() {
            self.classes[id] = None;
            self.free.push(id);
            self.ids.remove(pod.class_key());
            self.anti_affinity.remove(&id);
            self.affinity.remove(&id);
            if let Some(ids) = self.namespaces.get_mut(pod.namespace()) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.namespaces.remove(pod.namespace());
                }
            }
        }
    }

    fn of<'a>(&'a self, ids: impl IntoIterator<Item = &'a usize>) -> impl Iterator<Item = &'a PodClass> {
        ids.into_iter().filter_map(|id| self.classes[*id].as_ref())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &PodClass> {
        self.classes.iter().flatten()
    }

    pub(super) fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = &PodClass> {
        self.of(self.namespaces.get(namespace).into_iter().flatten())
    }

    pub(super) fn with_anti_affinity(&self) -> impl Iterator<Item = &PodClass> {
        self.of(&self.anti_affinity)
    }

    pub(super) fn with_affinity(&self) -> impl Iterator<Item = &PodClass> {
        self.of(&self.affinity)
    }
}
