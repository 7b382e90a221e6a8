//! Storage classes and drivers, and what drivers tell of themselves.

use super::{check, go};
use crate::api::storage::v1::{
    CSIDriver, CSINode, CSINodeDriver, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass,
};
use crate::validation::{FieldErrors, Path, Plain};
use crate::{Rules, names};

const PARAMETERS_MAX: usize = 512;
const PARAMETERS_BYTES_MAX: usize = 256 * 1024;
const DRIVER_NAME_MAX: usize = 63;
const NODE_ID_MAX: usize = 192;
const TOKEN_SECONDS_MIN: i64 = 600;
const MESSAGE_BYTES_MAX: usize = 1024;
const ONE_SOURCE: &str = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";

/// How a driver may be called.
pub(super) fn validate_driver_name(errors: &mut FieldErrors, name: &str, path: &Path) {
    errors.present(path, name);
    if name.len() > DRIVER_NAME_MAX {
        errors.too_long(path, DRIVER_NAME_MAX);
    }
    if !name.is_empty() {
        errors.invalid_each(path, name, names::dns_subdomain(&name.to_lowercase()));
    }
}

fn validate_parameters<'a>(
    errors: &mut FieldErrors,
    parameters: impl ExactSizeIterator<Item = (&'a String, &'a String)>,
    path: &Path,
) {
    if parameters.len() > PARAMETERS_MAX {
        errors.too_long(path, PARAMETERS_MAX);
        return;
    }
    let mut size = 0;
    for (key, value) in parameters {
        if key.is_empty() {
            errors.invalid(path, key, "field can not be empty.");
        }
        size += key.len() + value.len();
    }
    if size > PARAMETERS_BYTES_MAX {
        errors.too_long(path, PARAMETERS_BYTES_MAX);
    }
}

fn fixed(errors: &mut FieldErrors, changed: &[(&str, bool)]) {
    for (name, _) in changed.iter().filter(|(_, changed)| *changed) {
        errors.forbidden(&Path::new(name), format!("updates to {name} are forbidden."));
    }
}

impl Rules for StorageClass {
    fn set_defaults(&mut self) {
        self.reclaim_policy.get_or_insert_with(|| "Delete".into());
        self.volume_binding_mode.get_or_insert_with(|| "Immediate".into());
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let at = Path::new("provisioner");
        if errors.present(&at, &self.provisioner) {
            errors.invalid_each(&at, &self.provisioner, names::qualified_name(&self.provisioner.to_lowercase()));
        }
        validate_parameters(&mut errors, self.parameters.iter(), &Path::new("parameters"));
        let policy = self.reclaim_policy.as_deref().filter(|policy| !policy.is_empty());
        check::optional_one_of(&mut errors, &Path::new("reclaimPolicy"), policy, &["Delete", "Retain"]);
        let mode = self.volume_binding_mode.as_deref();
        let modes = ["Immediate", "WaitForFirstConsumer"];
        check::optional_one_of(&mut errors, &Path::new("volumeBindingMode"), mode, &modes);
        self.validate_topologies(&mut errors);
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        fixed(
            &mut errors,
            &[
                ("parameters", self.parameters != old.parameters),
                ("provisioner", self.provisioner != old.provisioner),
                ("reclaimPolicy", self.reclaim_policy != old.reclaim_policy),
            ],
        );
        let mode = self.volume_binding_mode.as_deref().unwrap_or_default();
        let before = old.volume_binding_mode.as_deref().unwrap_or_default();
        check::immutable(&mut errors, &Path::new("volumeBindingMode"), mode, before, mode);
        errors
    }
}

impl StorageClass {
    fn validate_topologies(&self, errors: &mut FieldErrors) {
        let path = Path::new("allowedTopologies");
        for (index, term) in self.allowed_topologies.iter().enumerate() {
            let at = path.index(index).child("matchLabelExpressions");
            for (number, expression) in term.match_label_expressions.iter().enumerate() {
                let at = at.index(number);
                if expression.values.is_empty() {
                    errors.required(&at.child("values"), "");
                }
                for (place, value) in expression.values.iter().enumerate() {
                    if expression.values[..place].contains(value) {
                        errors.duplicate(&at.child("values").index(place), value);
                    }
                }
                errors.invalid_each(&at.child("key"), &expression.key, names::qualified_name(&expression.key));
                let earlier = &term.match_label_expressions[..number];
                if earlier.iter().any(|other| other.key == expression.key) {
                    errors.duplicate(&at.child("key"), &expression.key);
                }
            }
            if self.allowed_topologies[..index].contains(term) {
                errors.duplicate(&path.index(index).child("matchLabelExpressions"), "");
            }
        }
    }
}

