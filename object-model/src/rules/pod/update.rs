//! What may change in a pod that exists: little of its spec, and its status only forward.

use super::difference::unified;
use super::internal::GoValue;
use super::scheduling::validate_tolerations;
use crate::api::core::v1::{
    Affinity, Container, NodeAffinity, NodeSelectorTerm, Pod, PodSchedulingGate, PodSpec, Toleration,
};
use crate::names;
use crate::validation::{FieldErrors, Path};

const CHANGEABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// The part of an update that compares with what was there before.
pub(super) fn validate_change(errors: &mut FieldErrors, new: &Pod, old: &Pod) {
    let path = Path::new("spec");
    let lists = [
        ("containers", &new.spec.containers, &old.spec.containers),
        ("initContainers", &new.spec.init_containers, &old.spec.init_containers),
    ];
    for (name, new, old) in lists {
        if new.len() != old.len() {
            errors.forbidden(&path.child(name), "pod updates may not add or remove containers");
            return;
        }
        for (index, container) in new.iter().enumerate() {
            validate_image(errors, &container.image, &path.child(name).index(index));
        }
    }
    if !validate_deadline(errors, new.spec.active_deadline_seconds, old.spec.active_deadline_seconds, &path) {
        return;
    }
    only_added(errors, &new.spec.tolerations, &old.spec.tolerations, &path.child("tolerations"));
    only_removed(errors, &new.spec.scheduling_gates, &old.spec.scheduling_gates, &path.child("schedulingGates"));

    let mut rest = new.spec.clone();
    put_back(&mut rest, &old.spec);
    // What steers the scheduler may still be narrowed as long as it does not look at the pod.
    if !old.spec.scheduling_gates.is_empty() {
        narrow_selector(errors, &mut rest, &old.spec, &path);
        narrow_affinity(errors, &mut rest, &old.spec, &path);
    }
    if rest != old.spec {
        let difference = unified(&GoValue::of(&old.spec).pretty(), &GoValue::of(&rest).pretty());
        errors.forbidden(&path, format!("{CHANGEABLE}\n{difference}"));
    }
}

/// Undoes the changes that are allowed, or told of already.
fn put_back(rest: &mut PodSpec, old: &PodSpec) {
    let images = |new: &mut Vec<Container>, old: &[Container]| {
        for (container, before) in new.iter_mut().zip(old) {
            container.image.clone_from(&before.image);
        }
    };
    images(&mut rest.containers, &old.containers);
    images(&mut rest.init_containers, &old.init_containers);
    rest.active_deadline_seconds = old.active_deadline_seconds;
    rest.scheduling_gates.clone_from(&old.scheduling_gates);
    rest.tolerations.clone_from(&old.tolerations);
    if old.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0)
        && rest.termination_grace_period_seconds == Some(1)
    {
        rest.termination_grace_period_seconds = old.termination_grace_period_seconds;
    }
}

/// Images of pods, unlike those of templates, have no space around them.
pub(super) fn validate_image(errors: &mut FieldErrors, image: &str, path: &Path) {
    if image.trim() != image {
        errors.invalid(&path.child("image"), image, "must not have leading or trailing whitespace");
    }
}

/// A deadline may be set and be brought nearer. False if nothing more is worth checking.
fn validate_deadline(errors: &mut FieldErrors, new: Option<i64>, old: Option<i64>, path: &Path) -> bool {
    let at = path.child("activeDeadlineSeconds");
    match (new, old) {
        (Some(new), _) if !(0..=i64::from(i32::MAX)).contains(&new) => {
            errors.invalid(&at, new, names::between(0, i64::from(i32::MAX)));
            false
        }
        (Some(new), Some(old)) if old < new => {
            errors.invalid(&at, new, "must be less than or equal to previous value");
            false
        }
        (None, Some(_)) => {
            errors.invalid(&at, &GoValue::Null, "must not update from a positive integer to nil value");
            true
        }
        _ => true,
    }
}

fn only_added(errors: &mut FieldErrors, new: &[Toleration], old: &[Toleration], path: &Path) {
    let kept = |before: &Toleration| {
        new.iter().any(|now| *now == Toleration { toleration_seconds: now.toleration_seconds, ..before.clone() })
    };
    if old.iter().all(kept) {
        validate_tolerations(errors, new, path);
    } else {
        errors.forbidden(path, "existing toleration can not be modified except its tolerationSeconds");
    }
}

fn only_removed(errors: &mut FieldErrors, new: &[PodSchedulingGate], old: &[PodSchedulingGate], path: &Path) {
    for (index, gate) in new.iter().enumerate().filter(|(_, gate)| !old.contains(gate)) {
        let problem = format!("only deletion is allowed, but found new scheduling gate '{}'", gate.name);
        errors.forbidden(&path.index(index).child("name"), problem);
    }
}

