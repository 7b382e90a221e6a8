//! From the API's words to the runtime's: sandboxes and containers as configurations.
//!
//! Source: Kubernetes API reference, Container and PodSpec; "Configure a Security Context"; "Node-pressure eviction" (OOM
//! scores by quality of service).

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use pintle_object_model::api::core::v1::{Container, Pod, VolumeMount};

use super::environment::expand;
use super::part::{Part, Role};
use super::status::qos_class;
use crate::{
    ContainerConfig, Identity, IdentitySource, Image, MountConfig, MountedVolume, PortMapping, Resources,
    SandboxConfig, SecurityConfig,
};

/// Annotations that steer a simulated runtime are handed on with this prefix.
pub(crate) const SIMULATION_PREFIX: &str = "simulation.pintle.dev/";

/// The image as the pod named it when the container was made: a container whose pod names another one is replaced.
pub(crate) const IMAGE_LABEL: &str = "io.kubernetes.container.image";

/// The identity of a pod's sandbox.
pub(crate) fn identity(pod: &Pod, attempt: u32) -> Identity {
    Identity {
        namespace: pod.metadata.namespace.clone(),
        pod: pod.metadata.name.clone(),
        uid: pod.metadata.uid.clone(),
        source: IdentitySource::Api,
        attempt,
    }
}

/// Labels by which things in the runtime are recognized, beside the pod's own.
pub(crate) fn labels(pod: &Pod, part: Option<&Part>) -> BTreeMap<String, String> {
    let mut labels = pod.metadata.labels.clone();
    let steering = pod.metadata.annotations.iter().filter(|(key, _)| key.starts_with(SIMULATION_PREFIX));
    labels.extend(steering.map(|(key, value)| (key.clone(), value.clone())));
    let metadata = &pod.metadata;
    labels.insert("io.kubernetes.pod.name".into(), metadata.name.clone());
    labels.insert("io.kubernetes.pod.namespace".into(), metadata.namespace.clone());
    labels.insert("io.kubernetes.pod.uid".into(), metadata.uid.clone());
    if let Some(part) = part {
        labels.insert("io.kubernetes.container.name".into(), part.name().to_owned());
        labels.insert(IMAGE_LABEL.into(), part.container.image.clone());
        if part.role == Role::Init {
            labels.insert(format!("{SIMULATION_PREFIX}role"), "init".into());
        }
    }
    labels
}

/// The sandbox of a pod.
pub(crate) fn sandbox_config(pod: &Pod, attempt: u32, dns: crate::DnsSettings) -> SandboxConfig {
    let spec = &pod.spec;
    let sysctls = spec.security_context.iter().flat_map(|context| &context.sysctls);
    SandboxConfig {
        identity: identity(pod, attempt),
        hostname: super::dns::hostname(pod),
        host_network: spec.host_network,
        host_pid: spec.host_pid,
        host_ipc: spec.host_ipc,
        share_processes: spec.share_process_namespace == Some(true),
        dns,
        ports: if spec.host_network { vec![] } else { host_ports(pod) },
        sysctls: sysctls.map(|sysctl| (sysctl.name.clone(), sysctl.value.clone())).collect(),
        labels: labels(pod, None),
    }
}

fn host_ports(pod: &Pod) -> Vec<PortMapping> {
    let containers = pod.spec.init_containers.iter().chain(&pod.spec.containers);
    let mapped = containers.flat_map(|container| &container.ports).filter(|port| port.host_port > 0);
    mapped
        .filter_map(|port| {
            Some(PortMapping {
                protocol: if port.protocol.is_empty() { "TCP".into() } else { port.protocol.clone() },
                container_port: u16::try_from(port.container_port).ok()?,
                host_port: u16::try_from(port.host_port).ok()?,
                host_ip: port.host_ip.parse().ok().filter(|ip: &std::net::IpAddr| !ip.is_unspecified()),
            })
        })
        .collect()
}

/// What a container's configuration is made of.
pub(crate) struct Ingredients<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) part: &'a Part,
    pub(crate) attempt: u32,
    pub(crate) image: Image,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) volumes: &'a BTreeMap<String, MountedVolume>,
    pub(crate) log_path: PathBuf,
    pub(crate) hosts: Option<PathBuf>,
    pub(crate) last_words: Option<PathBuf>,
    /// Memory of the node in bytes, for OOM scores.
    pub(crate) node_memory: i64,
}

