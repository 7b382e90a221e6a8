//! What pods and pod templates have in common.

use std::collections::BTreeMap;

use crate::Reflect;

use super::{
    LocalObjectReference, NodeSelector, NodeSelectorTerm, Volume, VolumeDevice, VolumeMount,
};

/// Affinity as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Affinity {
    /// See the API reference.
    #[field(tag = 1)]
    pub node_affinity: Option<Box<NodeAffinity>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub pod_affinity: Option<Box<PodAffinity>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub pod_anti_affinity: Option<Box<PodAntiAffinity>>,
}

/// AppArmorProfile as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct AppArmorProfile {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub localhost_profile: String,
}

/// Capabilities as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Capabilities {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub add: Vec<String>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub drop: Vec<String>,
}

/// ConfigMapEnvSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ConfigMapEnvSource {
    /// See the API reference.
    #[field(tag = 1, within = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub optional: bool,
}

/// ConfigMapKeySelector as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ConfigMapKeySelector {
    /// See the API reference.
    #[field(tag = 1, within = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub key: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub optional: bool,
}

/// Container as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Container {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub image: String,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub command: Vec<String>,
    /// See the API reference.
    #[field(tag = 4, list = "atomic")]
    pub args: Vec<String>,
    /// See the API reference.
    #[field(tag = 5)]
    pub working_dir: String,
    /// See the API reference.
    #[field(
        tag = 6,
        list = "map",
        keys = "containerPort,protocol",
        patch = "merge",
        merge_key = "containerPort"
    )]
    pub ports: Vec<ContainerPort>,
    /// See the API reference.
    #[field(
        tag = 7,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub env: Vec<EnvVar>,
    /// See the API reference.
    #[field(tag = 8)]
    pub resources: Option<Box<ResourceRequirements>>,
    /// See the API reference.
    #[field(
        tag = 9,
        list = "map",
        keys = "mountPath",
        patch = "merge",
        merge_key = "mountPath"
    )]
    pub volume_mounts: Vec<VolumeMount>,
    /// See the API reference.
    #[field(tag = 10)]
    pub liveness_probe: Option<Box<Probe>>,
    /// See the API reference.
    #[field(tag = 11)]
    pub readiness_probe: Option<Box<Probe>>,
    /// See the API reference.
    #[field(tag = 12)]
    pub lifecycle: Option<Box<Lifecycle>>,
    /// See the API reference.
    #[field(tag = 13)]
    pub termination_message_path: String,
    /// See the API reference.
    #[field(tag = 14)]
    pub image_pull_policy: String,
    /// See the API reference.
    #[field(tag = 15)]
    pub security_context: Option<Box<SecurityContext>>,
    /// See the API reference.
    #[field(tag = 16)]
    pub stdin: bool,
    /// See the API reference.
    #[field(tag = 17)]
    pub stdin_once: bool,
    /// See the API reference.
    #[field(tag = 18)]
    pub tty: bool,
    /// See the API reference.
    #[field(tag = 19, list = "atomic")]
    pub env_from: Vec<EnvFromSource>,
    /// See the API reference.
    #[field(tag = 20)]
    pub termination_message_policy: String,
    /// See the API reference.
    #[field(
        tag = 21,
        list = "map",
        keys = "devicePath",
        patch = "merge",
        merge_key = "devicePath"
    )]
    pub volume_devices: Vec<VolumeDevice>,
    /// See the API reference.
    #[field(tag = 22)]
    pub startup_probe: Option<Box<Probe>>,
    /// See the API reference.
    #[field(tag = 23, list = "atomic")]
    pub resize_policy: Vec<ContainerResizePolicy>,
    /// See the API reference.
    #[field(tag = 24)]
    pub restart_policy: String,
    /// See the API reference.
    #[field(tag = 25, list = "atomic")]
    pub restart_policy_rules: Vec<ContainerRestartRule>,
}

