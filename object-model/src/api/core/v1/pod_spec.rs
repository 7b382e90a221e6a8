//! What pods and pod templates have in common.

use std::collections::BTreeMap;

use crate::Reflect;

use super::{LocalObjectReference, NodeSelector, NodeSelectorTerm, Volume, VolumeDevice, VolumeMount};

/// An affinity.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Affinity {
    /// Node affinity.
    #[field(tag = 1)]
    pub node_affinity: Option<Box<NodeAffinity>>,
    /// Pod affinity.
    #[field(tag = 2)]
    pub pod_affinity: Option<Box<PodAffinity>>,
    /// Pod anti affinity.
    #[field(tag = 3)]
    pub pod_anti_affinity: Option<Box<PodAntiAffinity>>,
}

/// An app armor profile.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AppArmorProfile {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Localhost profile.
    #[field(tag = 2)]
    pub localhost_profile: Option<String>,
}

/// A capabilities.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Capabilities {
    /// Add.
    #[field(tag = 1, list = "atomic")]
    pub add: Vec<String>,
    /// Drop.
    #[field(tag = 2, list = "atomic")]
    pub drop: Vec<String>,
}

/// A config map env source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ConfigMapEnvSource {
    /// Name.
    #[field(tag = 1, within = 1)]
    pub name: String,
    /// Optional.
    #[field(tag = 2)]
    pub optional: Option<bool>,
}

/// A config map key selector.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ConfigMapKeySelector {
    /// Name.
    #[field(tag = 1, within = 1)]
    pub name: String,
    /// Key.
    #[field(tag = 2, always, required)]
    pub key: String,
    /// Optional.
    #[field(tag = 3)]
    pub optional: Option<bool>,
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Container {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Image.
    #[field(tag = 2)]
    pub image: String,
    /// Command.
    #[field(tag = 3, list = "atomic")]
    pub command: Vec<String>,
    /// Args.
    #[field(tag = 4, list = "atomic")]
    pub args: Vec<String>,
    /// Working dir.
    #[field(tag = 5)]
    pub working_dir: String,
    /// Ports.
    #[field(tag = 6, list = "map", keys = "containerPort,protocol", patch = "merge", merge_key = "containerPort")]
    pub ports: Vec<ContainerPort>,
    /// Env.
    #[field(tag = 7, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub env: Vec<EnvVar>,
    /// Resources.
    #[field(tag = 8, always)]
    pub resources: ResourceRequirements,
    /// Volume mounts.
    #[field(tag = 9, list = "map", keys = "mountPath", patch = "merge", merge_key = "mountPath")]
    pub volume_mounts: Vec<VolumeMount>,
    /// Liveness probe.
    #[field(tag = 10)]
    pub liveness_probe: Option<Box<Probe>>,
    /// Readiness probe.
    #[field(tag = 11)]
    pub readiness_probe: Option<Box<Probe>>,
    /// Lifecycle.
    #[field(tag = 12)]
    pub lifecycle: Option<Box<Lifecycle>>,
    /// Termination message path.
    #[field(tag = 13)]
    pub termination_message_path: String,
    /// Image pull policy.
    #[field(tag = 14)]
    pub image_pull_policy: String,
    /// Security context.
    #[field(tag = 15)]
    pub security_context: Option<Box<SecurityContext>>,
    /// Stdin.
    #[field(tag = 16)]
    pub stdin: bool,
    /// Stdin once.
    #[field(tag = 17)]
    pub stdin_once: bool,
    /// Tty.
    #[field(tag = 18)]
    pub tty: bool,
    /// Env from.
    #[field(tag = 19, list = "atomic")]
    pub env_from: Vec<EnvFromSource>,
    /// Termination message policy.
    #[field(tag = 20)]
    pub termination_message_policy: String,
    /// Volume devices.
    #[field(tag = 21, list = "map", keys = "devicePath", patch = "merge", merge_key = "devicePath")]
    pub volume_devices: Vec<VolumeDevice>,
    /// Startup probe.
    #[field(tag = 22)]
    pub startup_probe: Option<Box<Probe>>,
    /// Resize policy.
    #[field(tag = 23, list = "atomic")]
    pub resize_policy: Vec<ContainerResizePolicy>,
    /// Restart policy.
    #[field(tag = 24)]
    pub restart_policy: Option<String>,
    /// Restart policy rules.
    #[field(tag = 25, list = "atomic")]
    pub restart_policy_rules: Vec<ContainerRestartRule>,
}

