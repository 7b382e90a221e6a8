//! The volumes of pods: exactly one source each, and what each kind of source needs.
//!
//! Elsewhere: sources outside of the cluster (`network_volumes`), those that others make up (`projected`), where
//! volumes are mounted (`mounts`).

use std::collections::BTreeSet;

use super::environment::{Shows, validate_field, validate_resource};
use super::mounts::Volumes;
use super::projected::validate_projected;
use crate::api::core::v1::{DownwardAPIVolumeFile, EphemeralVolumeSource, KeyToPath, PersistentVolumeClaim, Volume};
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
pub(super) struct Sources<'a> {
    errors: &'a mut FieldErrors,
    path: &'a Path,
    seen: bool,
}

impl Sources<'_> {
    pub(super) fn source<T>(
        &mut self,
        name: &str,
        source: Option<&T>,
        check: impl FnOnce(&mut FieldErrors, &T, &Path),
    ) {
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
    super::network_volumes::network_sources(&mut sources, volume);
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
