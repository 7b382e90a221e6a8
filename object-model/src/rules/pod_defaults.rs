//! Defaults of pods and pod templates.
//!
//! Source: Kubernetes API reference, PodSpec and Container.

use std::collections::BTreeMap;

use crate::api::core::v1::{
    Container, ContainerPort, EnvVar, EphemeralContainer, HTTPGetAction, Lifecycle, ObjectFieldSelector, PodSpec,
    Probe, Volume,
};
use crate::{IntOrString, Quantity};

/// Fills in what the spec of a pod or a template leaves out.
pub(crate) fn default_spec(spec: &mut PodSpec) {
    text(&mut spec.restart_policy, "Always");
    text(&mut spec.dns_policy, "ClusterFirst");
    text(&mut spec.scheduler_name, "default-scheduler");
    spec.termination_grace_period_seconds.get_or_insert(30);
    if spec.security_context.is_none() {
        spec.security_context = Some(Box::default());
    }
    if !spec.service_account_name.is_empty() {
        spec.service_account.clone_from(&spec.service_account_name);
    } else if !spec.service_account.is_empty() {
        spec.service_account_name.clone_from(&spec.service_account);
    }
    for container in spec.init_containers.iter_mut().chain(&mut spec.containers) {
        default_container(container);
    }
    for container in &mut spec.ephemeral_containers {
        default_ephemeral(container);
    }
    for volume in &mut spec.volumes {
        default_volume(volume);
    }
    round_amounts(&mut spec.overhead);
    if let Some(resources) = &mut spec.resources {
        round_amounts(&mut resources.limits);
        round_amounts(&mut resources.requests);
    }
}

/// Amounts of resources are counted in thousandths.
pub(super) fn round_amounts(amounts: &mut BTreeMap<String, Quantity>) {
    amounts.values_mut().for_each(Quantity::round_up_to_millis);
}

/// What a pod has beyond a template: ports of the node, and requests where only limits are given.
pub(super) fn default_pod(spec: &mut PodSpec) {
    let host_network = spec.host_network;
    for container in spec.init_containers.iter_mut().chain(&mut spec.containers) {
        for (name, limit) in &container.resources.limits {
            container.resources.requests.entry(name.clone()).or_insert(*limit);
        }
        for port in container.ports.iter_mut().filter(|port| host_network && port.host_port == 0) {
            port.host_port = port.container_port;
        }
    }
    let Some(mut resources) = spec.resources.take() else { return };
    for (name, limit) in &resources.limits {
        let together = super::pod::requests_of(spec, name);
        let request = if together > Quantity::default() { together } else { *limit };
        resources.requests.entry(name.clone()).or_insert(request);
    }
    spec.resources = Some(resources);
}

/// `Always` for images without a tag or with `latest`, `IfNotPresent` for others.
fn pull_policy(image: &str) -> &'static str {
    let name = image.rsplit('/').next().unwrap_or(image);
    match name.rsplit_once(':') {
        _ if name.contains('@') => "IfNotPresent",
        None | Some((_, "latest")) => "Always",
        Some(_) => "IfNotPresent",
    }
}

fn default_container(container: &mut Container) {
    round_amounts(&mut container.resources.limits);
    round_amounts(&mut container.resources.requests);
    text(&mut container.image_pull_policy, pull_policy(&container.image));
    text(&mut container.termination_message_path, "/dev/termination-log");
    text(&mut container.termination_message_policy, "File");
    default_parts(
        &mut container.ports,
        &mut container.env,
        [&mut container.liveness_probe, &mut container.readiness_probe, &mut container.startup_probe],
        container.lifecycle.as_deref_mut(),
    );
}

fn default_ephemeral(container: &mut EphemeralContainer) {
    text(&mut container.image_pull_policy, pull_policy(&container.image));
    text(&mut container.termination_message_path, "/dev/termination-log");
    text(&mut container.termination_message_policy, "File");
    default_parts(
        &mut container.ports,
        &mut container.env,
        [&mut container.liveness_probe, &mut container.readiness_probe, &mut container.startup_probe],
        container.lifecycle.as_deref_mut(),
    );
}

