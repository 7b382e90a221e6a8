//! One line per rule: a change of a sound pod, and what is told of it.

use serde_json::{Value, json};

use crate::Rules;
use crate::api::core::v1::Pod;

/// A sound pod with `change` put over it. `spec.c` stands for the first container.
fn pod(mut change: Value) -> Pod {
    let mut spec = json!({"containers": [{"name": "c", "image": "i:1"}]});
    if let Some(container) = change.as_object_mut().and_then(|change| change.remove("c")) {
        json_patch::merge(&mut spec["containers"][0], &container);
    }
    json_patch::merge(&mut spec, &change);
    let mut pod: Pod = serde_json::from_value(json!({"metadata": {"name": "x"}, "spec": spec})).unwrap();
    pod.set_defaults();
    pod
}

#[track_caller]
fn told(change: Value) -> Vec<String> {
    pod(change).validate().iter().map(ToString::to_string).collect()
}

fn check(cases: Vec<(Value, &[&str])>) {
    for (change, expected) in cases {
        assert_eq!(told(change.clone()), expected, "{change}");
    }
}

#[test]
fn containers() {
    check(vec![
        (json!({}), &[]),
        (json!({"c": {"name": "a.b"}}), &["spec.containers[0].name: Invalid value: \"a.b\": must not contain dots"]),
        (
            json!({"c": {"image": " i"}}),
            &["spec.containers[0].image: Invalid value: \" i\": must not have leading or trailing whitespace"],
        ),
        (
            json!({"c": {"ports": [{"containerPort": 80, "hostPort": 1}, {"containerPort": 81, "hostPort": 1}]}}),
            &["spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//1\""],
        ),
        (
            json!({"c": {"env": [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}}]}}),
            &[
                "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"status.phase\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\"",
                "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty",
            ],
        ),
        (
            json!({"c": {"livenessProbe": {"httpGet": {"port": 80}, "tcpSocket": {"port": 80}, "successThreshold": 2}}}),
            &[
                "spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
                "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
            ],
        ),
        (
            json!({"c": {"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}}}),
            &[
                "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)",
            ],
        ),
        (
            json!({"initContainers": [{"name": "c", "image": "i", "lifecycle": {}}]}),
            &[
                "spec.initContainers[0].name: Duplicate value: \"c\"",
                "spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always",
            ],
        ),
        (
            json!({"ephemeralContainers": [{"name": "e", "image": "i", "ports": [{"containerPort": 1}], "targetContainerName": "no"}]}),
            &[
                "spec.ephemeralContainers[0].targetContainerName: Not found: \"no\"",
                "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
                "spec.ephemeralContainers: Forbidden: cannot be set on create",
            ],
        ),
    ]);
}

#[test]
fn resources() {
    let requests =
        |requests: Value, limits: Value| json!({"c": {"resources": {"requests": requests, "limits": limits}}});
    check(vec![
        (
            requests(json!({"cpu": "2"}), json!({"cpu": "1"})),
            &[
                "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
            ],
        ),
        (
            requests(json!({"a.io/b": "1"}), json!({})),
            &[
                "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources",
            ],
        ),
        (
            requests(json!({}), json!({"a.io/b": "1500m"})),
            &[
                "spec.containers[0].resources.limits[a.io/b]: Invalid value: \"1500m\": must be an integer",
                "spec.containers[0].resources.requests[a.io/b]: Invalid value: \"1500m\": must be an integer",
            ],
        ),
        (
            requests(json!({"bogus": "1"}), json!({})),
            &[
                "spec.containers[0].resources.requests[bogus]: Invalid value: \"bogus\": must be a standard resource type or fully qualified",
                "spec.containers[0].resources.requests[bogus]: Invalid value: \"bogus\": must be a standard resource for containers",
            ],
        ),
        (
            requests(json!({}), json!({"hugepages-2Mi": "2Mi"})),
            &["spec.containers[0].resources: Forbidden: HugePages require cpu or memory"],
        ),
        (
            json!({"c": {"resources": {"claims": [{"name": "a"}]}}}),
            &[
                "spec.containers[0].resources.claims[0]: Not found: \"a\": must be one of the names in pod.spec.resourceClaims which is empty",
            ],
        ),
        (
            json!({"resourceClaims": [{"name": "a"}]}),
            &[
                "spec.resourceClaims[0]: Invalid value: {\"Name\":\"a\",\"ResourceClaimName\":null,\"ResourceClaimTemplateName\":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
            ],
        ),
        (
            json!({"resources": {"requests": {"cpu": "1"}}, "c": {"resources": {"requests": {"cpu": "2"}}}}),
            &[
                "spec.resources.requests[cpu]: Invalid value: \"1\": must be greater than or equal to aggregate container requests of 2",
            ],
        ),
    ]);
}

#[test]
fn volumes() {
    let volume = |source: Value| {
        let mut volume = json!({"name": "a"});
        json_patch::merge(&mut volume, &source);
        json!({"volumes": [volume]})
    };
    check(vec![
        (
            volume(json!({"emptyDir": {}, "hostPath": {"path": "/x"}})),
            &["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
        ),
        (
            volume(json!({"hostPath": {"path": "/x", "type": "Bogus"}})),
            &[
                "spec.volumes[0].hostPath.type: Unsupported value: \"Bogus\": supported values: \"\", \"BlockDevice\", \"CharDevice\", \"Directory\", \"DirectoryOrCreate\", \"File\", \"FileOrCreate\", \"Socket\"",
            ],
        ),
        (
            volume(json!({"secret": {"secretName": "s", "defaultMode": 512, "items": [{"key": "k", "path": "..x"}]}})),
            &[
                "spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
                "spec.volumes[0].secret.items[0].path: Invalid value: \"..x\": must not start with '..'",
            ],
        ),
        (
            volume(json!({"projected": {"sources": [{"serviceAccountToken": {"path": "", "expirationSeconds": 1}}]}})),
            &[
                "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes",
                "spec.volumes[0].projected.path: Required value",
            ],
        ),
        (
            volume(
                json!({"ephemeral": {"volumeClaimTemplate": {"metadata": {"name": "n"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}}),
            ),
            &["spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set"],
        ),
        (
            volume(json!({"iscsi": {"targetPortal": "p", "iqn": "iqn.x", "lun": 256}})),
            &[
                "spec.volumes[0].iscsi.iqn: Invalid value: \"iqn.x\": must be valid format",
                "spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive",
            ],
        ),
        (
            json!({"c": {"volumeMounts": [{"name": "no", "mountPath": "/x", "subPath": "../y", "mountPropagation": "Bidirectional"}]}}),
            &[
                "spec.containers[0].volumeMounts[0].name: Not found: \"no\"",
                "spec.containers[0].volumeMounts.subPath: Invalid value: \"../y\": must not contain '..'",
                "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers",
            ],
        ),
        (
            json!({"volumes": [{"name": "a", "emptyDir": {}}], "c": {"volumeDevices": [{"name": "a", "devicePath": "/d/../e"}]}}),
            &[
                "spec.containers[0].volumeDevices[0].name: Invalid value: \"a\": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
                "spec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/d/../e\": can not contain backsteps ('..')",
            ],
        ),
    ]);
}

#[test]
fn scheduling() {
    check(vec![
        (
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.uid", "operator": "In", "values": ["a"]}]}]}}}}),
            &[
                "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].key: Invalid value: \"metadata.uid\": not a valid field selector key",
            ],
        ),
        (
            json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "z", "matchLabelKeys": ["a"]}]}}}),
            &[
                "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
            ],
        ),
        (
            json!({"tolerations": [{"operator": "Exists", "value": "v"}]}),
            &[
                "spec.tolerations[0].operator: Invalid value: {\"Key\":\"\",\"Operator\":\"Exists\",\"Value\":\"v\",\"Effect\":\"\",\"TolerationSeconds\":null}: value must be empty when `operator` is 'Exists'",
            ],
        ),
        (
            json!({"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "z", "whenUnsatisfiable": "Never"}]}),
            &[
                "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than 0",
                "spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"Never\": supported values: \"DoNotSchedule\", \"ScheduleAnyway\"",
            ],
        ),
        (
            json!({"schedulingGates": [{"name": "a"}, {"name": "a"}], "nodeName": "n"}),
            &[
                "spec.schedulingGates[1]: Duplicate value: \"a\"",
                "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
            ],
        ),
    ]);
}

