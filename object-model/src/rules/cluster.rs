//! Nodes, namespaces and leases.

use super::{check, go};
use crate::api::coordination::v1::Lease;
use crate::api::core::v1::{Namespace, Node, Taint};
use crate::validation::{FieldError, FieldErrorKind, FieldErrors, Path};
use crate::{Rules, names};

impl Rules for Namespace {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        for (index, name) in self.spec.finalizers.iter().enumerate() {
            let path = Path::new("spec").child("finalizers").index(index);
            errors.invalid_each(&path, name, names::qualified_name(name));
            if !name.contains('/') && !["kubernetes", "orphan", "foregroundDeletion"].contains(&name.as_str()) {
                errors.invalid(&path, name, "name is neither a standard finalizer name nor is it fully qualified");
            }
        }
        errors
    }

    fn validate_update(&self, _old: &Self) -> FieldErrors {
        FieldErrors::default()
    }
}

fn validate_taints(errors: &mut FieldErrors, taints: &[Taint], path: &Path) {
    for (index, taint) in taints.iter().enumerate() {
        let at = path.index(index);
        errors.invalid_each(&at.child("key"), &taint.key, names::qualified_name(&taint.key));
        let problems = names::label_value(&taint.value);
        if !problems.is_empty() {
            errors.invalid(&at.child("value"), &taint.value, problems.join(";"));
        }
        if errors.present(&at.child("effect"), &taint.effect) {
            errors.one_of(&at.child("effect"), &taint.effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
        }
        if taints[..index].iter().any(|other| other.key == taint.key && other.effect == taint.effect) {
            errors.push(FieldError {
                kind: FieldErrorKind::Duplicate,
                path: at,
                value: go::show(taint, None),
                detail: "taints must be unique by key and effect pair".into(),
            });
        }
    }
}

impl Node {
    fn validate_resources(&self, errors: &mut FieldErrors) {
        let status = Path::new("status");
        for (name, amounts) in [("capacity", &self.status.capacity), ("allocatable", &self.status.allocatable)] {
            for (resource, amount) in amounts {
                check::resource_amount(errors, &status.child(name).child(resource), resource, amount);
            }
        }
    }

    fn validate_pod_cidrs(&self, errors: &mut FieldErrors) {
        let path = Path::new("spec").child("podCIDRs");
        let ranges = self.spec.pod_cidrs.as_slice();
        let parsed: Vec<_> = ranges
            .iter()
            .enumerate()
            .filter_map(|(index, range)| check::cidr(errors, &path.index(index), range))
            .collect();
        let both = parsed.iter().any(|net| net.addr().is_ipv4()) && parsed.iter().any(|net| net.addr().is_ipv6());
        if parsed.len() == ranges.len() && ranges.len() > 1 && (!both || ranges.len() > 2) {
            errors.invalid(&path, ranges, "may specify no more than one CIDR for each IP family");
        }
    }
}

impl Rules for Node {
    fn set_defaults(&mut self) {
        if self.status.allocatable.is_empty() {
            self.status.allocatable.clone_from(&self.status.capacity);
        }
        // The older field is the first element of the newer one, and is what counts where they differ.
        let (old, new) = (&mut self.spec.pod_cidr, &mut self.spec.pod_cidrs);
        match new.first() {
            _ if old.is_empty() => old.clone_from(&new.first().cloned().unwrap_or_default()),
            Some(first) if first == old => {}
            _ => *new = vec![old.clone()],
        }
        for amounts in [&mut self.status.capacity, &mut self.status.allocatable] {
            check::round_amounts(amounts);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        validate_taints(&mut errors, &self.spec.taints, &Path::new("metadata").child("taints"));
        self.validate_resources(&mut errors);
        self.validate_pod_cidrs(&mut errors);
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let spec = Path::new("spec");
        self.validate_resources(&mut errors);
        for (index, address) in self.status.addresses.iter().enumerate() {
            if self.status.addresses[..index].contains(address) {
                let at = Path::new("status").child("addresses").index(index);
                errors.duplicate(&at, crate::validation::Plain(&go::show(address, None)));
            }
        }
        if !old.spec.pod_cidrs.is_empty() && self.spec.pod_cidrs != old.spec.pod_cidrs {
            errors.forbidden(&spec.child("podCIDRs"), "node updates may not change podCIDR except from \"\" to valid");
        } else if self.spec.pod_cidrs != old.spec.pod_cidrs {
            self.validate_pod_cidrs(&mut errors);
        }
        if !old.spec.provider_id.is_empty() && self.spec.provider_id != old.spec.provider_id {
            errors.forbidden(
                &spec.child("providerID"),
                "node updates may not change providerID except from \"\" to valid",
            );
        }
        validate_taints(&mut errors, &self.spec.taints, &Path::new("metadata").child("taints"));
        if self.spec.external_id != old.spec.external_id {
            errors.forbidden(&spec.child("externalID"), "may not be updated");
        }
        errors
    }

    fn validate_status_update(&self, old: &Self) -> FieldErrors {
        self.validate_update(old)
    }
}

impl Rules for Lease {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let spec = Path::new("spec");
        if let Some(seconds) = self.spec.lease_duration_seconds.filter(|seconds| *seconds <= 0) {
            errors.invalid(&spec.child("leaseDurationSeconds"), seconds, "must be greater than 0");
        }
        let transitions = self.spec.lease_transitions.unwrap_or_default();
        errors.not_negative(&spec.child("leaseTransitions"), i64::from(transitions));
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taints_are_told_by_key_and_effect() {
        let taint = Taint { key: "a".into(), effect: "NoSchedule".into(), ..Taint::default() };
        let mut node = Node::default();
        node.spec.taints =
            vec![taint.clone(), taint, Taint { key: "b".into(), effect: "X".into(), ..Taint::default() }];
        assert_eq!(
            node.validate().summary(),
            "[metadata.taints[1]: Duplicate value: {\"Key\":\"a\",\"Value\":\"\",\"Effect\":\"NoSchedule\",\
             \"TimeAdded\":null}: taints must be unique by key and effect pair, metadata.taints[2].effect: Unsupported \
             value: \"X\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"]"
        );
    }

    #[test]
    fn what_a_node_was_given_stays() {
        let mut old = Node::default();
        old.spec.pod_cidrs = vec!["10.1.0.0/24".into()];
        let mut new = old.clone();
        new.spec.provider_id = "x".into();
        assert!(new.validate_update(&old).is_empty());
        new.spec.pod_cidrs.clear();
        assert_eq!(new.validate_update(&old).len(), 1);
    }
}
