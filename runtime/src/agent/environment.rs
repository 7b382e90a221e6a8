//! The environment of a container.
//!
//! In: the pod, ConfigMaps, Secrets, Services. Out: names and values in order. Elsewhere: the image's own environment
//! (the runtime). Source: Kubernetes concepts, "Define Dependent Environment Variables", "Service: environment variables".

use std::collections::BTreeMap;
use std::sync::Arc;

use pintle_client::Client;
use pintle_object_model::api::core::v1::{ConfigMap, Container, EnvVar, Pod, Secret, Service};

use super::fields::{FieldContext, field, resource};

/// Reads ConfigMaps and Secrets of one namespace, each at most once.
pub(crate) struct Sources<'a> {
    client: &'a Client,
    namespace: &'a str,
    config_maps: BTreeMap<String, Option<Arc<ConfigMap>>>,
    secrets: BTreeMap<String, Option<Arc<Secret>>>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(client: &'a Client, namespace: &'a str) -> Self {
        Self { client, namespace, config_maps: BTreeMap::new(), secrets: BTreeMap::new() }
    }

    async fn config_map(&mut self, name: &str) -> Result<Option<Arc<ConfigMap>>, String> {
        if let Some(found) = self.config_maps.get(name) {
            return Ok(found.clone());
        }
        let api = self.client.namespaced::<ConfigMap>(self.namespace);
        let found = api.get_opt(name).await.map_err(|status| status.to_string())?;
        self.config_maps.insert(name.to_owned(), found.clone());
        Ok(found)
    }

    async fn secret(&mut self, name: &str) -> Result<Option<Arc<Secret>>, String> {
        if let Some(found) = self.secrets.get(name) {
            return Ok(found.clone());
        }
        let api = self.client.namespaced::<Secret>(self.namespace);
        let found = api.get_opt(name).await.map_err(|status| status.to_string())?;
        self.secrets.insert(name.to_owned(), found.clone());
        Ok(found)
    }
}

/// The variables of a container, later ones winning over earlier ones.
///
/// # Errors
/// The text that kubelet puts into `CreateContainerConfigError`.
pub(crate) async fn environment(
    pod: &Pod,
    container: &Container,
    services: BTreeMap<String, String>,
    context: &FieldContext,
    mut sources: Sources<'_>,
) -> Result<Vec<(String, String)>, String> {
    // Order matters to nobody but readers, so that services, then `envFrom`, then `env` come out as they went in.
    let mut names: Vec<String> = services.keys().cloned().collect();
    let mut values = services;
    let mut put = |values: &mut BTreeMap<String, String>, name: &str, value: String| {
        if values.insert(name.to_owned(), value).is_none() {
            names.push(name.to_owned());
        }
    };
    for (name, value) in from_maps(container, &mut sources).await? {
        put(&mut values, &name, value);
    }
    for variable in &container.env {
        let value = match &variable.value_from {
            None => Some(expand(&variable.value, &values)),
            Some(_) => referenced(pod, container, variable, context, &mut sources).await?,
        };
        if let Some(value) = value {
            put(&mut values, &variable.name, value);
        }
    }
    Ok(names.into_iter().filter_map(|name| values.remove(&name).map(|value| (name, value))).collect())
}

async fn from_maps(container: &Container, sources: &mut Sources<'_>) -> Result<Vec<(String, String)>, String> {
    let mut all = vec![];
    for from in &container.env_from {
        if let Some(reference) = &from.config_map_ref {
            match sources.config_map(&reference.name).await? {
                Some(map) => {
                    all.extend(map.data.iter().map(|(key, value)| (format!("{}{key}", from.prefix), value.clone())));
                }
                None if reference.optional == Some(true) => {}
                None => return Err(format!("configmap {:?} not found", reference.name)),
            }
        }
        if let Some(reference) = &from.secret_ref {
            match sources.secret(&reference.name).await? {
                Some(secret) => all.extend(secret.data.iter().map(|(key, value)| {
                    (format!("{}{key}", from.prefix), String::from_utf8_lossy(value.as_ref()).into_owned())
                })),
                None if reference.optional == Some(true) => {}
                None => return Err(format!("secret {:?} not found", reference.name)),
            }
        }
    }
    Ok(all)
}

