//! What `runc` is told: the bundle's `config.json`.
//!
//! In: a container's wishes and its sandbox. Out: JSON. Invariant: pure; everything it needs to know about the machine
//! is handed in. Source: OCI runtime specification 1.0.2; defaults are those of containerd's CRI plugin.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::record::SandboxRecord;
use super::user::User;
use crate::{ContainerConfig, MountConfig, RuntimeError};

const MASKED: [&str; 11] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/firmware",
];
const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is handed in.
pub(super) struct Surroundings<'a> {
    pub(super) sandbox: &'a SandboxRecord,
    /// Process id of the pause process.
    pub(super) pause: i32,
    /// Directory with the sandbox's `hosts`, `hostname`, `resolv.conf` and `shm`.
    pub(super) files: &'a Path,
    /// Path of the container's control group, relative to this process's; `None` for none.
    pub(super) cgroup: Option<String>,
    /// Limits as [`super::cgroup::Cgroups::limits`] gives them.
    pub(super) limits: Value,
    /// The least `oom_score_adj` that may be given.
    pub(super) oom_score_min: i32,
    pub(super) user: User,
    pub(super) capabilities: Vec<String>,
}

/// The configuration of a container.
pub(super) fn container(config: &ContainerConfig, around: &Surroundings<'_>) -> Result<Value, RuntimeError> {
    let security = &config.security;
    let mut linux = json!({
        "namespaces": namespaces(around, security.privileged),
        "resources": with_devices(around.limits.clone(), security.privileged),
        "maskedPaths": if security.privileged { &[][..] } else { &MASKED[..] },
        "readonlyPaths": if security.privileged { &[][..] } else { &READ_ONLY[..] },
    });
    if let Some(cgroup) = &around.cgroup {
        linux["cgroupsPath"] = json!(cgroup);
    }
    let mounts = mounts(config, around)?;
    // Volumes that hand mounts on need a root that does.
    let propagation = match config.mounts.iter().map(|mount| &*mount.propagation).max_by_key(|name| rank(name)) {
        Some("Bidirectional") => "rshared",
        Some("HostToContainer") => "rslave",
        _ => "",
    };
    if !propagation.is_empty() {
        linux["rootfsPropagation"] = json!(propagation);
    }
    Ok(json!({
        "ociVersion": "1.0.2",
        "process": process(config, around)?,
        "root": {"path": "rootfs", "readonly": security.read_only_root},
        "mounts": mounts,
        "linux": linux,
    }))
}

fn rank(propagation: &str) -> u8 {
    match propagation {
        "Bidirectional" => 2,
        "HostToContainer" => 1,
        _ => 0,
    }
}

fn process(config: &ContainerConfig, around: &Surroundings<'_>) -> Result<Value, RuntimeError> {
    let image = &config.image.config;
    let args: Vec<&String> = if config.command.is_empty() {
        let args = if config.args.is_empty() { &image.cmd } else { &config.args };
        image.entrypoint.iter().chain(args).collect()
    } else {
        config.command.iter().chain(&config.args).collect()
    };
    if args.is_empty() {
        return Err(RuntimeError::Invalid(format!("container {}: no command specified", config.name)));
    }
    let cwd = [&config.working_dir, &image.working_dir].into_iter().find(|path| !path.is_empty());
    let cwd = cwd.map_or("/", String::as_str);
    if !cwd.starts_with('/') {
        return Err(RuntimeError::Invalid(format!("working directory {cwd:?} is not an absolute path")));
    }
    let User { uid, gid, groups, .. } = &around.user;
    let mut process = json!({
        "terminal": config.tty,
        "user": {"uid": uid, "gid": gid, "additionalGids": groups},
        "args": args,
        "env": environment(config, around),
        "cwd": cwd,
        "noNewPrivileges": config.security.no_new_privileges,
        "oomScoreAdj": config.resources.oom_score_adj.max(around.oom_score_min).clamp(-1000, 1000),
    });
    let capabilities = &around.capabilities;
    process["capabilities"] = json!({"bounding": capabilities, "effective": capabilities, "permitted": capabilities});
    Ok(process)
}

/// The image's variables, then the container's; a later one replaces an earlier one of the same name.
fn environment(config: &ContainerConfig, around: &Surroundings<'_>) -> Vec<String> {
    let mut all = vec![PATH.to_owned(), format!("HOSTNAME={}", around.sandbox.hostname)];
    if !around.user.home.is_empty() {
        all.push(format!("HOME={}", around.user.home));
    }
    if config.tty {
        all.push("TERM=xterm".to_owned());
    }
    all.extend(config.image.config.env.iter().cloned());
    all.extend(config.env.iter().map(|(name, value)| format!("{name}={value}")));
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept: Vec<String> = Vec::new();
    for variable in all {
        let name = variable.split('=').next().unwrap_or_default().to_owned();
        match places.get(&name) {
            Some(place) => kept[*place] = variable,
            None => {
                places.insert(name, kept.len());
                kept.push(variable);
            }
        }
    }
    kept
}

