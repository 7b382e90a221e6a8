//! Who owns whom, over all kinds. No I/O.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use pintle_object_model::api::meta::v1::ObjectMeta;

use crate::resources::Served;

pub(super) const FOREGROUND: &str = "foregroundDeletion";
pub(super) const ORPHAN: &str = "orphan";

/// What the graph knows of an object.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Arc<Served>,
    pub(super) namespace: Arc<str>,
    pub(super) name: Arc<str>,
    /// UIDs of the owners, and whether this object holds up their foreground deletion.
    pub(super) owners: Arc<[(Arc<str>, bool)]>,
    pub(super) deleting: bool,
    /// Is being deleted in the foreground.
    pub(super) waits_for_dependents: bool,
    /// Is being deleted, and leaves its dependents behind.
    pub(super) orphans_dependents: bool,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind.kind.kind, self.namespace, self.name)
    }
}

/// Objects by UID, and who depends on whom (also on owners that are not known).
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: HashMap<Arc<str>, Node>,
    dependents: HashMap<Arc<str>, BTreeSet<Arc<str>>>,
}

impl Graph {
    pub(super) fn get(&self, uid: &str) -> Option<Node> {
        self.nodes.get(uid).cloned()
    }

    /// Takes in an object as it is, and answers whom to look at because of it.
    pub(super) fn put(&mut self, kind: &Arc<Served>, metadata: &ObjectMeta) -> Vec<String> {
        let uid: Arc<str> = Arc::from(metadata.uid.as_str());
        let owner = |owner: &pintle_object_model::api::meta::v1::OwnerReference| {
            (Arc::from(owner.uid.as_str()), owner.block_owner_deletion == Some(true))
        };
        let deleting = metadata.deletion_timestamp.is_some();
        let has = |finalizer: &str| metadata.finalizers.iter().any(|name| name == finalizer);
        let node = Node {
            kind: Arc::clone(kind),
            namespace: Arc::from(metadata.namespace.as_str()),
            name: Arc::from(metadata.name.as_str()),
            owners: metadata.owner_references.iter().map(owner).collect(),
            deleting,
            waits_for_dependents: deleting && has(FOREGROUND),
            orphans_dependents: deleting && has(ORPHAN),
        };
        let old = self.nodes.insert(Arc::clone(&uid), node.clone());
        let mut concerned = vec![];
        let owners_changed = old.as_ref().is_none_or(|old| old.owners != node.owners);
        if let Some(old) = old.filter(|_| owners_changed) {
            self.unlink(&uid, &old);
            // An owner that waited for this one may be free now.
            concerned.extend(old.owners.iter().map(|(owner, _)| owner.to_string()));
        }
        if owners_changed {
            for (owner, _) in &*node.owners {
                self.dependents.entry(Arc::clone(owner)).or_default().insert(Arc::clone(&uid));
            }
        }
        let doubtful = owners_changed && !self.has_solid_owners_only(&node);
        if doubtful || node.waits_for_dependents || node.orphans_dependents {
            concerned.push(uid.to_string());
        }
        concerned
    }

    /// Takes in that an object is gone, and answers whom to look at because of it.
    pub(super) fn remove(&mut self, uid: &str) -> Vec<String> {
        let Some((uid, node)) = self.nodes.remove_entry(uid) else { return vec![] };
        self.unlink(&uid, &node);
        let dependents = self.dependents.get(&uid).into_iter().flatten().map(ToString::to_string);
        dependents.chain(node.owners.iter().map(|(owner, _)| owner.to_string())).collect()
    }

    fn unlink(&mut self, uid: &Arc<str>, node: &Node) {
        for (owner, _) in &*node.owners {
            if let Some(dependents) = self.dependents.get_mut(owner) {
                dependents.remove(uid);
                if dependents.is_empty() {
                    self.dependents.remove(owner);
                }
            }
        }
    }

    /// Are all owners there, within reach, and not waiting for this one to go?
    pub(super) fn has_solid_owners_only(&self, node: &Node) -> bool {
        node.owners.iter().all(|(owner, _)| {
            self.nodes.get(owner).is_some_and(|owner| {
                !owner.waits_for_dependents && (owner.namespace.is_empty() || owner.namespace == node.namespace)
            })
        })
    }

    pub(super) fn has_dependents(&self, uid: &str) -> bool {
        self.dependents.contains_key(uid)
    }

    /// All dependents, and whether any of them holds up a foreground deletion.
    pub(super) fn dependents(&self, uid: &str) -> (Vec<String>, bool) {
        let all = self.dependents.get(uid).into_iter().flatten();
        let blocks = |dependent: &Arc<str>| {
            let node = self.nodes.get(dependent);
            node.is_some_and(|node| node.owners.iter().any(|(owner, blocks)| **owner == *uid && *blocks))
        };
        (all.clone().map(ToString::to_string).collect(), all.clone().any(blocks))
    }
}
