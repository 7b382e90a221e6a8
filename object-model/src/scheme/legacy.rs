//! Versions that Kubernetes has dropped and old manifests still use: converted to and from what is stored.
//!
//! In: `extensions/v1beta1`, `apps/v1beta1`, `apps/v1beta2` and `networking.k8s.io/v1beta1` objects. Out: their
//! stored versions. Invariant: what a version cannot express survives a round trip through it where it has a place.
//! Source: Kubernetes deprecation guide, removals in v1.16 and v1.22.

use super::{Converts, Scheme};
use crate::IntOrString;
use crate::api::apps::v1 as apps;
use crate::api::extensions::v1beta1 as extensions;
use crate::api::meta::v1::LabelSelector;
use crate::api::networking::v1 as networking;

pub(super) fn register(scheme: &mut Scheme) {
    scheme
        .register_version::<extensions::Deployment>()
        .register_version::<extensions::ReplicaSet>()
        .register_version::<extensions::Ingress>()
        .register_version::<crate::api::networking::v1beta1::Ingress>();
}

/// The selector that a workload has when it does not say: the labels of its pods.
fn selector_or_labels(selector: &mut Option<Box<LabelSelector>>, labels: &std::collections::BTreeMap<String, String>) {
    if selector.is_none() && !labels.is_empty() {
        *selector = Some(Box::new(LabelSelector { match_labels: labels.clone(), ..LabelSelector::default() }));
    }
}

impl Converts for extensions::Deployment {
    type Hub = apps::Deployment;

    fn into_hub(self) -> Result<apps::Deployment, String> {
        let mut spec = self.spec;
        selector_or_labels(&mut spec.selector, &spec.template.metadata.labels);
        Ok(apps::Deployment {
            metadata: self.metadata,
            spec: apps::DeploymentSpec {
                replicas: spec.replicas,
                selector: spec.selector,
                template: spec.template,
                strategy: spec.strategy,
                min_ready_seconds: spec.min_ready_seconds,
                revision_history_limit: spec.revision_history_limit,
                paused: spec.paused,
                progress_deadline_seconds: spec.progress_deadline_seconds,
            },
            status: self.status,
        })
    }

    fn from_hub(hub: apps::Deployment) -> Result<Self, String> {
        let spec = hub.spec;
        Ok(Self {
            metadata: hub.metadata,
            spec: extensions::DeploymentSpec {
                replicas: spec.replicas,
                selector: spec.selector,
                template: spec.template,
                strategy: spec.strategy,
                min_ready_seconds: spec.min_ready_seconds,
                revision_history_limit: spec.revision_history_limit,
                paused: spec.paused,
                rollback_to: None,
                progress_deadline_seconds: spec.progress_deadline_seconds,
            },
            status: hub.status,
        })
    }
}

impl Converts for extensions::ReplicaSet {
    type Hub = apps::ReplicaSet;

    fn into_hub(self) -> Result<apps::ReplicaSet, String> {
        let mut spec = self.spec;
        selector_or_labels(&mut spec.selector, &spec.template.metadata.labels);
        Ok(apps::ReplicaSet { metadata: self.metadata, spec, status: self.status })
    }

    fn from_hub(hub: apps::ReplicaSet) -> Result<Self, String> {
        Ok(Self { metadata: hub.metadata, spec: hub.spec, status: hub.status })
    }
}

fn backend_to_hub(backend: extensions::IngressBackend) -> networking::IngressBackend {
    let service = (!backend.service_name.is_empty() || backend.resource.is_none()).then(|| {
        let port = match backend.service_port {
            IntOrString::Int(number) => networking::ServiceBackendPort { number, ..Default::default() },
            IntOrString::String(name) => networking::ServiceBackendPort { name, ..Default::default() },
        };
        Box::new(networking::IngressServiceBackend { name: backend.service_name, port: Some(Box::new(port)) })
    });
    networking::IngressBackend { service, resource: backend.resource }
}

