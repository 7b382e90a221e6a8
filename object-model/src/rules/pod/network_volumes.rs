//! Volumes that something outside of the cluster provides.

use super::volumes::Sources;
use crate::api::core::v1::{
    AzureDiskVolumeSource, FCVolumeSource, FlockerVolumeSource, ISCSIVolumeSource, LocalObjectReference,
    StorageOSVolumeSource, Volume,
};
use crate::names;
use crate::validation::{FieldErrors, Path};

/// Sources that something outside of the cluster provides.
pub(super) fn network_sources(sources: &mut Sources<'_>, volume: &Volume) {
    sources.source("gcePersistentDisk", volume.gce_persistent_disk.as_deref(), |errors, source, at| {
        errors.present(&at.child("pdName"), &source.pd_name);
        partition(errors, source.partition, at);
    });
    sources.source("awsElasticBlockStore", volume.aws_elastic_block_store.as_deref(), |errors, source, at| {
        errors.present(&at.child("volumeID"), &source.volume_id);
        partition(errors, source.partition, at);
    });
    sources.source("nfs", volume.nfs.as_deref(), |errors, source, at| {
        errors.present(&at.child("server"), &source.server);
        errors.present(&at.child("path"), &source.path);
        if !source.path.starts_with('/') {
            errors.invalid(&at.child("path"), &source.path, "must be an absolute path");
        }
    });
    sources.source("iscsi", volume.iscsi.as_deref(), validate_iscsi);
    sources.source("glusterfs", volume.glusterfs.as_deref(), |errors, source, at| {
        errors.present(&at.child("endpoints"), &source.endpoints);
        errors.present(&at.child("path"), &source.path);
    });
    sources.source("flocker", volume.flocker.as_deref(), validate_flocker);
    sources.source("rbd", volume.rbd.as_deref(), |errors, source, at| {
        if source.monitors.is_empty() {
            errors.required(&at.child("monitors"), "");
        }
        errors.present(&at.child("image"), &source.image);
    });
    sources.source("cinder", volume.cinder.as_deref(), |errors, source, at| {
        errors.present(&at.child("volumeID"), &source.volume_id);
        secret_name(errors, source.secret_ref.as_deref(), at);
    });
    sources.source("cephfs", volume.cephfs.as_deref(), |errors, source, at| {
        if source.monitors.is_empty() {
            errors.required(&at.child("monitors"), "");
        }
    });
    sources.source("quobyte", volume.quobyte.as_deref(), |errors, source, at| {
        let registry = at.child("registry");
        let pairs = "must be a host:port pair or multiple pairs separated by commas";
        if source.registry.is_empty() {
            errors.required(&registry, pairs);
        } else if source.registry.split(',').any(|pair| pair.split(':').count() != 2) {
            errors.invalid(&registry, &source.registry, pairs);
        }
        errors.present(&at.child("volume"), &source.volume);
    });
    sources.source("fc", volume.fc.as_deref(), validate_fc);
    sources.source("flexVolume", volume.flex_volume.as_deref(), |errors, source, at| {
        errors.present(&at.child("driver"), &source.driver);
        for key in source.options.keys() {
            let space = key.split_once('/').map_or("", |(space, _)| space);
            if ["kubernetes.io", "k8s.io"].iter().any(|own| space == *own || space.ends_with(&format!(".{own}"))) {
                errors.invalid(&at.child("options").key(key), key, "kubernetes.io and k8s.io namespaces are reserved");
            }
        }
    });
    sources.source("azureFile", volume.azure_file.as_deref(), |errors, source, at| {
        errors.present(&at.child("secretName"), &source.secret_name);
        errors.present(&at.child("shareName"), &source.share_name);
    });
    sources.source("vsphereVolume", volume.vsphere_volume.as_deref(), |errors, source, at| {
        errors.present(&at.child("volumePath"), &source.volume_path);
    });
    sources.source("photonPersistentDisk", volume.photon_persistent_disk.as_deref(), |errors, source, at| {
        errors.present(&at.child("pdID"), &source.pd_id);
    });
    sources.source("portworxVolume", volume.portworx_volume.as_deref(), |errors, source, at| {
        errors.present(&at.child("volumeID"), &source.volume_id);
    });
    sources.source("azureDisk", volume.azure_disk.as_deref(), validate_azure_disk);
    sources.source("storageos", volume.storageos.as_deref(), validate_storageos);
    sources.source("scaleIO", volume.scale_io.as_deref(), |errors, source, at| {
        errors.present(&at.child("gateway"), &source.gateway);
        errors.present(&at.child("system"), &source.system);
        errors.present(&at.child("volumeName"), &source.volume_name);
    });
    sources.source("csi", volume.csi.as_deref(), |errors, source, at| {
        let driver = at.child("driver");
        if errors.present(&driver, &source.driver) {
            if source.driver.len() > 63 {
                errors.too_long(&driver, 63);
            }
            errors.invalid_each(&driver, &source.driver, names::dns_subdomain(&source.driver.to_lowercase()));
        }
        if let Some(secret) = &source.node_publish_secret_ref {
            let name = at.child("nodePublishSecretRef").child("name");
            if errors.present(&name, &secret.name) {
                errors.invalid_each(&name, &secret.name, names::dns_subdomain(&secret.name));
            }
        }
    });
}

