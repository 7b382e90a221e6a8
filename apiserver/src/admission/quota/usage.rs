//! How much of what one object uses.
//!
//! In: an object. Out: amounts by the names that quotas use. Source: Kubernetes concepts, "Resource Quotas", types of
//! resource quota.

use std::collections::BTreeMap;

use pintle_object_model::api::core::v1::{PersistentVolumeClaim, Pod, ResourceRequirements, Service};
use pintle_object_model::{AnyResource, Quantity};

use super::open_list;
use crate::admission::Operation;
use crate::admission::extended::is_extended;
use crate::admission::pod_resources::{Amounts, limits, requests, total_with_overhead};

/// An object, seen as something that uses up quota.
pub(super) struct Charged<'a> {
    object: &'a dyn AnyResource,
}

/// Kinds of the core group whose plain plural name is counted, besides `count/...`.
const COUNTED: [&str; 7] =
    ["pods", "services", "configmaps", "secrets", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas"];
const BY_CLASS: &str = ".storageclass.storage.k8s.io/";

fn one() -> Quantity {
    Quantity::from_i64(1)
}

fn number(count: usize) -> Quantity {
    Quantity::from_i64(i64::try_from(count).unwrap_or(i64::MAX))
}

impl<'a> Charged<'a> {
    pub(super) fn new(object: &'a dyn AnyResource) -> Self {
        Self { object }
    }

    fn as_<K: 'static>(&self) -> Option<&'a K> {
        self.object.as_any().downcast_ref::<K>()
    }

    pub(super) fn pod(&self) -> Option<&'a Pod> {
        self.as_::<Pod>()
    }

    /// Can this write raise what is used? Most objects count when they are made; some can grow.
    pub(super) fn is_charged(&self, operation: Operation, subresource: &str) -> bool {
        match (operation, subresource) {
            (Operation::Create, "") => true,
            (Operation::Update, "") => self.as_::<PersistentVolumeClaim>().is_some() || self.as_::<Service>().is_some(),
            (Operation::Update, "resize") => self.pod().is_some(),
            _ => false,
        }
    }

    fn count_name(&self) -> String {
        let info = self.object.info();
        match info.group {
            "" => format!("count/{}", info.plural),
            group => format!("count/{}.{group}", info.plural),
        }
    }

    /// Is this a name by which the object's kind is limited?
    pub(super) fn counts(&self, resource: &str) -> bool {
        let info = self.object.info();
        if resource == self.count_name() {
            return true;
        }
        if !info.group.is_empty() {
            return false;
        }
        if resource == info.plural && COUNTED.contains(&info.plural) {
            return true;
        }
        match info.kind {
            "Pod" => is_compute(resource),
            "Service" => matches!(resource, "services.nodeports" | "services.loadbalancers"),
            "PersistentVolumeClaim" => resource == "requests.storage" || resource.contains(BY_CLASS),
            _ => false,
        }
    }

    /// Everything that the object uses.
    pub(super) fn usage(&self) -> Amounts {
        let info = self.object.info();
        let mut usage = Amounts::from([(self.count_name(), one())]);
        if info.group.is_empty() && COUNTED.contains(&info.plural) {
            usage.insert(info.plural.to_owned(), one());
        }
        if let Some(pod) = self.pod() {
            add_compute(
                &mut usage,
                &total_with_overhead(pod, requests, false),
                &total_with_overhead(pod, limits, true),
            );
        } else if let Some(service) = self.as_::<Service>() {
            add_service(&mut usage, service);
        } else if let Some(claim) = self.as_::<PersistentVolumeClaim>() {
            add_claim(&mut usage, claim);
        }
        usage
    }

    /// What the quota wants to be said of every container, and which containers do not: `cpu for: a,b`.
    pub(super) fn unspecified(&self, limited: &[&String]) -> Option<String> {
        const WANTED: [&str; 6] = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
        let pod = self.pod()?;
        let whole = pod.spec.resources.as_deref();
        let mut open: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for resource in limited.iter().map(|name| name.as_str()).filter(|name| WANTED.contains(name)) {
            if whole.is_some_and(|whole| says(whole, resource)) {
                continue;
            }
            let mut names: Vec<&str> = pod
                .spec
                .containers
                .iter()
                .chain(&pod.spec.init_containers)
                .filter(|container| !says(&container.resources, resource))
                .map(|container| container.name.as_str())
                .collect();
            names.sort_unstable();
            if !names.is_empty() {
                open.insert(resource, names);
            }
        }
        (!open.is_empty()).then(|| open_list(&open))
    }
}

fn says(resources: &ResourceRequirements, name: &str) -> bool {
    match name.split_once('.') {
        Some(("limits", of)) => resources.limits.contains_key(of),
        Some((_, of)) => resources.requests.contains_key(of),
        None => resources.requests.contains_key(name),
    }
}

fn is_compute(resource: &str) -> bool {
    const PLAIN: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
    let (side, of) = match resource.split_once('.') {
        Some((side @ ("requests" | "limits"), of)) => (side, of),
        _ => ("", resource),
    };
    PLAIN.contains(&of) || side != "limits" && of.starts_with("hugepages-") || side == "requests" && is_extended(of)
}

fn add_compute(usage: &mut Amounts, requests: &Amounts, limits: &Amounts) {
    for (name, amount) in requests {
        let plain = matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
        if plain {
            usage.insert(name.clone(), *amount);
        }
        if plain || is_extended(name) {
            usage.insert(format!("requests.{name}"), *amount);
        }
    }
    for (name, amount) in limits {
        if matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") {
            usage.insert(format!("limits.{name}"), *amount);
        }
    }
}

fn add_service(usage: &mut Amounts, service: &Service) {
    let spec = &service.spec;
    let opened = spec.ports.iter().filter(|port| port.node_port != 0).count();
    let balanced = spec.type_ == "LoadBalancer";
    let ports = match spec.type_.as_str() {
        "NodePort" => spec.ports.len(),
        "LoadBalancer" if spec.allocate_load_balancer_node_ports == Some(false) => opened,
        "LoadBalancer" => spec.ports.len(),
        _ => 0,
    };
    usage.insert("services.nodeports".into(), number(ports));
    usage.insert("services.loadbalancers".into(), number(usize::from(balanced)));
}

fn add_claim(usage: &mut Amounts, claim: &PersistentVolumeClaim) {
    let storage = claim.spec.resources.requests.get("storage").copied().unwrap_or_default();
    usage.insert("requests.storage".into(), storage);
    if let Some(class) = claim.spec.storage_class_name.as_deref().filter(|class| !class.is_empty()) {
        usage.insert(format!("{class}{BY_CLASS}requests.storage"), storage);
        usage.insert(format!("{class}{BY_CLASS}persistentvolumeclaims"), one());
    }
}
