//! Kubernetes' scheduling framework and its default plugins.
//!
//! [`Scheduler`] runs against any API server through a `Client`. Its decisions are made by [`Core`], a state machine without
//! I/O, over a [`Snapshot`] of the cluster laid out for scanning; [`Profile::schedule_one`] decides about one pod and can be
//! called from tests and simulations. Plugins implement the extension-point traits ([`Filter`], [`Score`], ...) and are
//! registered in a [`Profile`]; the default ones are in [`plugins`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use pintle_object_model::api::core::v1::{Node, Pod};
//! use pintle_object_model::clock::Random;
//! use pintle_scheduler::{Cursor, Decision, Nominator, PodInfo, Profile, Snapshot};
//!
//! let mut node = Node::default();
//! node.metadata.name = "a".into();
//! node.status.allocatable.insert("pods".into(), "10".parse().unwrap());
//! let mut snapshot = Snapshot::new();
//! snapshot.put_node(Arc::new(node));
//!
//! let profile = Profile::default_plugins("default-scheduler").build();
//! let pod = PodInfo::shared(Arc::new(Pod::default()));
//! let (nominator, random) = (Nominator::default(), Random::seeded(1));
//! match profile.schedule_one(&snapshot, &pod, &nominator, &mut Cursor::default(), &random) {
//!     Decision::Place(placement) => assert_eq!(placement.node, "a"),
//!     Decision::Unschedulable { diagnosis, .. } => panic!("{}", diagnosis.message()),
//! }
//! ```
//!
//! Invariants: decisions are pure (same snapshot, pod, cursor and random state: same decision); a pod that was given a node
//! counts as placed until the API says otherwise; time and chance come from outside.
//!
//! Absent here: VolumeZone, NodeVolumeLimits, VolumeRestrictions and most of what VolumeBinding can do (see
//! [`plugins::VolumeBinding`]), dynamic resource allocation (pods with resource claims are scheduled without a look at
//! them), and scheduler extenders.

mod bind_task;
mod core;
mod framework;
mod interner;
mod node_set;
mod observer;
pub mod plugins;
mod pod_info;
mod pod_terms;
mod queue;
mod reporter;
mod requests;
mod scheduler;
mod snapshot;
#[cfg(test)]
mod testing;
mod waiting;
mod watcher;

pub use crate::core::{Attempt, Binding, Core, CoreConfig, Failure};
pub use framework::{
    Bind, BindContext, BindOutcome, ClusterEvent, Cursor, Cycle, CycleState, Decision, Diagnosis, EnqueueExtensions,
    Filter, Hint, MAX_NODE_SCORE, NodeChange, Nominator, Permit, PermitVerdict, Placement, Plugin, PostBind,
    PostFilter, PostFilterAttempt, PostFilterOutcome, PreBind, PreEnqueue, PreFilter, PreFilterOutcome, PreScore,
    PreScoreOutcome, Preemption, Profile, ProfileBuilder, QueueSort, QueuedPodInfo, Rejection, Reserve, Score, Verdict,
};
pub use node_set::NodeSet;
pub use observer::{Observer, SchedulerEvent};
pub use pod_info::{HostPort, PodInfo};
pub use pod_terms::{PodTerm, PodTerms};
pub use queue::{QueueConfig, QueueCounts, QueuePlace, SchedulingQueue};
pub use requests::Requests;
pub use scheduler::{Scheduler, SchedulerBuilder, SetupError};
pub use snapshot::{
    ClusterObjects, LabelKey, LabelValue, NodeIndex, NodeOverlay, NodeView, OwnerSelector, PodClass, ResourceColumn,
    ResourceId, Snapshot,
};
pub use waiting::WaitingPods;
