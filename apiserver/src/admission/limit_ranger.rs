//! Pods and claims keep to the LimitRanges of their namespace, and get the requests and limits that those give.
//!
//! Source: Kubernetes concepts, "Limit Ranges".

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::{
    LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod, ResourceRequirements,
};
use pintle_object_model::{AnyResource, Quantity, Status};

use super::{AdmissionPlugin, Attributes, Operation, refuse};
use crate::storage::Storage;

/// See the module documentation.
#[derive(Debug)]
pub struct LimitRanger {
    ranges: Arc<Storage>,
}

type Amounts = BTreeMap<String, Quantity>;

impl LimitRanger {
    pub(crate) fn new(ranges: Arc<Storage>) -> Self {
        Self { ranges }
    }

    fn ranges(&self, namespace: &str) -> Vec<Arc<LimitRange>> {
        let snapshot = self.ranges.cache.snapshot();
        snapshot.iter(namespace, None).filter_map(|(_, object)| object.downcast_arc()).collect()
    }
}

fn handles(attributes: &Attributes<'_>) -> bool {
    attributes.subresource.is_empty()
        && attributes.kind.group.is_empty()
        && (attributes.kind.kind == "Pod" && attributes.operation == Operation::Create
            || attributes.kind.kind == "PersistentVolumeClaim")
}

fn fill(resources: &mut ResourceRequirements, items: &[&LimitRangeItem]) {
    for item in items {
        for (name, amount) in &item.default {
            resources.limits.entry(name.clone()).or_insert(*amount);
        }
        for (name, amount) in &item.default_request {
            resources.requests.entry(name.clone()).or_insert(*amount);
        }
    }
}

/// Notes in the pod what it was given: `cpu request for container a`.
fn note(pod: &mut Pod, given: &[String]) {
    if !given.is_empty() {
        let text = format!("LimitRanger plugin set: {}", given.join("; "));
        pod.metadata.annotations.insert("kubernetes.io/limit-ranger".into(), text);
    }
}

fn given(before: &ResourceRequirements, after: &ResourceRequirements, sort: &str, name: &str) -> Vec<String> {
    let fresh = |new: &Amounts, old: &Amounts| {
        new.keys().filter(|key| !old.contains_key(*key)).cloned().collect::<Vec<_>>().join(", ")
    };
    let mut texts = vec![];
    for (word, list) in
        [("request", fresh(&after.requests, &before.requests)), ("limit", fresh(&after.limits, &before.limits))]
    {
        if !list.is_empty() {
            texts.push(format!("{list} {word} for {sort} {name}"));
        }
    }
    texts
}

/// What one object or container breaks of one item. `sort` is its name in messages.
fn broken(item: &LimitRangeItem, sort: &str, requests: &Amounts, limits: &Amounts, found: &mut Vec<String>) {
    for (name, least) in &item.min {
        match requests.get(name) {
            None => found.push(format!("minimum {name} usage per {sort} is {least}.  No request is specified")),
            Some(request) if request < least => {
                found.push(format!("minimum {name} usage per {sort} is {least}, but request is {request}"));
            }
            Some(_) => {}
        }
        if let Some(limit) = limits.get(name).filter(|limit| *limit < least) {
            found.push(format!("minimum {name} usage per {sort} is {least}, but limit is {limit}"));
        }
    }
    for (name, most) in &item.max {
        let limited = sort != "PersistentVolumeClaim";
        match (limits.get(name), requests.get(name)) {
            (None, None) if !limited => {
                found.push(format!("maximum {name} usage per {sort} is {most}.  No request is specified"));
            }
            (None, _) if limited => {
                found.push(format!("maximum {name} usage per {sort} is {most}.  No limit is specified"));
            }
            (Some(limit), _) if limit > most => {
                found.push(format!("maximum {name} usage per {sort} is {most}, but limit is {limit}"));
            }
            (_, Some(request)) if request > most => {
                found.push(format!("maximum {name} usage per {sort} is {most}, but request is {request}"));
            }
            _ => {}
        }
    }
    for (name, ratio) in &item.max_limit_request_ratio {
        let most = format!("{name} max limit to request ratio per {sort} is {ratio}");
        match (requests.get(name).filter(|request| request.millis() > 0), limits.get(name)) {
            (None, _) => found.push(format!("{most}, but no request is specified or request is 0")),
            (_, None) => found.push(format!("{most}, but no limit is specified or limit is 0")),
            (Some(request), Some(limit)) => {
                let is = limit.as_f64() / request.as_f64();
                if is > ratio.as_f64() {
                    found.push(format!("{most}, but provided ratio is {is:.6}"));
                }
            }
        }
    }
}

