//! Volumes and claims, storage classes and drivers: defaults.

use crate::api::core::v1::{
    PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, TypedLocalObjectReference, TypedObjectReference,
};
use crate::api::storage::v1::{CSIDriver, StorageClass};
use crate::validation::{FieldErrors, Path};
use crate::{Rules, names};

const ACCESS_MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// Fills in what a claim, or the template of one, leaves out.
pub(super) fn default_claim_spec(spec: &mut PersistentVolumeClaimSpec) {
    spec.volume_mode.get_or_insert_with(|| "Filesystem".into());
    // The two ways to name a source say the same wherever both can.
    match (&spec.data_source, &spec.data_source_ref) {
        (Some(source), None) => {
            spec.data_source_ref = Some(Box::new(TypedObjectReference {
                api_group: source.api_group.clone(),
                kind: source.kind.clone(),
                name: source.name.clone(),
                namespace: None,
            }));
        }
        (None, Some(source)) if source.namespace.as_deref().is_none_or(str::is_empty) => {
            spec.data_source = Some(Box::new(TypedLocalObjectReference {
                api_group: source.api_group.clone(),
                kind: source.kind.clone(),
                name: source.name.clone(),
            }));
        }
        _ => {}
    }
}

fn validate_modes(errors: &mut FieldErrors, modes: &[String], path: &Path) {
    if modes.is_empty() {
        errors.required(path, "at least 1 access mode is required");
    }
    for mode in modes {
        if !ACCESS_MODES.contains(&mode.as_str()) {
            errors.not_supported(path, mode, &ACCESS_MODES);
        }
    }
    if modes.len() > 1 && modes.iter().any(|mode| mode == "ReadWriteOncePod") {
        errors.forbidden(path, "may not use ReadWriteOncePod with other access modes");
    }
}

fn validate_volume_mode(errors: &mut FieldErrors, mode: Option<&str>, path: &Path) {
    if let Some(mode) = mode
        && !["Block", "Filesystem"].contains(&mode)
    {
        errors.not_supported(path, mode, &["Block", "Filesystem"]);
    }
}

