//! ConfigMaps, Secrets, ServiceAccounts, Namespaces, Nodes, Events, Leases.

use crate::api::coordination::v1::Lease;
use crate::api::core::v1::{ConfigMap, Event, Namespace, Node, Secret, ServiceAccount};
use crate::validation::{FieldErrors, Path};
use crate::{Rules, names};

/// Most bytes of all values together.
const DATA_BYTES_MAX: usize = 1024 * 1024;

impl Rules for ConfigMap {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let mut size = 0;
        for (key, value) in &self.data {
            let path = Path::new("data").key(key);
            for problem in names::config_key(key) {
                errors.invalid(&path, key, problem);
            }
            if self.binary_data.contains_key(key) {
                errors.invalid(&path, key, "duplicate of key present in binaryData");
            }
            size += value.len();
        }
        for (key, value) in &self.binary_data {
            for problem in names::config_key(key) {
                errors.invalid(&Path::new("binaryData").key(key), key, problem);
            }
            size += value.0.len();
        }
        if size > DATA_BYTES_MAX {
            errors.too_long(&Path::default(), DATA_BYTES_MAX);
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if old.immutable == Some(true) {
            if self.immutable != Some(true) {
                errors.forbidden(&Path::new("immutable"), "field is immutable when `immutable` is set");
            }
            if self.data != old.data {
                errors.forbidden(&Path::new("data"), "field is immutable when `immutable` is set");
            }
            if self.binary_data != old.binary_data {
                errors.forbidden(&Path::new("binaryData"), "field is immutable when `immutable` is set");
            }
        }
        errors.extend(self.validate());
        errors
    }
}

impl Rules for Secret {
    fn set_defaults(&mut self) {
        if self.type_.is_empty() {
            self.type_ = "Opaque".into();
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let data = Path::new("data");
        for key in self.data.keys() {
            for problem in names::config_key(key) {
                errors.invalid(&data.key(key), key, problem);
            }
        }
        if self.data.values().map(|value| value.0.len()).sum::<usize>() > DATA_BYTES_MAX {
            errors.too_long(&data, DATA_BYTES_MAX);
        }
        let required: &[&str] = match self.type_.as_str() {
            "kubernetes.io/dockercfg" => &[".dockercfg"],
            "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
            "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
            "kubernetes.io/tls" => &["tls.crt", "tls.key"],
            _ => &[],
        };
        for key in required.iter().filter(|key| !self.data.contains_key(**key)) {
            errors.required(&data.key(key), "");
        }
        if self.type_ == "kubernetes.io/basic-auth"
            && !self.data.contains_key("username")
            && !self.data.contains_key("password")
        {
            errors.required(&data.key("username"), "");
            errors.required(&data.key("password"), "");
        }
        if self.type_ == "kubernetes.io/service-account-token"
            && self.metadata.annotations.get("kubernetes.io/service-account.name").is_none_or(String::is_empty)
        {
            errors.required(&Path::new("metadata").child("annotations").key("kubernetes.io/service-account.name"), "");
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.type_ != old.type_ {
            errors.invalid(&Path::new("type"), &self.type_, "field is immutable");
        }
        if old.immutable == Some(true) {
            if self.immutable != Some(true) {
                errors.forbidden(&Path::new("immutable"), "field is immutable when `immutable` is set");
            }
            if self.data != old.data {
                errors.forbidden(&Path::new("data"), "field is immutable when `immutable` is set");
            }
        }
        errors.extend(self.validate());
        errors
    }
}

impl Rules for ServiceAccount {}

impl Rules for Namespace {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        for (index, name) in self.spec.finalizers.iter().enumerate() {
            let path = Path::new("spec").child("finalizers").index(index);
            for problem in names::qualified_name(name) {
                errors.invalid(&path, name, problem);
            }
        }
        errors
    }
}

impl Rules for Node {
    fn set_defaults(&mut self) {
        if self.status.allocatable.is_empty() {
            self.status.allocatable.clone_from(&self.status.capacity);
        }
        // The older field is the first element of the newer one.
        if self.spec.pod_cidrs.is_empty() && !self.spec.pod_cidr.is_empty() {
            self.spec.pod_cidrs.push(self.spec.pod_cidr.clone());
        } else if self.spec.pod_cidr.is_empty()
            && let Some(first) = self.spec.pod_cidrs.first()
        {
            self.spec.pod_cidr.clone_from(first);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let spec = Path::new("spec");
        for (index, taint) in self.spec.taints.iter().enumerate() {
            let path = spec.child("taints").index(index);
            for problem in names::qualified_name(&taint.key) {
                errors.invalid(&path.child("key"), &taint.key, problem);
            }
            for problem in names::label_value(&taint.value) {
                errors.invalid(&path.child("value"), &taint.value, problem);
            }
            if taint.effect.is_empty() {
                errors.required(&path.child("effect"), "");
            } else if !["NoSchedule", "PreferNoSchedule", "NoExecute"].contains(&taint.effect.as_str()) {
                errors.not_supported(
                    &path.child("effect"),
                    &taint.effect,
                    &["NoExecute", "NoSchedule", "PreferNoSchedule"],
                );
            }
        }
        for (index, cidr) in self.spec.pod_cidrs.iter().enumerate() {
            if cidr.parse::<ipnet::IpNet>().is_err() {
                errors.invalid(
                    &spec.child("podCIDRs").index(index),
                    cidr,
                    "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
                );
            }
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        let spec = Path::new("spec");
        if !old.spec.pod_cidr.is_empty() && self.spec.pod_cidrs != old.spec.pod_cidrs {
            errors.forbidden(&spec.child("podCIDRs"), "node updates may not change podCIDR except from \"\" to valid");
        }
        if !old.spec.provider_id.is_empty() && self.spec.provider_id != old.spec.provider_id {
            errors.forbidden(
                &spec.child("providerID"),
                "node updates may not change providerID except from \"\" to valid",
            );
        }
        errors
    }
}

impl Rules for Event {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let of = if self.involved_object.namespace.is_empty() { "default" } else { &self.involved_object.namespace };
        if self.metadata.namespace != of {
            errors.invalid(
                &Path::new("involvedObject").child("namespace"),
                &self.involved_object.namespace,
                "does not match event.namespace",
            );
        }
        errors
    }
}

impl Rules for Lease {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let spec = Path::new("spec");
        if let Some(seconds) = self.spec.lease_duration_seconds
            && seconds <= 0
        {
            errors.invalid(&spec.child("leaseDurationSeconds"), seconds, "must be greater than 0");
        }
        if let Some(transitions) = self.spec.lease_transitions
            && transitions < 0
        {
            errors.invalid(&spec.child("leaseTransitions"), transitions, "must be greater than or equal to 0");
        }
        errors
    }
}