/// What a pod asks for in all: the sum of its containers, or one of its init containers if that is more.
fn total(pod: &Pod, of: fn(&ResourceRequirements) -> &Amounts) -> Amounts {
    let mut sum = Amounts::new();
    for container in &pod.spec.containers {
        for (name, amount) in of(&container.resources) {
            *sum.entry(name.clone()).or_default() += *amount;
        }
    }
    for container in &pod.spec.init_containers {
        for (name, amount) in of(&container.resources) {
            let most = sum.entry(name.clone()).or_default();
            *most = (*most).max(*amount);
        }
    }
    sum
}

/// Every container must name a resource before the pod as a whole can be said to be limited in it.
fn named_by_all(pod: &Pod, of: fn(&ResourceRequirements) -> &Amounts) -> Amounts {
    let mut sum = total(pod, of);
    sum.retain(|name, _| pod.spec.containers.iter().all(|container| of(&container.resources).contains_key(name)));
    sum
}

#[async_trait]
impl AdmissionPlugin for LimitRanger {
    fn name(&self) -> &'static str {
        "LimitRanger"
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        if !handles(attributes) {
            return Ok(());
        }
        let Some(pod) = object.as_any_mut().downcast_mut::<Pod>() else { return Ok(()) };
        for range in self.ranges(attributes.namespace) {
            let items: Vec<_> = range.spec.limits.iter().filter(|item| item.type_ == "Container").collect();
            let mut texts = vec![];
            for (sort, containers) in
                [("container", &mut pod.spec.containers), ("init container", &mut pod.spec.init_containers)]
            {
                for container in containers {
                    let before = container.resources.clone();
                    fill(&mut container.resources, &items);
                    texts.extend(given(&before, &container.resources, sort, &container.name));
                }
            }
            note(pod, &texts);
        }
        Ok(())
    }

    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        let Some(object) = object.filter(|_| handles(attributes)) else { return Ok(()) };
        for range in self.ranges(attributes.namespace) {
            let mut found = vec![];
            for item in &range.spec.limits {
                if let Some(pod) = object.as_any().downcast_ref::<Pod>() {
                    if item.type_ == "Container" {
                        for container in pod.spec.containers.iter().chain(&pod.spec.init_containers) {
                            let resources = &container.resources;
                            broken(item, "Container", &resources.requests, &resources.limits, &mut found);
                        }
                    } else if item.type_ == "Pod" {
                        let requests = named_by_all(pod, |of| &of.requests);
                        let limits = named_by_all(pod, |of| &of.limits);
                        broken(item, "Pod", &requests, &limits, &mut found);
                    }
                } else if let Some(claim) = object.as_any().downcast_ref::<PersistentVolumeClaim>()
                    && item.type_ == "PersistentVolumeClaim"
                {
                    let requests = &claim.spec.resources.requests;
                    broken(item, "PersistentVolumeClaim", requests, &Amounts::new(), &mut found);
                }
            }
            match found.as_slice() {
                [] => {}
                [one] => return Err(refuse(attributes, one)),
                many => return Err(refuse(attributes, format!("[{}]", many.join(", ")))),
            }
        }
        Ok(())
    }
}
