//! Network policies, and the objects that stand for service addresses.

use ipnet::IpNet;

use super::check;
use crate::api::networking::v1::{
    IPAddress, IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, ServiceCIDR,
};
use crate::validation::{FieldErrors, Path};
use crate::{IntOrString, Rules, names};

impl Rules for NetworkPolicy {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        let ports = spec.ingress.iter_mut().flat_map(|rule| &mut rule.ports);
        for port in ports.chain(spec.egress.iter_mut().flat_map(|rule| &mut rule.ports)) {
            port.protocol.get_or_insert_with(|| "TCP".into());
        }
        if spec.policy_types.is_empty() {
            spec.policy_types.push("Ingress".into());
            if !spec.egress.is_empty() {
                spec.policy_types.push("Egress".into());
            }
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        check::selector(&mut errors, &spec.pod_selector, &path.child("podSelector"));
        for (index, rule) in spec.ingress.iter().enumerate() {
            validate_rule(&mut errors, &rule.ports, ("from", &rule.from), &path.child("ingress").index(index));
        }
        for (index, rule) in spec.egress.iter().enumerate() {
            validate_rule(&mut errors, &rule.ports, ("to", &rule.to), &path.child("egress").index(index));
        }
        let at = path.child("policyTypes");
        if spec.policy_types.len() > 2 {
            errors.invalid(&at, spec.policy_types.as_slice(), "may not specify more than two policyTypes");
            return errors;
        }
        for (index, kind) in spec.policy_types.iter().enumerate() {
            errors.one_of(&at.index(index), kind, &["Ingress", "Egress"]);
        }
        errors
    }
}

fn validate_rule(
    errors: &mut FieldErrors,
    ports: &[NetworkPolicyPort],
    (side, peers): (&str, &[NetworkPolicyPeer]),
    path: &Path,
) {
    for (index, port) in ports.iter().enumerate() {
        validate_port(errors, port, &path.child("ports").index(index));
    }
    for (index, peer) in peers.iter().enumerate() {
        validate_peer(errors, peer, &path.child(side).index(index));
    }
}

fn validate_port(errors: &mut FieldErrors, port: &NetworkPolicyPort, path: &Path) {
    check::optional_one_of(errors, &path.child("protocol"), port.protocol.as_deref(), &["TCP", "UDP", "SCTP"]);
    let end = path.child("endPort");
    let Some(number) = &port.port else {
        if port.end_port.is_some() {
            errors.required(&path.child("port"), "must be specified when `endPort` is specified");
        }
        return;
    };
    errors.invalid_each(&path.child("port"), number, names::port(number));
    match (number, port.end_port) {
        (_, None) => {}
        (IntOrString::Int(first), Some(last)) => {
            if last < *first {
                errors.invalid(&end, *first, "must be greater than or equal to `port`");
            }
            errors.invalid_each(&end, last, names::port_number(last));
        }
        (IntOrString::String(_), Some(last)) => {
            errors.invalid(&end, last, "may not be specified when `port` is non-numeric");
        }
    }
}

fn validate_peer(errors: &mut FieldErrors, peer: &NetworkPolicyPeer, path: &Path) {
    let mut kinds = 0;
    for (name, selector) in [("podSelector", &peer.pod_selector), ("namespaceSelector", &peer.namespace_selector)] {
        if let Some(selector) = selector {
            kinds += 1;
            check::selector(errors, selector, &path.child(name));
        }
    }
    if let Some(block) = &peer.ip_block {
        validate_block(errors, block, &path.child("ipBlock"));
        if kinds > 0 {
            errors.forbidden(path, "may not specify both ipBlock and another peer");
        }
    } else if kinds == 0 {
        errors.required(path, "must specify a peer");
    }
}

fn validate_block(errors: &mut FieldErrors, block: &IPBlock, path: &Path) {
    if !errors.present(&path.child("cidr"), &block.cidr) {
        return;
    }
    let Some(whole) = check::cidr(errors, &path.child("cidr"), &block.cidr) else { return };
    for (index, except) in block.except.iter().enumerate() {
        let at = path.child("except").index(index);
        let Some(part) = check::cidr(errors, &at, except) else { continue };
        let inside = whole.contains(&part.network()) && part.prefix_len() > whole.prefix_len();
        if !inside {
            errors.invalid(&at, except, "must be a strict subset of `cidr`");
        }
    }
}

impl Rules for IPAddress {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec").child("parentRef");
        let parent = &self.spec.parent_ref;
        if parent == &Default::default() {
            errors.required(&path, "");
            return errors;
        }
        if !parent.group.is_empty() {
            errors.invalid_each(&path.child("group"), &parent.group, names::dns_subdomain(&parent.group));
        }
        check::required_name(&mut errors, &path.child("resource"), &parent.resource, names::path_segment);
        check::required_name(&mut errors, &path.child("name"), &parent.name, names::path_segment);
        if !parent.namespace.is_empty() {
            errors.invalid_each(&path.child("namespace"), &parent.namespace, names::path_segment(&parent.namespace));
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let shown = super::go::show(&self.spec.parent_ref, None);
        check::immutable(
            &mut errors,
            &Path::new("spec").child("parentRef"),
            &self.spec.parent_ref,
            &old.spec.parent_ref,
            crate::validation::Plain(&shown),
        );
        errors
    }
}

impl Rules for ServiceCIDR {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec").child("cidrs");
        let ranges = self.spec.cidrs.as_slice();
        if ranges.is_empty() {
            errors.required(&path, "at least one CIDR required");
            return errors;
        }
        if ranges.len() > 2 {
            errors.invalid(&path, ranges, "must only hold up to 2 values");
        }
        let parsed: Vec<Option<IpNet>> = ranges.iter().map(|range| range.parse().ok()).collect();
        if let [Some(first), Some(second)] = parsed.as_slice()
            && first.addr().is_ipv4() == second.addr().is_ipv4()
        {
            errors.invalid(
                &path,
                ranges,
                "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/96",
            );
        }
        for (index, (range, parsed)) in ranges.iter().zip(parsed).enumerate() {
            match parsed {
                None => {
                    check::cidr(&mut errors, &path.index(index), range);
                }
                Some(net) if net.trunc().to_string() != *range => {
                    let why = format!("must be in canonical form ({:?})", net.trunc().to_string());
                    errors.invalid(&path.index(index), range, why);
                }
                Some(_) => {}
            }
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec").child("cidrs");
        let (new, old) = (self.spec.cidrs.as_slice(), old.spec.cidrs.as_slice());
        match (old, new) {
            (old, new) if old == new => {}
            // The second family may be added, and removed again.
            ([_], [first, _]) | ([_, _], [first]) if old[0] == *first => errors.extend(self.validate()),
            ([_], [_, _]) | ([_, _], [_]) => {
                errors.invalid(&path.index(0), &new[0], "field is immutable");
            }
            _ => errors.invalid(&path, new, "field is immutable"),
        }
        errors
    }
}
