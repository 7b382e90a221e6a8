//! The routing table: which backend a host and path lead to.
//!
//! In: Ingresses, IngressClasses, Services, EndpointSlices. Out: [`Routes`], immutable. Invariants: the most specific host
//! wins, then the longest path, then exact before prefix, then the older Ingress; a rule whose Service or port is missing
//! leads to a backend without endpoints, not to another rule. Source: the Ingress API concept.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use pintle_object_model::api::core::v1::Service;
use pintle_object_model::api::discovery::v1::EndpointSlice;
use pintle_object_model::api::networking::v1::{Ingress, IngressBackend, IngressClass, ServiceBackendPort};

use crate::backend::Backend;
use crate::host::{HostPattern, plain};
use crate::{CLASS, CONTROLLER};

/// What the table is made from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// All Ingresses.
    pub ingresses: Vec<Arc<Ingress>>,
    /// All IngressClasses.
    pub classes: Vec<Arc<IngressClass>>,
    /// All Services.
    pub services: Vec<Arc<Service>>,
    /// All EndpointSlices.
    pub slices: Vec<Arc<EndpointSlice>>,
    /// Serve Ingresses that name no class.
    pub without_class: bool,
}

/// How a path is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathKind {
    /// The whole path.
    Exact,
    /// Element by element from the start.
    Prefix,
}

/// Names a backend.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackendKey {
    /// Namespace of the Service.
    pub namespace: String,
    /// Name of the Service.
    pub service: String,
    /// Name or number of its port, as the rule gives it.
    pub port: String,
}

/// What a request's host and path lead to.
#[derive(Clone, Debug)]
pub struct RouteMatch {
    /// Which Service port.
    pub key: BackendKey,
    /// Its endpoints.
    pub backend: Arc<Backend>,
}

#[derive(Clone, Debug)]
struct Route {
    path: String,
    kind: PathKind,
    target: RouteMatch,
}

/// An immutable routing table.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// Exact hosts first, then wildcards (longest suffix first), then any host; each with its routes, most specific first.
    hosts: Vec<(HostPattern, Vec<Route>)>,
    default: Option<RouteMatch>,
    backends: BTreeMap<BackendKey, Arc<Backend>>,
    /// Names of the TLS Secrets (`namespace/name`) by host.
    secrets: Vec<(HostPattern, String)>,
}

impl Routes {
    /// Builds the table. Turns and health of `before` are kept.
    pub fn build(sources: &Sources, before: &Self) -> Self {
        let mut routes = Self::default();
        let mut served: Vec<&Arc<Ingress>> = sources.ingresses.iter().filter(|i| is_served(i, sources)).collect();
        served.sort_by_key(|ingress| {
            let metadata = &ingress.metadata;
            (metadata.creation_timestamp, metadata.namespace.clone(), metadata.name.clone())
        });
        let endpoints = EndpointIndex::new(sources);
        let mut hosts: BTreeMap<HostPattern, Vec<Route>> = BTreeMap::new();
        for ingress in served {
            let namespace = &ingress.metadata.namespace;
            let mut target = |backend: &IngressBackend| routes.target(namespace, backend, &endpoints, before);
            for rule in &ingress.spec.rules {
                let entry = hosts.entry(HostPattern::parse(&rule.host)).or_default();
                for path in rule.http.iter().flat_map(|http| &http.paths) {
                    let kind =
                        if path.path_type.as_deref() == Some("Exact") { PathKind::Exact } else { PathKind::Prefix };
                    let text = if path.path.is_empty() { "/" } else { path.path.as_str() };
                    entry.extend(target(&path.backend).map(|target| Route { path: text.to_owned(), kind, target }));
                }
            }
            if let Some(backend) = &ingress.spec.default_backend {
                let found = target(backend);
                routes.default = routes.default.take().or(found);
            }
            for tls in &ingress.spec.tls {
                let hosts = tls.hosts.iter().map(|host| HostPattern::parse(host));
                routes.secrets.extend(hosts.map(|host| (host, format!("{namespace}/{}", tls.secret_name))));
            }
        }
        for list in hosts.values_mut() {
            // Stable, so that the older Ingress comes first among equals.
            list.sort_by(|a, b| b.path.len().cmp(&a.path.len()).then(a.kind.cmp(&b.kind)));
        }
        routes.hosts = hosts.into_iter().collect();
        routes.hosts.sort_by_key(|(host, _)| match host {
            HostPattern::Exact(_) => (0, 0),
            HostPattern::Wildcard(suffix) => (1, usize::MAX - suffix.len()),
            HostPattern::Any => (2, 0),
        });
        routes
    }

