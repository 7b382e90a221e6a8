//! Changes of the cluster that could make a rejected pod schedulable.

use std::sync::Arc;

use pintle_object_model::api::core::v1::Node;

use crate::PodInfo;

/// What about a node has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeChange {
    /// Its allocatable resources.
    pub allocatable: bool,
    /// Its labels.
    pub labels: bool,
    /// Its taints, or whether it is cordoned.
    pub taints: bool,
    /// Its annotations.
    pub annotations: bool,
}

impl NodeChange {
    /// The difference between two states of a node.
    pub fn between(old: &Node, new: &Node) -> Self {
        Self {
            allocatable: old.status.allocatable != new.status.allocatable,
            labels: old.metadata.labels != new.metadata.labels,
            taints: old.spec.taints != new.spec.taints || old.spec.unschedulable != new.spec.unschedulable,
            annotations: old.metadata.annotations != new.metadata.annotations,
        }
    }

    /// Nothing that scheduling looks at?
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// A change of the cluster.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClusterEvent {
    /// A node has come.
    NodeAdded(Arc<Node>),
    /// A node is gone.
    NodeDeleted(Arc<Node>),
    /// A node has changed.
    NodeUpdated {
        /// As it was.
        old: Arc<Node>,
        /// As it is.
        new: Arc<Node>,
        /// What is different.
        change: NodeChange,
    },
    /// A pod has been placed (by anyone).
    PodAdded(Arc<PodInfo>),
    /// A placed pod has changed.
    PodUpdated {
        /// As it was.
        old: Arc<PodInfo>,
        /// As it is.
        new: Arc<PodInfo>,
    },
    /// A placed pod is gone, or has ended, or its placement failed.
    PodDeleted(Arc<PodInfo>),
    /// The waiting pod itself has changed.
    SelfUpdated {
        /// As it was.
        old: Arc<PodInfo>,
        /// As it is.
        new: Arc<PodInfo>,
    },
    /// The labels of a namespace have changed.
    NamespaceChanged,
    /// Something else that plugins may know about; the name says what.
    Other(&'static str),
}

/// Would trying again make sense?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Yes.
    Queue,
    /// No: the change has nothing to do with why the pod was rejected.
    Skip,
}

impl From<bool> for Hint {
    fn from(helps: bool) -> Self {
        if helps { Self::Queue } else { Self::Skip }
    }
}
