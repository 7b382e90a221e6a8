//! `Endpoints`: all of a Service in one object, without terminating pods, cut off at 1,000 addresses.

use std::collections::BTreeMap;

use async_trait::async_trait;
use pintle_object_model::ObjectRef;
use pintle_object_model::api::core::v1::{
    EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Node, Pod, Service,
};
use pintle_object_model::api::meta::v1::DeleteOptions;

use super::{Backend, HEADLESS_LABEL, Port, backends, is_headless, is_ours, on_pod};
use crate::error::{Doing, gone_is_fine};
use crate::{Action, Context, Controller, ControllerError, Reconciler};

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
const ADDRESSES_MAX: usize = 1000;

/// The `endpoints` controller.
pub(crate) fn controller() -> Controller {
    Controller::new("endpoints")
        .component("endpoint-controller")
        .reads::<Node>()
        .for_::<Service>()
        .watches::<Endpoints>(|endpoints, _| vec![ObjectRef::of(endpoints)])
        .on::<Pod>(on_pod)
        .build(Legacy)
}

struct Legacy;

#[async_trait]
impl Reconciler for Legacy {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let api = ctx.api::<Endpoints>(&key.namespace);
        let current = ctx.cached::<Endpoints>().get(&key.namespace, &key.name);
        let Some(service) = ctx.cached::<Service>().get(&key.namespace, &key.name) else {
            // Endpoints that somebody else wrote for no Service (leader election once did that) stay.
            if current.is_some_and(|current| current.metadata.labels.contains_key(MANAGED_BY)) {
                let deleted = api.delete(&key.name, DeleteOptions::default()).await;
                gone_is_fine(deleted).doing(|| format!("deleting the endpoints of {key}"))?;
            }
            return Ok(Action::done());
        };
        if !is_ours(&service) || service.metadata.deletion_timestamp.is_some() {
            return Ok(Action::done());
        }
        let mut wanted = current.as_deref().cloned().unwrap_or_default();
        fill(&mut wanted, &service, backends(ctx, &service));
        let written = match &current {
            Some(current) if **current == wanted => return Ok(Action::done()),
            Some(_) => api.replace(&wanted).await,
            None => api.create(&wanted).await,
        };
        match written {
            Err(status) if crate::builtin::replicas::is_terminating_namespace(&status) => {}
            other => drop(other.doing(|| format!("writing the endpoints of {key}"))?),
        }
        Ok(Action::done())
    }
}

fn fill(endpoints: &mut Endpoints, service: &Service, mut backends: Vec<Backend>) {
    endpoints.metadata.name.clone_from(&service.metadata.name);
    endpoints.metadata.namespace.clone_from(&service.metadata.namespace);
    endpoints.metadata.labels.clone_from(&service.metadata.labels);
    endpoints.metadata.labels.insert(MANAGED_BY.into(), "endpoint-controller".into());
    endpoints.metadata.labels.remove(HEADLESS_LABEL);
    if is_headless(service) {
        endpoints.metadata.labels.insert(HEADLESS_LABEL.into(), String::new());
    }
    backends.retain(|backend| !backend.terminating || service.spec.publish_not_ready_addresses);
    let too_many = backends.len() > ADDRESSES_MAX;
    if too_many {
        backends.sort_by_key(|backend| !backend.ready);
        backends.truncate(ADDRESSES_MAX);
        endpoints.metadata.annotations.insert(OVER_CAPACITY.into(), "truncated".into());
    } else {
        endpoints.metadata.annotations.remove(OVER_CAPACITY);
    }
    endpoints.subsets = subsets(service, backends);
}

fn subsets(service: &Service, backends: Vec<Backend>) -> Vec<EndpointSubset> {
    let mut groups: BTreeMap<Vec<Port>, EndpointSubset> = BTreeMap::new();
    for backend in backends {
        // Without a port there is nothing to reach, except behind a headless Service that names none.
        if backend.ports.is_empty() && !service.spec.ports.is_empty() {
            continue;
        }
        let mut ports = backend.ports.clone();
        ports.sort();
        let subset = groups.entry(ports).or_default();
        let ready = backend.ready;
        let address = EndpointAddress {
            ip: backend.ip,
            target_ref: Some(Box::new(backend.target)),
            hostname: backend.hostname.unwrap_or_default(),
            node_name: backend.node_name,
        };
        if ready { &mut subset.addresses } else { &mut subset.not_ready_addresses }.push(address);
    }
    let finished = groups.into_iter().map(|(ports, mut subset)| {
        subset.ports = ports.into_iter().map(legacy_port).collect();
        subset.addresses.sort_by(|one, other| one.ip.cmp(&other.ip));
        subset.not_ready_addresses.sort_by(|one, other| one.ip.cmp(&other.ip));
        subset
    });
    finished.collect()
}

fn legacy_port(port: Port) -> EndpointPort {
    EndpointPort { name: port.name, port: port.port, protocol: port.protocol, app_protocol: port.app_protocol }
}
