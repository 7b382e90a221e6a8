//! What happened, as typed events: for metrics and tests.

use std::collections::BTreeSet;
use std::time::Duration;

use pintle_object_model::ObjectRef;

/// Something that the scheduler did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchedulerEvent {
    /// A pod has been bound.
    Scheduled {
        /// The pod.
        pod: ObjectRef,
        /// Its node.
        node: String,
        /// How often it was tried.
        attempts: u32,
        /// How many nodes were looked at.
        evaluated: usize,
        /// How many of them fitted.
        feasible: usize,
        /// From its first entry into the queue until it was bound.
        waited: Duration,
    },
    /// A pod fits nowhere.
    Unschedulable {
        /// The pod.
        pod: ObjectRef,
        /// The plugins that rejected it.
        plugins: BTreeSet<&'static str>,
        /// The text of its condition.
        message: String,
    },
    /// Pods are evicted to make room.
    Preempting {
        /// For this pod.
        pod: ObjectRef,
        /// On this node.
        node: String,
        /// These pods.
        victims: Vec<ObjectRef>,
    },
    /// A binding failed; the pod is tried again.
    BindingFailed {
        /// The pod.
        pod: ObjectRef,
        /// The node that it should have had.
        node: String,
        /// Why.
        why: String,
    },
    /// One decision was made.
    Decided {
        /// How long it took.
        took: Duration,
        /// Was a node found?
        found: bool,
    },
}

/// Told of every event, from several tasks; must not block.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn observe(&self, event: &SchedulerEvent);
}

/// Observes nothing.
#[derive(Debug)]
pub(crate) struct Nobody;

impl Observer for Nobody {
    fn observe(&self, _event: &SchedulerEvent) {}
}

impl<F: Fn(&SchedulerEvent) + Send + Sync> Observer for F {
    fn observe(&self, event: &SchedulerEvent) {
        self(event);
    }
}
