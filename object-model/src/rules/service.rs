//! Services: defaults, validation, what may change.
//!
//! Source: Kubernetes concepts, "Service", "IPv4/IPv6 dual-stack". Elsewhere: addresses and ports that the system
//! hands out (`allocator` in `apiserver`).

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::check;
use crate::api::core::v1::{Service, ServicePort, ServiceSpec};
use crate::validation::{FieldErrors, Path, Plain, validate_labels};
use crate::{IntOrString, Rules, names};

/// Annotation that was there before `loadBalancerSourceRanges`.
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
/// The kubelet's own port.
const KUBELET_PORT: i32 = 10_250;
const ONLY_LOAD_BALANCER: &str = "may only be used when `type` is 'LoadBalancer'";

impl ServiceSpec {
    /// Neither an address nor load balancing: the name stands for the endpoints.
    pub fn is_headless(&self) -> bool {
        self.cluster_ip == "None" || self.cluster_ips.first().is_some_and(|ip| ip == "None")
    }
    /// Can it be reached from outside of the cluster?
    pub fn is_external(&self) -> bool {
        matches!(self.type_.as_str(), "NodePort" | "LoadBalancer")
            || self.type_ == "ClusterIP" && !self.external_ips.is_empty()
    }
    /// Does a load balancer ask a port of each node whether it has endpoints?
    pub fn has_health_check(&self) -> bool {
        self.type_ == "LoadBalancer" && self.external_traffic_policy == "Local"
    }
    /// Everything that is wrong with the cluster IPs, their families and the policy, each on its own and together.
    pub fn validate_addresses(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        validate_cluster_ips(&mut errors, self, &Path::new("spec"));
        errors
    }
    fn takes_internal_policy(&self) -> bool {
        matches!(self.type_.as_str(), "ClusterIP" | "NodePort" | "LoadBalancer")
    }
}

