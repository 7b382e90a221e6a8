//! A pod learns in which zone and region it runs from the node that it is bound to.
//!
//! In: bindings, and pods that name their node. Out: labels. Source: Kubernetes admission controllers reference,
//! "PodTopologyLabels"; KEP-4742.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::{Binding, Pod};
use pintle_object_model::{AnyResource, Status};

use super::{AdmissionPlugin, Attributes, Operation};
use crate::storage::Storage;

/// See the module documentation.
#[derive(Debug)]
pub struct PodTopologyLabels {
    nodes: Arc<Storage>,
}

const LABELS: [&str; 2] = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

impl PodTopologyLabels {
    pub(crate) fn new(nodes: Arc<Storage>) -> Self {
        Self { nodes }
    }

    /// Copies the labels that a node has onto those of a pod.
    fn copy(&self, node: &str, labels: &mut BTreeMap<String, String>) {
        let Some(node) = self.nodes.cache.get("", node) else { return };
        for key in LABELS {
            if let Some(value) = node.metadata().labels.get(key) {
                labels.insert(key.into(), value.clone());
            }
        }
    }
}

#[async_trait]
impl AdmissionPlugin for PodTopologyLabels {
    fn name(&self) -> &'static str {
        "PodTopologyLabels"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        let any = object.as_any_mut();
        if let Some(binding) = any.downcast_mut::<Binding>() {
            if binding.target.kind.is_empty() || binding.target.kind == "Node" {
                self.copy(&binding.target.name, &mut binding.metadata.labels);
            }
        } else if let Some(pod) = any.downcast_mut::<Pod>()
            && attributes.subresource.is_empty()
            && !pod.spec.node_name.is_empty()
        {
            self.copy(&pod.spec.node_name, &mut pod.metadata.labels);
        }
        Ok(())
    }
}
