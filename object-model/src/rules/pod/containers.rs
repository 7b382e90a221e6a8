//! Containers of all three lists: those that run, those before them, those added to look inside.

use std::collections::BTreeSet;

use super::environment::{validate_env, validate_env_from};
use super::mounts::{validate_devices, validate_mounts};
use super::probes::{validate_lifecycle, validate_probes};
use super::resources::{validate_resize_policies, validate_resources};
use super::security::validate_security;
use super::{Context, PULL_POLICIES};
use crate::api::core::v1::{Container, ContainerPort, ContainerRestartRule, EphemeralContainer, PodSpec};
use crate::names;
use crate::validation::{FieldErrors, Path};

const RESTART_RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;

pub(super) fn validate_containers(errors: &mut FieldErrors, spec: &PodSpec, context: &Context<'_>, path: &Path) {
    let at = path.child("containers");
    if spec.containers.is_empty() {
        errors.required(&at, "");
    }
    let mut seen = BTreeSet::new();
    for (index, container) in spec.containers.iter().enumerate() {
        let at = at.index(index);
        validate_common(errors, container, context, &at);
        if !seen.insert(container.name.as_str()) {
            errors.duplicate(&at.child("name"), &container.name);
        }
        validate_long_running(errors, container, context, &at);
        validate_restart_rules(errors, container, &at);
    }
    validate_host_ports(errors, &spec.containers, &at);

    let at = path.child("initContainers");
    for (index, container) in spec.init_containers.iter().enumerate() {
        let at = at.index(index);
        validate_common(errors, container, context, &at);
        if !container.name.is_empty() && !seen.insert(container.name.as_str()) {
            errors.duplicate(&at.child("name"), &container.name);
        }
        // They run one by one, so that each has the ports for itself.
        validate_host_ports(errors, std::slice::from_ref(container), &path.child("initContainers"));
        validate_restart_rules(errors, container, &at);
        if container.restart_policy.as_deref() == Some("Always") {
            validate_long_running(errors, container, context, &at);
            continue;
        }
        for (name, given) in [
            ("lifecycle", container.lifecycle.is_some()),
            ("livenessProbe", container.liveness_probe.is_some()),
            ("readinessProbe", container.readiness_probe.is_some()),
            ("startupProbe", container.startup_probe.is_some()),
        ] {
            if given {
                let problem = "may not be set for init containers without restartPolicy=Always";
                errors.forbidden(&at.child(name), problem);
            }
        }
        if !container.resize_policy.is_empty() {
            errors.invalid(
                &at.child("resizePolicy"),
                &super::internal::GoValue::of_list(&container.resize_policy),
                "must not be set for init containers",
            );
        }
    }
}

/// Hooks and probes of a container that is there to stay.
fn validate_long_running(errors: &mut FieldErrors, container: &Container, context: &Context<'_>, path: &Path) {
    if let Some(lifecycle) = container.lifecycle.as_deref() {
        validate_lifecycle(errors, lifecycle, context, &path.child("lifecycle"));
    }
    let probes = [&container.liveness_probe, &container.readiness_probe, &container.startup_probe];
    validate_probes(errors, probes.map(Option::as_deref), context, path);
}

/// What holds for every container.
fn validate_common(errors: &mut FieldErrors, container: &Container, context: &Context<'_>, path: &Path) {
    if errors.present(&path.child("name"), &container.name) {
        errors.invalid_each(&path.child("name"), &container.name, names::dns_label(&container.name));
    }
    errors.present(&path.child("image"), &container.image);
    let policy = container.termination_message_policy.as_str();
    errors.required_one_of(&path.child("terminationMessagePolicy"), policy, &["File", "FallbackToLogsOnError"]);
    validate_ports(errors, &container.ports, &path.child("ports"));
    validate_env(errors, &container.env, &path.child("env"));
    validate_env_from(errors, &container.env_from, &path.child("envFrom"));
    let security = container.security_context.as_deref();
    let privileged = security.is_some_and(|security| security.privileged == Some(true));
    let (mounts, devices) = (&container.volume_mounts, &container.volume_devices);
    validate_mounts(errors, mounts, devices, &context.volumes, privileged, &path.child("volumeMounts"));
    validate_devices(errors, devices, mounts, &context.volumes, &path.child("volumeDevices"));
    errors.required_one_of(&path.child("imagePullPolicy"), &container.image_pull_policy, &PULL_POLICIES);
    validate_resources(errors, &container.resources, &context.claims, &path.child("resources"));
    let resize = path.child("resizePolicy");
    validate_resize_policies(errors, &container.resize_policy, context.restart, &resize);
    if let Some(security) = security {
        validate_security(errors, security, context.host_users, &path.child("securityContext"));
    }
}

fn validate_ports(errors: &mut FieldErrors, ports: &[ContainerPort], path: &Path) {
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let at = path.index(index);
        if !port.name.is_empty() {
            let problems = names::port_name(&port.name);
            if problems.is_empty() && !seen.insert(port.name.as_str()) {
                errors.duplicate(&at.child("name"), &port.name);
            }
            errors.invalid_each(&at.child("name"), &port.name, problems);
        }
        if port.container_port == 0 {
            errors.required(&at.child("containerPort"), "");
        } else {
            let problems = names::port_number(port.container_port);
            errors.invalid_each(&at.child("containerPort"), port.container_port, problems);
        }
        if port.host_port != 0 {
            errors.invalid_each(&at.child("hostPort"), port.host_port, names::port_number(port.host_port));
        }
        errors.required_one_of(&at.child("protocol"), &port.protocol, &["SCTP", "TCP", "UDP"]);
    }
}