/// ContainerPort as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerPort {
    /// See the API reference.
    #[field(tag = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub host_port: i32,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub container_port: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub protocol: String,
    /// See the API reference.
    #[field(tag = 5, name = "hostIP")]
    pub host_ip: String,
}

/// ContainerResizePolicy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerResizePolicy {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub resource_name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub restart_policy: String,
}

/// ContainerRestartRule as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerRestartRule {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub action: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub exit_codes: Option<Box<ContainerRestartRuleOnExitCodes>>,
}

/// ContainerRestartRuleOnExitCodes as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerRestartRuleOnExitCodes {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub operator: String,
    /// See the API reference.
    #[field(tag = 2, list = "set")]
    pub values: Vec<i32>,
}

/// EnvFromSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EnvFromSource {
    /// See the API reference.
    #[field(tag = 1)]
    pub prefix: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub config_map_ref: Option<Box<ConfigMapEnvSource>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub secret_ref: Option<Box<SecretEnvSource>>,
}

/// EnvVar as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EnvVar {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub value: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub value_from: Option<Box<EnvVarSource>>,
}

/// EnvVarSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EnvVarSource {
    /// See the API reference.
    #[field(tag = 1)]
    pub field_ref: Option<Box<ObjectFieldSelector>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub resource_field_ref: Option<Box<ResourceFieldSelector>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub config_map_key_ref: Option<Box<ConfigMapKeySelector>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub secret_key_ref: Option<Box<SecretKeySelector>>,
    /// See the API reference.
    #[field(tag = 5)]
    pub file_key_ref: Option<Box<FileKeySelector>>,
}

/// EphemeralContainer as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EphemeralContainer {
    /// See the API reference.
    #[field(tag = 1, within = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, within = 1)]
    pub image: String,
    /// See the API reference.
    #[field(tag = 3, within = 1, list = "atomic")]
    pub command: Vec<String>,
    /// See the API reference.
    #[field(tag = 4, within = 1, list = "atomic")]
    pub args: Vec<String>,
    /// See the API reference.
    #[field(tag = 5, within = 1)]
    pub working_dir: String,
    /// See the API reference.
    #[field(
        tag = 6,
        within = 1,
        list = "map",
        keys = "containerPort,protocol",
        patch = "merge",
        merge_key = "containerPort"
    )]
    pub ports: Vec<ContainerPort>,
    /// See the API reference.
    #[field(
        tag = 7,
        within = 1,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub env: Vec<EnvVar>,
    /// See the API reference.
    #[field(tag = 8, within = 1)]
    pub resources: Option<Box<ResourceRequirements>>,
    /// See the API reference.
    #[field(
        tag = 9,
        within = 1,
        list = "map",
        keys = "mountPath",
        patch = "merge",
        merge_key = "mountPath"
    )]
    pub volume_mounts: Vec<VolumeMount>,
    /// See the API reference.
    #[field(tag = 10, within = 1)]
    pub liveness_probe: Option<Box<Probe>>,
    /// See the API reference.
    #[field(tag = 11, within = 1)]
    pub readiness_probe: Option<Box<Probe>>,
    /// See the API reference.
    #[field(tag = 12, within = 1)]
    pub lifecycle: Option<Box<Lifecycle>>,
    /// See the API reference.
    #[field(tag = 13, within = 1)]
    pub termination_message_path: String,
    /// See the API reference.
    #[field(tag = 14, within = 1)]
    pub image_pull_policy: String,
    /// See the API reference.
    #[field(tag = 15, within = 1)]
    pub security_context: Option<Box<SecurityContext>>,
    /// See the API reference.
    #[field(tag = 16, within = 1)]
    pub stdin: bool,
    /// See the API reference.
    #[field(tag = 17, within = 1)]
    pub stdin_once: bool,
    /// See the API reference.
    #[field(tag = 18, within = 1)]
    pub tty: bool,
    /// See the API reference.
    #[field(tag = 19, within = 1, list = "atomic")]
    pub env_from: Vec<EnvFromSource>,
    /// See the API reference.
    #[field(tag = 20, within = 1)]
    pub termination_message_policy: String,
    /// See the API reference.
    #[field(
        tag = 21,
        within = 1,
        list = "map",
        keys = "devicePath",
        patch = "merge",
        merge_key = "devicePath"
    )]
    pub volume_devices: Vec<VolumeDevice>,
    /// See the API reference.
    #[field(tag = 22, within = 1)]
    pub startup_probe: Option<Box<Probe>>,
    /// See the API reference.
    #[field(tag = 23, within = 1, list = "atomic")]
    pub resize_policy: Vec<ContainerResizePolicy>,
    /// See the API reference.
    #[field(tag = 24, within = 1)]
    pub restart_policy: String,
    /// See the API reference.
    #[field(tag = 25, within = 1, list = "atomic")]
    pub restart_policy_rules: Vec<ContainerRestartRule>,
    /// See the API reference.
    #[field(tag = 2)]
    pub target_container_name: String,
}