    fn target(
        &mut self,
        namespace: &str,
        backend: &IngressBackend,
        endpoints: &EndpointIndex<'_>,
        before: &Self,
    ) -> Option<RouteMatch> {
        let service = backend.service.as_ref()?;
        let port = service.port.as_deref().cloned().unwrap_or_default();
        let key = BackendKey {
            namespace: namespace.to_owned(),
            service: service.name.clone(),
            port: if port.name.is_empty() { port.number.to_string() } else { port.name.clone() },
        };
        let backend = self.backends.entry(key.clone()).or_insert_with(|| {
            let addresses = endpoints.of(namespace, &service.name, &port);
            Arc::new(Backend::new(addresses, before.backends.get(&key).map(|old| &**old)))
        });
        Some(RouteMatch { key, backend: Arc::clone(backend) })
    }

    /// The backend for a request, by its authority (`Host`) and path.
    pub fn find(&self, authority: &str, path: &str) -> Option<&RouteMatch> {
        let host = plain(authority);
        let matching = self.hosts.iter().filter(|(pattern, _)| pattern.matches(&host));
        // A host whose paths do not fit is not passed on to a less specific host, except to the default backend.
        let routes = matching.map(|(_, routes)| routes).next();
        let found = routes.and_then(|routes| routes.iter().find(|route| route.fits(path)));
        found.map(|route| &route.target).or(self.default.as_ref())
    }

    /// The endpoints of a backend as they are in this table.
    pub(crate) fn backend(&self, key: &BackendKey) -> Option<Arc<Backend>> {
        self.backends.get(key).cloned()
    }

    /// The TLS Secret (`namespace/name`) for a server name.
    pub fn secret_for(&self, server_name: &str) -> Option<&str> {
        let host = plain(server_name);
        self.secrets.iter().find(|(pattern, _)| pattern.matches(&host)).map(|(_, name)| name.as_str())
    }

    /// All TLS Secrets that are named.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(|(_, name)| name.as_str())
    }
}

impl Route {
    fn fits(&self, path: &str) -> bool {
        match self.kind {
            PathKind::Exact => path == self.path,
            PathKind::Prefix => {
                let prefix = self.path.trim_end_matches('/');
                path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }
}

/// Is the Ingress ours to serve?
pub(crate) fn is_served(ingress: &Ingress, sources: &Sources) -> bool {
    let ours = |name: &str| sources.classes.iter().any(|c| c.metadata.name == *name && c.spec.controller == CONTROLLER);
    match (&ingress.spec.ingress_class_name, ingress.metadata.annotations.get("kubernetes.io/ingress.class")) {
        (Some(name), _) => ours(name),
        (None, Some(name)) => name == CLASS || ours(name),
        (None, None) => sources.without_class,
    }
}

/// Finds the endpoints of Service ports.
struct EndpointIndex<'a> {
    services: BTreeMap<(&'a str, &'a str), &'a Service>,
    slices: BTreeMap<(&'a str, &'a str), Vec<&'a EndpointSlice>>,
}

impl<'a> EndpointIndex<'a> {
    fn new(sources: &'a Sources) -> Self {
        let mut slices: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for slice in &sources.slices {
            if let Some(service) = slice.metadata.labels.get("kubernetes.io/service-name") {
                slices.entry((slice.metadata.namespace.as_str(), service.as_str())).or_default().push(&**slice);
            }
        }
        let services = sources
            .services
            .iter()
            .map(|service| ((service.metadata.namespace.as_str(), service.metadata.name.as_str()), &**service));
        Self { services: services.collect(), slices }
    }

    /// Ready endpoints of a port, in order of address. Those that still serve while they end are taken if no other is left.
    fn of(&self, namespace: &str, service: &str, port: &ServiceBackendPort) -> Vec<SocketAddr> {
        let key = (namespace, service);
        let Some(found) = self.services.get(&key) else { return vec![] };
        let Some(port) = found
            .spec
            .ports
            .iter()
            .find(|known| if port.name.is_empty() { known.port == port.number } else { known.name == port.name })
        else {
            return vec![];
        };
        let (mut ready, mut ending) = (vec![], vec![]);
        for slice in self.slices.get(&key).into_iter().flatten() {
            let number = slice.ports.iter().find(|known| known.name.as_deref().unwrap_or_default() == port.name);
            let Some(number) = number.and_then(|port| u16::try_from(port.port?).ok()) else { continue };
            for endpoint in &slice.endpoints {
                let conditions = &endpoint.conditions;
                let addresses = endpoint.addresses.iter().filter_map(|text| text.parse::<IpAddr>().ok());
                let addresses = addresses.map(|ip| SocketAddr::new(ip, number));
                if conditions.ready.unwrap_or(true) {
                    ready.extend(addresses);
                } else if conditions.serving.unwrap_or(false) {
                    ending.extend(addresses);
                }
            }
        }
        let mut chosen = if ready.is_empty() { ending } else { ready };
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }
}

#[cfg(test)]
mod tests;
