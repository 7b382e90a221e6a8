//! Columns and cells of storage, policy, admission and the other kinds that one looks at less often.
//!
//! Elsewhere: workloads, nodes and services (`columns`).

use serde_json::{Value, json};

use super::Column;
use super::columns::{AGE, joined, number, or_none, selector, template, text, wide};
use crate::api::admissionregistration::v1::{
    MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration, ParamKind, ParamRef,
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration,
};
use crate::api::apps::v1::ControllerRevision;
use crate::api::autoscaling::v1::HorizontalPodAutoscaler as OldAutoscaler;
use crate::api::autoscaling::v2::{HorizontalPodAutoscaler, MetricSpec, MetricStatus};
use crate::api::certificates::v1::CertificateSigningRequest;
use crate::api::core::v1::{
    PersistentVolume, PersistentVolumeClaim, PodTemplate, ReplicationController, ResourceQuota,
};
use crate::api::networking::v1::NetworkPolicy;
use crate::api::node::v1::RuntimeClass;
use crate::api::policy::v1::PodDisruptionBudget;
use crate::api::resource::v1::{ResourceClaim, ResourceSlice};
use crate::api::scheduling::v1::PriorityClass;
use crate::api::storage::v1::{CSIDriver, CSINode, StorageClass, VolumeAttachment, VolumeAttributesClass};
use crate::selector::Selector;
use crate::{AnyResource, Converts, IntOrString, Object};

const fn flag(name: &'static str, description: &'static str) -> Column {
    Column { name, kind: "boolean", format: "", priority: 0, description }
}

const PARAMETERS: Column = text("ParamKind", "Kind of the parameters.");

