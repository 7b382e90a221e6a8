//! The Pod Security Standards: what each level forbids.
//!
//! In: a pod's metadata and spec. Out: reasons and details of what is forbidden, in the words that clients see.
//! Source: Kubernetes concepts, "Pod Security Standards".

use pintle_object_model::api::core::v1::{
    Capabilities, ContainerPort, Lifecycle, PodSecurityContext, PodSpec, Probe, SELinuxOptions, SecurityContext, Volume,
};
use pintle_object_model::api::meta::v1::ObjectMeta;
use pintle_object_model::reflect::{Ref, Struct};

/// How much a pod is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Anything goes.
    Privileged,
    /// No known way out of the container.
    Baseline,
    /// Hardened.
    Restricted,
}

impl Level {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "privileged" => Self::Privileged,
            "baseline" => Self::Baseline,
            "restricted" => Self::Restricted,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

/// The parts of containers of all three sorts that the standards are about.
struct Part<'a> {
    name: &'a str,
    security: Option<&'a SecurityContext>,
    ports: &'a [ContainerPort],
    probes: [Option<&'a Probe>; 3],
    lifecycle: Option<&'a Lifecycle>,
}

struct Subject<'a> {
    metadata: &'a ObjectMeta,
    spec: &'a PodSpec,
    pod: Option<&'a PodSecurityContext>,
    parts: Vec<Part<'a>>,
    minor: u32,
    restricted: bool,
}

type Found = Option<(&'static str, String)>;

/// Everything that the level forbids, each with its reason and detail. `minor` is the version of the standard (1.x).
pub(crate) fn check(level: Level, minor: u32, metadata: &ObjectMeta, spec: &PodSpec) -> Vec<(&'static str, String)> {
    if level == Level::Privileged {
        return vec![];
    }
    let restricted = level == Level::Restricted;
    let pod = spec.security_context.as_deref();
    let of = Subject { metadata, spec, pod, parts: parts(spec), minor, restricted };
    // Baseline first; a stricter check stands in for the one that it contains.
    let mut found = vec![app_armor(&of)];
    if !restricted || minor < 22 {
        found.push(capabilities(&of));
    }
    found.push(host_namespaces(&of));
    if !restricted {
        found.push(host_paths(&of));
    }
    found.extend([host_ports(&of)]);
    if minor >= 34 {
        found.push(hosts(&of));
    }
    found.extend([privileged(&of), proc_mount(&of), se_linux(&of)]);
    if !restricted || minor < 19 {
        found.push(seccomp_baseline(&of));
    }
    found.extend([sysctls(&of), windows(&of)]);
    if restricted {
        found.extend([escalation(&of), dropped(&of), volumes(&of), non_root(&of), root_user(&of), seccomp(&of)]);
    }
    found.into_iter().flatten().collect()
}

fn parts(spec: &PodSpec) -> Vec<Part<'_>> {
    let plain = spec.init_containers.iter().chain(&spec.containers).map(|container| Part {
        name: &container.name,
        security: container.security_context.as_deref(),
        ports: &container.ports,
        probes: [
            container.liveness_probe.as_deref(),
            container.readiness_probe.as_deref(),
            container.startup_probe.as_deref(),
        ],
        lifecycle: container.lifecycle.as_deref(),
    });
    let ephemeral = spec.ephemeral_containers.iter().map(|container| Part {
        name: &container.name,
        security: container.security_context.as_deref(),
        ports: &container.ports,
        probes: [None; 3],
        lifecycle: None,
    });
    plain.chain(ephemeral).collect()
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

fn containers(names: &[&str]) -> String {
    format!("{} {}", if names.len() == 1 { "container" } else { "containers" }, quoted(names))
}

impl<'a> Subject<'a> {
    fn named(&self, bad: impl Fn(&Part<'a>) -> bool) -> Vec<&'a str> {
        self.parts.iter().filter(|part| bad(part)).map(|part| part.name).collect()
    }

    fn is_windows(&self) -> bool {
        self.minor >= 25 && self.spec.os.as_ref().is_some_and(|os| os.name == "windows")
    }

    fn user_namespace(&self) -> bool {
        self.minor >= 35 && self.spec.host_users == Some(false)
    }
}

fn sorted(mut values: Vec<String>) -> Vec<String> {
    values.sort();
    values.dedup();
    values
}

fn shown(values: &[String]) -> String {
    values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", ")
}

fn app_armor(of: &Subject<'_>) -> Found {
    let bad = |kind: &str| kind == "Unconfined";
    let mut setters = vec![];
    let mut values = vec![];
    if let Some(profile) = of.pod.and_then(|pod| pod.app_armor_profile.as_ref()).filter(|profile| bad(&profile.type_)) {
        setters.push("pod".to_owned());
        values.push(profile.type_.clone());
    }
    let profile = |part: &Part<'_>| {
        part.security.and_then(|security| security.app_armor_profile.as_ref()).is_some_and(|of| bad(&of.type_))
    };
    let names = of.named(profile);
    if !names.is_empty() {
        setters.push(containers(&names));
        values.push("Unconfined".into());
    }
    let annotated: Vec<String> = of
        .metadata
        .annotations
        .iter()
        .filter(|(key, _)| key.starts_with("container.apparmor.security.beta.kubernetes.io/"))
        .filter(|(_, value)| !value.is_empty() && *value != "runtime/default" && !value.starts_with("localhost/"))
        .map(|(key, value)| format!("{key}={value:?}"))
        .collect();
    if !annotated.is_empty() {
        setters.push(if annotated.len() == 1 { "annotation".into() } else { "annotations".into() });
        values.push(annotated.join(", "));
    }
    if setters.is_empty() {
        return None;
    }
    let reason = if setters.len() == 1 { "forbidden AppArmor profile" } else { "forbidden AppArmor profiles" };
    let detail = if annotated.is_empty() {
        format!("{} must not set AppArmor profile type to {}", setters.join(" and "), shown(&sorted(values)))
    } else {
        format!("{} must not be set: {}", setters.join(" and "), values.join(", "))
    };
    Some((reason, detail))
}

const DEFAULT_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn added<'a>(part: &Part<'a>) -> Option<&'a Capabilities> {
    part.security.and_then(|security| security.capabilities.as_deref())
}

