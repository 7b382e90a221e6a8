//! How kinds differ on their way into the store.
//!
//! In: the stored version of an object about to be written. Out: the fields that only the system sets. Invariant:
//! a client can never set another's part: spec writes keep the status, status writes keep the spec.
//! Elsewhere: defaults and validation (`object-model`), allocation of addresses (`allocator`).

use pintle_object_model::api::apiextensions::v1::CustomResourceDefinition;
use pintle_object_model::api::apps::v1::{DaemonSet, StatefulSet};
use pintle_object_model::api::batch::v1::Job;
use pintle_object_model::api::certificates::v1::CertificateSigningRequest;
use pintle_object_model::api::core::v1::{
    Namespace, PersistentVolume, PersistentVolumeClaim, Pod, PodCondition, Secret, Service,
};
use pintle_object_model::custom::CustomObject;
use pintle_object_model::reflect::field_named;
use pintle_object_model::validation::FieldErrors;
use pintle_object_model::{AnyResource, KindInfo, Time};

mod certificates;
mod custom;
mod kinds;
mod namespace;
mod pod_parts;
mod scale;
mod service;
pub(crate) mod warnings;

pub(crate) use custom::missing_replicas;
pub(crate) use scale::{scale_of, set_scale};

/// Kinds whose `metadata.generation` counts changes of what is wanted.
const WITH_GENERATION: [(&str, &str); 26] = [
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("", "Pod"),
    ("", "ReplicationController"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("batch", "Job"),
    ("batch", "CronJob"),
    ("networking.k8s.io", "Ingress"),
    ("networking.k8s.io", "IngressClass"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("policy", "PodDisruptionBudget"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("", "PodTemplate"),
    ("resource.k8s.io", "DeviceClass"),
    ("resource.k8s.io", "ResourceSlice"),
];

/// Kinds that a PUT to a missing name creates.
const CREATED_BY_PUT: [(&str, &str); 11] = [
    ("", "Endpoints"),
    ("", "Event"),
    ("", "LimitRange"),
    ("", "Service"),
    ("coordination.k8s.io", "Lease"),
    ("coordination.k8s.io", "LeaseCandidate"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("node.k8s.io", "RuntimeClass"),
];

/// Kinds whose updates must say which version they saw.
const VERSIONED: [(&str, &str); 10] = [
    ("certificates.k8s.io", "ClusterTrustBundle"),
    ("certificates.k8s.io", "PodCertificateRequest"),
    ("coordination.k8s.io", "Lease"),
    ("coordination.k8s.io", "LeaseCandidate"),
    ("node.k8s.io", "RuntimeClass"),
    ("policy", "PodDisruptionBudget"),
    ("storage.k8s.io", "CSIDriver"),
    ("storage.k8s.io", "CSINode"),
    ("storage.k8s.io", "CSIStorageCapacity"),
    ("storage.k8s.io", "VolumeAttachment"),
];

/// Groups all of whose kinds do.
const VERSIONED_GROUPS: [&str; 5] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "internal.apiserver.k8s.io",
    "storagemigration.k8s.io",
];

fn listed(list: &[(&str, &str)], info: &KindInfo) -> bool {
    list.contains(&(info.group, info.kind))
}

/// Does a PUT to a missing name create the object?
pub(crate) fn created_by_put(info: &KindInfo) -> bool {
    listed(&CREATED_BY_PUT, info)
}

/// Must an update say which version it saw?
pub(crate) fn needs_resource_version(info: &KindInfo) -> bool {
    listed(&VERSIONED, info) || VERSIONED_GROUPS.contains(&info.group)
}

/// Prepares a new object: system fields, no status from the client.
pub(crate) fn prepare_create(object: &mut dyn AnyResource) {
    let info = object.info();
    if info.has("status") && !keeps_status_on_create(info) {
        clear(object, "status");
    }
    if counts_generations(object) {
        object.metadata_mut().generation = 1;
    }
    kinds::drop_disabled(object, None);
    let any = object.as_any_mut();
    if let Some(pod) = any.downcast_mut::<Pod>() {
        pod_parts::settle(pod);
        pod.status.phase = "Pending".into();
        if !pod.spec.scheduling_gates.is_empty() {
            pod.status.conditions.push(PodCondition {
                type_: "PodScheduled".into(),
                status: "False".into(),
                reason: "SchedulingGated".into(),
                message: "Scheduling is blocked due to non-empty scheduling gates".into(),
                last_transition_time: pod.metadata.creation_timestamp,
                ..PodCondition::default()
            });
        }
    } else if let Some(namespace) = any.downcast_mut::<Namespace>() {
        namespace.status.phase = "Active".into();
        if !namespace.spec.finalizers.iter().any(|name| name == "kubernetes") {
            namespace.spec.finalizers.push("kubernetes".into());
        }
        name_label(object);
    } else if let Some(secret) = any.downcast_mut::<Secret>() {
        fold_string_data(secret);
    } else if let Some(service) = any.downcast_mut::<Service>() {
        if service.spec.type_ == "ExternalName" {
            service.spec.internal_traffic_policy = None;
        }
    } else if let Some(daemons) = any.downcast_mut::<DaemonSet>() {
        daemons.metadata.annotations.insert(TEMPLATE_GENERATION.into(), "1".into());
    } else if let Some(job) = any.downcast_mut::<Job>() {
        own_pods(job);
    } else if let Some(definition) = any.downcast_mut::<CustomResourceDefinition>() {
        custom::note_stored_versions(definition);
    } else if let Some(claim) = any.downcast_mut::<PersistentVolumeClaim>() {
        claim.status.phase = "Pending".into();
    } else if let Some(volume) = any.downcast_mut::<PersistentVolume>() {
        volume.status.phase = "Pending".into();
        volume.status.last_phase_transition_time = volume.metadata.creation_timestamp;
    } else if let Some(set) = any.downcast_mut::<StatefulSet>() {
        for claim in &mut set.spec.volume_claim_templates {
            claim.status.phase = "Pending".into();
        }
    }
}

/// What follows from the new object as admission has left it.
pub(crate) fn conclude_create(object: &mut dyn AnyResource) {
    if let Some(pod) = object.as_any_mut().downcast_mut::<Pod>() {
        pod.status.qos_class = qos_class(pod).into();
    }
}

/// Where a DaemonSet counts the changes of its template, besides `metadata.generation`.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// A Job's pods are told from all others by the Job's uid, unless its author chose a selector.
fn own_pods(job: &mut Job) {
    job.spec.manual_selector.get_or_insert(false);
    if job.spec.manual_selector == Some(true) {
        return;
    }
    let (uid, name) = (job.metadata.uid.clone(), job.metadata.name.clone());
    let labels = [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ];
    for (key, value) in labels {
        job.spec.template.metadata.labels.insert(key.into(), value.clone());
    }
    job.spec.selector.get_or_insert_default().match_labels.insert("batch.kubernetes.io/controller-uid".into(), uid);
    if job.metadata.labels.is_empty() {
        job.metadata.labels.clone_from(&job.spec.template.metadata.labels);
    }
}

/// Nodes register themselves with their status, and a few kinds have no other writer.
fn keeps_status_on_create(info: &KindInfo) -> bool {
    matches!((info.group, info.kind), ("", "Node"))
}

/// Prepares a change through the resource or one of its subresources.
pub(crate) fn prepare_change(object: &mut dyn AnyResource, old: &dyn AnyResource, subresource: &str, now: Time) {
    match subresource {
        "status" => prepare_status_update(object, old),
        "finalize" => {
            copy(object, old, "status");
            name_label(object);
        }
        "approval" => certificates::only_conditions(object, old),
        "ephemeralcontainers" => pod_parts::only_ephemeral_containers(object, old),
        "resize" => pod_parts::only_resources(object, old),
        _ => prepare_update(object, old),
    }
    if matches!(subresource, "status" | "approval") {
        certificates::stamp_conditions(object, old, now);
    }
    let info = object.info();
    let generation = old.metadata().generation;
    let counts = subresource != "status"
        && counts_generations(object)
        && (wants_something_else(object, old)
            || kinds::counts_labels(object, old)
            // Deployments hand their annotations on, so these count too.
            || (info.kind == "Deployment" && object.metadata().annotations != old.metadata().annotations));
    object.metadata_mut().generation = generation + i64::from(counts);
}

/// Everything that is wrong with a change through the resource or one of its subresources.
pub(crate) fn validate_change(object: &dyn AnyResource, old: &dyn AnyResource, subresource: &str) -> FieldErrors {
    match subresource {
        "status" => {
            let mut errors = object.validate_status_update(old);
            errors.extend(namespace::validate_status(object));
            errors.extend(certificates::validate(object, old, subresource));
            errors
        }
        "finalize" => namespace::validate_finalizers(object),
        "approval" => certificates::validate(object, old, subresource),
        "ephemeralcontainers" => pod_parts::validate_ephemeral_containers(object, old),
        "resize" => pod_parts::validate_resources(object, old),
        _ => object.validate_update(old),
    }
}

/// Namespaces carry their name as a label.
fn name_label(object: &mut dyn AnyResource) {
    if let Some(namespace) = object.as_any_mut().downcast_mut::<Namespace>() {
        let name = namespace.metadata.name.clone();
        namespace.metadata.labels.insert("kubernetes.io/metadata.name".into(), name);
    }
}

/// Prepares a change through the main resource: the old status stays.
fn prepare_update(object: &mut dyn AnyResource, old: &dyn AnyResource) {
    let info = object.info();
    if info.has("status") {
        copy(object, old, "status");
    }
    kinds::drop_disabled(object, Some(old));
    if let Some(namespace) = object.as_any_mut().downcast_mut::<Namespace>()
        && let Some(old) = old.as_any().downcast_ref::<Namespace>()
    {
        namespace.spec.finalizers.clone_from(&old.spec.finalizers);
    }
    name_label(object);
    if object.as_any().is::<CertificateSigningRequest>() {
        copy(object, old, "spec");
    }
    if let Some(secret) = object.as_any_mut().downcast_mut::<Secret>() {
        fold_string_data(secret);
        if secret.type_.is_empty()
            && let Some(old) = old.as_any().downcast_ref::<Secret>()
        {
            secret.type_.clone_from(&old.type_);
        }
    }
    if let Some(service) = object.as_any_mut().downcast_mut::<Service>()
        && let Some(old) = old.as_any().downcast_ref::<Service>()
    {
        kinds::settle_service(service, old);
        service::keep_addresses(service, old);
        service::drop_what_the_type_has_not(service, old);
    }
    if let Some(definition) = object.as_any_mut().downcast_mut::<CustomResourceDefinition>() {
        custom::note_stored_versions(definition);
    }
    let retemplated = match (object.as_any().downcast_ref::<DaemonSet>(), old.as_any().downcast_ref::<DaemonSet>()) {
        (Some(new), Some(old)) => Some((new.spec.template != old.spec.template, old.metadata.annotations.clone())),
        _ => None,
    };
    if let Some((changed, annotations)) = retemplated {
        let before: i64 = annotations.get(TEMPLATE_GENERATION).and_then(|text| text.parse().ok()).unwrap_or(0);
        let now = before + i64::from(changed);
        if now > 0 {
            object.metadata_mut().annotations.insert(TEMPLATE_GENERATION.into(), now.to_string());
        }
    }
}

/// Prepares a change through the `status` subresource: everything but status and metadata stays.
fn prepare_status_update(object: &mut dyn AnyResource, old: &dyn AnyResource) {
    if let Some((new, old)) = custom::both_mut(object, old) {
        return custom::keep_all_but_status(new, old);
    }
    for index in 0..old.as_struct().schema().fields.len() {
        let name = &old.as_struct().schema().fields[index].name;
        if name != "status" && name != "metadata" {
            object.as_struct_mut().field_mut(index).assign(old.as_struct().field(index));
        }
    }
    kinds::keep_metadata(object, old);
    let kind = old.info().kind;
    let (new, old) = (object.metadata_mut(), old.metadata());
    match kind {
        "Deployment" => new.labels.clone_from(&old.labels),
        "Pod" => new.owner_references.clone_from(&old.owner_references),
        _ => {}
    }
}

/// Does the generation of this object count changes of what is wanted?
fn counts_generations(object: &dyn AnyResource) -> bool {
    listed(&WITH_GENERATION, object.info()) || object.as_any().is::<CustomObject>()
}

/// Has anything but metadata and status changed?
fn wants_something_else(new: &dyn AnyResource, old: &dyn AnyResource) -> bool {
    if let Some((new, old)) = custom::both(new, old) {
        return custom::wants_something_else(new, old);
    }
    let (new, old) = (new.as_struct(), old.as_struct());
    new.schema()
        .fields
        .iter()
        .enumerate()
        .any(|(index, row)| row.name != "metadata" && row.name != "status" && !new.field(index).same(old.field(index)))
}

/// Are two objects the same, but for their resource version and managed fields?
pub(crate) fn unchanged(new: &dyn AnyResource, old: &dyn AnyResource) -> bool {
    let mut like_old = new.metadata().clone();
    like_old.resource_version.clone_from(&old.metadata().resource_version);
    like_old.managed_fields.clone_from(&old.metadata().managed_fields);
    like_old == *old.metadata()
        && custom::both(new, old).is_none_or(|(new, old)| new.members() == old.members())
        && new.as_struct().schema().fields.iter().enumerate().all(|(index, row)| {
            row.name == "metadata" || new.as_struct().field(index).same(old.as_struct().field(index))
        })
}

fn clear(object: &mut dyn AnyResource, field: &str) {
    if let Some(custom) = object.as_any_mut().downcast_mut::<CustomObject>() {
        custom.members_mut().remove(field);
        return;
    }
    if let Some((index, _)) = object.as_struct().schema().find(field) {
        object.as_struct_mut().field_mut(index).clear();
    }
}

fn copy(object: &mut dyn AnyResource, from: &dyn AnyResource, field: &str) {
    if let Some((new, old)) = custom::both_mut(object, from) {
        return custom::copy(new, old, field);
    }
    if let Some((index, _)) = object.as_struct().schema().find(field)
        && let Some(value) = field_named(from.as_struct(), field)
    {
        object.as_struct_mut().field_mut(index).assign(value);
    }
}

/// Brings what is written in two ways into the one that is stored.
pub(crate) fn normalize(object: &mut dyn AnyResource) {
    name_label(object);
    if let Some(secret) = object.as_any_mut().downcast_mut::<Secret>() {
        fold_string_data(secret);
    }
}

/// `stringData` is write-only: it ends up in `data`.
fn fold_string_data(secret: &mut Secret) {
    for (key, text) in std::mem::take(&mut secret.string_data) {
        secret.data.insert(key, text.as_str().into());
    }
}

/// A request for a certificate says who made it; the client cannot.
pub(crate) fn note_author(object: &mut dyn AnyResource, identity: &pintle_client::Identity) {
    if let Some(request) = object.as_any_mut().downcast_mut::<CertificateSigningRequest>() {
        request.spec.username.clone_from(&identity.user);
        request.spec.uid.clone_from(&identity.uid);
        request.spec.groups.clone_from(&identity.groups);
        request.spec.extra.clone_from(&identity.extra);
    }
}

/// Guaranteed, Burstable or BestEffort. Source: Kubernetes concepts, "Pod Quality of Service Classes".
pub(crate) fn qos_class(pod: &Pod) -> &'static str {
    let mut any = false;
    let mut guaranteed = true;
    for container in pod.spec.containers.iter().chain(&pod.spec.init_containers) {
        for resource in ["cpu", "memory"] {
            let request = container.resources.requests.get(resource).filter(|quantity| quantity.millis() > 0);
            let limit = container.resources.limits.get(resource).filter(|quantity| quantity.millis() > 0);
            any |= request.is_some() || limit.is_some();
            guaranteed &= limit.is_some() && (request.is_none() || request == limit);
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}