/// A container port.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerPort {
    /// Name.
    #[field(tag = 1)]
    pub name: String,
    /// Host port.
    #[field(tag = 2)]
    pub host_port: i32,
    /// Container port.
    #[field(tag = 3, always, required)]
    pub container_port: i32,
    /// Protocol.
    #[field(tag = 4, default = "\"TCP\"")]
    pub protocol: String,
    /// Host IP.
    #[field(tag = 5, name = "hostIP")]
    pub host_ip: String,
}

/// A container resize policy.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerResizePolicy {
    /// Resource name.
    #[field(tag = 1, always, required)]
    pub resource_name: String,
    /// Restart policy.
    #[field(tag = 2, always, required)]
    pub restart_policy: String,
}

/// A container restart rule.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerRestartRule {
    /// Action.
    #[field(tag = 1, always, required)]
    pub action: String,
    /// Exit codes.
    #[field(tag = 2)]
    pub exit_codes: Option<Box<ContainerRestartRuleOnExitCodes>>,
}

/// A container restart rule on exit codes.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerRestartRuleOnExitCodes {
    /// Operator.
    #[field(tag = 1, always, required)]
    pub operator: String,
    /// Values.
    #[field(tag = 2, list = "set")]
    pub values: Vec<i32>,
}

/// An env from source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EnvFromSource {
    /// Prefix.
    #[field(tag = 1)]
    pub prefix: String,
    /// Config map reference.
    #[field(tag = 2)]
    pub config_map_ref: Option<Box<ConfigMapEnvSource>>,
    /// Secret reference.
    #[field(tag = 3)]
    pub secret_ref: Option<Box<SecretEnvSource>>,
}

/// An env var.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EnvVar {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Value.
    #[field(tag = 2)]
    pub value: String,
    /// Value from.
    #[field(tag = 3)]
    pub value_from: Option<Box<EnvVarSource>>,
}

/// An env var source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EnvVarSource {
    /// Field reference.
    #[field(tag = 1)]
    pub field_ref: Option<Box<ObjectFieldSelector>>,
    /// Resource field reference.
    #[field(tag = 2)]
    pub resource_field_ref: Option<Box<ResourceFieldSelector>>,
    /// Config map key reference.
    #[field(tag = 3)]
    pub config_map_key_ref: Option<Box<ConfigMapKeySelector>>,
    /// Secret key reference.
    #[field(tag = 4)]
    pub secret_key_ref: Option<Box<SecretKeySelector>>,
    /// File key reference.
    #[field(tag = 5)]
    pub file_key_ref: Option<Box<FileKeySelector>>,
}

