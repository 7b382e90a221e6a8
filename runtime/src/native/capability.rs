//! Capabilities of a container: parts of root's rights.
//!
//! Source: capabilities(7); the default set is the one that Docker and containerd give.

use crate::{RuntimeError, SecurityConfig};

const DEFAULT: [&str; 14] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
];

const ALL: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// The names (`CAP_...`) of what a container may have.
pub(super) fn effective(security: &SecurityConfig) -> Result<Vec<String>, RuntimeError> {
    if security.privileged {
        // Not more than this process has: the kernel would refuse the container.
        return Ok(named(possible().into_iter()));
    }
    let add = parse(&security.add_capabilities)?;
    let drop = parse(&security.drop_capabilities)?;
    let has = |list: &[String], name: &str| list.iter().any(|item| item == name);
    let base = |name: &str| {
        let everything = has(&add, "ALL");
        let nothing = has(&drop, "ALL") && !everything;
        (everything || DEFAULT.contains(&name)) && !nothing && !has(&drop, name)
    };
    Ok(named(possible().into_iter().filter(|name| base(name) || has(&add, name))))
}

fn named<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.map(|name| format!("CAP_{name}")).collect()
}

fn parse(names: &[String]) -> Result<Vec<String>, RuntimeError> {
    let known = |name: &String| {
        let plain = name.to_ascii_uppercase();
        let plain = plain.strip_prefix("CAP_").unwrap_or(&plain);
        match plain == "ALL" || ALL.contains(&plain) {
            true => Ok(plain.to_owned()),
            false => Err(RuntimeError::Invalid(format!("unknown capability {name:?}"))),
        }
    };
    names.iter().map(known).collect()
}

/// What this process may hand on.
fn possible() -> Vec<&'static str> {
    let mask = mask("CapBnd:");
    ALL.into_iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, name)| name).collect()
}

/// A set of capabilities of this process; all of them if it cannot be read.
fn mask(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix(name));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(u64::MAX)
}

/// The least `oom_score_adj` that a container can be given: without `CAP_SYS_RESOURCE` only this process's own.
pub(super) fn oom_score_min() -> i32 {
    const SYS_RESOURCE: u32 = 24;
    if mask("CapEff:") >> SYS_RESOURCE & 1 == 1 {
        return -1000;
    }
    let own = std::fs::read_to_string("/proc/self/oom_score_adj").unwrap_or_default();
    own.trim().parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(add: &[&str], drop: &[&str]) -> Vec<String> {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let security =
            SecurityConfig { add_capabilities: list(add), drop_capabilities: list(drop), ..SecurityConfig::default() };
        effective(&security).unwrap()
    }

    #[test]
    fn capabilities_are_added_and_dropped() {
        assert_eq!(of(&[], &[]).len(), 14);
        assert_eq!(of(&["NET_BIND_SERVICE"], &["ALL"]), ["CAP_NET_BIND_SERVICE"]);
        assert!(of(&["CAP_NET_ADMIN"], &[]).contains(&"CAP_NET_ADMIN".to_owned()));
        assert!(!of(&["ALL"], &["KILL"]).contains(&"CAP_KILL".to_owned()));
        assert!(of(&["ALL"], &["KILL"]).contains(&"CAP_NET_ADMIN".to_owned()));
    }

    #[test]
    fn unknown_ones_are_refused() {
        let security = SecurityConfig { add_capabilities: vec!["FLY".into()], ..SecurityConfig::default() };
        assert!(effective(&security).is_err());
    }
}
