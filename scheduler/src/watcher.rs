//! From informers to the core.

use std::sync::Arc;

use pintle_object_model::api::apps::v1::{ReplicaSet, StatefulSet};
use pintle_object_model::api::core::v1::{Namespace, Node, Pod, ReplicationController, Service};
use pintle_object_model::api::policy::v1::PodDisruptionBudget;
use pintle_object_model::{ObjectRef, Resource};
use pintle_watch::{Delta, Informers};

use crate::scheduler::Shared;
use crate::{ClusterEvent, OwnerSelector};

/// Follows everything that decisions depend on, and waits until all of it has been read once. Nodes and what selects pods
/// come before the pods, so that no pod is judged by half a cluster. The handlers hold the core weakly: shared informers may
/// outlive the scheduler.
pub(crate) async fn follow(shared: &Arc<Shared>, informers: &Informers) {
    let of = Arc::downgrade(shared);
    let namespaces = informers.of::<Namespace>();
    namespaces.add_handler(move |delta| {
        let namespace = delta.object();
        let labels = is_there(delta).then(|| namespace.metadata.labels.clone());
        let Some(of) = of.upgrade() else { return };
        let mut core = of.core();
        core.snapshot_mut().cluster_mut().set_namespace(&namespace.metadata.name, labels);
        core.changed(&ClusterEvent::NamespaceChanged, of.clock.now());
        drop(core);
        of.wake.notify_one();
    });
    let of = Arc::downgrade(shared);
    let budgets = informers.of::<PodDisruptionBudget>();
    budgets.add_handler(move |delta| {
        let Some(of) = of.upgrade() else { return };
        of.core().snapshot_mut().cluster_mut().set_budget(Arc::clone(delta.object()), is_there(delta));
    });
    let of = Arc::downgrade(shared);
    let services = informers.of::<Service>();
    services.add_handler(move |delta| {
        let Some(of) = of.upgrade() else { return };
        of.core().snapshot_mut().cluster_mut().set_service(delta.object(), is_there(delta));
    });
    let controllers = owners(shared, informers, |rc: &ReplicationController| {
        OwnerSelector::Equal(rc.spec.selector.clone())
    });
    let replica_sets = owners(shared, informers, |set: &ReplicaSet| {
        OwnerSelector::Object(set.spec.selector.as_deref().cloned().unwrap_or_default())
    });
    let stateful_sets = owners(shared, informers, |set: &StatefulSet| {
        OwnerSelector::Object(set.spec.selector.as_deref().cloned().unwrap_or_default())
    });
    let of = Arc::downgrade(shared);
    let nodes = informers.of::<Node>();
    nodes.add_handler(move |delta| {
        let Some(of) = of.upgrade() else { return };
        of.core().on_node(delta, of.clock.now());
        of.wake.notify_one();
    });
    namespaces.synced().await;
    budgets.synced().await;
    services.synced().await;
    controllers.synced().await;
    replica_sets.synced().await;
    stateful_sets.synced().await;
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

fn owners<K: Resource>(
    shared: &Arc<Shared>,
    informers: &Informers,
    selector: impl Fn(&K) -> OwnerSelector + Send + Sync + 'static,
) -> pintle_watch::Informer<K> {
    let of = Arc::downgrade(shared);
    let informer = informers.of::<K>();
    informer.add_handler(move |delta: &Delta<K>| {
        let Some(of) = of.upgrade() else { return };
        let object = delta.object();
        let selector = is_there(delta).then(|| selector(object));
        of.core().snapshot_mut().cluster_mut().set_owner(K::INFO.kind, &ObjectRef::of(&**object), selector);
    });
    informer
}

fn is_there<K>(delta: &Delta<K>) -> bool {
    !matches!(delta, Delta::Deleted { .. })
}
