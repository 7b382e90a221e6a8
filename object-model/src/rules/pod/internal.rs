//! Values as kube-apiserver shows them in messages: its internal types, which differ from the API's in the names and
//! the order of fields.
//!
//! In: any part of the API. Out: JSON text, in one line or in many. Invariant: every field is there, absent ones as
//! `null`. Elsewhere: the API's own JSON (`json`).

use std::fmt::Write;

use crate::json_value;
use crate::reflect::{Ref, Struct};
use crate::validation::Shown;

/// A JSON value whose members keep their order.
pub(in crate::rules) enum GoValue {
    Null,
    /// Text that is JSON already.
    Leaf(String),
    List(Vec<GoValue>),
    Object(Vec<(String, GoValue)>),
}

/// Names that are more than the API's name with its first letter large.
const NAMES: [(&str, &str); 47] = [
    ("apiGroup", "APIGroup"),
    ("apiVersion", "APIVersion"),
    ("awsElasticBlockStore", "AWSElasticBlockStore"),
    ("cephfs", "CephFS"),
    ("chapAuthDiscovery", "DiscoveryCHAPAuth"),
    ("chapAuthSession", "SessionCHAPAuth"),
    ("csi", "CSI"),
    ("diskURI", "DataDiskURI"),
    ("dnsConfig", "DNSConfig"),
    ("dnsPolicy", "DNSPolicy"),
    ("fc", "FC"),
    ("fsGroup", "FSGroup"),
    ("fsGroupChangePolicy", "FSGroupChangePolicy"),
    ("fsType", "FSType"),
    ("gcePersistentDisk", "GCEPersistentDisk"),
    ("gmsaCredentialSpec", "GMSACredentialSpec"),
    ("gmsaCredentialSpecName", "GMSACredentialSpecName"),
    ("grpc", "GRPC"),
    ("httpGet", "HTTPGet"),
    ("httpHeaders", "HTTPHeaders"),
    ("ip", "IP"),
    ("iqn", "IQN"),
    ("iscsi", "ISCSI"),
    ("iscsiInterface", "ISCSIInterface"),
    ("nfs", "NFS"),
    ("os", "OS"),
    ("pdName", "PDName"),
    ("rbd", "RBD"),
    ("seLinuxChangePolicy", "SELinuxChangePolicy"),
    ("seLinuxOptions", "SELinuxOptions"),
    ("sslEnabled", "SSLEnabled"),
    ("storageos", "StorageOS"),
    ("tcpSocket", "TCPSocket"),
    ("ttlSecondsAfterFinished", "TTLSecondsAfterFinished"),
    ("tty", "TTY"),
    ("uid", "UID"),
    ("wwids", "WWIDs"),
    // Of one struct only, and of no other.
    ("GlusterfsVolumeSource.endpoints", "EndpointsName"),
    ("RBDVolumeSource.image", "RBDImage"),
    ("RBDVolumeSource.keyring", "Keyring"),
    ("RBDVolumeSource.monitors", "CephMonitors"),
    ("RBDVolumeSource.pool", "RBDPool"),
    ("RBDVolumeSource.user", "RadosUser"),
    ("CSIVolumeSource.fsType", "FSType"),
    ("PodCertificateProjection.userAnnotations", "UserAnnotations"),
    ("FlockerVolumeSource.datasetUUID", "DatasetUUID"),
    ("VsphereVirtualDiskVolumeSource.storagePolicyID", "StoragePolicyID"),
];

/// Lists that are shown as `[]` where others are `null`: their authors cannot leave them out.
const NEVER_NULL: [(&str, &str); 3] =
    [("PodFailurePolicy", "rules"), ("PodFailurePolicyOnExitCodesRequirement", "values"), ("SuccessPolicy", "rules")];

/// Fields that are a pointer there and text here: no text is no value.
const TEXT_OR_NULL: [(&str, &str); 3] = [
    ("PodResourceClaim", "resourceClaimName"),
    ("PodResourceClaim", "resourceClaimTemplateName"),
    ("PodSchedulingGroup", "podGroupName"),
];