async fn referenced(
    pod: &Pod,
    container: &Container,
    variable: &EnvVar,
    context: &FieldContext,
    sources: &mut Sources<'_>,
) -> Result<Option<String>, String> {
    let Some(from) = &variable.value_from else { return Ok(None) };
    let namespace = &pod.metadata.namespace;
    if let Some(selector) = &from.field_ref {
        return field(pod, &selector.field_path, context).map(Some);
    }
    if let Some(selector) = &from.resource_field_ref {
        let named = &selector.container_name;
        let of = if named.is_empty() { container } else { super::fields::container_of(pod, named)? };
        return resource(selector, of, context).map(Some);
    }
    if let Some(selector) = &from.config_map_key_ref {
        let optional = selector.optional == Some(true);
        return match sources.config_map(&selector.name).await? {
            Some(map) => match map.data.get(&selector.key) {
                Some(value) => Ok(Some(value.clone())),
                None if optional => Ok(None),
                None => Err(format!("couldn't find key {} in ConfigMap {namespace}/{}", selector.key, selector.name)),
            },
            None if optional => Ok(None),
            None => Err(format!("configmap {:?} not found", selector.name)),
        };
    }
    if let Some(selector) = &from.secret_key_ref {
        let optional = selector.optional == Some(true);
        return match sources.secret(&selector.name).await? {
            Some(secret) => match secret.data.get(&selector.key) {
                Some(value) => Ok(Some(String::from_utf8_lossy(value.as_ref()).into_owned())),
                None if optional => Ok(None),
                None => Err(format!("couldn't find key {} in Secret {namespace}/{}", selector.key, selector.name)),
            },
            None if optional => Ok(None),
            None => Err(format!("secret {:?} not found", selector.name)),
        };
    }
    Err(format!("the source of variable {:?} is not supported by this node agent", variable.name))
}

/// Replaces `$(NAME)` by values; `$$` stands for `$`, and what is unknown stays as it is.
pub(crate) fn expand(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        if let Some(after) = tail.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = tail.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            match values.get(name) {
                Some(value) => out.push_str(value),
                None => out.push_str(&rest[at..at + name.len() + 3]),
            }
            rest = after;
        } else {
            out.push('$');
            rest = tail;
        }
    }
    out.push_str(rest);
    out
}

/// The variables by which a pod finds Services: those of its own namespace if it asks for them, and always the API's.
pub(crate) fn service_variables(services: &[Arc<Service>], namespace: &str, links: bool) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for service in services {
        let metadata = &service.metadata;
        let api = metadata.namespace == "default" && metadata.name == "kubernetes";
        let address = &service.spec.cluster_ip;
        let wanted = api || (links && metadata.namespace == namespace);
        // The pod's own `kubernetes` Service must not hide the API's.
        let hides = !api && metadata.name == "kubernetes";
        if wanted && !hides && !address.is_empty() && address != "None" {
            put_service(&mut variables, service);
        }
    }
    variables
}

fn put_service(variables: &mut BTreeMap<String, String>, service: &Service) {
    let upper = |text: &str| text.to_uppercase().replace('-', "_");
    let prefix = upper(&service.metadata.name);
    let address = &service.spec.cluster_ip;
    let host = if address.contains(':') { format!("[{address}]") } else { address.clone() };
    let mut put = |name: String, value: String| variables.insert(name, value);
    put(format!("{prefix}_SERVICE_HOST"), address.clone());
    let Some(first) = service.spec.ports.first() else { return };
    put(format!("{prefix}_SERVICE_PORT"), first.port.to_string());
    let url = |port: &pintle_object_model::api::core::v1::ServicePort| {
        format!("{}://{host}:{}", port.protocol.to_lowercase(), port.port)
    };
    put(format!("{prefix}_PORT"), url(first));
    for port in &service.spec.ports {
        if !port.name.is_empty() {
            put(format!("{prefix}_SERVICE_PORT_{}", upper(&port.name)), port.port.to_string());
        }
        let base = format!("{prefix}_PORT_{}_{}", port.port, port.protocol.to_uppercase());
        put(base.clone(), url(port));
        put(format!("{base}_PROTO"), port.protocol.to_lowercase());
        put(format!("{base}_PORT"), port.port.to_string());
        put(format!("{base}_ADDR"), address.clone());
    }
}

#[cfg(test)]
mod tests {
    use pintle_object_model::api::core::v1::ServicePort;

    use super::*;

    #[test]
    fn references_are_expanded_and_can_be_escaped() {
        let values = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        assert_eq!(expand("$(A)-$(B)-$$(A)-$A-$(A", &values), "1-$(B)-$(A)-$A-$(A");
    }

    #[test]
    fn services_become_variables() {
        let mut service = Service::default();
        service.metadata.name = "my-db".into();
        service.metadata.namespace = "shop".into();
        service.spec.cluster_ip = "10.0.0.9".into();
        service.spec.ports =
            vec![ServicePort { name: "sql".into(), port: 5432, protocol: "TCP".into(), ..ServicePort::default() }];
        let all = [Arc::new(service)];
        let variables = service_variables(&all, "shop", true);
        let get = |name: &str| variables.get(name).map(String::as_str);
        assert_eq!(get("MY_DB_SERVICE_HOST"), Some("10.0.0.9"));
        assert_eq!(get("MY_DB_SERVICE_PORT_SQL"), Some("5432"));
        assert_eq!(get("MY_DB_PORT"), Some("tcp://10.0.0.9:5432"));
        assert_eq!(get("MY_DB_PORT_5432_TCP_ADDR"), Some("10.0.0.9"));
        assert!(service_variables(&all, "shop", false).is_empty());
        assert!(service_variables(&all, "other", true).is_empty());
    }
}