/// The columns behind the name; `None` for kinds that have none of their own here.
pub(super) fn of(group: &str, kind: &str) -> Option<Vec<Column>> {
    let columns: &[Column] = match (group, kind) {
        ("apps", "ControllerRevision") => {
            &[text("Controller", "What it is a revision of."), text("Revision", "Its number."), AGE]
        }
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy") => {
            &[number("Mutations", "How many mutations there are."), PARAMETERS, AGE]
        }
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => {
            &[number("Validations", "How many validations there are."), PARAMETERS, AGE]
        }
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding" | "ValidatingAdmissionPolicyBinding") => {
            &[text("PolicyName", "The policy that is bound."), text("ParamRef", "Its parameters."), AGE]
        }
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration") => {
            &[number("Webhooks", "How many webhooks there are."), AGE]
        }
        ("networking.k8s.io", "NetworkPolicy") => &[text("Pod-Selector", "Pods that it is about."), AGE],
        ("policy", "PodDisruptionBudget") => &[
            text("Min Available", "Pods that must stay."),
            text("Max Unavailable", "Pods that may be missing."),
            number("Allowed Disruptions", "Pods that may be evicted now."),
            AGE,
        ],
        ("", "PodTemplate") => &[
            text("Containers", "Names of the containers."),
            text("Images", "Images of the containers."),
            text("Pod Labels", "Labels of the pods."),
        ],
        ("scheduling.k8s.io", "PriorityClass") => &[
            number("Value", "The priority."),
            flag("Global-Default", "For pods that name no class."),
            AGE,
            text("PreemptionPolicy", "Whether others are displaced."),
        ],
        ("", "ReplicationController") => &[
            number("Desired", "Pods that are wanted."),
            number("Current", "Pods that are there."),
            number("Ready", "Pods that are ready."),
            AGE,
            wide("Containers", "Names of the containers of the template."),
            wide("Images", "Images of the containers of the template."),
            wide("Selector", "Which pods belong to it."),
        ],
        ("", "ResourceQuota") => &[
            text("Request", "What is used of what may be requested."),
            text("Limit", "What is used of what may be the limit."),
            AGE,
        ],
        ("resource.k8s.io", "ResourceSlice") => &[
            text("Node", "Where the devices are."),
            text("Driver", "Who serves them."),
            text("Pool", "The pool that they belong to."),
            AGE,
        ],
        ("resource.k8s.io", "ResourceClaim") => &[text("State", "Whether it is allocated."), AGE],
        ("node.k8s.io", "RuntimeClass") => &[text("Handler", ""), AGE],
        ("storage.k8s.io", "StorageClass") => &[
            text("Provisioner", "Who makes the volumes."),
            text("ReclaimPolicy", "What becomes of them."),
            text("VolumeBindingMode", "When they are made."),
            text("AllowVolumeExpansion", "Whether they can grow."),
            AGE,
        ],
        ("storage.k8s.io", "VolumeAttachment") => &[
            Column { format: "name", ..text("Attacher", "The driver.") },
            text("PV", "The volume."),
            text("Node", "The node."),
            flag("Attached", "Whether it is attached."),
            AGE,
        ],
        ("storage.k8s.io", "VolumeAttributesClass") => &[text("DriverName", "The driver."), AGE],
        ("storage.k8s.io", "CSIDriver") => &[
            flag("AttachRequired", "Whether volumes are attached."),
            flag("PodInfoOnMount", "Whether it is told of the pod."),
            flag("StorageCapacity", "Whether it reports capacity."),
            text("TokenRequests", "Audiences of the tokens it gets."),
            flag("RequiresRepublish", "Whether volumes are published again and again."),
            text("Modes", "Life cycles of its volumes."),
            AGE,
        ],
        ("storage.k8s.io", "CSINode") => &[number("Drivers", "How many drivers there are."), AGE],
        ("certificates.k8s.io", "CertificateSigningRequest") => &[
            AGE,
            text("SignerName", "Who is to sign."),
            text("Requestor", "Who asked."),
            text("RequestedDuration", "For how long."),
            text("Condition", "What became of it."),
        ],
        ("autoscaling", "HorizontalPodAutoscaler") => &[
            text("Reference", "What is scaled."),
            text("Targets", "Present and wanted metrics."),
            text("MinPods", "Least replicas."),
            text("MaxPods", "Most replicas."),
            text("Replicas", "Replicas there are."),
            AGE,
        ],
        ("", "PersistentVolume") => &[
            text("Capacity", "How large it is."),
            text("Access Modes", "How it may be mounted."),
            text("Reclaim Policy", "What becomes of it."),
            text("Status", "Whether it is bound."),
            text("Claim", "To which claim."),
            text("StorageClass", "Its class."),
            text("VolumeAttributesClass", "Its class of attributes."),
            text("Reason", "Why it is in this phase."),
            AGE,
            wide("VolumeMode", "File system or block device."),
        ],
        ("", "PersistentVolumeClaim") => &[
            text("Status", "Whether it is bound."),
            text("Volume", "To which volume."),
            text("Capacity", "How large that is."),
            text("Access Modes", "How it may be mounted."),
            text("StorageClass", "The class asked for."),
            text("VolumeAttributesClass", "The class of attributes."),
            AGE,
            wide("VolumeMode", "File system or block device."),
        ],
        _ => return None,
    };
    Some(columns.to_vec())
}

fn unset(value: Option<String>) -> Value {
    value.filter(|text| !text.is_empty()).unwrap_or_else(|| "<unset>".into()).into()
}

fn modes(list: &[String]) -> Value {
    let short = |mode: &String| match mode.as_str() {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        _ => "",
    };
    list.iter().map(short).filter(|mode| !mode.is_empty()).collect::<Vec<_>>().join(",").into()
}

fn parameters(kind: Option<&ParamKind>) -> Value {
    unset(kind.map(|kind| format!("{}/{}", kind.api_version, kind.kind)))
}

fn reference(of: Option<&ParamRef>) -> Value {
    let shown = |of: &ParamRef| {
        if of.selector.is_some() {
            return Selector::from_field(of.selector.as_deref()).to_string();
        }
        if of.namespace.is_empty() { format!("*/{}", of.name) } else { format!("{}/{}", of.namespace, of.name) }
    };
    unset(of.map(shown))
}

fn share(of: Option<&IntOrString>) -> Value {
    of.map_or_else(|| "N/A".into(), |share| share.to_string().into())
}