impl Rules for PersistentVolumeClaim {
    fn set_defaults(&mut self) {
        default_claim_spec(&mut self.spec);
        if self.status.phase.is_empty() {
            self.status.phase = "Pending".into();
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        validate_modes(&mut errors, &self.spec.access_modes, &path.child("accessModes"));
        let storage = path.child("resources").key("storage");
        match self.spec.resources.requests.get("storage") {
            None => errors.required(&storage, ""),
            Some(size) if *size <= crate::Quantity::default() => {
                errors.invalid(&storage, size, "must be greater than zero");
            }
            Some(_) => {}
        }
        if let Some(class) = self.spec.storage_class_name.as_deref().filter(|class| !class.is_empty()) {
            for problem in names::dns_subdomain(class) {
                errors.invalid(&path.child("storageClassName"), class, problem);
            }
        }
        validate_volume_mode(&mut errors, self.spec.volume_mode.as_deref(), &path.child("volumeMode"));
        errors
    }
}

impl Rules for PersistentVolume {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        if spec.persistent_volume_reclaim_policy.is_empty() {
            spec.persistent_volume_reclaim_policy = "Retain".into();
        }
        spec.volume_mode.get_or_insert_with(|| "Filesystem".into());
        if let Some(path) = &mut spec.host_path {
            path.type_.get_or_insert_default();
        }
        if let Some(disk) = &mut spec.iscsi
            && disk.iscsi_interface.is_empty()
        {
            disk.iscsi_interface = "default".into();
        }
        if let Some(disk) = &mut spec.rbd {
            for (field, value) in
                [(&mut disk.pool, "rbd"), (&mut disk.user, "admin"), (&mut disk.keyring, "/etc/ceph/keyring")]
            {
                if field.is_empty() {
                    value.clone_into(field);
                }
            }
        }
        if let Some(disk) = &mut spec.azure_disk {
            super::pod_defaults::default_azure_disk(disk);
        }
        if self.status.phase.is_empty() {
            self.status.phase = "Pending".into();
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        validate_modes(&mut errors, &spec.access_modes, &path.child("accessModes"));
        let capacity = path.child("capacity");
        if spec.capacity.is_empty() {
            errors.required(&capacity, "");
        } else if !spec.capacity.contains_key("storage") || spec.capacity.len() > 1 {
            let sizes = spec.capacity.iter().map(|(name, size)| (name.clone(), size.to_string().into()));
            let value = serde_json::Value::Object(sizes.collect());
            errors.not_supported(&capacity, &value, &["storage"]);
        }
        if let Some(size) = spec.capacity.get("storage")
            && *size <= crate::Quantity::default()
        {
            errors.invalid(&capacity.key("storage"), size, "must be greater than zero");
        }
        let policies = ["Delete", "Recycle", "Retain"];
        if !policies.contains(&spec.persistent_volume_reclaim_policy.as_str()) {
            errors.not_supported(
                &path.child("persistentVolumeReclaimPolicy"),
                &spec.persistent_volume_reclaim_policy,
                &policies,
            );
        }
        if !spec.storage_class_name.is_empty() {
            for problem in names::dns_subdomain(&spec.storage_class_name) {
                errors.invalid(&path.child("storageClassName"), &spec.storage_class_name, problem);
            }
        }
        validate_volume_mode(&mut errors, spec.volume_mode.as_deref(), &path.child("volumeMode"));
        if let Some(local) = &spec.local {
            if local.path.is_empty() {
                errors.required(&path.child("local").child("path"), "");
            }
            if spec.node_affinity.is_none() {
                errors.required(&path.child("nodeAffinity"), "Local volume requires node affinity");
            }
        }
        errors
    }
}

impl Rules for StorageClass {
    fn set_defaults(&mut self) {
        self.reclaim_policy.get_or_insert_with(|| "Delete".into());
        self.volume_binding_mode.get_or_insert_with(|| "Immediate".into());
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.provisioner.is_empty() {
            errors.required(&Path::new("provisioner"), "");
        } else {
            for problem in names::qualified_name(&self.provisioner.to_lowercase()) {
                errors.invalid(&Path::new("provisioner"), &self.provisioner, problem);
            }
        }
        let policy = self.reclaim_policy.as_deref().unwrap_or_default();
        if !["Delete", "Retain"].contains(&policy) {
            errors.not_supported(&Path::new("reclaimPolicy"), policy, &["Delete", "Retain"]);
        }
        let mode = self.volume_binding_mode.as_deref().unwrap_or_default();
        if !["Immediate", "WaitForFirstConsumer"].contains(&mode) {
            errors.not_supported(&Path::new("volumeBindingMode"), mode, &["Immediate", "WaitForFirstConsumer"]);
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        if self.parameters != old.parameters {
            errors.forbidden(&Path::new("parameters"), "updates to parameters are forbidden.");
        }
        if self.provisioner != old.provisioner {
            errors.forbidden(&Path::new("provisioner"), "updates to provisioner are forbidden.");
        }
        if self.reclaim_policy != old.reclaim_policy {
            errors.forbidden(&Path::new("reclaimPolicy"), "updates to reclaimPolicy are forbidden.");
        }
        if self.volume_binding_mode != old.volume_binding_mode {
            let mode = self.volume_binding_mode.as_deref().unwrap_or_default();
            errors.invalid(&Path::new("volumeBindingMode"), mode, "field is immutable");
        }
        errors
    }
}

impl Rules for CSIDriver {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        spec.attach_required.get_or_insert(true);
        spec.pod_info_on_mount.get_or_insert(false);
        spec.storage_capacity.get_or_insert(false);
        spec.fs_group_policy.get_or_insert_with(|| "ReadWriteOnceWithFSType".into());
        if spec.volume_lifecycle_modes.is_empty() {
            spec.volume_lifecycle_modes.push("Persistent".into());
        }
        spec.requires_republish.get_or_insert(false);
        spec.se_linux_mount.get_or_insert(false);
    }
}