/// An ephemeral container.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EphemeralContainer {
    /// Name.
    #[field(tag = 1, within = 1, always, required)]
    pub name: String,
    /// Image.
    #[field(tag = 2, within = 1)]
    pub image: String,
    /// Command.
    #[field(tag = 3, within = 1, list = "atomic")]
    pub command: Vec<String>,
    /// Args.
    #[field(tag = 4, within = 1, list = "atomic")]
    pub args: Vec<String>,
    /// Working dir.
    #[field(tag = 5, within = 1)]
    pub working_dir: String,
    /// Ports.
    #[field(
        tag = 6,
        within = 1,
        list = "map",
        keys = "containerPort,protocol",
        patch = "merge",
        merge_key = "containerPort"
    )]
    pub ports: Vec<ContainerPort>,
    /// Env.
    #[field(tag = 7, within = 1, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub env: Vec<EnvVar>,
    /// Resources.
    #[field(tag = 8, within = 1, always)]
    pub resources: ResourceRequirements,
    /// Volume mounts.
    #[field(tag = 9, within = 1, list = "map", keys = "mountPath", patch = "merge", merge_key = "mountPath")]
    pub volume_mounts: Vec<VolumeMount>,
    /// Liveness probe.
    #[field(tag = 10, within = 1)]
    pub liveness_probe: Option<Box<Probe>>,
    /// Readiness probe.
    #[field(tag = 11, within = 1)]
    pub readiness_probe: Option<Box<Probe>>,
    /// Lifecycle.
    #[field(tag = 12, within = 1)]
    pub lifecycle: Option<Box<Lifecycle>>,
    /// Termination message path.
    #[field(tag = 13, within = 1)]
    pub termination_message_path: String,
    /// Image pull policy.
    #[field(tag = 14, within = 1)]
    pub image_pull_policy: String,
    /// Security context.
    #[field(tag = 15, within = 1)]
    pub security_context: Option<Box<SecurityContext>>,
    /// Stdin.
    #[field(tag = 16, within = 1)]
    pub stdin: bool,
    /// Stdin once.
    #[field(tag = 17, within = 1)]
    pub stdin_once: bool,
    /// Tty.
    #[field(tag = 18, within = 1)]
    pub tty: bool,
    /// Env from.
    #[field(tag = 19, within = 1, list = "atomic")]
    pub env_from: Vec<EnvFromSource>,
    /// Termination message policy.
    #[field(tag = 20, within = 1)]
    pub termination_message_policy: String,
    /// Volume devices.
    #[field(tag = 21, within = 1, list = "map", keys = "devicePath", patch = "merge", merge_key = "devicePath")]
    pub volume_devices: Vec<VolumeDevice>,
    /// Startup probe.
    #[field(tag = 22, within = 1)]
    pub startup_probe: Option<Box<Probe>>,
    /// Resize policy.
    #[field(tag = 23, within = 1, list = "atomic")]
    pub resize_policy: Vec<ContainerResizePolicy>,
    /// Restart policy.
    #[field(tag = 24, within = 1)]
    pub restart_policy: Option<String>,
    /// Restart policy rules.
    #[field(tag = 25, within = 1, list = "atomic")]
    pub restart_policy_rules: Vec<ContainerRestartRule>,
    /// Target container name.
    #[field(tag = 2)]
    pub target_container_name: String,
}

/// An exec action.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ExecAction {
    /// Command.
    #[field(tag = 1, list = "atomic")]
    pub command: Vec<String>,
}

/// A file key selector.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct FileKeySelector {
    /// Volume name.
    #[field(tag = 1, always, required)]
    pub volume_name: String,
    /// Path.
    #[field(tag = 2, always, required)]
    pub path: String,
    /// Key.
    #[field(tag = 3, always, required)]
    pub key: String,
    /// Optional.
    #[field(tag = 4)]
    pub optional: Option<bool>,
}

/// A grpc action.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GRPCAction {
    /// Port.
    #[field(tag = 1, always, required)]
    pub port: i32,
    /// Service.
    #[field(tag = 2)]
    pub service: Option<String>,
}

/// A http get action.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HTTPGetAction {
    /// Path.
    #[field(tag = 1)]
    pub path: String,
    /// Port.
    #[field(tag = 2, always, required)]
    pub port: crate::IntOrString,
    /// Host.
    #[field(tag = 3)]
    pub host: String,
    /// Scheme.
    #[field(tag = 4)]
    pub scheme: String,
    /// Http headers.
    #[field(tag = 5, list = "atomic")]
    pub http_headers: Vec<HTTPHeader>,
}

/// A http header.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HTTPHeader {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Value.
    #[field(tag = 2, always, required)]
    pub value: String,
}

/// A host alias.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HostAlias {
    /// Ip.
    #[field(tag = 1, always, required)]
    pub ip: String,
    /// Hostnames.
    #[field(tag = 2, list = "atomic")]
    pub hostnames: Vec<String>,
}

/// A lifecycle.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Lifecycle {
    /// Post start.
    #[field(tag = 1)]
    pub post_start: Option<Box<LifecycleHandler>>,
    /// Pre stop.
    #[field(tag = 2)]
    pub pre_stop: Option<Box<LifecycleHandler>>,
    /// Stop signal.
    #[field(tag = 3)]
    pub stop_signal: Option<String>,
}

/// A lifecycle handler.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LifecycleHandler {
    /// Exec.
    #[field(tag = 1)]
    pub exec: Option<Box<ExecAction>>,
    /// Http get.
    #[field(tag = 2)]
    pub http_get: Option<Box<HTTPGetAction>>,
    /// Tcp socket.
    #[field(tag = 3)]
    pub tcp_socket: Option<Box<TCPSocketAction>>,
    /// Sleep.
    #[field(tag = 4)]
    pub sleep: Option<Box<SleepAction>>,
}

