//! What the names of the cluster mean.
//!
//! In: a name and a record type, the table. Out: records, or that there are none. Pure. Elsewhere: messages (`message`).

use std::net::Ipv4Addr;

use hickory_proto::rr::rdata::{A, CNAME, NS, PTR, SOA, SRV, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use ipnet::{IpNet, Ipv4Net};

use crate::table::{Host, Protocol, ServiceEntry, ServiceKind, ServiceName, Table};

/// The version of the specification that is followed, as `dns-version` tells it.
const VERSION: &str = "1.1.0";

/// What a name has to say.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// These records (none: the name exists, but not with this type), and some that help with them.
    Records { answers: Vec<Record>, additionals: Vec<Record> },
    /// The name is an alias for one outside of the cluster's names that are known here: the rest is to be resolved.
    Alias { answers: Vec<Record>, target: Name },
    /// There is no such name.
    NoName,
    /// Not a name of the cluster.
    Foreign,
}

impl Answer {
    fn records(answers: Vec<Record>) -> Self {
        Self::Records { answers, additionals: vec![] }
    }

    fn empty() -> Self {
        Self::records(vec![])
    }
}

/// The zone of a cluster.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    apex: Name,
    labels: Vec<String>,
    ttl: u32,
    networks: Vec<Ipv4Net>,
}

impl Zone {
    pub(super) fn new(domain: &str, ttl: u32, networks: Vec<Ipv4Net>) -> Option<Self> {
        let mut apex = Name::from_ascii(domain.to_lowercase()).ok()?;
        apex.set_fqdn(true);
        let labels = labels(&apex)?;
        (!labels.is_empty()).then_some(Self { apex, labels, ttl, networks })
    }

    /// The start of authority, which goes with every negative answer.
    pub(super) fn soa(&self) -> Record {
        let name = |label: &str| self.below(&[label]).unwrap_or_else(|| self.apex.clone());
        let soa = SOA::new(name("ns.dns"), name("hostmaster"), 1, 7200, 1800, 86_400, self.ttl);
        Record::from_rdata(self.apex.clone(), self.ttl, RData::SOA(soa))
    }

    pub(super) fn answer(&self, name: &Name, kind: RecordType, table: &Table) -> Answer {
        let Some(labels) = labels(name) else { return Answer::Foreign };
        if let Some(answer) = self.reverse(name, &labels, kind, table) {
            return answer;
        }
        let Some(inside) = labels.strip_suffix(&*self.labels) else { return Answer::Foreign };
        let inside: Vec<&str> = inside.iter().map(String::as_str).collect();
        let question = Question { zone: self, name, kind, table };
        match *inside.as_slice() {
            [] => question.apex(),
            ["ns", "dns"] | ["dns" | "svc" | "pod"] => Answer::empty(),
            ["dns-version"] => question.version(),
            [namespace, "svc"] => exists(table.has_namespace(namespace)),
            [_, "pod"] => Answer::empty(),
            [address, _, "pod"] => question.pod(address),
            [service, namespace, "svc"] => question.service(service, namespace),
            [host, service, namespace, "svc"] => question.below_service(host, service, namespace),
            [port, protocol, service, namespace, "svc"] => question.port(port, protocol, service, namespace),
            _ => Answer::NoName,
        }
    }

    /// A name below the cluster's domain, from parts that may have dots.
    fn below(&self, parts: &[&str]) -> Option<Name> {
        let labels = parts.iter().flat_map(|part| part.split('.')).map(str::as_bytes);
        Name::from_labels(labels).ok()?.append_domain(&self.apex).ok()
    }

