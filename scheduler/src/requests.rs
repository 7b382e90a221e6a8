//! What a pod asks of a node.
//!
//! In: a pod's spec and status. Out: amounts per resource, as integers (cpu in millicores, everything else in its base
//! unit). Source: Kubernetes concepts, "Resource Management for Pods and Containers", "Sidecar containers" (KEP-753),
//! pod-level resources (KEP-2837), in-place resize (KEP-1287).

use std::collections::BTreeMap;
use std::sync::Arc;

use pintle_object_model::Quantity;
use pintle_object_model::api::core::v1::{Container, ContainerStatus, Pod};

/// Resource name of cpu.
pub(crate) const CPU: &str = "cpu";
/// Resource name of memory.
pub(crate) const MEMORY: &str = "memory";
/// Resource name of local scratch space.
pub(crate) const EPHEMERAL_STORAGE: &str = "ephemeral-storage";
/// Resource name of the number of pods.
pub(crate) const PODS: &str = "pods";

/// What a container counts as asking for when it says nothing, for scoring only.
const DEFAULT_CPU_MILLIS: i64 = 100;
const DEFAULT_MEMORY_BYTES: i64 = 200 * 1024 * 1024;

type Amounts = BTreeMap<String, i64>;

/// What a pod asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Millicores.
    pub cpu_millis: i64,
    /// Bytes.
    pub memory_bytes: i64,
    /// Bytes of local scratch space.
    pub ephemeral_storage_bytes: i64,
    /// Extended resources and huge pages by name, ordered; none is zero.
    pub extended: Vec<(Arc<str>, i64)>,
    /// Millicores, with a default for containers that ask for none; used in scores.
    pub scored_cpu_millis: i64,
    /// Bytes, with a default for containers that ask for none; used in scores.
    pub scored_memory_bytes: i64,
}

impl Requests {
    /// What this pod asks for.
    pub fn of(pod: &Pod) -> Self {
        let total = total(pod, false);
        let scored = total_scored(pod);
        let amount = |amounts: &Amounts, name: &str| amounts.get(name).copied().unwrap_or_default();
        Self {
            cpu_millis: amount(&total, CPU),
            memory_bytes: amount(&total, MEMORY),
            ephemeral_storage_bytes: amount(&total, EPHEMERAL_STORAGE),
            extended: total
                .iter()
                .filter(|(name, amount)| is_extended(name) && **amount != 0)
                .map(|(name, amount)| (Arc::from(name.as_str()), *amount))
                .collect(),
            scored_cpu_millis: amount(&scored, CPU),
            scored_memory_bytes: amount(&scored, MEMORY),
        }
    }

    /// Is nothing asked for?
    pub fn is_empty(&self) -> bool {
        self.cpu_millis == 0 && self.memory_bytes == 0 && self.ephemeral_storage_bytes == 0 && self.extended.is_empty()
    }
}

/// Is this a resource that nodes advertise beyond the built-in ones?
pub(crate) fn is_extended(name: &str) -> bool {
    name.contains('/') || name.starts_with("hugepages-") || name.starts_with("attachable-volumes-")
}

/// The integer form of a quantity of this resource.
pub(crate) fn amount_of(name: &str, quantity: &Quantity) -> i64 {
    if name == CPU { quantity.millis() } else { quantity.value() }
}

fn total_scored(pod: &Pod) -> Amounts {
    total(pod, true)
}

fn amounts(list: &BTreeMap<String, Quantity>) -> Amounts {
    list.iter().map(|(name, quantity)| (name.clone(), amount_of(name, quantity))).collect()
}

fn add(to: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let sum = to.entry(name.clone()).or_default();
        *sum = sum.saturating_add(*amount);
    }
}

fn raise(to: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        let largest = to.entry(name.clone()).or_default();
        *largest = (*largest).max(*amount);
    }
}

