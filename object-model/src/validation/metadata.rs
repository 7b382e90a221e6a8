//! Rules of object metadata, the same for all kinds.

use super::{FieldErrors, Path, Plain};
use crate::api::meta::v1::{ManagedFieldsEntry, ObjectMeta, OwnerReference};
use crate::{KindInfo, names};

/// Most bytes of all annotations together.
const ANNOTATIONS_BYTES_MAX: usize = 256 * 1024;

/// How a kind's names must look.
fn name_problems(info: &KindInfo, name: &str) -> Vec<String> {
    match (info.group, info.kind) {
        ("", "Namespace" | "Service") | ("apps", "StatefulSet") => names::dns_label(name),
        ("rbac.authorization.k8s.io", _) | ("", "Event") => names::path_segment(name),
        ("certificates.k8s.io", _) | ("apiregistration.k8s.io", _) => names::path_segment(name),
        ("networking.k8s.io", "IPAddress") => names::ip(name),
        _ => names::dns_subdomain(name),
    }
}

/// The start of a generated name may end where a whole name may not.
fn completed(start: &str) -> String {
    match start.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => {
            let last = rest.chars().next_back().map_or(0, char::len_utf8);
            format!("{}a", &rest[..rest.len() - last])
        }
        _ => start.to_owned(),
    }
}

/// Everything that is wrong with the metadata of a new object.
pub fn validate_metadata(metadata: &ObjectMeta, info: &KindInfo) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let path = Path::new("metadata");
    if !metadata.generate_name.is_empty() {
        let problems = name_problems(info, &completed(&metadata.generate_name));
        errors.invalid_each(&path.child("generateName"), &metadata.generate_name, problems);
    }
    let name = path.child("name");
    if metadata.name.is_empty() {
        errors.required(&name, "name or generateName is required");
    } else {
        errors.invalid_each(&name, &metadata.name, name_problems(info, &metadata.name));
    }
    if info.namespaced {
        let namespace = &metadata.namespace;
        errors.invalid_each(&path.child("namespace"), namespace, names::dns_label(namespace));
    }
    common(metadata, info, &path, &mut errors);
    validate_finalizers(&metadata.finalizers, &path.child("finalizers"), &mut errors);
    errors
}

/// Everything that is wrong with changing metadata from `old` to this.
pub fn validate_metadata_update(metadata: &ObjectMeta, old: &ObjectMeta, info: &KindInfo) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let path = Path::new("metadata");
    if old.deletion_timestamp.is_some() {
        let added: std::collections::BTreeSet<&String> =
            metadata.finalizers.iter().filter(|name| !old.finalizers.contains(name)).collect();
        if !added.is_empty() {
            let shown = added.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
            let why = "no new finalizers can be added if the object is being deleted, found new finalizers";
            errors.forbidden(&path.child("finalizers"), format!("{why} []string{{{shown}}}"));
        }
    }
    common(metadata, info, &path, &mut errors);
    errors
}

/// Do finalizers of this kind need a domain? Those of definitions and of custom resources may do without.
fn needs_domains(info: &KindInfo) -> bool {
    !matches!(info.group, "apiextensions.k8s.io" | "apiregistration.k8s.io") && !crate::custom::is_of_definition(info)
}

fn common(metadata: &ObjectMeta, info: &KindInfo, path: &Path, errors: &mut FieldErrors) {
    validate_labels(&metadata.labels, &path.child("labels"), errors);
    validate_annotations(&metadata.annotations, &path.child("annotations"), errors);
    validate_owners(&metadata.owner_references, &path.child("ownerReferences"), errors);
    for (index, name) in metadata.finalizers.iter().enumerate() {
        let standard = matches!(name.as_str(), "orphan" | "foregroundDeletion" | "kubernetes");
        if !name.contains('/') && !standard && needs_domains(info) {
            let at = path.child("finalizers").index(index);
            errors.invalid(&at, name, "name is neither a standard finalizer name nor is it fully qualified");
        }
    }
    validate_managers(&metadata.managed_fields, &path.child("managedFields"), errors);
}

