//! The extension points, named as Kubernetes names them.
//!
//! Decisions (everything up to Permit) are synchronous and pure: they read the snapshot and the cycle's state and give a
//! verdict. Only PreBind and Bind may do I/O.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_client::Client;
use pintle_object_model::Status;
use pintle_object_model::clock::Random;

use super::{ClusterEvent, CycleState, Diagnosis, Hint, Nominator, PostFilterOutcome, Profile, Rejection, Verdict};
use crate::{NodeIndex, NodeSet, NodeView, PodInfo, Snapshot};

/// What all plugins have.
pub trait Plugin: Any + Send + Sync {
    /// The name under which profiles, conditions and metrics know it.
    fn name(&self) -> &'static str;
}

/// One decision: the cluster as it is, and the pod that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Cycle<'a> {
    /// The cluster.
    pub snapshot: &'a Snapshot,
    /// The pod.
    pub pod: &'a Arc<PodInfo>,
}

/// A pod in the queue, as orders compare it.
#[derive(Clone, Debug)]
pub struct QueuedPodInfo {
    /// The pod.
    pub info: Arc<PodInfo>,
    /// When it was queued last (monotonic).
    pub queued_at: Duration,
    /// When it was queued first (monotonic).
    pub first_queued_at: Duration,
    /// How often it has been tried.
    pub attempts: u32,
    /// Position among all that were ever queued: settles ties.
    pub sequence: u64,
    /// The plugins that rejected it last.
    pub unschedulable_plugins: BTreeSet<&'static str>,
}

/// May the pod enter the queue? Asked when a pod comes and whenever it changes.
pub trait PreEnqueue: Plugin {
    /// `Err` holds it back until the pod changes.
    fn pre_enqueue(&self, pod: &PodInfo) -> Result<(), Rejection>;
}

/// The order of the queue. There is one for all profiles.
pub trait QueueSort: Plugin {
    /// Must `a` be tried before `b`? A strict weak order.
    fn less(&self, a: &QueuedPodInfo, b: &QueuedPodInfo) -> bool;
}

/// What a [`PreFilter`] found.
#[derive(Clone, Debug)]
pub enum PreFilterOutcome {
    /// Go on with all nodes.
    Continue,
    /// The filter of the same plugin has nothing to say about this pod.
    Skip,
    /// Only these nodes come into question.
    Nodes(BTreeSet<String>),
    /// No node comes into question.
    Reject(Rejection),
}

/// Looks at the pod once, before the nodes.
pub trait PreFilter: Plugin {
    /// Works out what the filter needs and keeps it in `state`.
    fn pre_filter(&self, cycle: Cycle<'_>, state: &mut CycleState) -> PreFilterOutcome;

    /// Brings `state` up to date as if `pod` were on `node`, too.
    fn add_pod(&self, cycle: Cycle<'_>, state: &mut CycleState, pod: &Arc<PodInfo>, node: NodeView<'_>) {
        let _ = (cycle, state, pod, node);
    }

    /// Brings `state` up to date as if `pod` were not on `node`.
    fn remove_pod(&self, cycle: Cycle<'_>, state: &mut CycleState, pod: &Arc<PodInfo>, node: NodeView<'_>) {
        let _ = (cycle, state, pod, node);
    }
}

/// Rules out nodes.
pub trait Filter: Plugin {
    /// Could the pod run on this node?
    fn filter(&self, cycle: Cycle<'_>, state: &CycleState, node: NodeView<'_>) -> Verdict;

    /// Takes out of `nodes` all on which the pod cannot run. Must agree with [`filter`](Self::filter) on every node of the
    /// snapshot as it is; override it where columns and sets are faster than one node after the other.
    fn filter_nodes(&self, cycle: Cycle<'_>, state: &CycleState, nodes: &mut NodeSet) {
        nodes.retain(|index| cycle.snapshot.view(index).is_some_and(|node| self.filter(cycle, state, node).fits()));
    }
}

/// Tries to make room when no node fits. Decides only: evictions and nominations are carried out by the scheduler.
pub trait PostFilter: Plugin {
    /// What could be done. The first plugin that nominates a node settles it.
    fn post_filter(&self, attempt: &PostFilterAttempt<'_>) -> PostFilterOutcome;
}

/// What a [`PostFilter`] gets to see.
#[derive(Debug)]
pub struct PostFilterAttempt<'a> {
    /// The cluster and the pod.
    pub cycle: Cycle<'a>,
    /// As PreFilter left it.
    pub state: &'a CycleState,
    /// Why no node fits.
    pub diagnosis: &'a Diagnosis,
    /// Promises made to other pods.
    pub nominator: &'a Nominator,
    /// To ask the filters again.
    pub profile: &'a Profile,
    /// For choices among equals.
    pub random: &'a Random,
}

/// What a [`PreScore`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreScoreOutcome {
    /// Score the nodes.
    Continue,
    /// The score of the same plugin has nothing to say about this pod.
    Skip,
}