/// The order of fields where it is not that of the API.
fn order(name: &str) -> &'static [&'static str] {
    match name {
        "PodSpec" => &[
            "volumes",
            "initContainers",
            "containers",
            "ephemeralContainers",
            "restartPolicy",
            "terminationGracePeriodSeconds",
            "activeDeadlineSeconds",
            "dnsPolicy",
            "nodeSelector",
            "serviceAccountName",
            "automountServiceAccountToken",
            "nodeName",
            "securityContext",
            "imagePullSecrets",
            "hostname",
            "subdomain",
            "setHostnameAsFQDN",
            "affinity",
            "schedulerName",
            "tolerations",
            "hostAliases",
            "priorityClassName",
            "priority",
            "preemptionPolicy",
            "dnsConfig",
            "readinessGates",
            "runtimeClassName",
            "overhead",
            "enableServiceLinks",
            "topologySpreadConstraints",
            "os",
            "schedulingGates",
            "resourceClaims",
            "resources",
            "hostnameOverride",
            "schedulingGroup",
        ],
        "PodSecurityContext" => &[
            "seLinuxOptions",
            "windowsOptions",
            "runAsUser",
            "runAsGroup",
            "runAsNonRoot",
            "supplementalGroups",
            "supplementalGroupsPolicy",
            "fsGroup",
            "fsGroupChangePolicy",
            "sysctls",
            "seccompProfile",
            "appArmorProfile",
            "seLinuxChangePolicy",
        ],
        "SecurityContext" => &[
            "capabilities",
            "privileged",
            "seLinuxOptions",
            "windowsOptions",
            "runAsUser",
            "runAsGroup",
            "runAsNonRoot",
            "readOnlyRootFilesystem",
            "allowPrivilegeEscalation",
            "procMount",
            "seccompProfile",
            "appArmorProfile",
        ],
        "Container" | "EphemeralContainer" => &[
            "name",
            "image",
            "command",
            "args",
            "workingDir",
            "ports",
            "envFrom",
            "env",
            "resources",
            "resizePolicy",
            "restartPolicy",
            "restartPolicyRules",
            "volumeMounts",
            "volumeDevices",
            "livenessProbe",
            "readinessProbe",
            "startupProbe",
            "lifecycle",
            "terminationMessagePath",
            "terminationMessagePolicy",
            "imagePullPolicy",
            "securityContext",
            "stdin",
            "stdinOnce",
            "tty",
            "targetContainerName",
        ],
        "Volume" => &[
            "name",
            "hostPath",
            "emptyDir",
            "gcePersistentDisk",
            "awsElasticBlockStore",
            "gitRepo",
            "secret",
            "nfs",
            "iscsi",
            "glusterfs",
            "persistentVolumeClaim",
            "rbd",
            "quobyte",
            "flexVolume",
            "cinder",
            "cephfs",
            "flocker",
            "downwardAPI",
            "fc",
            "azureFile",
            "configMap",
            "vsphereVolume",
            "azureDisk",
            "photonPersistentDisk",
            "projected",
            "portworxVolume",
            "scaleIO",
            "storageos",
            "csi",
            "ephemeral",
            "image",
        ],
        "VolumeMount" => {
            &["name", "readOnly", "recursiveReadOnly", "mountPath", "subPath", "mountPropagation", "subPathExpr"]
        }
        "ISCSIVolumeSource" => &[
            "targetPortal",
            "iqn",
            "lun",
            "iscsiInterface",
            "fsType",
            "readOnly",
            "portals",
            "chapAuthDiscovery",
            "chapAuthSession",
            "secretRef",
            "initiatorName",
        ],
        "PersistentVolumeClaimSpec" => &[
            "accessModes",
            "selector",
            "resources",
            "volumeName",
            "storageClassName",
            "volumeMode",
            "dataSource",
            "dataSourceRef",
            "volumeAttributesClassName",
        ],
        _ => &[],
    }
}

/// Fields of a pod's spec that stand in its security context.
const OF_SECURITY: [&str; 5] = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"];