fn capabilities(of: &Subject<'_>) -> Found {
    let forbidden = |name: &String| !DEFAULT_CAPABILITIES.contains(&name.as_str());
    let names = of.named(|part| added(part).is_some_and(|of| of.add.iter().any(forbidden)));
    if names.is_empty() {
        return None;
    }
    let values = of.parts.iter().filter_map(added).flat_map(|of| of.add.clone()).filter(forbidden).collect();
    let detail = format!(
        "{} must not include {} in securityContext.capabilities.add",
        containers(&names),
        shown(&sorted(values))
    );
    Some(("non-default capabilities", detail))
}

fn host_namespaces(of: &Subject<'_>) -> Found {
    let all = [("hostNetwork", of.spec.host_network), ("hostPID", of.spec.host_pid), ("hostIPC", of.spec.host_ipc)];
    let set: Vec<String> = all.iter().filter(|(_, set)| *set).map(|(name, _)| format!("{name}=true")).collect();
    (!set.is_empty()).then(|| ("host namespaces", set.join(", ")))
}

fn host_paths(of: &Subject<'_>) -> Found {
    let names: Vec<&str> =
        of.spec.volumes.iter().filter(|volume| volume.host_path.is_some()).map(|volume| volume.name.as_str()).collect();
    let word = if names.len() == 1 { "volume" } else { "volumes" };
    (!names.is_empty()).then(|| ("hostPath volumes", format!("{word} {}", quoted(&names))))
}

fn host_ports(of: &Subject<'_>) -> Found {
    let names = of.named(|part| part.ports.iter().any(|port| port.host_port != 0));
    if names.is_empty() {
        return None;
    }
    let ports = of.parts.iter().flat_map(|part| part.ports).map(|port| port.host_port).filter(|port| *port != 0);
    let ports = sorted(ports.map(|port| port.to_string()).collect());
    let verb = if names.len() == 1 { "uses" } else { "use" };
    let word = if ports.len() == 1 { "hostPort" } else { "hostPorts" };
    Some(("hostPort", format!("{} {verb} {word} {}", containers(&names), ports.join(", "))))
}