fn default_parts(
    ports: &mut [ContainerPort],
    env: &mut [EnvVar],
    probes: [&mut Option<Box<Probe>>; 3],
    lifecycle: Option<&mut Lifecycle>,
) {
    for port in ports {
        text(&mut port.protocol, "TCP");
    }
    for probe in probes.into_iter().flatten() {
        default_probe(probe);
    }
    for source in env.iter_mut().filter_map(|variable| variable.value_from.as_mut()) {
        if let Some(field) = &mut source.field_ref {
            default_field(field);
        }
        if let Some(key) = &mut source.file_key_ref {
            key.optional.get_or_insert(false);
        }
    }
    let hooks = lifecycle.into_iter().flat_map(|lifecycle| [&mut lifecycle.post_start, &mut lifecycle.pre_stop]);
    for http in hooks.flatten().filter_map(|hook| hook.http_get.as_mut()) {
        default_http(http);
    }
}

fn default_http(http: &mut HTTPGetAction) {
    text(&mut http.path, "/");
    text(&mut http.scheme, "HTTP");
}

fn default_field(field: &mut ObjectFieldSelector) {
    if field.api_version.is_empty() {
        field.api_version = "v1".into();
    }
}

fn default_probe(probe: &mut Probe) {
    let number = |field: &mut i32, value: i32| {
        if *field == 0 {
            *field = value;
        }
    };
    number(&mut probe.timeout_seconds, 1);
    number(&mut probe.period_seconds, 10);
    number(&mut probe.success_threshold, 1);
    number(&mut probe.failure_threshold, 3);
    if let Some(http) = &mut probe.http_get {
        default_http(http);
    }
    if let Some(grpc) = &mut probe.grpc {
        grpc.service.get_or_insert_default();
    }
}

fn text(field: &mut String, value: &str) {
    if field.is_empty() {
        value.clone_into(field);
    }
}

/// The defaults of disks that Azure names.
pub(super) fn default_azure_disk(disk: &mut crate::api::core::v1::AzureDiskVolumeSource) {
    disk.caching_mode.get_or_insert_with(|| "ReadWrite".into());
    disk.fs_type.get_or_insert_with(|| "ext4".into());
    disk.read_only.get_or_insert(false);
    disk.kind.get_or_insert_with(|| "Shared".into());
}

fn default_volume(volume: &mut Volume) {
    if let Some(disk) = &mut volume.iscsi {
        text(&mut disk.iscsi_interface, "default");
    }
    if let Some(disk) = &mut volume.rbd {
        text(&mut disk.pool, "rbd");
        text(&mut disk.user, "admin");
        text(&mut disk.keyring, "/etc/ceph/keyring");
    }
    if let Some(disk) = &mut volume.azure_disk {
        default_azure_disk(disk);
    }
    if let Some(disk) = &mut volume.scale_io {
        text(&mut disk.storage_mode, "ThinProvisioned");
        text(&mut disk.fs_type, "xfs");
    }
    if let Some(template) = volume.ephemeral.as_mut().and_then(|source| source.volume_claim_template.as_mut()) {
        super::storage::default_claim_spec(&mut template.spec);
    }
    if let Some(image) = &mut volume.image {
        text(&mut image.pull_policy, pull_policy(&image.reference));
    }
    if let Some(source) = &mut volume.secret {
        source.default_mode.get_or_insert(0o644);
    }
    if let Some(source) = &mut volume.config_map {
        source.default_mode.get_or_insert(0o644);
    }
    if let Some(source) = &mut volume.downward_api {
        source.default_mode.get_or_insert(0o644);
        for field in source.items.iter_mut().filter_map(|item| item.field_ref.as_mut()) {
            default_field(field);
        }
    }
    if let Some(source) = &mut volume.projected {
        source.default_mode.get_or_insert(0o644);
        for projection in &mut source.sources {
            if let Some(token) = &mut projection.service_account_token {
                token.expiration_seconds.get_or_insert(3600);
            }
            if let Some(downward) = &mut projection.downward_api {
                for field in downward.items.iter_mut().filter_map(|item| item.field_ref.as_mut()) {
                    default_field(field);
                }
            }
        }
    }
    if let Some(source) = &mut volume.host_path {
        source.type_.get_or_insert_default();
    }
    if has_no_source(volume) {
        volume.empty_dir = Some(Box::default());
    }
}

/// Does a volume name no source? Every field but its name is one.
fn has_no_source(volume: &Volume) -> bool {
    use crate::reflect::{Ref, Struct};
    let fields = &volume.schema().fields;
    (0..fields.len()).all(|index| fields[index].name == "name" || matches!(volume.field(index).get(), Ref::Absent))
}

/// What is wrong with a port given by number or by name.
pub(super) fn port_problem(port: &IntOrString) -> Vec<String> {
    match port {
        IntOrString::Int(number) => crate::names::port_number(*number),
        IntOrString::String(name) => crate::names::port_name(name),
    }
}
