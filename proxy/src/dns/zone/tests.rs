use std::sync::Arc;

use super::*;
use crate::table::samples::{endpoint, ready, service, service_port, slice, slice_port, table};

fn zone() -> Zone {
    Zone::new("cluster.local", 5, vec!["10.96.0.0/16".parse().unwrap()]).unwrap()
}

fn sample() -> Table {
    let web = service("a", "web", "10.96.0.1", |service| service.spec.ports.push(service_port("dns", "UDP", 53)));
    let db = service("a", "db", "None", |_| {});
    let none = service("a", "none", "None", |_| {});
    let out = service("a", "out", "", |service| {
        service.spec.type_ = "ExternalName".to_owned();
        service.spec.external_name = "example.com".to_owned();
    });
    let inside = service("b", "inside", "", |service| {
        service.spec.type_ = "ExternalName".to_owned();
        service.spec.external_name = "web.a.svc.cluster.local.".to_owned();
    });
    let endpoints = vec![
        endpoint("10.0.0.1", |endpoint| endpoint.hostname = Some("db-0".to_owned())),
        endpoint("10.0.0.2", |endpoint| endpoint.hostname = Some("db-1".to_owned())),
        ready("10.0.0.3"),
        endpoint("10.0.0.4", |endpoint| endpoint.conditions.ready = Some(false)),
    ];
    let mut slice = (*slice("a", "db", "db-1", 5432, endpoints)).clone();
    slice.ports.push(slice_port("metrics", "TCP", 9));
    table(vec![web, db, none, out, inside], vec![Arc::new(slice)])
}

fn ask(name: &str, kind: RecordType) -> Answer {
    zone().answer(&Name::from_ascii(name).unwrap(), kind, &sample())
}

/// The data of the answers as text, sorted.
fn texts(answer: &Answer) -> Vec<String> {
    let (Answer::Records { answers, .. } | Answer::Alias { answers, .. }) = answer else {
        return vec![format!("{answer:?}")];
    };
    let mut texts: Vec<String> = answers.iter().map(|record| record.data.to_string()).collect();
    texts.sort();
    texts
}

fn addresses(name: &str) -> Vec<String> {
    texts(&ask(name, RecordType::A))
}

#[test]
fn a_service_has_the_address_of_its_cluster_ip() {
    assert_eq!(addresses("web.a.svc.cluster.local."), ["10.96.0.1"]);
    assert_eq!(addresses("WEB.A.svc.Cluster.local."), ["10.96.0.1"]);
    assert_eq!(ask("web.a.svc.cluster.local.", RecordType::AAAA), Answer::empty());
    assert_eq!(ask("web.b.svc.cluster.local.", RecordType::A), Answer::NoName);
}

#[test]
fn a_headless_service_has_the_addresses_of_its_ready_endpoints() {
    assert_eq!(addresses("db.a.svc.cluster.local."), ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    assert_eq!(addresses("db-1.db.a.svc.cluster.local."), ["10.0.0.2"]);
    assert_eq!(addresses("10-0-0-3.db.a.svc.cluster.local."), ["10.0.0.3"]);
    assert_eq!(ask("db-9.db.a.svc.cluster.local.", RecordType::A), Answer::NoName);
    assert_eq!(ask("none.a.svc.cluster.local.", RecordType::A), Answer::empty());
}

#[test]
fn named_ports_have_service_records() {
    let answer = ask("_http._tcp.web.a.svc.cluster.local.", RecordType::SRV);
    assert_eq!(texts(&answer), ["0 100 80 web.a.svc.cluster.local."]);
    let Answer::Records { additionals, .. } = &answer else { panic!("{answer:?}") };
    assert_eq!(additionals[0].data.to_string(), "10.96.0.1");
    let expected = [
        "0 33 5432 10-0-0-3.db.a.svc.cluster.local.",
        "0 33 5432 db-0.db.a.svc.cluster.local.",
        "0 33 5432 db-1.db.a.svc.cluster.local.",
    ];
    assert_eq!(texts(&ask("_http._tcp.db.a.svc.cluster.local.", RecordType::SRV)), expected);
    assert_eq!(ask("_http._udp.web.a.svc.cluster.local.", RecordType::SRV), Answer::NoName);
    assert_eq!(ask("_http._tcp.web.a.svc.cluster.local.", RecordType::A), Answer::empty());
    assert_eq!(ask("_tcp.web.a.svc.cluster.local.", RecordType::A), Answer::empty());
}

#[test]
fn addresses_lead_back_to_names() {
    assert_eq!(texts(&ask("1.0.96.10.in-addr.arpa.", RecordType::PTR)), ["web.a.svc.cluster.local."]);
    assert_eq!(texts(&ask("1.0.0.10.in-addr.arpa.", RecordType::PTR)), ["db-0.db.a.svc.cluster.local."]);
    assert_eq!(ask("9.0.96.10.in-addr.arpa.", RecordType::PTR), Answer::NoName);
    assert_eq!(ask("4.0.0.10.in-addr.arpa.", RecordType::PTR), Answer::Foreign);
    assert_eq!(ask("8.8.8.8.in-addr.arpa.", RecordType::PTR), Answer::Foreign);
}

#[test]
fn pods_are_called_by_their_address() {
    assert_eq!(addresses("10-0-0-9.a.pod.cluster.local."), ["10.0.0.9"]);
    assert_eq!(ask("10-0-0.a.pod.cluster.local.", RecordType::A), Answer::NoName);
    assert_eq!(addresses("10-0-0-9.quiet.pod.cluster.local."), ["10.0.0.9"]);
    assert_eq!(ask("quiet.pod.cluster.local.", RecordType::A), Answer::empty());
}

#[test]
fn an_external_name_is_an_alias() {
    let answer = ask("out.a.svc.cluster.local.", RecordType::A);
    assert!(matches!(&answer, Answer::Alias { target, .. } if target.to_ascii() == "example.com."), "{answer:?}");
    assert_eq!(texts(&answer), ["example.com."]);
}

#[test]
fn steps_on_the_way_exist_without_records_and_everything_else_does_not_exist() {
    for name in ["svc.cluster.local.", "a.svc.cluster.local.", "dns.cluster.local.", "pod.cluster.local."] {
        assert_eq!(ask(name, RecordType::A), Answer::empty(), "{name}");
    }
    for name in [
        "c.svc.cluster.local.",
        "example.com.svc.cluster.local.",
        "example.com.a.svc.cluster.local.",
        "x.cluster.local.",
    ] {
        assert_eq!(ask(name, RecordType::A), Answer::NoName, "{name}");
    }
    assert_eq!(ask("example.com.", RecordType::A), Answer::Foreign);
    assert_eq!(texts(&ask("dns-version.cluster.local.", RecordType::TXT)), ["1.1.0"]);
}
