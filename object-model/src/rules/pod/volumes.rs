//! The volumes of pods: exactly one source each, and what each kind of source needs.
//!
//! Elsewhere: sources that many others make up (`projected`), where volumes are mounted (`mounts`).

use std::collections::BTreeSet;

use super::environment::{Shows, validate_field, validate_resource};
use super::mounts::Volumes;
use super::projected::validate_projected;
use crate::api::core::v1::{
    AzureDiskVolumeSource, DownwardAPIVolumeFile, EphemeralVolumeSource, FCVolumeSource, FlockerVolumeSource,
    ISCSIVolumeSource, KeyToPath, LocalObjectReference, PersistentVolumeClaim, StorageOSVolumeSource, Volume,
};
use crate::validation::{FieldErrors, Path, validate_annotations, validate_labels};
use crate::{Rules, json_value, names};

/// Is the path free of `..`?
pub(super) fn no_backsteps(path: &str) -> bool {
    path.split('/').all(|part| part != "..")
}

/// A path that stays below the place it starts from.
pub(super) fn local_path(errors: &mut FieldErrors, value: &str, path: &Path) {
    if value.starts_with('/') {
        errors.invalid(path, value, "must be a relative path");
    }
    if !no_backsteps(value) {
        errors.invalid(path, value, "must not contain '..'");
    }
}

/// Like [`local_path`], and not of a name that the kubelet keeps for itself.
pub(super) fn file_path(errors: &mut FieldErrors, value: &str, path: &Path) {
    local_path(errors, value, path);
    if value.starts_with("..") && !value.starts_with("../") {
        errors.invalid(path, value, "must not start with '..'");
    }
}

pub(super) fn file_mode(errors: &mut FieldErrors, mode: Option<i32>, path: &Path) {
    if let Some(mode) = mode.filter(|mode| !(0..=0o777).contains(mode)) {
        errors.invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive");
    }
}

pub(super) fn validate_items(errors: &mut FieldErrors, items: &[KeyToPath], path: &Path) {
    for (index, item) in items.iter().enumerate() {
        let at = path.index(index);
        errors.present(&at.child("key"), &item.key);
        errors.present(&at.child("path"), &item.path);
        file_path(errors, &item.path, &at.child("path"));
        file_mode(errors, item.mode, &at.child("mode"));
    }
}

/// A file that shows a field of the pod. `path` is that of the source: these are told of it as a whole.
pub(super) fn validate_downward(errors: &mut FieldErrors, file: &DownwardAPIVolumeFile, path: &Path) {
    errors.present(&path.child("path"), &file.path);
    file_path(errors, &file.path, &path.child("path"));
    match (&file.field_ref, &file.resource_field_ref) {
        (Some(field), resource) => {
            validate_field(errors, field, Shows::File, &path.child("fieldRef"));
            if resource.is_some() {
                let problem = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.invalid(path, "resource", problem);
            }
        }
        (None, Some(resource)) => validate_resource(errors, resource, Shows::File, &path.child("resourceFieldRef")),
        (None, None) => errors.required(path, "one of fieldRef and resourceFieldRef is required"),
    }
    file_mode(errors, file.mode, &path.child("mode"));
}

/// Checks all volumes; those that are sound may be mounted.
pub(super) fn validate_volumes<'a>(
    errors: &mut FieldErrors,
    volumes: &'a [Volume],
    pod: Option<&str>,
    path: &Path,
) -> Volumes<'a> {
    let mut sound = Volumes::new();
    for (index, volume) in volumes.iter().enumerate() {
        let at = path.index(index);
        let name = at.child("name");
        let before = errors.len();
        validate_source(errors, volume, &at);
        let source_is_sound = errors.len() == before;
        if errors.present(&name, &volume.name) {
            errors.invalid_each(&name, &volume.name, names::dns_label(&volume.name));
        }
        if sound.contains_key(volume.name.as_str()) {
            errors.duplicate(&name, &volume.name);
        }
        if let Some(pod) = pod.filter(|pod| volume.ephemeral.is_some() && !pod.is_empty())
            && errors.len() == before
        {
            let claim = format!("{pod}-{}", volume.name);
            for problem in names::dns_subdomain(&claim) {
                errors.invalid(&name, &volume.name, format!("PVC name {claim:?}: {problem}"));
            }
        }
        if source_is_sound {
            sound.insert(volume.name.as_str(), volume);
        }
    }
    sound
}

/// Checks the first source that is there, and refuses those after it.
struct Sources<'a> {
    errors: &'a mut FieldErrors,
    path: &'a Path,
    seen: bool,
}

