//! What is allowed in pods and templates, but most likely not meant, or about to go.
//!
//! In: what was found to be valid. Out: warnings, which clients show and which change nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::Quantity;
use crate::api::core::v1::{Container, PodSpec, Volume};
use crate::api::meta::v1::ObjectMeta;
use crate::names;
use crate::validation::Path;

/// Labels of nodes that have new names.
const NODE_LABELS: [(&str, &str); 5] = [
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    ("failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"),
    ("beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"),
];

/// Annotations that became fields, by the start of their keys.
const ANNOTATIONS: [(&str, &str); 6] = [
    (
        "container.apparmor.security.beta.kubernetes.io/",
        "deprecated since v1.30; use the \"appArmorProfile\" field instead",
    ),
    (
        "container.seccomp.security.alpha.kubernetes.io/",
        "non-functional in v1.27+; use the \"seccompProfile\" field instead",
    ),
    ("seccomp.security.alpha.kubernetes.io/pod", "non-functional in v1.27+; use the \"seccompProfile\" field instead"),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
];

fn node_label(key: &str) -> Option<&'static str> {
    NODE_LABELS.iter().find(|(old, _)| *old == key).map(|(_, what)| *what)
}

/// A name from which host names are made should be one itself.
pub(in crate::rules) fn warn_name(warnings: &mut Vec<String>, name: &str, used_in: &str) {
    let problems = names::dns_label(name);
    if !problems.is_empty() {
        let problems = problems.join(" ");
        warnings.push(format!(
            "metadata.name: this is used in {used_in}, which can result in surprising behavior; \
             a DNS label is recommended: [{problems}]"
        ));
    }
}

/// `path` is that of the pod or template: empty for a pod.
pub(in crate::rules) fn warn(warnings: &mut Vec<String>, metadata: &ObjectMeta, spec: &PodSpec, path: &Path) {
    let at = path.child("spec");
    for key in spec.node_selector.keys() {
        if let Some(what) = node_label(key) {
            warnings.push(format!("{}: {what}", at.child("nodeSelector").key(key)));
        }
    }
    warn_affinity(warnings, spec, &at.child("affinity").child("nodeAffinity"));
    for (index, constraint) in spec.topology_spread_constraints.iter().enumerate() {
        let at = at.child("topologySpreadConstraints").index(index);
        if let Some(what) = node_label(&constraint.topology_key) {
            warnings.push(format!("{}: {} is {what}", at.child("topologyKey"), constraint.topology_key));
        }
        if constraint.label_selector.is_none() {
            let at = at.child("labelSelector");
            warnings.push(format!("{at}: a null labelSelector results in matching no pod"));
        }
    }
    for key in metadata.annotations.keys() {
        if let Some((_, what)) = ANNOTATIONS.iter().find(|(start, _)| key.starts_with(start)) {
            warnings.push(format!("{}: {what}", path.child("metadata").child("annotations").key(key)));
        }
    }
    for (index, secret) in spec.image_pull_secrets.iter().enumerate() {
        if secret.name.is_empty() {
            let at = at.child("imagePullSecrets").index(index).child("name");
            warnings.push(format!("{at}: invalid empty name \"\""));
        }
    }
    if spec.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0) {
        let at = at.child("terminationGracePeriodSeconds");
        warnings.push(format!("{at}: must be >= 0; negative values are invalid and will be treated as 1"));
    }
    for (index, volume) in spec.volumes.iter().enumerate() {
        warn_volume(warnings, volume, &at.child("volumes").index(index));
    }
    for (list, containers) in [("initContainers", &spec.init_containers), ("containers", &spec.containers)] {
        for (index, container) in containers.iter().enumerate() {
            warn_container(warnings, container, &at.child(list).index(index));
        }
    }
    warn_ports(warnings, &spec.containers, &at.child("containers"));
    warn_amounts(warnings, &spec.overhead, &at.child("overhead"));
}

fn warn_affinity(warnings: &mut Vec<String>, spec: &PodSpec, path: &Path) {
    let Some(affinity) = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_deref()) else { return };
    let required = affinity.required_during_scheduling_ignored_during_execution.iter();
    let at = path.child("requiredDuringSchedulingIgnoredDuringExecution").child("nodeSelectorTerms");
    let required = required.flat_map(|selector| &selector.node_selector_terms);
    let required = required.enumerate().map(|(index, term)| (at.index(index), term));
    let at = path.child("preferredDuringSchedulingIgnoredDuringExecution");
    let preferred = affinity.preferred_during_scheduling_ignored_during_execution.iter().enumerate();
    let preferred = preferred.map(|(index, term)| (at.index(index).child("preference"), &term.preference));
    for (at, term) in required.chain(preferred) {
        for (index, expression) in term.match_expressions.iter().enumerate() {
            if let Some(what) = node_label(&expression.key) {
                let at = at.child("matchExpressions").index(index).child("key");
                warnings.push(format!("{at}: {} is {what}", expression.key));
            }
        }
    }
}

