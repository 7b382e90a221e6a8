//! What a pod as a whole asks for.
//!
//! In: a pod. Out: requests or limits: containers together, or the most that starting it takes. Source: Kubernetes
//! concepts, "Sidecar Containers", resource sharing; "Pod Overhead"; KEP-2837.

use std::collections::BTreeMap;

use pintle_object_model::Quantity;
use pintle_object_model::api::core::v1::{Pod, ResourceRequirements};

pub(super) type Amounts = BTreeMap<String, Quantity>;

/// Requests or limits of one container or pod.
pub(super) type Side = fn(&ResourceRequirements) -> &Amounts;

pub(super) fn requests(of: &ResourceRequirements) -> &Amounts {
    &of.requests
}

pub(super) fn limits(of: &ResourceRequirements) -> &Amounts {
    &of.limits
}

pub(super) fn add(sum: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        match sum.get_mut(name) {
            Some(total) => *total += *amount,
            None => drop(sum.insert(name.clone(), *amount)),
        }
    }
}

fn raise(most: &mut Amounts, to: &Amounts) {
    for (name, amount) in to {
        match most.get_mut(name) {
            Some(known) if *known >= *amount => {}
            Some(known) => *known = *amount,
            None => drop(most.insert(name.clone(), *amount)),
        }
    }
}

/// What the pod asks for in all, without its overhead.
pub(super) fn total(pod: &Pod, side: Side) -> Amounts {
    let mut running = Amounts::new();
    for container in &pod.spec.containers {
        add(&mut running, side(&container.resources));
    }
    let mut sidecars = Amounts::new();
    let mut starting = Amounts::new();
    for container in &pod.spec.init_containers {
        let mut now = sidecars.clone();
        add(&mut now, side(&container.resources));
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars.clone_from(&now);
        }
        raise(&mut starting, &now);
    }
    add(&mut running, &sidecars);
    raise(&mut running, &starting);
    for (name, amount) in pod.spec.resources.iter().flat_map(|own| side(own)) {
        running.insert(name.clone(), *amount);
    }
    running
}

/// What the pod asks for in all, with what its sandbox costs.
pub(super) fn total_with_overhead(pod: &Pod, side: Side, only_known: bool) -> Amounts {
    let mut sum = total(pod, side);
    for (name, amount) in &pod.spec.overhead {
        match sum.get_mut(name) {
            Some(total) => *total += *amount,
            None if only_known => {}
            None => drop(sum.insert(name.clone(), *amount)),
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use pintle_object_model::api::core::v1::Container;

    use super::*;

    fn container(millis: i64, sidecar: bool) -> Container {
        let mut container = Container::default();
        container.resources.requests.insert("cpu".into(), Quantity::from_millis(millis));
        container.restart_policy = sidecar.then(|| "Always".into());
        container
    }

    #[test]
    fn the_most_that_is_needed_at_any_time_counts() {
        let mut pod = Pod::default();
        pod.spec.containers = vec![container(100, false), container(200, false)];
        assert_eq!(total(&pod, requests)["cpu"].millis(), 300);
        pod.spec.init_containers = vec![container(50, true), container(400, false)];
        assert_eq!(total(&pod, requests)["cpu"].millis(), 450);
        pod.spec.init_containers = vec![container(400, false), container(150, true)];
        assert_eq!(total(&pod, requests)["cpu"].millis(), 450);
        pod.spec.overhead.insert("cpu".into(), Quantity::from_millis(7));
        assert_eq!(total_with_overhead(&pod, requests, false)["cpu"].millis(), 457);
    }
}