/// ExecAction as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ExecAction {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub command: Vec<String>,
}

/// FileKeySelector as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct FileKeySelector {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub volume_name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub path: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub key: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub optional: bool,
}

/// GRPCAction as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct GRPCAction {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub port: i32,
    /// See the API reference.
    #[field(tag = 2)]
    pub service: String,
}

/// HTTPGetAction as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HTTPGetAction {
    /// See the API reference.
    #[field(tag = 1)]
    pub path: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub port: crate::IntOrString,
    /// See the API reference.
    #[field(tag = 3)]
    pub host: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub scheme: String,
    /// See the API reference.
    #[field(tag = 5, list = "atomic")]
    pub http_headers: Vec<HTTPHeader>,
}

/// HTTPHeader as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HTTPHeader {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub value: String,
}

/// HostAlias as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HostAlias {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub ip: String,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub hostnames: Vec<String>,
}

/// Lifecycle as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Lifecycle {
    /// See the API reference.
    #[field(tag = 1)]
    pub post_start: Option<Box<LifecycleHandler>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub pre_stop: Option<Box<LifecycleHandler>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub stop_signal: String,
}

/// LifecycleHandler as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LifecycleHandler {
    /// See the API reference.
    #[field(tag = 1)]
    pub exec: Option<Box<ExecAction>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub http_get: Option<Box<HTTPGetAction>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub tcp_socket: Option<Box<TCPSocketAction>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub sleep: Option<Box<SleepAction>>,
}

/// NodeAffinity as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NodeAffinity {
    /// See the API reference.
    #[field(tag = 1)]
    pub required_during_scheduling_ignored_during_execution: Option<Box<NodeSelector>>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub preferred_during_scheduling_ignored_during_execution: Vec<PreferredSchedulingTerm>,
}

/// ObjectFieldSelector as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ObjectFieldSelector {
    /// API version of the object.
    #[field(tag = 1)]
    pub api_version: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub field_path: String,
}

/// PodAffinity as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodAffinity {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub required_during_scheduling_ignored_during_execution: Vec<PodAffinityTerm>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub preferred_during_scheduling_ignored_during_execution: Vec<WeightedPodAffinityTerm>,
}

/// PodAffinityTerm as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodAffinityTerm {
    /// See the API reference.
    #[field(tag = 1)]
    pub label_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub namespaces: Vec<String>,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub topology_key: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub namespace_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 5, list = "atomic")]
    pub match_label_keys: Vec<String>,
    /// See the API reference.
    #[field(tag = 6, list = "atomic")]
    pub mismatch_label_keys: Vec<String>,
}

/// PodAntiAffinity as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodAntiAffinity {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub required_during_scheduling_ignored_during_execution: Vec<PodAffinityTerm>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub preferred_during_scheduling_ignored_during_execution: Vec<WeightedPodAffinityTerm>,
}

