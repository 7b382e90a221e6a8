//! Validation of pods and pod templates.

use std::collections::BTreeSet;

use crate::api::core::v1::{Container, ContainerPort, EnvVar, Pod, PodSpec, Probe, ResourceRequirements};
use crate::validation::{FieldErrors, Path};
use crate::{Rules, names};

pub(crate) use super::pod_defaults::default_spec;
use super::pod_defaults::{port_problem, sources};

impl Rules for Pod {
    fn set_defaults(&mut self) {
        default_spec(&mut self.spec);
        // Only pods have this one; templates stay as they were written.
        self.spec.enable_service_links.get_or_insert(true);
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        validate_spec(&mut errors, &self.spec, &Path::new("spec"));
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        if self.spec.containers.len() != old.spec.containers.len() {
            errors.forbidden(&path.child("containers"), "pod updates may not add or remove containers");
            return errors;
        }
        // What may change is put back; anything that still differs may not.
        let mut rest = self.spec.clone();
        for (container, before) in rest.containers.iter_mut().zip(&old.spec.containers) {
            if container.image.is_empty() {
                errors.required(&path.child("containers").child("image"), "");
            }
            container.image.clone_from(&before.image);
        }
        for (container, before) in rest.init_containers.iter_mut().zip(&old.spec.init_containers) {
            container.image.clone_from(&before.image);
        }
        rest.active_deadline_seconds = old.spec.active_deadline_seconds;
        rest.termination_grace_period_seconds = old.spec.termination_grace_period_seconds;
        let added_only = old.spec.tolerations.iter().all(|toleration| self.spec.tolerations.contains(toleration));
        if added_only {
            rest.tolerations.clone_from(&old.spec.tolerations);
        }
        let gates_removed = self.spec.scheduling_gates.iter().all(|gate| old.spec.scheduling_gates.contains(gate));
        if gates_removed {
            rest.scheduling_gates.clone_from(&old.spec.scheduling_gates);
        }
        if rest != old.spec {
            errors.forbidden(
                &path,
                "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
                 `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
                 `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
            );
        }
        errors.extend(self.validate());
        errors
    }

    fn validate_status_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.spec.node_name != old.spec.node_name {
            errors.forbidden(&Path::new("status").child("nodeName"), "may not be changed directly");
        }
        errors
    }
}

const RESTART: [&str; 3] = ["Always", "OnFailure", "Never"];
const DNS: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

/// Everything that is wrong with a pod spec.
pub(crate) fn validate_spec(errors: &mut FieldErrors, spec: &PodSpec, path: &Path) {
    let volumes = validate_volumes(errors, spec, path);
    let at = path.child("containers");
    if spec.containers.is_empty() {
        errors.required(&at, "");
    }
    let mut seen = BTreeSet::new();
    for (index, container) in spec.containers.iter().enumerate() {
        validate_container(errors, container, &at.index(index), &volumes, &mut seen);
    }
    let at = path.child("initContainers");
    for (index, container) in spec.init_containers.iter().enumerate() {
        validate_container(errors, container, &at.index(index), &volumes, &mut seen);
        let sidecar = container.restart_policy.as_deref() == Some("Always");
        let probes = [
            ("livenessProbe", &container.liveness_probe),
            ("readinessProbe", &container.readiness_probe),
            ("startupProbe", &container.startup_probe),
        ];
        for (name, probe) in probes {
            if probe.is_some() && !sidecar {
                errors.forbidden(
                    &at.index(index).child(name),
                    "may not be set for init containers without restartPolicy=Always",
                );
            }
        }
    }
    if !RESTART.contains(&spec.restart_policy.as_str()) {
        errors.not_supported(&path.child("restartPolicy"), &spec.restart_policy, &["Always", "Never", "OnFailure"]);
    }
    if !DNS.contains(&spec.dns_policy.as_str()) {
        errors.not_supported(
            &path.child("dnsPolicy"),
            &spec.dns_policy,
            &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
        );
    }
    if let Some(seconds) = spec.active_deadline_seconds
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        errors.invalid(&path.child("activeDeadlineSeconds"), seconds, "must be between 1 and 2147483647, inclusive");
    }
    if let Some(seconds) = spec.termination_grace_period_seconds
        && seconds < 0
    {
        errors.invalid(&path.child("terminationGracePeriodSeconds"), seconds, "must be greater than or equal to 0");
    }
    for (name, value) in [("nodeName", &spec.node_name), ("serviceAccountName", &spec.service_account_name)] {
        if !value.is_empty() {
            for problem in names::dns_subdomain(value) {
                errors.invalid(&path.child(name), value, problem);
            }
        }
    }
    for (name, value) in [("hostname", &spec.hostname), ("subdomain", &spec.subdomain)] {
        if !value.is_empty() {
            for problem in names::dns_label(value) {
                errors.invalid(&path.child(name), value, problem);
            }
        }
    }
    crate::validation::validate_labels(&spec.node_selector, &path.child("nodeSelector"), errors);
    validate_tolerations(errors, spec, &path.child("tolerations"));
    validate_host_ports(errors, spec, path);
}