/// A running container holds what its spec asks for, what it has been allocated and what it runs with, whichever is most:
/// a resize frees nothing before it is done.
fn of_container(container: &Container, status: Option<&ContainerStatus>, defaults: bool) -> Amounts {
    let mut found = amounts(&container.resources.requests);
    if let Some(status) = status {
        raise(&mut found, &amounts(&status.allocated_resources));
        if let Some(resources) = &status.resources {
            raise(&mut found, &amounts(&resources.requests));
        }
    }
    if defaults {
        found.entry(CPU.into()).or_insert(DEFAULT_CPU_MILLIS);
        found.entry(MEMORY.into()).or_insert(DEFAULT_MEMORY_BYTES);
    }
    found
}

fn status_of<'a>(list: &'a [ContainerStatus], container: &Container) -> Option<&'a ContainerStatus> {
    list.iter().find(|status| status.name == container.name)
}

fn total(pod: &Pod, defaults: bool) -> Amounts {
    let mut sum = Amounts::new();
    for container in &pod.spec.containers {
        let status = status_of(&pod.status.container_statuses, container);
        add(&mut sum, &of_container(container, status, defaults));
    }
    let mut sidecars = Amounts::new();
    let mut starting = Amounts::new();
    for container in &pod.spec.init_containers {
        let status = status_of(&pod.status.init_container_statuses, container);
        let mut asked = of_container(container, status, defaults);
        if container.restart_policy.as_deref() == Some("Always") {
            add(&mut sum, &asked);
            add(&mut sidecars, &asked);
            asked.clone_from(&sidecars);
        } else {
            add(&mut asked, &sidecars);
        }
        raise(&mut starting, &asked);
    }
    raise(&mut sum, &starting);
    if let Some(whole) = &pod.spec.resources {
        sum.extend(amounts(&whole.requests));
    }
    add(&mut sum, &amounts(&pod.spec.overhead));
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{container, pod};

    #[test]
    fn sums_containers_and_takes_the_larger_of_start_and_run() {
        let mut pod = pod("p");
        pod.spec.containers = vec![
            container(&[("cpu", "500m"), ("memory", "1Gi")]),
            container(&[("cpu", "1"), ("example.com/gpu", "2")]),
        ];
        pod.spec.init_containers = vec![container(&[("cpu", "1200m"), ("memory", "3Gi")])];
        let requests = Requests::of(&pod);
        assert_eq!((requests.cpu_millis, requests.memory_bytes), (1500, 3 << 30));
        assert_eq!(requests.extended, [(Arc::from("example.com/gpu"), 2)]);
    }

    #[test]
    fn sidecars_run_beside_what_starts_after_them() {
        let mut pod = pod("p");
        pod.spec.containers = vec![container(&[("cpu", "1")])];
        let mut sidecar = container(&[("cpu", "300m")]);
        sidecar.restart_policy = Some("Always".into());
        pod.spec.init_containers = vec![container(&[("cpu", "1200m")]), sidecar, container(&[("cpu", "1100m")])];
        assert_eq!(Requests::of(&pod).cpu_millis, 1400, "the second start step: 1100m beside the sidecar's 300m");
    }

    #[test]
    fn scores_assume_something_for_containers_that_ask_for_nothing() {
        let mut pod = pod("p");
        pod.spec.containers = vec![container(&[]), container(&[("cpu", "1")])];
        let requests = Requests::of(&pod);
        assert!(!requests.is_empty());
        assert_eq!((requests.scored_cpu_millis, requests.scored_memory_bytes), (1100, 2 * DEFAULT_MEMORY_BYTES));
    }

    #[test]
    fn pod_level_requests_and_overhead() {
        let mut pod = pod("p");
        pod.spec.containers = vec![container(&[("cpu", "1")])];
        pod.spec.resources = Some(Box::new(container(&[("cpu", "3")]).resources));
        pod.spec.overhead = container(&[("cpu", "250m")]).resources.requests;
        assert_eq!(Requests::of(&pod).cpu_millis, 3250);
    }
}