/// A node affinity.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeAffinity {
    /// Required during scheduling ignored during execution.
    #[field(tag = 1)]
    pub required_during_scheduling_ignored_during_execution: Option<Box<NodeSelector>>,
    /// Preferred during scheduling ignored during execution.
    #[field(tag = 2, list = "atomic")]
    pub preferred_during_scheduling_ignored_during_execution: Vec<PreferredSchedulingTerm>,
}

/// An object field selector.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ObjectFieldSelector {
    /// API version of the object.
    #[field(tag = 1)]
    pub api_version: String,
    /// Field path.
    #[field(tag = 2, always, required)]
    pub field_path: String,
}

/// A pod affinity.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodAffinity {
    /// Required during scheduling ignored during execution.
    #[field(tag = 1, list = "atomic")]
    pub required_during_scheduling_ignored_during_execution: Vec<PodAffinityTerm>,
    /// Preferred during scheduling ignored during execution.
    #[field(tag = 2, list = "atomic")]
    pub preferred_during_scheduling_ignored_during_execution: Vec<WeightedPodAffinityTerm>,
}

/// A pod affinity term.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodAffinityTerm {
    /// Label selector.
    #[field(tag = 1)]
    pub label_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Namespaces.
    #[field(tag = 2, list = "atomic")]
    pub namespaces: Vec<String>,
    /// Topology key.
    #[field(tag = 3, always, required)]
    pub topology_key: String,
    /// Namespace selector.
    #[field(tag = 4)]
    pub namespace_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Match label keys.
    #[field(tag = 5, list = "atomic")]
    pub match_label_keys: Vec<String>,
    /// Mismatch label keys.
    #[field(tag = 6, list = "atomic")]
    pub mismatch_label_keys: Vec<String>,
}

/// A pod anti affinity.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodAntiAffinity {
    /// Required during scheduling ignored during execution.
    #[field(tag = 1, list = "atomic")]
    pub required_during_scheduling_ignored_during_execution: Vec<PodAffinityTerm>,
    /// Preferred during scheduling ignored during execution.
    #[field(tag = 2, list = "atomic")]
    pub preferred_during_scheduling_ignored_during_execution: Vec<WeightedPodAffinityTerm>,
}

/// A pod dns config.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodDNSConfig {
    /// Nameservers.
    #[field(tag = 1, list = "atomic")]
    pub nameservers: Vec<String>,
    /// Searches.
    #[field(tag = 2, list = "atomic")]
    pub searches: Vec<String>,
    /// Options.
    #[field(tag = 3, list = "atomic")]
    pub options: Vec<PodDNSConfigOption>,
}

/// A pod dns config option.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodDNSConfigOption {
    /// Name.
    #[field(tag = 1)]
    pub name: String,
    /// Value.
    #[field(tag = 2)]
    pub value: Option<String>,
}

/// A pod os.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodOS {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
}

/// A pod readiness gate.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodReadinessGate {
    /// Condition type.
    #[field(tag = 1, always, required)]
    pub condition_type: String,
}

/// A pod resource claim.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodResourceClaim {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Resource claim name.
    #[field(tag = 3)]
    pub resource_claim_name: String,
    /// Resource claim template name.
    #[field(tag = 4)]
    pub resource_claim_template_name: String,
}

/// A pod scheduling gate.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodSchedulingGate {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
}

/// A pod scheduling group.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodSchedulingGroup {
    /// Pod group name.
    #[field(tag = 1)]
    pub pod_group_name: String,
}

/// A pod security context.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodSecurityContext {
    /// Se linux options.
    #[field(tag = 1)]
    pub se_linux_options: Option<Box<SELinuxOptions>>,
    /// Run As user.
    #[field(tag = 2)]
    pub run_as_user: Option<i64>,
    /// Run As non root.
    #[field(tag = 3)]
    pub run_as_non_root: Option<bool>,
    /// Supplemental groups.
    #[field(tag = 4, list = "atomic")]
    pub supplemental_groups: Vec<i64>,
    /// Fs group.
    #[field(tag = 5)]
    pub fs_group: Option<i64>,
    /// Run As group.
    #[field(tag = 6)]
    pub run_as_group: Option<i64>,
    /// Sysctls.
    #[field(tag = 7, list = "atomic")]
    pub sysctls: Vec<Sysctl>,
    /// Windows options.
    #[field(tag = 8)]
    pub windows_options: Option<Box<WindowsSecurityContextOptions>>,
    /// Fs group change policy.
    #[field(tag = 9)]
    pub fs_group_change_policy: Option<String>,
    /// Seccomp profile.
    #[field(tag = 10)]
    pub seccomp_profile: Option<Box<SeccompProfile>>,
    /// App armor profile.
    #[field(tag = 11)]
    pub app_armor_profile: Option<Box<AppArmorProfile>>,
    /// Supplemental groups policy.
    #[field(tag = 12)]
    pub supplemental_groups_policy: Option<String>,
    /// Se linux change policy.
    #[field(tag = 13)]
    pub se_linux_change_policy: Option<String>,
}

