//! Ingresses and their classes.

use super::check;
use crate::api::networking::v1::{
    HTTPIngressPath, Ingress, IngressBackend, IngressClass, IngressClassParametersReference, IngressTLS,
};
use crate::validation::{FieldErrors, Path};
use crate::{Rules, names};

/// Annotation that was there before `ingressClassName`.
const CLASS: &str = "kubernetes.io/ingress.class";

impl Ingress {
    fn validate_spec(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        if spec.rules.is_empty() && spec.default_backend.is_none() {
            let why = "either `defaultBackend` or `rules` must be specified";
            let shown = super::go::show_fields(spec, &["ingressClassName", "defaultBackend", "tls", "rules"]);
            errors.invalid(&path, crate::validation::Plain(&shown), why);
        }
        if let Some(backend) = &spec.default_backend {
            validate_backend(&mut errors, backend, &path.child("defaultBackend"));
        }
        for (index, rule) in spec.rules.iter().enumerate() {
            let at = path.child("rules").index(index);
            validate_host(&mut errors, &rule.host, &at.child("host"));
            let Some(http) = &rule.http else { continue };
            let paths = at.child("http").child("paths");
            if http.paths.is_empty() {
                errors.required(&paths, "");
            }
            for (number, entry) in http.paths.iter().enumerate() {
                validate_path(&mut errors, entry, &paths.index(number));
            }
        }
        for (index, tls) in spec.tls.iter().enumerate() {
            validate_tls(&mut errors, tls, &path.child("tls").index(index));
        }
        if let Some(class) = &spec.ingress_class_name {
            errors.invalid_each(&path.child("ingressClassName"), class, names::dns_subdomain(class));
        }
        errors
    }
}

impl Rules for Ingress {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let annotation = self.metadata.annotations.get(CLASS);
        let class = self.spec.ingress_class_name.as_ref();
        if let (Some(annotation), Some(class)) = (annotation, class)
            && annotation != class
        {
            let why = "must match `ingressClassName` when both are specified";
            errors.invalid(&Path::new("metadata").child("annotations").key(CLASS), annotation, why);
        }
        errors.extend(self.validate_spec());
        errors
    }

    fn validate_update(&self, _old: &Self) -> FieldErrors {
        self.validate_spec()
    }

    fn validate_status_update(&self, _old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("status").child("loadBalancer").child("ingress");
        for (index, entry) in self.status.load_balancer.ingress.iter().enumerate() {
            if !entry.ip.is_empty() {
                check::ip(&mut errors, &path.index(index).child("ip"), &entry.ip);
            }
            validate_published_host(&mut errors, &path.index(index).child("hostname"), &entry.hostname);
        }
        errors
    }
}

/// A host under which a load balancer can be reached.
pub(super) fn validate_published_host(errors: &mut FieldErrors, at: &Path, host: &str) {
    if host.is_empty() {
        return;
    }
    errors.invalid_each(at, host, names::dns_subdomain(host));
    if host.parse::<std::net::IpAddr>().is_ok() {
        errors.invalid(at, host, "must be a DNS name, not an IP address");
    }
}

fn validate_host(errors: &mut FieldErrors, host: &str, path: &Path) {
    if host.is_empty() {
        return;
    }
    if host.parse::<std::net::IpAddr>().is_ok() {
        errors.invalid(path, host, "must be a DNS name, not an IP address");
    }
    validate_name(errors, host, path);
}

fn validate_name(errors: &mut FieldErrors, host: &str, path: &Path) {
    let problems = if host.contains('*') { names::wildcard_subdomain(host) } else { names::dns_subdomain(host) };
    errors.invalid_each(path, host, problems);
}

fn validate_tls(errors: &mut FieldErrors, tls: &IngressTLS, path: &Path) {
    for (index, host) in tls.hosts.iter().enumerate() {
        validate_name(errors, host, &path.child("hosts").index(index));
    }
    if !tls.secret_name.is_empty() {
        errors.invalid_each(&path.child("secretName"), &tls.secret_name, names::dns_subdomain(&tls.secret_name));
    }
}