impl Sources<'_> {
    fn source<T>(&mut self, name: &str, source: Option<&T>, check: impl FnOnce(&mut FieldErrors, &T, &Path)) {
        let Some(source) = source else { return };
        let at = self.path.child(name);
        if std::mem::replace(&mut self.seen, true) {
            self.errors.forbidden(&at, "may not specify more than 1 volume type");
        } else {
            check(self.errors, source, &at);
        }
    }
}

fn validate_source(errors: &mut FieldErrors, volume: &Volume, path: &Path) {
    let mut sources = Sources { errors, path, seen: false };
    local_sources(&mut sources, volume);
    network_sources(&mut sources, volume);
    if !sources.seen {
        errors.required(path, "must specify a volume type");
    }
}

/// Sources that need nothing but the node and the API.
fn local_sources(sources: &mut Sources<'_>, volume: &Volume) {
    sources.source("emptyDir", volume.empty_dir.as_deref(), |errors, source, at| {
        if source.size_limit.is_some_and(|limit| limit.is_negative()) {
            errors.forbidden(&at.child("sizeLimit"), "SizeLimit field must be a valid resource quantity");
        }
    });
    sources.source("hostPath", volume.host_path.as_deref(), |errors, source, at| {
        const TYPES: [&str; 8] =
            ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
        if errors.present(&at.child("path"), &source.path) {
            if !no_backsteps(&source.path) {
                errors.invalid(&at.child("path"), &source.path, "must not contain '..'");
            }
            errors.one_of(&at.child("type"), source.type_.as_deref().unwrap_or_default(), &TYPES);
        }
    });
    sources.source("gitRepo", volume.git_repo.as_deref(), |errors, source, at| {
        errors.present(&at.child("repository"), &source.repository);
        local_path(errors, &source.directory, &at.child("directory"));
    });
    sources.source("secret", volume.secret.as_deref(), |errors, source, at| {
        errors.present(&at.child("secretName"), &source.secret_name);
        file_mode(errors, source.default_mode, &at.child("defaultMode"));
        validate_items(errors, &source.items, &at.child("items"));
    });
    sources.source("persistentVolumeClaim", volume.persistent_volume_claim.as_deref(), |errors, source, at| {
        errors.present(&at.child("claimName"), &source.claim_name);
    });
    sources.source("downwardAPI", volume.downward_api.as_deref(), |errors, source, at| {
        file_mode(errors, source.default_mode, &at.child("defaultMode"));
        for file in &source.items {
            validate_downward(errors, file, at);
        }
    });
    sources.source("configMap", volume.config_map.as_deref(), |errors, source, at| {
        errors.present(&at.child("name"), &source.name);
        file_mode(errors, source.default_mode, &at.child("defaultMode"));
        validate_items(errors, &source.items, &at.child("items"));
    });
    sources.source("projected", volume.projected.as_deref(), validate_projected);
    sources.source("ephemeral", volume.ephemeral.as_deref(), validate_ephemeral);
    sources.source("image", volume.image.as_deref(), |errors, source, at| {
        errors.present(&at.child("reference"), &source.reference);
        errors.required_one_of(&at.child("pullPolicy"), &source.pull_policy, &super::PULL_POLICIES);
    });
}

/// Sources that something outside of the cluster provides.
fn network_sources(sources: &mut Sources<'_>, volume: &Volume) {
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

/// A claim that comes and goes with its pod.
fn validate_ephemeral(errors: &mut FieldErrors, source: &EphemeralVolumeSource, path: &Path) {
    let at = path.child("volumeClaimTemplate");
    let Some(template) = source.volume_claim_template.as_deref() else {
        errors.required(&at, "");
        return;
    };
    let metadata = at.child("metadata");
    validate_annotations(&template.metadata.annotations, &metadata.child("annotations"), errors);
    validate_labels(&template.metadata.labels, &metadata.child("labels"), errors);
    let allowed = BTreeSet::from(["annotations", "labels"]);
    let given = json_value(&template.metadata);
    for name in given.as_object().into_iter().flatten().map(|(name, _)| name.as_str()) {
        if !allowed.contains(name) {
            errors.forbidden(&metadata.child(name), "cannot be set");
        }
    }
    // The rules of a claim, told where the template stands.
    let claim = PersistentVolumeClaim { spec: template.spec.clone(), ..PersistentVolumeClaim::default() };
    errors.extend_at(&at.child("spec"), "spec", claim.validate());
}
