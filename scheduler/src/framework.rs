//! The scheduling framework: extension points, profiles, and the decision for one pod.
//!
//! In: a snapshot and a pod. Out: a [`Decision`]. Invariant: nothing here does I/O or reads a clock; the same snapshot, pod,
//! position and random state give the same decision. Elsewhere: plugins (`plugins`), what becomes of a decision
//! (`scheduler`). Source: Kubernetes concepts, "Scheduling Framework" (KEP-624).

mod cycle_state;
mod decision;
mod diagnosis;
mod event;
mod nominator;
mod plugin;
mod profile;
mod verdict;

pub use cycle_state::CycleState;
pub use decision::{Cursor, Decision, Placement};
pub use diagnosis::{Diagnosis, PostFilterOutcome, Preemption};
pub use event::{ClusterEvent, Hint, NodeChange};
pub use nominator::Nominator;
pub use plugin::{
    Bind, BindContext, BindOutcome, Cycle, EnqueueExtensions, Filter, Permit, PermitVerdict, Plugin, PostBind,
    PostFilter, PostFilterAttempt, PreBind, PreEnqueue, PreFilter, PreFilterOutcome, PreScore, PreScoreOutcome,
    QueueSort, QueuedPodInfo, Reserve, Score,
};
pub use profile::{Profile, ProfileBuilder};
pub use verdict::{Rejection, Verdict};

/// The highest score a plugin can give a node after normalizing; the lowest is 0.
pub const MAX_NODE_SCORE: i64 = 100;
