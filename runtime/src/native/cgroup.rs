//! Control groups: limits and usage of containers.
//!
//! In: what this machine has mounted (version 1, 2 or both). Out: what can be limited, and figures. Invariant: where
//! control groups cannot be used, containers run without limits and a warning says so. Elsewhere: making the groups
//! (`runc`). Source: kernel documentation, "cgroup-v1" and "cgroup-v2".

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::NativeWarning;
use super::mount::unescape;
use crate::{ContainerStats, Resources};

/// A mounted hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hierarchy {
    mount: PathBuf,
    /// What of the hierarchy is mounted there.
    root: PathBuf,
    /// `None` for version 2.
    controllers: Option<Vec<String>>,
    writable: bool,
}

/// What control groups can do on this machine.
#[derive(Clone, Debug)]
pub(super) struct Cgroups {
    hierarchies: Vec<Hierarchy>,
    controllers: BTreeSet<String>,
    /// Containers get groups of their own.
    pub(super) usable: bool,
}

impl Cgroups {
    /// Looks at this machine.
    pub(super) fn detect() -> (Self, Vec<NativeWarning>) {
        let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let hierarchies: Vec<Hierarchy> = table.lines().filter_map(parse_mount).collect();
        let mut controllers = BTreeSet::new();
        for hierarchy in hierarchies.iter().filter(|hierarchy| hierarchy.writable) {
            match &hierarchy.controllers {
                Some(names) => controllers.extend(names.iter().cloned()),
                None => {
                    let list = std::fs::read_to_string(hierarchy.mount.join("cgroup.controllers")).unwrap_or_default();
                    controllers.extend(list.split_whitespace().map(str::to_owned));
                }
            }
        }
        let usable = !hierarchies.is_empty() && hierarchies.iter().all(|hierarchy| hierarchy.writable);
        let mut warnings = Vec::new();
        if !usable {
            warnings.push(NativeWarning::NoCgroups);
        } else {
            for controller in ["cpu", "memory"] {
                if !controllers.contains(controller) {
                    warnings.push(NativeWarning::NoController { controller: controller.to_owned() });
                }
            }
        }
        (Self { hierarchies, controllers, usable }, warnings)
    }

    /// The limits as the OCI runtime specification writes them; what cannot be limited here is left out.
    pub(super) fn limits(&self, resources: &Resources) -> Value {
        let mut limits = Map::new();
        if !self.usable {
            return Value::Object(limits);
        }
        if self.controllers.contains("cpu") {
            let mut cpu = Map::new();
            if resources.cpu_request_millis > 0 || resources.cpu_limit_millis > 0 {
                cpu.insert("shares".into(), json!(shares(resources.cpu_request_millis)));
            }
            if resources.cpu_limit_millis > 0 {
                // Less than a millisecond per period is refused by the kernel.
                let quota = resources.cpu_limit_millis.saturating_mul(100).max(1000);
                cpu.insert("quota".into(), json!(quota));
                cpu.insert("period".into(), json!(100_000));
            }
            limits.insert("cpu".into(), Value::Object(cpu));
        }
        if self.controllers.contains("memory") && resources.memory_limit_bytes > 0 {
            limits.insert("memory".into(), json!({"limit": resources.memory_limit_bytes}));
            if self.hierarchies.iter().all(|hierarchy| hierarchy.controllers.is_none()) {
                // All processes of a container die together when its memory ends, as Kubernetes has it.
                limits.insert("unified".into(), json!({"memory.oom.group": "1"}));
            }
        }
        Value::Object(limits)
    }

    /// The groups of a process, one directory per hierarchy.
    pub(super) fn of_process(&self, pid: i32) -> Vec<PathBuf> {
        let table = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        table.lines().filter_map(|line| self.directory(line)).collect()
    }

    fn directory(&self, line: &str) -> Option<PathBuf> {
        let mut fields = line.splitn(3, ':').skip(1);
        let (names, path) = (fields.next()?, fields.next()?);
        let hierarchy = self.hierarchies.iter().find(|hierarchy| match &hierarchy.controllers {
            Some(controllers) => names.split(',').any(|name| controllers.iter().any(|controller| controller == name)),
            None => names.is_empty(),
        })?;
        let below = Path::new(path).strip_prefix(&hierarchy.root).ok()?;
        Some(hierarchy.mount.join(below))
    }
}

fn shares(millis: i64) -> i64 {
    (millis.saturating_mul(1024) / 1000).clamp(2, 262_144)
}

fn parse_mount(line: &str) -> Option<Hierarchy> {
    let (left, right) = line.split_once(" - ")?;
    let left: Vec<&str> = left.split(' ').collect();
    let right: Vec<&str> = right.split(' ').collect();
    let is_v2 = match *right.first()? {
        "cgroup" => false,
        "cgroup2" => true,
        _ => return None,
    };
    let options = right.get(2)?.split(',');
    Some(Hierarchy {
        root: unescape(left.get(3)?.as_bytes()),
        mount: unescape(left.get(4)?.as_bytes()),
        controllers: (!is_v2).then(|| options.map(str::to_owned).collect()),
        writable: left.get(5)?.split(',').any(|option| option == "rw"),
    })
}

