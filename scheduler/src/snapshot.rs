//! The state of the cluster as decisions see it, laid out for scanning.
//!
//! In: nodes and placed pods, one change at a time. Out: columns (one entry per node), interned labels and taints, sets of
//! nodes, groups of equal pods. Invariants: each change costs what it touches, never the number of nodes; a snapshot that
//! was changed step by step equals one that is built anew. Elsewhere: which pods count as placed (`Cache`), and decisions.

mod classes;
mod cluster;
mod images;
mod labels;
mod resources;
mod taints;
mod view;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use pintle_object_model::api::core::v1::Node;

use crate::interner::Id;
use crate::{HostPort, NodeSet, PodInfo};

pub use classes::PodClass;
use classes::PodClasses;
pub use cluster::{ClusterObjects, OwnerSelector};
use images::Images;
pub(crate) use images::normalized_image;
use labels::LabelColumns;
use resources::ResourceColumns;
pub use resources::{ResourceColumn, ResourceId};
use taints::TaintSets;
pub use view::{NodeOverlay, NodeView};

/// The place of a node in the columns of one snapshot. It is reused after the node is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(u32);

impl NodeIndex {
    /// From a position.
    pub(crate) fn new(index: usize) -> Self {
        Self(u32::try_from(index).expect("a snapshot has fewer than 4 billion nodes"))
    }
    /// The position.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The id of an interned label key of one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelKey(Id);

/// The id of an interned label value of one snapshot. Equal values have equal ids, whatever the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelValue(Id);

impl LabelValue {
    /// Where a table of [`Snapshot::label_values`] entries keeps this value.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Nodes and what runs on them.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    nodes: Vec<Option<Arc<Node>>>,
    by_name: HashMap<Arc<str>, NodeIndex>,
    free: Vec<NodeIndex>,
    live: NodeSet,
    resources: ResourceColumns,
    labels: LabelColumns,
    taints: TaintSets,
    unschedulable: NodeSet,
    pods: Vec<Vec<Arc<PodInfo>>>,
    ports: Vec<Vec<HostPort>>,
    with_ports: NodeSet,
    classes: PodClasses,
    images: Images,
    generations: Vec<u64>,
    generation: u64,
    /// Pods placed on nodes that are not (or no longer) known.
    elsewhere: BTreeMap<String, Vec<Arc<PodInfo>>>,
    cluster: ClusterObjects,
}

impl Snapshot {
    /// A cluster without nodes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node, or takes in its new state.
    pub fn put_node(&mut self, node: Arc<Node>) -> NodeIndex {
        let name = node.metadata.name.as_str();
        let known = self.by_name.get(name).copied();
        let index = known.unwrap_or_else(|| self.new_slot(name));
        let at = index.index();
        self.resources.set_allocatable(index, &node.status.allocatable);
        let old = self.nodes[at].take();
        if old.as_ref().is_none_or(|old| old.metadata.labels != node.metadata.labels) {
            self.labels.set(index, &node.metadata.labels);
        }
        if old.as_ref().is_none_or(|old| old.spec.taints != node.spec.taints) {
            self.taints.set(index, &node.spec.taints);
        }
        if old.as_ref().is_none_or(|old| old.status.images != node.status.images) {
            self.images.set(index, &node.status.images);
        }
        self.unschedulable.set(index, node.spec.unschedulable);
        self.nodes[at] = Some(Arc::clone(&node));
        if known.is_none() {
            for pod in self.elsewhere.remove(name).unwrap_or_default() {
                self.attach(index, pod);
            }
        }
        self.touch(index);
        index
    }

    fn new_slot(&mut self, name: &str) -> NodeIndex {
        let index = self.free.pop().unwrap_or_else(|| {
            let index = NodeIndex::new(self.nodes.len());
            self.nodes.push(None);
            self.pods.push(vec![]);
            self.ports.push(vec![]);
            self.generations.push(0);
            index
        });
        self.by_name.insert(Arc::from(name), index);
        self.live.insert(index);
        index
    }