fn partition(errors: &mut FieldErrors, partition: i32, path: &Path) {
    if !(0..=255).contains(&partition) {
        errors.invalid(&path.child("partition"), partition, names::between(1, 255));
    }
}

fn secret_name(errors: &mut FieldErrors, secret: Option<&LocalObjectReference>, path: &Path) {
    if let Some(secret) = secret {
        errors.present(&path.child("secretRef").child("name"), &secret.name);
    }
}

fn validate_iscsi(errors: &mut FieldErrors, source: &ISCSIVolumeSource, path: &Path) {
    errors.present(&path.child("targetPortal"), &source.target_portal);
    if errors.present(&path.child("iqn"), &source.iqn) {
        validate_iqn(errors, &source.iqn, &path.child("iqn"));
    }
    if !(0..=255).contains(&source.lun) {
        errors.invalid(&path.child("lun"), source.lun, names::between(0, 255));
    }
    if (source.chap_auth_discovery || source.chap_auth_session) && source.secret_ref.is_none() {
        errors.required(&path.child("secretRef"), "");
    }
    if let Some(name) = source.initiator_name.as_deref() {
        validate_iqn(errors, name, &path.child("initiatorname"));
    }
}

/// A name as iSCSI knows them: `iqn.2020-01.com.example:x`, `eui.` or `naa.` and hexadecimal digits.
fn validate_iqn(errors: &mut FieldErrors, name: &str, path: &Path) {
    let hexadecimal = |text: &str, lengths: &[usize]| {
        lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let fine = if let Some(rest) = name.strip_prefix("iqn") {
        let date = rest.strip_prefix('.').and_then(|rest| rest.split_once('.'));
        date.is_some_and(|(date, rest)| {
            let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
            date.split_once('-').is_some_and(|(year, month)| digits(year, 4) && digits(month, 2)) && !rest.is_empty()
        })
    } else if let Some(rest) = name.strip_prefix("eui") {
        rest.strip_prefix('.').is_some_and(|rest| hexadecimal(rest, &[16]))
    } else if let Some(rest) = name.strip_prefix("naa") {
        rest.strip_prefix('.').is_some_and(|rest| hexadecimal(rest, &[16, 32]))
    } else {
        errors.invalid(path, name, "must be valid format starting with iqn, eui, or naa");
        return;
    };
    if !fine {
        errors.invalid(path, name, "must be valid format");
    }
}

fn validate_flocker(errors: &mut FieldErrors, source: &FlockerVolumeSource, path: &Path) {
    match (source.dataset_name.is_empty(), source.dataset_uuid.is_empty()) {
        (true, true) => errors.required(path, "one of datasetName and datasetUUID is required"),
        (false, false) => {
            errors.invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously");
        }
        _ => {}
    }
    if source.dataset_name.contains('/') {
        errors.invalid(&path.child("datasetName"), &source.dataset_name, "must not contain '/'");
    }
}

fn validate_fc(errors: &mut FieldErrors, source: &FCVolumeSource, path: &Path) {
    let at = path.child("targetWWNs");
    match (source.target_ww_ns.is_empty(), source.wwids.is_empty()) {
        (true, true) => errors.required(&at, "must specify either targetWWNs or wwids, but not both"),
        (false, false) => {
            let value = serde_json::json!(source.target_ww_ns);
            errors.invalid(&at, &value, "targetWWNs and wwids can not be specified simultaneously");
        }
        _ => {}
    }
    if !source.target_ww_ns.is_empty() {
        match source.lun {
            None => errors.required(&path.child("lun"), "lun is required if targetWWNs is specified"),
            Some(lun) if !(0..=255).contains(&lun) => {
                errors.invalid(&path.child("lun"), lun, names::between(0, 255));
            }
            Some(_) => {}
        }
    }
}

fn validate_azure_disk(errors: &mut FieldErrors, source: &AzureDiskVolumeSource, path: &Path) {
    const MANAGED: &str =
        "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
    const BLOB: &str = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
    errors.present(&path.child("diskName"), &source.disk_name);
    let uri = path.child("diskURI");
    errors.present(&uri, &source.disk_uri);
    if let Some(mode) = source.caching_mode.as_deref() {
        errors.one_of(&path.child("cachingMode"), mode, &["None", "ReadOnly", "ReadWrite"]);
    }
    let Some(kind) = source.kind.as_deref() else { return };
    errors.one_of(&path.child("kind"), kind, &["Dedicated", "Managed", "Shared"]);
    if kind == "Managed" && !source.disk_uri.starts_with("/subscriptions/") {
        errors.not_supported(&uri, &source.disk_uri, &[MANAGED]);
    }
    if kind != "Managed" && !source.disk_uri.starts_with("https://") {
        errors.not_supported(&uri, &source.disk_uri, &[BLOB]);
    }
}

fn validate_storageos(errors: &mut FieldErrors, source: &StorageOSVolumeSource, path: &Path) {
    if errors.present(&path.child("volumeName"), &source.volume_name) {
        errors.invalid_each(&path.child("volumeName"), &source.volume_name, names::dns_label(&source.volume_name));
    }
    if !source.volume_namespace.is_empty() {
        let problems = names::dns_label(&source.volume_namespace);
        errors.invalid_each(&path.child("volumeNamespace"), &source.volume_namespace, problems);
    }
    secret_name(errors, source.secret_ref.as_deref(), path);
}
