use super::*;
use pintle_object_model::api::core::v1::ServicePort;
use pintle_object_model::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort};
use pintle_object_model::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, IngressRule, IngressServiceBackend,
};

fn backend(service: &str) -> IngressBackend {
    let port = ServiceBackendPort { number: 80, ..ServiceBackendPort::default() };
    let service = IngressServiceBackend { name: service.into(), port: Some(Box::new(port)) };
    IngressBackend { service: Some(Box::new(service)), resource: None }
}

/// Host, then path, path type and Service of each of its paths.
type Rule<'a> = (&'a str, &'a [(&'a str, &'a str, &'a str)]);

fn ingress(name: &str, rules: &[Rule<'_>]) -> Arc<Ingress> {
    let mut ingress = Ingress::default();
    ingress.metadata.name = name.into();
    ingress.metadata.namespace = "ns".into();
    for (host, paths) in rules {
        let paths = paths
            .iter()
            .map(|(path, kind, service)| HTTPIngressPath {
                path: (*path).into(),
                path_type: Some((*kind).into()),
                backend: backend(service),
            })
            .collect();
        let http = Some(Box::new(HTTPIngressRuleValue { paths }));
        ingress.spec.rules.push(IngressRule { host: (*host).into(), http });
    }
    Arc::new(ingress)
}

fn sources(ingresses: Vec<Arc<Ingress>>) -> Sources {
    Sources { ingresses, without_class: true, ..Sources::default() }
}

fn found(routes: &Routes, host: &str, path: &str) -> String {
    routes.find(host, path).map(|found| found.key.service.clone()).unwrap_or_default()
}

#[test]
fn prefixes_match_whole_elements_and_the_longest_wins() {
    let table: [(&str, &str, &str); 4] = [
        ("/", "Prefix", "root"),
        ("/hello", "Prefix", "hello"),
        ("/hello/you/", "Prefix", "you"),
        ("/hello", "Exact", "exact"),
    ];
    let routes = Routes::build(&sources(vec![ingress("i", &[("a.com", &table)])]), &Routes::default());
    for (path, expected) in [
        ("/", "root"),
        ("/helloworld", "root"),
        ("/hello", "exact"),
        ("/hello/", "hello"),
        ("/hello/x", "hello"),
        ("/hello/you", "you"),
        ("/hello/you/x", "you"),
    ] {
        assert_eq!(found(&routes, "a.com:8080", path), expected, "{path}");
    }
    assert_eq!(found(&routes, "b.com", "/hello"), "");
}

#[test]
fn the_most_specific_host_wins() {
    let rules: &[Rule<'_>] = &[
        ("", &[("/", "Prefix", "any")]),
        ("*.foo.com", &[("/", "Prefix", "wild")]),
        ("bar.foo.com", &[("/bar", "Prefix", "exact")]),
    ];
    let routes = Routes::build(&sources(vec![ingress("i", rules)]), &Routes::default());
    assert_eq!(found(&routes, "bar.foo.com", "/bar"), "exact");
    assert_eq!(found(&routes, "bar.foo.com", "/other"), "", "the host is taken; its paths do not fit");
    assert_eq!(found(&routes, "baz.foo.com", "/"), "wild");
    assert_eq!(found(&routes, "foo.com", "/"), "any");
}

#[test]
fn a_legacy_path_without_a_type_is_a_prefix() {
    let mut one = (*ingress("i", &[("a.com", &[("/hello", "", "s")])])).clone();
    one.spec.rules[0].http.as_mut().unwrap().paths[0].path_type = None;
    let routes = Routes::build(&sources(vec![Arc::new(one)]), &Routes::default());
    assert_eq!(found(&routes, "a.com", "/hello/x"), "s");
}

#[test]
fn classes_decide_who_serves() {
    let mut other = (*ingress("i", &[("a.com", &[("/", "Prefix", "s")])])).clone();
    other.spec.ingress_class_name = Some("nginx".into());
    let mut all = sources(vec![Arc::new(other)]);
    assert_eq!(found(&Routes::build(&all, &Routes::default()), "a.com", "/"), "");
    let mut class = IngressClass::default();
    class.metadata.name = "nginx".into();
    class.spec.controller = CONTROLLER.into();
    all.classes.push(Arc::new(class));
    assert_eq!(found(&Routes::build(&all, &Routes::default()), "a.com", "/"), "s");
}

#[test]
fn endpoints_come_from_the_slices_of_the_service_port() {
    let mut service = Service::default();
    service.metadata.name = "s".into();
    service.metadata.namespace = "ns".into();
    service.spec.ports = vec![ServicePort { port: 80, name: "http".into(), ..ServicePort::default() }];
    let mut slice = EndpointSlice::default();
    slice.metadata.namespace = "ns".into();
    slice.metadata.labels.insert("kubernetes.io/service-name".into(), "s".into());
    slice.ports = vec![EndpointPort { name: Some("http".into()), port: Some(8080), ..EndpointPort::default() }];
    let endpoint = |address: &str, ready, serving| Endpoint {
        addresses: vec![address.into()],
        conditions: EndpointConditions { ready: Some(ready), serving: Some(serving), terminating: Some(!ready) },
        ..Endpoint::default()
    };
    slice.endpoints = vec![endpoint("10.0.0.2", true, true), endpoint("10.0.0.1", false, true)];
    let mut all = sources(vec![ingress("i", &[("a.com", &[("/", "Prefix", "s")])])]);
    all.services.push(Arc::new(service));
    all.slices.push(Arc::new(slice.clone()));
    let addresses = |all: &Sources| {
        let routes = Routes::build(all, &Routes::default());
        let target = routes.find("a.com", "/").unwrap().clone();
        target.backend.endpoints().iter().map(|e| e.address().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(addresses(&all), ["10.0.0.2:8080"]);
    slice.endpoints.remove(0);
    all.slices = vec![Arc::new(slice)];
    assert_eq!(addresses(&all), ["10.0.0.1:8080"], "one that ends but serves is better than none");
}
