//! From informers to the core.

use std::sync::Arc;

use pintle_object_model::api::apps::v1::{ReplicaSet, StatefulSet};
use pintle_object_model::api::core::v1::{
    Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, ReplicationController, Service,
};
use pintle_object_model::api::policy::v1::PodDisruptionBudget;
use pintle_object_model::api::storage::v1::StorageClass;
use pintle_object_model::{ObjectRef, Resource};
use pintle_watch::{Delta, Informer, Informers};

use crate::scheduler::Shared;
use crate::{ClusterEvent, ClusterObjects, OwnerSelector};

/// Follows everything that decisions depend on, and waits until all of it has been read once. Nodes and what selects pods
/// come before the pods, so that no pod is judged by half a cluster. The handlers hold the core weakly: shared informers may
/// outlive the scheduler. Kinds that the client does not know are left out: an API without, say, storage classes can be
/// scheduled on, too.
pub(crate) async fn follow(shared: &Arc<Shared>, informers: &Informers) {
    let watcher = Watcher { shared, informers };
    let namespaces =
        watcher.objects(Some(ClusterEvent::NamespaceChanged), |cluster, namespace: &Arc<Namespace>, there| {
            cluster.set_namespace(&namespace.metadata.name, there.then(|| namespace.metadata.labels.clone()));
        });
    let budgets = watcher.objects(None, |cluster, budget: &Arc<PodDisruptionBudget>, there| {
        cluster.set_budget(Arc::clone(budget), there);
    });
    let services = watcher.objects(None, |cluster, service: &Arc<Service>, there| {
        cluster.set_service(service, there);
    });
    let controllers = watcher.owners(|rc: &ReplicationController| OwnerSelector::Equal(rc.spec.selector.clone()));
    let replica_sets = watcher
        .owners(|set: &ReplicaSet| OwnerSelector::Object(set.spec.selector.as_deref().cloned().unwrap_or_default()));
    let stateful_sets = watcher
        .owners(|set: &StatefulSet| OwnerSelector::Object(set.spec.selector.as_deref().cloned().unwrap_or_default()));
    let of_volumes = |kind| Some(ClusterEvent::Other(kind));
    let claims =
        watcher.objects(of_volumes("PersistentVolumeClaim"), |cluster, claim: &Arc<PersistentVolumeClaim>, there| {
            cluster.set_claim(Arc::clone(claim), there);
        });
    let volumes = watcher.objects(of_volumes("PersistentVolume"), |cluster, volume: &Arc<PersistentVolume>, there| {
        cluster.set_volume(Arc::clone(volume), there);
    });
    let classes = watcher.objects(of_volumes("StorageClass"), |cluster, class: &Arc<StorageClass>, there| {
        cluster.set_class(Arc::clone(class), there);
    });
    let of = Arc::downgrade(shared);
    let nodes = informers.of::<Node>();
    nodes.add_handler(move |delta| {
        let Some(of) = of.upgrade() else { return };
        of.core().on_node(delta, of.clock.now());
        of.wake.notify_one();
    });
    synced(namespaces).await;
    synced(budgets).await;
    synced(services).await;
    synced(controllers).await;
    synced(replica_sets).await;
    synced(stateful_sets).await;
    synced(claims).await;
    synced(volumes).await;
    synced(classes).await;
    nodes.synced().await;
    let of = Arc::downgrade(shared);
    let pods = informers.of::<Pod>();
    pods.add_handler(move |delta| {
        let Some(of) = of.upgrade() else { return };
        of.core().on_pod(delta, of.clock.now());
        of.wake.notify_one();
    });
    pods.synced().await;
}

async fn synced<K: Resource>(informer: Option<Informer<K>>) {
    if let Some(informer) = informer {
        informer.synced().await;
    }
}

struct Watcher<'a> {
    shared: &'a Arc<Shared>,
    informers: &'a Informers,
}

impl Watcher<'_> {
    /// Follows a kind that goes into [`ClusterObjects`]; `event` is what a change of it means to waiting pods.
    fn objects<K: Resource>(
        &self,
        event: Option<ClusterEvent>,
        take_in: impl Fn(&mut ClusterObjects, &Arc<K>, bool) + Send + Sync + 'static,
    ) -> Option<Informer<K>> {
        self.shared.client.scheme().kind(&K::INFO.gvk())?;
        let of = Arc::downgrade(self.shared);
        let informer = self.informers.of::<K>();
        informer.add_handler(move |delta: &Delta<K>| {
            let Some(of) = of.upgrade() else { return };
            let there = !matches!(delta, Delta::Deleted { .. });
            let mut core = of.core();
            take_in(core.snapshot_mut().cluster_mut(), delta.object(), there);
            if let Some(event) = &event {
                core.changed(event, of.clock.now());
                drop(core);
                of.wake.notify_one();
            }
        });
        Some(informer)
    }

    fn owners<K: Resource>(
        &self,
        selector: impl Fn(&K) -> OwnerSelector + Send + Sync + 'static,
    ) -> Option<Informer<K>> {
        self.objects(None, move |cluster, owner: &Arc<K>, there| {
            cluster.set_owner(K::INFO.kind, &ObjectRef::of(&**owner), there.then(|| selector(owner)));
        })
    }
}
