//! EndpointSlices: who serves a Service, in pieces of at most 100.
//!
//! In: Services and pods. Out: slices in their namespace. Invariant: slices of others (by their `managed-by` label) are left
//! alone; a change touches as few slices as possible. Source: the EndpointSlice concept.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::{Node, ObjectReference, Pod, Service};
use pintle_object_model::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::{ObjectRef, Resource};

use super::service_endpoints::{Port, Serving, groups, services_of};
use crate::{Action, Context, Controller, ControllerError, Reconciler, controller_reference};

const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
/// Most endpoints of one slice. Source: `--max-endpoints-per-slice`.
const ENDPOINTS_MAX: usize = 100;

pub(super) fn controller() -> Controller {
    Controller::builder("endpointslice")
        .for_each::<Service>()
        .watches::<Pod>(services_of)
        .watches::<EndpointSlice>(|delta, _| {
            let metadata = delta.object().metadata();
            let service = metadata.labels.get(SERVICE_NAME).filter(|_| is_ours(metadata));
            service.map(|name| ObjectRef::new(metadata.namespace.as_str(), name.as_str())).into_iter().collect()
        })
        .reads::<Node>()
        .build(EndpointSlices)
}

fn is_ours(metadata: &pintle_object_model::api::meta::v1::ObjectMeta) -> bool {
    metadata.labels.get(MANAGED_BY).is_some_and(|manager| manager == MANAGER)
}

struct EndpointSlices;

#[async_trait]
impl Reconciler for EndpointSlices {
    async fn reconcile(&self, key: &ObjectRef, context: &Context) -> Result<Action, ControllerError> {
        let Some(service) = context.informer::<Service>().get(&key.namespace, &key.name) else {
            // The garbage collector takes the slices, by their owner.
            return Ok(Action::done());
        };
        let slices = context.informer::<EndpointSlice>();
        slices.add_index("service", |slice| {
            let name = slice.metadata.labels.get(SERVICE_NAME).filter(|_| is_ours(&slice.metadata));
            name.map(|name| format!("{}/{name}", slice.metadata.namespace)).into_iter().collect()
        });
        let mut existing = slices.indexed("service", &format!("{}/{}", key.namespace, key.name));
        let Some(groups) = groups(&service, context) else {
            return remove(existing, context).await;
        };
        if service.metadata.deletion_timestamp.is_some() {
            return Ok(Action::done());
        }
        let mut wanted: Vec<EndpointSlice> = vec![];
        for (ports, mut serving) in groups {
            serving.sort_by(|a, b| a.pod.metadata.name.cmp(&b.pod.metadata.name));
            let endpoints: Vec<Endpoint> = serving.iter().map(|serving| endpoint(serving, context)).collect();
            wanted.extend(endpoints.chunks(ENDPOINTS_MAX).map(|chunk| slice(&service, &ports, chunk)));
        }
        if wanted.is_empty() {
            // A Service without pods has one empty slice, so that its readers know that it is looked after.
            wanted.push(slice(&service, &[], &[]));
        }
        for mut new in wanted {
            // The slice with most in common is changed, so that the others need not be.
            let shared = |slice: &Arc<EndpointSlice>| {
                let known = |endpoint: &&Endpoint| new.endpoints.iter().any(|e| e.addresses == endpoint.addresses);
                (slice.ports == new.ports, slice.endpoints.iter().filter(known).count())
            };
            let best = (0..existing.len()).max_by_key(|at| shared(&existing[*at]));
            match best.map(|at| existing.remove(at)) {
                Some(old) => update(&old, new, context).await?,
                None => {
                    new.metadata.generate_name = format!("{}-", service.metadata.name);
                    create(&new, context).await?;
                }
            }
        }
        remove(existing, context).await
    }
}

fn slice(service: &Service, ports: &[Port], endpoints: &[Endpoint]) -> EndpointSlice {
    let mut slice = EndpointSlice::default();
    slice.metadata.namespace.clone_from(&service.metadata.namespace);
    slice.metadata.labels = labels(service);
    slice.metadata.owner_references = vec![controller_reference(service)];
    slice.address_type = service.spec.ip_families.first().cloned().unwrap_or_else(|| "IPv4".into());
    let port = |port: &Port| EndpointPort {
        name: Some(port.name.clone()),
        protocol: Some(port.protocol.clone()),
        port: Some(port.port),
        app_protocol: port.app_protocol.clone(),
    };
    slice.ports = ports.iter().map(port).collect();
    slice.endpoints = endpoints.to_vec();
    slice
}

fn labels(service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.metadata.labels.clone();
    labels.insert(SERVICE_NAME.into(), service.metadata.name.clone());
    labels.insert(MANAGED_BY.into(), MANAGER.into());
    if service.spec.cluster_ip == "None" {
        labels.insert("service.kubernetes.io/headless".into(), String::new());
    }
    labels
}

fn endpoint(serving: &Serving, context: &Context) -> Endpoint {
    let pod = &serving.pod;
    let node = context.informer::<Node>().get("", &pod.spec.node_name);
    let zone = node.and_then(|node| node.metadata.labels.get("topology.kubernetes.io/zone").cloned());
    Endpoint {
        addresses: vec![pod.status.pod_ip.clone()],
        conditions: EndpointConditions {
            ready: Some(serving.ready && !serving.terminating),
            serving: Some(serving.ready),
            terminating: Some(serving.terminating),
        },
        hostname: serving.hostname.clone(),
        target_ref: Some(Box::new(target(pod))),
        node_name: (!pod.spec.node_name.is_empty()).then(|| pod.spec.node_name.clone()),
        zone,
        ..Endpoint::default()
    }
}

pub(super) fn target(pod: &Pod) -> ObjectReference {
    ObjectReference {
        kind: "Pod".into(),
        namespace: pod.metadata.namespace.clone(),
        name: pod.metadata.name.clone(),
        uid: pod.metadata.uid.clone(),
        ..ObjectReference::default()
    }
}

async fn create(slice: &EndpointSlice, context: &Context) -> Result<(), ControllerError> {
    let api = context.client().namespaced::<EndpointSlice>(&slice.metadata.namespace);
    match api.create(slice).await {
        // The namespace is going away.
        Err(status) if status.code == 403 => Ok(()),
        other => other.map(drop).map_err(ControllerError::api("creating an EndpointSlice")),
    }
}

async fn update(old: &EndpointSlice, new: EndpointSlice, context: &Context) -> Result<(), ControllerError> {
    let same = old.endpoints == new.endpoints && old.ports == new.ports && old.metadata.labels == new.metadata.labels;
    if same {
        return Ok(());
    }
    let mut changed = old.clone();
    changed.endpoints = new.endpoints;
    changed.ports = new.ports;
    changed.metadata.labels = new.metadata.labels;
    let api = context.client().namespaced::<EndpointSlice>(&old.metadata.namespace);
    match api.replace(&changed).await {
        Err(status) if status.is_not_found() => Ok(()),
        other => other.map(drop).map_err(ControllerError::api(format!("updating EndpointSlice {}", old.metadata.name))),
    }
}

async fn remove(slices: Vec<Arc<EndpointSlice>>, context: &Context) -> Result<Action, ControllerError> {
    for slice in slices {
        let api = context.client().namespaced::<EndpointSlice>(&slice.metadata.namespace);
        match api.delete(&slice.metadata.name, DeleteOptions::default()).await {
            Err(status) if !status.is_not_found() => {
                return Err(ControllerError::api(format!("deleting EndpointSlice {}", slice.metadata.name))(status));
            }
            _ => {}
        }
    }
    Ok(Action::done())
}
