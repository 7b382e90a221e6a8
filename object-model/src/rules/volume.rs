//! Volumes of the cluster: where they are, and who may use them how.

use super::storage::{fixed_volume_mode, validate_modes, validate_positive, validate_volume_mode};
use super::{check, go};
use crate::api::core::v1::{PersistentVolume, PersistentVolumeSpec, SecretReference};
use crate::reflect::{Ref, field_named};
use crate::validation::{FieldErrors, Path};
use crate::{Rules, names};

/// The kinds of volumes in the order in which a difference shows them, with what each must have.
const SOURCES: [(&str, &[&str]); 22] = [
    ("gcePersistentDisk", &["pdName"]),
    ("awsElasticBlockStore", &["volumeID"]),
    ("hostPath", &["path"]),
    ("glusterfs", &["endpoints", "path"]),
    ("nfs", &["server", "path"]),
    ("rbd", &["monitors", "image"]),
    ("quobyte", &["registry", "volume"]),
    ("iscsi", &["targetPortal", "iqn"]),
    ("flexVolume", &["driver"]),
    ("cinder", &["volumeID"]),
    ("cephfs", &["monitors"]),
    ("fc", &[]),
    ("flocker", &[]),
    ("azureFile", &["secretName", "shareName"]),
    ("vsphereVolume", &["volumePath"]),
    ("azureDisk", &["diskName", "diskURI"]),
    ("photonPersistentDisk", &["pdID"]),
    ("portworxVolume", &["volumeID"]),
    ("scaleIO", &["gateway", "system", "volumeName"]),
    ("local", &["path"]),
    ("storageos", &["volumeName"]),
    ("csi", &["driver", "volumeHandle"]),
];

