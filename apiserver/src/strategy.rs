//! How kinds differ on their way into the store.
//!
//! In: the stored version of an object about to be written. Out: the fields that only the system sets. Invariant:
//! a client can never set another's part: spec writes keep the status, status writes keep the spec.
//! Elsewhere: defaults and validation (`object-model`), allocation of addresses (`allocator`).

mod kinds;

use pintle_object_model::api::apps::v1::{DaemonSet, ReplicaSet, StatefulSet};
use pintle_object_model::api::batch::v1::Job;
use pintle_object_model::api::certificates::v1::CertificateSigningRequest;
use pintle_object_model::api::core::v1::{Namespace, PersistentVolume, PersistentVolumeClaim, Pod, Secret, Service};
use pintle_object_model::reflect::{Struct, field_named};
use pintle_object_model::{AnyResource, KindInfo};

/// Kinds whose `metadata.generation` counts changes of what is wanted.
const WITH_GENERATION: [(&str, &str); 25] = [
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
const CREATED_BY_PUT: [(&str, &str); 12] = [
    ("", "Endpoints"),
    ("", "Event"),
    ("", "LimitRange"),
    ("", "ReplicationController"),
    ("", "Service"),
    ("coordination.k8s.io", "Lease"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("node.k8s.io", "RuntimeClass"),
    ("scheduling.k8s.io", "PriorityClass"),
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
    matches!((info.group, info.kind), ("coordination.k8s.io", "Lease") | ("networking.k8s.io", "IPAddress"))
        || matches!(info.group, "apiextensions.k8s.io" | "apiregistration.k8s.io")
}

/// Prepares a new object: system fields, no status from the client.
pub(crate) fn prepare_create(object: &mut dyn AnyResource) {
    let info = object.info();
    if info.has("status") && !keeps_status_on_create(info) {
        clear(object, "status");
    }
    object.metadata_mut().generation = i64::from(listed(&WITH_GENERATION, info));
    kinds::drop_disabled(object, None);
    let any = object.as_any_mut();
    if let Some(pod) = any.downcast_mut::<Pod>() {
        pod.status.phase = "Pending".into();
        pod.status.qos_class = qos_class(pod).into();
    } else if let Some(namespace) = any.downcast_mut::<Namespace>() {
        namespace.status.phase = "Active".into();
        if !namespace.spec.finalizers.iter().any(|name| name == "kubernetes") {
            namespace.spec.finalizers.push("kubernetes".into());
        }
        let name = namespace.metadata.name.clone();
        namespace.metadata.labels.insert("kubernetes.io/metadata.name".into(), name);
    } else if let Some(secret) = any.downcast_mut::<Secret>() {
        fold_string_data(secret);
    } else if let Some(daemons) = any.downcast_mut::<DaemonSet>() {
        daemons.metadata.annotations.insert(TEMPLATE_GENERATION.into(), "1".into());
    } else if let Some(job) = any.downcast_mut::<Job>() {
        own_pods(job);
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

/// Prepares a change through the main resource: the old status stays, the generation counts.
pub(crate) fn prepare_update(object: &mut dyn AnyResource, old: &dyn AnyResource) {
    let info = object.info();
    if info.has("status") {
        copy(object, old, "status");
    }
    kinds::drop_disabled(object, Some(old));
    if let Some(namespace) = object.as_any_mut().downcast_mut::<Namespace>()
        && let Some(old) = old.as_any().downcast_ref::<Namespace>()
    {
        namespace.spec.finalizers.clone_from(&old.spec.finalizers);
        let name = namespace.metadata.name.clone();
        namespace.metadata.labels.insert("kubernetes.io/metadata.name".into(), name);
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
        keep_addresses(service, old);
        drop_what_the_type_has_not(service, old);
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
    let generation = old.metadata().generation;
    let counts = listed(&WITH_GENERATION, info)
        && (wants_something_else(object.as_struct(), old.as_struct()) || kinds::counts_labels(object, old));
    object.metadata_mut().generation = generation + i64::from(counts);
}

/// Prepares a change through the `status` subresource: everything but status and metadata stays.
pub(crate) fn prepare_status_update(object: &mut dyn AnyResource, old: &dyn AnyResource) {
    for index in 0..old.as_struct().schema().fields.len() {
        let name = &old.as_struct().schema().fields[index].name;
        if name != "status" && name != "metadata" {
            object.as_struct_mut().field_mut(index).assign(old.as_struct().field(index));
        }
    }
    kinds::keep_metadata(object, old);
    let keeps_labels = old.info().kind == "Deployment";
    let (new, old) = (object.metadata_mut(), old.metadata());
    if keeps_labels {
        new.labels.clone_from(&old.labels);
    }
    new.generation = old.generation;
    new.owner_references.clone_from(&old.owner_references);
    new.finalizers.clone_from(&old.finalizers);
    new.deletion_timestamp = old.deletion_timestamp;
    new.deletion_grace_period_seconds = old.deletion_grace_period_seconds;
}

/// Has anything but metadata and status changed?
fn wants_something_else(new: &dyn Struct, old: &dyn Struct) -> bool {
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
        && new.as_struct().schema().fields.iter().enumerate().all(|(index, row)| {
            row.name == "metadata" || new.as_struct().field(index).same(old.as_struct().field(index))
        })
}

fn clear(object: &mut dyn AnyResource, field: &str) {
    if let Some((index, _)) = object.as_struct().schema().find(field) {
        object.as_struct_mut().field_mut(index).clear();
    }
}

fn copy(object: &mut dyn AnyResource, from: &dyn AnyResource, field: &str) {
    if let Some((index, _)) = object.as_struct().schema().find(field)
        && let Some(value) = field_named(from.as_struct(), field)
    {
        object.as_struct_mut().field_mut(index).assign(value);
    }
}

/// Brings what is written in two ways into the one that is stored.
pub(crate) fn normalize(object: &mut dyn AnyResource) {
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

/// A change of type takes along what only the old type has, unless the client changes it at the same time.
fn drop_what_the_type_has_not(service: &mut Service, old: &Service) {
    let (new, old) = (&mut service.spec, &old.spec);
    let external = |kind: &str| matches!(kind, "NodePort" | "LoadBalancer");
    if external(&old.type_) && !external(&new.type_) && new.external_ips.is_empty() {
        if new.external_traffic_policy == old.external_traffic_policy {
            new.external_traffic_policy.clear();
        }
        if new.health_check_node_port == old.health_check_node_port {
            new.health_check_node_port = 0;
        }
    }
    if old.type_ == "LoadBalancer" && new.type_ != "LoadBalancer" {
        if new.allocate_load_balancer_node_ports == old.allocate_load_balancer_node_ports {
            new.allocate_load_balancer_node_ports = None;
        }
        if new.load_balancer_class == old.load_balancer_class {
            new.load_balancer_class = None;
        }
    }
    if new.type_ == "ExternalName"
        && old.type_ != "ExternalName"
        && new.internal_traffic_policy == old.internal_traffic_policy
    {
        new.internal_traffic_policy = None;
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

/// An update that leaves out what the system allocated keeps it.
fn keep_addresses(service: &mut Service, old: &Service) {
    let (new, old) = (&mut service.spec, &old.spec);
    if new.type_ == "ExternalName" || old.type_ == "ExternalName" {
        return;
    }
    if new.cluster_ip.is_empty() {
        new.cluster_ip.clone_from(&old.cluster_ip);
    }
    if new.cluster_ips.is_empty() && new.cluster_ip == old.cluster_ip {
        new.cluster_ips.clone_from(&old.cluster_ips);
    }
    if new.ip_families.is_empty() {
        new.ip_families.clone_from(&old.ip_families);
    }
    if new.ip_family_policy.is_none() {
        new.ip_family_policy.clone_from(&old.ip_family_policy);
    }
    if matches!(new.type_.as_str(), "NodePort" | "LoadBalancer") {
        for port in new.ports.iter_mut().filter(|port| port.node_port == 0) {
            let same = old.ports.iter().find(|o| {
                o.port == port.port && o.protocol == port.protocol && (o.name == port.name || old.ports.len() == 1)
            });
            port.node_port = same.map_or(0, |old| old.node_port);
        }
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

/// The scale of a workload: replicas wanted, replicas there, selector as text.
pub(crate) struct ScaleOf {
    pub(crate) wanted: i32,
    pub(crate) there: i32,
    pub(crate) selector: String,
}

macro_rules! scalable {
    ($($kind:ty),*) => {
        /// Reads the scale of a workload.
        pub(crate) fn scale_of(object: &dyn AnyResource) -> Option<ScaleOf> {
            $(if let Some(workload) = object.as_any().downcast_ref::<$kind>() {
                return Some(ScaleOf {
                    wanted: workload.spec.replicas.unwrap_or(1),
                    there: workload.status.replicas,
                    selector: selector_text(&workload.spec.selector),
                });
            })*
            None
        }
        /// Sets the number of replicas wanted of a workload.
        pub(crate) fn set_scale(object: &mut dyn AnyResource, replicas: i32) -> bool {
            $(if let Some(workload) = object.as_any_mut().downcast_mut::<$kind>() {
                workload.spec.replicas = Some(replicas);
                return true;
            })*
            false
        }
    };
}
scalable!(pintle_object_model::api::apps::v1::Deployment, ReplicaSet, pintle_object_model::api::apps::v1::StatefulSet);

trait SelectorText {
    fn text(&self) -> String;
}
impl SelectorText for pintle_object_model::api::meta::v1::LabelSelector {
    fn text(&self) -> String {
        pintle_object_model::selector::Selector::from_object(self).map(|s| s.to_string()).unwrap_or_default()
    }
}
impl<T: SelectorText> SelectorText for Option<Box<T>> {
    fn text(&self) -> String {
        self.as_ref().map(|selector| selector.text()).unwrap_or_default()
    }
}
fn selector_text(selector: &impl SelectorText) -> String {
    selector.text()
}
