//! Claims on volumes.

use super::{check, go};
use crate::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimSpec, TypedLocalObjectReference, TypedObjectReference,
};
use crate::validation::{FieldErrors, Path, Plain};
use crate::{Quantity, Rules, names};

const ACCESS_MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
/// Annotation that was there before `storageClassName`.
const CLASS: &str = "volume.beta.kubernetes.io/storage-class";
/// The fields of the spec, in the order in which a difference shows them.
const SPEC: [&str; 9] = [
    "accessModes",
    "selector",
    "resources",
    "volumeName",
    "storageClassName",
    "volumeMode",
    "dataSource",
    "dataSourceRef",
    "volumeAttributesClassName",
];

/// Is it a source that old clients know: another claim, or a snapshot?
fn is_old_source(source: &TypedLocalObjectReference) -> bool {
    let group = source.api_group.as_deref().unwrap_or_default();
    [("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot")]
        .contains(&(group, source.kind.as_str()))
}

/// Fills in what a claim, or the template of one, leaves out.
pub(super) fn default_claim_spec(spec: &mut PersistentVolumeClaimSpec) {
    spec.volume_mode.get_or_insert_with(|| "Filesystem".into());
    // The two ways to name a source say the same wherever both can.
    match (&spec.data_source, &spec.data_source_ref) {
        (Some(source), None) if !is_old_source(source) => spec.data_source = None,
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

pub(super) fn validate_modes(errors: &mut FieldErrors, modes: &[String], path: &Path) {
    for mode in modes {
        errors.one_of(path, mode, &ACCESS_MODES);
    }
    let alone = modes.iter().any(|mode| mode == "ReadWriteOncePod");
    if alone && modes.iter().any(|mode| mode != "ReadWriteOncePod" && ACCESS_MODES.contains(&mode.as_str())) {
        errors.forbidden(path, "may not use ReadWriteOncePod with other access modes");
    }
}

pub(super) fn validate_volume_mode(errors: &mut FieldErrors, mode: Option<&str>, path: &Path) {
    check::optional_one_of(errors, path, mode, &["Block", "Filesystem"]);
}

pub(super) fn validate_positive(errors: &mut FieldErrors, size: &Quantity, path: &Path) {
    if *size <= Quantity::default() {
        errors.invalid(path, size, "must be greater than zero");
    }
}

/// Everything that is wrong with what is claimed.
pub(super) fn validate_claim_spec(errors: &mut FieldErrors, spec: &PersistentVolumeClaimSpec, path: &Path) {
    let modes = path.child("accessModes");
    if spec.access_modes.is_empty() {
        errors.required(&modes, "at least 1 access mode is required");
    }
    if let Some(selector) = &spec.selector {
        check::selector(errors, selector, &path.child("selector"));
    }
    validate_modes(errors, &spec.access_modes, &modes);
    let storage = path.child("resources").key("storage");
    match spec.resources.requests.get("storage") {
        None => errors.required(&storage, ""),
        Some(size) => validate_positive(errors, size, &storage),
    }
    for (name, class) in [
        ("storageClassName", spec.storage_class_name.as_deref()),
        ("volumeAttributesClassName", spec.volume_attributes_class_name.as_deref()),
    ] {
        if let Some(class) = class.filter(|class| !class.is_empty()) {
            errors.invalid_each(&path.child(name), class, names::dns_subdomain(class));
        }
    }
    validate_volume_mode(errors, spec.volume_mode.as_deref(), &path.child("volumeMode"));
    validate_sources(errors, spec, path);
}

fn validate_sources(errors: &mut FieldErrors, spec: &PersistentVolumeClaimSpec, path: &Path) {
    if let Some(source) = &spec.data_source {
        let group = source.api_group.as_deref();
        validate_source(errors, group, &source.kind, &source.name, &path.child("dataSource"));
    }
    let Some(reference) = &spec.data_source_ref else { return };
    let at = path.child("dataSourceRef");
    validate_source(errors, reference.api_group.as_deref(), &reference.kind, &reference.name, &at);
    let elsewhere = reference.namespace.as_deref().filter(|namespace| !namespace.is_empty());
    if let Some(namespace) = elsewhere {
        errors.invalid_each(&at.child("namespace"), namespace, names::dns_label(namespace));
    }
    // The value shown is a path, which has no JSON form of its own.
    match (&spec.data_source, elsewhere) {
        (Some(_), Some(_)) => {
            errors.invalid(path, Plain("{}"), "may not be specified when dataSourceRef.namespace is specified");
        }
        (Some(source), None)
            if (&source.api_group, &source.kind, &source.name)
                != (&reference.api_group, &reference.kind, &reference.name) =>
        {
            errors.invalid(path, Plain("{}"), "must match dataSourceRef");
        }
        _ => {}
    }
}

fn validate_source(errors: &mut FieldErrors, group: Option<&str>, kind: &str, name: &str, path: &Path) {
    errors.present(&path.child("name"), name);
    errors.present(&path.child("kind"), kind);
    let group = group.unwrap_or_default();
    if group.is_empty() && kind != "PersistentVolumeClaim" {
        errors.invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
    }
    if !group.is_empty() {
        errors.invalid_each(&path.child("apiGroup"), group, names::dns_subdomain(group));
    }
}

impl Rules for PersistentVolumeClaim {
    fn set_defaults(&mut self) {
        default_claim_spec(&mut self.spec);
        check::round_amounts(&mut self.spec.resources.requests);
        check::round_amounts(&mut self.spec.resources.limits);
        check::round_amounts(&mut self.status.capacity);
        if self.status.phase.is_empty() {
            self.status.phase = "Pending".into();
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        validate_claim_spec(&mut errors, &self.spec, &Path::new("spec"));
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        validate_claim_spec(&mut errors, &self.spec, &Path::new("spec"));
        let path = Path::new("spec");
        let (mut new_spec, mut old_spec) = (self.spec.clone(), old.spec.clone());
        if old_spec.volume_name.is_empty() {
            old_spec.volume_name.clone_from(&new_spec.volume_name);
        }
        // A class can be given later to a claim that had none, by annotation or field.
        let annotated = |claim: &Self| claim.metadata.annotations.get(CLASS).cloned();
        if old.spec.storage_class_name.is_none()
            && annotated(old).is_none_or(|class| Some(class) == self.spec.storage_class_name)
        {
            new_spec.storage_class_name = None;
        } else if annotated(self) != annotated(old) {
            let class = annotated(self).unwrap_or_default();
            let at = Path::new("metadata").child("annotations").key(CLASS);
            errors.invalid(&at, &class, check::IMMUTABLE);
        }
        let size = |claim: &Self| claim.spec.resources.requests.get("storage").copied();
        if self.status.phase == "Bound"
            && let (Some(size), false) = (size(old), new_spec.resources.requests.is_empty())
        {
            new_spec.resources.requests.insert("storage".into(), size);
        }
        new_spec.volume_attributes_class_name.clone_from(&old_spec.volume_attributes_class_name);
        if new_spec != old_spec {
            let diff = go::diff(&go::show_fields(&old_spec, &SPEC), &go::show_fields(&new_spec, &SPEC));
            let why = "spec is immutable after creation except resources.requests and volumeAttributesClassName for \
                       bound claims";
            errors.forbidden(&path, format!("{why}\n{diff}"));
        }
        if size(self) < size(old) {
            let at = path.child("resources").child("requests").child("storage");
            let given = old.status.capacity.get("storage").copied().unwrap_or_default();
            if size(self).unwrap_or_default() <= given {
                errors.forbidden(&at, "field can not be less than status.capacity");
            }
        }
        fixed_volume_mode(&mut errors, self.spec.volume_mode.as_deref(), old.spec.volume_mode.as_deref());
        let class = |claim: &Self| claim.spec.volume_attributes_class_name.is_some();
        if class(old) && !class(self) {
            errors.forbidden(&path.child("volumeAttributesClassName"), "update from non-nil value to nil is forbidden");
        }
        errors
    }

    fn validate_status_update(&self, _old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        for (name, amount) in &self.status.capacity {
            let at = Path::new("status").child("capacity").key(name);
            check::resource_amount(&mut errors, &at, name, amount);
        }
        errors
    }
}

/// Volumes are formatted, or they are not.
pub(super) fn fixed_volume_mode(errors: &mut FieldErrors, new: Option<&str>, old: Option<&str>) {
    if new != old {
        errors.invalid(&Path::new("volumeMode"), new.unwrap_or_default(), check::IMMUTABLE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(spec: &str) -> PersistentVolumeClaim {
        let mut claim: PersistentVolumeClaim =
            serde_json::from_str(&format!(r#"{{"spec":{spec}}}"#)).expect("the test's JSON");
        claim.set_defaults();
        claim
    }

    #[test]
    fn claims() {
        for (spec, expected) in [
            (
                "{}",
                "[spec.accessModes: Required value: at least 1 access mode is required, spec.resources[storage]: Required value]",
            ),
            (
                r#"{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}},
                "dataSource":{"kind":"PersistentVolumeClaim","name":"a"},"dataSourceRef":{"kind":"PersistentVolumeClaim","name":"b"}}"#,
                "spec: Invalid value: {}: must match dataSourceRef",
            ),
            (
                r#"{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}},"dataSource":{"kind":"","name":""}}"#,
                "[]",
            ),
        ] {
            assert_eq!(claim(spec).validate().summary(), expected, "{spec}");
        }
    }

    #[test]
    fn a_claim_changes_in_size_only() {
        let old = claim(
            r#"{"accessModes":["ReadWriteOnce"],"storageClassName":"a","resources":{"requests":{"storage":"1Gi"}}}"#,
        );
        let mut new = old.clone();
        new.spec.storage_class_name = Some("b".into());
        let found = new.validate_update(&old).summary();
        assert!(found.contains("- \"StorageClassName\": \"a\",\n+ \"StorageClassName\": \"b\","), "{found}");
        let mut bound = old.clone();
        bound.status.phase = "Bound".into();
        bound.spec.resources.requests.insert("storage".into(), Quantity::from_bytes(2 << 30));
        assert!(bound.validate_update(&old).is_empty());
    }
}
