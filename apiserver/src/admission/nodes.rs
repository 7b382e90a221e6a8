//! New nodes are tainted until they are ready; pods get what their runtime class costs and needs.
//!
//! Source: Kubernetes admission controllers reference, "TaintNodesByCondition", "RuntimeClass".

use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::{Node, Pod, Taint};
use pintle_object_model::api::node::v1::RuntimeClass;
use pintle_object_model::{AnyResource, Status};

use super::{AdmissionPlugin, Attributes, Operation, refuse};
use crate::storage::Storage;

/// Taints new nodes as not ready.
#[derive(Debug, Default)]
pub struct TaintNodesByCondition;

#[async_trait]
impl AdmissionPlugin for TaintNodesByCondition {
    fn name(&self) -> &'static str {
        "TaintNodesByCondition"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        let Some(node) = object.as_any_mut().downcast_mut::<Node>() else { return Ok(()) };
        let taint =
            Taint { key: "node.kubernetes.io/not-ready".into(), effect: "NoSchedule".into(), ..Taint::default() };
        let there = node.spec.taints.iter().any(|other| other.key == taint.key && other.effect == taint.effect);
        if attributes.subresource.is_empty() && !there {
            node.spec.taints.push(taint);
        }
        Ok(())
    }
}

/// Gives pods the overhead and the placement of their runtime class.
#[derive(Debug)]
pub struct RuntimeClassAdmission {
    classes: Arc<Storage>,
}

impl RuntimeClassAdmission {
    pub(crate) fn new(classes: Arc<Storage>) -> Self {
        Self { classes }
    }
}

#[async_trait]
impl AdmissionPlugin for RuntimeClassAdmission {
    fn name(&self) -> &'static str {
        "RuntimeClass"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        let Some(pod) = object.as_any_mut().downcast_mut::<Pod>() else { return Ok(()) };
        if !attributes.subresource.is_empty() {
            return Ok(());
        }
        let spec = &mut pod.spec;
        let class = match spec.runtime_class_name.as_deref().filter(|name| !name.is_empty()) {
            None => None,
            Some(name) => {
                let found =
                    self.classes.get("", name).await?.and_then(|found| found.value.downcast_arc::<RuntimeClass>());
                Some(
                    found
                        .ok_or_else(|| refuse(attributes, format!("pod rejected: RuntimeClass {name:?} not found")))?,
                )
            }
        };
        let overhead = class.as_ref().and_then(|class| class.overhead.as_ref()).map(|of| &of.pod_fixed);
        match overhead {
            Some(fixed) if spec.overhead.is_empty() => spec.overhead.clone_from(fixed),
            Some(fixed) if spec.overhead != *fixed => {
                let why = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
                return Err(refuse(attributes, why));
            }
            None if !spec.overhead.is_empty() => {
                let why = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead";
                return Err(refuse(attributes, why));
            }
            _ => {}
        }
        let Some(scheduling) = class.as_ref().and_then(|class| class.scheduling.as_ref()) else { return Ok(()) };
        for (key, value) in &scheduling.node_selector {
            match spec.node_selector.get(key) {
                Some(own) if own != value => {
                    return Err(refuse(
                        attributes,
                        format!(
                            "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {own}"
                        ),
                    ));
                }
                _ => drop(spec.node_selector.insert(key.clone(), value.clone())),
            }
        }
        for toleration in &scheduling.tolerations {
            if !spec.tolerations.contains(toleration) {
                spec.tolerations.push(toleration.clone());
            }
        }
        Ok(())
    }
}