/// A pod spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodSpec {
    /// Volumes.
    #[field(tag = 1, list = "map", keys = "name", patch = "merge,retainKeys", merge_key = "name")]
    pub volumes: Vec<Volume>,
    /// Containers.
    #[field(tag = 2, always, required, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub containers: Vec<Container>,
    /// Restart policy.
    #[field(tag = 3)]
    pub restart_policy: String,
    /// Termination grace period, in seconds.
    #[field(tag = 4)]
    pub termination_grace_period_seconds: Option<i64>,
    /// Active deadline, in seconds.
    #[field(tag = 5)]
    pub active_deadline_seconds: Option<i64>,
    /// Dns policy.
    #[field(tag = 6)]
    pub dns_policy: String,
    /// Node selector.
    #[field(tag = 7, atomic)]
    pub node_selector: BTreeMap<String, String>,
    /// Service account name.
    #[field(tag = 8)]
    pub service_account_name: String,
    /// Service account.
    #[field(tag = 9)]
    pub service_account: String,
    /// Node name.
    #[field(tag = 10)]
    pub node_name: String,
    /// Host network.
    #[field(tag = 11)]
    pub host_network: bool,
    /// Host PID.
    #[field(tag = 12, name = "hostPID")]
    pub host_pid: bool,
    /// Host IPC.
    #[field(tag = 13, name = "hostIPC")]
    pub host_ipc: bool,
    /// Security context.
    #[field(tag = 14)]
    pub security_context: Option<Box<PodSecurityContext>>,
    /// Image pull secrets.
    #[field(tag = 15, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub image_pull_secrets: Vec<LocalObjectReference>,
    /// Hostname.
    #[field(tag = 16)]
    pub hostname: String,
    /// Subdomain.
    #[field(tag = 17)]
    pub subdomain: String,
    /// Affinity.
    #[field(tag = 18)]
    pub affinity: Option<Box<Affinity>>,
    /// Scheduler name.
    #[field(tag = 19)]
    pub scheduler_name: String,
    /// Init containers.
    #[field(tag = 20, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub init_containers: Vec<Container>,
    /// Automount service account token.
    #[field(tag = 21)]
    pub automount_service_account_token: Option<bool>,
    /// Tolerations.
    #[field(tag = 22, list = "atomic")]
    pub tolerations: Vec<Toleration>,
    /// Host aliases.
    #[field(tag = 23, list = "map", keys = "ip", patch = "merge", merge_key = "ip")]
    pub host_aliases: Vec<HostAlias>,
    /// Priority class name.
    #[field(tag = 24)]
    pub priority_class_name: String,
    /// Priority.
    #[field(tag = 25)]
    pub priority: Option<i32>,
    /// Dns config.
    #[field(tag = 26)]
    pub dns_config: Option<Box<PodDNSConfig>>,
    /// Share process namespace.
    #[field(tag = 27)]
    pub share_process_namespace: Option<bool>,
    /// Readiness gates.
    #[field(tag = 28, list = "atomic")]
    pub readiness_gates: Vec<PodReadinessGate>,
    /// Runtime class name.
    #[field(tag = 29)]
    pub runtime_class_name: Option<String>,
    /// Enable service links.
    #[field(tag = 30)]
    pub enable_service_links: Option<bool>,
    /// Preemption policy.
    #[field(tag = 31)]
    pub preemption_policy: Option<String>,
    /// Overhead.
    #[field(tag = 32)]
    pub overhead: BTreeMap<String, crate::Quantity>,
    /// Topology spread constraints.
    #[field(
        tag = 33,
        list = "map",
        keys = "topologyKey,whenUnsatisfiable",
        patch = "merge",
        merge_key = "topologyKey"
    )]
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// Ephemeral containers.
    #[field(tag = 34, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub ephemeral_containers: Vec<EphemeralContainer>,
    /// Set hostname As FQDN.
    #[field(tag = 35, name = "setHostnameAsFQDN")]
    pub set_hostname_as_fqdn: Option<bool>,
    /// Os.
    #[field(tag = 36)]
    pub os: Option<Box<PodOS>>,
    /// Host users.
    #[field(tag = 37)]
    pub host_users: Option<bool>,
    /// Scheduling gates.
    #[field(tag = 38, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub scheduling_gates: Vec<PodSchedulingGate>,
    /// Resource claims.
    #[field(tag = 39, list = "map", keys = "name", patch = "merge,retainKeys", merge_key = "name")]
    pub resource_claims: Vec<PodResourceClaim>,
    /// Resources.
    #[field(tag = 40)]
    pub resources: Option<Box<ResourceRequirements>>,
    /// Hostname override.
    #[field(tag = 41)]
    pub hostname_override: Option<String>,
    /// Scheduling group.
    #[field(tag = 43)]
    pub scheduling_group: Option<Box<PodSchedulingGroup>>,
}

