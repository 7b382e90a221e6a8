//! What this machine is: for hosts that run a node on it. Nothing in the agent calls this by itself.

use std::collections::BTreeMap;

use pintle_object_model::Quantity;
use pintle_object_model::api::core::v1::NodeSystemInfo;

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// Kernel, operating system and identity of this machine, as far as it tells.
pub fn machine_info() -> NodeSystemInfo {
    let release = read("/etc/os-release");
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    NodeSystemInfo {
        machine_id: read("/etc/machine-id"),
        system_uuid: read("/sys/class/dmi/id/product_uuid"),
        boot_id: read("/proc/sys/kernel/random/boot_id"),
        kernel_version: read("/proc/sys/kernel/osrelease"),
        os_image: name.unwrap_or_default().trim_matches('"').to_owned(),
        operating_system: std::env::consts::OS.into(),
        architecture: super::builder::architecture().into(),
        ..NodeSystemInfo::default()
    }
}

/// CPU and memory of this machine, as far as it tells.
pub fn machine_capacity() -> BTreeMap<String, Quantity> {
    let mut capacity = BTreeMap::new();
    if let Ok(cores) = std::thread::available_parallelism() {
        capacity.insert("cpu".into(), Quantity::from_i64(i64::try_from(cores.get()).unwrap_or(i64::MAX)));
    }
    let memory = read("/proc/meminfo");
    let total = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|text| text.trim().trim_end_matches(" kB").parse::<i64>().ok());
    if let Some(kib) = kib {
        capacity.insert("memory".into(), Quantity::from_bytes(kib.saturating_mul(1024)));
    }
    capacity
}
