//! Services: what an update keeps and drops.

use pintle_object_model::api::core::v1::Service;

/// A change of type takes along what only the old type has, unless the client changes it at the same time.
pub(super) fn drop_what_the_type_has_not(service: &mut Service, old: &Service) {
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
        service.status.load_balancer = Default::default();
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

/// An update that leaves out what the system allocated keeps it.
pub(super) fn keep_addresses(service: &mut Service, old: &Service) {
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
