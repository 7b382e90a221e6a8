//! Warnings about pods and pod templates.

use std::collections::BTreeMap;

use pintle_object_model::Quantity;
use pintle_object_model::api::core::v1::{
    Container, NodeSelectorTerm, PersistentVolumeClaimSpec, PodSpec, ResourceRequirements, Volume,
};
use pintle_object_model::api::meta::v1::ObjectMeta;

/// Labels of nodes that have newer names.
pub(super) fn deprecated_label(label: &str) -> Option<&'static str> {
    Some(match label {
        "beta.kubernetes.io/arch" => "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        "beta.kubernetes.io/os" => "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        "failure-domain.beta.kubernetes.io/region" => {
            "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"
        }
        "failure-domain.beta.kubernetes.io/zone" => {
            "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"
        }
        "beta.kubernetes.io/instance-type" => {
            "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"
        }
        _ => return None,
    })
}

/// Where annotations of containers ask for AppArmor profiles.
pub(in crate::strategy) const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// Annotations that no longer do anything.
const DEAD_ANNOTATIONS: [(&str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
];

/// The members `path` has below it; an empty path is the object itself.
fn below(path: &str, member: &str) -> String {
    if path.is_empty() { member.to_owned() } else { format!("{path}.{member}") }
}

/// All that is worth warning of in a pod, or in a template at `path`.
pub(super) fn about(path: &str, metadata: &ObjectMeta, spec: &PodSpec, warnings: &mut Vec<String>) {
    let at = below(path, "spec");
    about_placement(&at, spec, warnings);
    about_annotations(&below(path, "metadata.annotations"), metadata, spec, warnings);
    for (index, volume) in spec.volumes.iter().enumerate() {
        about_volume(&format!("{at}.volumes[{index}]"), volume, warnings);
    }
    for (index, alias) in spec.host_aliases.iter().enumerate() {
        if spec.host_aliases[..index].iter().any(|before| before.ip == alias.ip) {
            warnings.push(format!("{at}.hostAliases[{index}].ip: duplicate ip {:?}", alias.ip));
        }
    }
    for (index, secret) in spec.image_pull_secrets.iter().enumerate() {
        let path = format!("{at}.imagePullSecrets[{index}].name");
        if secret.name.is_empty() {
            warnings.push(format!("{path}: invalid empty name {:?}", secret.name));
        } else if spec.image_pull_secrets[..index].iter().any(|before| before.name == secret.name) {
            warnings.push(format!("{path}: duplicate name {:?}", secret.name));
        }
    }
    fractions(&format!("{at}.overhead"), &spec.overhead, &["memory", "ephemeral-storage"], warnings);
    for (name, containers) in [("initContainers", &spec.init_containers), ("containers", &spec.containers)] {
        for (index, container) in containers.iter().enumerate() {
            about_container(&format!("{at}.{name}[{index}]"), container, warnings);
        }
    }
}

/// What a template says that its pods will be made without.
pub(super) fn about_template(path: &str, spec: &PodSpec, warnings: &mut Vec<String>) {
    if spec.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0) {
        warnings.push(format!(
            "{path}.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
        ));
    }
}

