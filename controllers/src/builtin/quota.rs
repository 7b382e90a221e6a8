//! ResourceQuotas: how much of what is limited is used.
//!
//! In: quotas and what they count. Out: `status.used`. Elsewhere: refusing what goes beyond (admission in the API server).
//! Every kind is counted by the objects there are; compute resources by the pods that have not ended. Source: Kubernetes
//! concepts, "Resource Quotas".

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_client::Params;
use pintle_object_model::api::core::v1::{
    ConfigMap, Container, PersistentVolumeClaim, Pod, ReplicationController, ResourceQuota, Secret, Service,
};
use pintle_object_model::{ObjectRef, Quantity, Resource};

use crate::error::{Doing, gone_is_fine};
use crate::resources::served;
use crate::{Action, Context, Controller, ControllerError, Reconciler, pods};

/// Everything is counted anew after this time: not every kind is watched.
const RESYNC: Duration = Duration::from_secs(300);

/// The `resourcequota` controller.
pub(crate) fn controller() -> Controller {
    Controller::new("resourcequota")
        .component("resourcequota-controller")
        .for_::<ResourceQuota>()
        .watches::<Pod>(quotas_of)
        .watches::<Service>(quotas_of)
        .watches::<ConfigMap>(quotas_of)
        .watches::<Secret>(quotas_of)
        .watches::<PersistentVolumeClaim>(quotas_of)
        .watches::<ReplicationController>(quotas_of)
        .build(Quotas)
}

fn quotas_of<K: Resource>(object: &K, ctx: &Context) -> Vec<ObjectRef> {
    let all = ctx.cached::<ResourceQuota>().list_in(&object.metadata().namespace);
    all.iter().map(|quota| ObjectRef::of(&**quota)).collect()
}

struct Quotas;

#[async_trait]
impl Reconciler for Quotas {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(quota) = ctx.cached::<ResourceQuota>().get(&key.namespace, &key.name) else {
            return Ok(Action::done());
        };
        let in_scope: Vec<_> =
            ctx.cached::<Pod>().list_in(&key.namespace).into_iter().filter(|pod| covers(&quota, pod)).collect();
        let mut used = BTreeMap::new();
        for name in quota.spec.hard.keys() {
            if let Some(amount) = usage(ctx, &key.namespace, name, &in_scope).await? {
                used.insert(name.clone(), amount);
            }
        }
        let mut updated = (*quota).clone();
        updated.status.hard.clone_from(&quota.spec.hard);
        updated.status.used = used;
        if updated.status != quota.status {
            let written = ctx.api::<ResourceQuota>(&key.namespace).replace_status(&updated).await;
            gone_is_fine(written).doing(|| format!("writing the status of {key}"))?;
        }
        Ok(Action::requeue_after(RESYNC))
    }
}

/// Is a pod within all scopes of a quota?
fn covers(quota: &ResourceQuota, pod: &Pod) -> bool {
    if pods::is_finished(pod) {
        return false;
    }
    let best_effort = pod.status.qos_class == "BestEffort";
    let terminating = pod.spec.active_deadline_seconds.is_some();
    let holds = |scope: &str| match scope {
        "BestEffort" => best_effort,
        "NotBestEffort" => !best_effort,
        "Terminating" => terminating,
        "NotTerminating" => !terminating,
        "PriorityClass" => !pod.spec.priority_class_name.is_empty(),
        _ => false,
    };
    let expressions = quota.spec.scope_selector.as_ref().map(|selector| selector.match_expressions.as_slice());
    let expression = |one: &pintle_object_model::api::core::v1::ScopedResourceSelectorRequirement| {
        let class = &pod.spec.priority_class_name;
        let listed = one.values.contains(class);
        match (one.scope_name.as_str(), one.operator.as_str()) {
            ("PriorityClass", "In") => listed,
            ("PriorityClass", "NotIn") => !listed,
            (scope, "DoesNotExist") => !holds(scope),
            (scope, _) => holds(scope),
        }
    };
    quota.spec.scopes.iter().all(|scope| holds(scope)) && expressions.unwrap_or_default().iter().all(expression)
}

fn number(count: usize) -> Quantity {
    Quantity::from_i64(i64::try_from(count).unwrap_or(i64::MAX))
}

