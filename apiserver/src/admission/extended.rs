//! Pods that ask for extended resources tolerate the taints that keep others off the nodes that have them.
//!
//! Source: Kubernetes admission controllers reference, "ExtendedResourceToleration".

use std::collections::BTreeSet;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::{Pod, Toleration};
use pintle_object_model::{AnyResource, Status};

use super::{AdmissionPlugin, Attributes, Operation};

/// See the module documentation.
#[derive(Debug, Default)]
pub struct ExtendedResourceToleration;

/// Is it a resource of somebody's own, such as `example.com/gpu`?
pub(super) fn is_extended(resource: &str) -> bool {
    resource.contains('/') && !resource.contains("kubernetes.io/") && !resource.starts_with("requests.")
}

#[async_trait]
impl AdmissionPlugin for ExtendedResourceToleration {
    fn name(&self) -> &'static str {
        "ExtendedResourceToleration"
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        if !attributes.subresource.is_empty() {
            return Ok(());
        }
        let Some(pod) = object.as_any_mut().downcast_mut::<Pod>() else { return Ok(()) };
        let containers = pod.spec.containers.iter().chain(&pod.spec.init_containers);
        let resources: BTreeSet<String> = containers
            .flat_map(|container| container.resources.requests.keys())
            .filter(|resource| is_extended(resource))
            .cloned()
            .collect();
        for key in resources {
            let toleration = Toleration { key, operator: "Exists".into(), ..Toleration::default() };
            if !pod.spec.tolerations.contains(&toleration) {
                pod.spec.tolerations.push(toleration);
            }
        }
        Ok(())
    }
}
