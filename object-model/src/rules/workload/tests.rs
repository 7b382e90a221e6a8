//! One line per rule: a change of a sound object, and what is told of it.

use serde_json::{Value, json};

use crate::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use crate::api::batch::v1::{CronJob, Job};
use crate::api::core::v1::ReplicationController;
use crate::{Resource, Rules as _};

fn template() -> Value {
    json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}})
}

/// The spec of a workload with `change` put over it.
fn object<K: Resource>(mut spec: Value, change: &Value) -> K {
    json_patch::merge(&mut spec, change);
    let mut object: K = serde_json::from_value(json!({"metadata": {"name": "x", "uid": "u"}, "spec": spec})).unwrap();
    object.set_defaults();
    object
}

#[track_caller]
fn check<K: Resource>(spec: &Value, cases: &[(Value, &[&str])]) {
    for (change, expected) in cases {
        let told = object::<K>(spec.clone(), change).validate();
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert_eq!(told, *expected, "{change}");
    }
}

fn selected() -> Value {
    json!({"selector": {"matchLabels": {"app": "a"}}, "template": template()})
}

#[test]
fn replicated() {
    let disk = json!({"replicas": 2, "template": {"spec": {"volumes": [{"name": "v", "gcePersistentDisk": {"pdName": "d"}}]}}});
    let shared = "spec.template.spec.volumes[0].gcePersistentDisk.readOnly: Invalid value: false: must be true for replicated pods > 1; GCE PD can only be mounted on multiple machines if it is read-only";
    check::<Deployment>(&selected(), &[(disk, &[shared])]);
    check::<Deployment>(
        &selected(),
        &[
            (json!({}), &[]),
            (
                json!({"selector": null}),
                &[
                    "spec.selector: Required value",
                    "spec.template.metadata.labels: Invalid value: {\"app\":\"a\"}: `selector` does not match template `labels`",
                ],
            ),
            (
                json!({"selector": {"matchExpressions": [{"key": "app", "operator": "In", "values": []}], "matchLabels": null}}),
                &[
                    "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
                    "spec.selector: Invalid value: {\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\"}]}: invalid label selector",
                ],
            ),
            (
                json!({"strategy": {"type": "Bogus"}}),
                &[
                    "spec.strategy: Unsupported value: {\"Type\":\"Bogus\",\"RollingUpdate\":null}: supported values: \"Recreate\", \"RollingUpdate\"",
                ],
            ),
            (
                json!({"strategy": {"rollingUpdate": {"maxUnavailable": "0%", "maxSurge": 0}}}),
                &[
                    "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0",
                ],
            ),
            (
                json!({"progressDeadlineSeconds": 0}),
                &["spec.progressDeadlineSeconds: Invalid value: 0: must be greater than minReadySeconds"],
            ),
        ],
    );
    check::<ReplicaSet>(
        &selected(),
        &[
            (
                json!({"selector": {"matchLabels": null}}),
                &["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
            ),
            (
                json!({"template": {"spec": {"restartPolicy": "Never", "activeDeadlineSeconds": 5}}}),
                &[
                    "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"",
                    "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported",
                ],
            ),
        ],
    );
    check::<ReplicationController>(
        &json!({"template": template()}),
        &[
            (json!({}), &[]),
            (
                json!({"selector": {"app": "b"}}),
                &[
                    "spec.template.metadata.labels: Invalid value: {\"app\":\"a\"}: `selector` does not match template `labels`",
                ],
            ),
            (json!({"template": null}), &["spec.selector: Required value", "spec.template: Required value"]),
        ],
    );
    check::<DaemonSet>(
        &selected(),
        &[(
            json!({"updateStrategy": {"rollingUpdate": {"maxSurge": 1}}}),
            &[
                "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero",
            ],
        )],
    );
}

#[test]
fn stateful_sets() {
    check::<StatefulSet>(
        &selected(),
        &[
            (
                json!({"podManagementPolicy": "Bogus", "serviceName": "a.b"}),
                &[
                    "spec.podManagementPolicy: Invalid value: \"Bogus\": must be 'OrderedReady' or 'Parallel'",
                    "spec.serviceName: Invalid value: \"a.b\": must not contain dots",
                ],
            ),
            (
                json!({"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 1}}}),
                &[
                    "spec.updateStrategy.rollingUpdate: Invalid value: {\"Partition\":1,\"MaxUnavailable\":null}: only allowed for updateStrategy 'RollingUpdate'",
                ],
            ),
        ],
    );
    let old: StatefulSet = object(selected(), &json!({}));
    let new: StatefulSet = object(selected(), &json!({"replicas": 3, "serviceName": "s"}));
    assert!(
        new.validate_update(&old)
            .summary()
            .starts_with("spec: Forbidden: updates to statefulset spec for fields other than 'replicas', ")
    );
}

#[test]
fn jobs() {
    let mut spec = json!({"selector": {"matchLabels": {"app": "a"}}, "manualSelector": true, "template": template()});
    spec["template"]["spec"]["restartPolicy"] = "Never".into();
    check::<Job>(
        &spec,
        &[
            (json!({}), &[]),
            (
                json!({"template": {"spec": {"restartPolicy": null}}}),
                &["spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""],
            ),
            (
                json!({"manualSelector": false}),
                &["spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"a\"}}: `selector` not auto-generated"],
            ),
            (
                json!({"podFailurePolicy": {"rules": [{"action": "Bogus"}]}}),
                &[
                    "spec.podFailurePolicy.rules[0].action: Unsupported value: \"Bogus\": supported values: \"Count\", \"FailIndex\", \"FailJob\", \"Ignore\"",
                    "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
                ],
            ),
            (
                json!({"successPolicy": {"rules": []}}),
                &["spec.successPolicy: Invalid value: {\"Rules\":[]}: requires indexed completion mode"],
            ),
            (
                json!({"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [{"succeededIndexes": "0-1", "succeededCount": 3}]}}),
                &[
                    "spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)",
                ],
            ),
            (
                json!({"managedBy": "x"}),
                &["spec.managedBy: Invalid value: \"x\": must be a domain-prefixed path (such as \"acme.io/foo\")"],
            ),
        ],
    );
    let moved = json!({"template": {"spec": {"nodeSelector": {"a": "b"}}}});
    for (suspended, refused) in [(true, 0), (false, 1)] {
        let mut old: Job = object(spec.clone(), &json!({}));
        let mut new: Job = object(spec.clone(), &moved);
        old.spec.suspend = Some(suspended);
        new.spec.suspend = Some(suspended);
        assert_eq!(new.validate_update(&old).len(), refused, "suspended: {suspended}");
    }
}

#[test]
fn cron_jobs() {
    let mut spec = json!({"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": template()}}});
    spec["jobTemplate"]["spec"]["template"]["spec"]["restartPolicy"] = "Never".into();
    check::<CronJob>(
        &spec,
        &[
            (json!({}), &[]),
            (
                json!({"schedule": "TZ=UTC 0 * * * *"}),
                &[
                    "spec.schedule: Invalid value: \"TZ=UTC 0 * * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
                ],
            ),
            (
                json!({"timeZone": "Not/AZone"}),
                &["spec.timeZone: Invalid value: \"Not/AZone\": unknown time zone Not/AZone"],
            ),
            (
                json!({"jobTemplate": {"spec": {"manualSelector": true}}}),
                &[
                    "spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: \"nil\", \"false\"",
                ],
            ),
        ],
    );
    let mut long: CronJob = object(spec, &json!({}));
    long.metadata.name = "a".repeat(53);
    assert!(long.validate().summary().ends_with("must be no more than 52 characters"));
    assert!(long.validate_update(&long).is_empty());
}