/// A preferred scheduling term.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PreferredSchedulingTerm {
    /// Weight.
    #[field(tag = 1, always, required)]
    pub weight: i32,
    /// Preference.
    #[field(tag = 2, always, required)]
    pub preference: NodeSelectorTerm,
}

/// A probe.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Probe {
    /// Exec.
    #[field(tag = 1, within = 1)]
    pub exec: Option<Box<ExecAction>>,
    /// Http get.
    #[field(tag = 2, within = 1)]
    pub http_get: Option<Box<HTTPGetAction>>,
    /// Tcp socket.
    #[field(tag = 3, within = 1)]
    pub tcp_socket: Option<Box<TCPSocketAction>>,
    /// Grpc.
    #[field(tag = 4, within = 1)]
    pub grpc: Option<Box<GRPCAction>>,
    /// Initial delay, in seconds.
    #[field(tag = 2)]
    pub initial_delay_seconds: i32,
    /// Timeout, in seconds.
    #[field(tag = 3)]
    pub timeout_seconds: i32,
    /// Period, in seconds.
    #[field(tag = 4)]
    pub period_seconds: i32,
    /// Success threshold.
    #[field(tag = 5)]
    pub success_threshold: i32,
    /// Failure threshold.
    #[field(tag = 6)]
    pub failure_threshold: i32,
    /// Termination grace period, in seconds.
    #[field(tag = 7)]
    pub termination_grace_period_seconds: Option<i64>,
}

/// A resource claim.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceClaim {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Request.
    #[field(tag = 2)]
    pub request: String,
}

/// A resource field selector.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ResourceFieldSelector {
    /// Container name.
    #[field(tag = 1)]
    pub container_name: String,
    /// Resource.
    #[field(tag = 2, always, required)]
    pub resource: String,
    /// Divisor.
    #[field(tag = 3, always)]
    pub divisor: crate::Quantity,
}

/// A resource requirements.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceRequirements {
    /// Limits.
    #[field(tag = 1)]
    pub limits: BTreeMap<String, crate::Quantity>,
    /// Requests.
    #[field(tag = 2)]
    pub requests: BTreeMap<String, crate::Quantity>,
    /// Claims.
    #[field(tag = 3, list = "map", keys = "name")]
    pub claims: Vec<ResourceClaim>,
}

/// A se linux options.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SELinuxOptions {
    /// User.
    #[field(tag = 1)]
    pub user: String,
    /// Role.
    #[field(tag = 2)]
    pub role: String,
    /// Type.
    #[field(tag = 3)]
    pub type_: String,
    /// Level.
    #[field(tag = 4)]
    pub level: String,
}

/// A seccomp profile.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SeccompProfile {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Localhost profile.
    #[field(tag = 2)]
    pub localhost_profile: Option<String>,
}

/// A secret env source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SecretEnvSource {
    /// Name.
    #[field(tag = 1, within = 1)]
    pub name: String,
    /// Optional.
    #[field(tag = 2)]
    pub optional: Option<bool>,
}