impl Rules for Service {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        for (field, value) in [(&mut spec.session_affinity, "None"), (&mut spec.type_, "ClusterIP")] {
            if field.is_empty() {
                value.clone_into(field);
            }
        }
        match spec.session_affinity.as_str() {
            "None" => spec.session_affinity_config = None,
            "ClientIP" => {
                let config = spec.session_affinity_config.get_or_insert_default();
                config.client_ip.get_or_insert_default().timeout_seconds.get_or_insert(10_800);
            }
            _ => {}
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
        if spec.is_external() && spec.external_traffic_policy.is_empty() {
            spec.external_traffic_policy = "Cluster".into();
        }
        if spec.takes_internal_policy() {
            spec.internal_traffic_policy.get_or_insert_with(|| "Cluster".into());
        }
        if spec.type_ == "LoadBalancer" {
            spec.allocate_load_balancer_node_ports.get_or_insert(true);
        }
        for ingress in self.status.load_balancer.ingress.iter_mut().filter(|ingress| !ingress.ip.is_empty()) {
            ingress.ip_mode.get_or_insert_with(|| "VIP".into());
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        if spec.ports.is_empty() && !spec.is_headless() && spec.type_ != "ExternalName" {
            errors.required(&path.child("ports"), "");
        }
        validate_type(&mut errors, spec, &path);
        let mut seen = BTreeSet::new();
        for (index, port) in spec.ports.iter().enumerate() {
            validate_port(&mut errors, port, spec.ports.len() > 1, &mut seen, &path.child("ports").index(index));
        }
        validate_labels(&spec.selector, &path.child("selector"), &mut errors);
        validate_affinity(&mut errors, spec, &path);
        validate_cluster_ips(&mut errors, spec, &path);
        for (index, address) in spec.external_ips.iter().enumerate() {
            let at = path.child("externalIPs").index(index);
            if let Some(ip) = check::ip(&mut errors, &at, address) {
                check::ordinary_ip(&mut errors, &at, address, ip);
            }
        }
        let types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
        if errors.present(&path.child("type"), &spec.type_) {
            errors.one_of(&path.child("type"), &spec.type_, &types);
        }
        validate_distinct_ports(&mut errors, spec, &path.child("ports"));
        validate_source_ranges(&mut errors, self, &path);
        validate_load_balancer(&mut errors, spec, &path);
        validate_traffic(&mut errors, spec, &path);
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        if self.spec.type_ != "ExternalName" && old.spec.type_ != "ExternalName" {
            validate_address_changes(&mut errors, &self.spec, &old.spec, &path);
        }
        let class = (self.spec.load_balancer_class.as_deref(), old.spec.load_balancer_class.as_deref());
        let both = self.spec.type_ == "LoadBalancer" && old.spec.type_ == "LoadBalancer";
        if both && class.0 != class.1 {
            let shown = class.0.map_or_else(|| "null".into(), |class| format!("{class:?}"));
            errors.invalid(&path.child("loadBalancerClass"), Plain(&shown), "may not change once set");
        }
        errors.extend(self.validate());
        errors
    }

    fn validate_status_update(&self, _old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("status").child("loadBalancer").child("ingress");
        let ingress = &self.status.load_balancer.ingress;
        if !ingress.is_empty() && self.spec.type_ != "LoadBalancer" {
            errors.forbidden(&path, "may only be used when `spec.type` is 'LoadBalancer'");
            return errors;
        }
        for (index, entry) in ingress.iter().enumerate() {
            let at = path.index(index);
            if !entry.ip.is_empty() {
                check::ip(&mut errors, &at.child("ip"), &entry.ip);
                if entry.ip_mode.is_none() {
                    errors.required(&at.child("ipMode"), "must be specified when `ip` is set");
                }
            } else if entry.ip_mode.is_some() {
                errors.forbidden(&at.child("ipMode"), "may not be specified when `ip` is not set");
            }
            check::optional_one_of(&mut errors, &at.child("ipMode"), entry.ip_mode.as_deref(), &["Proxy", "VIP"]);
            super::ingress::validate_published_host(&mut errors, &at.child("hostname"), &entry.hostname);
        }
        errors
    }
}

fn validate_type(errors: &mut FieldErrors, spec: &ServiceSpec, path: &Path) {
    match spec.type_.as_str() {
        "NodePort" | "LoadBalancer" => {
            for (index, port) in spec.ports.iter().enumerate() {
                if spec.type_ == "LoadBalancer" && port.port == KUBELET_PORT {
                    let why = format!("may not expose port {KUBELET_PORT} externally since it is used by kubelet");
                    errors.invalid(&path.child("ports").index(index), port.port, why);
                }
            }
            if spec.is_headless() {
                let why = format!("may not be set to 'None' for {} services", spec.type_);
                errors.invalid(&path.child("clusterIPs").index(0), "None", why);
            }
        }
        "ExternalName" => {
            let set = [
                ("clusterIPs", !spec.cluster_ips.is_empty()),
                ("ipFamilies", !spec.ip_families.is_empty()),
                ("ipFamilyPolicy", spec.ip_family_policy.is_some()),
            ];
            for (name, _) in set.into_iter().filter(|(_, set)| *set) {
                errors.forbidden(&path.child(name), "may not be set for ExternalName services");
            }
            let name = spec.external_name.strip_suffix('.').unwrap_or(&spec.external_name);
            check::required_name(errors, &path.child("externalName"), name, names::dns_subdomain);
        }
        _ => {}
    }
}

fn validate_port<'a>(
    errors: &mut FieldErrors,
    port: &'a ServicePort,
    named: bool,
    seen: &mut BTreeSet<&'a str>,
    at: &Path,
) {
    if !port.name.is_empty() {
        errors.invalid_each(&at.child("name"), &port.name, names::dns_label(&port.name));
        if !seen.insert(port.name.as_str()) {
            errors.duplicate(&at.child("name"), &port.name);
        }
    } else if named {
        errors.required(&at.child("name"), "");
    }
    errors.invalid_each(&at.child("port"), port.port, names::port_number(port.port));
    if errors.present(&at.child("protocol"), &port.protocol) {
        errors.one_of(&at.child("protocol"), &port.protocol, &["SCTP", "TCP", "UDP"]);
    }
    errors.invalid_each(&at.child("targetPort"), &port.target_port, names::port(&port.target_port));
    if let Some(protocol) = &port.app_protocol {
        errors.invalid_each(&at.child("appProtocol"), protocol, names::qualified_name(protocol));
    }
}