/// `cpu: 10%/80%`, as far as it is known.
fn metric(spec: &MetricSpec, current: Option<&MetricStatus>) -> String {
    let Some(source) = &spec.resource else { return format!("<unknown>/{}", spec.type_) };
    let now = current.and_then(|status| status.resource.as_ref()).map(|status| &status.current);
    match (source.target.average_utilization, source.target.average_value) {
        (Some(wanted), _) => {
            let is = now.and_then(|now| now.average_utilization).map_or("<unknown>".into(), |is| format!("{is}%"));
            format!("{}: {is}/{wanted}%", source.name)
        }
        (None, Some(wanted)) => {
            let is = now.and_then(|now| now.average_value).map_or("<unknown>".into(), |is| is.to_string());
            format!("{}: {is}/{wanted}", source.name)
        }
        (None, None) => format!("{}: <unknown>/<auto>", source.name),
    }
}

fn quota(of: &ResourceQuota) -> [Value; 2] {
    let shown = |limits: bool| {
        let rows = of.status.hard.iter().filter(|(name, _)| name.starts_with("limits") == limits);
        let texts = rows.map(|(name, hard)| {
            let used = of.status.used.get(name).map_or_else(|| "0".to_owned(), ToString::to_string);
            format!("{name}: {used}/{hard}")
        });
        texts.collect::<Vec<_>>().join(", ")
    };
    [shown(false).into(), shown(true).into()]
}

fn condition(of: &CertificateSigningRequest) -> String {
    let has = |kind: &str| of.status.conditions.iter().any(|condition| condition.type_ == kind);
    let mut words = vec![];
    for (kind, word) in [("Denied", "Denied"), ("Approved", "Approved"), ("Failed", "Failed")] {
        if has(kind) {
            words.push(word);
        }
    }
    if words.is_empty() {
        words.push("Pending");
    }
    if !of.status.certificate.0.is_empty() {
        words.push("Issued");
    }
    words.join(",")
}