/// Hosts that probes and hooks of a container name.
fn hosts_of(part: &Part<'_>) -> Vec<String> {
    let mut found = vec![];
    for probe in part.probes.into_iter().flatten() {
        found.extend(probe.http_get.iter().map(|get| get.host.clone()));
        found.extend(probe.tcp_socket.iter().map(|socket| socket.host.clone()));
    }
    let hooks = part.lifecycle.map(|hooks| [hooks.post_start.as_deref(), hooks.pre_stop.as_deref()]);
    for hook in hooks.into_iter().flatten().flatten() {
        found.extend(hook.http_get.iter().map(|get| get.host.clone()));
        found.extend(hook.tcp_socket.iter().map(|socket| socket.host.clone()));
    }
    found.retain(|host| !host.is_empty());
    found
}

fn hosts(of: &Subject<'_>) -> Found {
    let names = of.named(|part| !hosts_of(part).is_empty());
    if names.is_empty() {
        return None;
    }
    let values = sorted(of.parts.iter().flat_map(hosts_of).collect());
    let (verb, word) =
        (if names.len() == 1 { "uses" } else { "use" }, if values.len() == 1 { "host" } else { "hosts" });
    Some((
        "probe or lifecycle host",
        format!("{} {verb} probe or lifecycle {word} {}", containers(&names), shown(&values)),
    ))
}

fn privileged(of: &Subject<'_>) -> Found {
    let names = of.named(|part| part.security.is_some_and(|security| security.privileged == Some(true)));
    (!names.is_empty())
        .then(|| ("privileged", format!("{} must not set securityContext.privileged=true", containers(&names))))
}

fn proc_mount(of: &Subject<'_>) -> Found {
    // A user namespace makes it harmless enough for the baseline.
    if !of.restricted && of.user_namespace() {
        return None;
    }
    let set = |part: &Part<'_>| {
        part.security.and_then(|security| security.proc_mount.clone()).filter(|mount| mount != "Default")
    };
    let names = of.named(|part| set(part).is_some());
    if names.is_empty() {
        return None;
    }
    let values = sorted(of.parts.iter().filter_map(set).collect());
    Some(("procMount", format!("{} must not set securityContext.procMount to {}", containers(&names), shown(&values))))
}

fn se_linux(of: &Subject<'_>) -> Found {
    let known: &[&str] = if of.minor >= 31 {
        &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]
    } else {
        &["", "container_t", "container_init_t", "container_kvm_t"]
    };
    let bad = |options: &SELinuxOptions| {
        !known.contains(&options.type_.as_str()) || !options.user.is_empty() || !options.role.is_empty()
    };
    let pod = of.pod.and_then(|pod| pod.se_linux_options.as_deref()).filter(|options| bad(options));
    let own =
        |part: &Part<'_>| part.security.and_then(|security| security.se_linux_options.as_deref()).is_some_and(bad);
    let names = of.named(own);
    if pod.is_none() && names.is_empty() {
        return None;
    }
    let mut all: Vec<&SELinuxOptions> = pod.into_iter().collect();
    all.extend(
        of.parts
            .iter()
            .filter_map(|part| part.security.and_then(|security| security.se_linux_options.as_deref()))
            .filter(|options| bad(options)),
    );
    let types = sorted(
        all.iter().filter(|of| !known.contains(&of.type_.as_str())).map(|of| of.type_.clone()).collect::<Vec<_>>(),
    );
    let mut details = vec![];
    if !types.is_empty() {
        details.push(format!("{} {}", if types.len() == 1 { "type" } else { "types" }, shown(&types)));
    }
    if all.iter().any(|options| !options.user.is_empty()) {
        details.push("user may not be set".into());
    }
    if all.iter().any(|options| !options.role.is_empty()) {
        details.push("role may not be set".into());
    }
    let mut setters: Vec<String> = pod.map(|_| "pod".to_owned()).into_iter().collect();
    if !names.is_empty() {
        setters.push(containers(&names));
    }
    Some((
        "seLinuxOptions",
        format!("{} set forbidden securityContext.seLinuxOptions: {}", setters.join(" and "), details.join("; ")),
    ))
}

fn profile_of<'a>(part: &Part<'a>) -> Option<&'a str> {
    part.security.and_then(|security| security.seccomp_profile.as_ref()).map(|profile| profile.type_.as_str())
}

