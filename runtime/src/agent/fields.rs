//! The downward API: fields of the pod as text.
//!
//! Source: Kubernetes concepts, "Downward API".

use std::collections::BTreeMap;
use std::net::IpAddr;

use pintle_object_model::Quantity;
use pintle_object_model::api::core::v1::{Container, Pod, ResourceFieldSelector};

/// What fields need beyond the pod's own content.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldContext {
    pub(crate) pod_ips: Vec<IpAddr>,
    pub(crate) host_ips: Vec<IpAddr>,
    /// What a container without a limit may use: the node's allocatable.
    pub(crate) allocatable: BTreeMap<String, Quantity>,
}

/// The text of a field, such as `metadata.labels['app']`.
pub(crate) fn field(pod: &Pod, path: &str, context: &FieldContext) -> Result<String, String> {
    let join = |ips: &[IpAddr]| ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let metadata = &pod.metadata;
    if let Some((map, key)) = subscript(path) {
        let map = match map {
            "metadata.annotations" => &metadata.annotations,
            "metadata.labels" => &metadata.labels,
            other => return Err(format!("fieldPath {other:?} does not support subscript")),
        };
        return Ok(map.get(key).cloned().unwrap_or_default());
    }
    Ok(match path {
        "metadata.annotations" => lines(&metadata.annotations),
        "metadata.labels" => lines(&metadata.labels),
        "metadata.name" => metadata.name.clone(),
        "metadata.namespace" => metadata.namespace.clone(),
        "metadata.uid" => metadata.uid.clone(),
        "spec.nodeName" => pod.spec.node_name.clone(),
        "spec.serviceAccountName" => pod.spec.service_account_name.clone(),
        "status.hostIP" => context.host_ips.first().map(ToString::to_string).unwrap_or_default(),
        "status.hostIPs" => join(&context.host_ips),
        "status.podIP" => context.pod_ips.first().map(ToString::to_string).unwrap_or_default(),
        "status.podIPs" => join(&context.pod_ips),
        other => return Err(format!("unsupported fieldPath: {other}")),
    })
}

/// `metadata.labels['app']` as map and key.
fn subscript(path: &str) -> Option<(&str, &str)> {
    path.strip_suffix("']")?.split_once("['")
}

/// One `key="value"` per line, ordered by key, quoted as Go does.
fn lines(map: &BTreeMap<String, String>) -> String {
    let line = |(key, value): (&String, &String)| format!("{key}={}", serde_json::Value::from(value.as_str()));
    map.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The amount of a resource of a container in units of the divisor, rounded up.
pub(crate) fn resource(
    selector: &ResourceFieldSelector,
    container: &Container,
    context: &FieldContext,
) -> Result<String, String> {
    let (list, name) = selector
        .resource
        .split_once('.')
        .ok_or_else(|| format!("unsupported container resource: {}", selector.resource))?;
    let resources = &container.resources;
    let amount = match list {
        "requests" => resources.requests.get(name).copied().unwrap_or_default(),
        "limits" => resources.limits.get(name).or_else(|| context.allocatable.get(name)).copied().unwrap_or_default(),
        _ => return Err(format!("unsupported container resource: {}", selector.resource)),
    };
    // CPU is counted in thousandths, so that a divisor of `1m` works.
    let (amount, divisor) = if name == "cpu" {
        let divisor = selector.divisor.millis();
        (amount.millis(), if divisor == 0 { 1000 } else { divisor })
    } else {
        let divisor = selector.divisor.value();
        (amount.value(), if divisor == 0 { 1 } else { divisor })
    };
    Ok((amount.div_euclid(divisor) + i64::from(amount.rem_euclid(divisor) != 0)).to_string())
}

/// The container that a resource field of a volume is about.
pub(crate) fn container_of<'a>(pod: &'a Pod, name: &str) -> Result<&'a Container, String> {
    let all = || pod.spec.containers.iter().chain(&pod.spec.init_containers);
    all().find(|container| container.name == name).ok_or_else(|| format!("container {name} not found"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod() -> Pod {
        let mut pod = Pod::default();
        pod.metadata.name = "web".into();
        pod.metadata.labels = BTreeMap::from([("app".into(), "a\"b".into()), ("tier".into(), "1".into())]);
        pod
    }

    #[test]
    fn fields_and_subscripts_are_texts() {
        let context = FieldContext { pod_ips: vec!["10.0.0.7".parse().unwrap()], ..FieldContext::default() };
        let text = |path: &str| field(&pod(), path, &context);
        assert_eq!(text("metadata.name").unwrap(), "web");
        assert_eq!(text("metadata.labels['tier']").unwrap(), "1");
        assert_eq!(text("metadata.labels").unwrap(), "app=\"a\\\"b\"\ntier=\"1\"");
        assert_eq!(text("status.podIPs").unwrap(), "10.0.0.7");
        assert!(text("spec.containers").is_err());
    }

    #[test]
    fn amounts_are_rounded_up_to_the_divisor() {
        let mut container = Container::default();
        container.resources.limits.insert("cpu".into(), "1500m".parse().unwrap());
        container.resources.requests.insert("memory".into(), "64Mi".parse().unwrap());
        let amount = |of: &str, divisor: &str| {
            let selector = ResourceFieldSelector {
                resource: of.into(),
                divisor: divisor.parse().unwrap(),
                ..ResourceFieldSelector::default()
            };
            resource(&selector, &container, &FieldContext::default()).unwrap()
        };
        assert_eq!(amount("limits.cpu", "0"), "2");
        assert_eq!(amount("limits.cpu", "1m"), "1500");
        assert_eq!(amount("requests.memory", "1Mi"), "64");
    }
}
