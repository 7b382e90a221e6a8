//! Changes, and how they look through a watcher's filter.

use std::sync::{Arc, OnceLock};

use imbl::OrdMap;
use pintle_object_model::Object;
use pintle_object_model::selector::{FieldSelector, Selector};

/// A committed change to one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// Revision of the commit.
    pub revision: u64,
    /// The object after the change; `None` if it was deleted.
    pub object: Option<Object>,
    /// The object before the change, if there was one.
    pub previous: Option<Object>,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// It came to be, or came to match the watcher's filter.
    Added,
    /// It changed.
    Modified,
    /// It is gone, or no longer matches the watcher's filter.
    Deleted,
}

/// An event as one watcher sees it. The object, and with it its encodings, is shared by everybody who sees it alike.
#[derive(Clone, Debug)]
pub enum CacheEvent {
    /// A change to an object.
    Change {
        /// What happened, as seen through the watcher's filter.
        kind: EventKind,
        /// The object: the new one, or for a deletion the last one that matched, with the revision of the deletion.
        object: Object,
    },
    /// Every change up to this revision has been delivered.
    Bookmark {
        /// The revision.
        revision: u64,
        /// This bookmark ends the initial events.
        initial_events_end: bool,
    },
}

/// What a watcher wants to see. The default is everything.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this namespace; empty for all.
    pub namespace: String,
    /// Only this name; empty for all.
    pub name: String,
    /// Only objects with these labels.
    pub labels: Selector,
    /// Only objects with these fields.
    pub fields: FieldSelector,
}

impl Filter {
    /// Does this object match?
    pub fn matches(&self, object: &Object) -> bool {
        let metadata = object.metadata();
        (self.namespace.is_empty() || self.namespace == metadata.namespace)
            && (self.name.is_empty() || self.name == metadata.name)
            && (self.labels.is_empty() || self.labels.matches(&metadata.labels))
            && (self.fields.terms.is_empty() || self.fields.matches(object))
    }
}

/// One change, as the history keeps it.
#[derive(Debug)]
pub(super) struct SharedEvent {
    pub(super) revision: u64,
    pub(super) current: Option<Object>,
    pub(super) previous: Option<Object>,
    /// The previous object with the revision of the change: what a `Deleted` event carries. Made when first needed.
    departed: OnceLock<Object>,
}

impl SharedEvent {
    pub(super) fn new(change: Change) -> Self {
        Self { revision: change.revision, current: change.object, previous: change.previous, departed: OnceLock::new() }
    }

    /// The object that the change is about, in its newest state.
    pub(super) fn object(&self) -> Option<&Object> {
        self.current.as_ref().or(self.previous.as_ref())
    }

    /// The event as it looks through a filter: coming to match is `Added`, ceasing to match is `Deleted`.
    pub(super) fn seen_through(&self, filter: &Filter) -> Option<CacheEvent> {
        let before = self.previous.as_ref().filter(|object| filter.matches(object));
        let after = self.current.as_ref().filter(|object| filter.matches(object));
        let (kind, object) = match (before, after) {
            (None, Some(object)) => (EventKind::Added, object),
            (Some(_), Some(object)) => (EventKind::Modified, object),
            (Some(previous), None) => (EventKind::Deleted, self.departed(previous)),
            (None, None) => return None,
        };
        Some(CacheEvent::Change { kind, object: object.clone() })
    }

    fn departed(&self, previous: &Object) -> &Object {
        self.departed.get_or_init(|| {
            let mut departed = previous.clone();
            departed.stamp(self.revision);
            departed
        })
    }
}

/// The changes that lead from one state (at `known`) to another (at `revision`), in the order of their revisions.
///
/// Objects say when they last changed; a deletion says nothing, so it is dated just below `revision`. Then a client that
/// saw only a part of the differences resumes below `revision`, is told that this is too old, and lists anew: dated at
/// `revision`, the rest would be lost to it.
pub(super) fn differences(
    (old, known): (&OrdMap<Arc<str>, Object>, u64),
    (new, revision): (&OrdMap<Arc<str>, Object>, u64),
) -> Vec<Change> {
    let mut changes = vec![];
    let gone_at = revision.saturating_sub(1).max(known.saturating_add(1)).min(revision);
    for (key, object) in new {
        let previous = old.get(key);
        let metadata = object.metadata();
        if previous.is_some_and(|previous| previous.metadata().resource_version == metadata.resource_version) {
            continue;
        }
        let at = metadata.resource_version.parse().unwrap_or(revision);
        let (same, other): (Option<&Object>, Option<&Object>) = match previous {
            Some(previous) if previous.metadata().uid != metadata.uid => (None, Some(previous)),
            same => (same, None),
        };
        // Deleted and made again meanwhile: two events, not a change of what is another object.
        if let Some(other) = other {
            changes.push(Change { revision: at.saturating_sub(1), object: None, previous: Some(other.clone()) });
        }
        changes.push(Change { revision: at, object: Some(object.clone()), previous: same.cloned() });
    }
    for (key, object) in old {
        if !new.contains_key(key) {
            changes.push(Change { revision: gone_at, object: None, previous: Some(object.clone()) });
        }
    }
    changes.sort_by_key(|change| change.revision);
    changes
}