fn namespaces(around: &Surroundings<'_>, privileged: bool) -> Vec<Value> {
    let sandbox = around.sandbox;
    let joined = |kind: &str, file: &str| json!({"type": kind, "path": format!("/proc/{}/ns/{file}", around.pause)});
    let mut list = vec![json!({"type": "mount"})];
    if sandbox.namespace.is_some() {
        list.push(joined("network", "net"));
        list.push(joined("uts", "uts"));
    }
    if !sandbox.host_ipc {
        list.push(joined("ipc", "ipc"));
    }
    if sandbox.share_processes && !sandbox.host_pid {
        list.push(joined("pid", "pid"));
    } else if !sandbox.host_pid {
        list.push(json!({"type": "pid"}));
    }
    if !privileged && around.cgroup.is_some() {
        list.push(json!({"type": "cgroup"}));
    }
    list
}

fn with_devices(mut limits: Value, privileged: bool) -> Value {
    limits["devices"] = json!([{"allow": privileged, "access": "rwm"}]);
    limits
}

fn mounts(config: &ContainerConfig, around: &Surroundings<'_>) -> Result<Vec<Value>, RuntimeError> {
    let privileged = config.security.privileged;
    let mount = |target: &str, kind: &str, source: &str, options: &[&str]| json!({"destination": target, "type": kind, "source": source, "options": options});
    let sys = if privileged { "rw" } else { "ro" };
    let mut list = vec![mount("/proc", "proc", "proc", &["nosuid", "noexec", "nodev"])];
    if privileged {
        // All devices of the node.
        list.push(mount("/dev", "bind", "/dev", &["bind", "rprivate"]));
    } else {
        list.push(mount("/dev", "tmpfs", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"]));
    }
    let pts = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"];
    list.push(mount("/dev/pts", "devpts", "devpts", &pts));
    list.push(mount("/sys", "sysfs", "sysfs", &["nosuid", "noexec", "nodev", sys]));
    if around.cgroup.is_some() {
        list.push(mount("/sys/fs/cgroup", "cgroup", "cgroup", &["nosuid", "noexec", "nodev", "relatime", sys]));
    }
    if !privileged || Path::new("/dev/mqueue").exists() {
        list.push(mount("/dev/mqueue", "mqueue", "mqueue", &["nosuid", "noexec", "nodev"]));
    }
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let shm = if around.sandbox.host_ipc { "/dev/shm".to_owned() } else { text(&around.files.join("shm")) };
    let of_pod = [("/dev/shm", shm), ("/etc/hosts", text(&around.files.join("hosts")))].into_iter().chain([
        ("/etc/hostname", text(&around.files.join("hostname"))),
        ("/etc/resolv.conf", text(&around.files.join("resolv.conf"))),
    ]);
    for (target, source) in of_pod {
        if !config.mounts.iter().any(|mount| mount.container_path == Path::new(target)) {
            let access = if config.security.read_only_root && target != "/dev/shm" { "ro" } else { "rw" };
            list.push(mount(target, "bind", &source, &["rbind", "rprivate", access]));
        }
    }
    // Parents before children, whatever the order they were given in.
    let mut volumes: Vec<&MountConfig> = config.mounts.iter().collect();
    volumes.sort_by_key(|volume| volume.container_path.components().count());
    for volume in volumes {
        if !volume.container_path.is_absolute() {
            return Err(RuntimeError::Invalid(format!("mount path {:?} is not absolute", volume.container_path)));
        }
        let propagation = match &*volume.propagation {
            "" | "None" => "rprivate",
            "HostToContainer" => "rslave",
            "Bidirectional" => "rshared",
            other => return Err(RuntimeError::Invalid(format!("unknown mount propagation {other:?}"))),
        };
        let access = if volume.read_only { "ro" } else { "rw" };
        let (target, source) = (text(&volume.container_path), text(&volume.host_path));
        list.push(mount(&target, "bind", &source, &["rbind", propagation, access]));
    }
    Ok(list)
}

/// The configuration of a sandbox's pause process.
pub(super) fn pause(
    sandbox: &SandboxRecord,
    sysctls: &BTreeMap<String, String>,
    cgroup: Option<String>,
    oom_score_min: i32,
) -> Value {
    let mut namespaces = vec![json!({"type": "mount"})];
    if let Some(path) = sandbox.namespace_path() {
        namespaces.push(json!({"type": "network", "path": path.to_string_lossy()}));
        namespaces.push(json!({"type": "uts"}));
    }
    if !sandbox.host_ipc {
        namespaces.push(json!({"type": "ipc"}));
    }
    if !sandbox.host_pid {
        namespaces.push(json!({"type": "pid"}));
    }
    let mut linux = json!({
        "namespaces": namespaces,
        "resources": with_devices(json!({}), false),
        "maskedPaths": MASKED,
        "readonlyPaths": READ_ONLY,
        "sysctl": sysctls,
    });
    if let Some(cgroup) = cgroup {
        linux["cgroupsPath"] = json!(cgroup);
    }
    let mut spec = json!({
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": 65535, "gid": 65535},
            "args": ["/pause"],
            "env": [PATH],
            "cwd": "/",
            "noNewPrivileges": true,
            // Killed last of all: its death takes the whole pod down.
            "oomScoreAdj": oom_score_min.max(-998),
        },
        "root": {"path": "rootfs", "readonly": true},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"]},
        ],
        "linux": linux,
    });
    if sandbox.namespace.is_some() {
        spec["hostname"] = json!(sandbox.hostname);
    }
    spec
}

#[cfg(test)]
mod tests;
