//! Which objects a quota with scopes is about.
//!
//! In: a quota, an object. Out: whether all scopes and expressions of the quota hold for it. Invariant: scopes are
//! about pods; a quota that has any covers nothing else. Source: Kubernetes concepts, "Resource Quotas", quota scopes.

use pintle_object_model::api::core::v1::{Pod, PodAffinityTerm, ResourceQuota};

use super::usage::Charged;

/// Is the object one of those that the quota is about?
pub(super) fn covers(quota: &ResourceQuota, charged: &Charged<'_>) -> bool {
    let spec = &quota.spec;
    let expressions = spec.scope_selector.as_ref().map(|selector| selector.match_expressions.as_slice());
    let expressions = expressions.unwrap_or_default();
    if spec.scopes.is_empty() && expressions.is_empty() {
        return true;
    }
    let Some(pod) = charged.pod() else { return false };
    spec.scopes.iter().all(|scope| holds(scope, pod))
        && expressions.iter().all(|one| expression(&one.scope_name, &one.operator, &one.values, pod))
}

fn expression(scope: &str, operator: &str, values: &[String], pod: &Pod) -> bool {
    let class = &pod.spec.priority_class_name;
    match (scope, operator) {
        ("PriorityClass", "In") => values.contains(class),
        ("PriorityClass", "NotIn") => !values.contains(class),
        (scope, "DoesNotExist") => !holds(scope, pod),
        (scope, _) => holds(scope, pod),
    }
}

fn holds(scope: &str, pod: &Pod) -> bool {
    let best_effort = || crate::strategy::qos_class(pod) == "BestEffort";
    let terminating = pod.spec.active_deadline_seconds.is_some_and(|seconds| seconds >= 0);
    match scope {
        "BestEffort" => best_effort(),
        "NotBestEffort" => !best_effort(),
        "Terminating" => terminating,
        "NotTerminating" => !terminating,
        "PriorityClass" => !pod.spec.priority_class_name.is_empty(),
        "CrossNamespacePodAffinity" => looks_elsewhere(pod),
        _ => false,
    }
}

/// Does the pod want to be near, or far from, pods of other namespaces?
fn looks_elsewhere(pod: &Pod) -> bool {
    let Some(affinity) = &pod.spec.affinity else { return false };
    let elsewhere = |term: &PodAffinityTerm| !term.namespaces.is_empty() || term.namespace_selector.is_some();
    let near = affinity.pod_affinity.as_ref().is_some_and(|of| {
        of.required_during_scheduling_ignored_during_execution.iter().any(elsewhere)
            || of
                .preferred_during_scheduling_ignored_during_execution
                .iter()
                .any(|one| elsewhere(&one.pod_affinity_term))
    });
    near || affinity.pod_anti_affinity.as_ref().is_some_and(|of| {
        of.required_during_scheduling_ignored_during_execution.iter().any(elsewhere)
            || of
                .preferred_during_scheduling_ignored_during_execution
                .iter()
                .any(|one| elsewhere(&one.pod_affinity_term))
    })
}