/// How much is used of one limited resource; `None` if nobody knows it.
async fn usage(
    ctx: &Context,
    namespace: &str,
    name: &str,
    in_scope: &[Arc<Pod>],
) -> Result<Option<Quantity>, ControllerError> {
    let services = || ctx.cached::<Service>().list_in(namespace);
    let claims = || ctx.cached::<PersistentVolumeClaim>().list_in(namespace);
    let sum = |resource: &str, of_limits: bool| Some(compute(in_scope, resource, of_limits));
    Ok(match name {
        "pods" | "count/pods" => Some(number(in_scope.len())),
        "cpu" | "requests.cpu" => sum("cpu", false),
        "memory" | "requests.memory" => sum("memory", false),
        "ephemeral-storage" | "requests.ephemeral-storage" => sum("ephemeral-storage", false),
        "limits.cpu" => sum("cpu", true),
        "limits.memory" => sum("memory", true),
        "limits.ephemeral-storage" => sum("ephemeral-storage", true),
        "services" => Some(number(services().len())),
        "services.loadbalancers" => {
            Some(number(services().iter().filter(|service| service.spec.type_ == "LoadBalancer").count()))
        }
        "services.nodeports" => {
            let exposed =
                services().into_iter().filter(|one| matches!(one.spec.type_.as_str(), "NodePort" | "LoadBalancer"));
            Some(number(
                exposed.map(|service| service.spec.ports.iter().filter(|port| port.node_port != 0).count()).sum(),
            ))
        }
        "requests.storage" => Some(storage(&claims())),
        "configmaps" => Some(number(ctx.cached::<ConfigMap>().list_in(namespace).len())),
        "secrets" => Some(number(ctx.cached::<Secret>().list_in(namespace).len())),
        "persistentvolumeclaims" => Some(number(claims().len())),
        "replicationcontrollers" => Some(number(ctx.cached::<ReplicationController>().list_in(namespace).len())),
        "resourcequotas" => Some(number(ctx.cached::<ResourceQuota>().list_in(namespace).len())),
        other => {
            if let Some(resource) = other.strip_prefix("count/") {
                objects(ctx, namespace, resource).await?
            } else if let Some((class, of)) = other.split_once(BY_CLASS) {
                let mut of_class = claims();
                of_class.retain(|claim| claim.spec.storage_class_name.as_deref() == Some(class));
                match of {
                    "requests.storage" => Some(storage(&of_class)),
                    "persistentvolumeclaims" => Some(number(of_class.len())),
                    _ => None,
                }
            } else if other.starts_with("hugepages-") {
                sum(other, false)
            } else {
                other.strip_prefix("requests.").and_then(|resource| sum(resource, false))
            }
        }
    })
}

/// Stands between a storage class and what is limited of it.
const BY_CLASS: &str = ".storageclass.storage.k8s.io/";

/// How much claims ask for in all.
fn storage(claims: &[Arc<PersistentVolumeClaim>]) -> Quantity {
    let requests = claims.iter().filter_map(|claim| claim.spec.resources.requests.get("storage"));
    Quantity::from_bytes(requests.map(Quantity::value).sum())
}

/// Counts objects of `count/RESOURCE.GROUP`.
async fn objects(ctx: &Context, namespace: &str, wanted: &str) -> Result<Option<Quantity>, ControllerError> {
    let all = served(ctx).await?;
    let Some(found) = all.iter().find(|one| one.namespaced && one.gvr.group_resource().to_string() == wanted) else {
        return Ok(None);
    };
    let list = ctx.client().dynamic(found.gvr.clone(), namespace).list(Params::default()).await;
    Ok(Some(number(list.doing(|| format!("counting {wanted} in {namespace}"))?.items.len())))
}

/// What pods ask for: the sum over containers, or the largest init container if that is more.
fn compute(in_scope: &[Arc<Pod>], resource: &str, of_limits: bool) -> Quantity {
    let of = |container: &Container| -> i64 {
        let amounts = if of_limits { &container.resources.limits } else { &container.resources.requests };
        amounts.get(resource).map_or(0, |amount| if resource == "cpu" { amount.millis() } else { amount.value() })
    };
    let of_pod = |pod: &Arc<Pod>| {
        let together: i64 = pod.spec.containers.iter().map(of).sum();
        together.max(pod.spec.init_containers.iter().map(of).max().unwrap_or_default())
    };
    let total: i64 = in_scope.iter().map(of_pod).sum();
    match resource {
        "cpu" => Quantity::from_millis(total),
        "memory" | "ephemeral-storage" => Quantity::from_bytes(total),
        _ => Quantity::from_i64(total),
    }
}
