//! Services, Endpoints and EndpointSlices.

use std::collections::BTreeSet;

use crate::api::core::v1::{Endpoints, Service};
use crate::api::discovery::v1::EndpointSlice;
use crate::validation::{FieldErrors, Path, validate_labels};
use crate::{IntOrString, Rules, names};

impl Rules for Service {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        if spec.session_affinity.is_empty() {
            spec.session_affinity = "None".into();
        }
        if spec.type_.is_empty() {
            spec.type_ = "ClusterIP".into();
        }
        if spec.session_affinity == "ClientIP" {
            let config = spec.session_affinity_config.get_or_insert_default();
            config.client_ip.get_or_insert_default().timeout_seconds.get_or_insert(10_800);
        }
        for port in &mut spec.ports {
            if port.protocol.is_empty() {
                port.protocol = "TCP".into();
            }
            if matches!(&port.target_port, IntOrString::Int(0))
                || matches!(&port.target_port, IntOrString::String(name) if name.is_empty())
            {
                port.target_port = IntOrString::Int(port.port);
            }
        }
        let external = matches!(spec.type_.as_str(), "NodePort" | "LoadBalancer");
        if external && spec.external_traffic_policy.is_empty() {
            spec.external_traffic_policy = "Cluster".into();
        }
        if spec.type_ != "ExternalName" {
            spec.internal_traffic_policy.get_or_insert_with(|| "Cluster".into());
        }
        if spec.type_ == "LoadBalancer" {
            spec.allocate_load_balancer_node_ports.get_or_insert(true);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        let headless = spec.cluster_ip == "None";
        if spec.ports.is_empty() && !headless && spec.type_ != "ExternalName" {
            errors.required(&path.child("ports"), "");
        }
        match spec.type_.as_str() {
            "ClusterIP" => {}
            "NodePort" | "LoadBalancer" if headless => {
                let value = serde_json::json!(["None"]);
                errors.invalid(
                    &path.child("clusterIPs").index(0),
                    &value[0],
                    format!("may not be set to 'None' for {} services", spec.type_),
                );
            }
            "NodePort" | "LoadBalancer" => {}
            "ExternalName" => {
                if spec.external_name.is_empty() {
                    errors.required(&path.child("externalName"), "");
                } else {
                    for problem in names::dns_subdomain(spec.external_name.trim_end_matches('.')) {
                        errors.invalid(&path.child("externalName"), &spec.external_name, problem);
                    }
                }
            }
            other => errors.not_supported(
                &path.child("type"),
                other,
                &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"],
            ),
        }
        validate_ports(&mut errors, self, &path.child("ports"));
        validate_labels(&spec.selector, &path.child("selector"), &mut errors);
        if !["None", "ClientIP"].contains(&spec.session_affinity.as_str()) {
            errors.not_supported(&path.child("sessionAffinity"), &spec.session_affinity, &["ClientIP", "None"]);
        }
        if let Some(seconds) = spec
            .session_affinity_config
            .as_ref()
            .and_then(|config| config.client_ip.as_ref())
            .and_then(|ip| ip.timeout_seconds)
            && !(1..=86_400).contains(&seconds)
        {
            errors.invalid(
                &path.child("sessionAffinityConfig").child("clientIP").child("timeoutSeconds"),
                seconds,
                "must be greater than 0 and less than 86400",
            );
        }
        if !spec.cluster_ip.is_empty() && !headless {
            for problem in names::ip(&spec.cluster_ip) {
                errors.invalid(&path.child("clusterIPs").index(0), &spec.cluster_ip, problem);
            }
        }
        for (index, address) in spec.external_ips.iter().enumerate() {
            for problem in names::ip(address) {
                errors.invalid(&path.child("externalIPs").index(index), address, problem);
            }
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let changes_type = self.spec.type_ == "ExternalName" || old.spec.type_ == "ExternalName";
        if !changes_type && !old.spec.cluster_ip.is_empty() && self.spec.cluster_ip != old.spec.cluster_ip {
            let value = serde_json::json!(self.spec.cluster_ips);
            errors.invalid(&Path::new("spec").child("clusterIPs").index(0), &value, "may not change once set");
        }
        errors.extend(self.validate());
        errors
    }
}

fn validate_ports(errors: &mut FieldErrors, service: &Service, path: &Path) {
    let spec = &service.spec;
    let mut seen_names = BTreeSet::new();
    let mut seen_ports = BTreeSet::new();
    let mut seen_node_ports = BTreeSet::new();
    for (index, port) in spec.ports.iter().enumerate() {
        let at = path.index(index);
        if port.name.is_empty() {
            if spec.ports.len() > 1 {
                errors.required(&at.child("name"), "");
            }
        } else {
            for problem in names::dns_label(&port.name) {
                errors.invalid(&at.child("name"), &port.name, problem);
            }
            if !seen_names.insert(port.name.as_str()) {
                errors.duplicate(&at.child("name"), &port.name);
            }
        }
        for problem in names::port_number(port.port) {
            errors.invalid(&at.child("port"), port.port, problem);
        }
        if !["TCP", "UDP", "SCTP"].contains(&port.protocol.as_str()) {
            errors.not_supported(&at.child("protocol"), &port.protocol, &["SCTP", "TCP", "UDP"]);
        }
        for problem in super::pod_defaults::port_problem(&port.target_port) {
            errors.invalid(&at.child("targetPort"), &port.target_port, problem);
        }
        if !seen_ports.insert((port.port, port.protocol.as_str())) {
            let value = crate::json_value(port);
            errors.duplicate(&at, &value);
        }
        if port.node_port != 0 {
            if spec.type_ == "ClusterIP" {
                errors.forbidden(&at.child("nodePort"), "may not be used when `type` is 'ClusterIP'");
            } else if !seen_node_ports.insert((port.node_port, port.protocol.as_str())) {
                errors.duplicate(&at.child("nodePort"), port.node_port);
            }
        }
    }
}

impl Rules for Endpoints {
    fn set_defaults(&mut self) {
        for port in self.subsets.iter_mut().flat_map(|subset| &mut subset.ports) {
            if port.protocol.is_empty() {
                port.protocol = "TCP".into();
            }
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        for (index, subset) in self.subsets.iter().enumerate() {
            let path = Path::new("subsets").index(index);
            if subset.addresses.is_empty() && subset.not_ready_addresses.is_empty() {
                errors.required(&path, "must specify `addresses` or `notReadyAddresses`");
            }
            for (list, addresses) in
                [("addresses", &subset.addresses), ("notReadyAddresses", &subset.not_ready_addresses)]
            {
                for (index, address) in addresses.iter().enumerate() {
                    for problem in names::ip(&address.ip) {
                        errors.invalid(&path.child(list).index(index).child("ip"), &address.ip, problem);
                    }
                }
            }
            for (index, port) in subset.ports.iter().enumerate() {
                for problem in names::port_number(port.port) {
                    errors.invalid(&path.child("ports").index(index).child("port"), port.port, problem);
                }
            }
        }
        errors
    }
}

const ENDPOINTS_MAX: usize = 1000;

impl Rules for EndpointSlice {
    fn set_defaults(&mut self) {
        for port in &mut self.ports {
            port.name.get_or_insert_default();
            port.protocol.get_or_insert_with(|| "TCP".into());
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.address_type.is_empty() {
            errors.required(&Path::new("addressType"), "");
        } else if !["IPv4", "IPv6", "FQDN"].contains(&self.address_type.as_str()) {
            errors.not_supported(&Path::new("addressType"), &self.address_type, &["FQDN", "IPv4", "IPv6"]);
        }
        let path = Path::new("endpoints");
        if self.endpoints.len() > ENDPOINTS_MAX {
            errors.too_many(&path, self.endpoints.len(), ENDPOINTS_MAX);
        }
        for (index, endpoint) in self.endpoints.iter().enumerate() {
            let at = path.index(index).child("addresses");
            if endpoint.addresses.is_empty() {
                errors.required(&at, "must contain at least 1 address");
            }
            for (number, address) in endpoint.addresses.iter().enumerate() {
                let fits = match self.address_type.as_str() {
                    "IPv4" => address.parse::<std::net::Ipv4Addr>().is_ok(),
                    "IPv6" => address.parse::<std::net::Ipv6Addr>().is_ok(),
                    _ => true,
                };
                if !fits {
                    let detail = format!("must be an {} address", self.address_type);
                    errors.invalid(&at.index(number), address, detail);
                }
            }
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        if self.address_type != old.address_type {
            errors.invalid(&Path::new("addressType"), &self.address_type, "field is immutable");
        }
        errors
    }
}