fn pod_profile<'a>(of: &Subject<'a>) -> Option<&'a str> {
    of.pod.and_then(|pod| pod.seccomp_profile.as_ref()).map(|profile| profile.type_.as_str())
}

fn good_profile(profile: &str) -> bool {
    matches!(profile, "RuntimeDefault" | "Localhost")
}

/// Whoever sets a profile that is not allowed, and which.
fn bad_profiles(of: &Subject<'_>) -> Option<String> {
    let pod = pod_profile(of).filter(|profile| !good_profile(profile));
    let names = of.named(|part| profile_of(part).is_some_and(|profile| !good_profile(profile)));
    if pod.is_none() && names.is_empty() {
        return None;
    }
    let mut setters: Vec<String> = pod.map(|_| "pod".to_owned()).into_iter().collect();
    if !names.is_empty() {
        setters.push(containers(&names));
    }
    let own = of.parts.iter().filter_map(profile_of).filter(|profile| !good_profile(profile));
    let values = sorted(pod.into_iter().chain(own).map(str::to_owned).collect());
    Some(format!("{} must not set securityContext.seccompProfile.type to {}", setters.join(" and "), shown(&values)))
}

fn seccomp_baseline(of: &Subject<'_>) -> Found {
    if of.minor < 19 {
        return None;
    }
    bad_profiles(of).map(|detail| ("seccompProfile", detail))
}

fn seccomp(of: &Subject<'_>) -> Found {
    if of.minor < 19 || of.is_windows() {
        return None;
    }
    if let Some(detail) = bad_profiles(of) {
        return Some(("seccompProfile", detail));
    }
    if pod_profile(of).is_some() {
        return None;
    }
    let names = of.named(|part| profile_of(part).is_none());
    let detail = || {
        format!(
            "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
            containers(&names)
        )
    };
    (!names.is_empty()).then(|| ("seccompProfile", detail()))
}

fn sysctls(of: &Subject<'_>) -> Found {
    let safe = |name: &str| {
        let since = match name {
            "kernel.shm_rmid_forced"
            | "net.ipv4.ip_local_port_range"
            | "net.ipv4.tcp_syncookies"
            | "net.ipv4.ping_group_range"
            | "net.ipv4.ip_unprivileged_port_start" => 0,
            "net.ipv4.ip_local_reserved_ports" => 27,
            "net.ipv4.tcp_keepalive_time"
            | "net.ipv4.tcp_fin_timeout"
            | "net.ipv4.tcp_keepalive_intvl"
            | "net.ipv4.tcp_keepalive_probes" => 29,
            "net.ipv4.tcp_rmem" | "net.ipv4.tcp_wmem" => 32,
            _ => return false,
        };
        of.minor >= since
    };
    let bad = of.pod.into_iter().flat_map(|pod| &pod.sysctls).map(|sysctl| sysctl.name.clone());
    let bad: Vec<String> = bad.filter(|name| !safe(name)).collect();
    (!bad.is_empty()).then(|| ("forbidden sysctls", sorted(bad).join(", ")))
}

fn windows(of: &Subject<'_>) -> Found {
    let pod =
        of.pod.and_then(|pod| pod.windows_options.as_ref()).is_some_and(|options| options.host_process == Some(true));
    let names = of.named(|part| {
        part.security
            .and_then(|security| security.windows_options.as_ref())
            .is_some_and(|options| options.host_process == Some(true))
    });
    if !pod && names.is_empty() {
        return None;
    }
    let mut setters: Vec<String> = pod.then(|| "pod".to_owned()).into_iter().collect();
    if !names.is_empty() {
        setters.push(containers(&names));
    }
    Some((
        "hostProcess",
        format!("{} must not set securityContext.windowsOptions.hostProcess=true", setters.join(" and ")),
    ))
}

fn escalation(of: &Subject<'_>) -> Found {
    if of.is_windows() || of.minor < 8 {
        return None;
    }
    let names = of.named(|part| part.security.and_then(|security| security.allow_privilege_escalation) != Some(false));
    (!names.is_empty()).then(|| {
        (
            "allowPrivilegeEscalation != false",
            format!("{} must set securityContext.allowPrivilegeEscalation=false", containers(&names)),
        )
    })
}