/// A secret key selector.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct SecretKeySelector {
    /// Name.
    #[field(tag = 1, within = 1)]
    pub name: String,
    /// Key.
    #[field(tag = 2, always, required)]
    pub key: String,
    /// Optional.
    #[field(tag = 3)]
    pub optional: Option<bool>,
}

/// A security context.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SecurityContext {
    /// Capabilities.
    #[field(tag = 1)]
    pub capabilities: Option<Box<Capabilities>>,
    /// Privileged.
    #[field(tag = 2)]
    pub privileged: Option<bool>,
    /// Se linux options.
    #[field(tag = 3)]
    pub se_linux_options: Option<Box<SELinuxOptions>>,
    /// Run As user.
    #[field(tag = 4)]
    pub run_as_user: Option<i64>,
    /// Run As non root.
    #[field(tag = 5)]
    pub run_as_non_root: Option<bool>,
    /// Read only root filesystem.
    #[field(tag = 6)]
    pub read_only_root_filesystem: Option<bool>,
    /// Allow privilege escalation.
    #[field(tag = 7)]
    pub allow_privilege_escalation: Option<bool>,
    /// Run As group.
    #[field(tag = 8)]
    pub run_as_group: Option<i64>,
    /// Proc mount.
    #[field(tag = 9)]
    pub proc_mount: Option<String>,
    /// Windows options.
    #[field(tag = 10)]
    pub windows_options: Option<Box<WindowsSecurityContextOptions>>,
    /// Seccomp profile.
    #[field(tag = 11)]
    pub seccomp_profile: Option<Box<SeccompProfile>>,
    /// App armor profile.
    #[field(tag = 12)]
    pub app_armor_profile: Option<Box<AppArmorProfile>>,
}

/// A sleep action.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SleepAction {
    /// Seconds.
    #[field(tag = 1, always, required)]
    pub seconds: i64,
}

/// A sysctl.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Sysctl {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Value.
    #[field(tag = 2, always, required)]
    pub value: String,
}

/// A tcp socket action.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TCPSocketAction {
    /// Port.
    #[field(tag = 1, always, required)]
    pub port: crate::IntOrString,
    /// Host.
    #[field(tag = 2)]
    pub host: String,
}

/// A toleration.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Toleration {
    /// Key.
    #[field(tag = 1)]
    pub key: String,
    /// Operator.
    #[field(tag = 2)]
    pub operator: String,
    /// Value.
    #[field(tag = 3)]
    pub value: String,
    /// Effect.
    #[field(tag = 4)]
    pub effect: String,
    /// Toleration, in seconds.
    #[field(tag = 5)]
    pub toleration_seconds: Option<i64>,
}

/// A topology spread constraint.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TopologySpreadConstraint {
    /// Max skew.
    #[field(tag = 1, always, required)]
    pub max_skew: i32,
    /// Topology key.
    #[field(tag = 2, always, required)]
    pub topology_key: String,
    /// When unsatisfiable.
    #[field(tag = 3, always, required)]
    pub when_unsatisfiable: String,
    /// Label selector.
    #[field(tag = 4)]
    pub label_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Min domains.
    #[field(tag = 5)]
    pub min_domains: Option<i32>,
    /// Node affinity policy.
    #[field(tag = 6)]
    pub node_affinity_policy: Option<String>,
    /// Node taints policy.
    #[field(tag = 7)]
    pub node_taints_policy: Option<String>,
    /// Match label keys.
    #[field(tag = 8, list = "atomic")]
    pub match_label_keys: Vec<String>,
}

/// A weighted pod affinity term.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct WeightedPodAffinityTerm {
    /// Weight.
    #[field(tag = 1, always, required)]
    pub weight: i32,
    /// Pod affinity term.
    #[field(tag = 2, always, required)]
    pub pod_affinity_term: PodAffinityTerm,
}

/// A windows security context options.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct WindowsSecurityContextOptions {
    /// Gmsa credential spec name.
    #[field(tag = 1)]
    pub gmsa_credential_spec_name: Option<String>,
    /// Gmsa credential spec.
    #[field(tag = 2)]
    pub gmsa_credential_spec: Option<String>,
    /// Run As user name.
    #[field(tag = 3)]
    pub run_as_user_name: Option<String>,
    /// Host process.
    #[field(tag = 4)]
    pub host_process: Option<bool>,
}
