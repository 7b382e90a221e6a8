//! Garbage collection: objects whose owners are all gone go too.
//!
//! In: the metadata of every object of every kind. Out: deletions, owner references and finalizers removed. Invariants:
//! nothing is deleted before a live read showed that its owners are gone and that it still names no others; an owner in
//! foreground deletion goes after the dependents that block it. Source: Kubernetes concepts, "Garbage Collection",
//! "Owners and Dependents".

mod graph;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pintle_client::DynamicApi;
use pintle_object_model::api::meta::v1::{DeleteOptions, ObjectMeta, OwnerReference, Preconditions};
use pintle_object_model::{GroupKind, GroupVersion, Object, Status};
use pintle_watch::{Delta, RetryPolicy, WorkQueue};
use tokio::task::JoinSet;

use crate::error::{Doing, gone_is_fine};
use crate::resources::{Served, served};
use crate::{Context, ControllerError, Runnable};
use graph::{FOREGROUND, Graph, Node, ORPHAN};

const NAME: &str = "garbagecollector";
const WORKERS: usize = 20;
/// New kinds are looked for this often.
const DISCOVERY: Duration = Duration::from_secs(30);
/// Owners known to be gone that are remembered.
const ABSENT_MAX: usize = 4096;

/// The `garbagecollector` controller.
pub(crate) struct GarbageCollector;

struct Shared {
    ctx: Context,
    graph: Mutex<Graph>,
    queue: WorkQueue<String>,
    /// Where objects of a kind are found.
    kinds: Mutex<BTreeMap<GroupKind, Served>>,
    absent: Mutex<HashSet<String>>,
}

#[async_trait]
impl Runnable for GarbageCollector {
    fn name(&self) -> &str {
        NAME
    }

    async fn run(self: Box<Self>, ctx: Context) {
        let retry = RetryPolicy { max: Duration::from_secs(60), ..RetryPolicy::default() };
        let queue = WorkQueue::new(Arc::clone(&ctx.clock), ctx.random.clone(), retry);
        let shared = Arc::new(Shared {
            graph: Mutex::default(),
            queue: queue.clone(),
            kinds: Mutex::default(),
            absent: Mutex::default(),
            ctx: ctx.clone(),
        });
        let shutdown = ctx.shutdown.clone();
        let work = async {
            while let Err(error) = shared.follow_kinds().await {
                tracing::warn!(%error, "the kinds to collect are not known yet");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            ctx.observer.tell(&crate::ControllerEvent::Synced { controller: NAME });
            let mut workers = JoinSet::new();
            for _ in 0..WORKERS {
                workers.spawn(Arc::clone(&shared).work());
            }
            loop {
                tokio::time::sleep(DISCOVERY).await;
                if let Err(error) = shared.follow_kinds().await {
                    tracing::warn!(%error, "new kinds could not be looked for");
                }
            }
        };
        shutdown.unless(work).await;
        queue.shut_down();
        ctx.observer.tell(&crate::ControllerEvent::Stopped { controller: NAME });
    }
}

impl Shared {
    /// Follows every kind that is not followed yet.
    async fn follow_kinds(self: &Arc<Self>) -> Result<(), ControllerError> {
        let mut informers = vec![];
        for kind in served(&self.ctx).await? {
            let new = self.kinds().insert(kind.kind.group_kind(), kind.clone()).is_none();
            // Events come and go in masses and own nothing.
            if new && kind.kind.kind != "Event" {
                let informer = self.ctx.informers.of_resource(&kind.gvr);
                let (this, kind) = (Arc::clone(self), Arc::new(kind));
                informer.add_handler(move |delta| this.observe(&kind, delta));
                informers.push(informer);
            }
        }
        for informer in informers {
            // A kind that cannot be read must not keep all others from being collected.
            if tokio::time::timeout(Duration::from_secs(10), informer.synced()).await.is_err() {
                tracing::warn!(?informer, "a kind cannot be read; objects that it owns are checked one by one");
            }
        }
        Ok(())
    }

