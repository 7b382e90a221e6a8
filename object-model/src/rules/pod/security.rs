//! Security contexts of pods and containers, and what sharing the node's namespaces asks for.

use std::collections::BTreeSet;

use super::internal::GoValue;
use super::volumes::local_path;
use crate::api::core::v1::{
    AppArmorProfile, Container, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext, Sysctl,
    WindowsSecurityContextOptions,
};
use crate::names;
use crate::validation::{FieldErrors, Path};

const PROFILES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];
const SYSCTL_BYTES_MAX: usize = 253;
const SYSCTL_FORM: &str = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
const APP_ARMOR_BYTES_MAX: usize = 4095;
const GMSA_BYTES_MAX: usize = 64 * 1024;

pub(super) fn validate_pod_security(errors: &mut FieldErrors, spec: &PodSpec, path: &Path) {
    let at = path.child("securityContext");
    if spec.host_network {
        validate_host_ports(errors, &spec.containers, &path.child("containers"));
        validate_host_ports(errors, &spec.init_containers, &path.child("initContainers"));
    }
    if spec.share_process_namespace == Some(true) && spec.host_pid {
        let problem = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.invalid(&at.child("shareProcessNamespace"), true, problem);
    }
    if let Some(context) = spec.security_context.as_deref() {
        validate_context(errors, context, &at);
    }
    if spec.host_users == Some(false) {
        let shared = [("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)];
        for (name, _) in shared.into_iter().filter(|(_, shared)| *shared) {
            errors.forbidden(&path.child(name), "when `hostUsers` is false");
        }
        for (list, containers) in [("containers", &spec.containers), ("initContainers", &spec.init_containers)] {
            for (index, container) in containers.iter().enumerate() {
                if !container.volume_devices.is_empty() {
                    let at = path.child(list).index(index).child("volumeDevices");
                    errors.forbidden(&at, "when `hostUsers` is false");
                }
            }
        }
    }
}

/// On the node's network a container has the ports of the node.
fn validate_host_ports(errors: &mut FieldErrors, containers: &[Container], path: &Path) {
    for (index, container) in containers.iter().enumerate() {
        for (number, port) in container.ports.iter().enumerate() {
            if port.host_port != 0 && port.host_port != port.container_port {
                let at = path.index(index).child("ports").index(number).child("containerPort");
                errors.invalid(&at, port.container_port, "must match `hostPort` when `hostNetwork` is true");
            }
        }
    }
}

fn validate_context(errors: &mut FieldErrors, context: &PodSecurityContext, path: &Path) {
    for (name, id) in
        [("fsGroup", context.fs_group), ("runAsUser", context.run_as_user), ("runAsGroup", context.run_as_group)]
    {
        if let Some(id) = id {
            errors.invalid_each(&path.child(name), id, names::unix_id(id));
        }
    }
    for (index, id) in context.supplemental_groups.iter().enumerate() {
        errors.invalid_each(&path.child("supplementalGroups").index(index), *id, names::unix_id(*id));
    }
    validate_sysctls(errors, &context.sysctls, &path.child("sysctls"));
    let policies: [(&str, &Option<String>, [&str; 2]); 3] = [
        ("fsGroupChangePolicy", &context.fs_group_change_policy, ["Always", "OnRootMismatch"]),
        ("supplementalGroupsPolicy", &context.supplemental_groups_policy, ["Merge", "Strict"]),
        ("seLinuxChangePolicy", &context.se_linux_change_policy, ["MountOption", "Recursive"]),
    ];
    for (name, policy, allowed) in policies {
        if let Some(policy) = policy {
            errors.one_of(&path.child(name), policy, &allowed);
        }
    }
    validate_profiles(errors, context.seccomp_profile.as_deref(), context.app_armor_profile.as_deref(), path);
    if let Some(options) = context.windows_options.as_deref() {
        validate_windows_options(errors, options, &path.child("windowsOptions"));
    }
}

fn validate_sysctls(errors: &mut FieldErrors, sysctls: &[Sysctl], path: &Path) {
    let mut seen = BTreeSet::new();
    for (index, sysctl) in sysctls.iter().enumerate() {
        let at = path.index(index).child("name");
        let part = |part: &str| {
            let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            edge(part.bytes().next())
                && edge(part.bytes().next_back())
                && part.bytes().all(|byte| edge(Some(byte)) || matches!(byte, b'-' | b'_'))
        };
        if sysctl.name.is_empty() {
            errors.required(&at, "");
        } else if sysctl.name.len() > SYSCTL_BYTES_MAX || !sysctl.name.split(['.', '/']).all(part) {
            let problem = format!("must have at most {SYSCTL_BYTES_MAX} characters and match regex {SYSCTL_FORM}");
            errors.invalid(&at, &sysctl.name, problem);
        } else if !seen.insert(sysctl.name.replace('/', ".")) {
            errors.duplicate(&at, &sysctl.name);
        }
    }
}

fn validate_profiles(
    errors: &mut FieldErrors,
    seccomp: Option<&SeccompProfile>,
    app_armor: Option<&AppArmorProfile>,
    path: &Path,
) {
    if let Some(profile) = seccomp {
        let at = path.child("seccompProfile");
        validate_profile_type(errors, &profile.type_, "type is required when seccompProfile is set", &at);
        let file = at.child("localhostProfile");
        match (profile.type_.as_str(), profile.localhost_profile.as_deref()) {
            ("Localhost", None) => errors.required(&file, "must be set when seccomp type is Localhost"),
            ("Localhost", Some(value)) => local_path(errors, value, &file),
            (_, Some(_)) => {
                let value = GoValue::of(profile);
                errors.invalid(&file, &value, "can only be set when seccomp type is Localhost");
            }
            (_, None) => {}
        }
    }
    if let Some(profile) = app_armor {
        let at = path.child("appArmorProfile");
        validate_profile_type(errors, &profile.type_, "type is required when appArmorProfile is set", &at);
        let name = at.child("localhostProfile");
        match (profile.type_.as_str(), profile.localhost_profile.as_deref()) {
            ("Localhost", Some(value)) if !value.trim().is_empty() => {
                if value.trim() != value {
                    errors.invalid(&name, value, "must not be padded with whitespace");
                }
                if value.len() > APP_ARMOR_BYTES_MAX {
                    errors.too_long(&name, APP_ARMOR_BYTES_MAX);
                }
            }
            ("Localhost", _) => errors.required(&name, "must be set when AppArmor type is Localhost"),
            ("RuntimeDefault" | "Unconfined", Some(value)) => {
                errors.invalid(&name, value, "can only be set when AppArmor type is Localhost");
            }
            _ => {}
        }
    }
}

fn validate_profile_type(errors: &mut FieldErrors, value: &str, missing: &str, path: &Path) {
    if value.is_empty() {
        errors.required(&path.child("type"), missing);
    } else {
        errors.one_of(&path.child("type"), value, &PROFILES);
    }
}

/// The security context of a container.
pub(super) fn validate_security(errors: &mut FieldErrors, context: &SecurityContext, host_users: bool, path: &Path) {
    for (name, id) in [("runAsUser", context.run_as_user), ("runAsGroup", context.run_as_group)] {
        if let Some(id) = id {
            errors.invalid_each(&path.child(name), id, names::unix_id(id));
        }
    }
    if let Some(mount) = context.proc_mount.as_deref() {
        errors.one_of(&path.child("procMount"), mount, &["Default", "Unmasked"]);
        if host_users && mount == "Unmasked" {
            errors.invalid(&path.child("procMount"), mount, "`hostUsers` must be false to use `Unmasked`");
        }
    }
    validate_profiles(errors, context.seccomp_profile.as_deref(), context.app_armor_profile.as_deref(), path);
    if context.allow_privilege_escalation == Some(false) {
        let mut refuse = |what: &str| {
            let problem = format!("cannot set `allowPrivilegeEscalation` to false and {what}");
            errors.invalid(path, &GoValue::of(context), problem);
        };
        if context.privileged == Some(true) {
            refuse("`privileged` to true");
        }
        let added = context.capabilities.iter().flat_map(|capabilities| &capabilities.add);
        for _ in added.filter(|capability| *capability == "CAP_SYS_ADMIN") {
            refuse("`capabilities.Add` CAP_SYS_ADMIN");
        }
    }
    if let Some(options) = context.windows_options.as_deref() {
        validate_windows_options(errors, options, &path.child("windowsOptions"));
    }
}

fn validate_windows_options(errors: &mut FieldErrors, options: &WindowsSecurityContextOptions, path: &Path) {
    if let Some(name) = &options.gmsa_credential_spec_name {
        errors.invalid_each(&path.child("gmsaCredentialSpecName"), name, names::dns_subdomain(name));
    }
    if let Some(spec) = &options.gmsa_credential_spec {
        let at = path.child("gmsaCredentialSpec");
        if spec.is_empty() {
            errors.invalid(&at, spec, "gmsaCredentialSpec cannot be an empty string");
        } else if spec.len() > GMSA_BYTES_MAX {
            errors.invalid(&at, spec, "gmsaCredentialSpec size must be under 64 KiB");
        }
    }
    let Some(user) = &options.run_as_user_name else { return };
    let at = path.child("runAsUserName");
    let problem = if user.is_empty() {
        "runAsUserName cannot be an empty string"
    } else if user.chars().any(char::is_control) {
        "runAsUserName cannot contain control characters"
    } else if user.matches('\\').count() > 1 {
        "runAsUserName cannot contain more than one backslash"
    } else {
        let (domain, name) = user.split_once('\\').map_or((None, user.as_str()), |(domain, name)| (Some(domain), name));
        if domain.is_some_and(|domain| domain.is_empty() || domain.len() > 255) {
            "runAsUserName's Domain doesn't match the NetBios nor the DNS format"
        } else if name.is_empty() {
            "runAsUserName's User cannot be empty"
        } else if name.len() > 104 {
            "runAsUserName's User length must not be longer than 104 characters"
        } else if name.contains(['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']) {
            "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"
        } else if name.chars().all(|letter| letter == '.' || letter == ' ') {
            "runAsUserName's User cannot contain only periods or spaces"
        } else {
            return;
        }
    };
    errors.invalid(&at, user, problem);
}