fn backend_from_hub(backend: networking::IngressBackend) -> extensions::IngressBackend {
    let (service_name, port) = backend.service.map(|service| (service.name, service.port)).unwrap_or_default();
    let service_port = match port.map(|port| *port) {
        Some(port) if !port.name.is_empty() => IntOrString::String(port.name),
        Some(port) => IntOrString::Int(port.number),
        None => IntOrString::default(),
    };
    extensions::IngressBackend { service_name, service_port, resource: backend.resource }
}

fn ingress_spec_to_hub(spec: extensions::IngressSpec) -> networking::IngressSpec {
    let path = |path: extensions::HTTPIngressPath| networking::HTTPIngressPath {
        path: path.path,
        // Before path types existed, matching was up to the implementation.
        path_type: Some(path.path_type.unwrap_or_else(|| "ImplementationSpecific".into())),
        backend: backend_to_hub(path.backend),
    };
    let rule = |rule: extensions::IngressRule| networking::IngressRule {
        host: rule.host,
        http: rule.http.map(|http| {
            Box::new(networking::HTTPIngressRuleValue { paths: http.paths.into_iter().map(path).collect() })
        }),
    };
    networking::IngressSpec {
        ingress_class_name: spec.ingress_class_name,
        default_backend: spec.backend.map(|backend| Box::new(backend_to_hub(*backend))),
        tls: spec.tls,
        rules: spec.rules.into_iter().map(rule).collect(),
    }
}

fn ingress_spec_from_hub(spec: networking::IngressSpec) -> extensions::IngressSpec {
    let path = |path: networking::HTTPIngressPath| extensions::HTTPIngressPath {
        path: path.path,
        path_type: path.path_type,
        backend: backend_from_hub(path.backend),
    };
    let rule = |rule: networking::IngressRule| extensions::IngressRule {
        host: rule.host,
        http: rule.http.map(|http| {
            Box::new(extensions::HTTPIngressRuleValue { paths: http.paths.into_iter().map(path).collect() })
        }),
    };
    extensions::IngressSpec {
        ingress_class_name: spec.ingress_class_name,
        backend: spec.default_backend.map(|backend| Box::new(backend_from_hub(*backend))),
        tls: spec.tls,
        rules: spec.rules.into_iter().map(rule).collect(),
    }
}

macro_rules! ingress {
    ($kind:ty) => {
        impl Converts for $kind {
            type Hub = networking::Ingress;

            fn into_hub(self) -> Result<networking::Ingress, String> {
                Ok(networking::Ingress {
                    metadata: self.metadata,
                    spec: ingress_spec_to_hub(self.spec),
                    status: self.status,
                })
            }

            fn from_hub(hub: networking::Ingress) -> Result<Self, String> {
                Ok(Self { metadata: hub.metadata, spec: ingress_spec_from_hub(hub.spec), status: hub.status })
            }
        }
    };
}
ingress!(extensions::Ingress);
ingress!(crate::api::networking::v1beta1::Ingress);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{DecodeOptions, decode_kind};

    #[test]
    fn an_old_deployment_gets_its_selector_from_its_labels() {
        let mut old = extensions::Deployment::default();
        let text = br#"{"apiVersion":"extensions/v1beta1","kind":"Deployment","metadata":{"name":"a"},
            "spec":{"replicas":3,"template":{"metadata":{"labels":{"app":"x"}}}}}"#;
        decode_kind(text, &mut old, &DecodeOptions::default()).unwrap();
        let hub = old.into_hub().unwrap();
        assert_eq!(hub.spec.selector.unwrap().match_labels["app"], "x");
        assert_eq!(hub.spec.replicas, Some(3));
    }

    #[test]
    fn an_old_ingress_backend_round_trips() {
        for port in [IntOrString::Int(8888), IntOrString::from("http")] {
            let old = extensions::IngressBackend { service_name: "s".into(), service_port: port, resource: None };
            assert_eq!(backend_from_hub(backend_to_hub(old.clone())), old);
        }
    }
}
