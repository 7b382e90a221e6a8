//! Where containers see the volumes of their pod: as folders and as block devices.

use std::collections::{BTreeMap, BTreeSet};

use super::volumes::{local_path, no_backsteps};
use crate::api::core::v1::{Volume, VolumeDevice, VolumeMount};
use crate::validation::{FieldErrors, Path};

/// The volumes of a pod that are sound enough to be mounted.
pub(super) type Volumes<'a> = BTreeMap<&'a str, &'a Volume>;

pub(super) fn validate_mounts(
    errors: &mut FieldErrors,
    mounts: &[VolumeMount],
    devices: &[VolumeDevice],
    volumes: &Volumes<'_>,
    privileged: bool,
    path: &Path,
) {
    let mut places = BTreeSet::new();
    for (index, mount) in mounts.iter().enumerate() {
        let at = path.index(index);
        let (name, place) = (at.child("name"), at.child("mountPath"));
        errors.present(&name, &mount.name);
        if !volumes.contains_key(mount.name.as_str()) {
            errors.not_found(&name, &mount.name);
        }
        errors.present(&place, &mount.mount_path);
        if !places.insert(mount.mount_path.as_str()) {
            errors.invalid(&place, &mount.mount_path, "must be unique");
        }
        if devices.iter().any(|device| device.name == mount.name) {
            errors.invalid(&name, &mount.name, "must not already exist in volumeDevices");
        }
        if devices.iter().any(|device| device.device_path == mount.mount_path) {
            errors.invalid(&place, &mount.mount_path, "must not already exist as a path in volumeDevices");
        }
        // What follows is told of the list, not of the element.
        if !mount.sub_path.is_empty() {
            local_path(errors, &mount.sub_path, &path.child("subPath"));
        }
        if !mount.sub_path_expr.is_empty() {
            if !mount.sub_path.is_empty() {
                let problem = "subPathExpr and subPath are mutually exclusive";
                errors.invalid(&at.child("subPathExpr"), &mount.sub_path_expr, problem);
            }
            local_path(errors, &mount.sub_path_expr, &path.child("subPathExpr"));
        }
        if let Some(propagation) = mount.mount_propagation.as_deref() {
            let at = path.child("mountPropagation");
            errors.one_of(&at, propagation, &["Bidirectional", "HostToContainer", "None"]);
            if propagation == "Bidirectional" && !privileged {
                errors.forbidden(&at, "Bidirectional mount propagation is available only to privileged containers");
            }
        }
        validate_recursive(errors, mount, &path.child("recursiveReadOnly"));
    }
}

fn validate_recursive(errors: &mut FieldErrors, mount: &VolumeMount, path: &Path) {
    match mount.recursive_read_only.as_deref() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if !mount.read_only {
                errors.forbidden(path, "may only be specified when readOnly is true");
            }
            if mount.mount_propagation.as_deref().is_some_and(|propagation| propagation != "None") {
                errors.forbidden(path, "may only be specified when mountPropagation is None or not specified");
            }
        }
        Some(other) => errors.not_supported(path, other, &["Disabled", "Enabled", "IfPossible"]),
    }
}

pub(super) fn validate_devices(
    errors: &mut FieldErrors,
    devices: &[VolumeDevice],
    mounts: &[VolumeMount],
    volumes: &Volumes<'_>,
    path: &Path,
) {
    let (mut names, mut places) = (BTreeSet::new(), BTreeSet::new());
    for (index, device) in devices.iter().enumerate() {
        let at = path.index(index);
        let (name, place) = (at.child("name"), at.child("devicePath"));
        errors.present(&name, &device.name);
        if names.contains(device.name.as_str()) {
            errors.invalid(&name, &device.name, "must be unique");
        }
        match volumes.get(device.name.as_str()) {
            None => errors.not_found(&name, &device.name),
            Some(volume) if volume.persistent_volume_claim.is_none() && volume.ephemeral.is_none() => errors.invalid(
                &name,
                &device.name,
                "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
            ),
            Some(_) => {}
        }
        errors.present(&place, &device.device_path);
        if places.contains(device.device_path.as_str()) {
            errors.invalid(&place, &device.device_path, "must be unique");
        }
        if no_backsteps(&device.device_path) {
            places.insert(device.device_path.as_str());
        } else {
            errors.invalid(&place, &device.device_path, "can not contain backsteps ('..')");
        }
        if mounts.iter().any(|mount| mount.name == device.name) {
            errors.invalid(&name, &device.name, "must not already exist in volumeMounts");
        }
        if mounts.iter().any(|mount| mount.mount_path == device.device_path) {
            errors.invalid(&place, &device.device_path, "must not already exist as a path in volumeMounts");
        }
        if !device.name.is_empty() {
            names.insert(device.name.as_str());
        }
    }
}