    fn kinds(&self) -> std::sync::MutexGuard<'_, BTreeMap<GroupKind, Served>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn graph(&self) -> std::sync::MutexGuard<'_, Graph> {
        self.graph.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn observe(&self, kind: &Arc<Served>, delta: &Delta<Object>) {
        let mut graph = self.graph();
        let concerned = match delta {
            Delta::Deleted { last, .. } => graph.remove(&last.metadata().uid),
            Delta::Added(object) | Delta::Updated { new: object, .. } => graph.put(kind, object.metadata()),
        };
        // A name that was deleted and made anew between two looks has two identities.
        let replaced = match delta {
            Delta::Updated { old, new } if old.metadata().uid != new.metadata().uid => {
                graph.remove(&old.metadata().uid)
            }
            _ => vec![],
        };
        drop(graph);
        concerned.into_iter().chain(replaced).for_each(|uid| self.queue.add(uid));
    }

    async fn work(self: Arc<Self>) {
        while let Some(uid) = self.queue.take().await {
            match self.collect(&uid).await {
                Ok(()) => self.queue.forget(&uid),
                Err(error) => {
                    if error.is_expected() {
                        tracing::debug!(%uid, %error, "collecting again");
                    } else {
                        tracing::warn!(%uid, %error, "collecting failed, trying again");
                    }
                    self.queue.add_rate_limited(uid.clone());
                }
            }
            self.queue.done(&uid);
        }
    }

    async fn collect(&self, uid: &str) -> Result<(), ControllerError> {
        let Some(node) = self.graph().get(uid) else { return Ok(()) };
        if node.orphans_dependents {
            return self.orphan_dependents(uid, &node).await;
        }
        if node.waits_for_dependents {
            return self.wait_for_dependents(uid, &node).await;
        }
        if node.deleting || node.owners.is_empty() || self.graph().has_solid_owners_only(&node) {
            return Ok(());
        }
        self.judge(uid, &node).await
    }

    /// Something is odd about its owners: looks at the truth and acts on it.
    async fn judge(&self, uid: &str, node: &Node) -> Result<(), ControllerError> {
        let api = self.api_of(node);
        let live = match api.get(&node.name).await {
            Err(status) if status.is_not_found() => return Ok(()),
            other => other.doing(|| format!("reading {node}"))?,
        };
        if live.metadata().uid != uid {
            return Ok(());
        }
        let (mut solid, mut waiting, mut gone) = (vec![], vec![], vec![]);
        for owner in &live.metadata().owner_references {
            match self.state_of(owner, node).await? {
                Owner::Solid => solid.push(owner.uid.clone()),
                Owner::WaitsForDependents => waiting.push(owner.uid.clone()),
                Owner::Gone => gone.push(owner.uid.clone()),
            }
        }
        if solid.is_empty() && waiting.is_empty() && gone.is_empty() {
            return Ok(());
        }
        if !solid.is_empty() {
            if waiting.is_empty() && gone.is_empty() {
                return Ok(());
            }
            gone.extend(waiting);
            return gone_is_fine(
                edit(&api, live, |metadata| {
                    metadata.owner_references.retain(|owner| !gone.contains(&owner.uid));
                })
                .await,
            )
            .doing(|| format!("removing owners that are gone from {node}"));
        }
        let finalizers = &live.metadata().finalizers;
        let policy = if !waiting.is_empty() && self.graph().has_dependents(uid) {
            "Foreground"
        } else if finalizers.iter().any(|name| name == ORPHAN) {
            "Orphan"
        } else if finalizers.iter().any(|name| name == FOREGROUND) {
            "Foreground"
        } else {
            "Background"
        };
        let preconditions = Preconditions {
            uid: Some(uid.to_owned()),
            resource_version: Some(live.metadata().resource_version.clone()),
        };
        let options = DeleteOptions {
            propagation_policy: Some(policy.into()),
            preconditions: Some(Box::new(preconditions)),
            ..DeleteOptions::default()
        };
        tracing::debug!(object = %node, policy, "its owners are gone");
        gone_is_fine(api.delete(&node.name, options).await).doing(|| format!("deleting {node}"))
    }

    async fn state_of(&self, owner: &OwnerReference, of: &Node) -> Result<Owner, ControllerError> {
        if let Some(node) = self.graph().get(&owner.uid) {
            let reachable = node.namespace.is_empty() || node.namespace == of.namespace;
            return Ok(match (reachable, node.waits_for_dependents) {
                // An owner in another namespace is none.
                (false, _) => Owner::Gone,
                (true, true) => Owner::WaitsForDependents,
                (true, false) => Owner::Solid,
            });
        }
        if self.absent.lock().unwrap_or_else(PoisonError::into_inner).contains(&owner.uid) {
            return Ok(Owner::Gone);
        }
        let kind = GroupKind { group: GroupVersion::parse(&owner.api_version).group, kind: owner.kind.clone() };
        let Some(served) = self.kinds().get(&kind).cloned() else {
            return Err(ControllerError::Waiting(format!("{kind}, which owns {of}, is served")));
        };
        let namespace = if served.namespaced { &*of.namespace } else { "" };
        let found = if served.namespaced && namespace.is_empty() {
            None
        } else {
            match self.ctx.client.dynamic(served.gvr, namespace).get(&owner.name).await {
                Err(status) if status.is_not_found() => None,
                other => Some(other.doing(|| format!("reading owner {} of {of}", owner.name))?),
            }
        };
        if found.is_some_and(|found| found.metadata().uid == owner.uid) {
            return Ok(Owner::Solid);
        }
        let mut absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
        if absent.len() >= ABSENT_MAX {
            absent.clear();
        }
        absent.insert(owner.uid.clone());
        Ok(Owner::Gone)
    }

    /// Foreground deletion: the dependents first, then the last finalizer.
    async fn wait_for_dependents(&self, uid: &str, node: &Node) -> Result<(), ControllerError> {
        let (all, blocking) = self.graph().dependents(uid);
        all.into_iter().for_each(|dependent| self.queue.add(dependent));
        if blocking { Ok(()) } else { self.remove_finalizer(uid, node, FOREGROUND).await }
    }

    /// Orphaning deletion: the dependents forget this owner, then it goes.
    async fn orphan_dependents(&self, uid: &str, node: &Node) -> Result<(), ControllerError> {
        let (all, _) = self.graph().dependents(uid);
        for dependent in all {
            let Some(dependent) = self.graph().get(&dependent) else { continue };
            let api = self.api_of(&dependent);
            let live = match api.get(&dependent.name).await {
                Err(status) if status.is_not_found() => continue,
                other => other.doing(|| format!("reading {dependent}"))?,
            };
            if live.metadata().owner_references.iter().any(|owner| owner.uid == uid) {
                let written =
                    edit(&api, live, |metadata| metadata.owner_references.retain(|owner| owner.uid != uid)).await;
                gone_is_fine(written).doing(|| format!("orphaning {dependent}"))?;
            }
        }
        self.remove_finalizer(uid, node, ORPHAN).await
    }

    async fn remove_finalizer(&self, uid: &str, node: &Node, finalizer: &str) -> Result<(), ControllerError> {
        let api = self.api_of(node);
        let live = match api.get(&node.name).await {
            Err(status) if status.is_not_found() => return Ok(()),
            other => other.doing(|| format!("reading {node}"))?,
        };
        if live.metadata().uid != uid || !live.metadata().finalizers.iter().any(|name| name == finalizer) {
            return Ok(());
        }
        gone_is_fine(edit(&api, live, |metadata| metadata.finalizers.retain(|name| name != finalizer)).await)
            .doing(|| format!("letting go of {node}"))
    }

    fn api_of(&self, node: &Node) -> DynamicApi {
        self.ctx.client.dynamic(node.kind.gvr.clone(), &node.namespace)
    }
}

/// How an owner stands.
enum Owner {
    Solid,
    WaitsForDependents,
    Gone,
}

/// Writes an object back with other metadata; a conflict is for the caller to begin anew.
async fn edit(api: &DynamicApi, mut live: Object, change: impl FnOnce(&mut ObjectMeta)) -> Result<Object, Status> {
    live.edit_metadata(change);
    api.replace("", live, pintle_client::Params::default()).await
}
