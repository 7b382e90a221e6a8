//! Annotations of pods that mean something to Kubernetes.

use crate::api::core::v1::PodSpec;
use crate::api::meta::v1::ObjectMeta;
use crate::validation::{FieldErrors, Path};

const MIRROR: &str = "kubernetes.io/config.mirror";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// `path` is that of the annotations.
pub(super) fn validate(errors: &mut FieldErrors, metadata: &ObjectMeta, spec: &PodSpec, path: &Path) {
    for (key, value) in &metadata.annotations {
        let at = path.key(key);
        if key == MIRROR && spec.node_name.is_empty() {
            errors.invalid(&at, value, "must set spec.nodeName if mirror pod annotation is set");
        }
        if key == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER) {
            validate_seccomp(errors, value, &path.child(key));
        }
        if let Some(name) = key.strip_prefix(APP_ARMOR) {
            let containers = spec.containers.iter().chain(&spec.init_containers).map(|container| &container.name);
            let mut all = containers.chain(spec.ephemeral_containers.iter().map(|container| &container.name));
            if !all.any(|known| known == name) {
                errors.invalid(&at, name, "container not found");
            }
            let known = matches!(value.as_str(), "" | "runtime/default" | "unconfined");
            if !known && !value.starts_with("localhost/") {
                errors.invalid(&at, value, format!("invalid AppArmor profile name: {value:?}"));
            }
        }
    }
}

fn validate_seccomp(errors: &mut FieldErrors, value: &str, path: &Path) {
    match value {
        "runtime/default" | "docker/default" | "unconfined" => {}
        _ => match value.strip_prefix("localhost/") {
            Some(file) => super::volumes::local_path(errors, file, path),
            None => errors.invalid(path, value, "must be a valid seccomp profile"),
        },
    }
}