/// Looks at the feasible nodes once, before they are scored.
pub trait PreScore: Plugin {
    /// Works out what the score needs and keeps it in `state`.
    fn pre_score(&self, cycle: Cycle<'_>, state: &mut CycleState, nodes: &[NodeIndex]) -> PreScoreOutcome;
}

/// Ranks feasible nodes.
pub trait Score: Plugin {
    /// How good is this node? 0 to [`MAX_NODE_SCORE`](super::MAX_NODE_SCORE) unless [`normalize`](Self::normalize) brings
    /// it there.
    fn score(&self, cycle: Cycle<'_>, state: &CycleState, node: NodeView<'_>) -> i64;

    /// The scores of many nodes, in their order. Must agree with [`score`](Self::score).
    fn score_nodes(&self, cycle: Cycle<'_>, state: &CycleState, nodes: &[NodeIndex], scores: &mut [i64]) {
        for (index, score) in nodes.iter().zip(scores) {
            *score = cycle.snapshot.view(*index).map_or(0, |node| self.score(cycle, state, node));
        }
    }

    /// Brings the scores of all feasible nodes into 0 to 100.
    fn normalize(&self, cycle: Cycle<'_>, state: &CycleState, nodes: &[NodeIndex], scores: &mut [i64]) {
        let _ = (cycle, state, nodes, scores);
    }
}

/// Told when a node has been chosen, and when that comes to nothing.
pub trait Reserve: Plugin {
    /// Sets something aside for the pod. `Err`: the node cannot be used after all.
    ///
    /// # Errors
    /// Why not.
    fn reserve(&self, cycle: Cycle<'_>, state: &mut CycleState, node: NodeView<'_>) -> Result<(), Rejection>;

    /// Gives it back. Called for every plugin when any reservation or a later step failed; must be harmless to repeat.
    fn unreserve(&self, pod: &PodInfo, node: &str);
}

/// What a [`Permit`] says.
#[derive(Clone, Debug)]
pub enum PermitVerdict {
    /// Bind.
    Approve,
    /// Do not.
    Reject(Rejection),
    /// Not yet: somebody must allow it within this time (see `WaitingPods`).
    Wait(Duration),
}

/// Holds back the binding of a pod that has a node, for example until its whole group has nodes.
pub trait Permit: Plugin {
    /// May the pod be bound?
    fn permit(&self, cycle: Cycle<'_>, state: &CycleState, node: NodeView<'_>) -> PermitVerdict;
}

/// A pod that is about to be bound.
#[derive(Clone, Debug)]
pub struct BindContext {
    /// The API.
    pub client: Client,
    /// The pod.
    pub pod: Arc<PodInfo>,
    /// Name of its node.
    pub node: String,
}

/// Work before binding, such as attaching a volume.
#[async_trait]
pub trait PreBind: Plugin {
    /// Prepares the node for the pod. If the future is dropped, the pod is tried again later.
    ///
    /// # Errors
    /// Anything; the pod goes back to the queue.
    async fn pre_bind(&self, context: &BindContext) -> Result<(), Status>;
}

/// What a [`Bind`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindOutcome {
    /// The pod is bound.
    Bound,
    /// Somebody else must bind it: the next plugin is asked.
    Skip,
}

/// Binds the pod to its node.
#[async_trait]
pub trait Bind: Plugin {
    /// Tells the API.
    ///
    /// # Errors
    /// Anything; the pod goes back to the queue.
    async fn bind(&self, context: &BindContext) -> Result<BindOutcome, Status>;
}

/// Told after a pod has been bound.
pub trait PostBind: Plugin {
    /// For information only.
    fn post_bind(&self, pod: &PodInfo, node: &str);
}

/// Says which changes of the cluster could make a difference to pods that the plugin of the same name rejected. A plugin
/// without this is asked again after every change.
pub trait EnqueueExtensions: Plugin {
    /// Could this event help this pod?
    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint;
}