fn warn_volume(warnings: &mut Vec<String>, volume: &Volume, path: &Path) {
    let gone = [
        ("gitRepo", volume.git_repo.is_some(), "deprecated in v1.11, and disabled by default in v1.33+"),
        (
            "photonPersistentDisk",
            volume.photon_persistent_disk.is_some(),
            "deprecated in v1.11, non-functional in v1.16+",
        ),
        ("scaleIO", volume.scale_io.is_some(), "deprecated in v1.16, non-functional in v1.22+"),
        ("flocker", volume.flocker.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("storageos", volume.storageos.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("quobyte", volume.quobyte.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("glusterfs", volume.glusterfs.is_some(), "deprecated in v1.25, non-functional in v1.26+"),
        ("cephfs", volume.cephfs.is_some(), "deprecated in v1.28, non-functional in v1.31+"),
        ("rbd", volume.rbd.is_some(), "deprecated in v1.28, non-functional in v1.31+"),
    ];
    for (name, _, what) in gone.iter().filter(|(_, given, _)| *given) {
        warnings.push(format!("{}: {what}", path.child(name)));
    }
    if let Some(template) = volume.ephemeral.as_ref().and_then(|source| source.volume_claim_template.as_deref()) {
        let at = path.child("ephemeral").child("volumeClaimTemplate").child("spec").child("resources");
        warn_amounts(warnings, &template.spec.resources.limits, &at.child("limits"));
        warn_amounts(warnings, &template.spec.resources.requests, &at.child("requests"));
    }
}

fn warn_container(warnings: &mut Vec<String>, container: &Container, path: &Path) {
    let resources = path.child("resources");
    warn_amounts(warnings, &container.resources.limits, &resources.child("limits"));
    warn_amounts(warnings, &container.resources.requests, &resources.child("requests"));
    let mut seen = BTreeSet::new();
    for (index, variable) in container.env.iter().enumerate() {
        // A variable that refers to the one it hides is meant to.
        let refers = variable.value.contains(&format!("$({})", variable.name));
        if !seen.insert(variable.name.as_str()) && !refers {
            let at = path.child("env").index(index);
            let name = &variable.name;
            warnings
                .push(format!("{at}: hides previous definition of {name:?}, which may be dropped when using apply"));
        }
    }
}

/// Part of a byte is none.
fn warn_amounts(warnings: &mut Vec<String>, amounts: &BTreeMap<String, Quantity>, path: &Path) {
    for (name, amount) in amounts {
        if matches!(name.as_str(), "memory" | "ephemeral-storage" | "storage") && amount.millis() % 1000 != 0 {
            let at = path.key(name);
            let amount = amount.to_string();
            warnings.push(format!("{at}: fractional byte value {amount:?} is invalid, must be an integer"));
        }
    }
}

fn warn_ports(warnings: &mut Vec<String>, containers: &[Container], path: &Path) {
    let mut seen: BTreeMap<(i32, &str, i32, &str), Path> = BTreeMap::new();
    let mut by_name: BTreeMap<&str, (usize, Path)> = BTreeMap::new();
    for (index, container) in containers.iter().enumerate() {
        for (number, port) in container.ports.iter().enumerate() {
            let at = path.index(index).child("ports").index(number);
            if !port.name.is_empty() {
                match by_name.get(port.name.as_str()) {
                    Some((other, first)) if *other != index => warnings.push(format!(
                        "{at}: duplicate port name {:?} with {first}, services and probes that select ports by name will use {first}",
                        port.name
                    )),
                    Some(_) => {}
                    None => {
                        by_name.insert(&port.name, (index, at.clone()));
                    }
                }
            }
            let key = (port.container_port, port.protocol.as_str(), port.host_port, port.host_ip.as_str());
            match seen.get(&key) {
                Some(first) => warnings.push(format!("{at}: duplicate port definition with {first}")),
                None => {
                    seen.insert(key, at);
                }
            }
        }
    }
}
