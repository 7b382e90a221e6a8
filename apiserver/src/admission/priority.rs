//! Pods get the number of their priority class.

use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::Pod;
use pintle_object_model::api::scheduling::v1::PriorityClass;
use pintle_object_model::{AnyResource, Status};

use super::{AdmissionPlugin, Attributes, Operation, refuse};
use crate::storage::Storage;

/// See the module documentation. Source: Kubernetes admission controllers reference, "Priority".
#[derive(Debug)]
pub struct Priority {
    classes: Arc<Storage>,
}

/// Classes that every cluster has; nobody deletes them.
const SYSTEM: [&str; 2] = ["system-cluster-critical", "system-node-critical"];

impl Priority {
    pub(crate) fn new(classes: Arc<Storage>) -> Self {
        Self { classes }
    }

    fn global_default(&self) -> Option<Arc<PriorityClass>> {
        let snapshot = self.classes.cache.snapshot();
        let defaults = snapshot.iter("", None).filter_map(|(_, object)| object.downcast_arc::<PriorityClass>());
        defaults.filter(|class| class.global_default).min_by_key(|class| class.value)
    }
}

#[async_trait]
impl AdmissionPlugin for Priority {
    fn name(&self) -> &'static str {
        "Priority"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation != Operation::Connect
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        if !attributes.subresource.is_empty() {
            return Ok(());
        }
        let Some(pod) = object.as_any_mut().downcast_mut::<Pod>() else { return Ok(()) };
        if let Some(old) = attributes.old {
            // What was computed once is not asked of those who write the pod back.
            if let Some(old) = old.downcast::<Pod>() {
                pod.spec.priority = pod.spec.priority.or(old.spec.priority);
                let policy = &mut pod.spec.preemption_policy;
                *policy = policy.take().or_else(|| old.spec.preemption_policy.clone());
            }
            return Ok(());
        }
        let (name, value, policy) = if pod.spec.priority_class_name.is_empty() {
            match self.global_default() {
                Some(class) => (class.metadata.name.clone(), class.value, class.preemption_policy.clone()),
                None => (String::new(), 0, None),
            }
        } else {
            let name = pod.spec.priority_class_name.clone();
            let found =
                self.classes.get("", &name).await?.and_then(|found| found.value.downcast_arc::<PriorityClass>());
            let Some(class) = found else {
                return Err(refuse(attributes, format!("no PriorityClass with name {name} was found")));
            };
            (name, class.value, class.preemption_policy.clone())
        };
        let policy = policy.unwrap_or_else(|| "PreemptLowerPriority".into());
        let computed = "must not be provided in pod spec; priority admission controller computed";
        let from = "from the given PriorityClass name";
        if let Some(given) = pod.spec.priority.filter(|given| *given != value) {
            return Err(refuse(
                attributes,
                format!("the integer value of priority ({given}) {computed} {value} {from}"),
            ));
        }
        if let Some(given) = pod.spec.preemption_policy.as_ref().filter(|given| **given != policy) {
            return Err(refuse(
                attributes,
                format!("the string value of PreemptionPolicy ({given}) {computed} {policy} {from}"),
            ));
        }
        pod.spec.priority_class_name = name;
        pod.spec.priority = Some(value);
        pod.spec.preemption_policy = Some(policy);
        Ok(())
    }

    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        if attributes.operation == Operation::Delete {
            let system = attributes.kind.kind == "PriorityClass" && SYSTEM.contains(&attributes.name);
            let why = "this is a system priority class and cannot be deleted";
            return if system { Err(refuse(attributes, why)) } else { Ok(()) };
        }
        let Some(class) = object.and_then(|object| object.as_any().downcast_ref::<PriorityClass>()) else {
            return Ok(());
        };
        if !class.global_default {
            return Ok(());
        }
        match self.global_default().filter(|other| other.metadata.name != class.metadata.name) {
            Some(other) => Err(refuse(
                attributes,
                format!(
                    "PriorityClass {} is already marked as default. Only one default can exist",
                    other.metadata.name
                ),
            )),
            None => Ok(()),
        }
    }
}
