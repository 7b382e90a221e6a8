//! Small peculiarities of single kinds.

use pintle_object_model::AnyResource;
use pintle_object_model::api::coordination::v1::Lease;
use pintle_object_model::api::core::v1::Service;

/// Kinds whose `status` subresource leaves all that users set in the metadata alone.
const STATUS_ONLY: [(&str, &str); 5] = [
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("resource.k8s.io", "ResourceClaim"),
    ("storage.k8s.io", "VolumeAttachment"),
];

/// Takes out what belongs to features that are switched off, unless it is in use already.
pub(super) fn drop_disabled(object: &mut dyn AnyResource, old: Option<&dyn AnyResource>) {
    if let Some(service) = object.as_any_mut().downcast_mut::<Service>()
        && service.spec.type_ == "ExternalName"
        && old.is_none()
    {
        service.spec.internal_traffic_policy = None;
    }
    let old = old.and_then(|old| old.as_any().downcast_ref::<Lease>());
    let Some(lease) = object.as_any_mut().downcast_mut::<Lease>() else { return };
    // Coordinated leader election.
    if old.is_none_or(|old| old.spec.strategy.is_none() && old.spec.preferred_holder.is_none()) {
        lease.spec.strategy = None;
        lease.spec.preferred_holder = None;
    }
}

/// Do labels count as something that is wanted? Those of slices say whose endpoints they are.
pub(super) fn counts_labels(object: &dyn AnyResource, old: &dyn AnyResource) -> bool {
    object.info().kind == "EndpointSlice" && object.metadata().labels != old.metadata().labels
}

/// Brings back the metadata that a write of the status may not change.
pub(super) fn keep_metadata(object: &mut dyn AnyResource, old: &dyn AnyResource) {
    let info = old.info();
    if STATUS_ONLY.contains(&(info.group, info.kind)) {
        let (new, old) = (object.metadata_mut(), old.metadata());
        new.labels.clone_from(&old.labels);
        new.annotations.clone_from(&old.annotations);
    }
}

/// Old clients know only one address: what they write to it goes for the list as well. What goes with a type or
/// policy that is given up goes as well, unless the client changes it at the same time.
pub(super) fn settle_service(service: &mut Service, old: &Service) {
    let (new, old) = (&mut service.spec, &old.spec);
    if old.has_health_check() && !new.has_health_check() && new.health_check_node_port == old.health_check_node_port {
        new.health_check_node_port = 0;
    }
    let untouched = new.cluster_ips == old.cluster_ips;
    if new.cluster_ip != old.cluster_ip && untouched {
        new.cluster_ips = Some(new.cluster_ip.clone()).filter(|ip| !ip.is_empty()).into_iter().collect();
    }
    if new.type_ == "ExternalName" && old.type_ != "ExternalName" {
        if new.cluster_ip == old.cluster_ip && new.cluster_ips == old.cluster_ips {
            new.cluster_ip.clear();
            new.cluster_ips.clear();
        }
        if new.ip_families == old.ip_families {
            new.ip_families.clear();
        }
        if new.ip_family_policy == old.ip_family_policy {
            new.ip_family_policy = None;
        }
    }
}