/// The configuration of a container.
///
/// # Errors
/// The text of `CreateContainerConfigError`.
pub(crate) fn container_config(from: Ingredients<'_>) -> Result<ContainerConfig, String> {
    let container = &from.part.container;
    let values: BTreeMap<String, String> = from.env.iter().cloned().collect();
    let expanded = |list: &[String]| list.iter().map(|text| expand(text, &values)).collect();
    let security = security(from.pod, container);
    check_non_root(from.pod, container, &from.image)?;
    let mut mounts = volume_mounts(container, from.volumes, &values)?;
    let taken = |path: &str| container.volume_mounts.iter().any(|mount| mount.mount_path == path);
    let own = |host_path: PathBuf, path: &str| MountConfig {
        host_path,
        container_path: path.into(),
        ..MountConfig::default()
    };
    if let Some(hosts) = from.hosts.filter(|_| !taken("/etc/hosts")) {
        mounts.push(own(hosts, "/etc/hosts"));
    }
    if let Some(words) = from.last_words.filter(|_| !container.termination_message_path.is_empty()) {
        mounts.push(own(words, &container.termination_message_path));
    }
    Ok(ContainerConfig {
        name: container.name.clone(),
        attempt: from.attempt,
        image: from.image,
        command: expanded(&container.command),
        args: expanded(&container.args),
        working_dir: container.working_dir.clone(),
        mounts,
        log_path: from.log_path,
        stdin: container.stdin,
        stdin_once: container.stdin_once,
        tty: container.tty,
        resources: resources(from.pod, container, from.node_memory),
        security,
        stop_signal: container.lifecycle.as_ref().and_then(|l| l.stop_signal.clone()).unwrap_or_default(),
        labels: labels(from.pod, Some(from.part)),
        env: from.env,
    })
}

fn volume_mounts(
    container: &Container,
    volumes: &BTreeMap<String, MountedVolume>,
    env: &BTreeMap<String, String>,
) -> Result<Vec<MountConfig>, String> {
    let mut mounts = vec![];
    for mount in &container.volume_mounts {
        let volume = volumes.get(&mount.name).ok_or_else(|| {
            format!("cannot find volume {:?} to mount into container {:?}", mount.name, container.name)
        })?;
        let container_path = PathBuf::from(&mount.mount_path);
        mounts.push(MountConfig {
            host_path: host_path(volume, mount, env)?,
            container_path: if container_path.is_absolute() {
                container_path
            } else {
                Path::new("/").join(container_path)
            },
            read_only: mount.read_only || volume.read_only,
            propagation: mount.mount_propagation.clone().unwrap_or_default(),
        });
    }
    Ok(mounts)
}

/// The volume's directory, or what is below it.
fn host_path(volume: &MountedVolume, mount: &VolumeMount, env: &BTreeMap<String, String>) -> Result<PathBuf, String> {
    let below = if mount.sub_path_expr.is_empty() {
        mount.sub_path.clone()
    } else {
        let expanded = expand(&mount.sub_path_expr, env);
        if expanded.contains("$(") {
            return Err(format!("missing value for {:?}", mount.sub_path_expr));
        }
        expanded
    };
    if below.is_empty() {
        return Ok(volume.path.clone());
    }
    let relative = Path::new(&below);
    if relative.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(format!("subPath {below:?} must be relative and must not contain \"..\""));
    }
    let path = volume.path.join(relative);
    // A link inside a volume that containers write to could lead anywhere on the node.
    if let (Ok(real), Ok(root)) = (path.canonicalize(), volume.path.canonicalize())
        && !real.starts_with(root)
    {
        return Err(format!("subPath {below:?} leads out of volume {:?}", mount.name));
    }
    if !volume.path.as_os_str().is_empty() && !path.exists() && !volume.read_only {
        std::fs::create_dir_all(&path).map_err(|error| format!("failed to create subPath {below:?}: {error}"))?;
    }
    Ok(path)
}

fn check_non_root(pod: &Pod, container: &Container, image: &Image) -> Result<(), String> {
    let of_pod = pod.spec.security_context.as_deref();
    let own = container.security_context.as_deref();
    let wanted = own.and_then(|c| c.run_as_non_root).or_else(|| of_pod.and_then(|c| c.run_as_non_root));
    if wanted != Some(true) {
        return Ok(());
    }
    let user = own.and_then(|c| c.run_as_user).or_else(|| of_pod.and_then(|c| c.run_as_user));
    let who = format!(
        "(pod: \"{}_{}({})\", container: {})",
        pod.metadata.name, pod.metadata.namespace, pod.metadata.uid, container.name
    );
    match user {
        Some(0) => Err(format!("container's runAsUser breaks non-root policy {who}")),
        Some(_) => Ok(()),
        None => match image.config.user.split(':').next().unwrap_or_default() {
            "" | "0" | "root" => Err(format!("container has runAsNonRoot and image will run as root {who}")),
            name if name.parse::<u32>().is_err() => Err(format!(
                "container has runAsNonRoot and image has non-numeric user ({name}), cannot verify user is non-root {who}"
            )),
            _ => Ok(()),
        },
    }
}