/// PodDNSConfig as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodDNSConfig {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub nameservers: Vec<String>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub searches: Vec<String>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub options: Vec<PodDNSConfigOption>,
}

/// PodDNSConfigOption as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodDNSConfigOption {
    /// See the API reference.
    #[field(tag = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub value: String,
}

/// PodOS as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodOS {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
}

/// PodReadinessGate as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodReadinessGate {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub condition_type: String,
}

/// PodResourceClaim as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodResourceClaim {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub resource_claim_name: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub resource_claim_template_name: String,
}

/// PodSchedulingGate as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodSchedulingGate {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
}

/// PodSchedulingGroup as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodSchedulingGroup {
    /// See the API reference.
    #[field(tag = 1)]
    pub pod_group_name: String,
}

/// PodSecurityContext as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodSecurityContext {
    /// See the API reference.
    #[field(tag = 1)]
    pub se_linux_options: Option<Box<SELinuxOptions>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub run_as_user: i64,
    /// See the API reference.
    #[field(tag = 3)]
    pub run_as_non_root: bool,
    /// See the API reference.
    #[field(tag = 4, list = "atomic")]
    pub supplemental_groups: Vec<i64>,
    /// See the API reference.
    #[field(tag = 5)]
    pub fs_group: i64,
    /// See the API reference.
    #[field(tag = 6)]
    pub run_as_group: i64,
    /// See the API reference.
    #[field(tag = 7, list = "atomic")]
    pub sysctls: Vec<Sysctl>,
    /// See the API reference.
    #[field(tag = 8)]
    pub windows_options: Option<Box<WindowsSecurityContextOptions>>,
    /// See the API reference.
    #[field(tag = 9)]
    pub fs_group_change_policy: String,
    /// See the API reference.
    #[field(tag = 10)]
    pub seccomp_profile: Option<Box<SeccompProfile>>,
    /// See the API reference.
    #[field(tag = 11)]
    pub app_armor_profile: Option<Box<AppArmorProfile>>,
    /// See the API reference.
    #[field(tag = 12)]
    pub supplemental_groups_policy: String,
    /// See the API reference.
    #[field(tag = 13)]
    pub se_linux_change_policy: String,
}

/// PodSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodSpec {
    /// See the API reference.
    #[field(
        tag = 1,
        list = "map",
        keys = "name",
        patch = "merge,retainKeys",
        merge_key = "name"
    )]
    pub volumes: Vec<Volume>,
    /// See the API reference.
    #[field(
        tag = 2,
        always,
        required,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub containers: Vec<Container>,
    /// See the API reference.
    #[field(tag = 3)]
    pub restart_policy: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub termination_grace_period_seconds: i64,
    /// See the API reference.
    #[field(tag = 5)]
    pub active_deadline_seconds: i64,
    /// See the API reference.
    #[field(tag = 6)]
    pub dns_policy: String,
    /// See the API reference.
    #[field(tag = 7, atomic)]
    pub node_selector: BTreeMap<String, String>,
    /// See the API reference.
    #[field(tag = 8)]
    pub service_account_name: String,
    /// See the API reference.
    #[field(tag = 9)]
    pub service_account: String,
    /// See the API reference.
    #[field(tag = 10)]
    pub node_name: String,
    /// See the API reference.
    #[field(tag = 11)]
    pub host_network: bool,
    /// See the API reference.
    #[field(tag = 12, name = "hostPID")]
    pub host_pid: bool,
    /// See the API reference.
    #[field(tag = 13, name = "hostIPC")]
    pub host_ipc: bool,
    /// See the API reference.
    #[field(tag = 14)]
    pub security_context: Option<Box<PodSecurityContext>>,
    /// See the API reference.
    #[field(
        tag = 15,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub image_pull_secrets: Vec<LocalObjectReference>,
    /// See the API reference.
    #[field(tag = 16)]
    pub hostname: String,
    /// See the API reference.
    #[field(tag = 17)]
    pub subdomain: String,
    /// See the API reference.
    #[field(tag = 18)]
    pub affinity: Option<Box<Affinity>>,
    /// See the API reference.
    #[field(tag = 19)]
    pub scheduler_name: String,
    /// See the API reference.
    #[field(
        tag = 20,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub init_containers: Vec<Container>,
    /// See the API reference.
    #[field(tag = 21)]
    pub automount_service_account_token: bool,
    /// See the API reference.
    #[field(tag = 22, list = "atomic")]
    pub tolerations: Vec<Toleration>,
    /// See the API reference.
    #[field(tag = 23, list = "map", keys = "ip", patch = "merge", merge_key = "ip")]
    pub host_aliases: Vec<HostAlias>,
    /// See the API reference.
    #[field(tag = 24)]
    pub priority_class_name: String,
    /// See the API reference.
    #[field(tag = 25)]
    pub priority: i32,
    /// See the API reference.
    #[field(tag = 26)]
    pub dns_config: Option<Box<PodDNSConfig>>,
    /// See the API reference.
    #[field(tag = 27)]
    pub share_process_namespace: bool,
    /// See the API reference.
    #[field(tag = 28, list = "atomic")]
    pub readiness_gates: Vec<PodReadinessGate>,
    /// See the API reference.
    #[field(tag = 29)]
    pub runtime_class_name: String,
    /// See the API reference.
    #[field(tag = 30)]
    pub enable_service_links: bool,
    /// See the API reference.
    #[field(tag = 31)]
    pub preemption_policy: String,
    /// See the API reference.
    #[field(tag = 32)]
    pub overhead: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(
        tag = 33,
        list = "map",
        keys = "topologyKey,whenUnsatisfiable",
        patch = "merge",
        merge_key = "topologyKey"
    )]
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// See the API reference.
    #[field(
        tag = 34,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub ephemeral_containers: Vec<EphemeralContainer>,
    /// See the API reference.
    #[field(tag = 35, name = "setHostnameAsFQDN")]
    pub set_hostname_as_fqdn: bool,
    /// See the API reference.
    #[field(tag = 36)]
    pub os: Option<Box<PodOS>>,
    /// See the API reference.
    #[field(tag = 37)]
    pub host_users: bool,
    /// See the API reference.
    #[field(
        tag = 38,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub scheduling_gates: Vec<PodSchedulingGate>,
    /// See the API reference.
    #[field(
        tag = 39,
        list = "map",
        keys = "name",
        patch = "merge,retainKeys",
        merge_key = "name"
    )]
    pub resource_claims: Vec<PodResourceClaim>,
    /// See the API reference.
    #[field(tag = 40)]
    pub resources: Option<Box<ResourceRequirements>>,
    /// See the API reference.
    #[field(tag = 41)]
    pub hostname_override: String,
    /// See the API reference.
    #[field(tag = 43)]
    pub scheduling_group: Option<Box<PodSchedulingGroup>>,
}

/// PreferredSchedulingTerm as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PreferredSchedulingTerm {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub weight: i32,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub preference: NodeSelectorTerm,
}

/// Probe as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Probe {
    /// See the API reference.
    #[field(tag = 1, within = 1)]
    pub exec: Option<Box<ExecAction>>,
    /// See the API reference.
    #[field(tag = 2, within = 1)]
    pub http_get: Option<Box<HTTPGetAction>>,
    /// See the API reference.
    #[field(tag = 3, within = 1)]
    pub tcp_socket: Option<Box<TCPSocketAction>>,
    /// See the API reference.
    #[field(tag = 4, within = 1)]
    pub grpc: Option<Box<GRPCAction>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub initial_delay_seconds: i32,
    /// See the API reference.
    #[field(tag = 3)]
    pub timeout_seconds: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub period_seconds: i32,
    /// See the API reference.
    #[field(tag = 5)]
    pub success_threshold: i32,
    /// See the API reference.
    #[field(tag = 6)]
    pub failure_threshold: i32,
    /// See the API reference.
    #[field(tag = 7)]
    pub termination_grace_period_seconds: i64,
}