    fn reverse(&self, name: &Name, labels: &[String], kind: RecordType, table: &Table) -> Option<Answer> {
        if !labels.ends_with(&["in-addr".to_owned(), "arpa".to_owned()]) {
            return None;
        }
        let address = match name.parse_arpa_name() {
            Ok(IpNet::V4(net)) if net.prefix_len() == 32 => net.addr(),
            _ => return None,
        };
        let targets: Vec<Name> =
            table.at_address(address).flat_map(|service| self.names_of(address, service)).collect();
        if targets.is_empty() {
            let ours = self.networks.iter().any(|network| network.contains(&address));
            return ours.then_some(Answer::NoName);
        }
        if !wants(kind, RecordType::PTR) {
            return Some(Answer::empty());
        }
        let record = |target| Record::from_rdata(name.clone(), self.ttl, RData::PTR(PTR(target)));
        Some(Answer::records(targets.into_iter().map(record).collect()))
    }

    fn names_of(&self, address: Ipv4Addr, service: &ServiceEntry) -> Vec<Name> {
        let ServiceName { namespace, name } = &service.name;
        match service.kind {
            ServiceKind::Headless => {
                let hosts = service.hosts.iter().filter(|host| host.address == address);
                hosts.filter_map(|host| self.below(&[&host.label, name, namespace, "svc"])).collect()
            }
            _ => self.below(&[name, namespace, "svc"]).into_iter().collect(),
        }
    }
}

fn exists(yes: bool) -> Answer {
    if yes { Answer::empty() } else { Answer::NoName }
}

/// Is a record of type `of` asked for?
fn wants(kind: RecordType, of: RecordType) -> bool {
    kind == of || kind == RecordType::ANY
}

/// The labels in lower case; `None` if one is not ASCII text.
fn labels(name: &Name) -> Option<Vec<String>> {
    let text = |label: &[u8]| {
        let plain = label.iter().all(|byte| byte.is_ascii_graphic());
        plain.then(|| String::from_utf8_lossy(label).to_ascii_lowercase())
    };
    name.iter().map(text).collect()
}

struct Question<'a> {
    zone: &'a Zone,
    name: &'a Name,
    kind: RecordType,
    table: &'a Table,
}

