//! Checks that many kinds share.
//!
//! In: a value and its path. Out: the errors, in the words that clients of Kubernetes see.
//! Elsewhere: what names may look like (`names`), selectors and shares (`workload`).

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::api::core::v1::{NodeSelector, NodeSelectorRequirement, Toleration};
use crate::validation::{FieldErrors, Path, Shown};
use crate::{Quantity, names};

pub(super) use super::workload::validate_selector as selector;

/// What an update may not touch.
pub(super) const IMMUTABLE: &str = "field is immutable";
const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

/// At least zero, for quantities.
pub(super) fn quantity_not_negative(errors: &mut FieldErrors, path: &Path, value: &Quantity) {
    if value.is_negative() {
        errors.invalid(path, value, NOT_NEGATIVE);
    }
}

/// One of `allowed` if it is set at all.
pub(super) fn optional_one_of(errors: &mut FieldErrors, path: &Path, value: Option<&str>, allowed: &[&str]) {
    if let Some(value) = value {
        errors.one_of(path, value, allowed);
    }
}

/// Not empty, and without any of the problems that `look` finds.
pub(super) fn required_name(errors: &mut FieldErrors, path: &Path, value: &str, look: fn(&str) -> Vec<String>) {
    if errors.present(path, value) {
        errors.invalid_each(path, value, look(value));
    }
}

/// The same as before.
pub(super) fn immutable<T: PartialEq>(errors: &mut FieldErrors, path: &Path, new: T, old: T, shown: impl Shown) {
    if new != old {
        errors.invalid(path, shown, IMMUTABLE);
    }
}

/// An IP address, in the loose form that old fields allow.
pub(super) fn ip(errors: &mut FieldErrors, path: &Path, value: &str) -> Option<IpAddr> {
    let parsed = value.parse().ok();
    if parsed.is_none() {
        errors.invalid_each(path, value, names::ip(value));
    }
    parsed
}

