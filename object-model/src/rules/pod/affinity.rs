//! Which nodes and which neighbours a pod wants.

use std::collections::BTreeSet;

use crate::api::core::v1::{
    Affinity, NodeAffinity, NodeSelector, NodeSelectorTerm, PodAffinityTerm, WeightedPodAffinityTerm,
};
use crate::api::meta::v1::LabelSelector;
use crate::names;
use crate::rules::selectors::{unknown_operator, validate_label_values, validate_selector, validate_values};
use crate::validation::{FieldErrors, Path};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

pub(super) fn validate_affinity(errors: &mut FieldErrors, affinity: &Affinity, path: &Path) {
    if let Some(nodes) = affinity.node_affinity.as_deref() {
        validate_node_affinity(errors, nodes, &path.child("nodeAffinity"));
    }
    if let Some(pods) = affinity.pod_affinity.as_deref() {
        let (required, preferred) = (
            &pods.required_during_scheduling_ignored_during_execution,
            &pods.preferred_during_scheduling_ignored_during_execution,
        );
        validate_pod_terms(errors, required, preferred, &path.child("podAffinity"));
    }
    if let Some(pods) = affinity.pod_anti_affinity.as_deref() {
        let (required, preferred) = (
            &pods.required_during_scheduling_ignored_during_execution,
            &pods.preferred_during_scheduling_ignored_during_execution,
        );
        validate_pod_terms(errors, required, preferred, &path.child("podAntiAffinity"));
    }
}

fn validate_node_affinity(errors: &mut FieldErrors, affinity: &NodeAffinity, path: &Path) {
    if let Some(selector) = affinity.required_during_scheduling_ignored_during_execution.as_deref() {
        validate_node_selector(errors, selector, &path.child(REQUIRED));
    }
    for (index, term) in affinity.preferred_during_scheduling_ignored_during_execution.iter().enumerate() {
        let at = path.child(PREFERRED).index(index);
        validate_weight(errors, term.weight, &at);
        validate_node_term(errors, &term.preference, &at.child("preference"));
    }
}

/// Any of its terms; none at all would match nothing.
pub(crate) fn validate_node_selector(errors: &mut FieldErrors, selector: &NodeSelector, path: &Path) {
    let at = path.child("nodeSelectorTerms");
    if selector.node_selector_terms.is_empty() {
        errors.required(&at, "must have at least one node selector term");
    }
    for (index, term) in selector.node_selector_terms.iter().enumerate() {
        validate_node_term(errors, term, &at.index(index));
    }
}

fn validate_weight(errors: &mut FieldErrors, weight: i32, path: &Path) {
    if !(1..=100).contains(&weight) {
        errors.invalid(&path.child("weight"), weight, "must be in the range 1-100");
    }
}

fn validate_node_term(errors: &mut FieldErrors, term: &NodeSelectorTerm, path: &Path) {
    for (index, requirement) in term.match_expressions.iter().enumerate() {
        let at = path.child("matchExpressions").index(index);
        let operator = requirement.operator.as_str();
        if matches!(operator, "Gt" | "Lt") {
            if requirement.values.len() != 1 {
                let problem = "must be specified single value when `operator` is 'Lt' or 'Gt'";
                errors.required(&at.child("values"), problem);
            }
        } else if !validate_values(errors, operator, &requirement.values, &at) {
            unknown_operator(errors, operator, &at);
        }
        errors.invalid_each(&at.child("key"), &requirement.key, names::qualified_name(&requirement.key));
        validate_label_values(errors, &requirement.values, &at);
    }
    for (index, requirement) in term.match_fields.iter().enumerate() {
        let at = path.child("matchFields").index(index);
        match requirement.operator.as_str() {
            "In" | "NotIn" if requirement.values.len() == 1 => {}
            "In" | "NotIn" => {
                let problem = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                errors.required(&at.child("values"), problem);
            }
            other => unknown_operator(errors, other, &at),
        }
        if requirement.key != "metadata.name" {
            errors.invalid(&at.child("key"), &requirement.key, "not a valid field selector key");
            continue;
        }
        for (index, value) in requirement.values.iter().enumerate() {
            errors.invalid_each(&at.child("values").index(index), value, names::dns_subdomain(value));
        }
    }
}

fn validate_pod_terms(
    errors: &mut FieldErrors,
    required: &[PodAffinityTerm],
    preferred: &[WeightedPodAffinityTerm],
    path: &Path,
) {
    for (index, term) in required.iter().enumerate() {
        validate_pod_term(errors, term, &path.child(REQUIRED).index(index));
    }
    for (index, term) in preferred.iter().enumerate() {
        let at = path.child(PREFERRED).index(index);
        validate_weight(errors, term.weight, &at);
        validate_pod_term(errors, &term.pod_affinity_term, &at.child("podAffinityTerm"));
    }
}

fn validate_pod_term(errors: &mut FieldErrors, term: &PodAffinityTerm, path: &Path) {
    let selectors = [("labelSelector", &term.label_selector), ("namespaceSelector", &term.namespace_selector)];
    for (name, selector) in selectors {
        if let Some(selector) = selector {
            validate_selector(errors, selector, &path.child(name));
        }
    }
    for namespace in &term.namespaces {
        errors.invalid_each(&path.child("namespace"), namespace, names::dns_label(namespace));
    }
    let selector = term.label_selector.as_deref();
    validate_label_keys(errors, &term.match_label_keys, selector, &path.child("matchLabelKeys"));
    validate_label_keys(errors, &term.mismatch_label_keys, selector, &path.child("mismatchLabelKeys"));
    let wanted: BTreeSet<&String> = term.match_label_keys.iter().collect();
    for (index, key) in term.mismatch_label_keys.iter().enumerate().filter(|(_, key)| wanted.contains(key)) {
        let at = path.child("mismatchLabelKeys").index(index);
        errors.invalid(&at, key, "exists in both matchLabelKeys and mismatchLabelKeys");
    }
    if term.topology_key.is_empty() {
        errors.required(&path.child("topologyKey"), "can not be empty");
    }
    errors.invalid_each(&path.child("topologyKey"), &term.topology_key, names::qualified_name(&term.topology_key));
}

/// Keys of labels whose values a pod shares with its neighbours; they only say more of a selector.
pub(super) fn validate_label_keys(
    errors: &mut FieldErrors,
    keys: &[String],
    selector: Option<&LabelSelector>,
    path: &Path,
) {
    if keys.is_empty() {
        return;
    }
    if selector.is_none() {
        errors.forbidden(path, "must not be specified when labelSelector is not set");
        return;
    }
    for (index, key) in keys.iter().enumerate() {
        errors.invalid_each(&path.index(index), key, names::qualified_name(key));
    }
}