/// ResourceClaim as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceClaim {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub request: String,
}

/// ResourceFieldSelector as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ResourceFieldSelector {
    /// See the API reference.
    #[field(tag = 1)]
    pub container_name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub resource: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub divisor: crate::Quantity,
}

/// ResourceRequirements as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceRequirements {
    /// See the API reference.
    #[field(tag = 1)]
    pub limits: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 2)]
    pub requests: BTreeMap<String, crate::Quantity>,
    /// See the API reference.
    #[field(tag = 3, list = "map", keys = "name")]
    pub claims: Vec<ResourceClaim>,
}

/// SELinuxOptions as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SELinuxOptions {
    /// See the API reference.
    #[field(tag = 1)]
    pub user: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub role: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub level: String,
}

/// SeccompProfile as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SeccompProfile {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub localhost_profile: String,
}

/// SecretEnvSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SecretEnvSource {
    /// See the API reference.
    #[field(tag = 1, within = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub optional: bool,
}

/// SecretKeySelector as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct SecretKeySelector {
    /// See the API reference.
    #[field(tag = 1, within = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub key: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub optional: bool,
}

/// SecurityContext as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SecurityContext {
    /// See the API reference.
    #[field(tag = 1)]
    pub capabilities: Option<Box<Capabilities>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub privileged: bool,
    /// See the API reference.
    #[field(tag = 3)]
    pub se_linux_options: Option<Box<SELinuxOptions>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub run_as_user: i64,
    /// See the API reference.
    #[field(tag = 5)]
    pub run_as_non_root: bool,
    /// See the API reference.
    #[field(tag = 6)]
    pub read_only_root_filesystem: bool,
    /// See the API reference.
    #[field(tag = 7)]
    pub allow_privilege_escalation: bool,
    /// See the API reference.
    #[field(tag = 8)]
    pub run_as_group: i64,
    /// See the API reference.
    #[field(tag = 9)]
    pub proc_mount: String,
    /// See the API reference.
    #[field(tag = 10)]
    pub windows_options: Option<Box<WindowsSecurityContextOptions>>,
    /// See the API reference.
    #[field(tag = 11)]
    pub seccomp_profile: Option<Box<SeccompProfile>>,
    /// See the API reference.
    #[field(tag = 12)]
    pub app_armor_profile: Option<Box<AppArmorProfile>>,
}

/// SleepAction as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SleepAction {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub seconds: i64,
}

/// Sysctl as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Sysctl {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub value: String,
}

/// TCPSocketAction as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TCPSocketAction {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub port: crate::IntOrString,
    /// See the API reference.
    #[field(tag = 2)]
    pub host: String,
}

/// Toleration as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct Toleration {
    /// See the API reference.
    #[field(tag = 1)]
    pub key: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub operator: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub value: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub effect: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub toleration_seconds: i64,
}

/// TopologySpreadConstraint as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TopologySpreadConstraint {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub max_skew: i32,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub topology_key: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub when_unsatisfiable: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub label_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 5)]
    pub min_domains: i32,
    /// See the API reference.
    #[field(tag = 6)]
    pub node_affinity_policy: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub node_taints_policy: String,
    /// See the API reference.
    #[field(tag = 8, list = "atomic")]
    pub match_label_keys: Vec<String>,
}

/// WeightedPodAffinityTerm as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct WeightedPodAffinityTerm {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub weight: i32,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub pod_affinity_term: PodAffinityTerm,
}

/// WindowsSecurityContextOptions as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct WindowsSecurityContextOptions {
    /// See the API reference.
    #[field(tag = 1)]
    pub gmsa_credential_spec_name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub gmsa_credential_spec: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub run_as_user_name: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub host_process: bool,
}