    /// Takes a node out. Pods that are still placed on it are kept in case it comes back.
    pub fn remove_node(&mut self, name: &str) {
        let Some(index) = self.by_name.remove(name) else { return };
        for pod in std::mem::take(&mut self.pods[index.index()]) {
            self.forget_on(index, &pod);
            self.elsewhere.entry(name.to_owned()).or_default().push(pod);
        }
        self.nodes[index.index()] = None;
        self.resources.clear(index);
        self.labels.set(index, &BTreeMap::new());
        self.taints.set(index, &[]);
        self.images.set(index, &[]);
        self.unschedulable.remove(index);
        self.with_ports.remove(index);
        self.live.remove(index);
        self.touch(index);
        self.free.push(index);
    }

    /// Adds a pod to the node that it names.
    pub fn add_pod(&mut self, pod: Arc<PodInfo>) {
        match self.index_of(pod.node_name()) {
            Some(index) => self.attach(index, pod),
            None => self.elsewhere.entry(pod.node_name().to_owned()).or_default().push(pod),
        }
    }

    /// Takes out a pod that was added, by its uid.
    pub fn remove_pod(&mut self, pod: &PodInfo) {
        let same = |other: &Arc<PodInfo>| other.uid() == pod.uid() && other.key() == pod.key();
        if let Some(index) = self.index_of(pod.node_name()) {
            let pods = &mut self.pods[index.index()];
            if let Some(at) = pods.iter().position(same) {
                let removed = pods.swap_remove(at);
                self.forget_on(index, &removed);
                self.touch(index);
            }
        } else if let Some(pods) = self.elsewhere.get_mut(pod.node_name()) {
            pods.retain(|other| !same(other));
            if pods.is_empty() {
                self.elsewhere.remove(pod.node_name());
            }
        }
    }

    fn attach(&mut self, index: NodeIndex, pod: Arc<PodInfo>) {
        self.resources.add(index, pod.requests(), 1);
        self.classes.add(index, &pod);
        if !pod.host_ports().is_empty() {
            self.ports[index.index()].extend_from_slice(pod.host_ports());
            self.with_ports.insert(index);
        }
        self.pods[index.index()].push(pod);
        self.touch(index);
    }

    /// Undoes what [`attach`](Self::attach) did, except for the list of pods.
    fn forget_on(&mut self, index: NodeIndex, pod: &Arc<PodInfo>) {
        self.resources.add(index, pod.requests(), -1);
        self.classes.remove(index, pod);
        let ports = &mut self.ports[index.index()];
        for port in pod.host_ports() {
            if let Some(at) = ports.iter().position(|open| open == port) {
                ports.swap_remove(at);
            }
        }
        if ports.is_empty() {
            self.with_ports.remove(index);
        }
    }

    fn touch(&mut self, index: NodeIndex) {
        self.generation += 1;
        self.generations[index.index()] = self.generation;
    }

    /// The place of a node.
    pub fn index_of(&self, name: &str) -> Option<NodeIndex> {
        self.by_name.get(name).copied()
    }

    /// A node, if the place is taken.
    pub fn view(&self, index: NodeIndex) -> Option<NodeView<'_>> {
        let node = self.nodes.get(index.index())?.as_ref()?;
        Some(NodeView::new(self, index, node, None))
    }

