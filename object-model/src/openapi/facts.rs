//! What the tables of structs do not say: closed sets of values, unions, and markers that differ from the type's.
//!
//! Source: Kubernetes API reference, "possible enum values" of each field (named in OpenAPI v3 only).

use serde_json::{Value, json};

/// The values that a field of enumerated type can have, in order; `None` for open fields.
pub(super) fn enumeration(structure: &str, field: &str) -> Option<Vec<String>> {
    let values: &[&str] = match (structure, field) {
        ("PersistentVolumeSpec", "persistentVolumeReclaimPolicy") | ("StorageClass", "reclaimPolicy") => {
            &["Delete", "Recycle", "Retain"]
        }
        ("PersistentVolumeSpec" | "PersistentVolumeClaimSpec", "volumeMode") => &["Block", "Filesystem"],
        ("PersistentVolumeSpec" | "PersistentVolumeClaimSpec" | "PersistentVolumeClaimStatus", "accessModes") => {
            &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]
        }
        ("PersistentVolumeStatus", "phase") => &["Available", "Bound", "Failed", "Pending", "Released"],
        ("PersistentVolumeClaimStatus", "phase") => &["Bound", "Lost", "Pending"],
        ("PersistentVolumeClaimStatus", "allocatedResourceStatuses") => &[
            "ControllerResizeInProgress",
            "ControllerResizeInfeasible",
            "NodeResizeInProgress",
            "NodeResizeInfeasible",
            "NodeResizePending",
        ],
        ("ModifyVolumeStatus", "status") => &["InProgress", "Infeasible", "Pending"],
        ("HostPathVolumeSource", "type") => {
            &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"]
        }
        ("VolumeMount", "mountPropagation") => &["Bidirectional", "HostToContainer", "None"],
        ("AzureDiskVolumeSource", "cachingMode") => &["None", "ReadOnly", "ReadWrite"],
        ("AzureDiskVolumeSource", "kind") => &["Dedicated", "Managed", "Shared"],
        ("ContainerPort" | "ServicePort" | "EndpointPort" | "NetworkPolicyPort", "protocol")
        | ("PortStatus" | "IngressPortStatus", "protocol") => &["SCTP", "TCP", "UDP"],
        ("HTTPGetAction", "scheme") => &["HTTP", "HTTPS"],
        ("Container" | "EphemeralContainer", "imagePullPolicy") | ("ImageVolumeSource", "pullPolicy") => {
            &["Always", "IfNotPresent", "Never"]
        }
        ("Container" | "EphemeralContainer", "terminationMessagePolicy") => &["FallbackToLogsOnError", "File"],
        ("PodSpec" | "PriorityClass", "preemptionPolicy") => &["Never", "PreemptLowerPriority"],
        ("Lifecycle" | "ContainerStatus", "stopSignal") => return Some(signals()),
        ("PodStatus", "phase") => &["Failed", "Pending", "Running", "Succeeded", "Unknown"],
        ("PodStatus", "qosClass") => &["BestEffort", "Burstable", "Guaranteed"],
        ("PodSpec", "restartPolicy") => &["Always", "Never", "OnFailure"],
        ("PodSpec", "dnsPolicy") => &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
        ("NodeSelectorRequirement", "operator") => &["DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"],
        ("Taint" | "Toleration", "effect") => &["NoExecute", "NoSchedule", "PreferNoSchedule"],
        ("Toleration", "operator") => &["Equal", "Exists", "Gt", "Lt"],
        ("TopologySpreadConstraint", "nodeAffinityPolicy" | "nodeTaintsPolicy") => &["Honor", "Ignore"],
        ("TopologySpreadConstraint", "whenUnsatisfiable") => &["DoNotSchedule", "ScheduleAnyway"],
        ("PodSecurityContext", "fsGroupChangePolicy") => &["Always", "OnRootMismatch"],
        ("PodSecurityContext", "supplementalGroupsPolicy") => &["Merge", "Strict"],
        ("SeccompProfile" | "AppArmorProfile", "type") => &["Localhost", "RuntimeDefault", "Unconfined"],
        ("SecurityContext", "procMount") => &["Default", "Unmasked"],
        ("ServiceSpec", "sessionAffinity") => &["ClientIP", "None"],
        ("ServiceSpec", "type") => &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"],
        ("ServiceSpec", "internalTrafficPolicy" | "externalTrafficPolicy") => &["Cluster", "Local"],
        ("ServiceSpec", "ipFamilies") => &["", "IPv4", "IPv6"],
        ("ServiceSpec", "ipFamilyPolicy") => &["PreferDualStack", "RequireDualStack", "SingleStack"],
        ("NamespaceStatus", "phase") => &["Active", "Terminating"],
        ("NodeStatus", "phase") => &["Pending", "Running", "Terminated"],
        ("ResourceQuotaSpec", "scopes") | ("ScopedResourceSelectorRequirement", "scopeName") => &[
            "BestEffort",
            "CrossNamespacePodAffinity",
            "NotBestEffort",
            "NotTerminating",
            "PriorityClass",
            "Terminating",
            "VolumeAttributesClass",
        ],
        ("ScopedResourceSelectorRequirement", "operator") => &["DoesNotExist", "Exists", "In", "NotIn"],
        ("PodFailurePolicyRule", "action") => &["Count", "FailIndex", "FailJob", "Ignore"],
        ("PodFailurePolicyOnExitCodesRequirement", "operator") => &["In", "NotIn"],
        ("JobSpec", "completionMode") => &["Indexed", "NonIndexed"],
        ("JobSpec", "podReplacementPolicy") => &["Failed", "TerminatingOrFailed"],
        ("CronJobSpec", "concurrencyPolicy") => &["Allow", "Forbid", "Replace"],
        ("DeploymentStrategy", "type") => &["Recreate", "RollingUpdate"],
        ("DaemonSetUpdateStrategy" | "StatefulSetUpdateStrategy", "type") => &["OnDelete", "RollingUpdate"],
        ("StatefulSetSpec", "podManagementPolicy") => &["OrderedReady", "Parallel"],
        ("NetworkPolicySpec", "policyTypes") => &["Egress", "Ingress"],
        ("HTTPIngressPath", "pathType") => &["Exact", "ImplementationSpecific", "Prefix"],
        ("PodDisruptionBudgetSpec", "unhealthyPodEvictionPolicy") => &["AlwaysAllow", "IfHealthyBudget"],
        ("StorageClass", "volumeBindingMode") => &["Immediate", "WaitForFirstConsumer"],
        (
            "MutatingWebhook" | "ValidatingWebhook" | "ValidatingAdmissionPolicySpec" | "MutatingAdmissionPolicySpec",
            "failurePolicy",
        ) => &["Fail", "Ignore"],
        ("MutatingWebhook" | "ValidatingWebhook" | "MatchResources", "matchPolicy") => &["Equivalent", "Exact"],
        ("MutatingWebhook" | "ValidatingWebhook", "sideEffects") => &["None", "NoneOnDryRun", "Some", "Unknown"],
        ("MutatingWebhook" | "MutatingAdmissionPolicySpec", "reinvocationPolicy") => &["IfNeeded", "Never"],
        ("RuleWithOperations" | "NamedRuleWithOperations", "scope") => &["*", "Cluster", "Namespaced"],
        ("RuleWithOperations" | "NamedRuleWithOperations", "operations") => {
            &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]
        }
        ("ValidatingAdmissionPolicyBindingSpec", "validationActions") => &["Audit", "Deny", "Warn"],
        ("Mutation", "patchType") => &["ApplyConfiguration", "JSONPatch"],
        ("EndpointSlice", "addressType") => &["FQDN", "IPv4", "IPv6"],
        ("CertificateSigningRequestSpec", "usages") => &crate::rules::USAGES,
        ("DeviceToleration", "operator") => &["Equal", "Exists"],
        ("DeviceTaint" | "DeviceToleration", "effect") => &["NoExecute", "NoSchedule", "None"],
        _ => return None,
    };
    Some(values.iter().map(|value| (*value).to_owned()).collect())
}