fn validate_tolerations(errors: &mut FieldErrors, spec: &PodSpec, path: &Path) {
    for (index, toleration) in spec.tolerations.iter().enumerate() {
        let at = path.index(index);
        if !toleration.key.is_empty() {
            for problem in names::qualified_name(&toleration.key) {
                errors.invalid(&at.child("key"), &toleration.key, problem);
            }
        } else if toleration.operator != "Exists" {
            errors.invalid(
                &at.child("operator"),
                &toleration.operator,
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
            );
        }
        if toleration.toleration_seconds.is_some() && toleration.effect != "NoExecute" {
            errors.invalid(
                &at.child("effect"),
                &toleration.effect,
                "effect must be 'NoExecute' when `tolerationSeconds` is set",
            );
        }
        match toleration.operator.as_str() {
            "" | "Equal" => {
                for problem in names::label_value(&toleration.value) {
                    errors.invalid(&at.child("operator"), &toleration.value, problem);
                }
            }
            "Exists" if !toleration.value.is_empty() => {
                errors.invalid(
                    &at.child("operator"),
                    &toleration.value,
                    "value must be empty when `operator` is 'Exists'",
                );
            }
            "Exists" => {}
            other => errors.not_supported(&at.child("operator"), other, &["Equal", "Exists"]),
        }
        if !["", "NoSchedule", "PreferNoSchedule", "NoExecute"].contains(&toleration.effect.as_str()) {
            errors.not_supported(
                &at.child("effect"),
                &toleration.effect,
                &["NoSchedule", "PreferNoSchedule", "NoExecute"],
            );
        }
    }
}

/// The names of the volumes.
fn validate_volumes<'a>(errors: &mut FieldErrors, spec: &'a PodSpec, path: &Path) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    for (index, volume) in spec.volumes.iter().enumerate() {
        let at = path.child("volumes").index(index);
        match sources(volume) {
            0 => errors.required(&at, "must specify a volume type"),
            1 => {}
            _ => errors.forbidden(&at, "may not specify more than 1 volume type"),
        }
        if volume.name.is_empty() {
            errors.required(&at.child("name"), "");
        } else {
            for problem in names::dns_label(&volume.name) {
                errors.invalid(&at.child("name"), &volume.name, problem);
            }
        }
        if !found.insert(volume.name.as_str()) {
            errors.duplicate(&at.child("name"), &volume.name);
        }
        if let Some(source) = &volume.host_path
            && source.path.is_empty()
        {
            errors.required(&at.child("hostPath").child("path"), "");
        }
        if let Some(source) = &volume.secret
            && source.secret_name.is_empty()
        {
            errors.required(&at.child("secret").child("secretName"), "");
        }
        if let Some(source) = &volume.config_map
            && source.name.is_empty()
        {
            errors.required(&at.child("configMap").child("name"), "");
        }
    }
    found
}

