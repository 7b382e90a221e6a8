//! Who owns whom, over all kinds.
//!
//! In: informers of every collected kind. Out: objects by UID, dependents by the UID of their owner, and the UIDs to look at
//! after every change. Elsewhere: what is done about them.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use pintle_object_model::{GroupVersionResource, Object, ObjectRef, Scheme};
use pintle_watch::{Delta, WorkQueue};

use super::collected_kinds;
use crate::Context;

pub(super) struct Graph {
    resources: Vec<GroupVersionResource>,
    nodes: Mutex<Nodes>,
}

#[derive(Default)]
struct Nodes {
    by_uid: HashMap<String, Object>,
    dependents: HashMap<String, BTreeSet<String>>,
}

impl Graph {
    pub(super) fn new(scheme: &Scheme) -> Self {
        Self { resources: collected_kinds(scheme).map(|info| info.gvr()).collect(), nodes: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Nodes> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows all kinds. Work may begin when all have been read once.
    pub(super) fn start(self: Arc<Self>, context: &Context, queue: &WorkQueue<ObjectRef>) -> BoxFuture<'static, ()> {
        let mut synced = vec![];
        for resource in &self.resources {
            let informer = context.informers().of_resource(resource);
            let (graph, queue) = (Arc::clone(&self), queue.clone());
            informer.add_handler(move |delta| {
                for uid in graph.take(delta) {
                    queue.add(ObjectRef::new("", uid));
                }
            });
            synced.push(async move { informer.synced().await });
        }
        futures::future::join_all(synced).map(drop).boxed()
    }

    pub(super) fn get(&self, uid: &str) -> Option<Object> {
        self.lock().by_uid.get(uid).cloned()
    }

    pub(super) fn dependents(&self, uid: &str) -> Vec<Object> {
        let nodes = self.lock();
        let uids = nodes.dependents.get(uid).into_iter().flatten();
        uids.filter_map(|uid| nodes.by_uid.get(uid).cloned()).collect()
    }

    /// Takes a change in and answers the UIDs that it concerns.
    fn take(&self, delta: &Delta<Object>) -> Vec<String> {
        let mut nodes = self.lock();
        match delta {
            Delta::Added(new) => {
                nodes.link(new);
                concerns_itself(new).into_iter().collect()
            }
            Delta::Updated { old, new } => {
                let mut concerned: BTreeSet<String> = concerns_itself(new).into_iter().collect();
                let owners = |object: &Object| owner_uids(object);
                if owners(old) != owners(new) || old.metadata().deletion_timestamp != new.metadata().deletion_timestamp
                {
                    // An owner that waits for its dependents may wait no longer.
                    concerned.extend(owners(old));
                }
                nodes.unlink(old);
                nodes.link(new);
                concerned.into_iter().collect()
            }
            Delta::Deleted { last, .. } => {
                nodes.unlink(last);
                let uid = &last.metadata().uid;
                let dependents = nodes.dependents.get(uid).into_iter().flatten().cloned();
                dependents.chain(owner_uids(last)).collect()
            }
        }
    }
}

/// The object itself needs a look if it has owners or is being deleted in an orderly way.
fn concerns_itself(object: &Object) -> Option<String> {
    let metadata = object.metadata();
    let going = metadata.deletion_timestamp.is_some() && !metadata.finalizers.is_empty();
    (going || !metadata.owner_references.is_empty()).then(|| metadata.uid.clone())
}

fn owner_uids(object: &Object) -> Vec<String> {
    object.metadata().owner_references.iter().map(|reference| reference.uid.clone()).collect()
}

impl Nodes {
    fn link(&mut self, object: &Object) {
        let uid = object.metadata().uid.clone();
        for owner in owner_uids(object) {
            self.dependents.entry(owner).or_default().insert(uid.clone());
        }
        self.by_uid.insert(uid, object.clone());
    }

    fn unlink(&mut self, object: &Object) {
        let uid = &object.metadata().uid;
        for owner in owner_uids(object) {
            if let Some(dependents) = self.dependents.get_mut(&owner) {
                dependents.remove(uid);
                if dependents.is_empty() {
                    self.dependents.remove(&owner);
                }
            }
        }
        self.by_uid.remove(uid);
    }
}