impl Rules for VolumeAttributesClass {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        validate_driver_name(&mut errors, &self.driver_name, &Path::new("driverName"));
        let at = Path::new("parameters");
        validate_parameters(&mut errors, self.parameters.iter(), &at);
        if self.parameters.is_empty() {
            errors.required(&at, "must contain at least one key/value pair");
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let changed =
            [("driverName", self.driver_name != old.driver_name), ("parameters", self.parameters != old.parameters)];
        fixed(&mut errors, &changed);
        errors
    }
}

impl Rules for CSIDriver {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        for flag in [
            (&mut spec.attach_required, true),
            (&mut spec.pod_info_on_mount, false),
            (&mut spec.storage_capacity, false),
            (&mut spec.requires_republish, false),
            (&mut spec.se_linux_mount, false),
        ] {
            flag.0.get_or_insert(flag.1);
        }
        spec.fs_group_policy.get_or_insert_with(|| "ReadWriteOnceWithFSType".into());
        if spec.volume_lifecycle_modes.is_empty() {
            spec.volume_lifecycle_modes.push("Persistent".into());
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let name = &self.metadata.name;
        if name.len() > DRIVER_NAME_MAX {
            errors.too_long(&Path::new("metadata").child("name"), DRIVER_NAME_MAX);
        }
        let policies = ["File", "None", "ReadWriteOnceWithFSType"];
        let policy = self.spec.fs_group_policy.as_deref();
        check::optional_one_of(&mut errors, &path.child("fsGroupPolicy"), policy, &policies);
        for (index, request) in self.spec.token_requests.iter().enumerate() {
            let at = path.child("tokenRequests").index(index);
            if self.spec.token_requests[..index].iter().any(|other| other.audience == request.audience) {
                errors.duplicate(&at.child("audience"), &request.audience);
            }
            let Some(seconds) = request.expiration_seconds else { continue };
            let at = at.child("expirationSeconds");
            if seconds < TOKEN_SECONDS_MIN {
                errors.invalid(&at, seconds, "may not specify a duration less than 10 minutes");
            }
            if seconds > 1 << 32 {
                errors.invalid(&at, seconds, "may not specify a duration larger than 2^32 seconds");
            }
        }
        for mode in &self.spec.volume_lifecycle_modes {
            errors.one_of(&path.child("volumeLifecycleModes"), mode, &["Ephemeral", "Persistent"]);
        }
        if let Some(seconds) = self.spec.node_allocatable_update_period_seconds.filter(|seconds| *seconds < 10) {
            let at = path.child("nodeAllocatableUpdatePeriodSeconds");
            errors.invalid(&at, seconds, "must be greater than or equal to 10 seconds");
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        let path = Path::new("spec");
        let attach = self.spec.attach_required.unwrap_or_default();
        let before = old.spec.attach_required.unwrap_or_default();
        check::immutable(&mut errors, &path.child("attachedRequired"), attach, before, attach);
        let modes = self.spec.volume_lifecycle_modes.as_slice();
        let before = old.spec.volume_lifecycle_modes.as_slice();
        check::immutable(&mut errors, &path.child("volumeLifecycleModes"), modes, before, modes);
        errors
    }
}

impl Rules for CSINode {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec").child("drivers");
        for (index, driver) in self.spec.drivers.iter().enumerate() {
            let at = path.index(index);
            validate_node_driver(&mut errors, driver, &at);
            if self.spec.drivers[..index].iter().any(|other| other.name == driver.name) {
                errors.duplicate(&at.child("name"), &driver.name);
            }
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        // Drivers come and go; while there, one is what it said at first, but for how much it can hold.
        for driver in &self.spec.drivers {
            let known = old.spec.drivers.iter().find(|known| known.name == driver.name);
            if let Some(known) = known
                && (&known.node_id, &known.topology_keys) != (&driver.node_id, &driver.topology_keys)
            {
                let at = Path::new("spec").child("drivers");
                errors.invalid(&at, Plain(&go::show(driver, None)), check::IMMUTABLE);
            }
        }
        errors
    }
}

fn validate_node_driver(errors: &mut FieldErrors, driver: &CSINodeDriver, path: &Path) {
    validate_driver_name(errors, &driver.name, &path.child("name"));
    let at = path.child("nodeID");
    errors.present(&at, &driver.node_id);
    if driver.node_id.len() > NODE_ID_MAX {
        errors.invalid(&at, &driver.node_id, format!("must be {NODE_ID_MAX} characters or less"));
    }
    if let Some(count) = driver.allocatable.as_ref().and_then(|allocatable| allocatable.count) {
        errors.not_negative(&path.child("allocatable").child("count"), i64::from(count));
    }
    let at = path.child("topologyKeys");
    for (index, key) in driver.topology_keys.iter().enumerate() {
        errors.present(&at, key);
        if driver.topology_keys[..index].contains(key) {
            errors.duplicate(&at, key);
        }
        errors.invalid_each(&at, key, names::qualified_name(key));
    }
}

impl Rules for CSIStorageCapacity {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let class = &self.storage_class_name;
        errors.invalid_each(&Path::new("storageClassName"), class, names::dns_subdomain(class));
        for (name, size) in [("capacity", &self.capacity), ("maximumVolumeSize", &self.maximum_volume_size)] {
            if let Some(size) = size {
                check::quantity_not_negative(&mut errors, &Path::new(name), size);
            }
        }
        if let Some(selector) = &self.node_topology {
            check::selector(&mut errors, selector, &Path::new("nodeTopology"));
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        let shown = self.node_topology.as_deref().map_or_else(|| "null".into(), |selector| crate::json_text(selector));
        let at = Path::new("nodeTopology");
        check::immutable(&mut errors, &at, &self.node_topology, &old.node_topology, Plain(&shown));
        let class = &self.storage_class_name;
        check::immutable(&mut errors, &Path::new("storageClassName"), class, &old.storage_class_name, class);
        errors
    }
}

impl Rules for VolumeAttachment {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        validate_driver_name(&mut errors, &spec.attacher, &path.child("attacher"));
        let at = path.child("source");
        match (&spec.source.persistent_volume_name, &spec.source.inline_volume_spec) {
            (None, None) => errors.required(&at, ONE_SOURCE),
            (Some(_), Some(_)) => errors.forbidden(&at, ONE_SOURCE),
            (Some(name), None) if name.is_empty() => {
                errors.required(&at.child("persistentVolumeName"), "must specify non empty persistentVolumeName");
            }
            (Some(name), None) => {
                errors.invalid_each(&at.child("persistentVolumeName"), name, names::dns_subdomain(name));
            }
            (None, Some(_)) => {}
        }
        errors.invalid_each(&path.child("nodeName"), &spec.node_name, names::dns_subdomain(&spec.node_name));
        self.validate_status(&mut errors);
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        let shown = go::show(&self.spec, None);
        check::immutable(&mut errors, &Path::new("spec"), &self.spec, &old.spec, Plain(&shown));
        errors
    }