fn dropped(of: &Subject<'_>) -> Found {
    if of.is_windows() || of.minor < 22 {
        return None;
    }
    let keeps = of.named(|part| !added(part).is_some_and(|of| of.drop.iter().any(|name| name == "ALL")));
    let forbidden = |name: &String| name != "NET_BIND_SERVICE";
    let adds = of.named(|part| added(part).is_some_and(|of| of.add.iter().any(forbidden)));
    let mut details = vec![];
    if !keeps.is_empty() {
        details.push(format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", containers(&keeps)));
    }
    if !adds.is_empty() {
        let values = of.parts.iter().filter_map(added).flat_map(|of| of.add.clone()).filter(forbidden).collect();
        details.push(format!(
            "{} must not include {} in securityContext.capabilities.add",
            containers(&adds),
            shown(&sorted(values))
        ));
    }
    (!details.is_empty()).then(|| ("unrestricted capabilities", details.join("; ")))
}

/// The name of a volume's source, as it stands in the manifest.
fn source_of(volume: &Volume) -> String {
    let rows = &volume.schema().fields;
    let set =
        (0..rows.len()).find(|index| rows[*index].name != "name" && !matches!(volume.field(*index).get(), Ref::Absent));
    set.map_or_else(|| "unknown".to_owned(), |index| rows[index].name.to_string())
}

fn volumes(of: &Subject<'_>) -> Found {
    let allowed = |source: &str| {
        matches!(
            source,
            "configMap"
                | "csi"
                | "downwardAPI"
                | "emptyDir"
                | "ephemeral"
                | "image"
                | "persistentVolumeClaim"
                | "projected"
                | "secret"
        )
    };
    let bad: Vec<(&str, String)> = of
        .spec
        .volumes
        .iter()
        .map(|volume| (volume.name.as_str(), source_of(volume)))
        .filter(|(_, source)| !allowed(source))
        .collect();
    if bad.is_empty() {
        return None;
    }
    let names: Vec<&str> = bad.iter().map(|(name, _)| *name).collect();
    let types = sorted(bad.iter().map(|(_, source)| source.clone()).collect());
    let (word, verb) = if names.len() == 1 { ("volume", "uses") } else { ("volumes", "use") };
    let kind = if types.len() == 1 { "type" } else { "types" };
    Some((
        "restricted volume types",
        format!("{word} {} {verb} restricted volume {kind} {}", quoted(&names), shown(&types)),
    ))
}

fn non_root(of: &Subject<'_>) -> Found {
    if of.user_namespace() {
        return None;
    }
    let reason = "runAsNonRoot != true";
    let pod = of.pod.and_then(|pod| pod.run_as_non_root);
    let own = |part: &Part<'_>| part.security.and_then(|security| security.run_as_non_root);
    let explicit = of.named(|part| own(part) == Some(false));
    // A pod that says no is bad only for containers that do not say otherwise.
    let mut setters: Vec<String> = (pod == Some(false)).then(|| "pod".to_owned()).into_iter().collect();
    if !explicit.is_empty() {
        setters.push(containers(&explicit));
    }
    if !setters.is_empty() {
        return Some((reason, format!("{} must not set securityContext.runAsNonRoot=false", setters.join(" and "))));
    }
    if pod == Some(true) {
        return None;
    }
    let silent = of.named(|part| own(part).is_none());
    (!silent.is_empty())
        .then(|| (reason, format!("pod or {} must set securityContext.runAsNonRoot=true", containers(&silent))))
}

fn root_user(of: &Subject<'_>) -> Found {
    if of.minor < 23 || of.user_namespace() {
        return None;
    }
    let mut setters: Vec<String> = of
        .pod
        .and_then(|pod| pod.run_as_user)
        .filter(|user| *user == 0)
        .map(|_| "pod".to_owned())
        .into_iter()
        .collect();
    let names = of.named(|part| part.security.and_then(|security| security.run_as_user) == Some(0));
    if !names.is_empty() {
        setters.push(containers(&names));
    }
    (!setters.is_empty()).then(|| ("runAsUser=0", format!("{} must not set runAsUser=0", setters.join(" and "))))
}
