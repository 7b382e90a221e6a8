//! Endpoints: the older form of EndpointSlices, one object per Service.
//!
//! In: Services and pods. Out: an Endpoints object of the Service's name. Invariant: at most 1,000 addresses, as Kubernetes
//! cuts it; those that are ready come before those that are not. Source: the Service concept, "Endpoints".

use async_trait::async_trait;
use pintle_object_model::ObjectRef;
use pintle_object_model::api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Pod, Service};
use pintle_object_model::api::meta::v1::DeleteOptions;

use super::endpoint_slice::target;
use super::service_endpoints::{Groups, Port, Serving, groups, services_of};
use crate::{Action, Context, Controller, ControllerError, Reconciler};

const ADDRESSES_MAX: usize = 1000;
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";

pub(super) fn controller() -> Controller {
    Controller::builder("endpoints")
        .for_each::<Service>()
        .watches::<Pod>(services_of)
        .for_each::<Endpoints>()
        .build(EndpointsOf)
}

struct EndpointsOf;

#[async_trait]
impl Reconciler for EndpointsOf {
    async fn reconcile(&self, key: &ObjectRef, context: &Context) -> Result<Action, ControllerError> {
        let api = context.client().namespaced::<Endpoints>(&key.namespace);
        let existing = context.informer::<Endpoints>().get(&key.namespace, &key.name);
        let Some(service) = context.informer::<Service>().get(&key.namespace, &key.name) else {
            // Whoever wrote Endpoints without a Service keeps them; ours go with the Service.
            let ours = existing.is_some_and(|found| found.metadata.labels.contains_key(MANAGED_BY));
            if ours
                && let Err(status) = api.delete(&key.name, DeleteOptions::default()).await
                && !status.is_not_found()
            {
                return Err(ControllerError::api(format!("deleting Endpoints {key}"))(status));
            }
            return Ok(Action::done());
        };
        let Some(groups) = groups(&service, context) else { return Ok(Action::done()) };
        let (subsets, cut) = subsets(groups);
        let mut wanted = existing.as_deref().cloned().unwrap_or_default();
        wanted.metadata.name.clone_from(&key.name);
        wanted.metadata.namespace.clone_from(&key.namespace);
        wanted.metadata.labels.clone_from(&service.metadata.labels);
        wanted.metadata.labels.insert(MANAGED_BY.into(), "endpoint-controller".into());
        if cut {
            wanted.metadata.annotations.insert(OVER_CAPACITY.into(), "truncated".into());
        } else {
            wanted.metadata.annotations.remove(OVER_CAPACITY);
        }
        wanted.subsets = subsets;
        let written = match &existing {
            Some(existing) if **existing == wanted => return Ok(Action::done()),
            Some(_) => api.replace(&wanted).await,
            None => api.create(&wanted).await,
        };
        match written {
            // Somebody else made it just now, or the namespace is going away.
            Err(status) if status.is_already_exists() || status.is_not_found() || status.code == 403 => {
                Ok(Action::done())
            }
            Err(status) => Err(ControllerError::api(format!("writing Endpoints {key}"))(status)),
            Ok(_) => Ok(Action::done()),
        }
    }
}

/// One subset per set of ports, and whether addresses had to be left out.
fn subsets(groups: Groups) -> (Vec<EndpointSubset>, bool) {
    let mut room = ADDRESSES_MAX;
    let mut cut = false;
    let mut subsets = vec![];
    for (ports, mut serving) in groups {
        serving.retain(|serving| !serving.terminating);
        serving.sort_by(|a, b| (!a.ready, &a.pod.status.pod_ip).cmp(&(!b.ready, &b.pod.status.pod_ip)));
        cut |= serving.len() > room;
        serving.truncate(room);
        room -= serving.len();
        if serving.is_empty() {
            continue;
        }
        let (ready, waiting): (Vec<Serving>, Vec<Serving>) = serving.into_iter().partition(|serving| serving.ready);
        subsets.push(EndpointSubset {
            addresses: ready.iter().map(address).collect(),
            not_ready_addresses: waiting.iter().map(address).collect(),
            ports: ports.iter().map(port).collect(),
        });
    }
    (subsets, cut)
}

fn address(serving: &Serving) -> EndpointAddress {
    let pod = &serving.pod;
    EndpointAddress {
        ip: pod.status.pod_ip.clone(),
        hostname: serving.hostname.clone().unwrap_or_default(),
        node_name: (!pod.spec.node_name.is_empty()).then(|| pod.spec.node_name.clone()),
        target_ref: Some(Box::new(target(pod))),
    }
}

fn port(port: &Port) -> EndpointPort {
    EndpointPort {
        name: port.name.clone(),
        port: port.port,
        protocol: port.protocol.clone(),
        app_protocol: port.app_protocol.clone(),
    }
}