#[test]
fn security_and_hosts() {
    check(vec![
        (
            json!({"securityContext": {"runAsUser": -1, "seccompProfile": {"type": "RuntimeDefault", "localhostProfile": "p"}}}),
            &[
                "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
                "spec.securityContext.seccompProfile.localhostProfile: Invalid value: {\"Type\":\"RuntimeDefault\",\"LocalhostProfile\":\"p\"}: can only be set when seccomp type is Localhost",
            ],
        ),
        (
            json!({"c": {"securityContext": {"allowPrivilegeEscalation": false, "privileged": true}}}),
            &[
                "spec.containers[0].securityContext: Invalid value: {\"Capabilities\":null,\"Privileged\":true,\"SELinuxOptions\":null,\"WindowsOptions\":null,\"RunAsUser\":null,\"RunAsGroup\":null,\"RunAsNonRoot\":null,\"ReadOnlyRootFilesystem\":null,\"AllowPrivilegeEscalation\":false,\"ProcMount\":null,\"SeccompProfile\":null,\"AppArmorProfile\":null}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
            ],
        ),
        (
            json!({"os": {"name": "windows"}, "hostPID": true}),
            &["spec.hostPID: Forbidden: cannot be set for a windows pod"],
        ),
        (
            json!({"hostNetwork": true, "c": {"ports": [{"containerPort": 80, "hostPort": 81}]}}),
            &[
                "spec.containers[0].ports[0].containerPort: Invalid value: 80: must match `hostPort` when `hostNetwork` is true",
            ],
        ),
        (
            json!({"dnsPolicy": "None"}),
            &["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
        ),
        (
            json!({"hostAliases": [{"ip": "x", "hostnames": ["a_b"]}]}),
            &[
                "spec.hostAliases[0].ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
                "spec.hostAliases[0].hostnames[0]: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            ],
        ),
    ]);
}

#[test]
fn updates_change_little() {
    let gated = json!({"schedulingGates": [{"name": "a/x"}]});
    let cases: Vec<(Value, Value, Vec<&str>)> = vec![
        (json!({}), json!({"c": {"image": "j:2"}, "tolerations": [{"key": "k", "operator": "Exists"}]}), vec![]),
        (
            json!({"activeDeadlineSeconds": 5}),
            json!({"activeDeadlineSeconds": 6}),
            vec!["spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value"],
        ),
        (
            json!({"activeDeadlineSeconds": 5}),
            json!({}),
            vec![
                "spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value",
            ],
        ),
        (
            json!({"tolerations": [{"key": "k", "operator": "Exists"}]}),
            json!({}),
            vec!["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"],
        ),
        (
            gated.clone(),
            json!({"schedulingGates": [{"name": "a/y"}]}),
            vec![
                "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a/y'",
            ],
        ),
        (gated, json!({"nodeSelector": {"a": "b"}}), vec![]),
        (
            json!({}),
            json!({"restartPolicy": "Never"}),
            vec![
                "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n@@ -35,7 +35,7 @@\n   }\n  ],\n  \"EphemeralContainers\": null,\n- \"RestartPolicy\": \"Always\",\n+ \"RestartPolicy\": \"Never\",\n  \"TerminationGracePeriodSeconds\": 30,\n  \"ActiveDeadlineSeconds\": null,\n  \"DNSPolicy\": \"ClusterFirst\",\n",
            ],
        ),
    ];
    for (old, new, expected) in cases {
        let told: Vec<String> = pod(new.clone()).validate_update(&pod(old)).iter().map(ToString::to_string).collect();
        assert_eq!(told, expected, "{new}");
    }
}

#[test]
fn warnings_tell_what_is_most_likely_not_meant() {
    let cases: Vec<(Value, &str)> = vec![
        (
            json!({"nodeSelector": {"beta.kubernetes.io/os": "linux"}}),
            "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
        ),
        (
            json!({"c": {"env": [{"name": "A"}, {"name": "A"}]}}),
            "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply",
        ),
        (
            json!({"c": {"ports": [{"containerPort": 1}, {"containerPort": 1}]}}),
            "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
        ),
        (
            json!({"c": {"resources": {"requests": {"memory": "100m"}}}}),
            "spec.containers[0].resources.requests[memory]: fractional byte value \"100m\" is invalid, must be an integer",
        ),
        (json!({"imagePullSecrets": [{}]}), "spec.imagePullSecrets[0].name: invalid empty name \"\""),
        (
            json!({"volumes": [{"name": "v", "rbd": {"monitors": ["m"], "image": "i"}}]}),
            "spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(pod(change.clone()).warnings(), [expected], "{change}");
    }
    assert!(pod(json!({})).warnings().is_empty());
}

#[test]
fn annotations_that_mean_something_are_checked() {
    let mut annotated = pod(json!({}));
    annotated.metadata.annotations.insert("container.apparmor.security.beta.kubernetes.io/no".into(), "x".into());
    let told: Vec<String> = annotated.validate().iter().map(ToString::to_string).collect();
    let at = "metadata.annotations[container.apparmor.security.beta.kubernetes.io/no]: Invalid value";
    assert_eq!(
        told,
        [format!("{at}: \"no\": container not found"), format!("{at}: \"x\": invalid AppArmor profile name: \"x\""),]
    );
}
