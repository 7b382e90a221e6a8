//! Pods and claims keep to the LimitRanges of their namespace, and get the requests and limits that those give.
//!
//! Source: Kubernetes concepts, "Limit Ranges".

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::{
    LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod, ResourceRequirements,
};
use pintle_object_model::{AnyResource, Quantity, Status};

use super::pod_resources::{Amounts, limits, requests, total};
use super::{AdmissionPlugin, Attributes, Operation, refuse};
use crate::storage::Storage;

/// See the module documentation.
#[derive(Debug)]
pub struct LimitRanger {
    ranges: Arc<Storage>,
}

const CLAIM: &str = "PersistentVolumeClaim";

impl LimitRanger {
    pub(crate) fn new(ranges: Arc<Storage>) -> Self {
        Self { ranges }
    }

    fn ranges(&self, namespace: &str) -> Vec<Arc<LimitRange>> {
        let snapshot = self.ranges.cache.snapshot();
        snapshot.iter(namespace, None).filter_map(|(_, object)| object.downcast_arc()).collect()
    }
}

/// Pods are looked at when they are made or resized, since nothing else changes their resources; claims always.
fn handles(attributes: &Attributes<'_>) -> bool {
    let concerns = match (attributes.kind.kind.as_str(), attributes.subresource) {
        ("Pod", "") => attributes.operation == Operation::Create,
        ("Pod", "resize") => attributes.operation == Operation::Update,
        (CLAIM, "") => true,
        _ => false,
    };
    concerns
        && attributes.kind.group.is_empty()
        && attributes.old.is_none_or(|old| old.metadata().deletion_timestamp.is_none())
}

/// What the items give to containers that say nothing; of two that name a resource, the later one counts.
fn defaults(items: &[LimitRangeItem]) -> ResourceRequirements {
    let mut given = ResourceRequirements::default();
    for item in items.iter().filter(|item| item.type_ == "Container") {
        given.limits.extend(item.default.clone());
        given.requests.extend(item.default_request.clone());
    }
    given
}

fn fill(resources: &mut ResourceRequirements, given: &ResourceRequirements) {
    for (own, given) in [(&mut resources.limits, &given.limits), (&mut resources.requests, &given.requests)] {
        for (name, amount) in given {
            own.entry(name.clone()).or_insert(*amount);
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
        let says = format!("minimum {name} usage per {sort} is {least}");
        match (requests.get(name), limits.get(name)) {
            (None, _) => found.push(format!("{says}.  No request is specified")),
            (Some(request), _) if request < least => found.push(format!("{says}, but request is {request}")),
            (_, Some(limit)) if limit < least => found.push(format!("{says}, but limit is {limit}")),
            _ => {}
        }
    }
    // Claims have no limits: what they request is what they get.
    let (word, bounded) = if sort == CLAIM { ("request", requests) } else { ("limit", limits) };
    for (name, most) in &item.max {
        let says = format!("maximum {name} usage per {sort} is {most}");
        match (bounded.get(name), requests.get(name)) {
            (None, _) => found.push(format!("{says}.  No {word} is specified")),
            (Some(amount), _) if amount > most => found.push(format!("{says}, but {word} is {amount}")),
            (_, Some(request)) if request > most => found.push(format!("{says}, but request is {request}")),
            _ => {}
        }
    }
    for (name, ratio) in &item.max_limit_request_ratio {
        let most = format!("{name} max limit to request ratio per {sort} is {ratio}");
        let set = |amounts: &Amounts| amounts.get(name).copied().filter(|amount| *amount > Quantity::default());
        match (set(requests), set(limits)) {
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
            let defaults = defaults(&range.spec.limits);
            let mut texts = vec![];
            for (sort, containers) in
                [("container", &mut pod.spec.containers), ("init container", &mut pod.spec.init_containers)]
            {
                for container in containers {
                    let before = container.resources.clone();
                    fill(&mut container.resources, &defaults);
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
                        broken(item, "Pod", &total(pod, requests), &total(pod, limits), &mut found);
                    }
                } else if let Some(claim) = object.as_any().downcast_ref::<PersistentVolumeClaim>()
                    && item.type_ == CLAIM
                {
                    broken(item, CLAIM, &claim.spec.resources.requests, &Amounts::new(), &mut found);
                }
            }
            // What several containers break alike is said once.
            let mut said = BTreeSet::new();
            found.retain(|text| said.insert(text.clone()));
            match found.as_slice() {
                [] => {}
                [one] => return Err(refuse(attributes, one)),
                many => return Err(refuse(attributes, format!("[{}]", many.join(", ")))),
            }
        }
        Ok(())
    }
}