fn about_placement(at: &str, spec: &PodSpec, warnings: &mut Vec<String>) {
    for label in spec.node_selector.keys() {
        if let Some(why) = deprecated_label(label) {
            warnings.push(format!("{at}.nodeSelector[{label}]: {why}"));
        }
    }
    if let Some(affinity) = spec.affinity.as_deref().and_then(|affinity| affinity.node_affinity.as_deref()) {
        let path = format!("{at}.affinity.nodeAffinity");
        if let Some(required) = affinity.required_during_scheduling_ignored_during_execution.as_deref() {
            let path = format!("{path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
            for (index, term) in required.node_selector_terms.iter().enumerate() {
                about_term(&format!("{path}[{index}]"), term, warnings);
            }
        }
        for (index, term) in affinity.preferred_during_scheduling_ignored_during_execution.iter().enumerate() {
            let path = format!("{path}.preferredDuringSchedulingIgnoredDuringExecution[{index}].preference");
            about_term(&path, &term.preference, warnings);
        }
    }
    for (index, spread) in spec.topology_spread_constraints.iter().enumerate() {
        let path = format!("{at}.topologySpreadConstraints[{index}]");
        if let Some(why) = deprecated_label(&spread.topology_key) {
            warnings.push(format!("{path}.topologyKey: {} is {why}", spread.topology_key));
        }
        if spread.label_selector.is_none() {
            warnings.push(format!("{path}.labelSelector: a null labelSelector results in matching no pod"));
        }
    }
}

fn about_term(path: &str, term: &NodeSelectorTerm, warnings: &mut Vec<String>) {
    for (index, expression) in term.match_expressions.iter().enumerate() {
        if let Some(why) = deprecated_label(&expression.key) {
            warnings.push(format!("{path}.matchExpressions[{index}].key: {} is {why}", expression.key));
        }
    }
}

fn about_annotations(path: &str, metadata: &ObjectMeta, spec: &PodSpec, warnings: &mut Vec<String>) {
    let has = |key: &str| metadata.annotations.contains_key(key);
    for (key, why) in DEAD_ANNOTATIONS.iter().filter(|(key, _)| has(key)) {
        warnings.push(format!("{path}[{key}]: {why}"));
    }
    let seccomp = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    let profiled = spec.security_context.as_deref().is_some_and(|context| context.seccomp_profile.is_some());
    if has(SECCOMP_POD) && !profiled {
        warnings.push(format!("{path}[{SECCOMP_POD}]: {seccomp}"));
    }
    for container in spec.init_containers.iter().chain(&spec.containers) {
        let context = container.security_context.as_deref();
        let key = format!("{SECCOMP_CONTAINER}{}", container.name);
        if has(&key) && context.is_none_or(|context| context.seccomp_profile.is_none()) {
            warnings.push(format!("{path}[{key}]: {seccomp}"));
        }
        let key = format!("{APP_ARMOR}{}", container.name);
        if has(&key) {
            warnings.push(format!("{path}[{key}]: deprecated since v1.30; use the \"appArmorProfile\" field instead"));
        }
    }
}

fn about_volume(at: &str, volume: &Volume, warnings: &mut Vec<String>) {
    let source = volume;
    let old = [
        (
            "photonPersistentDisk",
            source.photon_persistent_disk.is_some(),
            "deprecated in v1.11, non-functional in v1.16+",
        ),
        ("gitRepo", source.git_repo.is_some(), "deprecated in v1.11, and disabled by default in v1.33+"),
        ("scaleIO", source.scale_io.is_some(), "deprecated in v1.16, non-functional in v1.22+"),
        ("flocker", source.flocker.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("storageOS", source.storageos.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("quobyte", source.quobyte.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("glusterfs", source.glusterfs.is_some(), "deprecated in v1.25, non-functional in v1.26+"),
        ("cephfs", source.cephfs.is_some(), "deprecated in v1.28, non-functional in v1.31+"),
        ("rbd", source.rbd.is_some(), "deprecated in v1.28, non-functional in v1.31+"),
    ];
    warnings.extend(old.iter().filter(|(_, used, _)| *used).map(|(name, _, why)| format!("{at}.{name}: {why}")));
    let template = source.ephemeral.as_deref().and_then(|ephemeral| ephemeral.volume_claim_template.as_deref());
    if let Some(template) = template {
        about_claim(&format!("{at}.ephemeral.volumeClaimTemplate.spec"), &template.spec, warnings);
    }
}

/// About a claim at `path`.
pub(super) fn about_claim(path: &str, spec: &PersistentVolumeClaimSpec, warnings: &mut Vec<String>) {
    for (name, amounts) in [("requests", &spec.resources.requests), ("limits", &spec.resources.limits)] {
        fractions(&format!("{path}.resources.{name}"), amounts, &["storage"], warnings);
    }
}

/// Is it a number of bytes that is not whole?
pub(super) fn is_fractional(amount: &Quantity) -> bool {
    amount.millis() % 1000 != 0
}

fn fractions(path: &str, amounts: &BTreeMap<String, Quantity>, names: &[&str], warnings: &mut Vec<String>) {
    for name in names {
        if let Some(amount) = amounts.get(*name).filter(|amount| is_fractional(amount)) {
            let shown = amount.to_string();
            warnings.push(format!("{path}[{name}]: fractional byte value {shown:?} is invalid, must be an integer"));
        }
    }
}

fn about_container(at: &str, container: &Container, warnings: &mut Vec<String>) {
    let ResourceRequirements { limits, requests, .. } = &container.resources;
    for (name, amounts) in [("limits", limits), ("requests", requests)] {
        fractions(&format!("{at}.resources.{name}"), amounts, &["memory", "ephemeral-storage"], warnings);
    }
    for (index, variable) in container.env.iter().enumerate() {
        if container.env[..index].iter().any(|before| before.name == variable.name) {
            warnings.push(format!(
                "{at}.env[{index}]: hides previous definition of {:?}, which may be dropped when using apply",
                variable.name
            ));
        }
    }
    for (index, port) in container.ports.iter().enumerate() {
        let same = |before: usize| {
            let before = &container.ports[before];
            before.container_port == port.container_port && before.protocol == port.protocol
        };
        if let Some(before) = (0..index).find(|before| same(*before)) {
            let alike = &container.ports[before];
            let word = if alike.host_port == port.host_port && alike.host_ip == port.host_ip {
                "duplicate"
            } else if alike.host_port == 0 || port.host_port == 0 {
                "overlapping"
            } else {
                continue;
            };
            warnings.push(format!("{at}.ports[{index}]: {word} port definition with {at}.ports[{before}]"));
        }
    }
}

#[cfg(test)]
mod tests {
    use pintle_object_model::api::core::v1::Pod;

    use super::*;

    #[test]
    fn what_will_not_work_is_told() {
        let text = br#"{"metadata": {"annotations": {"seccomp.security.alpha.kubernetes.io/pod": "runtime/default"}},
            "spec": {"nodeSelector": {"beta.kubernetes.io/os": "linux"}, "imagePullSecrets": [{"name": ""}],
            "containers": [{"name": "c", "env": [{"name": "A"}, {"name": "A"}],
                "ports": [{"containerPort": 80}, {"containerPort": 80}],
                "resources": {"limits": {"memory": "200m"}}}],
            "volumes": [{"name": "v", "gitRepo": {"repository": "x"}}]}}"#;
        let mut pod = Pod::default();
        pintle_object_model::json::decode(text, &mut pod, &Default::default()).unwrap();
        let mut warnings = vec![];
        about("", &pod.metadata, &pod.spec, &mut warnings);
        assert_eq!(
            warnings,
            [
                "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
                "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the \
                 \"seccompProfile\" field instead",
                "spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+",
                "spec.imagePullSecrets[0].name: invalid empty name \"\"",
                "spec.containers[0].resources.limits[memory]: fractional byte value \"200m\" is invalid, must be an integer",
                "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply",
                "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
            ]
        );
    }
}