fn validate_affinity(errors: &mut FieldErrors, spec: &ServiceSpec, path: &Path) {
    if errors.present(&path.child("sessionAffinity"), &spec.session_affinity) {
        errors.one_of(&path.child("sessionAffinity"), &spec.session_affinity, &["ClientIP", "None"]);
    }
    let timeout = spec.session_affinity_config.as_ref().and_then(|config| config.client_ip.as_ref());
    if let Some(seconds) = timeout.and_then(|client| client.timeout_seconds)
        && !(1..=86_400).contains(&seconds)
    {
        errors.invalid(
            &path.child("sessionAffinityConfig").child("clientIP").child("timeoutSeconds"),
            seconds,
            "must be greater than 0 and less than 86400",
        );
    }
}

fn family(ip: IpAddr) -> &'static str {
    if ip.is_ipv4() { "IPv4" } else { "IPv6" }
}

/// The addresses, their families and the policy must agree with each other.
fn validate_cluster_ips(errors: &mut FieldErrors, spec: &ServiceSpec, path: &Path) {
    if spec.type_ == "ExternalName" {
        return;
    }
    let (at, ips) = (path.child("clusterIPs"), spec.cluster_ips.as_slice());
    match (spec.cluster_ip.is_empty(), ips.first()) {
        (false, None) => errors.required(&at, ""),
        (false, Some(first)) if *first != spec.cluster_ip => {
            errors.invalid(&at, ips, "first value must match `clusterIP`");
        }
        (true, Some(_)) => errors.invalid(&at, ips, "must be empty when `clusterIP` is not specified"),
        _ => {}
    }
    let mut families_fit = true;
    for (index, name) in spec.ip_families.iter().enumerate() {
        let at = path.child("ipFamilies").index(index);
        if !["IPv4", "IPv6"].contains(&name.as_str()) {
            families_fit = false;
            errors.not_supported(&at, name, &["IPv4", "IPv6"]);
        } else if spec.ip_families[..index].contains(name) {
            families_fit = false;
            errors.duplicate(&at, name);
        }
    }
    let policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
    check::optional_one_of(errors, &path.child("ipFamilyPolicy"), spec.ip_family_policy.as_deref(), &policies);
    let mut parsed = vec![];
    for (index, ip) in ips.iter().enumerate() {
        if index == 0 && ip == "None" {
            if ips.len() > 1 {
                errors.invalid(&at, ips, "'None' must be the first and only value");
            }
            continue;
        }
        parsed.extend(check::ip(errors, &at.index(index), ip));
    }
    if ips.len() > 2 {
        errors.invalid(&at, ips, "may only hold up to 2 values");
    }
    if parsed.len() < ips.len() {
        return;
    }
    if ips.len() > 1 && !(parsed.iter().any(IpAddr::is_ipv4) && parsed.iter().any(IpAddr::is_ipv6)) {
        errors.invalid(&at, ips, "may specify no more than one IP for each IP family");
    }
    for (index, (ip, wanted)) in parsed.iter().zip(&spec.ip_families).enumerate().filter(|_| families_fit) {
        if family(*ip) != wanted {
            let why = format!("expected an {wanted} value as indicated by `ipFamilies[{index}]`");
            errors.invalid(&at.index(index), &ips[index], why);
        }
    }
}

fn validate_distinct_ports(errors: &mut FieldErrors, spec: &ServiceSpec, path: &Path) {
    for (index, port) in spec.ports.iter().enumerate() {
        let at = path.index(index);
        if spec.type_ == "ClusterIP" && port.node_port != 0 {
            errors.forbidden(&at.child("nodePort"), "may not be used when `type` is 'ClusterIP'");
        }
        let earlier = &spec.ports[..index];
        let same_protocol = |other: &&ServicePort| other.protocol == port.protocol;
        if port.node_port != 0 && earlier.iter().filter(same_protocol).any(|other| other.node_port == port.node_port) {
            errors.duplicate(&at.child("nodePort"), port.node_port);
        }
        if earlier.iter().filter(same_protocol).any(|other| other.port == port.port) {
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":{:?},\"AppProtocol\":null,\"Port\":{},\"TargetPort\":0,\"NodePort\":0}}",
                port.protocol, port.port
            );
            errors.duplicate(&at, Plain(&shown));
        }
    }
}

