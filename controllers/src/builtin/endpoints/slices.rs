//! `EndpointSlice`s: at most 100 endpoints each, all with the same ports.
//!
//! Invariant: no slice is written while the cache lags behind our own last writes, so that no endpoint is ever in two.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::ObjectRef;
use pintle_object_model::api::core::v1::{Node, Pod, Service};
use pintle_object_model::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_watch::Delta;

use super::{Backend, HEADLESS_LABEL, Port, backends, family, is_headless, is_ours, on_pod};
use crate::error::{Doing, gone_is_fine};
use crate::owner::controller_ref;
use crate::{Action, Context, Controller, ControllerError, Reconciler};

const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
const BY_SERVICE: &str = "service";
/// Endpoints in a slice.
const SLICE_MAX: usize = 100;
/// After this time a write of ours that never showed is no longer waited for.
const LAG_MAX: Duration = Duration::from_secs(30);

/// The `endpointslice` controller.
pub(crate) fn controller() -> Controller {
    let written = Arc::new(Written::default());
    let seen = Arc::clone(&written);
    Controller::new("endpointslice")
        .component("endpoint-slice-controller")
        .index::<EndpointSlice>(BY_SERVICE, |slice| service_of(slice).map(|key| key.to_string()).into_iter().collect())
        .reads::<Node>()
        .for_::<Service>()
        .on::<Pod>(on_pod)
        .on::<EndpointSlice>(move |delta, _, enqueue| {
            if let Some(key) = service_of(delta.object()) {
                if let Delta::Deleted { last, .. } = delta {
                    seen.gone(&key, &last.metadata.uid);
                }
                enqueue.add(key);
            }
        })
        .build(Slices { written })
}

fn service_of(slice: &EndpointSlice) -> Option<ObjectRef> {
    let labels = &slice.metadata.labels;
    if labels.get(MANAGED_BY).map(String::as_str) != Some(MANAGER) {
        return None;
    }
    Some(ObjectRef::new(slice.metadata.namespace.as_str(), labels.get(SERVICE_NAME)?.as_str()))
}

/// By Service and UID: the resource version that was written, and when.
type WrittenSlices = HashMap<ObjectRef, BTreeMap<String, (u64, Duration)>>;

/// Slices that were written.
#[derive(Default)]
struct Written {
    slices: Mutex<WrittenSlices>,
}

impl Written {
    fn change<R>(&self, change: impl FnOnce(&mut WrittenSlices) -> R) -> R {
        change(&mut self.slices.lock().unwrap_or_else(PoisonError::into_inner))
    }
    fn wrote(&self, key: &ObjectRef, slice: &EndpointSlice, now: Duration) {
        let version = slice.metadata.resource_version.parse().unwrap_or_default();
        self.change(|all| {
            all.entry(key.clone()).or_default().insert(slice.metadata.uid.clone(), (version, now));
        });
    }
    fn gone(&self, key: &ObjectRef, uid: &str) {
        self.change(|all| {
            if let Some(slices) = all.get_mut(key) {
                slices.remove(uid);
            }
        });
    }
    fn forget(&self, key: &ObjectRef) {
        self.change(|all| all.remove(key));
    }
    /// Does the cache show less than was written?
    fn is_ahead_of(&self, key: &ObjectRef, cached: &[Arc<EndpointSlice>], now: Duration) -> bool {
        self.change(|all| {
            let Some(slices) = all.get_mut(key) else { return false };
            slices.retain(|uid, (version, at)| {
                let shown = cached.iter().find(|slice| slice.metadata.uid == *uid);
                let shown = shown.map_or(0, |slice| slice.metadata.resource_version.parse().unwrap_or_default());
                shown < *version && now < *at + LAG_MAX
            });
            !slices.is_empty()
        })
    }
}

struct Slices {
    written: Arc<Written>,
}

#[async_trait]
impl Reconciler for Slices {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let cached = ctx.cached::<EndpointSlice>().indexed(BY_SERVICE, &key.to_string());
        let service = ctx.cached::<Service>().get(&key.namespace, &key.name);
        let Some(service) = service.filter(|service| service.metadata.deletion_timestamp.is_none()) else {
            self.written.forget(key);
            return self.apply(key, ctx, cached.iter().map(|slice| Change::Delete(slice.metadata.name.clone()))).await;
        };
        if !is_ours(&service) {
            return Ok(Action::done());
        }
        if self.written.is_ahead_of(key, &cached, ctx.clock.now()) {
            return Ok(Action::requeue_after(LAG_MAX));
        }
        let changes = plan(&service, backends(ctx, &service), &cached);
        self.apply(key, ctx, changes.into_iter()).await
    }
}

impl Slices {
    async fn apply(
        &self,
        key: &ObjectRef,
        ctx: &Context,
        changes: impl Iterator<Item = Change> + Send,
    ) -> Result<Action, ControllerError> {
        let api = ctx.api::<EndpointSlice>(&key.namespace);
        for change in changes {
            let written = match change {
                Change::Create(slice) => api.create(&slice).await.map(Some),
                Change::Update(slice) => api.replace(&slice).await.map(Some),
                Change::Delete(name) => gone_is_fine(api.delete(&name, DeleteOptions::default()).await).map(|()| None),
            };
            match written {
                Ok(Some(slice)) => self.written.wrote(key, &slice, ctx.clock.now()),
                Ok(None) => {}
                Err(status) if crate::builtin::replicas::is_terminating_namespace(&status) => return Ok(Action::done()),
                Err(status) => Err(status).doing(|| format!("writing the endpoint slices of {key}"))?,
            }
        }
        Ok(Action::done())
    }
}