    /// A node by name.
    pub fn node(&self, name: &str) -> Option<NodeView<'_>> {
        self.view(self.index_of(name)?)
    }

    /// All nodes.
    pub fn nodes(&self) -> impl Iterator<Item = NodeView<'_>> {
        self.live.iter().filter_map(|index| self.view(index))
    }

    /// The places that are taken.
    pub fn live(&self) -> &NodeSet {
        &self.live
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Are there no nodes?
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Length of the columns: every [`NodeIndex`] is less.
    pub fn slots(&self) -> usize {
        self.nodes.len()
    }

    /// Counts the changes of a node; a higher number means that something about it has changed.
    pub fn generation(&self, index: NodeIndex) -> u64 {
        self.generations.get(index.index()).copied().unwrap_or_default()
    }

    /// The column of a resource.
    pub fn resource(&self, resource: ResourceId) -> &ResourceColumn {
        self.resources.column(resource)
    }

    /// The id of a resource, if any node or pod has named it.
    pub fn resource_id(&self, name: &str) -> Option<ResourceId> {
        self.resources.id(name)
    }

    /// Requests in millicores as scores count them, per node.
    pub fn scored_cpu_millis(&self) -> &[i64] {
        &self.resources.scored_cpu
    }

    /// Requests in bytes as scores count them, per node.
    pub fn scored_memory_bytes(&self) -> &[i64] {
        &self.resources.scored_memory
    }

    /// The id of a label key, if any node has had it.
    pub fn label_key(&self, key: &str) -> Option<LabelKey> {
        self.labels.key(key)
    }

    /// The id of a label value, if any node has had it.
    pub fn label_value(&self, value: &str) -> Option<LabelValue> {
        self.labels.value(value)
    }

    /// The text of a label value.
    pub fn label_text(&self, value: LabelValue) -> &str {
        self.labels.text(value)
    }

    /// One label of one node.
    pub fn label(&self, node: NodeIndex, key: LabelKey) -> Option<LabelValue> {
        self.labels.get(node, key)
    }

    /// The values that nodes have for a label, and how many nodes have each.
    pub fn label_values_of(&self, key: LabelKey) -> impl Iterator<Item = (LabelValue, usize)> + '_ {
        self.labels.values_of(key)
    }

    /// An upper bound of all label values' ids, to size tables by.
    pub(crate) fn label_values(&self) -> usize {
        self.labels.values_len() + 1
    }

    /// Number of the set of taints that a node has; nodes with equal taints share it.
    pub fn taint_set(&self, node: NodeIndex) -> usize {
        self.taints.of(node)
    }

    /// All sets of taints in use, by number.
    pub fn taint_sets(&self) -> &[Vec<pintle_object_model::api::core::v1::Taint>] {
        self.taints.sets()
    }

    /// Nodes that are cordoned.
    pub fn unschedulable(&self) -> &NodeSet {
        &self.unschedulable
    }

    /// Nodes on which a pod has taken a port of the host.
    pub fn with_host_ports(&self) -> &NodeSet {
        &self.with_ports
    }

    /// Groups of placed pods that other pods' terms cannot tell apart.
    pub fn classes(&self) -> impl Iterator<Item = &PodClass> {
        self.classes.all()
    }

    /// The groups of a namespace.
    pub fn classes_in(&self, namespace: &str) -> impl Iterator<Item = &PodClass> {
        self.classes.in_namespace(namespace)
    }

    /// The groups with required anti-affinity.
    pub fn classes_with_anti_affinity(&self) -> impl Iterator<Item = &PodClass> {
        self.classes.with_anti_affinity()
    }

    /// The groups with any affinity to pods.
    pub fn classes_with_affinity(&self) -> impl Iterator<Item = &PodClass> {
        self.classes.with_affinity()
    }

    /// The nodes that have an image (by normalized name), with its size in bytes.
    pub(crate) fn image(&self, name: &str) -> Option<&BTreeMap<NodeIndex, i64>> {
        self.images.nodes(name)
    }

    /// What decisions need besides nodes and pods.
    pub fn cluster(&self) -> &ClusterObjects {
        &self.cluster
    }

    /// The same, to change.
    pub fn cluster_mut(&mut self) -> &mut ClusterObjects {
        &mut self.cluster
    }

    /// Pods that are placed on nodes that are not known, by the node's name.
    pub fn pods_elsewhere(&self) -> &BTreeMap<String, Vec<Arc<PodInfo>>> {
        &self.elsewhere
    }

    /// Is most of what is interned no longer used? Then [`compacted`](Self::compacted) is due.
    pub fn is_wasteful(&self) -> bool {
        let used = self.labels.len_in_use();
        self.labels.values_len() > 4 * used + 65_536 || self.free.len() > self.len() + 1024
    }

    /// The same content, built anew. Indexes and ids are new ones.
    pub fn compacted(&self) -> Self {
        let mut fresh = Self { cluster: self.cluster.clone(), generation: self.generation, ..Self::default() };
        for view in self.nodes() {
            fresh.put_node(Arc::clone(view.node()));
            for pod in view.pods() {
                fresh.add_pod(Arc::clone(pod));
            }
        }
        for pod in self.elsewhere.values().flatten() {
            fresh.add_pod(Arc::clone(pod));
        }
        fresh
    }
}
