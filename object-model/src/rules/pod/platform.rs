//! What differs between Linux and Windows: fields that the other one has not, and host processes.

use crate::api::core::v1::{PodSpec, SecurityContext};
use crate::validation::{FieldErrors, Path};

const NOT_ON_WINDOWS: &str = "cannot be set for a windows pod";
const NOT_ON_LINUX: &str = "windows options cannot be set for a linux pod";

/// Each container, whatever its list, with its place.
fn contexts<'a>(spec: &'a PodSpec, path: &Path) -> Vec<(Path, Option<&'a SecurityContext>)> {
    let init = spec.init_containers.iter().map(|container| container.security_context.as_deref());
    let main = spec.containers.iter().map(|container| container.security_context.as_deref());
    let ephemeral = spec.ephemeral_containers.iter().map(|container| container.security_context.as_deref());
    let place = |list: &str, index: usize| path.child(list).index(index).child("securityContext");
    let init = init.enumerate().map(|(index, context)| (place("initContainers", index), context));
    let main = main.enumerate().map(|(index, context)| (place("containers", index), context));
    let ephemeral = ephemeral.enumerate().map(|(index, context)| (place("ephemeralContainers", index), context));
    init.chain(main).chain(ephemeral).collect()
}

pub(super) fn validate_os(errors: &mut FieldErrors, spec: &PodSpec, path: &Path) {
    let Some(os) = spec.os.as_deref() else { return };
    match os.name.as_str() {
        "" => errors.required(&path.child("os").child("name"), "cannot be empty"),
        "linux" => validate_linux(errors, spec, path),
        "windows" => validate_windows(errors, spec, path),
        other => errors.not_supported(&path.child("os"), other, &["linux", "windows"]),
    }
}

fn validate_linux(errors: &mut FieldErrors, spec: &PodSpec, path: &Path) {
    if spec.security_context.as_ref().is_some_and(|context| context.windows_options.is_some()) {
        errors.forbidden(&path.child("securityContext").child("windowsOptions"), NOT_ON_LINUX);
    }
    for (at, context) in contexts(spec, path) {
        if context.is_some_and(|context| context.windows_options.is_some()) {
            errors.forbidden(&at.child("windowsOptions"), NOT_ON_LINUX);
        }
    }
}

fn validate_windows(errors: &mut FieldErrors, spec: &PodSpec, path: &Path) {
    let mut refuse = |path: &Path, fields: &[(&str, bool)]| {
        for (name, _) in fields.iter().filter(|(_, given)| *given) {
            errors.forbidden(&path.child(name), NOT_ON_WINDOWS);
        }
    };
    if let Some(context) = spec.security_context.as_deref() {
        refuse(
            &path.child("securityContext"),
            &[
                ("appArmorProfile", context.app_armor_profile.is_some()),
                ("seLinuxOptions", context.se_linux_options.is_some()),
                ("seccompProfile", context.seccomp_profile.is_some()),
                ("fsGroup", context.fs_group.is_some()),
                ("fsGroupChangePolicy", context.fs_group_change_policy.is_some()),
                ("sysctls", !context.sysctls.is_empty()),
                ("runAsUser", context.run_as_user.is_some()),
                ("runAsGroup", context.run_as_group.is_some()),
                ("supplementalGroups", !context.supplemental_groups.is_empty()),
                ("supplementalGroupsPolicy", context.supplemental_groups_policy.is_some()),
                ("seLinuxChangePolicy", context.se_linux_change_policy.is_some()),
            ],
        );
    }
    refuse(
        path,
        &[
            ("hostUsers", spec.host_users.is_some()),
            ("hostPID", spec.host_pid),
            ("hostIPC", spec.host_ipc),
            ("shareProcessNamespace", spec.share_process_namespace.is_some()),
        ],
    );
    for (at, context) in contexts(spec, path) {
        let Some(context) = context else { continue };
        refuse(
            &at,
            &[
                ("appArmorProfile", context.app_armor_profile.is_some()),
                ("seLinuxOptions", context.se_linux_options.is_some()),
                ("seccompProfile", context.seccomp_profile.is_some()),
                ("capabilities", context.capabilities.is_some()),
                ("readOnlyRootFilesystem", context.read_only_root_filesystem.is_some()),
                ("privileged", context.privileged.is_some()),
                ("allowPrivilegeEscalation", context.allow_privilege_escalation.is_some()),
                ("procMount", context.proc_mount.is_some()),
                ("runAsUser", context.run_as_user.is_some()),
                ("runAsGroup", context.run_as_group.is_some()),
            ],
        );
    }
}

/// A container that is a process of the node: all of a pod are, or none is.
pub(super) fn validate_host_process(errors: &mut FieldErrors, spec: &PodSpec, path: &Path) {
    let of_pod = spec.security_context.as_ref().and_then(|context| context.windows_options.as_ref());
    let of_pod = of_pod.and_then(|options| options.host_process);
    let (mut all, mut as_process) = (0, 0);
    for (at, context) in contexts(spec, path) {
        all += 1;
        let own = context.and_then(|context| context.windows_options.as_ref()).and_then(|options| options.host_process);
        if let (Some(pod), Some(own)) = (of_pod, own)
            && pod != own
        {
            let at = at.child("windowsOptions").child("hostProcess");
            let problem = format!("pod hostProcess value must be identical if both are specified, was {pod}");
            errors.invalid(&at, own, problem);
        }
        as_process += usize::from(own.or(of_pod) == Some(true));
    }
    if as_process == 0 {
        return;
    }
    if as_process != all {
        let problem = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        errors.invalid(path, "", problem);
    }
    if !spec.host_network {
        let problem = "hostNetwork must be true if pod contains any hostProcess containers";
        errors.invalid(&path.child("hostNetwork"), false, problem);
    }
}