/// The signals that can stop a container.
fn signals() -> Vec<String> {
    let plain = "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS \
                 TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX";
    let mut all: Vec<String> = plain.split_whitespace().map(|name| format!("SIG{name}")).collect();
    all.extend((1..=15).map(|above| format!("SIGRTMIN+{above}")));
    all.extend((1..=14).map(|below| format!("SIGRTMAX-{below}")));
    all.sort();
    all
}

/// `x-kubernetes-unions` of a struct: at most one of its members is set, named by the discriminator.
pub(super) fn unions(module: &str, structure: &str) -> Option<Value> {
    let one = |discriminator: &str, fields: Value| {
        let mut union = json!({"fields-to-discriminateBy": fields});
        if !discriminator.is_empty() {
            union["discriminator"] = discriminator.into();
        }
        Some(json!([union]))
    };
    match structure {
        "AppArmorProfile" | "SeccompProfile" => one("type", json!({"localhostProfile": "LocalhostProfile"})),
        "PodSchedulingGroup" => one("", json!({"podGroupName": "PodGroupName"})),
        "LimitResponse" => one("type", json!({"queuing": "Queuing"})),
        "PriorityLevelConfigurationSpec" => one("type", json!({"exempt": "Exempt", "limited": "Limited"})),
        "Subject" if module.contains("::flowcontrol::") => {
            one("kind", json!({"group": "Group", "serviceAccount": "ServiceAccount", "user": "User"}))
        }
        "PodGroupSchedulingPolicy" => one("", json!({"basic": "Basic", "gang": "Gang"})),
        "PodGroupTemplateReference" => one("", json!({"workload": "Workload"})),
        _ => None,
    }
}

/// Fields whose members are owned one by one although their type, or what upstream says of it, is atomic.
pub(super) fn is_granular(structure: &str, field: &str) -> bool {
    matches!(
        (structure, field),
        ("PersistentVolumeClaimStatus", "allocatedResourceStatuses") | ("PersistentVolumeSpec", "claimRef")
    )
}
