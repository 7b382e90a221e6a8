//! Defaults of pods and pod templates.
//!
//! Source: Kubernetes API reference, PodSpec and Container.

use crate::IntOrString;
use crate::api::core::v1::{Container, EphemeralContainer, ObjectFieldSelector, PodSpec, Probe, Volume};

/// Fills in what a pod spec leaves out.
pub(crate) fn default_spec(spec: &mut PodSpec) {
    let text = |field: &mut String, value: &str| {
        if field.is_empty() {
            value.clone_into(field);
        }
    };
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
    let host_network = spec.host_network;
    for container in spec.init_containers.iter_mut().chain(&mut spec.containers) {
        default_container(container, host_network);
    }
    for container in &mut spec.ephemeral_containers {
        default_ephemeral(container);
    }
    for volume in &mut spec.volumes {
        default_volume(volume);
    }
    for constraint in &mut spec.topology_spread_constraints {
        constraint.node_affinity_policy.get_or_insert_with(|| "Honor".into());
        constraint.node_taints_policy.get_or_insert_with(|| "Ignore".into());
    }
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

fn default_container(container: &mut Container, host_network: bool) {
    if container.image_pull_policy.is_empty() {
        container.image_pull_policy = pull_policy(&container.image).into();
    }
    if container.termination_message_path.is_empty() {
        container.termination_message_path = "/dev/termination-log".into();
    }
    if container.termination_message_policy.is_empty() {
        container.termination_message_policy = "File".into();
    }
    for port in &mut container.ports {
        if port.protocol.is_empty() {
            port.protocol = "TCP".into();
        }
        if host_network && port.host_port == 0 {
            port.host_port = port.container_port;
        }
    }
    for probe in [&mut container.liveness_probe, &mut container.readiness_probe, &mut container.startup_probe]
        .into_iter()
        .flatten()
    {
        default_probe(probe);
    }
    for variable in &mut container.env {
        if let Some(source) = &mut variable.value_from
            && let Some(field) = &mut source.field_ref
        {
            default_field(field);
        }
    }
    // A limit without a request is the request, too.
    for (name, limit) in &container.resources.limits {
        container.resources.requests.entry(name.clone()).or_insert(*limit);
    }
}

fn default_ephemeral(container: &mut EphemeralContainer) {
    if container.image_pull_policy.is_empty() {
        container.image_pull_policy = pull_policy(&container.image).into();
    }
    if container.termination_message_path.is_empty() {
        container.termination_message_path = "/dev/termination-log".into();
    }
    if container.termination_message_policy.is_empty() {
        container.termination_message_policy = "File".into();
    }
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
        if http.path.is_empty() {
            http.path = "/".into();
        }
        if http.scheme.is_empty() {
            http.scheme = "HTTP".into();
        }
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
    if sources(volume) == 0 {
        volume.empty_dir = Some(Box::default());
    }
}

/// How many sources a volume names: every field but its name.
pub(super) fn sources(volume: &Volume) -> usize {
    use crate::reflect::{Ref, Struct};
    let set = |index: &usize| {
        volume.schema().fields[*index].name != "name" && !matches!(volume.field(*index).get(), Ref::Absent)
    };
    (0..volume.schema().fields.len()).filter(set).count()
}

/// The number behind a port given by number or by name.
pub(super) fn port_problem(port: &IntOrString) -> Vec<String> {
    match port {
        IntOrString::Int(number) => crate::names::port_number(*number),
        IntOrString::String(name) => crate::names::port_name(name),
    }
}
