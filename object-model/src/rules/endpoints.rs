//! Endpoints and EndpointSlices.

use super::check;
use crate::api::core::v1::{EndpointAddress, EndpointSubset, Endpoints};
use crate::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};
use crate::validation::{FieldErrors, Path, validate_labels};
use crate::{Rules, names};

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

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
            validate_subset(&mut errors, subset, &Path::new("subsets").index(index));
        }
        errors
    }
}

fn validate_subset(errors: &mut FieldErrors, subset: &EndpointSubset, path: &Path) {
    if subset.addresses.is_empty() && subset.not_ready_addresses.is_empty() {
        errors.required(path, "must specify `addresses` or `notReadyAddresses`");
    }
    for (list, addresses) in [("addresses", &subset.addresses), ("notReadyAddresses", &subset.not_ready_addresses)] {
        for (index, address) in addresses.iter().enumerate() {
            validate_address(errors, address, &path.child(list).index(index));
        }
    }
    for (index, port) in subset.ports.iter().enumerate() {
        let at = path.child("ports").index(index);
        if !port.name.is_empty() {
            errors.invalid_each(&at.child("name"), &port.name, names::dns_label(&port.name));
        } else if subset.ports.len() > 1 {
            errors.required(&at.child("name"), "");
        }
        errors.invalid_each(&at.child("port"), port.port, names::port_number(port.port));
        if errors.present(&at.child("protocol"), &port.protocol) {
            errors.one_of(&at.child("protocol"), &port.protocol, &PROTOCOLS);
        }
        validate_app_protocol(errors, port.app_protocol.as_deref(), &at);
    }
}

fn validate_app_protocol(errors: &mut FieldErrors, protocol: Option<&str>, at: &Path) {
    if let Some(protocol) = protocol {
        errors.invalid_each(&at.child("appProtocol"), protocol, names::qualified_name(protocol));
    }
}

fn validate_address(errors: &mut FieldErrors, address: &EndpointAddress, at: &Path) {
    if let Some(ip) = check::ip(errors, &at.child("ip"), &address.ip) {
        check::ordinary_ip(errors, &at.child("ip"), &address.ip, ip);
    }
    if !address.hostname.is_empty() {
        errors.invalid_each(&at.child("hostname"), &address.hostname, names::dns_label(&address.hostname));
    }
    if let Some(node) = address.node_name.as_deref() {
        errors.invalid_each(&at.child("nodeName"), node, names::dns_subdomain(node));
    }
}

const ENDPOINTS_MAX: usize = 1000;
const ADDRESSES_MAX: usize = 100;
const PORTS_MAX: usize = 20_000;
const HINTS_MAX: usize = 8;

impl Rules for EndpointSlice {
    fn set_defaults(&mut self) {
        for port in &mut self.ports {
            port.name.get_or_insert_default();
            port.protocol.get_or_insert_with(|| "TCP".into());
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let at = Path::new("addressType");
        if errors.present(&at, &self.address_type) {
            errors.one_of(&at, &self.address_type, &["FQDN", "IPv4", "IPv6"]);
        }
        let path = Path::new("endpoints");
        if self.endpoints.len() > ENDPOINTS_MAX {
            errors.too_many(&path, self.endpoints.len(), ENDPOINTS_MAX);
            return errors;
        }
        for (index, endpoint) in self.endpoints.iter().enumerate() {
            validate_endpoint(&mut errors, endpoint, &self.address_type, &path.index(index));
        }
        validate_ports(&mut errors, &self.ports, &Path::new("ports"));
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        let at = Path::new("addressType");
        check::immutable(&mut errors, &at, &self.address_type, &old.address_type, &self.address_type);
        errors
    }
}

fn validate_endpoint(errors: &mut FieldErrors, endpoint: &Endpoint, kind: &str, path: &Path) {
    let at = path.child("addresses");
    if endpoint.addresses.is_empty() {
        errors.required(&at, "must contain at least 1 address");
    } else if endpoint.addresses.len() > ADDRESSES_MAX {
        errors.too_many(&at, endpoint.addresses.len(), ADDRESSES_MAX);
    }
    for (index, address) in endpoint.addresses.iter().enumerate() {
        let at = at.index(index);
        match kind {
            "IPv4" | "IPv6" => {
                let Some(ip) = check::ip(errors, &at, address) else { continue };
                if ip.is_ipv4() != (kind == "IPv4") {
                    errors.invalid(&at, address, format!("must be an {kind} address"));
                }
                check::ordinary_ip(errors, &at, address, ip);
            }
            "FQDN" => errors.invalid_each(&at, address, names::domain(address)),
            _ => {}
        }
    }
    if let Some(node) = &endpoint.node_name {
        errors.invalid_each(&path.child("nodeName"), node, names::dns_subdomain(node));
    }
    let topology = path.child("deprecatedTopology");
    validate_labels(&endpoint.deprecated_topology, &topology, errors);
    for name in ["topology.kubernetes.io/zone", "kubernetes.io/hostname"] {
        if endpoint.deprecated_topology.contains_key(name) {
            let field = if name == "kubernetes.io/hostname" { "nodeName" } else { "zone" };
            errors.invalid(&topology.key(name), name, format!("may not be specified, use {field} field instead"));
        }
    }
    if let Some(host) = &endpoint.hostname {
        errors.invalid_each(&path.child("hostname"), host, names::dns_label(host));
    }
    if let Some(hints) = &endpoint.hints {
        let zones: Vec<&str> = hints.for_zones.iter().map(|zone| zone.name.as_str()).collect();
        let nodes: Vec<&str> = hints.for_nodes.iter().map(|node| node.name.as_str()).collect();
        validate_hints(errors, &zones, &path.child("hints").child("forZones"), names::label_value);
        validate_hints(errors, &nodes, &path.child("hints").child("forNodes"), names::dns_subdomain);
    }
}

fn validate_hints(errors: &mut FieldErrors, names: &[&str], path: &Path, look: fn(&str) -> Vec<String>) {
    if names.len() > HINTS_MAX {
        errors.too_many(path, names.len(), HINTS_MAX);
        return;
    }
    for (index, name) in names.iter().enumerate() {
        let at = path.index(index).child("name");
        if names[..index].contains(name) {
            errors.duplicate(&at, *name);
        } else {
            errors.invalid_each(&at, *name, look(name));
        }
    }
}

fn validate_ports(errors: &mut FieldErrors, ports: &[EndpointPort], path: &Path) {
    if ports.len() > PORTS_MAX {
        errors.too_many(path, ports.len(), PORTS_MAX);
        return;
    }
    for (index, port) in ports.iter().enumerate() {
        let at = path.index(index);
        let name = port.name.as_deref().unwrap_or_default();
        if !name.is_empty() {
            errors.invalid_each(&at.child("name"), name, names::dns_label(name));
        }
        if ports[..index].iter().any(|other| other.name.as_deref().unwrap_or_default() == name) {
            errors.duplicate(&at.child("name"), name);
        }
        match port.protocol.as_deref() {
            None => errors.required(&at.child("protocol"), ""),
            Some(protocol) => errors.one_of(&at.child("protocol"), protocol, &PROTOCOLS),
        }
        validate_app_protocol(errors, port.app_protocol.as_deref(), &at);
    }
}
