//! Variables of containers, and the fields of pods and containers that they and files may show.

use super::volumes::local_path;
use crate::api::core::v1::{
    EnvFromSource, EnvVar, EnvVarSource, FileKeySelector, ObjectFieldSelector, ResourceFieldSelector,
};
use crate::names;
use crate::validation::{FieldErrors, Path};

/// Who shows a field: variables and files may show different ones.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    Variable,
    File,
}

const IN_VARIABLES: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
const IN_FILES: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
/// Fields that exist, but that neither may show.
const NOWHERE: [&str; 4] = ["spec.host", "spec.restartPolicy", "spec.schedulerName", "status.phase"];

const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const BYTE_DIVISORS: [&str; 13] = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

pub(super) fn validate_env(errors: &mut FieldErrors, variables: &[EnvVar], path: &Path) {
    for (index, variable) in variables.iter().enumerate() {
        let at = path.index(index);
        if errors.present(&at.child("name"), &variable.name) {
            errors.invalid_each(&at.child("name"), &variable.name, names::env_var(&variable.name));
        }
        if let Some(source) = &variable.value_from {
            validate_source(errors, source, !variable.value.is_empty(), &at.child("valueFrom"));
        }
    }
}

fn validate_source(errors: &mut FieldErrors, source: &EnvVarSource, has_value: bool, path: &Path) {
    let mut given = 0;
    if let Some(field) = &source.field_ref {
        given += 1;
        validate_field(errors, field, Shows::Variable, &path.child("fieldRef"));
    }
    if let Some(resource) = &source.resource_field_ref {
        given += 1;
        validate_resource(errors, resource, Shows::Variable, &path.child("resourceFieldRef"));
    }
    if let Some(key) = &source.config_map_key_ref {
        given += 1;
        validate_key(errors, &key.name, &key.key, &path.child("configMapKeyRef"));
    }
    if let Some(key) = &source.secret_key_ref {
        given += 1;
        validate_key(errors, &key.name, &key.key, &path.child("secretKeyRef"));
    }
    if let Some(key) = &source.file_key_ref {
        given += 1;
        validate_file_key(errors, key, &path.child("fileKeyRef"));
    }
    match given {
        0 => errors.invalid(
            path,
            "",
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        ),
        _ if has_value => errors.invalid(path, "", "may not be specified when `value` is not empty"),
        1 => {}
        _ => errors.invalid(path, "", "may not have more than one field specified at a time"),
    }
}

fn validate_key(errors: &mut FieldErrors, name: &String, key: &String, path: &Path) {
    errors.invalid_each(&path.child("name"), name, names::dns_subdomain(name));
    if errors.present(&path.child("key"), key) {
        errors.invalid_each(&path.child("key"), key, names::config_key(key));
    }
}

fn validate_file_key(errors: &mut FieldErrors, key: &FileKeySelector, path: &Path) {
    if errors.present(&path.child("volumeName"), &key.volume_name) {
        errors.invalid_each(&path.child("volumeName"), &key.volume_name, names::dns_label(&key.volume_name));
    }
    if errors.present(&path.child("key"), &key.key) {
        errors.invalid_each(&path.child("key"), &key.key, names::env_var(&key.key));
    }
    if errors.present(&path.child("path"), &key.path) {
        local_path(errors, &key.path, &path.child("path"));
    }
}

pub(super) fn validate_env_from(errors: &mut FieldErrors, sources: &[EnvFromSource], path: &Path) {
    for (index, source) in sources.iter().enumerate() {
        let at = path.index(index);
        if !source.prefix.is_empty() {
            errors.invalid_each(&at.child("prefix"), &source.prefix, names::env_var(&source.prefix));
        }
        let named = [
            ("configMapRef", source.config_map_ref.as_ref().map(|source| &source.name)),
            ("secretRef", source.secret_ref.as_ref().map(|source| &source.name)),
        ];
        for (field, name) in named {
            if let Some(name) = name
                && errors.present(&at.child(field).child("name"), name)
            {
                errors.invalid_each(&at.child(field).child("name"), name, names::dns_subdomain(name));
            }
        }
        // These two are told of the whole list.
        match named.iter().filter(|(_, name)| name.is_some()).count() {
            0 => errors.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"),
            1 => {}
            _ => errors.invalid(path, "", "may not have more than one field specified at a time"),
        }
    }
}

pub(super) fn validate_field(errors: &mut FieldErrors, field: &ObjectFieldSelector, shows: Shows, path: &Path) {
    let at = path.child("fieldPath");
    if !errors.present(&path.child("apiVersion"), &field.api_version) || !errors.present(&at, &field.field_path) {
        return;
    }
    let allowed: &[&str] = if shows == Shows::File { &IN_FILES } else { &IN_VARIABLES };
    let text = field.field_path.as_str();
    let subscript = text.strip_suffix("']").and_then(|text| text.split_once("['"));
    let known = |name: &str| IN_VARIABLES.contains(&name) || IN_FILES.contains(&name) || NOWHERE.contains(&name);
    let problem = if field.api_version != "v1" {
        Some(format!("unsupported pod version: {}", field.api_version))
    } else if let Some((map, _)) = subscript
        && !["metadata.annotations", "metadata.labels"].contains(&map)
    {
        Some(format!("field label does not support subscript: {text}"))
    } else if subscript.is_none() && !known(text) {
        Some(format!("field label not supported: {text}"))
    } else {
        None
    };
    match (problem, subscript) {
        (Some(problem), _) => errors.invalid(&at, text, format!("error converting fieldPath: {problem}")),
        (None, Some((map, key))) => {
            let name = if map == "metadata.annotations" { key.to_lowercase() } else { key.to_owned() };
            errors.invalid_each(path, key, names::qualified_name(&name));
        }
        (None, None) => {
            let text = if text == "spec.host" { "spec.nodeName" } else { text };
            errors.one_of(&at, text, allowed);
        }
    }
}

pub(super) fn validate_resource(errors: &mut FieldErrors, field: &ResourceFieldSelector, shows: Shows, path: &Path) {
    let name = field.resource.as_str();
    let pages = ["limits.hugepages-", "requests.hugepages-"].iter().any(|prefix| name.starts_with(prefix));
    if shows == Shows::File && field.container_name.is_empty() {
        errors.required(&path.child("containerName"), "");
    } else if errors.present(&path.child("resource"), name) && !pages {
        errors.one_of(&path.child("resource"), name, &RESOURCES);
    }
    if field.divisor == crate::Quantity::default() {
        return;
    }
    let divisor = field.divisor.to_string();
    let at = path.child("divisor");
    let kind = match name {
        "limits.cpu" | "requests.cpu" => {
            if !["1m", "1"].contains(&divisor.as_str()) {
                errors.invalid(&at, name, "only divisor's values 1m and 1 are supported with the cpu resource");
            }
            return;
        }
        "limits.memory" | "requests.memory" => "memory",
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => "local ephemeral storage",
        _ if pages => "hugepages",
        _ => return,
    };
    if !BYTE_DIVISORS.contains(&divisor.as_str()) {
        let values = BYTE_DIVISORS.join(", ");
        errors.invalid(&at, name, format!("only divisor's values {values} are supported with the {kind} resource"));
    }
}