impl Question<'_> {
    fn record(&self, data: RData) -> Record {
        Record::from_rdata(self.name.clone(), self.zone.ttl, data)
    }

    fn apex(&self) -> Answer {
        let mut answers = vec![];
        if wants(self.kind, RecordType::SOA) {
            answers.push(self.zone.soa());
        }
        if wants(self.kind, RecordType::NS) {
            answers.extend(self.zone.below(&["ns.dns"]).map(|name| self.record(RData::NS(NS(name)))));
        }
        Answer::records(answers)
    }

    fn version(&self) -> Answer {
        let wanted = wants(self.kind, RecordType::TXT);
        let text = || self.record(RData::TXT(TXT::new(vec![VERSION.to_owned()])));
        Answer::records(wanted.then(text).into_iter().collect())
    }

    /// `1-2-3-4.namespace.pod`: says what it is asked, without knowing the pod. A namespace that has no Services is not
    /// known here, so any will do.
    fn pod(&self, label: &str) -> Answer {
        match label.replace('-', ".").parse::<Ipv4Addr>() {
            Ok(address) => self.addresses([address]),
            Err(_) => Answer::NoName,
        }
    }

    fn addresses(&self, addresses: impl IntoIterator<Item = Ipv4Addr>) -> Answer {
        if !wants(self.kind, RecordType::A) {
            return Answer::empty();
        }
        let mut unique: Vec<Ipv4Addr> = addresses.into_iter().collect();
        unique.sort_unstable();
        unique.dedup();
        Answer::records(unique.into_iter().map(|address| self.record(RData::A(A(address)))).collect())
    }

    fn find(&self, service: &str, namespace: &str) -> Option<&ServiceEntry> {
        self.table.get(&ServiceName::new(namespace, service)).map(|entry| &**entry)
    }

    fn service(&self, service: &str, namespace: &str) -> Answer {
        let Some(entry) = self.find(service, namespace) else { return Answer::NoName };
        match &entry.kind {
            ServiceKind::ExternalName(target) => self.alias(target),
            ServiceKind::Pending => Answer::empty(),
            _ if self.kind == RecordType::SRV => self.services(entry, |_, _| true),
            ServiceKind::ClusterIp(address) => self.addresses([*address]),
            // A headless Service without endpoints has no records, but the name is there.
            ServiceKind::Headless => self.addresses(entry.hosts.iter().map(|host| host.address)),
        }
    }

    fn alias(&self, target: &str) -> Answer {
        let Ok(mut target) = Name::from_ascii(target) else { return Answer::empty() };
        target.set_fqdn(true);
        let answers = vec![self.record(RData::CNAME(CNAME(target.clone())))];
        match self.kind {
            RecordType::CNAME | RecordType::ANY => Answer::records(answers),
            _ => Answer::Alias { answers, target },
        }
    }

    fn below_service(&self, label: &str, service: &str, namespace: &str) -> Answer {
        let Some(entry) = self.find(service, namespace) else { return Answer::NoName };
        if let Some(protocol) = protocol(label) {
            // `_tcp` alone is a step on the way to the names of ports.
            return exists(entry.ports.iter().any(|port| port.protocol == protocol && !port.name.is_empty()));
        }
        let hosts: Vec<&Host> = entry.hosts.iter().filter(|host| host.label.eq_ignore_ascii_case(label)).collect();
        match hosts.as_slice() {
            [] => Answer::NoName,
            hosts => self.addresses(hosts.iter().map(|host| host.address)),
        }
    }

    fn port(&self, port: &str, protocol_label: &str, service: &str, namespace: &str) -> Answer {
        let (Some(entry), Some(name), Some(protocol)) =
            (self.find(service, namespace), port.strip_prefix('_'), protocol(protocol_label))
        else {
            return Answer::NoName;
        };
        let matches =
            |of_name: &str, of: Protocol| !of_name.is_empty() && of_name.eq_ignore_ascii_case(name) && of == protocol;
        let known = entry.ports.iter().any(|port| matches(&port.name, port.protocol))
            || entry.hosts.iter().flat_map(|host| &host.ports).any(|port| matches(&port.name, port.protocol));
        match entry.kind {
            _ if !known => Answer::NoName,
            ServiceKind::ExternalName(_) | ServiceKind::Pending => Answer::NoName,
            _ if !wants(self.kind, RecordType::SRV) => Answer::empty(),
            _ => self.services(entry, matches),
        }
    }

    /// Service records: one for each port of a Service with a cluster IP, one for each port of each endpoint of a
    /// headless one.
    fn services(&self, entry: &ServiceEntry, wanted: impl Fn(&str, Protocol) -> bool) -> Answer {
        let ServiceName { namespace, name } = &entry.name;
        let mut found: Vec<(Name, Ipv4Addr, u16)> = vec![];
        if let Some(address) = entry.cluster_ip() {
            let ports = entry.ports.iter().filter(|port| wanted(&port.name, port.protocol));
            let target = self.zone.below(&[name, namespace, "svc"]);
            found.extend(ports.filter_map(|port| Some((target.clone()?, address, port.port))));
        } else {
            for host in &entry.hosts {
                let target = self.zone.below(&[&host.label, name, namespace, "svc"]);
                let ports = host.ports.iter().filter(|port| wanted(&port.name, port.protocol));
                found.extend(ports.filter_map(|port| Some((target.clone()?, host.address, port.port))));
            }
        }
        let weight = u16::try_from(100 / found.len().max(1)).unwrap_or(1).max(1);
        let mut additionals: Vec<Record> = vec![];
        let mut answers = vec![];
        for (target, address, port) in found {
            let help = Record::from_rdata(target.clone(), self.zone.ttl, RData::A(A(address)));
            if !additionals.contains(&help) {
                additionals.push(help);
            }
            answers.push(self.record(RData::SRV(SRV::new(0, weight, port, target))));
        }
        Answer::Records { answers, additionals }
    }
}

fn protocol(label: &str) -> Option<Protocol> {
    match label {
        "_tcp" => Some(Protocol::Tcp),
        "_udp" => Some(Protocol::Udp),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
