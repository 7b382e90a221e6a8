//! Rules of object metadata, the same for all kinds.

use super::{FieldErrors, Path};
use crate::api::meta::v1::ObjectMeta;
use crate::{KindInfo, names};

/// Most bytes of all annotations together.
const ANNOTATIONS_BYTES_MAX: usize = 256 * 1024;

/// How a kind's names must look.
fn name_problems(info: &KindInfo, name: &str) -> Vec<String> {
    match (info.group, info.kind) {
        ("", "Namespace") | ("apps", "StatefulSet") => names::dns_label(name),
        ("", "Service") => names::dns_label(name),
        ("rbac.authorization.k8s.io", _) => names::path_segment(name),
        ("certificates.k8s.io", "ClusterTrustBundle") => vec![],
        ("networking.k8s.io", "IPAddress") => names::ip(name),
        _ => names::dns_subdomain(name),
    }
}

/// Everything that is wrong with the metadata of a new object.
pub fn validate_metadata(metadata: &ObjectMeta, info: &KindInfo) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let path = Path::new("metadata");
    let name = path.child("name");
    if !metadata.generate_name.is_empty() {
        for problem in name_problems(info, &generated_like(&metadata.generate_name)) {
            errors.invalid(&path.child("generateName"), &metadata.generate_name, problem);
        }
    }
    if metadata.name.is_empty() {
        errors.required(&name, "name or generateName is required");
    } else {
        for problem in name_problems(info, &metadata.name) {
            errors.invalid(&name, &metadata.name, problem);
        }
    }
    if info.namespaced {
        for problem in names::dns_label(&metadata.namespace) {
            errors.invalid(&path.child("namespace"), &metadata.namespace, problem);
        }
    }
    common(metadata, info, &path, &mut errors);
    errors
}

/// The base of generated names, as a name: it may end in a dash.
fn generated_like(base: &str) -> String {
    match base.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => {
            format!("{}a", &rest[..rest.len() - rest.chars().next_back().map_or(0, char::len_utf8)])
        }
        _ => base.to_owned(),
    }
}

/// Everything that is wrong with changing metadata from `old` to this.
pub fn validate_metadata_update(metadata: &ObjectMeta, old: &ObjectMeta, info: &KindInfo) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let path = Path::new("metadata");
    if metadata.deletion_timestamp.is_some() {
        for added in metadata.finalizers.iter().filter(|name| !old.finalizers.contains(name)) {
            let value = serde_json::json!([added]);
            errors.forbidden(
                &path.child("finalizers"),
                format!(
                    "no new finalizers can be added if the object is being deleted, found new finalizers {}",
                    go_strings(&value)
                ),
            );
        }
    }
    common(metadata, info, &path, &mut errors);
    errors
}

/// Do finalizers of this kind need a domain? Those of definitions and of custom resources may do without.
fn needs_domains(info: &KindInfo) -> bool {
    !matches!(info.group, "apiextensions.k8s.io" | "apiregistration.k8s.io") && !crate::custom::is_of_definition(info)
}

/// A list of strings as Go prints it with `%#v`.
fn go_strings(value: &serde_json::Value) -> String {
    let items: Vec<String> = value.as_array().into_iter().flatten().map(ToString::to_string).collect();
    format!("[]string{{{}}}", items.join(", "))
}

fn common(metadata: &ObjectMeta, info: &KindInfo, path: &Path, errors: &mut FieldErrors) {
    validate_labels(&metadata.labels, &path.child("labels"), errors);
    validate_annotations(&metadata.annotations, &path.child("annotations"), errors);
    for (index, name) in metadata.finalizers.iter().enumerate() {
        let at = path.child("finalizers").index(index);
        for problem in names::qualified_name(name) {
            errors.invalid(&path.child("finalizers"), name, problem);
        }
        let standard = matches!(name.as_str(), "orphan" | "foregroundDeletion" | "kubernetes");
        if !name.contains('/') && !standard && needs_domains(info) && names::qualified_name(name).is_empty() {
            errors.invalid(&at, name, "name is neither a standard finalizer name nor is it fully qualified");
        }
    }
    let mut controller = None;
    for (index, owner) in metadata.owner_references.iter().enumerate() {
        let at = path.child("ownerReferences").index(index);
        let required =
            [("apiVersion", &owner.api_version), ("kind", &owner.kind), ("name", &owner.name), ("uid", &owner.uid)];
        for (field, value) in required {
            if value.is_empty() {
                errors.invalid(
                    &at.child(field),
                    value,
                    if field == "apiVersion" { "version must not be empty" } else { "must not be empty" },
                );
            }
        }
        if owner.controller == Some(true) {
            if let Some(other) = controller {
                let value = serde_json::json!(metadata.owner_references.len());
                errors.invalid(
                    &path.child("ownerReferences"),
                    &value,
                    format!("Only one reference can have Controller set to true. Found \"true\" in references for {other} and {}", owner.name),
                );
            }
            controller = Some(owner.name.clone());
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