/// What the processes in these groups use. `None` if nothing is counted.
pub(super) fn usage(directories: &[PathBuf]) -> Option<ContainerStats> {
    let read = |name: &str| directories.iter().find_map(|directory| std::fs::read_to_string(directory.join(name)).ok());
    let number = |name: &str| read(name).and_then(|text| text.trim().parse::<u64>().ok());
    let entry = |file: &str, key: &str| read(file).and_then(|text| value_of(&text, key));
    let cpu = entry("cpu.stat", "usage_usec").map(Duration::from_micros);
    let cpu = number("cpuacct.usage").map(Duration::from_nanos).or(cpu);
    let memory = number("memory.usage_in_bytes").or_else(|| number("memory.current"));
    let inactive =
        entry("memory.stat", "total_inactive_file").or_else(|| entry("memory.stat", "inactive_file")).unwrap_or(0);
    if cpu.is_none() && memory.is_none() {
        return None;
    }
    Some(ContainerStats {
        cpu: cpu.unwrap_or_default(),
        memory_working_set_bytes: memory.unwrap_or(0).saturating_sub(inactive),
        file_system_bytes: 0,
    })
}

/// How many processes in these groups were killed because memory ran out.
pub(super) fn oom_kills(directories: &[PathBuf]) -> u64 {
    let files = directories
        .iter()
        .flat_map(|directory| ["memory.oom_control", "memory.events"].map(|name| directory.join(name)));
    files.filter_map(|file| value_of(&std::fs::read_to_string(file).ok()?, "oom_kill")).max().unwrap_or(0)
}

fn value_of(text: &str, key: &str) -> Option<u64> {
    text.lines().filter_map(|line| line.split_once(' ')).find(|(name, _)| *name == key)?.1.trim().parse().ok()
}

/// Removes groups that have no processes; `false` if one remains.
pub(super) fn remove(directory: &Path) -> bool {
    if let Ok(children) = std::fs::read_dir(directory) {
        for child in children.flatten().filter(|child| child.file_type().is_ok_and(|kind| kind.is_dir())) {
            remove(&child.path());
        }
    }
    match std::fs::remove_dir(directory) {
        Ok(()) => true,
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cgroups(table: &str, controllers: &[&str]) -> Cgroups {
        Cgroups {
            hierarchies: table.lines().filter_map(parse_mount).collect(),
            controllers: controllers.iter().map(|name| (*name).to_owned()).collect(),
            usable: true,
        }
    }

    const V1: &str = "30 20 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:4 - cgroup cgroup rw,cpu,cpuacct\n\
                      31 20 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                      32 20 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";

    #[test]
    fn groups_of_a_process_are_found() {
        let groups = cgroups(V1, &[]);
        let found = |line: &str| groups.directory(line);
        assert_eq!(found("4:cpu,cpuacct:/a/b"), Some("/sys/fs/cgroup/cpu,cpuacct/a/b".into()));
        assert_eq!(found("5:memory:/"), Some("/sys/fs/cgroup/memory/".into()));
        assert_eq!(found("0::/x"), Some("/sys/fs/cgroup/unified/x".into()));
        assert_eq!(found("6:pids:/x"), None);
    }

    #[test]
    fn limits_are_what_the_machine_can_do() {
        let resources = Resources {
            cpu_request_millis: 500,
            cpu_limit_millis: 1500,
            memory_limit_bytes: 1 << 20,
            oom_score_adj: 0,
        };
        assert_eq!(
            cgroups(V1, &["cpu", "memory"]).limits(&resources),
            json!({"cpu": {"shares": 512, "quota": 150_000, "period": 100_000}, "memory": {"limit": 1 << 20}})
        );
        assert_eq!(cgroups(V1, &[]).limits(&resources), json!({}));
        let v2 = "32 20 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw";
        assert_eq!(cgroups(v2, &["memory"]).limits(&resources)["unified"], json!({"memory.oom.group": "1"}));
    }

    #[test]
    fn figures_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        let groups = [directory.path().to_path_buf()];
        assert_eq!(usage(&groups), None);
        write("cpu.stat", "usage_usec 1500\nuser_usec 1000\n");
        write("memory.current", "5000\n");
        write("memory.stat", "anon 1\ninactive_file 2000\n");
        write("memory.events", "oom 1\noom_kill 2\n");
        let stats = usage(&groups).unwrap();
        assert_eq!((stats.cpu, stats.memory_working_set_bytes), (Duration::from_micros(1500), 3000));
        assert_eq!(oom_kills(&groups), 2);
    }
}