fn large(owner: &str, name: &str) -> String {
    let own = format!("{owner}.{name}");
    let known = NAMES.iter().find(|(from, _)| *from == own).or_else(|| NAMES.iter().find(|(from, _)| *from == name));
    if let Some((_, to)) = known {
        return (*to).to_owned();
    }
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

fn quoted(text: &str) -> String {
    let mut out = vec![];
    crate::json::write_string(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}

impl GoValue {
    /// A struct of the API.
    pub(in crate::rules) fn of(value: &dyn Struct) -> Self {
        let table = value.schema();
        // The types that kube-apiserver has in common with its clients are shown as clients see them.
        if matches!(&*table.name, "LabelSelector" | "ObjectMeta") {
            return Self::plain(&json_value(value));
        }
        let mut members = vec![];
        let order = order(&table.name);
        let in_order: Vec<usize> = if order.is_empty() {
            (0..table.fields.len()).collect()
        } else {
            order.iter().filter_map(|name| table.find(name)).map(|(index, _)| index).collect()
        };
        for index in in_order {
            let row = &table.fields[index];
            let view = value.field(index).get();
            let named = |list: &[(&str, &str)]| list.contains(&(&table.name, &row.name));
            let member = match view {
                Ref::List(list) if list.is_empty() && named(&NEVER_NULL) => Self::List(vec![]),
                Ref::Str("") if named(&TEXT_OR_NULL) => Self::Null,
                _ => Self::view(view),
            };
            match (&*row.name, member) {
                ("metadata", Self::Object(own)) => members.extend(own),
                ("securityContext", member) if table.name == "PodSpec" => {
                    members.push(("SecurityContext".to_owned(), Self::pod_security(value, member)));
                }
                (name, member) => members.push((large(&table.name, name), member)),
            }
        }
        Self::Object(members)
    }

    /// A list of structs.
    pub(in crate::rules) fn of_list<T: Struct>(values: &[T]) -> Self {
        Self::List(values.iter().map(|value| Self::of(value)).collect())
    }

    fn pod_security(spec: &dyn Struct, member: Self) -> Self {
        let Self::Object(own) = member else { return member };
        let shared = OF_SECURITY.iter().filter_map(|name| {
            let (index, _) = spec.schema().find(name)?;
            Some((large("", name), Self::view(spec.field(index).get())))
        });
        Self::Object(shared.chain(own).collect())
    }

    fn view(view: Ref<'_>) -> Self {
        match view {
            Ref::Absent => Self::Null,
            Ref::Bool(value) => Self::Leaf(value.to_string()),
            Ref::I32(value) => Self::Leaf(value.to_string()),
            Ref::I64(value) => Self::Leaf(value.to_string()),
            Ref::F64(value) => Self::Leaf(value.to_string()),
            Ref::Str(text) => Self::Leaf(quoted(text)),
            Ref::Bytes([]) => Self::Null,
            Ref::Bytes(bytes) => Self::Leaf(quoted(&String::from_utf8_lossy(bytes))),
            Ref::Scalar(scalar) => {
                let mut text = vec![];
                scalar.write_json(&mut text);
                Self::Leaf(String::from_utf8_lossy(&text).into_owned())
            }
            Ref::Struct(value) => Self::of(value),
            Ref::List(list) if list.is_empty() => Self::Null,
            Ref::List(list) => {
                Self::List((0..list.len()).filter_map(|index| list.get(index)).map(Self::view).collect())
            }
            Ref::Map(map) if map.is_empty() => Self::Null,
            Ref::Map(map) => {
                Self::Object(map.entries().map(|(key, value)| (key.to_owned(), Self::view(value))).collect())
            }
        }
    }

    fn plain(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Array(values) => Self::List(values.iter().map(Self::plain).collect()),
            serde_json::Value::Object(members) => {
                Self::Object(members.iter().map(|(name, value)| (name.clone(), Self::plain(value))).collect())
            }
            serde_json::Value::String(text) => Self::Leaf(quoted(text)),
            other => Self::Leaf(other.to_string()),
        }
    }

    /// Writes the value; `indent` is the depth if every member has a line of its own.
    fn write(&self, out: &mut String, indent: Option<usize>) {
        let (items, [open, close]) = match self {
            Self::Null => return out.push_str("null"),
            Self::Leaf(text) => return out.push_str(text),
            Self::List(items) => (items.iter().map(|item| (None, item)).collect::<Vec<_>>(), ['[', ']']),
            Self::Object(members) => (members.iter().map(|(name, value)| (Some(name), value)).collect(), ['{', '}']),
        };
        out.push(open);
        let inner = indent.map(|depth| depth + 1);
        for (index, (name, value)) in items.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            new_line(out, inner);
            if let Some(name) = name {
                out.push_str(&quoted(name));
                out.push_str(if indent.is_some() { ": " } else { ":" });
            }
            value.write(out, inner);
        }
        if !items.is_empty() {
            new_line(out, indent);
        }
        out.push(close);
    }

    /// One member per line, each level one space further in.
    pub(in crate::rules) fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, Some(0));
        out
    }
}

fn new_line(out: &mut String, indent: Option<usize>) {
    if let Some(depth) = indent {
        let _ = write!(out, "\n{:depth$}", "");
    }
}

impl Shown for &GoValue {
    fn shown(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, None);
        out
    }
}