fn security(pod: &Pod, container: &Container) -> SecurityConfig {
    let of_pod = pod.spec.security_context.as_deref();
    let own = container.security_context.as_deref();
    let mut groups = of_pod.map(|context| context.supplemental_groups.clone()).unwrap_or_default();
    if let Some(group) = of_pod.and_then(|context| context.fs_group)
        && !groups.contains(&group)
    {
        groups.push(group);
    }
    let capabilities = own.and_then(|context| context.capabilities.as_deref());
    let privileged = own.and_then(|context| context.privileged) == Some(true);
    SecurityConfig {
        run_as_user: own.and_then(|c| c.run_as_user).or_else(|| of_pod.and_then(|c| c.run_as_user)),
        run_as_group: own.and_then(|c| c.run_as_group).or_else(|| of_pod.and_then(|c| c.run_as_group)),
        supplemental_groups: groups,
        privileged,
        read_only_root: own.and_then(|c| c.read_only_root_filesystem) == Some(true),
        no_new_privileges: !privileged && own.and_then(|c| c.allow_privilege_escalation) == Some(false),
        add_capabilities: capabilities.map(|c| c.add.clone()).unwrap_or_default(),
        drop_capabilities: capabilities.map(|c| c.drop.clone()).unwrap_or_default(),
    }
}

/// The limits of a container.
pub(crate) fn resources(pod: &Pod, container: &Container, node_memory: i64) -> Resources {
    let requests = &container.resources.requests;
    let limits = &container.resources.limits;
    let memory_request = requests.get("memory").map_or(0, pintle_object_model::Quantity::value);
    Resources {
        cpu_request_millis: requests.get("cpu").map_or(0, pintle_object_model::Quantity::millis),
        cpu_limit_millis: limits.get("cpu").map_or(0, pintle_object_model::Quantity::millis),
        memory_limit_bytes: limits.get("memory").map_or(0, pintle_object_model::Quantity::value),
        oom_score_adj: oom_score(qos_class(pod), memory_request, node_memory),
    }
}

fn oom_score(class: &str, memory_request: i64, node_memory: i64) -> i32 {
    match class {
        "Guaranteed" => -997,
        "BestEffort" => 1000,
        _ => {
            let share = i128::from(memory_request) * 1000 / i128::from(node_memory.max(1));
            i32::try_from((1000 - share).clamp(3, 999)).unwrap_or(999)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounted(path: &Path) -> MountedVolume {
        MountedVolume { path: path.to_owned(), read_only: false }
    }

    #[test]
    fn sub_paths_stay_inside_the_volume() {
        let directory = tempfile::tempdir().unwrap();
        let volume = mounted(directory.path());
        let at = |sub_path: &str| {
            let mount = VolumeMount { name: "v".into(), sub_path: sub_path.into(), ..VolumeMount::default() };
            host_path(&volume, &mount, &BTreeMap::new())
        };
        assert_eq!(at("a/b").unwrap(), directory.path().join("a/b"));
        assert!(directory.path().join("a/b").is_dir());
        assert!(at("../x").is_err());
        assert!(at("/etc").is_err());
        std::os::unix::fs::symlink("/etc", directory.path().join("out")).unwrap();
        assert!(at("out").unwrap_err().contains("leads out"));
    }

    #[test]
    fn sub_path_expressions_need_their_variables() {
        let directory = tempfile::tempdir().unwrap();
        let mount = VolumeMount { sub_path_expr: "$(POD)".into(), ..VolumeMount::default() };
        let env = BTreeMap::from([("POD".to_owned(), "p".to_owned())]);
        assert_eq!(host_path(&mounted(directory.path()), &mount, &env).unwrap(), directory.path().join("p"));
        assert!(host_path(&mounted(directory.path()), &mount, &BTreeMap::new()).is_err());
    }

    #[test]
    fn root_is_refused_where_it_must_not_run() {
        let mut container = Container::default();
        container.security_context = Some(Box::default());
        container.security_context.as_mut().unwrap().run_as_non_root = Some(true);
        let image = |user: &str| {
            let mut image = Image::default();
            image.config.user = user.into();
            image
        };
        let check = |user: &str| check_non_root(&Pod::default(), &container, &image(user));
        assert!(check("").unwrap_err().contains("image will run as root"));
        assert!(check("nobody").unwrap_err().contains("non-numeric user (nobody)"));
        assert!(check("1000:1000").is_ok());
    }

    #[test]
    fn oom_scores_follow_the_class() {
        assert_eq!(oom_score("Guaranteed", 1, 1), -997);
        assert_eq!(oom_score("BestEffort", 0, 1), 1000);
        assert_eq!(oom_score("Burstable", 500, 1000), 500);
        assert_eq!(oom_score("Burstable", 1000, 1000), 3);
    }
}
