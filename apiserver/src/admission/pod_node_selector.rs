//! Pods run only on the nodes that their namespace is given.
//!
//! In: pods, and the annotation `scheduler.alpha.kubernetes.io/node-selector` of their namespace. Out: node selectors.
//! Source: Kubernetes admission controllers reference, "PodNodeSelector".

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::Pod;
use pintle_object_model::{AnyResource, Status};

use super::{AdmissionPlugin, Attributes, Operation, refuse};
use crate::storage::Storage;

/// See the module documentation.
#[derive(Debug)]
pub struct PodNodeSelector {
    namespaces: Arc<Storage>,
}

const ANNOTATION: &str = "scheduler.alpha.kubernetes.io/node-selector";

impl PodNodeSelector {
    pub(crate) fn new(namespaces: Arc<Storage>) -> Self {
        Self { namespaces }
    }
}

/// `a=b,c=d` as a map; `None` if it is anything else.
fn parse(text: &str) -> Option<BTreeMap<String, String>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())))
        .collect()
}

#[async_trait]
impl AdmissionPlugin for PodNodeSelector {
    fn name(&self) -> &'static str {
        "PodNodeSelector"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        if !attributes.subresource.is_empty() {
            return Ok(());
        }
        let Some(pod) = object.as_any_mut().downcast_mut::<Pod>() else { return Ok(()) };
        let Some(namespace) = self.namespaces.cache.get("", attributes.namespace) else { return Ok(()) };
        let Some(text) = namespace.metadata().annotations.get(ANNOTATION) else { return Ok(()) };
        let Some(wanted) = parse(text) else {
            return Err(refuse(attributes, format!("namespace node selector {text:?} cannot be parsed")));
        };
        let selector = &mut pod.spec.node_selector;
        if wanted.iter().any(|(key, value)| selector.get(key).is_some_and(|own| own != value)) {
            return Err(refuse(attributes, "pod node label selector conflicts with its namespace node label selector"));
        }
        selector.extend(wanted);
        Ok(())
    }
}