/// The cells of an object whose kind has columns here.
pub(super) fn cells(object: &Object, age: Value) -> Option<Vec<Value>> {
    let name: Value = object.metadata().name.clone().into();
    let any = object.typed().map(AnyResource::as_any)?;
    macro_rules! row {
        ($($kind:ty, $of:ident => [$($cell:expr),* $(,)?];)*) => {
            $(if let Some($of) = any.downcast_ref::<$kind>() {
                return Some(vec![name, $($cell.into()),*]);
            })*
        };
    }
    if let Some(Ok(hub)) = any.downcast_ref::<OldAutoscaler>().map(|of| of.clone().into_hub()) {
        return cells(&Object::new(hub), age);
    }
    row! {
        ControllerRevision, of => [
            or_none(of.metadata.owner_references.iter().find(|owner| owner.controller == Some(true)).map(|owner| {
                format!("{}/{}", owner.kind.to_lowercase(), owner.name)
            }).unwrap_or_default()),
            of.revision,
            age,
        ];
        MutatingAdmissionPolicy, of => [of.spec.mutations.len(), parameters(of.spec.param_kind.as_deref()), age];
        ValidatingAdmissionPolicy, of => [of.spec.validations.len(), parameters(of.spec.param_kind.as_deref()), age];
        MutatingAdmissionPolicyBinding, of => [of.spec.policy_name.clone(), reference(of.spec.param_ref.as_deref()), age];
        ValidatingAdmissionPolicyBinding, of => [of.spec.policy_name.clone(), reference(of.spec.param_ref.as_deref()), age];
        MutatingWebhookConfiguration, of => [of.webhooks.len(), age];
        ValidatingWebhookConfiguration, of => [of.webhooks.len(), age];
        NetworkPolicy, of => [selector(Some(&of.spec.pod_selector)), age];
        PodDisruptionBudget, of => [
            share(of.spec.min_available.as_ref()),
            share(of.spec.max_unavailable.as_ref()),
            of.status.disruptions_allowed,
            age,
        ];
        PodTemplate, of => [
            template(&of.template.spec.containers)[0].clone(),
            template(&of.template.spec.containers)[1].clone(),
            or_none(Selector::equals(&of.template.metadata.labels).to_string()),
        ];
        PriorityClass, of => [
            of.value,
            of.global_default,
            age,
            of.preemption_policy.clone().unwrap_or_default(),
        ];
        ReplicationController, of => [
            of.spec.replicas.unwrap_or(1),
            of.status.replicas,
            of.status.ready_replicas,
            age,
            of.spec.template.as_ref().map_or(Value::Null, |of| template(&of.spec.containers)[0].clone()),
            of.spec.template.as_ref().map_or(Value::Null, |of| template(&of.spec.containers)[1].clone()),
            or_none(Selector::equals(&of.spec.selector).to_string()),
        ];
        ResourceQuota, of => [quota(of)[0].clone(), quota(of)[1].clone(), age];
        ResourceSlice, of => [
            unset(of.spec.node_name.clone()),
            of.spec.driver.clone(),
            of.spec.pool.name.clone(),
            age,
        ];
        ResourceClaim, of => [
            match (of.status.allocation.is_some(), of.status.reserved_for.is_empty()) {
                (false, _) => "pending",
                (true, true) => "allocated",
                (true, false) => "allocated,reserved",
            },
            age,
        ];
        RuntimeClass, of => [of.handler.clone(), age];
        StorageClass, of => [
            of.provisioner.clone(),
            of.reclaim_policy.clone().unwrap_or_else(|| "Delete".into()),
            of.volume_binding_mode.clone().unwrap_or_else(|| "Immediate".into()),
            of.allow_volume_expansion.unwrap_or(false),
            age,
        ];
        VolumeAttachment, of => [
            of.spec.attacher.clone(),
            of.spec.source.persistent_volume_name.clone().unwrap_or_default(),
            of.spec.node_name.clone(),
            of.status.attached,
            age,
        ];
        VolumeAttributesClass, of => [of.driver_name.clone(), age];
        CSIDriver, of => [
            of.spec.attach_required.unwrap_or(true),
            of.spec.pod_info_on_mount.unwrap_or(false),
            of.spec.storage_capacity.unwrap_or(false),
            unset(Some(joined(of.spec.token_requests.iter().map(|request| request.audience.as_str())))),
            of.spec.requires_republish.unwrap_or(false),
            joined(of.spec.volume_lifecycle_modes.iter().map(String::as_str)),
            age,
        ];
        CSINode, of => [of.spec.drivers.len(), age];
        CertificateSigningRequest, of => [
            age,
            of.spec.signer_name.clone(),
            of.spec.username.clone(),
            of.spec.expiration_seconds.map_or_else(
                || "<none>".to_owned(),
                |seconds| super::human_duration(std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(0))),
            ),
            condition(of),
        ];
        HorizontalPodAutoscaler, of => [
            format!("{}/{}", of.spec.scale_target_ref.kind, of.spec.scale_target_ref.name),
            of.spec
                .metrics
                .iter()
                .enumerate()
                .map(|(index, spec)| metric(spec, of.status.current_metrics.get(index)))
                .collect::<Vec<_>>()
                .join(", "),
            of.spec.min_replicas.map_or_else(|| "<unset>".to_owned(), |least| least.to_string()),
            of.spec.max_replicas,
            of.status.current_replicas,
            age,
        ];
        PersistentVolume, of => [
            of.spec.capacity.get("storage").map(ToString::to_string).unwrap_or_default(),
            modes(&of.spec.access_modes),
            of.spec.persistent_volume_reclaim_policy.clone(),
            if of.metadata.deletion_timestamp.is_some() { "Terminating".to_owned() } else { of.status.phase.clone() },
            of.spec.claim_ref.as_ref().map(|claim| format!("{}/{}", claim.namespace, claim.name)).unwrap_or_default(),
            of.spec.storage_class_name.clone(),
            unset(of.spec.volume_attributes_class_name.clone()),
            of.status.reason.clone(),
            age,
            unset(of.spec.volume_mode.clone()),
        ];
        PersistentVolumeClaim, of => [
            if of.metadata.deletion_timestamp.is_some() { "Terminating".to_owned() } else { of.status.phase.clone() },
            of.spec.volume_name.clone(),
            if of.spec.volume_name.is_empty() {
                String::new()
            } else {
                of.status.capacity.get("storage").map(ToString::to_string).unwrap_or_default()
            },
            if of.spec.volume_name.is_empty() { json!("") } else { modes(&of.status.access_modes) },
            of.spec.storage_class_name.clone().unwrap_or_default(),
            unset(of.spec.volume_attributes_class_name.clone()),
            age,
            unset(of.spec.volume_mode.clone()),
        ];
    }
    None
}