impl Rules for PersistentVolume {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        if spec.persistent_volume_reclaim_policy.is_empty() {
            spec.persistent_volume_reclaim_policy = "Retain".into();
        }
        spec.volume_mode.get_or_insert_with(|| "Filesystem".into());
        check::round_amounts(&mut spec.capacity);
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
        if let Some(disk) = &mut spec.scale_io {
            for (field, value) in [(&mut disk.storage_mode, "ThinProvisioned"), (&mut disk.fs_type, "xfs")] {
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
        let modes = path.child("accessModes");
        if spec.access_modes.is_empty() {
            errors.required(&modes, "");
        }
        validate_modes(&mut errors, &spec.access_modes, &modes);
        validate_capacity(&mut errors, spec, &path.child("capacity"));
        let (policy, at) = (&spec.persistent_volume_reclaim_policy, path.child("persistentVolumeReclaimPolicy"));
        errors.one_of(&at, policy, &["Delete", "Recycle", "Retain"]);
        if let Some(affinity) = &spec.node_affinity {
            let at = path.child("nodeAffinity").child("required");
            match &affinity.required {
                None => errors.required(&at, "must specify required node constraints"),
                Some(selector) => check::node_selector(&mut errors, &at, selector),
            }
        }
        validate_source(&mut errors, spec, &path);
        let root =
            spec.host_path.as_ref().is_some_and(|host| host.path.split('/').all(|part| matches!(part, "" | ".")));
        if root && policy == "Recycle" {
            errors.forbidden(&at, "may not be 'recycle' for a hostPath mount of '/'");
        }
        if !spec.storage_class_name.is_empty() {
            let class = &spec.storage_class_name;
            errors.invalid_each(&path.child("storageClassName"), class, names::dns_subdomain(class));
        }
        validate_volume_mode(&mut errors, spec.volume_mode.as_deref(), &path.child("volumeMode"));
        if let Some(class) = &spec.volume_attributes_class_name {
            let at = path.child("volumeAttributesClassName");
            if class.is_empty() {
                errors.required(&at, "an empty string is disallowed");
            } else {
                errors.invalid_each(&at, class, names::dns_subdomain(class));
            }
            if spec.csi.is_none() {
                errors.required(&path.child("csi"), "has to be specified when using volumeAttributesClassName");
            }
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        let names: Vec<&str> = SOURCES.iter().map(|(name, _)| *name).collect();
        let mut before = old.spec.clone();
        // The secret for growing a volume can be given later.
        if let (Some(new), Some(before)) = (&self.spec.csi, &mut before.csi)
            && before.controller_expand_secret_ref.is_none()
        {
            before.controller_expand_secret_ref.clone_from(&new.controller_expand_secret_ref);
        }
        let (before, now) = (go::show_fields(&before, &names), go::show_fields(&self.spec, &names));
        if before != now {
            let why = "spec.persistentvolumesource is immutable after creation";
            let at = Path::new("spec").child("persistentvolumesource");
            errors.forbidden(&at, format!("{why}\n{}", go::diff(&before, &now)));
        }
        fixed_volume_mode(&mut errors, self.spec.volume_mode.as_deref(), old.spec.volume_mode.as_deref());
        if let Some(before) = &old.spec.node_affinity
            && self.spec.node_affinity.as_ref() != Some(before)
        {
            let shown = self.spec.node_affinity.as_deref().map_or("null".into(), |now| go::show(now, None));
            errors.invalid(&Path::new("nodeAffinity"), crate::validation::Plain(&shown), check::IMMUTABLE);
        }
        errors
    }
}

fn validate_capacity(errors: &mut FieldErrors, spec: &PersistentVolumeSpec, path: &Path) {
    if spec.capacity.is_empty() {
        errors.required(path, "");
    }
    if !spec.capacity.contains_key("storage") || spec.capacity.len() > 1 {
        let sizes = spec.capacity.iter().map(|(name, size)| (name.clone(), size.to_string().into()));
        let value = serde_json::Value::Object(sizes.collect());
        errors.not_supported(path, &value, &["storage"]);
    }
    for (name, size) in &spec.capacity {
        check::quantity_not_negative(errors, &path.key(name), size);
        if !size.is_negative() {
            validate_positive(errors, size, &path.key(name));
        }
    }
}

fn validate_source(errors: &mut FieldErrors, spec: &PersistentVolumeSpec, path: &Path) {
    let mut found = 0;
    for (name, needed) in SOURCES {
        let Some(Ref::Struct(source)) = field_named(spec, name).map(|field| field.get()) else { continue };
        found += 1;
        let at = path.child(name);
        if found > 1 {
            errors.forbidden(&at, "may not specify more than 1 volume type");
            continue;
        }
        let missing = |field: &str| field_named(source, field).is_none_or(|field| field.get().is_zero());
        for field in needed.iter().filter(|field| missing(field)) {
            errors.required(&at.child(field), "");
        }
    }
    if found == 0 {
        errors.required(path, "must specify a volume type");
    }
    if let Some(host) = &spec.host_path {
        let at = path.child("hostPath");
        no_backsteps(errors, &host.path, &at.child("path"));
        let kinds =
            ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
        check::optional_one_of(errors, &at.child("type"), host.type_.as_deref(), &kinds);
    }
    if let Some(share) = spec.nfs.as_ref().filter(|share| !share.path.is_empty() && !share.path.starts_with('/')) {
        errors.invalid(&path.child("nfs").child("path"), &share.path, "must be an absolute path");
    }
    if let Some(disk) = &spec.iscsi {
        let at = path.child("iscsi");
        if !disk.iqn.is_empty() && !["iqn.", "eui.", "naa."].iter().any(|start| disk.iqn.starts_with(start)) {
            errors.invalid(&at.child("iqn"), &disk.iqn, "must be valid format");
        }
        if !(0..=255).contains(&disk.lun) {
            errors.invalid(&at.child("lun"), disk.lun, names::between(0, 255));
        }
    }
    if let Some(local) = &spec.local {
        no_backsteps(errors, &local.path, &path.child("local").child("path"));
        if spec.node_affinity.is_none() {
            errors.required(&path.child("nodeAffinity"), "Local volume requires node affinity");
        }
    }
    if let Some(csi) = &spec.csi {
        let at = path.child("csi");
        if !csi.driver.is_empty() {
            super::driver::validate_driver_name(errors, &csi.driver, &at.child("driver"));
        }
        for (name, secret) in [
            ("controllerPublishSecretRef", &csi.controller_publish_secret_ref),
            ("nodePublishSecretRef", &csi.node_publish_secret_ref),
            ("nodeStageSecretRef", &csi.node_stage_secret_ref),
            ("controllerExpandSecretRef", &csi.controller_expand_secret_ref),
            ("nodeExpandSecretRef", &csi.node_expand_secret_ref),
        ] {
            if let Some(secret) = secret {
                validate_secret(errors, secret, &at.child(name));
            }
        }
    }
}

fn no_backsteps(errors: &mut FieldErrors, text: &str, path: &Path) {
    if text.split('/').any(|part| part == "..") {
        errors.invalid(path, text, "must not contain '..'");
    }
}

fn validate_secret(errors: &mut FieldErrors, secret: &SecretReference, path: &Path) {
    check::required_name(errors, &path.child("name"), &secret.name, names::dns_subdomain);
    check::required_name(errors, &path.child("namespace"), &secret.namespace, names::dns_label);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(spec: &str) -> PersistentVolume {
        let text = format!(r#"{{"spec":{{"capacity":{{"storage":"1Gi"}},"accessModes":["ReadWriteOnce"],{spec}}}}}"#);
        let mut volume: PersistentVolume = serde_json::from_str(&text).expect("the test's JSON");
        volume.set_defaults();
        volume
    }

    #[test]
    fn a_volume_is_of_one_kind() {
        for (spec, expected) in [
            (r#""mountOptions":[]"#, "spec: Required value: must specify a volume type"),
            (
                r#""nfs":{"server":"s","path":"/"},"hostPath":{"path":"/a"}"#,
                "spec.nfs: Forbidden: may not specify more than 1 volume type",
            ),
            (r#""csi":{"driver":"a"}"#, "spec.csi.volumeHandle: Required value"),
            (
                r#""hostPath":{"path":"/a/../b"}"#,
                "spec.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
            ),
        ] {
            assert_eq!(volume(spec).validate().summary(), expected, "{spec}");
        }
    }

    #[test]
    fn the_source_stays() {
        let old = volume(r#""hostPath":{"path":"/a"}"#);
        let found = volume(r#""hostPath":{"path":"/b"}"#).validate_update(&old).summary();
        assert!(
            found.ends_with(
                "\n-  \"Path\": \"/a\",\n+  \"Path\": \"/b\",\n   \"Type\": \"\"\n  },\n  \"Glusterfs\": null,\n"
            ),
            "{found}"
        );
    }
}