/// No two ports may ask for the same one of the node.
fn validate_host_ports(errors: &mut FieldErrors, containers: &[Container], path: &Path) {
    let mut seen = BTreeSet::new();
    for (index, container) in containers.iter().enumerate() {
        for (number, port) in container.ports.iter().enumerate().filter(|(_, port)| port.host_port != 0) {
            if !seen.insert((port.host_port, &port.host_ip, &port.protocol)) {
                let at = path.index(index).child("ports").index(number).child("hostPort");
                let value = format!("{}/{}/{}", port.protocol, port.host_ip, port.host_port);
                errors.duplicate(&at, &value);
            }
        }
    }
}

fn validate_restart_rules(errors: &mut FieldErrors, container: &Container, path: &Path) {
    let at = path.child("restartPolicy");
    match container.restart_policy.as_deref() {
        Some(policy) => errors.one_of(&at, policy, &["Always", "Never", "OnFailure"]),
        None if !container.restart_policy_rules.is_empty() => {
            errors.required(&at, "must specify restartPolicy when restart rules are used");
        }
        None => {}
    }
    let at = path.child("restartPolicyRules");
    if container.restart_policy_rules.len() > RESTART_RULES_MAX {
        errors.too_many(&at, container.restart_policy_rules.len(), RESTART_RULES_MAX);
    }
    for (index, rule) in container.restart_policy_rules.iter().enumerate() {
        validate_restart_rule(errors, rule, &at.index(index));
    }
}

fn validate_restart_rule(errors: &mut FieldErrors, rule: &ContainerRestartRule, path: &Path) {
    errors.required_one_of(&path.child("action"), &rule.action, &["Restart", "RestartAllContainers"]);
    let at = path.child("exitCodes");
    let Some(codes) = rule.exit_codes.as_deref() else {
        errors.required(&at, "must be specified");
        return;
    };
    errors.required_one_of(&at.child("operator"), &codes.operator, &["In", "NotIn"]);
    let values = at.child("values");
    match codes.values.len() {
        0 => errors.required(&values, "must have at least one value"),
        1..=EXIT_CODES_MAX => {}
        many => errors.too_many(&values, many, EXIT_CODES_MAX),
    }
    let mut seen = BTreeSet::new();
    for (index, code) in codes.values.iter().enumerate().filter(|(_, code)| !seen.insert(**code)) {
        errors.duplicate(&values.index(index), *code);
    }
}

/// What a container to look inside may have; of the rest the API says what is refused.
const EPHEMERAL_FIELDS: [&str; 16] = [
    "name",
    "image",
    "command",
    "args",
    "workingDir",
    "env",
    "envFrom",
    "volumeMounts",
    "volumeDevices",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "imagePullPolicy",
    "securityContext",
    "stdin",
    "stdinOnce",
    "tty",
];

/// An ephemeral container as an ordinary one, which it is but for one field.
fn as_container(container: &EphemeralContainer) -> Container {
    use crate::reflect::Struct;
    let mut plain = Container::default();
    for index in 0..plain.schema().fields.len() {
        let name = plain.schema().fields[index].name.clone();
        if let Some((from, _)) = container.schema().find(&name) {
            plain.field_mut(index).assign(container.field(from));
        }
    }
    plain
}

pub(super) fn validate_ephemeral(errors: &mut FieldErrors, spec: &PodSpec, context: &Context<'_>, path: &Path) {
    let others = spec.containers.iter().chain(&spec.init_containers);
    let mut seen: BTreeSet<&str> = others.map(|container| container.name.as_str()).collect();
    let targets: BTreeSet<&str> = spec.containers.iter().map(|container| container.name.as_str()).collect();
    for (index, container) in spec.ephemeral_containers.iter().enumerate() {
        let at = path.child("ephemeralContainers").index(index);
        let plain = as_container(container);
        validate_common(errors, &plain, context, &at);
        if !container.name.is_empty() && !seen.insert(&container.name) {
            errors.duplicate(&at.child("name"), &container.name);
        }
        let target = container.target_container_name.as_str();
        if !target.is_empty() && !targets.contains(target) {
            errors.not_found(&at.child("targetContainerName"), target);
        }
        let given = crate::json_value(&plain);
        for (name, value) in given.as_object().into_iter().flatten() {
            let empty = value.as_object().is_some_and(serde_json::Map::is_empty);
            if !empty && !EPHEMERAL_FIELDS.contains(&name.as_str()) {
                errors.forbidden(&at.child(name), "cannot be set for an Ephemeral Container");
            }
        }
        for (number, mount) in container.volume_mounts.iter().enumerate() {
            let at = at.child("volumeMounts").index(number);
            for (name, value) in [("subPath", &mount.sub_path), ("subPathExpr", &mount.sub_path_expr)] {
                if !value.is_empty() {
                    errors.forbidden(&at.child(name), "cannot be set for an Ephemeral Container");
                }
            }
        }
    }
}