fn validate_container<'a>(
    errors: &mut FieldErrors,
    container: &'a Container,
    path: &Path,
    volumes: &BTreeSet<&str>,
    seen: &mut BTreeSet<&'a str>,
) {
    if container.name.is_empty() {
        errors.required(&path.child("name"), "");
    } else {
        for problem in names::dns_label(&container.name) {
            errors.invalid(&path.child("name"), &container.name, problem);
        }
        if !seen.insert(container.name.as_str()) {
            errors.duplicate(&path.child("name"), &container.name);
        }
    }
    if container.image.is_empty() {
        errors.required(&path.child("image"), "");
    } else if container.image.trim() != container.image {
        errors.invalid(&path.child("image"), &container.image, "must not have leading or trailing whitespace");
    }
    if !["Always", "IfNotPresent", "Never"].contains(&container.image_pull_policy.as_str()) {
        if container.image_pull_policy.is_empty() {
            errors.required(&path.child("imagePullPolicy"), "");
        } else {
            errors.not_supported(
                &path.child("imagePullPolicy"),
                &container.image_pull_policy,
                &["Always", "IfNotPresent", "Never"],
            );
        }
    }
    if !["File", "FallbackToLogsOnError"].contains(&container.termination_message_policy.as_str()) {
        errors.not_supported(
            &path.child("terminationMessagePolicy"),
            &container.termination_message_policy,
            &["FallbackToLogsOnError", "File"],
        );
    }
    validate_ports(errors, &container.ports, &path.child("ports"));
    for (index, variable) in container.env.iter().enumerate() {
        validate_env(errors, variable, &path.child("env").index(index));
    }
    let mut mount_paths = BTreeSet::new();
    for (index, mount) in container.volume_mounts.iter().enumerate() {
        let at = path.child("volumeMounts").index(index);
        if mount.name.is_empty() {
            errors.required(&at.child("name"), "");
        } else if !volumes.contains(mount.name.as_str()) {
            errors.not_found(&at.child("name"), &mount.name);
        }
        if mount.mount_path.is_empty() {
            errors.required(&at.child("mountPath"), "");
        } else if !mount_paths.insert(mount.mount_path.as_str()) {
            errors.invalid(&at.child("mountPath"), &mount.mount_path, "must be unique");
        }
        if mount.sub_path.starts_with('/') {
            errors.invalid(&at.child("subPath"), &mount.sub_path, "must be a relative path");
        }
        if mount.sub_path.split('/').any(|part| part == "..") {
            errors.invalid(&at.child("subPath"), &mount.sub_path, "must not contain '..'");
        }
    }
    for (name, probe) in [
        ("livenessProbe", &container.liveness_probe),
        ("readinessProbe", &container.readiness_probe),
        ("startupProbe", &container.startup_probe),
    ] {
        if let Some(probe) = probe {
            let at = path.child(name);
            validate_probe(errors, probe, &at);
            if name != "readinessProbe" && probe.success_threshold != 1 {
                errors.invalid(&at.child("successThreshold"), probe.success_threshold, "must be 1");
            }
        }
    }
    validate_resources(errors, &container.resources, &path.child("resources"));
}

fn validate_ports(errors: &mut FieldErrors, ports: &[ContainerPort], path: &Path) {
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let at = path.index(index);
        if !port.name.is_empty() {
            for problem in names::port_name(&port.name) {
                errors.invalid(&at.child("name"), &port.name, problem);
            }
            if !seen.insert(port.name.as_str()) {
                errors.duplicate(&at.child("name"), &port.name);
            }
        }
        if port.container_port == 0 {
            errors.required(&at.child("containerPort"), "");
        } else {
            for problem in names::port_number(port.container_port) {
                errors.invalid(&at.child("containerPort"), port.container_port, problem);
            }
        }
        if port.host_port != 0 {
            for problem in names::port_number(port.host_port) {
                errors.invalid(&at.child("hostPort"), port.host_port, problem);
            }
        }
        if !["TCP", "UDP", "SCTP"].contains(&port.protocol.as_str()) {
            errors.not_supported(&at.child("protocol"), &port.protocol, &["SCTP", "TCP", "UDP"]);
        }
    }
}

