//! When and where a pod may be scheduled: tolerations, spread, gates.

use std::collections::BTreeSet;

use super::affinity::validate_label_keys;
use super::internal::GoValue;
use crate::api::core::v1::{
    PodReadinessGate, PodSchedulingGate, PodSchedulingGroup, Toleration, TopologySpreadConstraint,
};
use crate::names;
use crate::rules::selectors::validate_selector;
use crate::validation::{FieldErrors, Path};

pub(super) fn validate_tolerations(errors: &mut FieldErrors, tolerations: &[Toleration], path: &Path) {
    for (index, toleration) in tolerations.iter().enumerate() {
        let at = path.index(index);
        let (operator, effect) = (at.child("operator"), at.child("effect"));
        if !toleration.key.is_empty() {
            errors.invalid_each(&at.child("key"), &toleration.key, names::qualified_name(&toleration.key));
        } else if toleration.operator != "Exists" {
            let problem = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.invalid(&operator, &toleration.operator, problem);
        }
        if toleration.toleration_seconds.is_some() && toleration.effect != "NoExecute" {
            let problem = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.invalid(&effect, &toleration.effect, problem);
        }
        match toleration.operator.as_str() {
            "" | "Equal" => {
                let problems = names::label_value(&toleration.value);
                if !problems.is_empty() {
                    errors.invalid(&operator, &toleration.value, problems.join(";"));
                }
            }
            "Exists" => {
                if !toleration.value.is_empty() {
                    let value = GoValue::of(toleration);
                    errors.invalid(&operator, &value, "value must be empty when `operator` is 'Exists'");
                }
            }
            other => errors.not_supported(&operator, other, &["Equal", "Exists"]),
        }
        if !toleration.effect.is_empty() {
            errors.one_of(&effect, &toleration.effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
        }
    }
}

pub(super) fn validate_spread(errors: &mut FieldErrors, constraints: &[TopologySpreadConstraint], path: &Path) {
    for (index, constraint) in constraints.iter().enumerate() {
        let at = path.index(index);
        if constraint.max_skew <= 0 {
            errors.invalid(&at.child("maxSkew"), constraint.max_skew, "must be greater than 0");
        }
        let key = at.child("topologyKey");
        if constraint.topology_key.is_empty() {
            errors.required(&key, "can not be empty");
        } else {
            errors.invalid_each(&key, &constraint.topology_key, names::qualified_name(&constraint.topology_key));
        }
        let when = constraint.when_unsatisfiable.as_str();
        errors.one_of(&at.child("whenUnsatisfiable"), when, &["DoNotSchedule", "ScheduleAnyway"]);
        let again = constraints[index + 1..]
            .iter()
            .any(|other| other.topology_key == constraint.topology_key && other.when_unsatisfiable == when);
        if again {
            let pair = format!("{{{}, {when}}}", constraint.topology_key);
            errors.duplicate(&at.child("{topologyKey, whenUnsatisfiable}"), &pair);
        }
        if let Some(domains) = constraint.min_domains {
            let at = at.child("minDomains");
            if domains <= 0 {
                errors.invalid(&at, domains, "must be greater than 0");
            }
            if when != "DoNotSchedule" {
                let problem = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {when}");
                errors.invalid(&at, domains, problem);
            }
        }
        let policies = [
            ("nodeAffinityPolicy", &constraint.node_affinity_policy),
            ("nodeTaintsPolicy", &constraint.node_taints_policy),
        ];
        for (name, policy) in policies {
            if let Some(policy) = policy {
                errors.one_of(&at.child(name), policy, &["Honor", "Ignore"]);
            }
        }
        let selector = constraint.label_selector.as_deref();
        let keys = at.child("matchLabelKeys");
        validate_label_keys(errors, &constraint.match_label_keys, selector, &keys);
        if let Some(selector) = selector {
            let selected: BTreeSet<&str> = selector
                .match_labels
                .keys()
                .map(String::as_str)
                .chain(selector.match_expressions.iter().map(|expression| expression.key.as_str()))
                .collect();
            for (index, key) in constraint.match_label_keys.iter().enumerate() {
                if selected.contains(key.as_str()) {
                    errors.invalid(&keys.index(index), key, "exists in both matchLabelKeys and labelSelector");
                }
            }
            validate_selector(errors, selector, &at.child("labelSelector"));
        }
    }
}

pub(super) fn validate_scheduling_gates(errors: &mut FieldErrors, gates: &[PodSchedulingGate], path: &Path) {
    let mut seen = BTreeSet::new();
    for (index, gate) in gates.iter().enumerate() {
        let at = path.index(index);
        errors.invalid_each(&at, &gate.name, names::qualified_name(&gate.name));
        if !seen.insert(gate.name.as_str()) {
            errors.duplicate(&at, &gate.name);
        }
    }
}

pub(super) fn validate_readiness_gates(errors: &mut FieldErrors, gates: &[PodReadinessGate], path: &Path) {
    for (index, gate) in gates.iter().enumerate() {
        let at = path.index(index).child("conditionType");
        errors.invalid_each(&at, &gate.condition_type, names::qualified_name(&gate.condition_type));
    }
}

pub(super) fn validate_scheduling_group(errors: &mut FieldErrors, group: &PodSchedulingGroup, path: &Path) {
    let at = path.child("podGroupName");
    if errors.present(&at, &group.pod_group_name) {
        errors.invalid_each(&at, &group.pod_group_name, names::dns_subdomain(&group.pod_group_name));
    }
}