fn validate_path(errors: &mut FieldErrors, entry: &HTTPIngressPath, path: &Path) {
    let at = path.child("path");
    match entry.path_type.as_deref() {
        None => errors.required(&path.child("pathType"), "pathType must be specified"),
        Some("Exact" | "Prefix") => {
            if !entry.path.starts_with('/') {
                errors.invalid(&at, &entry.path, "must be an absolute path");
            }
            for bad in ["//", "/./", "/../", "%2f", "%2F"] {
                if entry.path.contains(bad) {
                    errors.invalid(&at, &entry.path, format!("must not contain '{bad}'"));
                }
            }
            for bad in ["/..", "/."] {
                if entry.path.ends_with(bad) {
                    errors.invalid(&at, &entry.path, format!("cannot end with '{bad}'"));
                }
            }
        }
        Some("ImplementationSpecific") => {
            if !entry.path.is_empty() && !entry.path.starts_with('/') {
                errors.invalid(&at, &entry.path, "must be an absolute path");
            }
        }
        Some(other) => {
            errors.not_supported(&path.child("pathType"), other, &["Exact", "ImplementationSpecific", "Prefix"]);
        }
    }
    validate_backend(errors, &entry.backend, &path.child("backend"));
}

fn validate_backend(errors: &mut FieldErrors, backend: &IngressBackend, path: &Path) {
    match (&backend.service, &backend.resource) {
        (Some(_), Some(_)) => errors.invalid(path, "", "cannot set both resource and service backends"),
        (None, None) => errors.invalid(path, "", "resource or service backend is required"),
        (None, Some(resource)) => {
            let at = path.child("resource");
            let group = resource.api_group.as_deref().filter(|group| !group.is_empty());
            if let Some(group) = group {
                errors.invalid_each(&at.child("apiGroup"), group, names::dns_subdomain(group));
            }
            check::required_name(errors, &at.child("kind"), &resource.kind, names::path_segment);
            check::required_name(errors, &at.child("name"), &resource.name, names::path_segment);
        }
        (Some(service), None) => {
            let at = path.child("service");
            check::required_name(errors, &at.child("name"), &service.name, names::dns_label);
            let port = service.port.as_deref().cloned().unwrap_or_default();
            match (port.name.is_empty(), port.number) {
                (true, 0) => errors.required(path, "port name or number is required"),
                (false, 0) => {
                    errors.invalid_each(&at.child("port").child("name"), &port.name, names::port_name(&port.name));
                }
                (true, number) => {
                    errors.invalid_each(&at.child("port").child("number"), number, names::port_number(number));
                }
                (false, _) => errors.invalid(path, "", "cannot set both port name & port number"),
            }
        }
    }
}

const CONTROLLER_BYTES_MAX: usize = 250;

impl Rules for IngressClass {
    fn set_defaults(&mut self) {
        if let Some(parameters) = &mut self.spec.parameters {
            parameters.scope.get_or_insert_with(|| "Cluster".into());
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let controller = &self.spec.controller;
        if controller.len() > CONTROLLER_BYTES_MAX {
            errors.too_long(&path.child("controller"), CONTROLLER_BYTES_MAX);
        }
        check::required_name(&mut errors, &path.child("controller"), controller, names::domain_prefixed_path);
        if let Some(parameters) = &self.spec.parameters {
            validate_parameters(&mut errors, parameters, &path.child("parameters"));
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec").child("controller");
        check::immutable(&mut errors, &path, &self.spec.controller, &old.spec.controller, &self.spec.controller);
        errors.extend(self.validate());
        errors
    }
}

fn validate_parameters(errors: &mut FieldErrors, parameters: &IngressClassParametersReference, path: &Path) {
    if let Some(group) = parameters.api_group.as_deref() {
        errors.invalid_each(&path.child("apiGroup"), group, names::dns_subdomain(group));
    }
    check::required_name(errors, &path.child("kind"), &parameters.kind, names::path_segment);
    check::required_name(errors, &path.child("name"), &parameters.name, names::path_segment);
    let at = path.child("namespace");
    match (parameters.scope.as_deref(), parameters.namespace.as_deref()) {
        (None, _) => errors.required(&path.child("scope"), ""),
        (Some("Namespace"), None) => errors.required(&at, "`parameters.scope` is set to 'Namespace'"),
        (Some("Namespace"), Some(namespace)) => {
            errors.invalid_each(&at, namespace, names::dns_label(namespace));
        }
        (Some("Cluster"), Some(_)) => errors.forbidden(&at, "`parameters.scope` is set to 'Cluster'"),
        (Some("Cluster"), None) => {}
        (Some(other), _) => errors.not_supported(&path.child("scope"), other, &["Cluster", "Namespace"]),
    }
}
