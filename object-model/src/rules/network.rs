//! Ingresses and their classes.

use crate::api::networking::v1::{Ingress, IngressBackend, IngressClass};
use crate::validation::{FieldErrors, Path};
use crate::{Rules, names};

impl Rules for Ingress {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        if spec.rules.is_empty() && spec.default_backend.is_none() {
            errors.invalid(&path, &crate::json_value(spec), "either `defaultBackend` or `rules` must be specified");
        }
        if let Some(backend) = &spec.default_backend {
            validate_backend(&mut errors, backend, &path.child("defaultBackend"));
        }
        if let Some(class) = &spec.ingress_class_name {
            for problem in names::dns_subdomain(class) {
                errors.invalid(&path.child("ingressClassName"), class, problem);
            }
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
                let at = paths.index(number);
                match entry.path_type.as_deref() {
                    None => errors.required(&at.child("pathType"), "pathType must be specified"),
                    Some("Exact" | "Prefix") => {
                        if !entry.path.starts_with('/') {
                            errors.invalid(&at.child("path"), &entry.path, "must be an absolute path");
                        }
                        for bad in ["//", "/./", "/../", "%2f", "%2F"] {
                            if entry.path.contains(bad) {
                                errors.invalid(&at.child("path"), &entry.path, format!("must not contain '{bad}'"));
                            }
                        }
                    }
                    Some("ImplementationSpecific") => {
                        if !entry.path.is_empty() && !entry.path.starts_with('/') {
                            errors.invalid(&at.child("path"), &entry.path, "must be an absolute path");
                        }
                    }
                    Some(other) => errors.not_supported(
                        &at.child("pathType"),
                        other,
                        &["Exact", "ImplementationSpecific", "Prefix"],
                    ),
                }
                validate_backend(&mut errors, &entry.backend, &at.child("backend"));
            }
        }
        errors
    }
}

fn validate_host(errors: &mut FieldErrors, host: &str, path: &Path) {
    if host.is_empty() {
        return;
    }
    if host.parse::<std::net::IpAddr>().is_ok() {
        errors.invalid(path, host, "must be a DNS name, not an IP address");
        return;
    }
    let problems = if host.contains('*') { names::wildcard_subdomain(host) } else { names::dns_subdomain(host) };
    for problem in problems {
        errors.invalid(path, host, problem);
    }
}

fn validate_backend(errors: &mut FieldErrors, backend: &IngressBackend, path: &Path) {
    match (&backend.service, &backend.resource) {
        (Some(_), Some(_)) => errors.invalid(path, "", "cannot set both resource and service backends"),
        (None, None) => errors.invalid(path, "", "resource or service backend is required"),
        (None, Some(_)) => {}
        (Some(service), None) => {
            let at = path.child("service");
            if service.name.is_empty() {
                errors.required(&at.child("name"), "");
            } else {
                for problem in names::dns_1035_label(&service.name) {
                    errors.invalid(&at.child("name"), &service.name, problem);
                }
            }
            let port = service.port.as_deref().cloned().unwrap_or_default();
            match (port.name.is_empty(), port.number) {
                (true, 0) => errors.required(path, "port name or number is required"),
                (false, 0) => {
                    for problem in names::port_name(&port.name) {
                        errors.invalid(&at.child("port").child("name"), &port.name, problem);
                    }
                }
                (true, number) => {
                    for problem in names::port_number(number) {
                        errors.invalid(&at.child("port").child("number"), number, problem);
                    }
                }
                (false, _) => errors.invalid(path, "", "cannot set both port name & port number"),
            }
        }
    }
}

impl Rules for IngressClass {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec").child("controller");
        let (prefix, rest) = self.spec.controller.split_once('/').unwrap_or(("", ""));
        if !self.spec.controller.is_empty() && (!names::dns_subdomain(prefix).is_empty() || rest.is_empty()) {
            errors.invalid(&path, &self.spec.controller, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        if self.spec.controller != old.spec.controller {
            errors.invalid(&Path::new("spec").child("controller"), &self.spec.controller, "field is immutable");
        }
        errors
    }
}