fn validate_finalizers(finalizers: &[String], path: &Path, errors: &mut FieldErrors) {
    for name in finalizers {
        errors.invalid_each(path, name, names::qualified_name(name));
    }
    let has = |wanted: &str| finalizers.iter().any(|name| name == wanted);
    if has("orphan") && has("foregroundDeletion") {
        errors.invalid(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set");
    }
}

/// Owners are named completely, and at most one of them is in control.
fn validate_owners(owners: &[OwnerReference], path: &Path, errors: &mut FieldErrors) {
    let mut controller: Option<String> = None;
    for owner in owners {
        let version = &owner.api_version;
        let parts: Vec<&str> = version.split('/').collect();
        if parts.len() > 2 || parts.last().is_none_or(|version| version.is_empty()) {
            errors.invalid(&path.child("apiVersion"), version, "version must not be empty");
        }
        for (field, value) in [("kind", &owner.kind), ("name", &owner.name), ("uid", &owner.uid)] {
            if value.is_empty() {
                errors.invalid(&path.child(field), value, "must not be empty");
            }
        }
        if version == "v1" && owner.kind == "Event" {
            errors.invalid(path, Plain(&show_owner(owner)), "/v1, Kind=Event is disallowed from being an owner");
        }
        if owner.controller != Some(true) {
            continue;
        }
        let name = format!("{}/{}", owner.kind, owner.name);
        if let Some(other) = &controller {
            let shown: Vec<String> = owners.iter().map(show_owner).collect();
            let why = "Only one reference can have Controller set to true. Found \"true\" in references for";
            let shown = format!("[{}]", shown.join(","));
            errors.invalid(path, Plain(&shown), format!("{why} {other} and {name}"));
        }
        controller = Some(name);
    }
}

/// An owner as Go prints it: its fields are not in the order of their numbers.
fn show_owner(owner: &OwnerReference) -> String {
    let mut text = format!(
        "{{\"apiVersion\":{:?},\"kind\":{:?},\"name\":{:?},\"uid\":{:?}",
        owner.api_version, owner.kind, owner.name, owner.uid
    );
    for (name, flag) in [("controller", owner.controller), ("blockOwnerDeletion", owner.block_owner_deletion)] {
        if let Some(flag) = flag {
            text.push_str(&format!(",{name:?}:{flag}"));
        }
    }
    text + "}"
}

/// Longest name of a field manager.
const MANAGER_BYTES_MAX: usize = 128;

fn validate_managers(managers: &[ManagedFieldsEntry], path: &Path, errors: &mut FieldErrors) {
    for (index, entry) in managers.iter().enumerate() {
        let at = path.index(index);
        if !["Apply", "Update"].contains(&entry.operation.as_str()) {
            errors.invalid(&at.child("operation"), &entry.operation, "must be `Apply` or `Update`");
        }
        if !["", "FieldsV1"].contains(&entry.fields_type.as_str()) {
            errors.invalid(&at.child("fieldsType"), &entry.fields_type, "must be `FieldsV1`");
        }
        if entry.manager.len() > MANAGER_BYTES_MAX {
            errors.too_long(&at.child("manager"), MANAGER_BYTES_MAX);
        }
    }
}

/// Everything that is wrong with labels.
pub(crate) fn validate_labels(
    labels: &std::collections::BTreeMap<String, String>,
    path: &Path,
    errors: &mut FieldErrors,
) {
    for (key, value) in labels {
        for problem in names::qualified_name(key) {
            errors.invalid(path, key, problem);
        }
        for problem in names::label_value(value) {
            errors.invalid(path, value, problem);
        }
    }
}

/// Everything that is wrong with annotations.
pub(crate) fn validate_annotations(
    annotations: &std::collections::BTreeMap<String, String>,
    path: &Path,
    errors: &mut FieldErrors,
) {
    for key in annotations.keys() {
        for problem in names::qualified_name(&key.to_lowercase()) {
            errors.invalid(path, key, problem);
        }
    }
    let size: usize = annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size > ANNOTATIONS_BYTES_MAX {
        errors.too_long(path, ANNOTATIONS_BYTES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Resource;
    use crate::api::core::v1::ConfigMap;

    fn found(metadata: &str) -> String {
        let metadata: ObjectMeta = serde_json::from_str(metadata).expect("the test's JSON");
        validate_metadata(&metadata, ConfigMap::INFO).summary()
    }

    #[test]
    fn owners_and_finalizers() {
        for (part, expected) in [
            (
                r#""finalizers":["orphan","foregroundDeletion"]"#,
                "metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\"]: finalizer orphan and \
                 foregroundDeletion cannot be both set",
            ),
            (
                r#""ownerReferences":[{"apiVersion":"a/b/c","kind":"K","name":"n","uid":"u"}]"#,
                "metadata.ownerReferences.apiVersion: Invalid value: \"a/b/c\": version must not be empty",
            ),
            (
                r#""ownerReferences":[{"apiVersion":"v1","kind":"Event","name":"e","uid":"u"}]"#,
                "metadata.ownerReferences: Invalid value: {\"apiVersion\":\"v1\",\"kind\":\"Event\",\"name\":\"e\",\
                 \"uid\":\"u\"}: /v1, Kind=Event is disallowed from being an owner",
            ),
            (r#""generateName":"x-""#, "[]"),
        ] {
            assert_eq!(found(&format!(r#"{{"name":"n","namespace":"n",{part}}}"#)), expected);
        }
    }

    #[test]
    fn the_dying_get_no_new_finalizers() {
        let old = ObjectMeta { deletion_timestamp: Some(crate::Time::default()), ..ObjectMeta::default() };
        let new = ObjectMeta { finalizers: vec!["a/b".into()], ..old.clone() };
        assert_eq!(
            validate_metadata_update(&new, &old, ConfigMap::INFO).summary(),
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new \
             finalizers []string{\"a/b\"}"
        );
    }
}