fn validate_env(errors: &mut FieldErrors, variable: &EnvVar, path: &Path) {
    if variable.name.is_empty() {
        errors.required(&path.child("name"), "");
    } else {
        for problem in names::env_var(&variable.name) {
            errors.invalid(&path.child("name"), &variable.name, problem);
        }
    }
    let Some(source) = &variable.value_from else { return };
    let at = path.child("valueFrom");
    let given = [
        source.field_ref.is_some(),
        source.resource_field_ref.is_some(),
        source.config_map_key_ref.is_some(),
        source.secret_key_ref.is_some(),
    ];
    match given.iter().filter(|given| **given).count() {
        0 => errors.invalid(
            &at,
            "",
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
        ),
        1 if !variable.value.is_empty() => errors.invalid(&at, "", "may not be specified when `value` is not empty"),
        1 => {}
        _ => errors.invalid(&at, "", "may not have more than one field specified at a time"),
    }
}

fn validate_probe(errors: &mut FieldErrors, probe: &Probe, path: &Path) {
    let numbers = [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ];
    let handlers = usize::from(probe.exec.is_some())
        + usize::from(probe.http_get.is_some())
        + usize::from(probe.tcp_socket.is_some())
        + usize::from(probe.grpc.is_some());
    match handlers {
        0 => errors.required(path, "must specify a handler type"),
        1 => {}
        _ => errors.forbidden(path, "may not specify more than 1 handler type"),
    }
    if let Some(exec) = &probe.exec
        && exec.command.is_empty()
    {
        errors.required(&path.child("exec").child("command"), "");
    }
    if let Some(http) = &probe.http_get {
        let at = path.child("httpGet");
        for problem in port_problem(&http.port) {
            errors.invalid(&at.child("port"), &http.port, problem);
        }
        if !["HTTP", "HTTPS"].contains(&http.scheme.as_str()) {
            errors.not_supported(&at.child("scheme"), &http.scheme, &["HTTP", "HTTPS"]);
        }
    }
    if let Some(tcp) = &probe.tcp_socket {
        for problem in port_problem(&tcp.port) {
            errors.invalid(&path.child("tcpSocket").child("port"), &tcp.port, problem);
        }
    }
    for (name, value) in numbers {
        if value < 0 {
            errors.invalid(&path.child(name), value, "must be greater than or equal to 0");
        }
    }
}

fn validate_resources(errors: &mut FieldErrors, resources: &ResourceRequirements, path: &Path) {
    let lists = [("limits", &resources.limits), ("requests", &resources.requests)];
    for (list, quantities) in lists {
        for (name, quantity) in quantities {
            let at = path.child(list).key(name);
            for problem in names::qualified_name(name) {
                errors.invalid(&at, name, problem);
            }
            if quantity.is_negative() {
                errors.invalid(&at, quantity, "must be greater than or equal to 0");
            }
        }
    }
    for (name, request) in &resources.requests {
        if let Some(limit) = resources.limits.get(name)
            && request > limit
        {
            errors.invalid(
                &path.child("requests"),
                request,
                format!("must be less than or equal to {name} limit of {limit}"),
            );
        }
    }
}

fn validate_host_ports(errors: &mut FieldErrors, spec: &PodSpec, path: &Path) {
    let mut seen = BTreeSet::new();
    for (index, container) in spec.containers.iter().enumerate() {
        for (number, port) in container.ports.iter().enumerate().filter(|(_, port)| port.host_port != 0) {
            let at = path.child("containers").index(index).child("ports").index(number);
            if spec.host_network && port.host_port != port.container_port {
                errors.invalid(
                    &at.child("hostPort"),
                    port.host_port,
                    "must match `containerPort` when `hostNetwork` is true",
                );
            }
            if !seen.insert((port.host_port, &port.host_ip, &port.protocol)) {
                let value = format!("{}/{}/{}", port.protocol, port.host_ip, port.host_port);
                errors.duplicate(&at.child("hostPort"), &value);
            }
        }
    }
}