fn validate_source_ranges(errors: &mut FieldErrors, service: &Service, path: &Path) {
    let spec = &service.spec;
    let balanced = spec.type_ == "LoadBalancer";
    if !spec.load_balancer_source_ranges.is_empty() {
        let at = path.child("LoadBalancerSourceRanges");
        if !balanced {
            errors.forbidden(&at, ONLY_LOAD_BALANCER);
        }
        for (index, range) in spec.load_balancer_source_ranges.iter().enumerate() {
            check::cidr(errors, &at.index(index), range.trim());
        }
    } else if let Some(ranges) = service.metadata.annotations.get(SOURCE_RANGES) {
        let at = Path::new("metadata").child("annotations").key(SOURCE_RANGES);
        if !balanced {
            errors.forbidden(&at, ONLY_LOAD_BALANCER);
        }
        for range in ranges.split(',').map(str::trim).filter(|_| !ranges.trim().is_empty()) {
            check::cidr(errors, &at, range);
        }
    }
}

fn validate_load_balancer(errors: &mut FieldErrors, spec: &ServiceSpec, path: &Path) {
    let balanced = spec.type_ == "LoadBalancer";
    let at = path.child("allocateLoadBalancerNodePorts");
    match (balanced, spec.allocate_load_balancer_node_ports) {
        (false, Some(_)) => errors.forbidden(&at, ONLY_LOAD_BALANCER),
        (true, None) => errors.required(&at, ""),
        _ => {}
    }
    if let Some(class) = &spec.load_balancer_class {
        if balanced {
            errors.invalid_each(&path.child("loadBalancerClass"), class, names::qualified_name(class));
        } else {
            errors.forbidden(&path.child("loadBalancerClass"), ONLY_LOAD_BALANCER);
        }
    }
}

fn validate_traffic(errors: &mut FieldErrors, spec: &ServiceSpec, path: &Path) {
    let policies = ["Cluster", "Local"];
    let at = path.child("externalTrafficPolicy");
    if spec.is_external() {
        if errors.present(&at, &spec.external_traffic_policy) {
            errors.one_of(&at, &spec.external_traffic_policy, &policies);
        }
    } else if !spec.external_traffic_policy.is_empty() {
        errors.invalid(&at, &spec.external_traffic_policy, "may only be set for externally-accessible services");
    }
    let at = path.child("healthCheckNodePort");
    let port = spec.health_check_node_port;
    match (spec.has_health_check(), port) {
        (false, 0) => {}
        (false, port) => errors.invalid(
            &at,
            port,
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        ),
        (true, 0) => errors.required(&at, ""),
        (true, port) => errors.invalid_each(&at, port, names::port_number(port)),
    }
    let at = path.child("internalTrafficPolicy");
    match spec.internal_traffic_policy.as_deref() {
        None if spec.takes_internal_policy() => errors.required(&at, ""),
        policy => check::optional_one_of(errors, &at, policy, &policies),
    }
    let near = ["PreferClose", "PreferSameZone", "PreferSameNode"];
    check::optional_one_of(errors, &path.child("trafficDistribution"), spec.traffic_distribution.as_deref(), &near);
}

/// A second address may come and go; what is there does not change.
fn validate_address_changes(errors: &mut FieldErrors, new: &ServiceSpec, old: &ServiceSpec, path: &Path) {
    let fixed = "may not change once set";
    let at = path.child("clusterIPs");
    for (index, before) in old.cluster_ips.iter().enumerate() {
        match new.cluster_ips.get(index) {
            Some(now) if now != before => errors.invalid(&at.index(index), new.cluster_ips.as_slice(), fixed),
            None if index == 0 => errors.invalid(&at.index(0), new.cluster_ips.as_slice(), fixed),
            _ => {}
        }
    }
    let released = old.cluster_ips.len() > 1 && new.cluster_ips.len() == 1;
    let policy = new.ip_family_policy.as_deref().unwrap_or_default();
    if released && policy != "SingleStack" {
        let why = "must be set to 'SingleStack' when releasing the secondary clusterIP";
        errors.invalid(&path.child("ipFamilyPolicy"), policy, why);
    }
    let at = path.child("ipFamilies");
    for (index, (before, now)) in old.ip_families.iter().zip(&new.ip_families).enumerate() {
        if before != now {
            errors.invalid(&at.index(index), new.ip_families.as_slice(), fixed);
        }
    }
}