fn narrow_selector(errors: &mut FieldErrors, rest: &mut PodSpec, old: &PodSpec, path: &Path) {
    if old.node_selector.iter().any(|(key, value)| rest.node_selector.get(key) != Some(value)) {
        let value = serde_json::json!(rest.node_selector);
        let problem = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        errors.invalid(&path.child("nodeSelector"), &value, problem);
    }
    rest.node_selector.clone_from(&old.node_selector);
}

/// Terms are alternatives: one more would widen the choice, so only what stands in them may grow.
fn narrow_affinity(errors: &mut FieldErrors, rest: &mut PodSpec, old: &PodSpec, path: &Path) {
    fn nodes(affinity: Option<&Affinity>) -> Option<&NodeAffinity> {
        affinity.and_then(|affinity| affinity.node_affinity.as_deref())
    }
    fn terms(affinity: Option<&NodeAffinity>) -> &[NodeSelectorTerm] {
        let required =
            affinity.and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_deref());
        required.map(|selector| selector.node_selector_terms.as_slice()).unwrap_or_default()
    }
    let (new_nodes, old_nodes) = (nodes(rest.affinity.as_deref()), nodes(old.affinity.as_deref()));
    if new_nodes == old_nodes {
        return;
    }
    let at = path
        .child("affinity")
        .child("nodeAffinity")
        .child("requiredDuringSchedulingIgnoredDuringExecution")
        .child("nodeSelectorTerms");
    let (new_terms, old_terms) = (terms(new_nodes), terms(old_nodes));
    if !old_terms.is_empty() && new_terms.len() != old_terms.len() {
        let problem = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        errors.invalid(&at, &GoValue::of_list(new_terms), problem);
    } else {
        for (index, (new, old)) in new_terms.iter().zip(old_terms).enumerate() {
            let grown = new.match_expressions.starts_with(&old.match_expressions)
                && new.match_fields.starts_with(&old.match_fields);
            let empty = old.match_expressions.is_empty() && old.match_fields.is_empty();
            if !grown || empty && new != old {
                let problem = "only additions are allowed (no mutations or deletions)";
                errors.invalid(&at.index(index), &GoValue::of(new), problem);
            }
        }
    }
    // What is left of the affinity must not have changed; an affinity that says nothing counts as none.
    let before = old_nodes.cloned().map(Box::new);
    match &mut rest.affinity {
        Some(affinity) => affinity.node_affinity = before,
        None => rest.affinity = Some(Box::new(Affinity { node_affinity: before, ..Affinity::default() })),
    }
    if old.affinity.is_none() && rest.affinity.as_deref() == Some(&Affinity::default()) {
        rest.affinity = None;
    }
}

/// A change of the status.
pub(super) fn validate_status(errors: &mut FieldErrors, new: &Pod, old: &Pod) {
    let path = Path::new("status");
    if new.spec.node_name != old.spec.node_name {
        errors.forbidden(&path.child("nodeName"), "may not be changed directly");
    }
    let nominated = &new.status.nominated_node_name;
    if *nominated != old.status.nominated_node_name && !nominated.is_empty() {
        errors.invalid_each(&path.child("nominatedNodeName"), nominated, names::dns_subdomain(nominated));
    }
    if new.spec.restart_policy == "Never" {
        let lists = [
            ("containerStatuses", &new.status.container_statuses, &old.status.container_statuses),
            ("initContainerStatuses", &new.status.init_container_statuses, &old.status.init_container_statuses),
        ];
        for (name, new, old) in lists {
            for (index, before) in old.iter().enumerate() {
                let ended = before.state.terminated.is_some();
                let again = new.iter().any(|now| {
                    now.name == before.name && now.state.terminated.is_none() && now.state.running.is_some()
                });
                if ended && again {
                    let at = path.child(name).index(index).child("state");
                    errors.forbidden(&at, "may not be transitioned to non-terminated state");
                }
            }
        }
    }
    let lists = [
        ("podIPs", new.status.pod_ips.iter().map(|entry| &entry.ip).collect::<Vec<_>>()),
        ("hostIPs", new.status.host_ips.iter().map(|entry| &entry.ip).collect()),
    ];
    for (name, addresses) in lists {
        validate_addresses(errors, &addresses, &path.child(name));
    }
    errors.not_negative(&path.child("observedGeneration"), new.status.observed_generation);
}

/// At most one address of each family.
fn validate_addresses(errors: &mut FieldErrors, addresses: &[&String], path: &Path) {
    for (index, address) in addresses.iter().enumerate() {
        errors.invalid_each(&path.index(index), *address, names::ip(address));
    }
    let of_six = addresses.iter().filter(|address| address.contains(':')).count();
    if addresses.len() > 1 && (addresses.len() > 2 || of_six != 1) {
        let value = serde_json::json!(addresses);
        errors.invalid(path, &value, "may specify no more than one IP for each IP family");
    }
}