    fn validate_status_update(&self, _old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        self.validate_status(&mut errors);
        errors
    }
}

impl VolumeAttachment {
    fn validate_status(&self, errors: &mut FieldErrors) {
        let path = Path::new("status");
        let size: usize = self.status.attachment_metadata.iter().map(|(key, value)| key.len() + value.len()).sum();
        if size > PARAMETERS_BYTES_MAX {
            errors.too_long(&path.child("attachmentMetadata"), PARAMETERS_BYTES_MAX);
        }
        for (name, error) in [("attachError", &self.status.attach_error), ("detachError", &self.status.detach_error)] {
            if error.as_ref().is_some_and(|error| error.message.len() > MESSAGE_BYTES_MAX) {
                errors.too_long(&path.child(name).child("message"), MESSAGE_BYTES_MAX);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_drivers() {
        let class = StorageClass { provisioner: "a b".into(), reclaim_policy: Some("X".into()), ..Default::default() };
        assert_eq!(class.validate().len(), 2);
        let mut node = CSINode::default();
        node.spec.drivers.push(CSINodeDriver {
            name: "a".into(),
            topology_keys: vec!["k".into()],
            ..Default::default()
        });
        assert_eq!(node.validate().summary(), "spec.drivers[0].nodeID: Required value");
        let attachment = VolumeAttachment::default();
        assert!(attachment.validate().summary().contains("spec.source: Required value: must specify exactly one"));
    }

    #[test]
    fn what_stays() {
        let old = StorageClass { provisioner: "a/b".into(), ..Default::default() };
        let new = StorageClass { provisioner: "a/c".into(), ..Default::default() };
        assert_eq!(
            new.validate_update(&old).summary(),
            "provisioner: Forbidden: updates to provisioner are forbidden."
        );
    }
}