/// An address block.
pub(super) fn cidr(errors: &mut FieldErrors, path: &Path, value: &str) -> Option<ipnet::IpNet> {
    let parsed = value.parse().ok();
    if parsed.is_none() {
        errors.invalid(path, value, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    }
    parsed
}

/// Addresses that mean something only on one machine or network are no endpoints.
pub(super) fn ordinary_ip(errors: &mut FieldErrors, path: &Path, shown: &str, ip: IpAddr) {
    let (local, multicast) = match ip {
        IpAddr::V4(ip) => (ip.is_link_local(), ip.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(ip) => (ip.segments()[0] & 0xffc0 == 0xfe80, ip.segments()[0] & 0xff0f == 0xff02),
    };
    if ip.is_unspecified() {
        errors.invalid(path, shown, format!("may not be unspecified ({shown})"));
    }
    if ip.is_loopback() {
        errors.invalid(path, shown, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
    if local {
        errors.invalid(path, shown, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    }
    if multicast {
        errors.invalid(path, shown, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
    }
}

/// The container resources that need no domain before their name.
const CONTAINER_RESOURCES: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
/// All resources that need no domain before their name.
const STANDARD_RESOURCES: [&str; 20] = [
    "configmaps",
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
    "storage",
];

/// Is it a resource without a domain that Kubernetes knows?
pub(super) fn standard_resource(name: &str) -> bool {
    STANDARD_RESOURCES.contains(&name) || name.starts_with("hugepages-") || name.starts_with("requests.hugepages-")
}

/// The name of any resource.
pub(super) fn resource_name(errors: &mut FieldErrors, path: &Path, name: &str) {
    errors.invalid_each(path, name, names::qualified_name(name));
    if !name.contains('/') && names::qualified_name(name).is_empty() && !standard_resource(name) {
        errors.invalid(path, name, "must be a standard resource type or fully qualified");
    }
}

/// The name of a resource that containers ask for.
pub(super) fn container_resource_name(errors: &mut FieldErrors, path: &Path, name: &str) {
    resource_name(errors, path, name);
    let plain = !name.contains('/') && names::qualified_name(name).is_empty();
    if plain && !CONTAINER_RESOURCES.contains(&name) && !name.starts_with("hugepages-") {
        errors.invalid(path, name, "must be a standard resource for containers");
    }
}

/// Is the resource counted in whole numbers?
pub(super) fn counts_whole(name: &str) -> bool {
    let known = [
        "pods",
        "services",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    ];
    let extended = name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.");
    known.contains(&name) || extended
}

/// An amount that is not negative, and whole where the resource is counted.
pub(super) fn resource_amount(errors: &mut FieldErrors, path: &Path, name: &str, value: &Quantity) {
    quantity_not_negative(errors, path, value);
    if counts_whole(name) && value.millis() % 1000 != 0 {
        errors.invalid(path, value, "must be an integer");
    }
}

/// Limits as containers have them.
pub(super) fn container_amounts(errors: &mut FieldErrors, path: &Path, amounts: &BTreeMap<String, Quantity>) {
    for (name, value) in amounts {
        let at = path.key(name);
        container_resource_name(errors, &at, name);
        resource_amount(errors, &at, name, value);
    }
}

/// Nothing is counted in less than thousandths.
pub(super) fn round_amounts(amounts: &mut BTreeMap<String, Quantity>) {
    amounts.values_mut().for_each(Quantity::round_up_to_millis);
}

/// What a pod, or a pod of a class, puts up with.
pub(super) fn tolerations(errors: &mut FieldErrors, path: &Path, tolerations: &[Toleration]) {
    for (index, toleration) in tolerations.iter().enumerate() {
        let at = path.index(index);
        if !toleration.key.is_empty() {
            errors.invalid_each(&at.child("key"), &toleration.key, names::qualified_name(&toleration.key));
        }
        if toleration.key.is_empty() && toleration.operator != "Exists" {
            errors.invalid(
                &at.child("operator"),
                &toleration.operator,
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
            );
        }
        if toleration.toleration_seconds.is_some() && toleration.effect != "NoExecute" {
            errors.invalid(
                &at.child("effect"),
                &toleration.effect,
                "effect must be 'NoExecute' when `tolerationSeconds` is set",
            );
        }
        match toleration.operator.as_str() {
            "" | "Equal" => {
                errors.invalid_each(&at.child("operator"), &toleration.value, names::label_value(&toleration.value));
            }
            "Exists" if !toleration.value.is_empty() => {
                errors.invalid(
                    &at.child("operator"),
                    &toleration.value,
                    "value must be empty when `operator` is 'Exists'",
                );
            }
            "Exists" => {}
            other => errors.not_supported(&at.child("operator"), other, &["Equal", "Exists"]),
        }
        if !toleration.effect.is_empty() {
            errors.one_of(&at.child("effect"), &toleration.effect, &["NoExecute", "NoSchedule", "PreferNoSchedule"]);
        }
    }
}

/// The nodes that a volume or device can be used from.
pub(super) fn node_selector(errors: &mut FieldErrors, path: &Path, selector: &NodeSelector) {
    let terms = path.child("nodeSelectorTerms");
    if selector.node_selector_terms.is_empty() {
        return errors.required(&terms, "must have at least one node selector term");
    }
    for (index, term) in selector.node_selector_terms.iter().enumerate() {
        let at = terms.index(index);
        for (number, requirement) in term.match_expressions.iter().enumerate() {
            node_requirement(errors, &at.child("matchExpressions").index(number), requirement);
        }
        for (number, field) in term.match_fields.iter().enumerate() {
            node_field(errors, &at.child("matchFields").index(number), field);
        }
    }
}

fn node_requirement(errors: &mut FieldErrors, at: &Path, requirement: &NodeSelectorRequirement) {
    match requirement.operator.as_str() {
        "In" | "NotIn" if requirement.values.is_empty() => {
            errors.required(&at.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !requirement.values.is_empty() => {
            errors.forbidden(&at.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        "Gt" | "Lt" if requirement.values.len() != 1 => {
            errors.required(&at.child("values"), "must be specified single value when `operator` is 'Lt' or 'Gt'");
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.invalid(&at.child("operator"), other, "not a valid selector operator"),
    }
    errors.invalid_each(&at.child("key"), &requirement.key, names::qualified_name(&requirement.key));
}

fn node_field(errors: &mut FieldErrors, at: &Path, field: &NodeSelectorRequirement) {
    match field.operator.as_str() {
        "In" | "NotIn" if field.values.len() != 1 => errors.required(
            &at.child("values"),
            "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
        ),
        "In" | "NotIn" => {}
        other => errors.invalid(&at.child("operator"), other, "not a valid selector operator"),
    }
    if field.key == "metadata.name" {
        for (index, value) in field.values.iter().enumerate() {
            errors.invalid_each(&at.child("values").index(index), value, names::dns_subdomain(value));
        }
    } else {
        errors.invalid(&at.child("key"), &field.key, "not a valid field selector key");
    }
}