#[derive(Debug, PartialEq)]
enum Change {
    Create(Box<EndpointSlice>),
    Update(Box<EndpointSlice>),
    Delete(String),
}

/// The fewest changes that make the slices say what the backends are.
fn plan(service: &Service, backends: Vec<Backend>, cached: &[Arc<EndpointSlice>]) -> Vec<Change> {
    let mut groups: BTreeMap<Vec<Port>, VecDeque<Endpoint>> = BTreeMap::new();
    for backend in backends {
        groups.entry(backend.ports.clone()).or_default().push_back(endpoint(backend));
    }
    if groups.is_empty() {
        // A Service without endpoints has one empty slice, so that its readers know that this is all.
        groups.insert(vec![], VecDeque::new());
    }
    let mut changes = vec![];
    let mut kept: Vec<(EndpointSlice, &Arc<EndpointSlice>)> = vec![];
    let mut spare: Vec<&Arc<EndpointSlice>> = vec![];
    for old in cached {
        let ports = old.ports.iter().map(port_of).collect::<Vec<_>>();
        let group = groups.get_mut(&ports).filter(|_| old.address_type == family(service));
        let Some(group) = group else {
            spare.push(old);
            continue;
        };
        let mut new = (**old).clone();
        new.endpoints.retain_mut(|present| match group.iter().position(|wanted| same_target(wanted, present)) {
            Some(index) => {
                *present = group.remove(index).expect("the index was just found");
                true
            }
            None => false,
        });
        kept.push((new, old));
    }
    for (ports, mut rest) in groups {
        let mut used = false;
        for (new, _) in kept.iter_mut().filter(|(new, _)| new.ports.iter().map(port_of).eq(ports.iter().cloned())) {
            let room = SLICE_MAX.saturating_sub(new.endpoints.len()).min(rest.len());
            new.endpoints.extend(rest.drain(..room));
            used |= !new.endpoints.is_empty() || ports.is_empty();
        }
        while !rest.is_empty() || (ports.is_empty() && !used) {
            used = true;
            let endpoints: Vec<_> = rest.drain(..rest.len().min(SLICE_MAX)).collect();
            // A slice that would be deleted is rewritten instead, unless its address type is wrong.
            let reusable = spare.iter().position(|old| old.address_type == family(service));
            match reusable.map(|index| spare.remove(index)) {
                Some(old) => {
                    let mut new = (**old).clone();
                    new.endpoints = endpoints;
                    new.ports = ports.iter().map(slice_port).collect();
                    kept.push((new, old));
                }
                None => changes.push(Change::Create(Box::new(new_slice(service, &ports, endpoints)))),
            }
        }
    }
    // One empty slice may stay, if there is nothing else.
    let mut anything = !changes.is_empty() || kept.iter().any(|(new, _)| !new.endpoints.is_empty());
    for (mut new, old) in kept {
        if new.endpoints.is_empty() {
            if anything {
                changes.push(Change::Delete(old.metadata.name.clone()));
                continue;
            }
            anything = true;
        }
        new.metadata.labels = labels(service);
        if new != **old {
            changes.push(Change::Update(Box::new(new)));
        }
    }
    changes.extend(spare.into_iter().map(|old| Change::Delete(old.metadata.name.clone())));
    changes
}

fn same_target(one: &Endpoint, other: &Endpoint) -> bool {
    let uid = |endpoint: &Endpoint| endpoint.target_ref.as_ref().map(|target| target.uid.clone());
    one.addresses == other.addresses && uid(one) == uid(other)
}

fn endpoint(backend: Backend) -> Endpoint {
    Endpoint {
        addresses: vec![backend.ip],
        conditions: EndpointConditions {
            ready: Some(backend.ready),
            serving: Some(backend.serving),
            terminating: Some(backend.terminating),
        },
        hostname: backend.hostname,
        target_ref: Some(Box::new(backend.target)),
        node_name: backend.node_name,
        zone: backend.zone,
        ..Endpoint::default()
    }
}

fn slice_port(port: &Port) -> EndpointPort {
    EndpointPort {
        name: Some(port.name.clone()),
        protocol: Some(port.protocol.clone()),
        port: Some(port.port),
        app_protocol: port.app_protocol.clone(),
    }
}

fn port_of(port: &EndpointPort) -> Port {
    Port {
        name: port.name.clone().unwrap_or_default(),
        port: port.port.unwrap_or_default(),
        protocol: port.protocol.clone().unwrap_or_default(),
        app_protocol: port.app_protocol.clone(),
    }
}

fn labels(service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.metadata.labels.clone();
    labels.insert(SERVICE_NAME.into(), service.metadata.name.clone());
    labels.insert(MANAGED_BY.into(), MANAGER.into());
    labels.remove(HEADLESS_LABEL);
    if is_headless(service) {
        labels.insert(HEADLESS_LABEL.into(), String::new());
    }
    labels
}

fn new_slice(service: &Service, ports: &[Port], endpoints: Vec<Endpoint>) -> EndpointSlice {
    let mut slice = EndpointSlice::default();
    slice.metadata.generate_name = format!("{}-", service.metadata.name);
    slice.metadata.namespace.clone_from(&service.metadata.namespace);
    slice.metadata.labels = labels(service);
    slice.metadata.owner_references.push(controller_ref(service));
    slice.address_type = family(service).to_owned();
    slice.ports = ports.iter().map(slice_port).collect();
    slice.endpoints = endpoints;
    slice
}
